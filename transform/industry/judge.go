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
	powerMetric     = "用电量"
	baseMetric      = "同期产值" // as the report has it
	capacityMetric  = "产能"
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
// whoever did not report has nothing else to answer for. Doubts about the data
// come before what the data say. open are the kinds of the subject's alerts
// that stand, by metric: what is known as a divergence stays one until it ends.
func (r rules) judge(s *subject, open map[string]string) []verdict {
	if r.has(s, missingKind, outputMetric) {
		return []verdict{{metric: outputMetric, category: missingCategory, kind: missingKind, reason: "此前曾报送，本月在营而未报产值"}}
	}
	var list []verdict
	for _, metric := range []string{outputMetric, powerMetric, baseMetric, capacityMetric} {
		if i := r.index(s, unitKind, metric); i >= 0 {
			list = append(list, unitVerdict(metric, s.signals[i]))
		}
	}
	if r.has(s, unlistedKind, outputMetric) {
		list = append(list, verdict{metric: outputMetric, category: doubtCategory, kind: unlistedKind, reason: "报送了产值，名录中当月并非在营"})
	}
	return append(list, r.trends(s, open)...)
}

// blind says why the course of a subject is not known this month; "" when it is.
func (r rules) blind(s *subject) string {
	if r.has(s, missingKind, outputMetric) {
		return "本月缺报"
	}
	for _, metric := range []string{outputMetric, powerMetric} {
		if r.has(s, unitKind, metric) {
			return metric + "单位存疑"
		}
	}
	return ""
}

func (r rules) index(s *subject, finding, metric string) int {
	return slices.IndexFunc(s.signals, func(x signal) bool { return x.back == 0 && x.finding == finding && x.metric == metric })
}

func (r rules) has(s *subject, finding, metric string) bool { return r.index(s, finding, metric) >= 0 }

func unitVerdict(metric string, x signal) verdict {
	v := verdict{metric: metric, category: doubtCategory, kind: unitKind, deviation: x.deviation}
	small := x.deviation != nil && *x.deviation < 0
	v.reason = map[bool]string{true: "约为此前中位数的万分之一", false: "约为此前中位数的一万倍"}[small]
	units := map[string]string{outputMetric: "元与万元", powerMetric: "千瓦时与万千瓦时"}[metric]
	v.reason = metric + v.reason + "，疑为" + units + "混用；该数未计入汇总"
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
// is false for one that does not.
func (r rules) trend(s *subject, metric string) (t trend, ok bool) {
	for _, side := range []int64{-1, 1} {
		t = trend{signal: signal{back: math.MaxInt}}
		for _, x := range s.signals {
			if x.metric == metric && x.finding == "" && x.anomaly == side && float64(x.back) < r.window {
				t.times++
				if x.back < t.back {
					t.signal = x
				}
			}
		}
		if float64(t.times) >= r.persistence {
			return t, true
		}
	}
	return trend{}, false
}

// trends judges falls and rises. What happens to the electricity along with the
// output is one matter, not two.
func (r rules) trends(s *subject, open map[string]string) []verdict {
	var found []trend
	metrics := []string{outputMetric, powerMetric}
	if s.level == cellLevel {
		metrics = []string{growthMetric}
	}
	for _, metric := range metrics {
		if t, ok := r.trend(s, metric); ok {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return nil
	}
	if v, ok := r.diverges(s, found[0], open); ok {
		return []verdict{v}
	}
	var list []verdict
	for i, t := range found {
		if i > 0 && t.anomaly == found[0].anomaly {
			continue
		}
		list = append(list, r.trendVerdict(s, t))
	}
	return list
}

// diverges holds output against electricity in the newest month in which the
// series that is out of bounds was so.
func (r rules) diverges(s *subject, t trend, open map[string]string) (verdict, bool) {
	if t.metric != outputMetric && t.metric != powerMetric {
		return verdict{}, false
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
		return verdict{}, false
	}
	gap := *power - *output
	// Rounded first: 15 points are no more than 15 points, whatever floats make of them.
	apart := exact(math.Abs(gap)) > r.divergence && exact(math.Abs(gap)) > exact(r.intensity*(1+*output))
	known := open[outputMetric]
	if known != divergenceKind && (!apart || known == kindOf(t.anomaly)) {
		return verdict{}, false
	}
	return verdict{
		metric: outputMetric, category: doubtCategory, kind: divergenceKind, z: t.z, deviation: &gap,
		reason: t.when() + fmt.Sprintf("用电%s，产值%s，相差%.1f个百分点；%s", away(*power), away(*output), 100*math.Abs(gap), r.times(t)),
	}, true
}

// exact takes off what floats leave behind.
func exact(x float64) float64 { return math.Round(x*1e9) / 1e9 }

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
	switch {
	case exact(deviation) >= severe:
		return "红"
	case deviation > 0:
		return "黄"
	case exact(deviation) <= -severe:
		return "蓝"
	case deviation < 0:
		return "浅蓝"
	}
	return "绿"
}
