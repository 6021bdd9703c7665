package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A channel is a way in which messages reach the county.
type channel int

const (
	web     channel = iota // 网络问政, monthly XLSX
	hotline                // 12345热线, monthly GB18030 CSV
	station                // 代表联络站, a JSON API
)

// A message is one citizen's message with what is true about it.
type message struct {
	id         string
	from       person
	at         time.Time
	updated    time.Time // zero for web
	title      string
	body       string
	likes      int
	dislikes   int
	town       string // last three digits of the region code that it is about
	category   string
	matter     string
	place      string
	issue      string // id of the planted issue, or empty
	distractor string // id of the issue that it resembles, or empty
	word       string // the neologism that it uses, or empty
	flood      bool
	copyOf     int // index+1 of the near-duplicate group in the month, 0: none
	confessed  []TextCanary
	broken     fault
}

// ordinary messages have no planted role, so that they may be broken.
func (m *message) ordinary() bool {
	return m.issue == "" && m.distractor == "" && m.word == "" && !m.flood && m.copyOf == 0 && m.likes < 1000
}

// A year generates the messages, month by month, so that a million of them
// need the memory of one month.
type year struct {
	*composer
	opts    Options
	people  int // persons made so far
	serials [3]int
}

func generate(b *book, opts Options) *year { return &year{composer: newComposer(b), opts: opts} }

// scaled sizes what is planted to the number of messages asked for.
func (y *year) scaled(size int) int {
	n := int(float64(size)*float64(y.opts.Messages)/DefaultMessages + .5)
	if size >= 15 {
		return max(n, 15)
	}
	return max(n, 2)
}

// budget is how many messages each month has.
func (y *year) budget() [12]int {
	var out [12]int
	total := 0.0
	for _, w := range monthWeights {
		total += w
	}
	left := y.opts.Messages
	for i, w := range monthWeights {
		out[i] = int(float64(y.opts.Messages) * w / total)
		left -= out[i]
	}
	out[11] += left
	return out
}

// month writes all messages of a month, ordered by time.
func (y *year) month(m, size int) []message {
	w := &monthWriter{
		year:  y,
		r:     rand.New(rand.NewPCG(y.opts.Seed, uint64(m))),
		cal:   newCalendar(y.opts.Year, m),
		month: m,
	}
	for _, ma := range y.matters {
		weight := 0.0
		if len(ma.Months) == 0 || slices.Contains(ma.Months, m) {
			weight = float64(max(1, ma.Weight))
		}
		w.weights = append(w.weights, weight)
	}
	w.out = make([]message, 0, size+size/8)
	w.plantIssues()
	w.plantWords()
	w.plantOddities()
	copies := max(4, size/150)
	for len(w.out) < size-copies*2 {
		w.background()
	}
	for g := 1; len(w.out) < size; g++ {
		w.nearDuplicates(g, size)
	}
	return w.finish()
}

// monthWriter holds what one month's drawing needs.
type monthWriter struct {
	*year
	r     *rand.Rand
	cal   calendar
	month int
	out   []message
	// weights are those of the matters, this month.
	weights []float64
}

// newcomer is a person who has not written before.
func (w *monthWriter) newcomer() person {
	w.people++
	return w.person(w.opts.Seed, w.people-1)
}

// someone is a newcomer, or with probability again one of the people since from.
func (w *monthWriter) someone(again float64, from int) person {
	if w.people > from && w.r.Float64() < again {
		return w.person(w.opts.Seed, from+w.r.IntN(w.people-from))
	}
	return w.newcomer()
}

func (w *monthWriter) voice(place string) *voice {
	return &voice{Rand: w.r, common: w.manners.Slots, own: map[string]string{"place": place}}
}

