package dashboards

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"zhicang/models"
)

// Load reads every board, <domain>/<name>.yaml, by domain and name. An unknown
// key, a link that leads nowhere, a table that readers can't reach, a column
// that is gone: each is a *models.FileError with file, line and a hint.
func Load(fsys fs.FS, cat *models.Catalog) ([]*Board, error) {
	boards, broken, err := LoadEach(fsys, cat)
	if err == nil && len(broken) > 0 {
		err = broken[0].Err
	}
	if err != nil {
		return nil, err
	}
	return boards, nil
}

// A Broken board is one whose file is no good: it names a column that is gone,
// say.
type Broken struct {
	UID, Domain   string
	Title, Folder string // as far as they could be read
	File          string
	Err           error // a *models.FileError
}

// Finding is what a check of the boards says of it.
func (b Broken) Finding() Finding {
	f := Finding{Board: b.UID, Panel: "-", Title: b.Title}
	f.fail(b.Err)
	return f
}

// LoadEach is Load for those who show what can be shown: a board that is no good
// does not keep the others away. The error is that of a file that can't be read.
func LoadEach(fsys fs.FS, cat *models.Catalog) (boards []*Board, broken []Broken, err error) {
	files, err := fs.Glob(fsys, "*/*.yaml")
	if err != nil {
		return nil, nil, err
	}
	slices.Sort(files)
	var loaders []*loader
	all := map[string]*Board{} // nil for one that is broken
	fail := func(l *loader, err error) {
		b := l.board
		name := strings.TrimSuffix(path.Base(l.file), ".yaml")
		one := Broken{UID: path.Dir(l.file) + "-" + name, Domain: path.Dir(l.file), Title: cmp.Or(b.Title, name), Folder: b.Folder, File: l.file, Err: err}
		broken = append(broken, one)
		all[one.UID] = nil
	}
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, nil, err
		}
		l := &loader{file: file, data: data, catalog: cat, board: &Board{File: file}}
		if err := l.read(); err != nil {
			fail(l, err)
			continue
		}
		loaders = append(loaders, l)
		all[l.board.UID] = l.board
	}
	for _, l := range loaders {
		if err := l.checkLinks(all); err != nil {
			fail(l, err)
			continue
		}
		boards = append(boards, l.board)
	}
	return boards, broken, nil
}

// A loader reads one board's file.
type loader struct {
	file    string
	data    []byte
	catalog *models.Catalog
	board   *Board
}

var (
	domainRE = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	nameRE   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	idRE     = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
)

// fail is an error about what stands at a path of the file.
func (l *loader) fail(at, try, format string, args ...any) error {
	return &models.FileError{File: l.file, Line: models.LineOf(l.data, at), Msg: fmt.Sprintf(format, args...), Try: try}
}

func (l *loader) read() error {
	b := l.board
	if err := models.DecodeYAML(l.file, l.data, b); err != nil {
		return err
	}
	b.Domain = path.Dir(l.file)
	name := strings.TrimSuffix(path.Base(l.file), ".yaml")
	b.UID = b.Domain + "-" + name
	if !domainRE.MatchString(b.Domain) || !idRE.MatchString(name) || len(b.UID) > 40 {
		return l.fail("", "<domain>/<name>.yaml in lower-case letters, digits and -, at most 40 together", "the file's name gives no board's id")
	}
	switch {
	case b.Title == "" || b.Folder == "":
		return l.fail("title", "say what the board is called and what folder it lies in", "title and folder are required")
	case len(b.Panels) == 0:
		return l.fail("panels", "add one", "the board has no panels")
	}
	for i := range b.Variables {
		if err := l.variable(i); err != nil {
			return err
		}
	}
	for i := range b.Panels {
		if err := l.panel(i); err != nil {
			return err
		}
	}
	if err := l.checkGrid(); err != nil {
		return err
	}
	return l.addAge()
}

