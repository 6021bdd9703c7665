package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/ledger"
)

func databaseConfig(mode string) Config {
	cfg := messageConfig()
	cfg.Type, cfg.SQL = TypeSQL, SQLConfig{Mode: mode, ReconcileDeletes: mode == ModeSnapshot}
	return cfg
}

// tableSource delivers the rows of a table as it stands.
func tableSource(rows ...[]string) *fakeSource {
	src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "desk"}}}}
	for from := 0; from < len(rows); from += 2 { // several batches
		src.units[0].batches = append(src.units[0].batches, messageBatch(int64(from+1), rows[from:min(from+2, len(rows))]...))
	}
	return src
}

// landedIDs lists the lake's rows as id@batch, those that are tombstones with a
// cross, in the order of months, batches and rows.
func landedIDs(t *testing.T, h *house) (ids []string) {
	for _, row := range h.readLake(t, "ods.test_message") {
		id := row["id"] + "@" + row["batch_id"]
		if row["deleted"] == "true" {
			id += "†" + row["body"]
		}
		ids = append(ids, id)
	}
	return ids
}

func knownFiles(t *testing.T, h *house) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(h.Dir, knownFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	return files
}

func TestSnapshotLandsWhatChanged(t *testing.T) {
	h := messageHouse(t)
	cfg := databaseConfig(ModeSnapshot)
	later := map[string]string{"时间": "2025-05-06"}
	changed := map[string]string{"内容": "路灯修好了"}
	for _, step := range []struct {
		what                 string
		rows                 [][]string
		read, landed, remain int64
		lake                 []string
		known                []string
	}{
		{
			"all is new",
			[][]string{message("1", nil), message("2", later), message("3", nil), message("4", map[string]string{"时间": "不明"})},
			4, 3, 1,
			[]string{"1@1", "3@1", "2@1"},
			[]string{"00000001.known"},
		},
		{
			"nothing has changed, the held row included",
			[][]string{message("4", map[string]string{"时间": "不明"}), message("3", nil), message("1", nil), message("2", later)},
			0, 0, 0,
			[]string{"1@1", "3@1", "2@1"},
			[]string{"00000001.known"},
		},
		{
			"one changed, one vanished, one came",
			[][]string{message("1", changed), message("3", nil), message("4", map[string]string{"时间": "不明"}), message("5", nil)},
			3, 3, 0,
			[]string{"1@1", "3@1", "1@2", "5@2", "2@1", "2@2†路灯坏了"},
			[]string{"00000002.known"},
		},
		{
			"the vanished one came back",
			[][]string{message("1", changed), message("2", later), message("3", nil), message("4", map[string]string{"时间": "不明"}), message("5", nil)},
			1, 1, 0,
			[]string{"1@1", "3@1", "1@2", "5@2", "2@1", "2@2†路灯坏了", "2@3"},
			[]string{"00000003.known"},
		},
		{
			"the changed one vanished: its newest version is buried",
			[][]string{message("2", later), message("3", nil), message("5", nil)},
			1, 1, 0,
			[]string{"1@1", "3@1", "1@2", "5@2", "1@4†路灯修好了", "2@1", "2@2†路灯坏了", "2@3"},
			[]string{"00000004.known"},
		},
	} {
		rep := h.load(t, cfg, tableSource(step.rows...))
		if len(rep.Failures) > 0 || rep.Read != step.read || rep.Landed != step.landed || rep.Held != step.remain {
			t.Errorf("%s: %+v", step.what, rep)
		}
		if diff := cmp.Diff(step.lake, landedIDs(t, h)); diff != "" {
			t.Errorf("%s: lake (-want +got):\n%s", step.what, diff)
		}
		if diff := cmp.Diff(step.known, knownFiles(t, h)); diff != "" {
			t.Errorf("%s: known rows (-want +got):\n%s", step.what, diff)
		}
	}
}

