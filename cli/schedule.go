package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"zhicang/jobs"
	"zhicang/jobs/notice"
	"zhicang/ledger"
	"zhicang/models/workday"
	"zhicang/transform"
	"zhicang/transform/platform"
)

func scheduleCommand(e *env) *cobra.Command {
	var once bool
	var at string
	var next int
	c := &cobra.Command{
		Use:   "schedule",
		Short: "make the runs of the config's schedules when they are due, until it is stopped",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.openWithLedger, func(a *app) error {
				if next > 0 {
					return a.printDues(next)
				}
				moment, err := a.moment(at)
				if err != nil {
					return err
				}
				return a.schedule(c.Context(), once, moment)
			})
		},
	}
	c.Flags().BoolVar(&once, "once", false, "make what is due now, and end")
	c.Flags().StringVar(&at, "at", "", "with --once: as if it were this moment, such as \"2026-06-01 02:30\"")
	c.Flags().IntVar(&next, "next", 0, "print the next so many times of each schedule, and end")
	return c
}

// moment reads the moment of --at; zero is none.
func (a *app) moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.ParseInLocation("2006-01-02 15:04", s, a.cfg.location())
	if err != nil {
		return t, usageError{fmt.Errorf("--at: %q is no moment such as 2026-06-01 02:30", s)}
	}
	return t, nil
}

// calendar is the official calendar, with the site's own notices over it.
func (a *app) calendar() (*workday.Calendar, error) {
	if a.cfg.Site == "" {
		return workday.Embedded(), nil
	}
	site := os.DirFS(a.cfg.path(a.cfg.Site))
	if _, err := os.Stat(filepath.Join(a.cfg.path(a.cfg.Site), "workdays.csv")); err != nil {
		return workday.Embedded(), nil
	}
	return workday.Embedded().With(site, "workdays.csv")
}

// frozen is a clock that stands.
type frozen struct{ at time.Time }

func (f frozen) Now() time.Time                               { return f.at }
func (f frozen) Until(ctx context.Context, _ time.Time) error { return ctx.Err() }

// schedule makes runs until the context ends.
func (a *app) schedule(ctx context.Context, once bool, at time.Time) (err error) {
	// The data folder is taken run by run, so that people can work between
	// runs; this lock keeps a second schedule away.
	lock, err := ledger.Acquire(filepath.Join(a.dir, "schedule"), "schedule", a.now().In(a.cfg.location()))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	s, err := a.scheduler()
	if err != nil {
		return err
	}
	if !at.IsZero() {
		s.Clock = frozen{at}
	}
	if once {
		_, err := s.Turn(ctx)
		return err
	}
	s.Log.Info("schedules", "count", len(s.Schedules))
	return s.Serve(ctx)
}

// scheduler wires the schedules of the config to runs and notices.
func (a *app) scheduler() (*jobs.Scheduler, error) {
	calendar, err := a.calendar()
	if err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(a.err, nil))
	return &jobs.Scheduler{
		Schedules: a.cfg.Schedules, Ledger: a.ledger, Calendar: calendar, Location: a.cfg.location(),
		Clock: jobs.SystemClock{}, Log: log, Run: a.scheduledRun, After: a.look,
	}, nil
}

// scheduledRun opens the site anew for every run, so that what was mended in
// the config counts from the next run on.
func (a *app) scheduledRun(ctx context.Context, j jobs.Job) jobs.Outcome {
	site, err := a.openToWrite(ctx, "schedule "+j.Schedule)
	if err != nil {
		return jobs.Outcome{Err: err}
	}
	rep, err := site.run(ctx, runFlags{
		asOf: j.AsOf.Format(time.DateOnly), sources: j.Sources, opts: transform.Options{Select: j.Select},
	})
	err = errors.Join(err, site.Close())
	if err == nil && rep.Result != "ok" {
		err = errors.Join(rep.errs...)
	}
	return jobs.Outcome{Run: rep.Run, Err: err}
}

// look tells people what changed: schedules that fail, sources that are late.
func (a *app) look(ctx context.Context) error {
	sender := notice.Sender{Dir: a.cfg.dir, Now: a.now, Retries: 2}
	w := jobs.Watch{
		Ledger: a.ledger, Now: func() time.Time { return a.now().In(a.cfg.location()) }, Site: a.siteName(),
		Notices: a.cfg.Notices, Send: sender.Send,
	}
	var errs []error
	for _, c := range a.cfg.Schedules {
		errs = append(errs, a.lookAtSchedule(ctx, &w, c.Name))
	}
	for _, c := range a.cfg.Sources {
		if err := a.noteSource(ctx, c.Name); err != nil {
			return err
		}
	}
	stands, err := a.stands(ctx)
	if err != nil {
		return err
	}
	for _, s := range stands {
		errs = append(errs, w.See(ctx, "source:"+s.Source+":"+s.promise, s.Level, s.Title, s.Detail))
	}
	return errors.Join(errs...)
}

