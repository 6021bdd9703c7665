package reader_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"zhicang/serve/account"
	"zhicang/serve/reader"
)

// postgresAttempts are attempts in PostgreSQL's SQL, against what carries it
// over: what it writes twice, what makes much out of little, what could name
// something that the gate would not let through.
var postgresAttempts = []struct{ code, sql string }{
	{"57014 53200", "SELECT count(*) FROM generate_series(1, 1000000000000)"},
	{"54000 57014 53200", "SELECT array_agg(g) FROM generate_series(1, 1000000000000) AS g"},
	{"57014 53200", "SELECT max(d) FROM generate_series(timestamp '0001-01-01', timestamp '9999-12-31', interval '1 microsecond') AS d"},
	{"0A000", "SELECT generate_series(1, 1000000000000)"},
	{"0A000", "SELECT generate_series(1, people) FROM ads.congress_hot_issue"},
	{"0A000 54000", "SELECT generate_series(-9223372036854775807, 9223372036854775807)"},
	{"54000", "SELECT repeat('x', 1000000000)"},
	{"54000", "SELECT repeat(repeat(repeat(title, 1000), 1000), 1000) FROM ads.congress_hot_issue"},
	{"54000", "SELECT repeat(title, CAST(people AS integer)) FROM ads.congress_hot_issue"},
	{"54000", "SELECT lpad(title, 1000000000) FROM ads.congress_hot_issue"},
	{"0A000", "SELECT format('%1000000000s', 'x')"},
	{"0A000", "SELECT format('%*s', 1000000000, 'x')"},
	{"0A000", "SELECT format(title, title) FROM ads.congress_hot_issue"},
	{"0A000", "SELECT to_char(1, '" + strings.Repeat("9", 60000) + "')"},
	{"0A000", "SELECT to_char(people, title) FROM ads.congress_hot_issue"},
	{"0A000 54001 54000", "SELECT to_char(now(), '" + strings.Repeat("Day", 20000) + "')"},
	{"0A000", "SELECT 'aaaa' ~ '(a+)+(?=b)'"},
	{"2201B", "SELECT 'a' ~ '((a{100}){100}){100}'"},
	{"2201B", "SELECT 'a' ~ '" + strings.Repeat("(", 90) + "'"},
	{"0A000", "SELECT regexp_replace(title, '(a*)*b', '\\1\\1\\1') FROM ads.congress_hot_issue"},
	{"54000", "SELECT regexp_replace(title, '.', '" + strings.Repeat("x", 5000) + "', 'g') FROM ads.congress_hot_issue"},
	{"0A000", "SELECT regexp_replace(title, title, title, 'g') FROM ads.congress_hot_issue"},
	{"54000 54001", "SELECT " + strings.Repeat("json_build_array(", 60) + "title" + strings.Repeat(")", 60) + " FROM ads.congress_hot_issue"},
	{"54000", "SELECT json_build_object('a', to_json(to_json(to_json(to_json(to_json(title)))))) FROM ads.congress_hot_issue"},
	{"54000 57014 53200", "SELECT json_agg(a) FROM ads.congress_hot_issue a, ads.congress_hot_issue b, ads.congress_hot_issue c, ads.congress_hot_issue d, ads.congress_hot_issue e"},
	{"54001 54000", "SELECT 1" + strings.Repeat("/(people", 20) + strings.Repeat(")", 20) + " FROM ads.congress_hot_issue"},
	{"54001 54000", "SELECT " + strings.Repeat("CAST(", 40) + "heat" + strings.Repeat("+0 AS text)", 40) + " FROM ads.congress_hot_issue"},
	{"54001 54000", "SELECT " + strings.Repeat("date_trunc('day', ", 30) + "day" + strings.Repeat(")", 30) + " FROM ads.congress_hot_issue"},
	{"22023", "SELECT postgres_error('" + strings.Repeat("x", 100) + "')"},
	{"42501", "SELECT pg_catalog.getvariable('x')"},
	{"42501 0A000", "SELECT zhicang.main.getvariable('x')"},
	{"42501", "SELECT pg_catalog.pg_read_file('/etc/passwd')"},
	{"42P01", "SELECT * FROM zhicang.main.nosuch"},
	{"42P01", "SELECT * FROM zhicang.temp.result"},
	{"0A000", "SELECT * FROM memory.ads.congress_hot_issue"},
	{"42P01", "SELECT * FROM zhicang.ads.assist_risk_list"},
	{"0A000", "EXPLAIN ANALYZE SELECT * FROM ads.congress_hot_issue"},
	{"0A000", "SELECT 'x'::regclass"},
	{"0A000 42501", "SELECT CAST('{}' AS struct(a integer))"},
	{"22012", "SELECT 1 / (people - people) FROM ads.congress_hot_issue"},
	{"22003", "SELECT 1e400"},
	{"0A000", "SELECT ROW(title, people) FROM ads.congress_hot_issue"},
	{"0A000", "SELECT ARRAY(SELECT title FROM ads.congress_hot_issue)"},
	{"54000", "SELECT overlay(title placing title from 1) || " + strings.Repeat("title || ", 60) + "title FROM ads.congress_hot_issue"},
}

