package cli

import (
	"fmt"
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
	site
	truth *deputies.Truth
	keys  *privacy.Pseudonymizer
}

func makeCongress(t testing.TB) congressCounty {
	t.Helper()
	c := congressCounty{site: newSite(t, deputies.Sources())}
	var err error
	if c.truth, err = deputies.Write(t.Context(), c.dir, deputies.Options{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	t.Log(mustZhicang(t, "-c", c.config, "run", "--as-of", c.truth.AsOf))
	c.keys = c.pseudonyms(t)
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
		compare(t, "scores", want, got)
	})
	t.Run("every point leads to its records", func(t *testing.T) {
		lost := c.rows(t, `SELECT s.scheme, s.year, s.deputy_key, s.level, s.region_code, s.item, s.capped, s.records, count(r.record_id) FROM ads.congress_deputy_score AS s
			LEFT JOIN ads.congress_deputy_score_record AS r
				ON r.scheme = s.scheme AND r.year = s.year AND r.deputy_key = s.deputy_key AND r.level = s.level AND r.region_code = s.region_code AND r.item = s.item
			GROUP BY ALL HAVING count(r.record_id) <> s.records OR (s.capped <> 0 AND s.records = 0)`)
		if len(lost) > 0 {
			t.Errorf("%d items have other records than they say, or points without any: %v", len(lost), lost[:1])
		}
		record := c.rows(t, "SELECT deputy_key, item, record_id FROM ads.congress_deputy_score_record WHERE year = 2025 AND scheme = 'zhrd' ORDER BY deputy_key, record_id LIMIT 1")[0]
		out := mustZhicang(t, "-c", c.config, "explain", "--as-of", c.truth.AsOf, record[0][:8])
		for _, want := range append(record[1:], "各年总分", "计分规则", "[17]", "法定基线", "口径") {
			if !strings.Contains(out, want) {
				t.Errorf("explain %s does not say %s:\n%s", record[0][:8], want, out)
			}
		}
		if _, stderr, code := zhicang(t, "-c", c.config, "explain", "pnobody2"); code == 0 || !strings.Contains(stderr, "ads.congress_deputy_score") {
			t.Errorf("explain of nobody: %d\n%s", code, stderr)
		}
	})
	t.Run("in a browser", func(t *testing.T) {
		b := openBrowser(t, servePages(t, c.site))
		b.testScore(t)
		b.complaints(t)
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
		compare(t, "baselines", want, got)
	})
	t.Run("activity", func(t *testing.T) {
		var want, got []string
		for _, a := range c.truth.Activity {
			want = append(want, fmt.Sprint(a.Year, " ", a.Level, " ", a.Deputies, " ", a.Expected, " ", a.Attended))
		}
		for _, row := range c.rows(t, "SELECT extract(YEAR FROM period_start), level, deputies, expected, attended FROM ads.congress_deputy_activity WHERE period = 'year' AND region_code = '339921'") {
			got = append(got, strings.Join(row, " "))
		}
		compare(t, "activity", want, got)
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
		compare(t, "findings", want, got)
	})
	t.Run("board", func(t *testing.T) {
		if out := mustZhicang(t, "-c", c.config, "boards", "check", "congress-deputy", "--slow", "1m"); strings.Contains(out, "empty") || strings.Contains(out, "failing") {
			t.Error(out)
		}
	})
	t.Run("held rows", func(t *testing.T) {
		var planted []string
		for _, b := range c.truth.Broken {
			planted = append(planted, fmt.Sprint(b.Source, " ", b.File, " ", b.Row))
		}
		c.testHeld(t, planted, func(h ledger.Held) string { return fmt.Sprint(h.Source, " ", h.Unit, " ", h.Row) })
	})
}
