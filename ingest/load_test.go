package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/ledger"
)

// tree lists the files of the lake and the vault, relative to the data folder.
func (h *house) tree(t testing.TB) (files []string) {
	t.Helper()
	for _, dir := range []string{"lake", "vault"} {
		err := fs.WalkDir(os.DirFS(h.Dir), dir, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				files = append(files, name)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	return files
}

// isEmpty fails the test when anything landed or was left behind.
func (h *house) isEmpty(t testing.TB) {
	t.Helper()
	if files := h.tree(t); len(files) > 0 {
		t.Errorf("left behind: %v", files)
	}
	batches, err := h.Ledger.Batches(t.Context(), 0)
	if err != nil || len(batches) > 0 {
		t.Errorf("in the ledger: %v, %v", batches, err)
	}
}

func (h *house) load(t testing.TB, cfg Config, src Source) Report {
	t.Helper()
	rep, err := h.Load(t.Context(), 1, cfg, src)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func messageHouse(t testing.TB) *house {
	return newHouse(t, map[string]string{"test/ods_message.yaml": messageContract})
}

func messageSource(name string, rows ...[]string) *fakeSource {
	return &fakeSource{units: []fakeUnit{{Unit: Unit{Name: name, Stamp: "1"}, batches: []Batch{messageBatch(2, rows...)}}}}
}

// message is a good row; with replaces some of its cells.
func message(id string, with map[string]string) []string {
	cells := map[string]string{"编号": id, "内容": "路灯坏了", "时间": "2025-03-04 05:06:07"}
	for k, v := range with {
		cells[k] = v
	}
	row := make([]string, len(messageFields))
	for i, f := range messageFields {
		row[i] = cells[f]
	}
	return row
}

func TestConstants(t *testing.T) {
	h := messageHouse(t)
	cfg := messageConfig()
	delete(cfg.Columns, "channel")
	cfg.Constants = map[string]string{"channel": "网络"}
	rows := [][]string{message("1", nil)}
	src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a"}, batches: []Batch{textBatch(cfg.Fields(), 1, inFieldOrder(cfg, rows)...)}}}}
	h.load(t, cfg, src)
	if got := h.readLake(t, "ods.test_message")[0]["channel"]; got != "网络" {
		t.Error(got)
	}
}

func TestConfigErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		err    string
		hint   string
	}{
		"no table": {
			func(c *Config) { c.Table = "ods.test_mesage" },
			"source messages: there is no ods table ods.test_mesage", "the ods tables are those with a contract: ods.test_message",
		},
		"unknown column": {
			func(c *Config) { c.Columns["boddy"] = "x" },
			"source messages, column boddy: ods.test_message has no such column", `did you mean "body"?`,
		},
		"unknown constant": {
			func(c *Config) { c.Constants = map[string]string{"zzzzzz": "x"} },
			"source messages, column zzzzzz: ods.test_message has no such column",
			"the columns are id, person, name, phone, channel, title, body, likes, at",
		},
		"required column": {
			func(c *Config) { delete(c.Columns, "at") },
			"source messages, column at: ods.test_message requires the column and the source maps nothing to it",
			"add `at: <name in the source>` to columns, or a value to constants",
		},
		"constant breaks the contract": {
			func(c *Config) {
				delete(c.Columns, "channel")
				c.Constants = map[string]string{"channel": "电报"}
			},
			"sources[messages].constants.channel: 不在允许的取值之内(网络、电话)",
			"every row of the source gets this value; it must keep the contract of ods.test_message",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := messageHouse(t)
			cfg := messageConfig()
			c.change(&cfg)
			_, err := h.Load(t.Context(), 1, cfg, &fakeSource{})
			var e *Error
			if !errors.As(err, &e) || e.Error() != c.err || e.Hint() != c.hint {
				t.Fatalf("got  %v\nTry: %s\nwant %s\nTry: %s", err, e.Hint(), c.err, c.hint)
			}
			keyless := &Loader{Catalog: h.Catalog, Regions: h.Regions, Location: h.Location, Now: h.Now}
			if got := keyless.CheckMapping(cfg); got == nil || got.Error() != c.err {
				t.Errorf("before the keys are there: %v", got)
			}
		})
	}
}

