package pgsql

import (
	"fmt"
	"strings"

	"zhicang/warehouse/dialect"
)

// unnamed is what PostgreSQL calls a column that it has no name for.
const unnamed = "?column?"

// How much a name is worth: that of a type or of CASE gives way to one from
// within.
const (
	none = iota
	weak
	strong
)

// nameColumns names the columns of a SELECT that have no alias as PostgreSQL
// does.
func (t *translator) nameColumns(n tree) {
	for _, e := range list(n, "select_list") {
		if str(e, "class") == "FUNCTION" && str(e, "function_name") == "row" {
			t.refuse(e, "name its parts one by one", "columns of rows, as (a, b), are not supported")
		}
		if str(e, "alias") != "" || str(e, "class") == "STAR" || str(e, "class") == "COLUMN_REF" && len(items(e, "column_names")) > 0 && !t.renamed(e) {
			continue
		}
		name, worth := t.name(e)
		if worth == none {
			name = unnamed
		}
		e["alias"] = name
	}
}

// renamed reports whether a reference is a word that the engine gives another
// name.
func (t *translator) renamed(n tree) bool {
	tok, i := t.token(n)
	return i >= 0 && tok.Kind == dialect.Word && strings.HasPrefix(strings.ToLower(tok.Text), "current_")
}

// name follows FigureColname of PostgreSQL's parse_target.c.
func (t *translator) name(n tree) (string, int) {
	switch str(n, "class") {
	case "COLUMN_REF":
		names := items(n, "column_names")
		return fmt.Sprint(names[len(names)-1]), strong
	case "FUNCTION", "WINDOW":
		return t.functionName(n)
	case "CAST":
		if _, i := t.token(n); i < 0 && str(child(n, "cast_type"), "id") == "BOOLEAN" {
			return "", none // TRUE and FALSE
		}
		if name, worth := t.name(child(n, "child")); worth == strong {
			return name, worth
		}
		return t.typeName(n), weak
	case "COLLATE":
		return t.name(child(n, "child"))
	case "CASE":
		if name, worth := t.name(child(n, "else_expr")); worth == strong {
			return name, worth
		}
		return "case", weak
	case "SUBQUERY":
		return t.subqueryName(n)
	case "OPERATOR":
		return t.operatorName(n)
	}
	return "", none
}

func (t *translator) operatorName(n tree) (string, int) {
	args := list(n, "children")
	switch str(n, "type") {
	case "ARRAY_CONSTRUCTOR":
		return "array", strong
	case "OPERATOR_COALESCE":
		return "coalesce", strong
	case "OPERATOR_NULLIF":
		return "nullif", strong
	case "GROUPING_FUNCTION":
		return "grouping", strong
	case "ARRAY_EXTRACT", "ARRAY_SLICE":
		return t.name(args[0])
	case "STRUCT_EXTRACT":
		if s, ok := text(args[1]); ok {
			return s, strong
		}
	}
	return "", none
}

func (t *translator) subqueryName(n tree) (string, int) {
	switch str(n, "subquery_type") {
	case "EXISTS":
		return "exists", strong
	case "SCALAR":
		inner := child(child(n, "subquery"), "node")
		for str(inner, "type") == "CTE_NODE" {
			inner = child(inner, "child")
		}
		for str(inner, "type") == "SET_OPERATION_NODE" {
			if inner = child(inner, "left"); inner == nil {
				return "", none
			}
		}
		if columns := list(inner, "select_list"); len(columns) > 0 {
			if alias := str(columns[0], "alias"); alias != "" {
				return alias, strong
			}
			if name, worth := t.name(columns[0]); worth != none {
				return name, strong
			}
			return unnamed, strong
		}
	}
	return "", none
}

// functionName is the name that a call is written with; syntax that stands for
// a function has that function's.
func (t *translator) functionName(n tree) (string, int) {
	tok, i := t.token(n)
	name := strings.ToLower(str(n, "function_name"))
	if i < 0 || tok.Kind != dialect.Word && tok.Kind != dialect.QuotedName {
		switch {
		case tok.Is("[") || name == "list_value":
			return "array", strong
		case name == "timezone":
			return "timezone", strong
		}
		return "", none // an operator
	}
	for t.is(i+1, ".") {
		i += 2
	}
	if !t.is(i+1, "(") {
		if name == "timezone" {
			return name, strong
		}
		return "", none // LIKE, SIMILAR TO
	}
	written := strings.ToLower(t.tokens[i].Name())
	switch written {
	case "trim":
		return map[string]string{"trim": "btrim"}[name] + map[string]string{"ltrim": "ltrim", "rtrim": "rtrim"}[name], strong
	case "list_value", "row":
		return written, strong
	}
	return written, strong
}

// typeName is what PostgreSQL calls the type of a cast inside.
func (t *translator) typeName(n tree) string {
	_, i := t.token(n)
	if t.is(i, "::") {
		return internalName(t.tokens[i+1].Name(), child(n, "cast_type"))
	}
	if t.is(i, "cast") {
		depth := t.tokens[i].Depth
		for j := len(t.tokens) - 1; j > i; j-- {
			if t.is(j, "as") && t.tokens[j].Depth == depth+1 && t.endOf(i+1) > j {
				return internalName(t.tokens[j+1].Name(), child(n, "cast_type"))
			}
		}
	}
	return internalName("", child(n, "cast_type"))
}

// endOf is the index of the bracket that closes the one at i.
func (t *translator) endOf(i int) int {
	depth := 0
	for ; i < len(t.tokens); i++ {
		switch {
		case t.is(i, "("):
			depth++
		case t.is(i, ")"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(t.tokens)
}

var internalNames = map[string]string{
	"BOOLEAN": "bool", "SMALLINT": "int2", "INTEGER": "int4", "BIGINT": "int8", "FLOAT": "float4", "DOUBLE": "float8", "DECIMAL": "numeric", "VARCHAR": "text",
	"DATE": "date", "TIME": "time", "TIMESTAMP": "timestamp", "TIMESTAMP WITH TIME ZONE": "timestamptz", "TIMESTAMP_S": "timestamp", "TIMESTAMP_MS": "timestamp",
	"INTERVAL": "interval", "BLOB": "bytea", "UUID": "uuid", "TIME WITH TIME ZONE": "timetz",
}

func internalName(written string, kind tree) string {
	switch strings.ToLower(written) {
	case "varchar", "character":
		return "varchar"
	case "char":
		return "bpchar"
	case "bpchar", "name", "oid", "json", "jsonb":
		return strings.ToLower(written)
	}
	for str(kind, "id") == "LIST" {
		kind = child(child(kind, "type_info"), "child_type")
	}
	if name, ok := internalNames[str(kind, "id")]; ok {
		return name
	}
	return strings.ToLower(written)
}
