package pgwire

import (
	"context"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zhicang/serve/account"
)

// fakeReader serves a few texts by heart. Every statement it is asked for is
// kept, so that tests see what reached it.
type fakeReader struct {
	mu      sync.Mutex
	asked   []string
	clients []string
	open    int           // results not yet closed
	started chan struct{} // receives when "SELECT forever" has begun
}

type fakeRows struct {
	reader    *fakeReader
	ctx       context.Context
	columns   []Column
	row       func(n int) []any // nil: no more
	n         int
	err       error
	truncated bool
	current   []any
}

func (r *fakeRows) Columns() []Column { return r.columns }
func (r *fakeRows) Values() []any     { return r.current }
func (r *fakeRows) Err() error        { return r.err }
func (r *fakeRows) Truncated() bool   { return r.truncated }

func (r *fakeRows) Next() bool {
	if err := r.ctx.Err(); err != nil {
		r.err = err
		return false
	}
	r.current = r.row(r.n)
	r.n++
	return r.current != nil
}

func (r *fakeRows) Close() error {
	r.reader.mu.Lock()
	defer r.reader.mu.Unlock()
	r.reader.open--
	return nil
}

type decimalText string

func (d decimalText) String() string { return string(d) }

// sample has a value of every type that the demo serves, and NULLs.
func sampleColumns() []Column {
	return []Column{
		{"n", "BIGINT"},
		{"small", "SMALLINT"},
		{"i", "INTEGER"},
		{"huge", "HUGEINT"},
		{"money", "DECIMAL(18,2)"},
		{"ratio", "DOUBLE"},
		{"ok", "BOOLEAN"},
		{"title", "VARCHAR"},
		{"day", "DATE"},
		{"at", "TIMESTAMP"},
		{"instant", "TIMESTAMP WITH TIME ZONE"},
		{"words", "VARCHAR[]"},
		{"weights", "DOUBLE[]"},
		{"nothing", "VARCHAR"},
	}
}

func sampleRow() []any {
	return []any{
		int64(9007199254740993), int16(-7), int32(42), big.NewInt(0).Lsh(big.NewInt(1), 100), decimalText("-1234567.5"),
		0.1, true, "老旧小区改造“加装电梯”", time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC), time.Date(2025, 3, 31, 23, 59, 59, 123456000, time.UTC),
		time.Date(2025, 3, 31, 16, 0, 0, 0, time.UTC),
		[]any{"停车", `a"b\,{}`, nil},
		[]any{0.5, 2.0},
		nil,
	}
}

func (f *fakeReader) Describe(_ context.Context, a account.Account, q Question) ([]Column, error) {
	text := q.Text
	rows, err := f.answer(context.Background(), a, text)
	if err != nil {
		return nil, err
	}
	return rows.columns, nil
}

func (f *fakeReader) Query(ctx context.Context, a account.Account, q Question) (Rows, error) {
	text, client := q.Text, q.Client
	f.mu.Lock()
	f.asked, f.clients = append(f.asked, text), append(f.clients, client)
	f.mu.Unlock()
	if text == "SELECT forever" {
		f.started <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	rows, err := f.answer(ctx, a, text)
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.open++
	f.mu.Unlock()
	return rows, nil
}

func (f *fakeReader) answer(ctx context.Context, a account.Account, text string) (*fakeRows, error) {
	one := func(columns []Column, row []any) *fakeRows {
		return &fakeRows{reader: f, ctx: ctx, columns: columns, row: func(n int) []any {
			if n > 0 {
				return nil
			}
			return row
		}}
	}
	switch {
	case text == "SELECT sample":
		return one(sampleColumns(), sampleRow()), nil
	case text == "SELECT me":
		return one([]Column{{"me", "VARCHAR"}, {"region", "VARCHAR"}}, []any{a.Name, a.Region}), nil
	case text == "SELECT panic":
		rows := one([]Column{{"x", "VARCHAR"}}, nil)
		rows.row = func(int) []any { panic("a fault in the reader") }
		return rows, nil
	case text == "SELECT inside":
		return nil, fmt.Errorf("open /srv/data/secret.duckdb: 张三")
	case text == "SELECT cut":
		rows := f.count(ctx, 3)
		rows.truncated = true
		return rows, nil
	case text == "SELECT forever":
		return one([]Column{{"x", "BIGINT"}}, nil), nil
	case text == "SELECT endless":
		rows := f.count(ctx, 0)
		wide := strings.Repeat("长", 4096)
		rows.columns = append(rows.columns, Column{"wide", "VARCHAR"})
		rows.row = func(n int) []any { return []any{int64(n), wide} }
		return rows, nil
	case strings.HasPrefix(text, "SELECT count "):
		n, err := strconv.Atoi(text[len("SELECT count "):])
		if err != nil {
			return nil, failf(stateSyntax, "count what?")
		}
		return f.count(ctx, n), nil
	case strings.HasPrefix(text, "SELECT echo "):
		value := text[len("SELECT echo "):]
		return one([]Column{{"echo", "VARCHAR"}}, []any{value}), nil
	case strings.HasPrefix(text, "SELECT"):
		return nil, failf("42P01", "there is no such table")
	}
	return nil, failf(stateSyntax, "syntax error at or near %q", text)
}

func (f *fakeReader) count(ctx context.Context, limit int) *fakeRows {
	return &fakeRows{reader: f, ctx: ctx, columns: []Column{{"n", "BIGINT"}}, row: func(n int) []any {
		if n >= limit {
			return nil
		}
		return []any{int64(n)}
	}}
}

// A logLines keeps what the server logs.
type logLines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logLines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// A house is a running server and what stands behind it.
type house struct {
	*Server
	addr   string
	reader *fakeReader
	log    *logLines
}

const testPassword = "correct horse"

// testVerifier is of testPassword, with few iterations.
func testBook(t testing.TB, sleep func(context.Context, time.Duration) error) *account.Book {
	t.Helper()
	t.Setenv("ZHICANG_TEST_PASSWORD", testPassword)
	book, err := account.Open([]account.Config{
		{Name: "yunxi", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{"*"}, Region: "339921"},
		{Name: "renda", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{"congress"}, Region: "000000"},
	}, account.Options{Sleep: sleep})
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// serve starts a server on a free port and stops it when the test ends.
func serve(t testing.TB, change func(*Options)) *house {
	t.Helper()
	h := &house{reader: &fakeReader{started: make(chan struct{}, 8)}, log: &logLines{}}
	o := Options{
		Reader: h.reader, Accounts: testBook(t, func(ctx context.Context, _ time.Duration) error { return ctx.Err() }),
		Log: slog.New(slog.NewTextHandler(h.log, nil)),
	}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.Server, h.addr = s, ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Errorf("shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
		h.reader.mu.Lock()
		defer h.reader.mu.Unlock()
		if h.reader.open != 0 {
			t.Errorf("%d results were not closed", h.reader.open)
		}
	})
	return h
}

func (h *house) url(options string) string {
	return fmt.Sprintf("postgres://yunxi:correct%%20horse@%s/zhicang?sslmode=disable%s", h.addr, options)
}
