// Package sqldb reads tables and queries of department databases: PostgreSQL,
// MySQL, SQL Server, Oracle, SQLite and what speaks their protocols. A reading
// sees one state of the database, however long it takes; it goes through the
// table in pieces of its key, side by side where the database can share that
// state among connections, and delivers them in the key's order.
package sqldb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// Options are what a Source takes from the program around it.
type Options struct {
	Dir string // of the config file: the base of relative paths
	// Location is the site's zone, in which times without a zone are; nil: UTC.
	Location *time.Location
	// Now is the clock that a cursor never runs ahead of; nil: time.Now.
	Now func() time.Time
	// Logger is told what a reading has to do without, such as a snapshot that
	// several connections share; nil: nobody is.
	Logger *slog.Logger
}

const (
	defaultTimeout   = 5 * time.Minute
	connectTimeout   = 30 * time.Second
	defaultChunkRows = 1 << 16
)

// A Source reads one table or query. Open makes one; it is safe for concurrent
// use.
type Source struct {
	name    string
	cfg     ingest.SQLConfig
	fields  []string
	dialect *dialect
	zone    *time.Location // of times that name none; nil: the site's
	sums    []string       // fields that are added up on both sides
	counts  bool           // the database is asked what a reading should deliver
	opts    Options
}

var (
	_ ingest.Source    = (*Source)(nil)
	_ ingest.KeySource = (*Source)(nil)
)

// Open checks the settings of a `sqldb` source and makes it. Nothing is
// connected yet.
func Open(cfg ingest.Config, fields []string, opts Options) (*Source, error) {
	s := &Source{name: cfg.Name, cfg: cfg.SQL, fields: slices.Clone(fields), opts: opts}
	s.counts = cfg.Reconcile.Count == nil || *cfg.Reconcile.Count
	for _, name := range cfg.Reconcile.Sum {
		s.sums = append(s.sums, cfg.Columns[name])
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.Location == nil {
		s.opts.Location = time.UTC
	}
	if s.opts.Logger == nil {
		s.opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := s.validate(); err != nil {
		return nil, err
	}
	c := &s.cfg
	c.DSN.TLS = cmp.Or(c.DSN.TLS, tlsPrefer)
	c.DSN.Timeout = cmp.Or(c.DSN.Timeout, defaultTimeout)
	c.ChunkRows = cmp.Or(c.ChunkRows, defaultChunkRows)
	c.Parallel = cmp.Or(c.Parallel, s.dialect.parallel)
	for _, path := range []*string{&c.DSN.CA, &c.DSN.Database} {
		if *path != "" && !filepath.IsAbs(*path) && (path == &c.DSN.CA || s.dialect.file) {
			*path = filepath.Join(opts.Dir, *path)
		}
	}
	return s, nil
}

// Units lists the one stream of the source, under the name of its table. It has
// no stamp: whether there is anything new is told only by reading.
func (s *Source) Units(ctx context.Context) ([]ingest.Unit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return []ingest.Unit{{Name: s.unit()}}, nil
}

func (s *Source) unit() string { return cmp.Or(s.cfg.From, "query") }

// Read delivers the rows that are new since the cursor, as the mode says. The
// cursor is the largest value of the cursor's column, but no later than now;
// in mode snapshot it stays empty.
func (s *Source) Read(
	ctx context.Context, _ ingest.Unit, cursor string, yield func(ingest.Batch) error,
) (ingest.Outcome, error) {
	return record.Deliver(ctx, yield, func(yield func(ingest.Batch) error) (ingest.Outcome, error) {
		return s.read(ctx, cursor, yield)
	}, s.at)
}

// Keys delivers the fields of every row that the source has, whatever the mode.
func (s *Source) Keys(ctx context.Context, u ingest.Unit, fields []string, yield func(ingest.Batch) error) error {
	keys := *s
	keys.fields, keys.counts = slices.Clone(fields), false
	keys.cfg.Mode, keys.cfg.Cursor, keys.cfg.Lookback, keys.cfg.Overlap = ingest.ModeSnapshot, "", 0, 0
	keys.cfg.Deleted = ingest.DeletedConfig{}
	_, err := keys.Read(ctx, u, "", yield)
	return err
}

// at completes an error with the source and its unit, in words that a person
// can act on and without the password.
func (s *Source) at(err error) error {
	e := s.explain(err)
	e.Source, e.Unit = s.name, s.unit()
	return e
}

func (s *Source) read(ctx context.Context, cursor string, yield func(ingest.Batch) error) (out ingest.Outcome, err error) {
	r := &reading{Source: s, started: s.opts.Now()}
	if r.session, err = s.dialect.open(ctx, s); err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, r.session.close()) }()
	if err := r.planInTime(ctx, cursor); err != nil {
		return out, err
	}
	if err := r.run(ctx, yield); err != nil {
		return out, err
	}
	return ingest.Outcome{Cursor: r.cursor.next, Header: r.header, Total: r.total, Totals: r.totals}, nil
}

