package reader

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zhicang/models"
	"zhicang/serve/pgsql"
	"zhicang/warehouse"
)

// Publication is the published file that statements read.
type Publication struct {
	ID          int64  // 0: there is none
	File        string // its name on the shelf
	AsOf        time.Time
	PublishedAt time.Time
}

// The names that the files of an edition are known by.
const (
	mainFile     = "main"
	platformFile = "platform"
)

// files are the paths that the shelf points to; "" where there is none.
type files struct{ main, platform string }

// attempt remembers a pointer that could not be followed, so that a damaged
// file is not opened again for every statement.
type attempt struct {
	files files
	at    time.Time
}

// retryAfter is how long a file that would not open is left alone.
const retryAfter = 2 * time.Second

// edition is the published files, opened, and what accounts see of them.
type edition struct {
	pub    Publication
	files  files
	engine *warehouse.Reading
	// catalog says what may be there, tables what is.
	catalog *models.Catalog
	tables  map[string]table       // by name
	damage  atomic.Pointer[damage] // nil: every statement could read what it asked for
	log     *slog.Logger
	// missing is why the main file is not there; nil: it is.
	missing error

	mu     sync.Mutex
	scopes map[string]*scope
	plans  *plans

	users    int // statements that run on it
	retired  bool
	gone     chan struct{} // closed when it is
	closeErr error
}

// table is a published table that is there, under its contract.
type table struct {
	contract *models.Contract
	file     string
}

// Current is the publication that the next statement reads. The error says why
// there is none, or why it is not the newest; then the publication is the last
// that could be read, if any.
func (r *Reader) Current(ctx context.Context) (Publication, error) {
	r.follow(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return Publication{}, r.state
	}
	if d := r.current.damage.Load(); d != nil {
		return r.current.pub, d.err
	}
	if r.state == nil && r.current.missing != nil {
		return Publication{}, r.current.missing
	}
	return r.current.pub, r.state
}

// acquire takes the newest edition for a statement. leave gives it back.
func (r *Reader) acquire(ctx context.Context) (*edition, error) {
	r.follow(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		return nil, r.state
	}
	r.current.mu.Lock()
	r.current.users++
	r.current.mu.Unlock()
	return r.current, nil
}

// follow opens what the shelf points to, if that is not open. While one
// statement does so, others go on with what there is.
func (r *Reader) follow(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f, err := pointers(r.o.Shelf)
	if err != nil && !r.closed {
		r.state = unavailable(err)
	}
	if err != nil || !r.due(f) {
		return
	}
	r.opening = true
	if r.current == nil { // nobody has anything to go on with
		ed, err := r.openEdition(context.WithoutCancel(ctx), f)
		r.take(ed, f, err)
		return
	}
	r.mu.Unlock()
	ed, err := r.openEdition(context.WithoutCancel(ctx), f)
	r.mu.Lock()
	r.take(ed, f, err)
}

// due reports whether files have to be opened now.
func (r *Reader) due(f files) bool {
	switch {
	case r.closed, r.opening:
		return false
	case r.current != nil && r.current.engine.Broken():
		return true
	case r.current != nil && r.current.files == f:
		r.state = nil
		return false
	}
	since := r.o.Now().Sub(r.tried.at)
	return r.tried.files != f || since < 0 || since >= retryAfter
}

// take makes an edition the current one. Where it could not be opened, the one
// before stays.
func (r *Reader) take(ed *edition, f files, err error) {
	r.opening = false
	switch {
	case err != nil:
		again := r.tried.files == f
		r.tried = attempt{f, r.o.Now()}
		if !again {
			r.o.Log.Error("publication not opened", "file", filepath.Base(f.main), "err", err)
		}
		if !r.closed {
			r.state = unavailable(err)
		}
		return
	case r.closed:
		ed.retire()
		return
	}
	r.tried = attempt{}
	old := r.current
	if old != nil {
		ed.inherit(old)
	}
	r.current, r.state = ed, nil
	r.o.Log.Info("publication opened", "file", ed.pub.File, "as_of", ed.pub.AsOf.Format(time.DateOnly), "tables", len(ed.tables))
	if old != nil {
		old.retire()
	}
}

