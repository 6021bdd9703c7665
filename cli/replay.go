package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"zhicang/ingest"
	"zhicang/ledger"
	"zhicang/privacy"
)

func quarantineReplay(e *env) *cobra.Command {
	var f ledger.HeldFilter
	var dry, asJSON bool
	c := &cobra.Command{
		Use:   "replay",
		Short: "check held rows again after a contract, a mapping or a region was mended, and land those that are good now",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.writing("quarantine replay"), func(a *app) error {
				done, err := a.replay(c.Context(), f, dry)
				switch {
				case asJSON:
					err = errors.Join(err, printJSON(e.out, done))
				default:
					a.printReplay(done, dry)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&f.Source, "source", "", "only rows of this source")
	c.Flags().StringVar(&f.Rule, "rule", "", "only rows that broke this rule")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would land, and change nothing")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

// replay checks held rows again, source by source. A source that can't be
// replayed does not keep the others from it.
func (a *app) replay(ctx context.Context, f ledger.HeldFilter, dry bool) (done []ingest.ReplayReport, err error) {
	held, err := a.ledger.Quarantine(ctx, f)
	if err == nil && len(held) == 0 && f.Source != "" {
		err = a.knownSources("--source", []string{f.Source}) // a slip of the pen looks like nothing to do
	}
	if err != nil || len(held) == 0 {
		return nil, err
	}
	slices.Reverse(held) // oldest batch first
	bySource := map[string][]ledger.Held{}
	for _, h := range held {
		bySource[h.Source] = append(bySource[h.Source], h)
	}
	loader, err := a.loader(ctx)
	if err != nil {
		return nil, err
	}
	vault, err := a.openVault(ctx)
	if err != nil {
		return nil, err
	}
	var run int64
	if !dry {
		if _, err := loader.Sweep(ctx); err != nil {
			return nil, err
		}
		if run, _, err = a.beginUpkeep(ctx, "replay"); err != nil {
			return nil, err
		}
	}
	var errs []error
	for _, cfg := range a.cfg.Sources {
		rows := bySource[cfg.Name]
		delete(bySource, cfg.Name)
		if len(rows) == 0 {
			continue
		}
		rep, err := a.replaySource(ctx, loader, run, cfg, rows, vault, dry)
		if ctx.Err() != nil {
			return done, ctx.Err() // the run stays open, as it does when it is killed
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		done = append(done, rep)
	}
	for name, rows := range bySource {
		errs = append(errs, &ingest.Error{
			Source: name, Err: fmt.Errorf("%d rows are held, and the config has no such source", len(rows)),
			Try: "put the source back into the config to check its rows again",
		})
	}
	err = errors.Join(errs...)
	if dry {
		return done, err
	}
	result, message := "ok", ""
	if err != nil {
		result, message = "failed", err.Error()
	}
	return done, errors.Join(err, a.ledger.FinishRun(ctx, run, result, message))
}

// replaySource replays one source. That its originals are opened is recorded
// first, though nobody sees them.
func (a *app) replaySource(ctx context.Context, l *ingest.Loader, run int64, cfg ingest.Config, rows []ledger.Held, vault *privacy.Vault, dry bool) (rep ingest.ReplayReport, err error) {
	if !dry {
		audit := privacy.OpenAudit(filepath.Join(a.dir, "audit.jsonl"), a.now)
		if _, err := audit.Append(ctx, privacy.Entry{Who: operator(), Action: "replay", Object: cfg.Name, Reason: "quarantine replay", Rows: int64(len(rows))}); err != nil {
			return rep, err
		}
	}
	if rep, err = l.Replay(ctx, run, cfg, rows, vault, dry); err != nil || dry {
		return rep, err
	}
	return rep, a.ledger.AddStep(ctx, run, ledger.Step{Kind: "source", Subject: cfg.Name, State: "built", Reason: "held rows checked again", Rows: rep.Landed, Held: rep.Held})
}

func (a *app) printReplay(done []ingest.ReplayReport, dry bool) {
	landed := int64(0)
	for _, r := range done {
		landed += r.Landed
		switch {
		case dry:
			fmt.Fprintf(a.out, "%s: %d of %d held rows would land, %d would stay held", r.Source, r.Landed, r.Landed+r.Held+r.Lost, r.Held)
		case r.Landed > 0:
			fmt.Fprintf(a.out, "%s: %d held rows landed as batch %d, %d are still held", r.Source, r.Landed, r.Batch, r.Held)
		default:
			fmt.Fprintf(a.out, "%s: nothing landed, %d rows are still held", r.Source, r.Held)
		}
		if r.Lost > 0 {
			fmt.Fprintf(a.out, "; %d can't be checked again, as they were no records: the source must deliver them anew", r.Lost)
		}
		fmt.Fprintln(a.out)
	}
	switch {
	case len(done) == 0:
		fmt.Fprintln(a.out, "nothing is held back that could be checked again")
	case landed > 0 && !dry:
		fmt.Fprintln(a.out, "`zhicang run` brings the tables up to date")
	}
}
