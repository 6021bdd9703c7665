package reader_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/pgwire"
	"zhicang/serve/reader"
	"zhicang/warehouse"
)

// The tables of a county: fifteen towns, three years, half a million opinions.
const (
	benchTerm = `table: ads.congress_hot_term
title: 热词
grain: one row per week, region and term
columns:
  - {name: period_start, type: DATE, required: true, title: 周}
  - {name: region_code, type: VARCHAR, required: true, title: 区划代码}
  - {name: category, type: VARCHAR, required: true, title: 分类}
  - {name: term, type: VARCHAR, required: true, title: 词}
  - {name: people, type: BIGINT, required: true, title: 人数}
  - {name: score, type: DOUBLE, required: true, title: 热度}
`
	benchOpinion = `table: ads.congress_hot_issue_opinion
title: 明细
grain: one row per opinion
columns:
  - {name: opinion_id, type: VARCHAR, required: true, title: 编号}
  - {name: issue_id, type: VARCHAR, required: true, title: 问题ID}
  - {name: day, type: DATE, required: true, title: 日}
  - {name: region_code, type: VARCHAR, required: true, title: 区划代码}
  - {name: category, type: VARCHAR, required: true, title: 分类}
  - {name: body, type: VARCHAR, required: true, title: 内容}
  - {name: likes, type: BIGINT, required: true, title: 点赞}
`
)

const regionOf = "CASE WHEN i % 16 = 0 THEN '339921' ELSE '3399210' || lpad(CAST(i % 16 AS VARCHAR), 2, '0') END"

func benchShelf(b *testing.B, dir string) (warehouse.Shelf, *models.Catalog) {
	b.Helper()
	fsys := fstest.MapFS{
		"congress/ads_hot_issue.yaml":         {Data: []byte(hotIssue)},
		"congress/ads_hot_term.yaml":          {Data: []byte(benchTerm)},
		"congress/ads_hot_issue_opinion.yaml": {Data: []byte(benchOpinion)},
	}
	cat, err := models.Load(fsys)
	if err != nil {
		b.Fatal(err)
	}
	shelf := warehouse.Shelf{Dir: dir}
	publish(b, shelf, cat, 1,
		"INSERT INTO ads.congress_hot_issue SELECT 'q' || i, "+regionOf+", DATE '2023-01-01' + CAST(i // 60 AS INTEGER), '关于第' || i || '号路段破损的问题', 1 + i * 7919 % 200, i % 97 FROM range(66000) t(i)",
		"INSERT INTO ads.congress_hot_term SELECT DATE '2023-01-02' + CAST(7 * (i // 8000) AS INTEGER), "+regionOf+", '类' || i % 12, '词' || i * 31 % 5000, 1 + i * 7919 % 90, (i * 104729 % 1000) / 10.0 FROM range(1250000) t(i)",
		"INSERT INTO ads.congress_hot_issue_opinion SELECT 'o' || i, 'q' || i // 8, DATE '2023-01-01' + CAST(i // 480 AS INTEGER), "+regionOf+", '类' || i % 12, repeat('某路某段路面破损，请有关部门尽快处理。', 6) || i, i * 7919 % 50 FROM range(525000) t(i)",
	)
	return shelf, cat
}

