package cli

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"zhicang/demo/deputies"
	"zhicang/demo/industry"
)

// delivery writes the rows of one source: what is of days after the eve of the
// full build goes to files of its own, one a day.
type delivery struct {
	tb     testing.TB
	dir    string
	folder string
	header string
	files  map[string]*bufio.Writer
	close  []func() error
}

func newDelivery(tb testing.TB, dir, folder, header string) *delivery {
	return &delivery{tb: tb, dir: dir, folder: folder, header: header, files: map[string]*bufio.Writer{}}
}

// row writes a row of a day into the file of its month.
func (d *delivery) row(day time.Time, cells ...string) {
	drop, name := "drop", day.Format("2006-01")
	if after := int(day.Sub(benchEve).Hours() / 24); after > 0 {
		drop, name = fmt.Sprintf("day%d", after), day.Format(time.DateOnly)
	}
	path := filepath.Join(d.dir, drop, d.folder, name+".csv")
	w, ok := d.files[path]
	if !ok {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			d.tb.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			d.tb.Fatal(err)
		}
		w = bufio.NewWriter(f)
		d.files[path] = w
		d.close = append(d.close, func() error { return errors.Join(w.Flush(), f.Close()) })
		fmt.Fprintln(w, d.header)
	}
	w.WriteString(strings.Join(cells, ","))
	w.WriteByte('\n')
}

func (d *delivery) done() {
	for _, c := range d.close {
		if err := c(); err != nil {
			d.tb.Fatal(err)
		}
	}
}

// source is its entry in a config: the columns are named as in the contract.
func (d *delivery) source(table, rest string) string {
	var cols []string
	for c := range strings.SplitSeq(d.header, ",") {
		cols = append(cols, c+": "+c)
	}
	return fmt.Sprintf("  - {name: %s, type: files, path: ./drop/%s/*.csv, table: %s, columns: {%s}%s}\n", d.folder, d.folder, table, strings.Join(cols, ", "), rest)
}

// benchID is an invented id number of the demo's region, with the right check
// digit.
func benchID(n int) string {
	digits := fmt.Sprintf("339921%04d%02d%02d%03d", 1940+n/1000%60, 1+n/60_000%12, 1+n/720_000%28, n%1000)
	sum := 0
	for i, weight := range []int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(digits[i]-'0') * weight
	}
	return digits + string("10X98765432"[sum%11])
}

// pool writes the records of the 民政 part: three years of claims, incomes and
// payments of people in households, a tenth of them on a list.
type pool struct {
	r                                                         *rand.Rand
	person, household, member, list, benefit, medical, income *delivery
	expense, asset, job, death, disability                    *delivery
	claims, payments, people                                  int
}

func writePool(tb testing.TB, dir string, size readersSize) string {
	d := func(folder, header string) *delivery { return newDelivery(tb, dir, folder, header) }
	p := &pool{
		r:          rand.New(rand.NewPCG(1, 2)),
		person:     d("person", "person_id,name,region_code,as_of"),
		household:  d("household", "household_id,region_code,as_of"),
		member:     d("member", "household_id,person_id,name,relation,joined_on,as_of"),
		list:       d("list", "status_id,person_id,name,category,valid_from,updated_on"),
		benefit:    d("benefit", "payment_id,person_id,name,benefit,amount,paid_on"),
		medical:    d("medical", "claim_id,person_id,name,total,self_paid,paid_on,updated_on"),
		income:     d("income", "person_id,name,kind,amount,earned_on,updated_on"),
		expense:    d("expense", "expense_id,household_id,kind,amount,spent_on"),
		asset:      d("asset", "asset_id,person_id,name,kind,amount,checked_on"),
		job:        d("job", "record_id,person_id,name,state,started_on,updated_on"),
		death:      d("death", "death_id,person_id,name,died_on"),
		disability: d("disability", "certificate_id,person_id,name,kind,grade,issued_on,updated_on"),
	}
	for h := range size.pool / 142 { // records that a household has in three years
		p.settle(h)
	}
	config := ""
	for _, s := range []struct {
		d     *delivery
		table string
	}{
		{p.person, "person"},
		{p.household, "household"},
		{p.member, "member"},
		{p.list, "list_status"},
		{p.benefit, "benefit"},
		{p.medical, "medical"},
		{p.income, "income"},
		{p.expense, "expense"},
		{p.asset, "asset"},
		{p.job, "employment"},
		{p.death, "death"},
		{p.disability, "disability"},
	} {
		s.d.done()
		config += s.d.source("ods.assist_"+s.table, "")
	}
	return config
}

