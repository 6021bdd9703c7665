// Package dashboards holds the boards that people look at: one strict YAML a
// board, checked against the contracts, and the SQL that each panel asks with
// the reader's choices put in. What draws them, Grafana or the built-in pages,
// stands elsewhere.
package dashboards

import "slices"

// A Board is one screen: variables that the reader sets, and panels that each
// ask one query.
type Board struct {
	// UID is <domain>-<file name>, from where the file stands.
	UID string `yaml:"-"`
	// Domain is the folder that the file stands in; who may not read the domain
	// does not see the board.
	Domain      string     `yaml:"-"`
	Title       string     `yaml:"title"`
	Folder      string     `yaml:"folder"` // what it is filed under
	Description string     `yaml:"description"`
	Variables   []Variable `yaml:"variables"`
	// Panels begin with the header that every board has, what day the data speak
	// of, and end with the list of its sources (HeaderID, SourcesID).
	Panels []Panel `yaml:"panels"`

	File string `yaml:"-"`
}

// A Kind of variable.
type VariableKind string

// How a variable gets its values.
const (
	RegionVariable VariableKind = "region" // the regions that hold rows of Table, for drilling down
	PeriodVariable VariableKind = "period" // 日, 周, 月
	QueryVariable  VariableKind = "query"  // what SQL returns as __text and __value
	ListVariable   VariableKind = "list"   // Options as written
	TextVariable   VariableKind = "text"   // what the reader types
)

// A Variable is a choice of the reader's. Panels use it as ${name}, which
// always becomes one quoted literal.
type Variable struct {
	Name  string       `yaml:"name"`
	Title string       `yaml:"title"`
	Kind  VariableKind `yaml:"kind"`
	// Table is, for a region, the table whose regions are offered.
	Table string `yaml:"table"`
	// SQL returns the columns __text and __value, in the order in which they
	// are offered; Load writes it for a region. It may use the variables that
	// stand before this one.
	SQL string `yaml:"sql"`
	// Options are the fixed choices of a period or a list.
	Options []Option `yaml:"options"`
	// Subject is, for a query variable that says what the board is about, such as
	// one issue, the SQL that returns __text and __value of ${name} itself, where
	// the reader may know of it at all. An address may ask for what the choices
	// before it do not offer; for nothing, never is something else shown instead.
	Subject string `yaml:"subject"`
	// Default is chosen until the reader chooses; empty: the first offered.
	Default string `yaml:"default"`
}

// An Option is one choice of a variable.
type Option struct {
	Text  string `yaml:"text"`
	Value string `yaml:"value"`
}

// PanelKind is how a panel's rows are drawn.
type PanelKind string

// The kinds, and what their columns mean, in order.
const (
	Stat      PanelKind = "stat"      // each column of the first row is a number or a word to show large
	Line      PanelKind = "line"      // a day, then one or more numbers
	Bar       PanelKind = "bar"       // a label, then one or more numbers
	Table     PanelKind = "table"     // any columns
	Pie       PanelKind = "pie"       // a label, a number
	Map       PanelKind = "map"       // a label, longitude, latitude, a number; further columns are for links
	WordCloud PanelKind = "wordcloud" // a word, its weight; further columns are for the tooltip
	Crosstab  PanelKind = "crosstab"  // the label of the row, the label of the column, the number where they meet
)

