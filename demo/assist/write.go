package assist

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"zhicang/demo/office"
	"zhicang/demo/yunxi"
)

// Where the departments put their files, below dir/drop.
const (
	policeFolder   = "公安局"
	civilFolder    = "民政局"
	medicalFolder  = "医保局"
	labourFolder   = "人社局"
	disabledFolder = "残联"
	schoolFolder   = "教育局"
	checkFolder    = "核对中心"
)

// Sources is what stands under sources: of a config whose folder the files
// were written to.
func Sources() string {
	return `  - {name: police_person, type: files, path: ./drop/公安局/户籍.xlsx, table: ods.assist_person, columns: {person_id: 公民身份号码, name: 姓名, region_code: 乡镇代码, as_of: 数据日期}}
  - {name: police_household, type: files, path: ./drop/公安局/户籍.xlsx, table: ods.assist_household, columns: {household_id: 户号, region_code: 乡镇代码, as_of: 数据日期}}
  - {name: police_member, type: files, path: ./drop/公安局/户籍.xlsx, table: ods.assist_member, columns: {household_id: 户号, person_id: 公民身份号码, name: 姓名, relation: 与户主关系, joined_on: 入户日期, left_on: 离户日期, as_of: 数据日期}}
  - {name: civil_list, type: files, path: ./drop/民政局/在册名单.xlsx, table: ods.assist_list_status, columns: {status_id: 认定编号, person_id: 身份证号, name: 姓名, category: 救助类别, valid_from: 起始日, valid_to: 终止日, updated_on: 更新日}}
  - {name: civil_benefit, type: files, path: "./drop/民政局/发放/*.csv", table: ods.assist_benefit, columns: {payment_id: 发放编号, person_id: 身份证号, name: 姓名, benefit: 项目, amount: 金额, paid_on: 发放日期}}
  - {name: civil_funeral, type: files, path: ./drop/民政局/殡葬.jsonl, table: ods.assist_death, columns: {death_id: id, person_id: deceased.id_card, name: deceased.name, died_on: died_on}}
  - {name: medical, type: files, path: "./drop/医保局/*.csv", table: ods.assist_medical, columns: {claim_id: 结算单号, person_id: 证件号码, name: 姓名, total: 医疗总费用, self_paid: 个人自负, paid_on: 结算日期, updated_on: 更新日期}}
  - {name: labour_income, type: files, path: "./drop/人社局/收入/*.csv", table: ods.assist_income, columns: {person_id: 身份证号, name: 姓名, kind: 收入类别, amount: 金额, earned_on: 所属月份, updated_on: 报送日期}}
  - {name: labour_job, type: sqldb, driver: sqlite, dsn: {database: ./drop/人社局/社保.sqlite}, from: 就业登记, mode: snapshot, deleted: {column: 已注销, values: [1]}, table: ods.assist_employment, columns: {record_id: 记录编号, person_id: 身份证号, name: 姓名, state: 状态, started_on: 起始日期, ended_on: 终止日期, updated_on: 更新日期}}
  - {name: disabled, type: files, path: ./drop/残联/残疾人证.xlsx, table: ods.assist_disability, columns: {certificate_id: 残疾人证号, person_id: 身份证号, name: 姓名, kind: 残疾类别, grade: 等级, issued_on: 发证日期, expires_on: 有效期至, updated_on: 更新日期}}
  - {name: school, type: files, path: ./drop/教育局/教育支出.csv, table: ods.assist_expense, columns: {expense_id: 编号, household_id: 户号, kind: 类别, amount: 金额, spent_on: 日期}}
  - {name: check_bank, type: files, path: ./drop/核对中心/银行存款.csv, table: ods.assist_asset, columns: {asset_id: 核对编号, person_id: 身份证号, name: 姓名, amount: 余额, checked_on: 核对日期}, constants: {kind: 货币财产}}
  - {name: check_vehicle, type: files, path: ./drop/核对中心/车辆.csv, table: ods.assist_asset, columns: {asset_id: 编号, person_id: 身份证号, name: 姓名, amount: 估值, checked_on: 核对日期}, constants: {kind: 车辆}}
  - {name: check_estate, type: files, path: ./drop/核对中心/不动产.csv, table: ods.assist_asset, columns: {asset_id: 编号, person_id: 身份证号, name: 姓名, area: 建筑面积, checked_on: 核对日期}, constants: {kind: 不动产}}
  - {name: check_company, type: files, path: ./drop/核对中心/工商登记.jsonl, table: ods.assist_asset, columns: {asset_id: id, person_id: owner.id_card, name: owner.name, amount: subscribed, checked_on: checked_on}, constants: {kind: 认缴出资}}
`
}

