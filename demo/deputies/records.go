package deputies

import (
	"fmt"
	"time"
)

// A duty is a line of the duty log.
type duty struct {
	id       string
	by       *deputy
	kind     string
	level    string // "": not said
	station  string
	on       time.Time
	days     string
	quantity int // 0: not said
}

type proposal struct {
	id, kind, role, level, region, title string
	by                                   *deputy
	on, accepted, due, answered          time.Time
	result, satisfaction                 string
}

type attendance struct {
	id, kind, level    string
	by                 *deputy
	on                 time.Time
	days               string
	expected, attended bool
}

type training struct {
	id   string
	by   *deputy
	on   time.Time
	days int
}

type meeting struct {
	id, kind, level                   string
	by                                *deputy
	on                                time.Time
	halfDays, leave, absent, speeches int
}

type opinion struct {
	id, station             string
	by                      *deputy // nil: a citizen left it
	on                      time.Time
	accepted, due, finished time.Time
	satisfaction            string
}

// number gives out the next number of a kind in a year.
func (w *world) number(prefix string, year int) string {
	key := fmt.Sprintf("%s%d", prefix, w.year(year))
	w.numbers[key]++
	return fmt.Sprintf("%s-%05d", key, w.numbers[key])
}

// add writes a duty log line on the first free day from the one given on, so
// that nothing but what was planted looks like a repetition.
func (w *world) add(year int, d duty) duty {
	key := func() string { return d.by.id + d.kind + d.on.Format(time.DateOnly) + d.station }
	for w.days[key()] {
		d.on = d.on.AddDate(0, 0, 1)
	}
	w.days[key()] = true
	if d.id == "" {
		d.id = w.number("LZ", year)
	}
	w.duties[year] = append(w.duties[year], d)
	return d
}

// someDay is a day of a year that leaves room for what follows from it.
func (w *world) someDay(year int) time.Time { return w.day(year, 1, 20).AddDate(0, 0, w.r.IntN(300)) }

// live is a year of all deputies and stations of whom nothing was planted.
func (w *world) live(year int) {
	for _, d := range w.deputies {
		if !d.planted {
			w.liveDeputy(year, d)
		}
	}
	w.liveGroups(year)
	w.liveActivities(year)
	w.liveMeetings(year)
	for _, s := range w.stations {
		if !s.planted {
			w.liveStation(year, s)
		}
	}
}

func (w *world) liveDeputy(year int, d *deputy) {
	kinds := []struct {
		kind string
		most int
		days string
	}{{"进站接待", 7, "0.5"}, {"走访联系", 5, "1"}, {"指导村民代表", 2, "1"}, {"办实事", 2, "1"}, {"联系户", 2, "1"}}
	for _, k := range kinds {
		for range w.r.IntN(k.most + 1) {
			r := duty{by: d, kind: k.kind, on: w.someDay(year), days: k.days}
			if k.kind == "进站接待" {
				r.station = d.station.id
			}
			if k.kind == "联系户" {
				r.quantity = 3 + w.r.IntN(10)
			}
			if d.inOffice(r.on) {
				w.add(year, r)
			}
		}
	}
	for range w.r.IntN(3) {
		if on := w.day(year, 1, 20).AddDate(0, 0, w.r.IntN(30)); d.inOffice(on) {
			w.propose(year, d, on)
		}
	}
	if on := w.day(year, 6, 10); w.r.IntN(3) > 0 && d.inOffice(on) {
		w.trainings[year] = append(w.trainings[year], training{fmt.Sprintf("PX-%d", w.year(year)), d, on, 2})
	}
}

var matters = []string{"农村公路养护", "老旧小区加装电梯", "校门口停车", "镇区污水管网", "养老食堂补贴", "童装园区用工", "医保报销窗口", "公交线路延伸"}

// propose writes a proposal that the deputy leads and up to three sign, and how
// it was handled.
func (w *world) propose(year int, d *deputy, on time.Time) {
	led := d.terms[0]
	for _, t := range d.terms {
		if t.covers(on) {
			led = t
			break
		}
	}
	p := proposal{
		id: w.number("JY", year), kind: "建议", role: "领衔", level: led.level, region: led.region, by: d, on: on,
		title:    "关于" + matters[w.r.IntN(len(matters))] + "的建议",
		accepted: on.AddDate(0, 0, 5), due: on.AddDate(0, 3, 5),
	}
	if w.r.IntN(12) == 0 {
		p.kind = "议案"
	}
	if w.r.IntN(20) > 0 {
		p.answered = p.due.AddDate(0, 0, w.r.IntN(60)-50)
		p.result = []string{"A", "A", "A", "B", "B", "C", "D"}[w.r.IntN(7)]
		p.satisfaction = []string{"满意", "满意", "满意", "基本满意", "不满意", ""}[w.r.IntN(6)]
	}
	w.proposals[year] = append(w.proposals[year], p)
	for range w.r.IntN(4) {
		other := w.deputies[w.r.IntN(len(w.deputies))]
		if t, ok := other.sits(led.level, on); !ok || other == d || other.planted || t.region != led.region || w.signed(year, p.id, other) {
			continue
		}
		second := p
		second.role, second.by = "附议", other
		w.proposals[year] = append(w.proposals[year], second)
	}
}