// TestSnapshotReadAnew: --reload lands every row again, and still notices what
// has vanished meanwhile.
func TestSnapshotReadAnew(t *testing.T) {
	h := messageHouse(t)
	cfg := databaseConfig(ModeSnapshot)
	h.load(t, cfg, tableSource(message("1", nil), message("2", nil)))
	h.Reload = []string{cfg.Name}
	h.load(t, cfg, tableSource(message("1", nil)))
	if diff := cmp.Diff([]string{"1@1", "2@1", "1@2", "2@2†路灯坏了"}, landedIDs(t, h)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"00000002.known"}, knownFiles(t, h)); diff != "" {
		t.Error(diff)
	}
}

// TestEmptiedTableIsRefused: a table that is being filled anew is not taken for
// one whose rows are deleted.
func TestEmptiedTableIsRefused(t *testing.T) {
	h := messageHouse(t)
	cfg := databaseConfig(ModeSnapshot)
	var rows [][]string
	for i := range 40 {
		rows = append(rows, message(fmt.Sprint(i), nil))
	}
	h.load(t, cfg, tableSource(rows...))
	rep := h.load(t, cfg, tableSource(rows[:10]...))
	var e *Error
	want := "source messages: desk: 30 of the 40 rows that the source had have vanished from it; nothing was landed"
	if len(rep.Failures) != 1 || !errors.As(rep.Failures[0], &e) || e.Error() != want || !strings.Contains(e.Hint(), "max_bad_share") {
		t.Fatal(rep.Failures)
	}
	if n := len(landedIDs(t, h)); n != 40 {
		t.Errorf("%d rows in the lake", n)
	}
	if diff := cmp.Diff([]string{"00000001.known"}, knownFiles(t, h)); diff != "" {
		t.Error(diff)
	}
	cfg.MaxBadShare = 0.9
	if rep := h.load(t, cfg, tableSource(rows[:10]...)); rep.Landed != 30 || len(rep.Failures) > 0 {
		t.Errorf("%+v", rep)
	}
}

// TestOverlapLandsOnce: what a reading by cursor repeats is known again, however
// much of it there is, and what is no longer repeated is forgotten.
func TestOverlapLandsOnce(t *testing.T) {
	h := messageHouse(t)
	cfg := databaseConfig(ModeCursor)
	load := func(again []bool, ids ...string) Report {
		var rows [][]string
		for _, id := range ids {
			rows = append(rows, message(id, nil))
		}
		b := messageBatch(1, rows...)
		b.Again = again
		return h.load(t, cfg, &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "desk"}, batches: []Batch{b}, outcome: Outcome{Cursor: "c"}}}})
	}
	load([]bool{false, true, true}, "1", "2", "3")
	if rep := load([]bool{false, true, true}, "2", "3", "4"); rep.Landed != 1 {
		t.Errorf("%+v", rep)
	}
	if rep := load([]bool{true, true}, "3", "4"); rep.Landed != 0 || rep.Unchanged != 1 {
		t.Errorf("%+v", rep)
	}
	if rep := load(nil, "2"); rep.Landed != 1 {
		t.Errorf("what was forgotten lands again: %+v", rep)
	}
	if diff := cmp.Diff([]string{"1@1", "2@1", "3@1", "4@2", "2@3"}, landedIDs(t, h)); diff != "" {
		t.Error(diff)
	}
}

func TestMarkedRowsLandAsTombstones(t *testing.T) {
	h := messageHouse(t)
	cfg := databaseConfig(ModeSnapshot)
	b := messageBatch(1, message("1", nil), message("2", nil))
	load := func(deleted []bool) Report {
		b.Deleted = deleted
		return h.load(t, cfg, &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "desk"}, batches: []Batch{b}}}})
	}
	load([]bool{false, false})
	if rep := load([]bool{false, true}); rep.Landed != 1 {
		t.Errorf("a mark is a change: %+v", rep)
	}
	if diff := cmp.Diff([]string{"1@1", "2@1", "2@2†路灯坏了"}, landedIDs(t, h)); diff != "" {
		t.Error(diff)
	}
}

