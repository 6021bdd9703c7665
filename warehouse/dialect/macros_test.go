package dialect

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestMacros holds each macro to what Trino's documentation and source say.
// A want of "NULL" is SQL's, one that begins with "error:" is a part of the
// error. Values are compared as text; types where a type is the point.
func TestMacros(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{"regexp_like('1a 2b 14m', '\\d+b')", "true"},
		{"regexp_like('abc', '^b')", "false"},
		{"regexp_like(NULL, 'b')", "NULL"},
		{"regexp_like('a' || chr(10) || 'b', 'a.b')", "false"},
		{"regexp_replace('1a 2b 14m', '\\d+[ab] ')", "14m"},
		{"regexp_replace('1a 2b 14m', '(\\d+)([ab]) ', '3c$2 ')", "3ca 3cb 14m"},
		{"regexp_replace('ab', '(a)(b)', '$2$1$0')", "baab"},
		{"regexp_replace('x1', '\\d', NULL)", "NULL"},
		{"concat('a', 'b', 'c')", "abc"},
		{"concat('a', NULL, 'c')", "NULL"},
		{"concat(ARRAY[1], ARRAY[2, 3])", "[1, 2, 3]"},
		{"concat(ARRAY[1], NULL)", "NULL"},
		{"concat('1','2','3','4','5','6','7','8','9','a','b','c')", "123456789abc"},
		{"split_part('a,b', ',', 2)", "b"},
		{"split_part('a,b', ',', 3)", "NULL"},
		{"split_part('a,,b', ',', 2)", ""},
		{"split_part(NULL, ',', 1)", "NULL"},
		{"split_part('a,b', ',', 0)", "error:the index starts at 1"},
		{"trim(chr(9) || '　 a b ' || chr(13) || chr(10))", "a b"},
		{"trim('a' || chr(160))", "a\u00a0"},
		{"ltrim(chr(9) || 'a ')", "a "},
		{"rtrim(' a　')", " a"},
		{"trim(BOTH 'x' FROM 'xax')", "a"},
		{"trim(NULL)", "NULL"},
		{`json_extract_scalar('{"a": "x"}', '$.a')`, "x"},
		{`json_extract_scalar('{"a": {"b": 1}}', '$.a.b')`, "1"},
		{`json_extract_scalar('{"a": {"b": 1}}', '$.a')`, "NULL"},
		{`json_extract_scalar('{"a": [1, 2]}', '$.a')`, "NULL"},
		{`json_extract_scalar('{"a": [1, 2]}', '$.a[1]')`, "2"},
		{`json_extract_scalar('{"a": null}', '$.a')`, "NULL"},
		{`json_extract_scalar('{"a": true}', '$.a')`, "true"},
		{`json_extract_scalar('no json', '$.a')`, "NULL"},
		{`json_extract_scalar(NULL, '$.a')`, "NULL"},
		{"typeof(md5(to_utf8('a')))", "BLOB"},
		{"to_hex(md5(to_utf8('a')))", "0CC175B9C0F1B6A831C399E269772661"},
		{"to_hex(sha256(to_utf8('')))", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"},
		{"to_hex(to_utf8('中'))", "E4B8AD"},
		{"md5(NULL)", "NULL"},
		{"truncate(2.75)", "2"},
		{"truncate(-2.75)", "-2"},
		{"typeof(truncate(2.75e0))", "DOUBLE"},
		{"greatest(1, 3, 2)", "3"},
		{"greatest(1, NULL)", "NULL"},
		{"greatest('a', 'b')", "b"},
		{"least(1, 2.5, 3)", "1.0"},
		{"least(NULL, 1)", "NULL"},
		{"date_diff('month', DATE '2024-01-31', DATE '2024-02-29')", "1"},
		{"date_diff('month', DATE '2024-01-31', DATE '2024-02-28')", "0"},
		{"date_diff('month', TIMESTAMP '2024-01-31 12:00:00', TIMESTAMP '2024-02-29 10:00:00')", "0"},
		{"date_diff('month', DATE '2024-03-30', DATE '2024-02-29')", "-1"},
		{"date_diff('year', DATE '2024-12-31', DATE '2025-01-01')", "0"},
		{"date_diff('year', DATE '2024-02-29', DATE '2025-02-28')", "1"},
		{"date_diff('quarter', DATE '2024-01-31', DATE '2024-04-30')", "1"},
		{"date_diff('week', DATE '2024-01-07', DATE '2024-01-08')", "0"},
		{"date_diff('day', TIMESTAMP '2024-01-01 23:00:00', TIMESTAMP '2024-01-02 22:00:00')", "0"},
		{"date_diff('day', DATE '2024-03-02', DATE '2024-03-01')", "-1"},
		{"date_diff('hour', TIMESTAMP '2024-01-01 00:59:59', TIMESTAMP '2024-01-01 01:00:00')", "0"},
		{"date_diff('day', NULL, DATE '2024-03-01')", "NULL"},
		{"day_of_week(DATE '2024-01-07')", "7"},
		{"day_of_week(TIMESTAMP '2024-01-08 10:00:00')", "1"},
		{"year_of_week(DATE '2024-12-30')", "2025"},
		{"last_day_of_month(TIMESTAMP '2024-02-01 05:00:00')", "2024-02-29"},
		{"to_unixtime(TIMESTAMP '2024-01-01 00:00:00.5')", "1704067200.5"},
		{"from_unixtime(1704067200)", "2024-01-01 08:00:00+08"},
		{"from_unixtime(1.23456)", "1970-01-01 08:00:01.235+08"},
		{"from_unixtime(NULL)", "NULL"},
		{"date_format(TIMESTAMP '2024-01-02 03:04:05', '%Y-%m-%d %H:%i:%s')", "2024-01-02 03:04:05"},
		{"date_format(DATE '2024-01-02', '%Y年%m月')", "2024年01月"},
		{"date_parse('2024-01-02', '%d')", "error:unknown format"},
		{"date_parse('2024-01-02x', '%Y-%m-%d')", "error:Could not parse"},
		{"date_parse(NULL, '%Y-%m-%d')", "NULL"},
		{"element_at(ARRAY[1, 2], 1)", "1"},
		{"element_at(ARRAY[1, 2], -1)", "2"},
		{"element_at(ARRAY[1, 2], 3)", "NULL"},
		{"element_at(ARRAY[1, 2], -3)", "NULL"},
		{"element_at(MAP(ARRAY['a'], ARRAY[5]), 'a')", "5"},
		{"element_at(MAP(ARRAY['a'], ARRAY[5]), 'b')", "NULL"},
		{"cardinality(ARRAY[1, NULL])", "2"},
		{"cardinality(map_keys(MAP(ARRAY['a'], ARRAY[5])))", "1"},
		{"cardinality(NULL)", "NULL"},
		{"contains(ARRAY[1, 2], 2)", "true"},
		{"contains(ARRAY[1, 2], 3)", "false"},
		{"contains(ARRAY[1, NULL], 1)", "true"},
		{"contains(ARRAY[1, NULL], 3)", "NULL"},
		{"contains(ARRAY[1], NULL)", "NULL"},
		{"slice(ARRAY[1, 2, 3, 4], 2, 2)", "[2, 3]"},
		{"slice(ARRAY[1, 2, 3, 4], -2, 2)", "[3, 4]"},
		{"slice(ARRAY[1, 2, 3, 4], -2, 1)", "[3]"},
		{"slice(ARRAY[1, 2, 3, 4], -4, 1)", "[1]"},
		{"slice(ARRAY[1, 2, 3, 4], -5, 3)", "[]"},
		{"slice(ARRAY[1, 2, 3, 4], 5, 1)", "[]"},
		{"slice(ARRAY[1, 2, 3, 4], 4, 9)", "[4]"},
		{"slice(ARRAY[1, 2, 3, 4], 1, 0)", "[]"},
		{"slice(ARRAY[1, 2], 0, 1)", "error:the index starts at 1"},
		{"slice(ARRAY[1, 2], 1, -1)", "error:the length is negative"},
		{"sequence(1, 3)", "[1, 2, 3]"},
		{"sequence(3, 1)", "[3, 2, 1]"},
		{"sequence(1, 10, 4)", "[1, 5, 9]"},
		{"sequence(NULL, 1)", "NULL"},
		{"(SELECT array_agg(CAST(d AS DATE) ORDER BY d) FROM UNNEST(sequence(DATE '2024-02-28', DATE '2024-03-01', INTERVAL '1' DAY)) AS t(d))", "[2024-02-28, 2024-02-29, 2024-03-01]"},
		{"array_join(ARRAY['a', NULL, 'b'], ',')", "a,b"},
		{"array_join(ARRAY['a', NULL], ',', '?')", "a,?"},
		{"array_join(ARRAY[1, 2], '-')", "1-2"},
		{"array_join(CAST(ARRAY[] AS VARCHAR[]), ',')", ""},
		{"array_join(CAST(ARRAY[NULL] AS VARCHAR[]), ',')", ""},
		{"array_join(NULL, ',')", "NULL"},
		{"(SELECT approx_distinct(x) FROM (VALUES (1), (1), (2), (NULL)) v(x))", "2"},
		{"(SELECT approx_distinct(x) FROM (VALUES (1)) v(x) WHERE x > 1)", "0"},
		{"(SELECT approx_percentile(x, 0.5) FROM UNNEST(sequence(1, 100)) v(x))", "50"},
		{"(SELECT approx_percentile(x, ARRAY[0.0, 0.9, 1.0]) FROM UNNEST(sequence(1, 100)) v(x))", "[1, 90, 100]"},
		{"(SELECT approx_percentile(x, 0.5) FROM (VALUES (1.5), (NULL), (2.5), (9.25)) v(x))", "2.50"},
		{"(SELECT every(x) FROM (VALUES (true), (NULL)) v(x))", "true"},
		{"(SELECT every(x) FROM (VALUES (true), (false)) v(x))", "false"},
		{"(SELECT every(x) FROM (VALUES (true)) v(x) WHERE NOT x)", "NULL"},
		{"(SELECT max_by(x, y) FROM (VALUES (1, NULL), (NULL, 2), (3, 1)) v(x, y))", "NULL"},
		{"(SELECT min_by(x, y) FROM (VALUES (1, NULL), (NULL, 2), (3, 1)) v(x, y))", "3"},
		{"(SELECT map_agg(k, v) FROM (VALUES ('a', 1), (NULL, 2), ('b', NULL)) t(k, v))", "{a=1, b=NULL}"},
		{"(SELECT map_agg(k, v) FROM (VALUES ('a', 1)) t(k, v) WHERE v > 1)", "NULL"},
		{"(SELECT map_agg(k, v) FROM (VALUES ('a', 1), ('a', 2)) t(k, v))", "error:Map keys must be unique"},
	} {
		if got := evaluate(t, c.expression); !matches(got, c.want) {
			t.Errorf("%s: got %s, want %s", c.expression, got, c.want)
		}
	}
}

