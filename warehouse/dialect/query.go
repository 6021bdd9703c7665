// Package dialect holds the SQL that DuckDB and Trino share: the macros that
// give DuckDB the Trino spelling, the reading of a model's text, and the lint
// that keeps a text to what both engines run with the same result.
//
// It works on the text and on DuckDB's own parse tree of it, and links no
// engine: the caller runs
//
//	SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)
//
// with the text and hands over what comes back. (Without the outer CAST
// go-duckdb returns a decoded map.)
package dialect

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Query is the text of one model and its parse tree. It is immutable.
type Query struct {
	text       string
	tokens     []token
	comments   []token
	byStart    map[int]int // index in tokens by start
	statements []node
	nodes      []placed
	tables     []placedTable
}

// TableRef is a base table as a text names it: text[Start:End] is the written
// name, from its first part to its last, quotes and inner comments included.
// Schema is "" where the text gives none. A third part, a catalog, is within
// the range but in neither name; the lint refuses it.
type TableRef struct {
	Schema, Name string
	Start, End   int
}

// placedTable is a TableRef with what only the lint asks for.
type placedTable struct {
	TableRef
	catalog string
	literal bool // named by a string: a file
}

// SyntaxError is a text that the parser refuses. Line and Column count from 1,
// Column in characters; both are 0 where the parser does not say where. Text
// is the line as written. Hint, if any, says what to write instead.
type SyntaxError struct {
	Line, Column        int
	Message, Text, Hint string
}

func (e *SyntaxError) Error() string {
	var b strings.Builder
	if e.Line > 0 {
		fmt.Fprintf(&b, "%d:%d: ", e.Line, e.Column)
	}
	b.WriteString(e.Message)
	if e.Text != "" {
		b.WriteString(": " + e.Text)
	}
	if e.Hint != "" {
		b.WriteString(" (Try: " + e.Hint + ")")
	}
	return b.String()
}

// Parse reads a text together with the JSON that DuckDB's json_serialize_sql
// gives for it. A text that the parser refused, and one with white space
// beyond ASCII outside of quotes, is a *SyntaxError. A tree of another text is
// an error where a table's place gives it away.
func Parse(text string, tree []byte) (*Query, error) {
	tokens, comments, err := scan(text)
	var scanned *scanError
	if err != nil {
		scanned = err.(*scanError)
	}
	var parsed struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Position   string `json:"position"`
		Statements []struct {
			Node node `json:"node"`
		} `json:"statements"`
	}
	if err := json.Unmarshal(tree, &parsed); err != nil {
		return nil, fmt.Errorf("read the parse tree: %w", err)
	}
	q := &Query{text: text, tokens: tokens, comments: comments, byStart: make(map[int]int, len(tokens))}
	for i, t := range tokens {
		q.byStart[t.start] = i
	}
	switch {
	case scanned != nil:
		return nil, q.syntaxError(scanned.at, scanned.message, scanned.hint)
	case parsed.Error:
		return nil, q.refused(parsed.Message, parsed.Position)
	case len(parsed.Statements) == 0:
		return nil, &SyntaxError{Message: "no statement", Hint: "write one SELECT"}
	}
	for _, s := range parsed.Statements {
		q.statements = append(q.statements, s.Node)
		q.nodes = flatten(q.nodes, s.Node, len(text))
		if err := q.collect(s.Node, nil); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(q.tables, func(a, b placedTable) int { return a.Start - b.Start })
	q.tables = slices.CompactFunc(q.tables, func(a, b placedTable) bool { return a.Start == b.Start })
	return q, nil
}

// refused turns DuckDB's own error into one with a place. Its position counts
// characters, unlike the locations in a tree, which count bytes. Where it
// names none, or where a rule knows the construct, the lint's text rules help.
func (q *Query) refused(message, position string) error {
	at := -1
	if n, err := strconv.Atoi(position); err == nil {
		at = min(byteOffset(q.text, n), len(q.text))
	}
	hint := ""
	for _, r := range textRules() {
		if hits := r.check(q); len(hits) > 0 && r.explains {
			hint = r.hint
			if at < 0 {
				at = hits[0].at
			}
			break
		}
	}
	if at < 0 {
		return &SyntaxError{Message: message, Hint: hint}
	}
	return q.syntaxError(at, message, hint)
}

