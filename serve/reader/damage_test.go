package reader_test

import (
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
	damage(t, path)
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

// damage overwrites what is in the file behind its headers.
func damage(t *testing.T, path string) {
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
	junk := make([]byte, info.Size()-headers)
	for i := range junk {
		junk[i] = byte(i*7 + 13)
	}
	if _, err := file.WriteAt(junk, headers); err != nil {
		t.Fatal(err)
	}
}
