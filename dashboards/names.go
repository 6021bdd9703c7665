package dashboards

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"zhicang/models"
)

// checkSQL scans what a panel or a variable asks and checks every name in it
// against the contracts: tables that readers can reach, columns that these
// have. It returns the tables. What only an engine can know, `zhicang boards
// check` finds.
func (l *loader) checkSQL(at, who, sql string, variables []Variable) ([]string, error) {
	fail := func(offset int, try, format string, args ...any) error {
		err := l.fail(at+".sql", try, "board %s, %s: %s", l.board.UID, who, fmt.Sprintf(format, args...))
		var fe *models.FileError
		if errors.As(err, &fe) {
			fe.Line += l.lineIn(at+".sql", sql, offset)
		}
		return err
	}
	if strings.TrimSpace(sql) == "" {
		return nil, fail(0, "add `sql:`", "asks nothing")
	}
	tokens, err := scan(sql)
	var se *scanError
	if errors.As(err, &se) {
		return nil, fail(se.at, se.try, "%s", se.msg)
	}
	for _, t := range tokens {
		switch {
		case t.kind == variable && !slices.ContainsFunc(variables, func(v Variable) bool { return v.Name == t.text }):
			return nil, fail(t.start, "variables that stand before it on the board can be used", "no variable %q", t.text)
		case t.kind == macro:
			if _, err := expandMacro(t.text, t.args, 0, Span{}); err != nil {
				return nil, fail(t.start, "there are $"+strings.Join(macros, ", $"), "%v", err)
			}
		}
	}
	q := &names{loader: l, tokens: tokens, tables: map[string][]string{}, loose: map[string]bool{}, defined: map[string]bool{}}
	if bad := q.check(); bad != nil {
		return nil, fail(bad.at, bad.try, "%s", bad.msg)
	}
	return q.read, nil
}

// lineIn is how many lines below its key a place in the SQL stands.
func (l *loader) lineIn(at, sql string, offset int) int {
	lines := strings.Split(string(l.data), "\n")
	n := strings.Count(sql[:min(offset, len(sql))], "\n")
	if key := models.LineOf(l.data, at); key > 0 && key <= len(lines) {
		if head := strings.TrimRight(lines[key-1], " \r"); strings.HasSuffix(head, "|") || strings.HasSuffix(head, "|-") {
			return n + 1
		}
	}
	return 0
}

// names resolves the names in one statement without an engine: a name is a
// keyword, a function, something that the statement itself defines, or a
// column of a table that it reads. That is enough to notice a column that is
// gone.
type names struct {
	*loader
	tokens  []token
	read    []string            // tables, in the order in which they stand
	tables  map[string][]string // alias → tables: in subqueries one alias may stand for several
	loose   map[string]bool     // aliases of CTEs, whose columns are not known
	defined map[string]bool     // CTEs, subqueries and the columns that they give
}

func (q *names) check() *scanError {
	for i := range q.tokens {
		if err := q.table(i); err != nil {
			return err
		}
		q.define(i)
	}
	for i := range q.tokens {
		if err := q.column(i); err != nil {
			return err
		}
	}
	return nil
}

// is reports whether the i-th token is this keyword or mark.
func (q *names) is(i int, s string) bool {
	if i < 0 || i >= len(q.tokens) {
		return false
	}
	t := q.tokens[i]
	return (t.kind == word || t.kind == mark) && strings.EqualFold(t.text, s)
}

func (q *names) isName(i int) bool {
	if i < 0 || i >= len(q.tokens) {
		return false
	}
	t := q.tokens[i]
	return t.kind == quoted || t.kind == word && !keywords[strings.ToUpper(t.text)]
}

// table takes down a table that is read, and by what name.
func (q *names) table(i int) *scanError {
	if !q.isName(i) || !q.is(i+1, ".") || !q.isName(i+2) || !(q.is(i-1, "FROM") || q.is(i-1, "JOIN") || q.is(i-1, ",")) {
		return nil
	}
	name := q.tokens[i].text + "." + q.tokens[i+2].text
	if !q.is(i-1, ",") || slices.Contains([]string{"ods", "dim", "dwd", "dws", "ads"}, q.tokens[i].text) {
		c, ok := q.catalog.Contract(name)
		switch {
		case !ok:
			return &scanError{q.tokens[i].start, "no table " + name, q.nearReference(name)}
		case !c.Published():
			return &scanError{q.tokens[i].start, "readers can't reach " + name, "read ads and dim tables"}
		case c.Layer() == "ads" && c.Domain() != q.board.Domain:
			return &scanError{q.tokens[i].start, name + " belongs to another domain, whose readers are others", "keep the board in " + c.Domain() + "/, or split it"}
		}
		if !slices.Contains(q.read, name) {
			q.read = append(q.read, name)
		}
		alias := i + 3
		if q.is(alias, "AS") {
			alias++
		}
		if q.isName(alias) {
			q.alias(q.tokens[alias].text, name)
		}
		q.alias(q.tokens[i+2].text, name)
	}
	return nil
}

