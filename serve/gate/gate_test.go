package gate_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"zhicang/serve/gate"
	"zhicang/warehouse/dialect"
)

// The gate needs the engine for parse trees, so most of its tests stand with
// package reader, which has one: see TestDoor there. Here are those about trees
// that no text gives today.

// tables has one table.
type tables struct{}

func (tables) Resolve(schema, name string, guarded bool) (string, bool) {
	if (schema == "ads" || schema == "") && name == "x" {
		if guarded {
			return "guarded.ads.x", true
		}
		return "open.ads.x", true
	}
	return "", false
}

const selectOne = `{"error":false,"statements":[{"node":{"type":"SELECT_NODE","modifiers":[],"cte_map":{"map":[]},"select_list":[ITEM],"from_table":FROM,"where_clause":null,"group_expressions":[],"group_sets":[],"aggregate_handling":"STANDARD_HANDLING","having":null,"sample":null,"qualify":null},"named_param_map":[]}]}`

const (
	one   = `{"class":"CONSTANT","type":"VALUE_CONSTANT","alias":"","query_location":7,"value":{"type":{"id":"INTEGER","type_info":null},"is_null":false,"value":1}}`
	empty = `{"type":"EMPTY","alias":"","sample":null,"query_location":18446744073709551615}`
	base  = `{"type":"BASE_TABLE","alias":"","sample":null,"query_location":14,"schema_name":"ads","table_name":"x","column_name_alias":[],"catalog_name":"","at_clause":null}`
)

func treeOf(item, from string) string {
	return strings.NewReplacer("ITEM", item, "FROM", from).Replace(selectOne)
}

func call(name string, args ...string) string {
	return `{"class":"FUNCTION","type":"FUNCTION","alias":"","query_location":7,"function_name":"` + name + `","schema":"","children":[` + strings.Join(args, ",") +
		`],"filter":null,"order_bys":{"type":"ORDER_MODIFIER","orders":[]},"distinct":false,"is_operator":false,"export_state":false,"catalog":""}`
}

const column = `{"class":"COLUMN_REF","type":"COLUMN_REF","alias":"","query_location":7,"column_names":["t"]}`

func TestCheck(t *testing.T) {
	const text = "SELECT 1 FROM ads.x AS y"
	for _, tt := range []struct{ name, tree, want, code string }{
		{"a table", treeOf(one, base), "SELECT 1 FROM open.ads.x AS y", ""},
		{"a safe function", treeOf(call("lower", column), base), "SELECT 1 FROM open.ads.x AS y", ""},
		{"one that can fail", treeOf(call("chr", column), base), "SELECT 1 FROM guarded.ads.x AS y", ""},
		{"one that fails by its second argument", treeOf(call("left", column, column), base), "SELECT 1 FROM guarded.ads.x AS y", ""},
		{"and does not by a constant", treeOf(call("left", column, one), base), "SELECT 1 FROM open.ads.x AS y", ""},
		{"an unknown function", treeOf(call("launch"), base), "", gate.InsufficientPrivilege},
		{"an unknown kind", treeOf(`{"class":"TELEPATHY","type":"TELEPATHY","alias":"","query_location":7}`, base), "", gate.NotSupported},
		{"an unknown reference", treeOf(one, strings.Replace(base, "BASE_TABLE", "DELTA_SCAN", 1)), "", gate.NotSupported},
		{"an unknown key", treeOf(strings.Replace(one, `"alias"`, `"on_error":{"class":"FUNCTION"},"alias"`, 1), base), "", gate.NotSupported},
		{"an unknown modifier", strings.Replace(treeOf(one, base), `"modifiers":[]`, `"modifiers":[{"type":"EXPORT_MODIFIER"}]`, 1), "", gate.NotSupported},
		{"another operator", treeOf(`{"class":"OPERATOR","type":"OPERATOR_UNPACK","alias":"","query_location":7,"children":[]}`, base), "", gate.NotSupported},
		{"another database", treeOf(one, strings.Replace(base, `"catalog_name":""`, `"catalog_name":"memory"`, 1)), "", gate.NotSupported},
		{"another root", strings.Replace(treeOf(one, base), "SELECT_NODE", "INSERT_NODE", 1), "", gate.NotSupported},
	} {
		q, err := dialect.Parse(text, []byte(tt.tree))
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		got, err := gate.Check(q, tables{})
		var refused *gate.Refused
		errors.As(err, &refused)
		if got != tt.want || (refused == nil) != (tt.code == "") || refused != nil && refused.Code != tt.code {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

func TestMeasure(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		code       string
	}{
		{"a board's", "WITH a AS (SELECT 1), b AS (SELECT * FROM a) SELECT * FROM b WHERE x IN (SELECT y FROM (SELECT 1 AS y) AS z)", ""},
		{"too long", strings.Repeat("x", 70_000), gate.TooComplex},
		{"many CTEs", "WITH " + strings.Repeat("a AS (SELECT 1), ", 1500) + "b AS (SELECT 1) SELECT 1", gate.TooComplex},
		{"CTEs in CTEs", strings.Repeat("WITH a AS (", 12) + "SELECT 1" + strings.Repeat(") SELECT 1", 12), gate.TooComplex},
		{"brackets", strings.Repeat("(", 200), gate.TooComplex},
		{"no text", "\xff\xfe", gate.NotUTF8},
		{"a quote", "SELECT 'x", gate.SyntaxError},
	} {
		err := gate.Measure(tt.text)
		var refused *gate.Refused
		errors.As(err, &refused)
		if (refused == nil) != (tt.code == "") || refused != nil && refused.Code != tt.code {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// FuzzTree hands the gate any tree. What it lets through holds no function that
// was not meant to pass, wherever in the tree it stands.
func FuzzTree(f *testing.F) {
	for _, item := range []string{one, call("lower", column), call("getvariable", one), `{"class":"SUBQUERY","type":"SUBQUERY","alias":"","subquery":{"node":{}}}`} {
		for _, from := range []string{base, empty} {
			f.Add([]byte(treeOf(item, from)))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := dialect.Parse("SELECT 1 FROM ads.x AS y", data)
		if err != nil {
			return
		}
		if _, err := gate.Check(q, tables{}); err != nil {
			return
		}
		var tree any
		if err := json.Unmarshal(data, &tree); err != nil {
			t.Skip()
		}
		for _, name := range functionNames(tree, nil) {
			if slices.Contains([]string{"getvariable", "read_csv", "error", "query", "glob"}, strings.ToLower(name)) {
				t.Errorf("%s passes in %s", name, data)
			}
		}
	})
}

// functionNames lists the functions of expressions, wherever they are.
func functionNames(v any, names []string) []string {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			names = functionNames(e, names)
		}
	case map[string]any:
		if s, ok := v["function_name"].(string); ok && (v["class"] == "FUNCTION" || v["class"] == "WINDOW") {
			names = append(names, s)
		}
		for key, e := range v {
			if key != "value" || v["class"] != "CONSTANT" { // which is data
				names = functionNames(e, names)
			}
		}
	}
	return names
}
