package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
)

// Loader loads sources into the lake of one data folder.
type Loader struct {
	Dir      string // data folder
	Ledger   *ledger.Ledger
	Catalog  *models.Catalog
	Regions  *region.Tree
	Keys     privacy.Keys
	Location *time.Location
	Now      func() time.Time
	Log      *slog.Logger
	// Reload names the sources that are read again from their beginning,
	// whether they changed or not.
	Reload []string
}

// Report says what one load of a source did.
type Report struct {
	Source    string
	Units     int // read now
	Unchanged int // left alone: read before and not changed since
	Read      int64
	Landed    int64
	Held      int64
	Failures  []error // units that could not be read; the others were
	// NewFields are those that nobody maps and that no earlier run saw in this
	// source. A source that is loaded for the first time has none.
	NewFields []string
}

// Load reads every unit of a source that is new or changed. A unit that can't
// be read is reported and does not keep the others from landing. The error is
// for what stops the whole source.
func (l *Loader) Load(ctx context.Context, run int64, cfg Config, src Source) (Report, error) {
	rep := Report{Source: cfg.Name}
	ck, err := l.prepare(&cfg)
	if err != nil {
		return rep, err
	}
	units, err := src.Units(ctx)
	if err != nil {
		return rep, err
	}
	seen, err := l.Ledger.FieldsBefore(ctx, cfg.Name, run)
	if err != nil {
		return rep, err
	}
	in := intake{Loader: l, seen: seen, run: run, cfg: cfg, source: src, checker: ck, reading: cfg.reading(), reload: slices.Contains(l.Reload, cfg.Name)}
	for _, u := range units {
		if err := in.loadUnit(ctx, u, &rep); err != nil {
			if ctx.Err() != nil {
				return rep, ctx.Err()
			}
			rep.Failures = append(rep.Failures, err)
		}
	}
	return rep, nil
}

// prepare gets ready to check a source's records: by the contract of its table,
// which also decides whether what nobody maps is kept.
func (l *Loader) prepare(cfg *Config) (*checker, error) {
	c, err := Mapped(*cfg, l.Catalog)
	if err != nil {
		return nil, err
	}
	cfg.Extra = c.Extra
	if err := reuseEncoders(); err != nil {
		return nil, err
	}
	return newChecker(c, *cfg, l)
}

// CheckMapping reports whether a source's mapping can keep the contract of its table:
// the columns that it names, those that it owes, its constants. It needs no keys.
func (l *Loader) CheckMapping(cfg Config) error {
	c, err := Mapped(cfg, l.Catalog)
	if err != nil {
		return err
	}
	cfg.Extra = c.Extra
	_, err = keylessChecker(c, cfg, l)
	return err
}

func odsTables(cat *models.Catalog) []string {
	var names []string
	for _, t := range cat.Tables() {
		if models.Layer(t) == "ods" {
			names = append(names, t)
		}
	}
	return names
}

// Mapped returns the contract of a source's table, once the source's mapping is
// seen to name its columns.
func Mapped(cfg Config, cat *models.Catalog) (*models.Contract, error) {
	c, ok := cat.Contract(cfg.Table)
	if !ok || c.Layer() != "ods" {
		return nil, &Error{
			Source: cfg.Name, Err: fmt.Errorf("there is no ods table %s", cfg.Table),
			Try: "the ods tables are those with a contract: " + strings.Join(odsTables(cat), ", "),
		}
	}
	if err := checkMapping(cfg, c); err != nil {
		return c, err
	}
	return c, cfg.Reconcile.validate(cfg, c)
}

func checkMapping(cfg Config, c *models.Contract) error {
	names := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		names[i] = col.Name
	}
	for _, m := range []map[string]string{cfg.Columns, cfg.Constants} {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if _, ok := c.Column(name); !ok {
				try := "the columns are " + strings.Join(names, ", ")
				if near := models.Nearest(name, names); near != "" {
					try = fmt.Sprintf("did you mean %q?", near)
				}
				return &Error{Source: cfg.Name, Column: name, Err: fmt.Errorf("%s has no such column", c.Table), Try: try}
			}
		}
	}
	return nil
}

// intake is one load of one source.
type intake struct {
	*Loader
	run     int64
	cfg     Config
	source  Source
	checker *checker
	recent  *recent // of a stream; nil for files and databases
	known   *known  // of a database; nil for others
	// vanishing is the file of known rows of an earlier reading, by which it is
	// told what has vanished since; empty: the one of known, or none.
	vanishing string
	reading   string // digest of how the source is read: under another one all is read again
	reload    bool
	seen      []string // every field that earlier runs saw in the source
}

