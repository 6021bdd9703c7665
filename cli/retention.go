package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"zhicang/ingest"
	"zhicang/ledger"
	"zhicang/models"
	"zhicang/privacy"
	"zhicang/transform"
)

// retentionNote is the fact under which the ledger remembers a deletion whose
// consequences are still to be drawn.
const retentionNote = "retention"

// retentionReport is what a retention deleted, or would.
type retentionReport struct {
	AsOf   string          `json:"as_of"`
	Tables []ingest.Expiry `json:"tables"`
	// Publications are the published files that go, as they hold rows of before.
	Publications []string `json:"publications,omitempty"`
	Resumed      bool     `json:"resumed,omitempty"`
}

func retentionCommand(e *env) *cobra.Command {
	var asOf string
	var dry, asJSON bool
	c := &cobra.Command{
		Use:   "retention",
		Short: "delete what the contracts no longer allow to be kept, in every layer; recorded in the audit log",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.writing("retention"), func(a *app) error {
				rep, err := a.retention(c.Context(), asOf, dry)
				if asJSON {
					return errors.Join(err, printJSON(e.out, rep))
				}
				if err == nil || len(rep.Tables) > 0 {
					a.printRetention(rep, dry)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&asOf, "as-of", "", "the day on which rows are too old (default: today; none later)")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be deleted, and delete nothing")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

// retention deletes, or goes on where a deletion was interrupted.
func (a *app) retention(ctx context.Context, asOf string, dry bool) (rep retentionReport, err error) {
	day, err := a.day(asOf)
	if err != nil {
		return rep, err
	}
	if today, _ := a.day(""); day.After(today) {
		return rep, usageError{fmt.Errorf("--as-of: %s has not come yet, and what is deleted does not come back", asOf)}
	}
	rep.AsOf = day.Format("2006-01-02")
	tables, err := a.odsTables("")
	if err != nil {
		return rep, err
	}
	loader, err := a.loader(ctx)
	if err != nil {
		return rep, err
	}
	note, err := a.ledger.Fact(ctx, retentionNote)
	if err != nil {
		return rep, err
	}
	if note != "" {
		rep.Resumed = true
		if err := json.Unmarshal([]byte(note), &rep.Tables); err != nil {
			return rep, fmt.Errorf("the ledger's note of a retention: %w", err)
		}
	}
	for _, c := range tables {
		x, err := loader.Expired(ctx, c, day)
		if err != nil {
			return rep, err
		}
		if x.Empty() {
			continue
		}
		rep.Tables = append(rep.Tables, x)
		if dry {
			continue
		}
		done, err := json.Marshal(rep.Tables)
		if err != nil {
			return rep, err
		}
		if err := loader.Expire(ctx, c, x, retentionNote, string(done)); err != nil {
			return rep, err
		}
	}
	if len(rep.Tables) == 0 {
		return rep, nil
	}
	if rep.Publications, err = a.shelf().Files(); err != nil || dry {
		return rep, err
	}
	return rep, a.finishRetention(ctx, &rep)
}

// finishRetention records what was deleted and takes it out of what was derived:
// the warehouse is built anew, since deleted rows stay in the free pages of its
// file, and published; then the publications of before go.
func (a *app) finishRetention(ctx context.Context, rep *retentionReport) error {
	audit := privacy.OpenAudit(filepath.Join(a.dir, "audit.jsonl"), a.now)
	for _, x := range rep.Tables {
		if _, err := audit.Append(ctx, privacy.Entry{
			Who: operator(), Action: "retention", Object: x.Table, Reason: x.Reference + "：" + x.FirstKept + "以前", Rows: x.Rows + x.Held,
		}); err != nil {
			return err
		}
	}
	kind, day, err := a.beginUpkeep(ctx, "retention")
	if err != nil {
		return err
	}
	fail := func(err error) error {
		return errors.Join(err, a.ledger.FinishRun(context.WithoutCancel(ctx), kind, "failed", err.Error()))
	}
	for _, x := range rep.Tables {
		if err := a.ledger.AddStep(ctx, kind, ledger.Step{
			Kind: "retention", Subject: x.Table, State: transform.Built, Reason: strings.Join(x.Months, ","), Rows: x.Rows, Held: x.Held,
		}); err != nil {
			return fail(err)
		}
	}
	before, err := a.shelf().Files()
	if err != nil {
		return fail(err)
	}
	if err := a.rebuild(ctx, kind, day); err != nil {
		return fail(&models.FileError{
			File: "retention", Msg: "the rows are deleted from lake, quarantine and vault; the publications of before still hold them, as the tables could not be built anew: " + err.Error(),
			Try: "mend that, and run `zhicang retention` again: it goes on here",
		})
	}
	if err := a.removeOldPublications(before); err != nil {
		return fail(err)
	}
	rep.Publications = before
	if err := a.ledger.SetFact(ctx, retentionNote, ""); err != nil {
		return fail(err)
	}
	return a.ledger.FinishRun(ctx, kind, "ok", "")
}

// rebuild makes every table from the lake in a new warehouse and publishes them,
// also where nothing published has changed.
func (a *app) rebuild(ctx context.Context, run int64, asOf string) error {
	if err := a.engine.Close(); err != nil {
		return err
	}
	a.engine = nil
	for _, name := range []string{"warehouse.duckdb", "warehouse.duckdb.wal"} {
		if err := os.Remove(filepath.Join(a.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := a.openEngine(ctx); err != nil {
		return err
	}
	day, err := a.day(asOf)
	if err != nil {
		return err
	}
	runner, err := a.runner(ctx, day)
	if err != nil {
		return err
	}
	runner.Afresh = true // not even in its holes may a new file hold what must go
	res, err := runner.Run(ctx, run, transform.Options{})
	if err := errors.Join(err, res.Err()); err != nil {
		return err
	}
	if res.Publication.State != transform.Built {
		_, err = runner.PublishNow(ctx, run)
	}
	return err
}

// removeOldPublications removes the files that were on the shelf before, but for
// the one that readers open.
func (a *app) removeOldPublications(before []string) error {
	current, err := a.shelf().Current()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range before {
		if name == filepath.Base(current) {
			continue
		}
		if err := os.Remove(filepath.Join(a.shelf().Dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// beginUpkeep opens a run that reports on no day of its own: it takes the one of
// the run before, so that what is published later is what was.
func (a *app) beginUpkeep(ctx context.Context, kind string) (run int64, asOf string, err error) {
	runs, err := a.ledger.Runs(ctx, 1)
	if err != nil {
		return 0, "", err
	}
	if len(runs) > 0 {
		asOf = runs[0].AsOf
	}
	run, err = a.ledger.BeginRun(ctx, kind, asOf)
	return run, asOf, err
}

func (a *app) printRetention(rep retentionReport, dry bool) {
	if len(rep.Tables) == 0 {
		fmt.Fprintf(a.out, "nothing is too old on %s\n", rep.AsOf)
		return
	}
	if rep.Resumed {
		fmt.Fprintln(a.out, "an interrupted retention goes on")
	}
	var rows [][]string
	for _, x := range rep.Tables {
		rows = append(rows, []string{x.Table, x.FirstKept, months(x.Months), fmt.Sprint(x.Rows), fmt.Sprint(x.Held), fmt.Sprint(x.Files), fmt.Sprint(x.Batches), cut(x.Reference, 40)})
	}
	printTable(a.out, []string{"table", "kept from", "months", "rows", "held", "files", "batches", "by"}, rows)
	verb := "are deleted, with their originals in the vault; the tables are built anew and published, and %d publications of before are gone\n"
	if dry {
		verb = "would be deleted, with their originals in the vault; the tables would be built anew and published, and %d publications of before would go\n"
	}
	fmt.Fprintf(a.out, "\nthese rows "+verb, len(rep.Publications))
}
