// Package pgcatalog answers what PostgreSQL clients ask about the database
// itself: which schemas, tables and columns there are, of which types, and what
// they are called. It knows an account's own tables and nothing else.
//
// Each account gets a small engine in memory that holds PostgreSQL's catalogue
// as relations, filled from the account's tables, and PostgreSQL's catalogue
// functions as macros. A client's query is rewritten to those names, read with
// the engine's own parser, and run only if every table and function in it is
// one of them. So what a client may ask is bounded by a list and not by having
// been seen before, and the engine has nothing in it that the account may not
// see.
package pgcatalog

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zhicang/serve/account"
	"zhicang/serve/pgwire"
	"zhicang/serve/reader"
	"zhicang/warehouse"
	"zhicang/warehouse/dialect"
)

// Database is the name of the one database that there is.
const Database = "zhicang"

// Version is what version() answers. Drivers read the number after PostgreSQL.
const Version = "PostgreSQL 15.0 (zhicang)"

var (
	//go:embed relations.sql
	relationsSQL string
	//go:embed derived.sql
	derivedSQL string
)

// Session is what a catalogue query may see of the session that asks.
type Session struct {
	Account string
	Setting func(name string) (string, bool)
}

// UnknownSetting is asked for by current_setting.
type UnknownSetting struct{ Name string }

func (e *UnknownSetting) Error() string {
	return fmt.Sprintf("unrecognized configuration parameter %q", e.Name)
}

// Catalog answers catalogue queries. It is safe for use by many goroutines.
type Catalog struct {
	source    Source
	relations map[string]string
	functions map[string]bool
	setup     []string // before an account's tables are put in
	derive    []string // after it

	mu     sync.Mutex
	shelf  map[string]*shelf // by account
	closed bool
}

// A shelf is one account's catalogue. Its lock is held for reading while a
// query runs.
type shelf struct {
	mu     sync.RWMutex
	print  uint64 // of the tables that it was filled with
	engine *warehouse.Scratch
	broken atomic.Bool // the engine has failed and has to be made anew
}

// A Source lists the tables of an account, and keeps the audit log.
// *reader.Reader is one.
type Source interface {
	Tables(ctx context.Context, acct account.Account) ([]reader.TableInfo, error)
	Record(ctx context.Context, acct account.Account, s reader.Statement, rows int64, outcome string, took time.Duration) error
}

// New makes a catalogue of the tables that a source lists for an account. What
// it answers is recorded there.
func New(source Source) *Catalog {
	c := &Catalog{source: source, relations: map[string]string{}, functions: map[string]bool{}, shelf: map[string]*shelf{}}
	c.setup, c.derive = c.read(relationsSQL), c.read(derivedSQL)
	for _, name := range builtins {
		c.functions[name] = true
	}
	return c
}

// read cuts a file of definitions into statements, and notes what they define.
func (c *Catalog) read(text string) []string {
	var list []string
	for statement := range strings.SplitSeq(commentRE.ReplaceAllString(text, ""), ";\n") {
		statement = strings.TrimSpace(statement)
		if statement == "" {
			continue
		}
		list = append(list, statement)
		if m := relationRE.FindStringSubmatch(statement); m != nil {
			c.relations[m[2]] = m[1]
		}
		if m := macroRE.FindStringSubmatch(statement); m != nil {
			c.functions[m[1]] = true
		}
	}
	return list
}

var (
	commentRE  = regexp.MustCompile(`(?m)^--.*$`)
	relationRE = regexp.MustCompile(`^CREATE TABLE (cat|info)\.(\w+)`)
	macroRE    = regexp.MustCompile(`^CREATE MACRO (\w+)`)
	// callRE is how the engine names a column that is a call: PostgreSQL names
	// it after the function.
	callRE = regexp.MustCompile(`^"?([a-z_][a-z0-9_]*)"?\(`)
)

// builtins are functions of the engine that mean in it what they mean in
// PostgreSQL, and can do nothing but compute.
var builtins = []string{
	"abs", "array_agg", "array_length", "array_position", "array_to_string", "avg", "bool_and", "bool_or", "btrim", "cardinality", "ceil",
	"chr", "coalesce", "concat", "concat_ws", "contains", "count", "count_star", "date_part", "dense_rank", "exists", "first", "floor",
	"format", "generate_series", "generate_subscripts", "greatest", "ifnull", "isnull", "json_object", "lag", "lead", "least", "left",
	"len", "length", "like_escape", "ilike_escape", "not_like_escape", "not_ilike_escape", "list_contains", "list_value", "lower", "lpad",
	"ltrim", "max", "md5", "min", "mod", "now", "nullif", "position", "rank", "regexp_full_match", "regexp_matches", "regexp_replace",
	"repeat", "replace", "reverse", "right", "round", "row", "row_number", "rpad", "rtrim", "sign", "split_part", "starts_with",
	"string_agg", "string_to_array", "strpos", "struct_extract", "array_extract", "list_extract", "array_slice", "list_slice", "struct_pack",
	"substr", "substring", "sum", "to_char", "trim", "unnest", "upper", "json", "list", "any_value",
}

