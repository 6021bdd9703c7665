package industry

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/transform/disclosure"
)

func month(year int, m time.Month) time.Time { return time.Date(year, m, 1, 0, 0, 0, 0, time.UTC) }

var threeOrMore = disclosure.Rule{Min: 3, Protection: 0.2}

// A change beside two levels is one equation about who came and who left.
func TestChangesThatTell(t *testing.T) {
	for _, c := range []struct {
		name           string
		now, was, both int64 // who reports in each month, and in both
		tells          bool
	}{
		{"the same enterprises", 9, 9, 9, false},
		{"one left and nobody came: the change tells what it had made", 9, 10, 9, true},
		{"two left", 9, 11, 9, true},
		{"three left", 9, 12, 9, false},
		{"one came: the change tells what it makes", 10, 9, 9, true},
		{"one came and one left: one equation for two", 10, 10, 9, false},
		{"one moved in that reported elsewhere: the change tells what it made there", 10, 9, 10, true},
		{"three moved in", 12, 9, 12, false},
		{"no level of that month was ever published", 10, 0, 9, false},
	} {
		p := presence{now: c.now, both: c.both, before: []int64{c.was}, published: []bool{true}, output: float64(c.now), base: float64(c.was)}
		p.panel = panel{c.both, float64(c.both), float64(c.both)}
		if got := p.tells(threeOrMore); got != c.tells {
			t.Errorf("%s: %v, want %v", c.name, got, c.tells)
		}
	}
}

// One came that makes 100, and one left that had made 10: the change says that
// who came makes 90 at the least, and no more.
func TestLeastOfWhoCame(t *testing.T) {
	for left, tells := range map[float64]bool{10: true, 30: false} {
		p := presence{now: 10, both: 9, before: []int64{10}, published: []bool{true}, output: 1000, base: 900 + left, panel: panel{9, 900, 900}}
		if got := p.tells(threeOrMore); got != tells {
			t.Errorf("%v left: %v, want %v", left, got, tells)
		}
	}
}

// One of 100 left, and the change is published as 2.5 %: with a rounding of 0.1
// percentage points a reader knows what the 99 made a year ago to ±4.9, so what
// the one made is not known to ±20 % if it was 10, and is if it was 30. Nor is it
// hidden where the change was all but 2.55 % or 2.45 %: one side leaves no room.
func TestRoundingHides(t *testing.T) {
	for _, c := range []struct {
		left, growth float64
		tells        bool
	}{{10, 0.025, false}, {30, 0.025, true}, {10, 0.02545, true}, {10, 0.02455, true}} {
		key := cellKey{"县", "全部"}
		now := cell{cellKey: key, reporting: 99, year: panel{99, 10_000 * (1 + c.growth), 10_000}}
		now.cents.Int64 = int64(now.year.output * 100)
		m := &operationMonth{past: map[time.Time]map[cellKey]level{month(2024, 3): {key: {100, 10_000 + c.left, true}}}}
		p := m.presence(now, yearBefore(month(2025, 3)), publication{Rule: threeOrMore, places: 3})
		if c.growth == 0.025 && math.Abs(p.offBase.down-4.876) > 0.001 {
			t.Errorf("off by %v", p.offBase)
		}
		if got := p.tells(threeOrMore); got != c.tells {
			t.Errorf("%v left, growth %v: %v, want %v", c.left, c.growth, got, c.tells)
		}
	}
}

// Four left the town and three of them its segment: the one that left the rest
// would follow from the two changes.
func TestTheRestTells(t *testing.T) {
	before := month(2024, 3)
	all, part := cellKey{"镇", "全部"}, cellKey{"镇", "童装"}
	of := func(k cellKey, n int64) cell {
		c := cell{cellKey: k, reporting: n, year: panel{n, float64(n), float64(n)}}
		c.cents.Int64 = 100 * n
		return c
	}
	m := &operationMonth{
		cells: []cell{of(all, 20), of(part, 12)},
		past:  map[time.Time]map[cellKey]level{before: {all: {24, 24, true}, part: {15, 15, true}}},
	}
	g := &grid{index: map[cellKey]int{all: 0, part: 1}, hidden: map[cellKey]int{part: 2}}
	r := publication{Rule: threeOrMore, places: 3}
	telling := func() []int {
		return m.telling(g, m.presences(yearBefore(month(2025, 3)), r), []bool{true, true}, r)
	}
	if diff := cmp.Diff([]int{2}, telling()); diff != "" {
		t.Error(diff)
	}
	m.past[before][all] = level{23, 23, true}
	if list := telling(); len(list) != 0 {
		t.Errorf("all three left the segment, and nobody the rest: %v", list)
	}
}