// panels are the queries of a board, as they are after Grafana's macros.
func panels(region string, week int) []string {
	from := time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*(week%40))
	to := from.AddDate(0, 0, 28)
	period := func(column string) string {
		return fmt.Sprintf("%s BETWEEN '%s' AND '%s'", column, from.Format(time.DateOnly), to.Format(time.DateOnly))
	}
	rows := "starts_with(region_code, '" + region + "')"
	return []string{
		"SELECT count(*) FROM ads.congress_hot_issue_opinion WHERE " + rows + " AND " + period("day"),
		"SELECT sum(people) FROM ads.congress_hot_issue WHERE " + rows + " AND " + period("day"),
		"SELECT title, region_code, people, heat FROM ads.congress_hot_issue WHERE " + rows + " AND " + period("day") + " ORDER BY heat DESC, issue_id LIMIT 20",
		"SELECT day AS time, count(*) AS n FROM ads.congress_hot_issue_opinion WHERE " + rows + " AND " + period("day") + " GROUP BY day ORDER BY day",
		"SELECT category, count(*) AS n FROM ads.congress_hot_issue_opinion WHERE " + rows + " AND " + period("day") + " GROUP BY category ORDER BY n DESC, category",
		"SELECT term, sum(people) AS n FROM ads.congress_hot_term WHERE " + rows + " AND " + period("period_start") + " GROUP BY term ORDER BY n DESC, term LIMIT 60",
		"SELECT region_code, category, count(*) AS n FROM ads.congress_hot_issue_opinion WHERE " + rows + " AND " + period("day") + " GROUP BY region_code, category ORDER BY 1, 2",
		"SELECT period_start AS time, max(score) AS s FROM ads.congress_hot_term WHERE " + rows + " AND term = '词31' GROUP BY period_start ORDER BY 1",
		"SELECT term, max(score) AS s FROM ads.congress_hot_term WHERE " + rows + " AND " + period("period_start") + " GROUP BY term ORDER BY s DESC, term LIMIT 30",
		"SELECT day, body, likes FROM ads.congress_hot_issue_opinion WHERE " + rows + " AND " + period("day") + " ORDER BY likes DESC, opinion_id LIMIT 50",
		"SELECT date_trunc('month', day) AS time, count(*) AS n FROM ads.congress_hot_issue_opinion WHERE " + rows + " GROUP BY 1 ORDER BY 1",
		"SELECT region_code, sum(people) AS n, row_number() OVER (ORDER BY sum(people) DESC, region_code) AS place FROM ads.congress_hot_issue WHERE " + rows + " AND " + period("day") + " GROUP BY region_code ORDER BY place",
	}
}

const (
	clients  = 50
	boards   = 3 // that each client opens in a round
	benchRun = 3 // rounds of each kind, in turn
)

