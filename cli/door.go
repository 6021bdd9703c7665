package cli

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"zhicang/dashboards"
	"zhicang/dashboards/grafana"
	"zhicang/models"
	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/pgwire"
	"zhicang/serve/reader"
)

// A pgDoor is where a PostgreSQL client gets in, and as whom.
type pgDoor struct {
	address, user, password, tls string
}

// openDoor serves the published files on a free port of this machine, to an
// account that is made for it and reads everything, until closeDoor.
func (a *app) openDoor(ctx context.Context, door *pgDoor) (closeDoor func(), err error) {
	if _, err := a.shelf().Current(); err != nil {
		return nil, a.nothingYet(err)
	}
	r, err := reader.Open(ctx, reader.Options{
		Shelf: a.shelf(), Catalog: a.catalog, Regions: a.regions, Now: a.now, Log: a.logger(),
		Audit: privacy.OpenAudit(filepath.Join(a.dir, "audit.jsonl"), a.now),
	})
	if err != nil {
		return nil, err
	}
	*door = pgDoor{user: "boards-check", password: rand.Text(), tls: "disable"}
	book, err := account.Open([]account.Config{{Name: door.user, Password: account.Password(door.password), Domains: []string{account.AllDomains}, Region: account.Everywhere}}, account.Options{})
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	server, err := pgwire.New(pgwire.Options{Reader: pgwire.FromReader(r), Accounts: book, Log: a.logger()})
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	door.address = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	return func() {
		if err := errors.Join(server.Shutdown(context.WithoutCancel(ctx)), <-served, r.Close()); err != nil {
			a.logger().Error("close the door", "err", err)
		}
	}, nil
}

// connect signs in as Grafana does: one statement after another, as text.
func (d pgDoor) connect(ctx context.Context) (*pgx.Conn, error) {
	u := url.URL{Scheme: "postgres", Host: d.address, User: url.UserPassword(d.user, d.password), Path: grafana.Database, RawQuery: "sslmode=" + url.QueryEscape(d.tls)}
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		return nil, usageError{fmt.Errorf("--pg: %q is no address such as 127.0.0.1:5434", d.address)}
	}
	cfg.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	cfg.RuntimeParams["application_name"] = "zhicang boards check"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		var pe *pgconn.PgError
		if errors.As(err, &pe) {
			return nil, &models.FileError{File: d.address, Msg: pe.Message, Try: "look at --pg-user and the password"}
		}
		return nil, &models.FileError{File: d.address, Msg: "no answer", Try: "look whether zhicang serve runs there, or leave --pg out"}
	}
	return conn, nil
}

// askOver asks a connection in the simple protocol, whose values are text.
func askOver(conn *pgx.Conn) dashboards.Ask {
	return func(ctx context.Context, sql string) (dashboards.Answer, error) {
		var answer dashboards.Answer
		rows, err := conn.Query(ctx, sql, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return answer, doorError(err)
		}
		defer rows.Close()
		for rows.Next() {
			raw := rows.RawValues()
			row := make([]string, len(raw))
			for i, v := range raw {
				row[i] = string(v)
			}
			answer.Rows = append(answer.Rows, row)
		}
		for _, f := range rows.FieldDescriptions() {
			answer.Columns = append(answer.Columns, f.Name)
		}
		return answer, doorError(rows.Err())
	}
}

// A refused is what the door said no to, with its hint.
type refused struct{ *pgconn.PgError }

// Hint is what to try.
func (e refused) Hint() string { return e.PgError.Hint }

func doorError(err error) error {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return refused{pe}
	}
	return err
}
