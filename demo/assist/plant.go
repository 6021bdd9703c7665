package assist

import (
	"fmt"
	"strconv"
)

const (
	yuan = 100
	// standard is the 月低保标准 that the rules rest on as shipped.
	standard = 1181 * yuan
)

// plant makes the households in which there is something to find. Their people
// have no other claims, so that every figure is the one that is planted.
func (g *generator) plant() {
	g.plantMedicalListed()
	g.plantMedicalUnlisted()
	g.plantRigid()
	g.plantDrops()
	g.plantIncomeLines()
	g.plantAssets()
	g.plantDeaths()
	g.plantConflicts()
	g.plantHouseholdDoubts()
}

func (g *generator) year() string     { return strconv.Itoa(g.Year) }
func (g *generator) yearPast() string { return strconv.Itoa(g.Year - 1) }

// poor is a household of one on a list, with an income far below every line.
func (g *generator) poor(category string) *person {
	h := g.household(1955 + g.r.IntN(30))
	p := h.head()
	if category != "特困" {
		p.earn("其他", 600*yuan, 0, last)
	}
	g.listAll(h, category)
	g.bank(p, int64(g.r.IntN(9_000))*yuan)
	return p
}

// rich is a household of two on no list that can bear what it pays.
func (g *generator) rich() *person {
	h := g.household(1970+g.r.IntN(20), "配偶")
	for _, p := range h.members {
		p.earn("工资", 9_000*yuan, 0, last)
	}
	return h.head()
}

func (g *generator) plantMedicalListed() {
	const rule = "medical_listed"
	lists := []string{"低保", "低边", "特困"}
	for i, total := range []int64{20_000 * yuan, 20_000*yuan - 1, 18_500 * yuan} {
		p := g.poor(lists[i])
		g.claim(p, 8, 3, total, total/4)
		g.near(rule, p.id, fmt.Sprintf("总额%.2f元", float64(total)/yuan))
	}
	// From 20000.01 yuan on; the third and fourth are 内总21000自负15000 and a
	// sum of several claims.
	exact := g.poor("低保")
	g.claim(exact, 6, 1, 12_000*yuan, 3_000*yuan)
	g.claim(exact, last, 31, 8_000*yuan+1, 1_000*yuan)
	g.yearFlag(rule, exact, g.year(), "新增", "总额恰20000.01元,末笔在年末")
	ratio := g.poor("特困")
	g.claim(ratio, 9, 5, 21_000*yuan, 15_000*yuan)
	g.yearFlag(rule, ratio, g.year(), "持续", "内总21000自负15000")
	for i := range 12 {
		p := g.poor(lists[i%3])
		total := int64(25_000+2_500*i) * yuan
		g.claim(p, 6+i%10, 12, total, total/3)
		g.yearFlag(rule, p, g.year(), "持续", "总额远超")
	}
	past := g.poor("低保")
	g.claim(past, 3, 9, 30_000*yuan, 6_000*yuan)
	g.yearFlag(rule, past, g.yearPast(), "期满", "上一年度超过")
	left := g.poor("低边")
	g.claim(left, 8, 9, 30_000*yuan, 1_000*yuan)
	s := &g.statuses[len(g.statuses)-1]
	s.to, s.updated = g.day(15, 15), g.day(15, 15)
	left.category = ""
	left.earn("其他", 600*yuan, 0, last)
	g.yearFlag(rule, left, g.year(), "已解除", "十月退出名单")
	g.flag("low_margin_reach", left.home.id, "持续", "退出名单后收入仍在低边线内")
}

func (g *generator) plantMedicalUnlisted() {
	const rule = "medical_unlisted"
	for _, c := range []struct {
		total, self int64
		why         string
	}{
		{90_000 * yuan, 40_000 * yuan, "自负恰40000.00元"},
		{60_000 * yuan, 39_000 * yuan, "外总60000自负39000"},
		{200_000 * yuan, 39_999*yuan + 99, "自负39999.99元"},
	} {
		p := g.rich()
		g.claim(p, 10, 20, c.total, c.self)
		g.near(rule, p.id, c.why)
	}
	exact := g.rich()
	g.claim(exact, 7, 20, 45_000*yuan, 20_000*yuan)
	g.claim(exact, 13, 20, 45_000*yuan, 20_000*yuan+1)
	g.yearFlag(rule, exact, g.year(), "持续", "自负恰40000.01元")
	for i := range 10 {
		p := g.rich()
		self := int64(43_000+1_500*i) * yuan
		g.claim(p, 6+i, 8, 2*self, self)
		g.yearFlag(rule, p, g.year(), "持续", "自负远超")
	}
}

