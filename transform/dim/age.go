package dim

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"zhicang/models"
	"zhicang/transform"
)

// ageTable says how new the data are that each published table is made of,
// dayTable which days each table of the lake speaks of.
const (
	ageTable = "dim.data_age"
	dayTable = "dws.data_day"
)

// paceWords are the paces in the words of the table's readers.
var paceWords = map[models.Pace]string{models.Daily: "每日", models.Monthly: "每月", models.Yearly: "每年", models.OnChange: "不定期"}

// paceParameters are the parameters that say when data of a pace are late and
// stale.
var paceParameters = map[models.Pace][2]string{
	models.Daily:   {"platform.data.late_days", "platform.data.stale_days"},
	models.Monthly: {"platform.data.month_late_days", "platform.data.month_stale_days"},
	models.Yearly:  {"platform.data.year_late_days", "platform.data.year_stale_days"},
}

// dayStep asks every table of the lake what days it speaks of, by system. What a
// source deleted speaks of none. It is kept by month, so that the lake is asked
// about the months alone that something has landed in.
func dayStep(cat *models.Catalog) transform.Step {
	var selects []string
	for _, c := range cat.Contracts() {
		if c.Layer() != "ods" {
			continue
		}
		by, _ := c.Pace()
		month, _ := c.Column(c.Partition)
		day := fmt.Sprintf("CAST(o.%s AS DATE)", by.LandedName())
		last := day
		if by.Month { // a month speaks of all its days
			last = fmt.Sprintf("CAST(last_day_of_month(%s) AS DATE)", day)
		}
		deleted := "o.deleted IS NULL OR NOT o.deleted"
		selects = append(selects, fmt.Sprintf(`SELECT DISTINCT
  CAST(date_trunc('month', o.%s) AS DATE) AS month, '%s' AS source_table, o.source_system,
  CASE WHEN %s THEN %s END AS day, CASE WHEN %s THEN %s END AS last_day
FROM %s AS o`, month.LandedName(), c.Table, deleted, day, deleted, last, c.Table))
	}
	return transform.Step{Table: dayTable, SQL: strings.Join(selects, "\nUNION ALL\n")}
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
		Table: ageTable, Inputs: map[string]string{dayTable: newestDays}, Connected: a.connect, Build: a.build,
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

// newestDays asks what day each table of the lake speaks of, by system. What lies
// ahead, such as a meeting that is planned, makes nothing newer.
const newestDays = `SELECT d.source_table, d.source_system, max(CASE WHEN d.day <= n.as_of THEN least(d.last_day, n.as_of) END) AS newest_day
FROM dws.data_day AS d
CROSS JOIN dim.run AS n
GROUP BY d.source_table, d.source_system`

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
	known, err := deliveries(ctx, b)
	if err != nil {
		return err
	}
	for _, t := range a.order {
		for _, from := range a.sources[t] {
			if err := a.emit(ctx, b, t, from, known[from]); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliveries lists what each table of the lake got, by system.
func deliveries(ctx context.Context, b *transform.Build) (map[string][]delivery, error) {
	rows, err := b.Query(ctx, dayTable)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	known := map[string][]delivery{}
	for rows.Next() {
		var table string
		var d delivery
		if err := rows.Scan(&table, &d.system, &d.newest); err != nil {
			return nil, err
		}
		known[table] = append(known[table], d)
	}
	for _, list := range known {
		slices.SortFunc(list, func(a, b delivery) int { return strings.Compare(a.system, b.system) })
	}
	return known, rows.Err()
}

func (a *dataAge) emit(ctx context.Context, b *transform.Build, table, from string, list []delivery) error {
	if len(list) == 0 {
		list = []delivery{{}} // nothing has ever come
	}
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
