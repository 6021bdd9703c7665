package pgsql

import (
	_ "embed"
	"regexp"
	"strings"
)

//go:embed macros.sql
var macros string

var comments = regexp.MustCompile(`(?m)^--.*$`)

// Macros are the statements that a connection runs before it is asked what
// Translate makes.
func Macros() []string {
	var list []string
	for s := range strings.SplitSeq(comments.ReplaceAllString(macros, ""), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}
