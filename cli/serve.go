package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"zhicang/jobs/metrics"
	"zhicang/models"
	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/pgcatalog"
	"zhicang/serve/pgwire"
	"zhicang/serve/reader"
)

func serveCommand(e *env) *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "open the boards to browsers, and the published tables to PostgreSQL clients",
		Args:  exactArgs(0, "no arguments"),
	}
	postgres := c.Flags().String("pg", "", "address of the PostgreSQL door, instead of serve.postgres")
	pages := c.Flags().String("http", "", "address of the pages, instead of serve.http")
	c.RunE = func(c *cobra.Command, _ []string) error {
		return e.use(c.Context(), e.open, func(a *app) error {
			if c.Flags().Changed("pg") {
				a.cfg.Serve.Postgres = *postgres
			}
			if c.Flags().Changed("http") {
				a.cfg.Serve.HTTP = *pages
			}
			if err, _ := a.cfg.Validate(); err != nil {
				err.File = filepath.Base(e.config)
				return err
			}
			return a.serve(c.Context())
		})
	}
	return c
}

// serving is what stands while readers are served.
type serving struct {
	app    *app
	reader *reader.Reader
	book   *account.Book
	tls    *certificate // nil: plain text
	doors  []door
}

// door is one way in.
type door struct {
	address  string // as a person would write it
	listener net.Listener
	serve    func(net.Listener) error
	shutdown func(context.Context) error
}

// drainTime is how long running statements may go on once serve is told to end.
const drainTime = 10 * time.Second

// serve opens the doors and keeps them open until ctx ends, which is its proper
// end.
func (a *app) serve(ctx context.Context) (err error) {
	s := &serving{app: a}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.open(ctx); err != nil {
		return err
	}
	s.say(ctx)
	failed := make(chan error, len(s.doors))
	for _, d := range s.doors {
		go func() { failed <- d.serve(d.listener) }()
	}
	select {
	case err = <-failed:
		failed <- nil // one is waited for below that has ended already
	case <-ctx.Done():
		fmt.Fprintln(a.err, "closing: no new readers, running statements may finish")
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	for _, d := range s.doors {
		if e := d.shutdown(drain); e != nil && !errors.Is(e, context.DeadlineExceeded) {
			err = errors.Join(err, e)
		}
	}
	for range s.doors {
		err = errors.Join(err, <-failed)
	}
	return err
}

func (s *serving) open(ctx context.Context) (err error) {
	a, cfg := s.app, s.app.cfg.Serve
	if cfg.Postgres == "" && cfg.HTTP == "" {
		return &models.FileError{File: filepath.Base(a.config), Msg: "serve: neither postgres nor http has an address", Try: "name one in the config, or with --pg or --http"}
	}
	if len(cfg.Accounts) == 0 {
		return &models.FileError{
			File: filepath.Base(a.config), Msg: "serve.accounts: there is no account, so nobody could sign in",
			Try: `add {name: ..., password: ..., domains: ["*"]}; zhicang account verifier makes what stands for the password`,
		}
	}
	// Every statement is recorded in it, also before the first run.
	if err := os.MkdirAll(a.dir, 0o700); err != nil {
		return err
	}
	if s.book, err = account.Open(cfg.Accounts, account.Options{Dir: a.cfg.dir, Regions: a.regions, Domains: a.domains(), Now: a.now}); err != nil {
		return err
	}
	if cfg.TLS.Cert != "" {
		if s.tls, err = loadCertificate(a.cfg.path(cfg.TLS.Cert), a.cfg.path(cfg.TLS.Key), a.now, a.logger()); err != nil {
			return err
		}
		if wrong := s.tls.wrong(); wrong != nil {
			printError(a.err, wrong)
			s.tls.late = s.tls.loaded // it is told
		}
	}
	s.reader, err = reader.Open(ctx, reader.Options{
		Shelf: a.shelf(), Catalog: a.catalog, Regions: a.regions, Audit: privacy.OpenAudit(filepath.Join(a.dir, "audit.jsonl"), a.now),
		Limits: cfg.Limits.reader(), Now: a.now, Log: a.logger(),
	})
	if err != nil {
		return err
	}
	if cfg.Postgres != "" {
		if err := s.openPostgres(ctx); err != nil {
			return err
		}
	}
	if cfg.HTTP != "" {
		if err := s.openPages(ctx); err != nil {
			return err
		}
	}
	if cfg.Metrics != "" {
		return s.openMetrics(ctx)
	}
	return nil
}

// openMetrics opens the door for Prometheus.
func (s *serving) openMetrics(ctx context.Context) error {
	if s.app.ledger == nil {
		if err := s.app.openLedger(ctx); err != nil {
			return err
		}
	}
	ln, err := listen(ctx, "serve.metrics", "", s.app.cfg.Serve.Metrics)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics.Handler(s.app.ledger, s.app.logger()))
	s.doors = append(s.doors, httpDoor("http://"+ln.Addr().String()+"/metrics", ln, mux, s.app.logger()))
	return nil
}

