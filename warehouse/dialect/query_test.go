package dialect

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTables(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // the written names
	}{
		{"SELECT 1 AS x", nil},
		{"SELECT a.x FROM dwd.t AS a JOIN \"we ird\".\"ta\"\"b\" b ON a.id = b.id", []string{"dwd.t", `"we ird"."ta""b"`}},
		{"SELECT 1 /* 中文 ' */ FROM s /* x */ . -- y\n \"t\" -- s.u", []string{"s /* x */ . -- y\n \"t\""}},
		{"WITH c AS (SELECT * FROM s.a), D AS (SELECT * FROM c) SELECT * FROM c, d, s.c, (SELECT * FROM s.a) x", []string{"s.a", "s.c", "s.a"}},
		{"WITH c AS (WITH z AS (SELECT * FROM s.u) SELECT * FROM z) SELECT * FROM c WHERE x IN (WITH q AS (SELECT y FROM s.v) SELECT y FROM q) AND EXISTS (SELECT 1 FROM s.w)", []string{"s.u", "s.v", "s.w"}},
		{"WITH z AS (SELECT 1) SELECT * FROM (SELECT * FROM z) UNION ALL SELECT * FROM s.t", []string{"s.t"}},
		{"SELECT * FROM (WITH z AS (SELECT 1) SELECT * FROM z) JOIN z ON true", []string{"z"}},
		{"WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a", []string{"b"}},
		{"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c, s.t WHERE n < 5) SELECT * FROM c", []string{"s.t"}},
		{"SELECT '中文', (SELECT max(y) FROM s.u) FROM 层.\"表\" t, UNNEST(t.l) AS v(e), db.s.t", []string{"s.u", `层."表"`, "db.s.t"}},
		{"SELECT * FROM s.t NATURAL JOIN s.t ORDER BY (SELECT 1 FROM s.x)", []string{"s.t", "s.t", "s.x"}},
		{"SELECT * FROM 'a.csv'", []string{"'a.csv'"}},
		{"TABLE s.t", []string{"s.t"}},
		{"SELECT 1; SELECT 2 FROM s.t", []string{"s.t"}},
	} {
		q := parse(t, c.text)
		var got []string
		for _, ref := range q.Tables() {
			got = append(got, c.text[ref.Start:ref.End])
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s\n%s", c.text, diff)
		}
		if same := q.Rewrite(func(r TableRef) string { return c.text[r.Start:r.End] }); same != c.text {
			t.Errorf("rewritten with itself: %s", same)
		}
	}
}

func TestTableNames(t *testing.T) {
	got := parse(t, `SELECT * FROM "S"."a""b", t, c.s.u`).Tables()
	want := []TableRef{{"S", `a"b`, 14, 24}, {"", "t", 26, 27}, {"s", "u", 29, 34}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRewrite(t *testing.T) {
	q := parse(t, "WITH c AS (SELECT * FROM ods.a) -- ods.a\nSELECT 'ods.a' FROM c JOIN ods.a AS a ON a.x = c.x")
	got := q.Rewrite(func(r TableRef) string { return "(SELECT * FROM slice." + r.Name + ")" })
	want := "WITH c AS (SELECT * FROM (SELECT * FROM slice.a)) -- ods.a\nSELECT 'ods.a' FROM c JOIN (SELECT * FROM slice.a) AS a ON a.x = c.x"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	parse(t, got)
}

func TestStringsAndFunctions(t *testing.T) {
	q := parse(t, "SELECT Upper('it''s'), 'a', [1], extract(year FROM d) FROM s.p, UNNEST(x) WHERE name = 'a' -- 'no'")
	if diff := cmp.Diff([]string{"it's", "a"}, q.Strings()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"date_part", "list_value", "unnest", "upper"}, q.Functions()); diff != "" {
		t.Error(diff)
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"SELECT '中文',\n  '中' FORM x y", `2:12: syntax error at or near "x":   '中' FORM x y`},
		{"CREATE TABLE x (a INT)", "Only SELECT statements can be serialized to json!"},
		{"", "no statement (Try: write one SELECT)"},
		{"SELECT 'abc", "1:8: a quote that does not end: SELECT 'abc (Try: close it)"},
		{"SELECT /* /* */", "1:8: a comment that does not end: SELECT /* /* */ (Try: close it with */)"},
		{"SELECT 1\u3000FROM s.t", "1:9: white space beyond ASCII (U+3000): SELECT 1\u3000FROM s.t (Try: write a plain space)"},
		{"\ufeffSELECT 1", "1:1: white space beyond ASCII (U+FEFF): \ufeffSELECT 1 (Try: write a plain space)"},
		{"SELECT listagg(x, ',') WITHIN GROUP (ORDER BY x) FROM s.t", `1:8: Unknown ordered aggregate "listagg".: SELECT listagg(x, ',') WITHIN GROUP (ORDER BY x) FROM s.t (Try: array_join(array_agg(x ORDER BY y), ','))`},
		{"SELECT a, if(x > 1, 2) FROM s.t", "1:11: Wrong number of arguments to IF.: SELECT a, if(x > 1, 2) FROM s.t (Try: if(condition, x, NULL), or CASE WHEN condition THEN x END)"},
		{"SELECT lag(x) IGNORE NULLS OVER (ORDER BY y) FROM s.t", `1:15: syntax error at or near "IGNORE": SELECT lag(x) IGNORE NULLS OVER (ORDER BY y) FROM s.t (Try: filter the NULLs in a subquery, or array_agg(x ORDER BY y) FILTER (WHERE x IS NOT NULL))`},
	} {
		_, err := Parse(c.text, serialize(t, c.text))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: no syntax error: %v", c.text, err)
			continue
		}
		if diff := cmp.Diff(c.want, err.Error()); diff != "" {
			t.Errorf("%q\n%s", c.text, diff)
		}
	}
}

