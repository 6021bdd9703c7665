package sqldb_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"

	"zhicang/ingest"
	"zhicang/ingest/sqldb"
	"zhicang/ledger"
	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
)

// benchRows is how many rows the benchmarks' tables have: ZHICANG_BENCH_ROWS,
// or a million.
func benchRows(b *testing.B) int {
	b.Helper()
	s := os.Getenv("ZHICANG_BENCH_ROWS")
	if s == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// workContract is a table as the large ones of departments are, readings of
// enterprises' meters: twelve columns of eight types, of which one is personal, a
// phone number in every fiftieth row. Long texts would lower the ratio: they
// cost the server nothing, and us the time to compress them.
const workContract = `
table: ods.bench_work
title: 用电读数
grain: one row per version of a reading
key: [id]
version: updated_at
partition: read_at
columns:
  - {name: id, type: BIGINT, required: true, title: 编号}
  - {name: meter, type: VARCHAR, required: true, title: 表号}
  - {name: kind, type: VARCHAR, accepted: [自动, 人工, 估算], title: 抄表方式}
  - {name: kwh, type: "DECIMAL(18,2)", title: 用电量}
  - {name: peak, type: "DECIMAL(18,2)", title: 峰段电量}
  - {name: fee, type: "DECIMAL(18,2)", title: 电费}
  - {name: visits, type: INTEGER, min: 0, title: 次数}
  - {name: final, type: BOOLEAN, title: 是否终抄}
  - {name: due, type: DATE, title: 应缴日}
  - {name: read_at, type: TIMESTAMP, required: true, title: 抄表时间}
  - {name: updated_at, type: TIMESTAMP, title: 更新时间}
  - {name: phone, type: VARCHAR, pii: phone, title: 联系电话}
`

const workColumns = "id, meter, kind, kwh, peak, fee, visits, final, due, read_at, updated_at, phone"

const postgresWork = `CREATE TABLE work AS SELECT i::bigint AS id, '339921' || lpad((i%%3000)::text, 6, '0') AS meter,
	(ARRAY['自动','人工','估算'])[1+i%%3] AS kind, ((i*37%%1000000)::numeric/100)::numeric(18,2) AS kwh,
	((i*37%%1000000)::numeric/300)::numeric(18,2) AS peak, ((i*37%%1000000)::numeric/157)::numeric(18,2) AS fee,
	(i%%50)::int AS visits, (i%%7=0) AS final, date '2022-01-01' + (i%%700)::int AS due,
	timestamptz '2022-01-01 00:00+08' + (i*%[2]f||' second')::interval AS read_at,
	timestamp '2022-01-01' + (i*%[2]f||' second')::interval AS updated_at,
	CASE WHEN i%%50=0 THEN '1990000'||lpad((i%%10000)::text,4,'0') END AS phone
	FROM generate_series(1,%[1]d) AS g(i)`

const mariadbWork = "INSERT INTO work SELECT seq, concat('339921', lpad(seq%%3000, 6, '0'))," +
	" elt(1+seq%%3,'自动','人工','估算'), seq*37%%1000000/100, round(seq*37%%1000000/300, 2), round(seq*37%%1000000/157, 2)," +
	" seq%%50, seq%%7=0, date '2022-01-01' + interval seq%%700 day," +
	" timestamp '2022-01-01 00:00:00' + interval floor(seq*%[2]f) second, timestamp '2022-01-01 00:00:00' + interval floor(seq*%[2]f) second," +
	" if(seq%%50=0, concat('1990000', lpad(seq%%10000,4,'0')), NULL)" +
	" FROM seq_1_to_%[1]d"

const mariadbTable = "CREATE TABLE work (id BIGINT PRIMARY KEY, meter VARCHAR(20), kind VARCHAR(20), kwh DECIMAL(18,2), peak DECIMAL(18,2), fee DECIMAL(18,2)," +
	" visits INT, final TINYINT(1), due DATE, read_at DATETIME, updated_at DATETIME, phone VARCHAR(20), INDEX (updated_at)) CHARACTER SET utf8mb4"

// workSpan spreads the rows over three years.
func workSpan(n int) float64 { return 3 * 365 * 86400 / float64(n) }

func postgresBench(b *testing.B, n int) place {
	p := postgresPlace(b)
	p.exec(b, "DROP TABLE IF EXISTS work", fmt.Sprintf(postgresWork, n, workSpan(n)),
		"ALTER TABLE work ADD PRIMARY KEY (id)", "CREATE INDEX ON work (updated_at)", "VACUUM ANALYZE work")
	return p
}

func mariadbBench(b *testing.B, n int) place {
	p := mariadbPlace(b)
	p.exec(b, "DROP TABLE IF EXISTS work", mariadbTable, fmt.Sprintf(mariadbWork, n, workSpan(n)), "ANALYZE TABLE work")
	return p
}

func workConfig(p place, mode string) ingest.Config {
	cfg := ingest.Config{Name: "work", Type: ingest.TypeSQL, Table: "ods.bench_work", Columns: map[string]string{}}
	for _, c := range strings.Split(workColumns, ", ") {
		cfg.Columns[c] = c
	}
	cfg.SQL = ingest.SQLConfig{Driver: p.driver, DSN: p.dsn, From: "work", Mode: mode}
	if mode == ingest.ModeCursor {
		cfg.SQL.Cursor, cfg.SQL.Lookback = "updated_at", 10*time.Minute
	}
	return cfg
}

var benchNow = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// newLoader makes a data folder with the table of the contract.
func newLoader(t testing.TB, contract string) *ingest.Loader {
	t.Helper()
	cat, err := models.Load(fstest.MapFS{"bench/ods_work.yaml": {Data: []byte(contract)}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := privacy.KeysFromHex(strings.Repeat("1a", 32), strings.Repeat("2b", 32))
	if err != nil {
		t.Fatal(err)
	}
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	now := func() time.Time { return benchNow }
	l, err := ledger.Open(t.Context(), filepath.Join(dir, "ledger.sqlite"), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &ingest.Loader{
		Dir: dir, Ledger: l, Catalog: cat, Regions: region.Embedded(), Keys: keys, Location: loc, Now: now, Log: slog.New(slog.DiscardHandler),
	}
}

// load loads a source and returns how long it took.
func load(t testing.TB, l *ingest.Loader, cfg ingest.Config) (ingest.Report, time.Duration) {
	t.Helper()
	src, err := sqldb.Open(cfg, cfg.Fields(), sqldb.Options{Location: l.Location, Now: l.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer ingest.FewerCollections()() // as a run does
	start := time.Now()
	rep, err := l.Load(t.Context(), 1, cfg, src)
	took := time.Since(start)
	if err != nil || len(rep.Failures) > 0 {
		t.Fatal(err, rep.Failures)
	}
	return rep, took
}

// BenchmarkPostgres loads a table of PostgreSQL into the lake, and compares the
// speed with that of COPY … TO STDOUT (FORMAT binary) through the same driver,
// whose bytes are thrown away.
func BenchmarkPostgres(b *testing.B) {
	n := benchRows(b)
	p := postgresBench(b, n)
	conn, err := pgconn.Connect(b.Context(), fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable",
		p.dsn.User, p.dsn.Password.Reveal(), net.JoinHostPort(p.dsn.Host, strconv.Itoa(p.dsn.Port)), p.dsn.Database))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(context.Background())
	compare(b, n, p, "of-COPY-speed", func() {
		if _, err := conn.CopyTo(b.Context(), io.Discard, "COPY work TO STDOUT (FORMAT binary)"); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkMariaDB loads a table of MariaDB into the lake, and compares the
// speed with that of reading the same query through the same driver without
// buffering, each value scanned into sql.RawBytes and dropped.
func BenchmarkMariaDB(b *testing.B) {
	n := benchRows(b)
	p := mariadbBench(b, n)
	db := mariadbPool(b, p)
	compare(b, n, p, "of-bare-speed", func() {
		rows, err := db.QueryContext(b.Context(), "SELECT "+workColumns+" FROM work ORDER BY id")
		if err != nil {
			b.Fatal(err)
		}
		defer rows.Close()
		dest := make([]any, 12)
		for i := range dest {
			dest[i] = new(sql.RawBytes)
		}
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				b.Fatal(err)
			}
		}
		if err := rows.Err(); err != nil {
			b.Fatal(err)
		}
	})
}

func mariadbPool(b *testing.B, p place) *sql.DB {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Passwd, cfg.Net, cfg.DBName = p.dsn.User, p.dsn.Password.Reveal(), "tcp", p.dsn.Database
	cfg.Addr = net.JoinHostPort(p.dsn.Host, strconv.Itoa(p.dsn.Port))
	var connector driver.Connector
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		b.Fatal(err)
	}
	db := sql.OpenDB(connector)
	b.Cleanup(func() { db.Close() })
	return db
}

// compare runs the load and the bare reading in turns, and reports the ratio of
// their speeds, of all turns and of the fastest of each, and the largest heap and
// resident memory. The load uses every processor where the bare reading uses
// one or two: on a machine that is busy with other things the ratio is lower.
func compare(b *testing.B, n int, p place, unit string, bare func()) {
	bare() // once, so that both find the table in memory
	var full, base, work time.Duration
	var fastest, fastestBare time.Duration
	peak := newPeak()
	defer peak.stop()
	for b.Loop() {
		runtime.GC()
		start := time.Now()
		bare()
		alone := time.Since(start)
		base += alone
		l := newLoader(b, workContract)
		peak.watch(true)
		before := cpuTime()
		rep, took := load(b, l, workConfig(p, ingest.ModeCursor))
		peak.watch(false)
		full += took
		work += cpuTime() - before
		if fastest == 0 || took < fastest {
			fastest = took
		}
		if fastestBare == 0 || alone < fastestBare {
			fastestBare = alone
		}
		if rep.Landed != int64(n) {
			b.Fatalf("%+v", rep)
		}
	}
	b.ReportMetric(base.Seconds()/full.Seconds(), unit)
	b.ReportMetric(fastestBare.Seconds()/fastest.Seconds(), unit+"-fastest")
	b.ReportMetric(float64(n*b.N)/full.Seconds(), "rows/s")
	b.ReportMetric(float64(work.Nanoseconds())/1e3/float64(n*b.N), "cpu-µs/row")
	b.ReportMetric(float64(n*b.N)/base.Seconds(), "bare-rows/s")
	b.ReportMetric(float64(peak.heap.Load())/1e6, "peak-heap-MB")
	b.ReportMetric(float64(maxRSS())/1e6, "max-resident-MB")
}

// peak looks at the heap while it is told to.
type peak struct {
	on   atomic.Bool
	heap atomic.Uint64
	done chan struct{}
}

func newPeak() *peak {
	p := &peak{done: make(chan struct{})}
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-p.done:
				return
			case <-tick.C:
			}
			if p.on.Load() {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				p.heap.Store(max(p.heap.Load(), m.HeapAlloc))
			}
		}
	}()
	return p
}

func (p *peak) watch(on bool) { p.on.Store(on) }
func (p *peak) stop()         { close(p.done) }

// cpuTime is what the process has spent on its processors so far: on a machine
// that others use as well, it says more than the clock.
func cpuTime() time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// maxRSS is the most memory that the process has ever held.
func maxRSS() int64 {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		return 0
	}
	return use.Maxrss * 1024
}

// BenchmarkIncrement loads a table in full, changes one row in a hundred all
// over it, and loads what has changed, by a cursor with an index. It reports the
// increment in percent of the full load, and the time that a load takes in which
// nothing has changed: what an increment costs in any case.
func BenchmarkIncrement(b *testing.B) {
	n := benchRows(b)
	for name, start := range map[string]func(*testing.B, int) place{"PostgreSQL": postgresBench, "MariaDB": mariadbBench} {
		b.Run(name, func(b *testing.B) {
			p := start(b, n)
			cfg := workConfig(p, ingest.ModeCursor)
			var full, changed, idle time.Duration
			for i := range b.N {
				l := newLoader(b, workContract)
				_, took := load(b, l, cfg)
				full += took
				_, took = load(b, l, cfg)
				idle += took
				at := fmt.Sprintf("2025-06-%02d 08:00:00", 1+i)
				p.exec(b, fmt.Sprintf("UPDATE work SET updated_at = '%s', visits = visits + 1 WHERE id %% 100 = %d", at, i))
				rep, took := load(b, l, cfg)
				changed += took
				if rep.Landed != int64(n/100) {
					b.Fatalf("%+v", rep)
				}
			}
			b.ReportMetric(100*changed.Seconds()/full.Seconds(), "%-of-full-for-1%-changed")
			b.ReportMetric(100*(changed-idle).Seconds()/full.Seconds(), "%-of-full-beyond-idle")
			b.ReportMetric(idle.Seconds()/float64(b.N), "idle-s")
			b.ReportMetric(full.Seconds()/float64(b.N), "full-s")
		})
	}
}

// BenchmarkSnapshot is the same where nothing tells what has changed: every row
// is read, and one in a hundred lands.
func BenchmarkSnapshot(b *testing.B) {
	n := benchRows(b)
	p := postgresBench(b, n)
	cfg := workConfig(p, ingest.ModeSnapshot)
	var full, changed time.Duration
	peak := newPeak()
	defer peak.stop()
	for i := range b.N {
		l := newLoader(b, workContract)
		_, took := load(b, l, cfg)
		full += took
		p.exec(b, fmt.Sprintf("UPDATE work SET visits = visits + 1 WHERE id %% 100 = %d", i))
		peak.watch(true)
		rep, took := load(b, l, cfg)
		peak.watch(false)
		changed += took
		if rep.Landed != int64(n/100) {
			b.Fatalf("%+v", rep)
		}
	}
	b.ReportMetric(100*changed.Seconds()/full.Seconds(), "%-of-full-for-1%-changed")
	b.ReportMetric(full.Seconds()/float64(b.N), "full-s")
	b.ReportMetric(float64(peak.heap.Load())/1e6, "peak-heap-MB")
}

// BenchmarkCount reports what it costs to ask the database how many rows it
// should have delivered, in percent of a load that does not ask: of a full load,
// and of an increment of one row in a hundred. The fastest of each are compared.
func BenchmarkCount(b *testing.B) {
	n := benchRows(b)
	for name, start := range map[string]func(*testing.B, int) place{"PostgreSQL": postgresBench, "MariaDB": mariadbBench} {
		b.Run(name, func(b *testing.B) {
			p := start(b, n)
			var full, changed [2]time.Duration
			fastest := func(of *time.Duration, took time.Duration) {
				if *of == 0 || took < *of {
					*of = took
				}
			}
			for i := range b.N {
				for k, asked := range []bool{false, true} {
					cfg := workConfig(p, ingest.ModeCursor)
					cfg.Reconcile.Count = &asked
					l := newLoader(b, workContract)
					_, took := load(b, l, cfg)
					fastest(&full[k], took)
					at := time.Date(2025, 6, 1, 0, 0, 2*i+k, 0, time.UTC).Format(time.DateTime)
					p.exec(b, fmt.Sprintf("UPDATE work SET updated_at = '%s', visits = visits + 1 WHERE id %% 100 = %d", at, (2*i+k)%100))
					rep, took := load(b, l, cfg)
					fastest(&changed[k], took)
					if rep.Landed != int64(n/100) {
						b.Fatalf("%+v", rep)
					}
				}
			}
			b.ReportMetric(100*(full[1].Seconds()/full[0].Seconds()-1), "%-more-full")
			b.ReportMetric(100*(changed[1].Seconds()/changed[0].Seconds()-1), "%-more-increment")
			b.ReportMetric(full[1].Seconds(), "full-s")
			b.ReportMetric(changed[1].Seconds(), "increment-s")
		})
	}
}
