package pgsql

import (
	"strings"
)

// template carries over to_char, to_date and to_timestamp, whose formats are
// PostgreSQL's own.
func (t *translator) template(n tree, name string, args []any) tree {
	if len(args) == 1 && name == "to_timestamp" {
		return call("to_timestamp", cast(args[0], "DOUBLE"))
	}
	if len(args) != 2 {
		return n
	}
	format, ok := text(args[1].(tree))
	if !ok {
		return t.refuse(n, name+"(…, 'YYYY-MM-DD')", "the format of %s must stand in the statement", name)
	}
	if name == "to_char" && strings.ContainsAny(format, "90") && !strings.ContainsAny(strings.TrimPrefix(format, "FM"), "YMDHSWQIT") {
		return t.number(n, args[0], format)
	}
	parts, ok := t.moment(n, format)
	if !ok {
		return n
	}
	if name == "to_char" {
		return t.zoneless(written(args[0], parts), args[0])
	}
	pattern := ""
	for _, p := range parts {
		if p.special != nil || p.width > 0 || strings.ContainsAny(p.strftime, "jVGuBbAap") && strings.Contains(p.strftime, "%") {
			return t.refuse(n, "YYYY MM DD HH24 MI SS", "the format %q of %s is not supported", format, name)
		}
		pattern += p.strftime
	}
	read := call("strptime", args[0], constant(pattern))
	if name == "to_date" {
		return cast(read, "DATE")
	}
	return call("timezone", constant(t.zone), read)
}

// A part is a piece of a format, as strftime has it or, where that has not, as
// an expression of the moment.
type part struct {
	strftime string
	width    int // to which it is filled with blanks
	special  func(v any) tree
}

// letters are PostgreSQL's template patterns, longest first.
var letters = []struct {
	pattern string
	part    part
}{
	{"FMHH24", part{strftime: "%-H"}},
	{"FMMonth", part{strftime: "%B"}},
	{"FMDay", part{strftime: "%A"}},
	{"FMHH12", part{strftime: "%-I"}},
	{"FMDDD", part{strftime: "%-j"}},
	{"FMMM", part{strftime: "%-m"}},
	{"FMDD", part{strftime: "%-d"}},
	{"FMMI", part{strftime: "%-M"}},
	{"FMSS", part{strftime: "%-S"}},
	{"HH24", part{strftime: "%H"}},
	{"HH12", part{strftime: "%I"}},
	{"YYYY", part{strftime: "%Y"}},
	{"IYYY", part{strftime: "%G"}},
	{"Month", part{strftime: "%B", width: 9}},
	{"Day", part{strftime: "%A", width: 9}},
	{"DDD", part{strftime: "%j"}},
	{"Mon", part{strftime: "%b"}},
	{"Dy", part{strftime: "%a"}},
	{"YY", part{strftime: "%y"}},
	{"MM", part{strftime: "%m"}},
	{"DD", part{strftime: "%d"}},
	{"HH", part{strftime: "%I"}},
	{"MI", part{strftime: "%M"}},
	{"SS", part{strftime: "%S"}},
	{"MS", part{strftime: "%g"}},
	{"US", part{strftime: "%f"}},
	{"AM", part{strftime: "%p"}},
	{"PM", part{strftime: "%p"}},
	{"IW", part{strftime: "%V"}},
	{"ID", part{strftime: "%u"}},
	{"Q", part{special: func(v any) tree { return cast(call("quarter", v), "VARCHAR") }}},
	{"D", part{special: func(v any) tree { return cast(operator("+", call("dayofweek", v), integer(1)), "VARCHAR") }}},
}

