package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/models"
)

// rowsOnce reads every row of a table, of each file once.
func (h *house) rowsOnce(t *testing.T, table string) (rows []map[string]string) {
	t.Helper()
	files, err := h.Ledger.LakeFiles(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, f := range files {
		if !seen[f.Path] {
			rows = append(rows, readParquet(t, filepath.Join(h.Dir, f.Path))...)
		}
		seen[f.Path] = true
	}
	return rows
}

// contents is what staleness rests on: which batch has how many rows in which
// month.
func (h *house) contents(t *testing.T) (list []string) {
	t.Helper()
	files, err := h.Ledger.LakeFiles(t.Context(), "ods.test_message")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		list = append(list, fmt.Sprint(f.Month, " ", f.Batch, " ", f.Rows))
	}
	return list
}

func (h *house) messageContract(t *testing.T) *models.Contract {
	t.Helper()
	c, ok := h.Catalog.Contract("ods.test_message")
	if !ok {
		t.Fatal("no contract")
	}
	return c
}

// compact compacts everything and returns what it did, as month: files rows.
func (h *house) compact(t *testing.T) (done []string) {
	t.Helper()
	plan, err := h.Compactions(t.Context(), h.messageContract(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range plan {
		if x, err = h.Compact(t.Context(), h.messageContract(t), x); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(h.full(filepath.Join("lake/ods/test_message", "month="+x.Month))); err != nil || !info.IsDir() || x.After == 0 {
			t.Error(x, err)
		}
		done = append(done, fmt.Sprintf("%s: %d %d", x.Month, x.Files, x.Rows))
	}
	return done
}

func TestCompact(t *testing.T) {
	h := messageHouse(t)
	for i, months := range [][]string{{"03", "04"}, {"03"}, {"03", "04"}, {"05"}} {
		var rows [][]string
		for j, m := range months {
			rows = append(rows, message(fmt.Sprintf("%d-%d", i, j), map[string]string{"时间": "2025-" + m + "-02", "点赞": "3"}), message(fmt.Sprintf("%d+%d", i, j), map[string]string{"时间": "2025-" + m + "-01"}))
		}
		h.load(t, messageConfig(), messageSource(fmt.Sprint("unit", i), rows...))
	}
	rows, contents := h.rowsOnce(t, "ods.test_message"), h.contents(t)

	if diff := cmp.Diff([]string{"2025-03: 3 6", "2025-04: 2 4"}, h.compact(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rows, h.rowsOnce(t, "ods.test_message")); diff != "" {
		t.Errorf("the rows changed (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(contents, h.contents(t)); diff != "" {
		t.Errorf("what tables rest on changed (-before +after):\n%s", diff)
	}
	want := []string{
		"lake/ods/test_message/month=2025-03/00000003-compact.parquet", "lake/ods/test_message/month=2025-04/00000003-compact.parquet",
		"lake/ods/test_message/month=2025-05/00000004.parquet",
	}
	if diff := cmp.Diff(want, h.tree(t)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if done := h.compact(t); done != nil {
		t.Errorf("a second time: %v", done)
	}

	// What comes later is taken in.
	h.load(t, messageConfig(), messageSource("unit5", message("5", nil)))
	rows = h.rowsOnce(t, "ods.test_message")
	if diff := cmp.Diff([]string{"2025-03: 2 7"}, h.compact(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(rows, h.rowsOnce(t, "ods.test_message")); diff != "" {
		t.Errorf("the rows changed (-before +after):\n%s", diff)
	}
}

// Killed before the ledger's commit, a compaction never was; killed behind it, it
// was whole.
func TestCompactKilled(t *testing.T) {
	h := messageHouse(t)
	for i := range 2 {
		h.load(t, messageConfig(), messageSource(fmt.Sprint("unit", i), message(fmt.Sprint(i), nil)))
	}
	before, files := h.rowsOnce(t, "ods.test_message"), h.tree(t)
	plan, err := h.Compactions(t.Context(), h.messageContract(t))
	if err != nil || len(plan) != 1 {
		t.Fatal(plan, err)
	}
	name := "lake/ods/test_message/month=2025-03/00000002-compact.parquet"
	if _, err := h.merge(t.Context(), h.messageContract(t), plan[0], name); err != nil {
		t.Fatal(err)
	}
	if n, err := h.Sweep(t.Context()); n != 1 || err != nil {
		t.Error("swept", n, err)
	}
	if diff := cmp.Diff(files, h.tree(t)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(before, h.rowsOnce(t, "ods.test_message")); diff != "" {
		t.Error(diff)
	}

	old := map[string][]byte{}
	for _, f := range plan[0].paths {
		if old[f], err = os.ReadFile(h.full(f)); err != nil {
			t.Fatal(err)
		}
	}
	h.compact(t)
	for f, data := range old {
		if err := os.WriteFile(h.full(f), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := h.Sweep(t.Context()); n != 2 || err != nil {
		t.Error("swept", n, err)
	}
	if diff := cmp.Diff(before, h.rowsOnce(t, "ods.test_message")); diff != "" {
		t.Error(diff)
	}
}

// Files of an older contract stay as they are: their shape is another.
func TestCompactLeavesOlderShapes(t *testing.T) {
	h := messageHouse(t)
	h.load(t, messageConfig(), messageSource("a", message("1", nil)))
	h.mended(t, "partition: at", "partition: at\nextra: true")
	h.load(t, messageConfig(), &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "b"}, batches: []Batch{extraBatch(t, message("2", nil))}}}})
	if done := h.compact(t); done != nil {
		t.Error(done)
	}
	h.load(t, messageConfig(), &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "c"}, batches: []Batch{extraBatch(t, message("3", nil))}}}})
	if diff := cmp.Diff([]string{"2025-03: 2 2"}, h.compact(t)); diff != "" {
		t.Error(diff)
	}
	if files := strings.Join(h.tree(t), " "); !strings.Contains(files, "00000001.parquet") {
		t.Error(files)
	}
}

func extraBatch(t *testing.T, row []string) Batch {
	t.Helper()
	cfg := messageConfig()
	cells := append(inFieldOrder(cfg, [][]string{row})[0], `{"来源":"网页"}`)
	cfg.Extra = true
	return textBatch(cfg.Fields(), 2, cells)
}