func (l *loader) variable(i int) error {
	v := &l.board.Variables[i]
	at := fmt.Sprintf("variables[%d]", i)
	fail := func(key, try, format string, args ...any) error {
		return l.fail(at+key, try, "board %s, variable %s: %s", l.board.UID, v.Name, fmt.Sprintf(format, args...))
	}
	if !nameRE.MatchString(v.Name) || slices.ContainsFunc(l.board.Variables[:i], func(o Variable) bool { return o.Name == v.Name }) {
		return fail(".name", "lower-case letters, digits and _, each name once", "no good name")
	}
	if v.Title == "" {
		return fail("", "add `title:`", "has no title")
	}
	switch v.Kind {
	case RegionVariable:
		sql, err := l.regionSQL(v.Table)
		if err != nil {
			return fail(".table", "name a published table with region_code", "%v", err)
		}
		v.SQL = sql
	case PeriodVariable:
		if len(v.Options) == 0 {
			v.Options = []Option{{"日", "day"}, {"周", "week"}, {"月", "month"}}
		}
	case QueryVariable:
		if v.SQL == "" {
			return fail("", "add `sql:` that returns __text and __value", "has no sql")
		}
		if _, err := l.checkSQL(at, "variable "+v.Name, v.SQL, l.board.Variables[:i]); err != nil {
			return err
		}
	case ListVariable:
		if len(v.Options) == 0 {
			return fail("", "add `options:`", "offers nothing")
		}
	case TextVariable:
	default:
		return fail(".kind", "region, period, query, list or text", "%q is no kind of variable", v.Kind)
	}
	if v.Subject != "" {
		if v.Kind != QueryVariable {
			return fail(".subject", "leave it out", "subject is for a variable with sql")
		}
		if _, err := l.checkSQL(at, "variable "+v.Name+", subject", v.Subject, l.board.Variables[:i+1]); err != nil {
			return err
		}
	}
	for i, o := range v.Options {
		// Grafana writes the choices as one text, in which these part them.
		if o.Text == "" || o.Value == "" || strings.ContainsAny(o.Text+o.Value, ",:") {
			return fail(fmt.Sprintf(".options[%d]", i), "give text and value, without commas and colons", "options[%d] is no good", i)
		}
	}
	if v.Default != "" && len(v.Options) > 0 && !slices.ContainsFunc(v.Options, func(o Option) bool { return o.Value == v.Default }) {
		return fail(".default", "take the value of one of its options", "%q is not offered", v.Default)
	}
	return nil
}

// regionSQL offers the regions that hold rows of the table, which is already
// cut to what the reader may see: the highest first, then by code. The code
// stands in the text as well, since many towns share a name.
func (l *loader) regionSQL(table string) (string, error) {
	c, ok := l.catalog.Contract(table)
	if !ok || !c.Published() {
		return "", fmt.Errorf("%q is no published table", table)
	}
	if _, ok := c.Column(models.RegionColumn); !ok {
		return "", fmt.Errorf("%s has no column %s", table, models.RegionColumn)
	}
	return `SELECT concat(r.path_name, ' ', r.region_code) AS __text, r.region_code AS __value
FROM dim.region AS r
WHERE r.region_code IN (SELECT t.region_code FROM ` + table + ` AS t)
ORDER BY r.level, r.region_code`, nil
}

var panelKinds = []PanelKind{Stat, Line, Bar, Table, Pie, Map, WordCloud, Crosstab}

func (l *loader) panel(i int) error {
	p := &l.board.Panels[i]
	at := fmt.Sprintf("panels[%d]", i)
	fail := func(key, try, format string, args ...any) error {
		return l.fail(at+key, try, "board %s, panel %s: %s", l.board.UID, p.Title, fmt.Sprintf(format, args...))
	}
	switch {
	case !idRE.MatchString(p.ID) || isOurs(p.ID) || slices.ContainsFunc(l.board.Panels[:i], func(o Panel) bool { return o.ID == p.ID }):
		return fail(".id", "lower-case letters, digits and -, each id once; "+takenIDs, "%q is no good id", p.ID)
	case p.Title == "":
		return fail("", "add `title:`", "has no title")
	case !slices.Contains(panelKinds, p.Kind):
		return fail(".kind", fmt.Sprint(panelKinds), "%q is no kind of panel", p.Kind)
	case len(p.Columns) < leastColumns[p.Kind]:
		return fail(".columns", "list what the SQL returns, in order", "a %s needs at least %d columns", p.Kind, leastColumns[p.Kind])
	case p.Empty == "":
		return fail("", "add `empty:`, what to tell the reader then", "does not say what it shows when there are no rows")
	case (p.Stacked || p.Horizontal) && p.Kind != Bar:
		return fail("", "leave it out", "stacked and horizontal are for bars")
	case len(p.Thresholds) > 0 && p.Kind != Stat && p.Kind != Bar:
		return fail(".thresholds", "leave them out", "thresholds are for stat and bar")
	}
	tables, err := l.checkSQL(at, "panel "+p.Title, p.SQL, l.board.Variables)
	if err != nil {
		return err
	}
	p.Tables = tables
	for j := range p.Columns {
		if err := l.column(p, fmt.Sprintf("%s.columns[%d]", at, j), &p.Columns[j]); err != nil {
			return err
		}
	}
	for j, t := range p.Thresholds {
		if !slices.Contains(Colors, t.Color) || (t.From == nil) != (j == 0) {
			return fail(fmt.Sprintf(".thresholds[%d]", j), "colours: "+strings.Join(Colors, ", ")+"; `from` in every one but the first", "thresholds[%d] is no good", j)
		}
	}
	return l.caption(p, at)
}

