package web

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"

	"zhicang/dashboards"
	"zhicang/models"
	"zhicang/serve/reader"
)

// An answer is what a panel shows: its rows, or why there are none. Scripts
// get it as JSON, pages without script are made of it.
type answer struct {
	State   string `json:"state"` // ok, empty or failed
	Message string `json:"message,omitempty"`
	Hint    string `json:"hint,omitempty"`

	Kind   dashboards.PanelKind `json:"kind,omitempty"`
	Title  string               `json:"title,omitempty"`
	Fields []*field             `json:"fields,omitempty"`
	Rows   [][]any              `json:"rows,omitempty"`
	// Links are where the rows lead, as many as there are rows, or none.
	Links      []string `json:"links,omitempty"`
	Steps      []step   `json:"steps,omitempty"`
	Stacked    bool     `json:"stacked,omitempty"`
	Horizontal bool     `json:"horizontal,omitempty"`
	Heat       bool     `json:"heat,omitempty"` // numbers are shaded by their size
	Truncated  bool     `json:"truncated,omitempty"`
	// Linked is the column that carries the rows' links.
	Linked int   `json:"linked"`
	TookMS int64 `json:"took_ms"`
}

// A field is a column of an answer.
type field struct {
	Name     string            `json:"name"`
	Title    string            `json:"title"`
	Kind     string            `json:"kind"` // number, text, day, time or flag
	Unit     string            `json:"unit,omitempty"`
	Decimals int               `json:"decimals"` // -1: as many as there are, at most two
	Marks    map[string]string `json:"marks,omitempty"`
	Gauge    bool              `json:"gauge,omitempty"`
	Align    string            `json:"align,omitempty"` // right: words that stand for numbers
	Links    []string          `json:"links,omitempty"` // where this column's cells lead

	share bool // comes as a part of one
}

// mark is the colour of a word; empty where it has none.
func (f *field) mark(word string) string {
	for prefix, color := range f.Marks {
		if strings.HasPrefix(word, prefix) {
			return color
		}
	}
	return ""
}

// A step colours numbers from a value on; a nil From from the bottom.
type step struct {
	From  *float64 `json:"from"`
	Color string   `json:"color"`
}

// shownRows is how many rows of a panel a page is given; a download has them all.
const shownRows = 1000

