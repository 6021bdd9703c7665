package sqldb_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"zhicang/ingest"
	"zhicang/ingest/sourcetest"
	"zhicang/ingest/sqldb"
	"zhicang/ingest/sqldb/dbtest"
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

// place is a database in which a test may do as it likes.
type place struct {
	driver string
	dsn    ingest.DSNConfig
	exec   func(t testing.TB, statements ...string)
	// literal writes a text, bytes those of a text in GBK, broken ones that are
	// no text at all.
	bytesType string
	literal   func(b []byte) string
}

func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func postgresPlace(t testing.TB) place {
	s := servers.Postgres(t)
	return place{"postgres", serverDSN(s), s.Exec, "bytea", func(b []byte) string { return fmt.Sprintf(`'\x%x'`, b) }}
}

func mariadbPlace(t testing.TB) place {
	s := servers.MariaDB(t)
	return place{"mysql", serverDSN(s), s.Exec, "VARBINARY(500)", func(b []byte) string { return fmt.Sprintf("x'%x'", b) }}
}

func serverDSN(s *dbtest.Server) ingest.DSNConfig {
	return ingest.DSNConfig{Host: s.Host, Port: s.Port, Database: s.Database, User: s.User, Password: ingest.Secret(s.Password)}
}

func sqlitePlace(t testing.TB) place {
	file := filepath.Join(t.TempDir(), "a.sqlite")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return place{"sqlite", ingest.DSNConfig{Database: file}, func(t testing.TB, statements ...string) {
		t.Helper()
		for _, s := range statements {
			if _, err := db.Exec(s); err != nil {
				t.Fatalf("%.200s: %v", s, err)
			}
		}
	}, "BLOB", func(b []byte) string { return fmt.Sprintf("x'%x'", b) }}
}

var places = map[string]func(testing.TB) place{"PostgreSQL": postgresPlace, "MariaDB": mariadbPlace, "SQLite": sqlitePlace}

var tables atomic.Int64

// table is a name that no other test uses.
func table() string { return fmt.Sprintf("t%d", tables.Add(1)) }

func open(t testing.TB, p place, cfg ingest.SQLConfig, fields ...string) *sqldb.Source {
	t.Helper()
	cfg.Driver, cfg.DSN = p.driver, p.dsn
	if cfg.Mode == "" {
		cfg.Mode = ingest.ModeSnapshot
	}
	src, err := sqldb.Open(ingest.Config{Name: sourcetest.SourceName, Type: ingest.TypeSQL, SQL: cfg}, fields, sqldb.Options{
		Location: time.FixedZone("CST", 8*3600),
	})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestSuite(t *testing.T) {
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			sourcetest.Run(t, sourcetest.Harness{Rest: true, Counts: true, Open: func(t *testing.T, d sourcetest.Data, fields []string) sourcetest.Place {
				name := table()
				insert := func(t *testing.T, rows [][]string, broken func(int) bool) {
					for from := 0; from < len(rows); from += 500 {
						p.exec(t, p.insert(t, name, rows[from:min(from+500, len(rows))], func(i int) bool { return broken(from + i) }))
					}
				}
				// The second column is GBK in bytes, and can be broken.
				defs := make([]string, len(d.Header))
				for i, h := range d.Header {
					defs[i] = p.quote(h) + " " + [...]string{"VARCHAR(100) PRIMARY KEY", p.bytesType, "VARCHAR(500)"}[min(i, 2)]
				}
				p.exec(t, "CREATE TABLE "+name+" ("+strings.Join(defs, ", ")+")")
				insert(t, d.Rows, d.IsBroken)
				return sourcetest.Place{
					Source: open(t, p, ingest.SQLConfig{From: name, Mode: ingest.ModeAppend, Cursor: d.Header[0], TextEncoding: "gbk"}, fields...),
					Append: func(t *testing.T, rows [][]string) { insert(t, rows, func(int) bool { return false }) },
				}
			}})
		})
	}
}

func (p place) quote(name string) string {
	if p.driver == "mysql" {
		return "`" + name + "`"
	}
	return `"` + name + `"`
}

func (p place) insert(t *testing.T, table string, rows [][]string, broken func(int) bool) string {
	t.Helper()
	values := make([]string, len(rows))
	for i, r := range rows {
		cells := make([]string, len(r))
		for c, v := range r {
			switch {
			case v == "":
				cells[c] = "NULL"
			case c == 1:
				gbk, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(v))
				if err != nil {
					t.Fatal(err)
				}
				if broken(i) {
					gbk = []byte{0xB7, 0xFF, 0xFF}
				}
				cells[c] = p.literal(gbk)
			default:
				cells[c] = quoted(v)
			}
		}
		values[i] = "(" + strings.Join(cells, ", ") + ")"
	}
	return "INSERT INTO " + table + " VALUES " + strings.Join(values, ", ")
}
