package cli

import (
	"fmt"
	"math/bits"
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
func seenCells(t *testing.T, e *warehouse.Engine, month, column, contributes string) (cells []seenCell) {
	t.Helper()
	rows, err := e.Query(t.Context(), fmt.Sprintf(`SELECT c.region_code || ' ' || c.segment, c.%[1]s IS NOT NULL, string_agg(m.atom, ',')
		FROM ads.industry_operation AS c
		JOIN (
			SELECT a.ancestor_code, m.region_code || array_to_string(m.segments, '|') AS atom, m.segments, sum(CASE WHEN %[2]s IS NULL THEN 0 ELSE 1 END) AS n
			FROM dwd.industry_measure AS m JOIN dim.region_ancestor AS a ON a.region_code = m.region_code
			WHERE m.month = DATE '%[3]s' GROUP BY ALL
		) AS m ON m.ancestor_code = c.region_code AND list_contains(m.segments, c.segment) AND m.n > 0
		WHERE c.month = DATE '%[3]s' AND (c.%[1]s IS NOT NULL OR list_contains(c.withheld, '%[1]s'))
		GROUP BY ALL ORDER BY 1`, column, contributes, month))
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
		"climate_index": "coalesce(current_climate, expected_climate, new_orders, production, employment, delivery, inventory)",
	} {
		for _, month := range []string{"2023-05-01", "2024-02-01", "2025-11-01"} {
			cells := seenCells(t, e, month, column, contributes)
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
