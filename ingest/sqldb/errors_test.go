package sqldb_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhicang/ingest"
	"zhicang/ingest/sqldb"
)

// failure reads a source that cannot be read and returns what it says.
func failure(t *testing.T, cfg ingest.SQLConfig, fields ...string) *ingest.Error {
	t.Helper()
	if cfg.Mode == "" {
		cfg.Mode = ingest.ModeSnapshot
	}
	src, err := sqldb.Open(ingest.Config{Name: "desk", Type: ingest.TypeSQL, SQL: cfg}, fields, sqldb.Options{})
	if err == nil {
		_, err = src.Read(t.Context(), ingest.Unit{}, "", func(ingest.Batch) error { return nil })
	}
	var e *ingest.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want an *ingest.Error", err)
	}
	for _, secret := range []string{cfg.DSN.Password.Reveal(), "only-for-tests", "CANARY"} {
		if secret != "" && strings.Contains(e.Error()+e.Hint(), secret) {
			t.Errorf("the error holds %q: %v", secret, e)
		}
	}
	return e
}

// deaf listens and never answers.
func deaf(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.Addr().(*net.TCPAddr).Port
}

// closed is a port on which nobody listens.
func closed(t *testing.T) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestErrors(t *testing.T) {
	for name, start := range map[string]func(testing.TB) place{"PostgreSQL": postgresPlace, "MariaDB": mariadbPlace} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk := table()
			p.exec(t, "CREATE TABLE "+desk+" (id INT PRIMARY KEY, body VARCHAR(100))", "INSERT INTO "+desk+" VALUES (1, 'CANARY')")
			p.exec(t, poorAccount(p, desk)...)
			sleep := map[string]string{"postgres": "pg_sleep(60) IS NOT NULL", "mysql": "sleep(60) = 0"}[p.driver]
			cast := map[string]string{"postgres": "body::int = 1", "mysql": "json_value(body, '$.a') = 1 OR CAST('x' AS INT) = id AND body = 1/0 OR nothing(1)"}[p.driver]
			for what, c := range map[string]struct {
				change func(*ingest.SQLConfig)
				say    string
				try    string
			}{
				"wrong password": {func(c *ingest.SQLConfig) { c.DSN.Password = "hunter2-CANARY" }, "refused the user or the password", "dsn.password"},
				"wrong user":     {func(c *ingest.SQLConfig) { c.DSN.User = "nobody" }, "refused the user or the password", "dsn.password"},
				"no database":    {func(c *ingest.SQLConfig) { c.DSN.Database = "town" }, "no such database", "dsn.database"},
				"no table":       {func(c *ingest.SQLConfig) { c.From = "gone" }, "the table is not there", "from:"},
				"no column":      {func(c *ingest.SQLConfig) { c.Where = "bodi = 'CANARY'" }, "is not there", "names"},
				"no query":       {func(c *ingest.SQLConfig) { c.Where = "= 'CANARY'" }, "does not understand", "sql:"},
				"no permission": {func(c *ingest.SQLConfig) {
					c.DSN.User, c.DSN.Password = "poor", "poor-CANARY"
				}, "may not read", "GRANT|grant SELECT"},
				"nobody listens": {func(c *ingest.SQLConfig) { c.DSN.Port = closed(t) }, "nobody listens", "dsn.port"},
				"no such host":   {func(c *ingest.SQLConfig) { c.DSN.Host = "db.invalid" }, "name of the host", "dsn.host"},
				"no answer": {func(c *ingest.SQLConfig) {
					c.DSN.Port, c.DSN.Timeout = deaf(t), 200*time.Millisecond
				}, "no route|kept silent", "port|timeout"},
				"no TLS":            {func(c *ingest.SQLConfig) { c.DSN.TLS = "require" }, "does not speak TLS", "tls: disable"},
				"never returns":     {func(c *ingest.SQLConfig) { c.Where, c.DSN.Timeout = sleep, 300*time.Millisecond }, "kept silent", "dsn.timeout"},
				"value not to cast": {func(c *ingest.SQLConfig) { c.Where = cast }, "cannot convert|failed|not understand", "sql:"},
			} {
				t.Run(what, func(t *testing.T) {
					cfg := ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, From: desk}
					c.change(&cfg)
					e := failure(t, cfg, "body")
					if !hasOne(e.Error(), c.say) || !hasOne(e.Hint(), c.try) || e.Source != "desk" || strings.Contains(e.Error(), "\n") {
						t.Errorf("got  %v\nTry: %s\nwant …%s…\nTry: …%s…", e, e.Hint(), c.say, c.try)
					}
				})
			}
		})
	}
}

