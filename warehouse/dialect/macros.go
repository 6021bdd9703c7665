package dialect

import (
	_ "embed"
	"strings"
)

//go:embed macros.sql
var macrosSQL string

// Macros returns the statements that give a DuckDB connection the functions
// that Trino has and DuckDB has not, or has with another meaning. They are to
// be run one by one and in order on every new connection: they are TEMP, so
// nothing of them is written to a file, and a connection without them reads a
// model wrongly.
func Macros() []string {
	var statements []string
	for _, part := range strings.Split(macrosSQL, ";\n") {
		var lines []string
		for _, line := range strings.Split(part, "\n") {
			if !strings.HasPrefix(line, "--") && strings.TrimSpace(line) != "" {
				lines = append(lines, line)
			}
		}
		if len(lines) > 0 {
			statements = append(statements, strings.Join(lines, "\n"))
		}
	}
	return statements
}