func (g *generator) plantRigid() {
	const rule = "rigid_share"
	single := func(monthly int64) *person {
		p := g.household(1975 + g.r.IntN(20)).head()
		p.earn("工资", monthly, 0, last)
		return p
	}
	exact := single(2_000 * yuan) // 24000 a year: 60% are 14400
	g.claim(exact, 12, 5, 20_000*yuan, 10_400*yuan)
	g.spend(exact.home, 13, 4_000*yuan)
	g.flag(rule, exact.home.id, "持续", "刚性支出恰占60%")
	near := single(2_000 * yuan)
	g.claim(near, 12, 5, 20_000*yuan, 10_400*yuan)
	g.spend(near.home, 13, 4_000*yuan-1)
	g.near(rule, near.home.id, "差一分到60%")
	for i := range 8 {
		p := single(2_500 * yuan)
		g.claim(p, 12+i%4, 5, 60_000*yuan, int64(19_500+900*i)*yuan)
		g.flag(rule, p.home.id, "持续", "刚性支出占65%以上")
	}
	// Expenses and no income at all: the share can't be computed.
	for range 5 {
		h := g.household(1980 + g.r.IntN(10))
		g.claim(h.head(), 10, 5, 9_000*yuan, 5_000*yuan)
		g.unknown(h.id, "有支出而没有任何收入记录", rule, "low_margin_reach")
	}
}

func (g *generator) spend(h *household, month int, cents int64) {
	g.expenses = append(g.expenses, expense{id: serial("ZC", len(g.expenses)), of: h, kind: "教育", cents: cents, on: g.day(month, 15)})
}

func (g *generator) plantDrops() {
	const rule = "income_drop"
	earner := func(before, after int64, from int) *household {
		h := g.household(1980 + g.r.IntN(12))
		h.head().earn("工资", before, 0, from-1)
		h.head().earn("工资", after, from, last)
		return h
	}
	exact := earner(4_000*yuan, 2_000*yuan, 12)
	g.flag(rule, exact.id, "新增", "恰降五成")
	near := earner(4_000*yuan, 2_000*yuan, 12)
	near.head().income[last]++
	g.near(rule, near.id, "差一分到五成")
	for range 8 {
		h := earner(6_000*yuan, 0, 13)
		g.flag(rule, h.id, "持续", "八月起没有收入")
	}
	for range 3 {
		h := earner(8_000*yuan, 3_000*yuan, 6)
		h.head().earn("工资", 8_000*yuan, 12, last)
		g.flag(rule, h.id, "已解除", "上半年降,七月起恢复")
	}
}

func (g *generator) plantIncomeLines() {
	single := func(monthly int64) *household {
		h := g.household(1960 + g.r.IntN(20))
		h.head().earn("养老金", monthly, 0, last)
		return h
	}
	const line = standard * 3 / 2
	exact := single(line)
	g.flag("low_margin_reach", exact.id, "持续", "月人均恰1.5倍低保")
	// A cent in the first and in the eleventh month: every window of 12 has one.
	near := single(line)
	near.head().income[10]++
	near.head().income[0]++
	g.near("low_margin_reach", near.id, "月人均比1.5倍低保多一分")
	for i := range 15 {
		h := single(int64(900+50*i) * yuan)
		g.flag("low_margin_reach", h.id, "持续", "月人均在低边线内而未在册")
	}
	for range 6 {
		h := g.household(1985 + g.r.IntN(9))
		g.unknown(h.id, "没有收入记录", "low_margin_reach")
	}
	listed := func(category string, monthly int64) *household {
		h := single(monthly)
		g.listAll(h, category)
		g.bank(h.head(), 3_000*yuan)
		return h
	}
	margin := func(monthly int64) *household { return listed("低边", monthly) }
	atStandard := listed("低保", standard)
	g.flag("subsistence_over", atStandard.id, "持续", "低保户月人均恰为标准")
	below := listed("低保", standard)
	below.head().income[10]--
	below.head().income[0]--
	g.near("subsistence_over", below.id, "低保户月人均差一分到标准")
	at := margin(line)
	g.near("low_margin_over", at.id, "低边户月人均恰1.5倍低保")
	over := margin(line)
	over.head().income[10]++
	over.head().income[0]++
	g.flag("low_margin_over", over.id, "持续", "低边户月人均多一分")
	for i := range 5 {
		h := margin(int64(1_900+100*i) * yuan)
		g.flag("low_margin_over", h.id, "持续", "低边户收入超线")
	}
}

