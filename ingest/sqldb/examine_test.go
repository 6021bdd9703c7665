package sqldb_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
	"zhicang/ingest/sqldb"
)

// examined is what Examine says, a line for each check: its state and subject,
// and what was found where that is the same everywhere.
func examined(t *testing.T, cfg ingest.SQLConfig, now func() time.Time, fields ...string) (lines []string, all string) {
	t.Helper()
	src, err := sqldb.Open(ingest.Config{Name: "desk", Type: ingest.TypeSQL, SQL: cfg}, fields, sqldb.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range src.Examine(t.Context()) {
		state := "ok"
		switch {
		case c.Err != nil:
			state, all = "fail", all+c.Err.Error()+"; "
			if e, ok := c.Err.(*ingest.Error); !ok || e.Hint() == "" {
				t.Errorf("%s: says not what to do: %v", c.Subject, c.Err)
			}
		case c.Doubt:
			state = "warn"
			if c.Try == "" {
				t.Errorf("%s: says not what to do", c.Subject)
			}
		}
		lines = append(lines, state+" "+c.Subject)
		all += c.What + "; "
	}
	if strings.Contains(all, "only-for-tests") {
		t.Error("the password is told")
	}
	return lines, all
}

func TestExamine(t *testing.T) {
	for name, open := range map[string]func(testing.TB) place{"postgres": postgresPlace, "mariadb": mariadbPlace, "sqlite": sqlitePlace} {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			p.exec(t, "CREATE TABLE looked_at (id INT PRIMARY KEY, body VARCHAR(20), changed INT, plain INT)",
				"CREATE INDEX looked_at_changed ON looked_at (changed, id)", "INSERT INTO looked_at VALUES (1, 'a', 1, 1)")
			for i := range 200 {
				p.exec(t, fmt.Sprintf("INSERT INTO looked_at VALUES (%d, 'a', 1, 1)", i+2))
			}
			cfg := ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, From: "looked_at", Mode: ingest.ModeCursor, Cursor: "changed"}
			before, clock := []string{"ok reachable", "warn TLS", "ok login", "ok server", "ok encoding"}, []string{"ok clock"}
			rows := []string{"ok rows"}
			if name == "sqlite" {
				before, clock, rows = []string{"ok server", "ok encoding"}, nil, nil
			}
			lines, all := examined(t, cfg, time.Now, "id", "body")
			want := append(append(append([]string{}, before...), clock...), "ok columns", "ok cursor")
			if diff := cmp.Diff(append(want, rows...), lines); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, all)
			}
			if !strings.Contains(all, "changed is there and indexed") {
				t.Error(all)
			}
			cfg.Cursor = "plain"
			if _, all := examined(t, cfg, time.Now, "id", "body"); !strings.Contains(all, "no index begins with it") {
				t.Error(all)
			}
			if name != "sqlite" {
				late := func() time.Time { return time.Now().Add(-time.Hour) }
				if _, all := examined(t, cfg, late, "id"); !strings.Contains(all, "off ours by 1h0m0s") {
					t.Error(all)
				}
			}
			if lines, all := examined(t, cfg, time.Now, "id", "gone"); lines[len(lines)-1] != "fail columns" || !strings.Contains(all, "gone") {
				t.Error(lines, all)
			}
		})
	}
}

// An account that may not read one column is told which.
func TestExaminePermission(t *testing.T) {
	p := postgresPlace(t)
	p.exec(t, "CREATE TABLE veiled (id INT PRIMARY KEY, body TEXT, secret TEXT)",
		"CREATE ROLE looker LOGIN PASSWORD 'only-for-tests'", "GRANT SELECT (id, body) ON veiled TO looker")
	p.dsn.User = "looker"
	cfg := ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, From: "public.veiled", Mode: ingest.ModeSnapshot}
	if lines, all := examined(t, cfg, time.Now, "id", "body", "secret"); lines[len(lines)-1] != "fail columns" || !strings.Contains(all, "the account may not read secret;") {
		t.Error(lines, all)
	}
	if lines, all := examined(t, cfg, time.Now, "id", "body"); !strings.Contains(strings.Join(lines, " "), "ok columns") {
		t.Error(lines, all)
	}
}

// What keeps us out ends the look, under its own name.
func TestExamineEndsAtTheFirstFailure(t *testing.T) {
	p := postgresPlace(t)
	cfg := ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, From: "t", Mode: ingest.ModeSnapshot}
	for want, spoil := range map[string]func(*ingest.SQLConfig){
		"fail reachable":          func(c *ingest.SQLConfig) { c.DSN.Port = closed(t) },
		"ok reachable,fail TLS":   func(c *ingest.SQLConfig) { c.DSN.TLS = "require" },
		"ok reachable,fail login": func(c *ingest.SQLConfig) { c.DSN.Password = "wrong" },
	} {
		c := cfg
		spoil(&c)
		if lines, all := examined(t, c, time.Now, "id"); strings.Join(lines, ",") != want {
			t.Errorf("got %v, want %s: %s", lines, want, all)
		}
	}
}
