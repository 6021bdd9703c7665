package industry

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/transform/disclosure"
)

// operationVersion changes when other cells would be published.
const operationVersion = 3

// A quantity is what enterprises contribute to: a sum, both sides of a ratio, or
// the answers to one question. Who is too few for one may not be for another.
type quantity int

const (
	output quantity = iota
	overYear
	overMonth
	capacity
	power
	orders
	labour
	currentClimate
	expectedClimate
	newOrders
	production
	employment
	delivery
	inventory
	reported   // so many are counted in the input
	elasticity = reported
	quantities = reported + 1
)

// contributions are, for each quantity that is counted in the input, the columns
// of dwd.industry_measure that an enterprise adds to both sides of it. Answers
// are counted.
var contributions = [reported]struct{ numerator, denominator string }{
	output:          {"output", "output"},
	overYear:        {"yoy_output", "yoy_base"},
	overMonth:       {"mom_output", "mom_base"},
	capacity:        {"used_output", "used_capacity"},
	power:           {"power_kwh", "power_kwh_base"},
	orders:          {"order_hours", "order_available"},
	labour:          {"labour_short", "labour_needed"},
	currentClimate:  {"", "current_climate"},
	expectedClimate: {"", "expected_climate"},
	newOrders:       {"", "new_orders"},
	production:      {"", "production"},
	employment:      {"", "employment"},
	delivery:        {"", "delivery"},
	inventory:       {"", "inventory"},
}

type measure struct {
	column string
	from   []quantity
}

// measures are the columns of the operation table after the counts, in the
// contract's order, and what each rests on: it is shown where all of it may be.
var measures = []measure{
	{"output", []quantity{output}},
	{"output_yoy", []quantity{overYear}},
	{"output_mom", []quantity{overMonth}},
	{"capacity_utilisation", []quantity{capacity}},
	{"electricity_yoy", []quantity{power}},
	{"electricity_elasticity", []quantity{elasticity}},
	{"diffusion_index", []quantity{production}},
	{"climate_index", []quantity{currentClimate, expectedClimate}},
	{"pmi", []quantity{newOrders, production, employment, delivery, inventory}},
	{"order_saturation", []quantity{orders}},
	{"labour_gap", []quantity{labour}},
}

// changes are the ratios that are growth, by their place after output.
var changes = []int{0, 1, 3} // 同比, 环比, 用电同比

// elasticityRatio is the place of 用电弹性 after output.
const elasticityRatio = 4

// operationStep copies the operation table without what may not be published.
func operationStep(cfg Config) transform.Step {
	return transform.Step{
		Table:   "ads.industry_operation",
		Version: func() string { return fmt.Sprint(operationVersion) },
		Inputs: map[string]string{
			"cell": `SELECT month, region_code, segment, enterprises, reporting, doubtful, panel, mom_panel,
					coalesce(CAST(yoy_output AS DOUBLE), 0), coalesce(CAST(yoy_base AS DOUBLE), 0),
					coalesce(CAST(mom_output AS DOUBLE), 0), coalesce(CAST(mom_base AS DOUBLE), 0),
					CAST(output * 100 AS BIGINT) AS cents, output_yoy, output_mom, capacity_utilisation, electricity_yoy, electricity_elasticity,
					diffusion_index, climate_index, pmi, order_saturation, labour_gap
				FROM dws.industry_operation ORDER BY month, region_code, segment`,
			"atom":      atomQuery(),
			"ancestor":  `SELECT region_code, ancestor_code FROM dim.region_ancestor ORDER BY region_code, ancestor_code`,
			"published": `SELECT month, region_code, segment FROM ads.industry_operation WHERE output IS NOT NULL`,
		},
		Build: func(ctx context.Context, b *transform.Build) error { return buildOperation(ctx, b, cfg) },
	}
}

// atomQuery reads for each quantity who reports it, who of them adds anything, and
// how much there is to hide: what they add to the denominator. Sums are of
// decimals, so that they are the same in whatever order they are added up.
func atomQuery() string {
	columns := []string{"region_code", "array_join(segments, '|') AS segments"}
	for _, c := range contributions {
		format := "count(%[2]s), count(CASE WHEN %[1]s <> 0 OR %[2]s <> 0 THEN 1 END), CAST(coalesce(sum(%[2]s), 0) AS DOUBLE)"
		if c.numerator == "" {
			format = "count(%[2]s), count(%[2]s), CAST(count(%[2]s) AS DOUBLE)"
		}
		columns = append(columns, fmt.Sprintf(format, c.numerator, c.denominator))
	}
	return "SELECT " + strings.Join(columns, ", ") +
		" FROM dwd.industry_measure GROUP BY region_code, array_join(segments, '|') ORDER BY region_code, segments"
}

