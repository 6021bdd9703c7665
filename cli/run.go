package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zhicang/ingest"
	"zhicang/ingest/record"
	"zhicang/ledger"
	"zhicang/models"
	"zhicang/transform"
)

// runReport is what a run did; `run --json` prints it, and the exit code and
// the plain output derive from it.
type runReport struct {
	Run         int64                   `json:"run"`
	AsOf        string                  `json:"as_of"`
	Result      string                  `json:"result"` // ok, partial, failed
	Sources     []sourceReport          `json:"sources"`
	Tables      []transform.TableResult `json:"tables"`
	Publication transform.PublishResult `json:"publication"`
	Seconds     float64                 `json:"seconds"`

	errs []error
}

type sourceReport struct {
	Source    string   `json:"source"`
	State     string   `json:"state"` // built, skipped, failed
	Units     int      `json:"units"`
	Unchanged int      `json:"unchanged"`
	Read      int64    `json:"read"`
	Landed    int64    `json:"landed"`
	Held      int64    `json:"held"`
	NewFields []string `json:"new_fields,omitempty"`
	Errors    []string `json:"errors,omitempty"`
	Seconds   float64  `json:"seconds"`

	started time.Time
}

// shown are names of fields for a report: an object may be keyed by data.
func shown(fields []string) (names []string) {
	for _, f := range fields {
		if name := record.Shown(f); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// drift says in a line which fields a source delivers that it did not before.
func (s sourceReport) drift() []string {
	if len(s.NewFields) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("new fields that nobody maps: %s", record.List(s.NewFields))}
}

type runFlags struct {
	asOf     string
	json     bool
	noIngest bool
	sources  []string // empty: all
	reload   []string
	opts     transform.Options
}

func runCommand(e *env) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run",
		Short: "bring the warehouse up to date: load sources, build what is stale, check, publish",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := e.openToWrite(c.Context(), "run")
			if err != nil {
				return err
			}
			rep, err := a.run(c.Context(), f)
			err = errors.Join(err, a.Close())
			if err != nil && (rep.Run == 0 || errors.Is(err, context.Canceled)) {
				return err
			}
			told := e.report(rep, f.json) // what was done before it broke off, too
			if err != nil {
				return err
			}
			return told
		},
	}
	c.Flags().StringSliceVar(&f.opts.Select, "select", nil, "only these tables (names or globs) and what they are made from; nothing is published")
	c.Flags().BoolVar(&f.opts.Full, "full", false, "build every table, stale or not")
	c.Flags().StringVar(&f.asOf, "as-of", "", "the day that the run reports on (default: today)")
	c.Flags().StringSliceVar(&f.reload, "reload", nil, "read these sources again from their beginning, changed or not")
	c.Flags().StringSliceVar(&f.sources, "source", nil, "load only these sources; default: all")
	c.Flags().BoolVar(&f.noIngest, "no-ingest", false, "leave the sources alone")
	c.Flags().BoolVar(&f.json, "json", false, "print the result as JSON")
	return c
}

// run loads, builds and publishes, and writes down what it did.
func (a *app) run(ctx context.Context, f runFlags) (runReport, error) {
	var rep runReport
	start := a.now()
	asOf, err := a.day(f.asOf)
	if err != nil {
		return rep, err
	}
	rep.AsOf = asOf.Format(time.DateOnly)
	if err := errors.Join(a.knownSources("--source", f.sources), a.knownSources("--reload", f.reload)); err != nil {
		return rep, err // before there is a run that failed
	}
	if err := a.warnOfRenamed(ctx); err != nil {
		return rep, err
	}
	runner, err := a.runner(ctx, asOf)
	if err != nil {
		return rep, err
	}
	if rep.Run, err = a.ledger.BeginRun(ctx, "run", rep.AsOf); err != nil {
		return rep, err
	}
	if !f.noIngest {
		if err := a.ingest(ctx, &rep, f.sources, f.reload); err != nil {
			err = a.breakOff(ctx, &rep, err)
			return rep, err
		}
	}
	if !f.json {
		runner.Progress = a.progress()
	}
	res, err := runner.Run(ctx, rep.Run, f.opts)
	if err != nil {
		err = a.breakOff(ctx, &rep, err)
		return rep, err
	}
	rep.Tables, rep.Publication = res.Tables, res.Publication
	if err := res.Err(); err != nil {
		rep.errs = append(rep.errs, err)
	}
	rep.Seconds = a.now().Sub(start).Seconds()
	result := "ok"
	switch {
	case res.Err() != nil:
		result = "failed"
	case len(rep.errs) > 0:
		result = "partial"
	}
	if err := a.finish(ctx, &rep, result); err != nil {
		return rep, err
	}
	a.emitLineage(ctx, runner.Graph, start, &rep)
	return rep, nil
}

