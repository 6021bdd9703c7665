package transform

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"zhicang/models"
	"zhicang/warehouse"
)

// A Step makes one table in Go: what SQL can't do well, such as cutting
// Chinese into words. It is a pure function of the rows it reads, its
// parameters and its version, and works month by month where its table is
// partitioned.
type Step struct {
	Table string
	// Version changes whenever the step would make other rows of the same
	// input: its code, its dictionary, its model. It is asked for once the
	// contracts are complete.
	Version func() string
	// SQL is the SELECT of a table that needs no Go but to be written, such as one
	// over every table of the lake: it stands for all that follows, and the table is
	// a model like any other.
	SQL string
	// Inputs are named SELECTs over upstream tables. They are what the graph
	// knows of the step; the runner cuts them to the months it may see. An
	// input that names the step's own table sees the months before this one.
	Inputs map[string]string
	// Cache is a SELECT over the step's own table: the rows of this month as
	// the last build left them, to take over what would come out the same.
	// It is no input: a step makes the same rows without it. A step that reads
	// its own earlier months has none. Optional.
	Cache string
	// Connected hands over the graph once every table knows its upstreams, for a
	// step whose rows tell of the tables. It is called before Version. Optional.
	Connected func(*Graph)
	// Build reads its inputs and emits rows, values in the order of the
	// contract's columns.
	Build func(ctx context.Context, b *Build) error
}

// Build is one call of a step: one month of its table, or all of it.
type Build struct {
	Month models.Month // zero: the table is not partitioned

	tx       *warehouse.Tx
	contract *models.Contract
	inputs   map[string]string // rewritten to slices
	cache    string
	clear    func(context.Context) error // removes the month's old rows; nil once done
	pending  [][]any
}

// flushRows is how many emitted rows wait before they are appended.
const flushRows = 4096

// Query runs the input of that name.
func (b *Build) Query(ctx context.Context, name string) (*sql.Rows, error) {
	text, ok := b.inputs[name]
	if !ok {
		return nil, fmt.Errorf("step %s has no input %q", b.contract.Table, name)
	}
	return b.tx.Query(ctx, text)
}

// Cached runs the step's cache query; ok is false when there is nothing to
// take over, as on a first build. It must be read before the first Emit.
func (b *Build) Cached(ctx context.Context) (rows *sql.Rows, ok bool, err error) {
	if b.cache == "" {
		return nil, false, nil
	}
	rows, err = b.tx.Query(ctx, b.cache)
	return rows, err == nil, err
}

// Emit adds one row. A DECIMAL column takes a models.Amount.
func (b *Build) Emit(ctx context.Context, values ...any) error {
	values, err := exactDecimals(b.contract, values)
	if err != nil {
		return err
	}
	b.pending = append(b.pending, values)
	if len(b.pending) < flushRows {
		return nil
	}
	return b.flush(ctx)
}

// exactDecimals puts amounts into the form of their columns. The engine's
// appender would take any number for the digits of a decimal, wherever its
// point stands.
func exactDecimals(c *models.Contract, values []any) ([]any, error) {
	copied := false
	for i, v := range values {
		if i >= len(c.Columns) || c.Columns[i].Type.Kind != models.Decimal || v == nil {
			continue
		}
		col := c.Columns[i]
		amount, ok := v.(models.Amount)
		if !ok {
			return nil, fmt.Errorf("step %s: column %s takes an amount, not %T", c.Table, col.Name, v)
		}
		amount, err := amount.Rescale(col.Type.Scale)
		if err != nil {
			return nil, fmt.Errorf("step %s: column %s: %w", c.Table, col.Name, err)
		}
		if !copied { // the row is the caller's
			values, copied = slices.Clone(values), true
		}
		values[i] = amount.Unscaled
	}
	return values, nil
}

func (b *Build) flush(ctx context.Context) error {
	if b.clear != nil {
		if err := b.clear(ctx); err != nil {
			return err
		}
		b.clear = nil
	}
	if len(b.pending) == 0 {
		return nil
	}
	err := b.tx.Append(ctx, b.contract.Table, func(row func(...any) error) error {
		for _, values := range b.pending {
			if err := row(values...); err != nil {
				return err
			}
		}
		return nil
	})
	b.pending = b.pending[:0]
	return err
}
