package sqldb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/simplifiedchinese"

	"zhicang/ingest"
	"zhicang/ingest/sqldb"
)

func ids(d delivery) []string {
	var out []string
	for _, r := range d.rows {
		out = append(out, r[0])
	}
	return out
}

// TestCursor: a reading begins where the last one ended, less the lookback, and
// forgets neither rows of the same moment nor those without one.
func TestCursor(t *testing.T) {
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk := table()
			typ := map[string]string{"postgres": "timestamp", "mysql": "DATETIME(6)", "sqlite": "DATETIME"}[p.driver]
			p.exec(t, fmt.Sprintf("CREATE TABLE %s (id INTEGER PRIMARY KEY, at %s)", desk, typ),
				"INSERT INTO "+desk+" VALUES (1, '2024-05-01 08:00:00'), (2, '2024-05-01 09:00:00'), (3, NULL), (4, '2024-05-01 09:00:00.5'), (5, '2999-01-01 00:00:00')")
			cfg := ingest.SQLConfig{From: desk, Mode: ingest.ModeCursor, Cursor: "at", Lookback: 10 * time.Minute}
			cfg.Driver, cfg.DSN = p.driver, p.dsn
			now := time.Date(2024, 5, 1, 4, 0, 0, 0, time.UTC) // noon where the table is
			src, err := sqldb.Open(ingest.Config{Name: "s", Type: ingest.TypeSQL, SQL: cfg}, []string{"id"}, sqldb.Options{
				Location: time.FixedZone("CST", 8*3600), Now: func() time.Time { return now },
			})
			if err != nil {
				t.Fatal(err)
			}
			first := readFrom(t, src, "")
			if diff := cmp.Diff([]string{"1", "2", "3", "4", "5"}, ids(first)); diff != "" {
				t.Error(diff)
			}
			if first.cursor != "time 2024-05-01 12:00:00.000000" {
				t.Errorf("the cursor is %q: it must not run ahead of the clock", first.cursor)
			}
			p.exec(t, "INSERT INTO "+desk+" VALUES (6, '2024-05-01 11:49:59'), (7, '2024-05-01 11:50:00'), (8, '2024-05-01 12:30:00'), (9, NULL)")
			second := readFrom(t, src, first.cursor)
			if diff := cmp.Diff([]string{"7", "8", "5", "3", "9"}, ids(second)); diff != "" {
				t.Errorf("what changed within the lookback and after, and what has no time (-want +got):\n%s", diff)
			}
			p.exec(t, "DELETE FROM "+desk)
			if third := readFrom(t, src, second.cursor); third.cursor != second.cursor {
				t.Errorf("the cursor moves back to %q", third.cursor)
			}
		})
	}
}