func (q *Query) syntaxError(at int, message, hint string) *SyntaxError {
	line, column := q.position(at)
	return &SyntaxError{Line: line, Column: column, Message: message, Text: q.line(at), Hint: hint}
}

// Tables returns every base table that the text reads, in order of appearance
// and as often as it is named. A name without a schema that a WITH in scope
// defines is none.
func (q *Query) Tables() []TableRef {
	refs := make([]TableRef, len(q.tables))
	for i, t := range q.tables {
		refs[i] = t.TableRef
	}
	return refs
}

// Trees returns the parse tree of each statement as json_serialize_sql gives
// it. They are not to be changed.
func (q *Query) Trees() []map[string]any {
	trees := make([]map[string]any, len(q.statements))
	for i, s := range q.statements {
		trees[i] = s
	}
	return trees
}

// Bare returns a text without the comments and semicolons behind its last
// statement, so that something can be added to it.
func Bare(text string) (string, error) {
	tokens, _, err := scan(text)
	if err != nil {
		return "", err
	}
	for len(tokens) > 0 && text[tokens[len(tokens)-1].start:tokens[len(tokens)-1].end] == ";" {
		tokens = tokens[:len(tokens)-1]
	}
	if len(tokens) == 0 {
		return "", nil
	}
	return text[:tokens[len(tokens)-1].end], nil
}

// Reads returns the text with the tables that it reads, without its parse tree.
func (q *Query) Reads() Reads { return Reads{Text: q.text, Tables: q.Tables()} }

// Reads is a text and the base tables that it reads (see Query.Tables).
type Reads struct {
	Text   string
	Tables []TableRef
}

// Rewrite returns the text with each table's written name replaced by what
// name returns for it (a quoted name or a subquery in brackets). An alias
// stays; a table without one whose columns are qualified by its name needs
// one in the replacement.
func (r Reads) Rewrite(name func(TableRef) string) string {
	var b strings.Builder
	from := 0
	for _, t := range r.Tables {
		b.WriteString(r.Text[from:t.Start])
		b.WriteString(name(t))
		from = t.End
	}
	b.WriteString(r.Text[from:])
	return b.String()
}

// Rewrite is that of Reads.
func (q *Query) Rewrite(name func(TableRef) string) string { return q.Reads().Rewrite(name) }

