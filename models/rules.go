package models

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// A RuleTable is a table that people write: score items, flag rules, weights
// of a place, each row over [from, to) and with its reference. It stands among
// the parameters, as a document of its own:
//
//	table: dim.congress_score_rule
//	rows:
//	  - {scheme: 江北, item: 建议, first: 3, from: 2019-01-01, reference: "[15]"}
//
// Its contract says what the columns are; from, to and reference fill
// valid_from, valid_to and reference.
type RuleTable struct {
	Table string
	// Rows hold values in the order of the contract's columns: string, int64,
	// int32, float64, bool, Amount, time.Time, []string, or nil.
	Rows [][]any
	File string

	lines []int // of the rows
}

// The columns that every rule table has.
const (
	validFrom = "valid_from"
	validTo   = "valid_to"
	reference = "reference"
)

// The ends of time, for rules that always held or still hold.
var (
	Ever    = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
)

// ruleFile is a document of rules before its rows are read by their contract.
type ruleFile struct {
	Table string      `yaml:"table"`
	Rows  []yaml.Node `yaml:"rows"`
}

// isRules reports whether a parameter file holds a rule table rather than a
// list of parameters.
func isRules(data []byte) bool {
	var doc yaml.Node
	return yaml.Unmarshal(data, &doc) == nil && len(doc.Content) == 1 && doc.Content[0].Kind == yaml.MappingNode
}

// readRules reads a rule table, strictly by its contract.
func (cat *Catalog) readRules(file string, data []byte) (*RuleTable, error) {
	var doc ruleFile
	if err := DecodeYAML(file, data, &doc); err != nil {
		return nil, err
	}
	c, ok := cat.contracts[doc.Table]
	if !ok || c.Layer() != "dim" {
		return nil, &FileError{
			File: file, Line: LineOf(data, "table"), Msg: fmt.Sprintf("table: there is no dim table %q", doc.Table),
			Try: "a rule table needs a contract that says what its columns are: " + didYouMean(doc.Table, cat.Tables()),
		}
	}
	if err := c.validateRules(); err != nil {
		return nil, err
	}
	t := &RuleTable{Table: doc.Table, File: file}
	for i := range doc.Rows {
		row, err := readRule(c, file, &doc.Rows[i])
		if err != nil {
			return nil, err
		}
		t.Rows, t.lines = append(t.Rows, row), append(t.lines, doc.Rows[i].Line)
	}
	return t, t.checkOverlaps(c, doc.Rows)
}

// checkRules checks that rules speak of what other rules know, and that no other
// table asks for that.
func (cat *Catalog) checkRules() error {
	for _, c := range cat.Contracts() {
		rules := cat.ruleTable(c.Table)
		for i, col := range c.Columns {
			where := "columns[" + col.Name + "]"
			switch {
			case c.Layer() == "dim" && rules == nil && (col.Pattern != "" || col.In != ""):
				return c.errorf(where, "take pattern and in out, or write its rows under params/", "%s: only rules are checked so", where)
			case col.In == "" || rules == nil:
				continue
			}
			known, ok := cat.ruleValues(col.In)
			if !ok {
				return c.errorf(where+".in", "name it as dim.table.column", "%s.in: no rule table has %q", where, col.In)
			}
			if err := rules.checkIn(i, col, known); err != nil {
				return err
			}
		}
	}
	return nil
}

func (cat *Catalog) ruleTable(table string) *RuleTable {
	i := slices.IndexFunc(cat.rules, func(t *RuleTable) bool { return t.Table == table })
	if i < 0 {
		return nil
	}
	return cat.rules[i]
}

// ruleValues lists what stands in a column of a rule table, table.column.
func (cat *Catalog) ruleValues(name string) (values []string, ok bool) {
	dot := strings.LastIndex(name, ".")
	if dot < 0 {
		return nil, false
	}
	rules := cat.ruleTable(name[:dot])
	if rules == nil {
		return nil, false
	}
	at := slices.IndexFunc(cat.contracts[rules.Table].Columns, func(col Column) bool { return col.Name == name[dot+1:] })
	if at < 0 {
		return nil, false
	}
	for _, row := range rules.Rows {
		values = append(values, texts(row[at])...)
	}
	return values, true
}

// checkIn checks that a column has values of another alone.
func (t *RuleTable) checkIn(at int, col Column, known []string) error {
	for i, row := range t.Rows {
		for _, v := range texts(row[at]) {
			if !slices.Contains(known, v) {
				return &FileError{File: t.File, Line: t.lines[i], Msg: fmt.Sprintf("%s: %q is not in %s", col.Name, v, col.In), Try: didYouMean(v, known)}
			}
		}
	}
	return nil
}

// texts are the texts of a value: none of NULL, those of a list.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	}
	return nil
}

// validateRules checks that a contract is one of rules.
func (c *Contract) validateRules() error {
	for name, kind := range map[string]Kind{validFrom: Date, validTo: Date, reference: Varchar} {
		if col, ok := c.Column(name); !ok || col.Type.Kind != kind || !col.Required {
			return c.errorf("columns", "every rule table has valid_from and valid_to (DATE) and reference (VARCHAR), all required", "columns: no required %s as rule tables have it", name)
		}
	}
	if !slices.Contains(c.Key, validFrom) {
		return c.errorf("key", "add it: a rule may have other values from another day on", "key: does not name %s", validFrom)
	}
	return nil
}

