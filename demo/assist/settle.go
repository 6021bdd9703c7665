package assist

import "fmt"

// settle fills the county with households in which there is nothing to find:
// incomes clear of every line, and expenses that they can bear.
func (g *generator) settle() {
	wanted := g.Options.Households * 20 / 7
	for len(g.households) < g.Options.Households {
		// As many people as are left, over the households that are left.
		left := g.Options.Households - len(g.households)
		size := (wanted - g.people + left/2) / left
		if left > 2 {
			size += g.r.IntN(3) - 1
		}
		switch size = min(max(size, 1), 6); {
		case g.r.IntN(100) < 5:
			g.settleListed(size)
		case size <= 2 && g.r.IntN(100) < 40:
			g.settleElders(size)
		default:
			g.settleWorkers(size)
		}
	}
	g.moveChildren()
	g.addUnknownCompanies()
	g.truth.AsOf, g.truth.People, g.truth.Households = g.lastDay().Format("2006-01-02"), g.people, len(g.households)
}

// settleWorkers is a household that lives on wages of 2,400 to 6,000 a head.
func (g *generator) settleWorkers(size int) {
	others := []string{"配偶", "子女", "子女", "父母", "父母"}[:size-1]
	h := g.household(1968+g.r.IntN(25), others...)
	earners := h.members[:min(size, 2)]
	total := int64(2_400+g.r.IntN(3_600)) * yuan * int64(size)
	for _, p := range earners {
		share := total / int64(len(earners))
		p.earn("工资", share, 0, last)
		for i := range p.income {
			p.income[i] += share * int64(g.r.IntN(7)) / 100
		}
		g.jobs = append(g.jobs, job{id: serial("JY", len(g.jobs)), of: p, state: "在职参保", from: g.start.AddDate(-1-g.r.IntN(8), 0, 0)})
	}
	for i, p := range h.members {
		g.fallIll(p, 3)
		if i >= 3 && p.relation == "父母" {
			p.earn("养老金", int64(200+g.r.IntN(900))*yuan, 0, last)
		}
		if g.r.IntN(60) == 0 {
			g.disable(p)
		}
	}
	if size >= 3 && g.r.IntN(6) == 0 {
		g.spend(h, 2, int64(800+g.r.IntN(1_500))*yuan)
		g.spend(h, 14, int64(800+g.r.IntN(1_500))*yuan)
	}
}

// settleElders are pensioners; some of them die, and are paid no more after the
// month of it.
func (g *generator) settleElders(size int) {
	h := g.household(1935+g.r.IntN(22), []string{"配偶"}[:size-1]...)
	for i, p := range h.members {
		dies := last
		if i == size-1 && g.r.IntN(9) == 0 {
			dies = g.r.IntN(months)
			g.die(p, g.day(dies, 1+g.r.IntN(28)))
		}
		p.earn("养老金", int64(2_400+g.r.IntN(2_200))*yuan, 0, dies)
		if g.r.IntN(3) == 0 {
			g.pay(p, "高龄津贴", 60*yuan, 0, dies)
		}
		if p.died.IsZero() {
			g.fallIll(p, 5)
		}
	}
}

// settleListed is a household on a list, within all its lines.
func (g *generator) settleListed(size int) {
	category := []string{"低保", "低保", "低边", "低边", "特困", "刚性支出困难"}[g.r.IntN(6)]
	if category == "特困" {
		size = 1
	}
	h := g.household(1950+g.r.IntN(30), []string{"配偶", "子女", "子女", "父母", "父母"}[:size-1]...)
	g.listAll(h, category)
	monthly := map[string]int64{"低保": 300 + int64(g.r.IntN(700)), "低边": 1_250 + int64(g.r.IntN(480)), "刚性支出困难": 1_900 + int64(g.r.IntN(500))}[category] * yuan
	h.head().earn("其他", monthly*int64(size), 0, last)
	switch category {
	case "低保":
		g.pay(h.head(), "低保金", (standard-monthly)*int64(size), 0, last)
	case "特困":
		h.head().income = [months]int64{}
		g.pay(h.head(), "特困供养金", 1_535*yuan, 0, last)
	case "低边":
		if g.r.IntN(4) == 0 {
			g.own(h.head(), "车辆", int64(20_000+g.r.IntN(60_000))*yuan, 0, allDeliveries)
		}
	}
	for _, p := range h.members {
		g.bank(p, int64(g.r.IntN(20_000))*yuan)
		g.fallIll(p, 4)
	}
	if category != "特困" && g.r.IntN(2) == 0 {
		g.own(h.head(), "不动产", 0, int64(4_000+g.r.IntN(7_000)), allDeliveries)
	}
	if g.r.IntN(20) == 0 {
		g.own(h.head(), "认缴出资", int64(10_000+g.r.IntN(60_000))*yuan, 0, companyDeliveries)
	}
}

// fallIll gives a person claims that stay far below every threshold: at most
// 11,000 yuan in 18 months, of which at most 3,900 are paid by oneself.
func (g *generator) fallIll(p *person, often int) {
	for range g.r.IntN(2 * often) {
		total := int64(3_000+g.r.IntN(107_000)) / int64(often) * 4
		g.claim(p, g.r.IntN(months), 1+g.r.IntN(28), total, total*int64(10+g.r.IntN(25))/100)
	}
}

// disable gives a person a certificate that is in force, and sometimes the
// allowance that goes with it.
func (g *generator) disable(p *person) {
	kinds := []string{"视力", "听力", "言语", "肢体", "智力", "精神", "多重"}
	g.certs = append(g.certs, certificate{of: p, kind: kinds[g.r.IntN(len(kinds))], grade: 1 + g.r.IntN(4), from: g.start.AddDate(-g.r.IntN(9), 0, 0), to: g.start.AddDate(10, 0, 0)})
	if g.r.IntN(2) == 0 {
		g.pay(p, "残疾人补贴", 125*yuan, 0, last)
	}
}

// moveChildren lets some children move to another household that can feed them.
func (g *generator) moveChildren() {
	var from []*person
	var to []*household
	for _, h := range g.households {
		head := h.head()
		if head.kind != "工资" || head.category != "" || len(h.members) < 2 {
			continue
		}
		child := h.members[len(h.members)-1]
		switch {
		case len(h.members) >= 4 && child.relation == "子女" && len(from) < 60:
			from = append(from, child)
		case len(h.members) == 2 && head.income[0] > 4_500*yuan && h.members[1].income[0] > 4_500*yuan && child.left.IsZero() && settled(h):
			to = append(to, h)
		}
	}
	for i := range min(len(from), len(to)) {
		on := g.day(2+i%12, 1+i%28)
		moved := *from[i]
		from[i].left = on
		moved.joined, moved.relation = on, "其他"
		to[i].add(&moved)
	}
}

// settled reports whether nothing was planted in a household: then both of its
// members have wages that vary.
func settled(h *household) bool {
	a, b := h.members[0].income, h.members[1].income
	return a[0] != a[1] || a[1] != a[2] || b[0] != b[1]
}

// addUnknownCompanies notes that nobody on a list can be judged by what the
// register of companies says, as it stopped.
func (g *generator) addUnknownCompanies() {
	rules := map[string]string{"低保": "capital_subsistence", "低边": "capital_low_margin", "刚性支出困难": "capital_rigid"}
	for _, h := range g.households {
		if rule := rules[h.head().category]; rule != "" {
			g.unknown(h.id, "工商登记六月以后未到", rule)
		}
	}
}

func serial(prefix string, n int) string { return fmt.Sprintf("%s%07d", prefix, n+1) }