// maxRows bounds an answer.
const maxRows = 200_000

// Query answers a statement if it is about the catalogue, once it is recorded.
func (c *Catalog) Query(ctx context.Context, a pgwire.Asker, text string) (pgwire.Rows, bool, error) {
	started := time.Now()
	rows, ok, err := c.answer(ctx, a, text)
	if a.Describes || !ok && err == nil {
		return rows, ok, err
	}
	outcome, n := "ok", int64(0)
	var own *pgwire.Error
	switch {
	case errors.As(err, &own):
		outcome = own.State
	case err != nil:
		outcome = "XX000"
	default:
		n = int64(len(rows.(*answer).rows))
	}
	statement := reader.Statement{SQL: text, Postgres: true, Purpose: a.Client}
	if recErr := c.source.Record(ctx, a.Account, statement, n, outcome, time.Since(started)); recErr != nil {
		return nil, true, pgwire.ReaderError(recErr)
	}
	return rows, ok, err
}

func (c *Catalog) answer(ctx context.Context, a pgwire.Asker, text string) (pgwire.Rows, bool, error) {
	tokens, err := dialect.Tokens(text)
	if err != nil || !c.about(tokens) {
		return nil, false, nil
	}
	if known := recognise(tokens); known != nil {
		return known, true, nil
	}
	r := &rewriter{tokens: tokens, relations: c.relations, session: Session{Account: a.Account.Name, Setting: a.Setting}}
	rewritten, err := r.rewrite()
	var unknown *UnknownSetting
	if errors.As(err, &unknown) {
		return nil, false, &pgwire.Error{State: "42704", Message: err.Error()}
	}
	s, listErr, err := c.open(ctx, a.Account)
	if err != nil {
		return nil, false, err
	}
	defer s.mu.RUnlock()
	q, err := s.engine.Parse(ctx, rewritten)
	var syntax *dialect.SyntaxError
	switch {
	case ctx.Err() != nil:
		return nil, true, ctx.Err()
	case errors.As(err, &syntax):
		return nil, false, nil // the reader says what is wrong with it
	case err != nil:
		s.broken.Store(true)
		return nil, true, fmt.Errorf("catalogue of %s: %w", a.Account.Name, err)
	}
	if !c.ours(q) {
		return nil, false, nil
	}
	if listErr != nil && len(q.Tables()) > 0 {
		return nil, true, listErr
	}
	for _, fn := range q.Functions() {
		if !c.functions[fn] && !isOperator(fn) {
			return nil, true, &pgwire.Error{State: "42883", Message: fmt.Sprintf("function %s does not exist in the catalogue", fn)}
		}
	}
	rows, err := run(ctx, s.engine, rewritten)
	if errors.Is(err, errEngine) {
		s.broken.Store(true)
		err = &pgwire.Error{State: "0A000", Message: "this catalogue query is not served"}
	}
	if err != nil {
		return nil, true, err
	}
	return rows, true, nil
}

// errEngine means that the engine itself has failed, after which it may answer
// nothing any more.
var errEngine = errors.New("the engine failed")

func isOperator(name string) bool { return strings.Trim(name, "+-*/<>=~!@#%^&|`") == "" }

// about reports whether a text names anything of the catalogue at all.
func (c *Catalog) about(tokens []dialect.Token) bool {
	if slices.ContainsFunc(tokens, func(t dialect.Token) bool { return t.Is(";") }) {
		return false // several statements; pgwire sends one
	}
	for i, t := range tokens {
		if t.Kind != dialect.Word && t.Kind != dialect.QuotedName || i > 0 && tokens[i-1].Is(".") {
			continue
		}
		name := strings.ToLower(t.Name())
		call := i+1 < len(tokens) && tokens[i+1].Is("(")
		switch {
		case name == "pg_catalog", name == "information_schema", c.relations[name] == "cat":
			return true
		case call && c.functions[name] && !slices.Contains(builtins, name):
			return true
		case call && (name == "version" || name == "current_setting"):
			return true
		case i > 0 && tokens[i-1].Is("::") && strings.HasPrefix(name, "reg"):
			return true
		case name == "current_user", name == "session_user", name == "current_role", name == "current_catalog", name == "current_schema":
			return true
		case name == "user" && len(tokens) <= 4:
			return true
		}
	}
	return false
}

// recognise answers by heart what the engine can't read, and what can only be
// empty here: psql's \d asks for the publications (of replication) that a table
// is in.
func recognise(tokens []dialect.Token) *answer {
	for _, t := range tokens {
		if strings.EqualFold(t.Name(), "pg_publication_rel") {
			return &answer{columns: []pgwire.Column{{Name: "pubname", Type: "VARCHAR"}, {Name: "?column?", Type: "VARCHAR"}, {Name: "?column?", Type: "VARCHAR"}}}
		}
	}
	return nil
}

