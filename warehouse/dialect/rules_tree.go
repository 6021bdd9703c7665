package dialect

import (
	"slices"
	"strings"
)

// treeRules are the rules that the parse tree shows.
func treeRules() []rule {
	return []rule{
		{name: "select-only", message: "%s is no query of a model", hint: "write one SELECT", check: notSelects},
		{name: "star-modifier", message: "* with EXCLUDE, REPLACE, RENAME or a filter is DuckDB's alone", hint: "name the columns", check: starModifiers},
		{name: "columns-expression", message: "COLUMNS() is DuckDB's alone", hint: "name the columns", check: columnsExpressions},
		{name: "list-comprehension", message: "a list comprehension is DuckDB's alone", hint: "CROSS JOIN UNNEST(x) AS u(e), then array_agg(e ORDER BY …)", check: comprehensions},
		{name: "lambda", message: "-> has no meaning that both engines share", hint: "CROSS JOIN UNNEST(x) AS u(e) for the elements of an array, json_extract_scalar(x, '$.key') for JSON", check: lambdas},
		{name: "list-literal", message: "[…] is DuckDB's alone", hint: "ARRAY[…]", check: desugared("list_value")},
		{name: "struct-literal", message: "{…} is DuckDB's alone", hint: "columns of their own; for a map MAP(ARRAY[keys], ARRAY[values])", check: desugared("struct_pack", "map")},
		{name: "struct-access", message: "access to a struct's field", hint: "a column of its own for each field; a table's column as alias.column", check: structAccess},
		{name: "array-slice", message: "x[a:b] is DuckDB's alone", hint: "slice(x, start, length)", check: operators("ARRAY_SLICE")},
		{name: "array-subscript", message: "x[i] past the end is NULL in DuckDB and an error in Trino", hint: "element_at(x, i)", check: operators("ARRAY_EXTRACT")},
		{name: "in-list-value", message: "x IN array is DuckDB's alone", hint: "contains(array, x)", check: inArrays},
		{name: "time-zone", message: "AT TIME ZONE reads a timestamp without a zone differently in each engine", hint: "keep timestamps in Asia/Shanghai without a zone, as they land", check: desugared("timezone")},
		{name: "extract-field", message: "EXTRACT(%s …) is not the same in both engines", hint: "YEAR, QUARTER, MONTH, WEEK, DAY, DOY, HOUR, MINUTE or SECOND; day_of_week(d), year_of_week(d), to_unixtime(ts)", check: extractFields},
		{name: "qualified-table", message: "table %s has no schema", hint: "write layer.name, as in dwd.congress_opinion", check: unqualifiedTables},
		{name: "catalog", message: "table %s names a catalog", hint: "write layer.name alone", check: catalogTables},
		{name: "read-file", message: "a model reads no files", hint: "declare a source and read its ods table", check: fileReads},
		{name: "table-function", message: "table function %s", hint: "UNNEST(sequence(a, b)) AS t(n) for numbers, UNNEST(x) AS t(e) for an array; nothing else is shared", check: tableFunctions},
		{name: "unnest-in-select", message: "UNNEST among the columns is DuckDB's alone", hint: "CROSS JOIN UNNEST(x) AS u(e)", check: unnestInSelect},
		{name: "join-kind", message: "%s JOIN is not in both engines", hint: "JOIN … ON with the condition in full; EXISTS (…) or NOT EXISTS (…) for SEMI and ANTI", check: joinKinds},
		{name: "time-travel", message: "AT (…) is DuckDB's alone", hint: "read the table as it is", check: timeTravel},
		{name: "parameter", message: "a model has no parameters", hint: "read the value from a table, as dim.run or a dated parameter", check: parameters},
		{name: "limit-percent", message: "LIMIT in percent is DuckDB's alone", hint: "row_number() and count(*) OVER () in a subquery, then filter", check: modifiers("LIMIT_PERCENT_MODIFIER")},
		{name: "limit-without-order", message: "LIMIT without ORDER BY takes any rows", hint: "ORDER BY columns that make every row's place certain, the key last", check: unorderedLimits},
		{name: "alias-reuse", message: "%s is an alias of this SELECT, which Trino does not know here", hint: "repeat the expression, number it (GROUP BY 1), or take a subquery; if a column is meant, qualify it", check: aliasReuse},
		{name: "unsafe-division", message: "the divisor may be 0", hint: "/ nullif(x, 0), or a constant that is not 0", check: unsafeDivisions},
		{name: "rounding-cast", message: "CAST to %s rounds .5 differently in each engine", hint: "CAST(round(x) AS …), or floor, ceil, truncate", check: roundingCasts},
	}
}

