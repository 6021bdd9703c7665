package pgwire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jeroenrinzema/psql-wire/pkg/types"
)

// A conn stands between the network and psql-wire. On the way in it reads
// whole messages in the background, so that a client that goes away is noticed
// while its statement runs, and lets through only those that psql-wire reads
// safely; on the way out it gathers what is written until the next message is
// waited for. It keeps the deadlines.
type conn struct {
	net.Conn
	server  *Server
	session *session
	raw     net.Conn // as it was accepted, below encryption

	start  []byte     // the start-up packet, handed to psql-wire again
	frames chan frame // what the client sent; closed when nothing more comes
	quit   chan struct{}
	in     []byte // what is left of the message being handed over
	out    *bufio.Writer

	authenticated atomic.Bool
	told          atomic.Bool // the last word has been said

	mu     sync.Mutex
	closed bool
	readAs error // why frames was closed
}

func newConn(s *Server, nc net.Conn, start []byte) *conn {
	c := &conn{Conn: nc, server: s, start: start, frames: make(chan frame, 2), quit: make(chan struct{})}
	c.out = bufio.NewWriterSize(deadlineWriter{c}, 32<<10)
	c.session = newSession(c)
	return c
}

// deadlineWriter bounds how long a client may leave what it is sent unread.
type deadlineWriter struct{ c *conn }

func (w deadlineWriter) Write(p []byte) (int, error) {
	if w.c.authenticated.Load() {
		if err := w.c.Conn.SetWriteDeadline(time.Now().Add(w.c.server.limits.Write)); err != nil {
			return 0, err
		}
	}
	return w.c.Conn.Write(p)
}

// pump reads messages until the client goes away or sends what isn't one.
func (c *conn) pump() {
	defer close(c.frames)
	for {
		f, err := c.readFrame()
		if err != nil {
			c.mu.Lock()
			c.readAs = err
			c.mu.Unlock()
			c.session.gone(err)
			return
		}
		select {
		case c.frames <- f:
		case <-c.quit:
			return
		}
	}
}

// handshakeBytes is how long a message may be before the client has signed in.
const handshakeBytes = 8 << 10

func (c *conn) readFrame() (frame, error) {
	var head [5]byte
	if _, err := io.ReadFull(c.Conn, head[:1]); err != nil {
		return frame{}, err
	}
	limit := handshakeBytes
	if c.authenticated.Load() {
		// From its first byte to its last a message has this long.
		if err := c.Conn.SetReadDeadline(time.Now().Add(c.server.limits.Message)); err != nil {
			return frame{}, err
		}
		defer c.Conn.SetReadDeadline(time.Time{})
		limit = c.server.limits.MessageBytes
	}
	f := frame{kind: types.ClientMessage(head[0])}
	if !known(f.kind) {
		return frame{}, fatalf(stateProtocol, "invalid frontend message type %d", head[0])
	}
	if _, err := io.ReadFull(c.Conn, head[1:]); err != nil {
		return frame{}, err
	}
	n := int64(int32(binary.BigEndian.Uint32(head[1:]))) - 4
	switch {
	case n < 0:
		return frame{}, fatalf(stateProtocol, "invalid message length")
	case n > int64(limit):
		return frame{}, &Error{State: stateTooMuch, Message: "message too long", Hint: "send less at once", Fatal: true}
	}
	f.body = make([]byte, n)
	_, err := io.ReadFull(c.Conn, f.body)
	return f, err
}

// Read hands psql-wire the start-up packet, then message by message.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.in) == 0 {
		if c.start != nil {
			c.in, c.start = c.start, nil
			go c.pump()
		} else if err := c.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.in)
	c.in = c.in[n:]
	return n, nil
}

// next waits for the next message and judges it.
func (c *conn) next() error {
	if err := c.out.Flush(); err != nil {
		return err
	}
	f, err := c.wait()
	if err != nil {
		c.farewell(err)
		return io.EOF
	}
	if !c.authenticated.Load() {
		if f.kind != types.ClientPassword {
			c.farewell(fatalf(stateProtocol, "expected password response, got message type %d", f.kind))
			return io.EOF
		}
		c.in = f.bytes()
		return nil
	}
	f, e := c.session.judge(f)
	if e != nil {
		c.farewell(e)
		return io.EOF
	}
	c.in = f.bytes()
	return nil
}

