// Package warehouse is the analytical engine: DuckDB today, behind one door,
// so that another engine can stand beside it. It opens the warehouse file,
// builds tables inside one transaction each, remembers from what each month of
// each table was built, and publishes. It is the only room that imports DuckDB.
package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/marcboeker/go-duckdb/v2"

	"zhicang/warehouse/dialect"
)

// Options say where the warehouse file is and what it may use.
type Options struct {
	Path        string // the warehouse file; "" opens one in memory
	MemoryLimit string // such as "8GB"; "": DuckDB's own, 80 % of the machine
	Threads     int    // 0: all processors
	TempDir     string // where big sorts spill; "": beside Path
}

// Engine is an open warehouse. It is used by one run at a time.
type Engine struct {
	connector *duckdb.Connector
	db        *sql.DB
	conn      *sql.Conn
	path      string                   // "" in memory
	reads     map[string]dialect.Reads // by digest of the text; nil: not yet looked up
	doubtful  atomic.Bool
}

// Error says what the engine refused, of which table where there is one.
type Error struct {
	Table string
	Err   error
	Try   string
}

func (e *Error) Error() string {
	if e.Table == "" {
		return e.Err.Error()
	}
	return "table " + e.Table + ": " + e.Err.Error()
}
func (e *Error) Unwrap() error { return e.Err }

// Hint is what to try; the command line prints it after "Try: ".
func (e *Error) Hint() string { return e.Try }

// Open opens the warehouse file, creating it when it is not there.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.Path != "" {
		if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
			return nil, fmt.Errorf("open warehouse: %w", err)
		}
	}
	connector, err := duckdb.NewConnector(o.Path, func(c driver.ExecerContext) error {
		return prepareSession(ctx, c, o)
	})
	if err != nil {
		return nil, openError(o.Path, err)
	}
	e := &Engine{connector: connector, db: sql.OpenDB(connector), path: o.Path}
	if e.conn, err = e.db.Conn(ctx); err != nil {
		return nil, errors.Join(openError(o.Path, err), e.Close())
	}
	if err := e.createMeta(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func openError(path string, err error) error {
	msg := err.Error()
	if _, rest, ok := strings.Cut(msg, "could not connect to database: "); ok {
		msg = rest
	}
	try := "look at the file's permissions and at the free space of its disk"
	switch {
	case strings.Contains(msg, "Conflicting lock"), strings.Contains(msg, "Could not set lock"):
		try = "another process has the file open: wait for it, or stop it"
	case strings.Contains(msg, "not a valid"), strings.Contains(msg, "orrupt"), strings.Contains(msg, "serializ"), strings.Contains(msg, "version"):
		try = "the file is damaged or of another version; what was built from the lake can be built again: move it away and run again"
	}
	return &Error{Err: fmt.Errorf("open %s: %s", filepath.Base(path), msg), Try: try}
}

// prepareSession gives a connection the spelling of the SQL subset. Settings
// that belong to the instance are repeated harmlessly.
func prepareSession(ctx context.Context, c driver.ExecerContext, o Options, macros ...string) error {
	stmts := []string{
		"SET integer_division = true",
		"SET TimeZone = 'Asia/Shanghai'",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		// Every table is written in a transaction of its own; the log may gather
		// what a day changes, and is written into the file once, by Close.
		"SET checkpoint_threshold = '256MB'",
	}
	if o.MemoryLimit != "" {
		stmts = append(stmts, "SET memory_limit = "+quote(o.MemoryLimit))
	}
	if o.Threads > 0 {
		stmts = append(stmts, fmt.Sprintf("SET threads = %d", o.Threads))
	}
	if o.TempDir != "" {
		stmts = append(stmts, "SET temp_directory = "+quote(o.TempDir))
	}
	for _, s := range slices.Concat(stmts, dialect.Macros(), macros) {
		if _, err := c.ExecContext(ctx, s, nil); err != nil {
			return fmt.Errorf("prepare session: %w", err)
		}
	}
	return nil
}

// Close writes what is still to be written and closes the warehouse. A file
// that could not be written is removed. It is safe to call twice.
func (e *Engine) Close() error {
	var errs []error
	if e.conn != nil {
		if e.path != "" && !e.doubtful.Load() {
			// Closing writes as well, and says nothing when it can't.
			errs = append(errs, e.checkpoint(context.Background(), ""))
		}
		errs = append(errs, e.conn.Close())
		e.conn = nil
	}
	if e.db != nil {
		errs = append(errs, e.db.Close())
		e.db = nil
		if e.doubtful.Load() {
			errs = append(errs, e.remove())
		}
	}
	return errors.Join(errs...)
}

// checkpoint writes the log of a database into its file; "" is the warehouse's own.
// One thread does the work, and a second one would wait for it without resting:
// measured, it takes the same time and twice the processor's.
func (e *Engine) checkpoint(ctx context.Context, database string) error {
	var threads int
	if err := e.conn.QueryRowContext(ctx, "SELECT current_setting('threads')").Scan(&threads); err != nil {
		return e.saw(err)
	}
	if err := e.Exec(ctx, "SET threads = 1"); err != nil {
		return err
	}
	err := e.Exec(ctx, "CHECKPOINT "+database)
	if e.doubtful.Load() {
		return err // nothing works any more
	}
	return errors.Join(err, e.Exec(context.WithoutCancel(ctx), fmt.Sprintf("SET threads = %d", threads)))
}

// remove removes the file and what lies beside it.
func (e *Engine) remove() error {
	var errs []error
	for _, path := range []string{e.path, e.path + ".wal"} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Parse reads a SELECT with the engine's own parser. The query need not be
// runnable: its tables may not exist yet.
func (e *Engine) Parse(ctx context.Context, text string) (*dialect.Query, error) {
	return parse(ctx, e.conn, text)
}

// Query runs a SELECT outside any transaction.
func (e *Engine) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return e.conn.QueryContext(ctx, text, args...)
}

// Exec runs one statement outside any transaction.
func (e *Engine) Exec(ctx context.Context, text string, args ...any) error {
	_, err := e.conn.ExecContext(ctx, text, args...)
	return e.saw(err)
}

// Tx is one transaction: everything in it happens, or nothing.
type Tx struct {
	conn   *sql.Conn
	slices map[string]bool // the schemas of slices that it made
}

// InTx runs fn inside a transaction, and rolls back when fn fails.
func (e *Engine) InTx(ctx context.Context, fn func(*Tx) error) error {
	if _, err := e.conn.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	if err := fn(&Tx{conn: e.conn}); err != nil {
		err = e.saw(err)
		// The context may be the reason of the failure; the rollback must
		// happen all the same.
		_, rollErr := e.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, rollErr)
	}
	if _, err := e.conn.ExecContext(ctx, "COMMIT"); err != nil {
		err = e.saw(err)
		_, rollErr := e.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		if rollErr != nil && strings.Contains(rollErr.Error(), "no transaction is active") {
			rollErr = nil
		}
		return errors.Join(fmt.Errorf("commit: %w", err), rollErr)
	}
	return nil
}

