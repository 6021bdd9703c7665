package deputies

import (
	"fmt"
	"time"

	"zhicang/demo/yunxi"
)

// A term is [from, to); a zero to is open.
type term struct {
	level, region, group string
	from, to             time.Time
}

// covers reports whether the term holds on a day.
func (t term) covers(day time.Time) bool {
	return !day.Before(t.from) && (t.to.IsZero() || day.Before(t.to))
}

// A deputy may sit in several congresses.
type deputy struct {
	id, name string
	station  *station
	terms    []term
	planted  bool // did only what was planted
}

// sits returns the term in the congress of a level on a day.
func (d *deputy) sits(level string, day time.Time) (term, bool) {
	for _, t := range d.terms {
		if t.level == level && t.covers(day) {
			return t, true
		}
	}
	return term{}, false
}

// inOffice reports whether the deputy sits anywhere on a day.
func (d *deputy) inOffice(day time.Time) bool {
	for _, t := range d.terms {
		if t.covers(day) {
			return true
		}
	}
	return false
}

type station struct {
	id, name, region string
	planted          bool
}

const (
	surnames = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦许何吕施张孔曹严华金魏陶姜戚谢邹"
	firsts   = "云溪岚峤屿汀渚泽沐清澄湛浩瀚波涛江河海洋"
	seconds  = "明亮辉耀光晖晨曦昕晴朗霁霖霏霜雪冰凌寒松"
)

// Of the deputies of the county, how many sit in the higher congresses, and
// which ones of the county's sit in a town's as well.
const (
	provincial = 6
	municipal  = 30 // from provincial on
	countyEnd  = 210
	doubleFrom = 60
	doubleEnd  = 100
)

// elect makes the stations, the deputies and their terms: the congresses of
// county and towns were elected together, three years before the last one.
func (w *world) elect() {
	for i := range Stations {
		t := w.towns[i%len(w.towns)]
		w.stations = append(w.stations, &station{
			id: fmt.Sprintf("LLZ%03d", i+1), name: fmt.Sprintf("%s第%d代表联络站", t.Name, i/len(w.towns)+1), region: t.Code,
		})
	}
	elected := time.Date(w.LastYear-3, 1, 15, 0, 0, 0, 0, time.UTC)
	for i := range w.Deputies {
		d := w.person(i)
		d.station = w.stations[2+i%(Stations-2)]
		countyTerm := term{"县", yunxi.Code, fmt.Sprintf("县第%d小组", i%12+1), elected, time.Time{}}
		town := w.towns[i%len(w.towns)]
		townTerm := term{"乡", town.Code, fmt.Sprintf("%s第%d小组", town.Name, i/len(w.towns)%2+1), elected, time.Time{}}
		switch {
		case i < provincial:
			d.terms = append(d.terms, term{"省", yunxi.Code, "", elected, time.Time{}})
			if i < 2 {
				d.terms = append(d.terms, term{"市", yunxi.Code, "", elected, time.Time{}})
			}
		case i < municipal:
			d.terms = append(d.terms, term{"市", yunxi.Code, "", elected, time.Time{}})
			if i%2 == 0 {
				d.terms = append(d.terms, countyTerm)
			}
		case i < countyEnd:
			d.terms = append(d.terms, countyTerm)
			if i >= doubleFrom && i < doubleEnd {
				d.terms = append(d.terms, townTerm)
			}
		default:
			d.terms = append(d.terms, townTerm)
		}
		// Every fifth sat in the congress before as well.
		if i%5 == 0 && i >= municipal {
			before := d.terms[0]
			before.from, before.to = elected.AddDate(-5, 0, 0), elected
			d.terms = append(d.terms, before)
		}
		w.deputies = append(w.deputies, d)
	}
}

// person makes the n-th person; ids are distinct.
func (w *world) person(n int) *deputy {
	born := time.Date(1960+n%40, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/40*7%365)
	s, f, c := []rune(surnames), []rune(firsts), []rune(seconds)
	return &deputy{
		id:   yunxi.WithCheck(fmt.Sprintf("%s%s%03d", yunxi.Code, born.Format("20060102"), 1+n%900)),
		name: string([]rune{s[w.r.IntN(len(s))], f[w.r.IntN(len(f))], c[w.r.IntN(len(c))]}),
	}
}
