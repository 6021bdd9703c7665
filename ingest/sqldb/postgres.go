package sqldb

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"zhicang/ingest"
)

func postgres() *dialect {
	d := &dialect{
		name: "postgres", port: 5432, schemes: []string{"postgres", "postgresql"},
		shared: true, parallel: 2, open: openPostgres, quotes: [2]string{`"`, `"`}, alias: "AS ",
		ask: questions{
			version: "SELECT version()", encoding: "SHOW server_encoding",
			encrypted: "SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()",
			now:       "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')",
			indexed: `SELECT count(*) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
				WHERE i.indrelid = (CASE WHEN $1 = '' THEN '' ELSE quote_ident($1) || '.' END || quote_ident($2))::regclass AND a.attname = $3`,
		},
		argument: func(n int, _ kind) string { return "$" + strconv.Itoa(n) },
		types: map[string]mapping{
			"bool": {kind: boolKind}, "int2": {kind: intKind}, "int4": {kind: intKind}, "int8": {kind: intKind}, "oid": {kind: intKind},
			"float4": {kind: floatKind}, "float8": {kind: floatKind}, "numeric": {kind: decimalKind},
			"date": {kind: dateKind}, "timestamp": {kind: wallKind}, "timestamptz": {kind: instantKind},
			"bytea": {kind: textKind, bytes: true}, "money": {kind: textKind, as: "%s::numeric::text"},
		},
	}
	d.asText = "%s::text"
	d.sum.whole, d.sum.decimal = "sum(%s)", "sum(%s)"
	return d
}

// pgSession reads through pgx's own protocol layer, in PostgreSQL's binary
// format: database/sql would make a value of the heap of each.
type pgSession struct {
	source *Source
	conns  []*pgconn.PgConn
	aside  *pgconn.PgConn    // for short questions while the others are read from; nil: the first of them
	names  map[uint32]pgType // of the types seen so far
	utf8   bool              // the server vouches for its texts
}

type pgType struct {
	name  string
	array bool
}

