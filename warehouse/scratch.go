package warehouse

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/marcboeker/go-duckdb/v2"

	"zhicang/warehouse/dialect"
)

// Scratch is an engine in memory that is filled once and then only read. It
// can reach no file, and it is small: one thread, little memory.
type Scratch struct {
	db *sql.DB
}

// OpenScratch runs the statements one by one, then locks the engine. Closing it
// frees everything.
func OpenScratch(ctx context.Context, statements []string) (*Scratch, error) {
	connector, err := duckdb.NewConnector("", func(c driver.ExecerContext) error {
		// As in PostgreSQL: 15 / 2 is 7.
		_, err := c.ExecContext(context.Background(), "SET integer_division = true", nil)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("open scratch engine: %w", err)
	}
	s := &Scratch{db: sql.OpenDB(connector)}
	s.db.SetMaxOpenConns(1)
	s.db.SetMaxIdleConns(1)
	locks := []string{
		"SET autoinstall_known_extensions = false", "SET autoload_known_extensions = false", "SET threads = 1", "SET memory_limit = '128MB'", "SET temp_directory = ''", "SET max_expression_depth = 250",
		"SET enable_external_access = false", "SET lock_configuration = true",
	}
	for _, list := range [][]string{statements, locks} {
		for _, text := range list {
			if _, err := s.db.ExecContext(ctx, text); err != nil {
				return nil, errors.Join(fmt.Errorf("fill scratch engine: %w", err), s.db.Close())
			}
		}
	}
	return s, nil
}

// Close frees the engine.
func (s *Scratch) Close() error { return s.db.Close() }

// Query runs a SELECT.
func (s *Scratch) Query(ctx context.Context, text string) (*sql.Rows, error) {
	return s.db.QueryContext(ctx, text)
}

// Parse reads a SELECT with the engine's parser.
func (s *Scratch) Parse(ctx context.Context, text string) (*dialect.Query, error) {
	return parse(ctx, s.db, text)
}
