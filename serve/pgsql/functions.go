package pgsql

import (
	"encoding/json"
	"strings"
)

// builtins are the functions that mean in the engine what they mean in
// PostgreSQL, and that the session has another meaning for: the spelling of
// the models is Trino's.
var builtins = map[string]string{
	"concat": "concat", "greatest": "greatest", "least": "least", "md5": "md5", "split_part": "split_part",
	"percentile_cont": "quantile_cont", "percentile_disc": "quantile_disc",
	"jsonb_array_length": "json_array_length", "to_jsonb": "to_json", "row_to_json": "to_json",
	"json_build_array": "json_array", "jsonb_build_array": "json_array", "jsonb_build_object": "json_object", "json_build_object": "json_object",
	"json_object_agg": "json_group_object", "jsonb_object_agg": "json_group_object",
	"array_cat": "list_concat", "array_append": "list_append",
	"every": "bool_and",
}

// others have a meaning in PostgreSQL that the engine's function of that name
// has not.
var others = map[string]string{
	"regexp_matches": "regexp_match(…) or ~", "to_number": "CAST(… AS numeric)", "justify_days": "", "justify_hours": "", "justify_interval": "",
	"jsonb_path_query": "", "json_object": "json_build_object", "jsonb_object": "jsonb_build_object", "width_bucket": "",
	"quote_literal": "", "quote_ident": "", "quote_nullable": "", "convert_from": "", "convert_to": "", "setseed": "", "hashtext": "",
	"json_array_elements": "", "jsonb_array_elements": "", "json_each": "", "jsonb_each": "", "json_object_keys": "", "string_to_table": "",
	"make_interval": "CAST('10 days' AS interval)", "make_timestamptz": "", "timeofday": "", "array_fill": "", "scale": "", "min_scale": "", "trim_scale": "",
}

// function carries over a call, an operator, or a window function.
func (t *translator) function(n tree) tree {
	name := strings.ToLower(str(n, "function_name"))
	if schema := strings.ToLower(str(n, "schema")); schema == "pg_catalog" && str(n, "catalog") == "" {
		n["schema"] = ""
	}
	if flag(n, "is_operator") || strings.Trim(name, "~!*@<>&|-+/%^#") == "" {
		return t.operator(n, name)
	}
	if out := t.special(n, name, items(n, "children")); out != nil {
		return out
	}
	if builtin, ok := builtins[name]; ok {
		n["function_name"], n["schema"], n["catalog"] = builtin, "main", "system"
		return n
	}
	if try, ok := others[name]; ok {
		return t.refuse(n, try, "the function %s of PostgreSQL is not supported", name)
	}
	return n
}

func flag(n tree, key string) bool { b, _ := n[key].(bool); return b }

// special carries over the functions that take more than another name; nil: it
// is none of them.
func (t *translator) special(n tree, name string, args []any) tree {
	switch name {
	case "sum":
		return t.sum(n, args)
	case "date_part":
		return t.extract(n, args)
	case "date_trunc":
		return t.truncated(n, args)
	case "substring", "substr":
		return t.substring(n, args)
	case "trim", "btrim":
		return trimmed("trim", args)
	case "ltrim", "rtrim":
		return trimmed(name, args)
	case "lpad", "rpad":
		return padded(n, args)
	case "generate_series", "unnest":
		return t.series(n, name, args)
	case "round":
		return t.rounded(n, args)
	case "mod":
		if len(args) == 2 {
			return t.divided(n, args[1].(tree))
		}
	case "format":
		return t.formatted(n, args)
	case "json_agg", "jsonb_agg":
		n["function_name"], n["schema"], n["catalog"] = "array_agg", "main", "system"
		return call("to_json", n)
	case "encode":
		return t.bytes(n, "hex", args)
	case "decode":
		return t.bytes(n, "unhex", args)
	case "age":
		if len(args) == 1 {
			return call("age", cast(named("today"), "TIMESTAMP"), args[0])
		}
	case "date_bin":
		if len(args) == 3 {
			return call("time_bucket", intervalOf(args[0]), args[1], args[2])
		}
	case "overlay":
		return t.overlaid(n, args)
	case "to_char", "to_date", "to_timestamp":
		return t.template(n, name, args)
	case "like_escape", "ilike_escape", "not_like_escape", "not_ilike_escape":
		return n
	case "octet_length":
		return call("strlen", args...)
	case "to_hex":
		return call("lower", call("to_hex", args...))
	case "sign":
		return cast(n, "DOUBLE")
	case "position":
		return call("strpos", args...)
	case "row":
		return n
	case "array_length", "array_upper":
		return arrayLength(args)
	case "cardinality":
		return call("len", args...)
	case "string_to_array":
		if len(args) == 2 && !isNull(args[1].(tree)) {
			return named("postgres_string_to_array", args...)
		}
		return t.refuse(n, "", "string_to_array with NULL is not supported")
	case "concat_ws":
		for i := 1; i < len(args); i++ {
			args[i] = asText(args[i].(tree))
		}
	case "concat":
		for i := range args {
			args[i] = asText(args[i].(tree))
		}
	case "current_database", "current_catalog":
		return constant(Database)
	case "current_schema":
		return constant("public")
	}
	return t.regexp(n, name, args)
}

