package dashboards

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestMacros holds the expansion of every macro against what Grafana 12 sends
// (the cases of its own macros_test.go, written anew).
func TestMacros(t *testing.T) {
	span := Span{time.Date(2018, 4, 12, 18, 0, 0, 0, time.UTC), time.Date(2018, 4, 12, 18, 5, 0, 0, time.UTC)}
	half := Span{time.Date(1960, 2, 1, 7, 0, 0, 5e8, time.UTC), time.Date(1980, 2, 3, 8, 0, 0, 5e8, time.UTC)}
	shanghai := time.FixedZone("", 8*3600)
	local := Span{time.Date(2025, 1, 1, 0, 0, 0, 0, shanghai), time.Date(2025, 2, 1, 0, 0, 0, 0, shanghai)}
	cases := []struct {
		span     Span
		in, want string
	}{
		{span, "SELECT $__time(t)", `SELECT t AS "time"`},
		{span, "SELECT $__timeEpoch(t)", `SELECT extract(epoch from t) as "time"`},
		{span, "WHERE $__timeFilter(t)", "WHERE t BETWEEN '2018-04-12T18:00:00Z' AND '2018-04-12T18:05:00Z'"},
		{half, "WHERE $__timeFilter(t)", "WHERE t BETWEEN '1960-02-01T07:00:00.5Z' AND '1980-02-03T08:00:00.5Z'"},
		{local, "WHERE $__timeFilter( t )", "WHERE t BETWEEN '2024-12-31T16:00:00Z' AND '2025-01-31T16:00:00Z'"},
		{span, "SELECT $__timeFrom()", "SELECT '2018-04-12T18:00:00Z'"},
		{span, "SELECT $__timeTo()", "SELECT '2018-04-12T18:05:00Z'"},
		{span, "GROUP BY $__timeGroup(t,'5m')", "GROUP BY floor(extract(epoch from t)/300)*300"},
		{span, "GROUP BY $__timeGroup(t , '12d')", "GROUP BY floor(extract(epoch from t)/1.0368e+06)*1.0368e+06"},
		{span, "SELECT $__timeGroup(t,'5m'), v", `SELECT floor(extract(epoch from t)/300)*300 AS "time", v`},
		{span, "SELECT $__timeGroup(t,'5m') as time, v", "SELECT floor(extract(epoch from t)/300)*300 as time, v"},
		{span, "SELECT $__timeGroup(t,'5m',0) AS x", "SELECT floor(extract(epoch from t)/300)*300 AS x"},
		{span, "SELECT $__timeGroupAlias(t,'1h')", `SELECT floor(extract(epoch from t)/3600)*3600 AS "time"`},
		{span, "SELECT $__unixEpochFilter(t)", "SELECT t >= 1523556000 AND t <= 1523556300"},
		{span, "SELECT $__unixEpochNanoFilter(t)", "SELECT t >= 1523556000000000000 AND t <= 1523556300000000000"},
		{span, "SELECT $__unixEpochNanoFrom()", "SELECT 1523556000000000000"},
		{span, "SELECT $__unixEpochNanoTo()", "SELECT 1523556300000000000"},
		{span, "SELECT $__unixEpochGroup(t+z,'5m')", "SELECT floor((t+z)/300)*300"},
		{span, "SELECT $__unixEpochGroupAlias(t,'5m')", `SELECT floor((t)/300)*300 AS "time"`},
	}
	b := &Board{}
	for _, c := range cases {
		got, err := b.SQL(&Panel{SQL: c.in}, map[string]string{From: ms(c.span.From), To: ms(c.span.To)})
		if err != nil || got != c.want {
			t.Errorf("%s\n got %q, %v\nwant %q", c.in, got, err, c.want)
		}
	}
	for _, bad := range []string{"$__timeGroup(t)", "$__timeGroup(t,'5 apples')", "$__timeFilter()", "$__nothing(t)"} {
		if got, err := b.SQL(&Panel{SQL: "SELECT " + bad}, map[string]string{From: "0", To: "0"}); err == nil {
			t.Errorf("%s: got %q, want an error", bad, got)
		}
	}
}

