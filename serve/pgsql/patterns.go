package pgsql

import (
	"regexp/syntax"
	"strings"
)

// Regular expressions of PostgreSQL are Henry Spencer's, the engine's are RE2.
// Whether a text matches is the same question in both for what they both know,
// once classes and the dot mean the same. What is matched is not: PostgreSQL
// takes the longest match, RE2 the first that it comes to. So functions that
// give away what is matched are served where those are the same.

const literalPattern = "the pattern must stand in the statement"

// regexp carries over functions on patterns; any other is returned as it is,
// nil.
func (t *translator) regexp(n tree, name string, args []any) tree {
	switch name {
	case "regexp_full_match":
		if tok, _ := t.token(n); tok.Is("similar") || t.notSimilar(n) {
			return t.similar(n, args)
		}
		if _, i := t.token(n); i >= 0 && t.is(i+1, "(") {
			return nil // called by its name
		}
		return t.matches(n, args[0], args[1], "")
	case "regexp_like":
		if len(args) == 3 {
			return t.matches(n, args[0], args[1], flagsOf(args[2]))
		}
		return t.matches(n, args[0], args[1], "")
	case "regexp_replace":
		return t.replaced(n, args)
	case "regexp_match":
		return t.groups(n, args)
	case "regexp_substr":
		if pattern, ok := text(args[1].(tree)); ok && len(args) == 2 {
			return t.match(n, args[0], pattern, 0)
		}
		return t.refuse(n, "substring(a from 'pattern')", "regexp_substr is served with a pattern that stands in the statement, and nothing more")
	case "regexp_split_to_array", "regexp_count":
		pattern, ok := text(args[1].(tree))
		if !ok || len(args) != 2 {
			return t.refuse(n, "", "%s: "+literalPattern, name)
		}
		if pattern, ok = t.plainPattern(n, pattern, false); !ok {
			return n
		}
		if name == "regexp_count" {
			return call("len", call("regexp_extract_all", args[0], constant("(?s)"+pattern)))
		}
		return call("string_split_regex", args[0], constant("(?s)"+pattern))
	case "regexp_split_to_table", "regexp_instr":
		return t.refuse(n, "", "the function %s of PostgreSQL is not supported", name)
	}
	return nil
}

// notSimilar reports whether a match within NOT, whose place the tree does not
// tell, was written as NOT SIMILAR TO. Both are looked for; a text with both is
// refused.
func (t *translator) notSimilar(n tree) bool {
	if _, i := t.token(n); i >= 0 {
		return false
	}
	similar, matches := false, false
	for i := range t.tokens {
		similar = similar || t.is(i, "not") && t.is(i+1, "similar")
		matches = matches || t.is(i, "!~")
	}
	if similar && matches {
		t.refuse(n, "NOT (a ~ 'b')", "!~ and NOT SIMILAR TO in one statement are not supported")
	}
	return similar
}

func flagsOf(v any) string {
	s, ok := text(v.(tree))
	if !ok {
		return "?"
	}
	return s
}

// options are the engine's words for PostgreSQL's flags: without any, a dot is
// any character.
func options(flags string) (string, bool) {
	out := "s"
	for _, f := range flags {
		switch f {
		case 'i':
			out += "i"
		case 'g', 'c', 's':
		default:
			return "", false
		}
	}
	return out, true
}

// matches is whether a pattern matches anywhere.
func (t *translator) matches(n tree, s, pattern any, flags string) tree {
	p, ok := text(pattern.(tree))
	if !ok {
		return t.refuse(n, "strpos(a, b) > 0, or LIKE", literalPattern)
	}
	how, ok := options(flags)
	if !ok {
		return t.refuse(n, "the flag i", "the flags %q of a pattern are not supported", flags)
	}
	p, err := translate(p)
	if err != "" {
		return t.badPattern(n, err)
	}
	return call("regexp_matches", s, constant(p), constant(how))
}

const invalidPattern = "invalid regular expression"

func (t *translator) badPattern(n tree, why string) tree {
	if why == invalidPattern {
		return t.fail(n, "2201B", "", "%s", why)
	}
	return t.refuse(n, "LIKE, or a simpler pattern", "%s", why)
}

