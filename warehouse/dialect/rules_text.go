package dialect

import (
	"slices"
	"strings"
)

// textRules are the rules whose construct leaves no trace in the tree, or that
// the tree knows no place of.
func textRules() []rule {
	return []rule{
		{name: "double-colon", message: "x::type is DuckDB's cast", hint: "CAST(x AS type)", check: spelled(operator, "::")},
		{name: "double-equals", message: "== is DuckDB's alone", hint: "=", check: spelled(operator, "==")},
		{
			name: "regex-operator", message: "%s is no operator of Trino", hint: "regexp_like(x, pattern), or NOT regexp_like(x, pattern)",
			check: spelled(operator, "~", "!~", "~*", "!~*"),
		},
		{name: "integer-division-operator", message: "// is DuckDB's alone", hint: "a / nullif(b, 0): integers divide as integers here", check: spelled(operator, "//")},
		{name: "operator", message: "%s is no operator that both engines have", hint: "power(a, b), bitwise work in Go, json_extract_scalar(x, path)", check: otherOperators},
		{name: "named-argument", message: "named arguments are DuckDB's alone", hint: "pass the arguments in order", check: spelled(operator, ":=", "=>")},
		{name: "prefix-alias", message: "alias: x is DuckDB's alone", hint: "x AS alias", check: prefixAliases},
		{name: "trailing-comma", message: "a comma with nothing behind it", hint: "remove the comma", check: trailingCommas},
		{name: "one-statement", message: "a model is one statement", hint: "remove the semicolon and what follows it", check: spelled(punct, ";")},
		{name: "from-first", message: "FROM before SELECT is DuckDB's alone", hint: "SELECT … FROM …", check: fromFirst},
		{name: "group-by-all", message: "GROUP BY ALL is DuckDB's alone", hint: "name the columns, or their numbers: GROUP BY 1, 2", check: phrase("group", "by", "all")},
		{name: "order-by-all", message: "ORDER BY ALL is DuckDB's alone", hint: "name the columns: ORDER BY a, b", check: phrase("order", "by", "all")},
		{name: "qualify", message: "Trino has no QUALIFY", hint: "give the window a name in a subquery and filter outside: SELECT … FROM (SELECT …, row_number() OVER (…) AS n …) WHERE n = 1", check: phrase("qualify")},
		{name: "distinct-on", message: "DISTINCT ON is DuckDB's alone", hint: "row_number() OVER (PARTITION BY … ORDER BY …) AS n in a subquery, then WHERE n = 1", check: phrase("distinct", "on")},
		{name: "sample", message: "a sample differs from run to run", hint: "take all rows, or filter by a hash of the key that is computed in Go", check: phrases([]string{"tablesample"}, []string{"using", "sample"})},
		{name: "by-name", message: "BY NAME is DuckDB's alone", hint: "UNION ALL with the columns in the same order", check: phrases([]string{"union", "by", "name"}, []string{"all", "by", "name"})},
		{name: "materialized", message: "Trino has no [NOT] MATERIALIZED", hint: "WITH name AS (SELECT …)", check: phrases([]string{"as", "materialized", "("}, []string{"as", "not", "materialized", "("})},
		{
			name: "ignore-nulls", message: "%s NULLS has no spelling that both engines read", hint: "filter the NULLs in a subquery, or array_agg(x ORDER BY y) FILTER (WHERE x IS NOT NULL)",
			check: phrases([]string{"ignore", "nulls"}, []string{"respect", "nulls"}), explains: true,
		},
		{name: "listagg", message: "LISTAGG … WITHIN GROUP is Trino's alone", hint: "array_join(array_agg(x ORDER BY y), ',')", check: phrases([]string{"listagg", "("}, []string{"within", "group"}), explains: true},
		{name: "if-two-arguments", message: "if with two arguments is Trino's alone", hint: "if(condition, x, NULL), or CASE WHEN condition THEN x END", check: shortIfs, explains: true},
		{name: "pivot", message: "%s is DuckDB's alone", hint: "sum(x) FILTER (WHERE column = 'value') AS value for each value; UNION ALL the other way round", check: pivots, explains: true},
		{
			name: "word-operator", message: "%s has no counterpart in Trino", hint: "lower(x) LIKE, regexp_like(x, pattern), x IS NULL",
			check: wordOperators,
		},
		{name: "interval", message: "an interval that Trino does not read", hint: "INTERVAL '1' DAY: a whole number in quotes, then YEAR, MONTH, DAY, HOUR, MINUTE or SECOND", check: intervals, explains: true},
		{name: "string-literal", message: "a string spelled with %s", hint: "'text', with '' for a quote within", check: stringLiterals},
		{name: "identifier", message: "%s needs quotes in Trino", hint: "put the name into double quotes, or name it in plain letters", check: bareNames},
		{name: "cast-type", message: "CAST to %s is not the same in both engines", hint: "BIGINT, INTEGER, DOUBLE, DECIMAL(p,s), VARCHAR, BOOLEAN, DATE or TIMESTAMP; a shape of its own is a table of its own", check: castTypes, explains: true},
		{name: "limit-before-offset", message: "Trino wants OFFSET before LIMIT", hint: "OFFSET m LIMIT n", check: limitsBeforeOffset},
	}
}

