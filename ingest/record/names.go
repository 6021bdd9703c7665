package record

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"

	"zhicang/ingest"
)

// Fold brings a column's name into the form in which two names are compared:
// full-width forms become half-width, letters lower case, and spaces, line
// breaks and invisible marks go. What people type into header cells differs in
// these and means the same.
func Fold(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, width.Fold.String(name)))
}

// Nearest finds the name among those that are there which looks most like the
// one that is missing; empty when none does.
func Nearest(missing string, there []string) string {
	want := []rune(Fold(missing))
	best, bestCost := "", 1+(len(want)+1)/2
	for _, name := range there {
		have := []rune(Fold(name))
		if len(have) == 0 {
			continue
		}
		cost := distance(want, have)
		if strings.Contains(string(have), string(want)) || strings.Contains(string(want), string(have)) {
			cost = min(cost, 1)
		}
		if cost < bestCost {
			best, bestCost = name, cost
		}
	}
	return best
}

// Missing is the error for wanted names of which some are not among those that
// are there: it lists both, and hints at the likely counterpart of each that is
// missing. A name that is wanted itself is nobody else's counterpart.
func Missing(wanted, missing, there []string) *ingest.Error {
	free := slices.DeleteFunc(slices.Clone(there), func(name string) bool {
		return slices.ContainsFunc(wanted, func(w string) bool { return Fold(w) == Fold(name) })
	})
	var near, units []string
	for _, name := range missing {
		switch n := Nearest(name, free); {
		case n != "" && inAnotherUnit(name, n):
			units = append(units, fmt.Sprintf("%s is not %s", n, name))
		case n != "":
			near = append(near, fmt.Sprintf("%s → %s", name, n))
		}
	}
	try := "correct the names under columns: in the config, or ask the department for the old header"
	if len(units) > 0 {
		try = strings.Join(units, ", ") + ": the numbers are in another unit; ask the department for the old one. Otherwise " + try
	}
	if len(near) > 0 {
		try = "did you mean " + strings.Join(near, ", ") + "? Otherwise " + try
	}
	return &ingest.Error{
		Column: missing[0], Try: try,
		Err: fmt.Errorf("no column %s among: %s", List(missing), List(there)),
	}
}

// inAnotherUnit reports whether two names differ in nothing but the size of their
// unit, as 产值(元) and 产值(万元) do.
func inAnotherUnit(a, b string) bool {
	bare := func(name string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("十百千万亿", r) {
				return -1
			}
			return r
		}, Fold(name))
	}
	return Fold(a) != Fold(b) && bare(a) == bare(b)
}

// maxNames and maxName bound the names that a message lists: where a line of
// data was taken for the header, a message must not become a copy of it.
const (
	maxNames = 40
	maxName  = 24
)

// List writes names for a message, bounded in number. A header is not personal data; digits are,
// where they come in the length of an identifier, so a name like that is not
// shown.
func List(names []string) string {
	if len(names) == 0 {
		return "(nothing)"
	}
	out := make([]string, 0, len(names))
	for _, n := range names {
		n = strings.Join(strings.Fields(n), " ")
		if n == "" {
			continue
		}
		if LooksLikeData(n) {
			n = "…"
		}
		out = append(out, n)
		if len(out) == maxNames {
			out = append(out, fmt.Sprintf("… (%d in all)", len(names)))
			break
		}
	}
	return strings.Join(slices.Compact(out), ", ")
}

// Shown is a name for a report: one that looks like data is not shown.
func Shown(name string) string {
	if LooksLikeData(name) {
		return "…"
	}
	return name
}

// LooksLikeData says whether a cell is hardly the name of a column: it has as
// many digits as a date or an identifier, or is as long as a text.
func LooksLikeData(cell string) bool {
	digits := 0
	for _, r := range width.Fold.String(cell) {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits >= 6 || utf8.RuneCountInString(cell) > maxName
}

// distance is the Levenshtein distance of two short names.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