func (g *generator) write(ctx context.Context, dir string) error {
	for _, write := range []func(string) error{
		g.writePolice, g.writeList, g.writeBenefits, g.writeFuneral, g.writeMedical, g.writeIncome, g.writeJobs,
		g.writeDisabled, g.writeSchool, g.writeChecks,
	} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := write(filepath.Join(dir, "drop")); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(g.truth, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "truth_assist.json"), append(data, '\n'), 0o644)
}

// path is a file below the folder of a department.
func path(dir, folder, name string) string {
	return filepath.Join(dir, filepath.FromSlash(folder), name)
}

// money writes cents as yuan, now and then with separators, as people type it.
func money(cents int64, separated bool) string {
	s := fmt.Sprintf("%d.%02d", cents/100, cents%100)
	if whole := len(s) - 3; separated && whole > 3 {
		s = `"` + s[:whole-3] + "," + s[whole-3:] + `"`
	}
	return s
}

// A table is a CSV file while it is written.
type table struct {
	bytes.Buffer
	g      *generator
	source string
	file   string
	line   int // the last one
}

func (g *generator) table(source, file string, header ...string) *table {
	t := &table{g: g, source: source, file: file}
	t.row(header...)
	return t
}

func (t *table) row(cells ...string) {
	t.line++
	t.WriteString(strings.Join(cells, ","))
	t.WriteString("\r\n")
}

// broken writes a row that breaks its contract.
func (t *table) broken(why string, cells ...string) {
	t.row(cells...)
	t.g.truth.Broken = append(t.g.truth.Broken, Place{Source: t.source, File: t.file, Row: t.line, Why: why})
}

// total writes a line of sums.
func (t *table) total(cells ...string) {
	t.row(cells...)
	t.g.truth.Totals = append(t.g.truth.Totals, Place{Source: t.source, File: t.file, Row: t.line})
}