// TestDoorInPostgres sends what is PostgreSQL's, and once more what TestDoor
// sends where that ends at the gate.
func TestDoorInPostgres(t *testing.T) {
	f := open(t, reader.Limits{StatementTimeout: 2 * time.Second, MemoryLimit: "256MB", MaxRows: 10_000})
	refused := func(code, sql string) {
		name := sql[:min(len(sql), 70)]
		rows, err := f.Query(t.Context(), town, reader.Statement{SQL: sql, Postgres: true, Purpose: "test"})
		if err == nil {
			_ = rows.Close()
			t.Errorf("%s: let through: %d rows", name, rows.Count())
			return
		}
		text := err.Error()
		var hint interface{ Hint() string }
		if errors.As(err, &hint) {
			text += hint.Hint()
		}
		if got := reader.Code(err); !strings.Contains(code, got) {
			t.Errorf("%s: %s (%s), want %s", name, got, text, code)
		}
		for _, word := range []string{secretOfAnotherTown, "道路破损", "\n", "DuckDB", "duckdb", "Binder", "Catalog", "struct_", "system.main"} {
			if strings.Contains(text, word) {
				t.Errorf("%s: the error tells too much: %s", name, text)
			}
		}
	}
	for _, tt := range postgresAttempts {
		refused(tt.code, tt.sql)
	}
	ended := 0
	for _, tt := range attempts {
		if strings.Contains(tt.code, "57014") {
			continue // bombs that are the same
		}
		ended++
		rows, err := f.Query(t.Context(), town, reader.Statement{SQL: tt.sql, Postgres: true, Purpose: "test"})
		if err == nil {
			_ = rows.Close()
			// In PostgreSQL these are a text and a name.
			if !strings.HasPrefix(tt.sql, "SELECT format('{") && tt.sql != "SELECT current_database()" {
				t.Errorf("%s: let through", tt.sql[:min(len(tt.sql), 70)])
			}
			continue
		}
		if got := reader.Code(err); got == "XX000" || strings.Contains(err.Error(), secretOfAnotherTown) {
			t.Errorf("%s: %s %v", tt.sql[:min(len(tt.sql), 70)], got, err)
		}
	}
	rows, err := f.Query(t.Context(), town, reader.Statement{SQL: "SELECT count(*) FROM ads.congress_hot_issue", Postgres: true, Purpose: "test"})
	if err != nil || !rows.Next() || fmt.Sprint(rows.Values()[0]) != "40" {
		t.Fatalf("the service is harmed: %v", err)
	}
	t.Logf("%d attempts of PostgreSQL's, %d of the others", len(postgresAttempts), ended)
}

// A division tells nothing of rows that lie outside of the scope.
func TestErrorsTellNothingOfOtherRows(t *testing.T) {
	f := open(t, reader.Limits{})
	for _, sql := range []string{
		"SELECT count(*) FROM ads.congress_hot_issue WHERE 1 / (CASE WHEN region_code = '339921001' THEN 1 ELSE 0 END) = 1",
		"SELECT sum(1 % (CASE WHEN region_code = '339921001' THEN 1 ELSE 0 END)) FROM ads.congress_hot_issue",
		"SELECT count(*) FROM ads.congress_hot_issue WHERE substring(title, 1, CASE WHEN region_code = '339921001' THEN 1 ELSE -1 END) <> ''",
		"SELECT count(*) FROM ads.congress_hot_issue WHERE date_trunc('day', day) = day AND people::text <> 'x' AND title ~ '.'",
	} {
		var acct account.Account = town
		rows, err := f.Query(t.Context(), acct, reader.Statement{SQL: sql, Postgres: true, Purpose: "test"})
		if err != nil {
			t.Errorf("%s: %v", sql, err)
			continue
		}
		_ = rows.Close()
	}
}
