package warehouse

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"github.com/marcboeker/go-duckdb/v2"

	"zhicang/warehouse/dialect"
)

// Reading is one or more published files open for many readers: an engine in
// memory to which the files are attached read-only, each under a name that
// nobody can guess, and which is then locked: no other file can be reached
// through it and no setting changed. What readers see of the files are views
// (see View), cut to what each may read.
//
// Its connections are made once, before the lock, and handed out by Conn.
type Reading struct {
	files map[string]string // the name that a file is known by → the name it is attached under
	db    *sql.DB
	conns chan *sql.Conn
	all   []*sql.Conn

	broken atomic.Bool
}

// ReadingOptions bound what the readers may use together.
type ReadingOptions struct {
	Connections int    // statements at a time; 0: 8
	MemoryLimit string // such as "2GB"; "": DuckDB's own, 80 % of the machine
	Threads     int    // 0: all processors
	// Macros are run on every connection, after those of the models' SQL.
	Macros []string
}

// OpenReading opens published files, by the names that they shall be known by.
func OpenReading(ctx context.Context, files map[string]string, o ReadingOptions) (*Reading, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open for reading: %w", err)
	}
	n := o.Connections
	if n <= 0 {
		n = 8
	}
	r := &Reading{files: map[string]string{}, db: sql.OpenDB(connector), conns: make(chan *sql.Conn, n)}
	if err := r.prepare(ctx, files, o, n); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Reading) prepare(ctx context.Context, files map[string]string, o ReadingOptions, n int) error {
	for range n {
		conn, err := r.db.Conn(ctx)
		if err != nil {
			return fmt.Errorf("open for reading: %w", err)
		}
		r.all = append(r.all, conn)
		// Nothing spills: what a reader's statement needs beyond the memory
		// limit is refused.
		err = conn.Raw(func(dc any) error {
			return prepareSession(ctx, dc.(driver.ExecerContext), Options{MemoryLimit: o.MemoryLimit, Threads: o.Threads}, o.Macros...)
		})
		if err != nil {
			return err
		}
	}
	first := r.all[0]
	for name, path := range files {
		if _, err := os.Stat(path); err != nil {
			return &Error{Err: fmt.Errorf("open publication: %w", err), Try: "zhicang run makes it anew; zhicang publish --rollback goes back to the one before"}
		}
		secret := secretName("p")
		if _, err := first.ExecContext(ctx, fmt.Sprintf("ATTACH %s AS %s (READ_ONLY)", quote(path), secret)); err != nil {
			return openError(path, fmt.Errorf("%s", strings.ReplaceAll(err.Error(), path, "")))
		}
		r.files[name] = secret
	}
	for _, s := range []string{
		"SET temp_directory = ''", "SET enable_external_access = false", "SET lock_configuration = true",
	} {
		if _, err := first.ExecContext(ctx, s); err != nil {
			return fmt.Errorf("open for reading: %w", err)
		}
	}
	for _, conn := range r.all {
		r.conns <- conn
	}
	return nil
}

// secretName is a name that nobody can guess and that needs no quotes.
func secretName(prefix string) string {
	b := make([]byte, 10)
	rand.Read(b) // never fails
	return prefix + hex.EncodeToString(b)
}

// Conn waits for a connection. Release gives it back.
func (r *Reading) Conn(ctx context.Context) (*sql.Conn, error) {
	select {
	case conn := <-r.conns:
		return conn, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Release gives a connection back, without rows or a transaction open.
func (r *Reading) Release(conn *sql.Conn) { r.conns <- conn }

// Close closes the engine. Nobody may hold a connection.
func (r *Reading) Close() error {
	var errs []error
	for _, conn := range r.all {
		errs = append(errs, conn.Close())
	}
	return errors.Join(append(errs, r.db.Close())...)
}

// Columns lists the tables of an attached file with the names of their columns
// in order.
func (r *Reading) Columns(ctx context.Context, conn *sql.Conn, file string) (map[string][]string, error) {
	rows, err := conn.QueryContext(ctx, `SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns()
		WHERE database_name = ? AND NOT internal ORDER BY 1, column_index`, r.files[file])
	if err != nil {
		return nil, fmt.Errorf("tables of the publication: %w", err)
	}
	defer rows.Close()
	tables := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		tables[table] = append(tables[table], column)
	}
	return tables, rows.Err()
}

// Table is the name under which the engine knows a table of an attached file.
func (r *Reading) Table(file, table string) string { return r.files[file] + "." + qualified(table) }

// A View is a table as one kind of reader sees it.
type View struct {
	Table string // the name that it is read under, schema.name
	From  string // the text after FROM
	Where string // "": all rows
	// Barrier keeps everything that a reader's statement computes above the
	// filter. Without it the engine may try a reader's expression on rows that
	// Where takes away, and an error would tell of them.
	Barrier bool
}

// Scope makes a catalog of views, under a name that nobody can guess, and
// returns the name.
func (r *Reading) Scope(ctx context.Context, conn *sql.Conn, views []View) (string, error) {
	name := secretName("s")
	stmts := []string{"ATTACH ':memory:' AS " + name}
	schemas := map[string]bool{}
	for _, v := range views {
		schema, _, _ := strings.Cut(v.Table, ".")
		if !schemas[schema] {
			schemas[schema] = true
			stmts = append(stmts, "CREATE SCHEMA "+name+"."+ident(schema))
		}
		body := "SELECT * FROM " + v.From
		if v.Where != "" {
			body += " WHERE " + v.Where
		}
		if v.Where != "" && v.Barrier {
			// No filter is pushed through a LIMIT, and this one is never met.
			body += " LIMIT 9223372036854775807"
		}
		stmts = append(stmts, "CREATE VIEW "+name+"."+qualified(v.Table)+" AS "+body)
	}
	for _, s := range stmts {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return "", fmt.Errorf("scope of an account: %w", err)
		}
	}
	return name, nil
}

// Parse reads a SELECT with the engine's parser.
func (r *Reading) Parse(ctx context.Context, conn *sql.Conn, text string) (*dialect.Query, error) {
	return parse(ctx, conn, text)
}

// Tree is the parse tree of a text as the engine's parser gives it, in JSON: of
// one that it refuses, what it says.
func (r *Reading) Tree(ctx context.Context, conn *sql.Conn, text string) ([]byte, error) {
	return serialize(ctx, conn, text)
}

// Write is the text of a parse tree.
func (r *Reading) Write(ctx context.Context, conn *sql.Conn, tree []byte) (string, error) {
	var text string
	if err := conn.QueryRowContext(ctx, "SELECT json_deserialize_sql(?::JSON)", string(tree)).Scan(&text); err != nil {
		return "", fmt.Errorf("write a parse tree: %w", err)
	}
	return text, nil
}

// rowQuerier is a connection or a pool of them.
type rowQuerier interface {
	QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row
}

func parse(ctx context.Context, db rowQuerier, text string) (*dialect.Query, error) {
	tree, err := serialize(ctx, db, text)
	if err != nil {
		return nil, err
	}
	return dialect.Parse(text, tree)
}

func serialize(ctx context.Context, db rowQuerier, text string) ([]byte, error) {
	var tree string
	if err := db.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", text).Scan(&tree); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return []byte(tree), nil
}

// Broken reports whether the engine has met an error after which it answers
// nothing any more; it has to be opened anew.
func (r *Reading) Broken() bool { return r.broken.Load() }