// ours reports whether every table of a query is one of the catalogue.
func (c *Catalog) ours(q *dialect.Query) bool {
	for _, t := range q.Tables() {
		if c.relations[t.Name] == "" || c.relations[t.Name] != t.Schema {
			return false
		}
	}
	return true
}

// open returns the account's catalogue, filled with what it may read now, and
// locked for reading. Where its tables can't be listed, it is empty, and listed
// says why.
func (c *Catalog) open(ctx context.Context, a account.Account) (s *shelf, listed, err error) {
	tables, listed := c.source.Tables(ctx, a)
	if listed != nil {
		listed = pgwire.ReaderError(listed)
	}
	mark := fingerprint(tables)
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, nil, &pgwire.Error{State: "57P01", Message: "the server is shutting down"}
	}
	s = c.shelf[a.Name]
	if s == nil {
		s = &shelf{}
		c.shelf[a.Name] = s
	}
	c.mu.Unlock()
	s.mu.RLock()
	if s.engine != nil && s.print == mark && !s.broken.Load() {
		return s, listed, nil
	}
	s.mu.RUnlock()
	s.mu.Lock()
	if s.engine == nil || s.print != mark || s.broken.Load() {
		engine, err := warehouse.OpenScratch(context.WithoutCancel(ctx), slices.Concat(c.setup, fill(a.Name, tables), c.derive))
		if err != nil {
			s.mu.Unlock()
			return nil, nil, fmt.Errorf("catalogue of %s: %w", a.Name, err)
		}
		if s.engine != nil {
			_ = s.engine.Close() // in memory: nothing is lost
		}
		s.engine, s.print = engine, mark
		s.broken.Store(false)
	}
	s.mu.Unlock()
	s.mu.RLock()
	return s, listed, nil
}

// fingerprint tells one list of tables from another.
func fingerprint(tables []reader.TableInfo) uint64 {
	h := fnv.New64a()
	for _, t := range tables {
		fmt.Fprintf(h, "%s\x00%s\x00%q\x01", t.Table, t.Contract.Title, t.Contract.Key)
		for _, col := range t.Columns {
			fmt.Fprintf(h, "%s\x00%s\x00%s\x00%t\x02", col.Name, col.Type.String(), caption(col), col.Required)
		}
	}
	return h.Sum64()
}

// Close frees the engines. Queries that come later are refused.
func (c *Catalog) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	var err error
	for _, s := range c.shelf {
		s.mu.Lock()
		if s.engine != nil {
			err = errors.Join(err, s.engine.Close())
			s.engine = nil
		}
		s.mu.Unlock()
	}
	return err
}

// answer is a result, whole in memory.
type answer struct {
	columns []pgwire.Column
	rows    [][]any
	at      int
}

func (a *answer) Columns() []pgwire.Column { return a.columns }
func (a *answer) Next() bool               { a.at++; return a.at <= len(a.rows) }
func (a *answer) Values() []any            { return a.rows[a.at-1] }
func (a *answer) Err() error               { return nil }
func (a *answer) Close() error             { return nil }
func (a *answer) Truncated() bool          { return false }

// queryTime bounds a catalogue query, whatever the session's time-out is: it
// keeps the account's other catalogue queries waiting.
const queryTime = 10 * time.Second

func run(ctx context.Context, engine *warehouse.Scratch, text string) (*answer, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTime)
	defer cancel()
	refused := func(err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		line, _, _ := strings.Cut(err.Error(), "\n")
		if strings.Contains(line, "INTERNAL Error") || strings.Contains(line, "FATAL Error") || strings.Contains(line, "invalidated") {
			return errEngine
		}
		return &pgwire.Error{State: "0A000", Message: "this catalogue query is not served: " + line}
	}
	rows, err := engine.Query(ctx, text)
	if err != nil {
		return nil, refused(err)
	}
	defer rows.Close()
	kinds, err := rows.ColumnTypes()
	if err != nil {
		return nil, refused(err)
	}
	a := &answer{}
	for _, k := range kinds {
		a.columns = append(a.columns, pgwire.Column{Name: columnName(k.Name()), Type: k.DatabaseTypeName()})
	}
	for rows.Next() {
		if len(a.rows) == maxRows {
			return nil, &pgwire.Error{State: "54000", Message: "the catalogue query has too many rows"}
		}
		values := make([]any, len(kinds))
		into := make([]any, len(kinds))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, refused(err)
		}
		a.rows = append(a.rows, values)
	}
	if err := rows.Err(); err != nil {
		return nil, refused(err)
	}
	return a, nil
}

// columnName names what has no name of its own as PostgreSQL does.
func columnName(name string) string {
	if m := callRE.FindStringSubmatch(name); m != nil && !strings.HasPrefix(m[1], "zhicang_") {
		return m[1]
	}
	switch {
	case strings.HasPrefix(name, "COALESCE("):
		return "coalesce"
	case strings.ContainsAny(name, "('"), strings.Trim(name, "0123456789.") == "":
		return "?column?"
	}
	return name
}
