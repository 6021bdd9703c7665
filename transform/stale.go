package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/warehouse"
)

// states is what is known of every month of every table: what the warehouse
// remembers, and for ods tables what lies in the lake.
type states map[string]map[models.Month]warehouse.State

func newStates(remembered []warehouse.State) states {
	s := states{}
	for _, st := range remembered {
		s.set(st)
	}
	return s
}

func (s states) set(st warehouse.State) {
	if s[st.Table] == nil {
		s[st.Table] = map[models.Month]warehouse.State{}
	}
	s[st.Table][st.Month] = st
}

func (s states) clone() states {
	out := make(states, len(s))
	for t, months := range s {
		out[t] = maps.Clone(months)
	}
	return out
}

// setLake derives the states of an ods table: a month's content is the set of
// batches in it.
func (s states) setLake(table string, files []ledger.LakeFile) error {
	s[table] = map[models.Month]warehouse.State{}
	for _, f := range files {
		m, err := models.ParseMonth(f.Month)
		if err != nil {
			return err
		}
		st := s[table][m]
		st.Table, st.Month = table, m
		st.Content += fmt.Sprintf("%d,", f.Batch)
		st.Rows += f.Rows
		s[table][m] = st
	}
	return nil
}

// A stale month is one that must be built, and why.
type stale struct {
	month  models.Month
	inputs string
	reason string
}

// staleMonths finds the months of a table that do not rest on what is there
// now, in ascending order, and those whose inputs are gone.
func (g *Graph) staleMonths(n *Node, s states, full bool) (build []stale, gone []models.Month) {
	known := s[n.Contract.Table]
	wanted := g.wantedMonths(n, s)
	for _, m := range wanted {
		if st := g.judge(n, s, m, full); st != nil {
			build = append(build, *st)
		}
	}
	for m := range known {
		if !slices.Contains(wanted, m) {
			gone = append(gone, m)
		}
	}
	slices.Sort(gone)
	return build, gone
}

// askedFor is the reason for building a month that is not stale.
const askedFor = "asked for"

// judge decides about one month; nil: it is up to date.
func (g *Graph) judge(n *Node, s states, m models.Month, full bool) *stale {
	inputs, parts := g.inputs(n, s, m)
	st, ok := s[n.Contract.Table][m]
	reason := ""
	switch {
	case !ok && len(s[n.Contract.Table]) > 0:
		reason = "a month that is new"
	case !ok:
		reason = "never built"
	case st.Definition != n.Definition:
		reason = "its SQL, step, contract or parameters changed"
	case st.Inputs != inputs:
		reason = "new data in " + strings.Join(parts, ", ")
	case full:
		reason = askedFor
	default:
		return nil
	}
	return &stale{month: m, inputs: inputs, reason: reason}
}

// ParameterError says that a table can't be built for a day, as a parameter
// that it rests on has no value on it.
type ParameterError struct {
	Table string
	Err   error
	File  string
}

func (e *ParameterError) Error() string { return "table " + e.Table + ": " + e.Err.Error() }
func (e *ParameterError) Unwrap() error { return e.Err }

// Hint is what to try; the command line prints it after "Try: ".
func (e *ParameterError) Hint() string {
	return "close the gap in " + e.File + ": every day that has data needs a value; without one the rows would be missing without a word"
}

// checkParameters makes sure that every parameter of a table has a value on
// every day of the months to be built: SQL joins them by day, and a day without
// a value would simply have no rows.
//
// Months that hold nothing but what spills into them rest on days of the month
// before. What has no months rests on any day until the one that is reported on.
func (g *Graph) checkParameters(n *Node, s states, build []stale, asOf time.Time) error {
	if n.Contract.Partition == "" && len(build) > 0 {
		for _, p := range n.parameters {
			if day, ok := p.Gap(asOf); ok {
				_, err := p.On(day)
				return &ParameterError{Table: n.Contract.Table, Err: err, File: p.File}
			}
		}
		return nil
	}
	hasData := func(m models.Month) bool {
		return slices.ContainsFunc(n.Upstreams, func(up string) bool { _, ok := s[up][m]; return ok && m != 0 })
	}
	for _, st := range build {
		if !hasData(st.month) {
			continue
		}
		first, err := time.Parse(time.DateOnly, st.month.FirstDay())
		if err != nil {
			return err
		}
		for _, p := range n.parameters {
			for day := first; day.Month() == first.Month(); day = day.AddDate(0, 0, 1) {
				if _, err := p.On(day); err != nil {
					return &ParameterError{Table: n.Contract.Table, Err: err, File: p.File}
				}
			}
		}
	}
	return nil
}

// wantedMonths are the months that a table should have: those of its
// partitioned upstreams, as many earlier ones as look ahead into them, and as
// many later ones as they spill into.
func (g *Graph) wantedMonths(n *Node, s states) []models.Month {
	if n.Contract.Partition == "" {
		return []models.Month{0}
	}
	set := map[models.Month]bool{}
	for _, up := range n.Upstreams {
		if g.nodes[up].Contract.Partition == "" {
			continue
		}
		for m := range s[up] {
			w := n.Contract.Reads[up]
			for d := -w.After; d <= w.Spill; d++ {
				set[m+models.Month(d)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// inputs digests what one month of a table rests on. parts names the upstream
// tables, for the reader of a plan.
func (g *Graph) inputs(n *Node, s states, m models.Month) (digest string, parts []string) {
	h := sha256.New()
	for _, up := range n.Upstreams {
		if up == parameterTable {
			continue // the parameters that count are in the definition
		}
		parts = append(parts, up)
		fmt.Fprintf(h, "%s\n", up)
		for _, um := range g.readMonths(n, up, s, m) {
			if st, ok := s[up][um]; ok {
				fmt.Fprintf(h, "%s %s\n", um, st.Content)
			}
		}
		if same := n.Contract.Reads[up].Same; len(same) > 0 {
			fmt.Fprintf(h, "same %s\n", s[sharedName(up, same)][m].Content)
		}
	}
	if n.selfRead {
		for back := n.Contract.Reads[n.Contract.Table].Before; back > 0; back-- {
			if st, ok := s[n.Contract.Table][m-models.Month(back)]; ok {
				fmt.Fprintf(h, "self %s %s\n", st.Month, st.Content)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:12]), parts
}

// readMonths lists the months of an upstream that one month of a table sees.
func (g *Graph) readMonths(n *Node, up string, s states, m models.Month) []models.Month {
	w := n.Contract.Reads[up]
	switch {
	case g.nodes[up].Contract.Partition == "":
		return []models.Month{0}
	case w.All || m == 0:
		return slices.Sorted(maps.Keys(s[up]))
	}
	var list []models.Month
	for um := m - models.Month(w.Before); um <= m+models.Month(w.After); um++ {
		list = append(list, um)
	}
	return list
}
