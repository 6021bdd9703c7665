package industry

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// rules are the thresholds of a month.
type rules struct {
	window        float64 // months that persistence looks at, this one included
	persistence   float64 // in how many of them a series must be out of bounds
	divergence    float64 // of what the two are away from their medians
	intensity     float64 // of electricity per output, which must have changed as well
	severe        float64
	severeForCell float64
}

// A signal is what was found out about one metric of a subject in a month.
type signal struct {
	back      int // months before the one that is judged
	metric    string
	finding   string // 缺报, 单位, 名录外 or ""
	periods   int64  // it was compared with; of 单位 0: with other values of the same report
	z         *float64
	deviation *float64
	anomaly   int64
}

// A subject is an enterprise or a cell of the operation table.
type subject struct {
	level, id, credit, name, region, segment string
	signals                                  []signal
}

// A verdict is a reason to look at a subject in a month.
type verdict struct {
	metric, category, kind, lamp string
	z, deviation                 *float64
	reason                       string
}

// What verdicts are about.
const (
	outputMetric    = "产值"
	baseMetric      = "同期可比产值"
	capacityMetric  = "生产能力"
	powerMetric     = "用电量"
	cellLevel       = "单元"
	missingKind     = "缺报"
	unitKind        = "单位"
	unlistedKind    = "名录外"
	divergenceKind  = "背离"
	fallKind        = "下降"
	riseKind        = "上升"
	missingCategory = "缺报"
	doubtCategory   = "数据疑点"
	trendCategory   = "走势"
)

// judge says what there is about a subject. A missing report is judged first:
// whoever did not report has nothing else to answer for but what already stands
// about his electricity. Doubts about the data come before what the data say.
// open are the kinds of the subject's alerts that stand, by metric: what is known
// as a divergence stays one until it ends.
func (r rules) judge(s *subject, open map[string]string) []verdict {
	if s.has(missingKind, outputMetric) {
		list := []verdict{{metric: outputMetric, category: missingCategory, kind: missingKind, reason: "此前曾报送，本月在营而未报产值"}}
		if t, ok := r.trend(s, powerMetric, open); ok && open[powerMetric] == kindOf(t.anomaly) {
			list = append(list, r.trendVerdict(s, t))
		}
		return list
	}
	var list []verdict
	for _, metric := range []string{outputMetric, baseMetric, capacityMetric, powerMetric} {
		if i := s.index(unitKind, metric); i >= 0 {
			list = append(list, unitVerdict(metric, s.signals[i]))
		}
	}
	if s.has(unlistedKind, outputMetric) {
		list = append(list, verdict{metric: outputMetric, category: doubtCategory, kind: unlistedKind, reason: "报送了产值，名录中当月并非在营"})
	}
	return append(list, r.trends(s, open)...)
}

func (s *subject) index(finding, metric string) int {
	return slices.IndexFunc(s.signals, func(x signal) bool { return x.back == 0 && x.finding == finding && x.metric == metric })
}

func (s *subject) has(finding, metric string) bool { return s.index(finding, metric) >= 0 }

// knows reports whether a metric has a value that counts this month.
func (s *subject) knows(metric string) bool { return s.has("", metric) }

// unitVerdict tells of a value that looks written in the wrong unit, and what it
// was compared with.
func unitVerdict(metric string, x signal) verdict {
	v := verdict{metric: metric, category: doubtCategory, kind: unitKind, deviation: x.deviation}
	than, left, units := "此前中位数", "汇总", "元与万元"
	if x.periods == 0 {
		than = "同一报表所填产值"
		if metric == outputMetric {
			than = "同一报表所填同期或产能"
		}
	}
	switch metric {
	case powerMetric:
		units = "千瓦时与万千瓦时"
	case baseMetric:
		left = "同比"
	case capacityMetric:
		left = "产能利用率"
	}
	times := "一万倍"
	if x.deviation != nil && *x.deviation < 0 {
		times = "万分之一"
	}
	v.reason = fmt.Sprintf("%s约为%s的%s，疑为%s混用；该数未计入%s", metric, than, times, units, left)
	return v
}

// A trend is a series that was out of bounds, to one side, in enough of the
// last months.
type trend struct {
	signal
	times int
}

// when says that it is not this month that is told of.
func (t trend) when() string {
	if t.back == 0 {
		return ""
	}
	return "本月未超限，最近一次超限时"
}

// trend returns the newest signal out of bounds of a series that persists; ok
// is false for one that does not, and where nothing is known this month. Nothing
// begins in a month within bounds, and one out of bounds to the other side ends
// it. After a month that told nothing, one month out of bounds is enough for an
// alert that stands: only data clear it.
func (r rules) trend(s *subject, metric string, open map[string]string) (t trend, ok bool) {
	if !s.knows(metric) {
		return trend{}, false
	}
	now := s.signals[s.index("", metric)].anomaly
	for _, side := range []int64{-1, 1} {
		if now == -side {
			continue
		}
		t = trend{signal: signal{back: math.MaxInt}}
		for _, x := range s.signals {
			if x.metric == metric && x.finding == "" && x.anomaly == side && float64(x.back) < r.window {
				t.times++
				if x.back < t.back {
					t.signal = x
				}
			}
		}
		stands := open[metric] == kindOf(side) || open[outputMetric] == divergenceKind
		persists := float64(t.times) >= r.persistence && (stands || t.back == 0)
		if persists || stands && t.back == 0 && r.gap(s, metric) {
			return t, true
		}
	}
	return trend{}, false
}

