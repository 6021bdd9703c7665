package cli

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/demo/deputies"
	"zhicang/ledger"
	"zhicang/privacy"
)

// congressCounty is the deputies' part of a demo county, loaded and published.
type congressCounty struct {
	config, dir string
	truth       *deputies.Truth
	keys        *privacy.Pseudonymizer
}

func makeCongress(t testing.TB) congressCounty {
	t.Helper()
	dir := t.TempDir()
	truth, err := deputies.Write(t.Context(), dir, deputies.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	c := congressCounty{config: filepath.Join(dir, "zhicang.yaml"), dir: dir, truth: truth}
	regions := "code,name,short,level,parent,from,to,reference\n339900,丽州市,丽州,2,330000,,,虚构\n339921,云溪县,云溪,3,339900,,,虚构\n"
	for _, town := range deputies.DefaultTowns {
		regions += fmt.Sprintf("%s,%s,,4,339921,,,虚构\n", town.Code, town.Name)
	}
	writeFile(t, filepath.Join(dir, "site", "region.csv"), regions)
	writeFile(t, c.config, "data_dir: ./data\nregion: \"339921\"\nsite: ./site\nsources:\n"+deputies.Sources())
	t.Log(mustZhicang(t, "-c", c.config, "run", "--as-of", truth.AsOf))
	keys, err := privacy.LoadKeys(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	if c.keys, err = privacy.NewPseudonymizer(keys.Pseudonym); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCongressCounty: what was planted among the demo's deputies is found, and
// nothing else.
func TestCongressCounty(t *testing.T) {
	c := makeCongress(t)
	t.Run("scores", func(t *testing.T) {
		var want, got []string
		for _, s := range c.truth.Scores {
			want = append(want, fmt.Sprint(s.Scheme, " ", s.Year, " ", c.keys.Key(s.Deputy), " ", s.Level, " ", s.Item, " ", s.Points, " ", s.Total))
		}
		for _, row := range c.rows(t, "SELECT scheme, year, deputy_key, level, item, CAST(capped AS BIGINT), CAST(total AS BIGINT) FROM ads.congress_deputy_score") {
			if line := strings.Join(row, " "); slices.Contains(want, line) {
				got = append(got, line)
			}
		}
		sameLines(t, want, got)
	})
	t.Run("baselines", func(t *testing.T) {
		var want, got []string
		for _, b := range c.truth.Baselines {
			want = append(want, fmt.Sprint(b.Year, " ", c.keys.Key(b.Deputy), " ", b.Level, " ", b.Days, " ", b.State))
		}
		for _, row := range c.rows(t, "SELECT year, deputy_key, level, CAST(duty_days AS DOUBLE), duty_state FROM ads.congress_deputy_baseline") {
			days, err := strconv.ParseFloat(row[3], 64)
			if err != nil {
				t.Fatal(err)
			}
			row[3] = fmt.Sprint(days)
			if line := strings.Join(row, " "); slices.Contains(want, line) {
				got = append(got, line)
			}
		}
		sameLines(t, want, got)
	})
	t.Run("activity", func(t *testing.T) {
		var want, got []string
		for _, a := range c.truth.Activity {
			want = append(want, fmt.Sprint(a.Year, " ", a.Level, " ", a.Deputies, " ", a.Expected, " ", a.Attended))
		}
		for _, row := range c.rows(t, "SELECT extract(YEAR FROM period_start), level, deputies, expected, attended FROM ads.congress_deputy_activity WHERE period = 'year' AND region_code = '339921'") {
			got = append(got, strings.Join(row, " "))
		}
		sameLines(t, want, got)
	})
	t.Run("stations", func(t *testing.T) {
		for _, s := range c.truth.Station {
			rows := c.rows(t, fmt.Sprintf("SELECT receptions, opinions, score, coalesce(missing, '') FROM ads.congress_station_activity WHERE year = %d AND station_id = '%s'", s.Year, s.ID))
			want := [][]string{{fmt.Sprint(s.Receptions), fmt.Sprint(s.Opinions), fmt.Sprint(s.Score), s.Missing}}
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Errorf("%s (-planted +found):\n%s", s.ID, diff)
			}
		}
		if rows := c.rows(t, "SELECT year, count(*) FROM ads.congress_station_activity GROUP BY year ORDER BY year DESC"); rows[0][1] != fmt.Sprint(c.truth.Stations) {
			t.Errorf("stations by year: %v, want %d", rows, c.truth.Stations)
		}
	})
	t.Run("findings", func(t *testing.T) {
		var want, got []string
		for _, f := range c.truth.Findings {
			want = append(want, strings.Join([]string{f.Finding, f.Source, f.Record, c.keys.Key(f.Deputy)}, " "))
		}
		for _, row := range c.rows(t, "SELECT finding, source, record_id, deputy_key FROM ads.congress_duty_finding") {
			got = append(got, strings.Join(row, " "))
		}
		sameLines(t, want, got)
	})
	t.Run("board", func(t *testing.T) {
		if out := mustZhicang(t, "-c", c.config, "boards", "check", "congress-deputy", "--slow", "1m"); strings.Contains(out, "empty") || strings.Contains(out, "failing") {
			t.Error(out)
		}
	})
	t.Run("held rows", func(t *testing.T) { testHeldDeputies(t, c) })
}

func (c congressCounty) rows(t testing.TB, query string) [][]string {
	return csvRows(t, c.config, query)
}

func sameLines(t *testing.T, want, got []string) {
	t.Helper()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-planted +found):\n%.4000s", diff)
	}
}

func testHeldDeputies(t *testing.T, c congressCounty) {
	l, err := ledger.Open(t.Context(), filepath.Join(c.dir, "data", "ledger.sqlite"), nil)
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
		got = append(got, fmt.Sprint(h.Source, " ", h.Unit, " ", h.Row))
	}
	for _, b := range c.truth.Broken {
		want = append(want, fmt.Sprint(b.Source, " ", b.File, " ", b.Row))
	}
	sameLines(t, want, got)
}