// leastColumns is how many columns a kind of panel can't do without.
var leastColumns = map[PanelKind]int{Stat: 1, Line: 2, Bar: 2, Table: 1, Pie: 2, Map: 4, WordCloud: 2, Crosstab: 3}

// column fills in what a column takes from the contracts.
func (l *loader) column(p *Panel, at string, c *Column) error {
	fail := func(key, try, format string, args ...any) error {
		return l.fail(at+key, try, "board %s, panel %s, column %s: %s", l.board.UID, p.Title, c.Name, fmt.Sprintf(format, args...))
	}
	if !nameRE.MatchString(c.Name) {
		return fail(".name", "lower-case letters, digits and _", "no good name")
	}
	if n := slices.IndexFunc(p.Columns, func(o Column) bool { return o.Name == c.Name }); &p.Columns[n] != c {
		return fail(".name", "name each column of a panel once", "stands twice")
	}
	var from models.Column
	if c.Of != "" {
		var err error
		if _, from, err = l.reference(c.Of); err != nil || from.Name == "" {
			return fail(".of", l.nearReference(c.Of), "of: no column %s", c.Of)
		}
	} else {
		for _, table := range p.Tables {
			contract, _ := l.catalog.Contract(table)
			if col, ok := contract.Column(c.Name); ok && from.Name == "" {
				from = col
			}
		}
	}
	if c.Title == "" {
		c.Title = from.Title
	}
	switch {
	case c.Unit == NoUnit:
		c.Unit = ""
	case c.Unit == "" && p.Unit == "":
		c.Unit = from.Unit
	}
	if c.Title == "" && from.Name != "" {
		c.Title = c.Name // a catalog that did not inherit
	}
	if c.Title == "" {
		return fail("", "add `title:`, or `of: ads.table.column`; "+l.nearColumn(c.Name, p.Tables), "no table that the panel reads has it, and it has no title of its own")
	}
	switch {
	case (c.Gauge || c.Width != 0) && p.Kind != Table:
		return fail("", "leave it out", "gauge and width are for tables")
	case c.Align != "" && (c.Align != "right" || p.Kind != Table):
		return fail(".align", "right, in a table", "%q is no way to align", c.Align)
	case len(c.Marks) > 0 && p.Kind != Table && p.Kind != Stat && p.Kind != Crosstab:
		return fail(".marks", "leave them out", "marks are for table, crosstab and stat")
	}
	for prefix, color := range c.Marks {
		if !slices.Contains(Colors, color) {
			return fail(".marks", "colours: "+strings.Join(Colors, ", "), "marks: %s has no colour that is known", prefix)
		}
	}
	return nil
}

// reference finds the table, or the column of a table, that a caption names.
func (l *loader) reference(ref string) (*models.Contract, models.Column, error) {
	if c, ok := l.catalog.Contract(ref); ok && c.Published() {
		return c, models.Column{}, nil
	}
	i := strings.LastIndexByte(ref, '.')
	c, ok := l.catalog.Contract(ref[:max(i, 0)])
	if !ok || !c.Published() {
		return nil, models.Column{}, errors.New("no such table")
	}
	col, ok := c.Column(ref[i+1:])
	if !ok {
		return c, col, errors.New("no such column")
	}
	return c, col, nil
}

func (l *loader) nearReference(ref string) string {
	if c, _, _ := l.reference(ref); c != nil {
		i := strings.LastIndexByte(ref, '.')
		return l.nearColumn(ref[i+1:], []string{c.Table})
	}
	if near := models.Nearest(ref, l.catalog.Tables()); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "write ads.<table> or ads.<table>.<column>"
}

