package industry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"

	"zhicang/demo/office"
)

// writeMonths writes what is reported every month, and every quarter.
func (w *world) writeMonths(ctx context.Context) error {
	for m := range w.months {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := errors.Join(w.writeOutput(m), w.writePower(m), w.writeOrders(m), w.writeWorkers(m)); err != nil {
			return err
		}
		if m%3 == 1 {
			if err := w.writeClimate(m); err != nil {
				return err
			}
		}
	}
	return nil
}

// reporting are those who report in a month: nobody does in the month in which
// it closes.
func (w *world) reporting(m int) []*enterprise {
	var list []*enterprise
	for _, e := range w.enterprises {
		if e.active(m) && (m != e.closes || !e.listed()) {
			list = append(list, e)
		}
	}
	return list
}

// reported rounds as bookkeepers do.
func reported(x float64) float64 { return math.Round(x/100) * 100 }

// outputs are the amounts of an enterprise in a month as it writes them: this
// month, the same month a year ago, what it could make.
func (e *enterprise) outputs(m int) (now, base, capacity float64) {
	now, base, capacity = reported(e.output[m+before]), reported(e.output[m]), reported(1.45*e.usual)
	if m-before < e.opens {
		base = 0
	}
	if e.has(WrongUnit, "产值", m) {
		now, base, capacity = now/10000, base/10000, capacity/10000
	}
	return math.Round(now*100) / 100, math.Round(base*100) / 100, math.Round(capacity*100) / 100
}

var (
	outputUpper = []string{"序号", "统一社会信用代码", "企业名称", "所属月份", "产值(元)", "产值(元)", "生产能力(元)", "填报时间"}
	outputLower = []string{"", "", "", "", "本月", "同期可比", "", ""}
)

// writeOutput writes the bureau's own report: a workbook a month.
func (w *world) writeOutput(m int) error {
	day := w.month(m)
	name := fmt.Sprintf("产值月报/%s产值月报.xlsx", day.Format("2006年01月"))
	file, err := w.path(name)
	if err != nil {
		return err
	}
	s, err := office.NewForm(fmt.Sprintf("云溪县产业大脑产值月报（%s）", day.Format("2006年1月")), outputUpper, outputLower)
	if err != nil {
		return err
	}
	label := day.Format([]string{"2006年1月", "2006-01", "200601"}[m%3])
	total, n := 0.0, 0
	row := func(code, name string, now, base, capacity any) error {
		n++
		return s.Add(n, code, name, label, now, base, capacity, day.AddDate(0, 1, 4+n%5).Format("2006-01-02 15:04"))
	}
	list := w.reporting(m)
	for i, e := range list {
		if e.has(Missing, "产值", m) {
			continue
		}
		now, base, capacity := e.outputs(m)
		total += now
		cells := []any{now, base, capacity}
		if base == 0 {
			cells[1] = nil
		}
		switch (i + m) % 211 {
		case 5:
			cells[0] = office.FullWidth(yuan(now))
		case 77:
			cells[0] = thousands(now)
		}
		if err := row(e.code, e.name, cells[0], cells[1], cells[2]); err != nil {
			return err
		}
		if i%900 == 100 { // pasted twice
			w.truth.Duplicates++
			if err := row(e.code, e.name, cells[0], cells[1], cells[2]); err != nil {
				return err
			}
		}
		if i == 300 || i == 1200 {
			if err := row(wrongCode(900_000+100*m+i), "云溪县抄错码的厂", 120000, nil, nil); err != nil {
				return err
			}
			w.broken("industry_output", name, s.Row, "credit_code")
		}
		if i == 700 && m%4 == 0 {
			if err := row(creditCode(800_000+m), "云溪县冲红的厂", -5000, nil, nil); err != nil {
				return err
			}
			w.broken("industry_output", name, s.Row, "min")
		}
	}
	if err := s.Add("合计", nil, nil, nil, total); err != nil {
		return err
	}
	w.truth.Totals++
	return s.Save(file)
}

func yuan(x float64) string { return fmt.Sprintf("%.2f", x) }

