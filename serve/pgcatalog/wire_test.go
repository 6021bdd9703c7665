package pgcatalog

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"zhicang/serve/account"
	"zhicang/serve/pgwire"
)

// oneTable answers one SELECT: what these tests ask of data is not the point.
type oneTable struct{}

func (oneTable) Describe(_ context.Context, _ account.Account, q pgwire.Question) ([]pgwire.Column, error) {
	text := q.Text
	if text != "SELECT title FROM ads.congress_hot_issue" {
		return nil, &pgwire.Error{State: "42P01", Message: "there is no such table"}
	}
	return []pgwire.Column{{Name: "title", Type: "VARCHAR"}}, nil
}

func (o oneTable) Query(ctx context.Context, a account.Account, q pgwire.Question) (pgwire.Rows, error) {
	columns, err := o.Describe(ctx, a, q)
	if err != nil {
		return nil, err
	}
	return &answer{columns: columns, rows: [][]any{{"停车难"}, {"加装电梯"}}}, nil
}

// serve runs a server with a catalogue and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	t.Setenv("ZHICANG_TEST_PASSWORD", "correct horse")
	book, err := account.Open([]account.Config{
		{Name: "yunxi", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{"congress"}, Region: "339921"},
		{Name: "minzheng", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{"assist"}, Region: "000000"},
	}, account.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := pgwire.New(pgwire.Options{Reader: oneTable{}, Accounts: book, Catalog: newCatalog(t)})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Shutdown(ctx); err != nil {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

func url(addr, account string) string {
	return fmt.Sprintf("postgres://%s:correct%%20horse@%s/zhicang?sslmode=disable", account, addr)
}

// TestPsql runs psql itself.
func TestPsql(t *testing.T) {
	psql, err := exec.LookPath("psql")
	if err != nil {
		t.Skip("psql is not installed")
	}
	addr := serve(t)
	for _, tc := range []struct {
		command string
		want    []string // in the output
		fails   bool
	}{
		{`\d`, []string{"ads    | congress_hot_issue | table | zhicang", "(2 rows)"}, false},
		{`\dt`, []string{"dim    | region ", "(2 rows)"}, false},
		{`\dt ads.*`, []string{"congress_hot_issue", "(1 row)"}, false},
		{`\dt+ ads.congress_hot_issue`, []string{"热点问题"}, false},
		{`\dn`, []string{" ads ", " dim ", "(3 rows)"}, false},
		{`\d ads.congress_hot_issue`, []string{
			`Table "ads.congress_hot_issue"`, "| numeric(18,2) ", "| timestamp without time zone |", "| text[] ", "not null",
			`"congress_hot_issue_pkey" PRIMARY KEY, btree (period, region_code)`,
		}, false},
		{`\d+ ads.congress_hot_issue`, []string{"人数（人）：本期反映该问题的提交人去重数"}, false},
		{`\d assist_risk_list`, []string{`Did not find any relation named "assist_risk_list"`}, true},
		{`\l`, []string{" zhicang ", "(1 row)"}, false},
		{`\du`, []string{"yunxi"}, false},
		{`\df`, []string{"(0 rows)"}, false},
		{`\dv`, []string{"Did not find any relations."}, false},
		{`\di`, []string{"congress_hot_issue_pkey"}, false},
		{`\dx`, []string{"(0 rows)"}, false},
		{`\dp`, []string{"congress_hot_issue"}, false},
		{`\conninfo`, []string{`as user "yunxi"`}, false},
		{`\copy ads.congress_hot_issue to stdout`, []string{"COPY is not served"}, true},
		{`COPY ads.congress_hot_issue TO STDOUT`, []string{"COPY is not served", `\pset format csv`}, true},
		{`SELECT title FROM ads.congress_hot_issue`, []string{"停车难", "(2 rows)"}, false},
		{`SELECT title FROM ads.nothing`, []string{"ERROR:  there is no such table"}, true},
		{`SELECT version()`, []string{"PostgreSQL 15.0 (zhicang)"}, false},
		{`SELECT current_user, current_database()`, []string{"current_user | current_database", "yunxi", "zhicang"}, false},
		{`SELECT session_user, upper(user), version()`, []string{"session_user", "upper", "version", "YUNXI"}, false},
		{`SHOW search_path`, []string{`"$user", public`}, false},
		{`BEGIN READ ONLY; SELECT title FROM ads.congress_hot_issue; COMMIT`, []string{"COMMIT"}, false},
	} {
		cmd := exec.Command(psql, "-X", "-d", url(addr, "yunxi"), "-c", tc.command)
		cmd.Env = append(cmd.Environ(), "PGCLIENTENCODING=UTF8", "PAGER=cat", "LC_ALL=C.UTF-8")
		out, err := cmd.CombinedOutput()
		if (err != nil) != tc.fails {
			t.Errorf("%s: %v\n%s", tc.command, err, out)
			continue
		}
		for _, want := range tc.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("%s: no %q in\n%s", tc.command, want, out)
			}
		}
		if strings.Contains(strings.ToLower(string(out)), "duckdb") || strings.Contains(string(out), "WARNING") {
			t.Errorf("%s:\n%s", tc.command, out)
		}
	}
	cmd := exec.Command(psql, "-X", "-d", url(addr, "yunxi"))
	cmd.Stdin = strings.NewReader("\\timing on\nSELECT title FROM ads.congress_hot_issue \\gdesc\nSELECT title FROM ads.congress_hot_issue;\n")
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Time: ") || !strings.Contains(string(out), "title  | text") {
		t.Errorf("\\timing, \\gdesc: %v\n%s", err, out)
	}
}