// A Panel is one query and how its rows are drawn.
type Panel struct {
	ID    string    `yaml:"id"` // unique on the board: lower-case letters, digits, -
	Title string    `yaml:"title"`
	Kind  PanelKind `yaml:"kind"`
	SQL   string    `yaml:"sql"`
	// Columns are what the SQL returns, in order.
	Columns []Column `yaml:"columns"`
	// Unit and Decimals hold for every column of numbers that has none of its
	// own. A nil Decimals shows as many as there are, at most two.
	Unit     string `yaml:"unit"`
	Decimals *int   `yaml:"decimals"`
	// Thresholds colour numbers; the first holds from the bottom.
	Thresholds []Threshold `yaml:"thresholds"`
	// Caption names tables and columns (ads.x or ads.x.column) whose 口径 the
	// reader is shown; Note adds a sentence of the board's own.
	Caption []string `yaml:"caption"`
	Note    string   `yaml:"note"`
	// Explain is the caption as text, a line each; Load writes it.
	Explain []string `yaml:"-"`
	Grid    Grid     `yaml:"grid"`
	// Stacked sets bars on one another, Horizontal lays them down.
	Stacked    bool `yaml:"stacked"`
	Horizontal bool `yaml:"horizontal"`
	// Link leads from a row, a point or a bar to another board. A column may
	// have its own.
	Link *Link `yaml:"link"`
	// Empty is what to say when there are no rows.
	Empty string `yaml:"empty"`
	// Tables are the tables that the SQL reads; Load finds them.
	Tables []string `yaml:"-"`
}

// A Column is one column of a panel's rows.
type Column struct {
	Name string `yaml:"name"`
	// Of is the contract's column (ads.x.column) that lends title and unit;
	// empty: the column of the same name of a table that the SQL reads.
	Of    string `yaml:"of"`
	Title string `yaml:"title"`
	// Unit, when empty, is lent like the title; NoUnit is none.
	Unit     string `yaml:"unit"`
	Decimals *int   `yaml:"decimals"`
	Link     *Link  `yaml:"link"`
	// Hidden columns are not shown: links take values from them.
	Hidden bool `yaml:"hidden"`
	// Marks colours words by how they begin: {难点: red}.
	Marks map[string]string `yaml:"marks"`
	// Gauge draws a bar behind the number, in tables.
	Gauge bool `yaml:"gauge"`
	// Align is right for words that stand for numbers; empty: by the type.
	Align string `yaml:"align"`
	// Width of the column in tables, in pixels; 0 leaves it to the drawer.
	Width int `yaml:"width"`
}

// NoUnit is the unit of a column that has none, whatever the contract says: the
// SQL has put it into the words.
const NoUnit = "无"

// A Threshold colours numbers from a value on.
type Threshold struct {
	From  *float64 `yaml:"from"` // nil, the first only: from the bottom
	Color string   `yaml:"color"`
}

// A Grid is where a panel stands, on 24 columns; a row is 30 pixels high.
type Grid struct {
	X int `yaml:"x"`
	Y int `yaml:"y"`
	W int `yaml:"w"`
	H int `yaml:"h"`
}

// A Link leads to a board. The variables that both boards have keep their
// values, unless Values says otherwise.
type Link struct {
	Board string `yaml:"board"` // UID
	Title string `yaml:"title"`
	// Values sets variables of the other board from columns of the row.
	Values map[string]string `yaml:"values"`
	// Passes are the variables whose values go along, since both boards have
	// them and Values does not set them; Load finds them.
	Passes []string `yaml:"-"`
}

// Colors are the names that thresholds and marks may use.
var Colors = []string{"green", "blue", "yellow", "orange", "red", "purple", "gray"}

// Panel returns the panel of that id.
func (b *Board) Panel(id string) (*Panel, bool) {
	i := slices.IndexFunc(b.Panels, func(p Panel) bool { return p.ID == id })
	if i < 0 {
		return nil, false
	}
	return &b.Panels[i], true
}

// Variable returns the variable of that name.
func (b *Board) Variable(name string) (*Variable, bool) {
	i := slices.IndexFunc(b.Variables, func(v Variable) bool { return v.Name == name })
	if i < 0 {
		return nil, false
	}
	return &b.Variables[i], true
}

// Column returns the column of that name.
func (p *Panel) Column(name string) (*Column, bool) {
	i := slices.IndexFunc(p.Columns, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return nil, false
	}
	return &p.Columns[i], true
}
