package industry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"zhicang/transform"
)

// alertVersion changes when other alerts would come out.
const alertVersion = 4

// growthMetric is what cells are watched by.
const growthMetric = "产值现价同比"

// alertStep opens, carries on and clears alerts. It sees its own earlier months,
// so that an alert keeps its id while it stands.
func alertStep(cfg Config) transform.Step {
	return transform.Step{
		Table:   "ads.industry_alert",
		Version: func() string { return fmt.Sprint(alertVersion) },
		Inputs: map[string]string{
			"signal": `SELECT s.month, s.level, s.subject, coalesce(s.credit_code, ''), coalesce(e.enterprise_name, ''), s.region_code, coalesce(s.segment, ''),
					s.metric, coalesce(s.finding, ''), s.periods, s.z, s.deviation, s.anomaly
				FROM ads.industry_signal AS s
				LEFT JOIN (
					SELECT credit_code, max_by(enterprise_name, valid_from) AS enterprise_name FROM dim.industry_enterprise GROUP BY credit_code
				) AS e ON e.credit_code = s.credit_code
				WHERE s.subject IN (
					SELECT subject FROM ads.industry_signal WHERE anomaly <> 0 OR finding IS NOT NULL
					UNION SELECT coalesce(credit_code, concat(region_code, '|', segment)) FROM ads.industry_alert WHERE state <> '解除'
				)
				ORDER BY s.level, s.subject, s.month DESC, s.metric, s.finding`,
			"before": `SELECT alert_id, state, opened, level, region_code, coalesce(segment, ''), coalesce(credit_code, ''), coalesce(enterprise_name, ''),
					metric, category, kind, coalesce(lamp, '')
				FROM ads.industry_alert ORDER BY month DESC, alert_id`,
			// Who of them is in business: an alert ends with the enterprise.
			"listed": `SELECT credit_code, valid_from, valid_to FROM dim.industry_enterprise
				WHERE status = '在营' AND credit_code IN (SELECT credit_code FROM ads.industry_alert)`,
		},
		Build: func(ctx context.Context, b *transform.Build) error { return buildAlerts(ctx, b, cfg) },
	}
}

// An alert is one that stands, as it was last seen.
type alert struct {
	subject
	verdict
	id     string
	state  string
	opened time.Time
}

const (
	opened    = "新增"
	continued = "持续"
	cleared   = "解除"
)

