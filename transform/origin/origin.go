// Package origin says what stands behind a row that readers see, by the id that
// they see it under: the messages of an issue, the records of each point of a
// deputy's score, the rule and the decision of a flag, the months of an alert.
//
// It holds SELECTs of published tables and no rows, so that whoever runs them sees
// what is theirs to see.
package origin

import (
	"fmt"
	"regexp"
	"time"

	"zhicang/warehouse"
)

// A Subject is what an id names.
type Subject struct {
	Kind string // in the readers' words
	ID   string
	// Table is the one whose 口径 says how the subject came about.
	Table string
	Parts []Part
}

// A Part is one look at a subject.
type Part struct {
	Title string
	Table string // that lends its columns their titles and units
	SQL   string
}

// kinds are what ids may name, told apart by their form; the rest are issues.
var kinds = []struct {
	form  *regexp.Regexp
	about func(id string, day time.Time) Subject
}{
	{regexp.MustCompile(`^f[0-9a-f]{20}$`), flag},
	{regexp.MustCompile(`^YJ[0-9]{6}-[0-9A-F]{10}$`), alert},
	{regexp.MustCompile(`^p[a-z2-7]{7,26}$`), deputy},
}

// Of says what stands behind an id. Of what is told by the year, the newest is
// meant that has begun on day.
func Of(id string, day time.Time) Subject {
	for _, k := range kinds {
		if k.form.MatchString(id) {
			return k.about(id, day)
		}
	}
	return issue(id)
}

// interval is the days on which a rule holds, in words where it has no end.
const interval = `CASE WHEN valid_from = DATE '0001-01-01' THEN '一直' ELSE CAST(valid_from AS VARCHAR) END AS valid_from,
				CASE WHEN valid_to = DATE '9999-12-31' THEN '今' ELSE CAST(valid_to AS VARCHAR) END AS valid_to`

func issue(id string) Subject {
	lit := warehouse.Quote(id)
	return Subject{Kind: "问题", ID: id, Table: "ads.congress_hot_issue", Parts: []Part{
		{"各月排名", "ads.congress_hot_issue", `
			SELECT period_start, region_code, rank, heat, people, opinions, growth, likes, badge, first_day, last_day, title
			FROM ads.congress_hot_issue
			WHERE issue_id = ` + lit + ` AND period = 'month'
			ORDER BY period_start, region_code`},
		{"留言", "ads.congress_hot_issue_opinion", `
			SELECT opinion_id, day, person_key, similarity, is_centre, likes, title
			FROM ads.congress_hot_issue_opinion
			WHERE issue_id = ` + lit + `
			ORDER BY day, opinion_id`},
	}}
}

