package sqldb_test

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"zhicang/ingest"
)

// TestNoRoute: a port whose host drops what is sent to it, as behind a firewall.
func TestNoRoute(t *testing.T) {
	for _, driver := range []string{"postgres", "mysql", "sqlserver", "oracle"} {
		t.Run(driver, func(t *testing.T) {
			e := failure(t, ingest.SQLConfig{Driver: driver, From: "desk", DSN: ingest.DSNConfig{
				Host: "127.0.0.1", Port: dropping(t), Database: "county", User: "reader", Password: "hunter2-CANARY", Timeout: 200 * time.Millisecond,
			}}, "id")
			if !strings.Contains(e.Error(), "no route to the host, or a firewall drops") || !strings.Contains(e.Hint(), "ask for the port to be opened") {
				t.Errorf("got %v\nTry: %s", e, e.Hint())
			}
		})
	}
}

// dropping is a port that drops whoever wants to connect: its queue of those who
// wait to be let in is full.
func dropping(t *testing.T) (port int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	err = errors.Join(syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), syscall.Listen(fd, 0))
	name, err2 := syscall.Getsockname(fd)
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	port = name.(*syscall.SockaddrInet4).Port
	for range 10 {
		conn, err := net.DialTimeout("tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String(), 100*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Skip("this system lets everybody wait")
	return 0
}
