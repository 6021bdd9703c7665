package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

var start = time.Date(2025, 3, 1, 2, 0, 4, 0, time.UTC)

func open(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), path, func() time.Time { return start })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func fresh(t testing.TB) *Ledger {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "ledger.db"))
}

func commit(t testing.TB, l *Ledger, b Batch, u Unit) Batch {
	t.Helper()
	id, err := l.NextBatch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b.ID = id
	if err := l.CommitBatch(t.Context(), b, u); err != nil {
		t.Fatal(err)
	}
	return b
}

// batch has something of everything.
func batch(unit string) Batch {
	return Batch{
		Run: 3, Source: "messages", Unit: unit, Table: "ods.congress_opinion", Read: 10, Landed: 8, Held: 2,
		Header: []string{"编号", "内容"}, Vault: []string{"vault/" + unit + ".vault"},
		Files: []File{
			{Month: "2025-02", Path: "lake/" + unit + "/b.parquet", Rows: 3, Bytes: 30},
			{Month: "2025-01", Path: "lake/" + unit + "/a.parquet", Rows: 5, Bytes: 50},
		},
		Quarantine: []Held{
			{Sheet: "表1", Row: 4, Column: "提交时间", Rule: "type", Reason: "不是日期时间", Shape: "汉汉"},
			{Sheet: "表1", Row: 9, Column: "内容", Rule: "required", Reason: "缺少必填的值"},
		},
	}
}

// seen is all that a ledger tells of its batches.
type seen struct {
	Batches []Batch
	Files   []LakeFile
	Known   map[string]bool
	Held    []Held
	Sums    []HeldSum
	Sources []SourceHealth
	Unit    Unit
	HasUnit bool
}

func look(t testing.TB, l *Ledger, unit string) (s seen) {
	t.Helper()
	ctx := t.Context()
	var errs [7]error
	s.Batches, errs[0] = l.Batches(ctx, 0)
	s.Files, errs[1] = l.LakeFiles(ctx, "ods.congress_opinion")
	s.Known, errs[2] = l.KnownPaths(ctx)
	s.Held, errs[3] = l.Quarantine(ctx, HeldFilter{})
	s.Sums, errs[4] = l.QuarantineSums(ctx)
	s.Sources, errs[5] = l.Sources(ctx)
	s.Unit, s.HasUnit, errs[6] = l.Unit(ctx, "messages", unit)
	if err := errors.Join(errs[:]...); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestBatchAppearsWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder", "数据 50%?#.db")
	l := open(t, path)
	commit(t, l, batch("a.xlsx"), Unit{Stamp: "s", Digest: "d", Cursor: "c"})
	now := "2025-03-01T02:00:04.000Z"
	held := func(seq, row int64, column, rule, reason, shape string) Held {
		return Held{
			Batch: 1, Seq: seq, Source: "messages", Unit: "a.xlsx", Table: "ods.congress_opinion", Sheet: "表1",
			Row: row, Column: column, Rule: rule, Reason: reason, Shape: shape,
		}
	}
	want := seen{
		Batches: []Batch{{
			ID: 1, Run: 3, Source: "messages", Unit: "a.xlsx", Table: "ods.congress_opinion", Read: 10, Landed: 8, Held: 2,
			Header: []string{"编号", "内容"}, Vault: []string{"vault/a.xlsx.vault"}, Committed: now,
		}},
		Files: []LakeFile{
			{Batch: 1, Month: "2025-01", Path: "lake/a.xlsx/a.parquet", Rows: 5},
			{Batch: 1, Month: "2025-02", Path: "lake/a.xlsx/b.parquet", Rows: 3},
		},
		Known: map[string]bool{"lake/a.xlsx/a.parquet": true, "lake/a.xlsx/b.parquet": true, "vault/a.xlsx.vault": true},
		Held:  []Held{held(1, 4, "提交时间", "type", "不是日期时间", "汉汉"), held(2, 9, "内容", "required", "缺少必填的值", "")},
		Sums: []HeldSum{
			{Source: "messages", Column: "内容", Rule: "required", Reason: "缺少必填的值", Rows: 1},
			{Source: "messages", Column: "提交时间", Rule: "type", Reason: "不是日期时间", Rows: 1},
		},
		Sources: []SourceHealth{{Source: "messages", Table: "ods.congress_opinion", Units: 1, Batches: 1, Landed: 8, Held: 2, LastLoaded: now}},
		Unit:    Unit{Source: "messages", Name: "a.xlsx", Stamp: "s", Digest: "d", Cursor: "c", Batch: 1, Loaded: now},
		HasUnit: true,
	}
	if diff := cmp.Diff(want, look(t, l, "a.xlsx")); diff != "" {
		t.Error(diff)
	}
	// Another process that opens the file sees the same.
	if diff := cmp.Diff(want, look(t, open(t, path), "a.xlsx")); diff != "" {
		t.Errorf("after reopening: %s", diff)
	}
}

