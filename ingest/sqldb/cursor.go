package sqldb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/decimal128"

	"zhicang/ingest"
)

// cursorPlan is how far a reading goes back and where the next one begins. A
// cursor is remembered as the kind of its column and its value in the
// database's own terms: "time 2025-03-01 08:00:00.123456".
type cursorPlan struct {
	at    int    // position among the columns; −1: the mode has no cursor
	since string // the value behind which this reading begins; empty: it reads all
	next  string // for the next reading
	// again is the value from which on the next reading will deliver rows once
	// more. It is compared as a whole number, or as a decimal.
	repeats bool
	whole   int64
	decimal decimal128.Num
}

// cursorKinds are the words by which a cursor's kind is remembered.
var cursorKinds = map[kind]string{
	intKind: "int", decimalKind: "decimal", dateKind: "date", wallKind: "time", instantKind: "moment", textKind: "text",
}

// resolve finds the largest value of the cursor's column, which a later reading
// goes on from.
func (c *cursorPlan) resolve(ctx context.Context, r *reading, remembered string) error {
	if c.at < 0 {
		return nil
	}
	col := r.columns[c.at]
	word, ok := cursorKinds[col.kind]
	switch {
	case !ok, col.kind == textKind && r.cfg.Mode != ingest.ModeAppend:
		return &ingest.Error{
			Column: col.name, Err: fmt.Errorf("the cursor is of type %s, by which it can't be told what is new", col.typ),
			Try: "name a column with the time of the last change, or a number that grows; where there is none, write mode: snapshot",
		}
	case r.cfg.Lookback > 0 && col.kind != dateKind && col.kind != wallKind && col.kind != instantKind:
		return &ingest.Error{Column: col.name, Err: errors.New("lookback is for cursors that are times"), Try: "write overlap: with a number instead"}
	case r.cfg.Overlap > 0 && col.kind != intKind:
		return &ingest.Error{Column: col.name, Err: errors.New("overlap is for cursors that are whole numbers"), Try: "write lookback: with a time, as in 10m, instead"}
	}
	if remembered != "" {
		was, value, _ := strings.Cut(remembered, " ")
		if was != word {
			return &ingest.Error{
				Column: col.name, Err: fmt.Errorf("the cursor was a %s at the last reading, and is a %s now", was, word),
				Try: "if the department changed the column on purpose, read the source from its beginning: zhicang run --reload " + r.name,
			}
		}
		c.since = value
	}
	name := r.dialect.quote(col.name)
	largest := col
	largest.as = ""
	max, err := r.one(ctx, r.selectFrom([]string{"max(" + name + ") " + name}, nil, nil), nil, []column{largest})
	if err != nil {
		return err
	}
	c.next = remembered
	if max[0].isNull(0) {
		return nil
	}
	return c.settle(r, max[0], word)
}

// settle decides on the next cursor, which never moves back, and not beyond the
// present: a row dated 2999 would hide every later one.
func (c *cursorPlan) settle(r *reading, max vec, word string) error {
	col := r.columns[c.at]
	var value string
	switch col.kind {
	case textKind:
		value = string(max.value(0))
	case decimalKind:
		value = max.decimal[0].ToString(col.scale)
	case intKind:
		value = strconv.FormatInt(max.whole[0], 10)
	default:
		value = timeText(col.kind, min(momentOf(col.kind, max), r.present(col.kind)))
	}
	if c.since != "" && c.isBehind(col, value) {
		value = c.since
	}
	c.next = word + " " + value
	switch col.kind {
	case textKind:
		return nil // append alone, which begins behind the cursor
	case decimalKind:
		n, err := parseDecimal(value, col.scale)
		c.decimal, c.repeats = n, r.cfg.Mode == ingest.ModeCursor
		return err
	case intKind:
		n, err := strconv.ParseInt(value, 10, 64)
		c.whole, c.repeats = n-r.cfg.Overlap, r.cfg.Mode == ingest.ModeCursor || r.cfg.Overlap > 0
		return err
	}
	at, err := parseTime(col.kind, value)
	c.whole, c.repeats = at-r.cfg.Lookback.Microseconds(), r.cfg.Mode == ingest.ModeCursor || r.cfg.Lookback > 0
	switch {
	case col.kind == dateKind:
		c.whole = floorDiv(c.whole, microsADay)
	case col.kind == wallKind && r.zone != nil: // as the rows are delivered
		c.whole = inZone(c.whole, r.zone)
	}
	return err
}

