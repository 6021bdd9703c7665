package pgwire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"strconv"

	wire "github.com/jeroenrinzema/psql-wire"
	"github.com/jeroenrinzema/psql-wire/pkg/types"

	"zhicang/serve/account"
	"zhicang/warehouse/dialect"
)

// A Column is one column of a result; Type is DuckDB's name for its type.
type Column struct{ Name, Type string }

// Rows are the result of a statement. Truncated reports, after the last row,
// that there would have been more than the account may have at once.
type Rows interface {
	Columns() []Column
	Next() bool
	Values() []any
	Err() error
	Close() error
	Truncated() bool
}

// A Question is a statement as a session asks it.
type Question struct {
	Text   string
	Client string // the program that asks and its address, for the audit log
	Zone   string // the session's time zone
}

// A Reader runs statements for an account, and alone decides what they may
// see. An *Error reaches the client; any other is logged and told as an
// internal error.
type Reader interface {
	Query(ctx context.Context, a account.Account, q Question) (Rows, error)
	Describe(ctx context.Context, a account.Account, q Question) ([]Column, error)
}

// An Asker is what a catalogue query may see of who asks.
type Asker struct {
	Account  account.Account
	Database string
	Client   string // the program that asks and its address
	// Describes says that only the columns are wanted; it is no statement that
	// is run.
	Describes bool
	// Setting returns a setting as SHOW does.
	Setting func(name string) (string, bool)
}

// A Catalog answers what clients ask about tables, columns and types. ok is
// false for a statement that isn't about the catalogue.
type Catalog interface {
	Query(ctx context.Context, a Asker, text string) (rows Rows, ok bool, err error)
}

// A statement is one of those that a text holds.
type statement struct {
	text   string
	tokens []dialect.Token // their places count from the start of text
	oids   []uint32        // of its parameters; 0 where the client named none
}

// A sink takes a result in one of the protocol's two ways.
type sink interface {
	header([]Column) error
	row([]any) error
	end(tag string) error
	empty() error
}

// parse is psql-wire's entry: it cuts a text into statements and returns for
// each what runs it.
func (s *Server) parse(ctx context.Context, q wire.Query) (_ wire.PreparedStatements, err error) {
	sn := sessionOf(ctx)
	defer s.recovered(sn, &err)
	if sn.refusal != nil {
		return nil, sn.refusal
	}
	list, err := split(q.Query)
	if err != nil {
		return nil, err
	}
	if !q.SimpleQuery {
		return s.parseExtended(sn, list, q.ParameterOIDs)
	}
	if len(list) == 0 {
		list = []*statement{nil}
	}
	var out wire.PreparedStatements
	for _, st := range list {
		out = append(out, wire.NewStatement(func(ctx context.Context, dw wire.DataWriter, _ []wire.Parameter) (err error) {
			defer s.recovered(sn, &err)
			return s.runSimple(ctx, sn, st, dw)
		}))
	}
	return out, nil
}

// recovered turns a panic into an error: one statement must not take down
// everybody's connection.
func (s *Server) recovered(sn *session, err *error) {
	if r := recover(); r != nil {
		s.log.Error("postgres statement panicked", "account", sn.account.Name, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		*err = failf(stateInternal, "internal error")
	}
}

// maxStatements bounds how many statements one text may hold.
const maxStatements = 100

// split cuts a text at its semicolons. Empty statements are left out.
func split(text string) ([]*statement, error) {
	tokens, err := dialect.Tokens(text)
	if err != nil {
		return nil, failf(stateSyntax, "syntax error: %s", err)
	}
	var list []*statement
	from := 0
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) && !(tokens[i].Is(";") && tokens[i].Depth == 0) {
			continue
		}
		if part := tokens[from:i]; len(part) > 0 {
			start := part[0].Start
			st := &statement{text: text[start:part[len(part)-1].End]}
			for _, t := range part {
				t.Start, t.End = t.Start-start, t.End-start
				st.tokens = append(st.tokens, t)
			}
			list = append(list, st)
		}
		from = i + 1
	}
	if len(list) > maxStatements {
		return nil, failf(stateTooMuch, "more than %d statements at once", maxStatements)
	}
	return list, nil
}

