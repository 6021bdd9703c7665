package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"
)

func upCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "up",
		Short: "make the scheduled runs and serve the readers, in one process",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.openWithLedger, func(a *app) error { return a.up(c.Context()) })
		},
	}
}

// up schedules and serves until the context ends. When one of the two fails,
// the other ends as well: a half of it would look like the whole.
func (a *app) up(ctx context.Context) error {
	if len(a.cfg.Schedules) == 0 {
		fmt.Fprintln(a.err, "zhicang: the config has no schedules: readers are served, and nothing runs by itself")
		return a.serve(ctx)
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.schedule(ctx, false, time.Time{}) })
	g.Go(func() error { return a.serve(ctx) })
	return g.Wait()
}
