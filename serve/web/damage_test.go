package web

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zhicang/models"
	"zhicang/warehouse"
)

// TestDamageOverHTTP: a published file whose rows can't be read any more is told
// to whoever watches the service and to who looks at the panel, until another is
// published.
func TestDamageOverHTTP(t *testing.T) {
	st := newSite(t)
	publishWords(t, st.shelf, 1, 300_000)
	v := st.signedIn(t, "renda")
	const panel = "/boards/congress-hot/panels/rising?region=331022&period=month&start=2026-01-01&category=全部"
	expect := func(when string, health int, words ...string) {
		t.Helper()
		if code, said := v.get("/healthz"); code != health || !strings.Contains(said, words[0]) {
			t.Errorf("%s: /healthz says %d %s", when, code, said)
		}
	}
	expect("before", http.StatusOK, "ok") // which opens the file
	spoil(t, filepath.Join(st.shelf, warehouse.FileName(1)))
	if _, got := v.get(panel); !strings.Contains(got, "数据文件损坏") || strings.Contains(got, st.shelf) {
		t.Errorf("the panel of a damaged file: %s", got)
	}
	expect("damaged", http.StatusServiceUnavailable, "数据文件损坏")
	code, page := v.get("/boards/congress-hot")
	if wants(t, page, "数据文件损坏"); code != http.StatusOK {
		t.Errorf("the board of a damaged file: %d", code)
	}
	publishWords(t, st.shelf, 2, 100)
	expect("published anew", http.StatusOK, "ok")
	if _, got := v.get(panel); !strings.Contains(got, `"state":"ok"`) {
		t.Errorf("the panel after it was published anew: %s", got)
	}
}

// publishWords publishes tables, empty but for that of hot words.
func publishWords(t *testing.T, shelf string, id int64, rows int) {
	t.Helper()
	cat, err := models.Load(models.FS())
	if err != nil {
		t.Fatal(err)
	}
	e, err := warehouse.Open(t.Context(), warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var published []*models.Contract
	err = e.InTx(t.Context(), func(tx *warehouse.Tx) error {
		for _, c := range cat.Contracts() {
			untyped := slices.ContainsFunc(c.Columns, func(col models.Column) bool { return col.Type.Kind == models.Invalid })
			if !c.Published() || untyped { // a type is inherited when the tables are connected
				continue
			}
			published = append(published, c)
			if err := tx.CreateTable(t.Context(), c); err != nil {
				return err
			}
		}
		return tx.Exec(t.Context(), fmt.Sprintf(`INSERT INTO ads.congress_hot_term
			SELECT 'month', DATE '2026-01-01', DATE '2026-01-31', '331022', '全部', sha256(CAST(i AS VARCHAR)), i, i, i, i, i FROM range(1, %d) t(i)`, rows))
	})
	if err != nil {
		t.Fatal(err)
	}
	s := warehouse.Shelf{Dir: shelf}
	if err := e.Publish(t.Context(), s, warehouse.FileName(id), published); err != nil {
		t.Fatal(err)
	}
	if err := s.Switch(warehouse.FileName(id)); err != nil {
		t.Fatal(err)
	}
}

// spoil overwrites the first half of what lies behind a file's headers: rows.
func spoil(t *testing.T, path string) {
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
	junk := make([]byte, (info.Size()-headers)/2)
	for i := range junk {
		junk[i] = byte(i*7 + 13)
	}
	if _, err := file.WriteAt(junk, headers); err != nil {
		t.Fatal(err)
	}
}
