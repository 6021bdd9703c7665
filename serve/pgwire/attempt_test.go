package pgwire

import (
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestAttemptsBeforeSignIn sends what is no start-up. want is the state of the
// error, "" where the server just hangs up.
func TestAttemptsBeforeSignIn(t *testing.T) {
	h := serve(t, func(o *Options) { o.Limits.Startup = 2 * time.Second })
	for _, tc := range []struct{ name, send, want string }{
		{"nothing at all", "", ""},
		{"half a length", "\x00\x00", ""},
		{"truncated packet", i32(100) + i32(version3) + "user\x00", ""},
		{"length 0", i32(0) + i32(version3), stateProtocol},
		{"length 7", i32(7) + i32(version3), stateProtocol},
		{"length beyond bound", i32(10001) + i32(version3), stateProtocol},
		{"length 2 GB", i32(0x7fffffff) + i32(version3), stateProtocol},
		{"negative length", "\xff\xff\xff\xff" + i32(version3), stateProtocol},
		{"HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", stateProtocol},
		{"TLS hello without asking", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", stateProtocol},
		{"protocol 1.0", startup(1<<16, "user", "yunxi"), stateUnsupported},
		{"protocol 2.0", startup(2<<16, "user", "yunxi"), stateUnsupported},
		{"protocol 4.0", startup(4<<16, "user", "yunxi"), stateUnsupported},
		{"no user", startup(version3, "database", "zhicang"), stateNoAuthorization},
		{"empty user", i32(15) + i32(version3) + "user\x00\x00\x00", stateNoAuthorization},
		{"no terminator", i32(17) + i32(version3) + "user\x00abcd", stateProtocol},
		{"odd number of strings", i32(14) + i32(version3) + "user\x00\x00", stateProtocol},
		{"no parameters", i32(8) + i32(version3), stateProtocol},
		{"garbage in UTF-8", startup(version3, "user", "\xff\xfe"), stateBadEncoding},
		{"replication", startup(version3, "user", "yunxi", "replication", "database"), stateUnsupported},
		{"GSS encryption twice", i32(8) + i32(80877104) + i32(8) + i32(80877104), stateUnsupported},
		{"TLS asked for twice", i32(8) + i32(80877103) + i32(8) + i32(80877103), stateUnsupported},
		{"cancel with a wrong key", i32(16) + i32(80877102) + i32(1) + i32(1), ""},
		{"cancel cut short", i32(12) + i32(80877102) + i32(1), ""},
		{"query before sign-in", hello("yunxi") + query("SELECT count 1"), stateProtocol},
		{"terminate before sign-in", hello("yunxi") + msg('X'), stateProtocol},
		{"wrong mechanism", hello("yunxi") + msg('p', "SCRAM-SHA-1\x00", i32(0)), stateProtocol},
		{"channel binding that was not offered", hello("yunxi") + msg('p', "SCRAM-SHA-256-PLUS\x00", i32(0)), stateProtocol},
		{"channel binding within the plain mechanism", hello("yunxi") + msg('p', "SCRAM-SHA-256\x00", i32(32), "p=tls-server-end-point,,n=,r=abc0"), stateProtocol},
		{"clear-text password", hello("yunxi") + msg('p', testPassword, "\x00"), stateProtocol},
		{"empty password message", hello("yunxi") + msg('p'), stateProtocol},
		{"length of SASL data beyond the message", hello("yunxi") + msg('p', "SCRAM-SHA-256\x00", i32(9999), "n,,n=,r=abc"), stateProtocol},
		{"negative length of SASL data", hello("yunxi") + msg('p', "SCRAM-SHA-256\x00", "\xff\xff\xff\x00", "n,,n=,r=abc"), stateProtocol},
		{"no SASL data", hello("yunxi") + msg('p', "SCRAM-SHA-256\x00", "\xff\xff\xff\xff"), stateProtocol},
		{"nonsense for SCRAM", hello("yunxi") + msg('p', "SCRAM-SHA-256\x00", i32(3), "abc"), stateProtocol},
		{"huge message during sign-in", hello("yunxi") + "p" + i32(0x7fffffff), stateTooMuch},
		{"message length 0 during sign-in", hello("yunxi") + "p" + i32(0), stateProtocol},
		{"unknown message during sign-in", hello("yunxi") + msg('!'), stateProtocol},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := dial(t, h)
			r.send(tc.send)
			if tc.want == "" {
				_ = r.Conn.(*net.TCPConn).CloseWrite()
			}
			got, err := io.ReadAll(r)
			if err != nil && len(got) == 0 && tc.want != "" {
				t.Fatal(err)
			}
			if state := lastState(got); state != tc.want {
				t.Errorf("got %q from %q, want %q", state, got, tc.want)
			}
		})
	}
	if seen, alive := dial(t, h).signIn("yunxi", testPassword, nil); !alive {
		t.Error("the server is harmed:", seen)
	}
}

