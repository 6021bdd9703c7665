// Package pgsql gives a statement that was written for PostgreSQL the meaning
// that it has there. The engine's parser reads PostgreSQL's grammar, so what
// differs are meanings: what a function of the same name does, where NULLs are
// sorted, which type a sum has and with it what a division of it gives, how a
// column without a name is called.
//
// A statement is carried over as a parse tree, and what comes out is a tree,
// which the engine writes as text, and which the gate judges as what will run.
// What cannot be carried over exactly is refused (0A000) and not answered
// differently.
package pgsql

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"zhicang/serve/gate"
	"zhicang/warehouse/dialect"
)

// Database is the name that tables may be qualified by.
const Database = "zhicang"

// Shanghai is the time zone that the engine computes in.
const Shanghai = "Asia/Shanghai"

type tree = map[string]any

// Some expressions are written twice, and what is within them with them: so
// much may come out of so much.
const (
	maxGrowth = 4
	freeNodes = 4_000
)

// Translate reads a text together with the JSON that json_serialize_sql gives
// for it, and returns the JSON of the tree to run. zone is the session's time
// zone, Shanghai or UTC. The error is a *gate.Refused where the statement has
// something that cannot be carried over.
func Translate(text string, serialized []byte, zone string) ([]byte, error) {
	root, err := read(serialized)
	if err != nil {
		return nil, err
	}
	tokens, err := dialect.Tokens(text)
	if err != nil {
		return nil, err
	}
	t := &translator{zone: zone, most: maxGrowth*count(root) + freeNodes, at: make(map[int]int, len(tokens)), tokens: tokens}
	for i, tok := range tokens {
		t.at[tok.Start] = i
	}
	out := t.value(root)
	if t.refused != nil {
		return nil, t.refused
	}
	textOfNull(out.(tree))
	return json.Marshal(out)
}

// textOfNull gives the columns of the statement that are NULL the type that
// PostgreSQL has for what has none.
func textOfNull(root tree) {
	for _, s := range list(root, "statements") {
		n := child(s, "node")
		for str(n, "type") == "CTE_NODE" {
			n = child(n, "child")
		}
		if str(n, "type") != "SELECT_NODE" {
			continue
		}
		columns := items(n, "select_list")
		for i, v := range columns {
			if e, _ := v.(tree); isNull(e) {
				typed := cast(clone(e), "VARCHAR")
				typed["alias"], typed["child"].(tree)["alias"] = e["alias"], ""
				columns[i] = typed
			}
		}
	}
}

// read keeps numbers as they are written: those of a tree do not fit float64.
func read(serialized []byte) (tree, error) {
	d := json.NewDecoder(bytes.NewReader(serialized))
	d.UseNumber()
	var root tree
	if err := d.Decode(&root); err != nil {
		return nil, fmt.Errorf("read the parse tree: %w", err)
	}
	return root, nil
}

// Same reports whether two trees, in JSON, are of the same statement: the one
// that Translate made and the one of the text that the engine wrote of it.
func Same(a, b []byte) bool {
	x, err := read(a)
	y, err2 := read(b)
	return err == nil && err2 == nil && reflect.DeepEqual(plain(x), plain(y))
}

// plain takes from a tree what does not bear on its meaning and changes when
// it is written and read again.
func plain(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = plain(e)
		}
		return out
	case tree:
		if s := str(v, "type"); s == "SUBQUERY" && str(v, "class") == "" && str(v, "alias") == "valueslist" {
			// VALUES in FROM is written as a subquery of itself.
			if items := list(child(child(v, "subquery"), "node"), "select_list"); len(items) == 1 && str(items[0], "class") == "STAR" {
				if from := child(child(child(v, "subquery"), "node"), "from_table"); str(from, "type") == "EXPRESSION_LIST" {
					return plain(from)
				}
			}
		}
		out := make(tree, len(v))
		for k, e := range v {
			if k == "query_location" {
				continue
			}
			out[k] = plain(e)
		}
		if sets, ok := out["group_sets"].([]any); ok {
			out["group_expressions"], out["group_sets"] = len(list(v, "group_expressions")), len(sets)
		}
		return out
	}
	return v
}

func count(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += count(e)
		}
	case tree:
		n = 1
		for _, e := range v {
			n += count(e)
		}
	}
	return n
}

