package pgcatalog

import (
	"slices"
	"strings"

	"zhicang/warehouse/dialect"
)

// A rewriter turns PostgreSQL's way of asking its catalogue into the engine's:
// names of relations to those of ours, functions and types without a schema,
// casts to the reg types as functions, patterns with PostgreSQL's meaning.
type rewriter struct {
	tokens    []dialect.Token
	relations map[string]string // catalogue relations: "pg_class": "cat", "tables": "info"
	session   Session
	err       error
}

// rewrite returns the text to run.
func (r *rewriter) rewrite() (string, error) {
	for _, pass := range []func(){r.constants, r.operators, r.names, r.castCalls, r.casts, r.tableFunctions, r.words, r.likes} {
		pass()
	}
	parts := make([]string, len(r.tokens))
	for i, t := range r.tokens {
		parts[i] = t.Text
	}
	return strings.Join(parts, " "), r.err
}

func word(s string) dialect.Token  { return dialect.Token{Kind: dialect.Word, Text: s} }
func punct(s string) dialect.Token { return dialect.Token{Kind: dialect.Punct, Text: s} }
func str(s string) dialect.Token {
	return dialect.Token{Kind: dialect.String, Text: "'" + strings.ReplaceAll(s, "'", "''") + "'"}
}

// at returns the token at i, and one that is nothing outside of the text.
func (r *rewriter) at(i int) dialect.Token {
	if i < 0 || i >= len(r.tokens) {
		return dialect.Token{}
	}
	return r.tokens[i]
}

func (r *rewriter) isName(i int) bool {
	k := r.at(i).Kind
	return k == dialect.Word || k == dialect.QuotedName
}

func (r *rewriter) name(i int) string {
	if !r.isName(i) {
		return ""
	}
	return strings.ToLower(r.at(i).Name())
}

func (r *rewriter) replace(from, to int, with ...dialect.Token) {
	r.tokens = slices.Replace(r.tokens, from, to, with...)
}