// deputy shows the score of a year and what it rests on; boards show the first
// letters of a pseudonym, so these are enough. Records that count for the score of
// a group alone are left out.
func deputy(id string, day time.Time) Subject {
	mine := "starts_with(deputy_key, " + warehouse.Quote(id) + ")"
	inYear := fmt.Sprintf("%s AND year = (SELECT max(year) FROM ads.congress_deputy_score WHERE %s AND year <= %d)", mine, mine, day.Year())
	return Subject{Kind: "代表", ID: id, Table: "ads.congress_deputy_score", Parts: []Part{
		{"各年总分", "ads.congress_deputy_score", `
			SELECT DISTINCT CAST(year AS VARCHAR) AS year, scheme, level, region_code, group_name, total, rank_in_group, group_size, band, band_note
			FROM ads.congress_deputy_score
			WHERE ` + mine + `
			ORDER BY year DESC, level, region_code, scheme`},
		{"各项得分", "ads.congress_deputy_score", `
			SELECT CAST(year AS VARCHAR) AS year, scheme, level, region_code, item, records, how, points, capped
			FROM ads.congress_deputy_score
			WHERE ` + inYear + `
			ORDER BY level, region_code, scheme, item`},
		{"得分所依据的记录", "ads.congress_deputy_score_record", `
			SELECT scheme, level, region_code, item, condition, counts, day, kind, role, quantity, source, source_system, record_id
			FROM ads.congress_deputy_score_record
			WHERE ` + inYear + ` AND scheme IN (SELECT scheme FROM ads.congress_deputy_score WHERE ` + inYear + `)
			ORDER BY level, region_code, scheme, item, condition, day, record_id, kind, role`},
		{"计分规则", "dim.congress_score_rule", `
			SELECT scheme, item, condition, kinds, role, counts, minimum, first, each, short, lowest, cap, ` + interval + `, reference
			FROM dim.congress_score_rule AS r
			WHERE scheme IN (SELECT scheme FROM ads.congress_deputy_score WHERE ` + inYear + `)
			ORDER BY scheme, item, condition, r.valid_from`},
		{"法定基线", "ads.congress_deputy_baseline", `
			SELECT CAST(year AS VARCHAR) AS year, level, region_code, days_in_office, duty_days, undated_records, required_days, duty_state, group_activities, required_group_activities,
				group_state, station_visits, required_station_visits, station_state
			FROM ads.congress_deputy_baseline
			WHERE ` + mine + `
			ORDER BY year DESC, level, region_code`},
		{"数据疑点", "ads.congress_duty_finding", `
			SELECT finding, is_counted, source, source_system, record_id, day, region_code, detail
			FROM ads.congress_duty_finding
			WHERE ` + mine + `
			ORDER BY day, finding, record_id, detail`},
	}}
}

func flag(id string, _ time.Time) Subject {
	lit := warehouse.Quote(id)
	return Subject{Kind: "线索", ID: id, Table: "ads.assist_risk_flag", Parts: []Part{
		{"线索", "ads.assist_risk_flag", `
			SELECT title, rule_version, person_key, household_key, region_code, value, threshold, evidence, first_seen, opened_in, last_seen,
				episode, state, missing, department
			FROM ads.assist_risk_flag
			WHERE flag_id = ` + lit},
		{"处置", "ads.assist_risk_flag", `
			SELECT decision, decided_on, reviewer_name, reason, referred_to, previous_decision
			FROM ads.assist_risk_flag
			WHERE flag_id = ` + lit},
		{"规则的各版", "dim.assist_risk_rule", `
			SELECT scheme, rule_version, scope, status_basis, metric, window_kind, comparison, threshold, threshold_kind, ` + interval + `, reference
			FROM dim.assist_risk_rule AS r
			WHERE rule_id IN (SELECT rule_id FROM ads.assist_risk_flag WHERE flag_id = ` + lit + `)
			ORDER BY scheme, r.valid_from`},
	}}
}

func alert(id string, _ time.Time) Subject {
	lit := warehouse.Quote(id)
	return Subject{Kind: "预警", ID: id, Table: "ads.industry_alert", Parts: []Part{
		{"自新增起的各月", "ads.industry_alert", `
			SELECT month, state, level, region_code, segment, credit_code, enterprise_name, metric, category, kind, lamp, z, deviation, reason
			FROM ads.industry_alert
			WHERE alert_id = ` + lit + `
			ORDER BY month`},
		{"同一对象的其他预警", "ads.industry_alert", `
			SELECT other.alert_id, other.opened, max(other.month) AS month, max_by(other.state, other.month) AS state, other.metric, other.kind
			FROM ads.industry_alert AS other
			JOIN (SELECT DISTINCT level, region_code, segment, credit_code FROM ads.industry_alert WHERE alert_id = ` + lit + `) AS mine
				ON mine.level = other.level AND (mine.credit_code = other.credit_code
				OR (mine.credit_code IS NULL AND other.credit_code IS NULL AND mine.region_code = other.region_code AND mine.segment = other.segment))
			WHERE other.alert_id <> ` + lit + `
			GROUP BY other.alert_id, other.opened, other.metric, other.kind
			ORDER BY other.opened DESC, other.alert_id`},
	}}
}
