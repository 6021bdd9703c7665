package reader_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/reader"
	"zhicang/warehouse"
)

const fuzzTimeout = 2 * time.Second

// endless runs until something stops it.
const endless = "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t"

func TestRowsAreCapped(t *testing.T) {
	f := open(t, reader.Limits{MaxRows: 5000})
	for _, tt := range []struct {
		sql   string
		limit int
		rows  int64
		cut   bool
	}{
		{"SELECT * FROM range(10)", 0, 10, false},
		{"SELECT * FROM range(2048)", 0, 2048, false},
		{"SELECT * FROM range(2049)", 0, 2049, false},
		{"SELECT * FROM range(4097) ORDER BY 1 DESC", 0, 4097, false},
		{"SELECT * FROM range(5000)", 0, 5000, false},
		{"SELECT * FROM range(5001)", 0, 5000, true},
		{"SELECT * FROM range(100000) LIMIT 50000", 0, 5000, true},
		{"SELECT * FROM range(100000) LIMIT 3000", 0, 3000, false},
		{"SELECT * FROM range(100)", 7, 7, true},
		{"SELECT * FROM range(7)", 7, 7, false},
		{"SELECT * FROM range(100) LIMIT 50 OFFSET 60", 0, 40, false},
		{"SELECT 1 WHERE false", 0, 0, false},
	} {
		rows, err := f.Query(t.Context(), everything, reader.Statement{SQL: tt.sql, Limit: tt.limit, Purpose: "test"})
		if err != nil {
			t.Fatalf("%s: %v", tt.sql, err)
		}
		var n, last int64
		ordered := true
		for rows.Next() {
			v := rows.Values()[0]
			if i, ok := v.(int64); ok && n > 0 && i != last+1 && i != last-1 {
				ordered = false
			} else if ok {
				last = i
			}
			n++
		}
		if n != tt.rows || rows.Truncated() != tt.cut || rows.Err() != nil || rows.Close() != nil || rows.Count() != tt.rows || !ordered {
			t.Errorf("%s: %d rows, %d counted, cut %v, in order %v, %v; want %d, %v", tt.sql, n, rows.Count(), rows.Truncated(), ordered, rows.Err(), tt.rows, tt.cut)
		}
	}
}