// closing returns the place of the bracket that closes the one at i.
func (r *rewriter) closing(i int) int {
	depth := 0
	for ; i < len(r.tokens); i++ {
		switch t := r.tokens[i]; {
		case t.Is("("), t.Is("["), t.Is("{"):
			depth++
		case t.Is(")"), t.Is("]"), t.Is("}"):
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(r.tokens)
}

// operand returns where the operand that ends at i begins: a literal, a name
// with its qualifiers, a call, a bracketed expression.
func (r *rewriter) operand(i int) int {
	for i >= 0 && (r.at(i).Is(")") || r.at(i).Is("]")) {
		depth, j := 0, i
		for ; j >= 0; j-- {
			if t := r.at(j); t.Is(")") || t.Is("]") {
				depth++
			} else if t.Is("(") || t.Is("[") {
				if depth--; depth == 0 {
					break
				}
			}
		}
		if j <= 0 {
			return max(j, 0)
		}
		if prev := r.at(j - 1); !r.isName(j-1) && !prev.Is(")") && !prev.Is("]") || prev.Is("SELECT") || prev.Is("IN") || prev.Is("AND") || prev.Is("OR") {
			return j
		}
		i = j - 1
	}
	for r.at(i-1).Is(".") && r.isName(i-2) {
		i -= 2
	}
	return i
}

// constants writes what the engine can't work out as what it always is here.
func (r *rewriter) constants() {
	for i := 0; i < len(r.tokens); i++ {
		switch {
		case r.name(i) == "pg_get_serial_sequence" && r.at(i+1).Is("(") && r.closing(i+1) < len(r.tokens):
			from := i
			if r.at(i - 1).Is(".") {
				from = i - 2
			}
			r.replace(from, r.closing(i+1)+1, punct("("), word("NULL"), punct(")"))
			i = from
		case r.at(i).Text == "'{0}'":
			r.replace(i, i+1, punct("["), word("0"), punct("]"))
		case strings.HasPrefix(r.at(i).Text, "'{") && r.at(i+1).Is("::") && r.at(i+3).Is("["):
			r.replace(i, i+1, array(r.at(i).Value())...)
		}
	}
}

// array writes PostgreSQL's '{a,b}' as a list.
func array(text string) []dialect.Token {
	list := []dialect.Token{punct("[")}
	for i, item := range strings.Split(strings.Trim(text, "{}"), ",") {
		if i > 0 {
			list = append(list, punct(","))
		}
		list = append(list, str(strings.Trim(item, `"`)))
	}
	return append(list, punct("]"))
}

// operators undoes OPERATOR(pg_catalog.~), drops collations, and gives the
// match operators PostgreSQL's meaning: a pattern that matches anywhere, where
// the engine's matches the whole.
func (r *rewriter) operators() {
	for i := 0; i < len(r.tokens); i++ {
		switch {
		case r.at(i).Is("OPERATOR") && r.at(i+1).Is("("):
			end := r.closing(i + 1)
			r.replace(i, min(end+1, len(r.tokens)), dialect.Token{Kind: dialect.Operator, Text: r.at(end - 1).Text})
			i--
		case r.at(i).Is("COLLATE"):
			n := 2
			if r.at(i + 2).Is(".") {
				n = 4
			}
			r.replace(i, min(i+n, len(r.tokens)))
			i--
		case r.at(i).Kind == dialect.Operator && strings.Trim(r.at(i).Text, "!*") == "~":
			r.match(i)
		}
	}
}

func (r *rewriter) match(i int) {
	pattern := r.at(i + 1)
	op := r.at(i).Text
	if pattern.Kind != dialect.String || pattern.Text[0] != '\'' {
		return
	}
	flags := "(?s)"
	if strings.HasSuffix(op, "*") {
		flags = "(?si)"
	}
	r.tokens[i].Text = strings.TrimSuffix(op, "*")
	r.tokens[i+1] = str(flags + ".*(?:" + pattern.Value() + ").*")
}

// names points the catalogue's relations to ours, and takes the schema from
// functions and types.
func (r *rewriter) names() {
	for i := 0; i < len(r.tokens); i++ {
		if !r.isName(i) || r.at(i-1).Is(".") {
			continue
		}
		schema := r.name(i)
		if (schema == "pg_catalog" || schema == "information_schema") && r.at(i+1).Is(".") {
			relation := r.name(i + 2)
			ours, ok := r.relations[relation]
			switch {
			case r.at(i + 3).Is("("), !ok, (ours == "cat") != (schema == "pg_catalog"):
				r.replace(i, i+2)
				if ok && !r.at(i+1).Is("(") {
					i++
				}
			default:
				r.tokens[i] = word(ours)
				r.tokens[i+2] = word(relation)
				i += 2
			}
			continue
		}
		if r.relations[schema] == "cat" && !r.at(i+1).Is("(") && !r.at(i-1).Is("AS") {
			r.replace(i, i+1, word("cat"), punct("."), word(schema))
			i += 2
		}
	}
	for i := range r.tokens {
		switch {
		case r.name(i) == "json_build_object":
			r.tokens[i] = word("json_object")
		case r.name(i) == "format" && r.at(i+1).Is("(") && !r.at(i-1).Is("."):
			r.tokens[i] = word("zhicang_format")
		}
	}
}

// types are PostgreSQL's that the engine calls by another name or has not.
func typeName(name string) (string, bool) {
	switch name {
	case "oid", "xid", "cid", "tid":
		return "BIGINT", true
	case "name", "text", "char", "cstring", "sql_identifier", "character_data", "yes_or_no", "regproc", "regprocedure", "regoper", "regrole", "aclitem", "pg_node_tree":
		return "VARCHAR", true
	case "cardinal_number":
		return "INTEGER", true
	case "int2vector":
		return "SMALLINT[]", true
	case "oidvector":
		return "BIGINT[]", true
	case "jsonb":
		return "JSON", true
	case "bool":
		return "BOOLEAN", true
	}
	return "", false
}

// castCalls writes CAST(x AS type) as x::type, so that casts handles both.
func (r *rewriter) castCalls() {
	for i := len(r.tokens) - 1; i >= 0; i-- {
		if !r.at(i).Is("CAST") || !r.at(i+1).Is("(") {
			continue
		}
		end := r.closing(i + 1)
		depth, as := 0, -1
		for j := i + 2; j < end; j++ {
			switch t := r.at(j); {
			case t.Is("("), t.Is("["):
				depth++
			case t.Is(")"), t.Is("]"):
				depth--
			case depth == 0 && t.Is("AS"):
				as = j
			}
		}
		if as < 0 || end >= len(r.tokens) || as != end-2 {
			continue // only types of one word are ours to change
		}
		kind := r.at(as + 1)
		inner := slices.Clone(r.tokens[i+2 : as])
		if len(inner) > 1 {
			inner = append(append([]dialect.Token{punct("(")}, inner...), punct(")"))
		}
		r.replace(i, end+1, append(inner, dialect.Token{Kind: dialect.Operator, Text: "::"}, kind)...)
	}
}

// casts gives types the engine's names, and turns casts to the reg types, which
// are names and numbers at once, into look-ups.
func (r *rewriter) casts() {
	for i := 0; i < len(r.tokens); i++ {
		if !r.at(i).Is("::") || i == 0 || i+1 == len(r.tokens) {
			continue
		}
		kind := r.name(i + 1)
		if fn, ok := r.lookup(i, kind); ok {
			from := r.operand(i - 1)
			inner := slices.Clone(r.tokens[from:i])
			call := inner
			if fn != "" {
				call = append(append([]dialect.Token{word(fn), punct("(")}, inner...), punct(")"))
			}
			r.replace(from, i+2, call...)
			i = from + len(call) - 1
			continue
		}
		if to, ok := typeName(kind); ok {
			r.tokens[i+1] = word(to)
		}
	}
}

// lookup returns the function that stands for the cast at i; "" where nothing
// has to be done.
func (r *rewriter) lookup(i int, kind string) (fn string, ok bool) {
	literal := r.at(i-1).Kind == dialect.String
	again := r.next(i + 2)
	switch kind {
	case "regclass":
		if again == "oid" {
			return "zhicang_class_oid", true
		}
		if literal && again != "text" {
			return "zhicang_class_oid", true
		}
		return "zhicang_class_name", true
	case "regtype":
		if literal && again != "text" {
			return "zhicang_type_oid", true
		}
		return "zhicang_type_text", true
	case "regnamespace":
		if literal && again != "text" {
			return "zhicang_schema_oid", true
		}
		return "zhicang_schema_name", true
	case "regproc", "regprocedure":
		if literal {
			r.tokens[i-1] = str(strings.TrimPrefix(r.at(i-1).Value(), "pg_catalog."))
		}
		return "", true
	}
	return "", false
}

// next is the type that what ends before i is cast to once more, brackets aside;
// "" if it is not.
func (r *rewriter) next(i int) string {
	for r.at(i).Is(")") {
		depth, j := 0, i
		for ; j >= 0; j-- {
			if r.at(j).Is(")") {
				depth++
			} else if r.at(j).Is("(") {
				if depth--; depth == 0 {
					break
				}
			}
		}
		if r.isName(j - 1) {
			return "" // the argument of a call
		}
		i++
	}
	if r.at(i).Is("::") {
		return r.name(i + 1)
	}
	return ""
}

// tableFunctions makes "generate_series(…) AS i" a table with one column i, so
// that i means its value as in PostgreSQL and not its row.
func (r *rewriter) tableFunctions() {
	for i := 0; i < len(r.tokens); i++ {
		fn := r.name(i)
		if fn != "generate_series" && fn != "unnest" && fn != "string_to_array" || !r.at(i+1).Is("(") {
			continue
		}
		if prev := r.at(i - 1); !prev.Is("FROM") && !prev.Is("JOIN") && !(prev.Is(",") && fn == "string_to_array") && !(prev.Is(",") && r.clause(i) == "FROM") {
			continue
		}
		end := r.closing(i + 1)
		alias := end + 1
		if r.at(alias).Is("AS") {
			alias++
		}
		if !r.isName(alias) || r.at(alias+1).Is("(") || reserved(r.at(alias)) {
			continue
		}
		name := r.at(alias)
		if fn == "string_to_array" {
			call := slices.Clone(r.tokens[i : end+1])
			with := append([]dialect.Token{punct("("), word("SELECT")}, call...)
			with = append(with, word("AS"), name, punct(")"), name)
			r.replace(i, alias+1, with...)
			i += len(with)
			continue
		}
		r.replace(alias, alias+1, name, punct("("), name, punct(")"))
	}
}

// clause is the word that begins the list in which the token before i stands, of
// SELECT, FROM, WHERE and BY; empty where a bracket or the text begins first.
func (r *rewriter) clause(i int) string {
	depth := 0
	for j := i - 1; j >= 0; j-- {
		t := r.at(j)
		switch {
		case t.Is(")"), t.Is("]"):
			depth++
		case t.Is("("), t.Is("["):
			if depth--; depth < 0 {
				return ""
			}
		case depth == 0:
			for _, word := range []string{"SELECT", "FROM", "WHERE", "BY"} {
				if t.Is(word) {
					return word
				}
			}
		}
	}
	return ""
}

func reserved(t dialect.Token) bool {
	for _, w := range []string{"WHERE", "ON", "JOIN", "LEFT", "INNER", "CROSS", "ORDER", "GROUP", "LIMIT", "UNION", "USING"} {
		if t.Is(w) {
			return true
		}
	}
	return false
}

// words puts the session's own values in the place of what asks for them.
func (r *rewriter) words() {
	for i := 0; i < len(r.tokens); i++ {
		if r.at(i).Kind != dialect.Word || r.at(i-1).Is(".") || r.at(i-1).Is("AS") || r.at(i+1).Is(".") {
			continue
		}
		switch name := r.name(i); {
		case name == "current_setting" && r.at(i+1).Is("(") && r.at(i+2).Kind == dialect.String:
			r.setting(i)
		case name == "current_setting" && r.at(i+1).Is("(") && r.at(i+2).Is("NULL"):
			// A parameter, in a statement that is described before it is bound.
			r.replace(i, min(r.closing(i+1)+1, len(r.tokens)), word("CAST"), punct("("), word("NULL"), word("AS"), word("VARCHAR"), punct(")"))
		case (name == "version" || name == "current_database") && r.at(i+1).Is("(") && r.at(i+2).Is(")"):
			r.stand(i, i+3, map[string]string{"version": Version, "current_database": Database}[name])
		case r.at(i + 1).Is("("):
		case name == "user", name == "current_user", name == "session_user", name == "current_role":
			r.stand(i, i+1, r.session.Account)
		case name == "current_catalog":
			r.stand(i, i+1, Database)
		case name == "current_schema":
			r.stand(i, i+1, "public")
		}
	}
}

// stand puts a text in the place of what asks for it. Where that is a column of
// a SELECT, the column keeps its name.
func (r *rewriter) stand(from, to int, text string) {
	with := []dialect.Token{str(text)}
	if next := r.at(to); r.isColumn(from) && (next.Text == "" || next.Is(",") || next.Is("FROM") || next.Is(")")) {
		with = append(with, word("AS"), dialect.Token{Kind: dialect.QuotedName, Text: `"` + r.name(from) + `"`})
	}
	r.replace(from, to, with...)
}

// isColumn reports whether a column of a SELECT begins at i.
func (r *rewriter) isColumn(i int) bool {
	before := r.at(i - 1)
	return before.Is("SELECT") || before.Is(",") && r.clause(i) == "SELECT"
}

func (r *rewriter) setting(i int) {
	name := r.at(i + 2).Value()
	value, ok := r.session.Setting(name)
	end := r.closing(i + 1)
	with := str(value)
	if !ok {
		if end == i+3 {
			r.err = &UnknownSetting{name}
		}
		with = word("NULL")
	}
	r.replace(i, min(end+1, len(r.tokens)), with)
}

// likes gives LIKE the escape character that it has in PostgreSQL by default.
func (r *rewriter) likes() {
	for i := 0; i < len(r.tokens); i++ {
		if !r.at(i).Is("LIKE") && !r.at(i).Is("ILIKE") || r.at(i+1).Kind != dialect.String {
			continue
		}
		if strings.Contains(r.at(i+1).Text, `\`) && !r.at(i+2).Is("ESCAPE") && r.at(i+2).Kind != dialect.Operator {
			r.replace(i+2, i+2, word("ESCAPE"), str(`\`))
		}
	}
}