// where finds the nodes that a condition holds for.
func (q *Query) where(holds func(placed) bool) (hits []hit) {
	for _, p := range q.nodes {
		if holds(p) {
			hits = append(hits, hit{at: p.at})
		}
	}
	return hits
}

func notSelects(q *Query) (hits []hit) {
	for _, p := range q.nodes {
		if p.node.str("type") == "SHOW_REF" {
			hits = append(hits, hit{at: p.at, args: []any{p.node.str("show_type")}})
		}
	}
	return hits
}

func starModifiers(q *Query) []hit {
	return q.where(func(p placed) bool {
		if !p.node.is("STAR") || p.node.flag("columns") {
			return false
		}
		filtered := p.parent != nil && p.parent.node.is("FUNCTION") && p.parent.node.flag("is_operator")
		for _, key := range []string{"exclude_list", "replace_list", "rename_list", "qualified_exclude_list"} {
			list, _ := p.node[key].([]any)
			filtered = filtered || len(list) > 0
		}
		return filtered
	})
}

// columnsExpressions leaves out the star that ORDER BY ALL becomes.
func columnsExpressions(q *Query) []hit {
	return q.where(func(p placed) bool {
		i, ok := q.byStart[p.node.at()]
		return p.node.is("STAR") && p.node.flag("columns") && ok && !q.is(i, "all")
	})
}

// sugar says whether a function node stands for syntax and not for a call of
// that name: no identifier spelled so stands where it begins.
func (q *Query) sugar(n node) bool {
	i, ok := q.byStart[n.at()]
	if !ok {
		return true
	}
	_, parts := q.chain(i)
	name := n.str("function_name")
	if name == "count_star" {
		name = "count"
	}
	return q.tokens[i].kind != word && q.tokens[i].kind != quoted || !strings.EqualFold(parts[len(parts)-1], name)
}

func desugared(names ...string) func(*Query) []hit {
	return func(q *Query) []hit {
		return q.where(func(p placed) bool {
			return p.node.is("FUNCTION") && slices.Contains(names, p.node.str("function_name")) && q.sugar(p.node)
		})
	}
}

func comprehensions(q *Query) (hits []hit) {
	for _, h := range desugared("list_apply", "list_filter")(q) {
		if !slices.ContainsFunc(hits, func(o hit) bool { return o.at == h.at }) {
			hits = append(hits, h)
		}
	}
	return hits
}

func lambdas(q *Query) []hit {
	return q.where(func(p placed) bool {
		if !p.node.is("LAMBDA") {
			return p.node.is("FUNCTION") && p.node.str("function_name") == "->>"
		}
		return p.parent == nil || !p.parent.node.is("FUNCTION") || !q.sugar(p.parent.node)
	})
}

func operators(types ...string) func(*Query) []hit {
	return func(q *Query) []hit {
		return q.where(func(p placed) bool { return p.node.is("OPERATOR") && slices.Contains(types, p.node.str("type")) })
	}
}

func inArrays(q *Query) []hit { return desugared("contains")(q) }

// structAccess finds (x).field, and dotted names whose first part is no table,
// CTE or alias of the text.
func structAccess(q *Query) []hit {
	relations := map[string]bool{}
	for _, p := range q.nodes {
		for _, key := range []string{"alias", "table_name"} {
			if p.node["class"] == nil {
				relations[strings.ToLower(p.node.str(key))] = true
			}
		}
		if p.node.str("type") == "TABLE_FUNCTION" && p.node.str("alias") == "" {
			relations[strings.ToLower(p.node.child("function").str("function_name"))] = true
		}
	}
	for _, t := range q.tables {
		relations[strings.ToLower(t.Schema+"."+t.Name)] = true
	}
	return q.where(func(p placed) bool {
		if p.node.is("OPERATOR") {
			return p.node.str("type") == "STRUCT_EXTRACT"
		}
		names := p.node.names()
		if !p.node.is("COLUMN_REF") || len(names) < 2 {
			return false
		}
		return !relations[strings.ToLower(strings.Join(names[:len(names)-1], "."))]
	})
}

