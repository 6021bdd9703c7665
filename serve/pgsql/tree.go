package pgsql

import (
	"encoding/json"
	"strconv"
)

func str(n tree, key string) string { s, _ := n[key].(string); return s }

func child(n tree, key string) tree { m, _ := n[key].(tree); return m }

func items(n tree, key string) []any { l, _ := n[key].([]any); return l }

// list returns the objects of an array.
func list(n tree, key string) []tree {
	var nodes []tree
	for _, v := range items(n, key) {
		if m, ok := v.(tree); ok {
			nodes = append(nodes, m)
		}
	}
	return nodes
}

// nowhere is the place of what stands in no text.
var nowhere = json.Number("18446744073709551615")

// call is a call of a function of the engine's own, whatever the session has
// defined under its name.
func call(name string, args ...any) tree {
	n := named(name, args...)
	n["catalog"], n["schema"] = "system", "main"
	return n
}

// named is a call of what the session knows under a name.
func named(name string, args ...any) tree {
	if args == nil {
		args = []any{}
	}
	return tree{
		"class": "FUNCTION", "type": "FUNCTION", "alias": "", "query_location": nowhere, "function_name": name, "schema": "", "catalog": "",
		"children": args, "filter": nil, "order_bys": tree{"type": "ORDER_MODIFIER", "orders": []any{}}, "distinct": false, "is_operator": false, "export_state": false,
	}
}

func operator(name string, args ...any) tree {
	n := named(name, args...)
	n["is_operator"] = true
	return n
}

func constant(s string) tree {
	return tree{
		"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": nowhere,
		"value": tree{"type": tree{"id": "VARCHAR", "type_info": nil}, "is_null": false, "value": s},
	}
}

func integer(i int) tree {
	return tree{
		"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": nowhere,
		"value": tree{"type": tree{"id": "INTEGER", "type_info": nil}, "is_null": false, "value": json.Number(strconv.Itoa(i))},
	}
}

func null() tree {
	return tree{
		"class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": nowhere,
		"value": tree{"type": tree{"id": "NULL", "type_info": nil}, "is_null": true},
	}
}

func truth() tree { return cast(constant("t"), "BOOLEAN") }

// cast is a cast to a type; of DECIMAL with its width and scale.
func cast(v any, id string, widthAndScale ...int) tree {
	kind := tree{"id": id, "type_info": nil}
	if len(widthAndScale) == 2 {
		kind["type_info"] = tree{
			"type": "DECIMAL_TYPE_INFO", "alias": "", "extension_info": nil,
			"width": json.Number(strconv.Itoa(widthAndScale[0])), "scale": json.Number(strconv.Itoa(widthAndScale[1])),
		}
	}
	return tree{"class": "CAST", "type": "OPERATOR_CAST", "alias": "", "query_location": nowhere, "child": v, "cast_type": kind, "try_cast": false}
}

func compare(kind string, left, right any) tree {
	return tree{"class": "COMPARISON", "type": kind, "alias": "", "query_location": nowhere, "left": left, "right": right}
}

// when is CASE WHEN condition THEN then ELSE otherwise END.
func when(condition, then, otherwise any) tree {
	return tree{
		"class": "CASE", "type": "CASE_EXPR", "alias": "", "query_location": nowhere,
		"case_checks": []any{tree{"when_expr": condition, "then_expr": then}}, "else_expr": otherwise,
	}
}

// failing is an expression that ends the statement with a message.
func failing(message string) tree { return named("postgres_error", constant(message)) }

// An arm is what an expression is where another has one of some types. Without
// a value the statement is refused, and key says what is not supported.
type arm struct {
	key   string
	types []string
	value tree
}

// refusedKey begins the key of an arm without a value. The engine complains of
// it when it binds names, and repeats it.
const refusedKey = "not supported: "

// byType is the value of the first arm that fits the type of an expression. The
// engine knows types when it binds names, so choosing is no work for the rows,
// and the whole has the type of what is chosen.
func byType(of any, otherwise tree, arms ...arm) tree {
	var all []string
	for _, a := range arms {
		all = append(all, a.types...)
	}
	// What is not chosen is not computed: the engine sees that its condition
	// never holds.
	unless := when(hasType(of, all), null(), clone(otherwise))
	unless["alias"] = "other"
	values := []any{unless}
	checks := []any{}
	for _, a := range arms {
		key := a.key
		if a.value == nil {
			key = refusedKey + key
		} else {
			v := when(hasType(of, a.types), clone(a.value), null())
			v["alias"] = key
			values = append(values, v)
		}
		checks = append(checks, tree{"when_expr": hasType(of, a.types), "then_expr": constant(key)})
	}
	choice := tree{"class": "CASE", "type": "CASE_EXPR", "alias": "", "query_location": nowhere, "case_checks": checks, "else_expr": constant("other")}
	return call("struct_extract", call("struct_pack", values...), choice)
}

func hasType(of any, types []string) tree {
	in := []any{call("typeof", clone(of))}
	for _, name := range types {
		in = append(in, constant(name))
	}
	return tree{"class": "OPERATOR", "type": "COMPARE_IN", "alias": "", "query_location": nowhere, "children": in}
}

// clone copies a tree, so that no node stands at two places.
func clone(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = clone(e)
		}
		return out
	case tree:
		out := make(tree, len(v))
		for k, e := range v {
			out[k] = clone(e)
		}
		return out
	}
	return v
}

// text is the value of a constant text.
func text(n tree) (string, bool) {
	if str(n, "class") != "CONSTANT" {
		return "", false
	}
	v := child(n, "value")
	s, ok := v["value"].(string)
	return s, ok && str(child(v, "type"), "id") == "VARCHAR"
}

// whole is the value of a constant whole number.
func whole(n tree) (int, bool) {
	if str(n, "class") != "CONSTANT" {
		return 0, false
	}
	v := child(n, "value")
	num, _ := v["value"].(json.Number)
	i, err := strconv.Atoi(num.String())
	switch str(child(v, "type"), "id") {
	case "TINYINT", "SMALLINT", "INTEGER", "BIGINT":
		return i, err == nil
	}
	return 0, false
}

func isNull(n tree) bool {
	null, _ := child(n, "value")["is_null"].(bool)
	return str(n, "class") == "CONSTANT" && null
}

func isConstant(v any) bool { n, _ := v.(tree); return str(n, "class") == "CONSTANT" }
