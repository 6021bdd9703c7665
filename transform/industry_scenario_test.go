package transform_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Ten enterprises make 17 % more than a year ago. One writes the base of April in
// 万元: its growth counts for nothing, and the county's stays what it is. Of
// another one meter stays away: its electricity is not known, and does not fall.
func TestOneMistakeIsNoGrowth(t *testing.T) {
	e, g, cat := open(t)
	given := map[string]*strings.Builder{}
	row := func(table, header, format string, args ...any) {
		if given[table] == nil {
			given[table] = &strings.Builder{}
			given[table].WriteString(header + "\n")
		}
		fmt.Fprintf(given[table], format+"\n", args...)
	}
	for i := range 10 {
		code := fmt.Sprintf("E%d", i)
		row("ods.industry_enterprise", "credit_code,enterprise_name,region_code,industry_code,above_scale,childrens_wear,status,effective_from,batch_id,batch_row",
			"%s,厂%d,331022001,1811,true,true,在营,2024-01-01,1,%d", code, i, i)
		for month := 1; month <= 4; month++ {
			base := "1000000.00"
			if i == 9 && month == 4 {
				base = "100.00"
			}
			row("ods.industry_output", "credit_code,month,output,output_base,capacity,batch_id,batch_row",
				"%s,2025-%02d-01,1170000.00,%s,1500000.00,1,%d", code, month, base, i)
			for meter, kwh := range []int{1000, 4000} {
				if i == 8 && month == 4 && meter == 1 {
					continue
				}
				row("ods.industry_electricity", "credit_code,meter_no,period,read_on,kwh,batch_id,batch_row",
					"%s,M%d,月,2025-%02d-28,%d,1,%d", code, meter, month, kwh, 10*i+meter)
			}
		}
	}
	dims := map[string]string{
		"dim.parameter":       parameterCSV(cat),
		"dim.site":            "region_code\n331022\n",
		"dim.region_ancestor": "region_code,ancestor_code,ancestor_level\n331022001,331022,3\n",
	}
	for _, table := range g.Order() {
		n, _ := g.Node(table)
		c := n.Contract
		text, ok := dims[table]
		if !ok {
			text, ok = dated(cat, c)
		}
		if !ok && c.Domain() == "industry" && n.SQL == "" {
			text, ok = "month\n", true // a table of Go
			if c.Layer() == "ods" {
				text = c.Columns[0].Name + "\n"
			}
		}
		if given[table] != nil {
			text = given[table].String()
		}
		switch {
		case !ok:
		case c.Layer() == "ods":
			fill(t, e, table, c.LandedColumns(), text)
		default:
			fill(t, e, table, c.Columns, text)
		}
	}
	buildDomain(t, e, g, "industry")
	for _, c := range []struct {
		name, query string
		want        [][]string
	}{
		{
			"the county's growth, panel and doubts",
			"SELECT output_yoy, panel, doubtful, reporting, output FROM dws.industry_operation WHERE month = DATE '2025-04-01' AND segment = '全部'",
			[][]string{{"0.17", "9", "1", "10", "11700000"}},
		},
		{
			"what is doubted is named",
			"SELECT credit_code, metric, finding, value, usual, periods FROM ads.industry_signal WHERE finding IS NOT NULL",
			[][]string{{"E9", "同期可比产值", "单位", "100", "1e+06", "3"}},
		},
		{
			"electricity that is not known",
			"SELECT credit_code, kwh FROM dwd.industry_month WHERE month = DATE '2025-04-01' AND credit_code IN ('E7', 'E8') ORDER BY credit_code",
			[][]string{{"E7", "5000"}, {"E8", ""}},
		},
	} {
		if diff := cmp.Diff(c.want, queryRows(t, e, c.query)); diff != "" {
			t.Errorf("%s (-want +got): %s", c.name, diff)
		}
	}
}

// A window longer than what a table reads would come out otherwise in a first
// build than in an increment: the build refuses it and says why.
func TestWindowsStayWithinWhatIsRead(t *testing.T) {
	e, g, cat := open(t)
	for _, c := range []struct {
		table, parameter, upstream string
		most                       int
	}{
		{"ads.industry_signal", "industry.alert.window", "dwd.industry_month", 12},
		{"dwd.industry_unit_doubt", "industry.alert.window", "dwd.industry_report", 12},
		{"dwd.industry_report", "industry.electricity.meter_gone_months", "dwd.industry_meter", 3},
		// Persistence counts the month itself.
		{"ads.industry_alert", "industry.alert.persistence_window", "ads.industry_signal", 3},
	} {
		n, _ := g.Node(c.table)
		if reads := n.Contract.Reads[c.upstream].Before; reads != c.most && reads+1 != c.most {
			t.Errorf("%s reads %d months before, and %s may be %d", c.table, reads, c.parameter, c.most)
		}
		parameters, _ := g.Node("dim.parameter")
		for value, refused := range map[int]bool{c.most: false, c.most + 1: true} {
			fill(t, e, "dim.parameter", parameters.Contract.Columns, parameterCSV(cat))
			if err := e.Exec(context.Background(), fmt.Sprintf("UPDATE dim.parameter SET value = %d WHERE name = '%s'", value, c.parameter)); err != nil {
				t.Fatal(err)
			}
			got := 0
			for _, check := range n.Contract.Checks {
				if strings.Contains(check.Empty, "dim.parameter") {
					got += len(queryRows(t, e, check.Empty))
					if !strings.Contains(check.Title, c.parameter) {
						t.Errorf("%s: %q does not name %s", c.table, check.Title, c.parameter)
					}
				}
			}
			if (got > 0) != refused {
				t.Errorf("%s = %d of %s: refused %v, want %v", c.parameter, value, c.table, got > 0, refused)
			}
		}
	}
}
