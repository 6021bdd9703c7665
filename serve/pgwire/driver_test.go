package pgwire

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	_ "github.com/lib/pq"
)

func connect(t testing.TB, h *house, options string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(context.Background(), h.url(options))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) })
	return c
}

// TestPGXTypes reads every type through both protocols and both formats.
func TestPGXTypes(t *testing.T) {
	h := serve(t, nil)
	for _, mode := range []string{"simple_protocol", "cache_statement", "describe_exec", "exec"} {
		t.Run(mode, func(t *testing.T) {
			c := connect(t, h, "&default_query_exec_mode="+mode)
			rows, err := c.Query(t.Context(), "SELECT sample")
			if err != nil {
				t.Fatal(err)
			}
			type sample struct {
				N           int64
				Small       int16
				I           int32
				Huge, Money string
				Ratio       float64
				OK          bool
				Title       string
				Day, At     time.Time
				Instant     time.Time
				Words       []*string
				Weights     []float64
				Nothing     *string
			}
			got, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (s sample, err error) {
				var huge, money pgNumeric
				err = row.Scan(&s.N, &s.Small, &s.I, &huge, &money, &s.Ratio, &s.OK, &s.Title, &s.Day, &s.At, &s.Instant, &s.Words, &s.Weights, &s.Nothing)
				s.Huge, s.Money = huge.text(), money.text()
				return s, err
			})
			if err != nil {
				t.Fatal(err)
			}
			park, odd := "停车", `a"b\,{}`
			want := sample{
				N: 9007199254740993, Small: -7, I: 42, Huge: "1267650600228229401496703205376", Money: "-1234567.50", Ratio: 0.1, OK: true,
				Title: "老旧小区改造“加装电梯”", Day: time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC),
				At:      time.Date(2025, 3, 31, 23, 59, 59, 123456000, time.UTC),
				Instant: time.Date(2025, 3, 31, 16, 0, 0, 0, time.UTC),
				Words:   []*string{&park, &odd, nil}, Weights: []float64{0.5, 2},
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestText compares the text that a client is sent with what PostgreSQL 15
// sends for the same values.
func TestText(t *testing.T) {
	h := serve(t, nil)
	c := connect(t, h, "")
	res, err := c.PgConn().Exec(t.Context(), "SET TimeZone = 'Asia/Shanghai'; SELECT sample; SET TimeZone TO 'UTC'; SELECT sample; SHOW TimeZone").ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range res[1].Rows[0] {
		if v == nil {
			got = append(got, "NULL")
			continue
		}
		got = append(got, string(v))
	}
	want := []string{
		"9007199254740993", "-7", "42", "1267650600228229401496703205376", "-1234567.50", "0.1", "t", "老旧小区改造“加装电梯”",
		"2025-03-31", "2025-03-31 23:59:59.123456", "2025-04-01 00:00:00+08", `{停车,"a\"b\\,{}",NULL}`, "{0.5,2}", "NULL",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if got := string(res[3].Rows[0][10]); got != "2025-03-31 16:00:00+00" {
		t.Error(got)
	}
	if got := string(res[4].Rows[0][0]); got != "UTC" {
		t.Error(got)
	}
	var tags []string
	for _, r := range res {
		tags = append(tags, r.CommandTag.String())
	}
	if d := cmp.Diff([]string{"SET", "SELECT 1", "SET", "SELECT 1", "SHOW"}, tags); d != "" {
		t.Error(d)
	}
	oids := []uint32{}
	for _, f := range res[1].FieldDescriptions {
		oids = append(oids, f.DataTypeOID)
	}
	if d := cmp.Diff([]uint32{20, 21, 23, 1700, 1700, 701, 16, 25, 1082, 1114, 1184, 1009, 1022, 25}, oids); d != "" {
		t.Error(d)
	}
}

// TestParameters binds values of the types that drivers send, and looks at the
// text that reaches the reader.
func TestParameters(t *testing.T) {
	h := serve(t, nil)
	when := time.Date(2025, 3, 31, 16, 30, 0, 0, time.UTC)
	for _, tc := range []struct {
		sql  string
		args []any
		want string
	}{
		{"SELECT echo $1", []any{"it's; DROP --"}, "'it''s; DROP --'"},
		{"SELECT echo $1", []any{`\'; x`}, `'\''; x'`},
		{"SELECT echo $1::text /* $1 */ || '$1' -- $1", []any{"a"}, `'a'::text /* $1 */ || '$1'`},
		{"SELECT echo $2, $1, $2", []any{"a", "b"}, "'b', 'a', 'b'"},
		{"SELECT echo $1", []any{42}, "'42'"},
		{"SELECT echo $1", []any{nil}, "NULL"},
		{"SELECT echo a = ANY($1)", []any{[]string{"停车", "a'b"}}, "a = ANY(CAST(['停车', 'a''b'] AS VARCHAR[]))"},
		{"SELECT echo $1", []any{when}, "'2025-03-31 16:30:00Z'"},
	} {
		for _, mode := range []string{"cache_statement", "describe_exec"} {
			c := connect(t, h, "&default_query_exec_mode="+mode)
			var got string
			if err := c.QueryRow(t.Context(), tc.sql, tc.args...).Scan(&got); err != nil {
				t.Errorf("%s %v %s: %v", tc.sql, tc.args, mode, err)
			} else if got != tc.want {
				t.Errorf("%s %v %s: got %s, want %s", tc.sql, tc.args, mode, got, tc.want)
			}
		}
	}
}

// TestTypedParameters binds with types that the client names, in both formats.
func TestTypedParameters(t *testing.T) {
	h := serve(t, nil)
	c := connect(t, h, "").PgConn()
	for _, tc := range []struct {
		oid    uint32
		format int16
		value  []byte
		want   string
	}{
		{20, 0, []byte("-5"), "(-5)"},
		{20, 1, []byte{255, 255, 255, 255, 255, 255, 255, 251}, "(-5)"},
		{23, 1, []byte{0, 0, 0, 42}, "(42)"},
		{21, 1, []byte{0, 7}, "(7)"},
		{16, 1, []byte{1}, "TRUE"},
		{16, 0, []byte("f"), "FALSE"},
		{701, 0, []byte("1.5e3"), "CAST('1500' AS DOUBLE)"},
		{1700, 0, []byte("12345678901234567890.10"), "(12345678901234567890.10)"},
		{1082, 0, []byte("2025-03-31"), "CAST('2025-03-31' AS DATE)"},
		{1114, 0, []byte("2025-03-31 08:00:00.5"), "CAST('2025-03-31 08:00:00.5' AS TIMESTAMP)"},
		{1184, 0, []byte("2025-03-31 08:00:00+08"), "CAST('2025-03-31 00:00:00+00' AS TIMESTAMPTZ)"},
		{1009, 0, []byte(`{停车,"a'b",NULL}`), "CAST(['停车', 'a''b', NULL] AS VARCHAR[])"},
		{1016, 0, []byte(`{1,2}`), "CAST([(1), (2)] AS BIGINT[])"},
		{1043, 1, []byte("停"), "'停'"},
		{20, 0, nil, "CAST(NULL AS BIGINT)"},
		{2950, 0, []byte("00000000-0000-0000-0000-00000000000a"), "CAST('00000000-0000-0000-0000-00000000000a' AS UUID)"},
	} {
		r := c.ExecParams(t.Context(), "SELECT echo $1", [][]byte{tc.value}, []uint32{tc.oid}, []int16{tc.format}, nil).Read()
		if r.Err != nil {
			t.Errorf("%d %q: %v", tc.oid, tc.value, r.Err)
		} else if got := string(r.Rows[0][0]); got != tc.want {
			t.Errorf("%d %q: got %s, want %s", tc.oid, tc.value, got, tc.want)
		}
	}
	for _, tc := range []struct {
		oid    uint32
		format int16
		value  []byte
		state  string
	}{
		{20, 0, []byte("1); DROP"), stateBadText},
		{20, 1, []byte{1}, stateBadBinary},
		{1700, 0, []byte("1e99999999"), stateBadText},
		{1082, 0, []byte("yesterday"), stateBadText},
		{25, 0, []byte("\xff"), stateBadEncoding},
		{25, 0, []byte("a\x00b"), stateBadEncoding},
		{17, 1, []byte{1}, stateUnsupported},
		{1114, 0, []byte("infinity"), stateBadText},
	} {
		r := c.ExecParams(t.Context(), "SELECT echo $1", [][]byte{tc.value}, []uint32{tc.oid}, []int16{tc.format}, nil).Read()
		if got := stateOf(r.Err); got != tc.state {
			t.Errorf("%d %q: got %s (%v), want %s", tc.oid, tc.value, got, r.Err, tc.state)
		}
	}
}

func stateOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// TestLibPQ reads and binds through database/sql with lib/pq, as Grafana 12
// does.
func TestLibPQ(t *testing.T) {
	h := serve(t, nil)
	db, err := sql.Open("postgres", h.url("&application_name=grafana"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, ping := range []string{";", "-- ping", ""} {
		if _, err := db.Exec(ping); err != nil {
			t.Errorf("%q: %v", ping, err)
		}
	}
	if err := db.Ping(); err != nil {
		t.Error(err)
	}
	var n int64
	var title string
	var day, at, instant time.Time
	var skip any
	if err := db.QueryRow("SELECT sample").Scan(&n, &skip, &skip, &skip, &skip, &skip, &skip, &title, &day, &at, &instant, &skip, &skip, &skip); err != nil {
		t.Fatal(err)
	}
	if !instant.Equal(time.Date(2025, 3, 31, 16, 0, 0, 0, time.UTC)) || n != 9007199254740993 || day.Day() != 31 {
		t.Error(n, title, day, at, instant)
	}
	var echo string
	if err := db.QueryRow("SELECT echo $1", int64(7)).Scan(&echo); err != nil || echo != "'7'" {
		t.Error(echo, err)
	}
	rows, err := db.Query("SELECT count 10000")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got := 0
	for rows.Next() {
		got++
	}
	if got != 10000 || rows.Err() != nil {
		t.Error(got, rows.Err())
	}
	tx, err := db.BeginTx(t.Context(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec("SELECT nothing"); stateOfPQ(err) != "42P01" {
		t.Error(err)
	}
	if _, err := tx.Exec("SELECT count 1"); stateOfPQ(err) != stateFailed {
		t.Error(err)
	}
	if err := tx.Rollback(); err != nil {
		t.Error(err)
	}
	if _, err := db.Exec("SELECT count 1"); err != nil {
		t.Error(err)
	}
	if h.reader.clients[0] != "grafana 127.0.0.1" {
		t.Error(h.reader.clients)
	}
}

func stateOfPQ(err error) string {
	var e interface{ SQLState() string }
	if errors.As(err, &e) {
		return e.SQLState()
	}
	return ""
}

// TestCancel cancels on a second connection, as drivers do, and goes on with
// the first.
func TestCancel(t *testing.T) {
	h := serve(t, nil)
	c := connect(t, h, "")
	errs := make(chan error, 1)
	go func() {
		_, err := c.Exec(context.Background(), "SELECT forever")
		errs <- err
	}()
	<-h.reader.started
	if err := c.PgConn().CancelRequest(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := <-errs
	if stateOf(err) != stateCanceled || !strings.Contains(err.Error(), "user request") {
		t.Error(err)
	}
	if _, err := c.Exec(t.Context(), "SELECT count 1"); err != nil {
		t.Error(err)
	}
}

// TestStatementTimeout ends a statement after the time that the session asked
// for.
func TestStatementTimeout(t *testing.T) {
	h := serve(t, nil)
	c := connect(t, h, "&statement_timeout=10")
	_, err := c.Exec(t.Context(), "SELECT forever")
	if stateOf(err) != stateCanceled || !strings.Contains(err.Error(), "statement timeout") {
		t.Error(err)
	}
	if _, err := c.Exec(t.Context(), "SET statement_timeout = 0"); err != nil {
		t.Error(err)
	}
	var got string
	if err := c.QueryRow(t.Context(), "SHOW statement_timeout").Scan(&got); err != nil || got != "30000ms" {
		t.Error(got, err)
	}
}

// TestClientGone ends the statement of a client that has left.
func TestClientGone(t *testing.T) {
	h := serve(t, nil)
	c := connect(t, h, "")
	left := make(chan struct{})
	go func() {
		_, _ = c.Exec(context.Background(), "SELECT forever")
		close(left)
	}()
	<-h.reader.started
	_ = c.PgConn().Conn().Close()
	<-left
	// The statement ends because of it, or Shutdown in the clean-up fails.
}

// TestShutdown ends idle connections and lets a running statement finish.
func TestShutdown(t *testing.T) {
	h := serve(t, nil)
	idle, busy := connect(t, h, ""), connect(t, h, "")
	errs := make(chan error, 1)
	go func() {
		_, err := busy.Exec(context.Background(), "SELECT forever")
		errs <- err
	}()
	<-h.reader.started
	ctx, cancel := context.WithCancel(t.Context())
	down := make(chan error, 1)
	go func() { down <- h.Shutdown(ctx) }()
	<-h.draining
	if _, err := idle.Exec(t.Context(), "SELECT count 1"); err == nil {
		t.Error("an idle connection went on")
	}
	cancel()
	if err := <-errs; stateOf(err) != stateShutdown {
		t.Error(err)
	}
	if err := <-down; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestErrors shows what clients are told, and what they are not.
func TestErrors(t *testing.T) {
	h := serve(t, nil)
	c := connect(t, h, "")
	for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeDescribeExec} {
		for sql, state := range map[string]string{
			"SELECT nothing":              "42P01",
			"SELECT cut":                  stateTooMuch,
			"SELECT inside":               stateInternal,
			"SELECT panic":                stateInternal,
			"INSERT INTO t VALUES (1)":    stateReadOnly,
			"COPY t TO STDOUT":            stateUnsupported,
			"SET nonsense = 1":            stateNoSetting,
			"SET client_encoding = 'GBK'": stateBadValue,
			"SET server_version = '9'":    "55P02",
			"SET ROLE postgres":           "42501",
			"SHOW nonsense":               stateNoSetting,
			"SELECT 'open":                stateSyntax,
			"BEGIN READ WRITE":            stateReadOnly,
			"DEALLOCATE nobody":           stateNoStatement,
			"SAVEPOINT a":                 stateNoTransaction,
			"LISTEN x":                    stateUnsupported,
			"SET application_name = '" + strings.Repeat("x", 300) + "'": stateTooMuch,
		} {
			_, err := c.Exec(t.Context(), sql, mode)
			if got := stateOf(err); got != state {
				t.Errorf("%s (%s): got %s %v, want %s", sql, mode, got, err, state)
			}
			if err != nil && (strings.Contains(err.Error(), "张三") || strings.Contains(err.Error(), "/srv")) {
				t.Errorf("%s: the client learns of the inside: %v", sql, err)
			}
		}
	}
	if !strings.Contains(h.log.String(), "secret.duckdb") || !strings.Contains(h.log.String(), "a fault in the reader") {
		t.Error("the log does not say what failed inside")
	}
}

// pgNumeric keeps a numeric's digits.
type pgNumeric struct{ n pgtype.Numeric }

func (p *pgNumeric) ScanNumeric(v pgtype.Numeric) error { p.n = v; return nil }

func (p *pgNumeric) text() string {
	v, err := p.n.Value()
	if err != nil || v == nil {
		return "?"
	}
	return v.(string)
}