func hasOne(text, alternatives string) bool {
	for _, a := range strings.Split(alternatives, "|") {
		if strings.Contains(text, a) {
			return true
		}
	}
	return false
}

// poorAccount makes an account that may enter and read nothing.
func poorAccount(p place, desk string) []string {
	if p.driver == "postgres" {
		return []string{"DROP ROLE IF EXISTS poor", "CREATE ROLE poor LOGIN PASSWORD 'poor-CANARY'"}
	}
	return []string{
		"CREATE OR REPLACE USER poor@'%' IDENTIFIED BY 'poor-CANARY'", "CREATE TABLE IF NOT EXISTS other (x INT)",
		"GRANT SELECT ON county.other TO poor@'%'",
	}
}

func TestSQLiteErrors(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk.sqlite")
	if err := os.WriteFile(junk, []byte(strings.Repeat("CANARY no database ", 1000)), 0o644); err != nil {
		t.Fatal(err)
	}
	p := sqlitePlace(t)
	p.exec(t, "CREATE TABLE a (x INTEGER)")
	for what, c := range map[string]struct {
		cfg ingest.SQLConfig
		say string
	}{
		"no file":       {ingest.SQLConfig{DSN: ingest.DSNConfig{Database: filepath.Join(dir, "gone")}, From: "a"}, "the file is not there"},
		"not a file of": {ingest.SQLConfig{DSN: ingest.DSNConfig{Database: junk}, From: "a"}, "no SQLite database"},
		"no table":      {ingest.SQLConfig{DSN: p.dsn, From: "b"}, "the table is not there"},
		"no column":     {ingest.SQLConfig{DSN: p.dsn, From: "a", Where: "y = 1"}, "is not there"},
	} {
		t.Run(what, func(t *testing.T) {
			c.cfg.Driver = "sqlite"
			if e := failure(t, c.cfg, "x"); !strings.Contains(e.Error(), c.say) || e.Hint() == "" {
				t.Errorf("got %v\nTry: %s", e, e.Hint())
			}
		})
	}
}

// wide fills a table with rows that no buffer on the way can hold together.
func wide(p place, name string) []string {
	fill := map[string]string{
		"postgres": "SELECT i, '2025-01-01', repeat('x', 500) FROM generate_series(1, 100000) AS g(i)",
		"mysql":    "SELECT seq, '2025-01-01', repeat('x', 500) FROM seq_1_to_100000",
	}[p.driver]
	typ := map[string]string{"postgres": "timestamp", "mysql": "DATETIME"}[p.driver]
	return []string{fmt.Sprintf("CREATE TABLE %s (id INTEGER PRIMARY KEY, at %s, matter VARCHAR(500))", name, typ), "INSERT INTO " + name + " " + fill, "ANALYZE " + map[string]string{"mysql": "TABLE "}[p.driver] + name}
}