// writeMedical writes a GB18030 file a month, with ids as Excel leaves them.
// Each repeats a few claims of the month before, some in a newer version.
func (g *generator) writeMedical(dir string) error {
	by := make([][]claim, months)
	for _, c := range g.claims {
		i := (c.on.Year()-g.start.Year())*12 + int(c.on.Month()-g.start.Month())
		by[i] = append(by[i], c)
	}
	for i, claims := range by {
		name := g.month(i).Format("2006-01") + ".csv"
		t := g.table("medical", name, "结算单号", "证件号码", "姓名", "医疗总费用", "个人自负", "结算日期", "更新日期")
		put := func(c claim, k int) {
			id := c.of.id
			if i%3 == 1 {
				id = `="` + id + `"`
			}
			t.row(c.id, id, c.of.name, money(c.total, k%37 == 0), money(c.self, false), office.Date(c.on), office.Date(c.updated))
		}
		for k, c := range claims {
			// The first version of the month's first claim was ten times too high.
			if k == 0 {
				first := c
				first.total, first.self = 10*c.total, 10*c.self
				put(first, 1)
				c.updated = c.on.AddDate(0, 0, 1)
				if c.updated.After(g.lastDay()) {
					c.updated = c.on
				}
			}
			put(c, k)
		}
		if i > 0 {
			for k, c := range by[i-1][1:min(4, len(by[i-1]))] {
				put(c, k+1)
			}
		}
		if len(claims) > 0 {
			c := claims[0]
			t.broken("校验位不符", "YBX"+name[:7], yunxi.WrongCheck(c.of.id), c.of.name, "100.00", "10.00", office.Date(c.on), office.Date(c.on))
			t.broken("日期不存在", "YBY"+name[:7], c.of.id, c.of.name, "99999.00", "99999.00", g.month(i).Format("2006")+"-02-30", office.Date(c.on))
			t.broken("金额为负", "YBZ"+name[:7], c.of.id, c.of.name, "-5.00", "0.00", office.Date(c.on), office.Date(c.on))
		}
		if err := office.SaveGB(path(dir, medicalFolder, name), t.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) writeIncome(dir string) error {
	for i := range months {
		name := g.month(i).Format("2006年01月") + ".csv"
		t := g.table("labour_income", name, "身份证号", "姓名", "收入类别", "金额", "所属月份", "报送日期")
		sum := int64(0)
		sent := office.Date(g.day(i, 25))
		for _, h := range g.households {
			for _, p := range h.members {
				if p.income[i] > 0 {
					t.row(p.id, p.name, p.kind, money(p.income[i], false), office.Date(g.month(i)), sent)
					sum += p.income[i]
				}
			}
		}
		t.broken("类别不在约定之内", g.households[i].head().id, g.households[i].head().name, "彩票", "1.00", office.Date(g.month(i)), sent)
		t.total("合计", "", "", money(sum, false), "", "")
		if err := office.SaveBOM(path(dir, labourFolder+"/收入", name), t.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) writeBenefits(dir string) error {
	by := map[string]*table{}
	for _, p := range g.payments {
		name := p.on.Format("200601") + "发放.csv"
		if by[name] == nil {
			by[name] = g.table("civil_benefit", name, "发放编号", "身份证号", "姓名", "项目", "金额", "发放日期")
		}
		by[name].row(p.id, p.of.id, p.of.name, p.benefit, money(p.cents, false), office.Date(p.on))
	}
	for name, t := range by {
		if err := office.Save(path(dir, civilFolder+"/发放", name), t.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// writeJobs writes the register of work, a table of the department's own database:
// what was a mistake is marked, not gone.
func (g *generator) writeJobs(dir string) error {
	rows := make([][]any, 0, len(g.jobs)+1)
	for _, j := range g.jobs {
		rows = append(rows, []any{j.id, j.of.id, j.of.name, j.state, office.Date(j.from), orNull(office.Date(j.to)), office.Date(g.lastDay()), j.isDeleted})
	}
	p := g.jobs[0].of
	rows = append(rows, []any{"JYX", p.id, p.name, "在职参保", "不详", nil, office.Date(g.lastDay()), false})
	g.truth.Broken = append(g.truth.Broken, Place{Source: "labour_job", File: "就业登记", Row: len(rows), Why: "不是日期"})
	return office.SaveDatabase(path(dir, labourFolder, "社保.sqlite"), `CREATE TABLE 就业登记 (
		记录编号 TEXT PRIMARY KEY, 身份证号 TEXT NOT NULL, 姓名 TEXT, 状态 TEXT NOT NULL,
		起始日期 DATE NOT NULL, 终止日期 DATE, 更新日期 DATE NOT NULL, 已注销 INTEGER NOT NULL)`, "就业登记", rows)
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (g *generator) writeSchool(dir string) error {
	t := g.table("school", "教育支出.csv", "编号", "户号", "类别", "金额", "日期")
	for _, e := range g.expenses {
		t.row(e.id, e.of.id, e.kind, money(e.cents, true), office.Date(e.on))
	}
	return office.Save(path(dir, schoolFolder, t.file), t.Bytes())
}

func (g *generator) writeFuneral(dir string) error {
	var out bytes.Buffer
	for _, d := range g.deaths {
		fmt.Fprintf(&out, `{"id":%q,"deceased":{"id_card":%q,"name":%q},"died_on":%q}`+"\n", d.id, d.of.id, d.of.name, office.Date(d.on))
	}
	p := g.households[0].head()
	fmt.Fprintf(&out, `{"id":"BZX","deceased":{"id_card":%q,"name":%q},"died_on":"去年"}`+"\n", p.id, p.name)
	g.truth.Broken = append(g.truth.Broken, Place{Source: "civil_funeral", File: "殡葬.jsonl", Row: len(g.deaths) + 1, Why: "不是日期"})
	return office.Save(path(dir, civilFolder, "殡葬.jsonl"), out.Bytes())
}

func (g *generator) writeChecks(dir string) error {
	bank := g.table("check_bank", "银行存款.csv", "核对编号", "身份证号", "姓名", "余额", "核对日期")
	vehicle := g.table("check_vehicle", "车辆.csv", "编号", "身份证号", "姓名", "估值", "核对日期")
	estate := g.table("check_estate", "不动产.csv", "编号", "身份证号", "姓名", "建筑面积", "核对日期")
	var company bytes.Buffer
	for _, a := range g.assets {
		switch a.kind {
		case "货币财产":
			bank.row(a.id, a.of.id, a.of.name, money(a.cents, false), office.Date(a.on))
		case "车辆":
			vehicle.row(a.id, a.of.id, a.of.name, money(a.cents, true), office.Date(a.on))
		case "不动产":
			estate.row(a.id, a.of.id, a.of.name, money(a.area, false), office.Date(a.on))
		default:
			fmt.Fprintf(&company, `{"id":%q,"owner":{"id_card":%q,"name":%q},"subscribed":"%s","checked_on":%q}`+"\n", a.id, a.of.id, a.of.name, money(a.cents, false), office.Date(a.on))
		}
	}
	return errors.Join(
		office.Save(path(dir, checkFolder, bank.file), bank.Bytes()), office.Save(path(dir, checkFolder, vehicle.file), vehicle.Bytes()),
		office.Save(path(dir, checkFolder, estate.file), estate.Bytes()), office.Save(path(dir, checkFolder, "工商登记.jsonl"), company.Bytes()),
	)
}

// newSheet begins a workbook whose columns stand below the titles of groups.
func newSheet(title string, groups map[int]string, header ...string) (*office.Sheet, error) {
	s, err := office.NewSheet(title, len(header))
	if err != nil {
		return nil, err
	}
	upper, lower := make([]any, len(header)), make([]any, len(header))
	for i, h := range header {
		lower[i] = h
		if g, ok := groups[i]; ok {
			upper[i] = g
		}
	}
	return s, errors.Join(s.Add(upper...), s.Add(lower...))
}

func (g *generator) writePolice(dir string) error {
	s, err := newSheet("云溪县户籍人口(虚构)", map[int]string{0: "户", 2: "人"}, "户号", "乡镇代码", "公民身份号码", "姓名", "与户主关系", "入户日期", "离户日期", "数据日期")
	if err != nil {
		return err
	}
	asOf := office.Date(g.lastDay())
	for _, h := range g.households {
		for _, p := range h.members {
			if err := s.Add(h.id, h.town, p.id, p.name, p.relation, office.Date(p.joined), office.Date(p.left), asOf); err != nil {
				return err
			}
		}
	}
	return s.Save(path(dir, policeFolder, "户籍.xlsx"))
}

func (g *generator) writeList(dir string) error {
	s, err := newSheet("在册困难群众名单", map[int]string{0: "认定", 1: "对象", 3: "认定"}, "认定编号", "身份证号", "姓名", "救助类别", "起始日", "终止日", "更新日")
	if err != nil {
		return err
	}
	for _, x := range g.statuses {
		if err := s.Add(x.id, x.of.id, x.of.name, x.category, office.Date(x.from), office.Date(x.to), office.Date(x.updated)); err != nil {
			return err
		}
	}
	broken := func(why string, cells ...any) error {
		err := s.Add(cells...)
		g.truth.Broken = append(g.truth.Broken, Place{Source: "civil_list", File: "在册名单.xlsx", Sheet: "Sheet1", Row: s.Row, Why: why})
		return err
	}
	p := g.statuses[0].of
	err = errors.Join(
		broken("校验位不符", "RDX1", yunxi.WrongCheck(p.id), p.name, "低保", office.Date(g.start), "", office.Date(g.start)),
		broken("类别不在约定之内", "RDX2", p.id, p.name, "五保", office.Date(g.start), "", office.Date(g.start)),
		s.Add("合计", len(g.statuses)),
	)
	g.truth.Totals = append(g.truth.Totals, Place{Source: "civil_list", File: "在册名单.xlsx", Sheet: "Sheet1", Row: s.Row})
	return errors.Join(err, s.Save(path(dir, civilFolder, "在册名单.xlsx")))
}

func (g *generator) writeDisabled(dir string) error {
	s, err := newSheet("持证残疾人", map[int]string{0: "证", 1: "人", 3: "证"}, "残疾人证号", "身份证号", "姓名", "残疾类别", "等级", "发证日期", "有效期至", "更新日期")
	if err != nil {
		return err
	}
	for _, c := range g.certs {
		if err := s.Add(fmt.Sprintf("%s%d1", c.of.id, c.grade), c.of.id, c.of.name, c.kind, c.grade, office.Date(c.from), office.Date(c.to), office.Date(g.lastDay())); err != nil {
			return err
		}
	}
	return s.Save(path(dir, disabledFolder, "残疾人证.xlsx"))
}