func TestMostlyBrokenUnitIsRefused(t *testing.T) {
	h := messageHouse(t)
	rows := make([][]string, 40)
	for i := range rows {
		rows[i] = message(fmt.Sprint(i), nil)
		if i%3 > 0 {
			rows[i] = message(fmt.Sprint(i), map[string]string{"时间": "不明"})
		}
	}
	src := messageSource("a.csv", rows...)
	good := messageSource("b.csv", message("x", nil))
	src.units = append(src.units, good.units...)
	rep := h.load(t, messageConfig(), src)
	if len(rep.Failures) != 1 || rep.Units != 1 || rep.Landed != 1 {
		t.Fatalf("%+v", rep)
	}
	var e *Error
	want := "source messages: a.csv: 26 of 40 rows break the contract, most often (26): 时间 不是日期时间; nothing of it was landed"
	if !errors.As(rep.Failures[0], &e) || e.Error() != want || !strings.Contains(e.Hint(), "max_bad_share") {
		t.Fatalf("%v\nTry: %s", rep.Failures[0], e.Hint())
	}
	if files := h.tree(t); len(files) != 1 {
		t.Errorf("files: %v", files)
	}
	if _, seen, err := h.Ledger.Unit(t.Context(), "messages", "a.csv"); seen || err != nil {
		t.Error("the refused unit is remembered", err)
	}
	cfg := messageConfig()
	cfg.MaxBadShare = 0.7
	if rep := h.load(t, cfg, src); len(rep.Failures) > 0 || rep.Landed != 14 || rep.Held != 26 {
		t.Errorf("with a higher max_bad_share: %+v", rep)
	}
}

// TestHopelessUnitIsNotReadToItsEnd: what is held waits in memory.
func TestHopelessUnitIsNotReadToItsEnd(t *testing.T) {
	h := messageHouse(t)
	rows := make([][]string, 1000)
	for i := range rows {
		rows[i] = message(fmt.Sprint(i), map[string]string{"时间": "不明"})
	}
	batch := messageBatch(1, rows...)
	src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a"}}}}
	for range 1000 {
		src.units[0].batches = append(src.units[0].batches, batch)
	}
	rep := h.load(t, messageConfig(), src)
	if len(rep.Failures) != 1 || !strings.Contains(rep.Failures[0].Error(), "100000 of 100000 rows") {
		t.Fatal(rep.Failures)
	}
	h.isEmpty(t)
}

func TestUnitsAreReadOnce(t *testing.T) {
	h := messageHouse(t)
	digests := 0
	unit := func(stamp, digest, id string) *fakeSource {
		src := messageSource("a.csv", message(id, nil))
		src.units[0].Stamp = stamp
		src.units[0].Digest = func(context.Context) (string, error) { digests++; return digest, nil }
		return src
	}
	for _, c := range []struct {
		what          string
		stamp, digest string
		reads         int
		digests       int
	}{
		{"new", "s1", "d1", 1, 1},
		{"unchanged", "s1", "d1", 0, 0},
		{"touched", "s2", "d1", 0, 1},
		{"unchanged since", "s2", "d1", 0, 0},
		{"changed", "s3", "d2", 1, 1},
	} {
		src := unit(c.stamp, c.digest, c.what)
		digests = 0
		rep := h.load(t, messageConfig(), src)
		if len(src.reads) != c.reads || digests != c.digests || rep.Units != c.reads || rep.Unchanged != 1-c.reads {
			t.Errorf("%s: reads %v, digests %d, %+v", c.what, src.reads, digests, rep)
		}
		if slices.ContainsFunc(src.reads, func(r string) bool { return r != "a.csv@" }) {
			t.Errorf("%s: a file is read from its beginning, not %v", c.what, src.reads)
		}
	}
}

