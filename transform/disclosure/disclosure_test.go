package disclosure

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var rule = Rule{Min: 3, Protection: 0.5}

// table is a table of cells with its atoms, and what they report.
type table struct {
	names  []string
	atoms  []Atom
	forced []int // withheld whatever their size
}

func (t *table) table() Table {
	return Table{Shown: len(t.names), Atoms: t.atoms, Withheld: t.forced}
}

// cell numbers a cell by its name.
func (t *table) cell(name string) int {
	if i := slices.Index(t.names, name); i >= 0 {
		return i
	}
	t.names = append(t.names, name)
	return len(t.names) - 1
}

// add puts enterprises of the last of these regions into the table.
func (t *table) add(regions, segments []string, count int, value float64) {
	a := Atom{Row: regions[len(regions)-1], Column: strings.Join(segments, "|"), Count: count, Value: value}
	for _, r := range regions {
		for _, s := range segments {
			a.Cells = append(a.Cells, t.cell(r+" "+s))
		}
	}
	t.atoms = append(t.atoms, a)
}

func (t *table) withheld(p Plan) (list []string) {
	for i, name := range t.names {
		if !p.Published[i] {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

// One enterprise makes its cell unpublishable. Without others withheld it would
// be the town less its other segment, and the segment less the other towns. A
// square of four cells hides it: every total stays.
func TestDifferencesBetweenLevels(t *testing.T) {
	var tb table
	tb.add([]string{"县", "甲镇"}, []string{"全部", "机织"}, 1, 7)
	tb.add([]string{"县", "甲镇"}, []string{"全部", "针织"}, 5, 50)
	tb.add([]string{"县", "乙镇"}, []string{"全部", "机织"}, 4, 40)
	tb.add([]string{"县", "乙镇"}, []string{"全部", "针织"}, 6, 60)
	tb.add([]string{"县", "丙镇"}, []string{"全部", "机织"}, 9, 90)
	tb.add([]string{"县", "丙镇"}, []string{"全部", "针织"}, 9, 95)
	p := Protect(tb.table(), rule)
	if diff := cmp.Diff([]string{"乙镇 机织", "乙镇 针织", "甲镇 机织", "甲镇 针织"}, tb.withheld(p)); diff != "" {
		t.Error(diff)
	}
	below, above := p.Range(tb.cell("甲镇 机织"), tb.atoms)
	if below != 7 || above != 40 {
		t.Errorf("甲镇 机织 of 7 could lie %v below and %v above, want 7 and 40", below, above)
	}
}

// A neighbour too small to hide it is passed over: 1 of 甲镇 could not vary by
// half of its value against 2.
func TestHidingTakesRoom(t *testing.T) {
	var tb table
	tb.add([]string{"县", "甲镇"}, []string{"全部", "机织"}, 1, 7)
	tb.add([]string{"县", "甲镇"}, []string{"全部", "针织"}, 5, 50)
	tb.add([]string{"县", "乙镇"}, []string{"全部", "机织"}, 4, 2)
	tb.add([]string{"县", "乙镇"}, []string{"全部", "针织"}, 6, 60)
	tb.add([]string{"县", "丙镇"}, []string{"全部", "机织"}, 9, 90)
	tb.add([]string{"县", "丙镇"}, []string{"全部", "针织"}, 9, 95)
	p := Protect(tb.table(), rule)
	if diff := cmp.Diff([]string{"丙镇 机织", "丙镇 针织", "甲镇 机织", "甲镇 针织"}, tb.withheld(p)); diff != "" {
		t.Error(diff)
	}
}

func TestBoundaries(t *testing.T) {
	one := func(counts ...int) []bool {
		var atoms []Atom
		for i, n := range counts {
			atoms = append(atoms, Atom{Row: string(rune('A' + i)), Cells: []int{0, i + 1}, Count: n, Value: float64(n)})
		}
		return Protect(Table{Shown: len(counts) + 1, Atoms: atoms}, rule).Published
	}
	for _, c := range []struct {
		name   string
		counts []int
		want   []bool // the total, then the parts
	}{
		{"three are enough", []int{3, 3}, []bool{true, true, true}},
		{"two are not, and alone they would be the difference", []int{2, 3}, []bool{true, false, false}},
		{"two pairs hide one another", []int{2, 2}, []bool{true, false, false}},
		{"nobody is nobody's secret", []int{0, 3}, []bool{true, true, true}},
		{"too few in all", []int{1, 1}, []bool{false, false, false}},
		{"one alone", []int{2}, []bool{false, false}},
		{"nothing at all", []int{0}, []bool{true, true}},
		{"a third part need not go", []int{2, 3, 4}, []bool{true, false, false, true}},
	} {
		if diff := cmp.Diff(c.want, one(c.counts...)); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
	}
}

// Who reports 0 hides nobody: the sum of three, of whom two do, is what the third
// one reports, and a sum of 0 is what each does.
func TestZerosHideNobody(t *testing.T) {
	for _, c := range []struct {
		zeros int
		value float64
		want  []bool // the total, 甲, 乙, 丙
	}{
		{0, 30, []bool{true, true, true, true}},
		{1, 30, []bool{true, true, true, true}},
		{2, 30, []bool{true, false, true, false}},
		{4, 0, []bool{true, false, true, false}},
	} {
		atoms := []Atom{
			{Row: "甲镇", Cells: []int{0, 1}, Count: 4, Zeros: c.zeros, Value: c.value},
			{Row: "乙镇", Cells: []int{0, 2}, Count: 8, Value: 80},
			{Row: "丙镇", Cells: []int{0, 3}, Count: 7, Value: 70},
		}
		p := Protect(Table{Shown: 4, Atoms: atoms}, rule)
		if diff := cmp.Diff(c.want, p.Published); diff != "" {
			t.Errorf("%d of 4 report 0: %s", c.zeros, diff)
		}
		if below, above := p.Range(1, atoms); c.zeros == 2 && min(below, above) < 15 {
			t.Errorf("the 30 of two could lie %v below and %v above", below, above)
		}
	}
}

// What is left of a town without a segment is no cell of the table, and can be
// computed as one: a single enterprise in it is hidden as well.
func TestHiddenCells(t *testing.T) {
	atoms := []Atom{
		{Row: "甲镇", Column: "全部|童装", Cells: []int{0, 1}, Count: 8, Value: 80},
		{Row: "甲镇", Column: "全部", Cells: []int{0, 2}, Count: 1, Value: 5},
	}
	if diff := cmp.Diff([]bool{true, false, false}, Protect(Table{Shown: 2, Hidden: 1, Atoms: atoms}, rule).Published); diff != "" {
		t.Errorf("total, 童装, the rest: %s", diff)
	}
}

// A cell that the caller withholds does not follow from others either.
func TestWithheldByTheCaller(t *testing.T) {
	atoms := []Atom{
		{Row: "甲镇", Cells: []int{0, 1}, Count: 9, Value: 90},
		{Row: "乙镇", Cells: []int{0, 2}, Count: 8, Value: 80},
		{Row: "丙镇", Cells: []int{0, 3}, Count: 7, Value: 70},
	}
	p := Protect(Table{Shown: 4, Atoms: atoms, Withheld: []int{1}}, rule)
	if diff := cmp.Diff([]bool{true, false, true, false}, p.Published); diff != "" {
		t.Errorf("total, 甲, 乙, 丙: %s", diff)
	}
	if p = Protect(Table{Shown: 4, Atoms: atoms, Withheld: []int{0}}, rule); p.Published[0] || p.Published[1] && p.Published[2] && p.Published[3] {
		t.Errorf("the total is withheld, and the sum of what is shown: %v", p.Published)
	}
}

// anyTable draws towns in districts of a county, and segments that overlap as
// a trade, a label and a size do.
func anyTable(t *rapid.T) *table {
	tb := &table{}
	towns := rapid.IntRange(1, 5).Draw(t, "towns")
	trades := rapid.IntRange(1, 4).Draw(t, "trades")
	labels := rapid.IntRange(0, 2).Draw(t, "labels")
	for town := range towns {
		regions := []string{"县", "片区" + string(rune('A'+town%2)), "镇" + string(rune('A'+town))}
		for trade := range trades {
			for label := range 1 << labels {
				segments := []string{"全部", "行业" + string(rune('A'+trade))}
				for l := range labels {
					if label>>l&1 == 1 {
						segments = append(segments, "标签"+string(rune('A'+l)))
					}
				}
				n := rapid.SampledFrom([]int{0, 0, 1, 1, 2, 3, 4, 9}).Draw(t, "count")
				v, zeros := 0.0, 0
				for range n {
					x := max(0, rapid.IntRange(-20, 100).Draw(t, "value"))
					v += float64(x)
					if x == 0 {
						zeros++
					}
				}
				tb.add(regions, segments, n, v)
				tb.atoms[len(tb.atoms)-1].Zeros = zeros
			}
		}
	}
	if rapid.Bool().Draw(t, "withholds others") {
		tb.forced = rapid.SliceOfN(rapid.IntRange(0, len(tb.names)-1), 0, 3).Draw(t, "withheld")
	}
	return tb
}

// count is the number of enterprises in a cell, adding of those that do not
// report 0.
func (t *table) count(cell int) (n, adding int) {
	for _, a := range t.atoms {
		if slices.Contains(a.Cells, cell) {
			n += a.Count
			adding += a.Count - a.Zeros
		}
	}
	return n, adding
}

func (t *table) sum(cell int, values []float64) (v float64) {
	for i, a := range t.atoms {
		if slices.Contains(a.Cells, cell) {
			v += values[i]
		}
	}
	return v
}

// No cell of fewer than min is published, and no withheld cell is a linear
// combination of published ones: found out by elimination over the rationals,
// which knows nothing of shifts.
func TestNothingWithheldIsACombination(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tb := anyTable(t)
		r := Rule{Min: rapid.IntRange(2, 5).Draw(t, "min"), Protection: rapid.Float64Range(0, 1).Draw(t, "protection")}
		p := Protect(tb.table(), r)
		var basis [][]*big.Rat
		for c := range tb.names {
			if n, adding := tb.count(c); p.Published[c] && n > 0 && adding < r.Min {
				t.Fatalf("%s has %d enterprises, of which %d add to it, and is published", tb.names[c], n, adding)
			}
			if p.Published[c] {
				basis = insert(basis, tb.row(c))
			}
		}
		for c := range tb.names {
			if n, _ := tb.count(c); !p.Published[c] && n > 0 && reduce(basis, tb.row(c)) == nil {
				t.Fatalf("%s is withheld and can be computed from what is published", tb.names[c])
			}
		}
	})
}

// The stated ranges are reached: for every withheld cell there are other
// reports, none below 0, with which every published cell is what it is and the
// withheld one lies at either end of its range. No tighter bound can follow
// from what is published. Cells of too few enterprises vary by the share that
// the rule asks for.
func TestRangesAreReached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tb := anyTable(t)
		r := Rule{Min: rapid.IntRange(2, 5).Draw(t, "min"), Protection: rapid.Float64Range(0, 1).Draw(t, "protection")}
		p := Protect(tb.table(), r)
		was := make([]float64, len(tb.atoms))
		for i, a := range tb.atoms {
			was[i] = a.Value
		}
		for c := range tb.names {
			n, adding := tb.count(c)
			if p.Published[c] || n == 0 {
				continue
			}
			value := tb.sum(c, was)
			below, above := p.Range(c, tb.atoms)
			if adding < r.Min && min(below, above) < r.protection()*value {
				t.Fatalf("%s has %d enterprises that add %v to it, and is known to ±%v", tb.names[c], adding, value, min(below, above))
			}
			for _, end := range []float64{-below, min(above, 1e6)} {
				other := p.Shifts[p.By[c]].apply(was, end, func(a int) bool { return slices.Contains(tb.atoms[a].Cells, c) })
				if got := tb.sum(c, other); math.Abs(got-value-end) > 1e-6 {
					t.Fatalf("%s: %v, want %v%+v", tb.names[c], got, value, end)
				}
				if slices.Min(other) < 0 {
					t.Fatalf("%s: an atom would report less than nothing", tb.names[c])
				}
				for d := range tb.names {
					if p.Published[d] && math.Abs(tb.sum(d, other)-tb.sum(d, was)) > 1e-6 {
						t.Fatalf("%s is published, and changed with %s", tb.names[d], tb.names[c])
					}
				}
			}
		}
	})
}