// spelled finds the tokens of a kind that are spelled so; the spelling is the
// hit's argument where there are several.
func spelled(k kind, spellings ...string) func(*Query) []hit {
	return func(q *Query) (hits []hit) {
		for _, t := range q.tokens {
			if t.kind == k && slices.Contains(spellings, q.raw(t)) {
				hits = append(hits, withArg(t.start, len(spellings) > 1 && spellings[0] != ":=", q.raw(t)))
			}
		}
		return hits
	}
}

func withArg(at int, with bool, arg string) hit {
	if with {
		return hit{at: at, args: []any{arg}}
	}
	return hit{at: at}
}

// phrase finds keywords that follow one another.
func phrase(words ...string) func(*Query) []hit { return phrases(words) }

// phrases finds any of several. A phrase that begins with IGNORE or RESPECT
// names that word in its message.
func phrases(alternatives ...[]string) func(*Query) []hit {
	return func(q *Query) (hits []hit) {
		for i, t := range q.tokens {
			for _, words := range alternatives {
				if t.kind == word && !q.is(i-1, ".") && q.follow(i, words...) {
					first := strings.ToUpper(q.raw(t))
					hits = append(hits, withArg(t.start, first == "IGNORE" || first == "RESPECT", first))
				}
			}
		}
		return hits
	}
}

// follow says whether the tokens from i on are spelled so.
func (q *Query) follow(i int, words ...string) bool {
	for j, w := range words {
		if !q.is(i+j, w) {
			return false
		}
	}
	return true
}

var (
	sharedOperators = []string{"+", "-", "*", "/", "%", "||", "=", "<>", "!=", "<", ">", "<=", ">="}
	// ruledOperators have a rule of their own, here or in the tree ("->").
	ruledOperators = []string{"::", ":=", "=>", ":", "==", "~", "!~", "~*", "!~*", "//", "->"}
)

func otherOperators(q *Query) (hits []hit) {
	for _, t := range q.tokens {
		op := q.raw(t)
		if t.kind == operator && !slices.Contains(sharedOperators, op) && !slices.Contains(ruledOperators, op) {
			hits = append(hits, hit{at: t.start, args: []any{op}})
		}
	}
	return hits
}

// prefixAliases finds "alias: x". Within [ ] a colon is a slice, within { } a
// struct's.
func prefixAliases(q *Query) (hits []hit) {
	var open []string
	for i, t := range q.tokens {
		switch s := q.raw(t); {
		case t.kind == punct && strings.Contains("([{", s):
			open = append(open, s)
		case t.kind == punct && strings.Contains(")]}", s) && len(open) > 0:
			open = open[:len(open)-1]
		case t.kind == operator && s == ":" && i > 0 && (len(open) == 0 || open[len(open)-1] == "("):
			if !q.inLambda(i) {
				hits = append(hits, hit{at: q.tokens[i-1].start})
			}
		}
	}
	return hits
}

