package sqldb

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"zhicang/ingest"
)

// A Check is one thing that was looked at in a database.
type Check struct {
	Subject string // reachable, TLS, login, server, encoding, clock, columns, cursor, rows
	What    string // that was found; empty where Err says it
	Doubt   bool   // a load works, and may be wrong or slow
	Try     string // what to do about a doubt
	Err     error  // a load would fail; an *ingest.Error, which says what to do
}

// questions are what a dialect asks about a database; an empty one is not asked.
// Those of version, encoding, now and encrypted answer one value. Indexed gets
// schema, table and column and counts the indexes that begin with the column; rows
// gets schema and table.
type questions struct {
	version, encoding, encrypted, now, indexed, rows string
}

// maxSkew is how far the database's clock may be off: a cursor is a time of that
// clock, and never runs ahead of ours.
const maxSkew = 30 * time.Second

// Examine looks at whether a load could read the database, step by step, and ends
// at the first that fails. It reads no rows and changes nothing.
func (s *Source) Examine(ctx context.Context) []Check {
	x := &examination{Source: s}
	if !s.dialect.file && !x.reach(ctx) {
		return x.checks
	}
	session, err := s.dialect.open(ctx, s)
	if err != nil {
		x.fail(loginSubject(err), err)
		return x.checks
	}
	// What breaks the session has broken a question before.
	defer func() { _ = session.close() }()
	x.session = session
	if !s.dialect.file {
		x.encryption(ctx)
		x.find("login", "the database knows the account")
	}
	x.facts(ctx)
	x.clock(ctx)
	if x.columns(ctx) {
		x.size(ctx)
	}
	return x.checks
}

// examination is one Examine.
type examination struct {
	*Source
	session session
	checks  []Check
}

func (x *examination) find(subject, what string) {
	x.checks = append(x.checks, Check{Subject: subject, What: what})
}

func (x *examination) doubt(subject, what, try string) {
	x.checks = append(x.checks, Check{Subject: subject, What: what, Doubt: true, Try: try})
}

func (x *examination) fail(subject string, err error) {
	x.checks = append(x.checks, Check{Subject: subject, Err: x.at(err)})
}

// loginSubject is what it is that keeps us from a server that answers.
func loginSubject(err error) string {
	switch t, _ := diagnose(err); t {
	case tlsRefused, tlsUntrusted:
		return "TLS"
	case wrongLogin, noSuchDatabase:
		return "login"
	}
	return "connection"
}

// reach connects to the port, and says nothing there.
func (x *examination) reach(ctx context.Context) bool {
	d, err := x.address()
	if err == nil {
		var conn net.Conn
		dialer := net.Dialer{Timeout: min(connectTimeout, x.cfg.DSN.Timeout)}
		if conn, err = dialer.DialContext(ctx, "tcp", net.JoinHostPort(d.Host, port(d.Port, x.dialect.port))); err == nil {
			err = conn.Close()
		}
	}
	if err != nil {
		x.fail("reachable", err)
		return false
	}
	x.find("reachable", "somebody listens at "+net.JoinHostPort(d.Host, port(d.Port, x.dialect.port)))
	return true
}

// ask asks a question with one answer; "" where the database does not tell.
func (x *examination) ask(ctx context.Context, question string, args ...string) string {
	if question == "" {
		return ""
	}
	// In a session of its own: PostgreSQL answers nothing more once a question
	// of a transaction failed.
	single := *x.Source
	single.cfg.Parallel = 1
	session, err := x.dialect.open(ctx, &single)
	if err != nil {
		return ""
	}
	defer func() { _ = session.close() }()
	rows, err := session.texts(ctx, question, args...)
	if err != nil || len(rows) == 0 || len(rows[0]) == 0 {
		return ""
	}
	return strings.TrimSpace(rows[0][len(rows[0])-1])
}

func (x *examination) encryption(ctx context.Context) {
	const subject = "TLS"
	said := strings.ToLower(x.ask(ctx, x.dialect.ask.encrypted))
	plain := slices.Contains([]string{"f", "false", "off", "tcp"}, said) || said == "" && x.dialect.name == "mysql" // which names the cipher
	switch {
	case said == "" && !plain:
		x.doubt(subject, "the database does not tell whether the connection is encrypted", "write tls: require under dsn to be sure")
	case plain && x.cfg.DSN.TLS == tlsDisable:
		x.doubt(subject, "the connection is not encrypted, as dsn.tls says", "write tls: verify, unless the network is the department's own")
	case plain:
		x.doubt(subject, "the connection is not encrypted: the server does not speak TLS", "ask for TLS to be set up there, then write tls: verify under dsn")
	case x.cfg.DSN.TLS != tlsVerify:
		x.doubt(subject, "the connection is encrypted, and nobody checked who answers", "write tls: verify under dsn, with ca: for the department's own certificates")
	default:
		x.find(subject, "the connection is encrypted, and the server is who it says")
	}
}

