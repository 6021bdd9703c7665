package transform_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/warehouse"
)

// A scenario is a rule in the words of the law beside the numbers that decide
// it: cases that run from the departments' records to the flags.
type scenario struct {
	Title   string                      `yaml:"title"`
	Text    string                      `yaml:"text"`
	AsOf    string                      `yaml:"as_of"`
	Schemes string                      `yaml:"schemes"` // assist.risk.schemes; empty: the parameter as shipped
	Late    map[string]string           `yaml:"late"`    // data set → first month that did not come
	Rules   []map[string]string         `yaml:"rules"`   // dim.assist_risk_rule in place of the one shipped
	Given   map[string][]map[string]any `yaml:"given"`   // rows beside the cases' own
	Cases   []scenarioCase              `yaml:"cases"`
}

// A scenarioCase is one household of its own. The rows of its tables get the
// keys that they leave out; `who` is the member that a row is about, 1 the head.
type scenarioCase struct {
	Case    string                      `yaml:"case"`
	Members int                         `yaml:"members"` // default 1
	Rows    map[string][]map[string]any `yaml:"rows"`    // ods table without its prefix → rows
	// Want is what the newest evaluation says of each rule: 符合, 不符合, 待核.
	Want map[string]string `yaml:"want"`
	// Flags are columns of the case's rows in ads.assist_risk_flag, by rule; a
	// value that begins with ~ must be part of the column's. Without any column
	// there must be no flag.
	Flags map[string]map[string]string `yaml:"flags"`
	// Decide are decisions about flags of the first build, in force in a second.
	Decide []scenarioDecision `yaml:"decide"`
	// Missing is what the list of unknowns says is missing, by rule.
	Missing map[string]string `yaml:"missing"`
}

// A scenarioDecision is what a person decided about the case's flag of a rule.
type scenarioDecision struct {
	Rule      string `yaml:"rule"`
	Decision  string `yaml:"decision"`
	DecidedOn string `yaml:"decided_on"`
	// Evidence is the digest that the person saw; empty: the flag's own.
	Evidence string `yaml:"evidence"`
}

// TestAssistScenarios runs every scenario of sql/assist/testdata/scenarios.
func TestAssistScenarios(t *testing.T) {
	e, g, cat := open(t)
	eachScenario(t, "assist", func(t *testing.T, s *scenario) { s.run(t, e, g, cat) })
}

// eachScenario runs every scenario of sql/<domain>/testdata/scenarios.
func eachScenario[S any](t *testing.T, domain string, run func(*testing.T, *S)) {
	files, err := filepath.Glob("../sql/" + domain + "/testdata/scenarios/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var s S
			if err := models.DecodeYAML(filepath.Base(file), data, &s); err != nil {
				t.Fatal(err)
			}
			run(t, &s)
		})
	}
}

func (s *scenario) run(t *testing.T, e *warehouse.Engine, g *transform.Graph, cat *models.Catalog) {
	t.Helper()
	s.fill(t, e, cat)
	buildDomain(t, e, g, "assist")
	if s.decide(t, e, cat) {
		buildDomain(t, e, g, "assist")
	}
	results := queryRows(t, e, `SELECT e.subject_key, e.rule_id, e.result, coalesce(e.missing, '') FROM dws.assist_risk_evaluation AS e
		JOIN (SELECT max(month) AS month FROM dws.assist_evaluation_day) AS l ON l.month = e.month`)
	unknown := queryRows(t, e, "SELECT subject_key, rule_id, missing FROM ads.assist_risk_unknown")
	for i, c := range s.Cases {
		t.Run(c.Case, func(t *testing.T) {
			for _, rule := range slices.Sorted(maps.Keys(c.Want)) {
				got := "不符合"
				for _, r := range results {
					if r[1] == rule && isOf(r[0], i) {
						got = r[2]
					}
				}
				if got != c.Want[rule] {
					t.Errorf("%s: %s, want %s", rule, got, c.Want[rule])
				}
			}
			for rule, want := range c.Missing {
				if !slices.ContainsFunc(unknown, func(r []string) bool { return r[1] == rule && isOf(r[0], i) && strings.Contains(r[2], want) }) {
					t.Errorf("%s is not unknown for lack of %s: %v", rule, want, unknown)
				}
			}
			for _, rule := range slices.Sorted(maps.Keys(c.Flags)) {
				s.checkFlag(t, e, i, rule, c.Flags[rule])
			}
		})
	}
}