// TestFailedReadingLeavesNoMemory: what failed is not known afterwards.
func TestFailedReadingLeavesNoMemory(t *testing.T) {
	h := messageHouse(t)
	cfg := databaseConfig(ModeSnapshot)
	src := tableSource(message("1", nil))
	src.units[0].err = errors.New("broken")
	if rep := h.load(t, cfg, src); len(rep.Failures) != 1 {
		t.Fatalf("%+v", rep)
	}
	h.isEmpty(t)
	if files := knownFiles(t, h); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
	if rep := h.load(t, cfg, tableSource(message("1", nil))); rep.Landed != 1 {
		t.Errorf("%+v", rep)
	}
}

// TestSweepKeepsWhatIsKnown: a run that was killed leaves runs and files that no
// batch names.
func TestSweepKeepsWhatIsKnown(t *testing.T) {
	h := messageHouse(t)
	h.load(t, databaseConfig(ModeSnapshot), tableSource(message("1", nil)))
	for _, name := range []string{"00000002.known", "00000002.known.tmp", "00000002-0.run"} {
		if err := os.WriteFile(filepath.Join(h.Dir, knownFolder, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := h.Sweep(t.Context()); n != 3 || err != nil {
		t.Error(n, err)
	}
	if diff := cmp.Diff([]string{"00000001.known"}, knownFiles(t, h)); diff != "" {
		t.Error(diff)
	}
}

func TestDamagedMemoryIsRefused(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"cut off": func(b []byte) []byte { return b[:len(b)-1] },
		"changed": func(b []byte) []byte { b[20] ^= 1; return b },
		"foreign": func(b []byte) []byte { b[0] = 'Z'; return b },
		"empty":   func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			h := messageHouse(t)
			cfg := databaseConfig(ModeSnapshot)
			h.load(t, cfg, tableSource(message("1", nil)))
			file := filepath.Join(h.Dir, knownFolder, "00000001.known")
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(b), 0o600); err != nil {
				t.Fatal(err)
			}
			rep := h.load(t, cfg, tableSource(message("1", nil), message("2", nil)))
			var e *Error
			if len(rep.Failures) != 1 || !errors.As(rep.Failures[0], &e) || !strings.Contains(e.Hint(), "--reload messages") {
				t.Errorf("%+v", rep)
			}
		})
	}
}

// TestKnownAgainstAModel: over any history of a table's states, what the lake
// says of each key is what the table says.
func TestKnownAgainstAModel(t *testing.T) {
	states := rapid.SliceOfN(rapid.MapOf(rapid.IntRange(0, 12), rapid.IntRange(0, 3)), 1, 6)
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		old, lake := "", map[int]int{} // version by key, as tombstones and versions land
		where := map[landedRow]int{}
		for n, state := range states.Draw(rt, "states") {
			batch := uint32(n + 1)
			w := &knownWriter{dir: dir, batch: int64(batch), limit: 3}
			var index knownIndex
			if old != "" {
				var err error
				if index, err = readKnownIndex(dir, old); err != nil {
					rt.Fatal(err)
				}
			}
			row := uint32(0)
			for _, key := range rapid.Permutation(keysOf(state)).Draw(rt, "order") {
				e := knownEntry{digest: uint64(state[key])}
				e.key = [12]byte{byte(key * 20), 1: byte(key)}
				if at, ok := index.find(e); ok {
					index.keep(at)
					continue
				}
				row++
				e.batch, e.row = batch, row
				where[landedRow{batch, row}] = key
				lake[key] = state[key]
				if err := w.add(e); err != nil {
					rt.Fatal(err)
				}
			}
			vanished, _, err := w.merge(&index)
			if err != nil {
				rt.Fatal(err)
			}
			w.clear(false)
			for _, v := range vanished {
				key, ok := where[v]
				if !ok {
					rt.Fatalf("a row that never landed vanished: %v", v)
				}
				delete(lake, key)
			}
			if diff := cmp.Diff(state, lake); diff != "" {
				rt.Fatalf("state %d (-table +lake):\n%s", n, diff)
			}
			old = w.path
		}
	})
}

