// Package disclosure decides which cells of a table may be published, so that
// nobody learns from them, by whatever sums and differences, what a few
// enterprises reported.
//
// The cells may overlap in any way: towns add up to a county, a trade and a
// label cut through one another. What they are made of are atoms, the
// enterprises of one town that stand in exactly the same segments.
//
// A cell of enterprises of which fewer than Rule.Min add anything to it is
// sensitive and withheld: where two of three report 0, the sum is what the third
// one reports, and a sum of 0 tells of everybody. That is not enough where it is
// the difference of published cells, so others are withheld with it until there
// is a Shift: a way in which the atoms could have reported other amounts, none
// below 0, without any published cell changing. Mostly it goes round a square:
// what one town's trade gives up another takes on, and another trade the other
// way round, so that all totals of towns and of trades stay.
//
// A Shift proves two things of every cell that it changes: the cell is no linear
// combination of published cells, since these stay; and no reader can place it
// in a narrower interval than the one that the shift runs through, whatever he
// computes. This is the bound that is stated; for sensitive cells it is never
// narrower than Rule.Protection of their value to either side.
//
// Counts of enterprises are no secret here, amounts are. What is left of a cell
// without two or more others together is not looked at unless the caller names
// it as a hidden cell.
package disclosure

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// An Atom is what the enterprises of one row (a town) that stand in exactly the
// same columns (segments) report together.
type Atom struct {
	Row, Column string
	Cells       []int   // indexes of the cells it adds to
	Count       int     // enterprises; with 0 it is known to be nothing
	Zeros       int     // of them, those that report 0: they hide nobody
	Value       float64 // 0 or more
}

// A Table is what is to be published.
type Table struct {
	// Shown and Hidden count the cells: 0 to Shown−1 are those of the table;
	// the Hidden ones that follow are never shown, such as what is left of a
	// town without a segment, and must stay as unknown.
	Shown, Hidden int
	// Withheld are cells that the caller withholds for reasons of his own,
	// whatever their size, and that must not follow from others either.
	Withheld []int
	Atoms    []Atom
}

// A Rule says what must stay unknown.
type Rule struct {
	// Min is the number of enterprises, not counting those that report 0, from
	// which on a cell may be shown.
	Min int
	// Protection is the share of its value by which a sensitive cell could be
	// less as well as more, for all that is published. More than 1/(Min−1), the
	// share of the largest of so many enterprises, is not to be had in every
	// table, and counts as that.
	Protection float64
}

// protection is what can be kept to.
func (r Rule) protection() float64 { return min(r.Protection, 1/float64(max(1, r.Min-1))) }

// A Shift is a way to change what atoms report that no published cell shows:
// Plus take on what Minus give up, or the other way round. Cells that hold as
// many of one as of the other stay what they are.
type Shift struct {
	Plus, Minus []int
	// Forth and Back are how far it can go until an atom has nothing left.
	// +Inf where nothing is given up.
	Forth, Back float64
}

// A Plan says what is published.
type Plan struct {
	// Published tells of each cell whether it may be shown. A cell without
	// any enterprise may: there is nothing in it.
	Published []bool
	// Shifts are those that the plan rests on.
	Shifts []Shift
	// By names for each cell the shift that keeps it unknown; −1 for those that
	// nothing must keep so.
	By []int
}

// Protect plans the publication of a table. For each sensitive cell in turn, the
// largest value first since it is the hardest to hide, it takes the shift that
// costs the cells with the fewest enterprises. The plan depends on nothing but
// its arguments.
func Protect(t Table, rule Rule) Plan {
	p := newPlanner(t, rule)
	var sensitive []int
	for c := range p.count {
		if p.isSensitive(c) {
			sensitive = append(sensitive, c)
			p.withheld.add(c)
		}
	}
	for _, c := range t.Withheld {
		if p.adding[c] >= rule.Min {
			sensitive = append(sensitive, c)
		}
		p.withheld.add(c)
	}
	slices.SortStableFunc(sensitive, func(a, b int) int { return cmp.Compare(p.need(b), p.need(a)) })
	for _, c := range sensitive {
		p.protect(c)
	}
	for c := range t.Shown {
		p.plan.Published[c] = !p.withheld.has(c)
	}
	return p.plan
}

// isSensitive tells of a cell that some report, and too few add to.
func (p *planner) isSensitive(cell int) bool { return p.count[cell] > 0 && p.adding[cell] < p.rule.Min }

// need is by how much a cell must stay unknown to either side: a share of its
// value, or where it has more enterprises than are sensitive by themselves, of
// what the largest sensitive number of them report on average.
func (p *planner) need(cell int) float64 {
	value := p.value[cell]
	if n := p.adding[cell]; n >= p.rule.Min {
		value *= float64(p.rule.Min-1) / float64(n)
	}
	return p.rule.protection() * value
}

// Range tells how far below and above its value a cell could lie, by the shift
// that keeps it unknown. Both are 0 for a cell that none keeps.
func (p Plan) Range(cell int, atoms []Atom) (below, above float64) {
	if p.By[cell] < 0 {
		return 0, 0
	}
	s := p.Shifts[p.By[cell]]
	return s.reach(s.effect(func(atom int) bool { return slices.Contains(atoms[atom].Cells, cell) }))
}

// effect is by how much a cell changes when the shift goes one step forth.
func (s Shift) effect(in func(atom int) bool) (n int) {
	for _, a := range s.Plus {
		if in(a) {
			n++
		}
	}
	for _, a := range s.Minus {
		if in(a) {
			n--
		}
	}
	return n
}