// TestBatchFailsWhole breaks a commit at each of its statements.
func TestBatchFailsWhole(t *testing.T) {
	// Rows of the second batch that are in a table when another goes in.
	rows := map[string]string{
		"batch": "1", "unit": "1",
		"batch_file": "(SELECT count(*) FROM batch_file WHERE batch_id = 2) + 1",
		"held":       "(SELECT count(*) FROM held WHERE batch_id = 2) + 1",
	}
	for _, c := range []struct {
		table string
		nth   int
	}{{"batch", 1}, {"batch_file", 1}, {"batch_file", 2}, {"held", 1}, {"held", 2}, {"unit", 1}} {
		t.Run(fmt.Sprintf("%s %d", c.table, c.nth), func(t *testing.T) {
			l := fresh(t)
			commit(t, l, batch("first"), Unit{Cursor: "c1"})
			before := look(t, l, "first")
			event := "INSERT"
			if c.table == "unit" {
				event = "UPDATE"
			}
			if _, err := l.db.ExecContext(t.Context(), fmt.Sprintf(
				"CREATE TRIGGER stop BEFORE %s ON %s WHEN %s = %d BEGIN SELECT RAISE(ABORT, 'the test stops here'); END", event, c.table, rows[c.table], c.nth)); err != nil {
				t.Fatal(err)
			}
			b := batch("first")
			b.ID = 2
			b.Files[0].Path, b.Files[1].Path = "lake/c", "lake/d"
			err := l.CommitBatch(t.Context(), b, Unit{Cursor: "c2"})
			if err == nil || !strings.Contains(err.Error(), "commit batch 2: ") || !strings.Contains(err.Error(), "the test stops here") {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, look(t, l, "first")); diff != "" {
				t.Error(diff)
			}
			// The number is free again, and the ledger works.
			if _, err := l.db.ExecContext(t.Context(), "DROP TRIGGER stop"); err != nil {
				t.Fatal(err)
			}
			if b := commit(t, l, b, Unit{Cursor: "c2"}); b.ID != 2 {
				t.Errorf("the next batch is %d", b.ID)
			}
		})
	}
}

