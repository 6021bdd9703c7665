package warehouse

import (
	"errors"
	"regexp"
	"strings"

	"github.com/marcboeker/go-duckdb/v2"
)

// ErrorKind is what the engine has against a reader's statement.
type ErrorKind int

// The kinds of error.
const (
	Internal ErrorKind = iota // a defect, or something nobody thought of
	Syntax
	NoSuchColumn
	NoSuchName
	NoSuchFunc
	BadGrouping // an aggregate or a column where it cannot stand
	Ambiguous
	Mismatch // types that do not go together
	BadValue // a value that cannot be converted
	OutOfRange
	InvalidInput
	NotSupported
	OutOfMemory
	Forbidden
	WrongArgument // too many or too few bound values
	TooDeep
	Interrupted
	Unreadable // the file cannot be read, or is damaged
)

// Decimal, Interval and Map are values that have no type in Go.
type (
	Decimal  = duckdb.Decimal
	Interval = duckdb.Interval
	Map      = duckdb.Map
)

// valueRE finds the values that a message quotes, and the sums that it repeats:
// it shall not tell of them.
var valueRE = regexp.MustCompile(`'[^']*'| ?\(-?[\d.]+ \S -?[\d.]+\)`)

// Explain sorts what the engine says about a statement, and gives the words to
// repeat: the first line, without the names of catalogs that nobody shall know,
// and without values.
func (r *Reading) Explain(err error, scopes ...string) (ErrorKind, string) {
	var own *duckdb.Error
	if !errors.As(err, &own) {
		switch text := err.Error(); {
		case strings.Contains(text, "incorrect argument count"):
			return WrongArgument, text
		case strings.Contains(text, "could not bind parameter"):
			return WrongArgument, "a bound value does not fit its place"
		}
		return Internal, ""
	}
	text, _, _ := strings.Cut(own.Msg, "\n")
	for _, secret := range r.files {
		text = strings.ReplaceAll(text, secret, "…")
	}
	for _, scope := range scopes {
		text = strings.ReplaceAll(strings.ReplaceAll(text, scope+".", ""), scope, "…")
	}
	if _, rest, ok := strings.Cut(text, "Error: "); ok {
		text = rest
	}
	kind := kindOf(own, text)
	if own.Type == duckdb.ErrorTypeFatal || strings.Contains(own.Msg, "database has been invalidated") {
		r.broken.Store(true)
	}
	switch kind {
	case BadValue, OutOfRange, InvalidInput:
		text = valueRE.ReplaceAllString(text, "…")
	}
	return kind, text
}

func kindOf(e *duckdb.Error, text string) ErrorKind {
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	switch e.Type {
	case duckdb.ErrorTypeParser, duckdb.ErrorTypeSyntax:
		if has("expression depth") {
			return TooDeep
		}
		return Syntax
	case duckdb.ErrorTypeBinder, duckdb.ErrorTypeCatalog, duckdb.ErrorTypeExpression, duckdb.ErrorTypePlanner, duckdb.ErrorTypeParameterNotResolved, duckdb.ErrorTypeParameterNotAllowed:
		return kindOfBinding(has)
	case duckdb.ErrorTypeConversion, duckdb.ErrorTypeInvalidType:
		return BadValue
	case duckdb.ErrorTypeOutOfRange, duckdb.ErrorTypeDecimal, duckdb.ErrorTypeDivideByZero:
		return OutOfRange
	case duckdb.ErrorTypeInvalidInput, duckdb.ErrorTypeObjectSize, duckdb.ErrorTypeConstraint:
		return InvalidInput
	case duckdb.ErrorTypeNotImplemented:
		return NotSupported
	case duckdb.ErrorTypeOutOfMemory:
		return OutOfMemory
	case duckdb.ErrorTypePermission, duckdb.ErrorTypeInvalidConfiguration, duckdb.ErrorTypeSettings:
		return Forbidden
	case duckdb.ErrorTypeInterrupt:
		return Interrupted
	case duckdb.ErrorTypeIO, duckdb.ErrorTypeSerialization, duckdb.ErrorTypeFatal:
		if has("orrupt", "checksum", "read from file", "read enough bytes", "could not read", "Could not read", "read file", "deserializ", "does not match") {
			return Unreadable
		}
		if e.Type == duckdb.ErrorTypeIO {
			return Unreadable
		}
	case duckdb.ErrorTypeMismatchType:
		return Mismatch
	}
	return Internal
}

// kindOfBinding tells apart what names and types do not fit.
func kindOfBinding(has func(...string) bool) ErrorKind {
	switch {
	case has("expression depth"):
		return TooDeep
	case has("Ambiguous reference"):
		return Ambiguous
	case has("Referenced column", "does not have a column", "not found in FROM clause"):
		return NoSuchColumn
	case has("Referenced table", "Table with name", "Schema with name"):
		return NoSuchName
	case has("No function matches", "Function with name", "Aggregate Function with name"):
		return NoSuchFunc
	case has("GROUP BY", "aggregate", "window function"):
		return BadGrouping
	case has("Cannot compare", "Cannot mix", "type"):
		return Mismatch
	case has("not supported", "not implemented"):
		return NotSupported
	}
	return Syntax
}
