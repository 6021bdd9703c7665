package industry

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"zhicang/demo/office"
	"zhicang/demo/yunxi"
)

var (
	registerUpper = []string{"统一社会信用代码", "企业名称", "所属地", "所属地", "行业", "规模", "规模", "童装企业", "经营状态", "生效日期", "更新时间"}
	registerLower = []string{"", "", "区划代码", "乡镇街道", "", "类型", "规上", "", "", "", ""}
)

// entry is a line of the register.
func (w *world) entry(e *enterprise, name, status string, from time.Time) []any {
	town := shares[e.town].town
	return []any{
		e.code, name, town, yunxi.TownName(town), e.trade.class, e.size(), yes(e.large), yes(e.trade.children), status,
		from.Format("2006-01-02"), from.AddDate(0, 0, 3).Format("2006-01-02 15:04:05"),
	}
}

func yes(b bool) string {
	if b {
		return "是"
	}
	return "否"
}

func (e *enterprise) size() string {
	switch {
	case e.workers >= 300:
		return "中型"
	case e.workers >= 20:
		return "小型"
	}
	return "微型"
}

// writeRegister writes the register as it stood at first, and what changed in
// each year.
func (w *world) writeRegister() error {
	s, err := office.NewForm("云溪县童装产业大脑入驻企业名录", registerUpper, registerLower)
	if err != nil {
		return err
	}
	changes := make([]*office.List, DefaultYears)
	for y := range changes {
		changes[y] = office.NewList("统一社会信用代码", "企业名称", "区划代码", "乡镇街道", "行业", "类型", "规上", "童装企业", "经营状态", "生效日期", "更新时间")
	}
	change := func(m int, row []any) {
		cells := make([]string, len(row))
		for i, c := range row {
			cells[i] = c.(string)
		}
		cells[2] = office.AsText(cells[2])
		changes[m/12].Add(cells...)
	}
	for _, e := range w.enterprises {
		if !e.listed() {
			continue
		}
		if e.opens < 0 {
			if err := s.Add(w.entry(e, e.name, "在营", w.month(e.opens))...); err != nil {
				return err
			}
		} else {
			change(e.opens, w.entry(e, e.name, "在营", w.month(e.opens)))
		}
		if e.event == nil && e.number%130 == 7 { // a new name is no new enterprise
			m := 6 + e.number%24
			change(m, w.entry(e, e.name+"(更名)", "在营", w.month(m).AddDate(0, 0, 9)))
		}
		if e.closes < w.months {
			change(e.closes, w.entry(e, e.name, "注销", w.month(e.closes).AddDate(0, 0, e.closeDay-1)))
		}
	}
	for k := range 3 {
		e := &enterprise{code: wrongCode(600_000 + k), trade: &trades[0], workers: 6}
		if err := s.Add(w.entry(e, "云溪县码不对的厂", "在营", w.month(-20))...); err != nil {
			return err
		}
		w.broken("industry_register", "企业名录/入驻企业名录.xlsx", s.Row, "credit_code")
	}
	file, err := w.path("企业名录/入驻企业名录.xlsx")
	if err != nil {
		return err
	}
	errs := []error{s.Save(file)}
	for y, l := range changes {
		file, err := w.path(fmt.Sprintf("企业名录/%d年变更.csv", w.first.Year()+y))
		errs = append(errs, err, l.SaveGB(file))
	}
	return errors.Join(errs...)
}

// writeYears writes land, once, and what is reported for a year.
func (w *world) writeYears() error {
	land := office.NewList("统一社会信用代码", "地块编号", "面积(亩)", "生效日期")
	for _, e := range w.enterprises {
		if e.listed() {
			tax, base := e.usual*12*0.04/10000, 11.6
			if e.large {
				base = 24
			}
			mu := max(0.05, tax/base*math.Exp(0.4*w.r.NormFloat64()))
			land.Add(e.code, fmt.Sprintf("YX%06d", e.number), strconv.FormatFloat(mu, 'f', 4, 64), w.month(e.opens).Format("2006-01-02"))
		}
	}
	file, err := w.path("亩均数据/用地.csv")
	if err != nil {
		return err
	}
	if err := land.SaveGB(file); err != nil {
		return err
	}
	for y := range DefaultYears {
		if err := w.writeYear(y); err != nil {
			return err
		}
	}
	return nil
}

// writeYear writes the tax office's and the statisticians' lists of a year.
func (w *world) writeYear(y int) error {
	year := w.first.Year() + y
	start, end := fmt.Sprintf("%d-01-01", year), fmt.Sprintf("%d-12-31", year)
	tax := office.NewList("统一社会信用代码", "所属期起", "所属期止", "实缴税收(元)")
	energy := office.NewList("统一社会信用代码", "年度", "综合能耗(吨标准煤)")
	emission := office.NewList("统一社会信用代码", "年度", "排放当量(吨)")
	research := office.NewList("统一社会信用代码", "年度", "研发经费(元)")
	finance, err := office.NewForm(fmt.Sprintf("规模以上企业财务年报（%d年）", year),
		[]string{"统一社会信用代码", "企业名称", "年度末日", "主要指标(元)", "主要指标(元)", "平均职工人数"}, []string{"", "", "", "营业收入", "增加值", ""})
	if err != nil {
		return err
	}
	vary := func(sd float64) float64 { return math.Exp(sd * w.r.NormFloat64()) }
	for _, e := range w.enterprises {
		if !e.listed() || e.opens >= 12*(y+1) || e.closes < 12*y {
			continue
		}
		sum := 0.0
		for m := max(12*y, e.opens); m < 12*(y+1) && m < e.closes; m++ {
			sum += e.output[m+before]
		}
		tax.Add(e.code, start, end, yuan(sum*0.04*vary(0.25)))
		if !e.large {
			continue
		}
		added := sum * 0.22 * vary(0.2)
		if err := finance.Add(e.code, e.name, end, math.Round(sum*0.98), math.Round(added), max(1, math.Round(added/180_000*vary(0.2)))); err != nil {
			return err
		}
		energy.Add(e.code, end, strconv.FormatFloat(added/27_000*vary(0.3), 'f', 4, 64))
		if w.r.IntN(4) > 0 {
			emission.Add(e.code, end, strconv.FormatFloat(added/49_000_000*vary(0.4), 'f', 4, 64))
		}
		if w.r.IntN(10) < 7 {
			research.Add(e.code, end, yuan(sum*0.03*vary(0.4)))
		}
	}
	var errs []error
	for name, l := range map[string]*office.List{"税收": tax, "能耗": energy, "排放": emission, "研发": research} {
		file, err := w.path(fmt.Sprintf("亩均数据/%s%d.csv", name, year))
		errs = append(errs, err, l.SaveGB(file))
	}
	file, err := w.path(fmt.Sprintf("亩均数据/财务%d.xlsx", year))
	return errors.Join(append(errs, err, finance.Save(file))...)
}
