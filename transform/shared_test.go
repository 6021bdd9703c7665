package transform_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"zhicang/transform"
)

// versions makes dwd.toy_event hold the newest version of each id.
func (h *house) versions() {
	h.put(h.sql, "toy/dwd_event.sql", `SELECT id, CAST(moment AS DATE) AS day, n FROM (
	SELECT id, moment, n, row_number() OVER (PARTITION BY id ORDER BY batch_id DESC) AS newest FROM ods.toy_event) AS e WHERE newest = 1`)
	h.put(h.models, "toy/dwd_event.yaml", strings.Replace(dwdContract, "columns:", "reads: {ods.toy_event: {same: [id]}}\ncolumns:", 1))
}

func TestVersionsAreFollowedIntoOtherMonths(t *testing.T) {
	h := newHouse(t)
	h.versions()
	h.deliver("2025-01", "'x', '2025-01-05', 1")
	h.deliver("2025-03", "'y', '2025-03-05', 2")
	h.deliver("2025-05", "'a', '2025-05-05', 10")
	h.run(transform.Options{})
	expect(t, "1 + 2 + 10, each in two months", "13", h.total())
	for _, c := range []struct{ what, month, row, did, total string }{
		{"news of one month", "2025-05", "'z', '2025-05-06', 20", "dwd.toy_event 2025-05; dws.toy_month 2025-05; ads.toy_total | built", "33"},
		{"a moves to January", "2025-01", "'a', '2025-01-07', 100", "dwd.toy_event 2025-01,2025-05; dws.toy_month 2025-01,2025-05; ads.toy_total | built", "123"},
		{"and to March, past January and May", "2025-03", "'a', '2025-03-07', 1000", "dwd.toy_event 2025-01,2025-03,2025-05; dws.toy_month 2025-01,2025-03; ads.toy_total | built", "1023"},
		{"news beside it", "2025-03", "'w', '2025-03-08', 5", "dwd.toy_event 2025-03; dws.toy_month 2025-03; ads.toy_total | built", "1028"},
	} {
		h.deliver(c.month, c.row)
		expect(t, c.what, c.did, did(h.run(transform.Options{})))
		expect(t, c.what, c.total, h.total())
	}
	expect(t, "nothing new", " | skipped", did(h.run(transform.Options{})))
}

// TestNewestVersionsWhateverComes: after every run the table holds the newest
// version of each id, whatever was delivered in which order and months.
func TestNewestVersionsWhateverComes(t *testing.T) {
	for seed := range 4 {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		h := newHouse(t)
		h.versions()
		newest := map[string]string{}
		for range 6 {
			for range 1 + r.IntN(3) {
				month := 1 + r.IntN(5)
				var rows []string
				for _, id := range r.Perm(6)[:1+r.IntN(3)] {
					day, n := fmt.Sprintf("2025-%02d-%02d", month, 1+r.IntN(28)), r.IntN(1000)
					rows = append(rows, fmt.Sprintf("'%d', '%s', %d", id, day, n))
					newest[fmt.Sprint(id)] = fmt.Sprint(id, " ", day, " ", n)
				}
				h.deliver(fmt.Sprintf("2025-%02d", month), rows...)
			}
			h.run(transform.Options{})
			var got []string
			for _, row := range queryRows(t, h.engine, "SELECT id, CAST(day AS VARCHAR), n FROM dwd.toy_event ORDER BY id") {
				got = append(got, strings.Join(row, " "))
			}
			expect(t, "newest versions", strings.Join(slices.Sorted(maps.Values(newest)), "\n"), strings.Join(got, "\n"))
		}
	}
}