// Two trades of two towns are withheld to hide one enterprise. Their capacity
// utilisation, with that of the town and its output, would be two equations for
// their two outputs: what is withheld of output is withheld of its ratios.
func TestRatiosOfWithheldLevels(t *testing.T) {
	m := &operationMonth{day: month(2023, 5), past: map[time.Time]map[cellKey]level{}}
	g := &grid{index: map[cellKey]int{}, hidden: map[cellKey]int{}}
	at := func(k cellKey) int {
		i, ok := g.index[k]
		if !ok {
			i = len(m.cells)
			g.index[k], m.cells = i, append(m.cells, cell{cellKey: k})
		}
		return i
	}
	for _, a := range []struct {
		town, trade   string
		count         int
		value, others float64
	}{{"甲", "机织", 1, 7, 9}, {"甲", "针织", 5, 50, 80}, {"乙", "机织", 4, 40, 1}, {"乙", "针织", 6, 60, 70}, {"丙", "机织", 9, 90, 95}, {"丙", "针织", 9, 95, 99}} {
		atom := disclosure.Atom{Row: a.town, Column: a.trade, Count: a.count, Value: a.value}
		for _, region := range []string{"县", a.town} {
			for _, segment := range []string{"全部", a.trade} {
				i := at(cellKey{region, segment})
				m.cells[i].reporting += int64(a.count)
				m.cells[i].cents.Int64 += int64(100 * a.value)
				m.cells[i].year.enterprises += int64(a.count)
				m.cells[i].year.output += a.value
				m.cells[i].year.base += a.others
				atom.Cells = append(atom.Cells, i)
			}
		}
		g.atoms[output] = append(g.atoms[output], atom)
		atom.Value = a.others // another square may be the cheapest
		g.atoms[overYear], g.atoms[capacity] = append(g.atoms[overYear], atom), append(g.atoms[capacity], atom)
	}
	plans := g.protect(m, publication{Rule: disclosure.Rule{Min: 3, Protection: 0.2}, places: 3})
	for k, i := range g.index {
		if plans[output].Published[i] {
			continue
		}
		for _, q := range []quantity{overYear, capacity} {
			if plans[q].Published[i] {
				t.Errorf("the output of %v is withheld, and ratio %d of it is shown", k, q)
			}
		}
	}
}

// Of three questionnaires one answers about production: its answer would be the
// whole diffusion index. Everybody answered the other questions, and the climate
// may be told; two did about the stock, and PMI may not.
func TestEachIndexRestsOnItsOwnAnswers(t *testing.T) {
	m := &operationMonth{day: month(2025, 3), cells: []cell{{cellKey: cellKey{"县", "全部"}, reporting: 3}}}
	answered := map[quantity]int{
		currentClimate: 3, expectedClimate: 3, newOrders: 3, production: 1, employment: 3, delivery: 3, inventory: 2,
	}
	show := func() map[string]bool {
		g := &grid{index: map[cellKey]int{{"县", "全部"}: 0}}
		for q, n := range answered {
			g.atoms[q] = []disclosure.Atom{{Row: "县", Column: "全部", Cells: []int{0}, Count: n, Value: float64(n)}}
		}
		plans := g.protect(m, publication{Rule: threeOrMore, places: 3})
		shown := map[string]bool{}
		for i, ok := range plans.shown(0) {
			if slices.Contains([]string{"diffusion_index", "climate_index", "pmi"}, measures[i].column) {
				shown[measures[i].column] = ok
			}
		}
		return shown
	}
	for _, c := range []struct {
		change quantity
		to     int
		want   map[string]bool
	}{
		{production, 1, map[string]bool{"diffusion_index": false, "climate_index": true, "pmi": false}},
		{production, 3, map[string]bool{"diffusion_index": true, "climate_index": true, "pmi": false}},
		{inventory, 3, map[string]bool{"diffusion_index": true, "climate_index": true, "pmi": true}},
		{expectedClimate, 2, map[string]bool{"diffusion_index": true, "climate_index": false, "pmi": true}},
	} {
		answered[c.change] = c.to
		if diff := cmp.Diff(c.want, show()); diff != "" {
			t.Errorf("%d answers to question %d: %s", c.to, c.change, diff)
		}
	}
}