func extractFields(q *Query) (hits []hit) {
	shared := []string{"year", "quarter", "month", "week", "day", "doy", "hour", "minute", "second"}
	for _, p := range q.nodes {
		if !p.node.is("FUNCTION") || p.node.str("function_name") != "date_part" || !q.sugar(p.node) {
			continue
		}
		args := p.node.list("children")
		if field, _ := args[0].child("value")["value"].(string); !slices.Contains(shared, strings.ToLower(field)) {
			hits = append(hits, hit{at: p.at, args: []any{strings.ToUpper(field)}})
		}
	}
	return hits
}

// isFile holds for a name that DuckDB would look for on disk.
func (t placedTable) isFile() bool {
	return t.Schema == "" && (t.literal || strings.ContainsAny(t.Name, "./*"))
}

func unqualifiedTables(q *Query) (hits []hit) {
	for _, t := range q.tables {
		if t.Schema == "" && !t.isFile() {
			hits = append(hits, hit{at: t.Start, args: []any{t.Name}})
		}
	}
	return hits
}

func catalogTables(q *Query) (hits []hit) {
	for _, t := range q.tables {
		if t.catalog != "" {
			hits = append(hits, hit{at: t.Start, args: []any{q.text[t.Start:t.End]}})
		}
	}
	return hits
}

func fileReads(q *Query) (hits []hit) {
	for _, t := range q.tables {
		if t.isFile() {
			hits = append(hits, hit{at: t.Start})
		}
	}
	return append(hits, q.where(func(p placed) bool { return p.node.is("FUNCTION") && readsFile(p.node.str("function_name")) })...)
}

func readsFile(function string) bool {
	f := strings.ToLower(function)
	return strings.HasPrefix(f, "read_") || strings.HasSuffix(f, "_scan") || strings.HasPrefix(f, "parquet_") || f == "glob" || f == "sniff_csv"
}

func tableFunctions(q *Query) (hits []hit) {
	for _, p := range q.nodes {
		name := strings.ToLower(p.node.child("function").str("function_name"))
		if p.node.str("type") == "TABLE_FUNCTION" && name != "unnest" && !readsFile(name) {
			hits = append(hits, hit{at: p.at, args: []any{name}})
		}
	}
	return hits
}

func unnestInSelect(q *Query) []hit {
	return q.where(func(p placed) bool {
		return p.node.is("FUNCTION") && strings.EqualFold(p.node.str("function_name"), "unnest") &&
			(p.parent == nil || p.parent.node.str("type") != "TABLE_FUNCTION")
	})
}

func joinKinds(q *Query) (hits []hit) {
	for _, p := range q.nodes {
		for _, kind := range []string{p.node.str("ref_type"), p.node.str("join_type")} {
			if slices.Contains([]string{"POSITIONAL", "ASOF", "NATURAL", "SEMI", "ANTI"}, kind) && p.node.str("type") == "JOIN" {
				// A join's place is its keyword; it lacks one only with a comma.
				hits = append(hits, hit{at: p.at, args: []any{kind}})
			}
		}
	}
	return hits
}

func timeTravel(q *Query) []hit {
	return q.where(func(p placed) bool { return p.node["at_clause"] != nil })
}

func parameters(q *Query) []hit {
	return q.where(func(p placed) bool { return p.node.is("PARAMETER") })
}

// limited returns the node's modifiers by type.
func (n node) modifier(kind string) node {
	for _, m := range n.list("modifiers") {
		if m.str("type") == kind {
			return m
		}
	}
	return nil
}

func modifiers(kind string) func(*Query) []hit {
	return func(q *Query) (hits []hit) {
		for _, p := range q.nodes {
			if p.node.str("type") == kind && p.parent != nil {
				hits = append(hits, hit{at: p.at})
			}
		}
		return hits
	}
}

func unorderedLimits(q *Query) (hits []hit) {
	for _, p := range q.nodes {
		m := p.node.modifier("LIMIT_MODIFIER")
		if m == nil {
			m = p.node.modifier("LIMIT_PERCENT_MODIFIER")
		}
		if m == nil || p.node.modifier("ORDER_MODIFIER") != nil {
			continue
		}
		if all := m.child("limit").child("value"); all.flag("is_null") && m.child("offset") == nil {
			continue // LIMIT ALL takes every row
		}
		hits = append(hits, hit{at: max(m.begin(), 0)})
	}
	return hits
}

