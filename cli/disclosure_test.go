package cli

import (
	"errors"
	"fmt"
	"math/bits"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zhicang/warehouse"
)

// prime is 2^61 − 1. What is a combination over the rationals is one modulo a
// prime that does not divide its denominators, and this one divides none that
// small tables of zeros and ones have.
const prime = 1<<61 - 1

func mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	_, rem := bits.Div64(hi, lo, prime)
	return rem
}

func inverse(a uint64) uint64 {
	result, power := uint64(1), a
	for e := uint64(prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			result = mul(result, power)
		}
		power = mul(power, power)
	}
	return result
}

// span is the sums and differences of rows, in echelon form.
type span map[int][]uint64

// rest is what the span does not explain of a row, and where it begins; −1 if
// nothing is left.
func (s span) rest(row []uint64) ([]uint64, int) {
	row = slices.Clone(row)
	first := -1
	for i := range row {
		if row[i] == 0 {
			continue
		}
		b, ok := s[i]
		if !ok {
			if first < 0 {
				first = i
			}
			continue
		}
		f := prime - row[i]
		for j := i; j < len(row); j++ {
			row[j] = (row[j] + mul(f, b[j])) % prime
		}
	}
	return row, first
}

func (s span) add(row []uint64) {
	row, first := s.rest(row)
	if first < 0 {
		return
	}
	inv := inverse(row[first])
	for j := range row {
		row[j] = mul(row[j], inv)
	}
	s[first] = row
}

// A cell of the published table as a reader sees it, and the atoms, enterprises
// of one town in the same segments, that it is made of.
type seenCell struct {
	name  string
	shown bool
	atoms []string
}

// seenCells reads the cells of a month that have a quantity at all.
func seenCells(t *testing.T, e *warehouse.Engine, month, column, contributes string) []seenCell {
	t.Helper()
	return readCells(t, e, fmt.Sprintf(`SELECT c.region_code || ' ' || c.segment, c.%[1]s IS NOT NULL, string_agg(m.atom, ',')
		FROM ads.industry_operation AS c
		JOIN (
			SELECT a.ancestor_code, m.region_code || array_to_string(m.segments, '|') AS atom, m.segments, sum(CASE WHEN %[2]s IS NULL THEN 0 ELSE 1 END) AS n
			FROM dwd.industry_measure AS m JOIN dim.region_ancestor AS a ON a.region_code = m.region_code
			WHERE m.month = DATE '%[3]s' GROUP BY ALL
		) AS m ON m.ancestor_code = c.region_code AND list_contains(m.segments, c.segment) AND m.n > 0
		WHERE c.month = DATE '%[3]s' AND (c.%[1]s IS NOT NULL OR list_contains(c.withheld, '%[1]s'))
		GROUP BY ALL ORDER BY 1`, column, contributes, month))
}

// fewInTwo are the one or two enterprises that two segments of a place share: no
// cells of the table, and 规下 less all trades but one tells of them all the same.
func fewInTwo(t *testing.T, e *warehouse.Engine, month, contributes string) []seenCell {
	t.Helper()
	return readCells(t, e, fmt.Sprintf(`SELECT a.ancestor_code || ' ' || x.segment || '∩' || y.segment, false, string_agg(DISTINCT m.region_code || array_to_string(m.segments, '|'), ',')
		FROM dwd.industry_measure AS m
		JOIN dim.region_ancestor AS a ON a.region_code = m.region_code
		CROSS JOIN UNNEST(m.segments) AS x(segment)
		CROSS JOIN UNNEST(m.segments) AS y(segment)
		WHERE m.month = DATE '%s' AND x.segment < y.segment AND %s IS NOT NULL
		GROUP BY 1 HAVING count(*) < 3 ORDER BY 1`, month, contributes))
}

