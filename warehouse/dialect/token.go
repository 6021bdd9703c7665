package dialect

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

type kind uint8

const (
	word     kind = iota + 1 // a keyword or an unquoted identifier
	quoted                   // "an identifier"
	text                     // a string literal of any spelling
	number                   // a numeric literal
	operator                 // a run of operator characters, "::", ":=" or ":"
	punct                    // one of ( ) [ ] { } , ; . ? $ or any other byte
	comment                  // -- to the end of the line, or a block
)

// token is one lexical element of a text: its bytes are source[start:end].
type token struct {
	kind       kind
	start, end int
	depth      int // brackets of every kind that are open before it
}

// scanError is a text that the tokenizer cannot cut, and where.
type scanError struct {
	at            int
	message, hint string
}

func (e *scanError) Error() string { return e.message }

// operatorBytes are those that PostgreSQL's lexer, which is DuckDB's, lets
// run together into one operator.
const operatorBytes = "+-*/<>=~!@#%^&|`"

// scan cuts a text into tokens, comments apart. It follows the lexer of
// PostgreSQL: block comments nest, E” knows backslashes, $tag$ quotes.
// White space beyond ASCII is an error outside of quotes and comments: DuckDB
// replaces it before it parses (so that its locations no longer fit the text)
// and Trino does not know it.
func scan(source string) (tokens, comments []token, err error) {
	s := scanner{source: source}
	for s.pos < len(source) {
		c := source[s.pos]
		if strings.IndexByte(" \t\n\r\f\v", c) >= 0 {
			s.pos++
			continue
		}
		start := s.pos
		k, err := s.next(c)
		if err != nil {
			return nil, nil, err
		}
		t := token{kind: k, start: start, end: s.pos, depth: s.depth}
		if k == comment {
			comments = append(comments, t)
			continue
		}
		switch c {
		case '(', '[', '{':
			s.depth++
		case ')', ']', '}':
			s.depth = max(0, s.depth-1)
			t.depth = s.depth
		}
		tokens = append(tokens, t)
	}
	return tokens, comments, nil
}

type scanner struct {
	source     string
	pos, depth int
}

// next moves past the token that begins with c.
func (s *scanner) next(c byte) (kind, error) {
	rest := s.source[s.pos:]
	switch {
	case strings.HasPrefix(rest, "--"):
		n := strings.IndexAny(rest, "\r\n")
		if n < 0 {
			n = len(rest)
		}
		s.pos += n
		return comment, nil
	case strings.HasPrefix(rest, "/*"):
		return comment, s.block()
	case c == '\'':
		return text, s.quote('\'', false)
	case c == '"':
		return quoted, s.quote('"', false)
	case c == '$':
		return s.dollar()
	case isDigit(c), c == '.' && len(rest) > 1 && isDigit(rest[1]) && !s.afterName():
		s.numeral()
		return number, nil
	case isWordStart(c):
		return s.word()
	case c == ':':
		s.pos++
		if len(rest) > 1 && (rest[1] == ':' || rest[1] == '=') {
			s.pos++
		}
		return operator, nil
	case strings.IndexByte(operatorBytes, c) >= 0:
		s.operator()
		return operator, nil
	case c == 0:
		return 0, &scanError{s.pos, "a NUL byte", "leave it out"}
	}
	s.pos++
	return punct, nil
}

// afterName says whether the byte before belongs to a name or a bracket, so
// that a dot here is a separator and not the point of a number.
func (s *scanner) afterName() bool {
	if s.pos == 0 {
		return false
	}
	b := s.source[s.pos-1]
	return isWordByte(b) || strings.IndexByte(`")]}`, b) >= 0
}

func (s *scanner) quote(q byte, backslash bool) error {
	start := s.pos
	for i := start + 1; i < len(s.source); i++ {
		switch {
		case backslash && s.source[i] == '\\':
			i++
		case s.source[i] == q && i+1 < len(s.source) && s.source[i+1] == q:
			i++
		case s.source[i] == q:
			s.pos = i + 1
			return nil
		}
	}
	return &scanError{start, "a quote that does not end", "close it"}
}

func (s *scanner) block() error {
	start, open := s.pos, 0
	for i := start; i+1 < len(s.source); i++ {
		switch s.source[i : i+2] {
		case "/*":
			open++
			i++
		case "*/":
			open--
			i++
		}
		if open == 0 {
			s.pos = i + 1
			return nil
		}
	}
	return &scanError{start, "a comment that does not end", "close it with */"}
}

