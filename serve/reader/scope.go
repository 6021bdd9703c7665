package reader

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"zhicang/models"
	"zhicang/serve/account"
	"zhicang/warehouse"
)

// servable reports whether a table can be cut to an account: it is open, or has
// a region to be cut by. The contract is this program's, the columns are the
// file's, which may be older.
func servable(c *models.Contract, columns []string) bool {
	return c.Published() && (c.Open || slices.Contains(columns, models.RegionColumn))
}

// scope is what accounts of one domain set and region see: a catalog of views,
// and one of the same views with barriers, for guarded statements.
type scope struct {
	once     sync.Once
	err      error
	catalog  string
	barriers string
	tables   map[string]bool
}

// scopeKey tells scopes apart.
func scopeKey(a account.Account) string {
	domains := slices.Sorted(slices.Values(a.Domains))
	return strings.Join(domains, ",") + "@" + a.Prefix()
}

// scope returns an account's scope, and makes it the first time.
func (ed *edition) scope(ctx context.Context, conn *sql.Conn, acct account.Account) (*scope, error) {
	key := scopeKey(acct)
	ed.mu.Lock()
	s := ed.scopes[key]
	if s == nil {
		s = &scope{tables: map[string]bool{}}
		ed.scopes[key] = s
	}
	ed.mu.Unlock()
	s.once.Do(func() { s.err = ed.makeScope(context.WithoutCancel(ctx), conn, acct, s) })
	if s.err != nil {
		return nil, &Error{Code: codeInternal, Message: "the account's tables could not be prepared", Err: s.err}
	}
	return s, nil
}

func (ed *edition) makeScope(ctx context.Context, conn *sql.Conn, acct account.Account, s *scope) error {
	var views []warehouse.View
	for _, name := range slices.Sorted(maps.Keys(ed.tables)) {
		t := ed.tables[name]
		if !acct.Reads(t.contract.Domain()) {
			continue
		}
		v := warehouse.View{Table: name, From: ed.engine.Table(t.file, name)}
		var err error
		if v.Where, err = ed.cut(ctx, conn, acct, t); err != nil {
			return err
		}
		views = append(views, v)
		s.tables[name] = true
	}
	var err error
	if s.catalog, err = ed.engine.Scope(ctx, conn, views); err != nil {
		return err
	}
	for i := range views {
		views[i].Barrier = true
	}
	s.barriers, err = ed.engine.Scope(ctx, conn, views)
	return err
}

// cut is the condition of the rows that an account may see of a table; empty
// where those are all.
func (ed *edition) cut(ctx context.Context, conn *sql.Conn, acct account.Account, t table) (string, error) {
	name := t.contract.Table
	switch {
	case name == "dim.data_dictionary":
		return ed.readable(acct), nil
	case name == "dim.data_age", name == "dim.data_load":
		return sourcesOf(acct), nil
	case name == "dim.parameter":
		return domainsOf(acct), nil
	case t.contract.Open || acct.Prefix() == "":
		return "", nil
	}
	where := within(acct.Prefix())
	// A table that lies within the region as a whole needs no cutting; that is
	// so for a county's own accounts in a county's own warehouse.
	var outside bool
	err := conn.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*) > 0 FROM (SELECT 1 FROM %s WHERE (%s) IS NOT TRUE LIMIT 1)",
		ed.engine.Table(t.file, name), where)).Scan(&outside)
	if err != nil {
		// A damaged table is told of by the statements that read it: the others
		// of the account can still be read.
		if kind, _ := ed.engine.Explain(err); kind == warehouse.Unreadable {
			return where, nil
		}
		return "", err
	}
	if !outside {
		return "", nil
	}
	return where, nil
}

// within is the condition that a region code begins with a prefix of digits. As
// a range it is met in the scan, by the smallest and largest code of each block.
func within(prefix string) string {
	last := len(prefix) - 1
	next := prefix[:last] + string(prefix[last]+1)
	return fmt.Sprintf("%s >= %s AND %s < %s", models.RegionColumn, warehouse.Quote(prefix), models.RegionColumn, warehouse.Quote(next))
}

// readable is the condition of the rows of the data dictionary about tables
// that an account may read.
func (ed *edition) readable(acct account.Account) string {
	if slices.Contains(acct.Domains, account.AllDomains) {
		return ""
	}
	quoted := []string{"''"} // of no table: a list may not be empty
	for _, name := range slices.Sorted(maps.Keys(ed.tables)) {
		if acct.Reads(ed.tables[name].contract.Domain()) {
			quoted = append(quoted, warehouse.Quote(name))
		}
	}
	return "table_name IN (" + strings.Join(quoted, ", ") + ")"
}

// domainsOf is the condition of the parameters, which are named after their
// domain, that an account may read.
func domainsOf(acct account.Account) string {
	if slices.Contains(acct.Domains, account.AllDomains) {
		return ""
	}
	quoted := []string{"'shared'"}
	for _, d := range acct.Domains {
		quoted = append(quoted, warehouse.Quote(d))
	}
	return "split_part(name, '.', 1) IN (" + strings.Join(quoted, ", ") + ")"
}

// sourcesOf is the condition of the rows about tables of the lake, which are
// named after their domain, that an account may read.
func sourcesOf(acct account.Account) string {
	if slices.Contains(acct.Domains, account.AllDomains) {
		return ""
	}
	quoted := []string{"''"} // a list may not be empty
	for _, d := range acct.Domains {
		quoted = append(quoted, warehouse.Quote(d))
	}
	return "split_part(split_part(source_table, '.', 2), '_', 1) IN (" + strings.Join(quoted, ", ") + ")"
}

// Resolve implements gate.Tables.
func (s *scope) Resolve(schema, name string, guarded bool) (string, bool) {
	catalog := s.catalog
	if guarded {
		catalog = s.barriers
	}
	schemas := []string{schema}
	if schema == "" {
		schemas = []string{"ads", "dim"}
	}
	for _, sc := range schemas {
		if s.tables[sc+"."+name] {
			return catalog + "." + warehouse.Ident(sc) + "." + warehouse.Ident(name), true
		}
	}
	return "", false
}

// TableInfo is a table that an account may read.
type TableInfo struct {
	Table    string
	Contract *models.Contract
	Columns  []models.Column // those that are there, in the contract's order
}

// Tables lists what an account may read, by name.
func (r *Reader) Tables(ctx context.Context, acct account.Account) ([]TableInfo, error) {
	ed, err := r.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer ed.leave()
	var list []TableInfo
	for _, name := range slices.Sorted(maps.Keys(ed.tables)) {
		if c := ed.tables[name].contract; acct.Reads(c.Domain()) {
			list = append(list, TableInfo{name, c, c.Columns})
		}
	}
	return list, nil
}
