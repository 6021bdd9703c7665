package assist

import "time"

// The records of the departments. Amounts are cents.
type (
	status struct { // 民政
		id       string
		of       *person
		category string
		from, to time.Time // to: zero while it lasts
		updated  time.Time
	}
	claim struct { // 医保
		id          string
		of          *person
		total, self int64
		on, updated time.Time
	}
	expense struct { // 教育
		id    string
		of    *household
		kind  string
		cents int64
		on    time.Time
	}
	asset struct { // 核对
		id    string
		of    *person
		kind  string
		cents int64
		area  int64 // hundredths of a square metre; 0: none
		on    time.Time
	}
	certificate struct { // 残联
		of       *person
		kind     string
		grade    int
		from, to time.Time
	}
	job struct { // 人社
		id       string
		of       *person
		state    string
		from, to time.Time
		// isDeleted marks what was registered by mistake.
		isDeleted bool
	}
	death struct { // 殡葬
		id string
		of *person
		on time.Time
	}
	payment struct { // 民政
		id      string
		of      *person
		benefit string
		cents   int64
		on      time.Time
	}
)

// list puts a person on a list from the i-th month on.
func (g *generator) list(p *person, category string, from time.Time) *status {
	p.category = category
	g.statuses = append(g.statuses, status{id: serial("RD", len(g.statuses)), of: p, category: category, from: from, updated: from})
	return &g.statuses[len(g.statuses)-1]
}

// listAll puts a whole household on a list, since before the records begin.
func (g *generator) listAll(h *household, category string) {
	for _, p := range h.members {
		g.list(p, category, g.start.AddDate(-1, 0, 0))
	}
}

func (g *generator) claim(p *person, month, day int, total, self int64) {
	on := g.day(month, day)
	g.claims = append(g.claims, claim{id: serial("YB", len(g.claims)), of: p, total: total, self: self, on: on, updated: on})
}

func (g *generator) pay(p *person, benefit string, cents int64, from, to int) {
	for i := from; i <= to; i++ {
		g.payments = append(g.payments, payment{id: serial("FF", len(g.payments)), of: p, benefit: benefit, cents: cents, on: g.day(i, 10)})
	}
}

func (g *generator) die(p *person, on time.Time) {
	if p.died.IsZero() || on.After(p.died) {
		p.died = on
	}
	g.deaths = append(g.deaths, death{id: serial("BZ", len(g.deaths)), of: p, on: on})
}

// checked are the days on which banks were asked about who is on a list.
func (g *generator) checked() []time.Time { return []time.Time{g.day(2, 30), g.day(14, 30)} }

// quarters are the days on which the registers of things are handed over.
func (g *generator) quarters() []time.Time {
	var days []time.Time
	for i := 2; i <= last; i += 3 {
		days = append(days, g.day(i, 28))
	}
	return days
}

// own gives a person a thing of a register, in every one of its deliveries up
// to the end-th.
func (g *generator) own(p *person, kind string, cents, area int64, deliveries int) {
	id := serial("CC", len(g.assets))
	for i, on := range g.quarters() {
		if i < deliveries {
			g.assets = append(g.assets, asset{id: id, of: p, kind: kind, cents: cents, area: area, on: on})
		}
	}
}

// Deliveries of the registers: the one of companies stops in June.
const (
	allDeliveries     = 6
	companyDeliveries = 4
)

// bank writes what the banks said of a person at every check.
func (g *generator) bank(p *person, cents int64) {
	id := serial("YH", len(g.assets))
	for _, on := range g.checked() {
		g.assets = append(g.assets, asset{id: id, of: p, kind: "货币财产", cents: cents, on: on})
	}
}
