package sqldb

import (
	"context"
	"strings"
)

// A dialect is what a kind of database has of its own.
type dialect struct {
	name    string
	port    int
	schemes []string // of URLs; the first is the usual one
	file    bool     // the database is a file of this machine
	// shared says that several connections can see one state of the database;
	// parallel is how many it is read by unless the config says otherwise.
	shared   bool
	parallel int
	open     func(ctx context.Context, s *Source) (session, error)
	// quotes stand around a name, doubled within it.
	quotes [2]string
	// upper says that unquoted names are upper case to the database.
	upper bool
	// argument writes the n-th argument of a query, from 1, so that it can be
	// compared with a column of the kind.
	argument func(n int, k kind) string
	// alias stands between a subquery and its name.
	alias string
	// types says how columns are delivered, by the database's name of their
	// type in lower case.
	types map[string]mapping
	// key is the query for a table's primary key; see stdSession.
	key string
	// begin starts the transaction whose queries see one state.
	begin []string
	// columns lists a table's columns with types that the driver does not tell
	// well enough; see stdSession.refine.
	columns string
	// asText writes a column of any type as the database's own text, with its
	// quoted name for %s; empty: the driver's value is as good.
	asText string
	// count writes the number of rows so that it comes with all its digits;
	// empty: count(*).
	count string
	// sum adds up a column exactly, its quoted name for %s: of whole numbers and
	// of decimals; empty: the database is not asked for sums.
	sum struct{ whole, decimal string }
	ask questions // that Examine asks
}

// A mapping says how a type is delivered.
type mapping struct {
	kind  kind
	as    string // see column.as
	bytes bool
}

// session is a database opened for one reading. What its connections read is
// of one moment.
type session interface {
	// connections is how many queries can be read at a time.
	connections() int
	// describe tells the columns of a query without running it.
	describe(ctx context.Context, query string) ([]column, error)
	// refine completes what describe could not tell of a table's columns.
	refine(ctx context.Context, table string, columns []column) error
	// primaryKey names the columns of a table's primary key in their order; nil
	// where there is none.
	primaryKey(ctx context.Context, table string) ([]string, error)
	// estimate is about how many rows a table has; 0: unknown.
	estimate(ctx context.Context, table string) (int64, error)
	// texts reads the few rows of a query about the database as text; null is
	// empty. No other query runs at the time, unless beside says that it may.
	texts(ctx context.Context, query string, args ...string) ([][]string, error)
	// query starts a query on one of the connections, on which no other runs.
	query(ctx context.Context, connection int, query string, args []string, columns []column) (rows, error)
	// beside reports whether texts can be asked for while queries run.
	beside() bool
	close() error
}

// rows are the rows of a query.
type rows interface {
	// next decodes the next row into the batch, as a row or as a fault; io.EOF
	// after the last.
	next(b *batch) error
	close()
}

// quote writes a name so that it means itself.
func (d *dialect) quote(name string) string {
	return d.quotes[0] + strings.ReplaceAll(name, d.quotes[1], d.quotes[1]+d.quotes[1]) + d.quotes[1]
}

// table quotes a table's name with its schema. Where unquoted names are upper
// case, one that is written all in lower case is meant so.
func (d *dialect) table(name string) string {
	parts := d.split(name)
	for i, p := range parts {
		parts[i] = d.quote(p)
	}
	return strings.Join(parts, ".")
}

func (d *dialect) split(name string) []string {
	if d.upper && strings.ToLower(name) == name {
		name = strings.ToUpper(name)
	}
	return strings.Split(name, ".")
}

// schemaAndTable are the last two parts of a table's name; the schema may be
// empty.
func (d *dialect) schemaAndTable(name string) (schema, table string) {
	parts := d.split(name)
	if len(parts) > 1 {
		schema = parts[len(parts)-2]
	}
	return schema, parts[len(parts)-1]
}

// replaceName puts a quoted name into a column.as.
func replaceName(as, name string) string { return strings.ReplaceAll(as, "%s", name) }

// dialects are the kinds of database, by the name that the config calls them.
func dialects() map[string]*dialect {
	all := map[string]*dialect{}
	for _, d := range []*dialect{postgres(), mysqlDialect(), sqlserver(), oracle(), sqlite()} {
		all[d.name] = d
	}
	return all
}
