package sqldb

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/go-mysql-org/go-mysql/client"
	"github.com/go-mysql-org/go-mysql/mysql"

	"zhicang/ingest"
)

// mysqlParameter stands where an argument goes: a comment, as a question mark may
// well stand in a condition that somebody wrote.
const mysqlParameter = "/*?*/"

func mysqlDialect() *dialect {
	types := map[string]mapping{
		"decimal": {kind: decimalKind}, "float": {kind: floatKind}, "double": {kind: floatKind}, "year": {kind: intKind},
		"date": {kind: dateKind}, "datetime": {kind: wallKind}, "timestamp": {kind: instantKind}, "bit": {bytes: true},
		"geometry": {bytes: true}, "binary": {bytes: true}, "varbinary": {bytes: true}, "blob": {bytes: true}, "vector": {bytes: true},
	}
	for _, size := range []string{"tinyint", "smallint", "mediumint", "int", "bigint"} {
		types[size], types["unsigned "+size] = mapping{kind: intKind}, mapping{kind: intKind}
	}
	types["unsigned bigint"] = mapping{kind: textKind} // reaches beyond a BIGINT
	here := "table_schema = coalesce(nullif(" + mysqlParameter + ", ''), database()) AND table_name = " + mysqlParameter
	d := &dialect{
		name: "mysql", port: 3306, schemes: []string{"mysql", "mariadb"}, parallel: 1, open: openMySQL,
		ask: questions{
			version: "SELECT version()", encoding: "SELECT @@character_set_database", encrypted: "SHOW SESSION STATUS LIKE 'Ssl_cipher'",
			now:     "SELECT CAST(utc_timestamp(3) AS CHAR)",
			indexed: "SELECT count(*) FROM information_schema.statistics WHERE " + here + " AND column_name = " + mysqlParameter + " AND seq_in_index = 1",
			rows:    "SELECT table_rows FROM information_schema.tables WHERE " + here,
		},
		quotes: [2]string{"`", "`"}, alias: "AS ", argument: func(int, kind) string { return mysqlParameter }, types: types,
		key:     "SELECT column_name FROM information_schema.statistics WHERE " + here + " AND index_name = 'PRIMARY' ORDER BY seq_in_index",
		columns: "SELECT column_name, 'CAST(%s AS BINARY)' FROM information_schema.columns WHERE " + here + " AND character_set_name IN ('latin1', 'ascii')",
		begin: []string{
			"SET time_zone = '+00:00'", // TIMESTAMP is a moment, which the server writes in the session's zone
			"SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", "START TRANSACTION WITH CONSISTENT SNAPSHOT",
		},
	}
	d.sum.whole, d.sum.decimal = "sum(%s)", "sum(%s)"
	return d
}

// mysqlSession reads on one connection, in one transaction, from MySQL and what
// speaks its protocol. A client logs in; what is asked then and what comes is read
// here, straight from the bytes: database/sql would make a value of the heap of
// each text, for a third of the time that a load takes.
type mysqlSession struct {
	source *Source
	conn   net.Conn
	in     *bufio.Reader
	large  []byte // a packet that the reader's buffer can't hold
}

func openMySQL(ctx context.Context, s *Source) (_ session, err error) {
	d, err := s.address()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, min(connectTimeout, d.Timeout))
	defer cancel()
	p := &mysqlSession{source: s}
	if p.conn, err = loginMySQL(ctx, d, d.TLS != tlsDisable); d.TLS == tlsPrefer && errors.Is(err, errNoTLS) {
		p.conn, err = loginMySQL(ctx, d, false)
	}
	if err != nil {
		return nil, err
	}
	p.in = bufio.NewReaderSize(p.conn, readBuffer)
	for _, stmt := range s.dialect.begin {
		if _, err := p.texts(ctx, stmt); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}
	return p, nil
}

var (
	errNoTLS      = errors.New("the server does not speak TLS")
	errOtherLogin = errors.New("the server asks for a way of logging in that is not known here")
	errClearLogin = errors.New("the server asks for the password as it is written, where others can read it")
)

