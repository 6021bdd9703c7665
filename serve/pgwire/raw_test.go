package pgwire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/xdg-go/scram"
)

// A raw client sends bytes and reads messages.
type raw struct {
	net.Conn
	t testing.TB
}

func dial(t testing.TB, h *house) *raw {
	t.Helper()
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	// A server that hangs fails the test instead of hanging it.
	_ = c.SetDeadline(time.Now().Add(30 * time.Second))
	t.Cleanup(func() { _ = c.Close() })
	return &raw{c, t}
}

func (r *raw) send(parts ...string) {
	// The server may have hung up already: what it said before is read anyway.
	_, _ = io.WriteString(r, strings.Join(parts, ""))
}

// next reads one message; io.EOF or a reset when the server has hung up.
func (r *raw) next() (kind byte, body string, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, "", err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[1:])-4)
	_, err = io.ReadFull(r, b)
	return head[0], string(b), err
}

// untilReady reads up to ReadyForQuery or the end, and returns the kinds of
// what came, errors with their states.
func (r *raw) untilReady() (seen []string, alive bool) {
	for {
		kind, body, err := r.next()
		if err != nil {
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				r.t.Error("the server hangs")
			}
			return seen, false
		}
		switch kind {
		case 'E':
			seen = append(seen, field(body, 'C'))
		case 'C':
			seen = append(seen, strings.TrimSuffix(body, "\x00"))
		case 'Z':
			return append(seen, "Z"+body), true
		case 'S', 'K', 'R', 'N':
		default:
			seen = append(seen, string(kind))
		}
	}
}

func field(body string, code byte) string {
	for part := range strings.SplitSeq(body, "\x00") {
		if part != "" && part[0] == code {
			return part[1:]
		}
	}
	return ""
}

func i16(n int) string { return string(binary.BigEndian.AppendUint16(nil, uint16(n))) }
func i32(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }

func msg(kind byte, parts ...string) string {
	body := strings.Join(parts, "")
	return string(kind) + i32(len(body)+4) + body
}

func startup(version int, params ...string) string {
	body := i32(version) + strings.Join(params, "\x00") + "\x00\x00"
	return i32(len(body)+4) + body
}

const version3 = 3 << 16

func hello(user string) string { return startup(version3, "user", user, "database", "zhicang") }

// signIn goes through SCRAM, with a chance to change what the client sends.
func (r *raw) signIn(user, password string, change func(step int, message string) string) (seen []string, alive bool) {
	if change == nil {
		change = func(_ int, m string) string { return m }
	}
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		r.t.Fatal(err)
	}
	talk := client.NewConversation()
	r.send(hello(user))
	kind, body, err := r.next()
	if err != nil || kind != 'R' || !strings.Contains(body, "SCRAM-SHA-256") {
		r.t.Fatalf("%c %q %v", kind, body, err)
	}
	first, _ := talk.Step("")
	r.send(change(1, msg('p', mechanismScram256+"\x00", i32(len(first)), first)))
	kind, body, err = r.next()
	if err != nil {
		return nil, false
	}
	if kind != 'R' {
		return []string{field(body, 'C')}, false
	}
	final, err := talk.Step(body[4:])
	if err != nil {
		r.t.Fatal(err)
	}
	r.send(change(2, msg('p', final)))
	return r.untilReady()
}

func signedIn(t testing.TB, h *house) *raw {
	t.Helper()
	r := dial(t, h)
	if seen, alive := r.signIn("yunxi", testPassword, nil); !alive {
		t.Fatal("not signed in:", seen)
	}
	return r
}

func query(text string) string { return msg('Q', text, "\x00") }

func parse(name, text string, oids ...int) string {
	s := name + "\x00" + text + "\x00" + i16(len(oids))
	for _, o := range oids {
		s += i32(o)
	}
	return msg('P', s)
}

func bindTo(portal, statement string, values ...string) string {
	s := portal + "\x00" + statement + "\x00" + i16(0) + i16(len(values))
	for _, v := range values {
		s += i32(len(v)) + v
	}
	return msg('B', s, i16(0))
}

func execute(portal string, rows int) string { return msg('E', portal, "\x00", i32(rows)) }

const syncMessage = "S\x00\x00\x00\x04"

// probe is sent after an attempt: a server that is unharmed answers it.
func probe() string { return syncMessage + query("SHOW server_version") }

func (r *raw) probeAnswers() []string {
	var all []string
	for {
		seen, alive := r.untilReady()
		all = append(all, seen...)
		if !alive {
			return append(all, "closed")
		}
		for _, s := range seen {
			if s == "SHOW" {
				return all
			}
		}
		if len(all) > 50 {
			return append(all, fmt.Sprint("more than ", len(all)))
		}
	}
}
