package pgwire

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"

	wire "github.com/jeroenrinzema/psql-wire"
	"github.com/jeroenrinzema/psql-wire/pkg/buffer"
	"github.com/jeroenrinzema/psql-wire/pkg/types"
	"github.com/xdg-go/scram"

	"zhicang/serve/account"
)

// The kinds of Authentication message that SCRAM uses.
const (
	authOK            = 0
	authSASL          = 10
	authSASLContinue  = 11
	authSASLFinal     = 12
	mechanismScram256 = "SCRAM-SHA-256"
)

// Accounts know who may sign in; account.Book does, and tests have their own.
type Accounts interface {
	Attempt(ctx context.Context, name, from string) (done func(ok bool), err error)
	Lookup(name string) (account.Account, scram.StoredCredentials, bool)
}

// authenticate signs a client in with SCRAM-SHA-256 (RFC 5802 and 7677, as
// PostgreSQL frames it). An unknown name goes through the same conversation,
// and fails at the same place, as a wrong password. Channel binding is not
// offered: a client that claims to have seen it offered is refused.
func (s *Server) authenticate(ctx context.Context, w *buffer.Writer, r *buffer.Reader) (context.Context, error) {
	c, ok := w.Writer.(*conn)
	if !ok {
		return ctx, errors.New("not a connection of this server")
	}
	name := wire.ClientParameters(ctx)[wire.ParamUsername]
	from, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		from = c.RemoteAddr().String()
	}
	waiting, stop := context.WithTimeout(c.session.ctx, s.limits.Startup)
	defer stop()
	done, err := s.accounts.Attempt(waiting, name, from)
	if err != nil {
		if c.session.ctx.Err() != nil {
			c.farewell(c.why())
		}
		return ctx, fmt.Errorf("sign in: %w", err)
	}
	acct, e := s.converse(w, r, name)
	done(e == nil)
	if e != nil {
		s.log.Warn("postgres sign-in failed", "account", name, "from", from, "why", e.Message)
		return ctx, tell(w, e)
	}
	if e := s.welcome(c, acct, wire.ClientParameters(ctx)); e != nil {
		s.log.Warn("postgres connection refused", "account", name, "from", from, "why", e.Message)
		return ctx, tell(w, e)
	}
	s.log.Info("postgres sign-in", "account", name, "from", from)
	if err := writeAuth(w, authOK, nil); err != nil {
		return ctx, err
	}
	c.signedIn()
	c.session.writer = w
	w.ErrorSanitizer = c.session.sanitize
	r.MaxMessageSize = s.limits.MessageBytes
	return context.WithValue(ctx, sessionKey{}, c.session), nil
}

// tell sends an error and returns it.
func tell(w *buffer.Writer, e *Error) error {
	if err := wire.WriteUnterminatedError(w, wireError(e)); err != nil {
		return err
	}
	return e
}

// converse carries the SASL exchange to its end.
func (s *Server) converse(w *buffer.Writer, r *buffer.Reader, name string) (account.Account, *Error) {
	wrong := fatalf(stateWrongPassword, "password authentication failed for user %q", name)
	lost := fatalf(stateProtocol, "the sign-in was not completed")
	acct, creds, known := s.accounts.Lookup(name)
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return creds, nil })
	if err != nil {
		return acct, lost
	}
	talk := server.NewConversation()
	if writeAuth(w, authSASL, []byte(mechanismScram256+"\x00\x00")) != nil {
		return acct, lost
	}
	first, e := readInitial(r)
	if e != nil {
		return acct, e
	}
	answer, err := talk.Step(first)
	if err != nil {
		return acct, fatalf(stateProtocol, "malformed SCRAM message")
	}
	if writeAuth(w, authSASLContinue, []byte(answer)) != nil {
		return acct, lost
	}
	if _, _, err = r.ReadTypedMsg(); err != nil {
		return acct, lost
	}
	answer, err = talk.Step(string(r.Msg))
	if err != nil || !talk.Valid() || !known {
		return acct, wrong
	}
	if writeAuth(w, authSASLFinal, []byte(answer)) != nil {
		return acct, lost
	}
	return acct, nil
}

// readInitial reads a SASLInitialResponse: mechanism, length, client-first.
func readInitial(r *buffer.Reader) (string, *Error) {
	if _, _, err := r.ReadTypedMsg(); err != nil {
		return "", fatalf(stateProtocol, "the sign-in was not completed")
	}
	c := cursor{rest: r.Msg}
	mechanism := c.text()
	first := c.take(int(int32(c.int32())))
	if e := c.end("SASLInitialResponse"); e != nil {
		e.Fatal = true
		return "", e
	}
	if mechanism != mechanismScram256 {
		return "", fatalf(stateProtocol, "client selected an invalid SASL authentication mechanism")
	}
	return string(first), nil
}

func writeAuth(w *buffer.Writer, kind uint32, data []byte) error {
	w.Start(types.ServerAuth)
	w.AddBytes(append(binary.BigEndian.AppendUint32(nil, kind), data...))
	return w.End()
}
