package pgwire

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
	"unicode/utf8"

	"github.com/jeroenrinzema/psql-wire/pkg/types"
)

// startupBytes is how long a start-up packet may be; PostgreSQL's own bound.
const startupBytes = 10000

// errDone means that a connection has had all that it came for.
var errDone = errors.New("done")

// preface speaks with a client until it has asked for a session: encryption is
// agreed on, a cancel request is carried out. It returns the connection to go
// on with and the start-up packet, whole. Nothing is read beyond a packet, so
// that nothing sent in the clear can be taken for what comes encrypted.
func (s *Server) preface(nc net.Conn) (net.Conn, []byte, error) {
	encrypted, gss := false, false
	for {
		packet, err := readStartup(nc)
		if err != nil {
			return nc, nil, err
		}
		version := types.Version(binary.BigEndian.Uint32(packet[4:]))
		switch {
		case version == types.VersionCancel:
			if len(packet) != 16 {
				return nc, nil, errDone
			}
			s.cancel(int32(binary.BigEndian.Uint32(packet[8:])), int32(binary.BigEndian.Uint32(packet[12:])))
			return nc, nil, errDone
		case version == types.VersionGSSENC && !gss && !encrypted:
			gss = true
			if _, err := nc.Write([]byte{'N'}); err != nil {
				return nc, nil, err
			}
		case version == types.VersionSSLRequest && !encrypted:
			if s.tls == nil {
				if _, err := nc.Write([]byte{'N'}); err != nil {
					return nc, nil, err
				}
				encrypted = true // asked and answered: not twice
				continue
			}
			if _, err := nc.Write([]byte{'S'}); err != nil {
				return nc, nil, err
			}
			tc, err := s.handshake(nc)
			if err != nil {
				return nc, nil, err
			}
			nc, encrypted = tc, true
		default:
			return nc, packet, s.admit(nc, version, packet)
		}
	}
}

func (s *Server) handshake(nc net.Conn) (net.Conn, error) {
	tc := tls.Server(nc, s.tls)
	ctx, cancel := context.WithTimeout(context.Background(), s.limits.Startup)
	defer cancel()
	if err := tc.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS: %w", err)
	}
	return tc, nil
}

// readStartup reads a packet of the time before messages have types.
func readStartup(r io.Reader) ([]byte, error) {
	head := make([]byte, 8, 64)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head)
	if n < 8 || n > startupBytes {
		return nil, fatalf(stateProtocol, "invalid length of startup packet")
	}
	packet := append(head, make([]byte, n-8)...)
	_, err := io.ReadFull(r, packet[8:])
	return packet, err
}

// admit judges a start-up packet.
func (s *Server) admit(nc net.Conn, version types.Version, packet []byte) error {
	if version.Major() != 3 {
		return fatalf(stateUnsupported, "unsupported frontend protocol %d.%d: server supports 3.0", version.Major(), version.Minor())
	}
	if _, encrypted := nc.(*tls.Conn); !encrypted && !s.plain && !loopback(nc.RemoteAddr()) {
		return &Error{State: stateNoAuthorization, Message: "connections from other machines must be encrypted", Hint: "connect with sslmode=require", Fatal: true}
	}
	params, e := startupParameters(packet[8:])
	if e != nil {
		return e
	}
	if params["user"] == "" {
		return fatalf(stateNoAuthorization, "no PostgreSQL user name specified in startup packet")
	}
	if _, asked := params["replication"]; asked {
		return fatalf(stateUnsupported, "replication is not served")
	}
	return nil
}

// startupParameters reads the names and values of a start-up packet.
func startupParameters(body []byte) (map[string]string, *Error) {
	broken := fatalf(stateProtocol, "invalid startup packet layout: expected terminator as last byte")
	if !utf8.Valid(body) {
		return nil, fatalf(stateBadEncoding, "invalid byte sequence for encoding \"UTF8\"")
	}
	if len(body) == 0 || body[len(body)-1] != 0 {
		return nil, broken
	}
	params := map[string]string{}
	for len(body) > 1 {
		name, rest, ok := bytes.Cut(body, []byte{0})
		value, rest, ok2 := bytes.Cut(rest, []byte{0})
		if !ok || !ok2 || len(name) == 0 {
			return nil, broken
		}
		params[string(name)] = string(value)
		body = rest
	}
	if len(body) != 1 {
		return nil, broken
	}
	return params, nil
}

func loopback(a net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	}
	return false
}

// refuse tells a client that has no session yet why it gets none.
func refuse(nc net.Conn, e *Error) {
	_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = nc.Write(errorMessage(e))
	linger(nc)
}
