package dashboards

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// From and To are the keys, in the values of SQL, of the time range of
// Grafana's time picker, in milliseconds since 1970. Only panels that use a
// macro of time need them.
const (
	From = "__from"
	To   = "__to"
)

// A ValueError says that a variable has no value that can be used.
type ValueError struct {
	Variable string
	Msg, Try string
}

func (e *ValueError) Error() string { return "variable " + e.Variable + ": " + e.Msg }

// Hint is what to try; the command line prints it after "Try: ".
func (e *ValueError) Hint() string { return e.Try }

// SQL is what a panel asks with these values of the board's variables. Each
// value becomes one quoted literal, whatever is in it; Grafana's macros are
// expanded as Grafana expands them. A variable that the SQL uses and that has
// no value, or one that it does not offer, is a *ValueError.
func (b *Board) SQL(p *Panel, values map[string]string) (string, error) {
	return b.expand(p.SQL, values)
}

// VariableSQL is what a variable's choices are asked with: the rows have the
// columns __text and __value. It is empty for a variable whose choices are
// fixed.
func (b *Board) VariableSQL(v *Variable, values map[string]string) (string, error) {
	if v.SQL == "" {
		return "", nil
	}
	return b.expand(v.SQL, values)
}

// SubjectSQL is what is asked whether the reader may know of the value that a
// variable has in values; empty for a variable without a Subject.
func (b *Board) SubjectSQL(v *Variable, values map[string]string) (string, error) {
	if v.Subject == "" {
		return "", nil
	}
	return b.expand(v.Subject, values)
}

// Unchosen is the first variable that the SQL uses and that has nothing to
// choose from, nil where there is none: what asks for it has no rows. Only what a
// reader types may be empty.
func (b *Board) Unchosen(sql string, values map[string]string) *Variable {
	tokens, err := scan(sql)
	if err != nil {
		return nil // asking says what is wrong
	}
	for _, t := range tokens {
		if t.kind != variable {
			continue
		}
		if v, ok := b.Variable(t.text); ok && v.Kind != TextVariable && values[v.Name] == "" {
			return v
		}
	}
	return nil
}

func (b *Board) expand(sql string, values map[string]string) (string, error) {
	tokens, err := scan(sql)
	if err != nil {
		return "", err
	}
	return splice(sql, tokens, func(t token) (string, error) {
		if t.kind == variable {
			return b.literal(t.text, values)
		}
		span, err := spanOf(values)
		if err != nil {
			return "", err
		}
		next := byte(0)
		if t.end < len(sql) {
			next = sql[t.end]
		}
		return expandMacro(t.text, t.args, next, span)
	})
}

// splice writes the SQL with its variables and macros replaced, in one pass:
// what was put in is not read again.
func splice(sql string, tokens []token, replace func(token) (string, error)) (string, error) {
	var out strings.Builder
	at := 0
	for _, t := range tokens {
		if t.kind != variable && t.kind != macro {
			continue
		}
		s, err := replace(t)
		if err != nil {
			return "", err
		}
		out.WriteString(sql[at:t.start])
		out.WriteString(s)
		at = t.end
	}
	out.WriteString(sql[at:])
	return out.String(), nil
}

// longest is how long a value may be, in bytes.
const longest = 4096

// literal is a variable's value as an SQL literal.
func (b *Board) literal(name string, values map[string]string) (string, error) {
	v, ok := b.Variable(name)
	if !ok {
		return "", &ValueError{name, "the board has no such variable", "look at its variables"}
	}
	value, ok := values[name]
	switch {
	case !ok:
		return "", &ValueError{name, "has no value", "choose one"}
	case !utf8.ValidString(value) || strings.ContainsRune(value, 0):
		return "", &ValueError{name, "the value is no text", "choose another"}
	case len(value) > longest:
		return "", &ValueError{name, fmt.Sprintf("the value is longer than %d bytes", longest), "choose another"}
	case len(v.Options) > 0 && !slices.ContainsFunc(v.Options, func(o Option) bool { return o.Value == value }):
		return "", &ValueError{name, "the value is none that it offers", "choose one of those that it offers"}
	}
	return Quote(value), nil
}

// Quote writes a text as an SQL literal.
func Quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func spanOf(values map[string]string) (Span, error) {
	var span Span
	for key, to := range map[string]*time.Time{From: &span.From, To: &span.To} {
		ms, err := strconv.ParseInt(values[key], 10, 64)
		if err != nil {
			return span, &ValueError{key, "is no moment in milliseconds since 1970", "set the time range"}
		}
		*to = time.UnixMilli(ms)
	}
	return span, nil
}

// ForGrafana is a board's SQL in Grafana's own words: it puts in the variables
// itself, each as a quoted literal, and expands its macros.
func ForGrafana(sql string) (string, error) {
	tokens, err := scan(sql)
	if err != nil {
		return "", err
	}
	return splice(sql, tokens, func(t token) (string, error) {
		if t.kind == variable {
			return "${" + t.text + ":sqlstring}", nil
		}
		return sql[t.start:t.end], nil
	})
}
