package models

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"
)

// A Catalog holds every contract and parameter of a site.
type Catalog struct {
	contracts  map[string]*Contract
	parameters map[string]*Parameter
	rules      []*RuleTable
}

// Load reads every contract (<domain>/*.yaml) and every file of parameters and
// rules (<domain>/params/*.yaml) below fsys.
func Load(fsys fs.FS) (*Catalog, error) {
	cat := &Catalog{contracts: map[string]*Contract{}, parameters: map[string]*Parameter{}}
	files, err := fs.Glob(fsys, "*/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		c, err := ReadContract(file, data)
		if err != nil {
			return nil, err
		}
		if other, dup := cat.contracts[c.Table]; dup {
			return nil, c.errorf("table", "keep one", "%s has a contract in %s already", c.Table, other.File)
		}
		cat.contracts[c.Table] = c
	}
	if err := cat.loadParameters(fsys); err != nil {
		return nil, err
	}
	if err := cat.checkReferences(); err != nil {
		return nil, err
	}
	return cat, cat.checkRules()
}

func (cat *Catalog) loadParameters(fsys fs.FS) error {
	files, err := fs.Glob(fsys, "*/params/*.yaml")
	if err != nil {
		return err
	}
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return err
		}
		if isRules(data) {
			rules, err := cat.readRules(file, data)
			if err != nil {
				return err
			}
			if i := slices.IndexFunc(cat.rules, func(t *RuleTable) bool { return t.Table == rules.Table }); i >= 0 {
				return &FileError{File: file, Line: LineOf(data, "table"), Msg: rules.Table + " has its rows in " + cat.rules[i].File + " already", Try: "keep the rows of a table in one file"}
			}
			cat.rules = append(cat.rules, rules)
			continue
		}
		list, err := ReadParameters(file, data)
		if err != nil {
			return err
		}
		for i, p := range list {
			fail := func(try, format string, args ...any) error {
				return &FileError{File: file, Line: LineOf(data, fmt.Sprintf("[%d].parameter", i)), Msg: "parameter " + p.Name + " " + fmt.Sprintf(format, args...), Try: try}
			}
			if domain := path.Dir(path.Dir(file)); !strings.HasPrefix(p.Name, domain+".") {
				return fail("name it after its domain: "+domain+".<subject>.<name>", "does not start with %s.", domain)
			}
			if other, dup := cat.parameters[p.Name]; dup {
				return fail("keep one, with all its dated values", "stands in %s already", other.File)
			}
			cat.parameters[p.Name] = p
		}
	}
	return nil
}

// checkReferences checks that what contracts name of others is there.
func (cat *Catalog) checkReferences() error {
	for _, c := range cat.Contracts() {
		for i, name := range c.Parameters {
			if _, ok := cat.parameters[name]; !ok {
				return c.errorf(fmt.Sprintf("parameters[%d]", i), didYouMean(name, slices.Collect(maps.Keys(cat.parameters))), "parameters: no parameter %q", name)
			}
		}
		for _, up := range slices.Sorted(maps.Keys(c.Reads)) {
			if _, ok := cat.contracts[up]; !ok {
				return c.errorf("reads."+up, didYouMean(up, cat.Tables()), "reads: no table %q", up)
			}
			for _, name := range c.Reads[up].Same {
				landed := cat.contracts[up].LandedColumns()
				if !slices.ContainsFunc(landed, func(col Column) bool { return col.Name == name }) {
					return c.errorf("reads."+up, "name columns that tell what is one thing", "reads[%s].same: no column %q lands there", up, name)
				}
			}
		}
	}
	return nil
}

// Contract returns the contract of a table.
func (cat *Catalog) Contract(table string) (*Contract, bool) {
	c, ok := cat.contracts[table]
	return c, ok
}

// Contracts returns all contracts: by layer in the order in which data moves,
// then by name.
func (cat *Catalog) Contracts() []*Contract {
	list := make([]*Contract, 0, len(cat.contracts))
	for _, c := range cat.contracts {
		list = append(list, c)
	}
	sort.Slice(list, func(i, j int) bool {
		li, lj := slices.Index(layers, list[i].Layer()), slices.Index(layers, list[j].Layer())
		if li != lj {
			return li < lj
		}
		return list[i].Table < list[j].Table
	})
	return list
}

