package dialect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Finding is one place where a text leaves what both engines run alike. Hint
// says what to write instead. Line and Column count from 1, Column in
// characters.
type Finding struct {
	Rule, Message, Hint string
	Line, Column        int
}

func (f Finding) String() string {
	return fmt.Sprintf("%d:%d: %s: %s (Try: %s)", f.Line, f.Column, f.Rule, f.Message, f.Hint)
}

// rule is one entry of the lint. Its message is a format for the arguments of
// a hit; its hint is used where a hit brings none.
type rule struct {
	name, message, hint string
	check               func(q *Query) []hit
	// explains is set where DuckDB may refuse the construct outright, so that
	// the hint belongs to its syntax error.
	explains bool
}

// hit is one place that breaks a rule.
type hit struct {
	at   int
	args []any
	hint string
}

// Rules returns the names of the rules in order.
func Rules() []string {
	names := []string{allowRule}
	for _, r := range allRules() {
		names = append(names, r.name)
	}
	slices.Sort(names)
	return names
}

func allRules() []rule { return slices.Concat(textRules(), treeRules(), functionRules()) }

// Lint returns what in a text does not hold for both engines, in the order of
// the text; nil if nothing is. A comment
//
//	-- lint:allow rule reason
//
// at the end of a line, or alone on the line above it, excuses that rule there.
// An exception without a reason, of a rule that is none, or with nothing to
// excuse is itself a finding.
func Lint(q *Query) []Finding {
	var findings []Finding
	for _, r := range allRules() {
		for _, h := range r.check(q) {
			line, column := q.position(h.at)
			f := Finding{Rule: r.name, Message: r.message, Hint: cmp.Or(h.hint, r.hint), Line: line, Column: column}
			if len(h.args) > 0 {
				f.Message = fmt.Sprintf(r.message, h.args...)
			}
			findings = append(findings, f)
		}
	}
	findings = q.excuse(findings)
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column, strings.Compare(a.Rule, b.Rule), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(findings)
}

const (
	allowRule  = "lint-allow"
	allowStart = "lint:allow"
)

// excuse drops the findings that a comment allows and adds one for each
// comment that does not stand.
func (q *Query) excuse(findings []Finding) []Finding {
	for _, c := range q.comments {
		body, ok := strings.CutPrefix(strings.TrimSpace(strings.TrimPrefix(q.raw(c), "--")), allowStart)
		if !ok || !strings.HasPrefix(q.raw(c), "--") {
			continue
		}
		name, reason, _ := strings.Cut(strings.TrimSpace(body), " ")
		line, column := q.position(c.start)
		reject := func(message, hint string) {
			findings = append(findings, Finding{Rule: allowRule, Message: message, Hint: hint, Line: line, Column: column})
		}
		switch {
		case !slices.Contains(Rules(), name) || name == allowRule:
			reject(fmt.Sprintf("there is no rule %q", name), "name one of the lint's rules, as a finding does")
			continue
		case strings.TrimSpace(reason) == "":
			reject("an exception without a reason", "-- lint:allow "+name+" why it holds for both engines")
			continue
		}
		covered := line
		if strings.HasPrefix(strings.TrimSpace(q.line(c.start)), "--") {
			covered++
		}
		kept := slices.DeleteFunc(slices.Clone(findings), func(f Finding) bool { return f.Rule == name && f.Line == covered })
		if len(kept) == len(findings) {
			reject("nothing on its line breaks "+name, "remove the comment")
			continue
		}
		findings = kept
	}
	return findings
}
