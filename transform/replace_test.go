package transform_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"zhicang/transform"
	"zhicang/warehouse"
)

// listed publishes the newest version of each id, by month, as long as it has a
// number.
func (h *house) listed() {
	h.put(h.sql, "toy/dwd_event.sql", `SELECT id, CAST(moment AS DATE) AS day, n FROM (
	SELECT id, moment, n, row_number() OVER (PARTITION BY id ORDER BY batch_id DESC) AS newest FROM ods.toy_event) AS e WHERE newest = 1 AND n IS NOT NULL`)
	h.put(h.models, "toy/dwd_event.yaml", strings.Replace(dwdContract, "columns:", "reads: {ods.toy_event: {same: [id]}}\ncolumns:", 1))
	h.put(h.models, "toy/ads_list.yaml", `table: ads.toy_list
title: 列表
grain: one row per event
key: [id]
partition: day
open: true
columns:
  - {name: id, required: true}
  - {name: day, required: true}
  - {name: n, required: true}
  - {name: among, type: BIGINT, required: true, title: 当月个数}
`)
	h.put(h.sql, "toy/ads_list.sql", `SELECT id, day, n, count(*) OVER (PARTITION BY date_trunc('month', day)) AS among FROM dwd.toy_event`)
}

// TestRunByRunIsAllAtOnce: whatever is added, changed, taken away and moved between
// months, what many runs leave, in the warehouse and in the publication that was
// carried on, is what one run makes of everything.
func TestRunByRunIsAllAtOnce(t *testing.T) {
	for seed := range 3 {
		r := rand.New(rand.NewPCG(uint64(seed), 11))
		daily, once := newHouse(t), newHouse(t)
		daily.listed()
		once.listed()
		for range 8 {
			for range 1 + r.IntN(2) {
				month := fmt.Sprintf("2025-%02d", 1+r.IntN(4))
				var rows []string
				for _, id := range r.Perm(40)[:1+r.IntN(12)] {
					n := fmt.Sprint(r.IntN(3)) // often what it was
					if r.IntN(4) == 0 {
						n = "NULL"
					}
					rows = append(rows, fmt.Sprintf("'%d', '%s-%02d', %s", id, month, 1+r.IntN(2), n))
				}
				daily.deliver(month, rows...)
				once.deliver(month, rows...)
			}
			daily.run(transform.Options{})
		}
		once.run(transform.Options{})
		for _, table := range []string{"dwd.toy_event", "dws.toy_month", "ads.toy_list", "ads.toy_total"} {
			text := "SELECT * FROM " + table + " ORDER BY ALL"
			want := fmt.Sprint(queryRows(t, once.engine, text))
			expect(t, table, want, fmt.Sprint(queryRows(t, daily.engine, text)))
			if strings.HasPrefix(table, "ads.") {
				expect(t, "published "+table, want, fmt.Sprint(daily.published(text)))
			}
		}
		expect(t, "everything anew changes nothing", transform.Skipped, daily.run(transform.Options{Full: true}).Publication.State)
	}
}

// published returns the rows of a query over the current publication.
func (h *house) published(text string) [][]string {
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
	rows, err := p.Query(h.t.Context(), text)
	if err != nil {
		h.t.Fatal(err)
	}
	return showRows(h.t, rows)
}
