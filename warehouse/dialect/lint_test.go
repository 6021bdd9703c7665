package dialect

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lintCases: for each rule a text that breaks it, the message in full, and a
// near miss that breaks no rule at all.
var lintCases = []struct{ rule, breaks, message, near string }{
	{"double-colon", "SELECT x::INTEGER FROM s.t", "x::type is DuckDB's cast", "SELECT CAST('a::b' AS INTEGER) FROM s.t -- x::y"},
	{"double-equals", "SELECT 1 FROM s.t WHERE a == b", "== is DuckDB's alone", "SELECT '==' FROM s.t WHERE a=b AND a=-1"},
	{"regex-operator", "SELECT a !~ 'x' FROM s.t", "!~ is no operator of Trino", "SELECT NOT regexp_like(a, 'x') FROM s.t"},
	{"regex-operator", "SELECT a ~ 'x' FROM s.t", "~ is no operator of Trino", "SELECT a LIKE '~' FROM s.t"},
	{"integer-division-operator", "SELECT a // 2 FROM s.t", "// is DuckDB's alone", "SELECT a / 2 FROM s.t"},
	{"operator", "SELECT a ** 2 FROM s.t", "** is no operator that both engines have", "SELECT power(a, 2) * 2 FROM s.t"},
	{"operator", "SELECT a ^@ 'x' FROM s.t", "^@ is no operator that both engines have", "SELECT a <> 'x', a != 'y', a || 'z', -a FROM s.t"},
	{"named-argument", "SELECT round(x := 1.5) FROM s.t", "named arguments are DuckDB's alone", "SELECT round(1.5) FROM s.t"},
	{"prefix-alias", "SELECT n: x FROM s.t", "alias: x is DuckDB's alone", "SELECT x AS n, ':' FROM s.t"},
	{"trailing-comma", "SELECT a, b, FROM s.t", "a comma with nothing behind it", "SELECT a, (b), 'c' FROM s.t"},
	{"trailing-comma", "SELECT a FROM s.t WHERE a IN (1, 2,)", "a comma with nothing behind it", "SELECT a FROM s.t WHERE a IN (1, 2)"},
	{"one-statement", "SELECT 1 AS x;", "a model is one statement", "SELECT ';' AS x -- ;"},
	{"one-statement", "SELECT 1 AS x; SELECT 2 AS x", "a model is one statement", "SELECT 1 AS x UNION ALL SELECT 2 AS x"},
	{"from-first", "FROM s.t", "FROM before SELECT is DuckDB's alone", "TABLE s.t"},
	{"from-first", "WITH c AS (SELECT 1 AS x) FROM c SELECT x", "FROM before SELECT is DuckDB's alone", "WITH c AS (SELECT 1 AS x) SELECT x FROM c"},
	{"from-first", "SELECT x FROM s.t WHERE EXISTS (FROM s.u)", "FROM before SELECT is DuckDB's alone", "SELECT extract(YEAR FROM d), trim(BOTH FROM a), (a IS DISTINCT FROM b) FROM s.t"},
	{"group-by-all", "SELECT a, count(*) FROM s.t GROUP BY ALL", "GROUP BY ALL is DuckDB's alone", "SELECT a, count(*) FROM s.t GROUP BY 1"},
	{"order-by-all", "SELECT a FROM s.t ORDER BY ALL", "ORDER BY ALL is DuckDB's alone", "SELECT a FROM s.t ORDER BY a"},
	{"qualify", "SELECT a FROM s.t QUALIFY row_number() OVER (ORDER BY a) = 1", "Trino has no QUALIFY", "SELECT a FROM (SELECT a, row_number() OVER (ORDER BY a) AS n FROM s.t) AS t WHERE n = 1"},
	{"distinct-on", "SELECT DISTINCT ON (a) a, b FROM s.t", "DISTINCT ON is DuckDB's alone", "SELECT DISTINCT a, b FROM s.t"},
	{"sample", "SELECT a FROM s.t USING SAMPLE 10%", "a sample differs from run to run", "SELECT a FROM s.t JOIN s.u USING (a)"},
	{"sample", "SELECT a FROM s.t TABLESAMPLE BERNOULLI (10)", "a sample differs from run to run", "SELECT \"tablesample\" FROM s.t"},
	{"by-name", "SELECT a FROM s.t UNION ALL BY NAME SELECT a FROM s.u", "BY NAME is DuckDB's alone", "SELECT a FROM s.t UNION ALL SELECT a FROM s.u ORDER BY a"},
	{"materialized", "WITH c AS MATERIALIZED (SELECT 1 AS x) SELECT x FROM c", "Trino has no [NOT] MATERIALIZED", "WITH c AS (SELECT 1 AS materialized) SELECT materialized FROM c"},
	{"ignore-nulls", "SELECT lag(x IGNORE NULLS) OVER (ORDER BY y) FROM s.t", "IGNORE NULLS has no spelling that both engines read", "SELECT lag(x) OVER (ORDER BY y NULLS LAST) FROM s.t"},
	{"listagg", "SELECT listagg(x, ',') FROM s.t", "LISTAGG … WITHIN GROUP is Trino's alone", "SELECT array_join(array_agg(x ORDER BY x), ',') FROM s.t"},
	{"pivot", "SELECT a FROM s.t PIVOT (sum(y) FOR x IN (1, 2))", "PIVOT is DuckDB's alone", "SELECT sum(y) FILTER (WHERE x = 1) AS \"pivot\" FROM s.t"},
	{"word-operator", "SELECT a ILIKE 'x' FROM s.t", "ILIKE has no counterpart in Trino", "SELECT lower(a) LIKE 'x' FROM s.t"},
	{"word-operator", "SELECT a COLLATE nocase FROM s.t", "COLLATE has no counterpart in Trino", "SELECT a IS NULL FROM s.t"},
	{"interval", "SELECT d + INTERVAL 1 DAY FROM s.t", "an interval that Trino does not read", "SELECT d + INTERVAL '1' DAY, d - INTERVAL '12' month FROM s.t"},
	{"interval", "SELECT d + INTERVAL '1 day' FROM s.t", "an interval that Trino does not read", "SELECT t.interval FROM s.t"},
	{"string-literal", "SELECT E'a' FROM s.t", "a string spelled with E''", "SELECT 'e', 'it''s' FROM s.t"},
	{"string-literal", "SELECT $$a$$ FROM s.t", "a string spelled with dollars", "SELECT '$$' FROM s.t"},
	{"identifier", "SELECT 渠道 FROM s.t", "渠道 needs quotes in Trino", "SELECT \"渠道\", '渠道' FROM s.t -- 渠道"},
	{"cast-type", "SELECT CAST(a AS HUGEINT) FROM s.t", "CAST to HUGEINT is not the same in both engines", "SELECT CAST(a AS BIGINT) FROM s.t"},
	{"cast-type", "SELECT CAST(a AS STRUCT(b INTEGER)) FROM s.t", "CAST to STRUCT(b INTEGER) is not the same in both engines", "SELECT CAST(a AS DECIMAL(18, 2)) FROM s.t"},
	{"cast-type", "SELECT CAST(a AS ENUM('x')) FROM s.t", "CAST to ENUM('x') is not the same in both engines", "SELECT CAST(a AS VARCHAR) FROM s.t"},
	{"cast-type", "SELECT try_cast(a AS UINTEGER) FROM s.t", "CAST to UINTEGER is not the same in both engines", "SELECT try_cast(a AS INTEGER) FROM s.t"},
	{"cast-type", "SELECT CAST(a AS VARCHAR(10)) FROM s.t", "CAST to VARCHAR(10) is not the same in both engines", "SELECT CAST(substr(a, 1, 10) AS VARCHAR) FROM s.t"},
	{"cast-type", "SELECT CAST(a AS DECIMAL) FROM s.t", "CAST to DECIMAL is not the same in both engines", "SELECT CAST(CAST(a AS DATE) AS TIMESTAMP) FROM s.t"},
	{"cast-type", "SELECT CAST(a AS VARCHAR[]) FROM s.t", "CAST to VARCHAR[] is not the same in both engines", "SELECT CAST(ARRAY['a'] AS VARCHAR) FROM s.t"},
	{"limit-before-offset", "SELECT a FROM s.t ORDER BY a LIMIT 5 OFFSET 2", "Trino wants OFFSET before LIMIT", "SELECT a FROM s.t ORDER BY a OFFSET 2 LIMIT 5"},
	{"select-only", "DESCRIBE s.t", "DESCRIBE is no query of a model", "SELECT \"describe\" FROM s.t"},
	{"star-modifier", "SELECT * EXCLUDE (a) FROM s.t", "* with EXCLUDE, REPLACE, RENAME or a filter is DuckDB's alone", "SELECT t.* FROM s.t"},
	{"star-modifier", "SELECT * REPLACE (a + 1 AS a) FROM s.t", "* with EXCLUDE, REPLACE, RENAME or a filter is DuckDB's alone", "SELECT *, a + 1 AS b FROM s.t"},
	{"columns-expression", "SELECT COLUMNS('a.*') FROM s.t", "COLUMNS() is DuckDB's alone", "SELECT * FROM s.t"},
	{"list-comprehension", "SELECT [e + 1 FOR e IN l IF e > 2] FROM s.t", "a list comprehension is DuckDB's alone", "SELECT array_agg(e + 1 ORDER BY e) FROM s.t CROSS JOIN UNNEST(l) AS u(e)"},
	{"list-literal", "SELECT [1, 2] FROM s.t", "[…] is DuckDB's alone", "SELECT ARRAY[1, 2] FROM s.t"},
	{"struct-literal", "SELECT {'a': 1} FROM s.t", "{…} is DuckDB's alone", "SELECT MAP(ARRAY['a'], ARRAY[1]), '{}' FROM s.t"},
	{"struct-access", "SELECT (x).y FROM s.t", "access to a struct's field", "SELECT t.y FROM s.t"},
	{"struct-access", "SELECT x.y FROM s.t", "access to a struct's field", "SELECT x.y, s.u.y FROM s.t AS x, s.u"},
	{"struct-access", "SELECT t.x.y FROM s.t", "access to a struct's field", "WITH c AS (SELECT 1 AS y) SELECT c.y FROM c"},
	{"array-slice", "SELECT x[1:2] FROM s.t", "x[a:b] is DuckDB's alone", "SELECT slice(x, 1, 2) FROM s.t"},
	{"array-subscript", "SELECT x[1] FROM s.t", "x[i] past the end is NULL in DuckDB and an error in Trino", "SELECT element_at(x, 1) FROM s.t"},
	{"in-list-value", "SELECT a IN x FROM s.t", "x IN array is DuckDB's alone", "SELECT a IN (x), contains(x, a) FROM s.t"},
	{"time-zone", "SELECT ts AT TIME ZONE 'UTC' FROM s.t", "AT TIME ZONE reads a timestamp without a zone differently in each engine", "SELECT CAST(ts AS TIMESTAMP WITH TIME ZONE) FROM s.t"},
	{"extract-field", "SELECT extract(dow FROM d) FROM s.t", "EXTRACT(DOW …) is not the same in both engines", "SELECT extract(YEAR FROM d), day_of_week(d) FROM s.t"},
	{"qualified-table", "SELECT a FROM t", "table t has no schema", "WITH t AS (SELECT 1 AS a) SELECT a FROM t"},
	{"catalog", "SELECT a FROM db.s.t", "table db.s.t names a catalog", "SELECT a FROM s.\"db.t\""},
	{"read-file", "SELECT a FROM 'x.parquet'", "a model reads no files", "SELECT 'x.parquet' FROM s.t"},
	{"read-file", "SELECT a FROM read_csv('x.csv')", "a model reads no files", "SELECT 'read_csv(1)' FROM s.t"},
	{"table-function", "SELECT * FROM generate_series(1, 3)", "table function generate_series", "SELECT n FROM UNNEST(sequence(1, 3)) WITH ORDINALITY AS t(n, i)"},
	{"unnest-in-select", "SELECT unnest(x) FROM s.t", "UNNEST among the columns is DuckDB's alone", "SELECT e FROM s.t CROSS JOIN UNNEST(x) AS u(e)"},
	{"join-kind", "SELECT * FROM s.a POSITIONAL JOIN s.b", "POSITIONAL JOIN is not in both engines", "SELECT * FROM s.a CROSS JOIN s.b"},
	{"join-kind", "SELECT * FROM s.a ASOF JOIN s.b ON a.x >= b.x", "ASOF JOIN is not in both engines", "SELECT * FROM s.a JOIN s.b ON a.x >= b.x"},
	{"join-kind", "SELECT * FROM s.a SEMI JOIN s.b USING (x)", "SEMI JOIN is not in both engines", "SELECT * FROM s.semi JOIN s.b USING (x)"},
	{"join-kind", "SELECT * FROM s.a ANTI JOIN s.b USING (x)", "ANTI JOIN is not in both engines", "SELECT * FROM s.a FULL JOIN s.b USING (x)"},
	{"join-kind", "SELECT * FROM s.a NATURAL JOIN s.b", "NATURAL JOIN is not in both engines", "SELECT * FROM s.a LEFT JOIN s.b USING (x)"},
	{"time-travel", "SELECT a FROM s.t AT (VERSION => 3)", "AT (…) is DuckDB's alone", "SELECT a FROM s.t AS v"},
	{"parameter", "SELECT a FROM s.t WHERE a = ?", "a model has no parameters", "SELECT a FROM s.t WHERE a = '?'"},
	{"limit-percent", "SELECT a FROM s.t ORDER BY a LIMIT 10%", "LIMIT in percent is DuckDB's alone", "SELECT a FROM s.t ORDER BY a LIMIT 10"},
	{"limit-without-order", "SELECT a FROM s.t LIMIT 10", "LIMIT without ORDER BY takes any rows", "SELECT a FROM s.t LIMIT ALL"},
	{"limit-without-order", "SELECT a FROM (SELECT a FROM s.t ORDER BY a) AS u LIMIT 10", "LIMIT without ORDER BY takes any rows", "SELECT a FROM (SELECT a FROM s.t ORDER BY a LIMIT 10) AS u"},
	{"alias-reuse", "SELECT a + 1 AS b, b * 2 AS c FROM s.t", "b is an alias of this SELECT, which Trino does not know here", "SELECT a + 1 AS b, t.b * 2 AS c FROM s.t ORDER BY b"},
	{"alias-reuse", "SELECT lower(a) AS k, count(*) FROM s.t GROUP BY k", "k is an alias of this SELECT, which Trino does not know here", "SELECT lower(a) AS a, count(*) FROM s.t GROUP BY a"},
	{"alias-reuse", "SELECT lower(a) AS k FROM s.t WHERE k = 'x'", "k is an alias of this SELECT, which Trino does not know here", "SELECT k FROM (SELECT lower(a) AS k FROM s.t) AS u WHERE k = 'x'"},
	{"unsafe-division", "SELECT a / b FROM s.t", "the divisor may be 0", "SELECT a / nullif(b, 0), a / 2, a / -2.5, a / CAST(nullif(b, 0) AS DOUBLE), a / (60 * 60) FROM s.t"},
	{"unsafe-division", "SELECT a / 0 FROM s.t", "the divisor may be 0", "SELECT a % 7 FROM s.t"},
	{"unsafe-division", "SELECT mod(a, b) FROM s.t", "the divisor may be 0", "SELECT mod(a, 7) FROM s.t"},
	{"rounding-cast", "SELECT CAST(a / 2.0 AS BIGINT) FROM s.t", "CAST to BIGINT rounds .5 differently in each engine", "SELECT CAST(round(a / 2.0) AS BIGINT), CAST(sum(a) AS BIGINT) FROM s.t"},
	{"rounding-cast", "SELECT CAST(avg(a) AS INTEGER) FROM s.t", "CAST to INTEGER rounds .5 differently in each engine", "SELECT CAST(floor(avg(a)) AS INTEGER) FROM s.t"},
	{"impure", "SELECT now() FROM s.t", "now makes a model more than a function of its inputs", "SELECT now, t.current_date FROM s.t"},
	{"impure", "SELECT current_date FROM s.t", "current_date makes a model more than a function of its inputs", "SELECT \"current_date\" FROM s.t"},
	{"impure", "SELECT a FROM s.t WHERE d < CURRENT_TIMESTAMP", "current_timestamp makes a model more than a function of its inputs", "SELECT 'current_timestamp' FROM s.t"},
	{"impure", "SELECT random(), 1 FROM s.t", "random makes a model more than a function of its inputs", "SELECT random FROM s.t"},
	{"impure", "SELECT uuid() FROM s.t", "uuid makes a model more than a function of its inputs", "SELECT uuid FROM s.t"},
	{"function", "SELECT regexp_matches(a, 'x') FROM s.t", "regexp_matches is no function that both engines share", "SELECT regexp_like(a, 'x') FROM s.t"},
	{"function", "SELECT a.lower() FROM s.t AS a", "a.lower is no function that both engines share", "SELECT lower(a) FROM s.t AS a"},
	{"function", "SELECT ifnull(a, b) FROM s.t", "ifnull is no function that both engines share", "SELECT coalesce(a, b), if(a, b, NULL), nullif(a, 0) FROM s.t"},
	{"function-arguments", "SELECT log(a) FROM s.t", "log takes 2 arguments here", "SELECT log(2, a), log10(a), count(*), position('a' IN b) FROM s.t"},
	{"macro-aggregate", "SELECT every(a) FILTER (WHERE b) FROM s.t", "every is a macro on DuckDB and takes no FILTER", "SELECT bool_and(a) FILTER (WHERE b), count(DISTINCT a) FROM s.t"},
	{"macro-aggregate", "SELECT approx_distinct(DISTINCT a) FROM s.t", "approx_distinct is a macro on DuckDB and takes no DISTINCT", "SELECT approx_distinct(a) FROM s.t"},
	{"window-without-order", "SELECT row_number() OVER (PARTITION BY a) FROM s.t", "row_number without ORDER BY counts in any order", "SELECT row_number() OVER w, sum(a) OVER (PARTITION BY b) FROM s.t WINDOW w AS (ORDER BY a)"},
	{"array-agg-without-order", "SELECT array_agg(a) FROM s.t", "array_agg without ORDER BY collects in any order", "SELECT array_agg(a ORDER BY b) FROM s.t"},
	{"date-format", "SELECT date_parse(a, b) FROM s.t", "date_parse wants a constant format that both engines read alike", "SELECT date_parse(a, '%Y-%m-%d %H:%i:%s') FROM s.t"},
	{"date-format", "SELECT date_format(a, '%M') FROM s.t", "date_format wants a constant format that both engines read alike", "SELECT date_format(a, '%Y%m%d') FROM s.t"},
	{"regexp", "SELECT regexp_like(a, '(?=x)') FROM s.t", "this pattern is not the same in both engines", "SELECT regexp_like(a, '(?i)(?:x|y)\\d{2,3}') FROM s.t"},
	{"regexp", "SELECT regexp_replace(a, '(x)', '\\1') FROM s.t", "this replacement is not the same in both engines", "SELECT regexp_replace(a, '(x)', '$1元') FROM s.t"},
	{"substr-start", "SELECT substr(a, 0, 2) FROM s.t", "a start below 1 is not the same in both engines", "SELECT substr(a, 1, 2), substring(a FROM 2) FROM s.t"},
	{"bytes-argument", "SELECT md5(a) FROM s.t", "md5 takes bytes in Trino", "SELECT to_hex(md5(to_utf8(a))) FROM s.t"},
}