// knownSources refuses names that no source of the config has.
func (a *app) knownSources(flag string, names []string) error {
	var all []string
	for _, s := range a.cfg.Sources {
		all = append(all, s.Name)
	}
	for _, name := range names {
		if slices.Contains(all, name) {
			continue
		}
		err := fmt.Errorf("%s: no source is named %s", flag, name)
		if near := models.Nearest(name, all); near != "" {
			err = fmt.Errorf("%w; did you mean %q?", err, near)
		}
		return usageError{err}
	}
	return nil
}

// breakOff closes a run that can't go on, with the reason for those who ask later.
func (a *app) breakOff(ctx context.Context, rep *runReport, err error) error {
	why := err
	if errors.Is(err, context.Canceled) {
		why = errors.New("stopped from outside before it was done")
	}
	return errors.Join(err, a.finish(ctx, rep, "failed", why))
}

// finish closes the run in the ledger, also when the context has ended. The
// reasons stand behind those in the report.
func (a *app) finish(ctx context.Context, rep *runReport, result string, reasons ...error) error {
	rep.Result = result
	var messages []string
	for _, err := range slices.Concat(rep.errs, reasons) {
		messages = append(messages, err.Error())
	}
	if err := a.ledger.FinishRun(context.WithoutCancel(ctx), rep.Run, result, strings.Join(messages, "\n")); err != nil {
		return err
	}
	return a.writePlatform(ctx)
}

// ingest loads the named sources; none named: all. One that fails does not keep
// the others from landing.
func (a *app) ingest(ctx context.Context, rep *runReport, only, reload []string) error {
	if len(a.cfg.Sources) == 0 {
		return nil
	}
	if err := a.checkLedger(ctx); err != nil {
		return err
	}
	loader, err := a.loader(ctx)
	if err != nil {
		return err
	}
	loader.Reload = reload
	if _, err := loader.Sweep(ctx); err != nil {
		return err
	}
	defer ingest.FewerCollections()()
	for _, cfg := range a.cfg.Sources {
		if len(only) > 0 && !slices.Contains(only, cfg.Name) {
			continue
		}
		start := a.now()
		got := ingest.Report{Source: cfg.Name}
		src, err := a.source(cfg)
		if err == nil {
			got, err = loader.Load(ctx, rep.Run, cfg, src)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			got.Failures = append(got.Failures, err)
		}
		sr := sourceReport{
			Source: cfg.Name, State: transform.Built, Units: got.Units, Unchanged: got.Unchanged,
			Read: got.Read, Landed: got.Landed, Held: got.Held, NewFields: shown(got.NewFields),
			Seconds: a.now().Sub(start).Seconds(), started: start,
		}
		for _, err := range got.Failures {
			sr.Errors = append(sr.Errors, err.Error())
		}
		if len(got.Failures) > 0 {
			sr.State = transform.Failed
		} else if got.Units == 0 {
			sr.State = transform.Skipped
		}
		rep.errs = append(rep.errs, got.Failures...)
		rep.Sources = append(rep.Sources, sr)
		if err := a.ledger.AddStep(ctx, rep.Run, ledger.Step{
			Kind: "source", Subject: cfg.Name, State: sr.State, Reason: strings.Join(append(sr.Errors, sr.drift()...), "\n"),
			Rows: sr.Landed, Held: sr.Held, Millis: int64(sr.Seconds * 1000),
		}); err != nil {
			return err
		}
	}
	return nil
}

// progress shows the table at work on a terminal, and nothing elsewhere: the
// report tells it all when the run is over.
func (a *app) progress() func(done, all int, table string) {
	f, ok := a.err.(*os.File)
	if !ok {
		return nil
	}
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	return func(done, all int, table string) {
		if done == all {
			fmt.Fprint(f, "\r\033[K")
			return
		}
		fmt.Fprintf(f, "\r\033[K[%d/%d] %s", done+1, all, table)
	}
}