// A result of more than a gigabyte is refused by the memory limit, or read page
// by page; it does not lie in memory.
func TestBigResults(t *testing.T) {
	f := open(t, reader.Limits{MemoryLimit: "128MB", MaxRows: 1_000_000, StatementTimeout: time.Minute})
	_, err := f.ask(t.Context(), everything, "SELECT rpad('x', 10000, 'y') || i FROM range(200000) t(i)")
	if reader.Code(err) != "53200" {
		t.Errorf("2 GB: %v", err)
	}
	rows, err := f.Query(t.Context(), everything, reader.Statement{SQL: "SELECT i, 'x' || i FROM range(500000) t(i)", Purpose: "test"})
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for rows.Next() {
		if rows.Values()[0].(int64) != n {
			t.Fatalf("row %d is %v", n, rows.Values())
		}
		n++
	}
	if rows.Err() != nil || n != 500_000 {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
}

func TestColumnTypes(t *testing.T) {
	f := open(t, reader.Limits{})
	const sql = "SELECT 1 AS a, CAST(1 AS BIGINT) AS b, CAST(1.5 AS DECIMAL(18,2)) AS c, 'x' AS d, DATE '2026-01-01' AS e, TIMESTAMP '2026-01-01 08:00:00' AS f, ['x'] AS g, true AS h, sum(1) AS i, now() AS j, 1.5e0 AS k, INTERVAL '1' DAY AS l, NULL AS m, 1 AS a"
	want := []reader.Column{
		{"a", "INTEGER"},
		{"b", "BIGINT"},
		{"c", "DECIMAL(18,2)"},
		{"d", "VARCHAR"},
		{"e", "DATE"},
		{"f", "TIMESTAMP"},
		{"g", "VARCHAR[]"},
		{"h", "BOOLEAN"},
		{"i", "HUGEINT"},
		{"j", "TIMESTAMPTZ"},
		{"k", "DOUBLE"},
		{"l", "INTERVAL"},
		{"m", "INTEGER"},
		{"a", "INTEGER"},
	}
	described, err := f.Describe(t.Context(), town, reader.Statement{SQL: sql})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, described); diff != "" {
		t.Errorf("described: %s", diff)
	}
	rows, err := f.Query(t.Context(), town, reader.Statement{SQL: sql, Purpose: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	if diff := cmp.Diff(want, rows.Columns()); diff != "" {
		t.Errorf("queried: %s", diff)
	}
}

// Values that are bound later do not keep a statement from being described.
func TestDescribeWithBoundValues(t *testing.T) {
	f := open(t, reader.Limits{})
	for _, sql := range []string{
		"SELECT people, title FROM ads.congress_hot_issue WHERE people = $1 AND title LIKE $2 AND people < $1",
		"SELECT people, title FROM ads.congress_hot_issue WHERE people = ? AND title LIKE ?",
	} {
		got, err := f.Describe(t.Context(), town, reader.Statement{SQL: sql})
		if diff := cmp.Diff([]reader.Column{{Name: "people", Type: "BIGINT"}, {Name: "title", Type: "VARCHAR"}}, got); err != nil || diff != "" {
			t.Errorf("%s: %v %s", sql, err, diff)
		}
		rows, err := f.ask(t.Context(), town, sql, int64(5), "%损%")
		if err != nil || len(rows) != 1 && strings.Contains(sql, "?") {
			t.Errorf("%s: %v %v", sql, rows, err)
		}
	}
	for _, sql := range []string{"VALUES (1)", "FROM dim.run", "(SELECT 1)", "TABLE dim.run", "WITH a AS (SELECT 1 AS x) SELECT * FROM a", "SELECT 1 UNION ALL SELECT 2 ORDER BY 1 LIMIT 1;"} {
		cols, err := f.Describe(t.Context(), town, reader.Statement{SQL: sql})
		rows, askErr := f.ask(t.Context(), town, sql)
		if err != nil || askErr != nil || len(cols) == 0 || len(rows) != 1 {
			t.Errorf("%s: %v %v, %v %v", sql, cols, err, rows, askErr)
		}
	}
	if _, err := f.ask(t.Context(), town, "SELECT $1"); reader.Code(err) != "08P01" {
		t.Errorf("without its value: %v", err)
	}
}

func TestCancel(t *testing.T) {
	f := open(t, reader.Limits{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, err := f.ask(ctx, town, endless); done <- err }()
	cancel()
	if err := <-done; reader.Code(err) != "57014" {
		t.Errorf("cancelled: %v", err)
	}
	if got, err := f.ask(t.Context(), town, "SELECT 1"); err != nil || got[0] != "1" {
		t.Errorf("afterwards: %v %v", got, err)
	}
}

// One account's statements take its own places, and nobody else's.
func TestPlacesOfAnAccount(t *testing.T) {
	f := open(t, reader.Limits{PerAccount: 2, Queue: 1, Statements: 4, StatementTimeout: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	refused := make(chan error, 8)
	for range 8 {
		wg.Go(func() {
			if _, err := f.ask(ctx, town, endless); reader.Code(err) == "53300" {
				refused <- err
			}
		})
	}
	// Two run and one waits; the others are sent away at once.
	for range 5 {
		if err := <-refused; !strings.Contains(err.Error(), "too many statements") {
			t.Error(err)
		}
	}
	if got, err := f.ask(t.Context(), county, "SELECT 1"); err != nil || got[0] != "1" {
		t.Errorf("another account waits too: %v %v", got, err)
	}
	cancel()
	wg.Wait()
	if _, err := f.ask(t.Context(), town, "SELECT 1"); err != nil {
		t.Errorf("the places were not given back: %v", err)
	}
}

// Every statement stands in the log, also one that was refused, and the chain
// holds when many write at once and another process writes between.
func TestEveryStatementIsRecorded(t *testing.T) {
	f := open(t, reader.Limits{PerAccount: 50, Statements: 8, MaxRows: 3000})
	other := privacy.OpenAudit(f.audit, f.now.Now)
	var wg sync.WaitGroup
	for range 20 {
		for _, sql := range []string{"SELECT people FROM ads.congress_hot_issue LIMIT 3", "SELECT * FROM ads.assist_risk_list"} {
			wg.Go(func() { _, _ = f.ask(t.Context(), town, sql) })
		}
		wg.Go(func() {
			if _, err := other.Append(t.Context(), privacy.Entry{Who: "keeper", Action: "reveal", Object: "p", Reason: "test"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := f.ask(t.Context(), town, "SELECT * FROM range(5000)"); err != nil {
		t.Fatal(err)
	}
	head, err := other.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, l := range auditLines(t, f.audit) {
		outcome, _, _ := strings.Cut(l.Outcome, " ")
		got[l.Who+" "+l.Action+" "+l.Object+" "+outcome] += int(l.Rows)
		got["lines"]++
	}
	want := map[string]int{
		"town query SELECT people FROM ads.congress_hot_issue LIMIT 3 ok": 60,
		"town query SELECT * FROM ads.assist_risk_list 42P01":             0,
		"town query SELECT * FROM range(5000) began":                      3000,
		"town query SELECT * FROM range(5000) cut":                        3000,
		"keeper reveal p ": 0,
		"lines":            int(head.Seq),
	}
	if diff := cmp.Diff(want, got); diff != "" || head.Seq != 62 {
		t.Errorf("%d lines: %s", head.Seq, diff)
	}
}

func auditLines(t *testing.T, path string) (lines []privacy.AuditLine) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for in := bufio.NewScanner(file); in.Scan(); {
		var l privacy.AuditLine
		if err := json.Unmarshal(in.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines
}

// A statement that cannot be recorded gives nothing.
func TestNothingWithoutARecord(t *testing.T) {
	f := open(t, reader.Limits{})
	if err := os.Mkdir(f.audit, 0o755); err != nil {
		t.Fatal(err)
	}
	rows, err := f.ask(t.Context(), town, "SELECT 1")
	if reader.Code(err) != "58030" || rows != nil {
		t.Errorf("%v %v", rows, err)
	}
}

func TestStatesOfThePublication(t *testing.T) {
	f := empty(t, reader.Limits{})
	expect := func(name, code, message string) {
		t.Helper()
		_, err := f.ask(t.Context(), town, "SELECT count(*) FROM ads.congress_hot_issue")
		if reader.Code(err) != code || code != "00000" && !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := f.Current(t.Context()); code != "00000" && (err == nil || !strings.Contains(err.Error(), message)) {
			t.Errorf("%s: current: %v", name, err)
		}
	}
	expect("nothing", "57P03", "nothing has been published yet")

	name := warehouse.FileName(1)
	path := filepath.Join(f.shelf.Dir, name)
	writeFile(t, path, []byte(strings.Repeat("this is no database ", 1000)))
	if err := f.shelf.Switch(name); err != nil {
		t.Fatal(err)
	}
	expect("damaged", "57P03", "not a valid DuckDB database file")

	good, err := shelfFile()
	if err != nil {
		t.Fatal(err)
	}
	other := append([]byte{}, good...)
	other[12] = 0xff // a bit of the header
	writeFile(t, path, other)
	f.now.Add(time.Minute)
	expect("another bit", "57P03", "Corrupt database file")

	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	f.now.Add(time.Minute)
	expect("gone", "57P03", "no such file")

	writeFile(t, path, good)
	f.now.Add(time.Minute)
	expect("mended", "00000", "")
	pub, err := f.Current(t.Context())
	if err != nil || pub.ID != 1 || pub.File != name || pub.AsOf.Format(time.DateOnly) != "2026-01-15" || pub.PublishedAt.IsZero() {
		t.Errorf("%+v %v", pub, err)
	}
}

// New statements go to the new file, running ones finish on the old, and none
// is dropped. A file that does not open leaves the one before.
func TestFollow(t *testing.T) {
	f := open(t, reader.Limits{})
	rows, err := f.Query(t.Context(), everything, reader.Statement{SQL: "SELECT a.people FROM ads.congress_hot_issue a, range(100) ORDER BY 1", Purpose: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	rows.Next()
	publish(t, f.shelf, f.cat, 2, append(inserts(f.cat, "2026-02-01"), "DELETE FROM ads.congress_hot_issue WHERE people > 1")...)
	if err := os.Remove(filepath.Join(f.shelf.Dir, warehouse.FileName(1))); err != nil {
		t.Fatal(err)
	}
	if got, err := f.ask(t.Context(), town, "SELECT count(*) FROM ads.congress_hot_issue"); err != nil || got[0] != "2" {
		t.Errorf("new statements read %v %v", got, err)
	}
	n := 1
	for rows.Next() {
		n++
	}
	if rows.Err() != nil || n != 200*100 {
		t.Errorf("the running one got %d rows, %v", n, rows.Err())
	}
	if err := rows.Close(); err != nil {
		t.Error(err)
	}
	bad := warehouse.FileName(3)
	writeFile(t, filepath.Join(f.shelf.Dir, bad), []byte("no database"))
	if err := f.shelf.Switch(bad); err != nil {
		t.Fatal(err)
	}
	if got, err := f.ask(t.Context(), town, "SELECT count(*) FROM ads.congress_hot_issue"); err != nil || got[0] != "2" {
		t.Errorf("with a damaged new file: %v %v", got, err)
	}
	if pub, err := f.Current(t.Context()); err == nil || pub.ID != 2 {
		t.Errorf("%+v %v", pub, err)
	}
}

// The platform's tables are in a file of their own, which is there before the
// first publication, changes without one, and never stands in its way.
func TestPlatformTables(t *testing.T) {
	f := empty(t, reader.Limits{})
	c, _ := f.cat.Contract("ads.platform_run")
	write := func(runs ...int64) {
		t.Helper()
		table := warehouse.Filled{Contract: c}
		for _, id := range runs {
			table.Rows = append(table.Rows, []any{id})
		}
		if err := f.shelf.WritePlatform(t.Context(), []warehouse.Filled{table}); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(sql, want, code string) {
		t.Helper()
		got, err := f.ask(t.Context(), everything, sql)
		if reader.Code(err) != code || strings.Join(got, " ") != want {
			t.Errorf("%s: %q %v, want %q %s", sql, got, err, want, code)
		}
	}
	const runs, issues = "SELECT run_id FROM ads.platform_run ORDER BY 1", "SELECT count(*) FROM ads.congress_hot_issue"
	expect(runs, "", "57P03")
	write(1)
	expect(runs, "1", "00000")
	expect(issues, "", "57P03")
	if _, err := f.Current(t.Context()); err == nil {
		t.Error("nothing is published, and nobody says so")
	}
	publish(t, f.shelf, f.cat, 1, inserts(f.cat, "2026-01-15")...)
	expect(issues, "200", "00000")
	expect(runs, "1", "00000")
	write(1, 2)
	expect(runs, "1 2", "00000")
	expect(issues, "200", "00000")
	name, err := f.shelf.CurrentPlatform()
	if err != nil {
		t.Fatal(err)
	}
	publish(t, f.shelf, f.cat, 2, inserts(f.cat, "2026-01-16")...)
	writeFile(t, name, []byte("no database"))
	expect(issues, "200", "00000")
}

// Statements that come while publications follow one another all succeed.
func TestFollowUnderLoad(t *testing.T) {
	f := open(t, reader.Limits{PerAccount: 8})
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := f.ask(t.Context(), town, "SELECT region_code, sum(people) FROM ads.congress_hot_issue GROUP BY 1"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	data, err := shelfFile()
	if err != nil {
		t.Fatal(err)
	}
	for id := int64(2); id < 8; id++ {
		writeFile(t, filepath.Join(f.shelf.Dir, warehouse.FileName(id)), data)
		if err := f.shelf.Switch(warehouse.FileName(id)); err != nil {
			t.Fatal(err)
		}
		for {
			if _, err := f.ask(t.Context(), everything, "SELECT 1"); err != nil {
				t.Fatal(err)
			}
			if pub, err := f.Current(t.Context()); err != nil || pub.ID == id {
				break
			}
		}
	}
	close(stop)
	wg.Wait()
}

func TestClosedReader(t *testing.T) {
	f := open(t, reader.Limits{})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ask(t.Context(), account.Account{Name: "x"}, "SELECT 1"); reader.Code(err) != "57P01" {
		t.Error(err)
	}
}
