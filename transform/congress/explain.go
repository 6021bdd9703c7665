package congress

import "zhicang/warehouse"

// ExplainIssue returns the SELECTs that show an issue as readers see it: its
// ranks month by month, and the messages that it is made of. They read
// published tables alone.
func ExplainIssue(id string) (ranks, messages string) {
	lit := warehouse.Quote(id)
	ranks = `SELECT period, period_start, region_code, rank, heat, people, opinions, growth, likes, badge, first_day, last_day, title
		FROM ads.congress_hot_issue WHERE issue_id = ` + lit + ` AND period = 'month' ORDER BY period_start, region_code`
	messages = `SELECT opinion_id, day, person_key, similarity, is_centre, likes, title FROM ads.congress_hot_issue_opinion
		WHERE issue_id = ` + lit + ` ORDER BY day, opinion_id`
	return ranks, messages
}
