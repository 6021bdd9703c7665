package gate

import (
	"maps"
	"slices"
	"strings"
)

// A statement sees its tables through filters that take other regions' rows
// away. The engine may move a part of the statement in front of such a filter,
// and if that part fails on a row that the reader must not see, the error tells
// of the row. The engine leaves casts and arithmetic behind the filter, since it
// knows that they can fail; of other functions it does not know it (substr with
// an offset out of range is one). So a statement that calls anything but what
// follows is guarded: it reads its tables behind a barrier, which costs it the
// filters that the engine would have moved into the scan with profit.

// safe are functions that fail on no value of their arguments, or that the
// engine knows to fail.
var safe = words(`
	+ - * / // % || ~~ !~~ ~~* !~~*
	coalesce ifnull nullif greatest least concat
	lower upper lcase ucase length starts_with ends_with prefix suffix contains strpos instr position trim ltrim rtrim
	abs floor ceil ceiling sign isnan isinf isfinite
	year quarter month week day hour minute second dayofweek dayofmonth dayofyear isodow isoyear day_of_week year_of_week last_day last_day_of_month
	now current_date current_timestamp
	typeof struct_pack struct_extract postgres_float_text postgres_midnight
`)

// safeWithConstants are those that fail on none of their first argument, where
// it is the last that decides (dates come last), if the others stand in the
// text.
var safeWithConstants = words(`
	substr substring left right replace round date_trunc datetrunc date_part datepart
`)

// guarded reports whether a statement has to read its tables behind a barrier.
func guarded(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, guarded)
	case tree:
		if canFail(v) {
			return true
		}
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if key != "cast_type" && guarded(v[key]) {
				return true
			}
		}
	}
	return false
}

// canFail looks at one node, without those below it.
func canFail(n tree) bool {
	switch str(n, "class") {
	case "FUNCTION":
		name := strings.ToLower(str(n, "function_name"))
		switch {
		case safe[name], aggregates[name]:
			return false
		case safeWithConstants[name]:
			return variables(list(n, "children")) > 1
		}
		return true
	case "OPERATOR":
		return !slices.Contains([]string{
			"OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL", "COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_COALESCE", "OPERATOR_NULLIF", "GROUPING_FUNCTION",
		}, str(n, "type"))
	case "COLLATE":
		return true
	}
	return false
}

// variables counts the arguments that do not stand in the text.
func variables(args []tree) (n int) {
	for _, a := range args {
		if str(a, "class") != "CONSTANT" {
			n++
		}
	}
	return n
}