func ms(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func TestSQLValues(t *testing.T) {
	b := &Board{Variables: []Variable{
		{Name: "word", Kind: TextVariable},
		{Name: "period", Kind: PeriodVariable, Options: []Option{{"日", "day"}, {"月", "month"}}},
	}}
	p := &Panel{SQL: "SELECT * FROM t WHERE word = ${word} AND period=${period} AND x = '${' || 'it''s' -- c\n"}
	// A $ in quotes is refused at load; here it shows that nothing else is read.
	if _, err := b.SQL(p, map[string]string{"word": "a", "period": "day"}); err == nil {
		t.Error("a $ inside quotes is let through")
	}
	p.SQL = "SELECT * FROM t WHERE word = ${word} AND period=${period}"
	got, err := b.SQL(p, map[string]string{"word": "o'clock'; DROP TABLE x --${period}$__timeFrom()", "period": "day"})
	if want := "SELECT * FROM t WHERE word = 'o''clock''; DROP TABLE x --${period}$__timeFrom()' AND period='day'"; err != nil || got != want {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	for name, values := range map[string]map[string]string{
		"missing":       {"period": "day"},
		"none of those": {"word": "a", "period": "day' OR 1=1"},
		"NUL":           {"word": "a\x00b", "period": "day"},
		"not UTF-8":     {"word": "a\xff", "period": "day"},
		"too long":      {"word": strings.Repeat("长", longest), "period": "day"},
	} {
		var ve *ValueError
		if got, err := b.SQL(p, values); !errors.As(err, &ve) {
			t.Errorf("%s: got %q, %v; want a *ValueError", name, got, err)
		}
	}
	grafana, err := ForGrafana(p.SQL)
	if want := "SELECT * FROM t WHERE word = ${word:sqlstring} AND period=${period:sqlstring}"; err != nil || grafana != want {
		t.Errorf("for Grafana: got %q, %v", grafana, err)
	}
}

// TestValueStaysValue: whatever the values are, the SQL has the same tokens,
// with one literal in the place of each variable that holds exactly its value.
func TestValueStaysValue(t *testing.T) {
	const sql = `SELECT "a b", x || ${one} || 'it''s' FROM ads.t WHERE (y = ${two}) AND z IN (${one},${two}) -- end`
	b := &Board{Variables: []Variable{{Name: "one"}, {Name: "two"}}}
	before, err := scan(sql)
	if err != nil {
		t.Fatal(err)
	}
	nasty := rapid.StringOfN(rapid.SampledFrom([]rune(`'"$\;-/*{}()E&xU one two 长`+"\n\t")), 0, 40, -1)
	value := rapid.OneOf(nasty, rapid.String().Filter(func(s string) bool { return !strings.ContainsRune(s, 0) && len(s) < longest }))
	rapid.Check(t, func(t *rapid.T) {
		values := map[string]string{"one": value.Draw(t, "one"), "two": value.Draw(t, "two")}
		got, err := b.SQL(&Panel{SQL: sql}, values)
		if err != nil {
			t.Fatal(err)
		}
		after := lex(got)
		if len(after) != len(before) {
			t.Fatalf("%d tokens became %d: %s", len(before), len(after), got)
		}
		for i, tok := range before {
			want := tok.text
			if tok.kind == variable {
				want = values[tok.text]
			}
			if after[i] != want {
				t.Fatalf("token %d is %q, want %q: %s", i, after[i], want, got)
			}
		}
	})
}

// lex is a lexer of its own: standard SQL, without variables.
func lex(sql string) []string {
	var out []string
	r := []rune(sql)
	for i := 0; i < len(r); {
		switch c := r[i]; {
		case c == '\'' || c == '"':
			var text []rune
			for i++; i < len(r); i++ {
				if r[i] == c {
					if i+1 < len(r) && r[i+1] == c {
						i++
					} else {
						break
					}
				}
				text = append(text, r[i])
			}
			i++
			out = append(out, string(text))
		case c == '-' && i+1 < len(r) && r[i+1] == '-':
			for i < len(r) && r[i] != '\n' {
				i++
			}
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_':
			at := i
			for i < len(r) && (r[i] == '_' || 'a' <= r[i] && r[i] <= 'z' || 'A' <= r[i] && r[i] <= 'Z') {
				i++
			}
			out = append(out, string(r[at:i]))
		case c == ' ' || c == '\n':
			i++
		default:
			out = append(out, string(c))
			i++
		}
	}
	return out
}

// FuzzScan: whatever a board's file holds, scanning ends, and tokens lie in
// order within the text.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{"", "SELECT ${a}", "'it''s'", `"a`, "$$x$$", "$__timeGroup(a,'5m'),", "-- x\n1", "E'\\''", "1e5.2", "长${a}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, sql string) {
		tokens, err := scan(sql)
		if err != nil {
			return
		}
		at := 0
		for _, tok := range tokens {
			if tok.start < at || tok.end <= tok.start || tok.end > len(sql) {
				t.Fatalf("token %+v after %d in %q", tok, at, sql)
			}
			at = tok.end
		}
		if whole, err := ForGrafana(sql); err != nil || cmp.Equal(whole, "") && sql != "" {
			t.Fatalf("%q, %v", whole, err)
		}
	})
}