// inLambda says whether the colon at i ends the parameters of "lambda x, y:".
func (q *Query) inLambda(i int) bool {
	for j := i - 1; j >= 0 && (q.is(j, ",") || q.tokens[j].kind == word || q.tokens[j].kind == quoted); j-- {
		if q.is(j, "lambda") {
			return true
		}
	}
	return false
}

func trailingCommas(q *Query) (hits []hit) {
	enders := []string{")", "]", "}", ";", "from", "where", "group", "having", "window", "order", "limit", "offset", "union", "except", "intersect"}
	for i, t := range q.tokens {
		if !q.is(i, ",") {
			continue
		}
		if i+1 == len(q.tokens) || slices.Contains(enders, strings.ToLower(q.raw(q.tokens[i+1]))) {
			hits = append(hits, hit{at: t.start})
		}
	}
	return hits
}

// fromFirst finds a FROM that begins a query: the first word in its brackets
// or after a set operation, or one behind a WITH and before any SELECT.
func fromFirst(q *Query) (hits []hit) {
	type level struct{ with, selected bool }
	levels := map[int]*level{}
	for i, t := range q.tokens {
		l := levels[t.depth]
		if l == nil || q.is(i-1, "(") || i == 0 {
			l = &level{}
			levels[t.depth] = l
		}
		starts := i == 0 || q.is(i-1, "(") || q.is(i-1, ";") || q.is(i-1, "union") || q.is(i-1, "except") || q.is(i-1, "intersect") ||
			q.is(i-1, "all") && (q.is(i-2, "union") || q.is(i-2, "except") || q.is(i-2, "intersect"))
		switch {
		case q.is(i, "with") && starts:
			l.with = true
		case q.is(i, "select"), q.is(i, "values"):
			l.selected = true
		case q.is(i, "from") && !q.is(i-1, "distinct") && (starts || l.with && !l.selected):
			hits = append(hits, hit{at: t.start})
			l.selected = true
		}
	}
	return hits
}

// arguments cuts what stands in the brackets that open at token i into the
// ranges of tokens between its own commas; nil if it does not close.
func (q *Query) arguments(i int) (ranges [][2]int) {
	depth, from := q.tokens[i].depth, i+1
	for j := i + 1; j < len(q.tokens); j++ {
		t := q.tokens[j]
		switch {
		case t.depth == depth:
			return append(ranges, [2]int{from, j})
		case t.depth == depth+1 && q.is(j, ","):
			ranges = append(ranges, [2]int{from, j})
			from = j + 1
		}
	}
	return nil
}

func shortIfs(q *Query) (hits []hit) {
	for i, t := range q.tokens {
		if q.follow(i, "if", "(") && !q.is(i-1, ".") && len(q.arguments(i+1)) == 2 {
			hits = append(hits, hit{at: t.start})
		}
	}
	return hits
}

func pivots(q *Query) (hits []hit) {
	for i, t := range q.tokens {
		name := strings.ToUpper(q.raw(t))
		if t.kind == word && (name == "PIVOT" || name == "UNPIVOT") && (i == 0 || q.is(i+1, "(")) && !q.is(i-1, ".") {
			hits = append(hits, hit{at: t.start, args: []any{name}})
		}
	}
	return hits
}

// wordOperators leaves a word alone that is used as a name: behind a dot or
// AS, or with nothing on its left to work on.
func wordOperators(q *Query) (hits []hit) {
	words := []string{"ilike", "glob", "isnull", "notnull", "collate", "similar"}
	for i, t := range q.tokens {
		if t.kind != word || i == 0 || !slices.Contains(words, strings.ToLower(q.raw(t))) || q.is(i-1, ".") || q.is(i-1, "as") || q.is(i+1, "(") {
			continue
		}
		left := q.tokens[i-1]
		if left.kind == punct && !q.is(i-1, ")") && !q.is(i-1, "]") || left.kind == operator {
			continue
		}
		if !q.is(i-1, "select") && !q.is(i-1, "by") && !q.is(i-1, "where") && !q.is(i-1, "and") && !q.is(i-1, "or") {
			hits = append(hits, hit{at: t.start, args: []any{strings.ToUpper(q.raw(t))}})
		}
	}
	return hits
}

