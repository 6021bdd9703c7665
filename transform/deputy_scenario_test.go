package transform_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/warehouse"
)

// A dutyScenario is a rule in the words of its source beside the numbers that
// decide it, from the departments' records to what readers see. It reports on
// 2025-12-31; rows get the columns that they leave out.
type dutyScenario struct {
	Title string `yaml:"title"`
	Text  string `yaml:"text"`
	// Given are rows of ods.congress_<table>. `times: n` is n records, `each_of:
	// n` one row for each of n deputies (of those between from and to).
	Given map[string][]map[string]any `yaml:"given"`
	// Rules and Schemes stand in place of the shipped ones.
	Rules   []map[string]string `yaml:"rules"`
	Schemes []map[string]string `yaml:"schemes"`
	Want    []dutyWant          `yaml:"want"`
}

// A dutyWant is what all rows of ads.congress_<table> that have the values Of
// must say.
type dutyWant struct {
	Table string            `yaml:"table"`
	Of    map[string]string `yaml:"of"`
	Is    map[string]string `yaml:"is"`
	None  bool              `yaml:"none"` // there is no such row
}

// TestDutyScenarios runs every scenario of sql/congress/testdata/scenarios.
func TestDutyScenarios(t *testing.T) {
	e, g, cat := open(t)
	eachScenario(t, "congress", func(t *testing.T, s *dutyScenario) {
		fillDutyDimensions(t, e, cat, s.Rules, s.Schemes)
		fillDuty(t, e, cat, s.Given)
		buildDuty(t, e, g, "ads.")
		for _, w := range s.Want {
			w.check(t, e)
		}
	})
}

func (w *dutyWant) check(t *testing.T, e *warehouse.Engine) {
	t.Helper()
	var where []string
	for _, k := range slices.Sorted(maps.Keys(w.Of)) {
		where = append(where, fmt.Sprintf("CAST(%s AS VARCHAR) = %s", k, warehouse.Quote(w.Of[k])))
	}
	cols := slices.Sorted(maps.Keys(w.Is))
	rows := queryRows(t, e, fmt.Sprintf("SELECT %s FROM ads.congress_%s WHERE %s", strings.Join(append(cols, "1"), ", "), w.Table, strings.Join(where, " AND ")))
	if (len(rows) == 0) != w.None {
		t.Errorf("%s %v: %d rows", w.Table, w.Of, len(rows))
	}
	for _, r := range rows {
		got := map[string]string{}
		for i, c := range cols {
			got[c] = r[i]
		}
		if diff := cmp.Diff(w.Is, got); diff != "" {
			t.Errorf("%s %v (-want +got):\n%s", w.Table, w.Of, diff)
		}
	}
}

// dutyTables are the ods tables that the deputies' tables are made from.
var dutyTables = []string{
	"deputy_term", "station", "duty", "proposal", "activity", "training", "meeting", "station_opinion",
}

// buildDuty makes what follows from the deputies' records, up to and with the
// tables whose name begins with last.
func buildDuty(t testing.TB, e *warehouse.Engine, g *transform.Graph, last string) {
	t.Helper()
	reached := map[string]bool{}
	for _, table := range dutyTables {
		for _, d := range g.Downstream("ods.congress_" + table) {
			reached[d] = true
		}
	}
	wanted := map[string]bool{}
	order := g.Order()
	for _, table := range slices.Backward(order) {
		n, _ := g.Node(table)
		if !reached[table] || !wanted[table] && !strings.HasPrefix(table, last) {
			continue
		}
		wanted[table] = true
		for _, up := range n.Upstreams {
			wanted[up] = true
		}
	}
	for _, table := range order {
		n, _ := g.Node(table)
		if n.SQL == "" || !reached[table] || !wanted[table] {
			continue
		}
		var cols []string
		for _, c := range n.Contract.Columns {
			cols = append(cols, fmt.Sprintf("CAST(%s AS %s) AS %[1]s", warehouse.Ident(c.Name), c.Type))
		}
		execDuty(t, e, fmt.Sprintf("CREATE SCHEMA IF NOT EXISTS %s", n.Contract.Layer()))
		execDuty(t, e, fmt.Sprintf("CREATE OR REPLACE TABLE %s AS SELECT %s FROM (%s)", table, strings.Join(cols, ", "), n.SQL))
	}
}

func execDuty(t testing.TB, e *warehouse.Engine, stmt string) {
	t.Helper()
	if err := e.Exec(context.Background(), stmt); err != nil {
		t.Fatalf("%.200s: %v", stmt, err)
	}
}