func (in *intake) loadUnit(ctx context.Context, u Unit, rep *Report) error {
	known, seen, err := in.Ledger.Unit(ctx, in.cfg.Name, u.Name)
	if err != nil {
		return err
	}
	// What was read under another mapping is as good as unread.
	fresh := in.reload || !seen || !strings.HasSuffix(known.Digest, "@"+in.reading)
	if !fresh && u.Stamp != "" && u.Stamp == known.Stamp {
		rep.Unchanged++
		return nil
	}
	next := ledger.Unit{Source: in.cfg.Name, Name: u.Name, Stamp: u.Stamp, Digest: "@" + in.reading}
	switch {
	case u.Digest == nil:
		if !fresh {
			next.Cursor = known.Cursor // a changed file is read from its beginning, a stream goes on
		}
	case fresh && u.Stamp != "":
		// It is read in any case, and digested meanwhile.
	default:
		content, err := u.Digest(ctx)
		if err != nil {
			return in.readError(u, err)
		}
		u.Digest = nil
		next.Digest = content + next.Digest
		if !fresh && next.Digest == known.Digest {
			rep.Unchanged++
			return in.Ledger.TouchUnit(ctx, next)
		}
	}
	if u.Stamp == "" && in.cfg.Type != TypeSQL {
		if err := in.rememberRecent(ctx, u, fresh); err != nil {
			return err
		}
	}
	b, outcome, err := in.land(ctx, u, next.Cursor, fresh)
	if err != nil {
		return err
	}
	next.Cursor = outcome.Cursor
	if u.Digest != nil {
		next.Digest = outcome.Digest + next.Digest
	}
	if in.recent != nil {
		b.Recent = in.recent.last()
	}
	if b.Read == 0 && u.Stamp == "" {
		in.forget()
		rep.Unchanged++
		rep.noteNew(in.cfg, in.seen, b.Header) // again at each reading, until a batch notes it
		return in.Ledger.TouchUnit(ctx, next)
	}
	if err := in.Ledger.CommitBatch(ctx, b, next); err != nil {
		// Whether the commit took is for the ledger to say: only files that it
		// does not know may go.
		_, swept := in.Sweep(context.WithoutCancel(ctx))
		return errors.Join(err, swept)
	}
	in.removeOldKnown()
	in.Log.Info("landed", "source", in.cfg.Name, "unit", u.Name, "batch", b.ID, "rows", b.Landed, "held", b.Held)
	rep.Units++
	rep.Read += b.Read
	rep.Landed += b.Landed
	rep.Held += b.Held
	rep.noteNew(in.cfg, in.seen, b.Header)
	return nil
}

// rememberRecent gets ready to know the stream's last records again; read from
// its beginning, all of it is news.
func (in *intake) rememberRecent(ctx context.Context, u Unit, fresh bool) (err error) {
	var marks []string
	if !fresh {
		if marks, err = in.Ledger.Recent(ctx, in.cfg.Name, u.Name); err != nil {
			return err
		}
	}
	in.recent, err = newRecent(in.Keys.Pseudonym, marks)
	return err
}

// passNew leaves out what a stream repeats.
func (in *intake) passNew(yield func(Batch) error) func(Batch) error {
	if in.known != nil {
		return func(b Batch) error { return in.known.pass(b, yield) }
	}
	if in.recent == nil {
		return yield
	}
	return func(b Batch) error {
		cells := make([]cell, b.Record.NumCols())
		for i := range cells {
			cells[i] = newCell(b.Record.Column(i), in.Location)
		}
		return in.recent.pass(b, cells, yield)
	}
}

// land reads, checks and writes one unit. Until the ledger commits the batch,
// the files it wrote do not exist for anyone.
func (in *intake) land(ctx context.Context, u Unit, cursor string, fresh bool) (b ledger.Batch, out Outcome, err error) {
	id, err := in.Ledger.NextBatch(ctx)
	if err != nil {
		return b, out, err
	}
	c := in.checker.contract
	b = ledger.Batch{ID: id, Run: in.run, Source: in.cfg.Name, Unit: u.Name, Table: c.Table}
	t := newTally(in.cfg)
	w := &batchWriter{dir: in.Dir, key: in.Keys.Vault, batch: &b, tally: t, lander: newLander(in.Dir, c, id, in.cfg.SystemName())}
	defer func() {
		if err != nil {
			w.abort()
			in.forget()
		}
	}()
	if in.cfg.Type == TypeSQL {
		if err := in.rememberRows(ctx, u, fresh, id); err != nil {
			return b, out, err
		}
	}
	out, err = readChecked(ctx, func(ctx context.Context, yield func(Batch) error) (Outcome, error) {
		out, err := in.readDigested(ctx, u, cursor, t.countDelivered(in, in.checkTypes(u, in.passNew(t.countPassed(in, yield)))))
		return out, in.readError(u, err)
	}, in.checker, func(c *checked) error {
		if err := w.write(c); err != nil {
			return in.writeError(u, err)
		}
		if b.Held < manyHeld {
			return nil
		}
		return in.tooManyHeld(u, &b)
	})
	if err != nil {
		return b, out, err
	}
	if err := in.tooManyHeld(u, &b); err != nil {
		return b, out, err
	}
	if err := in.settleKnown(ctx, u, w); err != nil {
		return b, out, err
	}
	b.Header = out.Header
	if b.Files, err = w.finish(ctx); err != nil {
		return b, out, in.writeError(u, err)
	}
	return b, out, in.reconcile(ctx, u, &b, t, out)
}

