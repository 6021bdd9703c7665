package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"zhicang/ingest"
	"zhicang/ingest/files"
	"zhicang/ingest/httpapi"
	"zhicang/ingest/sqldb"
	"zhicang/ledger"
	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
	"zhicang/sql"
	"zhicang/transform"
	"zhicang/transform/category"
	"zhicang/transform/congress"
	"zhicang/transform/dim"
	"zhicang/transform/industry"
	"zhicang/transform/lexicon"
	"zhicang/transform/platform"
	"zhicang/warehouse"
)

// app is a site opened for one command. What a command does not need is not
// opened.
type app struct {
	*env
	cfg     Config
	dir     string // data folder
	models  fs.FS  // contracts, parameters, lexicons: the site's over the embedded ones
	sql     fs.FS
	catalog *models.Catalog
	regions *region.Tree

	lock   *ledger.Lock
	ledger *ledger.Ledger
	engine *warehouse.Engine
}

// open reads the config and everything that people wrote: contracts,
// parameters, regions.
func (e *env) open(ctx context.Context) (*app, error) {
	cfg, err := ReadConfig(e.config)
	if err != nil {
		return nil, err
	}
	a := &app{env: e, cfg: cfg, dir: cfg.path(cfg.DataDir), models: models.FS(), sql: sql.FS(), regions: region.Embedded()}
	if cfg.Site != "" {
		site := os.DirFS(cfg.path(cfg.Site))
		a.models = models.Overlay(sub(site, "models"), a.models)
		a.sql = models.Overlay(sub(site, "sql"), a.sql)
		if _, err := fs.Stat(site, "region.csv"); err == nil {
			if a.regions, err = a.regions.With(site, "region.csv"); err != nil {
				return nil, err
			}
		}
	}
	if err := dim.CheckRoot(a.regions, cfg.Region); err != nil {
		return nil, &models.FileError{File: filepath.Base(e.config), Msg: "region: " + err.Error(), Try: "add it to region.csv in the site's folder, or mend the code"}
	}
	if a.catalog, err = models.Load(a.models); err != nil {
		return nil, err
	}
	return a, nil
}

// openWithLedger opens the site and its ledger.
func (e *env) openWithLedger(ctx context.Context) (*app, error) {
	a, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	return a, a.openLedger(ctx)
}

func (a *app) openLedger(ctx context.Context) (err error) {
	a.ledger, err = ledger.Open(ctx, filepath.Join(a.dir, "ledger.sqlite"), a.now)
	return err
}

// sub is a folder of a file system; one that is not there is empty.
func sub(fsys fs.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		return fsys // dir is a constant; cannot happen
	}
	return s
}

