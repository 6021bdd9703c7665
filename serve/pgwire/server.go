// Package pgwire lets PostgreSQL clients read what a reader serves: psql,
// drivers, Grafana, BI tools. It speaks the protocol (on psql-wire), signs
// clients in, keeps the bounds on connections, messages and time, answers what
// is about the session itself (SET, SHOW, BEGIN), hands catalogue queries to
// pgcatalog and everything else to the reader, which alone decides what an
// account may see.
package pgwire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	wire "github.com/jeroenrinzema/psql-wire"

	"zhicang/serve/account"
)

// Limits bound what clients may take. A zero value means the default.
type Limits struct {
	Connections  int           // signed-in clients at a time, and of one address as many that are signing in; 100
	Startup      time.Duration // from connecting to being signed in; 30 s
	Idle         time.Duration // without a message; 1 h; negative: for ever
	Message      time.Duration // from a message's first byte to its last; 30 s
	Write        time.Duration // that a client may leave sent rows unread; 60 s
	Statement    time.Duration // a statement; 30 s; a client may ask for less
	MessageBytes int           // a message; 1 MiB
	Prepared     int           // prepared statements of a session; 256
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		value *time.Duration
		or    time.Duration
	}{
		{&l.Startup, 30 * time.Second},
		{&l.Idle, time.Hour},
		{&l.Message, 30 * time.Second},
		{&l.Write, time.Minute},
		{&l.Statement, 30 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.or
		}
	}
	for _, n := range []struct {
		value *int
		or    int
	}{{&l.Connections, 100}, {&l.MessageBytes, 1 << 20}, {&l.Prepared, 256}} {
		if *n.value <= 0 {
			*n.value = n.or
		}
	}
	return l
}

// Options are what a Server is made of.
type Options struct {
	Reader   Reader
	Accounts Accounts
	// Catalog answers catalogue queries; nil: they go to the reader.
	Catalog Catalog
	// TLS encrypts; nil: nothing is encrypted, and only this machine's own
	// clients are let in.
	TLS *tls.Config
	// PlainText lets clients of other machines in without encryption.
	PlainText bool
	Limits    Limits
	Log       *slog.Logger // nil: nothing is logged
}

// A Server serves PostgreSQL clients.
type Server struct {
	reader   Reader
	catalog  Catalog
	accounts Accounts
	tls      *tls.Config
	plain    bool
	limits   Limits
	log      *slog.Logger
	wire     *wire.Server
	handover chan net.Conn // to psql-wire's accept loop
	draining chan struct{} // closed when no more messages are taken

	mu       sync.Mutex
	arriving map[net.Conn]string // not signed in yet, and from which address
	from     map[string]int      // how many of those by address
	sessions map[int32]*conn     // signed in, by process id
	all      sync.WaitGroup      // every connection
	down     bool
	lastPID  int32
}

// New makes a server that does not listen yet.
func New(o Options) (*Server, error) {
	if o.Reader == nil || o.Accounts == nil {
		return nil, errors.New("postgres: a reader and accounts are needed")
	}
	s := &Server{
		reader: o.Reader, catalog: o.Catalog, accounts: o.Accounts, tls: o.TLS, plain: o.PlainText,
		limits: o.Limits.withDefaults(), log: o.Log,
		handover: make(chan net.Conn), draining: make(chan struct{}),
		arriving: map[net.Conn]string{}, from: map[string]int{}, sessions: map[int32]*conn{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	var err error
	s.wire, err = wire.NewServer(
		s.parse,
		// psql-wire's own log would hold statements and parameters.
		wire.Logger(slog.New(slog.DiscardHandler)),
		wire.MessageBufferSize(16<<10),
		wire.SessionAuthStrategy(s.authenticate),
		wire.BackendKeyData(s.keyData),
		wire.SessionMiddleware(s.greet),
		wire.TxStatus(txStatus),
		wire.Statements(newStatements),
		wire.Portals(newPortals),
		wire.WithShutdownTimeout(0),
	)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return s, nil
}

// Serve takes connections from the listener until Shutdown, which makes it
// return nil. It closes the listener.
func (s *Server) Serve(ln net.Listener) error {
	s.mu.Lock()
	if s.down {
		s.mu.Unlock()
		return ln.Close()
	}
	s.mu.Unlock()
	inner := make(chan error, 1)
	go func() { inner <- s.wire.Serve(handoverListener{s, ln.Addr()}) }()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-s.draining:
		case <-stop:
		}
		_ = ln.Close()
	}()
	for {
		nc, err := ln.Accept()
		if err != nil {
			select {
			case <-s.draining:
				return <-inner
			default:
			}
			var temporary net.Error
			if errors.As(err, &temporary) && temporary.Timeout() {
				continue
			}
			return fmt.Errorf("postgres: %w", err)
		}
		s.arrive(nc)
	}
}

