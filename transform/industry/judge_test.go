package industry

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// usualRules are those of the parameter file.
var usualRules = rules{window: 3, persistence: 2, divergence: 0.15, intensity: 0.15, severe: 0.5, severeForCell: 0.25}

func float(x float64) *float64 { return &x }

// at is a signal so many months back.
func at(back int, metric string, anomaly int64, deviation float64) signal {
	return signal{back: back, metric: metric, anomaly: anomaly, deviation: &deviation, z: float(deviation * 20)}
}

func finding(kind, metric string, deviation float64) signal {
	return signal{metric: metric, finding: kind, deviation: &deviation}
}

// TestRules holds the judgement against the rules of domain B 预警, boundary
// cases first.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule    string
		signals []signal
		open    map[string]string
		want    string // metric kind lamp, joined by ; — "" for none
	}{
		{"|z|≥3.5且3期中2期：一期不报", []signal{at(0, "产值", -1, -0.4)}, nil, ""},
		{"3期中2期：本期与上上期", []signal{at(0, "产值", -1, -0.4), at(2, "产值", -1, -0.4)}, nil, "产值 下降 浅蓝"},
		{"3期之外的不算", []signal{at(0, "产值", -1, -0.4), at(3, "产值", -1, -0.4)}, nil, ""},
		{"一高一低不是持续", []signal{at(0, "产值", -1, -0.4), at(1, "产值", 1, 0.4)}, nil, ""},
		{"本期回到正常、前两期超限：仍在", []signal{at(0, "产值", 0, -0.1), at(1, "产值", -1, -0.4), at(2, "产值", -1, -0.4)}, map[string]string{"产值": "下降"}, "产值 下降 浅蓝"},
		{"本期回到正常，未报过的不报", []signal{at(0, "产值", 0, -0.1), at(1, "产值", -1, -0.4), at(2, "产值", -1, -0.4)}, nil, ""},
		{"两期下降之后本期上升超限：下降到此为止", []signal{at(0, "产值", 1, 0.8), at(1, "产值", -1, -0.4), at(2, "产值", -1, -0.4)}, map[string]string{"产值": "下降"}, ""},
		{"产值已恢复，用电本期也正常：不另报用电下降", []signal{at(0, "产值", 0, 0), at(2, "产值", -1, -0.4), at(0, "用电量", 0, 0), at(1, "用电量", -1, -0.4), at(2, "用电量", -1, -0.4)}, map[string]string{"产值": "下降"}, ""},
		{"偏离恰五成为蓝灯", []signal{at(0, "产值", -1, -0.5), at(1, "产值", -1, -0.5)}, nil, "产值 下降 蓝"},
		{"上升不足五成为黄灯", []signal{at(0, "产值", 1, 0.49), at(1, "产值", 1, 0.6)}, nil, "产值 上升 黄"},
		{"上升过五成为红灯", []signal{at(0, "产值", 1, 0.6), at(1, "产值", 1, 0.4)}, nil, "产值 上升 红"},

		{"先判缺报", []signal{finding("缺报", "产值", 0), at(1, "产值", -1, -0.4), at(2, "产值", -1, -0.4), at(0, "用电量", -1, -0.9), at(1, "用电量", -1, -0.9)}, nil, "产值 缺报 "},
		{"单位疑错报数据疑点，当月即报", []signal{finding("单位", "产值", -0.9999)}, nil, "产值 单位 "},
		{"单位疑错不妨碍另一指标", []signal{finding("单位", "用电量", 9999), at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4)}, nil, "用电量 单位 ;产值 下降 浅蓝"},
		{"名录外报送", []signal{finding("名录外", "产值", 0)}, nil, "产值 名录外 "},

		{"背离恰15pp不报疑点", []signal{at(0, "产值", -1, -0.375), at(1, "产值", -1, -0.375), at(0, "用电量", 0, -0.225)}, nil, "产值 下降 浅蓝"},
		{"背离>15pp报数据疑点", []signal{at(0, "产值", -1, -0.375), at(1, "产值", -1, -0.375), at(0, "用电量", 0, -0.2)}, nil, "产值 背离 "},
		{"产值升而用电不升是疑点", []signal{at(0, "产值", 1, 0.8), at(1, "产值", 1, 0.7), at(0, "用电量", 0, 0.02)}, nil, "产值 背离 "},
		{"用电升而产值不升也是疑点", []signal{at(0, "产值", 0, 0.01), at(0, "用电量", 1, 0.5), at(1, "用电量", 1, 0.5)}, nil, "产值 背离 "},
		{"同翻一番，相差20pp而单耗只变9%：不是背离", []signal{at(0, "产值", 1, 1.2), at(1, "产值", 1, 1.2), at(0, "用电量", 1, 1.0), at(1, "用电量", 1, 1.0)}, nil, "产值 上升 红"},
		{"恰15pp，差在浮点：−0.075与−0.225不报疑点", []signal{at(0, "产值", -1, -0.225), at(1, "产值", -1, -0.225), at(0, "用电量", 0, -0.075)}, nil, "产值 下降 浅蓝"},
		{"没有电量可比：按走势报", []signal{at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4)}, nil, "产值 下降 浅蓝"},
		{"已报背离的，相差仍>15pp即仍是背离", []signal{at(0, "产值", 1, 0.8), at(1, "产值", 1, 0.8), at(0, "用电量", 0, 0.4)}, map[string]string{"产值": "背离"}, "产值 背离 "},
		{"已报背离的，用电也降到相差不足15pp：改报下降", []signal{at(0, "产值", -1, -0.6), at(1, "产值", -1, -0.6), at(0, "用电量", -1, -0.6)}, map[string]string{"产值": "背离"}, "产值 下降 蓝"},
		{"已报下降的，不因一月的差距改报背离", []signal{at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4), at(0, "用电量", 0, -0.2)}, map[string]string{"产值": "下降"}, "产值 下降 浅蓝"},

		{"本月无数：前两期超限也无从判断", []signal{at(1, "产值", -1, -0.4), at(2, "产值", -1, -0.4)}, nil, ""},
		{"缺一期之后，本期又超限，已报的仍在", []signal{at(0, "产值", -1, -0.4), at(3, "产值", -1, -0.4)}, map[string]string{"产值": "下降"}, "产值 下降 浅蓝"},
		{"缺一期之后，本期又超限，未报过的不报", []signal{at(0, "产值", -1, -0.4), at(2, "产值", 0, -0.1)}, nil, ""},
		{"缺报之月，已报的用电下降按电量续报", []signal{finding("缺报", "产值", 0), at(0, "用电量", -1, -0.9), at(1, "用电量", -1, -0.9)}, map[string]string{"用电量": "下降"}, "产值 缺报 ;用电量 下降 蓝"},
		{"产值单位存疑，用电同降是已报的那件事", []signal{finding("单位", "产值", -0.9999), at(1, "产值", -1, -0.4), at(0, "用电量", -1, -0.4), at(1, "用电量", -1, -0.4)}, map[string]string{"产值": "下降"}, "产值 单位 "},
		{"背离未了而电量未知：不改报下降", []signal{at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4), at(1, "用电量", 0, 0)}, map[string]string{"产值": "背离"}, ""},
		{"同期与产能的单位疑错各报一条", []signal{finding("单位", "同期可比产值", -0.9999), finding("单位", "生产能力", 9999), at(0, "产值", 0, 0)}, nil, "同期可比产值 单位 ;生产能力 单位 "},

		{"去重：用电与产值同降是一件事", []signal{at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4), at(0, "用电量", -1, -0.38), at(1, "用电量", -1, -0.38)}, nil, "产值 下降 浅蓝"},
		{"只有用电下降", []signal{at(0, "用电量", -1, -0.3), at(1, "用电量", -1, -0.3)}, nil, "用电量 下降 浅蓝"},
	} {
		var got []string
		for _, v := range usualRules.judge(&subject{level: "企业", id: "E", signals: c.signals}, c.open) {
			got = append(got, v.metric+" "+v.kind+" "+v.lamp)
			if v.reason == "" {
				t.Errorf("%s: no reason", c.rule)
			}
		}
		if diff := cmp.Diff(c.want, strings.Join(got, ";")); diff != "" {
			t.Errorf("%s: %s", c.rule, diff)
		}
	}
}