// aliasReuse finds an unqualified name that is an alias of the same SELECT, in
// its other columns, WHERE, GROUP BY or HAVING (ORDER BY knows aliases in both
// engines). An alias whose own expression reads a column of that name hides
// nothing: the name is that column.
func aliasReuse(q *Query) (hits []hit) {
	for _, p := range q.nodes {
		if p.node.str("type") != "SELECT_NODE" {
			continue
		}
		aliases := map[string]bool{}
		for _, item := range p.node.list("select_list") {
			name := strings.ToLower(item.str("alias"))
			own := false
			columns(item, func(c node) {
				names := c.names()
				own = own || strings.EqualFold(names[len(names)-1], name)
			})
			if name != "" && !own {
				aliases[name] = true
			}
		}
		report := func(c node) {
			if names := c.names(); len(names) == 1 && aliases[strings.ToLower(names[0])] {
				hits = append(hits, hit{at: max(c.at(), 0), args: []any{names[0]}})
			}
		}
		for _, part := range slices.Concat(p.node.list("select_list"), p.node.list("group_expressions"), []node{p.node.child("where_clause"), p.node.child("having")}) {
			columns(part, report)
		}
	}
	return hits
}

func unsafeDivisions(q *Query) []hit {
	return q.where(func(p placed) bool {
		name := p.node.str("function_name")
		if !p.node.is("FUNCTION") || !slices.Contains([]string{"/", "//", "%", "mod"}, name) {
			return false
		}
		args := p.node.list("children")
		return len(args) == 2 && !nonZero(args[1])
	})
}

// nonZero holds for a constant that is not 0, nullif(…), and casts and
// products of these.
func nonZero(n node) bool {
	switch {
	case n.is("CONSTANT"):
		v := n.child("value")["value"]
		return v != float64(0) && v != "0" && v != nil
	case n.is("CAST"):
		return nonZero(n.child("child"))
	case n.is("FUNCTION") && strings.EqualFold(n.str("function_name"), "nullif"):
		args := n.list("children")
		return len(args) == 2 && args[1].is("CONSTANT") && !nonZero(args[1])
	case n.is("FUNCTION") && n.str("function_name") == "*":
		return !slices.ContainsFunc(n.list("children"), func(c node) bool { return !nonZero(c) })
	case n.is("FUNCTION") && n.str("function_name") == "-" && len(n.list("children")) == 1:
		return nonZero(n.list("children")[0])
	}
	return false
}

func roundingCasts(q *Query) (hits []hit) {
	integers := []string{"BIGINT", "INTEGER", "SMALLINT", "TINYINT"}
	for _, p := range q.nodes {
		if id := p.node.child("cast_type").str("id"); p.node.is("CAST") && slices.Contains(integers, id) && fractional(p.node.child("child")) && !q.inInterval(p) {
			hits = append(hits, hit{at: p.at, args: []any{id}})
		}
	}
	return hits
}

// inInterval holds for the cast that INTERVAL '1' DAY becomes.
func (q *Query) inInterval(p placed) bool {
	return p.parent != nil && p.parent.node.is("FUNCTION") && strings.HasPrefix(p.parent.node.str("function_name"), "to_") && q.sugar(p.parent.node)
}

// fractional says whether an expression is certain to have a fraction, as far
// as the text alone shows: the types of columns are not known here.
func fractional(n node) bool {
	fractions := []string{"DECIMAL", "DOUBLE", "FLOAT"}
	switch {
	case n.is("CONSTANT"):
		return slices.Contains(fractions, n.child("value").child("type").str("id"))
	case n.is("CAST"):
		return slices.Contains(fractions, n.child("cast_type").str("id"))
	case n.is("FUNCTION"):
		name := strings.ToLower(n.str("function_name"))
		if slices.Contains([]string{"avg", "sqrt", "exp", "ln", "log2", "log10", "log", "power", "pow", "stddev", "stddev_pop", "stddev_samp", "variance", "var_pop", "var_samp", "to_unixtime"}, name) {
			return true
		}
		through := n.flag("is_operator") && strings.Contains("+-*/%", name) || slices.Contains([]string{"sum", "min", "max", "abs", "greatest", "least", "nullif"}, name)
		return through && slices.ContainsFunc(n.list("children"), fractional)
	case n.is("OPERATOR") && n.str("type") == "OPERATOR_COALESCE":
		return slices.ContainsFunc(n.list("children"), fractional)
	case n.is("CASE"):
		branches := []node{n.child("else_expr")}
		for _, c := range n.list("case_checks") {
			branches = append(branches, c.child("then_expr"))
		}
		return slices.ContainsFunc(branches, fractional)
	}
	return false
}
