package transform_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/transform"
	"zhicang/warehouse"
)

// house is a small site of its own: one ods table, three models in a row, one
// parameter.
type house struct {
	t      *testing.T
	dir    string
	models fstest.MapFS
	sql    fstest.MapFS
	steps  []transform.Step
	ledger *ledger.Ledger
	engine *warehouse.Engine
	asOf   time.Time
	runs   int64
	batch  int64
}

const (
	odsContract = `table: ods.toy_event
title: 事件
grain: one row per event
key: [id]
partition: moment
columns:
  - {name: id, type: VARCHAR, required: true, title: 编号}
  - {name: moment, type: TIMESTAMP, required: true, title: 时间}
  - {name: n, type: BIGINT, title: 数}
`
	dwdContract = `table: dwd.toy_event
title: 事件
grain: one row per event
key: [id]
partition: day
columns:
  - {name: id, required: true}
  - {name: day, type: DATE, required: true, title: 日}
  - {name: n, min: 0}
`
	dwdSQL      = `SELECT id, CAST(moment AS DATE) AS day, n FROM ods.toy_event`
	dwsContract = `table: dws.toy_month
title: 每月
grain: one row per month
key: [month]
partition: month
reads: {dwd.toy_event: {before: 1}}
columns:
  - {name: month, type: DATE, required: true, title: 月}
  - {name: total, type: BIGINT, required: true, title: 合计, formula: 本月与上月之和}
`
	// Each month and the one before it, in one go.
	dwsSQL = `SELECT m.month, CAST(sum(e.n) AS BIGINT) AS total
FROM (SELECT DISTINCT CAST(date_trunc('month', day) AS DATE) AS month FROM dwd.toy_event) AS m
JOIN dwd.toy_event AS e ON date_diff('month', CAST(date_trunc('month', e.day) AS DATE), m.month) BETWEEN 0 AND 1
GROUP BY m.month`
	adsContract = `table: ads.toy_total
title: 总数
grain: one row
parameters: [toy.factor]
open: true
columns:
  - {name: total, type: DOUBLE, title: 总数}
`
	adsSQL = `SELECT sum(t.total) * max(p.value) AS total FROM dws.toy_month AS t CROSS JOIN (SELECT value FROM dim.parameter WHERE name = 'toy.factor') AS p`
	params = `- parameter: toy.factor
  title: 系数
  values: [{value: 1, reference: test}]
`
	dimParameter = `table: dim.parameter
title: 参数
grain: one row per value
open: true
columns:
  - {name: name, type: VARCHAR, title: 参数}
  - {name: value, type: DOUBLE, title: 值}
`
)

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: t.TempDir()}
	h.models = fstest.MapFS{}
	h.sql = fstest.MapFS{}
	h.put(h.models, "toy/ods_event.yaml", odsContract)
	h.put(h.models, "toy/dwd_event.yaml", dwdContract)
	h.put(h.models, "toy/dws_month.yaml", dwsContract)
	h.put(h.models, "toy/ads_total.yaml", adsContract)
	h.put(h.models, "toy/params/factor.yaml", params)
	h.put(h.models, "shared/dim_parameter.yaml", dimParameter)
	h.put(h.sql, "toy/dwd_event.sql", dwdSQL)
	h.put(h.sql, "toy/dws_month.sql", dwsSQL)
	h.put(h.sql, "toy/ads_total.sql", adsSQL)
	var err error
	if h.ledger, err = ledger.Open(t.Context(), filepath.Join(h.dir, "ledger.sqlite"), time.Now); err != nil {
		t.Fatal(err)
	}
	if h.engine, err = warehouse.Open(t.Context(), warehouse.Options{Path: filepath.Join(h.dir, "warehouse.duckdb")}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.engine.Close(); h.ledger.Close() })
	return h
}

func (h *house) put(fsys fstest.MapFS, name, text string) {
	fsys[name] = &fstest.MapFile{Data: []byte(text)}
}

