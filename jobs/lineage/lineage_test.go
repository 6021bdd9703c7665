package lineage

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func sample() Run {
	at := time.Date(2026, 6, 1, 2, 30, 0, 0, time.UTC)
	return Run{ID: 7, Started: at, Finished: at.Add(time.Minute), Failed: true, Steps: []Step{
		{Job: "load:portal", Inputs: []string{"source:portal"}, Output: "ods.congress_opinion", Started: at, Seconds: 2, Rows: 10},
		{Job: "dwd.congress_opinion", Inputs: []string{"ods.congress_opinion"}, Output: "dwd.congress_opinion", Started: at.Add(2 * time.Second), Seconds: 0.5, Err: "a check failed"},
	}}
}

func TestEvents(t *testing.T) {
	var got []string
	ids := map[string]bool{}
	for _, e := range Events("", sample()) {
		inputs := ""
		for _, in := range e.Inputs {
			inputs += in.Name + " "
		}
		got = append(got, strings.Join([]string{e.Type, e.Time.Format("15:04:05.0"), e.Job.Name, inputs}, " "))
		ids[e.Run.ID] = true
	}
	want := []string{
		"START 02:30:00.0 run ",
		"START 02:30:00.0 load:portal source:portal ",
		"COMPLETE 02:30:02.0 load:portal source:portal ",
		"START 02:30:02.0 dwd.congress_opinion ods.congress_opinion ",
		"FAIL 02:30:02.5 dwd.congress_opinion ods.congress_opinion ",
		"FAIL 02:31:00.0 run ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(ids) != 3 {
		t.Errorf("%d run ids for a run with two steps", len(ids))
	}
	again := Events("", sample())
	if diff := cmp.Diff(Events("", sample()), again); diff != "" {
		t.Errorf("events of one run differ: %s", diff)
	}
}

func TestEmit(t *testing.T) {
	var posted []Event
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var e Event
		body, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(body, &e); err != nil || r.Header.Get("Authorization") != "Bearer t0ken" {
			t.Errorf("%v, %s", err, r.Header)
		}
		posted = append(posted, e)
	}))
	defer srv.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("t0ken"), 0o600); err != nil {
		t.Fatal(err)
	}
	events := Events("county", sample())
	if err := Emit(t.Context(), Config{File: "lineage.jsonl", URL: srv.URL, Token: "file:token"}, dir, events); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "lineage.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(data), "\n"); n != len(events) || len(posted) != len(events) {
		t.Errorf("%d lines and %d posts for %d events", n, len(posted), len(events))
	}
	if err := Emit(t.Context(), Config{URL: "http://127.0.0.1:1"}, dir, events[:1]); err == nil || !strings.HasPrefix(err.Error(), "lineage: no answer") {
		t.Errorf("a server that is not there: %v", err)
	}
}
