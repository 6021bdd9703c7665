package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"zhicang/ledger"
	"zhicang/warehouse"
)

func publishCommand(e *env) *cobra.Command {
	var rollback bool
	c := &cobra.Command{
		Use:   "publish",
		Short: "publish the tables as they stand, or go back to the publication before",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.writing("publish"), func(a *app) error {
				if rollback {
					return a.rollback(c.Context())
				}
				return a.publish(c.Context())
			})
		},
	}
	c.Flags().BoolVar(&rollback, "rollback", false, "withdraw the current publication and show the one before it")
	return c
}

func (a *app) publish(ctx context.Context) error {
	runs, err := a.ledger.Runs(ctx, 1)
	if err != nil {
		return err
	}
	if len(runs) == 0 {
		return errors.New("there is nothing to publish yet")
	}
	day, err := a.day(runs[0].AsOf)
	if err != nil {
		return err
	}
	runner, err := a.runner(ctx, day)
	if err != nil {
		return err
	}
	res, err := runner.PublishNow(ctx, runs[0].ID)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "published %s\n", res.File)
	return a.writePlatform(ctx)
}

// rollback makes the newest publication before the current one current, and
// marks the current one as withdrawn, so that the next run does not publish
// the same rows again by itself.
func (a *app) rollback(ctx context.Context) error {
	shelf := a.shelf()
	current, err := shelf.Current()
	if err != nil {
		return err
	}
	files, err := shelf.Files()
	if err != nil {
		return err
	}
	pubs, err := a.ledger.Publications(ctx)
	if err != nil {
		return err
	}
	withdrawn := map[string]bool{}
	ids := map[string]int64{}
	for _, p := range pubs {
		name := warehouse.FileName(p.ID)
		withdrawn[name], ids[name] = p.State == ledger.Withdrawn, p.ID
	}
	i := slices.Index(files, filepath.Base(current))
	back := i - 1
	for back >= 0 && withdrawn[files[back]] {
		back--
	}
	if back < 0 {
		return fmt.Errorf("%s is the oldest publication on the shelf that was not withdrawn: there is nothing to go back to", filepath.Base(current))
	}
	if id, ok := ids[files[i]]; ok {
		if err := a.ledger.SetPublication(ctx, id, ledger.Withdrawn); err != nil {
			return err
		}
	}
	if err := shelf.Switch(files[back]); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "readers see %s again; %s is withdrawn\n", files[back], files[i])
	return a.writePlatform(ctx)
}