func TestStreamGoesOnFromItsCursor(t *testing.T) {
	h := messageHouse(t)
	var reads []string
	for _, step := range []struct {
		cursor string
		ids    []string
	}{{"c0", nil}, {"c1", []string{"1", "2"}}, {"c2", nil}, {"c3", []string{"3"}}} {
		src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "/v1"}, outcome: Outcome{Cursor: step.cursor}}}}
		for _, id := range step.ids {
			src.units[0].batches = append(src.units[0].batches, messageBatch(1, message(id, nil)))
		}
		h.load(t, messageConfig(), src)
		reads = append(reads, src.reads...)
	}
	if diff := cmp.Diff([]string{"/v1@", "/v1@c0", "/v1@c1", "/v1@c2"}, reads); diff != "" {
		t.Error(diff)
	}
	if got := len(h.readLake(t, "ods.test_message")); got != 3 {
		t.Errorf("%d rows", got)
	}
	if batches, err := h.Ledger.Batches(t.Context(), 0); len(batches) != 2 || err != nil {
		t.Errorf("an empty increment makes no batch: %v, %v", batches, err)
	}
	if files := h.tree(t); len(files) != 2 {
		t.Errorf("files: %v", files)
	}
}

func TestFaultyUnitLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct{ err, want error }{
		"a source's own error": {
			&Error{Source: "messages", Unit: "a", Row: 7, Err: errors.New("broken"), Try: "mend it"},
			&Error{Source: "messages", Unit: "a", Row: 7, Err: errors.New("broken"), Try: "mend it"},
		},
		"a bare error": {errors.New("broken"), &Error{Source: "messages", Unit: "a", Err: errors.New("broken")}},
	} {
		t.Run(name, func(t *testing.T) {
			h := messageHouse(t)
			rows := inventedMessages(0, 3000)
			src := messageSource("a", rows...)
			src.units[0].err = c.err
			rep := h.load(t, messageConfig(), src)
			h.isEmpty(t)
			var got, want *Error
			if len(rep.Failures) != 1 || !errors.As(rep.Failures[0], &got) || !errors.As(c.want, &want) ||
				got.Error() != want.Error() || got.Hint() != want.Hint() {
				t.Errorf("got %v, want %v", rep.Failures, c.want)
			}
		})
	}
}

// cancellingSource cancels its own context in the middle of a unit.
type cancellingSource struct {
	*fakeSource
	cancel context.CancelFunc
}

func (s cancellingSource) Read(ctx context.Context, u Unit, cursor string, yield func(Batch) error) (Outcome, error) {
	n := 0
	return s.fakeSource.Read(ctx, u, cursor, func(b Batch) error {
		if n++; n == 3 {
			s.cancel()
		}
		return yield(b)
	})
}