// operator carries over an operator.
func (t *translator) operator(n tree, name string) tree {
	args := items(n, "children")
	if len(args) != 2 {
		return n
	}
	switch name {
	case "/", "%":
		return t.divided(n, args[1].(tree))
	case "~~", "!~~", "~~*", "!~~*":
		return t.like(n, name, args)
	case "~*", "!~*":
		out := t.matches(n, args[0], args[1], "i")
		if name[0] == '!' {
			return not(out)
		}
		return out
	case "||":
		for i := range args {
			if isNull(args[i].(tree)) {
				return cast(null(), "VARCHAR")
			}
			args[i] = asText(args[i].(tree))
		}
	case "->":
		return t.extracted(n, "json_extract", args[0].(tree), args[1].(tree))
	case "->>":
		return t.extracted(n, "json_extract_string", args[0].(tree), args[1].(tree))
	}
	return n
}

// extracted is a value of a JSON object or array, by a key or a place that
// stands in the statement: the engine would read some keys as paths.
func (t *translator) extracted(n tree, function string, of, key tree) tree {
	if k, ok := text(key); ok && k != "" && !strings.ContainsAny(k[:1], "$/") {
		return call(function, of, key)
	}
	if i, ok := whole(key); ok && i >= 0 {
		return call(function, of, key)
	}
	return t.refuse(n, "(a ->> 'b') = 'c'", "keys of JSON must stand in the statement; write brackets around -> and ->> where they are compared")
}

// divided ends the statement where the engine would make NULL.
func (t *translator) divided(n, by tree) tree {
	if neverZero(by) {
		return n
	}
	return when(compare("COMPARE_EQUAL", clone(by), integer(0)), failing(divisionByZero), n)
}

// neverZero reports whether what is divided by can be seen not to be zero: a
// number, or nullif(…, 0), cast or not.
func neverZero(by tree) bool {
	for str(by, "class") == "CAST" {
		by = child(by, "child")
	}
	if str(by, "class") == "CONSTANT" {
		v, isNumber := child(by, "value")["value"].(json.Number)
		return isNumber && v != "0"
	}
	args := list(by, "children")
	if !strings.EqualFold(str(by, "function_name"), "nullif") || len(args) != 2 {
		return false
	}
	zero, ok := whole(args[1])
	return ok && zero == 0
}

// divisionByZero is how PostgreSQL says it.
const divisionByZero = "division by zero"

func not(n tree) tree {
	return tree{"class": "OPERATOR", "type": "OPERATOR_NOT", "alias": "", "query_location": nowhere, "children": []any{n}}
}

