package sqldb_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
	"zhicang/ingest/sqldb"
)

const extraContract = `
table: ods.bench_work
title: 办件
grain: one row per version of a case
key: [id]
version: at
partition: at
extra: true
columns:
  - {name: id, type: BIGINT, required: true, title: 编号}
  - {name: at, type: TIMESTAMP, required: true, title: 时间}
  - {name: matter, type: VARCHAR, title: 事项}
  - {name: fee, type: "DECIMAL(18,2)", title: 费用}
`

// driftPlace is a table of cases, and a way to load it or a query of it.
type driftPlace struct {
	place
	table  string
	loader *ingest.Loader
	cfg    ingest.Config
	runs   int64
}

// eachDrift runs a test for a table and a query of every kind of database at hand.
func eachDrift(t *testing.T, contract string, test func(t *testing.T, d *driftPlace)) {
	for name, start := range places {
		for _, query := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s query=%t", name, query), func(t *testing.T) {
				d := &driftPlace{place: start(t), table: table(), loader: newLoader(t, contract)}
				typ := map[string]string{"postgres": "timestamp", "mysql": "DATETIME", "sqlite": "DATETIME"}[d.driver]
				d.exec(t, fmt.Sprintf("CREATE TABLE %s (id INTEGER PRIMARY KEY, at %s, matter VARCHAR(50), fee %s)", d.table, typ,
					map[string]string{"postgres": "numeric(10,2)", "mysql": "DECIMAL(10,2)", "sqlite": "INTEGER"}[d.driver]),
					"INSERT INTO "+d.table+" VALUES (1, '2025-01-01 00:00:00', '路灯', 10), (2, '2025-01-02 00:00:00', '井盖', 5)")
				d.cfg = ingest.Config{
					Name: "desk", Type: ingest.TypeSQL, Table: "ods.bench_work",
					Columns: map[string]string{"id": "id", "at": "at", "matter": "matter", "fee": "fee"},
				}
				d.cfg.SQL = ingest.SQLConfig{Driver: d.driver, DSN: d.dsn, From: d.table, Mode: ingest.ModeSnapshot}
				if query {
					d.cfg.SQL.From, d.cfg.SQL.SQL = "", "SELECT * FROM "+d.table
				}
				test(t, d)
			})
		}
	}
}

// load is one run of the source.
func (d *driftPlace) load(t *testing.T) ingest.Report {
	t.Helper()
	cfg := d.cfg
	c, _ := d.loader.Catalog.Contract(cfg.Table)
	cfg.Extra = c.Extra // as the command line does
	src, err := sqldb.Open(cfg, cfg.Fields(), sqldb.Options{Location: d.loader.Location, Now: d.loader.Now})
	if err != nil {
		t.Fatal(err)
	}
	d.runs++
	rep, err := d.loader.Load(t.Context(), d.runs, cfg, src)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// landed is how many rows the lake has.
func (d *driftPlace) landed(t *testing.T) (rows int64) {
	t.Helper()
	files, err := d.loader.Ledger.LakeFiles(t.Context(), d.cfg.Table)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		rows += f.Rows
	}
	return rows
}

// TestNewColumn: it is told of from the first reading on, until a batch notes it, and
// with extra: true what is in it lands.
func TestNewColumn(t *testing.T) {
	eachDrift(t, extraContract, func(t *testing.T, d *driftPlace) {
		if rep := d.load(t); rep.Landed != 2 || len(rep.NewFields) > 0 {
			t.Fatalf("%+v", rep)
		}
		d.exec(t, "ALTER TABLE "+d.table+" ADD COLUMN mood VARCHAR(20)")
		rep := d.load(t)
		if diff := cmp.Diff([]string{"mood"}, rep.NewFields); diff != "" || rep.Landed != 0 || len(rep.Failures) > 0 {
			t.Errorf("an empty new column: %+v %s", rep, diff)
		}
		d.exec(t, "UPDATE "+d.table+" SET mood = '满意' WHERE id = 2")
		rep = d.load(t)
		if diff := cmp.Diff([]string{"mood"}, rep.NewFields); diff != "" || rep.Landed != 1 {
			t.Errorf("%+v %s", rep, diff)
		}
		if rep := d.load(t); len(rep.NewFields) > 0 || rep.Landed > 0 {
			t.Errorf("it is said twice: %+v", rep)
		}
	})
}

