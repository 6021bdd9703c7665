package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zhicang/ingest"
	"zhicang/ingest/record"
	"zhicang/jobs/notice"
	"zhicang/ledger"
	"zhicang/warehouse"
)

// statusReport is what an operator wants to know at seven in the morning.
type statusReport struct {
	Data         string                `json:"data"`
	Published    string                `json:"published"` // file that readers see; "" when there is none
	Publications []ledger.Publication  `json:"publications"`
	Runs         []ledger.Run          `json:"runs"`
	LastSteps    []ledger.Step         `json:"last_steps"`
	Sources      []ledger.SourceHealth `json:"sources"`
	Quarantine   []ledger.HeldSum      `json:"quarantine"`
	NewFields    []ledger.NewField     `json:"new_fields,omitempty"` // that nobody maps
	HeldBefore   int64                 `json:"held_before"`          // by earlier readings of files that were read again
	Dues         []ledger.Due          `json:"dues"`                 // of the schedules, newest first
	Late         []sourceStand         `json:"late,omitempty"`       // sources that are not as fresh as promised
}

func statusCommand(e *env) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "say how sources, runs, quarantine and publications stand; works while a run goes on",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.openWithLedger, func(a *app) error {
				rep, err := a.status(c.Context())
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(e.out, rep)
				}
				a.printStatus(e.out, rep)
				return nil
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the status as JSON")
	return c
}

func (a *app) status(ctx context.Context) (rep statusReport, err error) {
	rep.Data = a.dir
	path, err := a.shelf().Current()
	if err == nil {
		rep.Published = filepath.Base(path)
	} else if !errors.Is(err, warehouse.ErrNothingPublished) {
		return rep, err
	}
	if rep.Publications, err = a.ledger.Publications(ctx); err != nil {
		return rep, err
	}
	if rep.Runs, err = a.ledger.Runs(ctx, 5); err != nil {
		return rep, err
	}
	if len(rep.Runs) > 0 {
		if rep.LastSteps, err = a.ledger.Steps(ctx, rep.Runs[0].ID); err != nil {
			return rep, err
		}
	}
	if rep.Sources, err = a.ledger.Sources(ctx); err != nil {
		return rep, err
	}
	if rep.Quarantine, err = a.ledger.QuarantineSums(ctx); err != nil {
		return rep, err
	}
	if rep.NewFields, err = a.unmapped(ctx); err != nil {
		return rep, err
	}
	if rep.HeldBefore, err = a.ledger.HeldBefore(ctx); err != nil {
		return rep, err
	}
	if rep.Dues, err = a.ledger.NewestDues(ctx, duesShown); err != nil {
		return rep, err
	}
	rep.Late, err = a.stands(ctx)
	rep.Late = slices.DeleteFunc(rep.Late, func(s sourceStand) bool { return s.Level == notice.OK })
	return rep, err
}

// duesShown is how many due times of the schedules status shows.
const duesShown = 12

// unmapped lists the fields that sources began to deliver and that their mapping
// does not name as it stands today.
func (a *app) unmapped(ctx context.Context) ([]ledger.NewField, error) {
	fields, err := a.ledger.NewFields(ctx)
	fields = slices.DeleteFunc(fields, func(f ledger.NewField) bool {
		i := slices.IndexFunc(a.cfg.Sources, func(s ingest.Config) bool { return s.Name == f.Source })
		return i < 0 || a.cfg.Sources[i].Maps(f.Field)
	})
	for i := range fields {
		fields[i].Field = record.Shown(fields[i].Field)
	}
	return slices.Compact(fields), err
}

// local shows one of the ledger's moments in the site's zone.
func (a *app) local(stamp string) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return "-"
	}
	return t.In(a.cfg.location()).Format("2006-01-02 15:04:05")
}

func (a *app) printStatus(w io.Writer, rep statusReport) {
	if len(rep.Runs) == 0 {
		fmt.Fprintln(w, "nothing has run yet; start with `zhicang run`")
		return
	}
	last := rep.Runs[0]
	result := last.Result
	if last.Finished == "" {
		result = "not finished (running, or killed: the next run continues)"
	}
	fmt.Fprintf(w, "last run: %d, as of %s, started %s: %s\n", last.ID, last.AsOf, a.local(last.Started), result)
	told := false
	for _, s := range rep.LastSteps {
		if s.State == "failed" {
			told = true
			subject := s.Kind + " " + s.Subject
			fmt.Fprintf(w, "  failed: %s: %s\n", subject, strings.TrimPrefix(s.Reason, subject+": "))
		}
	}
	if why, _, _ := strings.Cut(last.Message, "\n"); !told && why != "" {
		fmt.Fprintf(w, "  because: %s\n", why)
	}
	if rep.Published == "" {
		fmt.Fprintln(w, "published: nothing yet")
	} else {
		fmt.Fprintf(w, "published: %s\n", rep.Published)
	}
	for i, p := range rep.Publications {
		if i == a.cfg.Publish.Keep {
			break
		}
		mark := " "
		if warehouse.FileName(p.ID) == rep.Published {
			mark = "*"
		}
		fmt.Fprintf(w, "  %s %s  run %d  %s  %s\n", mark, warehouse.FileName(p.ID), p.Run, a.local(p.Created), p.State)
	}
	if len(rep.Sources) > 0 {
		var rows [][]string
		for _, s := range rep.Sources {
			rows = append(rows, []string{s.Source, s.Table, fmt.Sprint(s.Units), fmt.Sprint(s.Landed), fmt.Sprint(s.Held), a.local(s.LastLoaded)})
		}
		fmt.Fprintln(w)
		printTable(w, []string{"source", "table", "units", "landed", "held now", "last loaded"}, rows)
	}
	if len(rep.Late) > 0 {
		var rows [][]string
		for _, s := range rep.Late {
			rows = append(rows, []string{s.Level, s.Title, s.Detail})
		}
		fmt.Fprintln(w)
		printTable(w, []string{"late", "source", "because"}, rows)
	}
	if len(rep.NewFields) > 0 {
		var rows [][]string
		for _, f := range rep.NewFields {
			rows = append(rows, []string{f.Source, f.Field, a.local(f.Since)})
		}
		fmt.Fprintln(w)
		printTable(w, []string{"new in", "field that nobody maps", "since"}, rows)
	}
	a.printDue(w, rep.Dues)
	printQuarantineSums(w, rep.Quarantine)
	if rep.HeldBefore > 0 {
		fmt.Fprintf(w, "\n%d more were held back by earlier readings of files that were delivered anew: zhicang quarantine list --all\n", rep.HeldBefore)
	}
}