// sum has PostgreSQL's types: of int8 a numeric, so that a division of it has
// digits behind the point; of int4 an int8, so that it has none.
func (t *translator) sum(n tree, args []any) tree {
	if len(args) != 1 {
		return n
	}
	big := []string{"BIGINT", "HUGEINT", "UBIGINT"}
	if str(n, "class") == "WINDOW" {
		// Written once: the engine would compute a window as often as it stands there.
		zero := byType(args[0], cast(integer(0), "TINYINT"), arm{"numeric", big, cast(integer(0), "DECIMAL", 1, 0)})
		return operator("+", n, zero)
	}
	whole := cast(n, "BIGINT")
	whole["try_cast"] = true
	of := call("any_value", clone(args[0])) // of rows that are put together it is asked
	return byType(of, n, arm{"numeric", big, operator("+", n, cast(integer(0), "DECIMAL", 1, 0))}, arm{"whole", []string{"INTEGER", "SMALLINT", "TINYINT"}, whole})
}

// extract gives a numeric, as a function (date_part) a double.
func (t *translator) extract(n tree, args []any) tree {
	if len(args) != 2 {
		return n
	}
	field, ok := text(args[0].(tree))
	if !ok {
		return t.refuse(n, "date_part('year', …)", "the field of date_part must stand in the statement")
	}
	tok, _ := t.token(n)
	asFunction := !tok.Is("extract")
	field = strings.ToLower(field)
	var v tree
	scale := 0
	switch field {
	case "year", "month", "day", "hour", "minute", "quarter", "week", "dow", "isodow", "doy", "isoyear", "century", "decade", "millennium", "microseconds", "microsecond":
		v = call("date_part", constant(field), args[1])
	case "years", "months", "days", "hours", "minutes", "weeks":
		v = call("date_part", constant(strings.TrimSuffix(field, "s")), args[1])
	case "second", "seconds":
		v, scale = operator("/", cast(call("date_part", constant("microsecond"), args[1]), "DECIMAL", 18, 6), cast(integer(1000000), "DOUBLE")), 6
	case "millisecond", "milliseconds":
		v, scale = operator("/", cast(call("date_part", constant("microsecond"), args[1]), "DECIMAL", 18, 3), cast(integer(1000), "DOUBLE")), 3
	case "epoch":
		v, scale = call("date_part", constant(field), args[1]), 6
	default:
		return t.refuse(n, "", "the field %q of date_part is not supported", field)
	}
	if field != "epoch" {
		v = t.zoneless(v, args[1])
	}
	if asFunction {
		return cast(v, "DOUBLE")
	}
	return cast(v, "DECIMAL", 18, scale)
}