// runSimple runs one statement of a simple query; nil is the empty one.
func (s *Server) runSimple(ctx context.Context, sn *session, st *statement, dw wire.DataWriter) error {
	out := &simpleSink{ctx: ctx, sn: sn, dw: dw}
	if st == nil {
		return out.empty()
	}
	if n := len(st.placeholders()); n > 0 {
		return failf("42P02", "there is no parameter $%d", st.placeholders()[0].n)
	}
	cmd, e := commandOf(sn, st.tokens)
	switch {
	case e != nil && sn.tx == types.ServerTransactionFailed:
		return failedTransaction()
	case e != nil:
		return e
	case cmd != nil:
		return cmd.answer(ctx, sn, out)
	}
	return s.stream(sn, st.text, out)
}

// stream runs a statement and writes its rows.
func (s *Server) stream(sn *session, text string, out sink) error {
	if sn.tx == types.ServerTransactionFailed {
		return failedTransaction()
	}
	ctx, stop := sn.run()
	defer stop()
	if err := s.rows(ctx, sn, text, out); err != nil {
		if errors.Is(err, wire.ErrSuspendedHandlerClosed) {
			return err
		}
		return s.explain(ctx, sn, err)
	}
	return nil
}

func (s *Server) explain(ctx context.Context, sn *session, err error) error {
	e := asError(ctx, err)
	if e.State == stateInternal && sn.ctx.Err() == nil {
		s.log.Error("postgres statement failed", "account", sn.account.Name, "err", err)
	}
	return e
}

func (s *Server) rows(ctx context.Context, sn *session, text string, out sink) (err error) {
	rows, err := s.open(ctx, sn, text)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if err := out.header(rows.Columns()); err != nil {
		return err
	}
	n := 0
	for ; rows.Next(); n++ {
		if err := out.row(rows.Values()); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if rows.Truncated() {
		// Cut silently, a sum over the rows would be wrong and nobody would know.
		return &Error{State: stateTooMuch, Message: fmt.Sprintf("the result has more than %d rows", n), Hint: "ask for fewer rows, or sum them up in SQL"}
	}
	return out.end("SELECT " + strconv.Itoa(n))
}

// open asks the catalogue first, and the reader for what isn't about it.
func (s *Server) open(ctx context.Context, sn *session, text string) (Rows, error) {
	if s.catalog != nil {
		rows, ok, err := s.catalog.Query(ctx, sn.asker(), text)
		if ok || err != nil {
			return rows, err
		}
	}
	return s.reader.Query(ctx, sn.account, sn.question(text))
}

func (sn *session) question(text string) Question {
	zone, _ := sn.show("timezone")
	return Question{Text: text, Client: sn.client(), Zone: zone}
}

// client is the program that asks and the address that it asks from.
func (sn *session) client() string {
	name, _ := sn.show("application_name")
	if name == "" {
		name = "postgres"
	}
	from, _, err := net.SplitHostPort(sn.conn.RemoteAddr().String())
	if err != nil {
		return name
	}
	return name + " " + from
}

func (sn *session) asker() Asker {
	return Asker{Account: sn.account, Database: sn.database, Client: sn.client(), Setting: sn.show}
}

// simpleSink writes rows as they come, described by what has come: nothing has
// to be known of a statement before it runs.
type simpleSink struct {
	ctx     context.Context
	sn      *session
	dw      wire.DataWriter
	columns wire.Columns
	encode  []encoder
}

func (k *simpleSink) header(columns []Column) error {
	k.columns, k.encode = wireColumns(columns), encoders(columns, k.sn.location())
	if len(columns) == 0 {
		return nil
	}
	return k.columns.Define(k.ctx, k.sn.writer, nil)
}

func (k *simpleSink) row(values []any) error {
	row, err := encodeRow(k.encode, values)
	if err != nil {
		return err
	}
	return k.columns.Write(k.ctx, nil, k.sn.writer, row)
}

func (k *simpleSink) end(tag string) error { return k.dw.Complete(tag) }

func (k *simpleSink) empty() error { return emptyQuery(k.sn, k.dw) }

func emptyQuery(sn *session, dw wire.DataWriter) error {
	sn.writer.Start(types.ServerEmptyQuery)
	if err := sn.writer.End(); err != nil {
		return err
	}
	return dw.Empty()
}
