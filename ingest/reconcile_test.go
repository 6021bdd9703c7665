package ingest

import (
	"math/big"
	"strings"
	"testing"

	"zhicang/ledger"
)

func TestSourcesOwnCount(t *testing.T) {
	rows := [][]string{message("1", map[string]string{"点赞": "1,200"}), message("2", map[string]string{"点赞": "３.0"}), message("3", map[string]string{"点赞": "-1"}), message("4", map[string]string{"点赞": "无"})}
	count := func(n int64) *int64 { return &n }
	for name, c := range map[string]struct {
		rows    int // how many of them the source delivers
		outcome Outcome
		err     string
	}{
		"says nothing":       {3, Outcome{}, ""},
		"right count":        {3, Outcome{Total: count(3)}, ""},
		"lost on the way":    {3, Outcome{Total: count(4)}, "source messages: a: the source counts 4 records and delivered 3; nothing of it was landed"},
		"twice":              {3, Outcome{Total: count(2)}, "counts 2 records and delivered 3"},
		"right sum":          {3, Outcome{Totals: []map[string]string{{"点赞": "1,202"}}}, ""},
		"wrong sum":          {3, Outcome{Totals: []map[string]string{{"点赞": "1500"}}}, "column likes does not add up: the source itself says 1500, and its rows make 1202"},
		"several sums":       {3, Outcome{Totals: []map[string]string{{"点赞": "1"}, {"点赞": "2"}}}, ""},
		"no sum of this one": {3, Outcome{Totals: []map[string]string{{"编号": "3"}}}, ""},
		"unreadable number":  {4, Outcome{Totals: []map[string]string{{"点赞": "1500"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, cfg := messageHouse(t), messageConfig()
			cfg.Reconcile.Sum = []string{"likes"}
			src := messageSource("a", rows[:c.rows]...)
			src.units[0].outcome = c.outcome
			rep := h.load(t, cfg, src)
			switch {
			case c.err == "":
				if len(rep.Failures) > 0 || rep.Landed != 2 || rep.Held != int64(c.rows-2) {
					t.Error(rep)
				}
			case len(rep.Failures) != 1 || !strings.Contains(rep.Failures[0].Error(), c.err):
				t.Errorf("%v, want %s", rep.Failures, c.err)
			default:
				h.isEmpty(t)
			}
		})
	}
}

// What lies in the files is read back: a row or an amount that the reading side
// saw and the files do not hold is found.
func TestLossIsFound(t *testing.T) {
	h, cfg := messageHouse(t), messageConfig()
	cfg.Reconcile.Sum = []string{"likes"}
	h.load(t, cfg, messageSource("a", message("1", map[string]string{"点赞": "7"}), message("2", map[string]string{"点赞": "5"})))
	files, err := h.Ledger.LakeFiles(t.Context(), "ods.test_message")
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	in := &intake{Loader: h.Loader, cfg: cfg}
	for name, c := range map[string]struct {
		passed, landed, held int64
		read                 int64
		err                  string
	}{
		"all there":        {2, 2, 0, 12, ""},
		"a row too few":    {3, 2, 0, 12, "the rows do not add up: 3 read, 0 repeated, 2 landed, 0 held"},
		"a row too many":   {2, 2, 1, 12, "2 read, 0 repeated, 2 landed, 1 held"},
		"counted wrongly":  {2, 3, 0, 12, "the rows do not add up"},
		"another amount":   {2, 2, 0, 13, "column likes does not add up: 13 read, 12 landed, 0 held"},
		"an amount halved": {2, 2, 0, 6, "column likes does not add up: 6 read, 12 landed, 0 held"},
	} {
		t.Run(name, func(t *testing.T) {
			tal := newTally(cfg)
			tal.delivered, tal.passed = c.passed, c.passed
			tal.sums[0].read.SetInt64(c.read)
			b := ledger.Batch{Landed: c.landed, Held: c.held, Files: []ledger.File{{Path: files[0].Path}}}
			err := in.reconcile(t.Context(), Unit{Name: "a"}, &b, tal, Outcome{})
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v, want %s", err, c.err)
			}
		})
	}
}

func TestAddTo(t *testing.T) {
	for text, want := range map[string]string{"1,234.50": "1234.5", "０.10": "0.1", "-3": "-3", "+2": "2", "1/2": "", "1e3": "", "无": "", "": ""} {
		total := new(big.Rat)
		if ok := addTo(total, text); ok != (want != "") || ok && decimal(total) != want {
			t.Errorf("addTo(%q) = %t, %s; want %s", text, ok, decimal(total), want)
		}
	}
}

func TestReconcileSettings(t *testing.T) {
	for column, want := range map[string]string{
		"boddy": "sources[messages].reconcile.sum: boddy is no mapped column",
		"body":  "sources[messages].reconcile.sum: body is VARCHAR",
	} {
		h, cfg := messageHouse(t), messageConfig()
		cfg.Reconcile.Sum = []string{column}
		if _, err := Mapped(cfg, h.Catalog); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestCountIsForDatabases(t *testing.T) {
	h, cfg := messageHouse(t), messageConfig()
	cfg.Reconcile.Count = new(bool)
	want := "sources[messages].reconcile.count: is for type: sqldb"
	if _, err := Mapped(cfg, h.Catalog); err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
