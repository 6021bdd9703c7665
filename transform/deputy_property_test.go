package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/warehouse"
)

// scoreItem is a rule of the random scheme, in hundredths of a point; nil
// pointers are no bound.
type scoreItem struct {
	item, condition, kind, role, counts string
	minimum, first, each                int64
	short, lowest, cap                  *int64
}

// A drawnTerm holds [from, to), in days of 2025 from 0.
type drawnTerm struct {
	deputy, level, region string
	from, to              int
}

type drawnRecord struct {
	id, deputy, kind, role, level string // level "": not said
	day                           int
	quantity                      int64
}

// TestScoresEqualNaive: the scores are what a plain loop over terms, records
// and rules makes of them, whatever the records.
func TestScoresEqualNaive(t *testing.T) {
	e, g, cat := open(t)
	fillDutyDimensions(t, e, cat, nil, nil)
	fillDuty(t, e, cat, nil)
	rapid.Check(t, func(rt *rapid.T) {
		rules, terms, records := drawRules(rt), drawTerms(rt), drawRecords(rt)
		writeDrawn(t, e, rules, terms, records)
		buildDuty(t, e, g, "ads.congress_deputy_score")
		equalsNaive(rt, naiveScores(rules, terms, records), queryRows(t, e, `SELECT deputy_key, level, region_code, item, records, CAST(points * 100 AS BIGINT), CAST(capped * 100 AS BIGINT), CAST(total * 100 AS BIGINT), rank_in_group FROM ads.congress_deputy_score`))
	})
}

// equalsNaive holds rows, in any order, against what a plain reading makes of the
// same records.
func equalsNaive(t *rapid.T, want []string, rows [][]string) {
	var got []string
	for _, r := range rows {
		got = append(got, strings.Join(r, " "))
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("(-naive +got):\n%s", diff)
	}
}

func drawRules(t *rapid.T) []scoreItem {
	points := rapid.Int64Range(-300, 1500)
	maybe := func(name string) *int64 {
		if rapid.Bool().Draw(t, "has "+name) {
			v := points.Draw(t, name)
			return &v
		}
		return nil
	}
	var rules []scoreItem
	for _, item := range []string{"甲", "乙"} {
		for _, condition := range []string{"一", "二"} {
			rules = append(rules, scoreItem{
				item, condition, rapid.SampledFrom([]string{"走访联系", "建议", "议案"}).Draw(t, "kind"),
				rapid.SampledFrom([]string{"", "领衔"}).Draw(t, "role"),
				rapid.SampledFrom([]string{"次数", "数量"}).Draw(t, "counts"),
				rapid.Int64Range(1, 4).Draw(t, "minimum"), points.Draw(t, "first"), points.Draw(t, "each"),
				maybe("short"), maybe("lowest"), maybe("cap"),
			})
		}
	}
	return rules
}

var drawnDeputies = []string{"d1", "d2", "d3"}

func drawTerms(t *rapid.T) []drawnTerm {
	var terms []drawnTerm
	seen := map[string]bool{}
	for range rapid.IntRange(1, 6).Draw(t, "terms") {
		at := rapid.SampledFrom([][2]string{{"县", "339921"}, {"乡", "339921104"}, {"乡", "339921101"}}).Draw(t, "congress")
		term := drawnTerm{
			rapid.SampledFrom(drawnDeputies).Draw(t, "deputy"), at[0], at[1],
			rapid.IntRange(0, 20).Draw(t, "from"), rapid.IntRange(0, 30).Draw(t, "to"),
		}
		if key := fmt.Sprint(term.deputy, at, term.from); !seen[key] {
			seen[key] = true
			terms = append(terms, term)
		}
	}
	return terms
}

func drawRecords(t *rapid.T) []drawnRecord {
	var records []drawnRecord
	for i := range rapid.IntRange(0, 25).Draw(t, "records") {
		r := drawnRecord{
			id: fmt.Sprint("r", i), deputy: rapid.SampledFrom([]string{"d1", "d2", "d3", "d9"}).Draw(t, "deputy"),
			kind: rapid.SampledFrom([]string{"走访联系", "建议", "议案", "喝茶"}).Draw(t, "kind"), role: "不分",
			level: rapid.SampledFrom([]string{"", "县", "乡"}).Draw(t, "level"),
			day:   rapid.IntRange(0, 30).Draw(t, "day"), quantity: rapid.Int64Range(0, 3).Draw(t, "quantity"),
		}
		if r.kind == "建议" || r.kind == "议案" {
			r.role, r.quantity = rapid.SampledFrom([]string{"领衔", "附议"}).Draw(t, "role"), 1
			if r.level == "" {
				r.level = "县"
			}
		}
		records = append(records, r)
	}
	return records
}