// inherit keeps what is known of files that stay: they are not better for being
// opened again.
func (ed *edition) inherit(old *edition) {
	d := old.damage.Load()
	if d == nil {
		return
	}
	if same := ed.files == old.files; same || !d.platform && ed.files.main == old.files.main {
		ed.damage.Store(d)
	}
}

// pointers reads where the shelf points to. That nothing is there is an error
// only where neither file is.
func pointers(s warehouse.Shelf) (files, error) {
	var f files
	main, err := s.Current()
	if err != nil && !errors.Is(err, warehouse.ErrNothingPublished) {
		return f, err
	}
	platform, platformErr := s.CurrentPlatform()
	if err != nil && platformErr != nil {
		return f, err
	}
	return files{main, platform}, nil
}

func (r *Reader) openEdition(ctx context.Context, f files) (*edition, error) {
	ed := &edition{files: f, catalog: r.o.Catalog, tables: map[string]table{}, scopes: map[string]*scope{}, plans: newPlans(), gone: make(chan struct{}), log: r.o.Log}
	attach := map[string]string{}
	if f.main != "" {
		attach[mainFile] = f.main
	} else {
		ed.missing = unavailable(warehouse.ErrNothingPublished)
	}
	if _, err := os.Stat(f.platform); f.platform != "" && err == nil {
		attach[platformFile] = f.platform
	}
	l := r.o.Limits
	options := warehouse.ReadingOptions{Connections: l.Statements, MemoryLimit: l.MemoryLimit, Threads: l.Threads, Macros: pgsql.Macros()}
	engine, err := warehouse.OpenReading(ctx, attach, options)
	if _, both := attach[platformFile]; err != nil && both && f.main != "" {
		// The platform's tables are not worth the others.
		r.o.Log.Error("platform tables not opened", "err", err)
		delete(attach, platformFile)
		engine, err = warehouse.OpenReading(ctx, attach, options)
	}
	if err != nil {
		return nil, err
	}
	ed.engine = engine
	if err := ed.look(ctx, attach); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return ed, nil
}

// look reads what the files hold: of that the tables that have a contract and
// can be cut to an account, the day that they report on, and their age.
func (ed *edition) look(ctx context.Context, attached map[string]string) error {
	conn, err := ed.engine.Conn(ctx)
	if err != nil {
		return err
	}
	defer ed.engine.Release(conn)
	for _, file := range []string{platformFile, mainFile} { // what the platform tells of itself is newest there
		if attached[file] == "" {
			continue
		}
		columns, err := ed.engine.Columns(ctx, conn, file)
		if err != nil {
			return err
		}
		for name, cols := range columns {
			c, known := ed.catalog.Contract(name)
			if _, twice := ed.tables[name]; known && !twice && servable(c, cols) {
				ed.tables[name] = table{c, file}
			}
		}
	}
	path := attached[mainFile]
	if path == "" {
		return nil
	}
	ed.pub.File = filepath.Base(path)
	id := strings.TrimSuffix(strings.TrimPrefix(ed.pub.File, "zhicang-"), ".duckdb")
	ed.pub.ID, _ = strconv.ParseInt(id, 10, 64) // another name has no number
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	ed.pub.PublishedAt = info.ModTime()
	if t, ok := ed.tables["dim.run"]; ok {
		row := conn.QueryRowContext(ctx, "SELECT max(as_of) FROM "+ed.engine.Table(t.file, "dim.run"))
		var asOf *time.Time
		if err := row.Scan(&asOf); err != nil {
			return err
		}
		if asOf != nil {
			ed.pub.AsOf = *asOf
		}
	}
	return nil
}

// leave gives an edition back.
func (ed *edition) leave() {
	ed.mu.Lock()
	ed.users--
	last := ed.retired && ed.users == 0
	ed.mu.Unlock()
	if last {
		ed.close()
	}
}

// retire closes an edition once nobody uses it.
func (ed *edition) retire() {
	ed.mu.Lock()
	last := !ed.retired && ed.users == 0
	ed.retired = true
	ed.mu.Unlock()
	if last {
		ed.close()
	}
}

func (ed *edition) close() {
	ed.closeErr = ed.engine.Close()
	close(ed.gone)
}