// compose fills title, body and reactions of a message about a place, which
// its writer may call by another name.
func (w *monthWriter) compose(m *message, words wording, kind string, aliases []string) {
	name := m.place
	if len(aliases) > 0 && w.r.Float64() < .3 {
		name = aliases[w.r.IntN(len(aliases))]
	}
	v := w.voice(name)
	m.title, m.body = w.write(v, words, kind, m.issue != "" || m.distractor != "")
	for runes(m.body) < 22 {
		m.body = strings.TrimRight(m.body, "。，！… ") + "，" + v.pick(words.Say) + "。"
	}
	w.dress(m, v, kind)
}

// dress adds noise, what the writer gives away, and reactions.
func (w *monthWriter) dress(m *message, v *voice, kind string) {
	m.body = w.smudge(v, m.body)
	if v.chance(.06) {
		who, ways := m.from, w.canaries.Own
		if v.chance(.25) {
			who, ways = w.newcomer(), w.canaries.Other
		}
		m.body, m.confessed = w.confess(v, m.body, ways, who, m.place, kind)
	}
	if m.from.channel != hotline {
		m.likes = int(v.ExpFloat64() * 4)
		if v.chance(.02) {
			m.likes += v.IntN(120)
		}
		m.dislikes = int(v.ExpFloat64() * .5)
	}
	w.out = append(w.out, *m)
}

// plantIssues writes the month's part of the issues, with messages around them
// that share only the matter or only the place.
func (w *monthWriter) plantIssues() {
	for _, is := range w.issues {
		size, ok := is.Months[w.month]
		if !ok {
			continue
		}
		since := w.people
		start := 0
		if _, before := is.Months[w.month-1]; !before {
			start = 2 + w.r.IntN(8)
		}
		shape := w.cal.outburst(start)
		for range w.scaled(size) {
			m := message{from: w.someone(.08, since), at: w.cal.at(w.r, shape), category: is.Category, matter: is.ID, place: is.Place, issue: is.ID, town: is.Region}
			if is.Kind == "群体" {
				m.town = m.from.town
			}
			w.compose(&m, is.wording, is.Kind, is.Aliases)
		}
		for range 2 + w.r.IntN(3) {
			m := message{from: w.newcomer(), at: w.cal.at(w.r, nil), category: is.Category, matter: is.ID, place: is.Other[w.r.IntN(len(is.Other))], distractor: is.ID}
			m.town = w.townOf(m.place, m.from.town)
			w.compose(&m, is.wording, is.Kind, nil)
		}
		w.otherMatters(is)
	}
}

// otherMatters are complaints about other things at the place of an issue.
func (w *monthWriter) otherMatters(is issue) {
	var fit []matter
	for _, m := range w.matters {
		if slices.Contains(m.Kinds, is.Kind) && !slices.Contains(is.Near, m.ID) {
			fit = append(fit, m)
		}
	}
	for range min(len(fit), 2+w.r.IntN(3)) {
		ma := fit[w.r.IntN(len(fit))]
		m := message{from: w.newcomer(), at: w.cal.at(w.r, nil), category: ma.Category, matter: ma.ID, place: is.Place, town: is.Region, distractor: is.ID}
		w.compose(&m, ma.wording, is.Kind, nil)
	}
}

func (w *monthWriter) townOf(name, otherwise string) string {
	for _, p := range w.places {
		if p.name == name {
			return p.town
		}
	}
	return otherwise
}

func (w *monthWriter) plantWords() {
	for _, word := range w.words {
		for range w.scaledWord(word.Months[w.month]) {
			p := w.places[w.r.IntN(len(w.places))]
			m := message{from: w.newcomer(), at: w.cal.at(w.r, nil), category: word.Category, matter: word.Word, place: p.name, town: p.town, word: word.Word}
			for range 20 { // until the word is said
				before := len(w.out)
				try := m
				w.compose(&try, word.wording, p.kind, nil)
				if strings.Contains(try.title+try.body, word.Word) {
					break
				}
				w.out = w.out[:before]
			}
		}
	}
}

func (w *monthWriter) scaledWord(size int) int {
	if size == 0 {
		return 0
	}
	return w.scaled(size)
}

