package sqldb_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
	"zhicang/ingest/sqldb"
)

// TestCounts: the database counts and adds up exactly what a reading covers: all
// of a full one, of an increment what lies behind the cursor or has none.
func TestCounts(t *testing.T) {
	for name, start := range places {
		for _, mode := range []string{ingest.ModeSnapshot, ingest.ModeCursor, ingest.ModeAppend} {
			t.Run(name+" "+mode, func(t *testing.T) {
				p := start(t)
				desk := table()
				decimal := map[string]string{"postgres": "numeric(12,2)", "mysql": "DECIMAL(12,2)", "sqlite": "INTEGER"}[p.driver]
				p.exec(t, fmt.Sprintf("CREATE TABLE %s (id INTEGER PRIMARY KEY, no INTEGER, fee %s, body VARCHAR(20))", desk, decimal),
					"INSERT INTO "+desk+" VALUES (1, 10, 1, 'a'), (2, 20, -3, 'b'), (3, NULL, 100, 'c'), (4, 30, NULL, 'd')")
				cfg := ingest.Config{
					Name: "desk", Type: ingest.TypeSQL, Columns: map[string]string{"key": "id", "money": "fee", "likes": "no"},
					Reconcile: ingest.ReconcileConfig{Sum: []string{"money", "likes"}},
					SQL:       ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, From: desk, Mode: mode, Where: "id < 100"},
				}
				if mode != ingest.ModeSnapshot {
					cfg.SQL.Cursor = "no"
				}
				read := func(cursor string) ingest.Outcome {
					t.Helper()
					src, err := sqldb.Open(cfg, cfg.Fields(), sqldb.Options{})
					if err != nil {
						t.Fatal(err)
					}
					out, err := src.Read(t.Context(), ingest.Unit{}, cursor, func(ingest.Batch) error { return nil })
					if err != nil {
						t.Fatal(err)
					}
					return out
				}
				expect := func(out ingest.Outcome, rows int64, fee, no string) {
					t.Helper()
					if out.Total == nil || *out.Total != rows {
						t.Fatalf("%v records, want %d", out.Total, rows)
					}
					if diff := cmp.Diff([]map[string]string{{"fee": fee, "no": no}}, out.Totals); diff != "" {
						t.Error(diff)
					}
				}
				first := read("")
				expect(first, 4, "98", "60")
				p.exec(t, "INSERT INTO "+desk+" VALUES (5, 40, 7, 'e'), (6, 25, 9, 'f'), (200, 50, 9, 'far')")
				second := read(first.Cursor)
				switch mode {
				case ingest.ModeSnapshot:
					expect(second, 6, "114", "125")
				case ingest.ModeCursor:
					expect(second, 3, "107", "70") // 30 once more, 40, and what has no number
				case ingest.ModeAppend:
					expect(second, 1, "7", "40")
				}
				off := false
				cfg.Reconcile.Count = &off
				if out := read(""); out.Total != nil || out.Totals != nil {
					t.Errorf("count: false, and it says %v %v", out.Total, out.Totals)
				}
			})
		}
	}
}

// lossy is a source that loses what a test takes away on its way.
type lossy struct {
	*sqldb.Source
	take func(b *ingest.Batch)
}

func (l lossy) Read(ctx context.Context, u ingest.Unit, cursor string, yield func(ingest.Batch) error) (ingest.Outcome, error) {
	return l.Source.Read(ctx, u, cursor, func(b ingest.Batch) error {
		l.take(&b)
		return yield(b)
	})
}