// handoverListener gives psql-wire the connections that have asked for a
// session.
type handoverListener struct {
	s    *Server
	addr net.Addr
}

func (l handoverListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.s.handover:
		return c, nil
	case <-l.s.draining:
		return nil, net.ErrClosed
	}
}
func (l handoverListener) Close() error   { return nil }
func (l handoverListener) Addr() net.Addr { return l.addr }

// crowds is how many addresses may fill the places for those signing in: one
// that holds all it may have does not keep the others out.
const crowds = 4

// arrive takes a connection in, if there is room.
func (s *Server) arrive(nc net.Conn) {
	from, _, err := net.SplitHostPort(nc.RemoteAddr().String())
	if err != nil {
		from = nc.RemoteAddr().String()
	}
	s.mu.Lock()
	full, down := len(s.arriving) >= crowds*s.limits.Connections || s.from[from] >= s.limits.Connections, s.down
	if !full && !down {
		s.arriving[nc] = from
		s.from[from]++
		s.all.Add(1)
	}
	s.mu.Unlock()
	switch {
	case down:
		_ = nc.Close()
	case full:
		go func() {
			refuse(nc, tooMany())
			_ = nc.Close()
		}()
	default:
		go s.begin(nc)
	}
}

func tooMany() *Error { return fatalf(stateTooManyConns, "sorry, too many clients already") }

func (s *Server) begin(raw net.Conn) {
	_ = raw.SetDeadline(time.Now().Add(s.limits.Startup))
	nc, packet, err := s.preface(raw)
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			s.log.Info("postgres connection refused", "from", raw.RemoteAddr().String(), "why", e.Message)
			refuse(nc, e)
		} else if !errors.Is(err, errDone) && !errors.Is(err, io.EOF) {
			s.log.Debug("postgres connection broken off", "from", raw.RemoteAddr().String(), "why", err.Error())
		}
		_ = nc.Close()
		s.forget(raw)
		return
	}
	c := newConn(s, nc, packet)
	c.raw = raw
	select {
	case s.handover <- c:
	case <-s.draining:
		_ = c.Close()
	}
}

func (s *Server) forget(raw net.Conn) {
	s.mu.Lock()
	s.arrived(raw)
	s.mu.Unlock()
	s.all.Done()
}

// arrived takes a connection from those that are signing in. s.mu is held.
func (s *Server) arrived(raw net.Conn) {
	from, there := s.arriving[raw]
	if !there {
		return
	}
	delete(s.arriving, raw)
	if s.from[from]--; s.from[from] == 0 {
		delete(s.from, from)
	}
}

// left is told by a connection that has closed.
func (s *Server) left(c *conn) {
	s.mu.Lock()
	s.arrived(c.raw)
	if s.sessions[c.session.pid] == c {
		delete(s.sessions, c.session.pid)
	}
	s.mu.Unlock()
	s.all.Done()
}

// welcome gives a client that has proved who it is a place and a process id.
func (s *Server) welcome(c *conn, acct account.Account, params wire.Parameters) *Error {
	if e := c.session.begin(acct, params); e != nil {
		return e
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return shuttingDown()
	}
	if len(s.sessions) >= s.limits.Connections {
		return tooMany()
	}
	s.arrived(c.raw)
	for {
		s.lastPID = s.lastPID%0x3fffffff + 1
		if s.sessions[s.lastPID] == nil {
			break
		}
	}
	c.session.pid = s.lastPID
	s.sessions[c.session.pid] = c
	return nil
}

func (s *Server) keyData(ctx context.Context) (int32, int32) {
	sn := sessionOf(ctx)
	return sn.pid, sn.secret
}

// cancel ends the running statement of the session whose key was given. A
// wrong key is not answered and not told apart from a right one.
func (s *Server) cancel(pid, secret int32) {
	s.mu.Lock()
	c := s.sessions[pid]
	s.mu.Unlock()
	if c == nil || !sameKey(c.session.secret, secret) {
		return
	}
	c.session.interrupt(failf(stateCanceled, "canceling statement due to user request"))
}

// Shutdown stops taking connections, ends those that are idle, and lets
// running statements finish; those that are not done when the context ends are
// broken off. It returns the context's error in that case.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.down {
		s.down = true
		close(s.draining)
	}
	for nc := range s.arriving {
		_ = nc.SetDeadline(time.Now())
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.all.Wait()
		_ = s.wire.Close()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for _, c := range s.sessions {
		c.session.interrupt(shuttingDown())
		_ = c.Conn.SetDeadline(time.Now().Add(time.Second))
	}
	s.mu.Unlock()
	<-done
	return ctx.Err()
}
