package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"zhicang/models"
	"zhicang/transform"
)

// backfillNote is the fact under which the ledger remembers a backfill until it is
// finished.
const backfillNote = "backfill"

// backfillTask is what a backfill restates; Run is the one that began it.
type backfillTask struct {
	From   string   `json:"from"`
	To     string   `json:"to"`
	Select []string `json:"select,omitempty"`
	Run    int64    `json:"run,omitempty"`
}

func (t backfillTask) String() string {
	s := fmt.Sprintf("--from %s --to %s", t.From, t.To)
	if len(t.Select) > 0 {
		s += " --select " + strings.Join(t.Select, ",")
	}
	return s
}

func (t backfillTask) same(o backfillTask) bool {
	return t.From == o.From && t.To == o.To && slices.Equal(t.Select, o.Select)
}

// backfillReport is what a backfill would build, or built.
type backfillReport struct {
	backfillTask
	Resumed     bool                    `json:"resumed,omitempty"`
	Done        bool                    `json:"done"` // false: a preview
	Tables      []transform.TableResult `json:"tables"`
	Left        []transform.TableResult `json:"left,omitempty"` // stale beyond the interval
	Publication transform.PublishResult `json:"publication"`
}

func backfillCommand(e *env) *cobra.Command {
	var t backfillTask
	var yes, restart, asJSON bool
	c := &cobra.Command{
		Use:   "backfill --from MONTH --to MONTH",
		Short: "build the tables of some months again, and of no others: first a preview, with --yes the work",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			iv, err := t.interval()
			if err != nil {
				return err
			}
			return e.use(c.Context(), e.writing("backfill"), func(a *app) error {
				rep, err := a.backfill(c.Context(), t, iv, yes, restart)
				if asJSON {
					return errors.Join(err, printJSON(e.out, rep))
				}
				if err == nil {
					printBackfill(e.out, rep)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&t.From, "from", "", "the first month, such as 2025-01")
	c.Flags().StringVar(&t.To, "to", "", "the last month, such as 2025-03")
	c.Flags().StringSliceVar(&t.Select, "select", nil, "only these tables (names or globs) and what they are made from; nothing is published")
	c.Flags().BoolVar(&yes, "yes", false, "build what the preview shows")
	c.Flags().BoolVar(&restart, "restart", false, "begin anew, whatever backfill was left unfinished")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

func (t backfillTask) interval() (iv transform.Interval, err error) {
	for _, f := range []struct {
		name, text string
		month      *models.Month
	}{{"--from", t.From, &iv.First}, {"--to", t.To, &iv.Last}} {
		if *f.month, err = models.ParseMonth(f.text); err != nil {
			return iv, usageError{fmt.Errorf("%s: %q is no month such as 2025-01", f.name, f.text)}
		}
	}
	if iv.First > iv.Last {
		return iv, usageError{fmt.Errorf("--from %s lies behind --to %s", t.From, t.To)}
	}
	return iv, nil
}

func (a *app) backfill(ctx context.Context, t backfillTask, iv transform.Interval, yes, restart bool) (rep backfillReport, err error) {
	rep.backfillTask = t
	runs, err := a.ledger.Runs(ctx, 1)
	if err != nil {
		return rep, err
	}
	if len(runs) == 0 {
		return rep, errors.New("nothing has run yet: `zhicang run` builds all months")
	}
	day, err := a.day(runs[0].AsOf)
	if err != nil {
		return rep, err
	}
	unfinished, err := a.unfinishedBackfill(ctx)
	if err != nil {
		return rep, err
	}
	switch {
	case unfinished == nil || restart:
	case unfinished.same(t):
		rep.Resumed, rep.Run, iv.Since = true, unfinished.Run, unfinished.Run
	case yes:
		return rep, &models.FileError{
			File: "backfill", Msg: "another one is unfinished: " + unfinished.String(),
			Try: "finish it with `zhicang backfill " + unfinished.String() + " --yes`, or begin yours with --restart",
		}
	}
	runner, err := a.runner(ctx, day)
	if err != nil {
		return rep, err
	}
	opts := transform.Options{Select: t.Select, Full: true, Interval: &iv}
	plan, err := runner.Plan(ctx, opts)
	if err != nil {
		return rep, err
	}
	for _, p := range plan {
		if p.State == transform.Built {
			rep.Tables = append(rep.Tables, p)
		}
		if len(p.Beyond) > 0 {
			rep.Left = append(rep.Left, p)
		}
	}
	if !yes {
		return rep, nil
	}
	return rep, a.runBackfill(ctx, runner, &rep, opts, runs[0].AsOf)
}

// unfinishedBackfill is the backfill that was begun and not finished; nil: none.
func (a *app) unfinishedBackfill(ctx context.Context) (*backfillTask, error) {
	note, err := a.ledger.Fact(ctx, backfillNote)
	if err != nil || note == "" {
		return nil, err
	}
	t := &backfillTask{}
	if err := json.Unmarshal([]byte(note), t); err != nil {
		return nil, fmt.Errorf("the ledger's note of a backfill: %w", err)
	}
	return t, nil
}

// runBackfill builds. It is remembered from before the first month to behind the
// last, so that a killed one goes on where it stood.
func (a *app) runBackfill(ctx context.Context, runner *transform.Runner, rep *backfillReport, opts transform.Options, asOf string) error {
	run, err := a.ledger.BeginRun(ctx, "backfill", asOf)
	if err != nil {
		return err
	}
	if !rep.Resumed {
		rep.Run = run
		note, err := json.Marshal(rep.backfillTask)
		if err != nil {
			return err
		}
		if err := a.ledger.SetFact(ctx, backfillNote, string(note)); err != nil {
			return err
		}
	}
	runner.Progress = a.progress()
	res, err := runner.Run(ctx, run, opts)
	if err := errors.Join(err, res.Err()); err != nil {
		return errors.Join(err, a.ledger.FinishRun(context.WithoutCancel(ctx), run, "failed", err.Error()))
	}
	rep.Done, rep.Tables, rep.Left, rep.Publication = true, built(res.Tables), nil, res.Publication
	left, err := runner.Plan(ctx, transform.Options{})
	if err != nil {
		return err
	}
	rep.Left = built(left)
	if len(rep.Left) == 0 && len(opts.Select) == 0 {
		// Everything is up to date: what is published may be as well.
		if res, err = runner.Run(ctx, run, transform.Options{}); err == nil {
			rep.Publication, err = res.Publication, res.Err()
		}
		if err != nil {
			return errors.Join(err, a.ledger.FinishRun(context.WithoutCancel(ctx), run, "failed", err.Error()))
		}
	}
	if err := a.ledger.SetFact(ctx, backfillNote, ""); err != nil {
		return err
	}
	return a.ledger.FinishRun(ctx, run, "ok", "")
}

func built(tables []transform.TableResult) []transform.TableResult {
	return slices.DeleteFunc(tables, func(t transform.TableResult) bool { return t.State != transform.Built })
}

func printBackfill(w io.Writer, rep backfillReport) {
	if rep.Resumed {
		fmt.Fprintf(w, "the backfill that run %d began goes on\n", rep.Run)
	}
	if len(rep.Tables) == 0 {
		fmt.Fprintf(w, "nothing to build from %s to %s\n", rep.From, rep.To)
	} else {
		var rows [][]string
		for _, t := range rep.Tables {
			span := months(t.Months)
			if len(t.Months) == 0 {
				span = "whole"
			}
			rows = append(rows, []string{t.Table, span, t.Reason, fmt.Sprint(t.Rows)})
		}
		header := []string{"would build", "months", "why"}
		if rep.Done {
			header = []string{"built", "months", "why", "rows"}
		} else {
			for i := range rows {
				rows[i] = rows[i][:3]
			}
		}
		printTable(w, header, rows)
	}
	for _, t := range rep.Left {
		list := t.Beyond
		if rep.Done {
			list = t.Months
		}
		fmt.Fprintf(w, "left alone: %s %s, which rests on what is built here or was stale before; `zhicang run` builds it\n", t.Table, months(list))
	}
	switch {
	case rep.Done:
		fmt.Fprintf(w, "published: %s (%s)\n", rep.Publication.State, rep.Publication.Reason)
	case len(rep.Tables) > 0:
		fmt.Fprintf(w, "nothing was built: `zhicang backfill %s --yes` does it\n", rep.backfillTask)
	}
}