func openPostgres(ctx context.Context, s *Source) (_ session, err error) {
	cfg, err := s.postgresConfig()
	if err != nil {
		return nil, err
	}
	p := &pgSession{source: s, names: map[uint32]pgType{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := p.connect(ctx, cfg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return nil, err
	}
	p.utf8 = p.conns[0].ParameterStatus("server_encoding") == "UTF8"
	if s.cfg.Parallel < 2 {
		return p, nil
	}
	// KingbaseES and openGauss have it too; where it is forbidden or missing,
	// one connection reads everything.
	snapshot, err := p.texts(ctx, "SELECT pg_export_snapshot()")
	if err != nil || len(snapshot) != 1 {
		s.opts.Logger.Warn("read by one connection, as the database exports no snapshot", "source", s.name)
		p.conns[0].Close(ctx)
		p.conns = nil
		return p, p.connect(ctx, cfg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	}
	for range s.cfg.Parallel - 1 {
		if err := p.connect(ctx, cfg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '"+snapshot[0][0]+"'"); err != nil {
			return nil, err
		}
	}
	if s.counts {
		// One more, of the same state, so that counting does not wait for the reading.
		if err := p.connect(ctx, cfg, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT '"+snapshot[0][0]+"'"); err != nil {
			return nil, err
		}
		last := len(p.conns) - 1
		p.conns, p.aside = p.conns[:last], p.conns[last]
	}
	return p, nil
}

func (p *pgSession) connect(ctx context.Context, cfg *pgconn.Config, begin string) error {
	ctx, cancel := context.WithTimeout(ctx, min(connectTimeout, p.source.cfg.DSN.Timeout))
	defer cancel()
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		return notOurs(err)
	}
	p.conns = append(p.conns, conn)
	return conn.Exec(ctx, begin).Close()
}

// postgresConfig takes nothing from the environment that would send the reading
// elsewhere: pgx fills in what a connection string leaves out.
func (s *Source) postgresConfig() (*pgconn.Config, error) {
	d := s.cfg.DSN
	u := &url.URL{Scheme: "postgres", User: url.User(d.User), Host: net.JoinHostPort(d.Host, port(d.Port, s.dialect.port)), Path: "/" + d.Database}
	if d.URL != "" {
		parsed, err := url.Parse(d.URL)
		if err != nil {
			return nil, s.setting("dsn.url", "write it as postgres://user@host:port/database", "is no URL")
		}
		u = parsed
	}
	q := u.Query()
	if !q.Has("sslmode") {
		q.Set("sslmode", map[string]string{tlsVerify: "verify-full"}[d.TLS])
		if d.TLS != tlsVerify {
			q.Set("sslmode", d.TLS)
		}
	}
	if d.CA != "" {
		q.Set("sslrootcert", d.CA)
	}
	u.RawQuery = q.Encode()
	cfg, err := pgconn.ParseConfig(u.String())
	if err != nil {
		return nil, s.setting("dsn", "compare host, port, database, tls and ca with what the department said", "is no address of a database that can be used")
	}
	cfg.Password = d.Password.Reveal()
	cfg.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		return pgproto3.NewFrontend(bufio.NewReaderSize(r, readBuffer), w) // of its own it reads 8 KiB at a time
	}
	cfg.RuntimeParams = map[string]string{"client_encoding": "UTF8", "application_name": "zhicang", "extra_float_digits": "3", "DateStyle": "ISO"}
	return cfg, nil
}

func port(p, usual int) string {
	if p == 0 {
		p = usual
	}
	return strconv.Itoa(p)
}

// tlsConfig is for drivers that take one; nil: no TLS.
func (d dsn) tlsConfig() (*tls.Config, error) {
	c := &tls.Config{ServerName: d.Host, MinVersion: tls.VersionTLS12}
	switch d.TLS {
	case tlsDisable:
		return nil, nil
	case tlsPrefer, tlsRequire:
		c.InsecureSkipVerify = true // that is what require says: verify is the one that looks
	}
	if d.CA == "" {
		return c, nil
	}
	pem, err := os.ReadFile(d.CA)
	if err != nil {
		return nil, &ingest.Error{Setting: "dsn.ca", Err: errors.New("the file cannot be read"), Try: "name the file of certificates that the department gave you"}
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &ingest.Error{Setting: "dsn.ca", Err: errors.New("has no certificate in it"), Try: "a PEM file, which begins with -----BEGIN CERTIFICATE-----"}
	}
	return c, nil
}

type dsn ingest.DSNConfig

// readBuffer is how much is taken from a connection at a time.
const readBuffer = 256 << 10

func (p *pgSession) connections() int { return len(p.conns) }

func (p *pgSession) close() error {
	var errs []error
	if p.aside != nil {
		p.conns = append(p.conns, p.aside)
	}
	for _, c := range p.conns {
		// A connection whose query was broken off is closed already.
		if err := c.Close(context.Background()); err != nil && !c.IsClosed() {
			errs = append(errs, err)
		}
	}
	p.conns, p.aside = nil, nil
	return errors.Join(errs...)
}

func (p *pgSession) beside() bool { return p.aside != nil }

// texts reads the few rows of a query as text.
func (p *pgSession) texts(ctx context.Context, query string, args ...string) ([][]string, error) {
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = []byte(a)
	}
	conn := p.conns[0]
	if p.aside != nil {
		conn = p.aside
	}
	res := conn.ExecParams(ctx, query, params, nil, nil, nil).Read()
	if res.Err != nil {
		return nil, res.Err
	}
	var out [][]string
	for _, row := range res.Rows {
		texts := make([]string, len(row))
		for i, v := range row {
			texts[i] = string(v)
		}
		out = append(out, texts)
	}
	return out, nil
}

