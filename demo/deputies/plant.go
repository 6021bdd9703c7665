package deputies

import (
	"time"

	"zhicang/demo/yunxi"
)

// Who is planted, by number: of the county's congress alone, of both, of a
// town's alone.
const (
	jiangbei  = 111 // 2 proposals, 3 inspections, 2 half days of leave
	inspector = 112 // 4 inspections
	fifteen   = 113 // 15 days of duty
	fourteen  = 114 // half a day less
	ended     = 115 // the term ended in the middle of the last year
	overlaps  = 116 // two terms that overlap
	inverted  = 117 // a term that ends before it begins
	doubtful  = 118 // records that nobody can place
	receiver  = 119 // ten receptions at the first station
	both      = 61  // county and town
	seven     = 211 // 7 days of duty, town
)

// plant takes some deputies and two stations out of the ordinary, and gives
// them what is known exactly.
func (w *world) plant() {
	for _, i := range []int{jiangbei, inspector, fifteen, fourteen, ended, overlaps, inverted, doubtful, receiver, both, seven} {
		w.deputies[i].planted = true
		w.deputies[i].terms = w.current(w.deputies[i].terms)
	}
	w.plantScores()
	w.plantBaselines()
	w.plantTerms()
	w.plantDoubts()
	w.plantStations()
}

// current are the terms that are open.
func (w *world) current(terms []term) []term {
	var open []term
	for _, t := range terms {
		if t.to.IsZero() {
			open = append(open, t)
		}
	}
	return open
}

func (w *world) visit(d *deputy, month int, days string) duty {
	return w.add(last, duty{by: d, kind: "走访联系", on: w.day(last, month, 21), days: days})
}

func (w *world) inspect(d *deputy, month int, days string) {
	w.activity[last] = append(w.activity[last], attendance{w.number("HD", last), "视察调研", "县", d, w.day(last, month, 9), days, true, true})
}

func (w *world) score(d *deputy, scheme, level, item string, points, total int) {
	w.truth.Scores = append(w.truth.Scores, Score{scheme, w.LastYear, d.id, level, item, points, total})
}

// plantScores: 江北 2建议+3视察−2半天=13; 首5每次+2顶10,4次→10; one who sits in
// two congresses counts in both.
func (w *world) plantScores() {
	d := w.deputies[jiangbei]
	for range 2 {
		on := w.day(last, 2, 3)
		w.proposals[last] = append(w.proposals[last], proposal{
			id: w.number("JY", last), kind: "建议", role: "领衔", level: "县", region: yunxi.Code, by: d, on: on, title: "关于农村公路养护的建议",
			accepted: on.AddDate(0, 0, 5), due: on.AddDate(0, 3, 5), answered: on.AddDate(0, 3, 5), result: "A", satisfaction: "满意",
		})
	}
	for month := 3; month <= 5; month++ {
		w.inspect(d, month, "1")
	}
	w.meetings[last] = append(w.meetings[last], meeting{
		id: "RDH-" + w.day(last, 1, 1).Format("2006") + "-" + yunxi.Code, kind: "人代会", level: "县", by: d, on: w.day(last, 1, 20), halfDays: 6, leave: 2,
	})
	w.score(d, "江北", "县", "建议", 6, 13)
	w.score(d, "江北", "县", "视察调研", 9, 13)
	w.score(d, "江北", "县", "人代会请假", -2, 13)
	w.score(d, "zhrd", "县", "建议", 8, 17)

	d = w.deputies[inspector]
	for month := 3; month <= 6; month++ {
		w.inspect(d, month, "1")
	}
	w.score(d, "江北", "县", "视察调研", 12, 12)
	w.score(d, "zhrd", "县", "视察调研", 10, 10)

	d = w.deputies[both]
	for month := 3; month <= 7; month++ {
		w.visit(d, month, "1")
	}
	w.score(d, "zhrd", "县", "走访联系", 7, 7)
	w.score(d, "zhrd", "乡", "走访联系", 7, 7)
}

// plantBaselines: 县级以上≥15日、乡镇≥7日.
func (w *world) plantBaselines() {
	tell := func(d *deputy, level string, days float64, state string) {
		w.truth.Baselines = append(w.truth.Baselines, Baseline{w.LastYear, d.id, level, days, state})
	}
	d := w.deputies[fifteen]
	for month := 2; month <= 11; month++ {
		w.visit(d, month, "1")
	}
	w.inspect(d, 4, "2.5")
	w.inspect(d, 8, "2.5")
	tell(d, "县", 15, "达到")

	d = w.deputies[fourteen]
	for month := 2; month <= 11; month++ {
		w.visit(d, month, "1")
	}
	w.inspect(d, 4, "2.5")
	w.inspect(d, 8, "2")
	tell(d, "县", 14.5, "未达到")

	d = w.deputies[seven]
	w.visit(d, 5, "7")
	tell(d, "乡", 7, "达到")
}

