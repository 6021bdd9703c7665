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
const alertVersion = 2

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
					s.metric, coalesce(s.finding, ''), s.z, s.deviation, s.anomaly
				FROM ads.industry_signal AS s
				LEFT JOIN (
					SELECT credit_code, max_by(enterprise_name, valid_from) AS enterprise_name FROM dim.industry_enterprise GROUP BY credit_code
				) AS e ON e.credit_code = s.credit_code
				WHERE s.subject IN (SELECT subject FROM ads.industry_signal WHERE anomaly <> 0 OR finding IS NOT NULL)
				ORDER BY s.level, s.subject, s.month DESC, s.metric, s.finding`,
			"before": `SELECT alert_id, state, opened, level, region_code, coalesce(segment, ''), coalesce(credit_code, ''), coalesce(enterprise_name, ''),
					metric, category, kind
				FROM ads.industry_alert ORDER BY month DESC, alert_id`,
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
	for _, a := range r.next(day, subjects, before) {
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

// next takes the alerts from one month to the next.
func (r rules) next(day time.Time, subjects []*subject, before []alert) []alert {
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
	blind := map[string]string{} // by subject: why nothing can be said of its course
	for _, s := range subjects {
		blind[s.id] = r.blind(s)
		for _, v := range r.judge(s, kinds[s.id]) {
			key := s.id + " " + v.metric + " " + v.kind
			a := alert{subject: *s, verdict: v, state: opened, opened: day, id: alertID(s.id, v.metric, v.kind, day)}
			if known, ok := open[key]; ok {
				a.state, a.opened, a.id = continued, known.opened, known.id
				delete(open, key)
			}
			list = append(list, a)
		}
	}
	for _, a := range open {
		a.state, a.lamp, a.z, a.deviation, a.reason = cleared, "", nil, nil, "本月不再符合预警条件"
		switch why := blind[a.subjectID()]; {
		case why != "" && (a.category == trendCategory || a.kind == divergenceKind):
			// What nobody knows settles nothing.
			a.state, a.reason = continued, why+"，无从判断，预警保留"
		case a.category == trendCategory:
			a.lamp = "绿"
		}
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b alert) int { return cmp.Compare(a.id, b.id) })
	return list
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
		if err := r.Scan(&month, &s.level, &s.id, &s.credit, &s.name, &s.region, &s.segment, &x.metric, &x.finding, &z, &deviation, &x.anomaly); err != nil {
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
		if err := r.Scan(&a.id, &a.state, &a.opened, &a.level, &a.region, &a.segment, &a.credit, &a.name, &a.metric, &a.category, &a.kind); err != nil {
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
