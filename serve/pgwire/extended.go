package pgwire

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5/pgtype"
	wire "github.com/jeroenrinzema/psql-wire"
	"github.com/jeroenrinzema/psql-wire/pkg/types"
)

// parseExtended prepares one statement: what it returns must be known before
// it runs, so it is described now, with NULL in place of what is not bound yet.
func (s *Server) parseExtended(sn *session, list []*statement, oids []uint32) (wire.PreparedStatements, error) {
	sn.parsed = 0
	switch {
	case len(list) > 1:
		return nil, failf(stateSyntax, "cannot insert multiple commands into a prepared statement")
	case len(list) == 0:
		return wire.Prepared(wire.NewStatement(func(_ context.Context, dw wire.DataWriter, _ []wire.Parameter) error {
			return emptyQuery(sn, dw)
		})), nil
	}
	st := list[0]
	cmd, e := commandOf(sn, st.tokens)
	if sn.tx == types.ServerTransactionFailed && (cmd == nil || !cmd.always) {
		return nil, failedTransaction()
	}
	if e != nil {
		return nil, e
	}
	if st.oids, e = st.parameterOIDs(oids); e != nil {
		return nil, e
	}
	sn.parsed = len(st.oids)
	if cmd != nil {
		if len(st.oids) > 0 {
			return nil, failf(stateUnsupported, "parameters are not served here")
		}
		return wire.Prepared(wire.NewStatement(func(ctx context.Context, dw wire.DataWriter, _ []wire.Parameter) (err error) {
			defer s.recovered(sn, &err)
			return cmd.answer(ctx, sn, &portalSink{sn: sn, dw: dw, described: cmd.columns})
		}, wire.WithColumns(wireColumns(cmd.columns)))), nil
	}
	columns, err := s.describe(sn, st)
	if err != nil {
		return nil, err
	}
	return wire.Prepared(wire.NewStatement(func(_ context.Context, dw wire.DataWriter, given []wire.Parameter) (err error) {
		defer s.recovered(sn, &err)
		text, e := st.bound(given)
		if e != nil {
			return e
		}
		return s.stream(sn, text, &portalSink{sn: sn, dw: dw, described: columns})
	}, wire.WithColumns(wireColumns(columns)), wire.WithParameters(st.oids))), nil
}

func (s *Server) describe(sn *session, st *statement) ([]Column, error) {
	ctx, stop := sn.run()
	defer stop()
	text := st.unbound()
	if s.catalog != nil {
		who := sn.asker()
		who.Describes = true
		rows, ok, err := s.catalog.Query(ctx, who, text)
		if err != nil {
			return nil, s.explain(ctx, sn, err)
		}
		if ok {
			return rows.Columns(), rows.Close()
		}
	}
	columns, err := s.reader.Describe(ctx, sn.account, sn.question(text))
	if err != nil {
		return nil, s.explain(ctx, sn, err)
	}
	return columns, nil
}

// portalSink writes rows as they were described when the statement was
// prepared, and stops where the client has asked for no more of them.
type portalSink struct {
	sn        *session
	dw        wire.DataWriter
	described []Column
	encode    []encoder
}

// header compares what has come with what was described. A parameter's value
// may have changed a type: that is no harm where text was promised.
func (k *portalSink) header(columns []Column) error {
	if len(columns) != len(k.described) {
		return changedType()
	}
	k.encode = encoders(columns, k.sn.location())
	for i, c := range columns {
		got, promised := typeOf(c.Type), typeOf(k.described[i].Type)
		switch {
		case got.oid == promised.oid:
		case promised.oid == textType.oid:
			k.encode[i] = asText(k.encode[i])
		case isInteger(got.oid) && isInteger(promised.oid):
			// As wide as it was promised; pgtype refuses what is too wide for it.
		case isNumber(got.oid) && promised.oid == pgtype.NumericOID:
			k.encode[i] = toNumeric
		case isNumber(got.oid) && (promised.oid == pgtype.Float8OID || promised.oid == pgtype.Float4OID):
			k.encode[i] = toFloat
		default:
			return changedType()
		}
	}
	return nil
}

// changedType is told where a value has another type than the statement had
// without it.
func changedType() *Error {
	return &Error{State: stateUnsupported, Message: "cached plan must not change result type", Hint: "say of which type the parameter is: $1::date"}
}

func (k *portalSink) row(values []any) error {
	row, err := encodeRow(k.encode, values)
	if err != nil {
		return err
	}
	return k.dw.Row(slices.Clone(row))
}

func (k *portalSink) end(tag string) error { return k.dw.Complete(tag) }
func (k *portalSink) empty() error         { return emptyQuery(k.sn, k.dw) }
