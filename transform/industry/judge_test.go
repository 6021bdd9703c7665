package industry

import (
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
		{"本期回到正常、前两期超限：仍在", []signal{at(0, "产值", 0, -0.1), at(1, "产值", -1, -0.4), at(2, "产值", -1, -0.4)}, nil, "产值 下降 浅蓝"},
		{"偏离恰五成为蓝灯", []signal{at(0, "产值", -1, -0.5), at(1, "产值", -1, -0.5)}, nil, "产值 下降 蓝"},
		{"上升不足五成为黄灯", []signal{at(0, "产值", 1, 0.49), at(1, "产值", 1, 0.6)}, nil, "产值 上升 黄"},
		{"上升过五成为红灯", []signal{at(0, "产值", 1, 0.6), at(1, "产值", 1, 0.4)}, nil, "产值 上升 红"},

		{"先判缺报", []signal{finding("缺报", "产值", 0), at(1, "产值", -1, -0.4), at(2, "产值", -1, -0.4), at(0, "用电量", -1, -0.9), at(1, "用电量", -1, -0.9)}, nil, "产值 缺报 "},
		{"单位疑错报数据疑点，当月即报", []signal{finding("单位", "产值", -0.9999)}, nil, "产值 单位 "},
		{"单位疑错不妨碍另一指标", []signal{finding("单位", "用电量", 9999), at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4)}, nil, "用电量 单位 ;产值 下降 浅蓝"},
		{"名录外报送", []signal{finding("名录外", "产值", 0)}, nil, "产值 名录外 "},

		{"背离恰15pp不报疑点", []signal{at(0, "产值", -1, -0.375), at(1, "产值", -1, -0.375), at(0, "用电量", 0, -0.225)}, nil, "产值 下降 浅蓝"},
		{"背离恰15pp，浮点相减略多，仍不报", []signal{at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4), at(0, "用电量", 0, -0.25)}, nil, "产值 下降 浅蓝"},
		{"背离>15pp报数据疑点", []signal{at(0, "产值", -1, -0.375), at(1, "产值", -1, -0.375), at(0, "用电量", 0, -0.2)}, nil, "产值 背离 "},
		{"产值升而用电不升是疑点", []signal{at(0, "产值", 1, 0.8), at(1, "产值", 1, 0.7), at(0, "用电量", 0, 0.02)}, nil, "产值 背离 "},
		{"用电升而产值不升也是疑点", []signal{at(0, "产值", 0, 0.01), at(0, "用电量", 1, 0.5), at(1, "用电量", 1, 0.5)}, nil, "产值 背离 "},
		{"同翻一番，相差20pp而单耗只变9%：不是背离", []signal{at(0, "产值", 1, 1.2), at(1, "产值", 1, 1.2), at(0, "用电量", 1, 1.0), at(1, "用电量", 1, 1.0)}, nil, "产值 上升 红"},
		{"没有电量可比：按走势报", []signal{at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4)}, nil, "产值 下降 浅蓝"},
		{"已报背离的，解除前仍是背离", []signal{at(0, "产值", 1, 0.5), at(1, "产值", 1, 0.8), at(0, "用电量", 0, 0.4)}, map[string]string{"产值": "背离"}, "产值 背离 "},
		{"已报下降的，不因一月的差距改报背离", []signal{at(0, "产值", -1, -0.4), at(1, "产值", -1, -0.4), at(0, "用电量", 0, -0.2)}, map[string]string{"产值": "下降"}, "产值 下降 浅蓝"},

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
	got := usualRules.judge(s, nil)
	if want := "本月未超限，最近一次超限时产值低于此前中位40.0%，z=-8.00，近3期有2期超限"; len(got) != 1 || got[0].reason != want {
		t.Errorf("%+v", got)
	}
}

// An alert is opened, carried on with its id, and cleared once.
func TestAlertsLiveOn(t *testing.T) {
	month := func(n int) time.Time { return time.Date(2025, time.Month(n), 1, 0, 0, 0, 0, time.UTC) }
	falling := []*subject{{level: "企业", id: "E1", credit: "E1", name: "甲", region: "339921101", signals: []signal{at(0, "产值", -1, -0.6), at(1, "产值", -1, -0.6)}}}
	first := usualRules.next(month(3), falling, nil)
	if len(first) != 1 || first[0].state != "新增" || !strings.HasPrefix(first[0].id, "YJ202503-") {
		t.Fatalf("%+v", first)
	}
	second := usualRules.next(month(4), falling, first)
	if len(second) != 1 || second[0].state != "持续" || second[0].id != first[0].id || !second[0].opened.Equal(month(3)) {
		t.Fatalf("%+v", second)
	}
	third := usualRules.next(month(5), nil, second)
	if len(third) != 1 || third[0].state != "解除" || third[0].id != first[0].id || third[0].lamp != "绿" {
		t.Fatalf("%+v", third)
	}
	again := usualRules.next(month(9), falling, nil)
	if len(again) != 1 || again[0].state != "新增" || again[0].id == first[0].id {
		t.Fatalf("the next fall is another alert: %+v", again)
	}
	unit := usualRules.next(month(4), []*subject{{level: "企业", id: "E1", credit: "E1", signals: []signal{finding("单位", "产值", -0.9999)}}}, first)
	if got := kindsOf(unit); got != "下降持续 单位新增" && got != "单位新增 下降持续" {
		t.Errorf("a doubt about the value settles nothing: %s", got)
	}
	silent := usualRules.next(month(4), []*subject{{level: "企业", id: "E1", credit: "E1", signals: []signal{finding("缺报", "产值", 0)}}}, first)
	if got := kindsOf(silent); got != "下降持续 缺报新增" && got != "缺报新增 下降持续" {
		t.Errorf("nor does a missing report: %s", got)
	}
	for _, a := range silent {
		if a.kind == "下降" && (a.id != first[0].id || a.lamp != "" || a.reason != "本月缺报，无从判断，预警保留") {
			t.Errorf("%+v", a)
		}
	}
	back := usualRules.next(month(5), nil, silent)
	if got := kindsOf(back); got != "下降解除 缺报解除" && got != "缺报解除 下降解除" {
		t.Errorf("whoever reports again and is within bounds is done with: %s", got)
	}
}

func kindsOf(alerts []alert) string {
	var list []string
	for _, a := range alerts {
		list = append(list, a.kind+a.state)
	}
	return strings.Join(list, " ")
}