// run lets every client open its boards, each panel after the other, and
// returns how long each query took.
func run(b *testing.B, regions []string, ask func(client int, sql string) error) []time.Duration {
	b.Helper()
	var mu sync.Mutex
	var all []time.Duration
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			var mine []time.Duration
			for i := range boards {
				for _, sql := range panels(regions[c%len(regions)], c+i*clients) {
					start := time.Now()
					if err := ask(c, sql); err != nil {
						b.Errorf("%s: %v", sql, err)
						return
					}
					mine = append(mine, time.Since(start))
				}
			}
			mu.Lock()
			all = append(all, mine...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return all
}

func p95(list []time.Duration) time.Duration {
	slices.Sort(list)
	return list[len(list)*95/100]
}

// BenchmarkFiftyClients compares fifty clients that open boards through the
// reader with the same queries, at the same concurrency, straight to the engine.
func BenchmarkFiftyClients(b *testing.B) {
	dir := b.TempDir()
	shelf, cat := benchShelf(b, filepath.Join(dir, "published"))
	path, err := shelf.Current()
	if err != nil {
		b.Fatal(err)
	}
	ctx := context.Background()
	direct, err := warehouse.OpenReading(ctx, map[string]string{"x": path}, warehouse.ReadingOptions{Connections: clients})
	if err != nil {
		b.Fatal(err)
	}
	defer direct.Close()
	conn, err := direct.Conn(ctx)
	if err != nil {
		b.Fatal(err)
	}
	var views []warehouse.View
	for _, c := range cat.Contracts() {
		views = append(views, warehouse.View{Table: c.Table, From: direct.Table("x", c.Table)})
	}
	catalog, err := direct.Scope(ctx, conn, views)
	direct.Release(conn)
	if err != nil {
		b.Fatal(err)
	}
	r, err := reader.Open(ctx, reader.Options{
		Shelf: shelf, Catalog: cat, Regions: region.Embedded(), Audit: privacy.OpenAudit(filepath.Join(dir, "audit.jsonl"), time.Now),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()

	ways := []struct {
		name    string
		regions []string
		ask     func(client int, sql string) error
	}{
		{"county", []string{"339921"}, func(c int, sql string) error { return askThrough(ctx, r, countyAccount(c), sql) }},
		{"towns", []string{"339921001", "339921002", "339921003", "339921004", "339921005"}, func(c int, sql string) error {
			acct := account.Account{Name: fmt.Sprint("town", c%15), Domains: []string{"congress"}, Region: fmt.Sprintf("33992100%d", 1+c%5)}
			return askThrough(ctx, r, acct, sql)
		}},
		{"wire", []string{"339921"}, overTheWire(b, r)},
	}
	for _, way := range ways {
		b.Run(way.name, func(b *testing.B) {
			straight := func(_ int, sql string) error { return askDirectly(ctx, direct, catalog, sql) }
			for b.Loop() {
				var d, t []time.Duration
				run(b, way.regions, straight) // warm
				for range benchRun {
					d = append(d, run(b, way.regions, straight)...)
					t = append(t, run(b, way.regions, way.ask)...)
				}
				pd, pt := p95(d), p95(t)
				b.ReportMetric(float64(pd.Microseconds())/1000, "direct-p95-ms")
				b.ReportMetric(float64(pt.Microseconds())/1000, "served-p95-ms")
				b.ReportMetric(float64(d[len(d)/2].Microseconds())/1000, "direct-p50-ms")
				b.ReportMetric(float64(t[len(t)/2].Microseconds())/1000, "served-p50-ms")
				b.ReportMetric(float64(pt)/float64(pd), "p95-ratio")
			}
		})
	}
}

const countyAccounts = 13

func countyAccount(client int) account.Account {
	return account.Account{Name: fmt.Sprint("county", client%countyAccounts), Domains: []string{"congress"}, Region: "339921"}
}

// overTheWire asks as Grafana does: each client over a connection of its own,
// in the simple protocol.
func overTheWire(b *testing.B, r *reader.Reader) func(client int, sql string) error {
	b.Helper()
	var configs []account.Config
	for i := range countyAccounts {
		a := countyAccount(i)
		configs = append(configs, account.Config{Name: a.Name, Password: "benchmark", Domains: a.Domains, Region: a.Region})
	}
	book, err := account.Open(configs, account.Options{})
	if err != nil {
		b.Fatal(err)
	}
	server, err := pgwire.New(pgwire.Options{Reader: pgwire.FromReader(r), Accounts: book})
	if err != nil {
		b.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	b.Cleanup(func() {
		if err := errors.Join(server.Shutdown(context.Background()), <-served); err != nil {
			b.Error(err)
		}
	})
	conns := make([]*pgx.Conn, clients)
	for c := range conns {
		conns[c], err = pgx.Connect(b.Context(), fmt.Sprintf("postgres://%s:benchmark@%s/zhicang?sslmode=disable", countyAccount(c).Name, ln.Addr()))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conns[c].Close(context.Background()) })
	}
	return func(client int, sql string) error {
		rows, err := conns[client].Query(context.Background(), sql, pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
		}
		return rows.Err()
	}
}

func askDirectly(ctx context.Context, direct *warehouse.Reading, catalog, sql string) error {
	conn, err := direct.Conn(ctx)
	if err != nil {
		return err
	}
	defer direct.Release(conn)
	if _, err := conn.ExecContext(ctx, "USE "+catalog); err != nil {
		return err
	}
	rows, err := conn.QueryContext(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		return err
	}
	values, refs := make([]any, len(cols)), make([]any, len(cols))
	for i := range values {
		refs[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(refs...); err != nil {
			return err
		}
	}
	return rows.Err()
}

func askThrough(ctx context.Context, r *reader.Reader, acct account.Account, sql string) error {
	rows, err := r.Query(ctx, acct, reader.Statement{SQL: sql, Purpose: "benchmark"})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		_ = rows.Values()
	}
	return rows.Err()
}

// BenchmarkOneBoard is how long the twelve panels of a board take when a browser
// asks for all of them at once, alone with the server.
func BenchmarkOneBoard(b *testing.B) {
	dir := b.TempDir()
	shelf, cat := benchShelf(b, filepath.Join(dir, "published"))
	ctx := context.Background()
	r, err := reader.Open(ctx, reader.Options{
		Shelf: shelf, Catalog: cat, Regions: region.Embedded(), Audit: privacy.OpenAudit(filepath.Join(dir, "audit.jsonl"), time.Now),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	week := 0
	for b.Loop() {
		week++
		var wg sync.WaitGroup
		for _, sql := range panels("339921", week) {
			wg.Go(func() {
				if err := askThrough(ctx, r, countyAccount(0), sql); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
	}
}