func matches(got, want string) bool {
	if part, ok := strings.CutPrefix(want, "error:"); ok {
		return strings.HasPrefix(got, "error:") && strings.Contains(got, part)
	}
	return got == want
}

func evaluate(t testing.TB, expression string) string {
	var s sql.NullString
	err := duck(t).QueryRowContext(t.Context(), "SELECT CAST("+expression+" AS VARCHAR)").Scan(&s)
	switch {
	case err != nil:
		return "error:" + err.Error()
	case !s.Valid:
		return "NULL"
	}
	return s.String
}

func TestDateParseFormats(t *testing.T) {
	for _, format := range dateParseFormats() {
		written := strings.NewReplacer("%Y", "2024", "%m", "02", "%d", "09", "%H", "13", "%i", "05", "%s", "07").Replace(format)
		want := "2024-02-09 00:00:00"
		if strings.Contains(format, "%i") {
			want = "2024-02-09 13:05:00"
		}
		if strings.Contains(format, "%s") {
			want = "2024-02-09 13:05:07"
		}
		if got := evaluate(t, "date_parse('"+written+"', '"+format+"')"); got != want {
			t.Errorf("%s: got %s, want %s", format, got, want)
		}
	}
}

// TestMonthsBetween checks date_diff against its definition: the most months
// that can be added to a, the day kept within its month, without passing b.
func TestMonthsBetween(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		day := func(name string) time.Time {
			return time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 1200).Draw(r, name))
		}
		a, b := day("a"), day("b")
		sign := 1
		if b.Before(a) {
			a, b, sign = b, a, -1
		}
		want := 0
		for !addMonths(a, want+1).After(b) {
			want++
		}
		from, to := a, b
		if sign < 0 {
			from, to = b, a
		}
		var got int
		if err := duck(t).QueryRowContext(t.Context(), "SELECT date_diff('month', ?::DATE, ?::DATE)", from.Format(time.DateOnly), to.Format(time.DateOnly)).Scan(&got); err != nil {
			r.Fatal(err)
		}
		if got != sign*want {
			r.Fatalf("%s to %s: got %d, want %d", from.Format(time.DateOnly), to.Format(time.DateOnly), got, sign*want)
		}
	})
}

