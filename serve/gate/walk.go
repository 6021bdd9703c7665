package gate

import (
	"maps"
	"slices"
	"strings"
)

// tree is a node of the parse tree.
type tree = map[string]any

func str(n tree, key string) string { s, _ := n[key].(string); return s }

func flag(n tree, key string) bool { b, _ := n[key].(bool); return b }

func child(n tree, key string) tree { m, _ := n[key].(map[string]any); return m }

// walker visits every node of a tree, and refuses what it does not know.
type walker struct {
	tables int
	depth  int
}

const maxDepth = 400

// shapes lists, for every kind of node that may pass, the keys that it may
// have. What a newer engine adds is refused until somebody has looked at it.
var shapes = func() map[string][]string {
	m := map[string][]string{}
	for _, line := range strings.Split(strings.TrimSpace(shapeText), "\n") {
		kind, keys, _ := strings.Cut(line, ":")
		m[kind] = strings.Fields(keys)
	}
	return m
}()

// Query nodes, then table references, modifiers, and expressions by class.
const shapeText = `
SELECT_NODE: type modifiers cte_map select_list from_table where_clause group_expressions group_sets aggregate_handling having sample qualify
SET_OPERATION_NODE: type modifiers cte_map setop_type left right setop_all children
CTE_NODE: type modifiers cte_map cte_name query child aliases materialized
RECURSIVE_CTE_NODE: type modifiers cte_map cte_name union_all left right aliases key_targets
BASE_TABLE: type alias sample query_location schema_name table_name column_name_alias catalog_name at_clause
SUBQUERY: type alias sample query_location subquery column_name_alias
JOIN: type alias sample query_location left right condition join_type ref_type using_columns delim_flipped duplicate_eliminated_columns
TABLE_FUNCTION: type alias sample query_location function column_name_alias with_ordinality
EMPTY: type alias sample query_location
EXPRESSION_LIST: type alias sample query_location expected_names expected_types values
LIMIT_MODIFIER: type limit offset
DISTINCT_MODIFIER: type distinct_on_targets
ORDER_MODIFIER: type orders
ORDER_DEFAULT: type null_order expression
ASCENDING: type null_order expression
DESCENDING: type null_order expression
class CONSTANT: class type alias query_location value
class COLUMN_REF: class type alias query_location column_names
class COMPARISON: class type alias query_location left right
class CONJUNCTION: class type alias query_location children
class BETWEEN: class type alias query_location input lower upper
class CASE: class type alias query_location case_checks else_expr
class CAST: class type alias query_location child cast_type try_cast
class COLLATE: class type alias query_location child collation
class FUNCTION: class type alias query_location function_name schema children filter order_bys distinct is_operator export_state catalog
class WINDOW: class type alias query_location function_name schema catalog children partitions orders start end start_expr end_expr offset_expr default_expr ignore_nulls filter_expr exclude_clause distinct arg_orders
class OPERATOR: class type alias query_location children
class SUBQUERY: class type alias query_location subquery_type subquery child comparison_type
class STAR: class type alias query_location relation_name exclude_list replace_list columns expr qualified_exclude_list rename_list
class PARAMETER: class type alias query_location identifier
`

// operators are the expressions of class OPERATOR that may pass.
var operators = []string{
	"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_COALESCE", "OPERATOR_NULLIF",
	"ARRAY_EXTRACT", "ARRAY_SLICE", "STRUCT_EXTRACT", "GROUPING_FUNCTION", "OPERATOR_TRY",
}

// castTypes are the types that a value may be cast to. Arrays of a fixed size
// are left out: their size is in the type, and so is the memory.
var castTypes = []string{
	"BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
	"FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "DATE", "TIME", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS",
	"TIMESTAMP WITH TIME ZONE", "TIME WITH TIME ZONE", "INTERVAL", "LIST", "NULL", "UUID",
}

func (w *walker) any(v any) error {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if err := w.any(e); err != nil {
				return err
			}
		}
	case map[string]any:
		return w.node(v)
	}
	return nil
}

// query visits the root, which must be a query.
func (w *walker) query(n tree) error {
	switch str(n, "type") {
	case "SELECT_NODE", "SET_OPERATION_NODE", "CTE_NODE", "RECURSIVE_CTE_NODE":
		return w.node(n)
	}
	return refuse(NotSupported, "one SELECT", "%s is not supported", kindOf(n))
}

// kindOf is how shapes calls a node; "" for an object that is only a part of
// one.
func kindOf(n tree) string {
	if c := str(n, "class"); c != "" {
		return "class " + c
	}
	return str(n, "type")
}