func (l LimitsConfig) reader() reader.Limits {
	return reader.Limits{
		StatementTimeout: l.StatementTimeout, MaxRows: l.MaxRows, PerAccount: l.QueriesPerAccount, Statements: l.Queries,
		MemoryLimit: l.MemoryLimit, Threads: l.Threads,
	}
}

// domains lists the domains whose tables are published.
func (a *app) domains() []string {
	var list []string
	for _, c := range a.catalog.Contracts() {
		if d := c.Domain(); d != "" && c.Published() && !slices.Contains(list, d) {
			list = append(list, d)
		}
	}
	return list
}

func (s *serving) openPostgres(ctx context.Context) error {
	cfg := s.app.cfg.Serve
	catalog := pgcatalog.New(s.reader)
	o := pgwire.Options{
		Reader: pgwire.FromReader(s.reader), Accounts: s.book, Catalog: catalog, PlainText: cfg.PlainText, Log: s.app.logger(),
		Limits: pgwire.Limits{Connections: cfg.Limits.Connections, Statement: cfg.Limits.StatementTimeout},
	}
	if s.tls != nil {
		o.TLS = s.tls.config()
	}
	server, err := pgwire.New(o)
	if err != nil {
		return err
	}
	ln, err := listen(ctx, "serve.postgres", "--pg", cfg.Postgres)
	if err != nil {
		return err
	}
	s.doors = append(s.doors, door{
		address: "postgres://" + ln.Addr().String(), listener: ln, serve: server.Serve,
		shutdown: func(ctx context.Context) error { return errors.Join(server.Shutdown(ctx), catalog.Close()) },
	})
	return nil
}

func (s *serving) openPages(ctx context.Context) error {
	var closed func() (title, hint string)
	if s.tls != nil {
		closed = s.tls.closed
	}
	pages, err := s.app.pages(ctx, s.reader, s.book, s.tls != nil || s.app.cfg.Serve.PlainText, closed)
	if err != nil {
		return err
	}
	ln, err := listen(ctx, "serve.http", "--http", s.app.cfg.Serve.HTTP)
	if err != nil {
		return err
	}
	scheme := "http://"
	if s.tls != nil {
		scheme, ln = "https://", tls.NewListener(ln, s.tls.config("h2", "http/1.1"))
	}
	s.doors = append(s.doors, httpDoor(scheme+ln.Addr().String(), ln, pages, s.app.logger()))
	return nil
}

// httpDoor is a door for browsers and the like.
func httpDoor(address string, ln net.Listener, handler http.Handler, log *slog.Logger) door {
	server := &http.Server{
		Handler: handler, MaxHeaderBytes: 64 << 10,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, WriteTimeout: 5 * time.Minute,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return door{
		address: address, listener: ln,
		serve: func(ln net.Listener) error {
			if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
				return err
			}
			return nil
		},
		shutdown: server.Shutdown,
	}
}

// listen takes an address, or says who else has it.
func listen(ctx context.Context, key, flag, address string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	try := "another address in " + key
	if flag != "" {
		try += " or with " + flag
	}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &models.FileError{File: key, Msg: address + " is taken by another program", Try: "stop it, or " + try}
	case errors.Is(err, syscall.EACCES):
		return nil, &models.FileError{File: key, Msg: address + " is not for this user to take", Try: "a port above 1023: " + try}
	case err != nil:
		return nil, &models.FileError{File: key, Msg: fmt.Sprintf("cannot listen on %s: %v", address, errors.Unwrap(err)), Try: try}
	}
	return ln, nil
}

// say prints where to go and what is there.
func (s *serving) say(ctx context.Context) {
	for _, d := range s.doors {
		fmt.Fprintf(s.app.out, "serving %s\n", d.address)
	}
	switch pub, err := s.reader.Current(ctx); {
	case err != nil:
		fmt.Fprintf(s.app.err, "zhicang: %s; readers are told so until there is something to read\n", err)
	default:
		fmt.Fprintf(s.app.out, "publication %s, reports on %s\n", pub.File, pub.AsOf.Format(time.DateOnly))
	}
}

// close closes what open opened, also where it did not get to the end.
func (s *serving) close() error {
	var errs []error
	for _, d := range s.doors {
		if err := d.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if s.reader != nil {
		errs = append(errs, s.reader.Close())
	}
	return errors.Join(errs...)
}
