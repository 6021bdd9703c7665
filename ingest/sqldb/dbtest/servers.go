package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	admin    = "keeper"
	password = "only-for-tests"
	database = "county"
)

// begin prepares what both servers need: a folder, a port, an account.
func begin(name string) (s *Server, who *syscall.Credential, err error) {
	s = &Server{Host: "127.0.0.1", User: admin, Password: password, Database: database}
	if who, err = account(name); err != nil {
		return nil, nil, err
	}
	if s.Port, err = sparePort(); err != nil {
		return nil, nil, err
	}
	s.dir, err = folder(name, who)
	return s, who, err
}

// StartPostgres starts a PostgreSQL. The error is a *MissingError where it is
// not installed.
func StartPostgres(ctx context.Context) (*Server, error) {
	postgres, err := find("postgresql", "postgres", "/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return nil, err
	}
	s, who, err := begin("postgres")
	if err != nil {
		return nil, err
	}
	if err := s.startPostgres(ctx, postgres, who); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

func (s *Server) startPostgres(ctx context.Context, postgres string, who *syscall.Credential) (err error) {
	data, secret := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "password")
	if err := os.WriteFile(secret, []byte(s.Password), 0o644); err != nil {
		return err
	}
	if err := run(ctx, s.dir, who, filepath.Join(filepath.Dir(postgres), "initdb"), "-D", data, "-U", s.User,
		"--pwfile", secret, "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"); err != nil {
		return err
	}
	s.proc, err = start(s.dir, who, postgres, "-D", data, "-p", strconv.Itoa(s.Port), "-h", s.Host,
		"-c", "unix_socket_directories="+s.dir, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "shared_buffers=256MB", "-c", "max_wal_size=4GB", "-c", "autovacuum=off")
	if err != nil {
		return err
	}
	err = s.ready(ctx, func(ctx context.Context) (err error) {
		s.conn, err = dialPostgres(ctx, s, "postgres")
		return err
	})
	if err == nil {
		err = errors.Join(s.conn.exec(ctx, "CREATE DATABASE "+s.Database), s.conn.Close())
	}
	if err == nil {
		s.conn, err = dialPostgres(ctx, s, s.Database)
	}
	if err != nil {
		return errors.Join(err, s.proc.stop())
	}
	return nil
}

// postgresClient is one connection, whose statements wait for each other.
type postgresClient struct {
	mu   sync.Mutex
	conn *pgconn.PgConn
}

func dialPostgres(ctx context.Context, s *Server, database string) (*postgresClient, error) {
	conn, err := pgconn.Connect(ctx, fmt.Sprintf("postgres://%s:%s@%s:%d/%s?sslmode=disable", s.User, s.Password, s.Host, s.Port, database))
	return &postgresClient{conn: conn}, err
}

func (c *postgresClient) exec(ctx context.Context, statement string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conn.Exec(ctx, statement).Close()
}

func (c *postgresClient) Close() error { return c.conn.Close(context.Background()) }

// StartMariaDB starts a MariaDB, with further options of its command line. The
// error is a *MissingError where it is not installed.
func StartMariaDB(ctx context.Context, options ...string) (*Server, error) {
	mariadbd, err := find("mariadb-server", "mariadbd", "/usr/sbin/mariadbd")
	if err != nil {
		return nil, err
	}
	install, err := find("mariadb-server", "mariadb-install-db", "/usr/bin/mariadb-install-db")
	if err != nil {
		return nil, err
	}
	s, who, err := begin("mysql")
	if err != nil {
		return nil, err
	}
	if err := s.startMariaDB(ctx, mariadbd, install, who, options); err != nil {
		return nil, errors.Join(err, os.RemoveAll(s.dir))
	}
	return s, nil
}

func (s *Server) startMariaDB(ctx context.Context, mariadbd, install string, who *syscall.Credential, options []string) (err error) {
	data, grants := filepath.Join(s.dir, "data"), filepath.Join(s.dir, "grants.sql")
	if err := os.WriteFile(grants, fmt.Appendf(nil, "CREATE DATABASE %s CHARACTER SET utf8mb4;\nCREATE USER %s@'%%' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO %[2]s@'%%' WITH GRANT OPTION;\n",
		s.Database, s.User, s.Password), 0o644); err != nil {
		return err
	}
	if err := run(ctx, s.dir, who, install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db"); err != nil {
		return err
	}
	s.proc, err = start(s.dir, who, mariadbd, append([]string{
		"--no-defaults", "--datadir=" + data, "--port=" + strconv.Itoa(s.Port), "--bind-address=" + s.Host,
		"--socket=" + filepath.Join(s.dir, "socket"), "--pid-file=" + filepath.Join(s.dir, "pid"), "--init-file=" + grants,
		"--skip-log-bin", "--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync",
		"--innodb-buffer-pool-size=1G", "--innodb-log-file-size=256M",
	}, options...)...)
	if err != nil {
		return err
	}
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.Addr, cfg.DBName = s.User, s.Password, "tcp", fmt.Sprintf("%s:%d", s.Host, s.Port), s.Database
	cfg.InterpolateParams, cfg.Logger = true, mysql.Logger(quiet{})
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return errors.Join(err, s.proc.stop())
	}
	db := sql.OpenDB(connector)
	s.conn = mariadbClient{db}
	if err := s.ready(ctx, db.PingContext); err != nil {
		return errors.Join(err, db.Close(), s.proc.stop())
	}
	return nil
}

type mariadbClient struct{ *sql.DB }

func (c mariadbClient) exec(ctx context.Context, statement string) error {
	_, err := c.ExecContext(ctx, statement)
	return err
}

// quiet drops what the driver logs while the server is coming up.
type quiet struct{}

func (quiet) Print(...any) {}
