package transform_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/warehouse"
)

// A dated row of a CSV, months counted from January 2024.
type monthRow struct {
	month int
	text  string
}

// tradeRows are two years of enterprises, by their reports and by what their
// trades did.
type tradeRows struct{ reports, peers []monthRow }

func dayOf(month int) string {
	return time.Date(2024, time.Month(month+1), 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

func (d *tradeRows) report(month int, code, class string, output float64) {
	d.reports = append(d.reports, monthRow{month, fmt.Sprintf("%s,%s,true,true,331022,%s,false,false,%.2f", code, dayOf(month), class, output)})
}

func (d *tradeRows) moved(month int, trade string, growth float64) {
	d.peers = append(d.peers, monthRow{month, fmt.Sprintf("%s,产值,%s,60,%.9f", dayOf(month), trade, growth)})
}

// signals are the rows of a month as a build sees them that looks so many months
// back.
func (d *tradeRows) signals(t *testing.T, e *warehouse.Engine, g *transform.Graph, cat *models.Catalog, month, back int) [][]string {
	t.Helper()
	cut := func(header string, rows []monthRow) string {
		for _, r := range rows {
			if r.month <= month && r.month >= month-back {
				header += "\n" + r.text
			}
		}
		return header + "\n"
	}
	for table, text := range map[string]string{
		"dwd.industry_month":      cut("credit_code,month,registered,active_at_end,region_code,industry_code,output_doubt,kwh_doubt,output", d.reports),
		"dws.industry_peer":       cut("month,metric,trade,enterprises,log_growth", d.peers),
		"ads.industry_operation":  "month\n",
		"dwd.industry_unit_doubt": "month\n",
		"dim.site":                "region_code\n331022\n",
		"dim.parameter":           parameterCSV(cat),
	} {
		up, _ := g.Node(table)
		fill(t, e, table, up.Contract.Columns, text)
	}
	n, _ := g.Node("ads.industry_signal")
	return queryRows(t, e, fmt.Sprintf("SELECT subject, usual, deviation, z, mad, anomaly FROM (%s) WHERE month = DATE '%s' ORDER BY ALL", n.SQL, dayOf(month)))
}

// E1 makes about 100 every month, and from June 2025 on the register has it in
// 182, which stands still, and no longer in 181, which grows: what it made before
// is carried by 182, so the usual of July is the median of twelve months of 100,
// 101 and 102.
func TestChangeOfTrade(t *testing.T) {
	e, g, cat := open(t)
	var d tradeRows
	for month := range 21 {
		class := map[bool]string{true: "1811", false: "1821"}[month < 17]
		d.report(month, "E1", class, 100+float64(month%3))
		d.moved(month, "181", 0.02)
		d.moved(month, "182", 0)
		d.moved(month, "全部", 0.01)
	}
	for _, back := range []int{12, 18} {
		got := d.signals(t, e, g, cat, 18, back)
		if want := [][]string{{"E1", "101", "-0.009901", "", "", "0"}}; !cmp.Equal(want, got) {
			t.Errorf("%d months back: %s", back, cmp.Diff(want, got))
		}
	}
}

// However far back a build sees, a month comes out the same to the last digit: a
// first build sees years, an increment twelve months.
func TestSignalsDoNotDependOnTheSpan(t *testing.T) {
	e, g, cat := open(t)
	r := rand.New(rand.NewPCG(3, 5))
	classes := []string{"1811", "1821", "1830"}
	var d tradeRows
	for month := range 24 {
		for _, trade := range []string{"181", "182", "全部"} { // of 183 there are too few
			if r.IntN(8) > 0 {
				d.moved(month, trade, 0.3*r.NormFloat64())
			}
		}
	}
	for i := range 40 {
		class := classes[r.IntN(len(classes))]
		for month := range 24 {
			if r.IntN(10) == 0 {
				class = classes[r.IntN(len(classes))]
			}
			if r.IntN(12) > 0 {
				d.report(month, fmt.Sprintf("E%02d", i), class, 1000*r.Float64())
			}
		}
	}
	anomalies := 0
	for _, month := range []int{14, 19, 23} {
		want := d.signals(t, e, g, cat, month, 12)
		if diff := cmp.Diff(want, d.signals(t, e, g, cat, month, 24)); diff != "" {
			t.Errorf("%s (-twelve months +all): %s", dayOf(month), diff)
		}
		for _, row := range want {
			if !slices.Contains([]string{"0", ""}, row[5]) {
				anomalies++
			}
		}
	}
	if anomalies == 0 {
		t.Error("nothing is out of bounds, so nothing was tested")
	}
}
