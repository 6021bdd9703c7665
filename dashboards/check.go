package dashboards

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Answer is what a query returned: the names of its columns and its rows,
// as text.
type Answer struct {
	Columns []string
	Rows    [][]string
}

// Ask sends one query by the way that is to be checked.
type Ask func(ctx context.Context, sql string) (Answer, error)

// The states of a panel.
const (
	OK      = "ok"
	Empty   = "empty"   // no rows
	Slow    = "slow"    // took longer than it may
	Failing = "failing" // an error, or columns that are not those of the board's file
)

// A Finding is what became of one panel's, or one variable's, query.
type Finding struct {
	Board  string `json:"board"`
	Panel  string `json:"panel"` // its id; of a variable, ${name}
	Title  string `json:"title"`
	State  string `json:"state"`
	Millis int64  `json:"millis"`
	Rows   int    `json:"rows"`
	Error  string `json:"error,omitempty"`
	Try    string `json:"try,omitempty"`
	SQL    string `json:"-"` // as it was sent
}

// Checker asks every query of boards once, with each variable at its default.
type Checker struct {
	Ask  Ask
	Slow time.Duration    // above it a query is slow; 0 is a second
	Now  func() time.Time // the end of the time range, which begins a year before
}

// Check asks every query of the board.
func (c *Checker) Check(ctx context.Context, b *Board) []Finding {
	now := c.Now()
	values := map[string]string{
		From: strconv.FormatInt(now.AddDate(-1, 0, 0).UnixMilli(), 10), To: strconv.FormatInt(now.UnixMilli(), 10),
	}
	var list []Finding
	for i := range b.Variables {
		v := &b.Variables[i]
		f := Finding{Board: b.UID, Panel: "${" + v.Name + "}", Title: v.Title}
		if value, ok := c.choose(ctx, b, v, values, &f); ok {
			values[v.Name] = value
		}
		if v.SQL != "" {
			list = append(list, f)
		}
	}
	for i := range b.Panels {
		p := &b.Panels[i]
		f := Finding{Board: b.UID, Panel: p.ID, Title: p.Title}
		if v := b.Unchosen(p.SQL, values); v != nil {
			f.State = Empty
			list = append(list, f)
			continue
		}
		sql, err := b.SQL(p, values)
		var answer Answer
		if err == nil {
			answer, err = c.ask(ctx, sql, &f)
		}
		if err == nil {
			err = sameColumns(p, answer.Columns)
		}
		f.fail(err)
		list = append(list, f)
	}
	return list
}

// choose returns what a variable is at first; false when there is nothing to
// choose from.
func (c *Checker) choose(ctx context.Context, b *Board, v *Variable, values map[string]string, f *Finding) (string, bool) {
	if b.Unchosen(v.SQL, values) != nil {
		f.State = Empty
		return "", false
	}
	sql, err := b.VariableSQL(v, values)
	switch {
	case err != nil:
		f.fail(err)
		return "", false
	case sql == "" && v.Default == "" && len(v.Options) > 0:
		return v.Options[0].Value, true
	case sql == "":
		return v.Default, true
	}
	answer, err := c.ask(ctx, sql, f)
	at := slices.Index(answer.Columns, "__value")
	if err == nil && (at < 0 || !slices.Contains(answer.Columns, "__text")) {
		err = errors.New("returns no columns __text and __value")
	}
	f.fail(err)
	if err != nil || len(answer.Rows) == 0 {
		return "", false
	}
	for _, row := range answer.Rows {
		if row[at] == v.Default {
			return v.Default, true
		}
	}
	return answer.Rows[0][at], true
}

func (c *Checker) ask(ctx context.Context, sql string, f *Finding) (Answer, error) {
	slow := c.Slow
	if slow == 0 {
		slow = time.Second
	}
	f.SQL = sql
	begun := time.Now()
	answer, err := c.Ask(ctx, sql)
	took := time.Since(begun)
	f.Millis, f.Rows, f.State = took.Milliseconds(), len(answer.Rows), OK
	switch {
	case took > slow:
		f.State = Slow
	case len(answer.Rows) == 0:
		f.State = Empty
	}
	return answer, err
}

// hinter is an error that knows what to try.
type hinter interface{ Hint() string }

func (f *Finding) fail(err error) {
	if err == nil {
		return
	}
	f.State, f.Error = Failing, err.Error()
	var h hinter
	if errors.As(err, &h) {
		f.Try = h.Hint()
	}
}

// columnsError says that a query returns other columns than the board lists.
type columnsError struct{ msg, try string }

func (e *columnsError) Error() string { return e.msg }
func (e *columnsError) Hint() string  { return e.try }

func sameColumns(p *Panel, got []string) error {
	want := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		want[i] = c.Name
	}
	if slices.Equal(want, got) {
		return nil
	}
	return &columnsError{
		fmt.Sprintf("the SQL returns %s, and the board lists %s", strings.Join(got, ", "), strings.Join(want, ", ")),
		"list in `columns` what the SELECT returns, in its order",
	}
}
