package reader

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"zhicang/serve/account"
	"zhicang/warehouse"
)

// Column is a column of a result.
type Column struct {
	Name string
	Type string // as the engine spells it, in short: BIGINT, DECIMAL(18,2), VARCHAR[], TIMESTAMPTZ
}

// Values of a row are nil, bool, int8 to int64, uint8 to uint64, float32,
// float64, string, []byte, time.Time (DATE, TIME and all TIMESTAMPs),
// *big.Int (HUGEINT), Decimal, Interval, []any, map[string]any (STRUCT) and
// Map.
type (
	Decimal  = warehouse.Decimal
	Interval = warehouse.Interval
	Map      = warehouse.Map
)

// pageRows is how many rows are in our memory at a time. A result that has no
// more lies there whole, and holds no connection, however slowly it is read.
const pageRows = 2048

// Rows is the result of a statement. It is read by one goroutine: Next until it
// says false, then Err; Close in any case.
type Rows struct {
	reader    *Reader
	acct      account.Account
	statement Statement
	ed        *edition
	conn      *sql.Conn
	ctx       context.Context
	cancel    context.CancelFunc
	release   func()
	unwatch   func()
	started   time.Time

	plan    plan
	columns []Column
	page    [][]any
	at      int    // the next row of the page
	kept    string // the table that holds the whole of a big result; "" where there is none
	total   int64  // rows of a big result
	fetched int64  // rows of it that pages have brought
	given   int64
	cut     bool
	err     error
	closed  bool
}

// Columns are the result's columns.
func (r *Rows) Columns() []Column { return r.columns }

// Truncated reports whether there are more rows than the limit lets through.
func (r *Rows) Truncated() bool { return r.cut }

// Count is how many rows the result has, those beyond the limit aside.
func (r *Rows) Count() int64 {
	if r.kept != "" {
		return r.total
	}
	return int64(len(r.page))
}

// complete reports whether all rows are in memory.
func (r *Rows) complete() bool { return r.kept == "" }

// maxRows is how many rows the statement may give.
func (r *Rows) maxRows() int {
	n := r.reader.o.Limits.MaxRows
	if l := r.statement.Limit; l > 0 {
		n = min(n, l)
	}
	return n
}

// run asks for the first page. If that is all, everything is let go.
func (r *Rows) run() (err error) {
	r.started = r.reader.o.Now()
	if r.conn, err = r.ed.engine.Conn(r.ctx); err != nil {
		return waited(r.ctx)
	}
	if r.plan, err = r.ed.prepare(r.ctx, r.conn, r.acct, r.statement); err != nil {
		return err
	}
	first := min(pageRows, r.maxRows())
	text, renamed := r.plan.withLimit(first + 1)
	if err := r.fetch(text, true, r.statement.Args...); err != nil {
		return err
	}
	if renamed {
		cols, err := r.ed.describe(r.ctx, r.conn, r.plan)
		if err == nil && len(cols) == len(r.columns) {
			r.columns = cols
		}
	}
	if len(r.page) <= first {
		r.letGo()
		return nil
	}
	if first == r.maxRows() {
		r.page, r.cut = r.page[:first], true
		r.letGo()
		return nil
	}
	return r.keep()
}

// keep runs the statement once more, into a table in memory, from which it is
// read page by page. So a result of any size counts against the memory limit,
// which one on its way out of the engine does not.
func (r *Rows) keep() error {
	r.page = nil
	r.kept = "temp.main.result"
	text, _ := r.plan.withLimit(r.maxRows() + 1)
	if _, err := r.conn.ExecContext(r.ctx, "CREATE OR REPLACE TEMP TABLE result AS "+text, r.statement.Args...); err != nil {
		return r.ed.engineError(r.ctx, err, r.plan)
	}
	if err := r.conn.QueryRowContext(r.ctx, "SELECT count(*) FROM "+r.kept).Scan(&r.total); err != nil {
		return r.ed.engineError(r.ctx, err, r.plan)
	}
	if limit := int64(r.maxRows()); r.total > limit {
		r.total, r.cut = limit, true
	}
	return nil
}

// fetch reads the rows of a text into the page.
func (r *Rows) fetch(text string, columns bool, args ...any) error {
	rows, err := r.conn.QueryContext(r.ctx, text, args...)
	if err != nil {
		return r.ed.engineError(r.ctx, err, r.plan)
	}
	defer rows.Close()
	types, err := rows.ColumnTypes()
	if err != nil {
		return r.ed.engineError(r.ctx, err, r.plan)
	}
	if columns {
		for _, t := range types {
			r.columns = append(r.columns, Column{t.Name(), t.DatabaseTypeName()})
		}
	}
	r.page, r.at = r.page[:0], 0
	refs := make([]any, len(types))
	for rows.Next() {
		values := make([]any, len(types))
		for i := range values {
			refs[i] = &values[i]
		}
		if err := rows.Scan(refs...); err != nil {
			return r.ed.engineError(r.ctx, err, r.plan)
		}
		r.page = append(r.page, values)
	}
	if err := rows.Err(); err != nil {
		return r.ed.engineError(r.ctx, err, r.plan)
	}
	return nil
}

// Next moves to the next row.
func (r *Rows) Next() bool {
	if r.closed || r.err != nil {
		return false
	}
	if r.at == len(r.page) {
		if r.kept == "" || r.fetched >= r.total {
			return false
		}
		to := min(r.fetched+pageRows, r.total)
		if r.err = r.fetch(fmt.Sprintf("SELECT * FROM %s WHERE rowid >= %d AND rowid < %d", r.kept, r.fetched, to), false); r.err != nil {
			return false
		}
		r.fetched = to
	}
	r.at++
	r.given++
	return r.at <= len(r.page)
}

// Values is the row that Next moved to. It is the reader's to keep.
func (r *Rows) Values() []any { return r.page[r.at-1] }

// Err is why Next said false; nil at the end of the rows. It is an *Error.
func (r *Rows) Err() error { return r.err }

// Close ends the reading, and records what of a big result was given away. It
// may be called more than once.
func (r *Rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if r.kept == "" {
		return nil
	}
	outcome := "ok"
	switch {
	case r.err != nil:
		outcome = Code(r.err)
	case r.given < r.total:
		outcome = "left"
	case r.cut:
		outcome = "cut"
	}
	took := r.reader.o.Now().Sub(r.started)
	r.letGo()
	return r.reader.record(r.ctx, r.acct, r.statement, r.given, outcome, took)
}

// abandon is Close without a record.
func (r *Rows) abandon() {
	r.closed = true
	r.letGo()
}

// letGo gives back the connection and what else the statement holds.
func (r *Rows) letGo() {
	if r.ed == nil {
		return
	}
	if r.conn != nil {
		if r.kept != "" {
			// The connection is good for the next one even if this fails: the
			// table is replaced then.
			_, _ = r.conn.ExecContext(context.WithoutCancel(r.ctx), "DROP TABLE IF EXISTS "+r.kept)
		}
		r.ed.engine.Release(r.conn)
	}
	r.ed.leave()
	r.release()
	r.unwatch()
	r.cancel()
	r.ed, r.conn = nil, nil
}