// Tables returns the names of all tables, sorted.
func (cat *Catalog) Tables() []string {
	names := make([]string, 0, len(cat.contracts))
	for n := range cat.contracts {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

// Parameter returns the parameter of that name.
func (cat *Catalog) Parameter(name string) (*Parameter, bool) {
	p, ok := cat.parameters[name]
	return p, ok
}

// Parameters returns all parameters by name.
func (cat *Catalog) Parameters() []*Parameter {
	list := make([]*Parameter, 0, len(cat.parameters))
	for _, p := range cat.parameters {
		list = append(list, p)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	return list
}

// RuleTables returns the tables of rules, by file.
func (cat *Catalog) RuleTables() []*RuleTable { return cat.rules }

// Inherit fills in what derived columns leave out from the upstream tables
// that carry a column of the same name. Tables must come in an order in which
// every upstream stands before its readers.
func (cat *Catalog) Inherit(order []string, upstreams func(table string) []string) error {
	for _, table := range order {
		c, ok := cat.contracts[table]
		if !ok || c.Layer() == "ods" {
			continue
		}
		for i := range c.Columns {
			if err := cat.inheritColumn(c, &c.Columns[i], upstreams(table)); err != nil {
				return err
			}
		}
		if err := c.validatePartitionType(); err != nil {
			return err
		}
	}
	return nil
}

// inheritColumn takes what a column leaves out from the columns of that name
// upstream. Where they disagree about its type, its class of personal data or what
// it is called, it must say itself which it is.
func (cat *Catalog) inheritColumn(c *Contract, col *Column, ups []string) error {
	var typed, personal, titled string // the upstream tables that type and class come from
	where := "columns[" + col.Name + "]"
	for _, up := range ups {
		from, ok := cat.upstreamColumn(up, col.Name)
		if !ok || up == c.Table {
			continue
		}
		switch {
		case col.Type.Kind == Invalid:
			col.Type, typed = from.Type, up
		case typed != "" && col.Type != from.Type:
			return c.errorf(where, "give the type that it has here", "%s: it is %s in %s and %s in %s", where, col.Type, typed, from.Type, up)
		}
		// Personal data stays what it was: a derived column cannot declare
		// itself harmless by leaving the class out.
		switch {
		case from.PII == NotPersonal:
		case col.PII == NotPersonal:
			col.PII, personal = from.PII, up
		case personal != "" && col.PII != from.PII:
			return c.errorf(where, "give the class that it has here", "%s: it is %s in %s and %s in %s", where, col.PII, personal, from.PII, up)
		}
		switch {
		case col.Title == "":
			col.Title, titled = from.Title, up
		case titled != "" && col.Title != from.Title:
			return c.errorf(where, "give the title that it has here", "%s: it is %s in %s and %s in %s", where, col.Title, titled, from.Title, up)
		}
		col.Formula = cmp.Or(col.Formula, from.Formula)
		col.Unit = cmp.Or(col.Unit, from.Unit)
	}
	if col.Type.Kind == Invalid || col.Title == "" {
		return c.errorf(where, "give type and title, or read it from a table that has it", "%s: no upstream table has a column of this name to inherit from", where)
	}
	return nil
}

// upstreamColumn is a column as those see it who read the table.
func (cat *Catalog) upstreamColumn(table, name string) (Column, bool) {
	c, ok := cat.contracts[table]
	if !ok {
		return Column{}, false
	}
	if c.Layer() != "ods" {
		return c.Column(name)
	}
	cols := c.LandedColumns()
	i := slices.IndexFunc(cols, func(x Column) bool { return x.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return cols[i], true
}

func (c *Contract) validatePartitionType() error {
	if c.Partition == "" {
		return nil
	}
	if col, _ := c.Column(c.Partition); col.Type.Kind != Date && col.Type.Kind != Timestamp {
		return c.errorf("partition", "partition by a DATE or TIMESTAMP column", "partition: %s is %s", c.Partition, col.Type)
	}
	return nil
}