func intervals(q *Query) (hits []hit) {
	units := []string{"year", "month", "day", "hour", "minute", "second"}
	for i, t := range q.tokens {
		if t.kind != word || !q.is(i, "interval") || i+1 == len(q.tokens) || q.is(i-1, ".") || q.is(i-1, "as") {
			continue
		}
		j := i + 1
		if q.is(j, "+") || q.is(j, "-") {
			j++
		}
		switch {
		case j >= len(q.tokens), q.tokens[j].kind != text && q.tokens[j].kind != number && !q.is(j, "("):
			continue // a column of that name
		case q.tokens[j].kind == text && strings.Trim(literal(q.raw(q.tokens[j])), "0123456789") == "" &&
			j+1 < len(q.tokens) && slices.Contains(units, strings.ToLower(q.raw(q.tokens[j+1]))):
			continue
		}
		hits = append(hits, hit{at: t.start})
	}
	return hits
}

func stringLiterals(q *Query) (hits []hit) {
	for _, t := range q.tokens {
		if t.kind != text {
			continue
		}
		switch q.text[t.start] {
		case '$':
			hits = append(hits, hit{at: t.start, args: []any{"dollars"}})
		case '\'', 'x', 'X':
		default:
			hits = append(hits, hit{at: t.start, args: []any{strings.ToUpper(q.text[t.start:t.start+1]) + "''"}})
		}
	}
	return hits
}

func bareNames(q *Query) (hits []hit) {
	for _, t := range q.tokens {
		if s := q.raw(t); t.kind == word && strings.ContainsFunc(s, func(r rune) bool { return r > 127 || r == '$' }) {
			hits = append(hits, hit{at: t.start, args: []any{s}})
		}
	}
	return hits
}

// castTypes reads the type between the last AS and the end of a CAST.
func castTypes(q *Query) (hits []hit) {
	plain := []string{"bigint", "integer", "int", "smallint", "tinyint", "double", "real", "varchar", "boolean", "date", "timestamp", "varbinary"}
	for i := range q.tokens {
		if !(q.is(i, "cast") || q.is(i, "try_cast")) || !q.is(i+1, "(") || q.is(i-1, ".") {
			continue
		}
		as, end := -1, -1
		for j, depth := i+2, q.tokens[i+1].depth; j < len(q.tokens) && end < 0; j++ {
			switch t := q.tokens[j]; {
			case t.depth == depth:
				end = j
			case t.depth == depth+1 && q.is(j, "as"):
				as = j
			}
		}
		if as < 0 || end < as+2 {
			continue
		}
		first, last := q.tokens[as+1], q.tokens[end-1]
		name := strings.ToLower(q.raw(first))
		ok := end == as+2 && slices.Contains(plain, name) ||
			name == "decimal" && end == as+7 && q.is(as+4, ",") ||
			q.follow(as+1, "timestamp", "with", "time", "zone", ")")
		if !ok {
			hits = append(hits, hit{at: first.start, args: []any{q.text[first.start:last.end]}})
		}
	}
	return hits
}

func limitsBeforeOffset(q *Query) (hits []hit) {
	limits := map[int]int{} // by depth, where a LIMIT is open
	for i, t := range q.tokens {
		switch {
		case q.is(i, "limit"):
			limits[t.depth] = t.start
		case q.is(i, "offset"):
			if at, ok := limits[t.depth]; ok {
				hits = append(hits, hit{at: at})
			}
			delete(limits, t.depth)
		case q.is(i, "select"), q.is(i, "union"), q.is(i, "("):
			delete(limits, t.depth)
		}
	}
	return hits
}
