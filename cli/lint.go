package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"zhicang/ingest"
	"zhicang/transform"
	"zhicang/warehouse"
	"zhicang/warehouse/dialect"
)

func lintCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "lint",
		Short: "check contracts, parameters and SQL models, the site's own included, without running anything",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.open, func(a *app) error {
				return a.lint(c.Context())
			})
		},
	}
}

func (a *app) lint(ctx context.Context) (err error) {
	if a.engine, err = warehouse.Open(ctx, warehouse.Options{}); err != nil {
		return err
	}
	day, err := a.day("")
	if err != nil {
		return err
	}
	g, err := a.graph(ctx, day)
	if err != nil {
		return err
	}
	findings := 0
	for _, src := range a.cfg.Sources {
		if _, err := ingest.Mapped(src, a.catalog); err != nil {
			findings++
			printError(a.out, err)
		}
	}
	for _, t := range g.Order() {
		n, _ := g.Node(t)
		count, err := a.lintNode(ctx, n)
		if err != nil {
			return err
		}
		findings += count
	}
	if findings > 0 {
		return fmt.Errorf("%d findings in %d tables", findings, len(g.Order()))
	}
	fmt.Fprintf(a.out, "%d tables, no findings\n", len(g.Order()))
	return nil
}

func (a *app) lintNode(ctx context.Context, n *transform.Node) (count int, err error) {
	for name, text := range n.Texts() {
		q, err := a.engine.Parse(ctx, text)
		if err != nil {
			return count, err
		}
		where := "sql/" + n.File
		if n.File == "" {
			where = n.Contract.Table + ", input " + name
		}
		for _, f := range dialect.Lint(q) {
			count++
			fmt.Fprintf(a.out, "%s:%d:%d: %s: %s\n  Try: %s\n", where, f.Line, f.Column, f.Rule, f.Message, f.Hint)
		}
		for _, name := range transform.UndeclaredParameters(n, q, a.catalog) {
			count++
			fmt.Fprintf(a.out, "%s: parameter %s is not in the contract\n  Try: add it to parameters in %s\n", where, name, n.Contract.File)
		}
	}
	return count, nil
}
