package pgsql_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"zhicang/ingest/sqldb/dbtest"
	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/pgcatalog"
	"zhicang/serve/pgwire"
	"zhicang/serve/reader"
	"zhicang/warehouse"
)

var servers dbtest.Servers

func TestMain(m *testing.M) {
	code := m.Run()
	if err := servers.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

const issue = `table: ads.congress_issue
title: 问题
grain: one row per issue
open: true
columns:
  - {name: id, type: BIGINT, required: true, title: 编号}
  - {name: region_code, type: VARCHAR, required: true, title: 区划代码}
  - {name: day, type: DATE, required: true, title: 日}
  - {name: moment, type: TIMESTAMP, title: 时刻}
  - {name: title, type: VARCHAR, required: true, title: 标题}
  - {name: category, type: VARCHAR, title: 分类}
  - {name: people, type: BIGINT, title: 人数}
  - {name: rank, type: INTEGER, title: 名次}
  - {name: heat, type: DOUBLE, title: 热度}
  - {name: amount, type: "DECIMAL(18,2)", title: 金额}
  - {name: open, type: BOOLEAN, title: 未办结}
`

const rows = `INSERT INTO ads.congress_issue VALUES
(1, '339921', DATE '2026-01-01', TIMESTAMP '2026-01-01 08:30:00', '城东路工地夜间施工噪音扰民', '城乡建设', 12, 1, 3.5, 1234.50, true),
(2, '339921001', DATE '2026-01-05', TIMESTAMP '2026-01-05 23:59:59.5', '小区电梯故障 3 号楼', '城乡建设', 7, 2, 2.0, 0.05, false),
(3, '339921001', DATE '2026-01-31', TIMESTAMP '2026-01-31 00:00:00', 'School bus line 12 is late', '交通运输', 30, 3, 10.25, 99999.99, true),
(4, '339921002', DATE '2026-02-10', NULL, '100% 停水_三天', '', 5, 4, NULL, NULL, NULL),
(5, '339921002', DATE '2026-02-28', TIMESTAMP '2026-02-28 12:00:00', '  老旧小区改造　', NULL, NULL, 5, 0.1, -20.00, false),
(6, '339921003', DATE '2026-03-15', TIMESTAMP '2026-03-15 06:07:08', 'a.b-c|d "q" \ ''x''', '教育', 1, 6, 1e20, 0.00, true),
(7, '339921003', DATE '2025-12-31', TIMESTAMP '2025-12-31 18:00:00', 'abcabc ABC 2025-12-31', '教育', 0, 7, -1.5, 5.55, true)`

// house is a warehouse behind the wire and a PostgreSQL with the same rows.
type house struct{ ours, theirs *pgx.Conn }

func open(t *testing.T) house {
	t.Helper()
	ctx := context.Background()
	pg := servers.Postgres(t)
	admin := connect(t, pg.Host, pg.Port, pg.User, pg.Password, pg.Database)
	exec(t, admin, "DROP DATABASE IF EXISTS zhicang", "CREATE DATABASE zhicang")
	theirs := connect(t, pg.Host, pg.Port, pg.User, pg.Password, "zhicang")
	exec(t, theirs, "SET TimeZone = 'Asia/Shanghai'", "CREATE SCHEMA ads", `CREATE TABLE ads.congress_issue (id bigint, region_code text, day date, moment timestamp, title text,
		category text, people bigint, rank integer, heat double precision, amount numeric(18,2), open boolean)`, rows)

	fsys := fstest.MapFS{"congress/ads_issue.yaml": {Data: []byte(issue)}}
	cat, err := models.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	shelf := warehouse.Shelf{Dir: t.TempDir()}
	publish(t, shelf, cat)
	dir := t.TempDir()
	r, err := reader.Open(ctx, reader.Options{Shelf: shelf, Catalog: cat, Regions: region.Embedded(), Audit: privacy.OpenAudit(filepath.Join(dir, "audit.jsonl"), time.Now)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	verifier, err := account.NewVerifier(pg.Password)
	if err != nil {
		t.Fatal(err)
	}
	book, err := account.Open([]account.Config{{Name: "analyst", Password: account.Password(verifier), Domains: []string{"*"}, Region: "000000"}}, account.Options{})
	if err != nil {
		t.Fatal(err)
	}
	catalog := pgcatalog.New(r)
	t.Cleanup(func() { _ = catalog.Close() })
	s, err := pgwire.New(pgwire.Options{Reader: pgwire.FromReader(r), Accounts: book, Catalog: catalog})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
	})
	return house{connect(t, "127.0.0.1", ln.Addr().(*net.TCPAddr).Port, "analyst", pg.Password, "zhicang"), theirs}
}

func publish(t *testing.T, shelf warehouse.Shelf, cat *models.Catalog) {
	t.Helper()
	ctx := context.Background()
	e, err := warehouse.Open(ctx, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	err = e.InTx(ctx, func(tx *warehouse.Tx) error {
		for _, c := range cat.Contracts() {
			if err := tx.CreateTable(ctx, c); err != nil {
				return err
			}
		}
		return tx.Exec(ctx, rows)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Publish(ctx, shelf, warehouse.FileName(1), cat.Contracts()); err != nil {
		t.Fatal(err)
	}
	if err := shelf.Switch(warehouse.FileName(1)); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, host string, port int, user, password, database string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", user, password, host, port, database))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

func exec(t *testing.T, c *pgx.Conn, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := c.Exec(context.Background(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// A result is what a statement gave, as text.
type result struct {
	names []string
	types []uint32
	rows  [][]string
	code  string
	text  string // of the error
}

func ask(t *testing.T, c *pgx.Conn, sql string) result {
	t.Helper()
	return askWith(t, c, sql, nil, nil)
}

func askWith(t *testing.T, c *pgx.Conn, sql string, types []uint32, values [][]byte) result {
	t.Helper()
	rr := c.PgConn().ExecParams(t.Context(), sql, values, types, nil, nil)
	var r result
	for _, f := range rr.FieldDescriptions() {
		r.names, r.types = append(r.names, f.Name), append(r.types, f.DataTypeOID)
	}
	for rr.NextRow() {
		var row []string
		for _, v := range rr.Values() {
			if v == nil {
				row = append(row, "NULL")
				continue
			}
			row = append(row, string(v))
		}
		r.rows = append(r.rows, row)
	}
	if _, err := rr.Close(); err != nil {
		r = result{code: "?", text: err.Error()}
		if e, ok := err.(*pgconn.PgError); ok {
			r.code, r.text = e.Code, e.Message
		}
	}
	return r
}

// family puts types together that clients read alike: PostgreSQL's numeric
// without a width is a double here, and so are averages and quotients.
func family(oid uint32) string {
	switch oid {
	case pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
		return "number"
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return "integer"
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.NameOID, pgtype.UnknownOID, pgtype.BPCharOID:
		return "text"
	case pgtype.JSONOID, pgtype.JSONBOID:
		return "json"
	case pgtype.Int4ArrayOID, pgtype.Int8ArrayOID:
		return "integer[]"
	case pgtype.TextArrayOID, pgtype.VarcharArrayOID:
		return "text[]"
	}
	return strconv.Itoa(int(oid))
}

// same makes of a value what is compared.
func same(kind, v string) any {
	switch kind {
	case "number":
		if f, err := strconv.ParseFloat(v, 64); err == nil && v != "NULL" {
			return strconv.FormatFloat(f, 'g', 14, 64)
		}
	case "json":
		var out any
		if json.Unmarshal([]byte(v), &out) == nil {
			return out
		}
	}
	return v
}

func comparable(r result) map[string]any {
	m := map[string]any{"code": r.code, "names": r.names}
	var kinds []string
	for _, oid := range r.types {
		kinds = append(kinds, family(oid))
	}
	m["types"] = kinds
	for i, row := range r.rows {
		for j, v := range row {
			m[fmt.Sprintf("%03d.%d", i, j)] = same(kinds[j], v)
		}
	}
	return m
}

// TestDifferential asks PostgreSQL and us the same: what is answered must be
// the same in values, types and names of columns; what is under "-- refused" is
// refused with a code that says so, and what is under "-- fails" fails in both.
func TestDifferential(t *testing.T) {
	h := open(t)
	files, err := filepath.Glob("testdata/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	total := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		mode := ""
		for s := range strings.SplitSeq(string(data), ";\n") {
			s = strings.TrimSpace(s)
			if line, rest, _ := strings.Cut(s, "\n"); strings.HasPrefix(line, "-- ") {
				mode, s = strings.TrimPrefix(line, "-- "), strings.TrimSpace(rest)
			}
			if s == "" {
				continue
			}
			total++
			t.Run(strings.TrimSuffix(filepath.Base(file), ".sql"), func(t *testing.T) { compare(t, h, mode, s) })
		}
	}
	t.Logf("%d statements", total)
}

func compare(t *testing.T, h house, mode, sql string) {
	var theirs result
	ours := ask(t, h.ours, sql)
	if mode != "refused" {
		theirs = ask(t, h.theirs, sql)
	}
	for _, word := range []string{"DuckDB", "duckdb", "Binder", "Catalog Error", "system.main", "struct_"} {
		if strings.Contains(ours.text, word) {
			t.Errorf("%s\nour error has a word of the engine: %s", sql, ours.text)
		}
	}
	switch mode {
	case "refused":
		if !strings.Contains("0A000 42883 42501 54000", ours.code) || ours.code == "" {
			t.Errorf("%s\nnot refused: %s %s %v", sql, ours.code, ours.text, ours.rows)
		}
	case "fails":
		if ours.code == "" || theirs.code == "" || ours.code[:2] != theirs.code[:2] {
			t.Errorf("%s\nours %s %s\ntheirs %s %s", sql, ours.code, ours.text, theirs.code, theirs.text)
		}
	default:
		if theirs.code != "" {
			t.Errorf("%s\nPostgreSQL: %s %s", sql, theirs.code, theirs.text)
		}
		if diff := cmp.Diff(comparable(theirs), comparable(ours)); diff != "" {
			t.Errorf("%s\n%s %s\n%s", sql, ours.code, ours.text, diff)
		}
	}
}

// TestParameters binds what drivers bind: text without a type, and small
// integers, as psycopg does.
func TestParameters(t *testing.T) {
	h := open(t)
	for _, tt := range []struct {
		sql    string
		types  []uint32
		values []string
	}{
		{"SELECT $1", nil, []string{"x"}},
		{"SELECT $1, $2 AS n", []uint32{0, pgtype.Int2OID}, []string{"x", "5"}},
		{"SELECT $1 + 40000", []uint32{pgtype.Int2OID}, []string{"2"}},
		{"SELECT $1 + 0.5", []uint32{pgtype.Int2OID}, []string{"1"}},
		{"SELECT $1::date", nil, []string{"2026-01-01"}},
		{"SELECT coalesce($1, 'a'), $2 || 'x'", nil, []string{"b", "y"}},
		{"SELECT id, $1 AS tag FROM ads.congress_issue WHERE people > $2 ORDER BY id LIMIT $3", []uint32{0, pgtype.Int2OID, pgtype.Int8OID}, []string{"t", "5", "2"}},
		{"SELECT count(*) FROM ads.congress_issue WHERE day >= $1 AND title LIKE $2", nil, []string{"2026-01-01", "%a%"}},
		{"SELECT sum(people) / $1 FROM ads.congress_issue", []uint32{pgtype.Int4OID}, []string{"2"}},
		{"SELECT CASE WHEN $1 THEN $2 ELSE $3 END", []uint32{pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID}, []string{"t", "1", "2"}},
	} {
		var values [][]byte
		for _, v := range tt.values {
			values = append(values, []byte(v))
		}
		theirs, ours := askWith(t, h.theirs, tt.sql, tt.types, values), askWith(t, h.ours, tt.sql, tt.types, values)
		if diff := cmp.Diff(comparable(theirs), comparable(ours)); diff != "" {
			t.Errorf("%s\n%s %s\n%s", tt.sql, ours.code, ours.text, diff)
		}
	}
}

// TestClock asks for the time. The two clocks differ by a moment: only names and
// types are compared, and that a day is today.
func TestClock(t *testing.T) {
	h := open(t)
	for _, sql := range []string{
		"SELECT current_date", "SELECT current_timestamp", "SELECT localtimestamp", "SELECT localtime", "SELECT now(), current_date",
		"SELECT current_date AS d, current_timestamp AS t", "SELECT current_date, count(*) FROM ads.congress_issue GROUP BY current_date", "SELECT (SELECT current_date)",
		"SELECT version()", "SELECT 1, version()",
	} {
		theirs, ours := ask(t, h.theirs, sql), ask(t, h.ours, sql)
		theirs.rows, ours.rows = nil, nil
		if diff := cmp.Diff(comparable(theirs), comparable(ours)); diff != "" {
			t.Errorf("%s\n%s %s\n%s", sql, ours.code, ours.text, diff)
		}
	}
	compare(t, h, "", "SELECT current_date")
	for _, c := range []*pgx.Conn{h.ours, h.theirs} {
		exec(t, c, "SET TimeZone = 'UTC'")
	}
	if got := ask(t, h.ours, "SELECT current_timestamp"); got.code != "" || !strings.HasSuffix(got.rows[0][0], "+00") {
		t.Errorf("current_timestamp in UTC: %+v", got)
	}
}

// TestReflection prepares what SQLAlchemy prepares to read a table's columns.
func TestReflection(t *testing.T) {
	h := open(t)
	got := askWith(t, h.ours, `SELECT c.relname, CASE WHEN a.amname <> current_setting($1::VARCHAR) THEN a.amname ELSE NULL END AS access_method_name
		FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am a ON c.relam = a.oid WHERE c.relname IN ($2::VARCHAR)`, nil, [][]byte{[]byte("default_table_access_method"), []byte("congress_issue")})
	if got.code != "" || len(got.rows) != 1 || got.rows[0][0] != "congress_issue" {
		t.Errorf("%+v", got)
	}
}

// TestZones: in UTC moments are written in UTC, and what would need the day
// there is refused; other zones cannot be set.
func TestZones(t *testing.T) {
	h := open(t)
	for _, c := range []*pgx.Conn{h.ours, h.theirs} {
		exec(t, c, "SET TimeZone = 'UTC'")
	}
	for _, sql := range []string{
		"SELECT timestamptz '2026-01-01 08:00:00+08'", "SELECT date_trunc('month', day) FROM ads.congress_issue ORDER BY id", "SELECT moment::date FROM ads.congress_issue ORDER BY id",
	} {
		if sql == "SELECT timestamptz '2026-01-01 08:00:00+08'" {
			if got := ask(t, h.ours, sql); got.code != "0A000" {
				t.Errorf("%s: %+v", sql, got)
			}
			continue
		}
		compare(t, h, "", sql)
	}
	for _, sql := range []string{"SELECT current_date", "SELECT now()::date", "SELECT extract(hour from now())", "SELECT to_char(now(), 'HH24')"} {
		if got := ask(t, h.ours, sql); got.code != "0A000" {
			t.Errorf("%s: %+v", sql, got)
		}
	}
	if got := ask(t, h.ours, "SET TimeZone = 'Asia/Tokyo'"); got.code != "22023" {
		t.Errorf("%+v", got)
	}
}