// deliver lands one batch: rows of (id, moment, n), all of one month.
func (h *house) deliver(month string, rows ...string) {
	h.t.Helper()
	h.batch++
	path := fmt.Sprintf("lake/ods/toy_event/month=%s/%08d.parquet", month, h.batch)
	full := filepath.Join(h.dir, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		h.t.Fatal(err)
	}
	values := make([]string, len(rows))
	for i, r := range rows {
		values[i] = fmt.Sprintf("(%s, %d, %d, 'toy')", r, h.batch, i+1)
	}
	err := h.engine.Exec(h.t.Context(), fmt.Sprintf(
		"COPY (SELECT CAST(id AS VARCHAR) AS id, CAST(moment AS TIMESTAMP) AS moment, CAST(n AS BIGINT) AS n, CAST(b AS BIGINT) AS batch_id, CAST(r AS BIGINT) AS batch_row, s AS source_system FROM (VALUES %s) AS v(id, moment, n, b, r, s)) TO '%s' (FORMAT parquet)",
		strings.Join(values, ", "), full))
	if err != nil {
		h.t.Fatal(err)
	}
	b := ledger.Batch{
		ID: h.batch, Source: "toy", Unit: fmt.Sprint(h.batch), Table: "ods.toy_event",
		Files: []ledger.File{{Month: month, Path: path, Rows: int64(len(rows))}},
	}
	if err := h.ledger.CommitBatch(h.t.Context(), b, ledger.Unit{Stamp: "x"}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) runner() (*transform.Runner, error) {
	cat, err := models.Load(h.models)
	if err != nil {
		return nil, err
	}
	parameters := transform.Step{
		Table:   "dim.parameter",
		Version: func() string { return string(h.models["toy/params/factor.yaml"].Data) },
		Build: func(ctx context.Context, b *transform.Build) error {
			for _, p := range cat.Parameters() {
				if err := b.Emit(ctx, p.Name, *p.Values[0].Value); err != nil {
					return err
				}
			}
			return nil
		},
	}
	g, err := transform.NewGraph(h.t.Context(), h.engine, cat, h.sql, append([]transform.Step{parameters}, h.steps...))
	if err != nil {
		return nil, err
	}
	return &transform.Runner{
		Engine: h.engine, Graph: g, Ledger: h.ledger, Dir: h.dir, Keep: 3,
		Shelf: warehouse.Shelf{Dir: filepath.Join(h.dir, "published")}, AsOf: h.asOf, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}, nil
}

func (h *house) run(o transform.Options) transform.Result {
	h.t.Helper()
	r, err := h.runner()
	if err != nil {
		h.t.Fatal(err)
	}
	h.runs++
	res, err := r.Run(h.t.Context(), h.runs, o)
	if err != nil {
		h.t.Fatal(err)
	}
	return res
}

// did sums up what a run did: "dwd.toy_event 2025-01,2025-02; …".
func did(res transform.Result) string {
	var parts []string
	for _, t := range res.Tables {
		switch t.State {
		case transform.Built:
			parts = append(parts, strings.TrimSpace(t.Table+" "+strings.Join(t.Months, ",")))
		case transform.Failed:
			parts = append(parts, "FAILED "+t.Table)
		default:
			if strings.HasPrefix(t.Reason, "upstream") {
				parts = append(parts, "blocked "+t.Table)
			}
		}
	}
	return strings.Join(parts, "; ") + " | " + res.Publication.State
}

func (h *house) total() string {
	h.t.Helper()
	path, err := warehouse.Shelf{Dir: filepath.Join(h.dir, "published")}.Current()
	if err != nil {
		h.t.Fatal(err)
	}
	p, err := warehouse.OpenPublished(h.t.Context(), path, warehouse.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	defer p.Close()
	rows, err := p.Query(h.t.Context(), "SELECT total FROM ads.toy_total")
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var v *float64
		if err := rows.Scan(&v); err != nil {
			h.t.Fatal(err)
		}
		if v == nil {
			list = append(list, "NULL")
			continue
		}
		list = append(list, fmt.Sprint(*v))
	}
	return strings.Join(list, ",")
}

func expect(t *testing.T, what, want, got string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
