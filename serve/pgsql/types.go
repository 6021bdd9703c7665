package pgsql

import (
	"math/big"
	"strings"
)

// floats are the engine's types of floating-point numbers.
var floats = []string{"DOUBLE", "FLOAT"}

// asText is an operand that is joined to a text: the engine writes a
// floating-point number that is whole with a zero behind the point.
func asText(n tree) tree {
	switch str(n, "class") {
	case "CONSTANT", "OPERATOR":
		return n
	case "FUNCTION":
		if name := str(n, "function_name"); flag(n, "is_operator") && name == "||" || name == "list_value" || name == "struct_extract" {
			return n
		}
	case "CAST":
		if id := str(child(n, "cast_type"), "id"); id != "DOUBLE" && id != "FLOAT" {
			return n
		}
	}
	return byType(n, n, arm{"text", floats, named("postgres_float_text", clone(n))})
}

// cast carries over a cast: the parser has dropped what it says of length and
// width, and the engine writes some values otherwise.
func (t *translator) cast(n tree) tree {
	kind := child(n, "cast_type")
	switch str(kind, "id") {
	case "VARCHAR":
		return t.zoneless(t.castText(n), child(n, "child"))
	case "DATE", "TIMESTAMP", "TIME":
		return t.zoneless(n, child(n, "child"))
	case "DECIMAL":
		if _, i := t.typeAt(n); i < 0 || t.is(i+1, "(") {
			return n
		}
		return t.castNumeric(n)
	case "TIMESTAMP WITH TIME ZONE":
		if t.zone != Shanghai {
			return t.zoned(n, "a timestamp with time zone that is made of a text or a date")
		}
	case "LIST":
		return t.castArray(n)
	case "USER":
		switch info := child(kind, "type_info"); strings.ToLower(str(info, "user_type_name")) {
		case "json", "jsonb":
			info["user_type_name"] = "json"
		case "name":
			return cast(child(n, "child"), "VARCHAR")
		case "regclass", "regtype", "regnamespace", "regproc":
			return t.refuse(n, "", "casts to %s are served in queries on the catalogue alone", str(info, "user_type_name"))
		}
	case "SMALLINT", "INTEGER", "BIGINT":
		// PostgreSQL rounds halves of a floating-point number to the even
		// neighbour, as the engine does, and those of a numeric away from zero.
		return n
	}
	return n
}

// castArray reads a text as an array: '{a,b}'.
func (t *translator) castArray(n tree) tree {
	s, ok := text(child(n, "child"))
	if !ok {
		return n
	}
	inner, open := strings.CutPrefix(strings.TrimSpace(s), "{")
	inner, closed := strings.CutSuffix(inner, "}")
	if !open || !closed || strings.ContainsAny(inner, `{}"\\`) {
		return t.refuse(n, "ARRAY['a', 'b']", "arrays as text are served without quotes and brackets within")
	}
	values := []any{}
	for part := range strings.SplitSeq(inner, ",") {
		switch part = strings.TrimSpace(part); {
		case part == "" && inner == "":
		case part == "":
			return t.fail(n, "22P02", "", "malformed array literal")
		case strings.EqualFold(part, "null"):
			values = append(values, null())
		default:
			values = append(values, constant(part))
		}
	}
	n["child"] = call("list_value", values...)
	return n
}

// zoneless refuses, in a session of another time zone than the engine's, what
// takes a day or an hour from a moment with a zone.
func (t *translator) zoneless(n tree, of any) tree {
	if t.zone == Shanghai || isConstant(of) {
		return n
	}
	return byType(of, n, arm{"the day or hour of a moment while TimeZone is " + t.zone + "; SET TimeZone = 'Asia/Shanghai'", []string{"TIMESTAMP WITH TIME ZONE"}, nil})
}

// typeAt is where the type of a cast is named in the text; -1 where the tree
// does not tell.
func (t *translator) typeAt(n tree) (string, int) {
	_, i := t.token(n)
	switch {
	case t.is(i, "::"):
		return strings.ToLower(t.tokens[i+1].Name()), i + 1
	case t.is(i, "cast"):
		end := t.endOf(i + 1)
		for j := end - 1; j > i; j-- {
			if t.is(j, "as") && t.tokens[j].Depth == t.tokens[i].Depth+1 {
				return strings.ToLower(t.tokens[j+1].Name()), j + 1
			}
		}
	}
	return "", -1
}

// castText keeps to the length that the type names, and writes numbers as
// PostgreSQL does.
func (t *translator) castText(n tree) tree {
	of := child(n, "child")
	written, i := t.typeAt(n)
	if written == "char" || written == "character" && !t.is(i+1, "varying") || written == "bpchar" {
		return t.refuse(n, "text", "casts to %s, which fills up with blanks, are not supported", written)
	}
	out := n
	if c := str(of, "class"); c != "CONSTANT" && c != "CAST" || c == "CAST" && isFloat(of) {
		out = byType(of, n,
			arm{"text", floats, named("postgres_float_text", clone(of))},
			arm{"the text of an interval", []string{"INTERVAL"}, nil},
			arm{"the text of an array", []string{"VARCHAR[]", "INTEGER[]", "BIGINT[]", "DOUBLE[]", "DATE[]", "BOOLEAN[]", "TIMESTAMP[]"}, nil})
	} else if c == "CAST" && (str(child(of, "cast_type"), "id") == "INTERVAL" || str(child(of, "cast_type"), "id") == "LIST") {
		return t.refuse(n, "", "the text of an interval or an array is not supported")
	}
	if i >= 0 && t.is(i+1, "varying") {
		i++
	}
	if i >= 0 && t.is(i+1, "(") && i+2 < len(t.tokens) {
		if length, ok := new(big.Int).SetString(t.tokens[i+2].Text, 10); ok && length.IsInt64() && length.Int64() > 0 && length.Int64() < 1<<20 {
			return call("substr", out, integer(1), integer(int(length.Int64())))
		}
	}
	return out
}

func isFloat(n tree) bool {
	id := str(child(n, "cast_type"), "id")
	return id == "DOUBLE" || id == "FLOAT"
}

// castNumeric is a cast to numeric without a width, which keeps all digits.
// The engine has no such type: of a number it is enough to make it no integer.
func (t *translator) castNumeric(n tree) tree {
	of := child(n, "child")
	if s, ok := text(of); ok {
		whole, fraction, _ := strings.Cut(strings.TrimLeft(strings.TrimSpace(s), "+-"), ".")
		if len(whole)+len(fraction) > 38 || strings.Trim(whole+fraction, "0123456789") != "" || whole+fraction == "" {
			return t.fail(n, "22P02", "", "invalid input syntax for type numeric")
		}
		return cast(of, "DECIMAL", max(len(whole)+len(fraction), 1), len(fraction))
	}
	if isNull(of) {
		return cast(of, "DECIMAL", 38, 10)
	}
	return byType(of, operator("+", of, cast(integer(0), "DECIMAL", 1, 0)),
		arm{"the numeric of a text that does not stand in the statement (name its width: numeric(18,2))", []string{"VARCHAR"}, nil})
}
