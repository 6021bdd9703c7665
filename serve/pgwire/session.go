package pgwire

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	wire "github.com/jeroenrinzema/psql-wire"
	"github.com/jeroenrinzema/psql-wire/codes"
	pgerrors "github.com/jeroenrinzema/psql-wire/errors"
	"github.com/jeroenrinzema/psql-wire/pkg/buffer"
	"github.com/jeroenrinzema/psql-wire/pkg/types"

	"zhicang/serve/account"
)

// A session is what one signed-in client has set and is doing. Only pid,
// secret, ctx and what mu guards are touched from other goroutines than the
// one that answers the client.
type session struct {
	conn    *conn
	ctx     context.Context // ends when the client is gone
	end     context.CancelCauseFunc
	account account.Account
	pid     int32
	secret  int32

	database string
	settings settings
	zone     *time.Location // of the TimeZone that was asked for last
	tx       types.ServerStatus
	writer   *buffer.Writer

	statements *statements // nil before the first Parse
	portals    *portals    // nil before the first Bind
	parsed     int         // how many parameters the last statement parsed has
	refusal    *Error      // what is wrong with the message at hand

	mu      sync.Mutex
	running context.CancelCauseFunc // ends the statement that runs
}

type sessionKey struct{}

func newSession(c *conn) *session {
	sn := &session{conn: c, tx: types.ServerIdle, settings: newSettings()}
	sn.ctx, sn.end = context.WithCancelCause(context.Background())
	var b [4]byte
	rand.Read(b[:]) // never fails
	sn.secret = int32(binary.BigEndian.Uint32(b[:]))
	return sn
}

func sessionOf(ctx context.Context) *session {
	sn, _ := ctx.Value(sessionKey{}).(*session)
	return sn
}

func sameKey(a, b int32) bool { return subtle.ConstantTimeEq(a, b) == 1 }

// begin takes what the client asked for at start-up.
func (sn *session) begin(acct account.Account, params wire.Parameters) *Error {
	sn.account = acct
	sn.database = string(params[wire.ParamDatabase])
	if sn.database == "" {
		sn.database = acct.Name
	}
	if len(sn.database) > 63 {
		return fatalf("3D000", "the database's name is too long")
	}
	if e := sn.settings.startup(params); e != nil {
		e.Fatal = true
		return e
	}
	return nil
}

// greet tells the client what it runs under. psql-wire has reported a version
// of its own before; the later report holds.
func (s *Server) greet(ctx context.Context) (context.Context, error) {
	sn := sessionOf(ctx)
	if sn == nil {
		return ctx, errors.New("a session without a sign-in")
	}
	for _, name := range reported() {
		if err := sn.report(name); err != nil {
			return ctx, err
		}
	}
	return ctx, nil
}

// report sends the value of a setting that drivers follow.
func (sn *session) report(name string) error {
	value, _ := sn.show(name)
	w := sn.writer
	w.Start(types.ServerParameterStatus)
	w.AddString(name)
	w.AddNullTerminate()
	w.AddString(value)
	w.AddNullTerminate()
	return w.End()
}

func txStatus(ctx context.Context) types.ServerStatus { return sessionOf(ctx).tx }

// gone is told when the client can no longer be reached.
func (sn *session) gone(err error) { sn.end(fmt.Errorf("client is gone: %w", err)) }

// interrupt ends the statement that runs, if one does.
func (sn *session) interrupt(why *Error) {
	sn.mu.Lock()
	defer sn.mu.Unlock()
	if sn.running != nil {
		sn.running(why)
	}
}

// run returns the context of a statement. stop must be called when it is over.
func (sn *session) run() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(sn.ctx)
	ctx, release := context.WithTimeoutCause(ctx, sn.timeout(), failf(stateCanceled, "canceling statement due to statement timeout"))
	sn.mu.Lock()
	sn.running = cancel
	sn.mu.Unlock()
	return ctx, func() {
		sn.mu.Lock()
		sn.running = nil
		sn.mu.Unlock()
		release()
		cancel(nil)
	}
}

// refused is the name of a portal that there never is: asking for it makes
// psql-wire answer with the error that sanitize puts in.
const refused = "zhicang:refused"

// judge lets a message through to psql-wire, or puts another in its place
// that is answered with an error. A fatal error ends the connection.
func (sn *session) judge(f frame) (frame, *Error) {
	sn.refusal = nil
	e := f.check()
	if e == nil {
		e = sn.fits(f)
	}
	if e == nil || e.Fatal {
		return f, e
	}
	switch {
	case extended(f.kind):
		sn.refusal = e
		return frame{types.ClientDescribe, []byte("P" + refused + "\x00")}, nil
	case f.kind == types.ClientSimpleQuery, f.kind == clientFunctionCall:
		sn.refusal = e
		return frame{types.ClientSimpleQuery, []byte(";\x00")}, nil
	}
	e.Fatal = true
	return f, e
}

// maxPortals bounds what a session may have bound at a time.
const maxPortals = 64