// TestDrift: a source whose columns went, were renamed or retyped lands nothing
// and says the difference; mended, it goes on.
func TestDrift(t *testing.T) {
	for what, c := range map[string]struct {
		change, back []string
		say, try     string
	}{
		"renamed": {
			[]string{"ALTER TABLE %s RENAME COLUMN matter TO matters"},
			[]string{"ALTER TABLE %s RENAME COLUMN matters TO matter"},
			"column matter: no column matter among: id, at, matters, fee", "matters",
		},
		"gone": {
			[]string{"ALTER TABLE %s DROP COLUMN fee"},
			[]string{"ALTER TABLE %s ADD COLUMN fee INTEGER"},
			"column fee: no column fee among: id, at, matter", "",
		},
		"retyped": {
			[]string{"ALTER TABLE %s RENAME COLUMN fee TO old", "ALTER TABLE %s ADD COLUMN fee DATE"},
			[]string{"ALTER TABLE %s DROP COLUMN fee", "ALTER TABLE %s RENAME COLUMN old TO fee"},
			"column fee: expected what makes a DECIMAL(18,2) (费用), found date32", "retyped",
		},
	} {
		t.Run(what, func(t *testing.T) {
			eachDrift(t, strings.Replace(extraContract, "extra: true\n", "", 1), func(t *testing.T, d *driftPlace) {
				apply := func(statements []string) {
					for _, s := range statements {
						d.exec(t, fmt.Sprintf(s, d.table))
					}
				}
				d.load(t)
				apply(c.change)
				rep := d.load(t)
				if len(rep.Failures) != 1 || d.landed(t) != 2 {
					t.Fatalf("%d rows in the lake, %+v", d.landed(t), rep)
				}
				var e *ingest.Error
				if e, _ = rep.Failures[0].(*ingest.Error); e == nil || !strings.Contains(e.Error(), c.say) || !strings.Contains(e.Hint(), c.try) {
					t.Errorf("got  %v\nTry: %s\nwant …%s", rep.Failures[0], e.Hint(), c.say)
				}
				apply(c.back)
				d.exec(t, "INSERT INTO "+d.table+" (id, at, matter) VALUES (3, '2025-02-01 00:00:00', '噪音')")
				if rep := d.load(t); len(rep.Failures) > 0 || rep.Landed == 0 {
					t.Errorf("mended: %+v", rep)
				}
			})
		})
	}
}

// TestQueryMissesColumn: the database itself stumbles over a query's own words.
func TestQueryMissesColumn(t *testing.T) {
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk := table()
			p.exec(t, "CREATE TABLE "+desk+" (id INTEGER, matters VARCHAR(20))")
			e := failure(t, ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, SQL: "SELECT d.id, d.matter FROM " + desk + " d"}, "id")
			if !strings.HasSuffix(e.Column, "matter") || e.Hint() == "" {
				t.Errorf("%v", e)
			}
		})
	}
}

