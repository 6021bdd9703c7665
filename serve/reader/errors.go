package reader

import (
	"context"
	"errors"
	"strings"

	"zhicang/serve/gate"
	"zhicang/warehouse"
)

// Error says why a statement gave no rows, or no more of them. Its texts may be
// shown to whoever sent the statement.
type Error struct {
	Code    string // SQLSTATE
	Message string
	Try     string
	Err     error // the cause, for the log; nil where there is none beyond the message
}

func (e *Error) Error() string { return e.Message }
func (e *Error) Unwrap() error { return e.Err }

// Hint is what to try.
func (e *Error) Hint() string { return e.Try }

// The SQLSTATEs that the reader gives beside the gate's.
const (
	codeUnavailable  = "57P03" // cannot_connect_now: nothing to read
	codeTimeout      = "57014" // query_canceled
	codeTooMany      = "53300"
	codeMemory       = "53200"
	codeNotRecorded  = "58030" // io_error
	codeInternal     = "XX000"
	codeDamaged      = "58030" // io_error
	codeShuttingDown = "57P01"
)

// Code is the SQLSTATE of an error that Query, Describe or Rows gave.
func Code(err error) string {
	var own *Error
	var refused *gate.Refused
	switch {
	case err == nil:
		return "00000"
	case errors.As(err, &own):
		return own.Code
	case errors.As(err, &refused):
		return refused.Code
	}
	return codeInternal
}

// engineError makes an Error of what the engine says about a statement.
func (e *edition) engineError(ctx context.Context, err error, p plan) error {
	if cause := context.Cause(ctx); cause != nil {
		if errors.Is(cause, errTimeout) {
			return &Error{Code: codeTimeout, Message: "the statement took longer than it may", Try: "ask for a shorter period or fewer rows", Err: err}
		}
		if errors.Is(cause, errMemory) {
			return outOfMemory(err)
		}
		return &Error{Code: codeTimeout, Message: "the statement was cancelled", Err: err}
	}
	kind, text := e.engine.Explain(err, p.scope.catalog, p.scope.barriers)
	code, known := stateOf[kind]
	if !known {
		code = codeInternal
	}
	if kind == warehouse.Unreadable {
		return e.damaged(err, p.platform)
	}
	if own, found := inWords(text); found {
		own.Err = err
		return own
	}
	switch kind {
	case warehouse.OutOfMemory:
		return outOfMemory(err)
	case warehouse.Internal:
		text = "the engine failed on this statement"
	}
	return &Error{Code: code, Message: plainWords(text), Err: err}
}

// ErrDamaged is the cause where a published file could not be read while a
// statement ran on it.
var ErrDamaged = errors.New("the published file cannot be read")

// damage is how a statement found that a file cannot be read.
type damage struct {
	err      *Error
	platform bool // it read the platform's file alone
}

// damaged notes that the published file could not be read while a statement ran
// on it: from now on the state says so, until another is published.
func (e *edition) damaged(err error, platform bool) *Error {
	own := &Error{
		Code: codeDamaged, Message: "the publication cannot be read: its file is damaged, or the disk is", Err: errors.Join(ErrDamaged, err),
		Try: "zhicang run makes it anew; zhicang publish --rollback goes back to the one before",
	}
	if e.damage.CompareAndSwap(nil, &damage{own, platform}) {
		e.log.Error("publication damaged", "file", e.pub.File, "err", err)
	}
	return own
}

func outOfMemory(err error) *Error {
	return &Error{Code: codeMemory, Message: "the statement needs more memory than it may use", Try: "ask for fewer rows, or group them", Err: err}
}

// The causes of a context that a statement's time-out, or the watch over the
// memory, has ended.
var (
	errTimeout = errors.New("statement time-out")
	errMemory  = errors.New("memory")
)

var stateOf = map[warehouse.ErrorKind]string{
	warehouse.Syntax:        gate.SyntaxError,
	warehouse.NoSuchColumn:  "42703",
	warehouse.NoSuchName:    gate.UndefinedTable,
	warehouse.NoSuchFunc:    gate.UndefinedFunction,
	warehouse.BadGrouping:   "42803",
	warehouse.Ambiguous:     "42702",
	warehouse.Mismatch:      "42804",
	warehouse.BadValue:      "22P02",
	warehouse.OutOfRange:    "22003",
	warehouse.InvalidInput:  "22023",
	warehouse.NotSupported:  gate.NotSupported,
	warehouse.OutOfMemory:   codeMemory,
	warehouse.Forbidden:     gate.InsufficientPrivilege,
	warehouse.WrongArgument: "08P01",
	warehouse.TooDeep:       gate.TooComplex,
	warehouse.Interrupted:   codeTimeout,
	warehouse.Internal:      codeInternal,
}

// unavailable is the state in which there is nothing to read.
func unavailable(err error) *Error {
	e := &Error{Code: codeUnavailable, Message: "the publication cannot be read", Err: err}
	var own *warehouse.Error
	switch {
	case errors.Is(err, warehouse.ErrNothingPublished):
		e.Message, e.Try = "nothing has been published yet", "zhicang run"
	case errors.As(err, &own):
		e.Message, e.Try = own.Error(), own.Hint()
	}
	if strings.TrimSpace(e.Try) == "" {
		e.Try = "zhicang run makes it anew; zhicang publish --rollback goes back to the one before"
	}
	return e
}
