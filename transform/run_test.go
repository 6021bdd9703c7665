package transform_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zhicang/transform"
	"zhicang/warehouse"
)

func TestOnlyWhatChangedIsBuilt(t *testing.T) {
	h := newHouse(t)
	expect(t, "run without data", "dim.parameter; ads.toy_total | built", did(h.run(transform.Options{})))
	expect(t, "total of nothing", "NULL", h.total())

	h.deliver("2025-01", "'a', '2025-01-31 23:59:59', 1")
	h.deliver("2025-02", "'b', '2025-02-01 00:00:00', 10")
	h.deliver("2025-04", "'c', '2025-04-05', 100")
	expect(t, "first data",
		"dwd.toy_event 2025-01,2025-02,2025-04; dws.toy_month 2025-01,2025-02,2025-04; ads.toy_total | built", did(h.run(transform.Options{})))
	expect(t, "1 + (1+10) + 100", "112", h.total())
	expect(t, "nothing new", " | skipped", did(h.run(transform.Options{})))

	// January is read by February as well, and April does not care.
	h.deliver("2025-01", "'d', '2025-01-10', 1000")
	expect(t, "one month more",
		"dwd.toy_event 2025-01; dws.toy_month 2025-01,2025-02; ads.toy_total | built", did(h.run(transform.Options{})))
	expect(t, "1001 + 1011 + 100", "2112", h.total())

	// A batch that changes nothing downstream stops where rows come out alike.
	h.deliver("2025-04", "'z', '2025-04-06', 0")
	h.put(h.sql, "toy/dwd_event.sql", dwdSQL+" WHERE n > 0")
	expect(t, "changed SQL, same months downstream",
		"dwd.toy_event 2025-01,2025-02,2025-04 | skipped", did(h.run(transform.Options{})))

	h.put(h.models, "toy/params/factor.yaml", strings.Replace(params, "value: 1", "value: 2", 1))
	expect(t, "changed parameter", "dim.parameter; ads.toy_total | built", did(h.run(transform.Options{})))
	expect(t, "twice 2112", "4224", h.total())

	expect(t, "everything asked for",
		"dim.parameter; dwd.toy_event 2025-01,2025-02,2025-04; dws.toy_month 2025-01,2025-02,2025-04; ads.toy_total | skipped",
		did(h.run(transform.Options{Full: true})))
	expect(t, "selection", "dwd.toy_event 2025-01,2025-02,2025-04 | skipped", did(h.run(transform.Options{Full: true, Select: []string{"dwd.*"}})))
}