// A translator walks one statement from the leaves up.
type translator struct {
	tokens  []dialect.Token
	at      map[int]int // tokens by their place in the text
	zone    string
	most    int // nodes that may come out of an expression
	refused *gate.Refused
}

// refuse notes the first thing that cannot be carried over, and returns the
// node as it is.
func (t *translator) refuse(n tree, try, format string, args ...any) tree {
	return t.fail(n, gate.NotSupported, try, format, args...)
}

func (t *translator) fail(n tree, code, try, format string, args ...any) tree {
	if t.refused == nil {
		t.refused = &gate.Refused{Code: code, Message: fmt.Sprintf(format, args...), Try: try}
	}
	return n
}

// token is the token at which a node stands, and its index; -1 where the tree
// does not say.
func (t *translator) token(n tree) (dialect.Token, int) {
	at, _ := n["query_location"].(json.Number)
	place, err := at.Int64()
	if err != nil {
		return dialect.Token{}, -1
	}
	i, ok := t.at[int(place)]
	if !ok {
		return dialect.Token{}, -1
	}
	return t.tokens[i], i
}

// is reports whether the token at i is a word or a sign, in any case.
func (t *translator) is(i int, s string) bool {
	return i >= 0 && i < len(t.tokens) && t.tokens[i].Is(s)
}

// value carries over whatever stands in a tree.
func (t *translator) value(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = t.value(v[i])
		}
	case tree:
		return t.node(v)
	}
	return v
}

// node carries over a node after those below it. Names of columns are made
// before, from what was written.
func (t *translator) node(n tree) tree {
	if str(n, "type") == "SELECT_NODE" {
		t.nameColumns(n)
	}
	if str(n, "type") == "TABLE_FUNCTION" {
		fn := child(n, "function")
		fn["children"] = t.value(fn["children"])
		return t.tableFunction(n)
	}
	for k, v := range n {
		if k == "value" && str(n, "class") == "CONSTANT" || k == "cast_type" {
			continue
		}
		n[k] = t.value(v)
	}
	if t.refused != nil {
		return n
	}
	if str(n, "class") == "" {
		return t.reference(n)
	}
	alias := n["alias"]
	n["alias"] = ""
	out := t.meaning(n)
	out["alias"] = alias
	switch str(n, "class") {
	case "FUNCTION", "CAST", "WINDOW":
		if count(out) > t.most {
			return t.fail(n, gate.TooComplex, "fewer divisions, casts and date_truncs within one another", "the statement is too complex")
		}
	}
	return out
}

// meaning returns what stands in the engine for a node.
func (t *translator) meaning(n tree) tree {
	switch str(n, "class") {
	case "CONSTANT":
		return t.constant(n)
	case "COLUMN_REF":
		return t.column(n)
	case "CAST":
		return t.cast(n)
	case "FUNCTION", "WINDOW":
		return t.function(n)
	case "OPERATOR":
		if str(n, "type") == "ARRAY_CONSTRUCTOR" {
			return call("list_value", items(n, "children")...)
		}
		return n
	case "SUBQUERY":
		return t.array(n)
	case "LAMBDA":
		// The engine reads a -> b as a function.
		return t.extracted(n, "json_extract", child(n, "lhs"), child(n, "expr"))
	}
	return n
}

// reference carries over what is no expression: tables, joins, orders.
func (t *translator) reference(n tree) tree {
	switch str(n, "type") {
	case "BASE_TABLE":
		if strings.EqualFold(str(n, "catalog_name"), Database) {
			n["catalog_name"] = ""
		}
	case "SELECT_NODE":
		nameValues(n)
	case "JOIN":
		// The engine writes a cross join as a comma, which binds less than it.
		if str(n, "ref_type") == "CROSS" {
			n["ref_type"], n["condition"] = "REGULAR", truth()
		}
	case "DESCENDING", "ASCENDING", "ORDER_DEFAULT":
		// NULL is larger than every value.
		if _, isOrder := n["null_order"]; isOrder && str(n, "null_order") == "ORDER_DEFAULT" {
			n["null_order"] = "NULLS LAST"
			if str(n, "type") == "DESCENDING" {
				n["null_order"] = "NULLS FIRST"
			}
		}
	}
	return n
}