func (w *walker) node(n tree) error {
	if w.depth++; w.depth > maxDepth {
		return refuse(TooComplex, "", "the statement is nested too deeply")
	}
	defer func() { w.depth-- }()
	kind := kindOf(n)
	if kind == "" {
		return w.part(n)
	}
	keys, known := shapes[kind]
	if !known {
		return unsupported(kind)
	}
	if err := w.inspect(kind, n); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(n)) {
		if !slices.Contains(keys, key) {
			return unsupported(kind + " with " + key)
		}
		// A constant's value and a cast's type have been inspected; what is in
		// them is data.
		if kind == "class CONSTANT" || key == "cast_type" || key == "sample" || key == "expected_types" {
			continue
		}
		if kind == "TABLE_FUNCTION" && key == "function" {
			// It has been inspected as what it is, no scalar function.
			if err := w.any(child(n, key)["children"]); err != nil {
				return err
			}
			continue
		}
		if err := w.any(n[key]); err != nil {
			return err
		}
	}
	return nil
}

// part visits an object that is no node itself: the entries of maps, the arms
// of a CASE, a query within a subquery.
func (w *walker) part(n tree) error {
	for _, key := range slices.Sorted(maps.Keys(n)) {
		switch key {
		case "node", "map", "key", "value", "query", "named_param_map", "aliases", "materialized", "key_targets", "when_expr", "then_expr",
			"catalog", "schema", "table", "column", "name":
		default:
			return unsupported(key)
		}
		if err := w.any(n[key]); err != nil {
			return err
		}
	}
	return nil
}

func unsupported(what string) *Refused {
	what = strings.TrimPrefix(what, "class ")
	named := map[string]string{
		"SHOW_REF": "SHOW, DESCRIBE and SUMMARIZE are", "PIVOT": "PIVOT and UNPIVOT are", "LAMBDA": "lambda functions are",
		"POSITIONAL_REFERENCE": "positional references (#1) are", "LIMIT_PERCENT_MODIFIER": "LIMIT with a percentage is",
	}
	if text, ok := named[what]; ok {
		return refuse(NotSupported, "", "%s not supported", text)
	}
	return refuse(NotSupported, "", "%s is not supported", strings.ToLower(strings.ReplaceAll(what, "_", " ")))
}

// inspect looks at what a node of a known kind says.
func (w *walker) inspect(kind string, n tree) error {
	switch kind {
	case "BASE_TABLE":
		return w.baseTable(n)
	case "SUBQUERY", "EXPRESSION_LIST", "class SUBQUERY":
		w.tables++
	case "TABLE_FUNCTION":
		w.tables++
		return tableFunction(child(n, "function"))
	case "CTE_NODE", "RECURSIVE_CTE_NODE":
		return cteName(str(n, "cte_name"))
	case "class STAR":
		if flag(n, "columns") || n["expr"] != nil {
			return refuse(NotSupported, "name the columns", "COLUMNS and BY ALL are not supported")
		}
	case "class OPERATOR":
		if t := str(n, "type"); !slices.Contains(operators, t) {
			return unsupported(t)
		}
	case "class CAST":
		return castType(child(n, "cast_type"))
	case "class FUNCTION", "class WINDOW":
		return function(n)
	case "SELECT_NODE":
		if h := str(n, "aggregate_handling"); h != "STANDARD_HANDLING" {
			return refuse(NotSupported, "name the columns to group by", "GROUP BY ALL is not supported")
		}
	}
	return nil
}

func (w *walker) baseTable(n tree) error {
	w.tables++
	if c := str(n, "catalog_name"); c != "" {
		return refuse(NotSupported, "write schema.table", "references to another database (%s) are not supported", c)
	}
	if n["at_clause"] != nil {
		return refuse(NotSupported, "", "AT is not supported")
	}
	return nil
}

// cteName refuses names that the engine has views of its own under.
func cteName(name string) error {
	lower := strings.ToLower(name)
	for _, p := range []string{"duckdb_", "pg_", "pragma_", "sqlite_", "information_schema"} {
		if strings.HasPrefix(lower, p) {
			return refuse(NotSupported, "another name", "%s is no name for a WITH", name)
		}
	}
	return nil
}

// castType looks at the type of a cast, and at those within it.
func castType(t tree) error {
	id := str(t, "id")
	if info := child(t, "type_info"); id == "USER" && str(info, "user_type_name") == "json" && str(info, "catalog") == "" && str(info, "schema") == "" {
		return nil
	}
	if !slices.Contains(castTypes, id) {
		return refuse(NotSupported, "", "a cast to this type (%s) is not supported", strings.ToLower(id))
	}
	info := child(t, "type_info")
	if info == nil {
		return nil
	}
	if c := child(info, "child_type"); c != nil {
		return castType(c)
	}
	return nil
}