// wait returns the next message, or why there will be none.
func (c *conn) wait() (frame, error) {
	var idle <-chan time.Time
	if c.authenticated.Load() && c.server.limits.Idle > 0 {
		t := time.NewTimer(c.server.limits.Idle)
		defer t.Stop()
		idle = t.C
	}
	select {
	case <-c.server.draining:
		return frame{}, shuttingDown()
	default:
	}
	select {
	case f, ok := <-c.frames:
		if ok {
			return f, nil
		}
	case <-idle:
		return frame{}, fatalf(stateIdle, "terminating connection due to idle-session timeout")
	case <-c.server.draining:
		return frame{}, shuttingDown()
	}
	return frame{}, c.why()
}

// why is the reason that no more messages come.
func (c *conn) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readAs == nil {
		return net.ErrClosed
	}
	return c.readAs
}

func shuttingDown() *Error {
	return fatalf(stateShutdown, "terminating connection due to administrator command")
}

// farewell tells the client why the connection ends, if it can still be told.
func (c *conn) farewell(err error) {
	var e *Error
	var timeout net.Error
	switch {
	case errors.As(err, &e):
	case errors.As(err, &timeout) && timeout.Timeout() && !c.authenticated.Load():
		e = fatalf(stateCanceled, "canceling authentication due to timeout")
		_ = c.Conn.SetWriteDeadline(time.Now().Add(time.Second))
	case errors.As(err, &timeout) && timeout.Timeout():
		e = fatalf(stateProtocol, "message was not complete in time")
	default:
		return
	}
	c.server.log.Info("postgres connection ended", "from", c.RemoteAddr().String(), "account", c.session.account.Name, "why", e.Message)
	_, _ = c.out.Write(errorMessage(e))
	_ = c.out.Flush()
	c.told.Store(true)
}

// signedIn lifts the bounds that hold until a client has proved who it is.
func (c *conn) signedIn() {
	c.authenticated.Store(true)
	_ = c.Conn.SetDeadline(time.Time{})
}

// Write gathers what is to be sent.
func (c *conn) Write(p []byte) (int, error) {
	if c.told.Load() {
		return len(p), nil
	}
	return c.out.Write(p)
}

// Close sends what is left and closes the connection. It may be called twice.
func (c *conn) Close() error {
	c.mu.Lock()
	was := c.closed
	c.closed = true
	c.mu.Unlock()
	if was {
		return nil
	}
	close(c.quit)
	_ = c.out.Flush()
	if c.told.Load() {
		linger(c.Conn)
	}
	err := c.Conn.Close()
	c.session.gone(net.ErrClosed)
	c.server.left(c)
	return err
}

// linger lets a client read its last words: closed with input unread, a
// connection is reset, and what was sent last is lost on the way.
func linger(nc net.Conn) {
	half, ok := nc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	_ = nc.SetReadDeadline(time.Now().Add(250 * time.Millisecond))
	_, _ = io.Copy(io.Discard, io.LimitReader(nc, 64<<10))
}

// errorMessage is an ErrorResponse as it stands on the wire, for places where
// psql-wire has no writer yet or no more.
func errorMessage(e *Error) []byte {
	severity := "ERROR"
	if e.Fatal {
		severity = "FATAL"
	}
	b := []byte{byte(types.ServerErrorResponse), 0, 0, 0, 0}
	for _, field := range []struct {
		code  byte
		value string
	}{{'S', severity}, {'V', severity}, {'C', e.State}, {'M', e.Message}, {'H', e.Hint}} {
		if field.value != "" {
			b = append(append(append(b, field.code), field.value...), 0)
		}
	}
	b = append(b, 0)
	binary.BigEndian.PutUint32(b[1:], uint32(len(b)-1))
	return b
}