// TestStoppedInTheMiddle: the department restarts its server while we read, or
// the server goes silent there. Nothing lands, one line says why, and the next
// source is read as if nothing had been.
func TestStoppedInTheMiddle(t *testing.T) {
	for name, start := range map[string]func(testing.TB) place{"PostgreSQL": postgresPlace, "MariaDB": mariadbPlace} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk, other := table(), table()
			p.exec(t, wide(p, desk)...)
			p.exec(t, fmt.Sprintf("CREATE TABLE %s AS SELECT * FROM %s WHERE id <= 5", other, desk))
			kill := "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'zhicang'"
			if p.driver == "mysql" {
				p.exec(t, "CREATE OR REPLACE USER stopped@'%' IDENTIFIED BY 'stopped-CANARY'", "GRANT SELECT ON county.* TO stopped@'%'")
				p.dsn.User, p.dsn.Password = "stopped", "stopped-CANARY"
				kill = "KILL USER stopped"
			}
			sleep := map[string]string{"postgres": "pg_sleep(60) IS NOT NULL", "mysql": "sleep(60) = 0"}[p.driver]
			l := newLoader(t, caseContract)
			cfg := ingest.Config{Name: "desk", Type: ingest.TypeSQL, Table: "ods.bench_work", Columns: map[string]string{"id": "id", "at": "at", "matter": "matter"}}
			cfg.SQL = ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, From: desk, Mode: ingest.ModeSnapshot, ChunkRows: 1 << 20}
			for what, c := range map[string]struct {
				where   string
				timeout time.Duration
				kill    bool
				say     string
			}{
				"killed": {"", 0, true, "starting or shutting down|the connection broke"},
				"silent": {"CASE WHEN id > 60000 THEN " + sleep + " ELSE id > 0 END", time.Second, false, "kept silent for longer than dsn.timeout"},
			} {
				t.Run(what, func(t *testing.T) {
					cfg := cfg
					cfg.SQL.Where, cfg.SQL.DSN.Timeout = c.where, c.timeout
					src, err := sqldb.Open(cfg, cfg.Fields(), sqldb.Options{Location: l.Location, Now: l.Now})
					if err != nil {
						t.Fatal(err)
					}
					batches := 0
					rep, err := l.Load(t.Context(), 1, cfg, lossy{src, func(*ingest.Batch) {
						if batches++; batches == 1 && c.kill {
							p.exec(t, kill)
						}
					}})
					if err != nil || len(rep.Failures) != 1 || rep.Landed > 0 || batches == 0 {
						t.Fatalf("%d batches, %+v, %v", batches, rep, err)
					}
					var e *ingest.Error
					if !errors.As(rep.Failures[0], &e) || !hasOne(e.Error(), c.say) || e.Hint() == "" || strings.Contains(e.Error(), "\n") {
						t.Errorf("got %v", rep.Failures[0])
					}
				})
			}
			cfg.Name, cfg.SQL.From = "other", other
			if rep, _ := load(t, l, cfg); rep.Landed != 5 {
				t.Errorf("the other source: %+v", rep)
			}
		})
	}
}

// TestUntrustedServer: a server whose certificate nobody vouches for is told
// nothing, least of all the password.
func TestUntrustedServer(t *testing.T) {
	web := httptest.NewTLSServer(nil) // for its certificate
	defer web.Close()
	for driver, greet := range map[string]func(net.Conn) error{"postgres": greetAsPostgres, "mysql": greetAsMySQL} {
		t.Run(driver, func(t *testing.T) {
			port := answering(t, func(conn net.Conn) {
				if greet(conn) == nil {
					_ = tls.Server(conn, web.TLS).Handshake() // which the client breaks off
				}
			})
			e := failure(t, ingest.SQLConfig{Driver: driver, From: "desk", DSN: ingest.DSNConfig{
				Host: "127.0.0.1", Port: port, Database: "county", User: "reader", Password: "hunter2-CANARY", TLS: "verify",
			}}, "id")
			if !strings.Contains(e.Error(), "certificate cannot be trusted") || !strings.Contains(e.Hint(), "dsn.ca") {
				t.Errorf("got %v\nTry: %s", e, e.Hint())
			}
		})
	}
}

// greetAsPostgres agrees to TLS.
func greetAsPostgres(conn net.Conn) error {
	if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil {
		return err
	}
	_, err := conn.Write([]byte("S"))
	return err
}

// greetAsMySQL offers TLS and waits until the client wants it.
func greetAsMySQL(conn net.Conn) error {
	hello := "\x0a" + "8.0.0\x00" + "\x01\x00\x00\x00" + "12345678\x00" +
		"\x00\xaa" + "\x2d" + "\x02\x00" + "\x08\x00" + // SSL, protocol 4.1, secure connection, plugins
		"\x15" + strings.Repeat("\x00", 10) + "123456789012\x00" + "mysql_native_password\x00"
	if _, err := conn.Write(append([]byte{byte(len(hello)), 0, 0, 0}, hello...)); err != nil {
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 36))
	return err
}