// report prints what a run did; its error is errReported when something failed.
func (e *env) report(rep runReport, asJSON bool) error {
	if asJSON {
		if err := printJSON(e.out, rep); err != nil {
			return err
		}
	} else {
		printRun(e.out, rep)
	}
	for _, err := range rep.errs {
		printError(e.err, err)
	}
	if rep.Result != "ok" {
		return errReported
	}
	return nil
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

func printRun(w io.Writer, rep runReport) {
	fmt.Fprintf(w, "run %d, as of %s: %s in %.1f s\n", rep.Run, rep.AsOf, rep.Result, rep.Seconds)
	var rows [][]string
	for _, s := range rep.Sources {
		rows = append(rows, []string{s.Source, s.State, fmt.Sprint(s.Units), fmt.Sprint(s.Unchanged), fmt.Sprint(s.Landed), fmt.Sprint(s.Held), fmt.Sprintf("%.1f", s.Seconds)})
	}
	if rows != nil {
		fmt.Fprintln(w)
		printTable(w, []string{"source", "state", "read", "unchanged", "landed", "held", "seconds"}, rows)
	}
	for _, s := range rep.Sources {
		for _, line := range s.drift() {
			fmt.Fprintf(w, "%s: %s\n", s.Source, line)
		}
	}
	rows = nil
	for _, t := range rep.Tables {
		if t.State != transform.Skipped || strings.HasPrefix(t.Reason, "upstream") {
			rows = append(rows, []string{t.Table, t.State, fmt.Sprint(t.Rows), fmt.Sprintf("%.1f", t.Seconds), months(t.Months), cut(t.Reason, 60)})
		}
	}
	if rows != nil {
		fmt.Fprintln(w)
		printTable(w, []string{"table", "state", "rows", "seconds", "months", "why"}, rows)
	}
	if n := len(rep.Tables) - len(rows); n > 0 {
		fmt.Fprintf(w, "\n%d tables up to date\n", n)
	}
	fmt.Fprintf(w, "published: %s (%s)\n", rep.Publication.State, rep.Publication.Reason)
}

// months shortens a list of months to runs of them: 2025-01…2025-12.
func months(list []string) string {
	switch len(list) {
	case 0:
		return "-"
	case 1, 2:
		return strings.Join(list, ",")
	}
	return fmt.Sprintf("%s…%s (%d)", slices.Min(list), slices.Max(list), len(list))
}

func planCommand(e *env) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "plan",
		Short: "say what run would build, and why; new files of the sources are not looked at",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.writing("plan"), func(a *app) error {
				asOf, err := a.day(f.asOf)
				if err != nil {
					return err
				}
				if err := a.warnOfRenamed(c.Context()); err != nil {
					return err
				}
				runner, err := a.runner(c.Context(), asOf)
				if err != nil {
					return err
				}
				plan, err := runner.Plan(c.Context(), f.opts)
				if err != nil {
					return err
				}
				if f.json {
					return printJSON(e.out, plan)
				}
				printPlan(e.out, plan)
				return nil
			})
		},
	}
	c.Flags().StringSliceVar(&f.opts.Select, "select", nil, "only these tables (names or globs) and what they are made from")
	c.Flags().BoolVar(&f.opts.Full, "full", false, "as if everything were stale")
	c.Flags().StringVar(&f.asOf, "as-of", "", "the day that the run would report on (default: today)")
	c.Flags().BoolVar(&f.json, "json", false, "print the plan as JSON")
	return c
}

func printPlan(w io.Writer, plan []transform.TableResult) {
	var rows [][]string
	for _, t := range plan {
		if t.State == transform.Built {
			rows = append(rows, []string{t.Table, months(t.Months), t.Reason})
		}
	}
	if rows == nil {
		fmt.Fprintf(w, "nothing to build: %d tables are up to date\n", len(plan))
		return
	}
	printTable(w, []string{"would build", "months", "why"}, rows)
	if n := len(plan) - len(rows); n > 0 {
		fmt.Fprintf(w, "\n%d tables are up to date\n", n)
	}
}
