package industry

import (
	"math"
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
		name            string
		now, was, both  int64 // who reports in each month, and in both
		shown, wasShown bool
		tells           bool
	}{
		{"the same enterprises", 9, 9, 9, true, true, false},
		{"one left and nobody came: the change tells what it had made", 9, 10, 9, true, true, true},
		{"two left", 9, 11, 9, true, true, true},
		{"three left", 9, 12, 9, true, true, false},
		{"one came: the change tells what it makes", 10, 9, 9, true, true, true},
		{"one came and one left: one equation for two", 10, 10, 9, true, true, false},
		{"this month's level is withheld, and would follow", 9, 9, 9, false, true, true},
		{"the earlier level is withheld, and would follow", 9, 9, 9, true, false, true},
		{"no level of that month was ever published", 10, 0, 9, true, false, false},
	} {
		p := presence{now: c.now, both: c.both, before: []int64{c.was}, published: []bool{c.wasShown}, output: float64(c.now), base: float64(c.was)}
		p.panel = panel{c.both, float64(c.both), float64(c.both)}
		if got := p.tells(c.shown, threeOrMore); got != c.tells {
			t.Errorf("%s: %v, want %v", c.name, got, c.tells)
		}
	}
}

// One of 100 left, and the change is published as 2.5%: with a rounding of 0.1
// percentage points a reader knows what the 99 made a year ago to ±4.8, so what
// the one made is not known to ±20% if it was 10, and is if it was 30.
func TestRoundingHides(t *testing.T) {
	before := month(2024, 3)
	key := cellKey{"县", "全部"}
	for left, tells := range map[float64]bool{10: false, 30: true} {
		c := cell{cellKey: key, reporting: 99, year: panel{99, 10_000 * 1.025, 10_000}}
		c.cents.Int64 = 10_250_00
		m := &operationMonth{past: map[time.Time]map[cellKey]level{before: {key: {100, 10_000 + left, true}}}}
		p := m.presence(c, yearBefore(month(2025, 3)), publication{places: 3}.half())
		if math.Abs(p.widthOfBase-4.878) > 0.001 {
			t.Errorf("width %v", p.widthOfBase)
		}
		if got := p.tells(true, threeOrMore); got != tells {
			t.Errorf("%v left: %v, want %v", left, got, tells)
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
	if diff := cmp.Diff([]int{2}, m.telling(g, []bool{true, true}, r, yearBefore(month(2025, 3)))); diff != "" {
		t.Error(diff)
	}
	m.past[before][all] = level{23, 23, true}
	if list := m.telling(g, []bool{true, true}, r, yearBefore(month(2025, 3))); len(list) != 0 {
		t.Errorf("all three left the segment, and nobody the rest: %v", list)
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
