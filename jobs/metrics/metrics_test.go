package metrics

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zhicang/ledger"
)

func TestMetrics(t *testing.T) {
	now := time.Date(2026, 6, 1, 2, 30, 0, 0, time.UTC)
	l, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.sqlite"), func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, result := range []string{"ok", "failed"} {
		run, err := l.BeginRun(t.Context(), "run", "2026-06-01")
		must(err)
		must(l.CommitBatch(t.Context(), ledger.Batch{ID: run, Run: run, Source: "portal", Unit: result, Table: "ods.x", Read: 12, Landed: 10, Held: 2, Quarantine: make([]ledger.Held, 2)}, ledger.Unit{Stamp: "s"}))
		must(l.AddStep(t.Context(), run, ledger.Step{Kind: "source", Subject: "portal", State: map[string]string{"ok": "built", "failed": "failed"}[result]}))
		now = now.Add(90 * time.Second)
		must(l.FinishRun(t.Context(), run, result, ""))
	}
	must(l.PutDue(t.Context(), ledger.Due{Schedule: "nightly", At: now, State: ledger.DueWaiting, Next: now}))
	must(l.SetCondition(t.Context(), "source:portal:data", "warn"))

	rec := httptest.NewRecorder()
	Handler(l, slog.New(slog.DiscardHandler)).ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	body, err := io.ReadAll(rec.Body)
	must(err)
	for _, want := range []string{
		`zhicang_runs{result="ok"} 1`,
		`zhicang_runs{result="failed"} 1`,
		`zhicang_run_last_duration_seconds 90`,
		`zhicang_source_rows_landed{source="portal",table="ods.x"} 20`,
		`zhicang_source_rows_held{source="portal",table="ods.x"} 4`,
		`zhicang_source_up{source="portal",table="ods.x"} 0`,
		`zhicang_source_last_loaded_seconds{source="portal",table="ods.x"} 1.78028109e+09`,
		`zhicang_schedule_waiting{schedule="nightly"} 1`,
		`zhicang_condition{subject="source:portal:data"} 1`,
	} {
		if !strings.Contains(string(body), want+"\n") {
			t.Errorf("no %s in\n%s", want, body)
		}
	}
}