func buildAlerts(ctx context.Context, b *transform.Build, cfg Config) error {
	var r rules
	err := cfg.parameters(b.Month, "industry.alert.", map[string]*float64{
		"persistence_window": &r.window, "persistence": &r.persistence, "divergence": &r.divergence, "divergence_intensity": &r.intensity,
		"severe_deviation": &r.severe, "cell_severe_deviation": &r.severeForCell,
	})
	if err != nil {
		return err
	}
	if r.persistence < 1 {
		return fmt.Errorf("parameter industry.alert.persistence is %v: at least one month must be out of bounds", r.persistence)
	}
	day, err := firstDay(b.Month)
	if err != nil {
		return err
	}
	subjects, err := readSubjects(ctx, b, day)
	if err != nil {
		return err
	}
	before, err := readOpen(ctx, b)
	if err != nil {
		return err
	}
	listed, err := readListed(ctx, b, day)
	if err != nil {
		return err
	}
	for _, a := range r.next(day, subjects, before, listed) {
		row := []any{
			day, a.id, a.state, a.opened, a.level, a.region, orNil(a.segment), orNil(a.credit), orNil(a.name),
			a.metric, a.category, a.kind, orNil(a.lamp), number(a.z), number(a.deviation), a.reason,
		}
		if err := b.Emit(ctx, row...); err != nil {
			return err
		}
	}
	return nil
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func number(x *float64) any {
	if x == nil {
		return nil
	}
	return *x
}

// next takes the alerts from one month to the next. listed are the enterprises
// with alerts that are in business at the end of the month.
func (r rules) next(day time.Time, subjects []*subject, before []alert, listed map[string]bool) []alert {
	open := map[string]alert{}
	kinds := map[string]map[string]string{}
	for _, a := range before {
		s := a.subjectID()
		open[s+" "+a.metric+" "+a.kind] = a
		if kinds[s] == nil {
			kinds[s] = map[string]string{}
		}
		if a.category != missingCategory && a.kind != unitKind && a.kind != unlistedKind {
			kinds[s][a.metric] = a.kind
		}
	}
	var list []alert
	known := map[string]*subject{}
	for _, s := range subjects {
		known[s.id] = s
		for _, v := range r.judge(s, kinds[s.id]) {
			key := s.id + " " + v.metric + " " + v.kind
			a := alert{subject: *s, verdict: v, state: opened, opened: day, id: alertID(s.id, v.metric, v.kind, day)}
			if stands, ok := open[key]; ok {
				a.state, a.opened, a.id = continued, stands.opened, stands.id
				delete(open, key)
			}
			list = append(list, a)
		}
	}
	for _, a := range open {
		list = append(list, r.left(a, known[a.subjectID()], listed[a.credit]))
	}
	slices.SortFunc(list, func(a, b alert) int { return cmp.Compare(a.id, b.id) })
	return list
}

// left is what becomes of an alert that this month gives no reason for. Data clear
// it. Without them nobody can tell and it goes on, with the lamp that was seen
// last, until it has been so for as many months as persistence looks at, or the
// enterprise is no more. Who reports without being in business is not asked for
// more, so the absence of such a report is all there is to know.
func (r rules) left(a alert, s *subject, listed bool) alert {
	a.z, a.deviation = nil, nil
	last := a.lamp
	a.state, a.lamp = cleared, ""
	if s == nil {
		s = &subject{}
	}
	switch {
	case a.kind == unlistedKind || a.isTold(s):
		a.reason = "本月不再符合预警条件"
		if a.category == trendCategory {
			a.lamp = "绿"
		}
	case a.level != cellLevel && !listed:
		a.reason = "企业月末已不在营，不再跟踪"
	case !r.heard(a, s):
		a.reason = fmt.Sprintf("连续%.0f期无数可判，不再跟踪", r.window)
	default:
		a.state, a.lamp, a.reason = continued, last, a.why(s)+"，无从判断"
		a.name, a.region = s.name, s.region // where it is now
	}
	return a
}

// isTold reports whether the month tells what the alert is about. That who did
// not report has done so is told by a value in doubt as well.
func (a alert) isTold(s *subject) bool {
	switch a.kind {
	case divergenceKind:
		return s.knows(outputMetric) && s.knows(powerMetric)
	case missingKind:
		return s.knows(outputMetric) || s.has(unitKind, outputMetric)
	case unitKind:
		if a.metric == baseMetric || a.metric == capacityMetric {
			return s.knows(outputMetric) // the report is there, and nothing in it is doubted but the output
		}
	}
	return s.knows(a.metric)
}

// heard reports whether a month that persistence looks at told anything about it.
func (r rules) heard(a alert, s *subject) bool {
	metrics := []string{a.metric}
	switch {
	case a.kind == divergenceKind:
		metrics = []string{outputMetric, powerMetric}
	case a.metric == baseMetric || a.metric == capacityMetric:
		metrics = []string{outputMetric}
	}
	at := func(back int, finding, metric string) bool {
		return slices.ContainsFunc(s.signals, func(x signal) bool { return x.back == back && x.finding == finding && x.metric == metric })
	}
	for back := 0; float64(back) < r.window; back++ {
		unknown := slices.ContainsFunc(metrics, func(metric string) bool { return !at(back, "", metric) })
		if !unknown || at(back, a.kind, a.metric) {
			return true
		}
	}
	return false
}

// why says why the month tells nothing about it.
func (a alert) why(s *subject) string {
	metric := a.metric
	if a.kind == divergenceKind && s.knows(outputMetric) {
		metric = powerMetric
	}
	switch {
	case s.has(missingKind, outputMetric):
		return "本月缺报"
	case s.has(unitKind, metric):
		return "本月" + metric + "单位存疑"
	}
	return "本月没有可用的" + metric
}

// subjectID is the subject of an alert that was read back.
func (a alert) subjectID() string {
	if a.level == cellLevel {
		return a.region + "|" + a.segment
	}
	return a.credit
}

func alertID(parts ...any) string {
	sum := sha256.Sum256(fmt.Append(nil, parts...))
	day := parts[len(parts)-1].(time.Time)
	return "YJ" + day.Format("200601") + "-" + strings.ToUpper(hex.EncodeToString(sum[:5]))
}

// readSubjects returns the subjects about which there is anything to say in the
// months that persistence looks at.
func readSubjects(ctx context.Context, b *transform.Build, day time.Time) ([]*subject, error) {
	var list []*subject
	err := each(ctx, b, "signal", func(r *sql.Rows) error {
		var s subject
		var x signal
		var month time.Time
		var z, deviation sql.NullFloat64
		if err := r.Scan(&month, &s.level, &s.id, &s.credit, &s.name, &s.region, &s.segment, &x.metric, &x.finding, &x.periods, &z, &deviation, &x.anomaly); err != nil {
			return err
		}
		x.back = 12*(day.Year()-month.Year()) + int(day.Month()) - int(month.Month())
		if z.Valid {
			x.z = &z.Float64
		}
		if deviation.Valid {
			x.deviation = &deviation.Float64
		}
		if n := len(list); n == 0 || list[n-1].id != s.id || list[n-1].level != s.level {
			list = append(list, &s) // the newest month comes first: where the enterprise is now
		}
		last := list[len(list)-1]
		last.signals = append(last.signals, x)
		return nil
	})
	return list, err
}

// readOpen returns the alerts that stood when the table was last built before
// this month.
func readOpen(ctx context.Context, b *transform.Build) ([]alert, error) {
	var list []alert
	seen := map[string]bool{}
	err := each(ctx, b, "before", func(r *sql.Rows) error {
		var a alert
		if err := r.Scan(&a.id, &a.state, &a.opened, &a.level, &a.region, &a.segment, &a.credit, &a.name, &a.metric, &a.category, &a.kind, &a.lamp); err != nil {
			return err
		}
		if !seen[a.id] && a.state != cleared {
			list = append(list, a)
		}
		seen[a.id] = true
		return nil
	})
	return list, err
}

// readListed returns the enterprises with alerts that are in business at the end
// of the month.
func readListed(ctx context.Context, b *transform.Build, day time.Time) (map[string]bool, error) {
	last := day.AddDate(0, 1, -1)
	listed := map[string]bool{}
	err := each(ctx, b, "listed", func(r *sql.Rows) error {
		var credit string
		var from, to time.Time
		if err := r.Scan(&credit, &from, &to); err != nil {
			return err
		}
		if !from.After(last) && to.After(last) {
			listed[credit] = true
		}
		return nil
	})
	return listed, err
}