// dollar reads $1, $name or $tag$ … $tag$.
func (s *scanner) dollar() (kind, error) {
	start, i := s.pos, s.pos+1
	for i < len(s.source) && isWordByte(s.source[i]) && s.source[i] != '$' {
		i++
	}
	tagged := i == start+1 || !isDigit(s.source[start+1])
	if i == len(s.source) || s.source[i] != '$' || !tagged {
		s.pos = max(i, start+1)
		return punct, nil
	}
	tag := s.source[start : i+1]
	n := strings.Index(s.source[i+1:], tag)
	if n < 0 {
		return 0, &scanError{start, "a quote that does not end", "close it with " + tag}
	}
	s.pos = i + 1 + n + len(tag)
	return text, nil
}

func (s *scanner) numeral() {
	i, src := s.pos, s.source
	for i < len(src) {
		c := src[i]
		sign := (c == '+' || c == '-') && (src[i-1] == 'e' || src[i-1] == 'E') && i+1 < len(src) && isDigit(src[i+1])
		if i > s.pos && sign || isDigit(c) || c == '.' || c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' {
			i++
			continue
		}
		break
	}
	s.pos = i
}

func (s *scanner) word() (kind, error) {
	start := s.pos
	for s.pos < len(s.source) && isWordByte(s.source[s.pos]) {
		if s.source[s.pos] < utf8.RuneSelf {
			s.pos++
			continue
		}
		r, size := utf8.DecodeRuneInString(s.source[s.pos:])
		if isWideSpace(r) {
			if s.pos > start {
				return word, nil
			}
			return 0, &scanError{start, fmt.Sprintf("white space beyond ASCII (U+%04X)", r), "write a plain space"}
		}
		s.pos += size
	}
	if s.pos < len(s.source) && s.source[s.pos] == '\'' {
		switch strings.ToLower(s.source[start:s.pos]) {
		case "e":
			return text, s.prefixed(start, true)
		case "x", "b", "n":
			return text, s.prefixed(start, false)
		}
	}
	return word, nil
}

func (s *scanner) prefixed(start int, backslash bool) error {
	err := s.quote('\'', backslash)
	if e, ok := err.(*scanError); ok {
		e.at = start
	}
	return err
}

func (s *scanner) operator() {
	start := s.pos
	for s.pos < len(s.source) && strings.IndexByte(operatorBytes, s.source[s.pos]) >= 0 {
		if rest := s.source[s.pos:]; s.pos > start && (strings.HasPrefix(rest, "--") || strings.HasPrefix(rest, "/*")) {
			break
		}
		s.pos++
	}
	// A sign at the end belongs to what follows ("a=-1"), as PostgreSQL has it.
	for s.pos > start+1 && strings.IndexByte("+-", s.source[s.pos-1]) >= 0 &&
		!strings.ContainsAny(s.source[start:s.pos-1], "~!@#%^&|`") {
		s.pos--
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWordStart(c byte) bool {
	return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

func isWordByte(c byte) bool { return isWordStart(c) || isDigit(c) || c == '$' }

// isWideSpace holds for what looks like nothing but is no ASCII white space,
// the byte order mark and zero-width characters included.
func isWideSpace(r rune) bool {
	return r >= utf8.RuneSelf && unicode.IsSpace(r) || r >= 0x200B && r <= 0x200F || r == 0x2060 || r == 0xFEFF || r == 0x180E
}

// identifier returns the name that a word or quoted token stands for.
func identifier(raw string) string {
	if len(raw) >= 2 && raw[0] == '"' {
		return strings.ReplaceAll(raw[1:len(raw)-1], `""`, `"`)
	}
	return raw
}

// literal returns the value of a string token; of an escaped or dollar-quoted
// one, which the lint refuses, what stands between the quotes.
func literal(raw string) string {
	if raw[0] == '$' {
		tag := raw[:strings.IndexByte(raw[1:], '$')+2]
		return raw[len(tag) : len(raw)-len(tag)]
	}
	open := strings.IndexByte(raw, '\'')
	return strings.ReplaceAll(raw[open+1:len(raw)-1], "''", "'")
}
