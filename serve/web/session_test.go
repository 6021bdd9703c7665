package web

import (
	"testing"
	"time"
)

func TestSessionsEnd(t *testing.T) {
	now := time.Date(2026, 1, 15, 8, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		name string
		uses []time.Duration // since the beginning; the last one is judged
		want bool
	}{
		{"at once", []time.Duration{0}, true},
		{"used before the idle time is over", []time.Duration{29 * time.Minute}, true},
		{"unused for the idle time", []time.Duration{30 * time.Minute}, false},
		{"kept alive by use", []time.Duration{20 * time.Minute, 45 * time.Minute}, true},
		{"once over, over", []time.Duration{30 * time.Minute, 31 * time.Minute}, false},
		{"used without a pause, over at last", []time.Duration{25 * time.Minute, 50 * time.Minute, 60 * time.Minute}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			clock := now
			s := newSessions(30*time.Minute, time.Hour, func() time.Time { return clock })
			id := s.begin("renda")
			var got bool
			for _, at := range tt.uses {
				clock = now.Add(at)
				_, got = s.get(id)
			}
			if got != tt.want {
				t.Errorf("signed in: %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSessionsAreApart(t *testing.T) {
	s := newSessions(time.Hour, time.Hour, time.Now)
	a, b := s.begin("a"), s.begin("b")
	sa, _ := s.get(a)
	sb, _ := s.get(b)
	if a == b || sa.csrf == sb.csrf || sa.account != "a" || sb.account != "b" {
		t.Fatalf("sessions are mixed up: %+v %+v", sa, sb)
	}
	if sa.matches(sb.csrf) || sa.matches("") || !sa.matches(sa.csrf) {
		t.Error("a form's token does not belong to its session alone")
	}
	s.end(a)
	if _, ok := s.get(a); ok {
		t.Error("an ended session is still there")
	}
	if _, ok := s.get(b); !ok {
		t.Error("ending one session ended the other")
	}
	if _, ok := s.get(""); ok {
		t.Error("no id is a session")
	}
}

func TestSessionsForgetWhatIsOver(t *testing.T) {
	now := time.Now()
	s := newSessions(time.Minute, time.Hour, func() time.Time { return now })
	for range 5 {
		s.begin("a")
	}
	now = now.Add(time.Minute)
	s.begin("a")
	if len(s.byID) != 1 {
		t.Errorf("%d sessions are kept, want the new one alone", len(s.byID))
	}
}