// thousands sets the digits of a whole number apart.
func thousands(x float64) string {
	digits := strconv.FormatFloat(math.Trunc(x), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits + strconv.FormatFloat(x-math.Trunc(x), 'f', 2, 64)[1:]
}

func (w *world) broken(source, file string, row int, rule string) {
	w.truth.Broken = append(w.truth.Broken, Broken{Source: source, File: file, Row: row, Rule: rule})
}

// writePower writes the grid company's list, in GB18030 and with its meters
// kept from Excel.
func (w *world) writePower(m int) error {
	day := w.month(m)
	name := fmt.Sprintf("企业用电/%s.csv", day.Format("200601"))
	file, err := w.path(name)
	if err != nil {
		return err
	}
	l := office.NewList("户号", "用户编码", "户名", "抄表日期", "电量(千瓦时)")
	last := day.AddDate(0, 1, -1).Format("2006/1/2")
	for i, e := range w.reporting(m) {
		if !e.listed() {
			continue
		}
		kwh := math.Round(e.kwh[m+before])
		if e.has(WrongUnit, "用电量", m) {
			kwh = math.Round(kwh/100) / 100
		}
		meter, code := fmt.Sprintf("03%08d", e.number), e.code
		switch i % 5 {
		case 0:
			meter = office.AsText(meter)
		case 1:
			code += "\t"
		}
		l.Add(meter, code, e.name, last, strconv.FormatFloat(kwh, 'f', -1, 64))
		if i == 500 {
			l.Add("0399999999", wrongCode(700_000+m), "云溪县串户的厂", last, "100")
			w.broken("industry_electricity", name, l.Line, "credit_code")
		}
	}
	return l.SaveGB(file)
}

func (w *world) writeOrders(m int) error {
	day := w.month(m)
	file, err := w.path(fmt.Sprintf("订单工时/%s.csv", day.Format("2006-01")))
	if err != nil {
		return err
	}
	l := office.NewList("统一社会信用代码", "月份", "未交付工时", "30日可用工时", "填报时间")
	for _, e := range w.reporting(m) {
		if !e.listed() {
			continue
		}
		available := float64(e.workers) * 240
		next := e.trade.season[int(day.Month())%12]
		open := available * 0.95 * next * (0.9 + 0.2*w.r.Float64())
		l.Add(e.code, day.Format("2006-01"), strconv.FormatFloat(math.Round(open), 'f', -1, 64), strconv.FormatFloat(available, 'f', -1, 64), day.AddDate(0, 1, 3).Format("2006/1/2"))
	}
	return l.SaveGB(file)
}

func (w *world) writeWorkers(m int) error {
	day := w.month(m)
	file, err := w.path(fmt.Sprintf("用工月报/用工%s.csv", day.Format("2006-01")))
	if err != nil {
		return err
	}
	l := office.NewList("统一社会信用代码", "月份", "需求人数", "在岗人数", "填报时间")
	season := max(0, sewing[int(day.Month())-1]-1)
	for _, e := range w.reporting(m) {
		if !e.listed() {
			continue
		}
		needed := e.workers + int(math.Round(float64(e.workers)*(0.05+0.6*season)*w.r.Float64()*2))
		l.Add(e.code, day.Format("2006年1月"), strconv.Itoa(needed), strconv.Itoa(e.workers), day.AddDate(0, 1, 2).Format("2006-01-02"))
	}
	return l.SaveBOM(file)
}

// writeClimate writes the answers to the quarter's questionnaire, one JSON a
// line.
func (w *world) writeClimate(m int) error {
	day := w.month(m)
	file, err := w.path(fmt.Sprintf("景气问卷/%d年%d季度.jsonl", day.Year(), m/3%4+1))
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	ask := func(mood float64, words ...string) string {
		return words[pick(w.r.IntN(100), func(i int) int {
			up := int(100 * (0.3 + 0.5*(mood-1)))
			return []int{up, 45, 100}[i]
		})]
	}
	for _, e := range w.reporting(m) {
		if !e.answers || !e.listed() {
			continue
		}
		now, next := e.trade.season[day.Month()-1], e.trade.season[int(day.Month())%12]
		err := enc.Encode(map[string]any{
			"credit_code": e.code, "survey": day.Format("2006-01"), "answered_at": day.AddDate(0, 0, 20).Format("2006-01-02 15:04:05"),
			"climate": map[string]string{"now": ask(now, "好", "一般", "差"), "next": ask(next, "好", "一般", "差")},
			"index": map[string]string{
				"orders": ask(next, "增加", "持平", "减少"), "production": ask(now, "增加", "持平", "减少"), "employment": ask(1, "增加", "持平", "减少"),
				"delivery": ask(1, "加快", "持平", "放慢"), "inventory": ask(0.95, "增加", "持平", "减少"),
			},
		})
		if err != nil {
			return err
		}
	}
	return os.WriteFile(file, buf.Bytes(), 0o644)
}
