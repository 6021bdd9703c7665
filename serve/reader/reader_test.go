package reader_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/reader"
	"zhicang/warehouse"
)

// The contracts of the tests: the shared ones, and a few of domains.
const (
	hotIssue = `table: ads.congress_hot_issue
title: 热点问题
grain: one row per issue
key: [issue_id]
columns:
  - {name: issue_id, type: VARCHAR, required: true, title: 问题ID}
  - {name: region_code, type: VARCHAR, required: true, title: 区划代码}
  - {name: day, type: DATE, required: true, title: 日}
  - {name: title, type: VARCHAR, required: true, title: 标题}
  - {name: people, type: BIGINT, required: true, title: 人数}
  - {name: heat, type: DOUBLE, title: 热度}
`
	newWord = `table: ads.congress_new_word
title: 新词
grain: one row per word
open: true
columns:
  - {name: word, type: VARCHAR, required: true, title: 词}
`
	riskList = `table: ads.assist_risk_list
title: 风险名单
grain: one row per household
columns:
  - {name: household, type: VARCHAR, required: true, title: 户}
  - {name: region_code, type: VARCHAR, required: true, title: 区划代码}
  - {name: amount, type: "DECIMAL(18,2)", title: 金额}
`
)

const platformRun = `table: ads.platform_run
title: 运行
grain: one row per run
open: true
columns:
  - {name: run_id, type: BIGINT, required: true, title: 运行编号}
`

const secretOfAnotherTown = "南溪镇的秘密"