func (g *generator) plantAssets() {
	for _, c := range []struct {
		rule, category string
		multiple       int64
	}{{"cash_subsistence", "低保", 48}, {"cash_rigid", "刚性支出困难", 72}, {"cash_low_margin", "低边", 96}} {
		exact, near, unasked := g.owner(c.category), g.owner(c.category), g.owner(c.category)
		g.bank(exact, c.multiple*standard)
		g.flag(c.rule, exact.home.id, "持续", fmt.Sprintf("人均货币财产恰%d倍低保", c.multiple))
		g.bank(near, c.multiple*standard-1)
		g.near(c.rule, near.home.id, "差一分")
		g.unknown(unasked.home.id, "银行没有核对", c.rule)
	}
	quiet := func(category string) *person {
		p := g.owner(category)
		g.bank(p, 1_000*yuan)
		return p
	}
	for range 3 {
		p := quiet("低保")
		g.own(p, "车辆", 20_000*yuan, 0, allDeliveries)
		g.flag("vehicle_subsistence", p.home.id, "持续", "低保户有车")
	}
	two := quiet("低边")
	g.own(two, "车辆", 30_000*yuan, 0, allDeliveries)
	g.own(two, "车辆", 30_000*yuan, 0, allDeliveries)
	g.flag("vehicle_low_margin", two.home.id, "持续", "低边户两辆车")
	dear, cheap := quiet("低边"), quiet("低边")
	g.own(dear, "车辆", 144*standard, 0, allDeliveries)
	g.flag("vehicle_value_low_margin", dear.home.id, "持续", "车价恰144倍低保")
	g.own(cheap, "车辆", 144*standard-1, 0, allDeliveries)
	g.near("vehicle_value_low_margin", cheap.home.id, "车价差一分")
	three := quiet("低保")
	for range 3 {
		g.own(three, "不动产", 0, 30_00, allDeliveries)
	}
	g.flag("house_count", three.home.id, "持续", "三套住房")
	wide, narrow := quiet("低边"), quiet("低边")
	g.own(wide, "不动产", 0, 24_99, allDeliveries)
	g.own(wide, "不动产", 0, 24_99, allDeliveries)
	g.flag("house_area", wide.home.id, "持续", "两套人均恰49.98㎡")
	g.own(narrow, "不动产", 0, 24_99, allDeliveries)
	g.own(narrow, "不动产", 0, 24_98, allDeliveries)
	g.near("house_area", narrow.home.id, "两套人均49.97㎡")
	// The register of companies stops in June: what was seen then stays, unknown.
	g.truth.Late = "工商登记"
	company := quiet("低保")
	g.own(company, "认缴出资", 100_000*yuan, 0, companyDeliveries)
	g.flag("capital_subsistence", company.home.id, "待核", "认缴恰10万,工商登记此后未到")
}

// owner is a household of one on a list whom no bank was asked about.
func (g *generator) owner(category string) *person {
	h := g.household(1962 + g.r.IntN(20))
	h.head().earn("其他", 900*yuan, 0, last)
	g.listAll(h, category)
	return h.head()
}

func (g *generator) plantDeaths() {
	const rule = "paid_after_death"
	elder := func() *person {
		p := g.household(1935 + g.r.IntN(10)).head()
		p.earn("养老金", 2_400*yuan, 0, last)
		return p
	}
	for i := range 8 {
		p := elder()
		died := 8 + i%5
		g.die(p, g.day(died, 3+i))
		p.stop(died + 1)
		g.pay(p, "高龄津贴", 60*yuan, 0, last)
		g.flag(rule, p.id, "持续", "死亡后仍领高龄津贴")
	}
	// Paid on the 10th of the month in which he died on the 1st: not too much.
	same := elder()
	g.die(same, g.day(9, 1))
	same.stop(10)
	g.pay(same, "高龄津贴", 60*yuan, 0, 9)
	g.near(rule, same.id, "死亡当月仍发放")
	old := elder()
	g.die(old, g.day(0, 20))
	old.stop(1)
	g.pay(old, "高龄津贴", 60*yuan, 0, 2)
	g.flag(rule, old.id, "已解除", "一年以前多发,已出期间")
}