func TestCellsAreJudgedByTheirGrowth(t *testing.T) {
	s := &subject{level: cellLevel, id: "339921|全部", signals: []signal{at(0, growthMetric, -1, -0.3), at(1, growthMetric, -1, -0.12)}}
	got := usualRules.judge(s, nil)
	if len(got) != 1 || got[0].lamp != "蓝" || got[0].reason != "产值现价同比比此前中位低30.0个百分点，z=-6.00，近3期有2期超限" {
		t.Errorf("%+v", got)
	}
}

// A month within bounds does not tell the numbers of the month before as its own.
func TestReasonTellsWhen(t *testing.T) {
	s := &subject{level: "企业", id: "E", signals: []signal{at(0, "产值", 0, -0.1), at(1, "产值", -1, -0.4), at(2, "产值", -1, -0.5)}}
	got := usualRules.judge(s, map[string]string{outputMetric: fallKind})
	if want := "本月未超限，最近一次超限时产值低于此前中位40.0%，z=-8.00，近3期有2期超限"; len(got) != 1 || got[0].reason != want {
		t.Errorf("%+v", got)
	}
}

// What a doubt about a unit rests on is said.
func TestUnitReasons(t *testing.T) {
	for _, c := range []struct {
		metric    string
		periods   int64
		deviation float64
		want      string
	}{
		{"产值", 8, -0.9999, "产值约为此前中位数的万分之一，疑为元与万元混用；该数未计入汇总"},
		{"产值", 0, 9999, "产值约为同一报表所填同期或产能的一万倍，疑为元与万元混用；该数未计入汇总"},
		{"用电量", 8, -0.9999, "用电量约为此前中位数的万分之一，疑为千瓦时与万千瓦时混用；该数未计入汇总"},
		{"同期可比产值", 0, -0.9999, "同期可比产值约为同一报表所填产值的万分之一，疑为元与万元混用；该数未计入同比"},
		{"生产能力", 8, 9999, "生产能力约为此前中位数的一万倍，疑为元与万元混用；该数未计入产能利用率"},
	} {
		if got := unitVerdict(c.metric, signal{periods: c.periods, deviation: &c.deviation}).reason; got != c.want {
			t.Error(cmp.Diff(c.want, got))
		}
	}
}