func TestLint(t *testing.T) {
	tested := map[string]bool{allowRule: true, "if-two-arguments": true, "lambda": true} // these below
	for _, c := range lintCases {
		tested[c.rule] = true
		var got []string
		for _, f := range Lint(parse(t, c.breaks)) {
			if f.Hint == "" {
				t.Errorf("%s: %s has no hint", c.breaks, f.Rule)
			}
			if f.Rule == c.rule {
				got = append(got, f.Message)
			}
		}
		if diff := cmp.Diff([]string{c.message}, slices.Compact(got)); diff != "" {
			t.Errorf("%s\n%s", c.breaks, diff)
		}
		if findings := Lint(parse(t, c.near)); len(findings) > 0 {
			t.Errorf("near miss of %s: %s\n%v", c.rule, c.near, findings)
		}
	}
	for _, name := range Rules() {
		if !tested[name] {
			t.Errorf("rule %s has no test", name)
		}
	}
}

func TestLintLambda(t *testing.T) {
	for _, text := range []string{
		"SELECT list_transform(x, e -> e + 1) FROM s.t",
		"SELECT list_transform(x, lambda e: e + 1) FROM s.t",
		"SELECT x -> '$.a' FROM s.t",
		"SELECT x ->> '$.a' FROM s.t",
	} {
		if !slices.ContainsFunc(Lint(parse(t, text)), func(f Finding) bool { return f.Rule == "lambda" }) {
			t.Errorf("%s passes: %v", text, Lint(parse(t, text)))
		}
	}
	if f := Lint(parse(t, "SELECT json_extract_scalar(x, '$.a->b') FROM s.t")); len(f) > 0 {
		t.Error(f)
	}
}

