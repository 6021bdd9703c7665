package reader

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"zhicang/serve/account"
	"zhicang/serve/gate"
	"zhicang/serve/pgsql"
	"zhicang/warehouse/dialect"
)

// plan is a statement that has passed the gate, as it runs for a scope.
type plan struct {
	text    string // with the scope's names, without comments behind it
	limited bool   // its last clause is a LIMIT already
	scope   *scope
	bound   int // how many values it wants bound
	// platform says that it reads tables of the platform's file, and no others.
	platform bool
}

// prepare gates a statement for an account.
func (ed *edition) prepare(ctx context.Context, conn *sql.Conn, acct account.Account, s Statement) (plan, error) {
	sc, err := ed.scope(ctx, conn, acct)
	if err != nil {
		return plan{}, err
	}
	key := planKey{sc.catalog, s.SQL, s.Postgres, s.Zone}
	if p, ok := ed.plans.get(key); ok {
		return p, nil
	}
	if err := gate.Measure(s.SQL); err != nil {
		return plan{}, err
	}
	q, err := ed.parse(ctx, conn, s, sc)
	if err != nil {
		return plan{}, err
	}
	run, err := gate.Check(q, sc)
	if err != nil {
		return plan{}, ed.whyNoTable(acct, q, err)
	}
	if run, err = dialect.Bare(run); err != nil {
		return plan{}, &Error{Code: gate.SyntaxError, Message: err.Error()}
	}
	p := plan{text: run, limited: limited(q.Trees()[0]), scope: sc, bound: len(parameters(q.Trees()[0], nil)), platform: ed.ofPlatform(q)}
	ed.plans.put(key, p)
	return p, nil
}

// ofPlatform reports whether a statement reads the platform's file alone.
func (ed *edition) ofPlatform(q *dialect.Query) bool {
	read := 0
	for _, ref := range q.Tables() {
		if t, ok := ed.tables[strings.ToLower(ref.Schema+"."+ref.Name)]; ok {
			if t.file != platformFile {
				return false
			}
			read++
		}
	}
	return read > 0
}

// parse reads a statement; one of PostgreSQL's is carried over to the engine's
// SQL, and what is read is the text that comes of it.
func (ed *edition) parse(ctx context.Context, conn *sql.Conn, s Statement, sc *scope) (*dialect.Query, error) {
	tree, err := ed.engine.Tree(ctx, conn, s.SQL)
	if err != nil {
		return nil, ed.engineError(ctx, err, plan{scope: sc})
	}
	q, err := dialect.Parse(s.SQL, tree)
	if err != nil && explains(s.SQL) {
		return nil, &Error{Code: gate.NotSupported, Message: "EXPLAIN is not served: the plans are another engine's than PostgreSQL's", Try: "send the statement itself"}
	}
	if err != nil || !s.Postgres {
		return q, ed.parseError(ctx, err, sc)
	}
	made, err := pgsql.Translate(s.SQL, tree, cmp.Or(s.Zone, pgsql.Shanghai))
	if err != nil {
		return nil, err
	}
	text, err := ed.engine.Write(ctx, conn, made)
	if err != nil {
		return nil, ed.engineError(ctx, err, plan{scope: sc})
	}
	if tree, err = ed.engine.Tree(ctx, conn, text); err != nil {
		return nil, ed.engineError(ctx, err, plan{scope: sc})
	}
	if !pgsql.Same(made, tree) {
		return nil, &Error{Code: gate.NotSupported, Message: "this statement cannot be carried over exactly", Try: "write it in another way, in smaller pieces"}
	}
	q, err = dialect.Parse(text, tree)
	return q, ed.parseError(ctx, err, sc)
}

func (ed *edition) parseError(ctx context.Context, err error, sc *scope) error {
	if err == nil {
		return nil
	}
	var syntax *dialect.SyntaxError
	if errors.As(err, &syntax) {
		if strings.Contains(syntax.Message, "Only SELECT") {
			return &Error{Code: gate.InsufficientPrivilege, Message: "only SELECT is allowed here", Try: "one SELECT"}
		}
		if unsupported(syntax.Message) {
			return &Error{Code: gate.NotSupported, Message: "a part of this statement is not supported" + near(syntax), Try: syntax.Hint}
		}
		if strings.Contains(syntax.Message, "expression depth") || strings.Contains(syntax.Message, "memory exhausted") {
			return &Error{Code: gate.TooComplex, Message: "the statement is nested too deeply"}
		}
		if syntax.Line == 0 {
			return &Error{Code: gate.SyntaxError, Message: syntax.Message, Try: syntax.Hint}
		}
		return &Error{Code: gate.SyntaxError, Message: fmt.Sprintf("%d:%d: %s", syntax.Line, syntax.Column, syntax.Message), Try: syntax.Hint}
	}
	return ed.engineError(ctx, err, plan{scope: sc})
}