// Strings returns the string constants of the text, each once, in order of
// appearance.
func (q *Query) Strings() []string {
	var values []string
	for _, t := range q.tokens {
		if t.kind != text {
			continue
		}
		if v := literal(q.raw(t)); !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	return values
}

// Functions returns the names of the functions in the tree, in lower case,
// sorted, each once: table functions and what syntax stands for included
// (EXTRACT is date_part, [1, 2] is list_value), operators not.
func (q *Query) Functions() []string {
	var names []string
	for _, p := range q.nodes {
		if n := p.node; n.is("FUNCTION", "WINDOW") && !n.flag("is_operator") {
			names = append(names, strings.ToLower(n.str("function_name")))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// collect finds the base tables below v. ctes are the names that a WITH
// around it defines. The tree repeats every CTE in the maps of what uses it;
// each is read once, as the query of its CTE_NODE.
func (q *Query) collect(v any, ctes []string) error {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if err := q.collect(e, ctes); err != nil {
				return err
			}
		}
	case map[string]any:
		return q.collect(node(v), ctes)
	case node:
		inner := ctes
		if name := v.str("cte_name"); name != "" {
			inner = append(slices.Clip(ctes), strings.ToLower(name))
		}
		if v.str("type") == "BASE_TABLE" && !v.isCTE(ctes) {
			if err := q.addTable(v); err != nil {
				return err
			}
		}
		for key, child := range v {
			scope := inner
			if key == "query" && v.str("type") == "CTE_NODE" {
				scope = ctes
			}
			if key == "cte_map" {
				continue
			}
			if err := q.collect(child, scope); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n node) isCTE(ctes []string) bool {
	return n.str("schema_name") == "" && n.str("catalog_name") == "" &&
		slices.Contains(ctes, strings.ToLower(n.str("table_name")))
}

// addTable finds the written name of a base table: the chain of identifiers
// and dots that begins where the tree says, which must spell the same name.
func (q *Query) addTable(n node) error {
	want := []string{n.str("catalog_name"), n.str("schema_name"), n.str("table_name")}
	mismatch := fmt.Errorf("the parse tree is of another text: no table %s where it says", want[2])
	first, ok := q.byStart[n.at()]
	if !ok {
		return mismatch
	}
	last, parts := q.chain(first)
	for i := range parts {
		if j := len(want) - len(parts) + i; j < 0 || !strings.EqualFold(parts[i], want[j]) {
			return mismatch
		}
	}
	q.tables = append(q.tables, placedTable{
		TableRef: TableRef{Schema: want[1], Name: want[2], Start: q.tokens[first].start, End: q.tokens[last].end},
		catalog:  want[0],
		literal:  q.tokens[first].kind == text,
	})
	return nil
}

// chain reads a dotted name from the token i on and returns its last token
// and its parts.
func (q *Query) chain(i int) (last int, parts []string) {
	parts = []string{q.name(i)}
	for i+2 < len(q.tokens) && q.is(i+1, ".") && (q.tokens[i+2].kind == word || q.tokens[i+2].kind == quoted) {
		i += 2
		parts = append(parts, q.name(i))
	}
	return i, parts
}

// name is what the identifier or string at token i stands for.
func (q *Query) name(i int) string {
	if q.tokens[i].kind == text {
		return literal(q.raw(q.tokens[i]))
	}
	return identifier(q.raw(q.tokens[i]))
}

func (q *Query) raw(t token) string { return q.text[t.start:t.end] }

// is says whether token i exists and is spelled s, in any case. Quoted names
// and strings carry their quotes, so they equal no keyword.
func (q *Query) is(i int, s string) bool {
	return i >= 0 && i < len(q.tokens) && strings.EqualFold(q.raw(q.tokens[i]), s)
}

// position returns the line and the column, in characters, both from 1.
func (q *Query) position(at int) (line, column int) {
	before := q.text[:at]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}

// line returns the line that holds the byte at.
func (q *Query) line(at int) string {
	start := strings.LastIndexByte(q.text[:at], '\n') + 1
	line, _, _ := strings.Cut(q.text[start:], "\n")
	return strings.TrimRight(line, "\r")
}

// byteOffset is where the character n (from 0) of s begins.
func byteOffset(s string, n int) int {
	for i := range s {
		if n == 0 {
			return i
		}
		n--
	}
	return len(s)
}

// Shape is what the tokens of a text tell of its size, before it is parsed.
type Shape struct {
	CTEs      int // queries named by a WITH, at most
	WithDepth int // how many WITHs stand within one another, at most
	Brackets  int // how deep brackets are nested
	Selects   int // SELECT, FROM, VALUES and TABLE, all together
}

// Measure cuts a text into tokens and counts. The error is a *SyntaxError.
func Measure(source string) (Shape, error) {
	var s Shape
	tokens, _, err := scan(source)
	if err != nil {
		e := err.(*scanError)
		q := &Query{text: source}
		return s, q.syntaxError(e.at, e.message, e.hint)
	}
	q := &Query{text: source, tokens: tokens}
	depths := map[int]bool{}
	for i, t := range tokens {
		s.Brackets = max(s.Brackets, t.depth)
		switch {
		case q.is(i, "with"):
			depths[t.depth] = true
		case q.is(i, "as") && (q.is(i+1, "(") || q.is(i+1, "materialized") || q.is(i+1, "not")):
			s.CTEs++
		case q.is(i, "select"), q.is(i, "from"), q.is(i, "values"), q.is(i, "table"):
			s.Selects++
		}
	}
	s.WithDepth = len(depths)
	return s, nil
}
