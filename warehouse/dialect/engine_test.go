package dialect

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"testing"

	_ "github.com/marcboeker/go-duckdb/v2"
)

// engine is one DuckDB connection with the macros and the session's settings.
var engine = sync.OnceValues(func() (*sql.Conn, error) {
	ctx := context.Background()
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, err
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	for _, statement := range append(Macros(), "SET integer_division = true", "SET TimeZone = 'Asia/Shanghai'") {
		if _, e := conn.ExecContext(ctx, statement); e != nil {
			err = errors.Join(err, e)
		}
	}
	return conn, err
})

func duck(t testing.TB) *sql.Conn {
	t.Helper()
	conn, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func serialize(t testing.TB, text string) []byte {
	t.Helper()
	var tree string
	if err := duck(t).QueryRowContext(t.Context(), "SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", text).Scan(&tree); err != nil {
		t.Fatal(err)
	}
	return []byte(tree)
}

func parse(t testing.TB, text string) *Query {
	t.Helper()
	q, err := Parse(text, serialize(t, text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return q
}
