// Package dbtest starts real database servers for tests, benchmarks and the
// demo: a PostgreSQL and a MariaDB from the operating system's packages, each
// on a spare port of this machine, in a folder that goes when it is stopped.
// Nothing of it is for data that matters: the servers do not wait for the disk.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A Server is a running database server.
type Server struct {
	Host     string
	Port     int
	User     string // may do everything
	Password string
	Database string // empty to begin with

	dir  string
	proc *process
	conn client
}

// client runs statements on a server; it belongs to the server alone.
type client interface {
	exec(ctx context.Context, statement string) error
	Close() error
}

// A MissingError says that a server's package is not installed.
type MissingError struct {
	Program string
	Package string // of Debian
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("%s is not installed: apt-get install %s", e.Program, e.Package)
}

// Stop ends the server and removes its folder.
func (s *Server) Stop() error {
	return errors.Join(s.conn.Close(), s.proc.stop(), os.RemoveAll(s.dir))
}

// Servers starts each server at its first use and shares it among the tests of
// a binary, whose TestMain calls Stop. The zero value is ready.
type Servers struct {
	postgres, mariadb shared
}

type shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Postgres is the shared PostgreSQL. The test is skipped where it is not
// installed.
func (s *Servers) Postgres(t testing.TB) *Server { return s.postgres.get(t, StartPostgres) }

// MariaDB is the shared MariaDB. The test is skipped where it is not installed.
func (s *Servers) MariaDB(t testing.TB) *Server {
	return s.mariadb.get(t, func(ctx context.Context) (*Server, error) { return StartMariaDB(ctx) })
}

func (s *shared) get(t testing.TB, start func(context.Context) (*Server, error)) *Server {
	t.Helper()
	s.once.Do(func() { s.server, s.err = start(context.Background()) })
	var missing *MissingError
	if errors.As(s.err, &missing) {
		t.Skip(s.err)
	}
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.server
}

// Stop stops the servers that were started.
func (s *Servers) Stop() error {
	var errs []error
	for _, one := range []*shared{&s.postgres, &s.mariadb} {
		if one.server != nil {
			errs = append(errs, one.server.Stop())
		}
	}
	return errors.Join(errs...)
}

// Run runs statements in Database, and stops at the first that fails.
func (s *Server) Run(ctx context.Context, statements ...string) error {
	for _, stmt := range statements {
		if err := s.conn.exec(ctx, stmt); err != nil {
			return fmt.Errorf("%.200s: %w", stmt, err)
		}
	}
	return nil
}

// Exec is Run for tests.
func (s *Server) Exec(t testing.TB, statements ...string) {
	t.Helper()
	if err := s.Run(context.Background(), statements...); err != nil {
		t.Fatal(err)
	}
}

// find looks for a program at the places where packages put it; of several
// versions the newest counts.
func find(pkg, name string, patterns ...string) (string, error) {
	var found []string
	for _, p := range patterns {
		m, err := filepath.Glob(p)
		if err != nil {
			return "", err
		}
		found = append(found, m...)
	}
	if len(found) > 0 {
		slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
		return found[0], nil
	}
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	return "", &MissingError{Program: name, Package: pkg}
}

// version is the number in the path of a program: 15 in postgresql/15/bin.
func version(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

// account is who a server runs as: its own user where we are root, which the
// servers refuse to be, and ourselves elsewhere.
func account(name string) (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("servers do not run as root, and there is no user %s: %w", name, err)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// folder makes a folder that belongs to the account.
func folder(name string, who *syscall.Credential) (string, error) {
	dir, err := os.MkdirTemp("", "zhicang-"+name+"-")
	if err == nil && who != nil {
		err = os.Chown(dir, int(who.Uid), int(who.Gid))
	}
	return dir, err
}

// run runs a program that sets a server up, to its end.
func run(ctx context.Context, dir string, who *syscall.Credential, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}

// process is a server's process.
type process struct {
	cmd  *exec.Cmd
	gone chan struct{}
	err  error // once gone
}

// start starts a server's process, which writes what it says into dir/log.
func start(dir string, who *syscall.Credential, name string, args ...string) (*process, error) {
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, log, log
	cmd.SysProcAttr = deathWith(who)
	p := &process{cmd: cmd, gone: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = cmd.Wait()
		close(p.gone)
	}()
	return p, nil
}

// patience is how long a server may take to come up or to go.
const patience = time.Minute

func (p *process) stop() error {
	// SIGQUIT is PostgreSQL's immediate shutdown; MariaDB is as little missed.
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.gone:
		return nil
	case <-time.After(patience):
		return p.cmd.Process.Kill()
	}
}

// ready tries to connect until the server lets us.
func (s *Server) ready(ctx context.Context, connect func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := connect(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-s.proc.gone:
			text, rerr := os.ReadFile(filepath.Join(s.dir, "log"))
			if errors.Is(rerr, fs.ErrNotExist) {
				return s.proc.err
			}
			return fmt.Errorf("the server ended: %w\n%s", s.proc.err, text)
		case <-tick.C:
		}
	}
}

// sparePort is a port that was free just now.
func sparePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