// TestLossOnTheWay: a row that the database counts and nobody lands fails the
// load, in a full reading and in an increment; nothing of it is visible.
func TestLossOnTheWay(t *testing.T) {
	eachDrift(t, extraContract, func(t *testing.T, d *driftPlace) {
		d.cfg.Reconcile.Sum = []string{"fee"}
		d.cfg.Extra = true
		d.cfg.SQL.Mode, d.cfg.SQL.Cursor = ingest.ModeCursor, "id"
		load := func(take func(*ingest.Batch)) ingest.Report {
			t.Helper()
			src, err := sqldb.Open(d.cfg, d.cfg.Fields(), sqldb.Options{Location: d.loader.Location, Now: d.loader.Now})
			if err != nil {
				t.Fatal(err)
			}
			rep, err := d.loader.Load(t.Context(), 1, d.cfg, lossy{src, take})
			if err != nil {
				t.Fatal(err)
			}
			return rep
		}
		whole := func(*ingest.Batch) {}
		short := func(b *ingest.Batch) {
			b.Record, b.Rows = b.Record.NewSlice(1, b.Record.NumRows()), slices.Clone(b.Rows[1:])
		}
		fails := func(rep ingest.Report, say string, landed int64) {
			t.Helper()
			if len(rep.Failures) != 1 || !strings.Contains(rep.Failures[0].Error(), say) || d.landed(t) != landed {
				t.Errorf("%d rows in the lake, %+v, want %q", d.landed(t), rep, say)
			}
		}
		fails(load(short), "the source counts 2 records and delivered 1; nothing of it was landed", 0)
		if rep := load(whole); rep.Landed != 2 {
			t.Fatalf("%+v", rep)
		}
		d.exec(t, "INSERT INTO "+d.table+" VALUES (3, '2025-03-01 00:00:00', '噪音', 8)")
		fails(load(short), "the source counts 2 records and delivered 1", 2) // row 2 is repeated
		if rep := load(whole); rep.Landed != 1 || d.landed(t) != 3 {
			t.Errorf("%+v", rep)
		}
	})
}

// TestSumsWithRepeats: what is repeated, held back or buried does not upset the
// sums.
func TestSumsWithRepeats(t *testing.T) {
	eachDrift(t, strings.Replace(extraContract, "extra: true\n", "", 1), func(t *testing.T, d *driftPlace) {
		d.cfg.Reconcile.Sum = []string{"fee"}
		d.cfg.SQL.ReconcileDeletes = true
		for _, step := range []struct {
			change       string
			landed, held int64
		}{
			{"SELECT 1", 2, 0},
			{"SELECT 1", 0, 0},
			{"INSERT INTO %s VALUES (3, '2025-03-01 00:00:00', '噪音', 8), (4, NULL, '无时间', 16)", 1, 1},
			{"UPDATE %s SET fee = 11 WHERE id = 1", 1, 0},
			{"DELETE FROM %s WHERE id = 2", 1, 0},
		} {
			if strings.Contains(step.change, "%s") {
				step.change = fmt.Sprintf(step.change, d.table)
			}
			d.exec(t, step.change)
			if rep := d.load(t); len(rep.Failures) > 0 || rep.Landed != step.landed || rep.Held != step.held {
				t.Errorf("%s: %+v", step.change, rep)
			}
		}
	})
}

// TestNoState: a table that has no state but the present one is changed while it
// is read. The count shows it, and nothing lands.
func TestNoState(t *testing.T) {
	p := mariadbPlace(t)
	desk := table()
	p.exec(t, "CREATE TABLE "+desk+" (id BIGINT PRIMARY KEY, at DATETIME, matter VARCHAR(50)) ENGINE=MyISAM",
		"INSERT INTO "+desk+" SELECT seq, '2025-01-01', '路灯' FROM seq_1_to_20000")
	l := newLoader(t, caseContract)
	cfg := ingest.Config{Name: "desk", Type: ingest.TypeSQL, Table: "ods.bench_work", Columns: map[string]string{"id": "id", "at": "at", "matter": "matter"}}
	cfg.SQL = ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, From: desk, Mode: ingest.ModeSnapshot}
	src, err := sqldb.Open(cfg, cfg.Fields(), sqldb.Options{Location: l.Location, Now: l.Now})
	if err != nil {
		t.Fatal(err)
	}
	added := false
	rep, err := l.Load(t.Context(), 1, cfg, lossy{src, func(*ingest.Batch) {
		if !added {
			p.exec(t, "INSERT INTO "+desk+" VALUES (50000, '2025-01-01', '新来的')")
			added = true
		}
	}})
	if err != nil || len(rep.Failures) != 1 || !strings.Contains(rep.Failures[0].Error(), "the source counts 20001 records and delivered 20000") {
		t.Errorf("%+v %v", rep, err)
	}
	if rep, _ := load(t, l, cfg); rep.Landed != 20001 {
		t.Errorf("afterwards: %+v", rep)
	}
}
