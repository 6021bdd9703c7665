package industry

import (
	"fmt"
	"slices"
	"strings"
)

// plant puts events into the lives of enterprises, at most one into each, so
// that what is found can be told apart. The first year and a half is left in
// peace: without a past nothing is out of the ordinary.
func (w *world) plant() {
	free := w.r.Perm(len(w.enterprises))
	next := func() *enterprise {
		for len(free) > 0 {
			e := w.enterprises[free[0]]
			free = free[1:]
			if e.event == nil {
				return e
			}
		}
		panic(errNoEnterprise) // Options ask for more than are planted
	}
	n := len(w.enterprises)
	start := func(length int) int { return 14 + w.r.IntN(w.months-14-length) }
	for range n * 40 / 2619 {
		length := 4 + w.r.IntN(4)
		w.event(next(), Fall, "产值", start(length), length, 0.35+0.25*w.r.Float64())
	}
	for range n * 25 / 2619 {
		length := 4 + w.r.IntN(4)
		w.event(next(), Rise, "产值", start(length), length, 1.7+0.8*w.r.Float64())
	}
	for range n * 25 / 2619 {
		length := 4 + w.r.IntN(3)
		w.event(next(), Divergence, "产值", start(length), length, 1.5+0.5*w.r.Float64())
	}
	for range n * 40 / 2619 {
		length := 1 + w.r.IntN(3)
		w.event(next(), Missing, "产值", start(length), length, 0)
	}
	for range n * 30 / 2619 {
		w.event(next(), WrongUnit, "产值", start(1), 1, 1e-4)
	}
	for range n * 20 / 2619 {
		w.event(next(), WrongUnit, "用电量", start(1), 1, 1e-4)
	}
	for range n * 60 / 2619 {
		e := next()
		e.closes, e.closeDay = 8+w.r.IntN(w.months-9), 2+w.r.IntN(26)
		e.event = &Event{}
		w.truth.Closed = append(w.truth.Closed, e.code)
	}
	for range n * 120 / 2619 {
		e := next()
		e.opens = 3 + w.r.IntN(w.months-6)
		e.event = &Event{}
		w.truth.New = append(w.truth.New, e.code)
	}
	w.unlisted()
	w.shock()
	slices.Sort(w.truth.Closed)
	slices.Sort(w.truth.New)
	slices.SortFunc(w.truth.Events, func(a, b Event) int { return strings.Compare(a.CreditCode+a.From, b.CreditCode+b.From) })
	for _, e := range w.enterprises {
		for m := range w.months {
			if e.active(m) {
				w.truth.EnterpriseMonths++
			}
		}
	}
}

// event plants one event and lets it happen.
func (w *world) event(e *enterprise, kind, metric string, from, length int, factor float64) {
	ev := Event{
		CreditCode: e.code, Kind: kind, Metric: metric, Factor: factor, from: from, to: from + length - 1,
		From: w.month(from).Format(monthLayout), To: w.month(from + length - 1).Format(monthLayout),
	}
	for m := ev.from; m <= ev.to; m++ {
		switch kind {
		case Fall, Rise:
			e.output[m+before] *= factor
			e.kwh[m+before] *= 0.05 + 0.95*factor
		case Divergence:
			e.output[m+before] *= factor // on paper; the meters know nothing of it
		}
	}
	e.event = &ev
	w.truth.Events = append(w.truth.Events, ev)
}

// unlisted lets a few report that the register does not know.
func (w *world) unlisted() {
	for k := range 5 {
		e := &enterprise{
			number: len(w.enterprises) + k, code: creditCode(w.opts.Enterprises + 50_000 + k), name: fmt.Sprintf("云溪县无名第%d加工点", k+1),
			trade: &trades[1], usual: 200_000, noise: 0.06, workers: 8, opens: 20 + k, closes: 22 + k,
		}
		w.live(e)
		e.event = &Event{
			CreditCode: e.code, Kind: Unlisted, Metric: "产值", from: e.opens, to: e.closes,
			From: w.month(e.opens).Format(monthLayout), To: w.month(e.closes).Format(monthLayout),
		}
		w.truth.Events = append(w.truth.Events, *e.event)
		w.enterprises = append(w.enterprises, e)
	}
}

// shock hits a trade as a whole: knitted wear loses its orders for four months
// of the last year.
func (w *world) shock() {
	const from, length, factor = 26, 4, 0.68
	for _, e := range w.enterprises {
		if strings.HasPrefix(e.trade.class, "182") {
			for m := from; m < from+length; m++ {
				e.output[m+before] *= factor
				e.kwh[m+before] *= 0.05 + 0.95*factor
			}
		}
	}
	w.truth.Shocks = append(w.truth.Shocks, Shock{
		Segment: "针织服装", Factor: factor, From: w.month(from).Format(monthLayout), To: w.month(from + length - 1).Format(monthLayout),
	})
}

// has reports whether an event of that kind holds for a metric in a month.
func (e *enterprise) has(kind, metric string, m int) bool {
	return e.event != nil && e.event.Kind == kind && e.event.Metric == metric && m >= e.event.from && m <= e.event.to
}

// listed reports whether the register has the enterprise.
func (e *enterprise) listed() bool { return e.event == nil || e.event.Kind != Unlisted }
