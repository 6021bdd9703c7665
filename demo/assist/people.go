package assist

import (
	"fmt"
	"time"

	"zhicang/demo/yunxi"
)

// A person of the county.
type person struct {
	id, name string
	relation string
	home     *household
	joined   time.Time
	left     time.Time     // zero: still there
	income   [months]int64 // cents
	kind     string        // of the income: 工资, 养老金
	category string        // on the day that the demo reports on; "" when on no list
	died     time.Time     // zero: alive
}

// A household of the county.
type household struct {
	id, town string
	members  []*person
}

const (
	surnames = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章"
	firsts   = "云溪岚峤屿汀渚泽沐清澄湛浩瀚波涛江河海洋"
	seconds  = "明亮辉耀光晖晨曦昕晴朗霁霖霏霜雪冰凌寒松"
)

// person makes the next person. Ids are distinct: a step that shares no factor
// with the number of days and serials visits all of them.
func (g *generator) person(relation string, born int) *person {
	n := g.people
	g.people++
	first := time.Date(born, 1, 1, 0, 0, 0, 0, time.UTC)
	serial := 1 + n%900
	p := &person{
		id:       yunxi.WithCheck(fmt.Sprintf("%s%s%03d", yunxi.Code, first.AddDate(0, 0, (n/900)*13%365).Format("20060102"), serial)),
		relation: relation,
		joined:   time.Date(2010+n%10, time.Month(1+n%12), 1, 0, 0, 0, 0, time.UTC),
	}
	s, f, c := []rune(surnames), []rune(firsts), []rune(seconds)
	p.name = string([]rune{s[g.r.IntN(len(s))], f[g.r.IntN(len(f))], c[g.r.IntN(len(c))]})
	return p
}

// household makes the next household: a head born in a year, and further
// members.
func (g *generator) household(headBorn int, others ...string) *household {
	n := len(g.households)
	h := &household{id: fmt.Sprintf("YX%06d", 100_000+n), town: g.towns[n%len(g.towns)].Code}
	h.add(g.person("户主", headBorn))
	for _, relation := range others {
		born := headBorn + 1
		switch relation {
		case "子女":
			born = headBorn + 27
		case "父母":
			born = headBorn - 26
		}
		h.add(g.person(relation, born))
	}
	g.households = append(g.households, h)
	return h
}

func (h *household) add(p *person) {
	p.home = h
	h.members = append(h.members, p)
}

func (h *household) head() *person { return h.members[0] }

// earn gives a person the same income in all months from one to another, both
// counted.
func (p *person) earn(kind string, cents int64, from, to int) {
	p.kind = kind
	for i := from; i <= to; i++ {
		p.income[i] = cents
	}
}

// stop ends a person's income with the month before.
func (p *person) stop(from int) {
	for i := from; i < months; i++ {
		p.income[i] = 0
	}
}
