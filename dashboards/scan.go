package dashboards

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenKind says what a piece of a board's SQL is.
type tokenKind int

const (
	word     tokenKind = iota // a name or keyword, as written
	quoted                    // "a name"
	text                      // 'a literal'
	number                    // 12, 0.5
	mark                      // any other character
	variable                  // ${name}
	macro                     // $__timeFilter(column)
)

type token struct {
	kind tokenKind
	text string // a quoted name, a variable or a macro's name without what encloses it
	args string // of a macro
	// The token stands at sql[start:end].
	start, end int
}

var (
	variableRE = regexp.MustCompile(`^\$\{([a-z][a-z0-9_]*)\}`)
	// Grafana's macro ends at the first bracket.
	macroRE  = regexp.MustCompile(`^\$(__[A-Za-z]+)\(([^()'"$]*(?:'[0-9A-Za-z]*'[^()'"$]*)?)\)`)
	numberRE = regexp.MustCompile(`^\d+(\.\d+)?`)
)

// scanError says what a board's SQL may not hold, and where.
type scanError struct {
	at       int // byte offset
	msg, try string
}

func (e *scanError) Error() string { return e.msg }

// scan cuts a board's SQL into tokens and refuses what could let a value become
// SQL: variables inside quotes or comments, or grown together with their
// neighbours, dollar quotes, escapes, a second statement.
func scan(sql string) ([]token, error) {
	var tokens []token
	for at := 0; at < len(sql); {
		r, size := utf8.DecodeRuneInString(sql[at:])
		if unicode.IsSpace(r) {
			at += size
			continue
		}
		t, err := scanToken(sql, at)
		if err != nil {
			return nil, err
		}
		if t.end > at && t.kind >= 0 {
			tokens = append(tokens, t)
		}
		at = t.end
	}
	return tokens, nil
}

const comment tokenKind = -1

func scanToken(sql string, at int) (token, error) {
	rest := sql[at:]
	switch r, size := utf8.DecodeRuneInString(rest); {
	case strings.HasPrefix(rest, "--"):
		end := strings.IndexByte(rest, '\n')
		if end < 0 {
			end = len(rest)
		}
		return checkPlain(sql, token{kind: comment, start: at, end: at + end}, "a comment")
	case strings.HasPrefix(rest, "/*"):
		return token{}, &scanError{at, "/* … */ is not for boards", "comment with -- at the start of a line"}
	case r == '\'' || r == '"':
		return scanQuoted(sql, at, byte(r))
	case r == '$':
		return scanDollar(sql, at)
	case r == ';':
		return token{}, &scanError{at, "a panel asks one statement, without ;", "leave the ; out"}
	case r == '_' || unicode.IsLetter(r):
		end := strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if end < 0 {
			end = len(rest)
		}
		return token{kind: word, text: rest[:end], start: at, end: at + end}, nil
	case '0' <= r && r <= '9':
		n := numberRE.FindString(rest)
		return token{kind: number, text: n, start: at, end: at + len(n)}, nil
	default:
		return token{kind: mark, text: rest[:size], start: at, end: at + size}, nil
	}
}

// scanQuoted reads up to the closing quote; a doubled one stands for itself.
func scanQuoted(sql string, at int, quote byte) (token, error) {
	kind, what := text, "quotes"
	if quote == '"' {
		kind = quoted
	}
	// E'…', X'…' and U&'…' read what is inside in their own way.
	if at > 0 && (sql[at-1] == '&' || sql[at-1] == '_' || isAlnum(sql[at-1])) {
		return token{}, &scanError{at, "a quote right after a letter", "put a space before it; E'…' is not for boards"}
	}
	for i := at + 1; i < len(sql); i++ {
		if sql[i] != quote {
			continue
		}
		if i+1 < len(sql) && sql[i+1] == quote {
			i++
			continue
		}
		t := token{kind: kind, text: strings.ReplaceAll(sql[at+1:i], string([]byte{quote, quote}), string(quote)), start: at, end: i + 1}
		return checkPlain(sql, t, what)
	}
	return token{}, &scanError{at, "the quote is not closed", "close it"}
}

// checkPlain refuses $ where it would not be a variable.
func checkPlain(sql string, t token, what string) (token, error) {
	if i := strings.IndexByte(sql[t.start:t.end], '$'); i >= 0 {
		return token{}, &scanError{t.start + i, "$ inside " + what, "write the variable outside of quotes and comments, as ${name}: it becomes a quoted literal by itself; join texts with ||"}
	}
	return t, nil
}

func scanDollar(sql string, at int) (token, error) {
	rest := sql[at:]
	if m := macroRE.FindStringSubmatch(rest); m != nil {
		return token{kind: macro, text: m[1], args: m[2], start: at, end: at + len(m[0])}, nil
	}
	m := variableRE.FindStringSubmatch(rest)
	if m == nil {
		return token{}, &scanError{at, "$ that begins neither ${name} nor a macro such as $__timeFilter(column)", "write variables as ${name}"}
	}
	t := token{kind: variable, text: m[1], start: at, end: at + len(m[0])}
	// Two literals side by side would be one with a quote in it.
	if at > 0 && !apart(sql[at-1]) || t.end < len(sql) && !apart(sql[t.end]) {
		return token{}, &scanError{at, fmt.Sprintf("${%s} has grown together with its neighbour", t.text), "put a space around it"}
	}
	return t, nil
}

func apart(c byte) bool { return strings.IndexByte(" \t\r\n(),=<>|+-*/%", c) >= 0 }

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= utf8.RuneSelf
}
