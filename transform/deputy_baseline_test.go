package transform_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zhicang/warehouse"
)

// A groupTerm is a term in the one congress of TestBaselinesEqualNaive; it
// holds [from, to), in days of 2025 from 0. Group "" is none.
type groupTerm struct {
	deputy, group string
	from, to      int
}

// A groupActivity is a record of a deputy that took some days.
type groupActivity struct {
	id, deputy string
	day, days  int
}

// TestBaselinesEqualNaive: days in office, days of duty and group activities are
// what a walk over the days of the year makes of them, whatever the terms.
func TestBaselinesEqualNaive(t *testing.T) {
	e, g, cat := open(t)
	fillDutyDimensions(t, e, cat, nil, nil)
	fillDuty(t, e, cat, nil)
	rapid.Check(t, func(rt *rapid.T) {
		terms, activities := drawGroupTerms(rt), drawGroupActivities(rt)
		asOf := rapid.IntRange(0, 40).Draw(rt, "as of")
		writeGroups(t, e, terms, activities, asOf)
		buildDuty(t, e, g, "ads.congress_deputy_baseline")
		equalsNaive(rt, naiveBaselines(terms, activities, asOf), queryRows(t, e, `SELECT deputy_key, coalesce(group_name, '无'), days_in_office, CAST(duty_days AS BIGINT), coalesce(group_activities, -1), group_state FROM ads.congress_deputy_baseline WHERE year = 2025`))
	})
}

func drawGroupTerms(t *rapid.T) []groupTerm {
	var terms []groupTerm
	for range rapid.IntRange(1, 8).Draw(t, "terms") {
		term := groupTerm{
			rapid.SampledFrom(drawnDeputies).Draw(t, "deputy"), rapid.SampledFrom([]string{"", "甲组", "乙组"}).Draw(t, "group"),
			rapid.IntRange(-10, 25).Draw(t, "from"), rapid.IntRange(-10, 45).Draw(t, "to"),
		}
		if !slices.ContainsFunc(terms, func(o groupTerm) bool { return o.deputy == term.deputy && o.from == term.from }) {
			terms = append(terms, term)
		}
	}
	return terms
}

func drawGroupActivities(t *rapid.T) []groupActivity {
	var activities []groupActivity
	for i := range rapid.IntRange(0, 20).Draw(t, "activities") {
		activities = append(activities, groupActivity{
			fmt.Sprint("r", i), rapid.SampledFrom(drawnDeputies).Draw(t, "deputy"),
			rapid.IntRange(0, 40).Draw(t, "day"), rapid.IntRange(1, 6).Draw(t, "days"),
		})
	}
	return activities
}

// newestTerm is the term that says on a day which group a deputy is in; nil:
// the deputy is not in office.
func newestTerm(terms []groupTerm, deputy string, day int) *groupTerm {
	var newest *groupTerm
	for i, term := range terms {
		if term.deputy == deputy && term.from <= day && day < term.to && (newest == nil || term.from > newest.from) {
			newest = &terms[i]
		}
	}
	return newest
}

// naiveBaselines lists deputy, group, days in office, days of duty, group
// activities, what these make.
func naiveBaselines(terms []groupTerm, activities []groupActivity, asOf int) []string {
	isCounted := func(a groupActivity) bool { return a.day <= asOf && newestTerm(terms, a.deputy, a.day) != nil }
	if !slices.ContainsFunc(activities, isCounted) {
		return nil // the year is there once a record counts in it
	}
	var out []string
	for _, deputy := range drawnDeputies {
		last, isGrouped, inOffice, onDuty, attended := (*groupTerm)(nil), false, 0, 0, 0
		for day := range asOf + 1 {
			term := newestTerm(terms, deputy, day)
			if term == nil {
				continue
			}
			inOffice++
			isGrouped = isGrouped || term.group != ""
			if last == nil || term.from > last.from {
				last = term
			}
			if slices.ContainsFunc(activities, func(a groupActivity) bool {
				return a.deputy == deputy && isCounted(a) && a.day <= day && day < a.day+a.days
			}) {
				onDuty++
			}
			for _, a := range activities {
				if a.day == day && term.group != "" && isCounted(a) && newestTerm(terms, a.deputy, day).group == term.group {
					attended++
				}
			}
		}
		if inOffice == 0 {
			continue
		}
		group, state := last.group, "年度未满"
		switch {
		case !isGrouped:
			attended, state = -1, "未编组"
		case attended >= 3:
			state = "达到"
		}
		if group == "" {
			group = "无"
		}
		out = append(out, fmt.Sprint(deputy, " ", group, " ", inOffice, " ", onDuty, " ", attended, " ", state))
	}
	return out
}

// writeGroups puts what was drawn into the lake's tables, and the day that the
// run reports on.
func writeGroups(t testing.TB, e *warehouse.Engine, terms []groupTerm, activities []groupActivity, asOf int) {
	t.Helper()
	day := func(n int) string { return fmt.Sprintf("DATE '2025-01-01' + (%d)", n) }
	execDuty(t, e, "UPDATE dim.run SET as_of = "+day(asOf))
	execDuty(t, e, "DELETE FROM ods.congress_deputy_term")
	for i, r := range terms {
		group := "NULL"
		if r.group != "" {
			group = warehouse.Quote(r.group)
		}
		execDuty(t, e, fmt.Sprintf(`INSERT INTO ods.congress_deputy_term (deputy_key, level, region_code, group_name, term_from, term_to, updated_on, batch_id, batch_row, source_system)
			VALUES ('%s', '乡', '339921104', %s, %s, %s, DATE '2024-01-01', 1, %d, 's')`, r.deputy, group, day(r.from), day(r.to), i))
	}
	execDuty(t, e, "DELETE FROM ods.congress_duty")
	for i, r := range activities {
		execDuty(t, e, fmt.Sprintf(`INSERT INTO ods.congress_duty (record_id, deputy_key, kind, happened_on, days, batch_id, batch_row, source_system)
			VALUES ('%s', '%s', '小组活动', %s, %d, 1, %d, 's')`, r.id, r.deputy, day(r.day), r.days, i))
	}
}
