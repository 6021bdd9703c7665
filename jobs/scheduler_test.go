package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/ledger"
	"zhicang/models/workday"
)

var shanghai = time.FixedZone("CST", 8*3600)

func at(s string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", s, shanghai)
	if err != nil {
		panic(err)
	}
	return t
}

// clock is turned by whoever waits for it.
type clock struct {
	now time.Time
	// outages are spans during which nothing runs: a wait that reaches one
	// ends behind it.
	outages [][2]time.Time
	end     time.Time // the context is cancelled from then on
	cancel  context.CancelFunc
}

func (c *clock) Now() time.Time { return c.now }

func (c *clock) Until(ctx context.Context, moment time.Time) error {
	c.pass(moment.Sub(c.now))
	return ctx.Err()
}

func (c *clock) pass(d time.Duration) {
	if d <= 0 {
		d = 0
	}
	c.now = c.now.Add(d)
	for _, o := range c.outages {
		if !c.now.Before(o[0]) && c.now.Before(o[1]) {
			c.now = o[1]
		}
	}
	if !c.now.Before(c.end) {
		c.cancel()
	}
}

type setup struct {
	*Scheduler
	clock *clock
	runs  []string // what was run, as "nightly due 02:30 at 02:30"
}

// simulate makes a scheduler on a clock of its own, to be run by Serve until
// the end.
func simulate(t testing.TB, start, end string, configs ...Config) (*setup, context.Context) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := &clock{now: at(start), end: at(end), cancel: cancel}
	l, err := ledger.Open(ctx, filepath.Join(t.TempDir(), "ledger.sqlite"), c.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s := &setup{clock: c}
	s.Scheduler = &Scheduler{
		Schedules: configs, Ledger: l, Calendar: workday.Embedded(), Location: shanghai, Clock: c, Log: slog.New(slog.DiscardHandler),
		Run: func(_ context.Context, j Job) Outcome {
			s.runs = append(s.runs, fmt.Sprintf("%s due %s at %s", j.Schedule, j.Due.In(shanghai).Format("02 15:04"), c.now.In(shanghai).Format("02 15:04")))
			c.pass(time.Minute)
			return Outcome{Run: int64(len(s.runs))}
		},
	}
	return s, ctx
}

func (s *setup) dues(t testing.TB) []string {
	t.Helper()
	list, err := s.Ledger.Dues(context.Background(), time.Time{}, at("2030-01-01 00:00"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %s %s %s", d.Schedule, d.At.In(shanghai).Format("02 15:04"), d.State, d.Note))
	}
	return out
}

func expect(t testing.TB, got, want []string) {
	t.Helper()
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func none() *int { n := 0; return &n }

func TestNightsOfAWeekWithAHoliday(t *testing.T) {
	// 2026-09-20 is a Sunday that is worked for the National Day.
	s, ctx := simulate(t, "2026-09-18 12:00", "2026-09-22 12:00", Config{Name: "n", Cron: "30 2 * * *", Days: daysWorkdays})
	if err := s.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, s.runs, []string{"n due 20 02:30 at 20 02:30", "n due 21 02:30 at 21 02:30", "n due 22 02:30 at 22 02:30"})
}

func TestCatchUp(t *testing.T) {
	tests := []struct {
		policy string
		runs   []string
		dues   []string
	}{
		{catchUpLatest, []string{"h due 01 01:00 at 01 01:00", "h due 01 04:00 at 01 04:30", "h due 01 05:00 at 01 05:00"}, []string{
			"h 01 01:00 done", "h 01 02:00 skipped a later run does its work", "h 01 03:00 skipped a later run does its work", "h 01 04:00 done", "h 01 05:00 done",
		}},
		{catchUpAll, []string{"h due 01 01:00 at 01 01:00", "h due 01 02:00 at 01 04:30", "h due 01 03:00 at 01 04:31", "h due 01 04:00 at 01 04:32", "h due 01 05:00 at 01 05:00"}, []string{
			"h 01 01:00 done", "h 01 02:00 done", "h 01 03:00 done", "h 01 04:00 done", "h 01 05:00 done",
		}},
		{catchUpNone, []string{"h due 01 01:00 at 01 01:00", "h due 01 05:00 at 01 05:00"}, []string{
			"h 01 01:00 done", "h 01 02:00 skipped missed; catch_up is none", "h 01 03:00 skipped missed; catch_up is none", "h 01 04:00 skipped missed; catch_up is none", "h 01 05:00 done",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.policy, func(t *testing.T) {
			s, ctx := simulate(t, "2026-06-01 00:30", "2026-06-01 05:30", Config{Name: "h", Cron: "0 * * * *", CatchUp: tt.policy})
			s.clock.outages = [][2]time.Time{{at("2026-06-01 01:30"), at("2026-06-01 04:30")}}
			if err := s.Serve(ctx); err != nil {
				t.Fatal(err)
			}
			expect(t, s.runs, tt.runs)
			expect(t, s.dues(t), tt.dues)
		})
	}
}

func TestRetriesBackOffAndEnd(t *testing.T) {
	two := 2
	s, ctx := simulate(t, "2026-06-01 00:00", "2026-06-01 20:00", Config{Name: "n", Cron: "0 1 * * *", Retries: &two, Backoff: 10 * time.Minute})
	inner := s.Run
	s.Run = func(ctx context.Context, j Job) Outcome {
		out := inner(ctx, j)
		out.Err = errors.New("no route to the department")
		return out
	}
	if err := s.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, s.runs, []string{"n due 01 01:00 at 01 01:00", "n due 01 01:00 at 01 01:11", "n due 01 01:00 at 01 01:32"})
	expect(t, s.dues(t), []string{"n 01 01:00 failed no route to the department"})
}

func TestLaterRunTakesOverFromARetry(t *testing.T) {
	s, ctx := simulate(t, "2026-06-01 00:00", "2026-06-01 02:30", Config{Name: "n", Cron: "0 1,2 * * *", Backoff: 50 * time.Minute})
	inner := s.Run
	s.Run = func(ctx context.Context, j Job) Outcome {
		out := inner(ctx, j)
		if j.Due.In(shanghai).Hour() == 1 {
			out.Err = errors.New("late")
		}
		return out
	}
	s.clock.outages = [][2]time.Time{{at("2026-06-01 01:30"), at("2026-06-01 02:00")}}
	if err := s.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, s.dues(t), []string{"n 01 01:00 skipped a later run does its work; before: late", "n 01 02:00 done"})
}