// aLife takes an enterprise from month to month, from March on. Each month's
// signals are those of that month; what persistence sees of the months before is
// kept.
func aLife(t *testing.T, metric string, leaves int, months ...[]signal) (states []string) {
	t.Helper()
	level, id := "企业", "E1"
	if metric == growthMetric {
		level, id = cellLevel, "339921|全部"
	}
	var before []alert
	for n := range months {
		s := &subject{level: level, id: id, region: "339921"}
		if level == cellLevel {
			s.segment = "全部"
		} else {
			s.credit = id
		}
		for back := 0; back < 3 && back <= n; back++ {
			for _, x := range months[n-back] {
				x.back = back
				s.signals = append(s.signals, x)
			}
		}
		day := month(2025, time.Month(3+n))
		now := usualRules.next(day, []*subject{s}, before, map[string]bool{"E1": leaves == 0 || n < leaves})
		var words []string
		before = nil
		for _, a := range now {
			words = append(words, strings.Join([]string{a.metric + a.kind + a.state, a.lamp, a.id[2:8], a.reason}, " "))
			if a.state != cleared {
				before = append(before, a)
			}
		}
		slices.Sort(words)
		states = append(states, strings.Join(words, "；"))
	}
	return states
}

// A month of which nothing is known neither clears an alert nor opens another:
// only data do.
func TestOnlyDataClear(t *testing.T) {
	fall, usual := []signal{at(0, "产值", -1, -0.6)}, []signal{at(0, "产值", 0, 0)}
	missing := []signal{finding("缺报", "产值", 0)}
	doubt := []signal{finding("单位", "产值", -0.9999)}
	const (
		falls  = "产值下降%s 蓝 202504 产值低于此前中位60.0%%，z=-12.00，近3期有%d期超限"
		opens  = "产值下降新增 蓝 202504 产值低于此前中位60.0%，z=-12.00，近3期有2期超限"
		stands = "产值下降持续 蓝 202504 本月缺报，无从判断"
	)
	for _, c := range []struct {
		name   string
		metric string
		leaves int // in which month it is in business no more
		months [][]signal
		want   []string // from the month on in which the alert is opened
	}{
		{"a fall, a missing report, the fall goes on under its id, and data end it", "产值", 0, [][]signal{fall, fall, missing, fall, usual, usual}, []string{
			opens,
			"产值下降持续 蓝 202504 本月缺报，无从判断；产值缺报新增  202505 此前曾报送，本月在营而未报产值",
			fmt.Sprintf(falls, "持续", 2) + "；产值缺报解除  202505 本月不再符合预警条件",
			"产值下降解除 绿 202504 本月不再符合预警条件",
			"",
		}},
		{"two missing reports", "产值", 0, [][]signal{fall, fall, missing, missing, fall}, []string{
			opens,
			stands + "；产值缺报新增  202505 此前曾报送，本月在营而未报产值",
			stands + "；产值缺报持续  202505 此前曾报送，本月在营而未报产值",
			fmt.Sprintf(falls, "持续", 1) + "；产值缺报解除  202505 本月不再符合预警条件",
		}},
		{"three, and nobody knows any more", "产值", 0, [][]signal{fall, fall, missing, missing, missing}, []string{
			opens,
			stands + "；产值缺报新增  202505 此前曾报送，本月在营而未报产值",
			stands + "；产值缺报持续  202505 此前曾报送，本月在营而未报产值",
			"产值下降解除  202504 连续3期无数可判，不再跟踪；产值缺报持续  202505 此前曾报送，本月在营而未报产值",
		}},
		{"a value in doubt says nothing about the fall", "产值", 0, [][]signal{fall, fall, doubt, usual}, []string{
			opens,
			"产值下降持续 蓝 202504 本月产值单位存疑，无从判断；产值单位新增  202505 产值约为同一报表所填同期或产能的万分之一，疑为元与万元混用；该数未计入汇总",
			"产值下降解除 绿 202504 本月不再符合预警条件；产值单位解除  202505 本月不再符合预警条件",
		}},
		{"a delivery that is late as a whole clears no missing report", "产值", 0, [][]signal{usual, missing, {}, usual}, []string{
			"产值缺报新增  202504 此前曾报送，本月在营而未报产值",
			"产值缺报持续  202504 本月没有可用的产值，无从判断",
			"产值缺报解除  202504 本月不再符合预警条件",
		}},
		{"a divergence goes on while one of the two is not known, and not for ever", "产值", 0, [][]signal{
			{at(0, "产值", 1, 0.8), at(0, "用电量", 0, 0)}, {at(0, "产值", 1, 0.8), at(0, "用电量", 0, 0)}, usual, usual, usual,
		}, []string{
			"产值背离新增  202504 用电高于此前中位0.0%，产值高于此前中位80.0%，相差80.0个百分点；产值近3期有2期超限",
			"产值背离持续  202504 本月未超限，最近一次超限时用电高于此前中位0.0%，产值高于此前中位80.0%，相差80.0个百分点；产值近3期有2期超限",
			"产值背离持续  202504 本月没有可用的用电量，无从判断",
			"产值背离解除  202504 连续3期无数可判，不再跟踪",
		}},
		{"who is in business no more", "产值", 2, [][]signal{fall, fall, {}}, []string{
			opens, "产值下降解除  202504 企业月末已不在营，不再跟踪",
		}},
		{"a cell without growth to compare, as in January and February", growthMetric, 0, [][]signal{
			{at(0, growthMetric, -1, -0.3)}, {at(0, growthMetric, -1, -0.3)}, {}, {}, {at(0, growthMetric, -1, -0.3)}, {at(0, growthMetric, 0, 0)},
		}, []string{
			"产值现价同比下降新增 蓝 202504 产值现价同比比此前中位低30.0个百分点，z=-6.00，近3期有2期超限",
			"产值现价同比下降持续 蓝 202504 本月没有可用的产值现价同比，无从判断",
			"产值现价同比下降持续 蓝 202504 本月没有可用的产值现价同比，无从判断",
			"产值现价同比下降持续 蓝 202504 产值现价同比比此前中位低30.0个百分点，z=-6.00，近3期有1期超限",
			"产值现价同比下降解除 绿 202504 本月不再符合预警条件",
		}},
	} {
		if diff := cmp.Diff(c.want, aLife(t, c.metric, c.leaves, c.months...)[1:]); diff != "" {
			t.Errorf("%s (-want +got): %s", c.name, diff)
		}
	}
}