func (p *pool) settle(h int) {
	began := time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC)
	first, house := date(began), fmt.Sprintf("YX%06d", h)
	town := "339921" + []string{"001", "100", "200"}[h%3]
	p.household.row(began, house, town, first)
	size := 1 + p.r.IntN(5) // 3, on average
	listed := h%10 == 0
	for i := range size {
		id := benchID(p.people)
		p.people++
		p.person.row(began, id, "某某", town, first)
		relation := []string{"户主", "配偶", "子女", "父母", "其他"}[i]
		p.member.row(began, house, id, "某某", relation, "2015-01-01", first)
		if listed {
			p.list.row(began, "RD"+strconv.Itoa(p.people), id, "某某", []string{"低保", "低边", "特困"}[h/10%3], "2020-01-01", first)
			for year := range 3 {
				on := began.AddDate(year, 2, 10)
				p.asset.row(on, "YH"+strconv.Itoa(p.people), id, "某某", "货币财产", strconv.Itoa(p.r.IntN(40_000)), date(on))
			}
		}
		if p.people%200 == 0 {
			p.disability.row(began, id+"43", id, "某某", "肢体", "3", "2020-01-01", first)
		}
		if p.people%300 == 0 {
			on := began.AddDate(0, p.r.IntN(35), p.r.IntN(28))
			p.death.row(on, "BZ"+strconv.Itoa(p.people), id, "某某", date(on))
		}
		p.live(id, i, listed, began)
	}
	if h%20 == 0 {
		for month := 2; month < 36; month += 12 {
			on := began.AddDate(0, month, p.r.IntN(28))
			p.expense.row(on, fmt.Sprintf("ZC%d-%d", h, month), house, "教育", strconv.Itoa(800+p.r.IntN(6000)), date(on))
		}
	}
	for month := 2; month < 36 && h%50 == 0; month += 3 {
		on := began.AddDate(0, month, 27)
		for _, kind := range []string{"车辆", "不动产", "认缴出资"} {
			p.asset.row(on, kind+strconv.Itoa(h), benchID(p.people-1), "某某", kind, strconv.Itoa(10_000+p.r.IntN(90_000)), date(on))
		}
	}
}

// live writes three years of a person: what one earns, is paid and is treated
// for.
func (p *pool) live(id string, nth int, listed bool, began time.Time) {
	if nth < 2 {
		p.job.row(began, "JY"+strconv.Itoa(p.people), id, "某某", "在职参保", "2019-01-01", date(began))
	}
	wage := 1800 + p.r.IntN(4000)
	for month := range 36 {
		start := began.AddDate(0, month, 0)
		// What is earned in a month is told at its end, by the month.
		if told := start.AddDate(0, 1, -1-p.r.IntN(3)); nth < 2 {
			p.income.row(told, id, "某某", "工资", strconv.Itoa(wage+p.r.IntN(400)), date(told), date(told))
		}
		if listed {
			p.payments++
			on := start.AddDate(0, 0, 9)
			p.benefit.row(on, "FF"+strconv.Itoa(p.payments), id, "某某", "低保金", strconv.Itoa(400+p.r.IntN(500)), date(on))
		}
		for range p.r.IntN(3) {
			p.claims++
			on := start.AddDate(0, 0, p.r.IntN(30))
			if on.Month() != start.Month() {
				on = start.AddDate(0, 0, 27)
			}
			total := 60 + p.r.IntN(3000)
			p.medical.row(on, "YB"+strconv.Itoa(p.claims), id, "某某", strconv.Itoa(total), strconv.Itoa(total*(10+p.r.IntN(40))/100), date(on), date(on))
		}
	}
}