// fillDutyDimensions writes the dimensions; rules and schemes are the catalog's
// where none are given.
func fillDutyDimensions(t *testing.T, e *warehouse.Engine, cat *models.Catalog, rules, schemes []map[string]string) {
	t.Helper()
	dims := map[string]string{
		"dim.run":             "as_of,timezone,region_code\n2025-12-31,Asia/Shanghai,339921\n",
		"dim.site":            "region_code\n339921\n",
		"dim.region":          "region_code,region_name,level\n339921,云溪县,3\n339921104,横漾镇,4\n339921101,白渡镇,4\n",
		"dim.region_ancestor": "region_code,ancestor_code,ancestor_level\n339921,339921,3\n339921104,339921104,4\n339921104,339921,3\n339921101,339921101,4\n339921101,339921,3\n",
		"dim.parameter":       parameterCSV(cat),
	}
	for _, table := range []string{"dim.congress_record_kind", "dim.congress_score_scheme", "dim.congress_score_rule", "dim.congress_score_band"} {
		c, _ := cat.Contract(table)
		dims[table], _ = dated(cat, c)
	}
	if rules != nil {
		dims["dim.congress_score_rule"] = dutyCSV(rules)
	}
	if schemes != nil {
		dims["dim.congress_score_scheme"] = dutyCSV(schemes)
	}
	for table, text := range dims {
		c, _ := cat.Contract(table)
		fill(t, e, table, c.Columns, text)
	}
}

// dutyCSV writes rows of one form; no value holds a comma.
func dutyCSV(rows []map[string]string) string {
	names := slices.Sorted(maps.Keys(rows[0]))
	lines := []string{strings.Join(names, ",")}
	for _, r := range rows {
		var cells []string
		for _, n := range names {
			cells = append(cells, r[n])
		}
		lines = append(lines, strings.Join(cells, ","))
	}
	return strings.Join(lines, "\n") + "\n"
}

// dutyDefaults are what a row of a scenario leaves out; ? is its number.
var dutyDefaults = map[string]map[string]string{
	"deputy_term":     {"region_code": "339921", "term_from": "2020-01-01", "updated_on": "2020-01-01"},
	"station":         {"station_name": "站", "region_code": "339921", "opened_on": "2020-01-01", "updated_on": "2020-01-01"},
	"duty":            {"record_id": "?", "happened_on": "2025-05-05"},
	"proposal":        {"proposal_id": "?", "kind": "建议", "role": "领衔", "level": "县", "region_code": "339921", "submitted_on": "2025-01-10"},
	"activity":        {"activity_id": "?", "held_on": "2025-05-05"},
	"training":        {"training_id": "?", "held_on": "2025-05-05"},
	"meeting":         {"meeting_id": "?", "level": "县", "held_on": "2025-01-08", "leave_half_days": "0", "absent_half_days": "0"},
	"station_opinion": {"opinion_id": "?", "channel": "联络站二维码", "recorded_on": "2025-03-01"},
}

// fillDuty writes the rows of a scenario; tables without any are empty.
func fillDuty(t testing.TB, e *warehouse.Engine, cat *models.Catalog, given map[string][]map[string]any) {
	t.Helper()
	for table := range given {
		if !slices.Contains(dutyTables, table) {
			t.Fatalf("there is no table ods.congress_%s among the deputies'", table)
		}
	}
	execDuty(t, e, "CREATE SCHEMA IF NOT EXISTS ods")
	for _, table := range dutyTables {
		c, _ := cat.Contract("ods.congress_" + table)
		var defs []string
		for _, col := range c.LandedColumns() {
			defs = append(defs, warehouse.Ident(col.Name)+" "+col.Type.String())
		}
		execDuty(t, e, fmt.Sprintf("CREATE OR REPLACE TABLE %s (%s)", c.Table, strings.Join(defs, ", ")))
		for i, row := range given[table] {
			execDuty(t, e, insertDuty(c, dutyDefaults[table], row, i))
		}
	}
}