func TestLongRunsDoNotOverlapAndTimeOut(t *testing.T) {
	s, ctx := simulate(t, "2026-06-01 00:00", "2026-06-01 01:10", Config{Name: "q", Cron: "*/10 * * * *", Timeout: 20 * time.Millisecond, Retries: none()})
	running := false
	s.Run = func(ctx context.Context, j Job) Outcome {
		if running {
			t.Error("two runs at once")
		}
		running = true
		defer func() { running = false }()
		s.clock.pass(25 * time.Minute)
		if j.Due.In(shanghai).Minute() == 10 {
			<-ctx.Done()
			return Outcome{Err: fmt.Errorf("load: %w", ctx.Err())}
		}
		panic("boom")
	}
	if err := s.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	expect(t, s.dues(t), []string{
		"q 01 00:10 failed the run took longer than 20ms",
		"q 01 00:20 skipped a later run does its work",
		"q 01 00:30 failed the run panicked; the log has the place",
		"q 01 00:40 skipped a later run does its work",
		"q 01 00:50 skipped a later run does its work",
		"q 01 01:00 waiting interrupted",
	})
}

// TestADayWithFailuresAndAnOutage runs 24 hours of four schedules with failing
// runs, a process that is killed in a run and six hours without any, and wants
// every due time accounted for.
func TestADayWithFailuresAndAnOutage(t *testing.T) {
	configs := []Config{
		{Name: "hourly", Cron: "0 * * * *"},
		{Name: "quarter", Cron: "*/15 * * * *", CatchUp: catchUpNone},
		{Name: "each", Cron: "20 */2 * * *", CatchUp: catchUpAll},
		{Name: "nightly", Cron: "30 2 * * *", Days: daysWorkdays},
	}
	s, ctx := simulate(t, "2026-06-01 00:00", "2026-06-02 00:00", configs...)
	s.clock.outages = [][2]time.Time{{at("2026-06-01 07:05"), at("2026-06-01 13:05")}}
	rnd := rand.New(rand.NewPCG(6, 24))
	inner := s.Run
	s.Run = func(ctx context.Context, j Job) Outcome {
		out := inner(ctx, j)
		if rnd.IntN(4) == 0 {
			out.Err = errors.New("failed")
		}
		return out
	}
	if err := s.Serve(ctx); err != nil {
		t.Fatal(err)
	}
	states := allAccounted(t, s, configs, "2026-06-01 00:00", "2026-06-01 23:59")
	t.Logf("24 hours, 6 of them out: %d runs made; of the due times %v", len(s.runs), states)
	for _, state := range []string{ledger.DueDone, ledger.DueSkipped} {
		if states[state] == 0 {
			t.Errorf("no due time is %s: the day tests nothing", state)
		}
	}
}