func TestLintPlaces(t *testing.T) {
	got := Lint(parse(t, "SELECT '中文' AS a,\n  x::BIGINT\nFROM t"))
	want := []Finding{
		{"double-colon", "x::type is DuckDB's cast", "CAST(x AS type)", 2, 4},
		{"qualified-table", "table t has no schema", "write layer.name, as in dwd.congress_opinion", 3, 6},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if s := got[0].String(); s != "2:4: double-colon: x::type is DuckDB's cast (Try: CAST(x AS type))" {
		t.Error(s)
	}
}

func TestLintHintsAtFunctions(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT uper(a) FROM s.t":                 "upper",
		"SELECT strftime(a, '%Y') FROM s.t":       "date_format(ts, '%Y-%m-%d')",
		"SELECT qqqqqqqqqqqq(a) FROM s.t":         "another way with the functions that both share, or a Go step",
		"SELECT levenshtein_distance(a) FROM s.t": "a Go step: DuckDB counts bytes and Trino characters",
	} {
		got := Lint(parse(t, text))
		if len(got) != 1 || got[0].Rule != "function" || got[0].Hint != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestLintAllow(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"SELECT a / b -- lint:allow unsafe-division b is a count of at least one\nFROM s.t", nil},
		{"SELECT\n  -- lint:allow unsafe-division b is a count of at least one\n  a / b\nFROM s.t", nil},
		{"SELECT a / b -- lint:allow unsafe-division\nFROM s.t", []string{"the divisor may be 0", "an exception without a reason"}},
		{"SELECT a / b -- lint:allow unsafe because\nFROM s.t", []string{"the divisor may be 0", `there is no rule "unsafe"`}},
		{"SELECT a -- lint:allow unsafe-division because\nFROM s.t", []string{"nothing on its line breaks unsafe-division"}},
		{"SELECT a / b, now() -- lint:allow unsafe-division because\nFROM s.t", []string{"now makes a model more than a function of its inputs"}},
		{"SELECT a / '-- lint:allow unsafe-division because' FROM s.t", nil},
	} {
		var got []string
		for _, f := range Lint(parse(t, c.text)) {
			got = append(got, f.Message)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n%s", c.text, diff)
		}
	}
}

