package pgcatalog

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"zhicang/models"
	"zhicang/serve/account"
	"zhicang/serve/pgwire"
	"zhicang/serve/reader"
)

var update = flag.Bool("update", false, "write the want sections of the cases")

func column(name, kind, title, unit, formula string, required bool) models.Column {
	t, err := models.ParseType(kind)
	if err != nil {
		panic(err)
	}
	return models.Column{Name: name, Type: t, Title: title, Unit: unit, Formula: formula, Required: required}
}

// testSource has two tables for everyone, and one of 民政 for who reads it; it
// keeps what is recorded.
type testSource struct {
	mu       sync.Mutex
	recorded []string
	fails    error
}

func (s *testSource) Record(_ context.Context, acct account.Account, st reader.Statement, rows int64, outcome string, _ time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recorded = append(s.recorded, fmt.Sprintf("%s|%s|%s|%d|%s", acct.Name, st.Purpose, st.SQL, rows, outcome))
	return s.fails
}

func (*testSource) Tables(_ context.Context, a account.Account) ([]reader.TableInfo, error) {
	info := func(table, title string, key []string, columns ...models.Column) reader.TableInfo {
		return reader.TableInfo{Table: table, Contract: &models.Contract{Table: table, Title: title, Key: key, Columns: columns}, Columns: columns}
	}
	list := []reader.TableInfo{
		info("ads.congress_hot_issue", "热点问题", []string{"period", "region_code"},
			column("period", "VARCHAR", "统计周期", "", "", true), column("period_start", "DATE", "开始日期", "", "", false),
			column("region_code", "VARCHAR", "区划代码", "", "", true), column("people", "BIGINT", "人数", "人", "本期反映该问题的提交人去重数", true),
			column("heat", "DECIMAL(18,2)", "热度", "", "", false), column("built_at", "TIMESTAMP", "生成时间", "", "", false),
			column("terms", "VARCHAR[]", "关键词", "", "", false), column("score", "DOUBLE", "得分", "", "", false),
			column("ok", "BOOLEAN", "是否上榜", "", "", false)),
		info("dim.region", "区划", []string{"region_code"}, column("region_code", "VARCHAR", "区划代码", "", "", true), column("name", "VARCHAR", "名称", "", "", false)),
	}
	if a.Reads("assist") {
		list = append(list, info("ads.assist_risk_list", "困难对象预警名单", nil, column("person_key", "VARCHAR", "对象", "", "", true)))
	}
	return list, nil
}

func asker(name string, domains ...string) pgwire.Asker {
	settings := map[string]string{"search_path": `"$user", public`, "server_version_num": "150000", "default_table_access_method": "heap"}
	return pgwire.Asker{
		Account: account.Account{Name: name, Domains: domains}, Database: Database,
		Setting: func(name string) (string, bool) { v, ok := settings[name]; return v, ok },
	}
}

func newCatalog(t testing.TB) *Catalog {
	t.Helper()
	c := New(&testSource{})
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// render writes an answer as text: a line of names and types, a line a row.
func render(rows pgwire.Rows) string {
	var b strings.Builder
	for i, c := range rows.Columns() {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(c.Name + " " + c.Type)
	}
	b.WriteByte('\n')
	for rows.Next() {
		for i, v := range rows.Values() {
			if i > 0 {
				b.WriteString(" | ")
			}
			if v == nil {
				v = "NULL"
			}
			fmt.Fprint(&b, strings.ReplaceAll(fmt.Sprint(v), "\n", `\n`))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var oidRE = regexp.MustCompile(`\{oid ([\w.]+)\}`)

// withOIDs puts the numbers of tables into a text that a client would have
// asked for before.
func withOIDs(t testing.TB, c *Catalog, a pgwire.Asker, text string) string {
	return oidRE.ReplaceAllStringFunc(text, func(s string) string {
		rows, ok, err := c.Query(t.Context(), a, "SELECT '"+oidRE.FindStringSubmatch(s)[1]+"'::regclass AS oid")
		if err != nil || !ok || !rows.Next() {
			t.Fatal(s, ok, err)
		}
		return fmt.Sprint(rows.Values()[0])
	})
}

// TestClients replays what clients send, and compares with what they are to get.
func TestClients(t *testing.T) {
	c := newCatalog(t)
	a := asker("yunxi", "congress")
	files, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(file, "testdata/"), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rows, ok, err := c.Query(t.Context(), a, withOIDs(t, c, a, string(ar.Files[0].Data)))
			if err != nil || !ok {
				t.Fatalf("answered %t: %v", ok, err)
			}
			got := render(rows)
			if *update {
				ar.Files[1].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(ar.Files[1].Data), got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestAudit: a catalogue query is recorded before it is answered, and one that
// cannot be recorded gives nothing.
func TestAudit(t *testing.T) {
	source := &testSource{}
	c := New(source)
	t.Cleanup(func() { _ = c.Close() })
	who := asker("analyst", "congress")
	who.Client = "psql 10.0.0.1"
	ask := func(text string) error {
		_, _, err := c.Query(t.Context(), who, text)
		return err
	}
	const relations, unknown = "SELECT relname FROM pg_catalog.pg_class WHERE relname = 'region'", "SELECT nosuch(1) FROM pg_catalog.pg_class"
	if err := ask(relations); err != nil {
		t.Fatal(err)
	}
	if err := ask(unknown); err == nil {
		t.Error("an unknown function is answered")
	}
	if err := ask("SELECT title FROM ads.congress_hot_issue"); err != nil {
		t.Error(err)
	}
	who.Describes = true
	if err := ask(relations); err != nil {
		t.Fatal(err)
	}
	want := []string{"analyst|psql 10.0.0.1|" + relations + "|1|ok", "analyst|psql 10.0.0.1|" + unknown + "|0|42883"}
	if diff := cmp.Diff(want, source.recorded); diff != "" {
		t.Error(diff)
	}
	who.Describes, source.fails = false, errors.New("the disk is full")
	if err := ask(relations); err == nil {
		t.Error("what cannot be recorded is answered")
	}
}
