package gate

import (
	"slices"
	"strings"
)

// The engine counts tables, groups and sorts against its memory limit, but not
// the values that an expression makes on its way: a text that doubles ten times
// in nested subqueries, for each of the 2,048 rows that it computes at once,
// would take the process with it. So the gate estimates how long a value can
// become, and refuses what is out of all proportion.
const (
	columnBytes = 8 << 10   // what a column of a table is taken to hold
	valueBytes  = 256 << 10 // what a value may come to
	rowBytes    = 512 << 10 // what the long values of a row may come to together
	maxColumns  = 1000      // of one SELECT
)

// sizer estimates sizes of values, in bytes.
type sizer struct{ refused error }

func boundGrowth(n tree) error {
	s := &sizer{}
	s.query(n, map[string]int{}, 0)
	return s.refused
}

func (s *sizer) refuse(try, format string, args ...any) {
	if s.refused == nil {
		s.refused = refuse(LimitExceeded, try, format, args...)
	}
}

// bounded is n, at most what a value may come to.
func (s *sizer) bounded(n int) int {
	if n <= valueBytes {
		return n
	}
	s.refuse("shorter texts, fewer times", "a value of this statement could become too long")
	return valueBytes
}

// query is the size of the largest column that a query returns. ctes are the
// sizes of the queries in scope, outer that of a column of the queries around.
func (s *sizer) query(n tree, ctes map[string]int, outer int) int {
	if s.refused != nil || n == nil {
		return 0
	}
	size := 0
	switch str(n, "type") {
	case "SELECT_NODE":
		size = s.selectNode(n, ctes, outer)
	case "CTE_NODE":
		named := s.query(child(n, "query"), ctes, outer)
		size = s.query(child(n, "child"), with(ctes, str(n, "cte_name"), named), outer)
	case "RECURSIVE_CTE_NODE":
		size = s.recursive(n, ctes, outer)
	case "SET_OPERATION_NODE":
		size = max(s.query(child(n, "left"), ctes, outer), s.query(child(n, "right"), ctes, outer))
		for _, c := range list(n, "children") {
			size = max(size, s.query(c, ctes, outer))
		}
	}
	for _, m := range list(n, "modifiers") {
		s.below(m, ctes, max(size, outer))
	}
	return size
}

func with(ctes map[string]int, name string, size int) map[string]int {
	inner := map[string]int{strings.ToLower(name): size}
	for k, v := range ctes {
		if _, shadowed := inner[k]; !shadowed {
			inner[k] = v
		}
	}
	return inner
}

// recursive lets a text grow by a piece a step, and not by itself.
func (s *sizer) recursive(n tree, ctes map[string]int, outer int) int {
	name, right := str(n, "cte_name"), child(n, "right")
	base := s.query(child(n, "left"), ctes, outer)
	once := s.query(right, with(ctes, name, base), outer)
	if once <= base {
		return base
	}
	twice := s.query(right, with(ctes, name, once), outer)
	if twice-once > once-base {
		s.refuse("", "a value of this statement would grow with every step of the recursion")
	}
	return s.bounded(once)
}

func (s *sizer) selectNode(n tree, ctes map[string]int, outer int) int {
	column := max(s.from(child(n, "from_table"), ctes, outer), outer)
	items, size, row := list(n, "select_list"), 0, 0
	if len(items) > maxColumns {
		s.refused = refuse(TooManyColumns, "", "a SELECT of %d columns, %d are the limit", len(items), maxColumns)
	}
	for _, e := range items {
		b := s.expr(e, ctes, column)
		size = max(size, b)
		if b > columnBytes {
			row += b
		}
	}
	if row > rowBytes {
		s.refuse("fewer long texts", "a row of this statement could become too long")
	}
	for _, key := range []string{"where_clause", "having", "qualify"} {
		s.below(child(n, key), ctes, column)
	}
	for _, e := range list(n, "group_expressions") {
		s.expr(e, ctes, column)
	}
	// An alias can be used beside the columns.
	for _, m := range list(n, "modifiers") {
		s.below(m, ctes, max(column, size))
	}
	return size
}

// from is the size of the largest column of a table reference.
func (s *sizer) from(n tree, ctes map[string]int, outer int) int {
	if n == nil || s.refused != nil {
		return 0
	}
	switch str(n, "type") {
	case "BASE_TABLE":
		if size, ok := ctes[strings.ToLower(str(n, "table_name"))]; ok && str(n, "schema_name") == "" {
			return size
		}
		return columnBytes
	case "SUBQUERY":
		return s.query(child(child(n, "subquery"), "node"), ctes, outer)
	case "JOIN":
		left := s.from(child(n, "left"), ctes, outer)
		size := max(left, s.from(child(n, "right"), ctes, max(outer, left)))
		s.below(child(n, "condition"), ctes, max(size, outer))
		return size
	case "TABLE_FUNCTION":
		size := 0
		for _, e := range list(child(n, "function"), "children") {
			size = max(size, s.expr(e, ctes, outer))
		}
		return size
	case "EXPRESSION_LIST":
		size := 0
		rows, _ := n["values"].([]any)
		for _, row := range rows {
			cells, _ := row.([]any)
			for _, c := range cells {
				if e, ok := c.(tree); ok {
					size = max(size, s.expr(e, ctes, outer))
				}
			}
		}
		return size
	}
	return 0
}

// below looks at the expressions of a node that gives no value itself, and
// returns the largest.
func (s *sizer) below(n tree, ctes map[string]int, column int) int {
	if n == nil {
		return 0
	}
	if str(n, "class") != "" {
		return s.expr(n, ctes, column)
	}
	return s.parts(n, ctes, column)
}