func BenchmarkLint(b *testing.B) {
	tree := serialize(b, sharedModel)
	b.SetBytes(int64(len(sharedModel)))
	for b.Loop() {
		q, err := Parse(sharedModel, tree)
		if err != nil {
			b.Fatal(err)
		}
		Lint(q)
	}
}

// sharedModel is written as models are: nothing in it is a finding.
const sharedModel = `-- Opinions by month and region. 按月、区划统计。
WITH opinion AS (
  SELECT o.opinion_id, o.region_code, o.submitter_key, o.body, o.likes,
    date_trunc('month', o.submitted_at) AS month,
    row_number() OVER (PARTITION BY o.opinion_id ORDER BY o.updated_at DESC, o.batch DESC) AS n
  FROM ods.congress_opinion AS o
  WHERE o.submitted_at >= TIMESTAMP '2024-01-01 00:00:00' AND o.body NOT LIKE '测试%' ESCAPE '!'
),
term AS (
  SELECT p.opinion_id, u.term, u.place
  FROM opinion AS p CROSS JOIN UNNEST(split(p.body, ' ')) WITH ORDINALITY AS u(term, place)
  WHERE p.n = 1 AND regexp_like(u.term, '^[^0-9]{2,}$')
)
SELECT r.ancestor_code AS region_code, p.month,
  CAST(count(*) AS BIGINT) AS opinions,
  count(DISTINCT p.submitter_key) AS people,
  count_if(p.likes > 10) FILTER (WHERE p.likes IS NOT NULL) AS liked,
  CAST(sum(p.likes) AS DOUBLE) / nullif(count(*), 0) AS mean_likes,
  max_by(p.opinion_id, p.likes) AS liked_most,
  coalesce(date_diff('day', min(p.month), max(p.month) + INTERVAL '1' DAY), 0) AS days,
  array_join(array_agg(DISTINCT t.term ORDER BY t.term), '、') AS terms,
  CASE WHEN grouping(p.month) = 1 THEN '合计' ELSE date_format(p.month, '%Y-%m') END AS label,
  (SELECT max(d.value) FROM dim.parameter AS d WHERE d.name = 'hot_issue_floor') AS floor_value
FROM opinion AS p
JOIN dim.region_ancestor AS r ON r.region_code = p.region_code
LEFT JOIN term AS t ON t.opinion_id = p.opinion_id AND t.place BETWEEN 1 AND 20
WHERE p.n = 1 AND extract(YEAR FROM p.month) > 2020 AND p.region_code IN (SELECT x.code FROM (VALUES ('331022'), ('331003')) AS x(code))
GROUP BY GROUPING SETS ((1, 2), (1))
HAVING count(*) > 0
ORDER BY 1, 2 DESC
OFFSET 0 LIMIT 100
`

func TestLintPassesAModel(t *testing.T) {
	q := parse(t, sharedModel)
	if findings := Lint(q); len(findings) > 0 {
		t.Error(findings)
	}
	var names []string
	for _, r := range q.Tables() {
		names = append(names, r.Schema+"."+r.Name)
	}
	if diff := cmp.Diff([]string{"ods.congress_opinion", "dim.parameter", "dim.region_ancestor"}, names); diff != "" {
		t.Error(diff)
	}
	if !slices.Contains(q.Strings(), "hot_issue_floor") {
		t.Error(q.Strings())
	}
}
