package dialect

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// arity is how many arguments a function takes in both engines; most is -1
// where there is no end.
type arity struct{ least, most int }

// sharedFunctions are those that mean the same in both engines, some by a
// macro. What is not here is a finding: a name may be missing because nobody
// asked for it, or because it is spelled alike and differs (differing says).
func sharedFunctions() map[string]arity {
	shared := map[string]arity{}
	add := func(least, most int, names string) {
		for _, n := range strings.Fields(names) {
			shared[n] = arity{least, most}
		}
	}
	// Aggregates and windows.
	add(1, 1, "sum avg min max count_if bool_and bool_or every array_agg any_value approx_distinct")
	add(1, 1, "stddev stddev_pop stddev_samp variance var_pop var_samp")
	add(2, 2, "max_by min_by map_agg approx_percentile")
	add(0, 1, "count")
	add(0, 0, "row_number rank dense_rank percent_rank cume_dist")
	add(1, 1, "ntile first_value last_value")
	add(1, 3, "lag lead")
	add(2, 2, "nth_value")
	// Conditions. if, coalesce, try_cast, grouping and the like are syntax.
	add(2, 2, "nullif")
	add(2, 8, "greatest least")
	// Numbers.
	add(1, 1, "abs ceil ceiling floor truncate sign sqrt cbrt exp ln log2 log10 sin cos tan asin acos atan degrees radians")
	add(1, 2, "round")
	add(2, 2, "log mod pow power atan2")
	add(0, 0, "pi")
	// Text.
	add(1, 1, "length lower upper trim ltrim rtrim chr to_utf8 to_hex from_hex md5 sha256 to_base64 from_base64")
	add(2, 2, "strpos starts_with split regexp_like json_extract_scalar position")
	add(3, 3, "replace lpad rpad split_part translate")
	add(2, 3, "substr substring regexp_replace")
	add(1, 1, "json_array_length")
	add(2, 12, "concat")
	add(2, -1, "concat_ws")
	// Dates.
	add(2, 2, "date_trunc date_format date_parse")
	add(3, 3, "date_diff")
	add(1, 1, "year quarter month week day hour minute second day_of_week year_of_week last_day_of_month to_unixtime from_unixtime")
	// Arrays and maps.
	add(2, 2, "element_at contains")
	add(1, 1, "cardinality flatten map_keys map_values unnest")
	add(3, 3, "slice")
	add(2, 3, "sequence array_join")
	add(0, 2, "map")
	add(0, -1, "row")
	return shared
}

// macroAggregates are the shared aggregates that are macros on DuckDB, which
// takes no FILTER, DISTINCT or ORDER BY on them.
func macroAggregates() []string {
	return []string{"approx_distinct", "approx_percentile", "every", "max_by", "min_by", "map_agg"}
}

// dateParseFormats are the formats that the macro date_parse knows.
func dateParseFormats() []string {
	return []string{
		"%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y-%m-%d %H:%i", "%Y/%m/%d %H:%i", "%Y-%m-%d %H:%i:%s", "%Y/%m/%d %H:%i:%s",
		"%Y-%m-%dT%H:%i:%s", "%Y%m%d%H%i%s", "%Y年%m月%d日",
	}
}

// impureNames differ from run to run or from session to session.
func impureNames() []string {
	return []string{
		"now", "today", "random", "rand", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "shuffle", "setseed", "nextval", "currval", "txid_current", "version",
		"current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "get_current_time", "get_current_timestamp", "get_current_date", "transaction_timestamp",
		"current_user", "session_user", "current_role", "current_catalog", "current_schema", "current_schemas", "current_database", "current_query", "current_setting", "getvariable", "current_timezone",
	}
}