// naiveScores lists deputy, level, region, item, records, points, capped,
// total, rank; points in hundredths.
func naiveScores(rules []scoreItem, terms []drawnTerm, records []drawnRecord) []string {
	type seat struct{ deputy, level, region string }
	sits := func(s seat, day int) bool {
		return slices.ContainsFunc(terms, func(t drawnTerm) bool {
			return seat{t.deputy, t.level, t.region} == s && t.from <= day && day < t.to
		})
	}
	var seats []seat
	for _, t := range terms {
		if s := (seat{t.deputy, t.level, t.region}); t.from < t.to && !slices.Contains(seats, s) {
			seats = append(seats, s)
		}
	}
	counted := 0 // the year is there once a record counts in it
	type result struct{ records, points, capped int64 }
	totals, results := map[seat]int64{}, map[seat]map[string]result{}
	for _, s := range seats {
		results[s] = map[string]result{}
		for _, rule := range rules {
			var count, occasions, quantity int64
			for _, r := range records {
				if r.deputy != s.deputy || r.level != "" && r.level != s.level || !sits(s, r.day) || r.kind == "喝茶" {
					continue
				}
				counted++
				if r.kind == rule.kind && (rule.role == "" || rule.role == r.role) {
					count, occasions, quantity = count+1, occasions+1, quantity+r.quantity
				}
			}
			n := occasions
			if rule.counts == "数量" {
				n = quantity
			}
			points := int64(0)
			if n >= rule.minimum {
				points = rule.first + rule.each*(n-rule.minimum)
			} else if rule.short != nil {
				points = rule.first - *rule.short*(rule.minimum-n)
			}
			capped := points
			if rule.cap != nil {
				capped = min(capped, *rule.cap)
			}
			if rule.lowest != nil {
				capped = max(capped, *rule.lowest)
			}
			was := results[s][rule.item]
			results[s][rule.item] = result{was.records + count, was.points + points, was.capped + capped}
			totals[s] += capped
		}
		totals[s] = min(totals[s], 2000)
	}
	if counted == 0 {
		return nil
	}
	var out []string
	for _, s := range seats {
		rank := 1
		for _, other := range seats {
			if other.level == s.level && other.region == s.region && totals[other] > totals[s] {
				rank++
			}
		}
		for item, r := range results[s] {
			out = append(out, fmt.Sprint(s.deputy, " ", s.level, " ", s.region, " ", item, " ", r.records, " ", r.points, " ", r.capped, " ", totals[s], " ", rank))
		}
	}
	return out
}

// writeDrawn puts what was drawn into the lake's tables and the rule tables.
func writeDrawn(t testing.TB, e *warehouse.Engine, rules []scoreItem, terms []drawnTerm, records []drawnRecord) {
	t.Helper()
	day := func(n int) string { return fmt.Sprintf("DATE '2025-01-01' + %d", n) }
	cents := func(v *int64) string {
		if v == nil {
			return "NULL"
		}
		return fmt.Sprintf("CAST(%d AS DECIMAL(12,2)) / 100", *v)
	}
	insert := func(table, columns string, rows []string) {
		if len(rows) > 0 {
			execDuty(t, e, fmt.Sprintf("INSERT INTO %s (%s) VALUES %s", table, columns, strings.Join(rows, ", ")))
		}
	}
	const valid = "DATE '2000-01-01', DATE '9999-12-31', 'x'"
	for _, table := range []string{"dim.congress_score_scheme", "dim.congress_score_rule", "ods.congress_deputy_term", "ods.congress_duty", "ods.congress_proposal"} {
		execDuty(t, e, "DELETE FROM "+table)
	}
	insert("dim.congress_score_scheme", "scheme, title, subject, levels, total_cap, is_adopted, valid_from, valid_to, reference",
		[]string{"('随机', '随机', '代表', ['县', '乡'], 20, TRUE, " + valid + ")"})
	var rows []string
	for _, r := range rules {
		role := "NULL"
		if r.role != "" {
			role = warehouse.Quote(r.role)
		}
		rows = append(rows, fmt.Sprintf("('随机', '%s', '%s', ['%s'], %s, '%s', %d, %s, %s, %s, %s, %s, %s)", r.item, r.condition, r.kind, role, r.counts, r.minimum,
			cents(&r.first), cents(&r.each), cents(r.short), cents(r.lowest), cents(r.cap), valid))
	}
	insert("dim.congress_score_rule", "scheme, item, condition, kinds, role, counts, minimum, first, each, short, lowest, cap, valid_from, valid_to, reference", rows)
	rows = nil
	for i, r := range terms {
		rows = append(rows, fmt.Sprintf("('%s', '%s', '%s', %s, %s, DATE '2024-01-01', 1, %d, 's')", r.deputy, r.level, r.region, day(r.from), day(r.to), i))
	}
	insert("ods.congress_deputy_term", "deputy_key, level, region_code, term_from, term_to, updated_on, batch_id, batch_row, source_system", rows)
	var duties, proposals []string
	for i, r := range records {
		if r.role == "不分" {
			level := "NULL"
			if r.level != "" {
				level = warehouse.Quote(r.level)
			}
			duties = append(duties, fmt.Sprintf("('%s', '%s', '%s', %s, %s, %d, 1, %d, 's')", r.id, r.deputy, r.kind, level, day(r.day), r.quantity, i))
		} else {
			proposals = append(proposals, fmt.Sprintf("('%s', '%s', '%s', '%s', '%s', '339921', %s, 1, %d, 's')", r.id, r.deputy, r.kind, r.role, r.level, day(r.day), i))
		}
	}
	insert("ods.congress_duty", "record_id, deputy_key, kind, level, happened_on, quantity, batch_id, batch_row, source_system", duties)
	insert("ods.congress_proposal", "proposal_id, deputy_key, kind, role, level, region_code, submitted_on, batch_id, batch_row, source_system", proposals)
}