// sourceStand is how a source stands against one of its promises.
type sourceStand struct {
	Source  string `json:"source"`
	promise string // loaded, data
	jobs.Stand
}

// stands holds every source against its promises, as things are now.
func (a *app) stands(ctx context.Context) ([]sourceStand, error) {
	reports, err := a.ledger.SourceReports(ctx)
	if err != nil {
		return nil, err
	}
	checked := map[string]string{}
	for _, r := range reports {
		checked[r.Source] = r.Checked
	}
	now := a.now().In(a.cfg.location())
	var out []sourceStand
	for _, c := range a.cfg.Sources {
		newest, err := a.ledger.Fact(ctx, platform.NewestDayFact(c.Name, c.Table))
		if err != nil {
			return nil, err
		}
		since, err := a.ledger.Fact(ctx, sinceFact(c.Name))
		if err != nil {
			return nil, err
		}
		known := now // a source that is new is so from now
		if since != "" {
			known = a.parsed(time.RFC3339, since)
		}
		byLoad, byData := jobs.Judge(c.Freshness, c.Name, a.parsed(time.RFC3339, checked[c.Name]), a.parsed(time.DateOnly, newest), known, now)
		out = append(out, sourceStand{c.Name, "loaded", byLoad}, sourceStand{c.Name, "data", byData})
	}
	return out, nil
}

// lookAtSchedule tells people when the runs of a schedule fail for good, and
// when one succeeds again.
func (a *app) lookAtSchedule(ctx context.Context, w *jobs.Watch, name string) error {
	d, ok, err := a.ledger.LastSettled(ctx, name)
	if err != nil || !ok {
		return err
	}
	due := d.At.In(a.cfg.location()).Format("2006-01-02 15:04")
	if d.State == ledger.DueFailed {
		return w.See(ctx, "schedule:"+name, notice.Error, fmt.Sprintf("定时任务 %s 失败", name),
			fmt.Sprintf("应于 %s 运行，试了 %d 次仍失败，读者看到的仍是上一次发布的数据。原因见 zhicang status。", due, d.Attempts))
	}
	return w.See(ctx, "schedule:"+name, notice.OK, fmt.Sprintf("定时任务 %s 恢复正常", name), fmt.Sprintf("应于 %s 的一次运行成功。", due))
}

// siteName is what notices call this installation.
func (a *app) siteName() string {
	if r, err := a.regions.Lookup(a.cfg.Region, a.now()); err == nil {
		return r.Name
	}
	return cmp.Or(a.cfg.Region, filepath.Base(a.cfg.dir))
}

// noteSource remembers since when a source is known.
func (a *app) noteSource(ctx context.Context, name string) error {
	seen, err := a.ledger.Fact(ctx, sinceFact(name))
	if err != nil || seen != "" {
		return err
	}
	return a.ledger.SetFact(ctx, sinceFact(name), a.now().UTC().Format(time.RFC3339))
}

func sinceFact(source string) string { return "source_since:" + source }

// parsed reads a moment that the ledger holds; the zero time for none.
func (a *app) parsed(layout, s string) time.Time {
	t, err := time.ParseInLocation(layout, s, a.cfg.location())
	if err != nil {
		return time.Time{}
	}
	return t.In(a.cfg.location())
}

// printDues prints the next times of every schedule.
func (a *app) printDues(n int) error {
	calendar, err := a.calendar()
	if err != nil {
		return err
	}
	var rows [][]string
	for _, c := range a.cfg.Schedules {
		times, unsure, err := jobs.Next(c, calendar, a.cfg.location(), a.now(), n)
		if err != nil {
			return err
		}
		for _, t := range times {
			note := calendar.Name(t)
			if unsure {
				note = "the calendar has no notice of holidays for that year"
			}
			rows = append(rows, []string{c.Name, t.Format("2006-01-02 15:04 Mon"), note})
		}
	}
	if rows == nil {
		fmt.Fprintln(a.out, "the config has no schedules")
		return nil
	}
	printTable(a.out, []string{"schedule", "due", "calendar"}, rows)
	return nil
}