func date(t time.Time) string { return t.Format(time.DateOnly) }

// writeReadings writes the demo's trade with a reading a day for each meter in
// place of one a month.
func writeReadings(tb testing.TB, dir string, size readersSize) string {
	if _, err := industry.Write(tb.Context(), dir, industry.Options{Seed: 1, Enterprises: size.enterprises}); err != nil {
		tb.Fatal(err)
	}
	folder := filepath.Join(dir, "drop", "企业用电")
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil || len(files) != 36 {
		tb.Fatalf("%d months of readings, %v", len(files), err)
	}
	out := newDelivery(tb, dir, "reading", "credit_code,meter_no,read_on,kwh")
	for _, f := range files {
		text, err := simplifiedchinese.GB18030.NewDecoder().String(string(readFile(tb, f)))
		if err != nil {
			tb.Fatal(err)
		}
		month, err := time.Parse("200601", strings.TrimSuffix(filepath.Base(f), ".csv"))
		if err != nil {
			tb.Fatal(err)
		}
		r := csv.NewReader(strings.NewReader(text))
		r.LazyQuotes, r.FieldsPerRecord = true, -1
		rows, err := r.ReadAll()
		if err != nil {
			tb.Fatal(err)
		}
		days := month.AddDate(0, 1, -1).Day()
		for _, row := range rows[1:] {
			kwh, err := strconv.ParseFloat(row[4], 64)
			if err != nil || row[0] == "0399999999" {
				continue
			}
			meter := strings.Trim(row[0], "=\"'\t ")
			for day := range days {
				on := month.AddDate(0, 0, day)
				out.row(on, strings.TrimSpace(row[1]), meter, date(on), strconv.FormatFloat(kwh/float64(days), 'f', 2, 64))
			}
		}
	}
	out.done()
	if err := os.RemoveAll(folder); err != nil {
		tb.Fatal(err)
	}
	var kept []string
	for s := range strings.SplitSeq(industry.Sources(), "  - name: ") {
		if s != "" && !strings.HasPrefix(s, "industry_electricity") {
			kept = append(kept, "  - name: "+s)
		}
	}
	return strings.Join(kept, "") + out.source("ods.industry_electricity", ", constants: {period: 日}")
}

// dutiesOfDeputy is how many records the demo writes for a deputy in its two
// years, about.
const dutiesOfDeputy = 40

// writeDuties writes the demo's deputies, enough of them for that many records,
// and a day's records of the duty log for each of the days after.
func writeDuties(tb testing.TB, dir string, size readersSize) string {
	n := max(size.duties/dutiesOfDeputy, 300)
	if _, err := deputies.Write(tb.Context(), dir, deputies.Options{Seed: 1, Deputies: n}); err != nil {
		tb.Fatal(err)
	}
	out := newDelivery(tb, dir, "duty", "record_id,deputy_id,deputy_name,kind,happened_on,days,updated_on")
	ids := trained(tb, dir)
	kinds := []string{"走访联系", "指导村民代表", "办实事", "小组活动"}
	for day := range 4 {
		on := benchEve.AddDate(0, 0, day)
		for i := range max(size.duties/730, 10) {
			out.row(on, fmt.Sprintf("DAY%d-%d", day, i), ids[(i*7+day)%len(ids)], "某某", kinds[i%len(kinds)], date(on), "1", date(on))
		}
	}
	out.done()
	return deputies.Sources() + out.source("ods.congress_duty", ", system: deputy_duty")
}

// trained lists the deputies who took part in a training.
func trained(tb testing.TB, dir string) []string {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "drop", "代表培训", "*.csv"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no trainings, %v", err)
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().String(string(readFile(tb, files[len(files)-1])))
	if err != nil {
		tb.Fatal(err)
	}
	ids := regexp.MustCompile(`\d{17}[\dX]`).FindAllString(text, -1)
	slices.Sort(ids)
	return slices.Compact(ids)
}
