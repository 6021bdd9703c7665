package sqldb_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
	"zhicang/ingest/sqldb/dbtest"
)

// TestMySQLLogin: the ways of logging in that MariaDB has, with and without TLS.
// Those of MySQL alone are the client's.
func TestMySQLLogin(t *testing.T) {
	server, ca := secureMariaDB(t)
	server.Exec(t,
		"CREATE USER native@'%' IDENTIFIED VIA mysql_native_password USING PASSWORD('密 码''1')",
		"CREATE USER edwards@'%' IDENTIFIED VIA ed25519 USING PASSWORD('密 码''1')",
		"GRANT SELECT ON county.* TO native@'%', edwards@'%'",
		"CREATE TABLE login (id INT)", "INSERT INTO login VALUES (7)")
	for tls, ca := range map[string]string{"disable": "", "prefer": "", "require": "", "verify": ca} {
		for _, user := range []string{"native", "edwards"} {
			t.Run(tls+" "+user, func(t *testing.T) {
				p := place{driver: "mysql", dsn: serverDSN(server)}
				p.dsn.User, p.dsn.Password, p.dsn.TLS, p.dsn.CA = user, "密 码'1", tls, ca
				src := open(t, p, ingest.SQLConfig{From: "login"}, "id")
				if got := readAll(t, src); len(got.rows) != 1 || got.rows[0][0] != "7" {
					t.Errorf("got %v", got)
				}
				for _, check := range src.Examine(t.Context()) {
					if check.Subject == "TLS" && strings.Contains(check.What, "is encrypted") != (tls != "disable") {
						t.Errorf("doctor: %s", check.What)
					}
				}
			})
		}
	}
}

// secureMariaDB starts a MariaDB that speaks TLS, with a certificate of its own
// authority.
func secureMariaDB(t *testing.T) (s *dbtest.Server, ca string) {
	t.Helper()
	servers.MariaDB(t) // skips the test where it is not installed
	cert, key := certificate(t)
	s, err := dbtest.StartMariaDB(t.Context(), "--ssl-cert="+cert, "--ssl-key="+key, "--plugin-load-add=auth_ed25519", "--innodb-buffer-pool-size=64M")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s, cert
}

// TestMySQLArguments: a cursor that is a text of any kind, beside a condition that
// has question marks and quotes in it.
func TestMySQLArguments(t *testing.T) {
	p := mariadbPlace(t)
	for _, mode := range []string{"", "NO_BACKSLASH_ESCAPES,ANSI_QUOTES"} {
		name := table()
		p.exec(t, "SET GLOBAL sql_mode = '"+mode+"'", "CREATE TABLE "+name+" (code VARCHAR(50) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY, body VARCHAR(50))",
			"INSERT INTO "+name+" VALUES ('a', 'x'), (x'625c272d2d3f20e781af', '?'), ('c', '/*?*/')")
		src := open(t, p, ingest.SQLConfig{From: name, Mode: ingest.ModeAppend, Cursor: "code", Where: "body <> 'what?' AND body <> '\\\\'"}, "code")
		cursor := ""
		for i, want := range [][][]string{{{"a"}, {`b\'--? 灯`}, {"c"}}, nil} {
			got := readFrom(t, src, cursor)
			if diff := cmp.Diff(want, got.rows); diff != "" {
				t.Errorf("reading %d: %s", i, diff)
			}
			cursor = got.cursor
		}
		got := readFrom(t, src, `text b\'--? 灯`)
		if diff := cmp.Diff([][]string{{"c"}}, got.rows); diff != "" {
			t.Error(diff)
		}
	}
	p.exec(t, "SET GLOBAL sql_mode = ''")
}

// certificate makes one for 127.0.0.1 that vouches for itself, and its key, where
// the server's account can read them.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err1 := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	pkcs8, err2 := x509.MarshalPKCS8PrivateKey(private)
	dir, err3 := os.MkdirTemp("", "zhicang-cert-") // a test's own folder is closed to others
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	err = errors.Join(os.Chmod(dir, 0o755),
		os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), 0o644))
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// TestMySQLAltered: a table that is altered after the moment that is read, and
// before it is read.
func TestMySQLAltered(t *testing.T) {
	p := mariadbPlace(t)
	name := table()
	p.exec(t, "CREATE TABLE "+name+" (id INT PRIMARY KEY)", "INSERT INTO "+name+" VALUES (1), (2)")
	src := open(t, p, ingest.SQLConfig{From: name}, "id")
	src.AfterOpen(func() { p.exec(t, "ALTER TABLE "+name+" ADD COLUMN IF NOT EXISTS body TEXT, FORCE") })
	_, err := src.Read(t.Context(), ingest.Unit{}, "", func(ingest.Batch) error { return nil })
	var e *ingest.Error
	if !errors.As(err, &e) || !strings.Contains(e.Error(), "the table was changed") || !strings.Contains(e.Hint(), "run again") {
		t.Errorf("got %v", err)
	}
	if got := readAll(t, open(t, p, ingest.SQLConfig{From: name}, "id")); len(got.rows) != 2 {
		t.Errorf("read again: %v", got)
	}
}