// apply moves a cell by so much.
func (s Shift) apply(values []float64, by float64, in func(int) bool) []float64 {
	out := slices.Clone(values)
	step := by / float64(s.effect(in))
	for _, a := range s.Plus {
		out[a] += step
	}
	for _, a := range s.Minus {
		out[a] -= step
	}
	return out
}

// row is a cell as a sum of atoms that report.
func (t *table) row(cell int) []*big.Rat {
	row := make([]*big.Rat, len(t.atoms))
	for i, a := range t.atoms {
		row[i] = new(big.Rat)
		if a.Count > 0 && slices.Contains(a.Cells, cell) {
			row[i].SetInt64(1)
		}
	}
	return row
}

// pivot is the first place that is not 0; −1 for none.
func pivot(row []*big.Rat) int {
	return slices.IndexFunc(row, func(x *big.Rat) bool { return x.Sign() != 0 })
}

// reduce takes from a row what the basis explains; nothing is left of a
// combination of its rows.
func reduce(basis [][]*big.Rat, row []*big.Rat) []*big.Rat {
	for _, b := range basis {
		at := pivot(b)
		if row[at].Sign() == 0 {
			continue
		}
		f := new(big.Rat).Quo(row[at], b[at])
		for i := range row {
			row[i] = new(big.Rat).Sub(row[i], new(big.Rat).Mul(f, b[i]))
		}
	}
	if pivot(row) < 0 {
		return nil
	}
	return row
}

// insert adds a row to a basis kept in the order of its pivots.
func insert(basis [][]*big.Rat, row []*big.Rat) [][]*big.Rat {
	if row = reduce(basis, row); row == nil {
		return basis
	}
	basis = append(basis, row)
	slices.SortFunc(basis, func(a, b []*big.Rat) int { return pivot(a) - pivot(b) })
	return basis
}

func BenchmarkProtect(b *testing.B) {
	var tb table
	for town := range 12 {
		for trade := range 6 {
			for label := range 4 {
				segments := []string{"全部", "行业" + string(rune('A'+trade)), []string{"规上", "规下"}[label%2]}
				if label >= 2 {
					segments = append(segments, "童装")
				}
				n := max(0, (town*7+trade*5+label*3)%17-12) // many towns lack a trade
				tb.add([]string{"县", "镇" + string(rune('A'+town))}, segments, n, float64(n))
			}
		}
	}
	lost := 0
	for b.Loop() {
		lost = 0
		for _, ok := range Protect(tb.table(), rule).Published {
			if !ok {
				lost++
			}
		}
	}
	b.ReportMetric(float64(len(tb.names)), "cells")
	b.ReportMetric(float64(lost), "withheld")
}