// isBehind reports whether a value lies behind the one that the reading begins
// at: rows were deleted, or the clock went back.
func (c *cursorPlan) isBehind(col column, value string) bool {
	switch col.kind {
	case textKind:
		return false // the database's order is not ours
	case decimalKind:
		a, err1 := parseDecimal(value, col.scale)
		b, err2 := parseDecimal(c.since, col.scale)
		return err1 == nil && err2 == nil && a.Less(b)
	case intKind:
		a, err1 := strconv.ParseInt(value, 10, 64)
		b, err2 := strconv.ParseInt(c.since, 10, 64)
		return err1 == nil && err2 == nil && a < b
	}
	return value < c.since // of one layout
}

// from is the condition on the rows of this reading and its argument; empty:
// all rows.
func (c *cursorPlan) from(r *reading) (condition, arg string) {
	if c.at < 0 || c.since == "" {
		return "", ""
	}
	col := r.columns[c.at]
	op, value := ">=", c.since
	switch {
	case r.cfg.Lookback > 0:
		at, err := parseTime(col.kind, c.since)
		if err == nil {
			value = timeText(col.kind, at-r.cfg.Lookback.Microseconds())
		}
	case r.cfg.Overlap > 0:
		n, err := strconv.ParseInt(c.since, 10, 64)
		if err == nil {
			value = strconv.FormatInt(n-r.cfg.Overlap, 10)
		}
	case r.cfg.Mode == ingest.ModeAppend:
		op = ">"
	}
	if r.dialect.file && col.kind == wallKind {
		// SQLite compares texts, and most are written without a fraction.
		value = strings.TrimRight(strings.TrimRight(value, "0"), ".")
	}
	return r.dialect.quote(col.name) + " " + op + " " + r.dialect.argument(1, col.kind), value
}

// again says which rows of a piece the next reading will deliver once more.
func (c *cursorPlan) again(p piece, untimed bool) []bool {
	if !c.repeats {
		return nil
	}
	v := p.vecs[c.at]
	var out []bool
	for i := range p.rows {
		again := untimed || v.isNull(i)
		switch {
		case again:
		case v.whole != nil:
			again = v.whole[i] >= c.whole
		case v.days != nil:
			again = int64(v.days[i]) >= c.whole
		case v.decimal != nil:
			again = !v.decimal[i].Less(c.decimal)
		}
		if again && out == nil {
			out = make([]bool, len(p.rows))
		}
		if again {
			out[i] = true
		}
	}
	return out
}

const microsADay = 24 * 60 * 60 * 1_000_000

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// momentOf is the first value of a column of times, in microseconds.
func momentOf(k kind, v vec) int64 {
	if k == dateKind {
		return int64(v.days[0]) * microsADay
	}
	return v.whole[0]
}

// present is the program's clock as the column tells the time.
func (r *reading) present(k kind) int64 {
	if k == instantKind {
		return r.started.UnixMicro()
	}
	t := r.started.In(cmp.Or(r.zone, r.opts.Location))
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC).UnixMicro()
}

const (
	dateLayout = "2006-01-02"
	timeLayout = "2006-01-02 15:04:05.000000"
)

func timeText(k kind, micros int64) string {
	t := time.UnixMicro(micros).UTC()
	if k == dateKind {
		return t.Format(dateLayout)
	}
	return t.Format(timeLayout)
}

func parseTime(k kind, s string) (int64, error) {
	layout := timeLayout
	if k == dateKind {
		layout = dateLayout
	}
	t, err := time.Parse(layout, s)
	return t.UnixMicro(), err
}

func parseDecimal(s string, scale int32) (decimal128.Num, error) {
	whole, frac, _ := strings.Cut(s, ".")
	if len(frac) > int(scale) {
		return decimal128.Num{}, fmt.Errorf("more than %d digits behind the point", scale)
	}
	n, ok := new(big.Int).SetString(whole+frac+strings.Repeat("0", int(scale)-len(frac)), 10)
	if !ok {
		return decimal128.Num{}, errors.New("no number")
	}
	return decimal128.FromBigInt(n), nil
}