// loginMySQL connects and logs in. From then on the connection says nothing until
// it is asked.
func loginMySQL(ctx context.Context, d ingest.DSNConfig, encrypted bool) (conn net.Conn, err error) {
	unwatch := func() bool { return true }
	defer func() {
		// The client takes apart what a server says without looking at its length.
		if r := recover(); r != nil {
			err = errOtherProtocol
		}
		if !unwatch() {
			err = errors.Join(context.Cause(ctx), err)
		}
		if err != nil && conn != nil {
			_ = conn.Close() // as the client has mostly done
		}
	}()
	var line *loginLine
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var dialer net.Dialer
		raw, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		conn = raw
		unwatch = context.AfterFunc(ctx, func() { _ = raw.Close() }) // the client knows no contexts
		line = &loginLine{Conn: raw}
		return line, nil
	}
	options := func(c *client.Conn) error {
		// Plain answers: those that the reader of packets knows.
		c.UnsetCapability(mysql.CLIENT_QUERY_ATTRIBUTES | mysql.CLIENT_DEPRECATE_EOF)
		if encrypted {
			tls, err := dsn(d).tlsConfig()
			if err != nil {
				return err
			}
			c.SetTLSConfig(tls)
		}
		return c.SetCollation("utf8mb4_general_ci")
	}
	c, err := client.ConnectWithDialer(ctx, "tcp", net.JoinHostPort(d.Host, port(d.Port, 3306)), d.User, d.Password.Reveal(), d.Database, dial, options)
	if err != nil {
		switch text := err.Error(); {
		case line != nil && line.clear:
			err = errClearLogin
		case strings.Contains(text, "does not support TLS"):
			err = errNoTLS
		case strings.Contains(text, "auth plugin"):
			err = errOtherLogin
		}
		return conn, notOurs(err)
	}
	line.in = true
	return c.Conn.Conn, nil // with TLS around it where it was agreed on
}

// A loginLine is a connection that breaks off where a server asks for the password
// as it is written, which the client would send: outside of TLS, that is, where
// such words can be read on the way.
type loginLine struct {
	net.Conn
	in    bool   // the login is over
	said  []byte // by the server so far, or the end of it
	clear bool
}

func (l *loginLine) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	if l.in {
		return n, err
	}
	const asks = "mysql_clear_password"
	l.said = append(l.said[max(0, len(l.said)-len(asks)):], p[:n]...)
	if l.clear = l.clear || bytes.Contains(l.said, []byte(asks)); l.clear {
		return 0, errClearLogin
	}
	return n, err
}

func (p *mysqlSession) connections() int { return 1 }
func (p *mysqlSession) beside() bool     { return false }
func (p *mysqlSession) close() error     { _ = p.conn.Close(); return nil }

func (p *mysqlSession) describe(ctx context.Context, query string) ([]column, error) {
	d := p.source.dialect
	r, err := p.ask(ctx, d.probe(query), nil)
	if err != nil {
		return nil, err
	}
	defer r.close()
	if _, err := r.row(); err != nil { // there is none, and the answer has an end
		return nil, err
	}
	out := make([]column, len(r.fields))
	for i, f := range r.fields {
		precision, scale := int64(f.length), int64(f.decimals)
		if scale > 0 {
			precision-- // the point
		}
		if f.flags&mysql.UNSIGNED_FLAG == 0 {
			precision-- // the sign
		}
		out[i] = d.column(f.name, mysqlType(f), precision, scale, true)
	}
	return out, nil
}

// texts reads the few rows of a query, or none of a statement that has none.
func (p *mysqlSession) texts(ctx context.Context, query string, args ...string) (out [][]string, err error) {
	r, err := p.ask(ctx, query, args)
	if err != nil {
		return nil, err
	}
	defer r.close()
	for {
		more, err := r.row()
		if err != nil || !more {
			return out, err
		}
		row := make([]string, len(r.values))
		for i, v := range r.values {
			row[i] = string(v)
		}
		out = append(out, row)
	}
}

func (p *mysqlSession) primaryKey(ctx context.Context, table string) ([]string, error) {
	return p.source.askForKey(ctx, p, table)
}

func (p *mysqlSession) refine(ctx context.Context, table string, columns []column) error {
	return p.source.askForBytes(ctx, p, table, columns)
}

// estimate matters only to those who read by several connections.
func (p *mysqlSession) estimate(context.Context, string) (int64, error) { return 0, nil }

func (p *mysqlSession) query(ctx context.Context, _ int, query string, args []string, columns []column) (rows, error) {
	r, err := p.ask(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if len(r.fields) != len(columns) {
		r.close()
		return nil, fmt.Errorf("%d columns came where %d were asked for", len(r.fields), len(columns))
	}
	r.decoders = make([]decoder, len(columns))
	for i, c := range columns {
		r.decoders[i] = p.source.fromText(c)
	}
	return r, nil
}
