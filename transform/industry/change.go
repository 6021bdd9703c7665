package industry

import (
	"math"
	"time"

	"zhicang/transform/disclosure"
)

// publication is what may be told of a cell.
type publication struct {
	disclosure.Rule
	places float64 // behind the point, of a change
}

// round gives a change as it is published.
func (r publication) round(x float64) float64 {
	unit := math.Pow(10, r.places)
	return math.Round(x*unit) / unit
}

// half is by how much a published change may differ from what it was.
func (r publication) half() float64 { return 0.5 * math.Pow(10, -r.places) }

// A change is which levels 同比 or 环比 are about.
type change struct {
	earlier []time.Time
	panel   func(cell) panel
	// sides are the sums that a reader would compare, from the level of this
	// month and those of the earlier ones.
	sides func(now float64, earlier []float64) (output, base float64)
}

func single(now float64, earlier []float64) (output, base float64) { return now, earlier[0] }

func yearBefore(day time.Time) change {
	return change{earlier: []time.Time{day.AddDate(-1, 0, 0)}, panel: func(c cell) panel { return c.year }, sides: single}
}

// monthsBefore is the change from the month before. January and February are
// one period, set against single months by their mean: both sides are doubled.
func monthsBefore(day time.Time) change {
	c := change{earlier: []time.Time{day.AddDate(0, -1, 0)}, panel: func(c cell) panel { return c.month }, sides: single}
	switch day.Month() {
	case time.February:
		c.earlier = append(c.earlier, day.AddDate(0, -2, 0))
		c.sides = func(now float64, earlier []float64) (output, base float64) { return now + earlier[0], 2 * earlier[1] }
	case time.March:
		c.earlier = append(c.earlier, day.AddDate(0, -2, 0))
		c.sides = func(now float64, earlier []float64) (output, base float64) { return 2 * now, earlier[0] + earlier[1] }
	}
	return c
}

// presence is who reports in a cell, and how much: now, in the earlier months
// that a change rests on, and those who do in all of them.
type presence struct {
	now, both    int64
	before       []int64
	published    []bool // the levels of the earlier months
	output, base float64
	panel        panel
	// What a reader is off by, since the change that he reads is rounded, when he
	// works out what the panel makes from what it made, and the other way round.
	offOutput, offBase off
}

// off is how much less and how much more than it is a sum could be.
type off struct{ down, up float64 }

func (m *operationMonth) presence(c cell, ch change, r publication) presence {
	p := presence{now: c.reporting, panel: ch.panel(c)}
	p.both = p.panel.enterprises
	var outputs []float64
	for _, day := range ch.earlier {
		l := m.past[day][c.cellKey]
		p.before, p.published = append(p.before, l.reporting), append(p.published, l.published)
		outputs = append(outputs, l.output)
	}
	p.output, p.base = ch.sides(float64(c.cents.Int64)/100, outputs)
	growth := p.panel.output / p.panel.base
	if growth <= 0 || math.IsInf(growth, 0) || math.IsNaN(growth) {
		return p
	}
	low := 1 + r.round(growth-1) - r.half()
	high := low + 2*r.half()
	p.offOutput = off{p.panel.base * (growth - low), p.panel.base * (high - growth)}
	p.offBase = off{p.panel.output * (1/growth - 1/high), math.Inf(1)}
	if low > 0 {
		p.offBase.up = p.panel.output * (1/low - 1/growth)
	}
	return p
}

// without is who is left of a region without a segment. Who works it out from
// two changes is off by both.
func (p presence) without(o presence) presence {
	rest := presence{
		now: p.now - o.now, both: p.both - o.both, output: p.output - o.output, base: p.base - o.base,
		panel:     panel{p.panel.enterprises - o.panel.enterprises, p.panel.output - o.panel.output, p.panel.base - o.panel.base},
		offOutput: off{p.offOutput.down + o.offOutput.up, p.offOutput.up + o.offOutput.down},
		offBase:   off{p.offBase.down + o.offBase.up, p.offBase.up + o.offBase.down},
	}
	for i := range p.before {
		known, before := p.published[i] && o.published[i], int64(0)
		if known {
			before = max(0, p.before[i]-o.before[i])
		}
		rest.before, rest.published = append(rest.before, before), append(rest.published, known)
	}
	return rest
}

// levelsShown reports whether the earlier levels are published; a month in which
// nobody reported counts as that.
func (p presence) levelsShown() bool {
	for i, before := range p.before {
		if before > 0 && !p.published[i] {
			return false
		}
	}
	return true
}

// movers are those in one of the months and not in the other, by the earlier
// month. Fewer than none left where enterprises moved in from another town or
// segment: the change counts what they made there.
func (p presence) movers(i int) (came, left int64) { return p.now - p.both, p.before[i] - p.both }

func isFew(n int64, r disclosure.Rule) bool {
	return n != 0 && -int64(r.Min) < n && n < int64(r.Min)
}

// fewMoved reports whether one or two came or left.
func (p presence) fewMoved(r disclosure.Rule) bool {
	for i := range p.before {
		if came, left := p.movers(i); p.before[i] > 0 && (isFew(came, r) || isFew(left, r)) {
			return true
		}
	}
	return false
}

// tells reports whether a change tells too much beside the levels of this month
// and the earlier ones. Together they are one equation about who came and who
// left: of one or two on one side it tells what they report, as exactly as the
// change is rounded, and where others are on the other side it still tells the
// least that it can be. Several changes may be about the same enterprises, so
// each must leave them room to both sides: then all together do.
func (p presence) tells(r disclosure.Rule) bool {
	growth := p.panel.output / p.panel.base
	if !(growth > 0) || math.IsInf(growth, 0) {
		return false // there is no change to publish
	}
	came, left := p.output-p.panel.output, p.base-p.panel.base // what they report
	narrow := func(amount float64, o off) bool { return min(o.down, o.up) < r.Protection*math.Abs(amount) }
	for i, before := range p.before {
		if before == 0 {
			continue // nothing of that month is published
		}
		nCame, nLeft := p.movers(i)
		ofCame, ofLeft := off{p.offOutput.up, p.offOutput.down}, off{p.offBase.up, p.offBase.down}
		if nLeft != 0 {
			ofCame = off{ofCame.down + growth*max(0, left), math.Inf(1)}
		}
		if nCame != 0 {
			ofLeft = off{ofLeft.down + max(0, came)/growth, math.Inf(1)}
		}
		if isFew(nCame, r) && narrow(came, ofCame) || isFew(nLeft, r) && narrow(left, ofLeft) {
			return true
		}
	}
	return false
}

// presences are all cells of the month, by their index.
func (m *operationMonth) presences(ch change, r publication) []presence {
	all := make([]presence, len(m.cells))
	for i, c := range m.cells {
		all[i] = m.presence(c, ch, r)
	}
	return all
}

// telling are the cells, those of the table and the hidden ones, of which a
// change tells too much of who came or left; shown tells of which it could be
// published.
func (m *operationMonth) telling(g *grid, all []presence, shown []bool, r publication) []int {
	var list []int
	whole := map[string]presence{} // of a region: its largest cell
	for i, c := range m.cells {
		if shown[i] && all[i].tells(r.Rule) {
			list = append(list, i)
		}
		if all[i].now >= whole[c.region].now {
			whole[c.region] = all[i]
		}
	}
	for i, c := range m.cells {
		if rest, ok := g.hidden[c.cellKey]; ok && shown[i] && whole[c.region].without(all[i]).tells(r.Rule) {
			list = append(list, rest)
		}
	}
	return list
}