// Nine enterprises of two towns answered everything, but only one of the smaller
// town's three told about its production: the county less the larger town would
// tell it.
func TestIndexesDoNotFollowFromOtherLevels(t *testing.T) {
	m := &operationMonth{day: month(2025, 3)}
	g := &grid{index: map[cellKey]int{}}
	for i, region := range []string{"县", "甲", "乙"} {
		m.cells = append(m.cells, cell{cellKey: cellKey{region, "全部"}})
		g.index[m.cells[i].cellKey] = i
	}
	for _, q := range []quantity{currentClimate, expectedClimate, production} {
		few := 3
		if q == production {
			few = 1
		}
		g.atoms[q] = []disclosure.Atom{
			{Row: "甲", Column: "全部", Cells: []int{0, 1}, Count: 6, Value: 6},
			{Row: "乙", Column: "全部", Cells: []int{0, 2}, Count: few, Value: float64(few)},
		}
	}
	plans := g.protect(m, publication{Rule: threeOrMore, places: 3})
	at := func(column string) int {
		return slices.IndexFunc(measures, func(x measure) bool { return x.column == column })
	}
	for region, want := range map[string][2]bool{"县": {true, true}, "甲": {false, true}, "乙": {false, true}} {
		shown := plans.shown(g.index[cellKey{region, "全部"}])
		if got := [2]bool{shown[at("diffusion_index")], shown[at("climate_index")]}; got != want {
			t.Errorf("%s: diffusion and climate shown %v, want %v", region, got, want)
		}
	}
}

// January and February are one period: 环比 of February and March rests on the
// two months before.
func TestMonthsBefore(t *testing.T) {
	for m, want := range map[time.Month][]time.Time{
		time.February: {month(2025, 1), month(2024, 12)},
		time.March:    {month(2025, 2), month(2025, 1)},
		time.April:    {month(2025, 3)},
	} {
		if diff := cmp.Diff(want, monthsBefore(month(2025, m)).earlier); diff != "" {
			t.Errorf("%s: %s", m, diff)
		}
	}
	if output, base := monthsBefore(month(2025, 2)).sides(50, []float64{30, 36}); output != 80 || base != 72 {
		t.Errorf("February: %v of %v, want 50+30 of 2×36", output, base)
	}
	if output, base := monthsBefore(month(2025, 3)).sides(44, []float64{50, 30}); output != 88 || base != 80 {
		t.Errorf("March: %v of %v, want 2×44 of 50+30", output, base)
	}
}

// Enterprises add to the cells of all regions above them, and to the rest of
// each region without the segments that they are not in.
func TestCellsOf(t *testing.T) {
	g := &grid{index: map[cellKey]int{{"镇", "全部"}: 0, {"镇", "童装"}: 1, {"县", "全部"}: 2, {"县", "童装"}: 3}, hidden: map[cellKey]int{}}
	all := map[string]bool{"全部": true, "童装": true}
	if diff := cmp.Diff([]int{0, 1, 2, 3}, g.cellsOf([]string{"镇", "县"}, []string{"全部", "童装"}, all)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{0, 4, 2, 5}, g.cellsOf([]string{"镇", "县"}, []string{"全部"}, all)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[cellKey]int{{"镇", "童装"}: 4, {"县", "童装"}: 5}, g.hidden); diff != "" {
		t.Error(diff)
	}
}
