package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/demo/yunxi"
	"zhicang/ledger"
	"zhicang/privacy"
)

// A site is a county's config with what stands below its folder.
type site struct{ dir, config string }

// newSite makes a site of one part of the demo, with these entries of sources:.
func newSite(t testing.TB, sources string) site {
	t.Helper()
	dir := t.TempDir()
	s := site{dir: dir, config: filepath.Join(dir, "zhicang.yaml")}
	writeFile(t, filepath.Join(dir, "site", "region.csv"), yunxi.RegionCSV())
	writeFile(t, s.config, fmt.Sprintf("data_dir: ./data\nregion: %q\nsite: ./site\nsources:\n%s", yunxi.Code, sources))
	return s
}

// rows asks the published file.
func (s site) rows(t testing.TB, query string) [][]string { return csvRows(t, s.config, query) }

// pseudonyms gives people the keys that the site gives them.
func (s site) pseudonyms(t testing.TB) *privacy.Pseudonymizer {
	t.Helper()
	keys, err := privacy.LoadKeys(filepath.Join(s.dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := privacy.NewPseudonymizer(keys.Pseudonym)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// testHeld wants exactly the planted rows in quarantine, each with a reason; told
// says of a row what the truth says of a planted one.
func (s site) testHeld(t *testing.T, planted []string, told func(ledger.Held) string) {
	t.Helper()
	l, err := ledger.Open(t.Context(), filepath.Join(s.dir, "data", "ledger.sqlite"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	list, err := l.Quarantine(t.Context(), ledger.HeldFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, h := range list {
		got = append(got, told(h))
		if h.Reason == "" {
			t.Errorf("%d/%d is held back without a reason", h.Batch, h.Seq)
		}
	}
	compare(t, "held rows", planted, got)
}

// placeOf is where a held row stands.
func placeOf(h ledger.Held) string {
	return fmt.Sprint(h.Source, " ", h.Unit, " ", h.Sheet, " ", h.Row)
}

// compare holds what was found against what was planted, and tells precision
// and recall.
func compare(t *testing.T, what string, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	hits := 0
	for _, g := range got {
		if slices.Contains(want, g) {
			hits++
		}
	}
	t.Logf("%s: planted %d, found %d, precision %.4f, recall %.4f", what, len(want), len(got),
		float64(hits)/float64(max(len(got), 1)), float64(hits)/float64(max(len(want), 1)))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-planted +found):\n%.6000s", what, diff)
	}
}
