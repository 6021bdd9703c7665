package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"zhicang/ledger"
	"zhicang/models/workday"
)

// A Clock tells the time and waits. The zero SystemClock is the real one; tests
// turn their own.
type Clock interface {
	Now() time.Time
	// Until returns at the moment, or earlier with the context's error.
	Until(ctx context.Context, moment time.Time) error
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// Until waits in steps of at most a minute, so that a clock that is set forward
// or a machine that slept is noticed soon.
func (SystemClock) Until(ctx context.Context, moment time.Time) error {
	for {
		left := time.Until(moment)
		if left <= 0 {
			return ctx.Err()
		}
		timer := time.NewTimer(min(left, time.Minute))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// A Job is one run to be made.
type Job struct {
	Schedule string
	Due      time.Time
	// AsOf is the day that the run reports on: that of the due time where
	// every missed run is caught up, else today.
	AsOf    time.Time
	Sources []string
	Select  []string
}

// An Outcome is what came of a run. Err is nil when everything in it went well.
type Outcome struct {
	Run int64 // in the ledger; 0 when it did not get that far
	Err error
}

// Scheduler makes runs when they are due, one at a time: the data folder has
// room for one writer. Every due time is accounted for in the ledger, whatever
// happens, so that a process that comes back knows what it missed.
type Scheduler struct {
	Schedules []Config
	Ledger    *ledger.Ledger
	Calendar  *workday.Calendar
	Location  *time.Location
	Clock     Clock
	Log       *slog.Logger
	// Run makes a run. It is called for one job at a time.
	Run func(ctx context.Context, j Job) Outcome
	// After is called after every run and at every turn, to look at what may
	// have changed with time; may be nil. Its error is logged: a notice that
	// can't be sent keeps nothing from running.
	After func(ctx context.Context) error
	// LookEvery is how often After is called when nothing runs. Default: 5m.
	LookEvery time.Duration
}

// maxMissed bounds how many missed times are looked at together after a long
// outage.
const maxMissed = 10_000

// Serve runs until the context ends; that is no error.
func (s *Scheduler) Serve(ctx context.Context) error {
	if err := s.recover(ctx); err != nil {
		return err
	}
	for {
		wake, err := s.Turn(ctx)
		if err == nil {
			err = s.Clock.Until(ctx, wake)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// recover settles what a process that was killed left running.
func (s *Scheduler) recover(ctx context.Context) error {
	open, err := s.Ledger.OpenDues(ctx)
	if err != nil {
		return err
	}
	for _, d := range open {
		if d.State != ledger.DueRunning {
			continue
		}
		d.State, d.Next, d.Note = ledger.DueWaiting, s.Clock.Now(), "the process ended while it ran"
		if err := s.Ledger.PutDue(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

// Turn writes down what is due by now, makes the runs whose time has come, and
// returns when to look again.
func (s *Scheduler) Turn(ctx context.Context) (wake time.Time, err error) {
	for {
		now := s.Clock.Now()
		for _, c := range s.Schedules {
			if err := s.account(ctx, c.withDefaults(), now); err != nil {
				return wake, err
			}
		}
		d, ok, err := s.ripe(ctx, now)
		if err != nil {
			return wake, err
		}
		if ok {
			if err := s.attempt(ctx, d); err != nil {
				return wake, err
			}
		}
		if s.After != nil {
			if err := s.After(ctx); err != nil && ctx.Err() == nil {
				s.Log.Error("look after a run", "err", err)
			}
		}
		if err := ctx.Err(); err != nil {
			return wake, err
		}
		if !ok {
			return s.wake(ctx, now)
		}
	}
}

func (s *Scheduler) times(c Config) (times, error) {
	spec, err := parse(c.Cron)
	if err != nil {
		return times{}, fmt.Errorf("schedule %s: %w", c.Name, err)
	}
	return times{spec, c.Days, s.Calendar, s.Location}, nil
}

// account writes down the times that a schedule became due since it was last
// looked at.
func (s *Scheduler) account(ctx context.Context, c Config, now time.Time) error {
	t, err := s.times(c)
	if err != nil {
		return err
	}
	for {
		since, err := s.accountedUntil(ctx, c, now)
		if err != nil {
			return err
		}
		dues, unsure := t.between(since, now, maxMissed)
		if unsure {
			s.Log.Warn("the calendar has no notice of holidays for that year: weekdays decide", "schedule", c.Name, "try", "add the notice to workdays.csv in the site's folder")
		}
		more := len(dues) == maxMissed
		for i, due := range dues {
			if err := s.note(ctx, c, due, now, more || i < len(dues)-1); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// accountedUntil is the moment up to which the due times of a schedule are
// written down. Those of one that is new count from when it was first seen.
func (s *Scheduler) accountedUntil(ctx context.Context, c Config, now time.Time) (time.Time, error) {
	last, ok, err := s.Ledger.LastDue(ctx, c.Name)
	if err != nil || ok {
		return last.At, err
	}
	fact := "schedule_since:" + c.Name
	seen, err := s.Ledger.Fact(ctx, fact)
	if err != nil {
		return now, err
	}
	if seen == "" {
		return now, s.Ledger.SetFact(ctx, fact, now.UTC().Format(time.RFC3339Nano))
	}
	return time.Parse(time.RFC3339Nano, seen)
}

// note writes down one due time. later says that a later one is due as well.
func (s *Scheduler) note(ctx context.Context, c Config, due, now time.Time, later bool) error {
	d := ledger.Due{Schedule: c.Name, At: due, State: ledger.DueWaiting, Next: now}
	switch {
	case c.CatchUp == catchUpLatest && later:
		d = skipped(d, "a later run does its work")
	case c.CatchUp == catchUpNone && now.Sub(due) > c.Late:
		d = skipped(d, "missed; catch_up is none")
	case c.CatchUp != catchUpAll:
		if err := s.supersede(ctx, d); err != nil {
			return err
		}
	}
	return s.Ledger.PutDue(ctx, d)
}

func skipped(d ledger.Due, why string) ledger.Due {
	d.State, d.Next, d.Note = ledger.DueSkipped, time.Time{}, why
	return d
}

// supersede settles earlier runs of a schedule that still wait: the later one
// does their work.
func (s *Scheduler) supersede(ctx context.Context, by ledger.Due) error {
	open, err := s.Ledger.OpenDues(ctx)
	if err != nil {
		return err
	}
	for _, d := range open {
		if d.Schedule != by.Schedule || d.State != ledger.DueWaiting || !d.At.Before(by.At) {
			continue
		}
		why := "a later run does its work"
		if d.Note != "" {
			why += "; before: " + d.Note
		}
		if err := s.Ledger.PutDue(ctx, skipped(d, why)); err != nil {
			return err
		}
	}
	return nil
}

// ripe returns the oldest due run whose attempt may start. Runs of schedules
// that the config no longer has are settled on the way.
func (s *Scheduler) ripe(ctx context.Context, now time.Time) (d ledger.Due, ok bool, err error) {
	open, err := s.Ledger.OpenDues(ctx)
	if err != nil {
		return d, false, err
	}
	for _, d := range open {
		if _, known := s.config(d.Schedule); !known {
			if err := s.Ledger.PutDue(ctx, skipped(d, "the schedule is no longer in the config")); err != nil {
				return d, false, err
			}
			continue
		}
		if d.State == ledger.DueWaiting && !d.Next.After(now) {
			return d, true, nil
		}
	}
	return d, false, nil
}

func (s *Scheduler) config(name string) (Config, bool) {
	for _, c := range s.Schedules {
		if c.Name == name {
			return c.withDefaults(), true
		}
	}
	return Config{}, false
}

// attempt makes one attempt at a due run and writes down what came of it.
func (s *Scheduler) attempt(ctx context.Context, d ledger.Due) error {
	c, _ := s.config(d.Schedule)
	d.State, d.Next = ledger.DueRunning, time.Time{}
	d.Attempts++
	if err := s.Ledger.PutDue(ctx, d); err != nil {
		return err
	}
	j := Job{Schedule: c.Name, Due: d.At, AsOf: s.Clock.Now().In(s.Location), Sources: c.Sources, Select: c.Select}
	if c.CatchUp == catchUpAll {
		j.AsOf = d.At.In(s.Location)
	}
	s.Log.Info("run", "schedule", c.Name, "due", d.At, "attempt", d.Attempts)
	out := s.call(ctx, c, j)
	d.Run = out.Run
	switch {
	case ctx.Err() != nil:
		// The process is asked to end: the attempt does not count.
		d.State, d.Next, d.Note = ledger.DueWaiting, s.Clock.Now(), "interrupted"
		d.Attempts--
	case out.Err == nil:
		d.State, d.Note = ledger.DueDone, ""
	case d.Attempts > *c.Retries:
		d.State, d.Note = ledger.DueFailed, out.Err.Error()
	default:
		d.State, d.Note = ledger.DueWaiting, out.Err.Error()
		d.Next = s.Clock.Now().Add(backoff(c.Backoff, d.Attempts))
	}
	s.Log.Info("ran", "schedule", c.Name, "due", d.At, "attempt", d.Attempts, "state", d.State, "run", d.Run)
	return s.Ledger.PutDue(context.WithoutCancel(ctx), d)
}

// backoff is the wait after the nth attempt.
func backoff(first time.Duration, attempt int) time.Duration {
	wait := first
	for range attempt - 1 {
		if wait *= 2; wait >= maxBackoff {
			return maxBackoff
		}
	}
	return wait
}

// call runs a job within its time. A panic is a failure of this run only.
func (s *Scheduler) call(ctx context.Context, c Config, j Job) (out Outcome) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("the run took longer than %s", c.Timeout))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			s.Log.Error("panic in a run", "schedule", j.Schedule, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			out.Err = errors.New("the run panicked; the log has the place")
		}
	}()
	out = s.Run(ctx, j)
	if errors.Is(out.Err, context.DeadlineExceeded) {
		out.Err = context.Cause(ctx)
	}
	return out
}

// wake is when something may be due again.
func (s *Scheduler) wake(ctx context.Context, now time.Time) (time.Time, error) {
	look := s.LookEvery
	if look <= 0 {
		look = 5 * time.Minute
	}
	wake := now.Add(look)
	earlier := func(t time.Time) {
		if t.Before(wake) {
			wake = t
		}
	}
	for _, c := range s.Schedules {
		t, err := s.times(c.withDefaults())
		if err != nil {
			return wake, err
		}
		if due, _, ok := t.next(now); ok {
			earlier(due)
		}
	}
	open, err := s.Ledger.OpenDues(ctx)
	for _, d := range open {
		earlier(d.Next)
	}
	return wake, err
}