func TestParseRefusesAnotherTree(t *testing.T) {
	if _, err := Parse("SELECT * FROM s.other", serialize(t, "SELECT * FROM s.t")); err == nil || !strings.Contains(err.Error(), "another text") {
		t.Errorf("got %v", err)
	}
	if _, err := Parse("SELECT 1", []byte("{")); err == nil {
		t.Error("half a tree passes")
	}
}

func seeds(f *testing.F) {
	for _, c := range lintCases {
		f.Add(c.breaks)
		f.Add(c.near)
	}
}

// FuzzScan: tokens and comments cover a text in order, without overlap, and
// leave only ASCII white space between them.
func FuzzScan(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, source string) {
		tokens, comments, err := scan(source)
		if err != nil {
			return
		}
		rest, taken := []byte(source), make([]bool, len(source))
		for _, tok := range append(tokens, comments...) {
			if tok.start >= tok.end || tok.end > len(source) {
				t.Fatalf("token %+v", tok)
			}
			for i := tok.start; i < tok.end; i++ {
				if taken[i] {
					t.Fatalf("byte %d in two tokens", i)
				}
				taken[i], rest[i] = true, ' '
			}
			if tok.kind == text {
				literal(source[tok.start:tok.end])
			}
		}
		if left := strings.Trim(string(rest), " \t\n\r\f\v"); left != "" {
			t.Fatalf("left over: %q", left)
		}
	})
}

// FuzzParse: what DuckDB reads, Parse reads; rewriting with the same names
// changes nothing; the lint never fails.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, source string) {
		if strings.ContainsRune(source, 0) || len(source) > 2000 {
			return
		}
		var tree string
		if err := duck(t).QueryRowContext(t.Context(), "SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", source).Scan(&tree); err != nil {
			return // no UTF-8
		}
		q, err := Parse(source, []byte(tree))
		var syntax *SyntaxError
		switch {
		case errors.As(err, &syntax):
			return
		case err != nil:
			t.Fatal(err)
		}
		if got := q.Rewrite(func(r TableRef) string { return source[r.Start:r.End] }); got != source {
			t.Fatalf("rewritten: %q", got)
		}
		Lint(q)
		q.Strings()
		q.Functions()
	})
}

func TestBare(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1":                    "SELECT 1",
		" SELECT 1 ; ;-- the end":     " SELECT 1",
		"SELECT ';' /* ; */ -- ;\n":   "SELECT ';'",
		"SELECT 1 -- ;\n + 1;":        "SELECT 1 -- ;\n + 1",
		"":                            "",
		" ; /* nothing */":            "",
		"SELECT $$;$$ AS \"a;--\" ;;": "SELECT $$;$$ AS \"a;--\"",
	} {
		if got, err := Bare(text); err != nil || got != want {
			t.Errorf("%q: %q %v", text, got, err)
		}
	}
	if _, err := Bare("SELECT 'a"); err == nil {
		t.Error("an open quote passes")
	}
}

func TestMeasure(t *testing.T) {
	got, err := Measure("WITH a AS (WITH b AS MATERIALIZED (SELECT 1) SELECT * FROM b), c AS (VALUES ((1))) SELECT ')' /* (( */ FROM a")
	if diff := cmp.Diff(Shape{CTEs: 3, WithDepth: 2, Brackets: 3, Selects: 6}, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
}
