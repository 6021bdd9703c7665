// Package ledger remembers what ran, what was read and what was published, in
// one SQLite file. A batch's files are written before it is committed here;
// the commit makes them exist. Whatever the ledger does not name is not there.
package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the database/sql driver
)

// Ledger is an open ledger. It is safe for concurrent use.
type Ledger struct {
	db  *sql.DB
	now func() time.Time
}

const schema = `
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS run (
	id INTEGER PRIMARY KEY, kind TEXT NOT NULL, as_of TEXT NOT NULL,
	started TEXT NOT NULL, finished TEXT, result TEXT, message TEXT);

CREATE TABLE IF NOT EXISTS step (
	run_id INTEGER NOT NULL, seq INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
	state TEXT NOT NULL, reason TEXT NOT NULL, rows INTEGER NOT NULL, held INTEGER NOT NULL, millis INTEGER NOT NULL,
	PRIMARY KEY (run_id, seq)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS batch (
	id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, source TEXT NOT NULL, unit TEXT NOT NULL, table_name TEXT NOT NULL,
	committed TEXT NOT NULL, read INTEGER NOT NULL, landed INTEGER NOT NULL, held INTEGER NOT NULL,
	header TEXT NOT NULL, vault TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS batch_file (
	batch_id INTEGER NOT NULL, month TEXT NOT NULL, path TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
	PRIMARY KEY (batch_id, path)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS unit (
	source TEXT NOT NULL, unit TEXT NOT NULL, stamp TEXT NOT NULL, digest TEXT NOT NULL, cursor TEXT NOT NULL,
	batch_id INTEGER NOT NULL, loaded TEXT NOT NULL, PRIMARY KEY (source, unit)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS recent (
	source TEXT NOT NULL, unit TEXT NOT NULL, mark TEXT NOT NULL, PRIMARY KEY (source, unit, mark)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS known (
	source TEXT NOT NULL, unit TEXT NOT NULL, batch_id INTEGER NOT NULL, path TEXT NOT NULL, PRIMARY KEY (source, unit)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS held (
	batch_id INTEGER NOT NULL, seq INTEGER NOT NULL, sheet TEXT NOT NULL, row INTEGER NOT NULL,
	column_name TEXT NOT NULL, rule TEXT NOT NULL, reason TEXT NOT NULL, shape TEXT NOT NULL,
	PRIMARY KEY (batch_id, seq)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS replayed (
	batch_id INTEGER NOT NULL, seq INTEGER NOT NULL, into_id INTEGER NOT NULL, PRIMARY KEY (batch_id, seq)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS publication (
	id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL, digest TEXT NOT NULL, created TEXT NOT NULL, state TEXT NOT NULL);

CREATE TABLE IF NOT EXISTS due (
	schedule TEXT NOT NULL, at TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, next TEXT NOT NULL,
	run_id INTEGER NOT NULL, note TEXT NOT NULL, changed TEXT NOT NULL, PRIMARY KEY (schedule, at)) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS condition (
	subject TEXT PRIMARY KEY, state TEXT NOT NULL, since TEXT NOT NULL, told TEXT NOT NULL) WITHOUT ROWID;
`

// Open opens the ledger file, creating it when it is not there.
func Open(ctx context.Context, path string, now func() time.Time) (*Ledger, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if err := createPrivate(path); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	// Opaque is written as it stands; SQLite decodes it as it does the query.
	escaped := (&url.URL{Path: path}).EscapedPath()
	dsn := (&url.URL{Scheme: "file", Opaque: escaped, RawQuery: url.Values{"_pragma": {
		"journal_mode(WAL)", "synchronous(FULL)", "busy_timeout(10000)", "foreign_keys(ON)",
	}}.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	// One connection: SQLite has one writer, and a ledger has little to say.
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, schema); err != nil {
		return nil, errors.Join(&OpenError{Path: filepath.Base(path), Err: err}, db.Close())
	}
	for _, c := range laterColumns {
		if err := addColumn(ctx, db, c); err != nil {
			return nil, errors.Join(&OpenError{Path: filepath.Base(path), Err: err}, db.Close())
		}
	}
	return &Ledger{db: db, now: now}, nil
}

// A laterColumn was added to a table that older ledgers have without it. It comes
// last in the table.
type laterColumn struct{ table, name, definition string }

var laterColumns = []laterColumn{
	{"held", "ordinal", "INTEGER NOT NULL DEFAULT 0"},
	{"held", "deleted", "INTEGER NOT NULL DEFAULT 0"},
}

func addColumn(ctx context.Context, db *sql.DB, c laterColumn) error {
	var n int
	if err := db.QueryRowContext(ctx, "SELECT count(*) FROM pragma_table_info(?) WHERE name = ?", c.table, c.name).Scan(&n); err != nil || n > 0 {
		return err
	}
	_, err := db.ExecContext(ctx, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s %s", c.table, c.name, c.definition))
	return err
}

// OpenError says that the ledger's file can't be used.
type OpenError struct {
	Path string
	Err  error
}

func (e *OpenError) Error() string { return "open ledger " + e.Path + ": " + e.Err.Error() }
func (e *OpenError) Unwrap() error { return e.Err }

// Hint is what to try; the command line prints it after "Try: ".
func (e *OpenError) Hint() string {
	if strings.Contains(e.Err.Error(), "not a database") || strings.Contains(e.Err.Error(), "malformed") {
		return "the file is damaged: bring it back from its backup; the lake can't be read without it"
	}
	return "look at the file's permissions and at the free space of its disk"
}

// createPrivate makes the file for its owner alone. SQLite gives the files that
// it puts beside it the same mode.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(0o600), f.Close())
}

// Close closes the ledger.
func (l *Ledger) Close() error { return l.db.Close() }

// stamp is a moment as the ledger writes it: sortable, with its zone.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Fact returns a remembered fact, such as the fingerprint of a key, or "".
func (l *Ledger) Fact(ctx context.Context, name string) (value string, err error) {
	err = l.db.QueryRowContext(ctx, "SELECT value FROM fact WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, err
}

// SetFact remembers a fact.
func (l *Ledger) SetFact(ctx context.Context, name, value string) error {
	_, err := l.db.ExecContext(ctx, setFact, name, value)
	return err
}

const setFact = "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"

func (l *Ledger) inTx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := l.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := fn(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// collect reads all rows of a query.
func collect[T any](ctx context.Context, db *sql.DB, scan func(*sql.Rows, *T) error, query string, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var v T
		if err := scan(rows, &v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, rows.Err()
}