// plainPattern is a pattern of which the longest match is the first.
func (t *translator) plainPattern(n tree, pattern string, fold bool) (string, bool) {
	p, err := translate(pattern)
	if err == "" && !definite(p, fold) {
		err = "which text this pattern takes is not the same here as in PostgreSQL: | or repetitions that overlap"
	}
	if err != "" {
		t.badPattern(n, err)
		return "", false
	}
	return p, true
}

func (t *translator) replaced(n tree, args []any) tree {
	if len(args) != 3 && len(args) != 4 {
		return t.refuse(n, "regexp_replace(a, 'pattern', 'text', 'g')", "regexp_replace is served with three or four arguments")
	}
	pattern, ok := text(args[1].(tree))
	with, ok2 := text(args[2].(tree))
	flags := ""
	if len(args) == 4 {
		flags = flagsOf(args[3])
	}
	how, ok3 := options(flags)
	if !ok || !ok2 || !ok3 {
		return t.refuse(n, "", "regexp_replace: pattern, replacement and flags (g, i) must stand in the statement")
	}
	p, ok := t.plainPattern(n, pattern, strings.Contains(flags, "i"))
	if !ok {
		return n
	}
	if strings.Contains(flags, "g") {
		how += "g"
	}
	return call("regexp_replace", args[0], constant(p), constant(strings.ReplaceAll(with, `\&`, `\0`)), constant(how))
}

// firstMatch is substring(a from 'pattern'): the first group, or the whole.
func (t *translator) firstMatch(n tree, s any, pattern string) tree {
	if strings.Contains(strings.ReplaceAll(pattern, `\(`, ""), "(") {
		return t.match(n, s, pattern, 1)
	}
	return t.match(n, s, pattern, 0)
}

// match is NULL where nothing matches.
func (t *translator) match(n tree, s any, pattern string, group int) tree {
	p, ok := t.plainPattern(n, pattern, false)
	if !ok {
		return n
	}
	return when(call("regexp_matches", s, constant(p), constant("s")), call("regexp_extract", clone(s), constant(p), integer(group), constant("s")), null())
}

// groups is regexp_match: an array of what the groups took.
func (t *translator) groups(n tree, args []any) tree {
	pattern, ok := text(args[1].(tree))
	if !ok || len(args) != 2 {
		return t.refuse(n, "", "regexp_match: "+literalPattern+", and no flags")
	}
	p, ok := t.plainPattern(n, pattern, false)
	if !ok {
		return n
	}
	re, err := syntax.Parse(p, syntax.Perl)
	if err != nil || re.MaxCap() > 9 {
		return t.refuse(n, "", "the pattern is not supported")
	}
	if optionalGroup(re) {
		return t.refuse(n, "", "groups that may take nothing are not supported")
	}
	from := min(re.MaxCap(), 1)
	var parts []any
	for g := from; g <= re.MaxCap(); g++ {
		parts = append(parts, call("regexp_extract", clone(args[0]), constant(p), integer(g), constant("s")))
	}
	return when(call("regexp_matches", args[0], constant(p), constant("s")), call("list_value", parts...), null())
}

// optionalGroup reports whether a group stands where it may be left out: what
// it took is NULL then, and ” in the engine.
func optionalGroup(re *syntax.Regexp) bool {
	repeated := re.Op == syntax.OpStar || re.Op == syntax.OpQuest || re.Op == syntax.OpAlternate || re.Op == syntax.OpRepeat && re.Min == 0
	for _, sub := range re.Sub {
		if repeated && sub.MaxCap() > 0 || optionalGroup(sub) {
			return true
		}
	}
	return false
}