// parts is the size of the largest expression directly below a node.
func (s *sizer) parts(n tree, ctes map[string]int, column int) int {
	size := 0
	for key, v := range n {
		switch v := v.(type) {
		case tree:
			if key != "cte_map" && key != "cast_type" && key != "value" {
				size = max(size, s.below(v, ctes, column))
			}
		case []any:
			for _, e := range v {
				if m, ok := e.(tree); ok {
					size = max(size, s.below(m, ctes, column))
				}
			}
		}
	}
	return size
}

const scalarBytes = 16

// expr is the size of an expression's value.
func (s *sizer) expr(n tree, ctes map[string]int, column int) int {
	if s.refused != nil {
		return 0
	}
	switch str(n, "class") {
	case "CONSTANT":
		text, _ := child(n, "value")["value"].(string)
		return max(len(text), scalarBytes)
	case "COLUMN_REF", "STAR":
		s.parts(n, ctes, column)
		return max(column, scalarBytes)
	case "PARAMETER":
		return columnBytes
	case "SUBQUERY":
		s.below(child(n, "child"), ctes, column)
		return s.query(child(child(n, "subquery"), "node"), ctes, column)
	case "COMPARISON", "CONJUNCTION", "BETWEEN":
		s.parts(n, ctes, column)
		return scalarBytes
	case "FUNCTION", "WINDOW":
		return s.bounded(s.call(n, ctes, column))
	}
	return s.parts(n, ctes, column)
}

// call is the size of what a function makes of its arguments: of most, no more
// than of all together.
func (s *sizer) call(n tree, ctes map[string]int, column int) int {
	args := list(n, "children")
	sizes, sum := make([]int, len(args)), scalarBytes
	for i, a := range args {
		sizes[i] = s.expr(a, ctes, column)
		sum += sizes[i]
	}
	for _, key := range []string{"filter", "filter_expr", "order_bys", "start_expr", "end_expr", "offset_expr", "default_expr"} {
		sum += s.below(child(n, key), ctes, column)
	}
	for _, key := range []string{"partitions", "orders", "arg_orders"} {
		for _, e := range list(n, key) {
			s.below(e, ctes, column)
		}
	}
	name := strings.ToLower(str(n, "function_name"))
	switch name {
	case "replace", "regexp_replace":
		if len(sizes) < 3 {
			return sum
		}
		return replaced(name, args, sizes)
	case "lpad", "rpad":
		if len(args) < 2 {
			return sum
		}
		// Characters, of at most four bytes.
		return sum + 4*number(args[1])
	case "repeat":
		if len(args) < 2 {
			return sum
		}
		return sum + sizes[0]*number(args[1])
	case "postgres_float_digits":
		return 512
	case "typeof":
		return scalarBytes
	case "struct_pack":
		return slices.Max(append(sizes, scalarBytes))
	case "struct_extract":
		if len(sizes) > 0 {
			return sizes[0]
		}
	case "generate_series":
		return 8 * s.series(args)
	case "to_json", "json_object", "json_array", "json_group_object":
		if name == "json_group_object" {
			sum += 4 * columnBytes
		}
		return 3 * sum // some characters are escaped
	case "array_join", "array_to_string", "concat_ws":
		return sum * 2
	case "string_split", "str_split", "split", "string_split_regex", "string_to_array", "postgres_string_to_array", "regexp_extract_all", "translate", "hex", "to_hex", "regexp_escape", "to_base64", "base64":
		return 4 * sum
	case "strftime", "date_format":
		return 8 * sum
	case "string_agg", "group_concat", "listagg", "array_agg", "list", "map_agg", "histogram":
		return 4*columnBytes + sum
	}
	return sum
}

// replaced is the size of a text in which each occurrence of another became a
// third.
func replaced(name string, args []tree, sizes []int) int {
	from, to := 1, sizes[2]
	if text, ok := constant(args[1]); ok && name == "replace" {
		from = max(len(text), 1)
	}
	if text, ok := constant(args[2]); ok {
		to = len(text)
		if name == "regexp_replace" {
			// Each group that is put in is at most the whole of the text.
			to += strings.Count(text, `\`) + strings.Count(text, "$")
		}
	}
	return sizes[0] * max(1, (to+from-1)/from)
}

func constant(n tree) (string, bool) {
	text, ok := child(n, "value")["value"].(string)
	return text, ok && str(n, "class") == "CONSTANT"
}

// series is how many values a series in an expression has, which is in memory
// as a whole: from and to must stand in the text.
func (s *sizer) series(args []tree) int {
	const most = 10_000
	if len(args) == 2 {
		from, ok := child(args[0], "value")["value"].(float64)
		to, ok2 := child(args[1], "value")["value"].(float64)
		if ok && ok2 && to-from <= most && from-to <= most {
			return int(max(to-from, 0)) + 1
		}
	}
	s.refuse("SELECT … FROM generate_series(…)", "a series in an expression may have %d values, which stand in the statement", most)
	return 0
}

// number is a whole number that stands in the text; anything else is too large.
func number(n tree) int {
	if f, ok := child(n, "value")["value"].(float64); ok && str(n, "class") == "CONSTANT" && f >= 0 && f < valueBytes {
		return int(f)
	}
	return valueBytes
}

// list returns the objects of an array.
func list(n tree, key string) []tree {
	items, _ := n[key].([]any)
	nodes := make([]tree, 0, len(items))
	for _, v := range items {
		if m, ok := v.(tree); ok {
			nodes = append(nodes, m)
		}
	}
	return nodes
}
