package dim

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"zhicang/models"
	"zhicang/transform"
)

// ageTable says how new the data are that each published table is made of.
const ageTable = "dim.data_age"

// paceWords are the paces in the words of the table's readers.
var paceWords = map[models.Pace]string{models.Daily: "每日", models.Monthly: "每月", models.Yearly: "每年", models.OnChange: "不定期"}

// paceParameters are the parameters that say when data of a pace are late and
// stale.
var paceParameters = map[models.Pace][2]string{
	models.Daily:   {"platform.data.late_days", "platform.data.stale_days"},
	models.Monthly: {"platform.data.month_late_days", "platform.data.month_stale_days"},
	models.Yearly:  {"platform.data.year_late_days", "platform.data.year_stale_days"},
}

// dataAge tells the age of the data: of every published table, from what it is
// made, and of that the newest day that each system delivered. The lake alone
// is asked, so that a publication says how new it is itself and not what has
// landed since.
type dataAge struct {
	catalog *models.Catalog
	asOf    time.Time
	sources map[string][]string // published table → ods tables
	order   []string            // the published tables
}

func ageStep(cat *models.Catalog, asOf time.Time) transform.Step {
	a := &dataAge{catalog: cat, asOf: asOf}
	return transform.Step{
		Table: ageTable, Inputs: a.inputs(), Connected: a.connect, Build: a.build,
		Version: func() string {
			rows := [][]any{{"1"}}
			for _, t := range a.order {
				for _, from := range a.sources[t] {
					c, _ := cat.Contract(from)
					_, every := c.Pace()
					rows = append(rows, []any{t, from, c.Title, every})
				}
			}
			return digest(rows)
		},
	}
}

// inputs ask every table of the lake what day it speaks of, by system. A month
// speaks of all its days; what lies ahead, such as a meeting that is planned,
// makes nothing newer.
func (a *dataAge) inputs() map[string]string {
	inputs := map[string]string{}
	for _, c := range a.catalog.Contracts() {
		if c.Layer() != "ods" {
			continue
		}
		by, _ := c.Pace()
		day := fmt.Sprintf("CAST(o.%s AS DATE)", by.LandedName())
		last := day
		if by.Month {
			last = fmt.Sprintf("least(last_day_of_month(%s), n.as_of)", day)
		}
		inputs[c.Table] = fmt.Sprintf(`SELECT o.source_system, max(CASE WHEN %s <= n.as_of AND (o.deleted IS NULL OR NOT o.deleted) THEN %s END) AS newest_day
FROM %s AS o
CROSS JOIN dim.run AS n
GROUP BY o.source_system`, day, last, c.Table)
	}
	return inputs
}

// connect finds out what the published tables are made of.
func (a *dataAge) connect(g *transform.Graph) {
	a.sources, a.order = map[string][]string{}, nil
	for _, t := range g.Order() {
		n, _ := g.Node(t)
		if t == ageTable || !n.Contract.Published() {
			continue
		}
		for _, up := range g.Upstream(t) {
			if models.Layer(up) == "ods" {
				a.sources[t] = append(a.sources[t], up)
			}
		}
		a.order = append(a.order, t)
	}
}

// A delivery is the newest day of what a system delivered to a table.
type delivery struct {
	system string
	newest sql.NullTime
}

func (a *dataAge) build(ctx context.Context, b *transform.Build) error {
	known := map[string][]delivery{}
	for _, t := range a.order {
		for _, from := range a.sources[t] {
			if _, asked := known[from]; !asked {
				list, err := deliveries(ctx, b, from)
				if err != nil {
					return err
				}
				known[from] = list
			}
			if err := a.emit(ctx, b, t, from, known[from]); err != nil {
				return err
			}
		}
	}
	return nil
}

func deliveries(ctx context.Context, b *transform.Build, from string) (list []delivery, err error) {
	rows, err := b.Query(ctx, from)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var d delivery
		if err := rows.Scan(&d.system, &d.newest); err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	if len(list) == 0 {
		list = []delivery{{}}
	}
	slices.SortFunc(list, func(a, b delivery) int {
		if a.system < b.system {
			return -1
		}
		return 1
	})
	return list, rows.Err()
}

func (a *dataAge) emit(ctx context.Context, b *transform.Build, table, from string, list []delivery) error {
	c, _ := a.catalog.Contract(from)
	_, every := c.Pace()
	var bounds [2]any
	if names, ok := paceParameters[every]; ok {
		for i, name := range names {
			days, err := a.days(name)
			if err != nil {
				return err
			}
			bounds[i] = days
		}
	}
	for _, d := range list {
		var newest any
		if d.newest.Valid {
			newest = d.newest.Time
		}
		if err := b.Emit(ctx, table, from, c.Title, d.system, paceWords[every], newest, bounds[0], bounds[1]); err != nil {
			return err
		}
	}
	return nil
}

// days is a parameter's number of days on the day of the run.
func (a *dataAge) days(name string) (int32, error) {
	p, ok := a.catalog.Parameter(name)
	if !ok {
		return 0, fmt.Errorf("there is no parameter %s", name)
	}
	v, err := p.On(a.asOf)
	if err != nil {
		return 0, err
	}
	if v.Value == nil {
		return 0, fmt.Errorf("parameter %s is no number", name)
	}
	return int32(*v.Value), nil
}
