package pgwire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func testTLS(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}
}

// TestTLS signs in over TLS, asks and cancels.
func TestTLS(t *testing.T) {
	config := testTLS(t)
	h := serve(t, func(o *Options) { o.TLS = config })
	c, err := pgx.Connect(t.Context(), strings.Replace(h.url(""), "sslmode=disable", "sslmode=require", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, encrypted := c.PgConn().Conn().(*tls.Conn); !encrypted {
		t.Error("not encrypted")
	}
	var me, region string
	if err := c.QueryRow(t.Context(), "SELECT me").Scan(&me, &region); err != nil || me != "yunxi" || region != "339921" {
		t.Error(me, region, err)
	}
	errs := make(chan error, 1)
	go func() {
		_, err := c.Exec(t.Context(), "SELECT forever")
		errs <- err
	}()
	<-h.reader.started
	if err := c.PgConn().CancelRequest(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-errs; stateOf(err) != stateCanceled {
		t.Error(err)
	}
}

// TestStuffing sends a start-up packet in the clear behind the request for TLS:
// it must not be taken for one that came encrypted.
func TestStuffing(t *testing.T) {
	config := testTLS(t)
	h := serve(t, func(o *Options) { o.TLS = config })
	r := dial(t, h)
	r.send(i32(8), i32(80877103), hello("yunxi"))
	answer, _ := io.ReadAll(r)
	if len(answer) == 0 || answer[0] != 'S' || strings.Contains(string(answer), mechanismScram256) {
		t.Errorf("%q", answer)
	}
}

// A farConn says that it comes from another machine.
type farConn struct{ net.Conn }

func (farConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(203, 0, 113, 7), Port: 40000}
}

type farListener struct{ net.Listener }

func (l farListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return farConn{c}, nil
}

// TestPlainText refuses a client of another machine that does not encrypt,
// unless the server is told otherwise.
func TestPlainText(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		h := serve(t, func(o *Options) { o.PlainText = allowed })
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		// Shutdown in serve's clean-up ends it.
		go func() {
			if err := h.Serve(farListener{ln}); err != nil {
				t.Error(err)
			}
		}()
		h.addr = ln.Addr().String()
		_, err = pgx.Connect(t.Context(), h.url(""))
		if allowed && err != nil || !allowed && stateOf(err) != stateNoAuthorization {
			t.Errorf("allowed %t: %v", allowed, err)
		}
	}
}