func (w *world) find(finding, source, record string, d *deputy) {
	w.truth.Findings = append(w.truth.Findings, Finding{finding, source, record, d.id})
}

// plantTerms: a term that ended with records after it, terms that overlap, one
// that is turned around.
func (w *world) plantTerms() {
	d := w.deputies[ended]
	d.terms[0].to = w.day(last, 7, 1)
	w.visit(d, 5, "1")
	w.visit(d, 6, "1")
	for month := 7; month <= 9; month++ {
		w.find("任期之外", "履职登记", w.visit(d, month, "1").id, d)
	}
	w.score(d, "zhrd", "县", "走访联系", 4, 4)

	d = w.deputies[overlaps]
	again := d.terms[0]
	again.from = w.day(last, 3, 1)
	d.terms = append(d.terms, again)
	w.visit(d, 5, "1")
	w.find("任期重叠", "代表任期", "", d)
	w.score(d, "zhrd", "县", "走访联系", 3, 3)

	d = w.deputies[inverted]
	d.terms = append(d.terms, term{"市", yunxi.Code, "", w.day(last, 3, 1), w.day(last, 2, 1)})
	w.find("任期起止颠倒", "代表任期", "", d)
}

// plantDoubts: records that nobody can place are named; what looks like a
// repetition under another number is named and counts.
func (w *world) plantDoubts() {
	d := w.deputies[doubtful]
	on := func(month int) time.Time { return w.day(last, month, 13) }
	w.find("层级不符", "履职登记", w.add(last, duty{by: d, kind: "走访联系", level: "乡", on: on(3), days: "1"}).id, d)
	w.find("类别未列明", "履职登记", w.add(last, duty{by: d, kind: "座谈品茶", on: on(4), days: "1"}).id, d)
	w.find("联络站未登记", "履职登记", w.add(last, duty{by: d, kind: "进站接待", station: "LLZ999", on: on(5), days: "0.5"}).id, d)
	twice := w.add(last, duty{by: d, kind: "走访联系", on: on(6), days: "1"})
	twice.id = w.number("LZ", last)
	w.duties[last] = append(w.duties[last], twice)
	w.find("疑似重复", "履职登记", twice.id, d)
	stranger := w.person(w.Deputies)
	w.find("不在代表名册", "履职登记", w.visit(stranger, 4, "1").id, stranger)
	w.score(d, "zhrd", "县", "走访联系", 4, 9)
}

// plantStations: 10次接待、45条意见、按期率.9、满意率.8→81.5, and a station of
// which there is nothing.
func (w *world) plantStations() {
	active, idle := w.stations[0], w.stations[1]
	active.planted, idle.planted = true, true
	for month := 1; month <= 10; month++ {
		w.add(last, duty{by: w.deputies[receiver], kind: "进站接待", station: active.id, on: w.day(last, month, 15), days: "0.5"})
	}
	for i := range 45 {
		o := opinion{id: w.number("YJ", last), station: active.id, on: w.day(last, 3, 1+i%28)}
		if i < 10 {
			o.accepted, o.due = o.on, o.on.AddDate(0, 0, 30)
			o.finished, o.satisfaction = o.due, "满意"
			if i == 9 {
				o.finished = o.due.AddDate(0, 0, 1)
			}
			if i >= 8 {
				o.satisfaction = "不满意"
			}
		}
		w.opinions[last] = append(w.opinions[last], o)
	}
	w.truth.Station = []Station{
		{w.LastYear, active.id, 10, 45, 81.5, ""},
		{w.LastYear, idle.id, 0, 0, 0, "按期率、满意率"},
	}
}

// count tells the county's deputies and their attendance of each year.
func (w *world) count() {
	for year := range years {
		first, end := w.day(year, 1, 1), w.day(year, 12, 31)
		for _, level := range []string{"全部", "省", "市", "县", "乡"} {
			a := Activity{Year: w.year(year), Level: level}
			for _, d := range w.deputies {
				for _, t := range d.terms {
					if (level == "全部" || t.level == level) && !t.from.After(end) && (t.to.IsZero() || t.to.After(first) && t.to.After(t.from)) {
						a.Deputies++
						break
					}
				}
			}
			for _, r := range w.activity[year] {
				if level == "全部" || r.level == level {
					a.Expected++
					if r.attended {
						a.Attended++
					}
				}
			}
			w.truth.Activity = append(w.truth.Activity, a)
		}
	}
}