// truncated gives of a date what PostgreSQL gives: a moment with a zone.
func (t *translator) truncated(n tree, args []any) tree {
	if len(args) != 2 {
		return t.refuse(n, "", "date_trunc with a time zone is not supported")
	}
	if field, ok := text(args[0].(tree)); !ok || !truncations[strings.ToLower(field)] {
		return t.refuse(n, "date_trunc('month', …)", "the unit of date_trunc must stand in the statement, and be one of PostgreSQL's")
	}
	if s, ok := text(args[1].(tree)); ok {
		args[1] = cast(constant(s), "TIMESTAMP WITH TIME ZONE")
	}
	// Of a NULL the engine's statistics know nothing behind date_trunc; a group of
	// them would be a date of the stone age.
	known := func(v tree) tree {
		missing := tree{"class": "OPERATOR", "type": "OPERATOR_IS_NULL", "alias": "", "query_location": nowhere, "children": []any{clone(args[1])}}
		return when(missing, null(), v)
	}
	moment := call("timezone", constant(t.zone), cast(n, "TIMESTAMP"))
	if t.zone == Shanghai {
		moment = named("postgres_midnight", n)
	}
	return byType(args[1], t.zoneless(n, args[1]), arm{"moment", []string{"DATE"}, known(moment)}, arm{"clock", []string{"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}, known(cast(n, "TIMESTAMP"))})
}

var truncations = map[string]bool{
	"microseconds": true, "milliseconds": true, "second": true, "minute": true, "hour": true, "day": true, "week": true, "month": true,
	"quarter": true, "year": true, "decade": true, "century": true, "millennium": true,
}

// substring counts from where PostgreSQL counts, or takes what matches.
func (t *translator) substring(n tree, args []any) tree {
	if len(args) == 2 {
		if pattern, ok := text(args[1].(tree)); ok {
			return t.firstMatch(n, args[0], pattern)
		}
	}
	if start, ok := whole(args[1].(tree)); ok && start >= 1 {
		if length, ok := whole(args[len(args)-1].(tree)); len(args) == 2 || ok && length >= 0 {
			return n
		}
	}
	return named("postgres_substr", args...)
}

// trimmed takes spaces away, and nothing else that is white.
func trimmed(name string, args []any) tree {
	if len(args) == 1 {
		args = append(args, constant(" "))
	}
	return call(name, args...)
}

// padded has a space where no filling is named.
func padded(n tree, args []any) tree {
	if len(args) == 2 {
		n["children"] = append(args, constant(" "))
	}
	return n
}

// overlaid is OVERLAY(a PLACING b FROM c FOR d).
func (t *translator) overlaid(n tree, args []any) tree {
	if len(args) == 3 {
		args = append(args, call("length", clone(args[1])))
	}
	if len(args) != 4 {
		return n
	}
	return named("postgres_overlay", args...)
}

// maxSeries is how many values a series in a SELECT list may have: it is in
// memory as a whole.
const maxSeries = 10_000

// series is a set in a SELECT list, which makes rows.
func (t *translator) series(n tree, name string, args []any) tree {
	if name == "unnest" || len(args) < 2 {
		return n
	}
	from, ok := whole(args[0].(tree))
	to, ok2 := whole(args[1].(tree))
	if !ok || !ok2 || to-from > maxSeries || from-to > maxSeries {
		return t.refuse(n, "SELECT … FROM generate_series(…)", "generate_series in a SELECT list is served for short series of whole numbers that stand in the statement")
	}
	return call("unnest", call("generate_series", args...))
}

// arrayLength is NULL of an empty array.
func arrayLength(args []any) tree {
	if len(args) == 2 {
		if dim, ok := whole(args[1].(tree)); ok && dim == 1 {
			return call("nullif", call("len", args[0]), integer(0))
		}
	}
	return call("array_length", args...)
}

// rounded has as many digits as were asked for. Halves go to the even neighbour
// where the statement itself says that the number is a floating-point one; of
// other doubles it is not known whether PostgreSQL has a numeric there.
func (t *translator) rounded(n tree, args []any) tree {
	if len(args) == 1 && isFloat(args[0].(tree)) {
		if _, written := t.token(args[0].(tree)); written >= 0 {
			return call("round_even", args[0], integer(0))
		}
	}
	if len(args) == 2 {
		if digits, ok := whole(args[1].(tree)); ok && digits >= 0 && digits <= 18 {
			return cast(n, "DECIMAL", 38, digits)
		}
	}
	return n
}

// formatted is format() with %s alone.
func (t *translator) formatted(n tree, args []any) tree {
	pattern, ok := "", false
	if len(args) > 0 {
		pattern, ok = text(args[0].(tree))
	}
	if !ok {
		return t.refuse(n, "format('%s', …)", "the format must stand in the statement")
	}
	parts, next := []any{}, 1
	for {
		before, rest, found := strings.Cut(pattern, "%")
		if before != "" {
			parts = append(parts, constant(before))
		}
		if !found {
			break
		}
		switch {
		case strings.HasPrefix(rest, "%"):
			parts = append(parts, constant("%"))
		case strings.HasPrefix(rest, "s"):
			if next >= len(args) {
				return t.fail(n, "22023", "", "too few arguments for format()")
			}
			parts = append(parts, asText(args[next].(tree)))
			next++
		default:
			return t.refuse(n, "", "format() is served with %%s and %%%% alone")
		}
		pattern = rest[1:]
	}
	return call("concat", append(parts, constant(""))...)
}

// bytes are written as hexadecimal digits, and read from them.
func (t *translator) bytes(n tree, function string, args []any) tree {
	if len(args) == 2 {
		if how, _ := text(args[1].(tree)); strings.EqualFold(how, "hex") {
			if function == "hex" {
				return call("lower", call("hex", args[0]))
			}
			return call(function, args[0])
		}
	}
	return t.refuse(n, "'hex'", "%s is served for 'hex' alone", str(n, "function_name"))
}