func TestNumberCursor(t *testing.T) {
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk := table()
			p.exec(t, "CREATE TABLE "+desk+" (id INTEGER PRIMARY KEY)", "INSERT INTO "+desk+" VALUES (1), (2), (5)")
			all := open(t, p, ingest.SQLConfig{From: desk, Mode: ingest.ModeAppend, Cursor: "id"}, "id")
			first := readFrom(t, all, "")
			p.exec(t, "INSERT INTO "+desk+" VALUES (4), (6)")
			if diff := cmp.Diff([]string{"6"}, ids(readFrom(t, all, first.cursor))); diff != "" {
				t.Error(diff)
			}
			back := open(t, p, ingest.SQLConfig{From: desk, Mode: ingest.ModeAppend, Cursor: "id", Overlap: 3}, "id")
			if diff := cmp.Diff([]string{"2", "4", "5", "6"}, ids(readFrom(t, back, first.cursor))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPieces: pieces of a key that has gaps, negative numbers and the ends of
// its type hold every row once, in order.
func TestPieces(t *testing.T) {
	p := postgresPlace(t)
	desk := table()
	p.exec(t, fmt.Sprintf("CREATE TABLE %s (id BIGINT PRIMARY KEY)", desk),
		fmt.Sprintf("INSERT INTO %s SELECT i FROM generate_series(-500, 3000) AS g(i)", desk),
		fmt.Sprintf("INSERT INTO %s VALUES (9223372036854775807), (-9223372036854775808), (1000000000000)", desk), "ANALYZE "+desk)
	for _, chunk := range []int{1, 700, 100_000} {
		got := ids(readAll(t, open(t, p, ingest.SQLConfig{From: desk, ChunkRows: chunk, Parallel: 3}, "id")))
		if len(got) != 3504 || got[0] != "-9223372036854775808" || got[3503] != "9223372036854775807" {
			t.Errorf("chunks of %d: %d rows from %s to %s", chunk, len(got), got[0], got[len(got)-1])
		}
		if sorted := slices.Clone(got); len(slices.Compact(sorted)) != len(got) {
			t.Errorf("chunks of %d: rows came twice", chunk)
		}
		for i := 1; i < len(got); i++ {
			if len(got[i-1]) == len(got[i]) && got[i-1][0] != '-' && got[i-1] >= got[i] {
				t.Fatalf("chunks of %d: %s came before %s", chunk, got[i-1], got[i])
			}
		}
	}
}

// TestPiecesOfAColumnWithGaps: the key of the config need not be the table's:
// it may be absent, and occur twice.
func TestPiecesOfAColumnWithGaps(t *testing.T) {
	p := postgresPlace(t)
	desk := table()
	p.exec(t, fmt.Sprintf("CREATE TABLE %s AS SELECT i AS id, CASE WHEN i %% 10 > 0 THEN i / 7 END AS no FROM generate_series(1, 5000) AS g(i)", desk), "ANALYZE "+desk)
	got := ids(readAll(t, open(t, p, ingest.SQLConfig{From: desk, Key: []string{"no"}, ChunkRows: 100, Parallel: 3}, "id")))
	slices.Sort(got)
	if n := len(slices.Compact(got)); n != 5000 {
		t.Errorf("%d different rows, want 5000", n)
	}
}

// TestOneState: rows that are moved and added while a reading goes on are seen
// as they were at its beginning, by every connection.
func TestOneState(t *testing.T) {
	for name, start := range map[string]func(testing.TB) place{"PostgreSQL": postgresPlace, "MariaDB": mariadbPlace} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk := table()
			fill := map[string]string{"postgres": "SELECT i, 1 FROM generate_series(1, 60000) AS g(i)", "mysql": "SELECT seq, 1 FROM seq_1_to_60000"}[p.driver]
			p.exec(t, "CREATE TABLE "+desk+" (id BIGINT PRIMARY KEY, state INT)", "INSERT INTO "+desk+" "+fill, "ANALYZE "+map[string]string{"mysql": "TABLE "}[p.driver]+desk)
			cfg := ingest.SQLConfig{From: desk, ChunkRows: 5000}
			src := open(t, p, cfg, "id", "state")
			changed, rows := false, 0
			_, err := src.Read(context.Background(), ingest.Unit{}, "", func(b ingest.Batch) error {
				if !changed {
					p.exec(t, "UPDATE "+desk+" SET state = 2", "DELETE FROM "+desk+" WHERE id % 2 = 0", "INSERT INTO "+desk+" VALUES (70000, 2)")
					changed = true
				}
				for i := range int(b.Record.NumRows()) {
					if rows++; b.Record.Column(1).ValueStr(i) != "1" {
						t.Fatalf("row %d is of a later state", rows)
					}
				}
				return nil
			})
			if err != nil || rows != 60000 {
				t.Errorf("%d rows, %v", rows, err)
			}
		})
	}
}

// TestGBKInLatin1: what an old system wrote into columns that were declared
// otherwise.
func TestGBKInLatin1(t *testing.T) {
	p := mariadbPlace(t)
	desk := table()
	gbk, err := simplifiedchinese.GBK.NewEncoder().String("联通公司的路灯")
	if err != nil {
		t.Fatal(err)
	}
	p.exec(t, "CREATE TABLE "+desk+" (id INT PRIMARY KEY, old VARCHAR(50) CHARACTER SET latin1, new VARCHAR(50))",
		fmt.Sprintf("INSERT INTO %s VALUES (1, x'%x', '新的'), (2, x'B7FFFF', '坏的'), (3, NULL, NULL)", desk, gbk))
	got := readAll(t, open(t, p, ingest.SQLConfig{From: desk, TextEncoding: "gbk"}, "old", "new"))
	if diff := cmp.Diff([][]string{{"联通公司的路灯", "新的"}, {"∅", "∅"}}, got.rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"old 列的文字不是有效的编码"}, got.faults); diff != "" {
		t.Error(diff)
	}
}

func TestZeroDatesAsNull(t *testing.T) {
	p := mariadbPlace(t)
	desk := table()
	p.exec(t, "SET GLOBAL sql_mode = ''", "CREATE TABLE "+desk+" (id INT, at DATETIME)", "INSERT IGNORE INTO "+desk+" VALUES (1, '0000-00-00 00:00:00')")
	got := readAll(t, open(t, p, ingest.SQLConfig{From: desk, ZeroDates: "null"}, "id", "at"))
	if diff := cmp.Diff([][]string{{"1", "∅"}}, got.rows); diff != "" {
		t.Error(diff)
	}
}

// TestZones: a time without a zone is the site's unless the config says whose,
// one with a zone is a moment.
func TestZones(t *testing.T) {
	p := postgresPlace(t)
	desk := table()
	p.exec(t, "CREATE TABLE "+desk+" (bare timestamp, zoned timestamptz)", "INSERT INTO "+desk+" VALUES ('2024-05-01 08:00', '2024-05-01 08:00+08')")
	for zone, want := range map[string][]string{
		"":              {"2024-05-01 08:00:00.000000", "2024-05-01 00:00:00.000000"},
		"Asia/Urumqi":   {"2024-05-01 02:00:00.000000", "2024-05-01 00:00:00.000000"},
		"Asia/Shanghai": {"2024-05-01 00:00:00.000000", "2024-05-01 00:00:00.000000"},
	} {
		got := readAll(t, open(t, p, ingest.SQLConfig{From: desk, Timezone: zone}, "bare", "zoned"))
		if diff := cmp.Diff([][]string{want}, got.rows); diff != "" {
			t.Errorf("%s: %s", zone, diff)
		}
	}
}

