package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zhicang/demo/assist"
	"zhicang/privacy"
)

// relief is the 民政 part of a demo county, loaded and published.
type relief struct {
	site
	truth *assist.Truth
	keys  *privacy.Pseudonymizer
}

func makeRelief(t testing.TB, opts assist.Options) relief {
	t.Helper()
	r := relief{site: newSite(t, assist.Sources())}
	var err error
	if r.truth, err = assist.Write(t.Context(), r.dir, opts); err != nil {
		t.Fatal(err)
	}
	t.Log(mustZhicang(t, "-c", r.config, "run", "--as-of", r.truth.AsOf))
	r.keys = r.pseudonyms(t)
	return r
}

func TestReliefCounty(t *testing.T) {
	r := makeRelief(t, assist.Options{Seed: 1})
	t.Run("flags", func(t *testing.T) { testFlags(t, r) })
	t.Run("unknown", func(t *testing.T) { testUnknown(t, r) })
	t.Run("findings", func(t *testing.T) { testFindings(t, r) })
	t.Run("held rows", func(t *testing.T) {
		var planted []string
		for _, b := range r.truth.Broken {
			planted = append(planted, fmt.Sprint(b.Source, " ", b.File, " ", b.Sheet, " ", b.Row))
		}
		r.testHeld(t, planted, placeOf)
	})
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
	for _, row := range parseCSV(t, string(readFile(t, filepath.Join(r.dir, "drop", "人社局", "收入", "2025年12月.csv")))) {
		names[row[1]] = true
	}
	number := regexp.MustCompile(`339921\d{11}[\dX]|YX\d{6}`)
	han := regexp.MustCompile(`\p{Han}{3,}`)
	for where, text := range decoded(t, r.site) {
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

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
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
