package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/transform/origin"
	"zhicang/warehouse"
)

func explainCommand(e *env) *cobra.Command {
	var asOf string
	c := &cobra.Command{
		Use:   "explain TABLE | TABLE.COLUMN | PARAMETER | ISSUE | DEPUTY | FLAG | ALERT",
		Short: "say where a table, a number, a parameter, or what has an id comes from",
		Long: `Say where something comes from: a table or a column (formula, SQL, what it is made
from), a parameter (its dated values), or what readers see under an id: an issue
(its messages), a deputy (the score, its items and the records behind each point; the
first eight letters of the pseudonym will do), a flag (its evidence, rule and
decision), an alert (its months).`,
		Args: exactArgs(1, "a table, a column, a parameter, or the id of an issue, a deputy, a flag or an alert"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.use(c.Context(), e.open, func(a *app) error {
				day, err := a.day(asOf)
				if err != nil {
					return err
				}
				return a.explain(c.Context(), args[0], day)
			})
		},
	}
	c.Flags().StringVar(&asOf, "as-of", "", "the day whose parameters, or whose year of a score, are meant (default: today)")
	return c
}

func (a *app) explain(ctx context.Context, what string, day time.Time) error {
	if p, ok := a.catalog.Parameter(what); ok {
		explainParameter(a.out, p, day)
		return nil
	}
	table, column := what, ""
	if parts := strings.SplitN(what, ".", 3); len(parts) == 3 {
		table, column = parts[0]+"."+parts[1], parts[2]
	}
	// The parser alone is needed, so an engine in memory serves, and a run
	// that holds the warehouse is not in the way.
	var err error
	if a.engine, err = warehouse.Open(ctx, warehouse.Options{}); err != nil {
		return err
	}
	g, err := a.graph(ctx, day)
	if err != nil {
		return err
	}
	if _, ok := a.catalog.Contract(table); !ok {
		if !strings.Contains(what, ".") {
			return a.explainRow(ctx, origin.Of(what, day))
		}
		try := "`zhicang plan` lists the tables"
		if near := models.Nearest(table, a.catalog.Tables()); near != "" {
			try = fmt.Sprintf("did you mean %s?", near)
		}
		return &models.FileError{File: "explain", Msg: "there is no table " + table, Try: try}
	}
	x, _ := g.Explain(table, day) // of every contract there is
	if column == "" {
		explainTable(a.out, x, day)
		return nil
	}
	col, ok := x.Contract.Column(column)
	if !ok {
		return &models.FileError{File: "explain", Msg: fmt.Sprintf("%s has no column %s", table, column), Try: "zhicang explain " + table}
	}
	a.explainColumn(g, x, col)
	return nil
}

func explainTable(w io.Writer, x transform.Explanation, day time.Time) {
	c := x.Contract
	fmt.Fprintf(w, "%s  %s\n一行为  %s\n", c.Table, c.Title, c.Grain)
	if c.Formula != "" {
		fmt.Fprintf(w, "口径    %s\n", c.Formula)
	}
	fmt.Fprintf(w, "主键    %s\n", strings.Join(c.Key, ", "))
	if c.Partition != "" {
		fmt.Fprintf(w, "分区    按 %s 的月份\n", c.Partition)
	}
	fmt.Fprintf(w, "契约    %s\n\n", c.File)
	var rows [][]string
	for _, col := range x.Columns {
		rows = append(rows, []string{col.Name, col.Type.String(), col.Title, string(col.PII), col.Formula})
	}
	printTable(w, []string{"column", "type", "列名", "personal", "口径"}, rows)
	explainInForce(w, x.Parameters, day)
	if len(x.Upstreams) > 0 {
		fmt.Fprintf(w, "\nmade from  %s\n", strings.Join(x.Upstreams, ", "))
	}
	if len(x.Downstream) > 0 {
		fmt.Fprintf(w, "goes into  %s\n", strings.Join(x.Downstream, ", "))
	}
	switch {
	case c.FromLedger():
		fmt.Fprintln(w, "\nwritten from the ledger after every run")
	case x.SQL != "":
		fmt.Fprintf(w, "\n-- sql/%s\n%s\n", x.File, x.SQL)
	case x.Version != "":
		fmt.Fprintf(w, "\nmade by a step in Go, version %s\n", x.Version)
		for _, in := range x.Inputs {
			fmt.Fprintf(w, "\n-- input %s\n%s\n", in.Name, in.SQL)
		}
	}
}

func explainInForce(w io.Writer, parameters []transform.InForce, day time.Time) {
	if len(parameters) == 0 {
		return
	}
	var rows [][]string
	for _, p := range parameters {
		if p.Err != nil {
			rows = append(rows, []string{p.Parameter.Name, p.Parameter.Title, p.Err.Error(), "", ""})
			continue
		}
		rows = append(rows, []string{p.Parameter.Name, p.Parameter.Title, p.Value.String() + p.Parameter.Unit, p.Value.From.String(), p.Value.Reference})
	}
	fmt.Fprintf(w, "\nparameters in force on %s\n", day.Format(time.DateOnly))
	printTable(w, []string{"parameter", "名称", "value", "from", "依据"}, rows)
}

func (a *app) explainColumn(g *transform.Graph, x transform.Explanation, col models.Column) {
	fmt.Fprintf(a.out, "%s.%s  %s  %s\n", x.Contract.Table, col.Name, col.Title, col.Type)
	if col.Formula != "" {
		fmt.Fprintf(a.out, "口径    %s\n", col.Formula)
	}
	if x.Contract.Formula != "" {
		fmt.Fprintf(a.out, "表口径  %s\n", x.Contract.Formula)
	}
	if col.Unit != "" {
		fmt.Fprintf(a.out, "单位    %s\n", col.Unit)
	}
	if col.PII != models.NotPersonal {
		fmt.Fprintf(a.out, "个人信息 %s\n", col.PII)
	}
	for _, up := range x.Upstreams {
		if un, ok := g.Node(up); ok {
			if _, ok := un.Contract.Column(col.Name); ok {
				fmt.Fprintf(a.out, "一个同名列在 %s\n", up)
			}
		}
	}
	fmt.Fprintf(a.out, "\n`zhicang explain %s` shows how the table is made.\n", x.Contract.Table)
}

func explainParameter(w io.Writer, p *models.Parameter, day time.Time) {
	fmt.Fprintf(w, "%s  %s\n定义    %s\n\n", p.Name, p.Title, p.File)
	var rows [][]string
	current, err := p.On(day)
	for _, v := range p.Values {
		mark := ""
		if err == nil && v.From == current.From {
			mark = "*"
		}
		rows = append(rows, []string{mark, v.String() + p.Unit, v.From.String(), v.To.String(), v.Reference})
	}
	printTable(w, []string{"", "value", "from", "to", "依据"}, rows)
	if err != nil {
		fmt.Fprintf(w, "\n%s\n", err)
	}
}
