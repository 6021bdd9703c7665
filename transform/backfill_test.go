package transform_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/models"
	"zhicang/transform"
)

func february(since int64) transform.Options {
	m := models.MonthOf(2025, 2)
	return transform.Options{Full: true, Interval: &transform.Interval{First: m, Last: m, Since: since}}
}

func TestBackfillStaysInItsInterval(t *testing.T) {
	h := newHouse(t)
	for _, m := range []string{"2025-01", "2025-02", "2025-03"} {
		h.deliver(m, "'"+m+"', '"+m+"-05', 1")
	}
	h.run(transform.Options{})
	// New rows in two months: only one of them is asked for.
	h.deliver("2025-02", "'x', '2025-02-06', 10")
	h.deliver("2025-03", "'y', '2025-03-06', 100")

	r, err := h.runner()
	if err != nil {
		t.Fatal(err)
	}
	plan, err := r.Plan(t.Context(), february(0))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range plan {
		got[p.Table] = strings.Join(p.Months, ",") + " | " + strings.Join(p.Beyond, ",")
	}
	want := map[string]string{
		"dim.parameter": " | ", "dwd.toy_event": "2025-02 | 2025-03", "dws.toy_month": "2025-02 | 2025-03", "ads.toy_total": " | ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}

	res := h.run(february(0))
	if res.Err() != nil || res.Publication.State != transform.Skipped {
		t.Fatal(res.Err(), res.Publication)
	}
	if got := did(res); !strings.Contains(got, "dwd.toy_event 2025-02;") || strings.Contains(got, "2025-03") {
		t.Errorf("it did %s", got)
	}
	first := h.runs
	// Gone on with, there is nothing left to do; begun anew, all of it is.
	for _, tr := range h.run(february(first)).Tables {
		if len(tr.Months) > 0 {
			t.Errorf("resumed, it built %s %v", tr.Table, tr.Months)
		}
	}
	if got := did(h.run(february(0))); !strings.Contains(got, "dwd.toy_event 2025-02;") {
		t.Errorf("begun anew, it did %s", got)
	}
	// The next run does what was left.
	if got := did(h.run(transform.Options{})); !strings.Contains(got, "dwd.toy_event 2025-03;") || strings.Contains(got, "dwd.toy_event 2025-02") {
		t.Errorf("the next run did %s", got)
	}
}

func TestBackfillOfAReshapedTable(t *testing.T) {
	h := newHouse(t)
	h.deliver("2025-01", "'a', '2025-01-05', 1")
	h.deliver("2025-02", "'b', '2025-02-05', 1")
	h.run(transform.Options{})
	h.put(h.sql, "toy/dwd_event.sql", "SELECT id, CAST(moment AS DATE) AS day, n + 1 AS n FROM ods.toy_event")
	r, err := h.runner()
	if err != nil {
		t.Fatal(err)
	}
	var reshaped *transform.ReshapedError
	if _, err := r.Plan(t.Context(), february(0)); !errors.As(err, &reshaped) || reshaped.Table != "dwd.toy_event" {
		t.Error(err)
	}
	if res := h.run(february(0)); !errors.As(res.Err(), &reshaped) {
		t.Error(res.Err())
	}
}