func TestMarkerAndQuery(t *testing.T) {
	for name, start := range places {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk := table()
			p.exec(t, "CREATE TABLE "+desk+" (id INTEGER PRIMARY KEY, gone VARCHAR(5), town VARCHAR(5))",
				"INSERT INTO "+desk+" VALUES (1, 'N', 'a'), (2, 'y', 'a'), (3, NULL, 'a'), (4, 'N', 'b')")
			got := readAll(t, open(t, p, ingest.SQLConfig{
				SQL: "SELECT id, gone, town AS place FROM " + desk + ";", Where: "place = 'a'", Key: []string{"ID"},
				Deleted: ingest.DeletedConfig{Column: "gone", Values: []string{"Y", "1"}},
			}, "id"))
			want := delivery{types: []string{"int64"}, rows: [][]string{{"1"}, {"2"}, {"3"}}, deleted: []bool{false, true, false}}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(delivery{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestURL: an address in one piece, as departments hand it out.
func TestURL(t *testing.T) {
	for name, start := range map[string]func(testing.TB) place{"PostgreSQL": postgresPlace, "MariaDB": mariadbPlace} {
		t.Run(name, func(t *testing.T) {
			p := start(t)
			desk := table()
			p.exec(t, "CREATE TABLE "+desk+" (id INTEGER)", "INSERT INTO "+desk+" VALUES (1)")
			p.dsn = ingest.DSNConfig{
				URL:      fmt.Sprintf("%s://%s@%s:%d/%s", p.driver, p.dsn.User, p.dsn.Host, p.dsn.Port, p.dsn.Database),
				Password: p.dsn.Password, TLS: "disable",
			}
			if got := ids(readAll(t, open(t, p, ingest.SQLConfig{From: desk}, "id"))); strings.Join(got, ",") != "1" {
				t.Error(got)
			}
		})
	}
}

const caseContract = `
table: ods.bench_work
title: 办件
grain: one row per version of a case
key: [id]
version: at
partition: at
columns:
  - {name: id, type: BIGINT, required: true, title: 编号}
  - {name: at, type: TIMESTAMP, required: true, title: 时间}
  - {name: matter, type: VARCHAR, title: 事项}
`

// TestLoads: what lands of a table that changes, by either way of noticing it,
// from the database to the lake.
func TestLoads(t *testing.T) {
	for name, start := range places {
		for _, mode := range []string{ingest.ModeSnapshot, ingest.ModeCursor} {
			t.Run(name+" "+mode, func(t *testing.T) {
				p := start(t)
				desk := table()
				typ := map[string]string{"postgres": "timestamptz", "mysql": "TIMESTAMP(6)", "sqlite": "DATETIME"}[p.driver]
				p.exec(t, fmt.Sprintf("CREATE TABLE %s (id INTEGER PRIMARY KEY, at %s, matter VARCHAR(50), gone INTEGER)", desk, typ),
					"INSERT INTO "+desk+" VALUES (1, '2025-01-01 00:00:00', '路灯', 0), (2, '2025-01-02 00:00:00', '井盖', 0), (3, '2025-02-01 00:00:00', '公交', 0)")
				l := newLoader(t, caseContract)
				cfg := ingest.Config{Name: "desk", Type: ingest.TypeSQL, Table: "ods.bench_work", Columns: map[string]string{"id": "id", "at": "at", "matter": "matter"}}
				cfg.SQL = ingest.SQLConfig{
					Driver: p.driver, DSN: p.dsn, From: desk, Mode: mode, ReconcileDeletes: true,
					Deleted: ingest.DeletedConfig{Column: "gone", Values: []string{"1"}},
				}
				if mode == ingest.ModeCursor {
					cfg.SQL.Cursor, cfg.SQL.Lookback = "at", 24*time.Hour
				}
				for _, step := range []struct {
					what   string
					change string
					landed int64
				}{
					{"all", "SELECT 1", 3},
					{"nothing", "SELECT 1", 0},
					{"one changed", "UPDATE " + desk + " SET matter = '公交车', at = '2025-02-01 01:00:00' WHERE id = 3", 1},
					{"one came", "INSERT INTO " + desk + " VALUES (4, '2025-02-01 02:00:00', '噪音', 0)", 1},
					{"one marked", "UPDATE " + desk + " SET gone = 1, at = '2025-02-02 00:00:00' WHERE id = 4", 1},
					{"one vanished", "DELETE FROM " + desk + " WHERE id = 1", 1},
					{"nothing more", "SELECT 1", 0},
				} {
					p.exec(t, step.change)
					if rep, _ := load(t, l, cfg); rep.Landed != step.landed || rep.Held != 0 {
						t.Errorf("%s: %+v, want %d rows", step.what, rep, step.landed)
					}
				}
			})
		}
	}
}