func (g *generator) plantConflicts() {
	for range 3 {
		p := g.poor("低保")
		g.list(p, "特困", g.day(3, 1))
		g.conflict("名单重叠", p.id)
		g.unknownStatus(p.home)
	}
	for range 2 {
		p := g.poor("特困")
		g.jobs = append(g.jobs, job{id: serial("JY", len(g.jobs)), of: p, state: "在职参保", from: g.day(5, 1)})
		g.conflict("特困而在职", p.id)
	}
	// Registered by mistake, and taken out of the register again.
	for range 2 {
		p := g.poor("特困")
		g.jobs = append(g.jobs, job{id: serial("JY", len(g.jobs)), of: p, state: "在职参保", from: g.day(6, 1), isDeleted: true})
	}
	for i := range 2 {
		p := g.rich()
		g.certs = append(g.certs, certificate{of: p, kind: "肢体", grade: 3, from: g.day(0, 1).AddDate(-10, 0, 0), to: g.day(7+i, 1)})
		g.pay(p, "残疾人补贴", 100*yuan, 0, last)
		g.conflict("残疾人补贴无有效证", p.id)
	}
	twice := g.household(1940, "子女")
	twice.members[1].earn("工资", 9_000*yuan, 0, last)
	g.die(twice.head(), g.day(7, 3))
	g.die(twice.head(), g.day(7, 9))
	g.conflict("死亡日期不一", twice.head().id)
	for range 2 {
		p := g.rich()
		g.die(p, g.day(8, 5))
		p.stop(9)
		g.jobs = append(g.jobs, job{id: serial("JY", len(g.jobs)), of: p, state: "在职参保", from: g.day(0, 1)})
		g.conflict("死亡后仍参保", p.id)
	}
	for range 2 {
		p := g.rich()
		s := g.list(p, "低保", g.day(6, 1))
		s.to, p.category = g.day(1, 1), ""
		for _, m := range p.home.members {
			g.bank(m, 5_000*yuan)
		}
		g.conflict("认定起止颠倒", p.id)
		g.unknown(p.home.id, "身份不明:低边户与否不知,且工商登记未到", "low_margin_over", "subsistence_over", "capital_subsistence", "capital_low_margin", "capital_rigid")
	}
	for range 2 {
		p := g.rich()
		g.claim(p, 9, 9, 500*yuan, 100*yuan)
		g.claim(p, 9, 10, 100*yuan, 1_000*yuan)
		g.conflict("自负大于总额", p.id)
		g.unknown(p.id, "一笔结算自负大于总额", "medical_unlisted")
		g.unknown(p.home.id, "一笔结算自负大于总额", "rigid_share")
	}
}

// unknownStatus is what can't be said of a household one of whose members is on
// two lists.
func (g *generator) unknownStatus(h *household) {
	h.head().category = ""
	g.unknown(h.id, "同时在两个名单,且工商登记未到", "capital_subsistence", "capital_low_margin", "capital_rigid")
	// Its income lies below the line, were it on no list.
	g.unknown(h.id, "同时在两个名单,收入在低边线内", "low_margin_reach")
}

func (g *generator) plantHouseholdDoubts() {
	doubt := func(h *household, why string) {
		g.unknown(h.id, why, "income_drop", "low_margin_reach")
	}
	for range 3 {
		h := g.rich().home
		h.members[1].relation = "户主"
		g.conflict("一户多个户主", h.id)
		doubt(h, "两个户主")
	}
	for range 2 {
		a, b := g.rich().home, g.rich().home
		shared := *a.members[1]
		shared.home, shared.relation = b, "其他"
		b.members = append(b.members, &shared)
		shared.income = [months]int64{} // it stands with the first
		g.conflict("一人多户", shared.id)
		doubt(a, "成员同时在他户")
		doubt(b, "成员同时在他户")
	}
	h := g.rich().home
	child := g.person("子女", 2012)
	child.joined, child.left = g.day(8, 1), g.day(2, 1)
	h.add(child)
	g.conflict("户成员起止颠倒", child.id)
	doubt(h, "成员离户早于入户")
}
