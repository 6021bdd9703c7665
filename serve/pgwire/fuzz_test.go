package pgwire

import (
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/jeroenrinzema/psql-wire/pkg/types"
)

// settle reads what the server answers to a stream that ends, until it hangs up.
func settle(t *testing.T, r *raw, data []byte) {
	_ = r.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = r.Write(data)
	_ = r.Conn.(*net.TCPConn).CloseWrite()
	if _, err := io.Copy(io.Discard, io.LimitReader(r, 64<<20)); err != nil {
		var timeout net.Error
		if errors.As(err, &timeout) && timeout.Timeout() {
			t.Fatalf("the server hangs on %q", data)
		}
	}
}

// FuzzStartup sends any bytes as the first that the server hears.
func FuzzStartup(f *testing.F) {
	for _, s := range []string{
		hello("yunxi"), i32(8) + i32(80877103) + hello("yunxi"), i32(8) + i32(80877104), i32(16) + i32(80877102) + i32(1) + i32(2),
		hello("yunxi") + msg('p', "SCRAM-SHA-256\x00", i32(16), "n,,n=,r=abcdefgh"), hello("nobody") + msg('p'),
		startup(version3+2, "user", "yunxi", "_pq_.x", "1", "options", "-c a=b --c-d=e"),
	} {
		f.Add([]byte(s))
	}
	h := serve(f, nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		settle(t, dial(t, h), data)
		if _, alive := dial(t, h).signIn("yunxi", testPassword, nil); !alive {
			t.Fatalf("the server is harmed by %q", data)
		}
	})
}

// FuzzMessages sends any bytes after a valid sign-in.
func FuzzMessages(f *testing.F) {
	for _, s := range []string{
		query("SELECT sample; SET a = b; SHOW x"), parse("a", "SELECT echo $1", 20) + bindTo("p", "a", "7") + msg('D', "Pp\x00") + execute("p", 1) + syncMessage,
		msg('C', "Sa\x00") + msg('H') + msg('d') + msg('F') + msg('X'), query("BEGIN") + query("SELECT nothing") + query("ROLLBACK TO x"),
		parse("", "DISCARD ALL") + bindTo("", "") + execute("", 0) + syncMessage, query("SET TimeZone = 'Asia/Kolkata'; SELECT sample"),
		parse("", "SELECT sample") + msg('B', "\x00\x00", i16(0), i16(0), i16(1), i16(1)) + execute("", 3) + syncMessage,
	} {
		f.Add([]byte(s))
	}
	h := serve(f, func(o *Options) { o.Limits.Statement = time.Second })
	f.Fuzz(func(t *testing.T, data []byte) {
		settle(t, signedIn(t, h), data)
		r := signedIn(t, h)
		r.send(query("SELECT count 1"))
		if _, alive := r.untilReady(); !alive {
			t.Fatalf("the server is harmed by %q", data)
		}
	})
}

// FuzzBind reads any bytes as the body of a message: whatever passes is read to
// its end, and psql-wire reads the same.
func FuzzBind(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x01\xff\xff\xff\xfe\x00\x00"))
	f.Add([]byte("p\x00s\x00\x00\x01\x00\x01\x00\x01\x00\x00\x00\x01x\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range "QPBDCEFSHXp" {
			if got := (frame{types.ClientMessage(kind), body}).check(); got == nil && kind == 'B' {
				if b, _ := parseBind(body); b.parameters > len(body) {
					t.Errorf("%d parameters in %d bytes", b.parameters, len(body))
				}
			}
		}
	})
}
