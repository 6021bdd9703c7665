package pgwire

import (
	"context"
	"errors"
	"fmt"

	"github.com/jeroenrinzema/psql-wire/codes"
	pgerrors "github.com/jeroenrinzema/psql-wire/errors"
)

// SQLSTATEs that this package itself answers with. Those of a statement come
// from the reader.
const (
	stateProtocol        = "08P01" // protocol_violation
	stateUnsupported     = "0A000" // feature_not_supported
	stateBadText         = "22P02" // invalid_text_representation
	stateBadBinary       = "22P03" // invalid_binary_representation
	stateBadValue        = "22023" // invalid_parameter_value
	stateBadEncoding     = "22021" // character_not_in_repertoire
	stateReadOnly        = "25006" // read_only_sql_transaction
	stateNoTransaction   = "25P01" // no_active_sql_transaction
	stateFailed          = "25P02" // in_failed_sql_transaction
	stateNoStatement     = "26000" // invalid_sql_statement_name
	stateNoAuthorization = "28000" // invalid_authorization_specification
	stateWrongPassword   = "28P01" // invalid_password
	stateNoPortal        = "34000" // invalid_cursor_name
	stateSyntax          = "42601" // syntax_error
	stateNoSetting       = "42704" // undefined_object
	statePreparedTwice   = "42P05" // duplicate_prepared_statement
	stateTooManyConns    = "53300" // too_many_connections
	stateTooMuch         = "54000" // program_limit_exceeded
	stateCanceled        = "57014" // query_canceled
	stateShutdown        = "57P01" // admin_shutdown
	stateIdle            = "57P05" // idle_session_timeout
	stateInternal        = "XX000" // internal_error
)

// An Error is what a client is told: a SQLSTATE of PostgreSQL, a message and,
// where there is one, what to try. A Fatal one ends the connection.
type Error struct {
	State   string
	Message string
	Hint    string
	Fatal   bool
}

func (e *Error) Error() string { return e.Message }

// SQLState is the code of the error.
func (e *Error) SQLState() string { return e.State }

func failf(state, format string, args ...any) *Error {
	return &Error{State: state, Message: fmt.Sprintf(format, args...)}
}

func fatalf(state, format string, args ...any) *Error {
	return &Error{State: state, Message: fmt.Sprintf(format, args...), Fatal: true}
}

// asError turns whatever a statement failed with into what the client is
// told. An error of another type is ours and not the client's: its text may
// name a path or hold a row, so it is not handed out. Where the statement was
// interrupted, the reason for that is what is told.
func asError(ctx context.Context, err error) *Error {
	var own, why *Error
	known := errors.As(err, &own)
	if errors.As(context.Cause(ctx), &why) && (!known || own.State == stateCanceled) {
		return why
	}
	if known {
		return own
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return failf(stateCanceled, "canceling statement")
	}
	return &Error{State: stateInternal, Message: "internal error", Hint: "the server's log says more"}
}

// wireError dresses an error for psql-wire.
func wireError(e *Error) error {
	err := pgerrors.WithCode(errors.New(e.Message), codes.Code(e.State))
	if e.Hint != "" {
		err = pgerrors.WithHint(err, e.Hint)
	}
	if e.Fatal {
		err = pgerrors.WithSeverity(err, pgerrors.LevelFatal)
	}
	return err
}