// allAccounted checks that every due time of an interval is in the ledger, and
// nothing else, and counts the states.
func allAccounted(t rapid.TB, s *setup, configs []Config, from, to string) map[string]int {
	t.Helper()
	list, err := s.Ledger.Dues(context.Background(), at(from), at(to))
	if err != nil {
		t.Fatal(err)
	}
	got, states := map[string]bool{}, map[string]int{}
	for _, d := range list {
		got[d.Schedule+" "+d.At.In(shanghai).Format(time.RFC3339)] = true
		states[d.State]++
	}
	want := 0
	for _, c := range configs {
		spec, err := s.times(c.withDefaults())
		if err != nil {
			t.Fatal(err)
		}
		dues, _ := spec.between(at(from), at(to).Add(-time.Nanosecond), 100_000)
		want += len(dues)
		for _, due := range dues {
			if !got[c.Name+" "+due.Format(time.RFC3339)] {
				t.Errorf("%s of %s is not accounted for", due.Format("15:04"), c.Name)
			}
		}
	}
	if len(list) != want {
		t.Errorf("%d due times in the ledger, want %d", len(list), want)
	}
	return states
}

// However schedules, outages, failures and the end of the process fall, every
// due time is accounted for once and nothing waits for ever.
func TestEveryDueTimeIsAccountedFor(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var configs []Config
		for i := range rapid.IntRange(1, 2).Draw(rt, "schedules") {
			configs = append(configs, Config{
				Name: fmt.Sprint("s", i), Cron: rapid.SampledFrom([]string{"0 * * * *", "*/20 * * * *", "5 9-11 * * 1-5", "0 12 5 6 *"}).Draw(rt, "cron"),
				CatchUp: rapid.SampledFrom([]string{catchUpLatest, catchUpAll, catchUpNone}).Draw(rt, "catch up"),
				Days:    rapid.SampledFrom([]string{daysAll, daysWorkdays}).Draw(rt, "days"),
			})
		}
		s, ctx := simulate(t, "2026-06-05 08:00", "2026-06-05 12:00", configs...)
		out := rapid.IntRange(0, 240).Draw(rt, "outage begins")
		length := rapid.IntRange(0, 300).Draw(rt, "outage lasts")
		begin := at("2026-06-05 08:00").Add(time.Duration(out) * time.Minute)
		s.clock.outages = [][2]time.Time{{begin, begin.Add(time.Duration(length) * time.Minute)}}
		inner := s.Run
		s.Run = func(ctx context.Context, j Job) Outcome {
			o := inner(ctx, j)
			s.clock.pass(time.Duration(rapid.IntRange(0, 30).Draw(rt, "minutes")) * time.Minute)
			if rapid.Bool().Draw(rt, "fails") {
				o.Err = errors.New("failed")
			}
			return o
		}
		if err := s.Serve(ctx); err != nil {
			rt.Fatal(err)
		}
		// The process comes back, and nothing fails any more.
		s.Run = inner
		again, cancel := context.WithCancel(context.Background())
		s.clock.end, s.clock.cancel = s.clock.now.Add(12*time.Hour), cancel
		if err := s.Serve(again); err != nil {
			rt.Fatal(err)
		}
		states := allAccounted(rt, s, configs, "2026-06-05 08:00", "2026-06-05 12:00")
		if n := states[ledger.DueWaiting] + states[ledger.DueRunning]; n > 0 {
			rt.Errorf("%d due times still wait", n)
		}
	})
}

func TestConfigProblems(t *testing.T) {
	tests := []struct {
		c    Config
		want string
	}{
		{Config{Cron: "* * * * *"}, "name: is required"},
		{Config{Name: "n", Cron: "61 * * * *"}, "cron: \"61 * * * *\": end of range (61) above maximum (59)"},
		{Config{Name: "n", Cron: "* * * * *", Days: "workday"}, "days: \"workday\" is none of all, workdays, holidays"},
		{Config{Name: "n", Cron: "* * * * *", CatchUp: "last"}, "catch_up: \"last\" is none of"},
		{Config{Name: "n", Cron: "* * * * *", Sources: []string{"portl"}}, "sources: \"portl\" is none of portal"},
		{Config{Name: "n", Cron: "* * * * *", Timeout: 5}, "timeout: 5ns is too short"},
	}
	for _, tt := range tests {
		p := tt.c.Validate([]string{"portal"})
		if p == nil || !strings.HasPrefix(p.Key+": "+p.Msg, tt.want) {
			t.Errorf("%+v: %+v, want %s", tt.c, p, tt.want)
		}
	}
}
