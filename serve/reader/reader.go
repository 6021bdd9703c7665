// Package reader is the only way from a person or a tool to rows. It opens the
// newest published file, follows new ones without dropping a statement, and
// runs what accounts send it: gated, cut to the account's domains and region,
// bounded in time, rows, memory and number, and recorded.
//
// Three walls stand behind one another. The gate (package gate) lets through
// what it knows. Each account's statement then sees views in a catalog of its
// own, cut to its scope, under a name that nobody can guess, so that what slips
// the gate finds nothing else by name. And the engine they live in can reach no
// file, has no setting that could be changed, and has the published files
// attached read-only.
package reader

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/warehouse"
)

// Limits bound what readers may use. A zero takes the default.
type Limits struct {
	StatementTimeout time.Duration // from arrival to the last row fetched; default 30s
	MaxRows          int           // rows of one result; default 100,000
	// PerAccount is how many statements of one account run at a time at each
	// door, the pages' and PostgreSQL's, where the account has no limit of its
	// own; default 4. As many as Queue more wait.
	PerAccount  int
	Queue       int    // default 64
	Statements  int    // statements of all accounts at a time; default 8
	MemoryLimit string // of all statements together; default 2GB
	Threads     int    // 0: all processors
}

func (l Limits) withDefaults() Limits {
	l.StatementTimeout = cmp.Or(l.StatementTimeout, 30*time.Second)
	l.MaxRows = cmp.Or(l.MaxRows, 100_000)
	l.PerAccount = cmp.Or(l.PerAccount, 4)
	l.Queue = cmp.Or(l.Queue, 64)
	l.Statements = cmp.Or(l.Statements, 8)
	l.MemoryLimit = cmp.Or(l.MemoryLimit, "2GB")
	return l
}

// Options say what a Reader reads and for whom.
type Options struct {
	Shelf   warehouse.Shelf
	Catalog *models.Catalog
	Regions *region.Tree
	// Audit takes a line for every statement. A statement that cannot be
	// recorded gives no rows.
	Audit  *privacy.AuditLog
	Limits Limits
	Now    func() time.Time // nil: time.Now
	Log    *slog.Logger     // nil: nothing is logged
}

// Reader answers statements. It is safe for use by many goroutines.
type Reader struct {
	o     Options
	audit *privacy.AuditQueue
	slots slots
	watch *watch

	mu      sync.Mutex
	current *edition // nil: nothing could be opened yet
	state   error    // why current is nil or not the newest; nil: it is
	tried   attempt
	opening bool
	closed  bool
}

// Open makes a Reader. That nothing is published, or that the file is damaged,
// is a state and no error: see Current.
func Open(ctx context.Context, o Options) (*Reader, error) {
	if o.Catalog == nil || o.Regions == nil || o.Audit == nil {
		return nil, errors.New("open reader: catalog, regions and audit log are required")
	}
	o.Limits = o.Limits.withDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	r := &Reader{o: o, audit: privacy.NewAuditQueue(o.Audit), slots: newSlots(o.Limits.Queue), watch: newWatch(o.Limits.MemoryLimit)}
	r.follow(ctx)
	return r, ctx.Err()
}

// Close closes the files once no statement runs on them. Statements that come
// later are refused.
func (r *Reader) Close() error {
	r.mu.Lock()
	old := r.current
	r.current, r.closed = nil, true
	r.state = &Error{Code: codeShuttingDown, Message: "the server is shutting down"}
	r.mu.Unlock()
	if old == nil {
		return nil
	}
	old.retire()
	<-old.gone
	return old.closeErr
}

// Statement is what an account asks.
type Statement struct {
	SQL  string
	Args []any // values of $1, $2 … or ?; nil where there are none
	// Postgres says that the text is PostgreSQL's SQL, and means what it means
	// there; else it is that of the models and boards. Zone is the time zone
	// that such a text is read in; "": Asia/Shanghai.
	Postgres bool
	Zone     string
	// Purpose says for the audit log by what and for what it is asked, such as
	// "psql 10.1.2.3" or "board 民情热点 10.1.2.3". Required.
	Purpose string
	// Limit, where it is above 0 and below Limits.MaxRows, is how many rows are
	// wanted.
	Limit int
}

// Query runs a statement for an account. When it returns, the statement has
// been recorded; the first rows are there, and the rest is fetched as Rows is
// read. The error is a *gate.Refused, an *Error, or ctx's.
func (r *Reader) Query(ctx context.Context, acct account.Account, s Statement) (*Rows, error) {
	started := r.o.Now()
	rows, err := r.query(ctx, acct, s)
	outcome, n := "ok", int64(0)
	switch {
	case err != nil:
		outcome = Code(err)
	case !rows.complete():
		outcome, n = "began", rows.Count()
	default:
		n = rows.Count()
		if rows.Truncated() {
			outcome = "cut"
		}
	}
	if recErr := r.record(ctx, acct, s, n, outcome, r.o.Now().Sub(started)); recErr != nil {
		if rows != nil {
			rows.abandon()
		}
		return nil, recErr
	}
	return rows, err
}

func (r *Reader) query(ctx context.Context, acct account.Account, s Statement) (_ *Rows, err error) {
	ctx, kill := context.WithCancelCause(ctx)
	ctx, stop := context.WithTimeoutCause(ctx, r.o.Limits.StatementTimeout, errTimeout)
	cancel := func() { stop(); kill(nil) }
	defer func() {
		if err != nil {
			cancel()
		}
	}()
	release, err := r.slots.acquire(ctx, door{acct.Name, s.Postgres}, cmp.Or(acct.MaxQueries, r.o.Limits.PerAccount))
	if err != nil {
		return nil, err
	}
	ed, err := r.acquire(ctx)
	if err != nil {
		release()
		return nil, err
	}
	rows := &Rows{reader: r, acct: acct, statement: s, ed: ed, ctx: ctx, cancel: cancel, release: release}
	rows.unwatch = r.watch.add(kill)
	if err := rows.run(); err != nil {
		rows.letGo()
		return nil, err
	}
	return rows, nil
}

// Describe returns the columns that a statement would give. Nothing is run and
// nothing recorded.
func (r *Reader) Describe(ctx context.Context, acct account.Account, s Statement) ([]Column, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, r.o.Limits.StatementTimeout, errTimeout)
	defer cancel()
	release, err := r.slots.acquire(ctx, door{acct.Name, s.Postgres}, cmp.Or(acct.MaxQueries, r.o.Limits.PerAccount))
	if err != nil {
		return nil, err
	}
	defer release()
	ed, err := r.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer ed.leave()
	conn, err := ed.engine.Conn(ctx)
	if err != nil {
		return nil, waited(ctx)
	}
	defer ed.engine.Release(conn)
	p, err := ed.prepare(ctx, conn, acct, s)
	if err != nil {
		return nil, err
	}
	return ed.describe(ctx, conn, p)
}

// waited is the error of a context that ended while a statement waited.
func waited(ctx context.Context) error {
	if errors.Is(context.Cause(ctx), errTimeout) {
		return &Error{Code: codeTooMany, Message: "too many statements run at the moment", Try: "again in a while"}
	}
	return &Error{Code: codeTimeout, Message: "the statement was cancelled"}
}
