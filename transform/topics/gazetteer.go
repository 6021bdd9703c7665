package topics

import (
	"maps"
	"strings"
	"unicode/utf8"
)

// place is one place under all the names that it goes by.
type place struct {
	name  string // as it is shown
	class int
	count int // messages that show it with a clear beginning
	// known: enough messages, or the dictionary, vouch for the name. A place
	// that is not known is what one message alone calls so.
	known bool
}

// gazetteer knows the places of a month of messages.
type gazetteer struct {
	reader *placeReader
	places []place
	byName map[string]int // every name of a known place → index into places
	index  phraseIndex    // the same, to look for in text
	begins map[string]int // name → messages in which it has a clear beginning
	// support is how many messages must vouch for a name.
	support int
	words   map[string]bool
}

// candidate is a name with what was seen of it.
type candidate struct {
	name  string
	class int
	count int
}

// learnPlaces reads the names of places from one text for every group of near-
// duplicates, so that a text sent fifty times vouches for a name once. words
// are the words of the language that occur: 万汇广场 may be called 万汇, but
// 人民广场 not 人民.
func learnPlaces(r *placeReader, texts [][]rune, words map[string]bool, dictionary []string, support int) *gazetteer {
	g := &gazetteer{reader: r, byName: make(map[string]int), index: phraseIndex{}, begins: make(map[string]int), support: support, words: words}
	classes := g.observe(texts)
	framed := framedNames(r, texts, support)
	for name, n := range framed {
		if _, has := classes[name]; !has {
			classes[name] = 0
			g.begins[name] = n
		}
	}
	for _, name := range dictionary {
		name = string(foldText(name))
		class, ends := r.classOf(name)
		if !ends && (utf8.RuneCountInString(name) < 3 || strings.ContainsAny(name[len(name)-3:], "省市县区州")) {
			continue // a region, or its short name: where everything is
		}
		classes[name] = class
		g.begins[name] += vouched
	}
	var list []candidate
	for name, n := range g.choose(texts, framed) {
		list = append(list, candidate{name, classes[name], n})
	}
	g.settle(list)
	return g
}

// vouched is the support of a name that the dictionary knows.
const vouched = 1 << 20

// observe counts in how many texts each name has a clear beginning, and
// returns the classes of the names. Names that are not credible are left out.
func (g *gazetteer) observe(texts [][]rune) map[string]int {
	r := g.reader
	classes, located := make(map[string]int), make(map[string]int)
	for _, text := range texts {
		seen, there := make(map[string]int), make(map[string]bool)
		for _, s := range r.spans(text) {
			for _, b := range s.starts {
				name := r.nameOf(text, s, b)
				seen[name] = s.class
				there[name] = there[name] || r.located(text, s, b)
			}
		}
		for name, class := range seen {
			g.begins[name]++
			classes[name] = class
			if there[name] {
				located[name]++
			}
		}
	}
	for name, n := range g.begins {
		if !r.credible(name, classes[name], n, located[name]) {
			delete(g.begins, name)
		}
	}
	return classes
}

// locatedShare is the part of its messages in which a name must stand where
// places stand.
const (
	locatedShare = 0.15
	shortShare   = 0.5
	// maxPlainCore is the number of letters before the ending up to which a
	// name may hold any word: 人民, 劳动, 老人.
	maxPlainCore = 4
)

// credible reports whether what is seen of a name allows it to be one. 纳入卫生院
// is never where anything is; a name of one letter before its ending must be
// there half of the time, and a long one may hold no word of prose.
func (r *placeReader) credible(name string, class, seen, located int) bool {
	share := float64(located) / float64(seen)
	core := []rune(strings.TrimSuffix(name, r.ending(name, class)))
	switch {
	case len(core) <= 1:
		return share >= shortShare
	case len(core) > maxPlainCore:
		for i := range core {
			if r.prose.startingAt(core, i) > 1 {
				return false
			}
		}
	}
	return share >= locatedShare
}

// located reports whether the name that begins at b stands where places stand:
// at the start of a title or a line, behind a region or another place, or
// behind a word such as 位于.
func (r *placeReader) located(text []rune, s nameSpan, b int) bool {
	return b == 0 || text[b-1] == '\n' || s.addressed && b == s.starts[0] || r.frames.endingAt(text, b) > 0
}

// nameOf is the name of a span that begins at b, with the town before it where
// the name alone fits every town.
func (r *placeReader) nameOf(text []rune, s nameSpan, b int) string {
	name := lineName(string(text[b:s.end]))
	if s.town != "" && r.common[name] {
		return s.town + name
	}
	return name
}

// classOf is the class of a dictionary name by its longest ending; the first
// class and false without one.
func (r *placeReader) classOf(name string) (class int, ends bool) {
	longest := 0
	for i, c := range r.vocab.Places {
		for _, s := range c.Suffixes {
			if len(s) > longest && len(s) < len(name) && strings.HasSuffix(name, s) {
				class, longest = i, len(s)
			}
		}
	}
	return class, longest > 0
}

// choose settles every span on one name and returns in how many messages each
// chosen name stands.
func (g *gazetteer) choose(texts [][]rune, framed map[string]int) map[string]int {
	chosen := maps.Clone(framed)
	for _, text := range texts {
		seen := make(map[string]bool)
		for _, s := range g.reader.spans(text) {
			if name := g.nameIn(text, s); name != "" {
				seen[name] = true
			}
		}
		for name := range seen {
			if _, isFramed := framed[name]; !isFramed {
				chosen[name]++
			}
		}
	}
	for name, n := range g.begins {
		if n >= vouched {
			chosen[name] = max(chosen[name], g.support)
		}
	}
	return chosen
}

// nameIn picks the name of a span: the longest stretch up to its end that is
// seen to begin there often enough, compared with the best supported one. It
// is empty where nothing tells where the name begins.
func (g *gazetteer) nameIn(text []rune, s nameSpan) string {
	best := 0
	for b := s.start; b <= s.suffix; b++ {
		best = max(best, g.begins[g.reader.nameOf(text, s, b)])
	}
	if best >= g.support {
		for b := s.start; b <= s.suffix; b++ {
			name := g.reader.nameOf(text, s, b)
			if n := g.begins[name]; n >= g.support && 10*n >= 3*best {
				return name
			}
		}
	}
	if len(s.starts) == 0 || !g.reader.plausible(text[s.starts[0]:s.suffix]) || !g.reader.located(text, s, s.starts[0]) {
		return ""
	}
	return g.reader.nameOf(text, s, s.starts[0])
}