// reading is one Read.
type reading struct {
	*Source
	session session
	started time.Time
	base    string   // what stands behind FROM
	header  []string // every column of it
	columns []column // that are read: the fields, what the reading needs for itself, the rest
	rest    int      // where those begin that nobody mapped; 0: they are not asked for
	deleted int      // position of the marker among the columns; −1: none
	cursor  cursorPlan
	key     []string // in whose order rows are read; nil: in the database's
	chunks  []chunk
	counted []chunk // what the chunks should deliver together
	total   *int64  // the database's answer to that; nil: it is not asked
	totals  []map[string]string
}

// planInTime is plan within the time that the database may keep silent.
func (r *reading) planInTime(ctx context.Context, cursor string) error {
	ctx, watch := newWatch(ctx, r.cfg.DSN.Timeout)
	defer watch.done()
	return watch.explain(ctx, r.plan(ctx, cursor))
}

// plan finds out what there is and decides on the queries.
func (r *reading) plan(ctx context.Context, cursor string) (err error) {
	d := r.dialect
	r.base = d.table(r.cfg.From)
	if r.cfg.SQL != "" {
		r.base = "(" + trimSQL(r.cfg.SQL) + ") " + d.alias + "q"
	}
	all, err := r.session.describe(ctx, "SELECT * FROM "+r.base)
	if err != nil {
		return err
	}
	for _, c := range all {
		r.header = append(r.header, c.name)
	}
	if err := r.pick(ctx, all); err != nil {
		return err
	}
	if r.key, err = r.findKey(ctx, all); err != nil {
		return err
	}
	if err := r.cursor.resolve(ctx, r, cursor); err != nil {
		return err
	}
	return r.cut(ctx, all)
}

// pick finds the columns that are read among those that there are.
func (r *reading) pick(ctx context.Context, all []column) error {
	r.deleted, r.cursor.at = -1, -1
	named, rest := record.Named(r.fields)
	names := slices.Clone(named)
	own := func(name string) int {
		if i := slices.IndexFunc(names, func(n string) bool { return record.Fold(n) == record.Fold(name) }); i >= 0 {
			return i
		}
		names = append(names, name)
		return len(names) - 1
	}
	if r.cfg.Deleted.Column != "" {
		r.deleted = own(r.cfg.Deleted.Column)
	}
	if r.cfg.Cursor != "" {
		r.cursor.at = own(r.cfg.Cursor)
	}
	var missing []string
	for _, name := range names {
		c, ok := columnNamed(all, name)
		if !ok {
			missing = append(missing, name)
			continue
		}
		r.columns = append(r.columns, c)
	}
	if len(missing) > 0 {
		return record.Missing(names, missing, r.header)
	}
	if rest {
		if err := r.pickRest(all, len(named)); err != nil {
			return err
		}
	}
	return r.session.refine(ctx, r.cfg.From, r.columns)
}

// columnNamed finds a column by its name, or by a name that differs in case
// alone, if there is just one of them.
func columnNamed(all []column, name string) (column, bool) {
	var like []column
	for _, c := range all {
		if c.name == name {
			return c, true
		}
		if record.Fold(c.name) == record.Fold(name) {
			like = append(like, c)
		}
	}
	if len(like) != 1 {
		return column{}, false
	}
	return like[0], true
}

// findKey returns the columns in whose order the rows are read.
func (r *reading) findKey(ctx context.Context, all []column) ([]string, error) {
	if len(r.cfg.Key) == 0 {
		if r.cfg.From == "" {
			return nil, nil
		}
		return r.session.primaryKey(ctx, r.cfg.From)
	}
	var key, missing []string
	for _, name := range r.cfg.Key {
		c, ok := columnNamed(all, name)
		if !ok {
			missing = append(missing, name)
		}
		key = append(key, c.name)
	}
	if len(missing) > 0 {
		return nil, record.Missing(r.cfg.Key, missing, r.header)
	}
	return key, nil
}

// selectFrom writes the query for what meets the conditions.
func (r *reading) selectFrom(columns []string, conditions []string, order []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT %s FROM %s", strings.Join(columns, ", "), r.base)
	if r.cfg.Where != "" {
		conditions = append([]string{"(" + r.cfg.Where + ")"}, conditions...)
	}
	if len(conditions) > 0 {
		b.WriteString(" WHERE " + strings.Join(conditions, " AND "))
	}
	if len(order) > 0 {
		b.WriteString(" ORDER BY " + strings.Join(order, ", "))
	}
	return b.String()
}

func (r *reading) expressions() []string {
	out := make([]string, len(r.columns))
	for i, c := range r.columns {
		out[i] = c.expression(r.dialect)
	}
	return out
}

// trimSQL takes the end off a statement, so that it can stand in brackets.
func trimSQL(s string) string { return strings.TrimRight(strings.TrimSpace(s), "; \n\t") }
