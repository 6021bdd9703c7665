package sqldb

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"zhicang/ingest"
	"zhicang/ingest/record"
	"zhicang/models"
)

const (
	tlsDisable = "disable"
	tlsPrefer  = "prefer"
	tlsRequire = "require"
	tlsVerify  = "verify"
)

func (s *Source) setting(key, try, problem string, args ...any) error {
	return &ingest.Error{Source: s.name, Setting: key, Err: fmt.Errorf(problem, args...), Try: try}
}

// oneOf checks a setting that has a few values, of which empty is one.
func (s *Source) oneOf(key, value string, values ...string) error {
	if value == "" || slices.Contains(values, value) {
		return nil
	}
	try := "one of " + strings.Join(values, ", ")
	if near := models.Nearest(value, values); near != "" {
		try = fmt.Sprintf("did you mean %q?", near)
	}
	return s.setting(key, try, "unknown %q", value)
}

func (s *Source) validate() error {
	c := s.cfg
	kinds := slices.Sorted(maps.Keys(dialects()))
	if c.Driver == "" {
		return s.setting("driver", "one of "+strings.Join(kinds, ", "), "is required")
	}
	if err := s.oneOf("driver", c.Driver, kinds...); err != nil {
		return err
	}
	s.dialect = dialects()[c.Driver]
	for _, check := range []func() error{s.validateDSN, s.validateRead, s.validateMode, s.validateValues} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// validateDSN never quotes what stands in a URL: it may hold a password.
func (s *Source) validateDSN() error {
	d := s.cfg.DSN
	if err := s.oneOf("dsn.tls", d.TLS, tlsDisable, tlsPrefer, tlsRequire, tlsVerify); err != nil {
		return err
	}
	switch {
	case d.Timeout < 0:
		return s.setting("dsn.timeout", "how long the database may keep silent, as in 5m", "is negative")
	case d.CA != "" && d.TLS != tlsVerify:
		return s.setting("dsn.ca", "write tls: verify, or leave it out", "is for tls: verify only")
	case s.dialect.file && d.Database == "":
		return s.setting("dsn.database", "the path of the file", "is required")
	case s.dialect.file && (d.URL != "" || d.Host != "" || d.User != "" || d.Password != ""):
		return s.setting("dsn", "write database: with the path of the file, and nothing else", "%s is a file and nobody's server", s.cfg.Driver)
	case s.dialect.file:
		return nil
	case d.URL == "" && d.Host == "":
		return s.setting("dsn.host", "the server's name or address", "is required")
	case d.URL == "" && d.User == "":
		return s.setting("dsn.user", "an account that may read the table and no more", "is required")
	case d.Port < 0 || d.Port > 65535:
		return s.setting("dsn.port", "leave it out for the usual one", "%d is no port", d.Port)
	case strings.ContainsAny(d.Password.Reveal(), "\r\n"):
		return s.setting("dsn.password", "take the line's end off the file or variable that it comes from", "has a line break in it")
	case d.URL == "":
		return nil
	case d.Host != "" || d.User != "" || d.Database != "" || d.Port != 0:
		return s.setting("dsn.url", "write one of the two", "stands beside host, port, database or user")
	}
	u, err := url.Parse(d.URL)
	if err != nil || u.Host == "" || u.User == nil || !slices.Contains(s.dialect.schemes, u.Scheme) {
		return s.setting("dsn.url", fmt.Sprintf("write it as %s://user@host:port/database", s.dialect.schemes[0]), "is no URL of a %s database", s.cfg.Driver)
	}
	if _, has := u.User.Password(); has || hasPassword(u.Query()) {
		return s.setting("dsn.url", "write the password as password: ${NAME} beside it", "has a password in it")
	}
	return nil
}

func hasPassword(q url.Values) bool {
	for key := range q {
		if k := strings.ToLower(key); strings.Contains(k, "pass") || k == "pwd" {
			return true
		}
	}
	return false
}

func (s *Source) validateRead() error {
	c := s.cfg
	named, _ := record.Named(s.fields)
	switch {
	case len(named) == 0:
		return s.setting("columns", "map at least one: columns: {opinion_id: id}", "names no column")
	case (c.From == "") == (c.SQL == ""):
		return s.setting("from", "from: schema.table, or sql: with a SELECT", "exactly one of from and sql is needed")
	case c.From != "" && !isName(c.From):
		return s.setting("from", "schema.table without quotes; a SELECT stands under sql:", "is no name of a table")
	case c.SQL != "" && !isSelect(c.SQL):
		return s.setting("sql", "one SELECT, or one that begins with WITH", "is no SELECT")
	case c.ChunkRows < 0:
		return s.setting("chunk_rows", fmt.Sprintf("0 is %d", defaultChunkRows), "is negative")
	case c.Parallel < 0:
		return s.setting("parallel", "0 is what suits the kind of database", "is negative")
	case c.Parallel > 1 && !s.dialect.shared:
		return s.setting("parallel", "leave it out",
			"connections to %s cannot be given one view of the data, so several would read rows of different moments", s.cfg.Driver)
	}
	return nil
}

// isName reports whether a text is a table's name, with at most a schema and a
// catalogue before it.
func isName(s string) bool {
	parts := strings.Split(s, ".")
	return len(parts) <= 3 && !slices.Contains(parts, "") && !strings.ContainsAny(s, " \t\r\n\"'`;()[]")
}

func isSelect(s string) bool {
	word, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(s)), " ")
	word, _, _ = strings.Cut(word, "\n")
	return (word == "select" || word == "with") && !strings.Contains(trimSQL(s), ";")
}

