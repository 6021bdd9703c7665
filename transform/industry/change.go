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
	// width is how far off a reader is who works out what the panel made a
	// year ago from what it makes now, and the other way round, since the
	// change that he reads is rounded.
	widthOfBase, widthOfOutput float64
}

func (m *operationMonth) presence(c cell, ch change, half float64) presence {
	p := presence{now: c.reporting, panel: ch.panel(c)}
	p.both = p.panel.enterprises
	var outputs []float64
	for _, day := range ch.earlier {
		l := m.past[day][c.cellKey]
		p.before, p.published = append(p.before, l.reporting), append(p.published, l.published)
		outputs = append(outputs, l.output)
	}
	p.output, p.base = ch.sides(float64(c.cents.Int64)/100, outputs)
	if growth := p.panel.output / p.panel.base; growth > 0 && !math.IsInf(growth, 0) {
		p.widthOfBase = p.output * half / (growth * growth)
	}
	p.widthOfOutput = p.base * half
	return p
}

// without is who is left of a region without a segment. Who works it out from
// two changes is off by both.
func (p presence) without(o presence) presence {
	rest := presence{
		now: p.now - o.now, both: p.both - o.both, output: p.output - o.output, base: p.base - o.base,
		panel:       panel{p.panel.enterprises - o.panel.enterprises, p.panel.output - o.panel.output, p.panel.base - o.panel.base},
		widthOfBase: p.widthOfBase + o.widthOfBase, widthOfOutput: p.widthOfOutput + o.widthOfOutput,
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

// tells says whether a change may not be shown beside the levels of this month
// and the earlier ones. Together they are one equation about who is in one of
// the months and not in the other: where that is one or two enterprises on one
// side and none on the other, it tells their report, as exactly as the change is
// rounded. And a level that is withheld must not follow from the change and the
// other level.
func (p presence) tells(shown bool, r disclosure.Rule) bool {
	few := func(n int64) bool { return n > 0 && n < int64(r.Min) }
	for i, before := range p.before {
		if before == 0 {
			continue // nothing of that month is published
		}
		if !shown || !p.published[i] {
			return true
		}
		came, left := p.now-p.both, before-p.both
		switch {
		case came == 0 && few(left) && p.widthOfBase < r.Protection*math.Abs(p.base-p.panel.base),
			left == 0 && few(came) && p.widthOfOutput < r.Protection*math.Abs(p.output-p.panel.output):
			return true
		}
	}
	return false
}

// telling are the cells, those of the table and the hidden ones, of which a
// change can't be shown.
func (m *operationMonth) telling(g *grid, shown []bool, r publication, ch change) []int {
	var list []int
	whole := map[string]presence{} // of a region: its largest cell
	for i, c := range m.cells {
		p := m.presence(c, ch, r.half())
		if p.tells(shown[i], r.Rule) {
			list = append(list, i)
		}
		if p.now >= whole[c.region].now {
			whole[c.region] = p
		}
	}
	for i, c := range m.cells {
		rest, ok := g.hidden[c.cellKey]
		if ok && shown[i] && whole[c.region].without(m.presence(c, ch, r.half())).tells(true, r.Rule) {
			list = append(list, rest)
		}
	}
	return list
}