// TestRest: what nobody mapped is the database's own text, whatever its type; a
// date that is none holds no row back, and bytes come only as the text that they
// are.
func TestRest(t *testing.T) {
	for name, c := range map[string]struct {
		start func(testing.TB) place
		types []string
		row   []string
		want  map[string]string
		gbk   map[string]string // with text_encoding, beside these
	}{
		"PostgreSQL": {
			postgresPlace,
			[]string{"a bigint", "b numeric(8,2)", "c timestamptz", "d timestamp", "e boolean", "f integer[]", "g bytea", "h bytea", "i date", "j text"},
			[]string{"-7", "1.50", "'2024-05-01 08:00+08'", "'2024-05-01 08:00'", "true", "'{1,2}'", `'\xc2b7b5c6'`, `'\xff00'`, "'infinity'", "' '"},
			map[string]string{"a": "-7", "b": "1.50", "c": "2024-05-01 00:00:00+00", "d": "2024-05-01 08:00:00", "e": "true", "f": "[1,2]", "i": "infinity"},
			map[string]string{"g": "路灯"},
		},
		"MariaDB": {
			mariadbPlace,
			[]string{"a BIGINT", "b DECIMAL(8,2)", "d DATETIME", "e TINYINT(1)", "g VARBINARY(9)", "h BLOB", "i DATE", "j VARCHAR(9) CHARACTER SET latin1", "k FLOAT"},
			[]string{"-7", "1.50", "'2024-05-01 08:00'", "1", "x'c2b7b5c6'", "x'ff00'", "'0000-00-00'", "'a'", "1.1"},
			map[string]string{"a": "-7", "b": "1.50", "d": "2024-05-01 08:00:00", "e": "1", "i": "0000-00-00", "j": "a", "k": "1.1"},
			map[string]string{"g": "路灯"},
		},
		"SQLite": {
			sqlitePlace,
			[]string{"a INTEGER", "b REAL", "d DATETIME", "g BLOB", "h BLOB", "i DATE", "j TEXT"},
			[]string{"-7", "1.5", "'2024-05-01 08:00'", "x'c2b7b5c6'", "x'ff00'", "'soon'", "NULL"},
			map[string]string{"a": "-7", "b": "1.5", "d": "2024-05-01 08:00", "i": "soon"},
			map[string]string{"g": "路灯"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.start(t)
			desk := table()
			if p.driver == "mysql" {
				p.exec(t, "SET GLOBAL sql_mode = ''")
			}
			if p.driver == "postgres" {
				p.exec(t, "ALTER DATABASE "+p.dsn.Database+" SET timezone = 'UTC'")
			}
			p.exec(t, "CREATE TABLE "+desk+" (id INTEGER PRIMARY KEY, "+strings.Join(c.types, ", ")+")",
				"INSERT INTO "+desk+" VALUES (2, "+strings.Join(c.row, ", ")+")", "INSERT INTO "+desk+" (id) VALUES (10), (1)")
			for _, encoding := range []string{"", "gbk"} {
				want := map[string]string{}
				for k, v := range c.want {
					want[k] = v
				}
				for k, v := range c.gbk {
					if encoding != "" {
						want[k] = v
					}
				}
				// The key is unmapped as well in the second: rows come in its order all the same.
				for _, fields := range [][]string{{"id", ingest.ExtraField}, {"a", ingest.ExtraField}} {
					src := open(t, p, ingest.SQLConfig{From: desk, TextEncoding: encoding}, fields...)
					got := readAll(t, src)
					if len(got.rows) != 3 || len(got.faults) > 0 {
						t.Fatalf("%+v", got)
					}
					expected := map[string]string{}
					for k, v := range want {
						expected[k] = v
					}
					if fields[0] == "a" {
						delete(expected, "a")
						expected["id"] = "2"
						if got.rows[0][1] != `{"id":"1"}` || got.rows[2][1] != `{"id":"10"}` {
							t.Errorf("order: %v", got.rows)
						}
					}
					var rest map[string]string
					if err := json.Unmarshal([]byte(got.rows[1][1]), &rest); err != nil {
						t.Fatal(err)
					}
					if diff := cmp.Diff(expected, rest); diff != "" {
						t.Errorf("%v, text_encoding %q (-want +got):\n%s", fields, encoding, diff)
					}
				}
			}
		})
	}
}

// TestRestHoldsCursorAndMarker: a column that the reading itself needs is still
// one that nobody mapped.
func TestRestHoldsCursorAndMarker(t *testing.T) {
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk := table()
			p.exec(t, "CREATE TABLE "+desk+" (id INTEGER PRIMARY KEY, no INTEGER, gone VARCHAR(3))", "INSERT INTO "+desk+" VALUES (1, 5, 'y'), (2, 10, NULL)")
			src := open(t, p, ingest.SQLConfig{
				From: desk, Mode: ingest.ModeCursor, Cursor: "no", Deleted: ingest.DeletedConfig{Column: "gone", Values: []string{"y"}},
			}, "id", ingest.ExtraField)
			want := [][]string{{"1", `{"no":"5","gone":"y"}`}, {"2", `{"no":"10"}`}}
			first := readAll(t, src)
			if diff := cmp.Diff(want, first.rows); diff != "" || !first.deleted[0] {
				t.Error(diff, first.deleted)
			}
			p.exec(t, "INSERT INTO "+desk+" VALUES (3, 9, NULL), (4, 100, NULL)")
			want = [][]string{{"2", `{"no":"10"}`}, {"4", `{"no":"100"}`}}
			if diff := cmp.Diff(want, readFrom(t, src, first.cursor).rows); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRestNeedsNames(t *testing.T) {
	p := postgresPlace(t)
	desk := table()
	p.exec(t, "CREATE TABLE "+desk+" (id INTEGER, body TEXT)")
	e := failure(t, ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, SQL: "SELECT a.id, a.body, b.body FROM " + desk + " a, " + desk + " b"}, "id", ingest.ExtraField)
	if e.Column != "body" || !strings.Contains(e.Error(), "two columns of that name") || !strings.Contains(e.Hint(), "AS") {
		t.Errorf("%v\nTry: %s", e, e.Hint())
	}
}