func TestCancelLeavesNothing(t *testing.T) {
	h := messageHouse(t)
	src := messageSource("a", inventedMessages(0, 2000)...)
	for range 5 {
		src.units[0].batches = append(src.units[0].batches, src.units[0].batches[0])
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := h.Load(ctx, 1, messageConfig(), cancellingSource{src, cancel})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	h.isEmpty(t)
}

// TestFailedCommitLeavesNothing: the files are whole and the ledger refuses.
func TestFailedCommitLeavesNothing(t *testing.T) {
	h := messageHouse(t)
	src := messageSource("a", inventedMessages(0, 100)...)
	bad := src.units[0]
	bad.Unit.Name = "b"
	src.units = append(src.units, bad)
	// The ledger takes a batch number twice no more than a person would: a
	// batch that comes between NextBatch and CommitBatch makes the commit fail.
	src.units[0].Digest = nil
	between := interloper{fakeSource: src, ledger: h.Ledger}
	rep, err := h.Load(t.Context(), 1, messageConfig(), between)
	if err != nil || len(rep.Failures) != 1 || !strings.Contains(rep.Failures[0].Error(), "commit batch 1") {
		t.Fatal(rep, err)
	}
	for _, name := range h.tree(t) {
		if !strings.Contains(name, "00000002") {
			t.Errorf("left behind: %s", name)
		}
	}
}

type interloper struct {
	*fakeSource
	ledger *ledger.Ledger
}

func (s interloper) Read(ctx context.Context, u Unit, cursor string, yield func(Batch) error) (Outcome, error) {
	if u.Name == "a" {
		if err := s.ledger.CommitBatch(ctx, ledger.Batch{ID: 1, Source: "other", Unit: "x"}, ledger.Unit{}); err != nil {
			return Outcome{}, err
		}
	}
	return s.fakeSource.Read(ctx, u, cursor, yield)
}

func TestSweepRemovesOrphansOnly(t *testing.T) {
	h := messageHouse(t)
	h.load(t, messageConfig(), messageSource("a", inventedMessages(0, 50)...))
	kept := h.tree(t)
	for _, name := range []string{
		"lake/ods/test_message/month=2024-01/00000099.parquet", "lake/ods/test_message/month=2024-01/00000002.parquet.tmp",
		"vault/00000099.vault", "vault/.00000002.vault.12.tmp",
	} {
		full := filepath.Join(h.Dir, name)
		if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := h.Sweep(t.Context()); n != 4 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if diff := cmp.Diff(kept, h.tree(t)); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(filepath.Join(h.Dir, "ledger.db")); err != nil {
		t.Error(err)
	}
}

// TestUndecodableRecords: what the source could not read is held with its row,
// between the rows that break the contract.
func TestUndecodableRecords(t *testing.T) {
	h := messageHouse(t)
	b := messageBatch(2, message("1", map[string]string{"内容": ""}), message("2", nil), message("3", map[string]string{"点赞": "-1"}))
	b.Sheet, b.Rows = "表1", []int64{2, 4, 5}
	b.Faults = []Fault{{Sheet: "表1", Row: 3, Reason: "列数不符", Raw: []byte("a,b")}}
	h.load(t, messageConfig(), &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a"}, batches: []Batch{b}}}})
	held, err := h.Ledger.Quarantine(t.Context(), ledger.HeldFilter{})
	if err != nil {
		t.Fatal(err)
	}
	base := ledger.Held{Batch: 1, Source: "messages", Unit: "a", Table: "ods.test_message", Sheet: "表1"}
	want := []ledger.Held{base, base, base}
	want[0].Seq, want[0].Row, want[0].Column, want[0].Rule, want[0].Reason = 1, 2, "内容", "required", "缺少必填的值"
	want[0].Ordinal, want[2].Ordinal = 1, 3 // the one between is no record
	want[1].Seq, want[1].Row, want[1].Rule, want[1].Reason = 2, 3, "undecodable", "列数不符"
	want[2].Seq, want[2].Row, want[2].Column, want[2].Rule, want[2].Reason, want[2].Shape = 3, 5, "点赞数", "min", "小于最小值0", "-9"
	if diff := cmp.Diff(want, held); diff != "" {
		t.Error(diff)
	}
}

// A new file is digested while it is read; when that fails, nothing of it lands.
func TestDigestBesideReading(t *testing.T) {
	h := messageHouse(t)
	src := messageSource("a.csv", message("1", nil))
	broken := errors.New("the share went away")
	src.units[0].Digest = func(context.Context) (string, error) { return "", broken }
	rep := h.load(t, messageConfig(), src)
	if len(rep.Failures) != 1 || !errors.Is(rep.Failures[0], broken) || !strings.Contains(rep.Failures[0].Error(), "source messages: a.csv: ") {
		t.Error(rep.Failures)
	}
	h.isEmpty(t)

	src.units[0].Digest = func(context.Context) (string, error) { return "sha256:1", nil }
	if rep := h.load(t, messageConfig(), src); rep.Landed != 1 || len(rep.Failures) > 0 {
		t.Error(rep)
	}
	u, _, err := h.Ledger.Unit(t.Context(), "messages", "a.csv")
	if cfg := messageConfig(); err != nil || u.Digest != "sha256:1@"+cfg.reading() {
		t.Error(u.Digest, err)
	}
}
