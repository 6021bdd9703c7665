package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/warehouse"
)

// A life is what the evaluations of one flag said, month by month: 符 met, 待
// unknown, 否 not met.
type life []rune

// follow is the plain reading of the rule: a flag opens when it is met, closes
// after so many evaluations that say it is not, and what is unknown says
// nothing. It returns state, first month met, month of opening and episode;
// the state is "" for a flag that was never met.
func (l life) follow(clearAfter int) (state string, first, opened, episode int) {
	open, below, lastMet := false, 0, -1
	for i, r := range l {
		switch r {
		case '符':
			if episode == 0 {
				first = i
			}
			if !open {
				open, opened = true, i
				episode++
			}
			below, lastMet = 0, i
		case '否':
			if below++; open && below >= clearAfter {
				open = false
			}
		}
	}
	switch last := len(l) - 1; {
	case episode == 0:
		return "", 0, 0, 0
	case !open:
		state = "已解除"
	case l[last] == '待':
		state = "待核"
	case lastMet < last:
		state = "观察"
	case opened == last:
		state = "新增"
	default:
		state = "持续"
	}
	return state, first, opened, episode
}

// TestFlagLives holds the SQL of the flags against the plain reading, over
// random lives.
func TestFlagLives(t *testing.T) {
	e, g, cat := open(t)
	start := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	month := func(i int) string { return start.AddDate(0, i, 0).Format(time.DateOnly) }
	end := func(i int) string { return start.AddDate(0, i+1, -1).Format(time.DateOnly) }
	rapid.Check(t, func(rt *rapid.T) {
		months := rapid.IntRange(1, 14).Draw(rt, "months")
		clearAfter := rapid.IntRange(1, 3).Draw(rt, "clear after")
		lives := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]rune("符待否")), months, months), 1, 40).Draw(rt, "lives")

		days := "month,evaluated_on,settled_month,year_start,rolling_start\n"
		for i := range months {
			days += strings.Join([]string{month(i), end(i), month(i), "2024-01-01", month(i)}, ",") + "\n"
		}
		rows := "month,flag_id,rule_id,rule_version,subject_key,person_key,region_code,result,value,threshold,missing,evidence,evidence_digest,period\n"
		var want []string
		for k, l := range lives {
			id := fmt.Sprintf("f%02d", k)
			for i, r := range l {
				if r != '否' {
					result := map[rune]string{'符': "符合", '待': "待核"}[r]
					rows += strings.Join([]string{month(i), id, "income_drop", "1", id, id, "331022100", result, "1", "1", "x", "x", "x", "one"}, ",") + "\n"
				}
			}
			if state, first, opened, episode := life(l).follow(clearAfter); state != "" {
				want = append(want, strings.Join([]string{id, state, month(first), month(opened), fmt.Sprint(episode)}, " "))
			}
		}
		fillTable(t, e, cat, "dws.assist_evaluation_day", days)
		fillTable(t, e, cat, "dws.assist_risk_evaluation", rows)
		if err := e.Exec(t.Context(), "UPDATE dws.assist_risk_evaluation SET period = ''"); err != nil {
			rt.Fatal(err)
		}
		fillTable(t, e, cat, "dws.assist_coverage", "x\n")
		fillTable(t, e, cat, "dwd.assist_review", "x\n")
		fillTable(t, e, cat, "dim.site", "region_code\n331022\n")
		fillTable(t, e, cat, "dim.parameter", fmt.Sprintf("name,value,valid_from,valid_to\nassist.risk.clear_after,%d,0001-01-01,9999-12-31\n", clearAfter))
		for _, table := range []string{"dim.assist_risk_rule", "dim.assist_metric"} {
			c, _ := cat.Contract(table)
			rules, _ := dated(cat, c)
			fillTable(t, e, cat, table, rules)
		}
		var got []string
		for _, r := range queryRows(t, e, "SELECT flag_id, state, first_seen, opened_in, episode FROM ("+flagModel(t, g)+") ORDER BY flag_id") {
			got = append(got, strings.Join(r, " "))
		}
		slices.Sort(want)
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Fatalf("months %d, clear after %d (-naive +SQL):\n%s", months, clearAfter, diff)
		}
	})
}

func flagModel(t *testing.T, g *transform.Graph) string {
	t.Helper()
	n, ok := g.Node("ads.assist_risk_flag")
	if !ok {
		t.Fatal("there is no ads.assist_risk_flag")
	}
	return n.SQL
}

func fillTable(t *testing.T, e *warehouse.Engine, cat *models.Catalog, table, text string) {
	t.Helper()
	c, ok := cat.Contract(table)
	if !ok {
		t.Fatalf("there is no %s", table)
	}
	fill(t, e, table, c.Columns, text)
}
