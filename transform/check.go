package transform

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"zhicang/models"
	"zhicang/warehouse"
	"zhicang/warehouse/dialect"
)

// CheckError says which promise of a contract was broken, by how many rows,
// and by which.
type CheckError struct {
	Table string
	Check string // a check in SQL by its title, as its contract has it
	Rows  int64
	// Examples are a few offending rows by their keys, never by anything
	// personal.
	Examples []string
}

func (e *CheckError) Error() string {
	s := fmt.Sprintf("table %s: check failed: %s: %d rows", e.Table, e.Check, e.Rows)
	if len(e.Examples) > 0 {
		s += ", such as " + strings.Join(e.Examples, "; ")
	}
	return s
}

// Hint is what to try; the command line prints it after "Try: ".
func (e *CheckError) Hint() string {
	return "the table keeps its earlier rows and nothing is published; mend the source, the SQL or the contract and run again"
}

// checkTable holds what was just built against its contract. pending are the
// months of the table that this run has yet to build. Rows that all stayed as they
// were still keep what they promise by themselves; what other tables say of them
// may have changed.
func checkTable(ctx context.Context, tx *warehouse.Tx, n *Node, span warehouse.Span, pending []warehouse.Span, changed bool) error {
	c := n.Contract
	own := ""
	if len(n.checks) > 0 {
		var err error
		if own, err = tx.Own(ctx, c, span); err != nil {
			return err
		}
	}
	list := promises(c)
	if !changed {
		list = slices.DeleteFunc(list, func(p promise) bool { return p.empty == "" })
	}
	// One look at the rows tells that none breaks any condition; only when one
	// does is it worth to ask which.
	var wheres []string
	for _, p := range list {
		if p.where != "" {
			wheres = append(wheres, "("+p.where+")")
		}
	}
	if len(wheres) > 1 {
		rows, _, err := tx.Offending(ctx, c, span, pending, strings.Join(wheres, " OR "), nil, "")
		if err == nil && rows == 0 {
			list = slices.DeleteFunc(list, func(p promise) bool { return p.where != "" })
		}
	}
	for _, p := range list {
		if p.empty != "" {
			p.empty = n.checks[p.empty].Rewrite(func(ref dialect.TableRef) string {
				if full := ref.Schema + "." + ref.Name; full != c.Table {
					return full
				}
				return own
			})
		}
		rows, examples, err := tx.Offending(ctx, c, span, pending, p.where, p.unique, p.empty)
		if err != nil {
			return fmt.Errorf("table %s: check %s: %w", c.Table, p.name, err)
		}
		if rows > 0 {
			return &CheckError{Table: c.Table, Check: p.name, Rows: rows, Examples: examples}
		}
	}
	return nil
}

// promise is one check in the form in which the warehouse can run it; one of
// where, unique and empty is set.
type promise struct {
	name   string
	where  string   // condition of an offending row
	unique []string // columns that together occur once
	empty  string   // SELECT of offending rows
}

func promises(c *models.Contract) []promise {
	var list []promise
	unique := [][]string{}
	if len(c.Key) > 0 {
		unique = append(unique, c.Key)
	}
	for _, col := range c.Columns {
		if col.Required {
			list = append(list, promise{name: "required " + col.Name, where: warehouse.Ident(col.Name) + " IS NULL"})
		}
		if len(col.Accepted) > 0 {
			quoted := make([]string, len(col.Accepted))
			for i, v := range col.Accepted {
				quoted[i] = warehouse.Quote(v)
			}
			list = append(list, promise{
				name:  "accepted values of " + col.Name,
				where: warehouse.Ident(col.Name) + " NOT IN (" + strings.Join(quoted, ", ") + ")",
			})
		}
		if col.Min != nil {
			list = append(list, promise{name: fmt.Sprintf("%s ≥ %v", col.Name, *col.Min), where: fmt.Sprintf("%s < %v", warehouse.Ident(col.Name), *col.Min)})
		}
		if col.Max != nil {
			list = append(list, promise{name: fmt.Sprintf("%s ≤ %v", col.Name, *col.Max), where: fmt.Sprintf("%s > %v", warehouse.Ident(col.Name), *col.Max)})
		}
	}
	for _, ch := range c.Checks {
		if ch.Empty != "" {
			list = append(list, promise{name: cmp.Or(ch.Title, "no rows from: "+strings.Join(strings.Fields(ch.Empty), " ")), empty: ch.Empty})
			continue
		}
		unique = append(unique, ch.Unique)
	}
	for _, cols := range unique {
		list = append(list, promise{name: "unique " + strings.Join(cols, ", "), unique: cols})
	}
	return list
}