func (s *Source) validateMode() error {
	c := s.cfg
	if c.Mode == "" {
		return s.setting("mode", "cursor where a column tells what changed, append where rows never change, snapshot where neither holds", "is required")
	}
	if err := s.oneOf("mode", c.Mode, ingest.ModeCursor, ingest.ModeAppend, ingest.ModeSnapshot); err != nil {
		return err
	}
	byCursor := c.Mode != ingest.ModeSnapshot
	switch {
	case byCursor && c.Cursor == "":
		return s.setting("cursor", "the column that grows with every change, as in updated_at", "is required by mode: %s", c.Mode)
	case !byCursor && (c.Cursor != "" || c.Lookback != 0 || c.Overlap != 0):
		return s.setting("cursor", "leave cursor, lookback and overlap out, or write mode: cursor", "means nothing in mode: snapshot, which reads every row")
	case c.Lookback < 0:
		return s.setting("lookback", "how far to go back behind the cursor, as in 10m", "is negative")
	case c.Overlap < 0:
		return s.setting("overlap", "how far to go back behind a cursor that is a number", "is negative")
	case c.Mode == ingest.ModeAppend && (c.Deleted.Column != "" || c.ReconcileDeletes):
		return s.setting("mode", "write mode: cursor or mode: snapshot", "append says that rows never change, and so none is ever deleted")
	case (c.Deleted.Column == "") != (len(c.Deleted.Values) == 0):
		return s.setting("deleted", "deleted: {column: is_deleted, values: [1]}", "needs column and values both")
	}
	return nil
}

func (s *Source) validateValues() (err error) {
	c := s.cfg
	if err := s.oneOf("zero_dates", c.ZeroDates, zeroFault, zeroNull); err != nil {
		return err
	}
	if err := s.oneOf("text_encoding", c.TextEncoding, encodingGBK, encodingGB18030, encodingUTF8); err != nil {
		return err
	}
	if c.Timezone == "" {
		return nil
	}
	if s.zone, err = time.LoadLocation(c.Timezone); err != nil {
		return s.setting("timezone", "a zone such as Asia/Shanghai or UTC", "%q is no time zone", c.Timezone)
	}
	return nil
}

var errNoRows = errors.New("the database answered nothing")