// openToWrite takes the data folder for this process and opens the warehouse.
func (e *env) openToWrite(ctx context.Context, what string) (*app, error) {
	cfg, err := ReadConfig(e.config)
	if err != nil {
		return nil, err
	}
	lock, err := ledger.Acquire(cfg.path(cfg.DataDir), what, e.now().In(cfg.location()))
	if err != nil {
		return nil, err
	}
	a, err := e.openWithLedger(ctx)
	if err != nil {
		return nil, errors.Join(err, lock.Release())
	}
	a.lock = lock
	if err := a.openEngine(ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

// writing is openToWrite for use.
func (e *env) writing(what string) func(context.Context) (*app, error) {
	return func(ctx context.Context) (*app, error) { return e.openToWrite(ctx, what) }
}

// use opens the site in one of the ways, hands it to a command, and closes it
// whatever the command returns.
func (e *env) use(ctx context.Context, open func(context.Context) (*app, error), command func(*app) error) (err error) {
	a, err := open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return command(a)
}

func (a *app) openEngine(ctx context.Context) (err error) {
	a.engine, err = warehouse.Open(ctx, warehouse.Options{
		Path: filepath.Join(a.dir, "warehouse.duckdb"), TempDir: filepath.Join(a.dir, "tmp"),
		MemoryLimit: a.cfg.Engine.MemoryLimit, Threads: a.cfg.Engine.Threads,
	})
	return err
}

// Close closes what was opened.
func (a *app) Close() error {
	var errs []error
	if a.engine != nil {
		errs = append(errs, a.engine.Close())
	}
	if a.ledger != nil {
		errs = append(errs, a.ledger.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Release())
	}
	return errors.Join(errs...)
}

func (a *app) shelf() warehouse.Shelf { return warehouse.Shelf{Dir: filepath.Join(a.dir, "published")} }

// keys reads the site's keys, and makes them on the very first load. Keys that
// are not the ones the lake was loaded with are refused: the same person would
// get two pseudonyms.
func (a *app) keys(ctx context.Context) (privacy.Keys, error) {
	dir := a.cfg.path(a.cfg.KeysDir)
	known, err := a.ledger.Fact(ctx, "pseudonym_key")
	if err != nil {
		return privacy.Keys{}, err
	}
	keys, err := privacy.LoadKeys(dir)
	if errors.Is(err, fs.ErrNotExist) && known == "" {
		if keys, err = privacy.CreateKeys(dir); err == nil {
			fmt.Fprintf(a.err, "made new keys in %s: back them up apart from the data\n", dir)
		}
	}
	if err != nil {
		return keys, err
	}
	for name, key := range map[string]privacy.Key{"pseudonym_key": keys.Pseudonym, "vault_key": keys.Vault} {
		print := key.Fingerprint()
		if known, err = a.ledger.Fact(ctx, name); err != nil {
			return keys, err
		}
		switch known {
		case print:
		case "":
			if err := a.ledger.SetFact(ctx, name, print); err != nil {
				return keys, err
			}
		default:
			return keys, &models.FileError{
				File: dir, Msg: fmt.Sprintf("the %s is another one (%s) than the lake was loaded with (%s)", name, print, known),
				Try: "put the right keys back from their backup",
			}
		}
	}
	return keys, nil
}

// checkLedger refuses to load where a lake lies and the ledger knows of no run:
// the ledger was lost, and sweeping what it does not name would lose the lake
// as well.
func (a *app) checkLedger(ctx context.Context) error {
	runs, err := a.ledger.Runs(ctx, 2)
	if err != nil || len(runs) > 1 {
		return err
	}
	for folder, pattern := range map[string]string{"lake": "lake/*/*/*/*.parquet", "vault": "vault/*.vault"} {
		files, err := filepath.Glob(filepath.Join(a.dir, filepath.FromSlash(pattern)))
		if err != nil {
			return err
		}
		if len(files) > 0 {
			return &models.FileError{
				File: a.dir, Msg: fmt.Sprintf("the ledger is new and %d files of an older one lie in %s", len(files), folder),
				Try: "bring ledger.sqlite back from its backup; to begin anew, move the folders lake and vault away yourself",
			}
		}
	}
	return nil
}

func (a *app) loader(ctx context.Context) (*ingest.Loader, error) {
	keys, err := a.keys(ctx)
	if err != nil {
		return nil, err
	}
	return &ingest.Loader{
		Dir: a.dir, Ledger: a.ledger, Catalog: a.catalog, Regions: a.regions, Keys: keys,
		Location: a.cfg.location(), Now: a.now, Log: a.logger(),
	}, nil
}

// source opens a source for what its table wants of it: with the fields that
// nobody maps where the contract keeps them.
func (a *app) source(cfg ingest.Config) (ingest.Source, error) {
	if err := cfg.ReadSecrets(a.cfg.dir); err != nil {
		return nil, err
	}
	if c, ok := a.catalog.Contract(cfg.Table); ok {
		cfg.Extra = c.Extra
	}
	switch cfg.Type {
	case "http":
		return httpapi.Open(cfg, cfg.Fields(), httpapi.Options{Now: a.now, Logger: a.logger()})
	case ingest.TypeSQL:
		return sqldb.Open(cfg, cfg.Fields(), sqldb.Options{Dir: a.cfg.dir, Location: a.cfg.location(), Now: a.now, Logger: a.logger()})
	}
	return files.Open(cfg, cfg.Fields(), a.cfg.dir)
}

// lexicon reads the dictionaries: embedded, the site's, and the words that its
// analysts accepted.
func (a *app) lexicon() (*lexicon.Lexicon, error) {
	lex, err := lexicon.Load(sub(a.models, "congress/lexicon"))
	if err != nil {
		return nil, err
	}
	if a.cfg.Words.Accepted == "" {
		return lex, nil
	}
	f, err := os.Open(a.cfg.path(a.cfg.Words.Accepted))
	if errors.Is(err, fs.ErrNotExist) {
		return lex, nil // nothing accepted yet
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return lex, lex.AddWords(a.cfg.Words.Accepted, f)
}

// graph connects everything that makes tables. asOf is the day that the run
// reports on.
func (a *app) graph(ctx context.Context, asOf time.Time) (*transform.Graph, error) {
	lex, err := a.lexicon()
	if err != nil {
		return nil, err
	}
	cfg := congress.Config{
		Lexicon: lex, Classifier: category.NewKeywords(lex), ModelKind: "词典",
		Regions: a.regions, Region: a.cfg.Region, Catalog: a.catalog,
	}
	if a.cfg.CategoryModel != "" {
		model, err := category.Load(a.cfg.path(a.cfg.CategoryModel))
		if err != nil {
			return nil, err
		}
		cfg.Classifier, cfg.ModelKind = model, "模型"
	}
	steps := dim.Steps(a.regions, a.catalog, dim.Site{Region: a.cfg.Region, AsOf: asOf, Timezone: a.cfg.Timezone})
	steps = append(steps, congress.Steps(cfg)...)
	steps = append(steps, industry.Steps(industry.Config{Catalog: a.catalog})...)
	return transform.NewGraph(ctx, a.engine, a.catalog, a.sql, steps)
}

func (a *app) runner(ctx context.Context, asOf time.Time) (*transform.Runner, error) {
	g, err := a.graph(ctx, asOf)
	if err != nil {
		return nil, err
	}
	return &transform.Runner{
		Engine: a.engine, Graph: g, Ledger: a.ledger, Dir: a.dir, Shelf: a.shelf(), Keep: a.cfg.Publish.Keep,
		AsOf: asOf, Now: a.now, Log: a.logger(),
	}, nil
}

// writePlatform writes the tables that tell how the house itself is, also when
// the context has ended: a run that failed must be seen.
func (a *app) writePlatform(ctx context.Context) error {
	w := platform.Writer{
		Ledger: a.ledger, Catalog: a.catalog, Shelf: a.shelf(), Dir: a.dir, Location: a.cfg.location(), Now: a.now,
		Query: a.engine.Query,
	}
	for _, s := range a.cfg.Sources {
		w.Sources = append(w.Sources, platform.Source{Name: s.Name, Table: s.Table, System: s.SystemName()})
	}
	return w.Write(context.WithoutCancel(ctx))
}

// day reads the day of --as-of; empty is today in the site's zone.
func (a *app) day(s string) (time.Time, error) {
	if s == "" {
		now := a.now().In(a.cfg.location())
		return time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC), nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, usageError{fmt.Errorf("--as-of: %q is no day such as 2025-12-31", s)}
	}
	return t, nil
}