// plantOddities are the person who writes fifty times and the message that
// everybody likes.
func (w *monthWriter) plantOddities() {
	if f := w.special.Flood; f.Month == w.month {
		who := w.newcomer()
		for range FloodMessages {
			v := w.voice(f.Place)
			m := message{from: who, at: w.cal.at(w.r, nil), category: f.Category, matter: "flood", place: f.Place, town: f.Region, flood: true}
			m.title, m.body = v.pick(f.Title), v.say(f.Body)
			w.out = append(w.out, m)
		}
	}
	if l := w.special.Liked; l.Month == w.month {
		who := w.newcomer()
		who.channel = web
		w.out = append(w.out, message{from: who, at: w.cal.at(w.r, nil), title: l.Title, body: l.Body, likes: l.Likes, category: l.Category, matter: "liked", place: l.Place, town: l.Region})
	}
}

// background is one message about anything anywhere.
func (w *monthWriter) background() {
	ma := w.matters[draw(w.r, w.weights)]
	kind := ma.Kinds[w.r.IntN(len(ma.Kinds))]
	p := w.byKind[kind][w.r.IntN(len(w.byKind[kind]))]
	if w.taken(ma.ID, p.name) {
		return
	}
	m := message{from: w.someone(.18, 0), at: w.cal.at(w.r, nil), category: ma.Category, matter: ma.ID, place: p.name, town: p.town}
	w.compose(&m, ma.wording, kind, nil)
}

// taken says whether a matter at a place could not be told from an issue that
// runs there this month.
func (w *monthWriter) taken(matter, place string) bool {
	return slices.ContainsFunc(w.issues, func(is issue) bool {
		return is.Months[w.month] > 0 && is.Place == place && slices.Contains(is.Near, matter)
	})
}

// nearDuplicates sends one message again: by its writer, or by others who
// copied it from a chat group.
func (w *monthWriter) nearDuplicates(group, size int) {
	var i int
	for {
		i = w.r.IntN(len(w.out))
		m := &w.out[i]
		if m.copyOf == 0 && m.likes < 1000 && !m.flood && len(m.confessed) == 0 && runes(m.body) > 40 {
			break
		}
	}
	w.out[i].copyOf = group
	same := w.r.Float64() < .5
	for range min(1+w.r.IntN(3), size-len(w.out)) {
		m := w.out[i]
		if !same {
			m.from = w.newcomer()
		}
		at := m.at.Add(time.Duration(1+w.r.IntN(5*24*60)) * time.Minute)
		if at.Month() == m.at.Month() {
			m.at = at
		}
		switch w.r.IntN(4) {
		case 0:
			m.body += []string{"再次反映。", "同求！", "+1", "转发"}[w.r.IntN(4)]
		case 1:
			m.body = w.mistype(w.voice(m.place), m.body)
		case 2:
			m.body = strings.ReplaceAll(m.body, "。", "！")
		}
		w.out = append(w.out, m)
	}
}

// finish orders, numbers, updates and breaks.
func (w *monthWriter) finish() []message {
	slices.SortStableFunc(w.out, func(a, b message) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.from.number, b.from.number))
	})
	for i := range w.out {
		m := &w.out[i]
		m.id = w.number(m)
		if m.from.channel == hotline {
			m.likes, m.dislikes = 0, 0
		}
		if m.from.channel != web {
			m.updated = m.at.Add(time.Duration(10+w.r.IntN(9*24*60)) * time.Minute)
		}
		if m.ordinary() && w.r.Float64() < .018 {
			m.broken = w.fault(m)
		}
	}
	return w.out
}

// number is the message's id, as its channel numbers: the hotline's has 18
// digits, which a spreadsheet loses.
func (w *monthWriter) number(m *message) string {
	w.serials[m.from.channel]++
	n := w.serials[m.from.channel]
	switch m.from.channel {
	case web:
		return fmt.Sprintf("WZ%d%07d", w.opts.Year, n)
	case hotline:
		return fmt.Sprintf("%s33%08d", m.at.Format("20060102"), n)
	default:
		return fmt.Sprintf("DB-%d-%07d", w.opts.Year, n)
	}
}