func keysOf(m map[int]int) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// TestKnownRowsTellNothing: the file holds no value, and not the same digest
// under another key.
func TestKnownRowsTellNothing(t *testing.T) {
	h := messageHouse(t)
	h.load(t, databaseConfig(ModeSnapshot), tableSource(message("M-0001", map[string]string{"电话": "19900001234"})))
	b, err := os.ReadFile(filepath.Join(h.Dir, knownFolder, "00000001.known"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "19900001234") || strings.Contains(string(b), "M-0001") {
		t.Error("the memory holds values")
	}
	if held, err := h.Ledger.Quarantine(t.Context(), ledger.HeldFilter{}); err != nil || len(held) > 0 {
		t.Error(held, err)
	}
}

// keyedSource delivers what has changed, and all keys apart.
type keyedSource struct {
	*fakeSource
	keys []string
}

func (s keyedSource) Keys(_ context.Context, _ Unit, fields []string, yield func(Batch) error) error {
	rows := make([][]string, len(s.keys))
	for i, k := range s.keys {
		rows[i] = []string{k}
	}
	return yield(textBatch(fields, 1, rows...))
}

// TestKeysAreReconciled: where a reading delivers what has changed alone, what
// has vanished shows in the keys.
func TestKeysAreReconciled(t *testing.T) {
	h := messageHouse(t)
	cfg := databaseConfig(ModeCursor)
	cfg.SQL.ReconcileDeletes = true
	changed := map[string]string{"内容": "路灯修好了"}
	for _, step := range []struct {
		what string
		rows [][]string
		keys []string
		lake []string
	}{
		{"all is new", [][]string{message("1", nil), message("2", nil), message("3", nil)}, []string{"1", "2", "3"}, []string{"1@1", "2@1", "3@1"}},
		{"nothing new, one gone", nil, []string{"1", "3"}, []string{"1@1", "2@1", "3@1", "2@2†路灯坏了"}},
		{"nothing at all", nil, []string{"3", "1"}, []string{"1@1", "2@1", "3@1", "2@2†路灯坏了"}},
		{"one changed", [][]string{message("1", changed)}, []string{"1", "3"}, []string{"1@1", "2@1", "3@1", "2@2†路灯坏了", "1@3"}},
		{"changed back", [][]string{message("1", nil)}, []string{"1", "3"}, []string{"1@1", "2@1", "3@1", "2@2†路灯坏了", "1@3", "1@4"}},
		{"and gone", nil, []string{"3"}, []string{"1@1", "2@1", "3@1", "2@2†路灯坏了", "1@3", "1@4", "1@5†路灯坏了"}},
	} {
		rep := h.load(t, cfg, keyedSource{tableSource(step.rows...), step.keys})
		if len(rep.Failures) > 0 {
			t.Fatalf("%s: %+v", step.what, rep)
		}
		if diff := cmp.Diff(step.lake, landedIDs(t, h)); diff != "" {
			t.Errorf("%s: lake (-want +got):\n%s", step.what, diff)
		}
	}
}

// TestNoKeyNoReconciling: without a key a row that changed would look like one
// that vanished.
func TestNoKeyNoReconciling(t *testing.T) {
	h := messageHouse(t)
	cfg := databaseConfig(ModeSnapshot)
	delete(cfg.Columns, "id")
	cfg.Constants = map[string]string{"id": "1"}
	rep := h.load(t, cfg, tableSource())
	if len(rep.Failures) != 1 || !strings.Contains(rep.Failures[0].Error(), "sources[messages].reconcile_deletes: needs the key of ods.test_message (id)") {
		t.Error(rep.Failures)
	}
}