// gap reports whether a month that persistence looks at told nothing.
func (r rules) gap(s *subject, metric string) bool {
	for back := 1; float64(back) < r.window; back++ {
		if !slices.ContainsFunc(s.signals, func(x signal) bool { return x.back == back && x.metric == metric && x.finding == "" }) {
			return true
		}
	}
	return false
}

// trends judges falls and rises. What happens to the electricity along with the
// output is one matter, not two, also while the output is not known.
func (r rules) trends(s *subject, open map[string]string) []verdict {
	var found []trend
	metrics := []string{outputMetric, powerMetric}
	if s.level == cellLevel {
		metrics = []string{growthMetric}
	}
	for _, metric := range metrics {
		if t, ok := r.trend(s, metric, open); ok {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return nil
	}
	v, ok, told := r.diverges(s, found[0], open)
	if ok {
		return []verdict{v}
	}
	if open[outputMetric] == divergenceKind && (!told || found[0].back > 0) {
		return nil // one of the two is not known, so nobody can tell; and nothing begins within bounds
	}
	var list []verdict
	for _, t := range found {
		along := found[0].metric == outputMetric && found[0].anomaly == t.anomaly ||
			!s.knows(outputMetric) && open[outputMetric] == kindOf(t.anomaly) && open[powerMetric] != kindOf(t.anomaly)
		if t.metric == powerMetric && along {
			continue
		}
		list = append(list, r.trendVerdict(s, t))
	}
	return list
}

// rounded is what is held against a threshold: −0.225 and −0.375 are 0.15
// apart, and not 0.15000000000000002.
func rounded(x float64) float64 { return math.Round(x*1e9) / 1e9 }

// diverges holds output against electricity in the newest month in which the
// series that is out of bounds was so; told is false where one of the two is not
// known then.
func (r rules) diverges(s *subject, t trend, open map[string]string) (v verdict, ok, told bool) {
	if t.metric != outputMetric && t.metric != powerMetric {
		return verdict{}, false, false
	}
	at := func(metric string) *float64 {
		for _, x := range s.signals {
			if x.metric == metric && x.back == t.back && x.finding == "" {
				return x.deviation
			}
		}
		return nil
	}
	power, output := at(powerMetric), at(outputMetric)
	if power == nil || output == nil {
		return verdict{}, false, false
	}
	gap := rounded(*power - *output)
	apart := math.Abs(gap) > rounded(r.divergence) && math.Abs(gap) > rounded(r.intensity*(1+*output))
	if !apart || open[outputMetric] == kindOf(t.anomaly) {
		return verdict{}, false, true
	}
	return verdict{
		metric: outputMetric, category: doubtCategory, kind: divergenceKind, z: t.z, deviation: &gap,
		reason: t.when() + fmt.Sprintf("用电%s，产值%s，相差%.1f个百分点；%s", away(*power), away(*output), 100*math.Abs(gap), r.times(t)),
	}, true, true
}

func (r rules) times(t trend) string {
	return fmt.Sprintf("%s近%.0f期有%d期超限", t.metric, r.window, t.times)
}

func kindOf(side int64) string {
	if side < 0 {
		return fallKind
	}
	return riseKind
}

// away is a deviation in words.
func away(deviation float64) string {
	if deviation < 0 {
		return fmt.Sprintf("低于此前中位%.1f%%", -100*deviation)
	}
	return fmt.Sprintf("高于此前中位%.1f%%", 100*deviation)
}

func (r rules) trendVerdict(s *subject, t trend) verdict {
	v := verdict{metric: t.metric, category: trendCategory, kind: kindOf(t.anomaly), z: t.z, deviation: t.deviation}
	severe := r.severe
	words := []string{t.metric + away(*t.deviation)}
	if s.level == cellLevel {
		severe = r.severeForCell
		words = []string{fmt.Sprintf("%s比此前中位%s%.1f个百分点", t.metric, map[bool]string{true: "低", false: "高"}[t.anomaly < 0], 100*math.Abs(*t.deviation))}
	}
	if t.z != nil {
		words = append(words, fmt.Sprintf("z=%.2f", *t.z))
	}
	v.lamp = lamp(*t.deviation, severe)
	v.reason = t.when() + strings.Join(append(words, fmt.Sprintf("近%.0f期有%d期超限", r.window, t.times)), "，")
	return v
}

// lamp is one of the five lamps, from overheated to too cold.
func lamp(deviation, severe float64) string {
	deviation, severe = rounded(deviation), rounded(severe)
	switch {
	case deviation >= severe:
		return "红"
	case deviation > 0:
		return "黄"
	case deviation <= -severe:
		return "蓝"
	case deviation < 0:
		return "浅蓝"
	}
	return "绿"
}
