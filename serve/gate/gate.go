// Package gate decides whether a statement that somebody sent may run. The
// engine has no inner privileges: whatever it can do, a statement can do. So
// nothing is let through that is not known to be harmless: one SELECT, whose
// every node, table and function stands on a list.
//
// The gate works on the engine's own parse tree and is a pure function of it.
// Behind it stand walls of another kind: see package reader.
package gate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"zhicang/warehouse/dialect"
)

// Refused says why a statement does not run. Its texts name what the statement
// itself says and nothing of the data.
type Refused struct {
	Code    string // SQLSTATE
	Message string
	Try     string // "" where there is nothing to try
}

func (e *Refused) Error() string { return e.Message }

// Hint is what to try instead.
func (e *Refused) Hint() string { return e.Try }

// The SQLSTATEs that the gate gives.
const (
	SyntaxError           = "42601"
	InsufficientPrivilege = "42501"
	UndefinedTable        = "42P01"
	UndefinedFunction     = "42883"
	NotSupported          = "0A000"
	TooComplex            = "54001"
	LimitExceeded         = "54000"
	TooManyColumns        = "54011"
	NotUTF8               = "22021"
	OutOfRange            = "22003"
)

func refuse(code, try, format string, args ...any) *Refused {
	return &Refused{Code: code, Message: fmt.Sprintf(format, args...), Try: try}
}

// Tables tells the gate what is there for an account.
type Tables interface {
	// Resolve returns the name under which a table that the statement calls
	// schema.name (schema may be "") is read, as SQL text. ok is false where
	// the account has no such table. guarded says that the statement computes
	// what could fail, and so must do it behind the filter of the table's rows.
	Resolve(schema, name string, guarded bool) (sql string, ok bool)
}

// Limits of a statement's text, so that reading it cannot cost what running it
// may not.
const (
	maxText   = 64 << 10
	maxTables = 40 // tables and subqueries
	// maxTree bounds the parse tree, which repeats each CTE at every place
	// that can see it.
	maxTree = 8 << 20
)

// Measure refuses, before it is parsed, a text whose parse tree would be out of
// all proportion. The error is a *Refused.
func Measure(text string) error {
	if len(text) > maxText {
		return refuse(TooComplex, "", "the statement is %d bytes long, %d are the limit", len(text), maxText)
	}
	if !utf8.ValidString(text) {
		return refuse(NotUTF8, "set client_encoding to UTF8", "the statement is not UTF-8")
	}
	shape, err := dialect.Measure(text)
	if err != nil {
		return refuse(SyntaxError, "", "%s", err)
	}
	tokens, err := dialect.Tokens(text)
	if err != nil {
		return refuse(SyntaxError, "", "%s", err)
	}
	for _, t := range tokens {
		if f, err := strconv.ParseFloat(t.Text, 64); t.Kind == dialect.Number && err != nil && math.IsInf(f, 0) {
			return refuse(OutOfRange, "", "a number of this statement is too large")
		}
	}
	size := len(text)
	for range shape.WithDepth {
		size *= 3
	}
	if size*(1+shape.CTEs) > maxTree || shape.Brackets > 100 || shape.Selects > 200 {
		return refuse(TooComplex, "fewer and less nested subqueries", "the statement is too complex")
	}
	return nil
}

// Check reads the parse tree of a statement and returns the text to run: the
// same, with every table under the name that tables gives it. The error is a
// *Refused.
func Check(q *dialect.Query, tables Tables) (string, error) {
	trees := q.Trees()
	if len(trees) != 1 {
		return "", refuse(SyntaxError, "send them one by one", "%d statements in one", len(trees))
	}
	w := walker{}
	if err := w.query(trees[0]); err != nil {
		return "", err
	}
	if n := w.tables; n > maxTables {
		return "", refuse(TooComplex, "", "the statement reads %d tables and subqueries, %d are the limit", n, maxTables)
	}
	if err := boundGrowth(trees[0]); err != nil {
		return "", err
	}
	return rewrite(q, tables, guarded(trees[0]))
}

// rewrite puts the names that tables gives in the place of those written.
func rewrite(q *dialect.Query, tables Tables, guarded bool) (string, error) {
	var refused error
	text := q.Rewrite(func(t dialect.TableRef) string {
		sql, ok := tables.Resolve(strings.ToLower(t.Schema), strings.ToLower(t.Name), guarded)
		if !ok && refused == nil {
			refused = noTable(t)
		}
		return sql
	})
	return text, refused
}

// noTable does not tell a table that there is from one that is not there: what
// lies outside an account's scope is not there for it.
func noTable(t dialect.TableRef) error {
	name := t.Name
	if t.Schema != "" {
		name = t.Schema + "." + t.Name
	}
	if strings.ContainsAny(t.Name, "/\\*") || strings.Contains(t.Name, "://") {
		return refuse(InsufficientPrivilege, "", "files cannot be read")
	}
	return refuse(UndefinedTable, "dim.data_dictionary lists what there is", "there is no table %q", name)
}
