package industry

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// A trade is a line of business within the chain.
type trade struct {
	class     string // GB/T 4754-2017
	children  bool
	share     int
	scale     float64 // of its usual output
	season    [12]float64
	intensity float64 // kilowatt-hours a yuan
	names     []string
}

// Spring and autumn wear are made in the months before; who sells is busy a
// month later, who weaves a month earlier.
var (
	sewing  = [12]float64{0.85, 1.0, 1.18, 1.10, 0.92, 0.86, 0.98, 1.14, 1.22, 1.16, 1.02, 0.93}
	weaving = [12]float64{0.95, 1.12, 1.10, 0.96, 0.88, 0.96, 1.10, 1.18, 1.14, 1.02, 0.96, 0.92}
	selling = [12]float64{0.90, 0.92, 1.10, 1.16, 1.02, 0.86, 0.88, 1.02, 1.16, 1.20, 1.12, 1.00}
)

var trades = []trade{
	{"1811", true, 8, 1, sewing, 0.17, []string{"童装有限公司", "服饰有限公司"}},
	{"1819", true, 40, 1, sewing, 0.17, []string{"童装有限公司", "制衣厂", "童装厂", "制衣有限公司"}},
	{"1821", true, 6, 1, sewing, 0.17, []string{"针织童装厂", "针织有限公司"}},
	{"1829", true, 22, 0.9, sewing, 0.17, []string{"针织童装厂", "针织有限公司", "童装有限公司"}},
	{"1819", false, 6, 1.2, sewing, 0.17, []string{"服装有限公司"}},
	{"1829", false, 4, 1.1, sewing, 0.17, []string{"针织服装有限公司"}},
	{"1830", true, 4, 0.6, sewing, 0.12, []string{"服饰配件厂"}},
	{"5132", true, 5, 1.5, selling, 0.03, []string{"服装商行", "商贸有限公司"}},
	{"1712", false, 2, 2.0, weaving, 0.25, []string{"织造有限公司"}},
	{"1713", false, 2, 2.5, weaving, 0.30, []string{"印染有限公司"}},
	{"1751", false, 1, 2.2, weaving, 0.25, []string{"化纤织造厂"}},
}

// An enterprise and its life. Nothing about it exists.
type enterprise struct {
	number   int
	code     string
	name     string
	town     int // of shares
	trade    *trade
	usual    float64 // yuan a month
	noise    float64
	workers  int
	large    bool // 规上
	opens    int  // month from which it is registered; negative: before all
	closes   int  // month in which it is struck off; months: never
	closeDay int
	answers  bool // the questionnaires

	output []float64 // as it was, from month −12 on
	kwh    []float64
	event  *Event
}

const (
	creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
	first          = "云锦金彩小童贝乐阳晨星禾嘉美佳欣悦宝安康天乐可爱森林木子米豆果兔鹿熊鲸帆"
	second         = "衣织缕丽雅萌奇趣优品尚风格诺迪蒂琪妮娃丁朵蕊芽苗芊语彤童源丰盛茂兴隆达"
)

// creditCode makes the n-th code: enterprise, region 339921, an organisation
// number that begins with MA, and the check character of GB 32100-2015.
func creditCode(n int) string {
	body := []byte("91339921MA0000000")
	x := uint64(n)*7_368_787 + 11
	for i := len(body) - 1; i > 9; i-- {
		body[i] = creditAlphabet[x%31]
		x /= 31
	}
	return string(body) + checkOf(body)
}

func checkOf(body []byte) string {
	sum, weight := 0, 1
	for _, c := range body {
		sum += strings.IndexByte(creditAlphabet, c) * weight
		weight = weight * 3 % 31
	}
	at := (31 - sum%31) % 31
	return creditAlphabet[at : at+1]
}

// wrongCode is a code whose check character is another one.
func wrongCode(n int) string {
	c := creditCode(n)
	at := strings.IndexByte(creditAlphabet, c[17])
	return c[:17] + string(creditAlphabet[(at+1)%31])
}

// found founds the enterprises.
func (w *world) found() {
	towns, kinds := 0, 0
	for _, s := range shares {
		towns += s.share
	}
	for _, t := range trades {
		kinds += t.share
	}
	a, b := []rune(first), []rune(second)
	for n := range w.opts.Enterprises {
		e := &enterprise{number: n, code: creditCode(n), opens: -48 + w.r.IntN(36), closes: w.months}
		e.town = pick(w.r.IntN(towns), func(i int) int { return shares[i].share })
		e.trade = &trades[pick(w.r.IntN(kinds), func(i int) int { return trades[i].share })]
		suffix := e.trade.names[w.r.IntN(len(e.trade.names))]
		e.name = fmt.Sprintf("云溪县%c%c%s", a[n%len(a)], b[(n/len(a)+n*7)%len(b)], suffix)
		e.usual = e.trade.scale * 250_000 * math.Exp(1.05*w.r.NormFloat64())
		e.usual = max(e.usual, 30_000)
		e.large = 12*e.usual >= 20_000_000
		e.noise = 0.06
		if e.large {
			e.noise = 0.045
		}
		e.workers = max(6, int(e.usual*12*0.22/180_000))
		e.answers = e.large || w.r.IntN(8) == 0
		w.enterprises = append(w.enterprises, e)
	}
	for _, e := range w.enterprises {
		w.live(e)
	}
}

// pick says in which of consecutive shares a number lies.
func pick(n int, share func(int) int) int {
	i := 0
	for ; n >= share(i); i++ {
		n -= share(i)
	}
	return i
}

// before is how many months of the year before the first are known: the forms
// ask for the same month a year ago.
const before = 12

// live makes what the enterprise did, month by month, as if nothing were
// planted.
func (w *world) live(e *enterprise) {
	for m := -before; m < w.months; m++ {
		day := w.month(m)
		season := e.trade.season[day.Month()-1]
		if day.Month() == holiday(day.Year()) {
			season *= 0.55
		}
		x := e.usual * season * math.Pow(1.04, float64(m)/12) * math.Exp(e.noise*w.r.NormFloat64())
		e.output = append(e.output, x)
		// Something burns also when nobody sews.
		e.kwh = append(e.kwh, e.trade.intensity*(0.05*e.usual+0.95*x)*math.Exp(0.03*w.r.NormFloat64()))
	}
}

// late are the years whose Spring Festival falls into February.
var late = []int{2010, 2011, 2013, 2015, 2016, 2018, 2019, 2021, 2022, 2024, 2026, 2027, 2029, 2030}

// holiday is the month that the Spring Festival empties.
func holiday(year int) time.Month {
	if slices.Contains(late, year) {
		return time.February
	}
	return time.January
}

// active reports whether the enterprise is in business on some day of a month.
func (e *enterprise) active(m int) bool { return m >= e.opens && m <= e.closes }