func (w *world) signed(year int, id string, d *deputy) bool {
	for _, p := range w.proposals[year] {
		if p.id == id && p.by == d {
			return true
		}
	}
	return false
}

// liveGroups lets every group meet three to five times, each under one number
// for all who came.
func (w *world) liveGroups(year int) {
	groups := map[string][]*deputy{}
	var order []string
	for _, d := range w.deputies {
		for _, t := range d.terms {
			if t.group == "" || !t.covers(w.day(year, 6, 1)) || d.planted {
				continue
			}
			if groups[t.group] == nil {
				order = append(order, t.group)
			}
			groups[t.group] = append(groups[t.group], d)
		}
	}
	for _, name := range order {
		for range 3 + w.r.IntN(3) {
			id, on := w.number("XZ", year), w.someDay(year)
			for _, d := range groups[name] {
				if w.r.IntN(5) > 0 && d.inOffice(on) && !w.days[d.id+"小组活动"+on.Format(time.DateOnly)] {
					w.add(year, duty{id: id, by: d, kind: "小组活动", on: on, days: "0.5"})
				}
			}
		}
	}
}

// liveActivities holds a theme activity a month in the county, and inspections
// of every quarter.
func (w *world) liveActivities(year int) {
	hold := func(kind, level string, on time.Time, days string, share int) {
		id := w.number("HD", year)
		for _, d := range w.deputies {
			if _, ok := d.sits(level, on); ok && !d.planted && w.r.IntN(100) < share {
				w.activity[year] = append(w.activity[year], attendance{id, kind, level, d, on, days, true, w.r.IntN(100) < 82})
			}
		}
	}
	for month := 1; month <= 12; month++ {
		hold("主题活动", "县", w.day(year, month, 18), "0.5", 40)
		hold("主题活动", "乡", w.day(year, month, 22), "0.5", 25)
		if month%3 == 0 {
			hold("视察调研", "县", w.day(year, month, 8), "1", 60)
			hold("视察调研", "市", w.day(year, month, 12), "2", 80)
			hold("视察调研", "省", w.day(year, month, 14), "2", 90)
		}
	}
}

// liveMeetings holds the yearly session of every congress in January.
func (w *world) liveMeetings(year int) {
	for _, level := range []string{"县", "乡"} {
		on, halfDays := w.day(year, 1, 20), 6
		if level == "乡" {
			on, halfDays = w.day(year, 1, 27), 2
		}
		for _, d := range w.deputies {
			t, ok := d.sits(level, on)
			if !ok || d.planted {
				continue
			}
			m := meeting{id: fmt.Sprintf("RDH-%d-%s", w.year(year), t.region), kind: "人代会", level: level, by: d, on: on, halfDays: halfDays}
			switch w.r.IntN(20) {
			case 0:
				m.leave = 1 + w.r.IntN(halfDays)
			case 1:
				m.absent = 1
			}
			if w.r.IntN(4) == 0 && m.leave == 0 {
				m.speeches = 1
			}
			w.meetings[year] = append(w.meetings[year], m)
		}
	}
}

func (w *world) liveStation(year int, s *station) {
	for range 20 + w.r.IntN(60) {
		on := w.someDay(year)
		o := opinion{id: w.number("YJ", year), station: s.id, on: on}
		if d := w.deputies[w.r.IntN(len(w.deputies))]; w.r.IntN(5) < 2 && !d.planted && d.inOffice(on) {
			o.by = d
		}
		w.handle(&o)
		w.opinions[year] = append(w.opinions[year], o)
	}
}

// handle says what became of an opinion: some are not accepted, some are late,
// some nobody rates.
func (w *world) handle(o *opinion) {
	if w.r.IntN(25) == 0 {
		return
	}
	o.accepted = o.on.AddDate(0, 0, 1)
	o.due = o.accepted.AddDate(0, 0, 30)
	if w.r.IntN(20) == 0 {
		return
	}
	o.finished = o.due.AddDate(0, 0, w.r.IntN(30)-27)
	o.satisfaction = []string{"满意", "满意", "满意", "基本满意", "不满意", "", ""}[w.r.IntN(7)]
}