// insteadOf says what to write for functions that people who know DuckDB or
// Trino will try.
func insteadOf() map[string]string {
	return map[string]string{
		"string_agg": "array_join(array_agg(x ORDER BY y), ',')", "group_concat": "array_join(array_agg(x ORDER BY y), ',')", "listagg": "array_join(array_agg(x ORDER BY y), ',')",
		"list": "array_agg(x ORDER BY y)", "array_to_string": "array_join", "list_contains": "contains", "list_value": "ARRAY[…]", "len": "length(text) or cardinality(array)",
		"strftime": "date_format(ts, '%Y-%m-%d')", "strptime": "date_parse(text, '%Y-%m-%d')", "epoch": "to_unixtime", "to_timestamp": "from_unixtime",
		"date_part": "year(d), month(d) … or EXTRACT(YEAR FROM d)", "datepart": "year(d), month(d) …", "datediff": "date_diff('day', a, b)", "date_sub": "date_diff('day', a, b), or d - INTERVAL '1' DAY",
		"date_add": "CAST(d + INTERVAL '1' DAY AS DATE)", "last_day": "last_day_of_month", "isodow": "day_of_week", "dayofweek": "day_of_week", "isoyear": "year_of_week", "yow": "year_of_week", "dow": "day_of_week", "weekofyear": "week", "make_date": "CAST(text AS DATE)",
		"regexp_matches": "regexp_like", "regexp_full_match": "regexp_like(x, '^…$')", "regexp_extract": "regexp_replace(x, '^.*(…).*$', '$1') where regexp_like holds: with no match DuckDB gives '' and Trino NULL",
		"instr": "strpos", "string_split": "split", "str_split": "split", "prefix": "starts_with", "trunc": "truncate", "approx_count_distinct": "approx_distinct", "approx_quantile": "approx_percentile", "quantile_cont": "approx_percentile", "quantile_disc": "approx_percentile", "quantile": "approx_percentile", "median": "approx_percentile(x, 0.5)",
		"arg_max": "max_by", "arg_min": "min_by", "first": "min_by(x, y), or first_value with ORDER BY", "last": "max_by(x, y)", "arbitrary": "any_value: arbitrary may give NULL in DuckDB",
		"generate_series": "sequence(a, b)", "range": "sequence(a, b - 1)", "json_extract_string": "json_extract_scalar", "json_extract": "json_extract_scalar", "ifnull": "coalesce", "grouping_id": "grouping",
		"levenshtein": "a Go step: DuckDB counts bytes and Trino characters", "levenshtein_distance": "a Go step: DuckDB counts bytes and Trino characters",
		"repeat": "lpad('', n, x): Trino's repeat gives an array", "reverse": "a Go step: the engines differ on composed characters",
		"array_position": "contains, or UNNEST … WITH ORDINALITY: an absent element is NULL in DuckDB and 0 in Trino", "array_distinct": "UNNEST and array_agg(DISTINCT x ORDER BY x): DuckDB drops NULL", "array_sort": "array_agg(x ORDER BY x): the engines put NULL at different ends",
		"typeof": "nothing: the names of types differ", "hash": "sha256(to_utf8(x))", "bitwise_and": "a Go step",
	}
}

// functionRules are the rules about calls.
func functionRules() []rule {
	return []rule{
		{name: "impure", message: "%s makes a model more than a function of its inputs", hint: "the day that a run reports on is in dim.run", check: impureCalls},
		{name: "function", message: "%s is no function that both engines share", check: unknownFunctions},
		{name: "function-arguments", message: "%s takes %s here", hint: "pass as many as both engines take", check: wrongArity},
		{name: "macro-aggregate", message: "%s is a macro on DuckDB and takes no %s", hint: "agg(CASE WHEN condition THEN x END), or DISTINCT and order in a subquery", check: macroModifiers},
		{name: "window-without-order", message: "%s without ORDER BY counts in any order", hint: "OVER (PARTITION BY … ORDER BY columns that make every row's place certain)", check: unorderedWindows},
		{name: "array-agg-without-order", message: "array_agg without ORDER BY collects in any order", hint: "array_agg(x ORDER BY y)", check: unorderedArrays},
		{name: "date-format", message: "%s wants a constant format that both engines read alike", hint: "date_format: text with %Y %m %d %H %i %s; date_parse: one of " + strings.Join(dateParseFormats(), ", "), check: dateFormats},
		{name: "regexp", message: "this %s is not the same in both engines", hint: "a constant; no look-around, back-reference or possessive quantifier in a pattern; $1 to $9 and no backslash in a replacement", check: regexps},
		{name: "substr-start", message: "a start below 1 is not the same in both engines", hint: "count from 1", check: substrStarts},
		{name: "bytes-argument", message: "%s takes bytes in Trino", hint: "md5(to_utf8(x)); to_hex(…) for text", check: bytesArguments},
	}
}

// call is a written call of a function.
type call struct {
	node
	name string // in lower case
	at   int
}

