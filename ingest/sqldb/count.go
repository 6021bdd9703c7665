package sqldb

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// countQuery asks how many rows meet the conditions, and what the columns that
// are added up make in them.
func (r *reading) countQuery(conditions ...string) string {
	asked := []string{"count(*)"}
	if r.dialect.count != "" {
		asked[0] = r.dialect.count
	}
	for _, at := range r.summed() {
		asked = append(asked, replaceName(r.sumOf(r.columns[at]), r.dialect.quote(r.columns[at].name)))
	}
	return r.selectFrom(asked, conditions, nil)
}

// summed are the positions of the columns that the database can add up exactly.
func (r *reading) summed() (at []int) {
	for i, name := range r.fields {
		if slices.Contains(r.sums, name) && r.sumOf(r.columns[i]) != "" {
			at = append(at, i)
		}
	}
	return at
}

func (r *reading) sumOf(c column) string {
	switch {
	case c.kind == intKind:
		return r.dialect.sum.whole
	case c.kind == decimalKind, slices.Contains([]string{"numeric", "decimal", "unsigned bigint"}, c.typ):
		return r.dialect.sum.decimal
	}
	return ""
}

// count asks the database, in the state that is read, what the reading should
// deliver: of an increment only what its condition covers. Where it comes after
// the reading, a table that keeps no state shows that it was changed.
func (r *reading) count(ctx context.Context) error {
	if !r.counts {
		return nil
	}
	ctx, watch := newWatch(ctx, r.cfg.DSN.Timeout)
	defer watch.done()
	rows, at := int64(0), r.summed()
	sums := make([]big.Rat, len(at))
	for _, c := range r.counted {
		watch.start()
		answer, err := r.session.texts(ctx, c.query, c.args...)
		if err != nil {
			return watch.explain(ctx, err)
		}
		n, err := addCount(answer, sums)
		if err != nil {
			return err
		}
		rows += n
	}
	r.total = &rows
	if len(at) == 0 {
		return nil
	}
	of := make(map[string]string, len(at))
	for k, i := range at {
		places, _ := sums[k].FloatPrec()
		of[r.fields[i]] = sums[k].FloatString(places)
	}
	r.totals = []map[string]string{of}
	return nil
}

// addCount reads the one row of a count and adds its sums to those before.
func addCount(answer [][]string, sums []big.Rat) (rows int64, err error) {
	if len(answer) != 1 || len(answer[0]) != 1+len(sums) {
		return 0, errNoRows
	}
	if rows, err = strconv.ParseInt(strings.TrimSpace(answer[0][0]), 10, 64); err != nil {
		return 0, fmt.Errorf("the database's own count: %w", err)
	}
	for i, text := range answer[0][1:] {
		if x, ok := new(big.Rat).SetString(text); ok { // no rows, no sum
			sums[i].Add(&sums[i], x)
		}
	}
	return rows, nil
}