// Exec runs one statement.
func (tx *Tx) Exec(ctx context.Context, text string, args ...any) error {
	_, err := tx.conn.ExecContext(ctx, text, args...)
	return err
}

// Query runs one SELECT.
func (tx *Tx) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return tx.conn.QueryContext(ctx, text, args...)
}

// Append writes rows to a table: fn is handed a function that takes one row,
// its values in the order of the table's columns. Lists are []string and
// []float64, dates and timestamps time.Time.
func (tx *Tx) Append(ctx context.Context, table string, fn func(row func(values ...any) error) error) error {
	schema, name, _ := strings.Cut(table, ".")
	return tx.conn.Raw(func(dc any) error {
		app, err := duckdb.NewAppenderFromConn(dc.(driver.Conn), schema, name)
		if err != nil {
			return fmt.Errorf("append to %s: %w", table, err)
		}
		vals := []driver.Value{}
		err = fn(func(values ...any) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			vals = vals[:0]
			for _, v := range values {
				vals = append(vals, v)
			}
			return app.AppendRow(vals...)
		})
		if closeErr := app.Close(); closeErr != nil && err == nil {
			err = fmt.Errorf("append to %s: %w", table, closeErr)
		}
		return err
	})
}

// quote is a string as an SQL literal.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// ident is a name as an SQL identifier.
func ident(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// qualified is a table's name, schema.name, with both parts quoted.
func qualified(table string) string {
	schema, name, _ := strings.Cut(table, ".")
	return ident(schema) + "." + ident(name)
}
