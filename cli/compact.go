package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"zhicang/ingest"
	"zhicang/ledger"
	"zhicang/models"
)

func compactCommand(e *env) *cobra.Command {
	var table string
	var dry, asJSON bool
	c := &cobra.Command{
		Use:   "compact",
		Short: "write the small Parquet files of each month into one; no row and no table changes",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.writing("compact"), func(a *app) error {
				done, err := a.compact(c.Context(), table, dry)
				if asJSON {
					return errors.Join(err, printJSON(e.out, done))
				}
				printCompactions(e.out, done, dry)
				return err
			})
		},
	}
	c.Flags().StringVar(&table, "table", "", "only this ods table")
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be written, and write nothing")
	c.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return c
}

// compact compacts month by month; what was done before an error stays done.
func (a *app) compact(ctx context.Context, table string, dry bool) (done []ingest.Compaction, err error) {
	tables, err := a.odsTables(table)
	if err != nil {
		return nil, err
	}
	loader, err := a.loader(ctx)
	if err != nil {
		return nil, err
	}
	var run int64
	for _, c := range tables {
		plan, err := loader.Compactions(ctx, c)
		if err != nil {
			return done, err
		}
		for _, x := range plan {
			if dry {
				done = append(done, x)
				continue
			}
			if run == 0 {
				if run, _, err = a.beginUpkeep(ctx, "compact"); err != nil {
					return done, err
				}
			}
			if x, err = loader.Compact(ctx, c, x); err != nil {
				return done, errors.Join(err, a.ledger.FinishRun(context.WithoutCancel(ctx), run, "failed", err.Error()))
			}
			done = append(done, x)
			if err := a.ledger.AddStep(ctx, run, ledger.Step{Kind: "compact", Subject: x.Table + " " + x.Month, State: "built", Reason: fmt.Sprintf("%d files", x.Files), Rows: x.Rows}); err != nil {
				return done, err
			}
		}
	}
	if run == 0 {
		return done, nil
	}
	return done, a.ledger.FinishRun(ctx, run, "ok", "")
}

// odsTables are the contracts of the lake's tables, or of the one that is named.
func (a *app) odsTables(name string) ([]*models.Contract, error) {
	var list []*models.Contract
	var names []string
	for _, t := range a.catalog.Tables() {
		c, ok := a.catalog.Contract(t)
		if !ok || c.Layer() != "ods" {
			continue
		}
		names = append(names, t)
		if name == "" || name == t {
			list = append(list, c)
		}
	}
	if name == "" || len(list) > 0 {
		return list, nil
	}
	try := "the ods tables are those with a contract"
	if near := models.Nearest(name, names); near != "" {
		try = fmt.Sprintf("did you mean %s?", near)
	}
	return nil, &models.FileError{File: "--table", Msg: "there is no ods table " + name, Try: try}
}

func printCompactions(w io.Writer, done []ingest.Compaction, dry bool) {
	if len(done) == 0 {
		fmt.Fprintln(w, "nothing to compact: no month has several small files of today's shape")
		return
	}
	var rows [][]string
	for _, x := range done {
		after := fmt.Sprintf("%.1f", float64(x.After)/1e6)
		if dry {
			after = "-"
		}
		rows = append(rows, []string{x.Table, x.Month, fmt.Sprint(x.Files), fmt.Sprint(x.Rows), fmt.Sprintf("%.1f", float64(x.Bytes)/1e6), after})
	}
	printTable(w, []string{"table", "month", "files", "rows", "MB before", "MB after"}, rows)
}