// readCells reads names of cells, whether they are shown, and their atoms.
func readCells(t *testing.T, e *warehouse.Engine, query string) (cells []seenCell) {
	t.Helper()
	rows, err := e.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c seenCell
		var atoms string
		if err := rows.Scan(&c.name, &c.shown, &atoms); err != nil {
			t.Fatal(err)
		}
		c.atoms = strings.Split(atoms, ",")
		cells = append(cells, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return cells
}

// following are the cells that are withheld and follow from those that are not.
func following(cells []seenCell) (list []string) {
	index := map[string]int{}
	for _, c := range cells {
		for _, a := range c.atoms {
			if _, known := index[a]; !known {
				index[a] = len(index)
			}
		}
	}
	row := func(c seenCell) []uint64 {
		r := make([]uint64, len(index))
		for _, a := range c.atoms {
			r[index[a]] = 1
		}
		return r
	}
	published := span{}
	for _, c := range cells {
		if c.shown {
			published.add(row(c))
		}
	}
	for _, c := range cells {
		if _, left := published.rest(row(c)); !c.shown && left < 0 {
			list = append(list, c.name)
		}
	}
	return list
}

// testSpan takes the published table for what a reader has, and the warehouse
// for who reported: no withheld cell of a month is a sum or difference of
// published ones, for any quantity.
func testSpan(t *testing.T, c trade) {
	e, err := warehouse.Open(t.Context(), warehouse.Options{Path: filepath.Join(c.dir, "data", "warehouse.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	looked := 0
	for column, contributes := range map[string]string{
		"output": "output", "output_yoy": "yoy_base", "output_mom": "mom_base", "capacity_utilisation": "used_capacity",
		"electricity_yoy": "power_kwh_base", "electricity_elasticity": "power_kwh_base", "order_saturation": "order_available", "labour_gap": "labour_needed",
		"diffusion_index": "production", "climate_index": "current_climate", "pmi": "inventory",
	} {
		for _, month := range []string{"2023-05-01", "2024-02-01", "2025-11-01"} {
			cells := seenCells(t, e, month, column, contributes)
			cells = append(cells, fewInTwo(t, e, month, contributes)...)
			looked += len(cells)
			for _, name := range following(cells) {
				t.Errorf("%s %s of %s is withheld and follows from what is published", month, column, name)
			}
		}
	}
	t.Logf("%d cells and quantities looked at", looked)
	if looked < 1000 {
		t.Error("that is too few to mean anything")
	}
}

// A crowd is enterprises that are in the same cells in a month, the month before
// and a year ago, and in the same ratios.
type crowd struct {
	now, before, yearAgo       []string // its cells, by month
	overYear, overMonth, ratio bool
}

// crowds reads who reported in a month and in those that its changes rest on.
func crowds(t *testing.T, e *warehouse.Engine, month string) (list []crowd) {
	t.Helper()
	rows, err := e.Query(t.Context(), fmt.Sprintf(`WITH spot AS (
			SELECT m.credit_code, m.month, string_agg(a.ancestor_code || ' ' || s.segment, ',' ORDER BY a.ancestor_code, s.segment) AS cells,
				any_value(m.yoy_base IS NOT NULL) AS y, any_value(m.mom_base IS NOT NULL) AS m, any_value(m.used_capacity IS NOT NULL) AS c
			FROM dwd.industry_measure AS m JOIN dim.region_ancestor AS a ON a.region_code = m.region_code CROSS JOIN UNNEST(m.segments) AS s(segment)
			WHERE m.output IS NOT NULL GROUP BY m.credit_code, m.month
		)
		SELECT DISTINCT coalesce(n.cells, ''), coalesce(p.cells, ''), coalesce(y.cells, ''), coalesce(n.y, false), coalesce(n.m, false), coalesce(n.c, false)
		FROM (SELECT DISTINCT credit_code FROM spot) AS e
		LEFT JOIN spot AS n ON n.credit_code = e.credit_code AND n.month = DATE '%[1]s'
		LEFT JOIN spot AS p ON p.credit_code = e.credit_code AND p.month = DATE '%[1]s' - INTERVAL 1 MONTH
		LEFT JOIN spot AS y ON y.credit_code = e.credit_code AND y.month = DATE '%[1]s' - INTERVAL 12 MONTH
		ORDER BY ALL`, month))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var c crowd
		var now, before, yearAgo string
		if err := rows.Scan(&now, &before, &yearAgo, &c.overYear, &c.overMonth, &c.ratio); err != nil {
			t.Fatal(err)
		}
		c.now, c.before, c.yearAgo = strings.Split(now, ","), strings.Split(before, ","), strings.Split(yearAgo, ",")
		list = append(list, c)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// What a crowd reports that a reader does not know, in the order of the columns
// of an attack. A base that a form gives is what was reported then.
const (
	makes = iota
	madeBefore
	madeYearAgo
	couldMake
	unknowns
)

// testChain takes the levels of a month, of the month before and of a year ago
// together with 同比, 环比 and capacity utilisation, as if these were published
// exactly and a reader knew in which months everybody reported: no withheld level
// of any of the months follows. What the crowds report is drawn by chance, since
// who can be found out does not depend on it.
func testChain(t *testing.T, c trade) {
	e, err := warehouse.Open(t.Context(), warehouse.Options{Path: filepath.Join(c.dir, "data", "warehouse.duckdb")})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	looked := 0
	for _, month := range []string{"2023-05-01", "2025-11-01"} {
		attack := newAttack(crowds(t, e, month))
		withheld := map[string][]uint64{}
		rows, err := e.Query(t.Context(), fmt.Sprintf(`SELECT region_code || ' ' || segment,
				CASE month WHEN DATE '%[1]s' THEN 0 WHEN DATE '%[1]s' - INTERVAL 1 MONTH THEN 1 ELSE 2 END,
				output IS NOT NULL, output_yoy IS NOT NULL, output_mom IS NOT NULL, capacity_utilisation IS NOT NULL
			FROM ads.industry_operation WHERE reporting > 0
			AND month IN (DATE '%[1]s', DATE '%[1]s' - INTERVAL 1 MONTH, DATE '%[1]s' - INTERVAL 12 MONTH)`, month))
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var cell string
			var when int
			var level, overYear, overMonth, ratio bool
			if err := rows.Scan(&cell, &when, &level, &overYear, &overMonth, &ratio); err != nil {
				t.Fatal(err)
			}
			if row := attack.level(cell, when); level {
				attack.known.add(row)
			} else {
				withheld[fmt.Sprintf("%s, %s months %d", cell, month, when)] = row
			}
			if when == makes {
				attack.learn(overYear, cell, madeYearAgo, func(c crowd) bool { return c.overYear })
				attack.learn(overMonth, cell, madeBefore, func(c crowd) bool { return c.overMonth })
				attack.learn(ratio, cell, couldMake, func(c crowd) bool { return c.ratio })
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		looked += len(withheld)
		for name, row := range withheld {
			if _, left := attack.known.rest(row); left < 0 {
				t.Errorf("%s is withheld and follows from levels and ratios", name)
			}
		}
	}
	t.Logf("%d withheld levels looked at", looked)
	if looked < 100 {
		t.Error("that is too few to mean anything")
	}
}

// An attack is what a reader knows of the crowds.
type attack struct {
	crowds []crowd
	truth  []uint64
	known  span
}

func newAttack(crowds []crowd) *attack {
	a := &attack{crowds: crowds, truth: make([]uint64, unknowns*len(crowds)), known: span{}}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range a.truth {
		a.truth[i] = r.Uint64N(prime)
	}
	return a
}

// level is the sum of what a cell made in one of the months.
func (a *attack) level(cell string, when int) []uint64 {
	row := make([]uint64, len(a.truth))
	for i, c := range a.crowds {
		if slices.Contains([][]string{makes: c.now, madeBefore: c.before, madeYearAgo: c.yearAgo}[when], cell) {
			row[unknowns*i+when] = 1
		}
	}
	return row
}

// learn adds a published ratio of what a cell makes: output − ratio · base = 0.
func (a *attack) learn(published bool, cell string, base int, counts func(crowd) bool) {
	if !published {
		return
	}
	var output, below uint64
	var members []int
	for i, c := range a.crowds {
		if slices.Contains(c.now, cell) && counts(c) {
			members = append(members, i)
			output = (output + a.truth[unknowns*i+makes]) % prime
			below = (below + a.truth[unknowns*i+base]) % prime
		}
	}
	ratio := mul(output, inverse(below))
	row := make([]uint64, len(a.truth))
	for _, i := range members {
		row[unknowns*i+makes], row[unknowns*i+base] = 1, prime-ratio
	}
	a.known.add(row)
}

// The test itself would notice: of two trades of a town nothing but the sum is
// published, with the capacity utilisation of all three cells.
func TestChain(t *testing.T) {
	a := newAttack([]crowd{{now: []string{"镇", "机织"}, ratio: true}, {now: []string{"镇", "针织"}, ratio: true}})
	a.known.add(a.level("镇", makes))
	a.learn(true, "镇", couldMake, func(c crowd) bool { return c.ratio })
	a.learn(true, "机织", couldMake, func(c crowd) bool { return c.ratio })
	if _, left := a.known.rest(a.level("机织", makes)); left < 0 {
		t.Error("two equations for four unknowns told one")
	}
	a.learn(true, "针织", couldMake, func(c crowd) bool { return c.ratio })
	if _, left := a.known.rest(a.level("机织", makes)); left >= 0 {
		t.Error("the ratios of both trades and of their town tell their outputs")
	}
}

// The test itself would notice: one town withheld beside its county's total.
func TestFollowing(t *testing.T) {
	cells := []seenCell{{"县", true, []string{"甲", "乙"}}, {"甲", true, []string{"甲"}}, {"乙", false, []string{"乙"}}}
	if got := following(cells); len(got) != 1 || got[0] != "乙" {
		t.Error(got)
	}
	cells[1].shown = false
	if got := following(cells); got != nil {
		t.Error(got)
	}
}
