package sqldb_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"zhicang/ingest"
)

// TestOtherProtocol: whatever answers where a database should be, the source says
// so in one line, and the process lives on.
func TestOtherProtocol(t *testing.T) {
	for what, hello := range map[string]string{
		"SSH":              "SSH-2.0-OpenSSH_9.2\r\n",
		"a web server":     "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
		"nothing":          "",
		"an empty packet":  "\x00\x00\x00\x00",
		"half a greeting":  "\x0c\x00\x00\x00\x0a8.0.0\x00\x01\x00\x00\x00",
		"a number alone":   "\x01\x00\x00\x00\x0a",
		"a broken refusal": "\x01\x00\x00\x00\xff",
		"noise":            strings.Repeat("\x03\x00\x00\x00\x0a\x00\xff", 100),
	} {
		for _, driver := range []string{"mysql", "postgres"} {
			t.Run(driver+" "+what, func(t *testing.T) {
				e := failure(t, ingest.SQLConfig{Driver: driver, From: "desk", DSN: ingest.DSNConfig{
					Host: "127.0.0.1", Port: saying(t, hello), Database: "county", User: "reader", Password: "hunter2-CANARY", TLS: "disable",
				}}, "id")
				if !hasOne(e.Error(), "is no database of that kind|the connection broke") || e.Hint() == "" || strings.Contains(e.Error(), "\n") {
					t.Errorf("got %v\nTry: %s", e, e.Hint())
				}
			})
		}
	}
}

// TestClearPassword: a server that asks for the password as it is written does not
// get it where others could read it, however it cuts its question.
func TestClearPassword(t *testing.T) {
	packet := func(n byte, data string) string { return string([]byte{byte(len(data)), 0, 0, n}) + data }
	greeting := packet(0, "\x0a8.0.0\x00\x01\x00\x00\x00abcdefgh\x00\xff\xf7\x21\x02\x00\xff\x81\x15"+strings.Repeat("\x00", 10)+"ijklmnopqrst\x00mysql_native_password\x00")
	asks := packet(2, "\xfemysql_clear_password\x00")
	for _, tls := range []string{"disable", "prefer"} {
		for _, cut := range []int{0, 12} {
			heard := make(chan string, 2)
			port := answering(t, func(conn net.Conn) {
				_, _ = io.WriteString(conn, greeting)
				answer := make([]byte, 4096)
				n, _ := conn.Read(answer)
				_, _ = io.WriteString(conn, asks[:cut])
				time.Sleep(20 * time.Millisecond) // for the two to be read apart
				_, _ = io.WriteString(conn, asks[cut:])
				rest, _ := io.ReadAll(conn)
				heard <- string(answer[:n]) + string(rest)
			})
			e := failure(t, ingest.SQLConfig{Driver: "mysql", From: "desk", DSN: ingest.DSNConfig{
				Host: "127.0.0.1", Port: port, Database: "county", User: "reader", Password: "hunter2-CANARY", TLS: tls,
			}}, "id")
			if !strings.Contains(e.Error(), "asks for the password as it is written") {
				t.Errorf("%s, cut at %d: %v", tls, cut, e)
			}
			said := <-heard
			if tls == "prefer" {
				said += <-heard // once with TLS, which there is not, and once without
			}
			if strings.Contains(said, "hunter2") || !strings.Contains(said, "reader") {
				t.Errorf("%s, cut at %d: the server heard %q", tls, cut, said)
			}
		}
	}
}

// saying is a port at which everybody is told the same and let go.
func saying(t *testing.T, hello string) (port int) {
	return answering(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, hello)
		_ = conn.(*net.TCPConn).CloseWrite()
		_, _ = io.Copy(io.Discard, conn) // until the client has had enough
	})
}

// answering is a port at which one after the other is answered, and let go then.
func answering(t *testing.T, answer func(net.Conn)) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			answer(conn)
			conn.Close()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}