// facts asks for version and encoding.
func (x *examination) facts(ctx context.Context) {
	if v := x.ask(ctx, x.dialect.ask.version); v != "" {
		v, _, _ = strings.Cut(v, " on ") // the machine is nobody's concern
		x.find("server", x.dialect.name+": "+v)
	}
	enc := x.ask(ctx, x.dialect.ask.encoding)
	switch strings.ToLower(enc) {
	case "":
	case "sql_ascii", "latin1", "ascii", "us7ascii", "we8iso8859p1", "we8mswin1252":
		if x.cfg.TextEncoding == "" {
			x.doubt("encoding", "the database keeps texts as "+enc+", which has no Chinese characters", "ask what they really are; mostly it is text_encoding: gbk")
			return
		}
		fallthrough
	default:
		x.find("encoding", cmp.Or(x.cfg.TextEncoding, enc))
	}
}

// clockLayout is how questions.now is answered, in UTC.
const clockLayout = "2006-01-02 15:04:05"

// clock holds the database's clock against ours, at the middle of the question.
func (x *examination) clock(ctx context.Context) {
	if x.dialect.ask.now == "" {
		return
	}
	before := x.opts.Now()
	rows, err := x.session.texts(ctx, x.dialect.ask.now)
	after := x.opts.Now()
	if err != nil || len(rows) != 1 {
		x.doubt("clock", "the database does not tell its time", "compare the clocks by hand: cursors are times of the database's")
		return
	}
	there, err := time.Parse(clockLayout, rows[0][0])
	if err != nil {
		x.doubt("clock", "the database tells its time in another form", "compare the clocks by hand: cursors are times of the database's")
		return
	}
	skew := there.Sub(before.Add(after.Sub(before) / 2)).Round(time.Second)
	if skew.Abs() > maxSkew {
		x.doubt("clock", fmt.Sprintf("the database's clock is off ours by %s", skew), "set the one that is wrong, and keep both by NTP; until then a lookback of more than that loses nothing")
		return
	}
	x.find("clock", fmt.Sprintf("the database's clock is off ours by %s", skew))
}

// columns looks for every column that a reading needs: there, and allowed.
func (x *examination) columns(ctx context.Context) bool {
	const subject = "columns"
	r := &reading{Source: x.Source, session: x.session, started: x.opts.Now()}
	r.base = x.dialect.table(x.cfg.From)
	if x.cfg.SQL != "" {
		r.base = "(" + trimSQL(x.cfg.SQL) + ") " + x.dialect.alias + "q"
	}
	all, err := x.session.describe(ctx, "SELECT * FROM "+r.base)
	if err == nil {
		for _, c := range all {
			r.header = append(r.header, c.name)
		}
		err = r.pick(ctx, all)
	}
	if err != nil {
		x.fail(subject, err)
		return false
	}
	if denied := x.denied(ctx, r); len(denied) > 0 {
		x.fail(subject, &ingest.Error{
			Err: fmt.Errorf("the account may not read %s", strings.Join(denied, ", ")),
			Try: "ask the department to grant SELECT on the table, or on these columns, to the account, and no more than that",
		})
		return false
	}
	x.find(subject, fmt.Sprintf("the account may read all %d of %d that are needed", len(r.columns), len(all)))
	x.index(ctx, r)
	return true
}

// denied names the columns that cannot be read, asking for no rows.
func (x *examination) denied(ctx context.Context, r *reading) (names []string) {
	may := func(columns []string) error {
		single := *x.Source
		single.cfg.Parallel = 1
		session, err := x.dialect.open(ctx, &single)
		if err != nil {
			return err
		}
		defer func() { _ = session.close() }()
		_, err = session.texts(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+r.base+" WHERE 1 = 0")
		return err
	}
	all := make([]string, len(r.columns))
	for i, c := range r.columns {
		all[i] = x.dialect.quote(c.name)
	}
	if may(all) == nil {
		return nil
	}
	for i, c := range r.columns {
		if may(all[i:i+1]) != nil {
			names = append(names, c.name)
		}
	}
	return names
}

// index looks whether the cursor's column begins an index: without one, every
// reading goes through the whole table over there.
func (x *examination) index(ctx context.Context, r *reading) {
	if x.cfg.Cursor == "" {
		return
	}
	c := r.columns[r.cursor.at]
	if x.cfg.From == "" { // what a query rests on is not known
		x.find("cursor", c.name+" is there")
		return
	}
	schema, table := x.dialect.schemaAndTable(x.cfg.From)
	switch x.ask(ctx, x.dialect.ask.indexed, schema, table, c.name) {
	case "":
		x.doubt("cursor", c.name+" is there; whether it is indexed, the database does not tell", "ask the department: without an index every reading goes through the whole table")
	case "0":
		x.doubt("cursor", c.name+" is there, and no index begins with it: every reading goes through the whole table", "ask the department for an index on "+c.name)
	default:
		x.find("cursor", c.name+" is there and indexed")
	}
}

// size says about how many rows there are, as the database itself guesses.
func (x *examination) size(ctx context.Context) {
	if x.cfg.From == "" {
		return
	}
	n, err := x.session.estimate(ctx, x.cfg.From)
	if err == nil && n == 0 {
		schema, table := x.dialect.schemaAndTable(x.cfg.From)
		n, err = strconv.ParseInt(cmp.Or(x.ask(ctx, x.dialect.ask.rows, schema, table), "0"), 10, 64)
	}
	if err != nil || n <= 0 {
		return // not told, as of a view or an empty table
	}
	x.find("rows", fmt.Sprintf("about %d", n))
}