// translate writes a pattern of PostgreSQL for RE2. The second result says what
// RE2 has not.
func translate(p string) (string, string) {
	if strings.HasPrefix(p, "***") || strings.HasPrefix(p, "(?") && !strings.HasPrefix(p, "(?:") {
		return "", "options at the beginning of a pattern are not supported"
	}
	var b strings.Builder
	class := false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			if i++; i == len(p) {
				return "", "the pattern ends in a backslash"
			}
			s, ok := escape(p[i], class)
			if !ok {
				return "", "\\" + string(p[i]) + " in a pattern is not supported"
			}
			b.WriteString(s)
		case class && c == '[' && strings.HasPrefix(p[i:], "[:"):
			end := strings.Index(p[i:], ":]")
			name, ok := classes[p[min(i+2, len(p)):i+max(end, 2)]]
			if end < 0 || !ok {
				return "", "this class of characters is not supported"
			}
			b.WriteString(name)
			i += end + 1
		case class && c == '[':
			return "", "[. and [= in a pattern are not supported"
		case c == '[' && !class:
			class = true
			b.WriteByte(c)
			for _, first := range "^]" {
				if i+1 < len(p) && p[i+1] == byte(first) {
					i++
					if first == ']' {
						b.WriteByte('\\')
					}
					b.WriteByte(p[i])
				}
			}
		case c == ']' && class:
			class = false
			b.WriteByte(c)
		case c == '(' && strings.HasPrefix(p[i:], "(?") && !strings.HasPrefix(p[i:], "(?:"):
			return "", "looking ahead or behind in a pattern is not supported"
		case (c == '*' || c == '+' || c == '?' || c == '}') && !class && i+1 < len(p) && p[i+1] == '+':
			return "", "the pattern is not one of PostgreSQL's"
		default:
			b.WriteByte(c)
		}
	}
	out := b.String()
	if _, err := syntax.Parse(out, syntax.Perl|syntax.DotNL); err != nil {
		return "", invalidPattern
	}
	return out, ""
}

// classes are named classes, in Unicode as PostgreSQL has them where its
// database is in UTF-8: of white space what the C library calls so.
var classes = map[string]string{
	"alpha": `\p{L}`, "digit": `0-9`, "alnum": `\p{L}0-9`, "upper": `\p{Lu}`, "lower": `\p{Ll}`, "xdigit": `0-9A-Fa-f`,
	"space": `\t\n\v\f\r \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}`,
}

// escape is what a letter behind a backslash stands for.
func escape(c byte, class bool) (string, bool) {
	members := ""
	switch c {
	case 'd', 'D':
		members = classes["digit"]
	case 'w', 'W':
		members = classes["alnum"] + "_"
	case 's', 'S':
		members = classes["space"]
	case 'n', 't', 'r', 'f', 'v':
		return `\` + string(c), true
	}
	switch {
	case members != "" && class && c >= 'a':
		return members, true
	case members != "" && !class && c >= 'a':
		return "[" + members + "]", true
	case members != "" && !class:
		return "[^" + members + "]", true
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c >= 0x80:
		return "", false
	}
	return `\` + string(c), true
}

// similar is SIMILAR TO, which matches the whole text.
func (t *translator) similar(n tree, args []any) tree {
	p, ok := text(args[1].(tree))
	if !ok {
		return t.refuse(n, "LIKE", literalPattern)
	}
	var b strings.Builder
	class := false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\' && i+1 < len(p):
			i++
			b.WriteString(syntaxQuote(p[i]))
		case c == '\\':
			return t.fail(n, "22025", "", "LIKE pattern must not end with escape character")
		case class:
			if class = c != ']'; c == '[' || c == '\\' {
				return t.refuse(n, "a simpler pattern", "this class of characters is not supported")
			}
			b.WriteByte(c)
		case c == '[':
			class = true
			b.WriteByte(c)
		case c == '%':
			b.WriteString(".*")
		case c == '_':
			b.WriteByte('.')
		case strings.IndexByte(".^$", c) >= 0:
			b.WriteString(syntaxQuote(c))
		default:
			b.WriteByte(c)
		}
	}
	if _, err := syntax.Parse(b.String(), syntax.Perl|syntax.DotNL); err != nil {
		return t.fail(n, "2201B", "", "invalid regular expression")
	}
	return call("regexp_full_match", args[0], constant(b.String()), constant("s"))
}

func syntaxQuote(c byte) string {
	if c < 0x80 && !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_') {
		return `\` + string(c)
	}
	return string([]byte{c})
}

// like has a backslash as its escape, where none is named.
func (t *translator) like(n tree, name string, args []any) tree {
	p, ok := text(args[1].(tree))
	if ok && !strings.Contains(p, `\`) {
		return n
	}
	if ok && strings.HasSuffix(strings.ReplaceAll(p, `\\`, ""), `\`) {
		return t.fail(n, "22025", "", "LIKE pattern must not end with escape character")
	}
	escaping := map[string]string{"~~": "like_escape", "!~~": "not_like_escape", "~~*": "ilike_escape", "!~~*": "not_ilike_escape"}[name]
	return call(escaping, args[0], args[1], constant(`\`))
}
