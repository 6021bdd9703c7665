package cli

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"zhicang/dashboards"
	"zhicang/models"
	"zhicang/serve/account"
)

// writeCertificate makes a certificate of its own signing that holds in an
// interval around the tests' own clock.
func writeCertificate(t *testing.T, dir string, from, to time.Time) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(from.Unix()), NotBefore: from, NotAfter: to, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "server.crt"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	writeFile(t, filepath.Join(dir, "server.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

const servePassword = "a password of the tests"

// serveConfig writes a site that serves on free ports of this machine.
func serveConfig(t *testing.T, dir, more string) string {
	t.Helper()
	verifier, err := account.NewVerifier(servePassword)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "zhicang.yaml")
	writeFile(t, path, fmt.Sprintf(`data_dir: ./data
region: "331022"
serve:
  postgres: 127.0.0.1:0
  http: 127.0.0.1:0
%s  accounts:
    - {name: reader, password: "%s", domains: ["*"], region: "000000"}
`, more, verifier))
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// startServe runs serve until the test ends, and returns the addresses it says.
func startServe(t *testing.T, config string) (postgres, pages string) {
	t.Helper()
	postgres, pages, _ = startServeAnd(t, config)
	return postgres, pages
}

// startServeAnd is startServe that also returns what serve has to complain of.
func startServeAnd(t *testing.T, config string) (postgres, pages string, complaints func() string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var errs lockedBuffer
	done := make(chan int, 1)
	go func() {
		done <- Run(ctx, []string{"-c", config, "serve"}, strings.NewReader(""), in, &errs)
		in.Close()
	}()
	t.Cleanup(func() {
		cancel()
		go func() { _, _ = io.Copy(io.Discard, out) }()
		if code := <-done; code != 0 {
			t.Errorf("serve ended with %d\n%s", code, errs.String())
		}
	})
	lines := bufio.NewScanner(out)
	for (postgres == "" || pages == "") && lines.Scan() {
		address := strings.TrimPrefix(lines.Text(), "serving ")
		if strings.HasPrefix(address, "postgres://") {
			postgres = strings.TrimPrefix(address, "postgres://")
		} else {
			pages = address
		}
	}
	if pages == "" {
		cancel()
		code := <-done
		done <- code
		t.Fatalf("serve ended with %d\n%s", code, errs.String())
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return postgres, pages, errs.String
}

// lockedBuffer is a buffer that is written to while it is read.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// With a certificate that has expired serve says so in one line, its pages say
// so and nothing else, and open by themselves once it is renewed.
func TestServeWithAnExpiredCertificate(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC))
	_, pages, complaints := startServeAnd(t, serveConfig(t, dir, "  tls: {cert: server.crt, key: server.key}\n"))
	const line = "zhicang: server.crt: the certificate expired on 2020-01-02\n  Try: renew it; serve reads the new files by itself\n"
	if said := complaints(); !strings.HasPrefix(said, line) || strings.Contains(said, "goroutine") {
		t.Errorf("serve says:\n%s", said)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	get := func(path string) (int, string, http.Header) {
		t.Helper()
		res, err := client.Get(pages + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(body), res.Header
	}
	for _, path := range []string{"/", "/signin", "/boards/congress-hot"} {
		code, page, head := get(path)
		if code != http.StatusServiceUnavailable || !strings.Contains(page, "服务器证书已于 2020-01-02 过期") || strings.Contains(page, "password") {
			t.Errorf("%s: %d\n%s", path, code, page)
		}
		if head.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s keeps browsers from showing it", path)
		}
	}
	if code, said, _ := get("/healthz"); code != http.StatusServiceUnavailable || said != "服务器证书已于 2020-01-02 过期\n" {
		t.Errorf("health: %d %s", code, said)
	}
	writeCertificate(t, dir, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if code, page, _ := get("/signin"); code != http.StatusOK || !strings.Contains(page, `name="password"`) {
		t.Errorf("after renewal: %d\n%s", code, page)
	}
}

// A board whose column is gone is said to be so in one line, and keeps no other
// from being shown.
func TestServeWithABrokenBoard(t *testing.T) {
	dir := t.TempDir()
	config := serveConfig(t, dir, "")
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, config, "site: ./site\n"+string(text))
	writeFile(t, filepath.Join(dir, "site", "boards", "congress", "own.yaml"), brokenBoard)
	_, pages, complaints := startServeAnd(t, config)
	const want = "zhicang: congress/own.yaml:7: board congress-own, panel 数量: ads.congress_opinion_count has no column \"opinion\"\n  Try: did you mean \"opinions\"?\n"
	if said := complaints(); !strings.HasPrefix(said, want) {
		t.Errorf("serve says:\n%s", said)
	}
	if res, err := http.Get(pages + "/signin"); err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("the pages: %v %v", res, err)
	} else {
		res.Body.Close()
	}
}

// The boards that are shown follow their files: one that is mended is shown, one
// that comes is there, one that is broken says so and leaves the others alone.
func TestBoardsFollowTheirFiles(t *testing.T) {
	dir := t.TempDir()
	own := filepath.Join(dir, "boards", "congress", "own.yaml")
	a := &app{env: &env{out: io.Discard, err: io.Discard}, cfg: Config{Site: ".", dir: dir}}
	var err error
	if a.catalog, err = models.Load(models.FS()); err != nil {
		t.Fatal(err)
	}
	var shown []string
	f := &boardFiles{app: a, show: func(boards []*dashboards.Board, broken []dashboards.Broken) {
		shown = nil
		for _, b := range boards {
			if b.UID == "congress-own" {
				shown = append(shown, b.Title)
			}
		}
		for _, b := range broken {
			shown = append(shown, b.UID+" broken")
		}
		if len(boards) < 6 {
			t.Errorf("%d boards", len(boards))
		}
	}}
	if _, _, err := f.load(); err != nil {
		t.Fatal(err)
	}
	mended := strings.Replace(brokenBoard, "c.opinion AS", "c.opinions AS", 1)
	for i, tt := range []struct{ text, want string }{
		{brokenBoard, "congress-own broken"}, {brokenBoard, "-"}, {mended, "自己的"}, {strings.Replace(mended, "自己的", "我们的看板", 1), "我们的看板"}, {"", ""},
	} {
		shown = []string{"-"}
		if tt.text == "" {
			if err := os.Remove(own); err != nil {
				t.Fatal(err)
			}
		} else if tt.want != "-" {
			writeFile(t, own, tt.text)
		}
		if f.follow(); strings.Join(shown, " ") != tt.want {
			t.Errorf("%d: shown %q, want %q", i, shown, tt.want)
		}
	}
}

func TestServe(t *testing.T) {
	dir := t.TempDir()
	postgres, pages := startServe(t, serveConfig(t, dir, ""))
	res, err := http.Get(pages + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode >= 500 {
		t.Errorf("pages answer %s", res.Status)
	}
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://reader:%s@%s/zhicang?sslmode=disable", strings.ReplaceAll(servePassword, " ", "%20"), postgres))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), "SELECT count(*) FROM ads.congress_hot_issue")
	var pe *pgconn.PgError
	if !errors.As(err, &pe) || pe.Code != "57P03" || !strings.Contains(pe.Message, "nothing has been published yet") {
		t.Errorf("before the first publication: %v", err)
	}
}

func TestServeUnderTLS(t *testing.T) {
	dir := t.TempDir()
	writeCertificate(t, dir, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	postgres, pages := startServe(t, serveConfig(t, dir, "  tls: {cert: server.crt, key: server.key}\n"))
	if !strings.HasPrefix(pages, "https://") {
		t.Errorf("pages at %s", pages)
	}
	conn, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://reader:%s@%s/zhicang?sslmode=require", strings.ReplaceAll(servePassword, " ", "%20"), postgres))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// What keeps serve from opening is said in one line, with what to try.
func TestServeSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, tt := range []struct {
		name, more, want, try string
		args                  []string
	}{
		{
			name: "port taken", args: []string{"--http", taken.Addr().String()},
			want: "serve.http: " + taken.Addr().String() + " is taken by another program", try: "stop it, or another address in serve.http or with --http",
		},
		{name: "no certificate", more: "  tls: {cert: none.crt, key: none.key}\n", want: "none.crt: the certificate cannot be read: no such file or directory", try: "look at serve.tls"},
		{name: "open to all in the clear", args: []string{"--pg", "0.0.0.0:5434"}, want: "serve.postgres: 0.0.0.0:5434 can be reached from other machines, and nothing would be encrypted", try: "set serve.tls"},
		{name: "no door", args: []string{"--pg", "", "--http", ""}, want: "neither postgres nor http has an address", try: "name one"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			writeCertificate(t, dir, time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2020, 1, 2, 0, 0, 0, 0, time.UTC))
			_, errs, code := zhicang(t, append([]string{"-c", serveConfig(t, dir, tt.more), "serve"}, tt.args...)...)
			if code != 1 || !strings.Contains(errs, tt.want) || !strings.Contains(errs, "Try: "+tt.try) || strings.Count(errs, "\n") != 2 {
				t.Errorf("exit %d:\n%s", code, errs)
			}
		})
	}
}

// A certificate that was renewed is served without a restart, and files that
// are no good leave the one before.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	now := func() time.Time { return day.AddDate(0, 1, 0) }
	writeCertificate(t, dir, day, day.AddDate(0, 2, 0))
	c, err := loadCertificate(cert, key, now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	serial := func() int64 {
		got, err := c.get(&tls.ClientHelloInfo{})
		if err != nil {
			t.Fatal(err)
		}
		return got.Leaf.SerialNumber.Int64()
	}
	touch := func(at time.Time) {
		for _, path := range []string{cert, key} {
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := serial(); got != day.Unix() {
		t.Errorf("serial %d", got)
	}
	next := day.AddDate(0, 0, 20)
	writeCertificate(t, dir, next, next.AddDate(1, 0, 0))
	touch(next)
	if got := serial(); got != next.Unix() {
		t.Errorf("after renewal: serial %d", got)
	}
	writeFile(t, cert, "no certificate")
	touch(next.AddDate(0, 0, 1))
	if got := serial(); got != next.Unix() {
		t.Errorf("with a damaged file: serial %d", got)
	}
}