func (a *app) printDue(w io.Writer, dues []ledger.Due) {
	if len(dues) == 0 {
		return
	}
	var rows [][]string
	for _, d := range dues {
		note := d.Note
		if !d.Next.IsZero() {
			note = "next attempt " + d.Next.In(a.cfg.location()).Format("15:04") + "; " + note
		}
		rows = append(rows, []string{d.Schedule, d.At.In(a.cfg.location()).Format("2006-01-02 15:04"), d.State, fmt.Sprint(d.Attempts), cut(note, 80)})
	}
	fmt.Fprintln(w)
	printTable(w, []string{"schedule", "due", "state", "attempts", "note"}, rows)
}

func printQuarantineSums(w io.Writer, sums []ledger.HeldSum) {
	if len(sums) == 0 {
		return
	}
	var rows [][]string
	for i, q := range sums {
		if i == 12 {
			rows = append(rows, []string{"…", "", "", ""})
			break
		}
		rows = append(rows, []string{q.Source, cut(q.Column, 24), cut(q.Reason, 60), fmt.Sprint(q.Rows)})
	}
	fmt.Fprintln(w)
	printTable(w, []string{"held back in", "column", "because", "rows"}, rows)
}

func quarantineCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "quarantine", Short: "the rows that were held back: which and why, and checking them again"}
	c.AddCommand(quarantineList(e), quarantineShow(e), quarantineReplay(e))
	return c
}

func quarantineList(e *env) *cobra.Command {
	var f ledger.HeldFilter
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "list held rows, newest batch first: where they stand and what is wrong, never their content",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.openWithLedger, func(a *app) error {
				list, err := a.ledger.Quarantine(c.Context(), f)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(e.out, list)
				}
				if len(list) == 0 {
					fmt.Fprintln(e.out, "nothing is held back")
					return nil
				}
				var rows [][]string
				for _, h := range list {
					rows = append(rows, []string{heldID(h), h.Source, h.Unit, h.Sheet, fmt.Sprint(h.Row), cut(h.Column, 24), cut(h.Reason, 60)})
				}
				printTable(e.out, []string{"id", "source", "unit", "sheet", "row", "column", "because"}, rows)
				return nil
			})
		},
	}
	c.Flags().BoolVar(&f.All, "all", false, "also what earlier readings of a file held back that was read again since")
	c.Flags().StringVar(&f.Source, "source", "", "only of this source")
	c.Flags().StringVar(&f.Rule, "rule", "", "only those that broke this rule (required, type, id_card, accepted, region, …)")
	c.Flags().IntVar(&f.Limit, "limit", 50, "at most so many; 0: all")
	c.Flags().BoolVar(&asJSON, "json", false, "print them as JSON")
	return c
}

func heldID(h ledger.Held) string { return fmt.Sprintf("%d/%d", h.Batch, h.Seq) }

func quarantineShow(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "show BATCH/SEQ",
		Short: "show one held row: source, file, sheet, row, column, what was expected, what the value looks like",
		Args:  exactArgs(1, "the id of a held row, such as 3/1"),
		RunE: func(c *cobra.Command, args []string) error {
			f := ledger.HeldFilter{All: true}
			if _, err := fmt.Sscanf(args[0], "%d/%d", &f.Batch, &f.Seq); err != nil {
				return usageError{fmt.Errorf("%q is no id of a held row, such as 3/1", args[0])}
			}
			return e.use(c.Context(), e.openWithLedger, func(a *app) error {
				list, err := a.ledger.Quarantine(c.Context(), f)
				if err != nil {
					return err
				}
				if len(list) == 0 {
					return fmt.Errorf("no row %s is held back", args[0])
				}
				h := list[0]
				fmt.Fprintf(e.out, "来源   %s\n单元   %s\n", h.Source, h.Unit)
				if h.Sheet != "" {
					fmt.Fprintf(e.out, "工作表 %s\n", h.Sheet)
				}
				fmt.Fprintf(e.out, "行     %d\n表     %s\n列     %s\n规则   %s\n原因   %s\n", h.Row, h.Table, h.Column, h.Rule, h.Reason)
				if h.Shape != "" {
					fmt.Fprintf(e.out, "值形如 %s (数字写作9,字母写作A)\n", h.Shape)
				}
				fmt.Fprintf(e.out, "\nThe row itself is sealed: `zhicang reveal %s --reason …` shows it, and writes that down.\n", args[0])
				return nil
			})
		},
	}
}