// lastState finds the state of the last error in a stream of messages.
func lastState(b []byte) string {
	i := bytes.LastIndex(b, []byte("\x00C"))
	if i < 0 {
		return ""
	}
	state, _, _ := bytes.Cut(b[i+2:], []byte{0})
	return string(state)
}

// TestAttempts sends broken and hostile messages after a valid sign-in. seen is
// what the client is told, up to the answer of a harmless query at the end,
// which "closed" stands for where the server hangs up instead.
func TestAttempts(t *testing.T) {
	h := serve(t, nil)
	const ok = "SHOW"
	big := strings.Repeat("x", 2<<20)
	for _, tc := range []struct {
		name, send string
		seen       []string
	}{
		{"unknown message type", msg('!'), []string{stateProtocol, "closed"}},
		{"message type 0", msg(0), []string{stateProtocol, "closed"}},
		{"length 3", "Q" + i32(3), []string{stateProtocol, "closed"}},
		{"negative length", "Q\xff\xff\xff\xff", []string{stateProtocol, "closed"}},
		{"length 2 GB", "Q" + i32(0x7fffffff), []string{stateTooMuch, "closed"}},
		{"message beyond the bound", query(big), []string{stateTooMuch, "closed"}},
		{"query without its end", msg('Q', "SELECT 1"), []string{stateProtocol, "Z" + "I", "ZI", "T", "D", ok, "ZI"}},
		{"query with two ends", msg('Q', "SELECT count 1\x00SELECT 2\x00"), []string{stateProtocol, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"empty query message", msg('Q'), []string{stateProtocol, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"query in no UTF-8", query("SELECT '\xff\xfe'"), []string{stateBadEncoding, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"nothing but comments", query("/* a /* b */ */ -- c"), []string{"I", "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"nothing but semicolons", query(";;;"), []string{"I", "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"a quote that does not end", query("SELECT 'x"), []string{stateSyntax, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"a comment that does not end", query("SELECT 1 /*"), []string{stateSyntax, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"white space beyond ASCII", query("SELECT\u00a01"), []string{stateSyntax, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"an error ends a row of statements", query("SELECT count 2; SELECT nothing; SELECT count 3"), []string{"T", "D", "D", "SELECT 2", "42P01", "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"a write hidden behind a read", query("SELECT count 2; DROP TABLE x"), []string{"T", "D", "D", "SELECT 2", stateReadOnly, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"hundreds of statements", query(strings.Repeat("SELECT count 1;", 101)), []string{stateTooMuch, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"a parameter in a simple query", query("SELECT echo $1"), []string{"42P02", "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"password after sign-in", msg('p', "x\x00"), []string{stateProtocol, "closed"}},
		{"function call", msg('F', i32(2200), i16(0), i16(0), i16(0)), []string{stateUnsupported, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"copy data out of place", msg('d', "rows") + msg('c') + msg('f', "x\x00"), []string{"ZI", "T", "D", ok, "ZI"}},
		{"COPY", query("COPY x FROM STDIN"), []string{stateUnsupported, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"bind without parse", bindTo("", "nobody"), []string{stateNoStatement, "ZI", "T", "D", ok, "ZI"}},
		{"what follows an error is skipped", bindTo("", "nobody") + msg('D', "P\x00") + execute("", 0), []string{stateNoStatement, "ZI", "T", "D", ok, "ZI"}},
		{"describe of no statement", msg('D', "Snobody\x00"), []string{stateNoStatement, "ZI", "T", "D", ok, "ZI"}},
		{"describe of no portal", msg('D', "Pnobody\x00"), []string{stateNoPortal, "ZI", "T", "D", ok, "ZI"}},
		{"describe of our own sentinel", msg('D', "P"+refused+"\x00"), []string{stateNoPortal, "ZI", "T", "D", ok, "ZI"}},
		{"execute of no portal", execute("nobody", 0), []string{stateNoPortal, "ZI", "T", "D", ok, "ZI"}},
		{"describe of neither", msg('D', "Xa\x00"), []string{stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"empty describe", msg('D'), []string{stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"close of nothing", msg('C', "Snobody\x00"), []string{"3", "ZI", "T", "D", ok, "ZI"}},
		{"close of neither", msg('C', "Xnobody\x00"), []string{stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"too few parameters", parse("", "SELECT echo $1, $2") + bindTo("", "", "a"), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"too many parameters", parse("", "SELECT echo $1") + bindTo("", "", "a", "b"), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"parameter $0", parse("", "SELECT echo $0"), []string{"42P02", "ZI", "T", "D", ok, "ZI"}},
		{"parameter $99999", parse("", "SELECT echo $99999"), []string{stateTooMuch, "ZI", "T", "D", ok, "ZI"}},
		{"parameter of no type", parse("", "SELECT echo $1", 4711), []string{stateUnsupported, "ZI", "T", "D", ok, "ZI"}},
		{"parse of two statements", parse("", "SELECT count 1; SELECT count 2"), []string{stateSyntax, "ZI", "T", "D", ok, "ZI"}},
		{"parse with a count of types that are not there", msg('P', "\x00SELECT count 1\x00", i16(0xffff)), []string{stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"parse of a name twice", parse("a", "SELECT count 1") + parse("a", "SELECT count 2"), []string{"1", statePreparedTwice, "ZI", "T", "D", ok, "ZI"}},
		{"parse in no UTF-8", parse("\xff", "SELECT count 1"), []string{stateBadEncoding, "ZI", "T", "D", ok, "ZI"}},
		{"parse of nothing", parse("", "") + bindTo("", "") + execute("", 0), []string{"1", "2", "I", "ZI", "T", "D", ok, "ZI"}},
		{"bind with a parameter length of -2", parse("", "SELECT echo $1") + msg('B', "\x00\x00", i16(0), i16(1), "\xff\xff\xff\xfe", i16(0)), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"bind with a parameter length beyond the message", parse("", "SELECT echo $1") + msg('B', "\x00\x00", i16(0), i16(1), i32(1<<30), i16(0)), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"bind with a count beyond the message", parse("", "SELECT echo $1") + msg('B', "\x00\x00", i16(0), i16(0xffff)), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"bind with format 7", parse("", "SELECT echo $1") + msg('B', "\x00\x00", i16(1), i16(7), i16(1), i32(1), "a", i16(0)), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"bind with formats for others", parse("", "SELECT echo $1") + msg('B', "\x00\x00", i16(2), i16(0), i16(0), i16(1), i32(1), "a", i16(0)), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"bind with result format 9", parse("", "SELECT count 1") + msg('B', "\x00\x00", i16(0), i16(0), i16(1), i16(9)), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"bind with bytes left over", parse("", "SELECT count 1") + msg('B', "\x00\x00", i16(0), i16(0), i16(0), "tail"), []string{"1", stateProtocol, "ZI", "T", "D", ok, "ZI"}},
		{"NUL within a parameter", parse("", "SELECT echo $1") + bindTo("", "", "a\x00b") + execute("", 0), []string{"1", "2", stateBadEncoding, "ZI", "T", "D", ok, "ZI"}},
		{"quotes within a parameter", parse("", "SELECT echo $1") + bindTo("", "", "'; DROP TABLE x; --") + execute("", 0), []string{"1", "2", "D", "SELECT 1", "ZI", "T", "D", ok, "ZI"}},
		{"execute twice with a row limit", parse("", "SELECT count 3") + bindTo("", "") + execute("", 2) + execute("", 2), []string{"1", "2", "D", "D", "s", "D", "SELECT 3", "ZI", "T", "D", ok, "ZI"}},
		{"execute after the end", parse("", "SELECT count 1") + bindTo("", "") + execute("", 0) + execute("", 0), []string{"1", "2", "D", "SELECT 1", "SELECT 1", "ZI", "T", "D", ok, "ZI"}},
		{"execute with a negative limit", parse("", "SELECT count 3") + bindTo("", "") + msg('E', "\x00\xff\xff\xff\xff"), []string{"1", "2", "D", "D", "D", "SELECT 3", "ZI", "T", "D", ok, "ZI"}},
		{"a portal left half-read", parse("", "SELECT count 3") + bindTo("p", "") + execute("p", 1), []string{"1", "2", "D", "s", "ZI", "T", "D", ok, "ZI"}},
		{"a portal after its transaction", parse("", "SELECT count 3") + bindTo("p", "") + execute("p", 1) + syncMessage + execute("p", 1), []string{"1", "2", "D", "s", "ZI", stateNoPortal, "ZI", "T", "D", ok, "ZI"}},
		{"sync with a body", msg('S', "x"), []string{stateProtocol, "closed"}},
		{"flush without anything", msg('H'), []string{"ZI", "T", "D", ok, "ZI"}},
		{"a row of syncs", strings.Repeat(syncMessage, 3), []string{"ZI", "ZI", "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"a fault in the reader", query("SELECT panic"), []string{"T", stateInternal, "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"a fault in the reader, extended", parse("", "SELECT panic") + bindTo("", "") + execute("", 0), []string{"1", "2", stateInternal, "ZI", "T", "D", ok, "ZI"}},
		{"a failed transaction", query("BEGIN") + query("SELECT nothing") + query("SELECT count 1") + query("ROLLBACK"), []string{"BEGIN", "ZT", "42P01", "ZE", stateFailed, "ZE", "ROLLBACK", "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"COMMIT of a failed transaction", query("BEGIN") + query("SELECT nothing") + query("COMMIT"), []string{"BEGIN", "ZT", "42P01", "ZE", "ROLLBACK", "ZI", "ZI", "T", "D", ok, "ZI"}},
		{"a savepoint undoes an error", query("BEGIN; SAVEPOINT a") + query("SELECT nothing") + query("ROLLBACK TO a") + query("COMMIT"), []string{"BEGIN", "SAVEPOINT", "ZT", "42P01", "ZE", "ROLLBACK", "ZT", "COMMIT", "ZI", "ZI", "T", "D", ok, "ZI"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := signedIn(t, h)
			r.send(tc.send, probe())
			if d := cmp.Diff(tc.seen, r.probeAnswers()); d != "" {
				t.Error(d)
			}
		})
	}
	if got := h.log.String(); strings.Contains(got, "DROP TABLE") {
		t.Error("the log holds what a client sent")
	}
}

// TestWrongPassword shows that a wrong password, an unknown name and a changed
// exchange end alike, after the same conversation.
func TestWrongPassword(t *testing.T) {
	h := serve(t, nil)
	for _, tc := range []struct {
		name, user, password string
		change               func(int, string) string
		want                 string
	}{
		{"wrong password", "yunxi", "guess", nil, stateWrongPassword},
		{"unknown name", "nobody", "guess", nil, stateWrongPassword},
		{"unknown name with another's password", "nobody", testPassword, nil, stateWrongPassword},
		{"name in other case", "YUNXI", testPassword, nil, stateWrongPassword},
		{"wrong nonce", "yunxi", testPassword, func(step int, m string) string {
			if step == 2 {
				return strings.Replace(m, ",r=", ",r=0", 1)[:1] + i32(len(m)) + strings.Replace(m[5:], ",r=", ",r=0", 1)
			}
			return m
		}, stateWrongPassword},
		{"wrong proof", "yunxi", testPassword, func(step int, m string) string {
			if step == 2 {
				return m[:len(m)-8] + "AAAAAAA="
			}
			return m
		}, stateWrongPassword},
		{"channel binding taken away", "yunxi", testPassword, func(step int, m string) string {
			if step == 2 {
				return strings.Replace(m, "c=biws", "c=eSws", 1)
			}
			return m
		}, stateWrongPassword},
		{"empty final message", "yunxi", testPassword, func(step int, m string) string {
			if step == 2 {
				return msg('p')
			}
			return m
		}, stateWrongPassword},
	} {
		t.Run(tc.name, func(t *testing.T) {
			seen, alive := dial(t, h).signIn(tc.user, tc.password, tc.change)
			if alive || !slices.Equal(seen, []string{tc.want}) {
				t.Error(alive, seen)
			}
		})
	}
	if got := h.log.String(); !strings.Contains(got, "postgres sign-in failed") || strings.Contains(got, "guess") {
		t.Error(got)
	}
}

// TestSlowed shows that failures make the next attempt wait, and that a client
// which does not wait for that is let go of.
func TestSlowed(t *testing.T) {
	var mu sync.Mutex
	var waits []time.Duration
	h := serve(t, func(o *Options) {
		o.Accounts = testBook(t, func(ctx context.Context, d time.Duration) error {
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, d)
			return ctx.Err()
		})
	})
	for range 4 {
		dial(t, h).signIn("yunxi", "guess", nil)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(waits) < 2 || !slices.IsSorted(waits) || waits[len(waits)-1] <= waits[0] {
		t.Error(waits)
	}
}

// TestDeadlines lets clients dawdle at every stage.
func TestDeadlines(t *testing.T) {
	short := 50 * time.Millisecond
	for _, tc := range []struct {
		name   string
		limit  func(*Limits)
		signIn bool
		send   string
		want   string
	}{
		{"no start-up", func(l *Limits) { l.Startup = short }, false, "", ""},
		{"half a start-up", func(l *Limits) { l.Startup = short }, false, "\x00\x00\x00", ""},
		{"no answer to the challenge", func(l *Limits) { l.Startup = short }, false, hello("yunxi"), stateCanceled},
		{"idle", func(l *Limits) { l.Idle = short }, true, "", stateIdle},
		{"half a message", func(l *Limits) { l.Message = short }, true, "Q" + i32(100) + "SELECT", stateProtocol},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := serve(t, func(o *Options) { tc.limit(&o.Limits) })
			var r *raw
			if tc.signIn {
				r = signedIn(t, h)
			} else {
				r = dial(t, h)
			}
			r.send(tc.send)
			got, _ := io.ReadAll(r)
			if state := lastState(got); state != tc.want {
				t.Errorf("got %q, want %q", state, tc.want)
			}
		})
	}
}

// TestUnread asks for rows without end and reads none of them: the server lets
// go of the client and of what it asked for.
func TestUnread(t *testing.T) {
	h := serve(t, func(o *Options) { o.Limits.Write = 50 * time.Millisecond })
	r := signedIn(t, h)
	r.send(query("SELECT endless"))
	// Shutdown in the clean-up waits for the session, and counts open results.
}

// TestEndless reads rows without end until the statement's time is over: they
// are not gathered anywhere.
func TestEndless(t *testing.T) {
	h := serve(t, func(o *Options) { o.Limits.Statement = 300 * time.Millisecond })
	r := signedIn(t, h)
	r.send(query("SELECT endless"))
	rows, state := 0, ""
	for state == "" {
		kind, body, err := r.next()
		if err != nil {
			t.Fatal(err)
		}
		switch kind {
		case 'D':
			rows++
		case 'E':
			state = field(body, 'C')
		}
	}
	if state != stateCanceled || rows == 0 {
		t.Error(state, rows)
	}
}

// TestTooMany opens more connections than there are places.
func TestTooMany(t *testing.T) {
	h := serve(t, func(o *Options) { o.Limits.Connections = 20 })
	var in []*raw
	for range 20 {
		in = append(in, signedIn(t, h))
	}
	if seen, _ := dial(t, h).signIn("yunxi", testPassword, nil); !slices.Equal(seen, []string{stateTooManyConns}) {
		t.Error(seen)
	}
	_ = in[0].Close()
	for _, r := range in[1:] {
		r.send(query("SELECT count 1"))
		if _, alive := r.untilReady(); !alive {
			t.Error("a client that was in is out")
		}
	}
	full := 0
	for range 1000 {
		c, err := net.Dial("tcp", h.addr)
		if err != nil {
			continue
		}
		defer c.Close()
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		b, _ := io.ReadAll(io.LimitReader(c, 200))
		if lastState(b) == stateTooManyConns {
			full++
		}
	}
	if full < 900 {
		t.Error("refused:", full)
	}
	in[1].send(query("SELECT count 1"))
	if _, alive := in[1].untilReady(); !alive {
		t.Error("a client that was in is out")
	}
}

// TestWrongCancel tries to cancel another's statement with wrong keys.
func TestWrongCancel(t *testing.T) {
	h := serve(t, nil)
	r := signedIn(t, h)
	r.send(query("SELECT forever"))
	<-h.reader.started
	h.mu.Lock()
	var pid, secret int32
	for _, c := range h.sessions {
		pid, secret = c.session.pid, c.session.secret
	}
	h.mu.Unlock()
	for _, key := range [][2]int32{{pid, secret + 1}, {pid + 1, secret}, {pid, 0}, {0, secret}, {-1, -1}} {
		c := dial(t, h)
		c.send(i32(16), i32(80877102), i32(int(key[0])), i32(int(key[1])))
		_, _ = io.ReadAll(c)
	}
	c := dial(t, h)
	c.send(i32(16), i32(80877102), i32(int(pid)), i32(int(secret)))
	_, _ = io.ReadAll(c)
	if seen, alive := r.untilReady(); !alive || !slices.Equal(seen, []string{stateCanceled, "ZI"}) {
		t.Error(alive, seen)
	}
}