// moment cuts a format for dates and times into parts.
func (t *translator) moment(n tree, format string) ([]part, bool) {
	var parts []part
	add := func(p part) {
		if last := len(parts) - 1; last >= 0 && p.special == nil && p.width == 0 && parts[last].special == nil && parts[last].width == 0 {
			parts[last].strftime += p.strftime
			return
		}
		parts = append(parts, p)
	}
next:
	for rest := format; rest != ""; {
		for _, l := range letters {
			if after, ok := strings.CutPrefix(rest, l.pattern); ok {
				if strings.HasPrefix(after, "TH") || strings.HasPrefix(after, "th") {
					break
				}
				add(l.part)
				rest = after
				continue next
			}
		}
		if rest[0] == '"' {
			quoted, after, ok := strings.Cut(rest[1:], `"`)
			if ok && !strings.Contains(quoted, `\`) {
				add(part{strftime: strings.ReplaceAll(quoted, "%", "%%")})
				rest = after
				continue
			}
		}
		c := rest[0]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '"' || c == '\\' {
			t.refuse(n, `write text within a format in double quotes: 'YYYY-MM-DD"T"HH24:MI'`, "the format %q is not supported", format)
			return nil, false
		}
		size := 1
		for size < len(rest) && rest[size]&0xc0 == 0x80 {
			size++
		}
		add(part{strftime: strings.ReplaceAll(rest[:size], "%", "%%")})
		rest = rest[size:]
	}
	return parts, true
}

// written is a moment as the parts say.
func written(v any, parts []part) tree {
	var pieces []any
	for _, p := range parts {
		var piece tree
		switch {
		case p.special != nil:
			piece = p.special(clone(v))
		case p.width > 0:
			piece = call("rpad", call("strftime", clone(v), constant(p.strftime)), integer(p.width), constant(" "))
		default:
			piece = call("strftime", clone(v), constant(p.strftime))
		}
		pieces = append(pieces, piece)
	}
	if len(pieces) == 0 {
		return constant("")
	}
	out := pieces[0]
	for _, p := range pieces[1:] {
		out = operator("||", out, p)
	}
	return out.(tree)
}

// maxPositions is how many digits a format for numbers may have.
const maxPositions = 30

// number is to_char of a number: digits, thousands, a point.
func (t *translator) number(n tree, v any, format string) tree {
	refuse := func() tree {
		return t.refuse(n, "round(x, 2)", "the format %q of to_char is not supported; for numbers it may have FM, 9, 0, commas between thousands and one point", format)
	}
	body, fill := strings.CutPrefix(format, "FM")
	body, suffix := body, ""
	if at := strings.LastIndexAny(body, "90."); at+1 < len(body) {
		body, suffix = body[:at+1], body[at+1:]
		if strings.ContainsAny(suffix, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz\\\",") {
			return refuse()
		}
	}
	before, after, point := strings.Cut(body, ".")
	positions := strings.ReplaceAll(before, ",", "")
	grouped := positions != before
	switch {
	case strings.Trim(positions+after, "90") != "", len(positions)+len(after) > maxPositions, len(positions) == 0, point && after == "":
		return refuse()
	case grouped && before != thousands(positions):
		return refuse()
	case strings.Contains(after, "9") && (fill || strings.Contains(strings.TrimLeft(after, "0"), "0")):
		if fill && strings.Contains(strings.TrimLeft(after, "0"), "0") {
			return refuse()
		}
	}
	least := 0 // digits before the point that are always there
	if at := strings.IndexByte(positions, '0'); at >= 0 {
		least = len(positions) - at
	}
	kept := len(after) // digits behind it that are always there
	if fill {
		kept = len(after) - len(strings.TrimLeft(after, "0"))
		if i := strings.IndexByte(after, '9'); i >= 0 {
			kept = i
		}
	}
	digits := byType(v, cast(v, "DECIMAL", 38, len(after)), arm{"digits", floats, cast(named("postgres_float_digits", v, integer(len(after))), "DECIMAL", 38, len(after))})
	out := named("postgres_number", digits, integer(len(positions)), integer(least), integer(len(after)), integer(kept),
		cast(constant(map[bool]string{true: "t", false: "f"}[grouped]), "BOOLEAN"), cast(constant(map[bool]string{true: "t", false: "f"}[fill]), "BOOLEAN"),
		integer(len(before)+1))
	if suffix != "" {
		return operator("||", out, constant(suffix))
	}
	return out
}

// thousands puts commas where they belong.
func thousands(positions string) string {
	var b strings.Builder
	for i := range len(positions) {
		if left := len(positions) - i; i > 0 && left%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(positions[i])
	}
	return b.String()
}