// nameValues names the columns of VALUES.
func nameValues(n tree) {
	from := child(n, "from_table")
	rows := items(from, "values")
	if str(from, "type") != "EXPRESSION_LIST" || len(rows) == 0 {
		return
	}
	first, _ := rows[0].([]any)
	var names []any
	for i := range first {
		names = append(names, fmt.Sprintf("column%d", i+1))
	}
	inner := clone(n).(tree)
	inner["modifiers"] = []any{}
	n["from_table"] = tree{
		"type": "SUBQUERY", "alias": "*VALUES*", "sample": nil, "query_location": nowhere, "column_name_alias": names,
		"subquery": tree{"node": inner, "named_param_map": []any{}},
	}
}

// tableFunction names the one column of a function after its alias.
func (t *translator) tableFunction(n tree) tree {
	alias := str(n, "alias")
	if fn := child(n, "function"); str(fn, "function_name") == "generate_series" {
		if args := items(fn, "children"); len(args) == 3 {
			args[2] = intervalOf(args[2])
			if str(args[2].(tree), "class") == "CAST" {
				t.moments(args)
			}
		}
	}
	if names, _ := n["column_name_alias"].([]any); len(names) == 0 && alias != "" {
		n["column_name_alias"] = []any{alias}
	}
	return n
}

// moments casts the bounds of a series that goes on by an interval: of two
// dates PostgreSQL makes moments with a zone, and of texts as well.
func (t *translator) moments(args []any) {
	for i := range 2 {
		a := args[i].(tree)
		if s, isText := text(a); isText {
			args[i] = cast(constant(s), "TIMESTAMP")
		}
	}
}

// intervalOf reads a text as an interval.
func intervalOf(v any) any {
	if s, ok := text(v.(tree)); ok {
		return cast(constant(s), "INTERVAL")
	}
	return v
}

// column carries over a reference: names that begin with the database's, and
// words that are none.
func (t *translator) column(n tree) tree {
	names := items(n, "column_names")
	if len(names) == 4 && strings.EqualFold(fmt.Sprint(names[0]), Database) {
		n["column_names"] = names[1:]
		return n
	}
	if tok, i := t.token(n); len(names) == 1 && i >= 0 && tok.Kind == dialect.Word {
		return t.clock(n, strings.ToLower(tok.Text))
	}
	return n
}

// clock carries over the words that stand for the time: as a call, since the
// engine would take the word for the column that is called by it.
func (t *translator) clock(n tree, word string) tree {
	switch word {
	case "current_timestamp":
		return named("now")
	case "current_date", "localtimestamp", "localtime", "current_time":
		if t.zone != Shanghai {
			return t.zoned(n, word)
		}
	}
	switch word {
	case "current_date":
		return named("today")
	case "current_time":
		return t.refuse(n, "localtime", "current_time, which has a time zone, is not supported")
	}
	return n
}

// zoned refuses what depends on the time zone of the session.
func (t *translator) zoned(n tree, what string) tree {
	return t.refuse(n, "SET TimeZone = '"+Shanghai+"'", "%s is computed in %s, and the session's TimeZone is %s", strings.ToLower(what), Shanghai, t.zone)
}

// constant keeps what the engine would write as something else.
func (t *translator) constant(n tree) tree {
	v := child(n, "value")
	switch str(child(v, "type"), "id") {
	case "DOUBLE":
		return cast(constant(fmt.Sprint(v["value"])), "DOUBLE")
	case "BOOLEAN":
		if v["value"] == true {
			return truth()
		}
		return cast(constant("f"), "BOOLEAN")
	case "HUGEINT":
		if tok, i := t.token(n); i >= 0 && len(tok.Text) <= 38 {
			return cast(constant(tok.Text), "DECIMAL", 38, 0)
		}
		return t.fail(n, "22003", "", "a whole number of this statement is too large")
	}
	return n
}

// array carries over ARRAY(SELECT …), which the parser reads as an aggregate of
// the subquery's first column by its place.
func (t *translator) array(n tree) tree {
	if str(n, "subquery_type") != "SCALAR" {
		return n
	}
	inner := child(child(n, "subquery"), "node")
	from := child(inner, "from_table")
	if items := list(inner, "select_list"); len(items) != 1 || str(items[0], "class") != "CASE" || !positional(items[0]) || str(from, "type") != "SUBQUERY" {
		return n
	}
	return t.refuse(n, "array_agg(…) in a subquery", "ARRAY(SELECT …) is not supported")
}

func positional(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, positional)
	case tree:
		if str(v, "class") == "POSITIONAL_REFERENCE" {
			return true
		}
		for _, e := range v {
			if positional(e) {
				return true
			}
		}
	}
	return false
}
