package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// stdSession reads through a driver of database/sql on one connection, in one
// transaction. The rows come from the driver itself: database/sql would scan
// each value by reflection.
type stdSession struct {
	source *Source
	db     *sql.DB
	conn   *sql.Conn
	tx     *sql.Tx // nil: the dialect begins its transaction by statements
}

// openStd opens a session and begins the transaction in which it reads.
func openStd(ctx context.Context, s *Source, db *sql.DB, options *sql.TxOptions) (_ session, err error) {
	p := &stdSession{source: s, db: db}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	connecting, cancel := context.WithTimeout(ctx, min(connectTimeout, s.cfg.DSN.Timeout))
	defer cancel()
	if p.conn, err = p.db.Conn(connecting); err != nil {
		return nil, err
	}
	for _, stmt := range s.dialect.begin {
		if _, err := p.conn.ExecContext(connecting, stmt); err != nil {
			return nil, err
		}
	}
	if options == nil {
		return p, nil
	}
	p.tx, err = p.conn.BeginTx(ctx, options)
	return p, err
}

func (p *stdSession) connections() int { return 1 }
func (p *stdSession) beside() bool     { return false }

// close gives up the transaction with its connection. What breaks a connection
// is said by the query that it broke.
func (p *stdSession) close() error {
	if p.tx != nil {
		_ = p.tx.Rollback()
	}
	if p.conn != nil {
		_ = p.conn.Close()
	}
	return p.db.Close()
}

// start sends a query to the driver.
func (p *stdSession) start(ctx context.Context, query string, args []string) (rows driver.Rows, done func(), err error) {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	done = func() {}
	err = p.conn.Raw(func(c any) (err error) {
		if q, ok := c.(driver.QueryerContext); ok {
			rows, err = q.QueryContext(ctx, query, named)
			if !errors.Is(err, driver.ErrSkip) {
				return err
			}
		}
		prepare, ok := c.(driver.ConnPrepareContext)
		if !ok {
			return errors.New("the driver prepares no statements")
		}
		stmt, err := prepare.PrepareContext(ctx, query)
		if err != nil {
			return err
		}
		done = func() { stmt.Close() }
		asker, ok := stmt.(driver.StmtQueryContext)
		if !ok {
			return errors.New("the driver's statements take no context")
		}
		rows, err = asker.QueryContext(ctx, named)
		return err
	})
	if err != nil {
		done()
	}
	return rows, done, err
}

func (p *stdSession) query(ctx context.Context, _ int, query string, args []string, columns []column) (rows, error) {
	driverRows, done, err := p.start(ctx, query, args)
	if err != nil {
		return nil, err
	}
	r := &stdRows{from: driverRows, done: done, dest: make([]driver.Value, len(columns)), decoders: make([]stdDecoder, len(columns))}
	if got := len(driverRows.Columns()); got != len(columns) {
		r.close()
		return nil, fmt.Errorf("%d columns came where %d were asked for", got, len(columns))
	}
	for i, c := range columns {
		r.decoders[i] = p.source.stdDecoder(c)
	}
	return r, nil
}

func (p *stdSession) describe(ctx context.Context, query string) ([]column, error) {
	d := p.source.dialect
	rows, done, err := p.start(ctx, d.probe(query), nil)
	if err != nil {
		return nil, err
	}
	defer done()
	defer rows.Close()
	names := rows.Columns()
	out := make([]column, len(names))
	for i, name := range names {
		typ := ""
		if t, ok := rows.(driver.RowsColumnTypeDatabaseTypeName); ok {
			typ = t.ColumnTypeDatabaseTypeName(i)
		}
		precision, scale, sized := int64(0), int64(0), false
		if t, ok := rows.(driver.RowsColumnTypePrecisionScale); ok {
			precision, scale, sized = t.ColumnTypePrecisionScale(i)
		}
		out[i] = d.column(name, typ, precision, scale, sized)
	}
	return out, nil
}

// probe asks for no rows of a query: what its columns are comes with the answer
// alone.
func (d *dialect) probe(query string) string {
	if strings.HasPrefix(query, "SELECT * FROM ") {
		return query + " WHERE 1 = 0"
	}
	return "SELECT * FROM (" + query + ") " + d.alias + "probe WHERE 1 = 0"
}

// column decides how a column is delivered. A decimal of unknown or too large a
// size is text: it must not lose a digit.
func (d *dialect) column(name, typ string, precision, scale int64, sized bool) column {
	typ, _, _ = strings.Cut(strings.ToLower(typ), "(")
	typ = strings.TrimSpace(typ)
	m, known := d.types[typ]
	c := column{name: name, typ: typ, kind: m.kind, as: m.as, bytes: m.bytes, raw: true}
	if !known {
		c.kind = textKind
	}
	if c.kind == decimalKind {
		if !sized || precision < 1 || precision > 38 || scale < 0 || scale > precision {
			c.kind = textKind
		}
		c.precision, c.scale = int32(precision), int32(scale)
	}
	return c
}

// texts reads the few rows of a query about the database as text.
func (p *stdSession) texts(ctx context.Context, query string, args ...string) ([][]string, error) {
	rows, done, err := p.start(ctx, query, args)
	if err != nil {
		return nil, err
	}
	defer done()
	defer rows.Close()
	dest := make([]driver.Value, len(rows.Columns()))
	var out [][]string
	for {
		err := rows.Next(dest)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		row := make([]string, len(dest))
		for i, v := range dest {
			switch v := v.(type) {
			case nil:
			case []byte:
				row[i] = string(v)
			default:
				row[i] = fmt.Sprint(v)
			}
		}
		out = append(out, row)
	}
}

func (p *stdSession) primaryKey(ctx context.Context, table string) ([]string, error) {
	return p.source.askForKey(ctx, p, table)
}

// estimate matters only to those who read by several connections.
func (p *stdSession) estimate(context.Context, string) (int64, error) { return 0, nil }

func (p *stdSession) refine(ctx context.Context, table string, columns []column) error {
	return p.source.askForBytes(ctx, p, table, columns)
}

// askForKey asks for a table's primary key by the dialect's query.
func (s *Source) askForKey(ctx context.Context, p session, table string) ([]string, error) {
	schema, name := s.dialect.schemaAndTable(table)
	rows, err := p.texts(ctx, s.dialect.key, schema, name)
	var out []string
	for _, r := range rows {
		out = append(out, r[0])
	}
	return out, err
}

// askForBytes asks which texts a database keeps in an encoding that can hold none
// of their characters: with text_encoding, they are read as the bytes they are.
func (s *Source) askForBytes(ctx context.Context, p session, table string, columns []column) error {
	d := s.dialect
	if s.cfg.TextEncoding == "" || table == "" || d.columns == "" {
		return nil
	}
	schema, name := d.schemaAndTable(table)
	rows, err := p.texts(ctx, d.columns, schema, name)
	if err != nil {
		return err
	}
	for i, c := range columns {
		at := slices.IndexFunc(rows, func(r []string) bool { return r[0] == c.name })
		if at >= 0 && c.kind == textKind && !c.bytes {
			columns[i].as, columns[i].bytes = rows[at][1], true
		}
	}
	return nil
}
