package transform

import (
	"fmt"
	"slices"

	"zhicang/models"
)

// An Interval restates some months and no others: what is there is built again,
// stale or not, and what becomes stale beyond is left for the next run.
type Interval struct {
	First, Last models.Month
	// Since is the run with which the restatement began: months that it, or a later
	// run, has built already are left alone. 0: nothing was built yet.
	Since int64
}

func (iv *Interval) holds(m models.Month) bool { return m >= iv.First && m <= iv.Last }

// within leaves of what is to be done about a table what lies in the interval. A
// table without months is built as a whole.
func (iv *Interval) within(n *Node, s states, build []stale, gone []models.Month) ([]stale, []models.Month) {
	known := s[n.Contract.Table]
	build = slices.DeleteFunc(build, func(st stale) bool {
		if st.month != 0 && !iv.holds(st.month) {
			return true
		}
		return iv.Since > 0 && st.reason == askedFor && known[st.month].Run >= iv.Since
	})
	return build, slices.DeleteFunc(gone, func(m models.Month) bool { return !iv.holds(m) })
}

// beyond lists the months of a table outside of the interval that don't rest on
// what is there now.
func (iv *Interval) beyond(g *Graph, n *Node, s states) (list []string) {
	build, gone := g.staleMonths(n, s, false)
	for _, st := range build {
		if st.month != 0 && !iv.holds(st.month) {
			list = append(list, st.month.String())
		}
	}
	for _, m := range gone {
		if m != 0 && !iv.holds(m) {
			list = append(list, m.String())
		}
	}
	slices.Sort(list)
	return list
}

// ReshapedError says that a table can't be restated in part.
type ReshapedError struct{ Table string }

func (e *ReshapedError) Error() string {
	return fmt.Sprintf("table %s: its SQL, step, contract or parameters changed, so that every month of it must be built, not only the interval", e.Table)
}

// Hint is what to try; the command line prints it after "Try: ".
func (e *ReshapedError) Hint() string { return "zhicang run, which builds all of it" }

// mayNarrow refuses to drop the months beyond the interval with a table that has
// to be made anew.
func (iv *Interval) mayNarrow(n *Node, s states, recreate bool) error {
	if !recreate {
		return nil
	}
	for m := range s[n.Contract.Table] {
		if m != 0 && !iv.holds(m) {
			return &ReshapedError{n.Contract.Table}
		}
	}
	return nil
}
