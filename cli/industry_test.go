package cli

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/demo/industry"
	"zhicang/ledger"
)

// trade is a county that is nothing but its children's wear trade, loaded and
// published once.
type trade struct {
	site
	truth *industry.Truth
}

func TestDemoIndustry(t *testing.T) {
	c := trade{site: newSite(t, industry.Sources())}
	began := time.Now()
	var err error
	if c.truth, err = industry.Write(t.Context(), c.dir, industry.Options{Seed: 1}); err != nil {
		t.Fatal(err)
	}
	written := time.Now()
	putBack := holdDecember(t, c.dir)
	mustZhicang(t, "-c", c.config, "run", "--as-of", "2025-12-31")
	full := time.Now()
	putBack()
	mustZhicang(t, "-c", c.config, "run", "--as-of", "2025-12-31")
	t.Logf("%d enterprises over three years: written in %.1f s, loaded, built and published in %.1f s, the last month of 36 in %.1f s",
		c.truth.Enterprises, written.Sub(began).Seconds(), full.Sub(written).Seconds(), time.Since(full).Seconds())

	t.Run("planted alerts are found", func(t *testing.T) { testPlantedAlerts(t, c) })
	t.Run("an alert keeps its id", func(t *testing.T) { testAlertLives(t, c) })
	t.Run("a shock to a trade is found", func(t *testing.T) { testShock(t, c) })
	t.Run("exactly the broken rows are held back", func(t *testing.T) {
		var planted []string
		for _, b := range c.truth.Broken {
			planted = append(planted, fmt.Sprint(b.Source, " ", path.Base(b.File), " ", b.Row, " ", b.Rule))
		}
		c.testHeld(t, planted, func(h ledger.Held) string {
			return fmt.Sprint(h.Source, " ", path.Base(filepath.ToSlash(h.Unit)), " ", h.Row, " ", h.Rule)
		})
	})
	t.Run("nothing follows from what is withheld", func(t *testing.T) { testWithheld(t, c) })
	t.Run("no sum or difference tells what is withheld", func(t *testing.T) { testSpan(t, c) })
	t.Run("nor do changes and ratios beside levels", func(t *testing.T) { testChain(t, c) })
	t.Run("grades", func(t *testing.T) { testGrades(t, c) })
	t.Run("a second run does nothing", func(t *testing.T) {
		if out := mustZhicang(t, "-c", c.config, "run", "--as-of", "2025-12-31"); !strings.Contains(out, "nothing changed since publication 2") {
			t.Error(out)
		}
	})
	t.Run("month by month comes out as all at once", func(t *testing.T) { testAllAtOnce(t, c) })
	t.Run("a threshold from a date is an edit to one file", func(t *testing.T) { testNewThreshold(t, c) })
}

