package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/warehouse"
)

// TestMetricsRestOnTheirDataSets holds dim.assist_metric against the models: when
// a data set stays away, the metrics that name it lack it, and no other does.
func TestMetricsRestOnTheirDataSets(t *testing.T) {
	e, g, cat := open(t)
	titles := map[string]string{}
	for _, row := range ruleRows(t, cat, "dim.assist_dataset") {
		titles[row["dataset"].(string)] = row["title"].(string)
	}
	computed := map[string]bool{}
	for dataset, title := range titles {
		for metric, missing := range missingMetrics(t, e, g, cat, dataset) {
			computed[metric] = true
			rests := slices.ContainsFunc(ruleRows(t, cat, "dim.assist_metric"), func(row map[string]any) bool {
				return fmt.Sprint(row["metric"], " ", row["window_kind"]) == metric && slices.Contains(row["datasets"].([]string), dataset)
			})
			if lacks := strings.Contains(missing, title); lacks != rests {
				t.Errorf("%s without %s: missing is %q, and dim.assist_metric says that it rests on it: %v", metric, dataset, missing, rests)
			}
		}
	}
	var want []string
	for _, row := range ruleRows(t, cat, "dim.assist_metric") {
		if row["metric"] != "record_conflicts" { // of which no row says that it is missing
			want = append(want, fmt.Sprint(row["metric"], " ", row["window_kind"]))
		}
	}
	var got []string
	for metric := range computed {
		got = append(got, metric)
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("metrics of dim.assist_metric and those that are computed (-named +computed):\n%s", diff)
	}
}

// missingMetrics builds the metrics of a household that has something of each, with
// one data set late by a month more than agreed, and says what each metric of the
// last evaluation lacks, by metric and window.
func missingMetrics(t *testing.T, e *warehouse.Engine, g *transform.Graph, cat *models.Catalog, dataset string) map[string]string {
	t.Helper()
	end := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
	late := ""
	for _, row := range ruleRows(t, cat, "dim.assist_dataset") {
		if row["dataset"] == dataset {
			late = end.AddDate(0, 0, -30).AddDate(0, 1-int(row["every_months"].(int32)), 0).Format("2006-01")
		}
	}
	checked := "2025-06-30"
	if dataset == "货币财产" {
		checked = "2024-06-30" // told person by person: an old balance is none
	}
	s := &scenario{
		AsOf: end.Format(time.DateOnly), Late: map[string]string{dataset: late},
		Cases: []scenarioCase{{Case: "各项都有的户", Members: 2, Rows: map[string][]map[string]any{
			"list_status": {{"category": "低保"}}, // of others nobody asks what they own
			"medical":     {{"total": 900, "self_paid": 300, "paid_on": "2025-06-01"}},
			"income":      {{"kind": "工资", "amount": 4000, "months": []any{"2025-01", "2025-06"}}},
			"benefit":     {{"who": 2, "benefit": "高龄津贴", "amount": 50, "paid_on": "2025-06-01"}},
			"death":       {{"who": 2, "died_on": "2025-04-01"}},
			"asset": {
				{"kind": "货币财产", "amount": 1, "checked_on": checked},
				{"who": 2, "kind": "货币财产", "amount": 1, "checked_on": checked},
				{"kind": "车辆", "amount": 1, "checked_on": "2025-06-30"},
				{"kind": "不动产", "area": 60, "checked_on": "2025-06-30"},
				{"kind": "不动产", "area": 40, "checked_on": "2025-06-30"},
				{"kind": "认缴出资", "amount": 1, "checked_on": "2025-06-30"},
			},
		}}},
	}
	s.fill(t, e, cat)
	buildDomain(t, e, g, "assist")
	missing := map[string]string{}
	for _, row := range queryRows(t, e, `SELECT concat(metric, ' ', window_kind), coalesce(missing, '') FROM (
			SELECT month, metric, window_kind, missing FROM dws.assist_household_metric WHERE household_key = 'h0'
			UNION ALL SELECT month, metric, window_kind, missing FROM dws.assist_person_metric WHERE starts_with(person_key, 'p0.')
		) WHERE month = DATE '2025-12-01'`) {
		missing[row[0]] = row[1]
	}
	return missing
}

// ruleRows are the rows of a rule table as shipped, by column.
func ruleRows(t *testing.T, cat *models.Catalog, table string) []map[string]any {
	t.Helper()
	c, _ := cat.Contract(table)
	i := slices.IndexFunc(cat.RuleTables(), func(r *models.RuleTable) bool { return r.Table == table })
	if i < 0 {
		t.Fatalf("there is no rule table %s", table)
	}
	var rows []map[string]any
	for _, values := range cat.RuleTables()[i].Rows {
		row := map[string]any{}
		for k, col := range c.Columns {
			row[col.Name] = values[k]
		}
		rows = append(rows, row)
	}
	return rows
}