// insertDuty is the statement that adds one row of a scenario, as often as it
// says.
func insertDuty(c *models.Contract, defaults map[string]string, row map[string]any, n int) string {
	values := map[string]string{"batch_id": "1", "batch_row": strconv.Itoa(n), "source_system": "s"}
	maps.Copy(values, defaults)
	for k, v := range row {
		values[k] = fmt.Sprint(v)
	}
	first, last, each := 1, 1, values["each_of"] != ""
	for key, to := range map[string]*int{"times": &last, "each_of": &last} {
		if v, err := strconv.Atoi(values[key]); err == nil {
			*to = v
		}
	}
	if each {
		for key, to := range map[string]*int{"from": &first, "to": &last} {
			if v, err := strconv.Atoi(values[key]); err == nil {
				*to = v
			}
		}
	}
	for _, key := range []string{"times", "each_of", "from", "to"} {
		delete(values, key)
	}
	names := slices.Sorted(maps.Keys(values))
	var cells []string
	for _, name := range names {
		col := c.LandedColumns()[slices.IndexFunc(c.LandedColumns(), func(col models.Column) bool { return col.Name == name })]
		switch v := values[name]; {
		case v == "?":
			cells = append(cells, fmt.Sprintf("'%d-' || CAST(i AS VARCHAR)", n))
		case name == "deputy_key" && each:
			cells = append(cells, warehouse.Quote(v)+" || CAST(i AS VARCHAR)")
		default:
			cells = append(cells, literal(v, col.Type))
		}
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM range(%d, %d) AS r(i)", c.Table, strings.Join(names, ", "), strings.Join(cells, ", "), first, last+1)
}

// editedRules is the catalog of a site that has edited one parameter file.
func editedRules(t *testing.T, file string, edit func(string) string) (*models.Catalog, error) {
	t.Helper()
	shipped := os.DirFS("../models")
	data, err := os.ReadFile("../models/" + file)
	if err != nil {
		t.Fatal(err)
	}
	edited := edit(string(data))
	if edited == string(data) {
		t.Fatalf("%s has not what is edited", file)
	}
	return models.Load(models.Overlay(fstest.MapFS{file: {Data: []byte(edited)}}, shipped))
}

// TestScoreRuleIsAnEdit: another value from a day on, a new item, a new
// threshold are one edit to one parameter file each, and leave the years before
// as they were.
func TestScoreRuleIsAnEdit(t *testing.T) {
	e, g, _ := open(t)
	given := map[string][]map[string]any{
		"deputy_term": {{"deputy_key": "d1", "level": "县"}},
		"activity": {
			{"deputy_key": "d1", "kind": "视察调研", "held_on": "2024-05-05", "is_expected": true, "is_attended": true, "times": 3},
			{"deputy_key": "d1", "kind": "视察调研", "is_expected": true, "is_attended": true, "times": 3},
		},
		"duty": {
			{"deputy_key": "d1", "kind": "走访联系", "happened_on": "2024-05-06", "days": 10},
			{"deputy_key": "d1", "kind": "走访联系", "happened_on": "2025-05-06", "days": 10},
		},
	}
	const (
		scores = "SELECT year, item, capped FROM ads.congress_deputy_score WHERE scheme = '江北' AND records > 0 ORDER BY year, item"
		states = "SELECT year, required_days, duty_state FROM ads.congress_deputy_baseline ORDER BY year"
	)
	const ruleFile, parameterFile = "congress/params/score_rule.yaml", "congress/params/deputy.yaml"
	tests := []struct {
		name, file string
		edit       func(string) string
		query      string
		want       [][]string
	}{
		{
			"another value from 2025", ruleFile,
			func(s string) string {
				const old = `minimum: 1, first: 3, each: 3, reference: "[15] 视察调研+3/次"}`
				return strings.Replace(s, old, `minimum: 1, first: 3, each: 3, to: 2025-01-01, reference: "[15]"}
  - {scheme: 江北, item: 视察调研, condition: 全部, kinds: [视察调研], counts: 次数, minimum: 1, first: 4, each: 4, cap: 10, from: 2025-01-01, reference: 新方案}`, 1)
			}, scores,
			[][]string{{"2024", "视察调研", "9"}, {"2025", "视察调研", "10"}},
		},
		{
			"a new item from 2025", ruleFile,
			func(s string) string {
				return s + "  - {scheme: 江北, item: 走访, condition: 全部, kinds: [走访联系], counts: 次数, minimum: 1, first: 2, each: 1, from: 2025-01-01, reference: 新方案}\n"
			}, scores,
			[][]string{{"2024", "视察调研", "9"}, {"2025", "视察调研", "9"}, {"2025", "走访", "2"}},
		},
		{
			"another threshold from 2025", parameterFile,
			func(s string) string {
				return strings.Replace(s, "{value: 15, from: 2000-01-01,", `{value: 10, from: 2025-01-01, reference: 新办法}, {value: 15, from: 2000-01-01, to: 2025-01-01,`, 1)
			}, states,
			[][]string{{"2024", "15", "未达到"}, {"2025", "10", "达到"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cat, err := editedRules(t, tt.file, tt.edit)
			if err != nil {
				t.Fatal(err)
			}
			fillDutyDimensions(t, e, cat, nil, nil)
			fillDuty(t, e, cat, given)
			buildDuty(t, e, g, "ads.congress_deputy")
			if diff := cmp.Diff(tt.want, queryRows(t, e, tt.query)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestOverlappingSchemeIsRefused: two values of one item on one day are an
// error at load, with both lines.
func TestOverlappingSchemeIsRefused(t *testing.T) {
	_, err := editedRules(t, "congress/params/score_rule.yaml", func(s string) string {
		return s + "  - {scheme: 江北, item: 建议, condition: 全部, kinds: [建议], counts: 次数, minimum: 1, first: 9, each: 9, from: 2025-01-01, reference: x}\n"
	})
	if err == nil || !strings.Contains(err.Error(), "江北 建议 全部: overlaps the row on line") {
		t.Errorf("an overlapping rule loads: %v", err)
	}
}