// holdDecember takes away what is delivered for the last month; the result puts
// it back.
func holdDecember(t *testing.T, dir string) (putBack func()) {
	t.Helper()
	held := map[string]string{}
	for _, pattern := range []string{"产值月报/2025年12月*", "企业用电/202512*", "订单工时/2025-12*", "用工月报/*2025-12*"} {
		files, err := filepath.Glob(filepath.Join(dir, "drop", filepath.FromSlash(pattern)))
		if err != nil || len(files) != 1 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		held[files[0]] = filepath.Join(dir, fmt.Sprint("held-", len(held)))
	}
	move := func(from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for file, aside := range held {
		move(file, aside)
	}
	return func() {
		for file, aside := range held {
			move(aside, file)
		}
	}
}

// testAllAtOnce builds everything again; what was published must stay as it is.
func testAllAtOnce(t *testing.T, c trade) {
	tables := []string{"ads.industry_operation", "ads.industry_alert", "ads.industry_enterprise_grade", "dim.industry_enterprise"}
	was := map[string][][]string{}
	for _, table := range tables {
		was[table] = c.rows(t, "SELECT * FROM "+table+" ORDER BY ALL")
	}
	mustZhicang(t, "-c", c.config, "run", "--full", "--as-of", "2025-12-31")
	for _, table := range tables {
		if diff := cmp.Diff(was[table], c.rows(t, "SELECT * FROM "+table+" ORDER BY ALL")); diff != "" {
			t.Errorf("%s: %s", table, diff)
		}
	}
}

// testPlantedAlerts wants every planted event found as what it is, in the month
// in which it began or the next, and at most one alert without an event in a
// thousand enterprise-months.
func testPlantedAlerts(t *testing.T, c trade) {
	type found struct{ month, id, kind string }
	opened := map[string][]found{} // by credit code and metric
	n := 0
	for _, r := range c.rows(t, "SELECT credit_code, metric, strftime(month, '%Y-%m'), alert_id, kind FROM ads.industry_alert WHERE state = '新增' AND level = '企业'") {
		opened[r[0]+r[1]] = append(opened[r[0]+r[1]], found{r[2], r[3], r[4]})
		n++
	}
	kinds := map[string][2]int{}
	explained := map[string]bool{}
	for _, e := range c.truth.Events {
		from, err := time.Parse("2006-01", e.From)
		if err != nil {
			t.Fatal(err)
		}
		periods := []string{e.From, from.AddDate(0, 1, 0).Format("2006-01")}
		i := slices.IndexFunc(opened[e.CreditCode+e.Metric], func(f found) bool { return f.kind == e.Kind && slices.Contains(periods, f.month) })
		count := kinds[e.Kind]
		count[1]++
		if i >= 0 {
			count[0]++
			explained[opened[e.CreditCode+e.Metric][i].id] = true
		} else {
			t.Errorf("%s of %s from %s was not found: %v", e.Kind, e.CreditCode, e.From, opened[e.CreditCode+e.Metric])
		}
		kinds[e.Kind] = count
	}
	falseAlerts := n - len(explained)
	share := 1000 * float64(falseAlerts) / float64(c.truth.EnterpriseMonths)
	t.Logf("found of planted, within two periods: %v", kinds)
	t.Logf("%d alerts without an event in %d enterprise-months: %.2f in 1,000", falseAlerts, c.truth.EnterpriseMonths, share)
	if share > 1 {
		t.Error("want at most 1 in 1,000")
	}
}

// testAlertLives wants each alert to be opened once, to go on month by month
// under its id, and to be cleared at most once, at its end.
func testAlertLives(t *testing.T, c trade) {
	var last []string
	n := 0
	for _, r := range c.rows(t, "SELECT alert_id, state, year(month) * 12 + month(month), year(opened) * 12 + month(opened) FROM ads.industry_alert ORDER BY alert_id, month") {
		if last == nil || last[0] != r[0] {
			n++
			if r[1] != "新增" || r[2] != r[3] {
				t.Errorf("%s begins as %s", r[0], r[1])
			}
		} else if r[1] == "新增" || last[1] == "解除" || r[3] != last[3] || atoi(t, r[2]) != atoi(t, last[2])+1 {
			t.Errorf("%s: %v after %v", r[0], r, last)
		}
		last = r
	}
	t.Logf("%d alerts", n)
}

func atoi(t testing.TB, s string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func testShock(t *testing.T, c trade) {
	for _, s := range c.truth.Shocks {
		rows := c.rows(t, fmt.Sprintf(`SELECT strftime(opened, '%%Y-%%m'), lamp, reason FROM ads.industry_alert
			WHERE level = '单元' AND state = '新增' AND kind = '下降' AND region_code = '339921' AND segment = '%s' AND month BETWEEN DATE '%s-01' AND DATE '%s-01'`, s.Segment, s.From, s.To))
		from, _ := time.Parse("2006-01", s.From)
		if len(rows) != 1 || rows[0][0] > from.AddDate(0, 1, 0).Format("2006-01") {
			t.Errorf("%+v: %v", s, rows)
		}
		t.Log(rows)
	}
}

// testWithheld looks at the published table as a curious reader would: for
// cells of too few, and for sums of which one part alone is withheld.
func testWithheld(t *testing.T, c trade) {
	if few := c.rows(t, "SELECT month, region_code, segment FROM ads.industry_operation WHERE output IS NOT NULL AND reporting BETWEEN 1 AND 2"); len(few) > 0 {
		t.Errorf("cells of fewer than three are published: %v", few)
	}
	for name, q := range map[string]string{
		"a town is the county less the others": `SELECT c.month, c.segment FROM ads.industry_operation AS c
			JOIN ads.industry_operation AS t ON t.month = c.month AND t.segment = c.segment AND t.region_code <> c.region_code
			WHERE c.region_code = '339921' AND c.output IS NOT NULL
			GROUP BY c.month, c.segment HAVING count_if(t.reporting > 0 AND t.output IS NULL) = 1`,
		"用电弹性 and 用电同比 tell 产值同比": `SELECT month, region_code, segment FROM ads.industry_operation
			WHERE electricity_elasticity IS NOT NULL AND list_contains(withheld, 'output_yoy')`,
		"a ratio of outputs beside an output that is withheld": `SELECT month, region_code, segment FROM ads.industry_operation
			WHERE list_contains(withheld, 'output') AND coalesce(output_yoy, output_mom, capacity_utilisation, electricity_elasticity) IS NOT NULL`,
		"用电弹性 and 产值同比 tell 用电同比": `SELECT month, region_code, segment FROM ads.industry_operation
			WHERE electricity_elasticity IS NOT NULL AND list_contains(withheld, 'electricity_yoy')`,
		"规上 and 规下 are all": `SELECT month, region_code FROM ads.industry_operation WHERE segment IN ('全部', '规上', '规下')
			GROUP BY month, region_code HAVING count(*) = 3 AND count_if(reporting > 0 AND output IS NULL) = 1`,
		"what remains of a town without 规下 are one or two": `SELECT a.month, a.region_code FROM ads.industry_operation AS a
			JOIN ads.industry_operation AS s ON s.month = a.month AND s.region_code = a.region_code AND s.segment <> a.segment
			WHERE a.segment = '全部' AND a.output IS NOT NULL AND s.output IS NOT NULL AND a.reporting - s.reporting BETWEEN 1 AND 2`,
	} {
		if rows := c.rows(t, q); len(rows) > 0 {
			t.Errorf("%s: %d, such as %v", name, len(rows), rows[0])
		}
	}
	r := c.rows(t, "SELECT count(*), count(output), count(output) FILTER (WHERE region_code = '339921'), count(*) FILTER (WHERE region_code = '339921') FROM ads.industry_operation")[0]
	t.Logf("output published of %s of %s cells, of %s of the county's %s", r[1], r[0], r[2], r[3])
	if r[2] != r[3] {
		t.Error("the county as a whole should lose nothing")
	}
}

func testGrades(t *testing.T, c trade) {
	for _, r := range c.rows(t, `SELECT unit_class, count(grade), count_if(grade = 'A'), count_if(grade = 'B'), count_if(grade = 'C'), count_if(grade = 'D'), count(*)
		FROM ads.industry_enterprise_grade WHERE year_end = DATE '2025-12-31' GROUP BY unit_class ORDER BY unit_class`) {
		n := float64(atoi(t, r[1]))
		want := []int{int(0.2 * n), int(0.6*n+1e-9) - int(0.2*n), int(0.95*n+1e-9) - int(0.6*n+1e-9), int(n) - int(0.95*n+1e-9)}
		var got []int
		for _, s := range r[2:6] {
			got = append(got, atoi(t, s))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: A to D of %s: %s", r[0], r[1], diff)
		}
		t.Logf("%s: %s graded of %s, A–D %v", r[0], r[1], r[6], got)
	}
}

// testNewThreshold lets one period do from July on, instead of two of three:
// one edit to one file. What was before July stays as it was.
func testNewThreshold(t *testing.T, c trade) {
	const before = "SELECT * FROM ads.industry_alert WHERE month < DATE '2025-07-01' ORDER BY month, alert_id"
	const trends = "SELECT count(*) FROM ads.industry_alert WHERE category = '走势' AND state = '新增' AND month >= DATE '2025-07-01'"
	was, count := c.rows(t, before), atoi(t, c.rows(t, trends)[0][0])
	file, err := os.ReadFile(filepath.Join("..", "models", "industry", "params", "alert.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	const old = `values: [{value: 2, from: 2000-01-01, reference: "[A] 3期中2期"}]`
	edited := strings.Replace(string(file), old, `values:
    - {value: 2, from: 2000-01-01, to: 2025-07-01, reference: "[A] 3期中2期"}
    - {value: 1, from: 2025-07-01, reference: "试行：一期即报"}`, 1)
	if edited == string(file) {
		t.Fatal("the parameter is not where it was")
	}
	writeFile(t, filepath.Join(c.dir, "site", "models", "industry", "params", "alert.yaml"), edited)
	mustZhicang(t, "-c", c.config, "run", "--as-of", "2025-12-31")
	if diff := cmp.Diff(was, c.rows(t, before)); diff != "" {
		t.Errorf("alerts before July changed: %s", diff)
	}
	if now := atoi(t, c.rows(t, trends)[0][0]); now <= count {
		t.Errorf("%d trends from July on, and %d before the edit", now, count)
	}
}
