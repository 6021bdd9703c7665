package reader

import (
	"regexp"
	"strings"

	"zhicang/serve/gate"
)

// phrase is what the engine says of a statement, and what PostgreSQL says, with
// its SQLSTATE. The engine's words are not those of whoever speaks PostgreSQL;
// and it has fewer kinds of error.
type phrase struct {
	engine  *regexp.Regexp
	code    string
	message string // with $1 … of the engine's
}

// inWords returns what PostgreSQL says where the engine says text.
func inWords(text string) (*Error, bool) {
	for _, p := range phrases {
		if m := p.engine.FindStringSubmatchIndex(text); m != nil {
			return &Error{Code: p.code, Message: plainWords(string(p.engine.ExpandString(nil, p.message, text, m)))}, true
		}
	}
	return nil, false
}

func said(engine, code, message string) phrase {
	return phrase{regexp.MustCompile(engine), code, message}
}

var phrases = []phrase{
	said(`division by zero`, "22012", "division by zero"),
	said(`negative substring length`, "22011", "negative substring length not allowed"),
	said(`More than one row returned by a subquery`, "21000", "more than one row returned by a subquery used as an expression"),
	said(`Could not find key "not supported: (.*?)" in struct`, gate.NotSupported, "$1 is not supported"),
	said(`Subquery returns (\d+) columns`, gate.SyntaxError, "subquery must return only one column"),
	said(`Referenced column "([^"]*)" not found`, "42703", `column "$1" does not exist`),
	said(`Table "([^"]*)" does not have a column named "([^"]*)"`, "42703", `column $1.$2 does not exist`),
	said(`Values list "([^"]*)" does not have a column named "([^"]*)"`, "42703", `column $1.$2 does not exist`),
	said(`Referenced table "([^"]*)" not found`, gate.UndefinedTable, `missing FROM-clause entry for table "$1"`),
	said(`Ambiguous reference to column name "([^"]*)"`, "42702", `column reference "$1" is ambiguous`),
	said(`[Cc]olumn "([^"]*)" must appear in the GROUP BY clause`, "42803", `column "$1" must appear in the GROUP BY clause or be used in an aggregate function`),
	said(`aggregate function calls cannot be nested`, "42803", "aggregate function calls cannot be nested"),
	said(`(WHERE|GROUP BY|HAVING) clause cannot contain (aggregates|window functions)`, "42803", "$2 are not allowed in $1"),
	said(`(?:Scalar|Aggregate|Table) Function with name "?([^ "]+)"? does not exist`, gate.UndefinedFunction, "function $1 does not exist"),
	said(`No function matches the given name and argument types '([^']*)'`, gate.UndefinedFunction, "no function or operator matches $1"),
	said(`Could not choose a best candidate function for the function call "([^"]*)"`, "42725", "function $1 is not unique; casts help"),
	said(`date field value out of range`, "22008", "date/time field value out of range"),
	said(`invalid (timestamp|date|time) field format`, "22007", "invalid input syntax for type $1"),
	said(`Could not parse string .* according to format specifier`, "22007", "a text is no date of the format that is given for it"),
	said(`Overflow|out of range|Out of Range|Out of range`, "22003", "a number of this statement is out of range"),
	said(`Could not (?:convert|cast) string .* to '?(\w+)`, "22P02", "invalid input syntax for type $1"),
	said(`Could not (?:convert|cast) .* to '?(DECIMAL\([^)]*\))`, "22003", "numeric field overflow: $1"),
	said(`can't be cast (?:because|to).*? ([A-Z]+[\[\]]*)$`, "22003", "a value is out of range for type $1"),
	said(`Cannot compare values of type (\S+) and (?:type )?(\S+)`, gate.UndefinedFunction, "operator does not exist: $1 = $2"),
	said(`Cannot mix values of type (\S+) and (\S+)`, "42804", "types $1 and $2 cannot be matched"),
	said(`(?i)invalid regular expression|missing (?:closing )?[)\]]|bad repetition|no argument for repetition|invalid (?:escape|perl|group|character class|repetition)`, "2201B", "invalid regular expression"),
	said(`Set operations can only apply to expressions with the same number`, gate.SyntaxError, "each part of the UNION must have the same number of columns"),
	said(`LIMIT.*(?:negative|cannot be)|(?:negative|cannot be).*LIMIT`, "2201W", "LIMIT must not be negative"),
	said(`OFFSET.*(?:negative|cannot be)|(?:negative|cannot be).*OFFSET`, "2201X", "OFFSET must not be negative"),
	said(`(?:ORDER|GROUP) (?:BY )?term out of range`, "42P10", "a position in ORDER BY or GROUP BY is not in the select list"),
	said(`cannot take logarithm of (zero|a negative number)`, "2201E", "cannot take logarithm of $1"),
	said(`cannot take square root of a negative number`, "2201F", "cannot take square root of a negative number"),
	said(`does not support lateral|LATERAL join`, gate.NotSupported, "this LATERAL is not supported"),
}

// plainWords puts PostgreSQL's names of types in the place of the engine's.
func plainWords(text string) string {
	return strings.NewReplacer(
		"DuckDB", "the server", "STRING_LITERAL", "unknown", "INTEGER_LITERAL", "integer", "TIMESTAMP WITH TIME ZONE", "timestamp with time zone",
		"HUGEINT", "numeric", "INT128", "numeric", "INT64", "bigint", "INT32", "integer", "INT16", "smallint", "VARCHAR", "text", "DOUBLE", "double precision", "BLOB", "bytea",
		"BIGINT", "bigint", "INTEGER", "integer", "DECIMAL", "numeric", "BOOLEAN", "boolean",
	).Replace(text)
}