// explains reports whether a text asks for a plan.
func explains(text string) bool {
	tokens, err := dialect.Tokens(text)
	return err == nil && len(tokens) > 0 && tokens[0].Is("explain")
}

// unsupported tells what the parser knows and does not take from what it does
// not know.
func unsupported(message string) bool {
	lower := strings.ToLower(message)
	return slices.ContainsFunc([]string{"not supported", "not implemented", "unimplemented", "unsupported", "expression type t_"}, func(words string) bool { return strings.Contains(lower, words) })
}

// near is the place of an error, to be put behind what it says.
func near(e *dialect.SyntaxError) string {
	if e.Line == 0 {
		return ""
	}
	return fmt.Sprintf(", at %d:%d", e.Line, e.Column)
}

// whyNoTable tells a table that is not there yet from one that there is not: to
// an account that may read it.
func (ed *edition) whyNoTable(acct account.Account, q *dialect.Query, err error) error {
	var refused *gate.Refused
	if !errors.As(err, &refused) || refused.Code != gate.UndefinedTable {
		return err
	}
	for _, t := range q.Tables() {
		name := strings.ToLower(t.Schema + "." + t.Name)
		c, known := ed.catalog.Contract(name)
		if _, there := ed.tables[name]; there || !known || !c.Published() || !acct.Reads(c.Domain()) {
			continue
		}
		if ed.missing != nil {
			return ed.missing
		}
		return &Error{Code: gate.UndefinedTable, Message: fmt.Sprintf("table %s is not in the publication, which is older than it", name), Try: "zhicang run"}
	}
	return err
}

// limited reports whether the outermost query ends in a LIMIT.
func limited(n map[string]any) bool {
	for n["type"] == "CTE_NODE" {
		n, _ = n["child"].(map[string]any)
	}
	list, _ := n["modifiers"].([]any)
	for _, m := range list {
		if m, _ := m.(map[string]any); m["type"] == "LIMIT_MODIFIER" {
			return true
		}
	}
	return false
}

// parameters collects the names of the values that a query wants bound.
func parameters(v any, names map[string]bool) map[string]bool {
	if names == nil {
		names = map[string]bool{}
	}
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			parameters(e, names)
		}
	case map[string]any:
		if name, ok := v["identifier"].(string); ok && v["class"] == "PARAMETER" {
			names[name] = true
		}
		for _, e := range v {
			parameters(e, names)
		}
	}
	return names
}

// withLimit is the statement's text with at most n rows. A wrapped text gives
// columns of one name new names; renamed says so.
func (p plan) withLimit(n int) (text string, renamed bool) {
	if !p.limited {
		return fmt.Sprintf("%s\nLIMIT %d", p.text, n), false
	}
	return fmt.Sprintf("SELECT * FROM (\n%s\n) LIMIT %d", p.text, n), true
}

// describe returns the columns of a statement.
func (ed *edition) describe(ctx context.Context, conn *sql.Conn, p plan) ([]Column, error) {
	rows, err := conn.QueryContext(ctx, "DESCRIBE "+p.text, make([]any, p.bound)...)
	if err != nil {
		return nil, ed.engineError(ctx, err, p)
	}
	defer rows.Close()
	var cols []Column
	for rows.Next() {
		var c Column
		var rest [4]any
		if err := rows.Scan(&c.Name, &c.Type, &rest[0], &rest[1], &rest[2], &rest[3]); err != nil {
			return nil, ed.engineError(ctx, err, p)
		}
		c.Type = strings.NewReplacer("TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ", "TIME WITH TIME ZONE", "TIMETZ").Replace(c.Type)
		cols = append(cols, c)
	}
	if err := rows.Err(); err != nil {
		return nil, ed.engineError(ctx, err, p)
	}
	return cols, nil
}

// plans remembers what the gate said to statements that come again and again,
// as those of boards do.
type plans struct {
	mu   sync.Mutex
	kept map[planKey]plan
	size int
}

// planKey tells plans apart.
type planKey struct {
	scope, text string
	postgres    bool
	zone        string
}

// maxPlans bounds the bytes of the texts that are remembered.
const maxPlans = 4 << 20

func newPlans() *plans { return &plans{kept: map[planKey]plan{}} }

func (c *plans) get(key planKey) (plan, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.kept[key]
	return p, ok
}

func (c *plans) put(key planKey, p plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := len(key.text) + len(p.text)
	if c.size += size; c.size > maxPlans {
		clear(c.kept)
		c.size = size
	}
	c.kept[key] = p
}
