package dialect

import "strings"

// A TokenKind says what a token is.
type TokenKind uint8

// The kinds of tokens.
const (
	Word       TokenKind = TokenKind(word)     // a keyword or an unquoted identifier
	QuotedName TokenKind = TokenKind(quoted)   // "an identifier"
	String     TokenKind = TokenKind(text)     // a string literal of any spelling
	Number     TokenKind = TokenKind(number)   // a numeric literal
	Operator   TokenKind = TokenKind(operator) // a run of operator characters, "::", ":=" or ":"
	Punct      TokenKind = TokenKind(punct)    // brackets, comma, dot, semicolon, $1 or any other byte
)

// A Token is one lexical element of a text, text[Start:End]. Depth counts the
// brackets of every kind that are open around it.
type Token struct {
	Kind              TokenKind
	Text              string
	Start, End, Depth int
}

// Is reports whether the token is this keyword, unquoted, in any case, or this
// operator or bracket.
func (t Token) Is(s string) bool {
	return t.Kind != String && t.Kind != QuotedName && strings.EqualFold(t.Text, s)
}

// Name is the identifier that a Word or QuotedName stands for, in the case in
// which it is written.
func (t Token) Name() string { return identifier(t.Text) }

// Value is what stands in a plain string literal, its quotes undone. Of an
// escaped or dollar-quoted one it is what stands between the quotes.
func (t Token) Value() string { return literal(t.Text) }

// Tokens cuts a text as PostgreSQL's lexer does, comments left out. A text
// that can't be cut (an open quote or comment, a NUL byte, white space beyond
// ASCII) is a *SyntaxError.
func Tokens(source string) ([]Token, error) {
	tokens, _, err := scan(source)
	if err != nil {
		e := err.(*scanError)
		q := &Query{text: source}
		return nil, q.syntaxError(e.at, e.message, e.hint)
	}
	out := make([]Token, len(tokens))
	for i, t := range tokens {
		out[i] = Token{Kind: TokenKind(t.kind), Text: source[t.start:t.end], Start: t.start, End: t.end, Depth: t.depth}
	}
	return out, nil
}
