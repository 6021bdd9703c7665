package ledger

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l, ctx := open(t, path), t.Context()
	run, err := l.BeginRun(ctx, "run", "2025-02-28")
	if err != nil {
		t.Fatal(err)
	}
	steps := []Step{
		{Kind: "source", Subject: "messages", State: "built", Rows: 8, Held: 2, Millis: 5},
		{Kind: "table", Subject: "dwd.congress_opinion", State: "failed", Reason: "check: 意见唯一"},
	}
	for _, s := range steps {
		if err := l.AddStep(ctx, run, s); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.FinishRun(ctx, run, "failed", "1 table failed"); err != nil {
		t.Fatal(err)
	}
	killed, err := l.BeginRun(ctx, "backfill", "2025-03-01")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.AddStep(ctx, killed, steps[0]); err != nil { // the numbers of steps begin anew
		t.Fatal(err)
	}
	l = open(t, path)
	runs, err := l.Runs(ctx, 10)
	if err != nil {
		t.Fatal(err)
	}
	now := "2025-03-01T02:00:04.000Z"
	want := []Run{
		{ID: 2, Kind: "backfill", AsOf: "2025-03-01", Started: now},
		{ID: 1, Kind: "run", AsOf: "2025-02-28", Started: now, Finished: now, Result: "failed", Message: "1 table failed"},
	}
	if diff := cmp.Diff(want, runs); diff != "" {
		t.Error(diff)
	}
	got, err := l.Steps(ctx, run)
	if diff := cmp.Diff(steps, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

func TestPublications(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	latest := func() string {
		p, ok, err := l.LatestPublication(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return "none"
		}
		return fmt.Sprintf("%d %s %s", p.ID, p.Digest, p.State)
	}
	if got := latest(); got != "none" {
		t.Error(got)
	}
	for i, want := range []string{"1 d1 published", "2 d2 published"} {
		id, err := l.PreparePublication(ctx, 7, fmt.Sprint("d", i+1))
		if err != nil {
			t.Fatal(err)
		}
		if got := latest(); got == want {
			t.Errorf("%s, before its file is whole", got)
		}
		if err := l.SetPublication(ctx, id, Published); err != nil {
			t.Fatal(err)
		}
		if got := latest(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if _, err := l.PreparePublication(ctx, 8, "d3"); err != nil {
		t.Fatal(err)
	}
	if err := l.SetPublication(ctx, 2, Withdrawn); err != nil {
		t.Fatal(err)
	}
	if got := latest(); got != "2 d2 withdrawn" {
		t.Error(got)
	}
	list, err := l.Publications(ctx)
	if err != nil || len(list) != 2 || list[0].ID != 2 || list[1].State != Published || list[1].Run != 7 {
		t.Error(list, err)
	}
}

func TestFacts(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	for _, want := range []string{"", "one", "two"} {
		if want != "" {
			if err := l.SetFact(ctx, "key", want); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := l.Fact(ctx, "key"); got != want || err != nil {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
}