// allSegments is the segment of every enterprise.
const allSegments = "全部"

type cellKey struct{ region, segment string }

// A panel is who counts for a change, and the sums of both sides in yuan.
type panel struct {
	enterprises  int64
	output, base float64
}

// A cell is one row of the operation table before it is decided what of it may
// be shown.
type cell struct {
	cellKey
	enterprises, reporting, doubtful int64
	year, month                      panel
	cents                            sql.NullInt64
	ratios                           [10]sql.NullFloat64 // the measures after output
}

// A level is the output of a cell in an earlier month.
type level struct {
	reporting int64
	output    float64
	published bool
}

// operationMonth holds everything about the cells of the month and of those
// before.
type operationMonth struct {
	day   time.Time
	cells []cell
	past  map[time.Time]map[cellKey]level
}

func buildOperation(ctx context.Context, b *transform.Build, cfg Config) error {
	var r publication
	var least float64
	err := cfg.parameters(b.Month, "industry.disclosure.", map[string]*float64{
		"min_enterprises": &least, "protection": &r.Protection, "growth_places": &r.places,
	})
	if err != nil {
		return err
	}
	r.Min = int(least)
	m, err := readOperation(ctx, b)
	if err != nil {
		return err
	}
	g, err := readGrid(ctx, b, m)
	if err != nil {
		return err
	}
	plans := g.protect(m, r)
	for i, c := range m.cells {
		for _, k := range changes {
			c.ratios[k].Float64 = r.round(c.ratios[k].Float64)
		}
		if err := emitCell(ctx, b, m.day, c, plans.shown(i)); err != nil {
			return err
		}
	}
	return nil
}