// readRule reads one row of a rule table.
func readRule(c *Contract, file string, n *yaml.Node) ([]any, error) {
	fail := func(line int, try, format string, args ...any) error {
		return &FileError{File: file, Line: line, Msg: fmt.Sprintf(format, args...), Try: try}
	}
	if n.Kind != yaml.MappingNode {
		return nil, fail(n.Line, "write {column: value, …, from: 2021-01-01, reference: …}", "a row of rules is a mapping")
	}
	row := make([]any, len(c.Columns))
	set := func(name string, v any) {
		row[slices.IndexFunc(c.Columns, func(col Column) bool { return col.Name == name })] = v
	}
	set(validFrom, Ever)
	set(validTo, Forever)
	keys := map[string]string{"from": validFrom, "to": validTo}
	known := []string{"from", "to"}
	for _, col := range c.Columns {
		if col.Name != validFrom && col.Name != validTo {
			keys[col.Name], known = col.Name, append(known, col.Name)
		}
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name, ok := keys[key.Value]
		switch {
		case !ok:
			return nil, fail(key.Line, didYouMean(key.Value, known), "unknown key %q", key.Value)
		case seen[name]:
			return nil, fail(key.Line, "keep one", "%s stands twice", key.Value)
		}
		seen[name] = true
		col, _ := c.Column(name)
		v, err := ruleValue(col, value)
		if err != nil {
			return nil, fail(value.Line, "the contract says "+col.Type.String(), "%s: %v", key.Value, err)
		}
		set(name, v)
	}
	for i, col := range c.Columns {
		if col.Required && row[i] == nil {
			return nil, fail(n.Line, "write it", "%s is required", col.Name)
		}
	}
	return row, nil
}

// ruleValue reads a value as its column wants it. Numbers are read from the
// text as written, so that 20000.01 stays what it is.
func ruleValue(col Column, n *yaml.Node) (any, error) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil, nil
	}
	if col.Type.Kind == VarcharList {
		var list []string
		if err := n.Decode(&list); err != nil {
			return nil, fmt.Errorf("is no list of texts")
		}
		return list, nil
	}
	if n.Kind != yaml.ScalarNode {
		return nil, fmt.Errorf("is no single value")
	}
	v, err := ruleScalar(col.Type, n.Value)
	if err != nil {
		return nil, err
	}
	if s, ok := v.(string); ok && len(col.Accepted) > 0 && !slices.Contains(col.Accepted, s) {
		return nil, fmt.Errorf("%q is none of %s", s, strings.Join(col.Accepted, ", "))
	}
	if s, ok := v.(string); ok && col.Pattern != "" && !regexp.MustCompile("^(?:"+col.Pattern+")$").MatchString(s) { // the contract is valid
		return nil, fmt.Errorf("%q does not match %s", s, col.Pattern)
	}
	return v, nil
}

func ruleScalar(t Type, s string) (any, error) {
	switch t.Kind {
	case Varchar:
		return s, nil
	case Bigint:
		return strconv.ParseInt(s, 10, 64)
	case Integer:
		n, err := strconv.ParseInt(s, 10, 32)
		return int32(n), err
	case Double:
		return strconv.ParseFloat(s, 64)
	case Decimal:
		a, err := ParseAmount(s)
		if err != nil {
			return nil, err
		}
		return a.Rescale(t.Scale)
	case Boolean:
		return strconv.ParseBool(s)
	case Date:
		return time.Parse(time.DateOnly, s)
	}
	return nil, fmt.Errorf("no rule holds a %s", t)
}

// checkOverlaps makes sure that no two rows say something about one thing on
// one day.
func (t *RuleTable) checkOverlaps(c *Contract, nodes []yaml.Node) error {
	at := func(name string) int {
		return slices.IndexFunc(c.Columns, func(col Column) bool { return col.Name == name })
	}
	from, to := at(validFrom), at(validTo)
	subject := func(row []any) string {
		var parts []string
		for _, k := range c.Key {
			if k != validFrom {
				parts = append(parts, fmt.Sprint(row[at(k)]))
			}
		}
		return strings.Join(parts, " ")
	}
	for i, a := range t.Rows {
		begin, end := a[from].(time.Time), a[to].(time.Time)
		if !begin.Before(end) {
			return &FileError{File: t.File, Line: nodes[i].Line, Msg: fmt.Sprintf("%s: from %s to %s is empty", subject(a), begin.Format(time.DateOnly), end.Format(time.DateOnly)), Try: "the interval is [from, to): `to` is the first day on which the row no longer holds"}
		}
		for j, b := range t.Rows[:i] {
			if subject(a) == subject(b) && begin.Before(b[to].(time.Time)) && b[from].(time.Time).Before(end) {
				return &FileError{File: t.File, Line: nodes[i].Line, Msg: fmt.Sprintf("%s: overlaps the row on line %d in time", subject(a), nodes[j].Line), Try: "end the earlier row with `to:`, the first day on which it no longer holds"}
			}
		}
	}
	return nil
}
