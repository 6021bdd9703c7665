package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/demo/assist"
	"zhicang/ledger"
	"zhicang/privacy"
)

const assistRegions = `code,name,short,level,parent,from,to,reference
339900,丽州市,丽州,2,330000,,,虚构
339921,云溪县,云溪,3,339900,,,虚构
339921001,云城街道,云城,4,339921,,,虚构
339921100,青岩坑镇,青岩坑,4,339921,,,虚构
339921200,沙坪头乡,沙坪头,4,339921,,,虚构
`

// relief is the 民政 part of a demo county, loaded and published.
type relief struct {
	config string
	dir    string
	truth  *assist.Truth
	keys   *privacy.Pseudonymizer
}

func makeRelief(t testing.TB, opts assist.Options) relief {
	t.Helper()
	dir := t.TempDir()
	opts.Towns = []string{"339921001", "339921100", "339921200"}
	truth, err := assist.Write(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	r := relief{config: filepath.Join(dir, "zhicang.yaml"), dir: dir, truth: truth}
	writeFile(t, filepath.Join(dir, "site", "region.csv"), assistRegions)
	writeFile(t, r.config, "data_dir: ./data\nregion: \"339921\"\nsite: ./site\nsources:\n"+assist.Sources())
	t.Log(mustZhicang(t, "-c", r.config, "run", "--as-of", truth.AsOf))
	keys, err := privacy.LoadKeys(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	if r.keys, err = privacy.NewPseudonymizer(keys.Pseudonym); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r relief) rows(t testing.TB, query string) [][]string { return csvRows(t, r.config, query) }

func TestReliefCounty(t *testing.T) {
	r := makeRelief(t, assist.Options{Seed: 1})
	t.Run("flags", func(t *testing.T) { testFlags(t, r) })
	t.Run("unknown", func(t *testing.T) { testUnknown(t, r) })
	t.Run("findings", func(t *testing.T) { testFindings(t, r) })
	t.Run("held rows", func(t *testing.T) { testReliefQuarantine(t, r) })
	t.Run("late source", func(t *testing.T) {
		late := r.rows(t, "SELECT title, note FROM ads.assist_dataset_state WHERE missing_months > 0")
		if len(late) != 1 || late[0][0] != r.truth.Late {
			t.Errorf("late are %v, want %s alone", late, r.truth.Late)
		}
	})
}

// testNobody looks for every identity, name and number of a household in every
// value of the lake, the warehouse and the published tables.
func testNobody(t *testing.T, r relief) {
	names := map[string]bool{}
	for _, row := range parseCSV(t, string(readFile(t, filepath.Join(r.dir, "drop", "人社局", "就业.csv")))) {
		names[row[2]] = true
	}
	number := regexp.MustCompile(`339921\d{11}[\dX]|YX\d{6}`)
	han := regexp.MustCompile(`\p{Han}{3,}`)
	for where, text := range decoded(t, county{dir: r.dir, config: r.config}) {
		if n := len(number.FindAllString(text, -1)); n > 0 {
			t.Errorf("%s holds %d numbers of people or households", where, n)
		}
		for _, word := range han.FindAllString(text, -1) {
			runes := []rune(word)
			for i := 0; i+3 <= len(runes); i++ {
				if names[string(runes[i:i+3])] {
					t.Fatalf("%s holds a name of %d", where, len(names))
				}
			}
		}
	}
	if len(names) < 300 || !number.MatchString(string(readFile(t, filepath.Join(r.dir, "drop", "教育局", "教育支出.csv")))) {
		t.Errorf("%d names to look for, and no household", len(names))
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
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

func testFlags(t *testing.T, r relief) {
	var want, got []string
	for _, f := range r.truth.Flags {
		want = append(want, strings.Join([]string{f.Rule, r.keys.Key(f.Subject), f.Period, f.State}, " "))
	}
	for _, row := range r.rows(t, `SELECT rule_id, CASE WHEN person_key IS NULL OR metric NOT IN ('medical_total', 'medical_self', 'paid_after_death', 'record_conflicts')
		THEN household_key ELSE person_key END, period, state FROM ads.assist_risk_flag`) {
		got = append(got, strings.Join(row, " "))
	}
	compare(t, "flags", want, got)
	for _, n := range r.truth.Near {
		key := n.Rule + " " + r.keys.Key(n.Subject)
		if slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, key) }) {
			t.Errorf("%s was flagged by %s", n.Why, n.Rule)
		}
	}
}

func testUnknown(t *testing.T, r relief) {
	var want, got []string
	for _, f := range r.truth.Unknown {
		want = append(want, f.Rule+" "+r.keys.Key(f.Subject))
	}
	for _, row := range r.rows(t, "SELECT rule_id, subject_key FROM ads.assist_risk_unknown") {
		got = append(got, strings.Join(row, " "))
	}
	compare(t, "unknown", want, got)
}

func testFindings(t *testing.T, r relief) {
	var want, got []string
	for _, f := range r.truth.Findings {
		want = append(want, f.Rule+" "+r.keys.Key(f.Subject))
	}
	for _, row := range r.rows(t, "SELECT kind, subject_key FROM ads.assist_data_finding") {
		got = append(got, strings.Join(row, " "))
	}
	compare(t, "findings", want, got)
}

func testReliefQuarantine(t *testing.T, r relief) {
	l, err := ledger.Open(t.Context(), filepath.Join(r.dir, "data", "ledger.sqlite"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	held, err := l.Quarantine(t.Context(), ledger.HeldFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, h := range held {
		got = append(got, fmt.Sprint(h.Source, " ", h.Unit, " ", h.Sheet, " ", h.Row))
	}
	for _, b := range r.truth.Broken {
		want = append(want, fmt.Sprint(b.Source, " ", b.File, " ", b.Sheet, " ", b.Row))
	}
	compare(t, "held rows", want, got)
}