// fits judges a message by what the session has prepared and bound, where
// psql-wire would drop the connection or give the wrong code.
func (sn *session) fits(f frame) *Error {
	switch f.kind {
	case types.ClientParse:
		c := cursor{rest: f.body}
		name := c.text()
		if _, there := sn.statements.parameters(name); there && name != "" {
			return failf(statePreparedTwice, "prepared statement %q already exists", name)
		}
		if sn.statements.len() >= sn.conn.server.limits.Prepared && name != "" {
			return &Error{State: stateTooMuch, Message: "too many prepared statements", Hint: "DEALLOCATE those that are not needed"}
		}
	case types.ClientBind:
		b, _ := parseBind(f.body)
		want, there := sn.statements.parameters(b.statement)
		switch {
		case !there:
			return noStatement(b.statement)
		case want != b.parameters:
			return failf(stateProtocol, "bind message supplies %d parameters, but prepared statement %q requires %d", b.parameters, b.statement, want)
		case sn.portals.len() >= maxPortals:
			return failf(stateTooMuch, "too many portals")
		}
	case types.ClientDescribe:
		if _, there := sn.statements.parameters(f.name()); !there && f.body[0] == 'S' {
			return noStatement(f.name())
		}
		if f.body[0] == 'P' && !sn.portals.has(f.name()) {
			return failf(stateNoPortal, "portal %q does not exist", f.name())
		}
	}
	return nil
}

func noStatement(name string) *Error {
	return failf(stateNoStatement, "prepared statement %q does not exist", name)
}

// sanitize makes what the client is told of whatever went wrong. Every error
// passes here, so here a transaction learns that it has failed.
func (sn *session) sanitize(err error) error {
	e := sn.refusal
	sn.refusal = nil
	if e == nil {
		e = sn.translate(err)
	}
	if sn.tx == types.ServerTransactionBlock {
		sn.tx = types.ServerTransactionFailed
	}
	return wireError(e)
}

// translate keeps the codes of psql-wire's own errors.
func (sn *session) translate(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	if code := pgerrors.GetCode(err); code != codes.Uncategorized {
		return &Error{State: string(code), Message: err.Error()}
	}
	sn.conn.server.log.Error("postgres statement failed inside", "account", sn.account.Name, "err", err)
	return asError(sn.ctx, err)
}

// statements are a session's prepared statements. The zero value has none, nil
// as well.
type statements struct {
	wire.DefaultStatementCache
	count map[string]int // parameters, by name
}

func newStatements() wire.StatementCache { return &statements{count: map[string]int{}} }

// Set keeps a statement that the session has just parsed.
func (c *statements) Set(ctx context.Context, name string, stmt *wire.PreparedStatement) error {
	sn := sessionOf(ctx)
	sn.statements = c
	c.count[name] = sn.parsed
	return c.DefaultStatementCache.Set(ctx, name, stmt)
}

// Delete forgets a statement.
func (c *statements) Delete(ctx context.Context, name string) error {
	delete(c.count, name)
	return c.DefaultStatementCache.Delete(ctx, name)
}

func (c *statements) len() int {
	if c == nil {
		return 0
	}
	return len(c.count)
}

func (c *statements) parameters(name string) (int, bool) {
	if c == nil {
		return 0, false
	}
	n, ok := c.count[name]
	return n, ok
}

func (c *statements) clear(ctx context.Context) {
	if c == nil {
		return
	}
	for name := range c.count {
		_ = c.Delete(ctx, name) // never fails
	}
}

// portals are what a session has bound. nil has none.
type portals struct {
	wire.DefaultPortalCache
	names map[string]bool
}

func newPortals() wire.PortalCache { return &portals{names: map[string]bool{}} }

// Bind keeps a portal.
func (c *portals) Bind(ctx context.Context, name string, s *wire.Statement, p []wire.Parameter, f []wire.FormatCode) error {
	sessionOf(ctx).portals = c
	c.names[name] = true
	return c.DefaultPortalCache.Bind(ctx, name, s, p, f)
}

// Delete forgets a portal.
func (c *portals) Delete(ctx context.Context, name string) error {
	delete(c.names, name)
	return c.DefaultPortalCache.Delete(ctx, name)
}

// DeleteByStatement forgets the portals of a statement.
func (c *portals) DeleteByStatement(ctx context.Context, s *wire.Statement) error {
	err := c.DefaultPortalCache.DeleteByStatement(ctx, s)
	for name := range c.names {
		if !c.has(name) {
			delete(c.names, name)
		}
	}
	return err
}

// Close forgets all portals, as the end of a transaction does.
func (c *portals) Close() {
	clear(c.names)
	c.DefaultPortalCache.Close()
}

func (c *portals) len() int {
	if c == nil {
		return 0
	}
	return len(c.names)
}

func (c *portals) has(name string) bool {
	if c == nil {
		return false
	}
	p, err := c.Get(context.Background(), name)
	return err == nil && p != nil
}