func (p *pgSession) describe(ctx context.Context, query string) ([]column, error) {
	desc, err := p.conns[0].Prepare(ctx, "", query, nil)
	if err != nil {
		return nil, err
	}
	if err := p.learn(ctx, desc.Fields); err != nil {
		return nil, err
	}
	out := make([]column, len(desc.Fields))
	for i, f := range desc.Fields {
		out[i] = p.column(f)
	}
	return out, nil
}

// learn looks up the types of columns that were not seen before.
func (p *pgSession) learn(ctx context.Context, fields []pgconn.FieldDescription) error {
	var unknown []string
	for _, f := range fields {
		if _, ok := p.names[f.DataTypeOID]; !ok {
			p.names[f.DataTypeOID] = pgType{}
			unknown = append(unknown, strconv.FormatUint(uint64(f.DataTypeOID), 10))
		}
	}
	if unknown == nil {
		return nil
	}
	rows, err := p.texts(ctx, "SELECT oid, typname, typcategory FROM pg_catalog.pg_type WHERE oid IN ("+strings.Join(unknown, ",")+")")
	if err != nil {
		return fmt.Errorf("types: %w", err)
	}
	for _, r := range rows {
		oid, err := strconv.ParseUint(r[0], 10, 32)
		if err != nil {
			return err
		}
		p.names[uint32(oid)] = pgType{name: r[1], array: r[2] == "A"}
	}
	return nil
}

func (p *pgSession) column(f pgconn.FieldDescription) column {
	t := p.names[f.DataTypeOID]
	m := p.source.dialect.types[t.name]
	c := column{name: f.Name, typ: t.name, kind: m.kind, as: m.as, bytes: m.bytes, oid: f.DataTypeOID, raw: !p.utf8}
	switch {
	case t.array:
		c.as = "array_to_json(%s)::text"
	case m.kind == decimalKind && (f.TypeModifier < 4 || (f.TypeModifier-4)>>16 > 38 || (f.TypeModifier-4)&0x7ff > 38):
		c.kind, c.as = textKind, "%s::text" // of any size and scale, or of more digits than fit
	case m.kind == decimalKind:
		c.precision, c.scale = (f.TypeModifier-4)>>16, (f.TypeModifier-4)&0x7ff
	}
	return c
}

// refine has nothing to add: describe knows all.
func (p *pgSession) refine(context.Context, string, []column) error { return nil }

func (p *pgSession) primaryKey(ctx context.Context, table string) ([]string, error) {
	// In words that openGauss, of PostgreSQL 9.2, knows too.
	rows, err := p.texts(ctx, `SELECT a.attname FROM pg_catalog.pg_index i CROSS JOIN pg_catalog.generate_series(0, 31) AS k(n)
		JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k.n]
		WHERE i.indrelid = $1::regclass AND i.indisprimary ORDER BY k.n`, p.source.dialect.table(table))
	var out []string
	for _, r := range rows {
		out = append(out, r[0])
	}
	return out, err
}

func (p *pgSession) estimate(ctx context.Context, table string) (int64, error) {
	// Never analysed: a row of a hundred bytes is a fair guess.
	rows, err := p.texts(ctx, `SELECT (CASE WHEN reltuples > 0 THEN reltuples ELSE pg_catalog.pg_relation_size(oid) / 100 END)::bigint
		FROM pg_catalog.pg_class WHERE oid = $1::regclass`, p.source.dialect.table(table))
	if err != nil || len(rows) != 1 {
		return 0, err
	}
	return strconv.ParseInt(rows[0][0], 10, 64)
}

func (p *pgSession) query(ctx context.Context, connection int, query string, args []string, columns []column) (rows, error) {
	params := make([][]byte, len(args))
	for i, a := range args {
		params[i] = []byte(a)
	}
	r := &pgRows{decoders: make([]decoder, len(columns))}
	formats := make([]int16, len(columns))
	for i, c := range columns {
		r.decoders[i], formats[i] = p.decoder(c)
	}
	r.result = p.conns[connection].ExecParams(ctx, query, params, nil, nil, formats)
	return r, nil
}