// reach is how far a cell of that effect can be moved down and up.
func (s Shift) reach(effect int) (below, above float64) {
	switch {
	case effect > 0:
		return float64(effect) * s.Back, float64(effect) * s.Forth
	case effect < 0:
		return float64(-effect) * s.Forth, float64(-effect) * s.Back
	}
	return 0, 0
}

type place struct{ row, column string }

type planner struct {
	atoms    []Atom
	rule     Rule
	at       map[place]int // atoms that report
	rows     []string
	columns  []string
	cells    []set // of each atom
	count    []int // enterprises of each cell
	adding   []int // of them, those that do not report 0
	value    []float64
	withheld set
	plan     Plan
}

func newPlanner(t Table, rule Rule) *planner {
	n, atoms := t.Shown+t.Hidden, t.Atoms
	p := &planner{
		atoms: atoms, rule: rule, at: map[place]int{}, cells: make([]set, len(atoms)), count: make([]int, n), adding: make([]int, n),
		value: make([]float64, n), withheld: newSet(n), plan: Plan{Published: make([]bool, n), By: make([]int, n)},
	}
	for c := range p.plan.By {
		p.plan.By[c] = -1
	}
	for i, a := range atoms {
		p.cells[i] = newSet(n)
		if a.Count == 0 {
			continue
		}
		p.at[place{a.Row, a.Column}] = i
		p.rows, p.columns = append(p.rows, a.Row), append(p.columns, a.Column)
		for _, c := range a.Cells {
			p.cells[i].add(c)
			p.count[c] += a.Count
			p.adding[c] += a.Count - a.Zeros
			p.value[c] += a.Value
		}
	}
	for _, list := range []*[]string{&p.rows, &p.columns} {
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	for c := t.Shown; c < n; c++ {
		p.withheld.add(c)
	}
	return p
}

// protect finds the cheapest shift that keeps a cell unknown, and withholds
// what the shift would change.
func (p *planner) protect(cell int) {
	best, bestCost := Shift{}, -1
	for i := range p.atoms {
		if !p.cells[i].has(cell) {
			continue
		}
		p.candidates(i, func(s Shift) {
			if bestCost == 0 {
				return
			}
			below, above := s.reach(s.effect(func(atom int) bool { return p.cells[atom].has(cell) }))
			if need := p.need(cell); below < need || above < need || above == 0 && below == 0 && len(s.Minus) > 0 {
				return
			}
			if cost := p.cost(s); bestCost < 0 || cost < bestCost {
				best, bestCost = s, cost
			}
		})
	}
	n := len(p.plan.Shifts)
	p.plan.Shifts = append(p.plan.Shifts, best)
	p.changed(best).each(func(c int) {
		p.withheld.add(c)
		if p.plan.By[c] < 0 || c == cell {
			p.plan.By[c] = n
		}
	})
}

// candidates are the shifts of an atom: squares with another row and another
// column, exchanges with another atom of its row or its column, and, always
// possible and mostly the dearest, a change of the atom alone.
func (p *planner) candidates(i int, try func(Shift)) {
	a := p.atoms[i]
	for _, row := range p.rows {
		below, ok := p.at[place{row, a.Column}]
		if !ok || row == a.Row {
			continue
		}
		try(p.shift([]int{i}, []int{below}))
		for _, column := range p.columns {
			beside, ok1 := p.at[place{a.Row, column}]
			across, ok2 := p.at[place{row, column}]
			if ok1 && ok2 && column != a.Column {
				try(p.shift([]int{i, across}, []int{below, beside}))
			}
		}
	}
	for _, column := range p.columns {
		if beside, ok := p.at[place{a.Row, column}]; ok && column != a.Column {
			try(p.shift([]int{i}, []int{beside}))
		}
	}
	try(p.shift([]int{i}, nil))
}

func (p *planner) shift(plus, minus []int) Shift {
	least := func(list []int) float64 {
		v := math.Inf(1)
		for _, a := range list {
			v = min(v, p.atoms[a].Value)
		}
		return v
	}
	return Shift{Plus: plus, Minus: minus, Forth: least(minus), Back: least(plus)}
}

// changed are the cells that a shift changes.
func (p *planner) changed(s Shift) set {
	// At most two atoms to a side: a cell holds none, one or two of each, and
	// two numbers below four differ in one of two bits.
	one, two := newSet(len(p.count)), newSet(len(p.count))
	for w := range one {
		plus1, plus2 := p.tally(s.Plus, w)
		minus1, minus2 := p.tally(s.Minus, w)
		one[w], two[w] = plus1^minus1, plus2^minus2
	}
	for w := range one {
		one[w] |= two[w]
	}
	return one
}

// tally counts, for 64 cells at once, how many of one or two atoms each holds:
// the two bits of the number.
func (p *planner) tally(atoms []int, w int) (ones, twos uint64) {
	for _, a := range atoms {
		twos |= ones & p.cells[a][w]
		ones ^= p.cells[a][w]
	}
	return ones, twos
}

// cost is the enterprises of the cells that a shift would withhold anew.
func (p *planner) cost(s Shift) (n int) {
	for w := range p.withheld {
		plus1, plus2 := p.tally(s.Plus, w)
		minus1, minus2 := p.tally(s.Minus, w)
		for word := (plus1 ^ minus1 | plus2 ^ minus2) &^ p.withheld[w]; word != 0; word &= word - 1 {
			n += p.count[w*64+bits.TrailingZeros64(word)]
		}
	}
	return n
}

// set is a set of small numbers.
type set []uint64

func newSet(n int) set       { return make(set, (n+63)/64) }
func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s set) each(fn func(int)) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			fn(w*64 + bits.TrailingZeros64(word))
		}
	}
}