// An alert is opened, carried on with its id, and cleared once.
func TestAlertsLiveOn(t *testing.T) {
	falling := []*subject{{level: "企业", id: "E1", credit: "E1", name: "甲", region: "339921101", signals: []signal{at(0, "产值", -1, -0.6), at(1, "产值", -1, -0.6)}}}
	first := usualRules.next(month(2025, 3), falling, nil, nil)
	if len(first) != 1 || first[0].state != "新增" || !strings.HasPrefix(first[0].id, "YJ202503-") {
		t.Fatalf("%+v", first)
	}
	second := usualRules.next(month(2025, 4), falling, first, nil)
	if len(second) != 1 || second[0].state != "持续" || second[0].id != first[0].id || !second[0].opened.Equal(month(2025, 3)) {
		t.Fatalf("%+v", second)
	}
	within := []*subject{{level: "企业", id: "E1", credit: "E1", signals: []signal{at(0, "产值", 0, 0)}}}
	third := usualRules.next(month(2025, 5), within, second, nil)
	if len(third) != 1 || third[0].state != "解除" || third[0].id != first[0].id || third[0].lamp != "绿" {
		t.Fatalf("%+v", third)
	}
	again := usualRules.next(month(2025, 9), falling, nil, nil)
	if len(again) != 1 || again[0].state != "新增" || again[0].id == first[0].id {
		t.Fatalf("the next fall is another alert: %+v", again)
	}
}