// TestSettings: what is wrong with a config is said with the setting's path, and
// nothing is connected for it.
func TestSettings(t *testing.T) {
	good := ingest.SQLConfig{
		Driver: "postgres", DSN: ingest.DSNConfig{Host: "db.invalid", User: "reader", Password: "CANARY-1"}, From: "public.desk", Mode: "cursor", Cursor: "at",
	}
	for _, c := range []struct {
		change func(*ingest.SQLConfig)
		say    string
		try    string
	}{
		{func(c *ingest.SQLConfig) { c.Driver = "" }, "driver: is required", "mysql"},
		{func(c *ingest.SQLConfig) { c.Driver = "postgre" }, `driver: unknown "postgre"`, `did you mean "postgres"?`},
		{func(c *ingest.SQLConfig) { c.DSN.Host = "" }, "dsn.host: is required", "name"},
		{func(c *ingest.SQLConfig) { c.DSN.TLS = "on" }, `dsn.tls: unknown "on"`, "verify"},
		{func(c *ingest.SQLConfig) { c.DSN.URL = "postgres://a@b/c" }, "dsn.url: stands beside", "one"},
		{func(c *ingest.SQLConfig) {
			c.DSN = ingest.DSNConfig{URL: "postgres://a:CANARY-1@b/c", Password: "CANARY-1"}
		}, "dsn.url: has a password in it", "${NAME}"},
		{func(c *ingest.SQLConfig) {
			c.DSN = ingest.DSNConfig{URL: "postgres://a@b/c?password=CANARY-1"}
		}, "dsn.url: has a password in it", "${NAME}"},
		{func(c *ingest.SQLConfig) { c.DSN = ingest.DSNConfig{URL: "mysql://a@b/c"} }, "dsn.url: is no URL of a postgres database", "postgres://"},
		{func(c *ingest.SQLConfig) { c.From = "" }, "from: exactly one of from and sql", "SELECT"},
		{func(c *ingest.SQLConfig) { c.From = "desk; DROP" }, "from: is no name of a table", "schema.table"},
		{func(c *ingest.SQLConfig) { c.From, c.SQL = "", "DELETE FROM desk" }, "sql: is no SELECT", "SELECT"},
		{func(c *ingest.SQLConfig) { c.From, c.SQL = "", "SELECT 1; DROP TABLE desk" }, "sql: is no SELECT", "one SELECT"},
		{func(c *ingest.SQLConfig) { c.Mode = "" }, "mode: is required", "snapshot"},
		{func(c *ingest.SQLConfig) { c.Mode = "snapshots" }, `mode: unknown "snapshots"`, `"snapshot"`},
		{func(c *ingest.SQLConfig) { c.Cursor = "" }, "cursor: is required by mode: cursor", "updated_at"},
		{func(c *ingest.SQLConfig) { c.Mode = "snapshot" }, "cursor: means nothing in mode: snapshot", "cursor"},
		{func(c *ingest.SQLConfig) { c.Lookback = -1 }, "lookback: is negative", "10m"},
		{func(c *ingest.SQLConfig) { c.Deleted.Column = "gone" }, "deleted: needs column and values", "values"},
		{func(c *ingest.SQLConfig) { c.Mode, c.ReconcileDeletes = "append", true }, "mode: append says that rows never change", "mode: cursor"},
		{func(c *ingest.SQLConfig) { c.Timezone = "Mars" }, `timezone: "Mars" is no time zone`, "Asia/Shanghai"},
		{func(c *ingest.SQLConfig) { c.ZeroDates = "zero" }, `zero_dates: unknown "zero"`, "fault"},
		{func(c *ingest.SQLConfig) { c.TextEncoding = "latin1" }, `text_encoding: unknown "latin1"`, "gbk"},
		{func(c *ingest.SQLConfig) { c.Driver, c.Parallel = "mysql", 4 }, "parallel: connections to mysql cannot", "leave"},
		{func(c *ingest.SQLConfig) { c.Driver = "sqlite" }, "dsn.database: is required", "file"},
	} {
		cfg := good
		c.change(&cfg)
		_, err := sqldb.Open(ingest.Config{Name: "desk", Type: ingest.TypeSQL, SQL: cfg}, []string{"id"}, sqldb.Options{})
		var e *ingest.Error
		if !errors.As(err, &e) || !strings.Contains(e.Error(), "sources[desk]."+c.say) || !strings.Contains(e.Hint(), c.try) {
			t.Errorf("got  %v\nwant sources[desk].%s", err, c.say)
			continue
		}
		if strings.Contains(e.Error()+e.Hint(), "CANARY") {
			t.Errorf("the error holds the password: %v", e)
		}
	}
}