func testCatalog(t testing.TB) *models.Catalog {
	t.Helper()
	fsys := fstest.MapFS{
		"congress/ads_hot_issue.yaml": {Data: []byte(hotIssue)},
		"congress/ads_new_word.yaml":  {Data: []byte(newWord)},
		"assist/ads_risk_list.yaml":   {Data: []byte(riskList)},
		"platform/ads_run.yaml":       {Data: []byte(platformRun)},
	}
	shared, err := fs.Sub(models.FS(), "shared")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := fs.Glob(shared, "*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range entries {
		data, err := fs.ReadFile(shared, name)
		if err != nil {
			t.Fatal(err)
		}
		fsys["shared/"+name] = &fstest.MapFile{Data: data}
	}
	params, err := fs.ReadFile(models.FS(), "platform/params/operation.yaml") // of dim.data_age
	if err != nil {
		t.Fatal(err)
	}
	fsys["platform/params/operation.yaml"] = &fstest.MapFile{Data: params}
	cat, err := models.Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// The towns and counties that rows lie in: two towns of the fictional county,
// the county, and another one.
var places = []string{"339921", "339921001", "339921002", "330502", "330502001"}

const issuesPerPlace = 40

// inserts fill the tables.
func inserts(cat *models.Catalog, day string) []string {
	list := []string{
		fmt.Sprintf("INSERT INTO dim.run VALUES (DATE '%s', 'Asia/Shanghai', '000000')", day),
		"INSERT INTO ads.congress_new_word VALUES ('充电桩'), ('加装电梯')",
		`INSERT INTO dim.parameter VALUES ('congress.hot_issue.min_people', '最少人数', 3, NULL, '人', DATE '2020-01-01', DATE '9999-12-31', '办法'),
			('assist.limit', '限额', 100, NULL, '元', DATE '2020-01-01', DATE '9999-12-31', '办法')`,
		`INSERT INTO dim.data_age VALUES ('ads.congress_hot_issue', 'ods.congress_opinion', '意见', 'portal', '每日', DATE '2026-01-14', 3, 8),
			('ads.assist_risk_list', 'ods.assist_benefit', '救助金', 'civil', '每月', DATE '2026-01-10', 62, 93)`,
		"INSERT INTO dim.data_load VALUES ('ods.congress_opinion', 'portal', NULL, NULL, '正常'), ('ods.assist_benefit', 'civil', NULL, NULL, '正常')",
	}
	for _, p := range places {
		title := "道路破损 " + p
		if p == "339921002" {
			title = secretOfAnotherTown
		}
		list = append(list,
			fmt.Sprintf("INSERT INTO ads.congress_hot_issue SELECT '%s-' || i, '%s', DATE '2026-01-01' + CAST(i AS INTEGER), '%s', i, i / 2.0 FROM range(%d) t(i)", p, p, title, issuesPerPlace),
			fmt.Sprintf("INSERT INTO ads.assist_risk_list VALUES ('户%s', '%s', 1234.50)", p, p),
			fmt.Sprintf("INSERT INTO dim.region VALUES ('%s', '某地%s', '某地', 3, NULL, DATE '0001-01-01', DATE '9999-12-31', NULL, NULL)", p, p))
	}
	for _, c := range cat.Contracts() {
		for i, col := range c.Columns {
			list = append(list, fmt.Sprintf("INSERT INTO dim.data_dictionary VALUES ('%s', '%s', '%s', %d, '%s', '%s', NULL, NULL)", c.Table, c.Title, col.Name, i, col.Type, col.Title))
		}
	}
	return list
}

// publish makes a publication on the shelf and switches to it.
func publish(t testing.TB, shelf warehouse.Shelf, cat *models.Catalog, id int64, stmts ...string) {
	t.Helper()
	ctx := context.Background()
	e, err := warehouse.Open(ctx, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	err = e.InTx(ctx, func(tx *warehouse.Tx) error {
		for _, c := range cat.Contracts() {
			if err := tx.CreateTable(ctx, c); err != nil {
				return err
			}
		}
		for _, s := range stmts {
			if err := tx.Exec(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Publish(ctx, shelf, warehouse.FileName(id), cat.Contracts()); err != nil {
		t.Fatal(err)
	}
	if err := shelf.Switch(warehouse.FileName(id)); err != nil {
		t.Fatal(err)
	}
}

// shelfFile is a publication that all tests copy.
var shelfFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "reader")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	t := &testing.T{}
	cat := testCatalog(t)
	publish(t, warehouse.Shelf{Dir: dir}, cat, 1, inserts(cat, "2026-01-15")...)
	return os.ReadFile(filepath.Join(dir, warehouse.FileName(1)))
})

type fixture struct {
	*reader.Reader
	shelf warehouse.Shelf
	cat   *models.Catalog
	audit string
	now   *clock
}

// clock is a time that only the test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.at }

func (c *clock) Add(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.at = c.at.Add(d) }

func open(t testing.TB, limits reader.Limits, log ...*slog.Logger) fixture {
	t.Helper()
	data, err := shelfFile()
	if err != nil {
		t.Fatal(err)
	}
	f := empty(t, limits, log...)
	writeFile(t, filepath.Join(f.shelf.Dir, warehouse.FileName(1)), data)
	if err := f.shelf.Switch(warehouse.FileName(1)); err != nil {
		t.Fatal(err)
	}
	return f
}

// empty is a reader of a shelf on which nothing lies yet.
func empty(t testing.TB, limits reader.Limits, log ...*slog.Logger) fixture {
	t.Helper()
	dir := t.TempDir()
	f := fixture{
		shelf: warehouse.Shelf{Dir: filepath.Join(dir, "published")}, cat: testCatalog(t), audit: filepath.Join(dir, "audit.jsonl"),
		now: &clock{at: time.Date(2026, 1, 15, 9, 0, 0, 0, time.UTC)},
	}
	if err := os.MkdirAll(f.shelf.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	r, err := reader.Open(t.Context(), reader.Options{
		Shelf: f.shelf, Catalog: f.cat, Regions: region.Embedded(), Audit: privacy.OpenAudit(f.audit, f.now.Now), Limits: limits, Now: f.now.Now, Log: append(log, nil)[0],
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	f.Reader = r
	return f
}

func writeFile(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

var (
	everything = account.Account{Name: "all", Domains: []string{"*"}}
	county     = account.Account{Name: "county", Domains: []string{"congress"}, Region: "339921"}
	town       = account.Account{Name: "town", Domains: []string{"congress"}, Region: "339921001"}
	neighbour  = account.Account{Name: "neighbour", Domains: []string{"congress"}, Region: "330502"}
)

// ask runs a statement and returns its rows as text.
func (f fixture) ask(ctx context.Context, acct account.Account, sql string, args ...any) ([]string, error) {
	rows, err := f.Query(ctx, acct, reader.Statement{SQL: sql, Args: args, Purpose: "test"})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		parts := make([]string, len(rows.Values()))
		for i, v := range rows.Values() {
			parts[i] = fmt.Sprint(v)
		}
		list = append(list, strings.Join(parts, "|"))
	}
	return list, errors.Join(rows.Err(), rows.Close())
}

func TestQuery(t *testing.T) {
	f := open(t, reader.Limits{})
	for _, tt := range []struct {
		name string
		acct account.Account
		sql  string
		args []any
		want []string
	}{
		{name: "all", acct: everything, sql: "SELECT count(*) FROM ads.congress_hot_issue", want: []string{"200"}},
		{name: "a county and its towns", acct: county, sql: "SELECT DISTINCT region_code FROM ads.congress_hot_issue ORDER BY 1", want: []string{"339921", "339921001", "339921002"}},
		{name: "a town", acct: town, sql: "SELECT DISTINCT region_code FROM ads.congress_hot_issue", want: []string{"339921001"}},
		{name: "columns by table", acct: town, sql: "SELECT ads.congress_hot_issue.region_code, congress_hot_issue.people FROM ads.congress_hot_issue WHERE people = 3", want: []string{"339921001|3"}},
		{name: "capitals", acct: town, sql: `SELECT COUNT(*) FROM ADS."Congress_Hot_Issue" WHERE Congress_Hot_Issue.People > 37;`, want: []string{"2"}},
		{name: "without a schema", acct: town, sql: "SELECT count(*) FROM congress_hot_issue t", want: []string{"40"}},
		{name: "bound values", acct: town, sql: "SELECT people FROM ads.congress_hot_issue WHERE people = ? LIMIT ?", args: []any{int64(7), int64(3)}, want: []string{"7"}},
		{name: "an open table", acct: town, sql: "SELECT word FROM ads.congress_new_word ORDER BY word", want: []string{"充电桩", "加装电梯"}},
		{name: "dim", acct: town, sql: "SELECT as_of FROM dim.run", want: []string{"2026-01-15 00:00:00 +0000 UTC"}},
		{name: "parameters of its domains", acct: town, sql: "SELECT name FROM dim.parameter", want: []string{"congress.hot_issue.min_people"}},
		{name: "dictionary of its domains", acct: town, sql: "SELECT DISTINCT table_name FROM dim.data_dictionary WHERE table_name LIKE 'ads%' ORDER BY 1", want: []string{"ads.congress_hot_issue", "ads.congress_new_word"}},
		{name: "data age of its domains", acct: town, sql: "SELECT source_system FROM dim.data_age", want: []string{"portal"}},
		{name: "loads of its domains", acct: town, sql: "SELECT source_table FROM dim.data_load", want: []string{"ods.congress_opinion"}},
		{name: "WITH", acct: town, sql: "WITH a AS (SELECT people FROM ads.congress_hot_issue), b AS (SELECT max(people) AS m FROM a) SELECT m FROM b -- the end", want: []string{"39"}},
		{name: "recursion", acct: town, sql: "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t WHERE i < 5) SELECT sum(i) FROM t", want: []string{"15"}},
		{name: "Trino's spelling", acct: town, sql: "SELECT approx_distinct(people), date_format(max(day), '%Y-%m') FROM ads.congress_hot_issue", want: []string{"40|2026-02"}},
		{name: "integer division", acct: town, sql: "SELECT 7 / 2", want: []string{"3"}},
		{name: "two columns of one name", acct: town, sql: "SELECT 1 AS a, 2 AS a LIMIT 5", want: []string{"1|2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := f.ask(t.Context(), tt.acct, tt.sql, tt.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