// TestAccounts shows that each account's catalogue has its own tables and no
// others, on one server, asked in turn and through both protocols.
func TestAccounts(t *testing.T) {
	addr := serve(t)
	want := map[string][]string{
		"yunxi":    {"congress_hot_issue", "region"},
		"minzheng": {"assist_risk_list", "congress_hot_issue", "region"},
	}
	for range 2 {
		for name, tables := range want {
			for _, mode := range []pgx.QueryExecMode{pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeCacheStatement} {
				c, err := pgx.Connect(t.Context(), url(addr, name))
				if err != nil {
					t.Fatal(err)
				}
				rows, err := c.Query(t.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema <> $1 ORDER BY 1", mode, "public")
				if err != nil {
					t.Fatal(err)
				}
				got, err := pgx.CollectRows(rows, pgx.RowTo[string])
				if err != nil {
					t.Fatal(err)
				}
				if d := cmp.Diff(tables, got); d != "" {
					t.Errorf("%s %v: %s", name, mode, d)
				}
				if err := c.Close(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
	}
}

// TestWalls asks the catalogue's engine for what is not the catalogue's.
func TestWalls(t *testing.T) {
	c := newCatalog(t)
	a := asker("yunxi", "congress")
	for _, text := range []string{
		"SELECT * FROM duckdb_tables(), pg_class",
		"SELECT * FROM pg_class, duckdb_settings()",
		"SELECT * FROM pg_catalog.pg_class, read_csv('/etc/passwd')",
		"SELECT * FROM pg_class, '/etc/passwd'",
		"SELECT * FROM pg_class, glob('/*')",
		"SELECT * FROM pg_class, query('SELECT 1')",
		"SELECT * FROM pg_class, query_table('duckdb_tables')",
		"SELECT getenv('HOME'), version()",
		"SELECT getvariable('x') FROM pg_class",
		"SELECT current_setting('temp_directory')",
		"SELECT current_setting('memory_limit')",
		"SELECT current_setting(lower('home_directory')) FROM pg_class",
		"SELECT pg_read_file('/etc/passwd')",
		"SELECT lo_import('/etc/passwd') FROM pg_class",
		"SELECT * FROM pg_catalog.duckdb_tables",
		"SELECT * FROM information_schema.duckdb_columns",
		"SELECT * FROM sqlite_master, pg_class",
		"SELECT * FROM system.information_schema.tables",
		"SELECT * FROM memory.cat.pg_class, system.main.duckdb_tables",
		"SELECT * FROM main.pg_class, duckdb_views()",
		"ATTACH '/tmp/x' AS pg_class",
		"COPY pg_class TO '/tmp/x'",
		"PRAGMA database_list; SELECT * FROM pg_class",
		"INSERT INTO pg_class VALUES (1)",
		"SELECT version(); SELECT * FROM pg_class",
		"CREATE MACRO version() AS 1",
		"SELECT json_execute_serialized_sql('x') FROM pg_class",
		"WITH pg_class AS (SELECT * FROM duckdb_tables()) SELECT * FROM pg_class",
		"SELECT * FROM pg_class WHERE oid IN (SELECT table_oid FROM duckdb_tables())",
		"SELECT pragma_version() FROM pg_class",
		"SELECT * FROM pg_stat_file('/etc/passwd')",
		"SELECT 1 FROM pg_class OPERATOR(",
		"SELECT CAST( FROM pg_class",
		"SELECT ::regclass",
		"SELECT )::regclass FROM pg_class",
		"SELECT x COLLATE",
		"SELECT 'a' ~",
		"SELECT pg_get_serial_sequence( FROM pg_class",
	} {
		rows, ok, err := c.Query(t.Context(), a, text)
		if ok && err == nil {
			t.Errorf("%s: answered\n%s", text, render(rows))
		}
		if err != nil && (strings.Contains(err.Error(), "/etc") || strings.Contains(err.Error(), "/tmp")) {
			t.Errorf("%s: %v", text, err)
		}
	}
	rows, ok, err := c.Query(t.Context(), a, "SELECT count(*) FROM pg_class")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if got := render(rows); !strings.Contains(got, "12") {
		t.Error("the catalogue has changed:", got)
	}
}

// TestBomb asks for more than there can be; the answer ends with its time.
func TestBomb(t *testing.T) {
	c := newCatalog(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, ok, err := c.Query(ctx, asker("yunxi", "congress"), "SELECT count(*) FROM pg_type a, pg_type b, pg_type c, pg_type d, pg_type e, pg_type f, pg_type g, pg_type h")
	if !ok || err == nil {
		t.Fatal(ok, err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, _, err := c.Query(ctx, asker("yunxi", "congress"), "SELECT * FROM pg_type a, pg_type b, pg_type c, pg_type d"); err == nil {
		t.Error("millions of rows were kept")
	}
	if _, ok, err := c.Query(t.Context(), asker("yunxi", "congress"), "SELECT version()"); !ok || err != nil {
		t.Error("the catalogue is no more:", err)
	}
}

// FuzzCatalog sends mutations of what clients send: nothing panics, and nothing
// of the engine's own shows.
func FuzzCatalog(f *testing.F) {
	for _, text := range []string{
		"SELECT c.oid::regclass::text FROM pg_catalog.pg_class c WHERE c.relname OPERATOR(pg_catalog.~) '^(x)$' COLLATE pg_catalog.default",
		"SELECT CAST(CAST('x' AS REGCLASS) AS OID), (information_schema._pg_expandarray(i.indkey)).n FROM pg_index i",
		"SELECT * FROM generate_series(1, 2) AS i, string_to_array(current_setting('search_path'), ',') s",
		"SELECT user, format('%I.%I', a, b) LIKE E'x\\_' FROM information_schema.tables t(a, b)",
	} {
		f.Add(text)
	}
	c := newCatalog(f)
	f.Fuzz(func(t *testing.T, text string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		rows, ok, err := c.Query(ctx, asker("yunxi", "congress"), text)
		if !ok || err != nil {
			return
		}
		if got := render(rows); strings.Contains(got, "assist_risk") || strings.Contains(got, "duckdb_") {
			t.Errorf("%q: %s", text, got)
		}
	})
}