func TestCancelledCommit(t *testing.T) {
	l := fresh(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := batch("a")
	b.ID = 1
	if err := l.CommitBatch(ctx, b, Unit{}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(seen{Known: map[string]bool{}, Unit: Unit{Source: "messages", Name: "a"}}, look(t, l, "a")); diff != "" {
		t.Error(diff)
	}
}

func TestNextBatch(t *testing.T) {
	l := fresh(t)
	for _, want := range []int64{1, 1} { // never committed: used again
		if id, err := l.NextBatch(t.Context()); id != want || err != nil {
			t.Errorf("got %d, %v", id, err)
		}
	}
	commit(t, l, batch("a"), Unit{})
	if id, err := l.NextBatch(t.Context()); id != 2 || err != nil {
		t.Errorf("got %d, %v", id, err)
	}
	b := batch("b")
	b.ID = 1
	if err := l.CommitBatch(t.Context(), b, Unit{}); err == nil {
		t.Error("a number was taken twice")
	}
}

// TestQuarantineOfReadings: a changed file is judged by its newest reading
// alone, a stream by all its increments, in the list, the sums and the sources.
func TestQuarantineOfReadings(t *testing.T) {
	l := fresh(t)
	reading := func(source, unit, stamp, rule string, rows ...int64) {
		b := Batch{Source: source, Unit: unit, Table: "ods.x_y", Held: int64(len(rows))}
		for _, r := range rows {
			b.Quarantine = append(b.Quarantine, Held{Row: r, Rule: rule, Column: "甲", Reason: "乙"})
		}
		commit(t, l, b, Unit{Stamp: stamp})
	}
	reading("files", "a.csv", "s1", "type", 1, 2, 3)
	reading("files", "b.csv", "s1", "type", 7)
	reading("files", "a.csv", "s2", "type", 2)
	reading("api", "/v1", "", "type", 10)
	reading("api", "/v1", "", "required", 11, 12)
	if err := l.TouchUnit(t.Context(), Unit{Source: "files", Name: "b.csv", Stamp: "s9"}); err != nil {
		t.Fatal(err)
	}

	rows := func(f HeldFilter) (got []string) {
		list, err := l.Quarantine(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range list {
			got = append(got, fmt.Sprintf("%d/%d %s:%d", h.Batch, h.Seq, h.Unit, h.Row))
		}
		return got
	}
	for _, c := range []struct {
		filter HeldFilter
		want   []string
	}{
		{HeldFilter{}, []string{"5/1 /v1:11", "5/2 /v1:12", "4/1 /v1:10", "3/1 a.csv:2", "2/1 b.csv:7"}},
		{HeldFilter{Source: "files"}, []string{"3/1 a.csv:2", "2/1 b.csv:7"}},
		{HeldFilter{Rule: "required"}, []string{"5/1 /v1:11", "5/2 /v1:12"}},
		{HeldFilter{Batch: 5, Seq: 2}, []string{"5/2 /v1:12"}},
		{HeldFilter{Batch: 1}, nil},
		{HeldFilter{Limit: 2}, []string{"5/1 /v1:11", "5/2 /v1:12"}},
	} {
		if diff := cmp.Diff(c.want, rows(c.filter)); diff != "" {
			t.Errorf("%+v: %s", c.filter, diff)
		}
	}
	sums, err := l.QuarantineSums(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantSums := []HeldSum{
		{"api", "甲", "required", "乙", 2},
		{"files", "甲", "type", "乙", 2},
		{"api", "甲", "type", "乙", 1},
	}
	if diff := cmp.Diff(wantSums, sums); diff != "" {
		t.Error(diff)
	}
	sources, err := l.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{3, 2} {
		if sources[i].Held != want {
			t.Errorf("%s: %d rows held, want %d", sources[i].Source, sources[i].Held, want)
		}
	}
}

func TestUnits(t *testing.T) {
	l := fresh(t)
	ctx := t.Context()
	get := func(name string) Unit {
		u, ok, err := l.Unit(ctx, "s", name)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		return u
	}
	now := "2025-03-01T02:00:04.000Z"
	if u, ok, err := l.Unit(ctx, "s", "a"); ok || err != nil || u != (Unit{Source: "s", Name: "a"}) {
		t.Error(u, ok, err)
	}
	// A stream that had nothing at first still has a cursor to go on from.
	if err := l.TouchUnit(ctx, Unit{Source: "s", Name: "a", Cursor: "c0"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Unit{Source: "s", Name: "a", Cursor: "c0", Loaded: now}, get("a")); diff != "" {
		t.Error(diff)
	}
	commit(t, l, Batch{Source: "s", Unit: "a", Table: "ods.x_y"}, Unit{Stamp: "s1", Digest: "d1", Cursor: "c1"})
	// A touched file keeps its digest and its batch.
	if err := l.TouchUnit(ctx, Unit{Source: "s", Name: "a", Stamp: "s2", Digest: "d1", Cursor: "c2"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Unit{Source: "s", Name: "a", Stamp: "s2", Digest: "d1", Cursor: "c2", Batch: 1, Loaded: now}, get("a")); diff != "" {
		t.Error(diff)
	}
}

func TestModes(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	path := filepath.Join(dir, "ledger.db")
	l := open(t, path)
	commit(t, l, batch("a"), Unit{})
	for name, want := range map[string]os.FileMode{dir: 0o700, path: 0o600, path + "-wal": 0o600, path + "-shm": 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Error(err)
		} else if info.Mode().Perm() != want {
			t.Errorf("%s has mode %o, want %o", filepath.Base(name), info.Mode().Perm(), want)
		}
	}
}

// TestReadersWhileWriting: who asks for the status during a run waits for
// nobody and sees whole batches.
func TestReadersWhileWriting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	writer, reader := open(t, path), open(t, path)
	const batches = 40
	done := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		defer close(done)
		for i := range batches {
			b := batch(fmt.Sprint("u", i))
			b.ID = int64(i + 1)
			if err := writer.CommitBatch(t.Context(), b, Unit{}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, l := range []*Ledger{reader, writer} {
		g.Go(func() error {
			for {
				var files, held, units int64
				err := l.db.QueryRowContext(t.Context(),
					"SELECT (SELECT count(*) FROM batch_file), (SELECT count(*) FROM held), (SELECT count(*) FROM unit)").Scan(&files, &held, &units)
				if err != nil {
					return err
				}
				if files != 2*units || held != 2*units {
					return fmt.Errorf("half a batch: %d files, %d held rows, %d units", files, held, units)
				}
				select {
				case <-done:
					return nil
				default:
				}
			}
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if list, err := reader.Batches(t.Context(), 3); err != nil || len(list) != 3 || list[0].ID != batches {
		t.Error(list, err)
	}
}

func TestOpenErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path, time.Now)
	if err == nil || !strings.HasPrefix(err.Error(), "open ledger ledger.db: ") || !strings.Contains(err.Error(), "not a database") {
		t.Error(err)
	}
	if _, err := Open(t.Context(), filepath.Join(path, "sub", "ledger.db"), time.Now); err == nil || !strings.HasPrefix(err.Error(), "open ledger: ") {
		t.Error(err)
	}
}

// TestDurable: a commit must survive the machine, not only the process.
func TestDurable(t *testing.T) {
	l := fresh(t)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		var got string
		if err := l.db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v", pragma, got, err)
		}
	}
}

// TestKnownRows: a batch that names a file of known rows replaces the one
// before it with its own commit; one that names none leaves it as it is.
func TestKnownRows(t *testing.T) {
	l := fresh(t)
	b := Batch{Run: 1, Source: "desk", Unit: "petition", Table: "ods.congress_opinion"}
	u := Unit{Source: "desk", Name: "petition"}
	want := ""
	for _, path := range []string{"", "known/00000002.known", "", "known/00000004.known"} {
		b.Known = path
		commit(t, l, b, u)
		if path != "" {
			want = path
		}
		got, err := l.KnownRows(t.Context(), "desk", "petition")
		if err != nil || got != want {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	}
	if other, err := l.KnownRows(t.Context(), "desk", "other"); other != "" || err != nil {
		t.Error(other, err)
	}
	known, err := l.KnownPaths(t.Context())
	if diff := cmp.Diff(map[string]bool{"known/00000004.known": true}, known); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
