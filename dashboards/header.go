package dashboards

import "fmt"

// headerID is the panel that every board begins with.
const headerID = "as-of"

const headerHeight = 3

// addHeader puts before the board's own panels what day the data are of, how
// old they are and, where a region is chosen, which it is.
func (l *loader) addHeader() error {
	b := l.board
	header := Panel{
		ID: headerID, Title: "数据时点", Kind: Stat,
		SQL: `SELECT CAST(n.as_of AS VARCHAR) AS as_of, date_diff('day', n.as_of, CAST(now() AT TIME ZONE n.timezone AS DATE)) AS age
FROM dim.run AS n`,
		Columns: []Column{
			{Name: "as_of", Title: "数据截至"},
			{Name: "age", Title: "距今", Unit: "天"},
		},
		Caption: []string{"dim.run.as_of"},
		Note:    "距今:今天与数据截至日相差的天数。",
		Grid:    Grid{W: 24, H: headerHeight},
		Empty:   "还没有发布过数据",
	}
	l.colorAge(&header)
	for _, v := range b.Variables {
		if v.Kind == RegionVariable {
			header.SQL = `SELECT CAST(n.as_of AS VARCHAR) AS as_of, date_diff('day', n.as_of, CAST(now() AT TIME ZONE n.timezone AS DATE)) AS age, r.path_name AS region
FROM dim.run AS n
LEFT JOIN dim.region AS r ON r.region_code = ${` + v.Name + `}`
			header.Columns = append(header.Columns, Column{Name: "region", Title: v.Title})
			break
		}
	}
	for i := range b.Panels {
		b.Panels[i].Grid.Y += headerHeight
	}
	tables, err := l.checkSQL("", "panel "+header.Title, header.SQL, b.Variables)
	if err != nil {
		return err
	}
	header.Tables = tables
	if err := l.caption(&header, ""); err != nil {
		return err
	}
	b.Panels = append([]Panel{header}, b.Panels...)
	return nil
}

// colorAge colours the age by the parameters that say when data are late and
// stale, as they stand now.
func (l *loader) colorAge(header *Panel) {
	late, stale := l.newest("platform.data.late_days"), l.newest("platform.data.stale_days")
	if late == nil || stale == nil {
		return
	}
	header.Thresholds = []Threshold{{Color: "green"}, {From: late, Color: "orange"}, {From: stale, Color: "red"}}
	header.Note += fmt.Sprintf("%v天起为橙，%v天起为红。", *late, *stale)
}

// newest is the last value of a parameter; nil where it has none.
func (l *loader) newest(parameter string) *float64 {
	p, ok := l.catalog.Parameter(parameter)
	if !ok || len(p.Values) == 0 {
		return nil
	}
	return p.Values[len(p.Values)-1].Value
}