func (s *scenario) checkFlag(t *testing.T, e *warehouse.Engine, i int, rule string, want map[string]string) {
	t.Helper()
	cols := slices.Sorted(maps.Keys(want))
	rows := queryRows(t, e, fmt.Sprintf("SELECT %s FROM ads.assist_risk_flag WHERE rule_id = '%s' AND (starts_with(coalesce(person_key, ''), 'p%d.') OR household_key = 'h%d') ORDER BY period DESC",
		cmp.Or(strings.Join(cols, ", "), "flag_id"), rule, i, i))
	switch {
	case len(want) == 0 && len(rows) > 0:
		t.Errorf("%s: there is a flag: %v", rule, rows[0])
		return
	case len(want) == 0:
		return
	case len(rows) == 0:
		t.Errorf("%s: there is no flag", rule)
		return
	}
	got := map[string]string{}
	for k, col := range cols {
		got[col] = rows[0][k]
		if part, ok := strings.CutPrefix(want[col], "~"); ok && strings.Contains(got[col], part) {
			got[col] = want[col]
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", rule, diff)
	}
}

// decide writes the cases' decisions; false when there are none.
func (s *scenario) decide(t *testing.T, e *warehouse.Engine, cat *models.Catalog) bool {
	t.Helper()
	var rows []map[string]string
	for i, c := range s.Cases {
		for _, d := range c.Decide {
			flags := queryRows(t, e, fmt.Sprintf("SELECT flag_id, evidence_digest FROM ads.assist_risk_flag WHERE rule_id = '%s' AND (starts_with(coalesce(person_key, ''), 'p%d.') OR household_key = 'h%d') ORDER BY period DESC", d.Rule, i, i))
			if len(flags) == 0 {
				t.Fatalf("%s: there is no flag of %s to decide about", c.Case, d.Rule)
			}
			rows = append(rows, map[string]string{
				"batch_id": "1", "batch_row": fmt.Sprint(len(rows)), "source_system": "review", "decision_id": fmt.Sprintf("d%d", len(rows)),
				"flag_id": flags[0][0], "evidence_digest": cmp.Or(d.Evidence, flags[0][1]), "decision": d.Decision, "decided_on": d.DecidedOn,
				"reason": "核实", "reviewer_key": "pr", "reviewer_name": "审**",
			})
		}
	}
	if len(rows) == 0 {
		return false
	}
	c, _ := cat.Contract("ods.assist_review")
	fill(t, e, c.Table, c.LandedColumns(), toCSV(t, rows))
	return true
}

// isOf reports whether a subject is the case's household or one of its members.
func isOf(subject string, i int) bool {
	return subject == fmt.Sprintf("h%d", i) || strings.HasPrefix(subject, fmt.Sprintf("p%d.", i))
}

// buildDomain makes all derived tables of a domain from what is in the engine,
// as a first run would.
func buildDomain(t *testing.T, e *warehouse.Engine, g *transform.Graph, domain string) {
	t.Helper()
	for _, table := range g.Order() {
		n, _ := g.Node(table)
		if n.SQL == "" || n.Contract.Domain() != domain {
			continue
		}
		fill(t, e, table, n.Contract.Columns, "x\n")
		names := make([]string, len(n.Contract.Columns))
		for i, c := range n.Contract.Columns {
			names[i] = warehouse.Ident(c.Name)
		}
		if err := e.Exec(context.Background(), fmt.Sprintf("INSERT INTO %s SELECT %s FROM (%s)", table, strings.Join(names, ", "), n.SQL)); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
}

// fill writes the cases' records, and beside them those of a household that
// has something in every data set and month, so that none is late but those
// that the scenario says.
func (s *scenario) fill(t *testing.T, e *warehouse.Engine, cat *models.Catalog) {
	t.Helper()
	rows := map[string][]map[string]string{}
	for i, c := range s.Cases {
		members := max(c.Members, 1)
		add := func(table string, r map[string]any) {
			rows[table] = append(rows[table], spread(t, table, r, fmt.Sprintf("p%d.", i), fmt.Sprintf("h%d", i), len(rows[table]))...)
		}
		add("household", map[string]any{})
		for who := 1; who <= members; who++ {
			add("person", map[string]any{"who": who})
			relation := "其他"
			if who == 1 {
				relation = "户主"
			}
			add("member", map[string]any{"who": who, "relation": relation})
		}
		for table, list := range c.Rows {
			for _, r := range list {
				add(table, r)
			}
		}
	}
	for table, list := range s.filler(t) {
		for _, r := range list {
			rows[table] = append(rows[table], spread(t, table, r, "pfiller.", "hfiller", len(rows[table]))...)
		}
	}
	for table, list := range s.Given {
		for _, r := range list {
			rows[table] = append(rows[table], spread(t, table, r, "", "", len(rows[table]))...)
		}
	}
	for _, c := range cat.Contracts() {
		if c.Domain() != "assist" || c.Layer() != "ods" {
			continue
		}
		list := rows[strings.TrimPrefix(c.Table, "ods.assist_")]
		fill(t, e, c.Table, c.LandedColumns(), toCSV(t, list))
		delete(rows, strings.TrimPrefix(c.Table, "ods.assist_"))
	}
	for table := range rows {
		t.Fatalf("there is no table ods.assist_%s", table)
	}
	s.fillDimensions(t, e, cat)
}

func (s *scenario) fillDimensions(t *testing.T, e *warehouse.Engine, cat *models.Catalog) {
	t.Helper()
	dims := map[string]string{
		"dim.run":             "as_of,timezone,region_code\n" + s.AsOf + ",Asia/Shanghai,331022\n",
		"dim.site":            "region_code\n331022\n",
		"dim.region":          "region_code,region_name,path_name,level,parent_code,valid_from,valid_to\n331022,三门县,三门县,3,331000,0001-01-01,9999-12-31\n331022100,海游街道,三门县海游街道,4,331022,0001-01-01,9999-12-31\n",
		"dim.region_ancestor": "region_code,ancestor_code,ancestor_level\n331022,331022,3\n331022100,331022,3\n331022100,331022100,4\n",
		"dim.parameter":       parameterCSV(cat),
	}
	if s.Schemes != "" {
		dims["dim.parameter"] = strings.ReplaceAll(dims["dim.parameter"], `"通用,浙江,坪山,鄞州"`, `"`+s.Schemes+`"`)
	}
	for _, table := range []string{"dim.assist_risk_rule", "dim.assist_dataset", "dim.assist_metric"} {
		c, _ := cat.Contract(table)
		dims[table], _ = dated(cat, c)
	}
	if s.Rules != nil {
		dims["dim.assist_risk_rule"] = toCSV(t, s.Rules)
	}
	for table, text := range dims {
		c, _ := cat.Contract(table)
		fill(t, e, table, c.Columns, text)
	}
}

// filler is a household on no list with a little of everything.
func (s *scenario) filler(t *testing.T) map[string][]map[string]any {
	t.Helper()
	out := map[string][]map[string]any{"household": {{}}, "person": {{}}, "member": {{"relation": "户主"}}}
	add := func(dataset, table string, month time.Time, r map[string]any) {
		if from := s.Late[dataset]; from == "" || month.Format("2006-01") < from {
			out[table] = append(out[table], r)
		}
	}
	end, err := time.Parse(time.DateOnly, s.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	for m := time.Date(end.Year()-1, 1, 1, 0, 0, 0, 0, time.UTC); !m.After(end); m = m.AddDate(0, 1, 0) {
		day := m.Format(time.DateOnly)
		add("medical", "medical", m, map[string]any{"total": 2, "self_paid": 1, "paid_on": day})
		add("income", "income", m, map[string]any{"kind": "工资", "amount": 5000, "earned_on": day})
		add("benefit", "benefit", m, map[string]any{"benefit": "高龄津贴", "amount": 50, "paid_on": day})
		for _, kind := range []string{"货币财产", "车辆", "不动产", "认缴出资"} {
			add(kind, "asset", m, map[string]any{"asset_id": "filler" + kind, "kind": kind, "amount": 1, "area": 1, "checked_on": day})
		}
	}
	return out
}

// spread gives a row the keys that it leaves out, once a month where it says
// months: [from, to].
func spread(t *testing.T, table string, r map[string]any, person, household string, n int) []map[string]string {
	t.Helper()
	out := map[string]string{"batch_id": "1", "batch_row": fmt.Sprint(n + 1), "source_system": "s"}
	ids := map[string]string{"list_status": "status_id", "medical": "claim_id", "expense": "expense_id", "asset": "asset_id", "disability": "certificate_key", "employment": "record_id", "death": "death_id", "benefit": "payment_id"}
	if id := ids[table]; id != "" {
		out[id] = fmt.Sprintf("%s%d", table, n)
	}
	who := 1
	switch table {
	case "household":
		out["household_key"], out["region_code"], out["as_of"] = household, "331022100", "2024-01-01"
	case "expense":
		out["household_key"] = household
	case "member":
		out["household_key"], out["joined_on"], out["as_of"] = household, "2020-01-01", "2024-01-01"
	case "person":
		out["region_code"], out["as_of"] = "331022100", "2024-01-01"
	case "list_status":
		out["updated_on"], out["valid_from"] = "2024-01-01", "2024-01-01"
	}
	var months []any
	for name, v := range r {
		switch name {
		case "who":
			who = v.(int)
		case "months":
			months = v.([]any)
		default:
			out[name] = cellText(v)
		}
	}
	if table != "household" && table != "expense" && table != "review" && out["person_key"] == "" {
		out["person_key"] = fmt.Sprintf("%s%d", person, who)
	}
	if months == nil {
		return []map[string]string{out}
	}
	dayColumn := map[string]string{"medical": "paid_on", "income": "earned_on", "benefit": "paid_on", "expense": "spent_on"}[table]
	var list []map[string]string
	first, err1 := time.Parse("2006-01", fmt.Sprint(months[0]))
	last, err2 := time.Parse("2006-01", fmt.Sprint(months[1]))
	if err1 != nil || err2 != nil {
		t.Fatalf("months: %v", months)
	}
	for m := first; !m.After(last); m = m.AddDate(0, 1, 0) {
		row := maps.Clone(out)
		row[dayColumn], row["batch_row"] = m.Format(time.DateOnly), fmt.Sprint(n+1+len(list))
		if id := ids[table]; id != "" {
			row[id] = fmt.Sprintf("%s%d-%d", table, n, len(list))
		}
		list = append(list, row)
	}
	return list
}

func cellText(v any) string {
	if t, ok := v.(time.Time); ok {
		return t.Format(time.DateOnly)
	}
	return fmt.Sprint(v)
}

func toCSV(t *testing.T, rows []map[string]string) string {
	t.Helper()
	set := map[string]bool{}
	for _, r := range rows {
		for k := range r {
			set[k] = true
		}
	}
	if len(set) == 0 {
		return "x\n"
	}
	cols := slices.Sorted(maps.Keys(set))
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	if err := w.Write(cols); err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		record := make([]string, len(cols))
		for i, c := range cols {
			record[i] = r[c]
		}
		if err := w.Write(record); err != nil {
			t.Fatal(err)
		}
	}
	w.Flush()
	return buf.String()
}