// calls returns the calls as written: no operators, and no syntax that the
// parser turned into functions.
func (q *Query) calls() (calls []call) {
	for _, p := range q.nodes {
		if p.node.is("FUNCTION", "WINDOW") && !p.node.flag("is_operator") && !q.sugar(p.node) {
			name := strings.ToLower(p.node.str("function_name"))
			if name == "count_star" {
				name = "count"
			}
			calls = append(calls, call{p.node, name, p.at})
		}
	}
	return calls
}

// spelledCalls are functions that the parser replaces by an operator which
// another spelling shares.
func spelledCalls() []string { return []string{"ifnull", "grouping_id"} }

func impureCalls(q *Query) (hits []hit) {
	impure := impureNames()
	for _, c := range q.calls() {
		if slices.Contains(impure, c.name) {
			hits = append(hits, hit{at: c.at, args: []any{c.name}})
		}
	}
	for _, p := range q.nodes {
		names := p.node.names()
		if i, ok := q.byStart[p.node.at()]; !ok || len(names) != 1 || q.tokens[i].kind != word {
			continue
		}
		// The names that SQL reads without brackets; "now" so written is a column.
		name := strings.ToLower(names[0])
		bare := strings.HasPrefix(name, "current_") || strings.HasPrefix(name, "local") || name == "session_user"
		if bare && slices.Contains(impure, name) {
			hits = append(hits, hit{at: p.at, args: []any{name}})
		}
	}
	return hits
}

func unknownFunctions(q *Query) (hits []hit) {
	shared, impure := sharedFunctions(), impureNames()
	for _, c := range q.calls() {
		_, known := shared[c.name]
		schema := c.str("schema")
		written, _ := q.byStart[c.at]
		qualified := schema != "" && q.is(written+1, ".")
		if known && !qualified || slices.Contains(impure, c.name) || readsFile(c.name) || c.name == "listagg" {
			continue
		}
		h := hit{at: c.at, args: []any{c.name}, hint: nearest(c.name, shared)}
		if qualified {
			h = hit{at: c.at, args: []any{schema + "." + c.name}, hint: "f(x) without a schema and not as a method"}
		}
		hits = append(hits, h)
	}
	for i, t := range q.tokens {
		if name := strings.ToLower(q.raw(t)); slices.Contains(spelledCalls(), name) && q.is(i+1, "(") && !q.is(i-1, ".") {
			hits = append(hits, hit{at: t.start, args: []any{name}, hint: nearest(name, shared)})
		}
	}
	return hits
}

// nearest says what to write for an unknown name: what is known of it, else
// the shared name that the fewest edits lead to.
func nearest(name string, shared map[string]arity) string {
	if known, ok := insteadOf()[name]; ok {
		return known
	}
	best, least := "", len(name)/2+1
	for _, candidate := range slices.Sorted(maps.Keys(shared)) {
		if d := edits(name, candidate); d < least {
			best, least = candidate, d
		}
	}
	if best == "" {
		return "another way with the functions that both share, or a Go step"
	}
	return best
}

// edits is the Levenshtein distance in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func wrongArity(q *Query) (hits []hit) {
	shared := sharedFunctions()
	for _, c := range q.calls() {
		a, known := shared[c.name]
		n := len(c.list("children"))
		if !known || c.str("schema") != "" || n >= a.least && (n <= a.most || a.most < 0) {
			continue
		}
		hits = append(hits, hit{at: c.at, args: []any{c.name, a.String()}})
	}
	return hits
}

func (a arity) String() string {
	switch {
	case a.most < 0:
		return fmt.Sprintf("%d arguments or more", a.least)
	case a.least == a.most && a.least == 1:
		return "1 argument"
	case a.least == a.most:
		return fmt.Sprintf("%d arguments", a.least)
	}
	return fmt.Sprintf("%d to %d arguments", a.least, a.most)
}

func macroModifiers(q *Query) (hits []hit) {
	for _, c := range q.calls() {
		if !slices.Contains(macroAggregates(), c.name) {
			continue
		}
		report := func(holds bool, what string) {
			if holds {
				hits = append(hits, hit{at: c.at, args: []any{c.name, what}})
			}
		}
		report(c.child("filter") != nil || c.child("filter_expr") != nil, "FILTER")
		report(c.flag("distinct"), "DISTINCT")
		report(len(c.child("order_bys").list("orders"))+len(c.list("arg_orders")) > 0, "ORDER BY")
		report(c.is("WINDOW") && c.name == "map_agg", "OVER")
	}
	return hits
}

