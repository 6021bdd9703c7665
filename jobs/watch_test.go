package jobs

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"zhicang/ingest"
	"zhicang/jobs/notice"
	"zhicang/ledger"
)

func TestToldOncePerChange(t *testing.T) {
	l, err := ledger.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.sqlite"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var told []string
	down := false
	duty, mail := notice.Config{Name: "duty"}, notice.Config{Name: "mail", Events: []string{notice.Error, notice.OK}}
	var mailed []string
	w := Watch{Ledger: l, Now: time.Now, Notices: []notice.Config{duty, mail}, Send: func(_ context.Context, to notice.Config, e notice.Event) error {
		if to.Name == mail.Name {
			mailed = append(mailed, e.Level)
			return nil
		}
		if down {
			return errors.New("no route")
		}
		told = append(told, e.Level)
		return nil
	}}
	for _, level := range []string{"ok", "ok", "warn", "warn", "error", "error", "ok", "ok"} {
		if err := w.See(t.Context(), "source:portal", level, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	// What could not be sent is sent later, and what went by meanwhile is not.
	down = true
	for _, level := range []string{"warn", "error"} {
		if err := w.See(t.Context(), "source:portal", level, "", ""); err == nil {
			t.Error("a notice that was not sent is no error")
		}
	}
	down = false
	for range 2 {
		if err := w.See(t.Context(), "source:portal", "error", "", ""); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, told, []string{"warn", "error", "ok", "error"})
	// Nobody hears a thing twice because another can't be reached, nor that what he
	// never heard of is over.
	expect(t, mailed, []string{"error", "ok", "error"})
	for _, level := range []string{"ok", "warn", "ok"} {
		if err := w.See(t.Context(), "source:hotline", level, "", ""); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, mailed, []string{"error", "ok", "error"})
}

func TestFreshnessIsJudgedTwice(t *testing.T) {
	f := ingest.Freshness{
		Loaded: ingest.Promise{WarnAfter: 26 * time.Hour, ErrorAfter: 50 * time.Hour},
		Data:   ingest.Promise{WarnAfter: 72 * time.Hour},
	}
	now, none := at("2026-06-10 07:00"), time.Time{}
	day := at("2026-06-09 00:00")
	tests := []struct {
		name                  string
		loaded, newest, since time.Time
		load, data            string
	}{
		{"well", now.Add(-5 * time.Hour), day, none, notice.OK, notice.OK},
		{"read every night, nothing new", now.Add(-5 * time.Hour), at("2026-06-05 00:00"), none, notice.OK, notice.Warn},
		{"exactly as old as promised", now.Add(-26 * time.Hour), at("2026-06-06 07:00"), none, notice.OK, notice.OK},
		{"not reached", now.Add(-27 * time.Hour), day, none, notice.Warn, notice.OK},
		{"not reached for long", now.Add(-51 * time.Hour), day, none, notice.Error, notice.OK},
		{"never came", none, none, now.Add(-80 * time.Hour), notice.Error, notice.Warn},
		{"new in the config", none, none, now.Add(-time.Hour), notice.OK, notice.OK},
	}
	for _, tt := range tests {
		load, data := Judge(f, "portal", tt.loaded, tt.newest, tt.since, now)
		if load.Level != tt.load || data.Level != tt.data {
			t.Errorf("%s: %s and %s, want %s and %s", tt.name, load.Level, data.Level, tt.load, tt.data)
		}
	}
	load, _ := Judge(f, "portal", now.Add(-51*time.Hour), day, none, now)
	if want := "来源 portal 已 51 小时没有读到"; load.Title != want {
		t.Errorf("got %s, want %s", load.Title, want)
	}
}