// read turns a panel's rows into what is shown of them. values are the board's
// variables, which links hand on.
func (s *Server) read(b *dashboards.Board, p *dashboards.Panel, rows *reader.Rows, values map[string]string) (*answer, error) {
	a := &answer{State: "ok", Kind: p.Kind, Title: p.Title, Stacked: p.Stacked, Horizontal: p.Horizontal}
	for _, t := range p.Thresholds {
		a.Steps = append(a.Steps, step{t.From, t.Color})
	}
	cols := columnsOf(p, rows.Columns())
	for rows.Next() {
		a.add(s, b, p, cols, rows.Values(), values)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	a.Truncated = rows.Truncated()
	for _, c := range cols {
		if !c.Hidden {
			a.Fields = append(a.Fields, c.field)
		}
	}
	a.Linked = a.linked()
	switch {
	case len(a.Rows) == 0:
		return &answer{State: "empty", Kind: p.Kind, Title: p.Title, Message: "没有数据", Hint: p.Empty}, nil
	case p.Kind == dashboards.Crosstab:
		a.cross()
	}
	return a, nil
}

// titled is the rows of a statement over one table, whose contract lends titles
// and units.
func (s *Server) titled(table string, rows *reader.Rows) (*answer, error) {
	p := &dashboards.Panel{Kind: dashboards.Table, Empty: "没有可见的行"}
	if c, ok := s.o.Catalog.Contract(table); ok {
		for _, col := range c.Columns {
			p.Columns = append(p.Columns, dashboards.Column{Name: col.Name, Title: col.Title, Unit: col.Unit})
		}
	}
	a, err := s.read(nil, p, rows, nil)
	if err != nil {
		return nil, err
	}
	for _, row := range a.Rows {
		for i, f := range a.Fields {
			row[i] = s.named(f, row[i])
		}
	}
	return a, nil
}

// named puts the codes that every table has into words.
func (s *Server) named(f *field, v any) any {
	code, _ := v.(string)
	switch f.Name {
	case models.RegionColumn:
		if chain := s.o.Regions.Ancestors(code); len(chain) > 0 {
			return chain[0].Name
		}
	case "period":
		if word, ok := map[string]string{"day": "日", "week": "周", "month": "月"}[code]; ok {
			return word
		}
	}
	return v
}

// A column is a column of a panel together with what the page shows of it.
type column struct {
	dashboards.Column
	*field
}

// columnsOf lays what the board says of its columns over what came.
func columnsOf(p *dashboards.Panel, came []reader.Column) []column {
	cols := make([]column, len(came))
	for i, c := range came {
		said := dashboards.Column{Name: c.Name, Title: c.Name}
		if own, ok := p.Column(c.Name); ok {
			said = *own
		}
		f := &field{Name: c.Name, Title: said.Title, Kind: kindOf(c.Type), Decimals: -1, Marks: said.Marks, Gauge: said.Gauge, Align: said.Align}
		if f.Kind == "number" {
			f.Unit = cmp.Or(said.Unit, p.Unit)
			if f.share = f.Unit == share; f.share {
				f.Unit = "%"
			}
			if d := cmp.Or(said.Decimals, p.Decimals); d != nil {
				f.Decimals = *d
			} else if isWhole(c.Type) {
				f.Decimals = 0
			}
		}
		cols[i] = column{said, f}
	}
	return cols
}

// share is the unit of a part of one, which pages and files show in per cent.
const share = "比例"

// value is a value of the column as pages and files show it.
func (c column) value(raw any) any {
	v := plain(raw, c.Kind)
	switch v := v.(type) {
	case float64:
		if c.share {
			return 100 * v
		}
	case string:
		if m := momentRE.FindStringSubmatch(v); m != nil {
			return m[1]
		}
	}
	return v
}

// momentRE is a moment that a board wrote as text: to whom the fractions of its
// seconds matter, asks the table.
var momentRE = regexp.MustCompile(`^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.\d+$`)

func isWhole(typ string) bool {
	return strings.HasSuffix(typ, "INTEGER") || strings.HasSuffix(typ, "INT")
}

// kindOf is the family of an engine's type that pages tell apart.
func kindOf(typ string) string {
	switch {
	case strings.HasSuffix(typ, "[]"):
		return "text"
	case isWhole(typ), typ == "DOUBLE", typ == "FLOAT", strings.HasPrefix(typ, "DECIMAL"):
		return "number"
	case typ == "DATE":
		return "day"
	case strings.HasPrefix(typ, "TIMESTAMP"):
		return "time"
	case typ == "BOOLEAN":
		return "flag"
	}
	return "text"
}

func (a *answer) add(s *Server, b *dashboards.Board, p *dashboards.Panel, cols []column, raw []any, values map[string]string) {
	byName := make(map[string]string, len(cols))
	shown := make([]any, 0, len(cols))
	for i, c := range cols {
		v := c.value(raw[i])
		byName[c.field.Name] = text(plain(raw[i], c.Kind))
		if !c.Hidden {
			shown = append(shown, v)
		}
	}
	for _, c := range cols {
		if c.Link != nil {
			c.field.Links = append(c.field.Links, s.follow(b, c.Link, byName, values))
		}
	}
	if p.Link != nil {
		a.Links = append(a.Links, s.follow(b, p.Link, byName, values))
	}
	a.Rows = append(a.Rows, shown)
}

// follow is the address that a link leads to from a row: variables that both
// boards have keep their values unless the link sets them.
func (s *Server) follow(from *dashboards.Board, link *dashboards.Link, row, values map[string]string) string {
	to, ok := s.boards.Load().byUID[link.Board]
	if !ok {
		return ""
	}
	q := url.Values{}
	for _, v := range to.Variables {
		if column, ok := link.Values[v.Name]; ok {
			q.Set(v.Name, row[column])
		} else if _, both := from.Variable(v.Name); both && values[v.Name] != "" {
			q.Set(v.Name, values[v.Name])
		}
	}
	return boardPath(to.UID, q)
}

func boardPath(uid string, q url.Values) string {
	if len(q) == 0 {
		return "/boards/" + url.PathEscape(uid)
	}
	return "/boards/" + url.PathEscape(uid) + "?" + q.Encode()
}

// To is where a cell leads: its column's own link, or in the first column of
// words the row's.
func (a *answer) To(row, column int) string {
	if links := a.Fields[column].Links; row < len(links) {
		return links[row]
	}
	if column == a.linked() && row < len(a.Links) {
		return a.Links[row]
	}
	return ""
}

// linked is the column that carries a row's link.
func (a *answer) linked() int {
	for i, f := range a.Fields {
		if f.Kind == "text" && f.Links == nil {
			return i
		}
	}
	return 0
}