// nearColumn is a hint about a column that none of the tables has.
func (l *loader) nearColumn(name string, tables []string) string {
	var all []string
	for _, t := range tables {
		if c, ok := l.catalog.Contract(t); ok {
			for _, col := range c.Columns {
				all = append(all, col.Name)
			}
		}
	}
	if near := models.Nearest(name, all); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(all) == 0 {
		return "no table is read"
	}
	slices.Sort(all)
	return "there are " + strings.Join(slices.Compact(all), ", ")
}

// caption writes the 口径 of what the panel's caption names.
func (l *loader) caption(p *Panel, at string) error {
	for i, ref := range p.Caption {
		c, col, err := l.reference(ref)
		if err != nil {
			return l.fail(fmt.Sprintf("%s.caption[%d]", at, i), l.nearReference(ref), "board %s, panel %s: caption: %v: %s", l.board.UID, p.Title, err, ref)
		}
		title, formula := c.Title, c.Formula
		if col.Name != "" {
			title, formula = col.Title, col.Formula
		}
		if formula == "" && (col.Name == "" || col.Type.Kind != models.Invalid) {
			return l.fail(fmt.Sprintf("%s.caption[%d]", at, i), "write its `formula` in the contract, or leave it out here", "board %s, panel %s: caption: %s has no formula", l.board.UID, p.Title, ref)
		}
		if formula != "" {
			p.Explain = append(p.Explain, title+":"+formula)
		}
	}
	if p.Note != "" {
		p.Explain = append(p.Explain, p.Note)
	}
	return nil
}

// checkGrid makes sure that panels stand on the grid and not on one another.
func (l *loader) checkGrid() error {
	for i, p := range l.board.Panels {
		g, at := p.Grid, fmt.Sprintf("panels[%d].grid", i)
		if g.X < 0 || g.Y < 0 || g.W < 1 || g.H < 1 || g.X+g.W > 24 {
			return l.fail(at, "e.g. {x: 0, y: 0, w: 12, h: 8}; a row has 24 columns", "board %s, panel %s: stands outside of the grid", l.board.UID, p.Title)
		}
		for _, o := range l.board.Panels[:i] {
			h := o.Grid
			if g.X < h.X+h.W && h.X < g.X+g.W && g.Y < h.Y+h.H && h.Y < g.Y+g.H {
				return l.fail(at, "move one of them", "board %s, panel %s: stands on the panel %s", l.board.UID, p.Title, o.Title)
			}
		}
	}
	return nil
}

// checkLinks makes sure that links lead to boards, and set variables that
// these have from columns that the row has.
func (l *loader) checkLinks(boards map[string]*Board) error {
	for i := range l.board.Panels {
		p := &l.board.Panels[i]
		links := map[string]*Link{".link": p.Link}
		for j, c := range p.Columns {
			links[fmt.Sprintf(".columns[%d].link", j)] = c.Link
		}
		for _, at := range slices.Sorted(maps.Keys(links)) {
			if links[at] == nil {
				continue
			}
			if msg, try := l.checkLink(p, links[at], boards); msg != "" {
				// The header stands before what the file lists.
				return l.fail(fmt.Sprintf("panels[%d]%s", i-1, at), try, "board %s, panel %s: link: %s", l.board.UID, p.Title, msg)
			}
		}
	}
	return nil
}

func (l *loader) checkLink(p *Panel, link *Link, boards map[string]*Board) (msg, try string) {
	to, ok := boards[link.Board]
	if !ok {
		return fmt.Sprintf("no board %q", link.Board), "there are " + strings.Join(slices.Sorted(maps.Keys(boards)), ", ")
	}
	if to == nil {
		return "", "" // it is broken, and says so itself
	}
	for _, name := range slices.Sorted(maps.Keys(link.Values)) {
		if _, ok := to.Variable(name); !ok {
			return fmt.Sprintf("board %s has no variable %q", to.UID, name), "look at its variables"
		}
		if _, ok := p.Column(link.Values[name]); !ok {
			return fmt.Sprintf("the panel has no column %q", link.Values[name]), "add it, hidden if it is only for the link"
		}
	}
	for _, v := range to.Variables {
		_, ours := l.board.Variable(v.Name)
		if _, set := link.Values[v.Name]; ours && !set {
			link.Passes = append(link.Passes, v.Name)
		}
	}
	return "", ""
}
