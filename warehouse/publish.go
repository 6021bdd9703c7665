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

	"github.com/marcboeker/go-duckdb/v2"

	"zhicang/models"
	"zhicang/warehouse/dialect"
)

// Shelf is the folder of published files. Each publication is a file of its
// own, never changed once it has its name; the file CURRENT names the one that
// readers open. Both are replaced by rename, so that a reader sees the old
// publication or the new one, and never half of either.
type Shelf struct {
	Dir string
}

const currentName = "CURRENT"

// ErrNothingPublished means that no publication has been made yet.
var ErrNothingPublished = errors.New("nothing has been published yet")

// FileName is the name of a publication's file.
func FileName(publication int64) string { return fmt.Sprintf("zhicang-%08d.duckdb", publication) }

// Current returns the path of the file that readers open.
func (s Shelf) Current() (string, error) {
	data, err := os.ReadFile(filepath.Join(s.Dir, currentName))
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNothingPublished
	}
	if err != nil {
		return "", fmt.Errorf("current publication: %w", err)
	}
	name := strings.TrimSpace(string(data))
	if !isPublication(name) {
		return "", &Error{
			Err: fmt.Errorf("current publication: %s does not name a published file", currentName),
			Try: "zhicang publish, or write the name of a file in the folder published into it",
		}
	}
	return filepath.Join(s.Dir, name), nil
}

func isPublication(name string) bool {
	ok, _ := filepath.Match("zhicang-*.duckdb", name)
	return ok && filepath.Base(name) == name
}

// Readable reports whether the current publication is there and opens.
func (s Shelf) Readable(ctx context.Context) bool {
	path, err := s.Current()
	if err != nil {
		return false
	}
	p, err := OpenPublished(ctx, path, Options{})
	if err != nil {
		return false
	}
	return p.Close() == nil
}

// Switch makes a publication the current one.
func (s Shelf) Switch(name string) error {
	if _, err := os.Stat(filepath.Join(s.Dir, name)); err != nil {
		return fmt.Errorf("switch publication: %w", err)
	}
	return replaceFile(filepath.Join(s.Dir, currentName), []byte(name+"\n"))
}

// Files lists the publications on the shelf, oldest first.
func (s Shelf) Files() ([]string, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if isPublication(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Prune removes all but the newest keep publications, never the current one,
// and whatever an interrupted publication left behind. It returns the names
// that it removed.
func (s Shelf) Prune(keep int) ([]string, error) {
	current, err := s.Current()
	if err != nil {
		return nil, err
	}
	names, err := s.Files()
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, name := range names[:max(0, len(names)-keep)] {
		if name == filepath.Base(current) {
			continue
		}
		if err := os.Remove(filepath.Join(s.Dir, name)); err != nil {
			return gone, err
		}
		gone = append(gone, name)
	}
	leftovers, err := filepath.Glob(filepath.Join(s.Dir, "*.tmp*"))
	for _, path := range leftovers {
		err = errors.Join(err, os.Remove(path))
	}
	return gone, err
}

// Publish copies the tables into a new file of the given name on the shelf. It
// does not switch to it.
func (e *Engine) Publish(ctx context.Context, s Shelf, name string, tables []*models.Contract) (err error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	tmp := filepath.Join(s.Dir, name+".tmp")
	for _, leftover := range []string{tmp, tmp + ".wal"} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("publish: %w", err)
		}
	}
	if err := e.copyTo(ctx, tmp, tables); err != nil {
		return err
	}
	if err := syncPath(tmp); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(s.Dir, name)); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return syncPath(s.Dir)
}

func (e *Engine) copyTo(ctx context.Context, path string, tables []*models.Contract) (err error) {
	if err := e.Exec(ctx, "ATTACH "+quote(path)+" AS pub"); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	defer func() {
		if detachErr := e.Exec(context.WithoutCancel(ctx), "DETACH pub"); err == nil && detachErr != nil {
			err = fmt.Errorf("publish: %w", detachErr)
		}
	}()
	for _, c := range tables {
		if err := e.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS pub."+ident(c.Layer())); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		if err := e.Exec(ctx, fmt.Sprintf("CREATE TABLE pub.%s AS SELECT * FROM %s", qualified(c.Table), qualified(c.Table))); err != nil {
			return fmt.Errorf("publish %s: %w", c.Table, err)
		}
	}
	if err := e.Exec(ctx, "CHECKPOINT pub"); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// Published is a published file, open for reading and nothing else: no other
// file can be reached through it, and its settings can't be changed.
type Published struct {
	Path string
	db   *sql.DB
}

// OpenPublished opens a published file. The settings are locked once the
// first connection stands; each further one gets the session's macros only.
func OpenPublished(ctx context.Context, path string, o Options) (*Published, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, &Error{Err: fmt.Errorf("open publication: %w", err), Try: "zhicang run makes it anew; zhicang publish --rollback goes back to the one before"}
	}
	connector, err := duckdb.NewConnector(path+"?access_mode=READ_ONLY", nil)
	if err != nil {
		return nil, openError(path, err)
	}
	p := &Published{Path: path, db: sql.OpenDB(connector)}
	p.db.SetMaxOpenConns(1)
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(openError(path, err), p.Close())
	}
	defer conn.Close()
	err = conn.Raw(func(dc any) error {
		return prepareSession(ctx, dc.(driver.ExecerContext), o)
	})
	for _, s := range []string{"SET enable_external_access = false", "SET lock_configuration = true"} {
		if err == nil {
			_, err = conn.ExecContext(ctx, s)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open publication: %w", err), p.Close())
	}
	return p, nil
}

// Close closes the file.
func (p *Published) Close() error { return p.db.Close() }

// Query runs a SELECT.
func (p *Published) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	return p.db.QueryContext(ctx, text, args...)
}

// Parse reads a SELECT with the engine's parser.
func (p *Published) Parse(ctx context.Context, text string) (*dialect.Query, error) {
	var tree string
	if err := p.db.QueryRowContext(ctx, "SELECT CAST(json_serialize_sql(?::VARCHAR) AS VARCHAR)", text).Scan(&tree); err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	return dialect.Parse(text, []byte(tree))
}

// replaceFile writes a file so that it is there whole or not at all.
func replaceFile(path string, data []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	if err := syncPath(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

// syncPath forces a file or a folder to disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