func addMonths(d time.Time, n int) time.Time {
	first := time.Date(d.Year(), d.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(d.Day(), last)-1)
}

// TestMacrosAreListed keeps the macros and the allow-list together.
func TestMacrosAreListed(t *testing.T) {
	shared := sharedFunctions()
	var missing []string
	for _, s := range Macros() {
		name := strings.TrimPrefix(s, "CREATE OR REPLACE TEMP MACRO ")
		name = strings.TrimSpace(name[:strings.IndexAny(name, "( \n")])
		if _, ok := shared[name]; !ok {
			missing = append(missing, name)
		}
	}
	if diff := cmp.Diff([]string(nil), missing); diff != "" {
		t.Error(diff)
	}
}

// TestMacrosLeaveNoTrace: a read-only file takes the macros too, and a second
// connection to it has none of them.
func TestMacrosLeaveNoTrace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "published.duckdb")
	db, err := sql.Open("duckdb", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE t AS SELECT 'a' AS x"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = sql.Open("duckdb", path+"?access_mode=read_only"); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	first, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	for _, s := range Macros() {
		if _, err := first.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%v: %s", err, s)
		}
	}
	second, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	var found bool
	query := "SELECT regexp_like(x, 'a') FROM t"
	if err := first.QueryRowContext(t.Context(), query).Scan(&found); err != nil || !found {
		t.Errorf("with macros: %v, %v", found, err)
	}
	if err := second.QueryRowContext(t.Context(), query).Scan(&found); err == nil {
		t.Error("the macros reached another connection")
	}
}