func TestPlanSaysWhy(t *testing.T) {
	h := newHouse(t)
	h.deliver("2025-01", "'a', '2025-01-05', 1")
	h.run(transform.Options{})
	h.deliver("2025-02", "'b', '2025-02-05', 1")
	r, err := h.runner()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := r.Plan(t.Context(), transform.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range plan {
		if p.State == transform.Built {
			lines = append(lines, fmt.Sprint(p.Table, " ", p.Months, " ", p.Reason))
		}
	}
	expect(t, "plan", strings.Join([]string{
		"dwd.toy_event [2025-02] a month that is new",
		"dws.toy_month [2025-02] a month that is new",
		"ads.toy_total [] new data in dws.toy_month",
	}, "\n"), strings.Join(lines, "\n"))
	expect(t, "plan changes nothing", "dwd.toy_event 2025-02; dws.toy_month 2025-02; ads.toy_total | built", did(h.run(transform.Options{})))
}

func TestFailedCheckKeepsTheOldRows(t *testing.T) {
	h := newHouse(t)
	h.deliver("2025-01", "'a', '2025-01-05', 1")
	h.run(transform.Options{})
	h.deliver("2025-02", "'b', '2025-02-05', -7", "'b2', '2025-02-05', -8")
	res := h.run(transform.Options{})
	expect(t, "run", "FAILED dwd.toy_event; blocked dws.toy_month; blocked ads.toy_total | skipped", did(res))
	expect(t, "error", "table dwd.toy_event: check failed: n ≥ 0: 2 rows, such as id=b; id=b2", res.Err().Error())
	expect(t, "readers", "1", h.total())

	// The same key in another month is found too.
	h.put(h.models, "toy/dwd_event.yaml", strings.Replace(dwdContract, ", min: 0", "", 1))
	h.deliver("2025-02", "'a', '2025-02-06', 5")
	res = h.run(transform.Options{})
	expect(t, "error", "table dwd.toy_event: check failed: unique id: 1 rows, such as id=a", res.Err().Error())

	h.put(h.sql, "toy/dwd_event.sql", dwdSQL+" WHERE NOT (id = 'a' AND n = 5)")
	expect(t, "mended", "dwd.toy_event 2025-01,2025-02; dws.toy_month 2025-02; ads.toy_total | built", did(h.run(transform.Options{})))
	expect(t, "1 + (1-15)", "-13", h.total())
}

// TestStricterContractIsHeldAgainstOldRows: rows that come out as they were are not
// written again, but are held against what is promised of them now.
func TestStricterContractIsHeldAgainstOldRows(t *testing.T) {
	h := newHouse(t)
	h.deliver("2025-01", "'a', '2025-01-05', 3")
	h.run(transform.Options{})
	h.put(h.models, "toy/dwd_event.yaml", strings.Replace(dwdContract, ", min: 0", ", min: 5", 1))
	res := h.run(transform.Options{})
	expect(t, "error", "table dwd.toy_event: check failed: n ≥ 5: 1 rows, such as id=a", fmt.Sprint(res.Err()))
}

func TestChecksWrittenAsSQLSeeOnlyNewRows(t *testing.T) {
	h := newHouse(t)
	h.put(h.models, "toy/dwd_event.yaml", dwdContract+`checks:
  - {empty: "SELECT id FROM dwd.toy_event WHERE n > 5", title: 数不过五}
`)
	h.deliver("2025-01", "'a', '2025-01-05', 6")
	res := h.run(transform.Options{})
	expect(t, "error", "table dwd.toy_event: check failed: 数不过五: 1 rows, such as id=a", res.Err().Error())
}

func TestModelsMustReturnWhatTheirContractSays(t *testing.T) {
	h := newHouse(t)
	h.deliver("2025-01", "'a', '2025-01-05', 1")
	h.put(h.sql, "toy/dwd_event.sql", "SELECT id, CAST(moment AS DATE) AS day, CAST(n AS INTEGER) AS n, 1 AS more FROM ods.toy_event")
	res := h.run(transform.Options{})
	want := "table dwd.toy_event: the SQL does not return what the contract toy/dwd_event.yaml says: more is not in the contract; n is INTEGER, the contract says BIGINT"
	expect(t, "error", want, res.Err().Error())
}

func TestMissingLakeFileStopsTheRun(t *testing.T) {
	h := newHouse(t)
	h.deliver("2025-01", "'a', '2025-01-05', 1")
	if err := os.RemoveAll(filepath.Join(h.dir, "lake")); err != nil {
		t.Fatal(err)
	}
	r, err := h.runner()
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.Run(t.Context(), 1, transform.Options{})
	if err == nil || !strings.Contains(err.Error(), "lake/ods/toy_event/month=2025-01/00000001.parquet is gone from the data folder") {
		t.Errorf("got %v", err)
	}
}

func TestStepsSeeEarlierMonthsOnly(t *testing.T) {
	h := newHouse(t)
	h.put(h.models, "toy/dwd_chain.yaml", `table: dwd.toy_chain
title: 链
grain: one row per month
key: [month]
partition: month
reads: {dwd.toy_chain: {before: 1}}
columns:
  - {name: month, type: DATE, required: true, title: 月}
  - {name: sum, type: BIGINT, required: true, title: 累计}
`)
	var built []string
	h.steps = []transform.Step{{
		Table:   "dwd.toy_chain",
		Version: func() string { return "1" },
		Inputs: map[string]string{
			"event":  "SELECT coalesce(CAST(sum(n) AS BIGINT), 0) FROM dwd.toy_event",
			"before": "SELECT coalesce(CAST(sum(sum) AS BIGINT), 0) FROM dwd.toy_chain",
		},
		Build: func(ctx context.Context, b *transform.Build) error {
			total := int64(0)
			for _, input := range []string{"event", "before"} {
				rows, err := b.Query(ctx, input)
				if err != nil {
					return err
				}
				for rows.Next() {
					var n int64
					if err := rows.Scan(&n); err != nil {
						return err
					}
					total += n
				}
				if err := rows.Close(); err != nil {
					return err
				}
			}
			built = append(built, fmt.Sprintf("%s=%d", b.Month, total))
			day, err := time.Parse(time.DateOnly, b.Month.FirstDay())
			if err != nil {
				return err
			}
			return b.Emit(ctx, day, total)
		},
	}}
	h.deliver("2025-01", "'a', '2025-01-05', 1")
	h.deliver("2025-02", "'b', '2025-02-05', 10")
	h.deliver("2025-03", "'c', '2025-03-05', 100")
	h.run(transform.Options{})
	expect(t, "first run", "2025-01=1 2025-02=11 2025-03=111", strings.Join(built, " "))

	built = nil
	h.deliver("2025-02", "'d', '2025-02-06', 1000")
	h.run(transform.Options{})
	expect(t, "a change goes on into later months", "2025-02=1011 2025-03=1111", strings.Join(built, " "))

	built = nil
	h.deliver("2025-01", "'e', '2025-01-06', 0")
	h.run(transform.Options{})
	expect(t, "a change that comes out alike goes no further", "2025-01=1", strings.Join(built, " "))

	built = nil
	h.deliver("2025-01", "'f', '2025-01-07', 10000")
	h.run(transform.Options{Full: true})
	expect(t, "everything, each month once", "2025-01=10001 2025-02=11011 2025-03=11111", strings.Join(built, " "))
}

func TestGraphErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*house)
		want   string
	}{
		"no contract": {
			func(h *house) { h.put(h.sql, "toy/dwd_more.sql", "SELECT 1 AS a") },
			"toy/dwd_more.sql: makes a table that has no contract",
		},
		"no model":         {func(h *house) { delete(h.sql, "toy/dwd_event.sql") }, "toy/dwd_event.yaml: nothing makes dwd.toy_event"},
		"unknown upstream": {func(h *house) { h.put(h.sql, "toy/dwd_event.sql", "SELECT * FROM ods.toy_evnt") }, "toy/dwd_event.sql: reads ods.toy_evnt, which has no contract"},
		"syntax":           {func(h *house) { h.put(h.sql, "toy/dwd_event.sql", "SELECT id,, FROM ods.toy_event") }, "toy/dwd_event.sql: 1:11: syntax error"},
		"circle": {
			func(h *house) { h.put(h.sql, "toy/dwd_event.sql", dwdSQL+" JOIN dws.toy_month USING (n)") },
			"tables depend on each other in a circle: ads.toy_total, dwd.toy_event, dws.toy_month",
		},
		"window of a table that is not read": {
			func(h *house) {
				h.put(h.models, "toy/dws_month.yaml", strings.Replace(dwsContract, "dwd.toy_event:", "ods.toy_event:", 1))
			},
			"reads[ods.toy_event]: toy/dws_month.sql does not read it",
		},
		"nothing to inherit": {
			func(h *house) {
				h.put(h.models, "toy/dwd_event.yaml", dwdContract+"  - {name: extra}\n")
			},
			"columns[extra]: no upstream table has a column of this name to inherit from",
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			tc.change(h)
			_, err := h.runner()
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestShelfKeepsTheLastFew(t *testing.T) {
	h := newHouse(t)
	for i := range 5 {
		h.deliver("2025-01", fmt.Sprintf("'k%d', '2025-01-05', 1", i))
		h.run(transform.Options{})
	}
	files, err := fs.Glob(os.DirFS(filepath.Join(h.dir, "published")), "*")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	expect(t, "shelf", "CURRENT zhicang-00000003.duckdb zhicang-00000004.duckdb zhicang-00000005.duckdb", strings.Join(files, " "))
	expect(t, "readers", "5", h.total())
}

// A row that moves to an earlier month stands in two months until both are
// built; that is no broken key.
func TestRowsMayMoveToAnEarlierMonth(t *testing.T) {
	h := newHouse(t)
	h.put(h.sql, "toy/dwd_event.sql", `SELECT id, CAST(moment AS DATE) AS day, n FROM (
	SELECT id, moment, n, row_number() OVER (PARTITION BY id ORDER BY batch_id DESC) AS newest FROM ods.toy_event) AS e WHERE newest = 1`)
	h.put(h.models, "toy/dwd_event.yaml", strings.Replace(dwdContract, "columns:", "reads: {ods.toy_event: {all: true}}\ncolumns:", 1))
	h.deliver("2025-01", "'x', '2025-01-05', 1")
	h.deliver("2025-05", "'a', '2025-05-05', 10")
	h.run(transform.Options{})
	h.deliver("2025-01", "'a', '2025-01-07', 100")
	expect(t, "moved", "dwd.toy_event 2025-01,2025-05; dws.toy_month 2025-01,2025-05; ads.toy_total | built", did(h.run(transform.Options{})))
	expect(t, "1 + 100", "101", h.total())
}

func TestGapInAParameterFailsLoudly(t *testing.T) {
	h := newHouse(t)
	h.put(h.models, "toy/dws_month.yaml", dwsContract+"parameters: [toy.factor]\n")
	h.put(h.models, "toy/params/factor.yaml", `- parameter: toy.factor
  title: 系数
  values:
    - {value: 1, to: 2025-02-10, reference: test}
    - {value: 2, from: 2025-02-12, reference: test}
`)
	h.deliver("2025-02", "'a', '2025-02-01', 1")
	res := h.run(transform.Options{})
	expect(t, "error", "table dws.toy_month: parameter toy.factor on 2025-02-10: unknown", res.Err().Error())
}

func TestATableWithoutMonthsNeedsAValueUntilTheDay(t *testing.T) {
	h := newHouse(t)
	h.put(h.models, "toy/params/factor.yaml", `- parameter: toy.factor
  title: 系数
  values: [{value: 1, to: 2025-02-10, reference: test}]
`)
	h.deliver("2025-02", "'a', '2025-02-01', 1")
	h.asOf = time.Date(2025, 2, 9, 0, 0, 0, 0, time.UTC)
	expect(t, "on the last day", "<nil>", fmt.Sprint(h.run(transform.Options{}).Err()))
	h.deliver("2025-02", "'b', '2025-02-02', 1")
	h.asOf = h.asOf.AddDate(0, 0, 1)
	expect(t, "a day later", "table ads.toy_total: parameter toy.factor on 2025-02-10: repealed", h.run(transform.Options{}).Err().Error())
}

func TestABrokenPublicationIsMadeAnew(t *testing.T) {
	h := newHouse(t)
	h.deliver("2025-01", "'a', '2025-01-05', 1")
	h.run(transform.Options{})
	for i, damage := range []func(string) error{
		os.Remove,
		func(path string) error { return os.Truncate(path, 1000) },
		func(path string) error {
			return os.WriteFile(filepath.Join(filepath.Dir(path), "CURRENT"), []byte("../../x"), 0o600)
		},
	} {
		path, err := warehouse.Shelf{Dir: filepath.Join(h.dir, "published")}.Current()
		if err != nil {
			t.Fatal(err)
		}
		if err := damage(path); err != nil {
			t.Fatal(err)
		}
		expect(t, fmt.Sprint("damage ", i), " | built", did(h.run(transform.Options{})))
		expect(t, "readers", "1", h.total())
	}
}

// TestModelsSeeEarlierMonthsOnly: a model that reads its own table sees the months
// before, however many are built in one run, and builds each once.
func TestModelsSeeEarlierMonthsOnly(t *testing.T) {
	h := newHouse(t)
	h.put(h.models, "toy/dwd_chain.yaml", `table: dwd.toy_chain
title: 链
grain: one row per month
key: [month]
partition: month
reads: {dwd.toy_chain: {before: 1}}
columns:
  - {name: month, type: DATE, required: true, title: 月}
  - {name: sum, type: BIGINT, required: true, title: 累计}
`)
	h.put(h.sql, "toy/dwd_chain.sql", `SELECT CAST(date_trunc('month', e.day) AS DATE) AS month,
	CAST(sum(e.n) + coalesce(max(b.sum), 0) AS BIGINT) AS sum
FROM dwd.toy_event AS e
LEFT JOIN (SELECT sum(sum) AS sum FROM dwd.toy_chain) AS b ON true
GROUP BY 1`)
	h.deliver("2025-01", "'a', '2025-01-05', 1")
	h.deliver("2025-02", "'b', '2025-02-05', 10")
	h.deliver("2025-03", "'c', '2025-03-05', 100")
	for _, full := range []bool{false, true} {
		h.run(transform.Options{Full: full})
		expect(t, "sums", "1 11 111", h.column("SELECT sum FROM dwd.toy_chain ORDER BY month"))
	}
	h.deliver("2025-01", "'d', '2025-01-06', 1000")
	h.run(transform.Options{})
	expect(t, "sums after a change", "1001 1011 1111", h.column("SELECT sum FROM dwd.toy_chain ORDER BY month"))
}

// column is the first column of a query's rows.
func (h *house) column(text string) string {
	h.t.Helper()
	var list []string
	for _, row := range queryRows(h.t, h.engine, text) {
		list = append(list, row[0])
	}
	return strings.Join(list, " ")
}
