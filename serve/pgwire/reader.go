package pgwire

import (
	"context"
	"errors"

	"zhicang/serve/account"
	"zhicang/serve/reader"
)

// FromReader serves what a reader reads.
func FromReader(r *reader.Reader) Reader { return fromReader{r} }

type fromReader struct{ r *reader.Reader }

func (f fromReader) Query(ctx context.Context, a account.Account, q Question) (Rows, error) {
	rows, err := f.r.Query(ctx, a, q.statement())
	if err != nil {
		return nil, ReaderError(err)
	}
	return readerRows{rows}, nil
}

func (f fromReader) Describe(ctx context.Context, a account.Account, q Question) ([]Column, error) {
	columns, err := f.r.Describe(ctx, a, q.statement())
	return columnsOf(columns), ReaderError(err)
}

func (q Question) statement() reader.Statement {
	return reader.Statement{SQL: q.Text, Postgres: true, Zone: q.Zone, Purpose: q.Client}
}

type readerRows struct{ *reader.Rows }

func (r readerRows) Columns() []Column { return columnsOf(r.Rows.Columns()) }
func (r readerRows) Err() error        { return ReaderError(r.Rows.Err()) }

func columnsOf(columns []reader.Column) []Column {
	out := make([]Column, len(columns))
	for i, c := range columns {
		out[i] = Column(c)
	}
	return out
}

// ReaderError makes an *Error of one of the reader's, with its code and hint. An
// error that carries no code is not for the client, and stays as it is.
func ReaderError(err error) error {
	if err == nil {
		return nil
	}
	code := reader.Code(err)
	var own *reader.Error
	if code == stateInternal && !errors.As(err, &own) {
		return err
	}
	e := &Error{State: code, Message: err.Error()}
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		e.Hint = h.Hint()
	}
	return e
}
