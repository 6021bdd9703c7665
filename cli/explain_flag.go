package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"zhicang/warehouse"
)

var flagRE = regexp.MustCompile(`^f[0-9a-f]{20}$`)

// explainFlag shows a flag as its reader sees it: what it rests on, the rule in
// every version, and what a person decided.
func (a *app) explainFlag(ctx context.Context, id string) (err error) {
	pub, err := a.published(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	lit := warehouse.Quote(id)
	for _, q := range []string{
		`SELECT title AS 规则, rule_version AS 版本, coalesce(person_key, household_key) AS 对象, region_code AS 区划, value AS 指标值, threshold AS 阈值,
			first_seen AS 首次发现, opened_in AS 本期开立, last_seen AS 最近符合, episode AS 期次, state AS 状态, department AS 处置部门
		 FROM ads.assist_risk_flag WHERE flag_id = ` + lit,
		`SELECT decision AS 处置, decided_on AS 日期, reviewer_name AS 审核人, reason AS 理由, referred_to AS 转办部门, previous_decision AS 以前的处置
		 FROM ads.assist_risk_flag WHERE flag_id = ` + lit,
		`SELECT r.scheme AS 口径, r.rule_version AS 版本, r.scope AS 范围, r.status_basis AS 身份口径, r.metric AS 指标, r.window_kind AS 期间, r.comparison AS 比较符,
			r.threshold AS 阈值, r.threshold_kind AS 阈值类型, r.valid_from AS 生效日, r.valid_to AS 失效日, r.reference AS 依据
		 FROM dim.assist_risk_rule AS r JOIN ads.assist_risk_flag AS f ON f.rule_id = r.rule_id WHERE f.flag_id = ` + lit + ` ORDER BY r.scheme, r.valid_from`,
	} {
		if err := a.query(ctx, pub, q, "table"); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
	}
	rows, err := pub.Query(ctx, "SELECT evidence FROM ads.assist_risk_flag WHERE flag_id = ?", id)
	if err != nil {
		return queryError(err)
	}
	defer rows.Close()
	for rows.Next() {
		var evidence string
		if err := rows.Scan(&evidence); err != nil {
			return err
		}
		fmt.Fprintf(a.out, "证据: %s\n", evidence)
	}
	c, _ := a.catalog.Contract("ads.assist_risk_flag")
	fmt.Fprintf(a.out, "口径: %s\n", c.Formula)
	return rows.Err()
}
