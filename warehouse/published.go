package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"

	"github.com/marcboeker/go-duckdb/v2"

	"zhicang/warehouse/dialect"
)

// Published is what readers see, open for one person at the machine: for
// reading and nothing else. No other file can be reached through it, and its
// settings can't be changed. See Reading for many readers with accounts.
type Published struct {
	Path string // of the publication
	db   *sql.DB
}

// Open opens the current publication, and the platform's own tables with it
// where there are some.
func (s Shelf) Open(ctx context.Context, o Options) (*Published, error) {
	path, err := s.Current()
	if err != nil {
		return nil, err
	}
	files := []string{path}
	if platform, err := s.CurrentPlatform(); err == nil {
		files = append(files, platform)
	} else if !errors.Is(err, ErrNothingPublished) {
		return nil, err
	}
	return openPublished(ctx, files, o)
}

// OpenPublished opens one published file.
func OpenPublished(ctx context.Context, path string, o Options) (*Published, error) {
	return openPublished(ctx, []string{path}, o)
}

// openPublished attaches the files to an engine in memory, shows their tables
// under their own names, and locks the door.
func openPublished(ctx context.Context, files []string, o Options) (*Published, error) {
	connector, err := duckdb.NewConnector("", nil)
	if err != nil {
		return nil, fmt.Errorf("open publication: %w", err)
	}
	p := &Published{Path: files[0], db: sql.OpenDB(connector)}
	p.db.SetMaxOpenConns(1)
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open publication: %w", err), p.Close())
	}
	defer conn.Close()
	err = conn.Raw(func(dc any) error { return prepareSession(ctx, dc.(driver.ExecerContext), o) })
	for i, path := range files {
		if err == nil {
			err = showFile(ctx, conn, path, fmt.Sprintf("published%d", i))
		}
	}
	for _, s := range []string{"SET enable_external_access = false", "SET lock_configuration = true"} {
		if err == nil {
			_, err = conn.ExecContext(ctx, s)
		}
	}
	if err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// showFile attaches a file and makes a view of each of its tables.
func showFile(ctx context.Context, conn *sql.Conn, path, name string) error {
	if _, err := os.Stat(path); err != nil {
		return &Error{Err: fmt.Errorf("open publication: %w", err), Try: "zhicang run makes it anew; zhicang publish --rollback goes back to the one before"}
	}
	if _, err := conn.ExecContext(ctx, "ATTACH "+quote(path)+" AS "+name+" (READ_ONLY)"); err != nil {
		return openError(path, err)
	}
	rows, err := conn.QueryContext(ctx, "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name <> 'meta' ORDER BY 1, 2", name)
	if err != nil {
		return openError(path, err)
	}
	defer rows.Close()
	var stmts []string
	for rows.Next() {
		var schema, table string
		if err := rows.Scan(&schema, &table); err != nil {
			return openError(path, err)
		}
		full := ident(schema) + "." + ident(table)
		stmts = append(stmts, "CREATE SCHEMA IF NOT EXISTS "+ident(schema), "CREATE VIEW "+full+" AS SELECT * FROM "+name+"."+full)
	}
	if err := rows.Err(); err != nil {
		return openError(path, err)
	}
	for _, s := range stmts {
		if _, err := conn.ExecContext(ctx, s); err != nil {
			return openError(path, err)
		}
	}
	return nil
}

// Close closes the files.
func (p *Published) Close() error { return p.db.Close() }

// Query runs a SELECT.
func (p *Published) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return p.db.QueryContext(ctx, text, args...)
}

// Parse reads a SELECT with the engine's parser.
func (p *Published) Parse(ctx context.Context, text string) (*dialect.Query, error) {
	return parse(ctx, p.db, text)
}