// readDigested reads a unit, and digests its content if that is still to be done
// and did not come out while it was read.
func (in *intake) readDigested(ctx context.Context, u Unit, cursor string, yield func(Batch) error) (Outcome, error) {
	out, err := in.source.Read(ctx, u, cursor, yield)
	if err == nil && u.Digest != nil && out.Digest == "" {
		out.Digest, err = u.Digest(ctx)
	}
	return out, err
}

// readChecked runs reading, checking and writing beside each other. Several
// batches are checked at a time, and written in the order in which they were read.
func readChecked(ctx context.Context, source func(context.Context, func(Batch) error) (Outcome, error), ck *checker, write func(*checked) error) (out Outcome, err error) {
	g, ctx := errgroup.WithContext(ctx)
	workers := min(runtime.GOMAXPROCS(0), checkers)
	idle := make(chan *checker, workers)
	for range workers {
		idle <- ck.clone()
	}
	order := make(chan chan *checked, workers) // a place for each batch under check
	g.Go(func() error {
		defer close(order)
		var err error
		out, err = source(ctx, func(b Batch) error {
			var ck *checker
			select {
			case ck = <-idle:
			case <-ctx.Done():
				return ctx.Err()
			}
			place := make(chan *checked, 1)
			select {
			case order <- place:
			case <-ctx.Done():
				return ctx.Err()
			}
			b.Record.Retain()
			g.Go(func() error {
				place <- ck.check(b)
				b.Record.Release()
				idle <- ck
				return nil
			})
			return nil
		})
		return err
	})
	g.Go(func() error {
		for place := range order {
			c := <-place
			err := write(c)
			c.release()
			if err != nil {
				return err
			}
		}
		return nil
	})
	err = g.Wait()
	return out, err
}

// checkers is how many batches of a unit are checked at a time at most: more
// would outrun the reading and the writing, which are one each.
const checkers = 4

// Bounds of the refusal of a whole unit.
const (
	defaultMaxBadShare = 0.5
	fewHeld            = 20      // below it, a share says nothing
	manyHeld           = 100_000 // from it on, a unit is not read to its end to be refused
)

// tooManyHeld refuses a unit most of whose rows break the contract: that is a
// wrong mapping or another form, and landing the rest would look like success.
func (in *intake) tooManyHeld(u Unit, b *ledger.Batch) error {
	limit := in.cfg.MaxBadShare
	if limit == 0 {
		limit = defaultMaxBadShare
	}
	if b.Held < fewHeld || float64(b.Held) <= limit*float64(b.Read) {
		return nil
	}
	counts := map[string]int{}
	worst := ""
	for _, h := range b.Quarantine {
		what := strings.TrimSpace(h.Column + " " + h.Reason)
		if counts[what]++; counts[what] > counts[worst] || (counts[what] == counts[worst] && what < worst) {
			worst = what
		}
	}
	return &Error{
		Source: in.cfg.Name, Unit: u.Name,
		Err: fmt.Errorf("%d of %d rows break the contract, most often (%d): %s; nothing of it was landed", b.Held, b.Read, counts[worst], worst),
		Try: "compare the source's columns with the mapping; if the rows really are that bad, raise max_bad_share",
	}
}

// readError names the source and the unit where the source did not.
func (in *intake) readError(u Unit, err error) error {
	var own *Error
	if err == nil || errors.As(err, &own) || isCancel(err) {
		return err
	}
	return &Error{Source: in.cfg.Name, Unit: u.Name, Err: err}
}

// writeError says what to do about a full disk, where the bare error would not.
func (in *intake) writeError(u Unit, err error) error {
	if isCancel(err) {
		return err
	}
	try := "look at the data folder's disk and permissions"
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		try = "free some space on the disk of the data folder and run again; nothing of this unit was landed, nothing landed before was lost"
	}
	return &Error{Source: in.cfg.Name, Unit: u.Name, Err: fmt.Errorf("land: %w", err), Try: try}
}

func isCancel(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// Sweep removes files in the lake, the vault and among the known rows that no committed batch names:
// what interrupted loads left behind. It returns how many.
func (l *Loader) Sweep(ctx context.Context) (int, error) {
	known, err := l.Ledger.KnownPaths(ctx)
	if err != nil {
		return 0, fmt.Errorf("sweep: %w", err)
	}
	gone := 0
	for _, dir := range []string{"lake", "vault", knownFolder} {
		err := filepath.WalkDir(filepath.Join(l.Dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(l.Dir, path)
			if err != nil || known[filepath.ToSlash(rel)] {
				return err
			}
			gone++
			return os.Remove(path)
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return gone, fmt.Errorf("sweep: %w", err)
		}
	}
	return gone, nil
}