func readOperation(ctx context.Context, b *transform.Build) (*operationMonth, error) {
	day, err := firstDay(b.Month)
	if err != nil {
		return nil, err
	}
	m := &operationMonth{day: day, past: map[time.Time]map[cellKey]level{}}
	err = each(ctx, b, "cell", func(r *sql.Rows) error {
		var c cell
		var month time.Time
		into := []any{
			&month, &c.region, &c.segment, &c.enterprises, &c.reporting, &c.doubtful, &c.year.enterprises, &c.month.enterprises,
			&c.year.output, &c.year.base, &c.month.output, &c.month.base, &c.cents,
		}
		for i := range c.ratios {
			into = append(into, &c.ratios[i])
		}
		if err := r.Scan(into...); err != nil {
			return err
		}
		if month.Equal(day) {
			m.cells = append(m.cells, c)
			return nil
		}
		if m.past[month] == nil {
			m.past[month] = map[cellKey]level{}
		}
		m.past[month][c.cellKey] = level{reporting: c.reporting, output: float64(c.cents.Int64) / 100}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, each(ctx, b, "published", func(r *sql.Rows) error {
		var month time.Time
		var k cellKey
		if err := r.Scan(&month, &k.region, &k.segment); err != nil {
			return err
		}
		if l, ok := m.past[month][k]; ok {
			l.published = true
			m.past[month][k] = l
		}
		return nil
	})
}

// A grid is how the cells of a month are made of atoms.
type grid struct {
	index  map[cellKey]int // the cells of the table
	hidden map[cellKey]int // what is left of a region without a segment
	atoms  [quantities][]disclosure.Atom
}

func readGrid(ctx context.Context, b *transform.Build, m *operationMonth) (*grid, error) {
	g := &grid{index: map[cellKey]int{}, hidden: map[cellKey]int{}}
	segments := map[string]bool{}
	for i, c := range m.cells {
		g.index[c.cellKey], segments[c.segment] = i, true
	}
	ancestors := map[string][]string{}
	err := each(ctx, b, "ancestor", func(r *sql.Rows) error {
		var region, ancestor string
		if err := r.Scan(&region, &ancestor); err != nil {
			return err
		}
		ancestors[region] = append(ancestors[region], ancestor)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g, each(ctx, b, "atom", func(r *sql.Rows) error {
		var row, column string
		var counts, adding [quantities]int
		var values [quantities]float64
		into := []any{&row, &column}
		for q := range reported {
			into = append(into, &counts[q], &adding[q], &values[q])
		}
		if err := r.Scan(into...); err != nil {
			return err
		}
		counts[elasticity], adding[elasticity], values[elasticity] = counts[power], adding[power], values[power]
		cells := g.cellsOf(ancestors[row], strings.Split(column, "|"), segments)
		for q := range g.atoms {
			a := disclosure.Atom{Row: row, Column: column, Cells: cells, Count: counts[q], Zeros: counts[q] - adding[q], Value: values[q]}
			g.atoms[q] = append(g.atoms[q], a)
		}
		return nil
	})
}

// publicationPlans say for every quantity of which cells it may be shown.
type publicationPlans [quantities]disclosure.Plan

// shown are the measures of a cell that may be published.
func (p *publicationPlans) shown(cell int) []bool {
	shown := make([]bool, len(measures))
	for i, measure := range measures {
		shown[i] = !slices.ContainsFunc(measure.from, func(q quantity) bool { return !p[q].Published[cell] })
	}
	return shown
}

// protect plans the publication of every quantity: output first, since a ratio
// of outputs is shown only where all levels that it is made of are. Other reports
// that leave the published levels as they are then leave the published ratios as
// they are, too; without that, ratios of several cells would tell their levels.
func (g *grid) protect(m *operationMonth, r publication) (plans publicationPlans) {
	overYearOf := m.presences(yearBefore(m.day), r)
	overMonthOf := m.presences(monthsBefore(m.day), r)
	for q := range plans {
		t := disclosure.Table{Shown: len(m.cells), Hidden: len(g.hidden), Atoms: g.atoms[q]}
		may := func(int) bool { return true }
		change := func(all []presence) {
			shown := make([]bool, len(m.cells))
			for i := range shown {
				shown[i] = plans[output].Published[i] && all[i].levelsShown()
			}
			t.Withheld, may = m.telling(g, all, shown, r), func(i int) bool { return shown[i] }
		}
		switch quantity(q) {
		case overYear:
			change(overYearOf)
		case overMonth:
			change(overMonthOf)
		case capacity:
			may = func(i int) bool { return plans[output].Published[i] }
		case elasticity:
			// Together with the growth of electricity it tells that of output,
			// finer than it is rounded where it is above 1, and the other way round.
			may = func(i int) bool {
				finer := math.Abs(m.cells[i].ratios[elasticityRatio].Float64) > 1
				return plans[overYear].Published[i] && plans[power].Published[i] && !(finer && overYearOf[i].fewMoved(r.Rule))
			}
		}
		plans[q] = disclosure.Protect(t, r.Rule)
		for i, ok := range plans[q].Published[:len(m.cells)] {
			plans[q].Published[i] = ok && may(i)
		}
	}
	return plans
}

// cellsOf are the cells that enterprises of these regions and segments add to:
// those of the table, for every segment that they are not in the rest of the
// region without it, and for every two that they are in what the two share.
func (g *grid) cellsOf(regions, own []string, all map[string]bool) []int {
	var cells []int
	for _, region := range regions {
		for i, a := range own {
			for _, b := range own[:i] {
				if a != allSegments && b != allSegments {
					cells = append(cells, g.hide(cellKey{region, b + "∩" + a}))
				}
			}
		}
		for _, segment := range slices.Sorted(maps.Keys(all)) {
			k := cellKey{region, segment}
			i, ok := g.index[k]
			if !slices.Contains(own, segment) {
				i, ok = g.hide(k), true
			}
			if ok {
				cells = append(cells, i)
			}
		}
	}
	return cells
}

// hide is the place of a cell that is not in the table.
func (g *grid) hide(k cellKey) int {
	i, ok := g.hidden[k]
	if !ok {
		i = len(g.index) + len(g.hidden)
		g.hidden[k] = i
	}
	return i
}

// emitCell emits a cell with what may be shown of it.
func emitCell(ctx context.Context, b *transform.Build, day time.Time, c cell, shown []bool) error {
	row := []any{day, c.region, c.segment, c.enterprises, c.reporting, coverage(c), c.doubtful, c.year.enterprises}
	withheld := []string{}
	for i, measure := range measures {
		var v any
		switch {
		case i == 0 && c.cents.Valid:
			v = models.Cents(c.cents.Int64)
		case i > 0 && c.ratios[i-1].Valid:
			v = c.ratios[i-1].Float64
		}
		if v != nil && !shown[i] {
			v, withheld = nil, append(withheld, measure.column)
		}
		row = append(row, v)
	}
	return b.Emit(ctx, append(row, withheld)...)
}

func coverage(c cell) any {
	if c.enterprises == 0 {
		return nil
	}
	return publication{places: 4}.round(float64(c.reporting) / float64(c.enterprises))
}
