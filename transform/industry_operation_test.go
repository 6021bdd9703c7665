package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the publication is planned with counts, for every quantity by itself, who
// reports it and who of them adds anything: three answered the questionnaire, and
// one of them what it asks about production; three report output, and two of them
// 0.
func TestAtomsCountWhoContributes(t *testing.T) {
	e, g, _ := open(t)
	measure, _ := g.Node("dwd.industry_measure")
	fill(t, e, "dwd.industry_measure", measure.Contract.Columns, `credit_code,month,region_code,segments,in_doubt,output,yoy_output,yoy_base,labour_needed,labour_short,current_climate,expected_climate,production
A,2025-03-01,331022001,全部|童装,false,30.50,30.50,20.00,10,0,好,好,增加
B,2025-03-01,331022001,全部|童装,false,0.00,0.00,5.00,0,0,差,,
C,2025-03-01,331022001,全部|童装,false,0.00,0.00,0.00,,,好,差,
D,2025-03-01,331022001,全部,false,,,,,,,,
`)
	step, _ := g.Node("ads.industry_operation")
	quantities := []string{
		"产值", "同比", "环比", "产能", "用电", "订单", "用工",
		"即期", "预期", "新订单", "生产", "从业", "配送", "库存",
	}
	var got []string
	for _, row := range queryRows(t, e, step.Step.Inputs["atom"]) {
		for i, name := range quantities {
			if c := row[2+3*i : 5+3*i]; strings.Join(c, " ") != "0 0 0" {
				got = append(got, fmt.Sprintf("%s %s: %s", row[1], name, strings.Join(c, " ")))
			}
		}
	}
	want := []string{
		"全部|童装 产值: 3 1 30.5",
		"全部|童装 同比: 3 2 25",
		"全部|童装 用工: 2 1 10",
		"全部|童装 即期: 3 3 3",
		"全部|童装 预期: 2 2 2",
		"全部|童装 生产: 1 1 1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("segments, quantity: who reports, who adds, how much (-want +got): %s", diff)
	}
}
