package reader_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhicang/serve/reader"
	"zhicang/warehouse"
)

// TestDamageWhileServing: a file that is damaged after it was opened is noticed
// by the first statement that meets the damage, said once in the log and by the
// state, and forgotten with the next publication.
func TestDamageWhileServing(t *testing.T) {
	var log strings.Builder // written to by this goroutine alone
	f := empty(t, reader.Limits{}, slog.New(slog.NewTextHandler(&log, nil)))
	// Enough that it is not read as a whole when it is opened.
	many := "INSERT INTO ads.congress_hot_issue SELECT 'x-' || i, '339921001', DATE '2026-01-01', sha256(CAST(i AS VARCHAR)), i, i FROM range(200000) t(i)"
	publish(t, f.shelf, f.cat, 1, append(inserts(f.cat, "2026-01-15"), many)...)
	path := filepath.Join(f.shelf.Dir, warehouse.FileName(1))
	if _, err := f.ask(t.Context(), town, "SELECT 1"); err != nil { // opens the file
		t.Fatal(err)
	}
	damage(t, path, 1)
	const sql = "SELECT sum(people), max(title) FROM ads.congress_hot_issue"
	for range 3 {
		_, err := f.ask(t.Context(), town, sql)
		if got := reader.Code(err); got != "58030" && got != "57P03" || strings.Contains(err.Error(), f.shelf.Dir) {
			t.Fatalf("%s %v", got, err)
		}
	}
	if _, err := f.Current(t.Context()); reader.Code(err) == "00000" {
		t.Errorf("the state says %v", err)
	}
	if n := strings.Count(log.String(), "publication damaged"); n != 1 {
		t.Errorf("logged %d times: %s", n, log.String())
	}
	publish(t, f.shelf, f.cat, 2, inserts(f.cat, "2026-01-16")...)
	if got, err := f.ask(t.Context(), town, sql); err != nil || len(got) != 1 {
		t.Errorf("after the next publication: %v %v", got, err)
	}
	if pub, err := f.Current(t.Context()); err != nil || pub.ID != 2 {
		t.Errorf("%+v %v", pub, err)
	}
}

// TestDamageStaysKnown: the platform's file is written after every run, which
// says nothing of the main one; and what is wrong with the platform's file is
// over with it.
func TestDamageStaysKnown(t *testing.T) {
	f := empty(t, reader.Limits{})
	many := "INSERT INTO ads.congress_hot_issue SELECT 'x-' || i, '339921001', DATE '2026-01-01', sha256(CAST(i AS VARCHAR)), i, i FROM range(200000) t(i)"
	publish(t, f.shelf, f.cat, 1, append(inserts(f.cat, "2026-01-15"), many)...)
	platform, _ := f.cat.Contract("ads.platform_run")
	run := func(id int64) {
		t.Helper()
		if err := f.shelf.WritePlatform(t.Context(), []warehouse.Filled{{Contract: platform, Rows: [][]any{{id}}}}); err != nil {
			t.Fatal(err)
		}
		got, err := f.ask(t.Context(), everything, "SELECT run_id FROM ads.platform_run")
		if err != nil || len(got) != 1 || got[0] != fmt.Sprint(id) {
			t.Fatalf("the platform's table: %v %v", got, err)
		}
	}
	run(1)
	// Rows alone, so that the file can still be opened.
	damage(t, filepath.Join(f.shelf.Dir, warehouse.FileName(1)), 2)
	if _, err := f.ask(t.Context(), town, "SELECT max(title) FROM ads.congress_hot_issue"); !errors.Is(err, reader.ErrDamaged) {
		t.Fatal(err)
	}
	run(2)
	if _, err := f.Current(t.Context()); !errors.Is(err, reader.ErrDamaged) {
		t.Errorf("after the platform's file was written: %v", err)
	}
	publish(t, f.shelf, f.cat, 2, inserts(f.cat, "2026-01-16")...)
	if _, err := f.Current(t.Context()); err != nil {
		t.Errorf("after a publication: %v", err)
	}
}

// damage overwrites one of so many parts of what is in the file behind its
// headers: the first.
func damage(t *testing.T, path string, parts int64) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	const headers = 3 * 4096
	junk := make([]byte, (info.Size()-headers)/parts)
	for i := range junk {
		junk[i] = byte(i*7 + 13)
	}
	if _, err := file.WriteAt(junk, headers); err != nil {
		t.Fatal(err)
	}
}