func (q *names) alias(alias, table string) {
	if !slices.Contains(q.tables[alias], table) {
		q.tables[alias] = append(q.tables[alias], table)
	}
}

// define takes down the names that the statement itself gives.
func (q *names) define(i int) {
	if !q.isName(i) {
		return
	}
	name := q.tokens[i].text
	switch {
	case q.is(i-1, "AS"):
		q.defined[name] = true
		for j := i + 1; q.is(i+1, "(") && j < len(q.tokens) && !q.is(j, ")"); j++ {
			if q.isName(j) {
				q.defined[q.tokens[j].text] = true
			}
		}
	case q.is(i+1, "AS") && q.is(i+2, "("), q.is(i-1, ")"): // a CTE; the name of a subquery
		q.defined[name] = true
	case (q.is(i-1, "FROM") || q.is(i-1, "JOIN")) && !q.is(i+1, "."):
		q.defined[name], q.loose[name] = true, true // a CTE is checked where it is defined
		alias := i + 1
		if q.is(alias, "AS") {
			alias++
		}
		if q.isName(alias) {
			q.defined[q.tokens[alias].text], q.loose[q.tokens[alias].text] = true, true
		}
	}
}

// column checks a name that must be a column.
func (q *names) column(i int) *scanError {
	t := q.tokens[i]
	if !q.isName(i) || q.is(i+1, "(") {
		return nil
	}
	if q.is(i-1, ".") && i >= 2 {
		of := q.tokens[i-2].text
		if slices.Contains(q.read, of+"."+t.text) {
			return nil // the table itself
		}
		if tables := q.tables[of]; len(tables) > 0 && !q.loose[of] {
			if q.has(tables, t.text) {
				return nil
			}
			return &scanError{t.start, fmt.Sprintf("%s has no column %q", strings.Join(tables, ", "), t.text), q.nearColumn(t.text, tables)}
		}
	}
	if q.is(i+1, ".") || q.defined[t.text] || q.tables[t.text] != nil || q.has(q.read, t.text) {
		return nil
	}
	return &scanError{t.start, fmt.Sprintf("no column %q in %s", t.text, strings.Join(q.read, ", ")), q.nearColumn(t.text, q.read)}
}

// has reports whether one of the tables has the column.
func (q *names) has(tables []string, column string) bool {
	return slices.ContainsFunc(tables, func(table string) bool {
		c, ok := q.catalog.Contract(table)
		if !ok {
			return false
		}
		_, ok = c.Column(column)
		return ok
	})
}

// keywords are words of SQL that are no names.
var keywords = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`ALL AND ANTI ANY AS ASC AT BETWEEN BIGINT BOOLEAN BOTH BY CASE CAST COLLATE CROSS CURRENT CURRENT_DATE
		CURRENT_TIMESTAMP DATE DAY DECIMAL DESC DISTINCT DOUBLE ELSE END EPOCH ESCAPE EXCEPT EXISTS EXTRACT FALSE FETCH FILTER FIRST FLOAT
		FOLLOWING FOR FROM FULL GROUP GROUPING HAVING HOUR ILIKE IN INNER INTEGER INTERSECT INTERVAL IS JOIN LAST LATERAL LEADING LEFT LIKE
		LIMIT MINUTE MONTH NATURAL NEXT NOT NULL NULLS NUMERIC OFFSET ON ONLY OR ORDER ORDINALITY OUTER OVER PARTITION PRECEDING QUARTER
		RANGE REAL RECURSIVE RIGHT ROLLUP ROW ROWS CUBE SECOND SELECT SEMI SETS SMALLINT SOME TEXT THEN TIES TIME TIMESTAMP TRAILING TRUE
		TRY_CAST UNBOUNDED UNION UNNEST USING VALUES VARCHAR WEEK WHEN WHERE WINDOW WITH WITHIN WITHOUT YEAR ZONE`) {
		m[w] = true
	}
	return m
}()