func unorderedWindows(q *Query) (hits []hit) {
	ordered := []string{"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"}
	for _, c := range q.calls() {
		if c.is("WINDOW") && slices.Contains(ordered, c.name) && len(c.list("orders")) == 0 {
			hits = append(hits, hit{at: c.at, args: []any{c.name}})
		}
	}
	return hits
}

func unorderedArrays(q *Query) (hits []hit) {
	for _, c := range q.calls() {
		if c.name == "array_agg" && len(c.child("order_bys").list("orders"))+len(c.list("arg_orders"))+len(c.list("orders")) == 0 {
			hits = append(hits, hit{at: c.at})
		}
	}
	return hits
}

// constant returns the text that an expression is, if it is a string constant.
func constant(n node) (string, bool) {
	s, ok := n.child("value")["value"].(string)
	return s, ok && n.is("CONSTANT")
}

func dateFormats(q *Query) (hits []hit) {
	letters := strings.NewReplacer("%Y", "", "%m", "", "%d", "", "%H", "", "%i", "", "%s", "")
	for _, c := range q.calls() {
		args := c.list("children")
		if c.name != "date_format" && c.name != "date_parse" || len(args) != 2 {
			continue
		}
		format, ok := constant(args[1])
		if c.name == "date_parse" {
			ok = ok && slices.Contains(dateParseFormats(), format)
		} else {
			ok = ok && !strings.Contains(letters.Replace(format), "%")
		}
		if !ok {
			hits = append(hits, hit{at: c.at, args: []any{c.name}})
		}
	}
	return hits
}

func regexps(q *Query) (hits []hit) {
	for _, c := range q.calls() {
		args := c.list("children")
		if c.name != "regexp_like" && c.name != "regexp_replace" || len(args) < 2 {
			continue
		}
		if pattern, ok := constant(args[1]); !ok || !plainPattern(pattern) {
			hits = append(hits, hit{at: c.at, args: []any{"pattern"}})
		}
		if len(args) < 3 {
			continue
		}
		if replacement, ok := constant(args[2]); !ok || !plainReplacement(replacement) {
			hits = append(hits, hit{at: c.at, args: []any{"replacement"}})
		}
	}
	return hits
}

// plainPattern refuses what RE2 (DuckDB) has not or reads otherwise than Java:
// look-around, named and atomic groups, back-references, possessive
// quantifiers.
func plainPattern(p string) bool {
	for i := 0; i+1 < len(p); i++ {
		switch pair := p[i : i+2]; {
		case pair[0] == '\\':
			if pair[1] >= '1' && pair[1] <= '9' || pair[1] == 'k' || pair[1] == 'G' || pair[1] == 'Z' {
				return false
			}
			i++
		case pair == "(?" && !strings.HasPrefix(p[i:], "(?:") && !strings.HasPrefix(p[i:], "(?i)"):
			return false
		case strings.Contains("*+?}", pair[:1]) && pair[1] == '+':
			return false
		}
	}
	return true
}

func plainReplacement(r string) bool {
	for i := range len(r) {
		if r[i] == '\\' || r[i] == '$' && (i+1 == len(r) || !isDigit(r[i+1]) || i+2 < len(r) && isDigit(r[i+2])) {
			return false
		}
	}
	return true
}

func substrStarts(q *Query) (hits []hit) {
	for _, c := range q.calls() {
		if args := c.list("children"); (c.name == "substr" || c.name == "substring") && len(args) > 1 && args[1].is("CONSTANT") {
			if start, ok := args[1].child("value")["value"].(float64); ok && start < 1 {
				hits = append(hits, hit{at: c.at})
			}
		}
	}
	return hits
}

func bytesArguments(q *Query) (hits []hit) {
	givers := []string{"to_utf8", "from_hex", "from_base64", "md5", "sha256"}
	for _, c := range q.calls() {
		args := c.list("children")
		if !slices.Contains([]string{"md5", "sha256", "to_hex", "to_base64"}, c.name) || len(args) != 1 {
			continue
		}
		if !args[0].is("FUNCTION") || !slices.Contains(givers, strings.ToLower(args[0].str("function_name"))) {
			hits = append(hits, hit{at: c.at, args: []any{c.name}})
		}
	}
	return hits
}
