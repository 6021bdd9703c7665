package cli

import (
	"context"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/warehouse"
)

func explainCommand(e *env) *cobra.Command {
	var asOf string
	c := &cobra.Command{
		Use:   "explain TABLE | TABLE.COLUMN | PARAMETER | ISSUE",
		Short: "say where a table, a number, a parameter or an issue comes from",
		Args:  exactArgs(1, "a table, a column, a parameter or the id of an issue"),
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
	c.Flags().StringVar(&asOf, "as-of", "", "the day whose parameters are meant (default: today)")
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
	if _, ok := a.catalog.Contract(table); !ok {
		if !strings.Contains(what, ".") {
			return a.explainIssue(ctx, what)
		}
		try := "`zhicang plan` lists the tables"
		if near := models.Nearest(table, a.catalog.Tables()); near != "" {
			try = fmt.Sprintf("did you mean %s?", near)
		}
		return &models.FileError{File: "explain", Msg: "there is no table " + table, Try: try}
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
	n, _ := g.Node(table)
	if column == "" {
		a.explainTable(g, n, day)
		return nil
	}
	col, ok := n.Contract.Column(column)
	if !ok {
		return &models.FileError{File: "explain", Msg: fmt.Sprintf("%s has no column %s", table, column), Try: "zhicang explain " + table}
	}
	a.explainColumn(g, n, col)
	return nil
}

func (a *app) explainTable(g *transform.Graph, n *transform.Node, day time.Time) {
	c, w := n.Contract, a.out
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
	cols := c.Columns
	if c.Layer() == "ods" {
		cols = c.LandedColumns()
	}
	for _, col := range cols {
		rows = append(rows, []string{col.Name, col.Type.String(), col.Title, string(col.PII), col.Formula})
	}
	printTable(w, []string{"column", "type", "列名", "personal", "口径"}, rows)
	a.explainParameters(c, day)
	if len(n.Upstreams) > 0 {
		fmt.Fprintf(w, "\nmade from  %s\n", strings.Join(n.Upstreams, ", "))
	}
	if down := g.Downstream(c.Table); len(down) > 0 {
		fmt.Fprintf(w, "goes into  %s\n", strings.Join(down, ", "))
	}
	switch {
	case n.SQL != "":
		fmt.Fprintf(w, "\n-- sql/%s\n%s\n", n.File, n.SQL)
	case n.Step != nil:
		fmt.Fprintf(w, "\nmade by a step in Go, version %s\n", n.Step.Version())
		for _, name := range sortedKeys(n.Step.Inputs) {
			fmt.Fprintf(w, "\n-- input %s\n%s\n", name, n.Step.Inputs[name])
		}
	}
}

func (a *app) explainParameters(c *models.Contract, day time.Time) {
	if len(c.Parameters) == 0 {
		return
	}
	var rows [][]string
	for _, name := range c.Parameters {
		p, _ := a.catalog.Parameter(name)
		v, err := p.On(day)
		if err != nil {
			rows = append(rows, []string{name, p.Title, err.Error(), "", ""})
			continue
		}
		rows = append(rows, []string{name, p.Title, valueOf(v) + p.Unit, v.From.String(), v.Reference})
	}
	fmt.Fprintf(a.out, "\nparameters in force on %s\n", day.Format(time.DateOnly))
	printTable(a.out, []string{"parameter", "名称", "value", "from", "依据"}, rows)
}

func (a *app) explainColumn(g *transform.Graph, n *transform.Node, col models.Column) {
	fmt.Fprintf(a.out, "%s.%s  %s  %s\n", n.Contract.Table, col.Name, col.Title, col.Type)
	if col.Formula != "" {
		fmt.Fprintf(a.out, "口径    %s\n", col.Formula)
	}
	if n.Contract.Formula != "" {
		fmt.Fprintf(a.out, "表口径  %s\n", n.Contract.Formula)
	}
	if col.Unit != "" {
		fmt.Fprintf(a.out, "单位    %s\n", col.Unit)
	}
	if col.PII != models.NotPersonal {
		fmt.Fprintf(a.out, "个人信息 %s\n", col.PII)
	}
	for _, up := range n.Upstreams {
		if un, ok := g.Node(up); ok {
			if _, ok := un.Contract.Column(col.Name); ok {
				fmt.Fprintf(a.out, "一个同名列在 %s\n", up)
			}
		}
	}
	fmt.Fprintf(a.out, "\n`zhicang explain %s` shows how the table is made.\n", n.Contract.Table)
}

func valueOf(v models.Dated) string {
	if v.Value != nil {
		return fmt.Sprint(*v.Value)
	}
	return v.Text
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
		rows = append(rows, []string{mark, valueOf(v) + p.Unit, v.From.String(), v.To.String(), v.Reference})
	}
	printTable(w, []string{"", "value", "from", "to", "依据"}, rows)
	if err != nil {
		fmt.Fprintf(w, "\n%s\n", err)
	}
}

// explainIssue shows an issue as the readers see it: its ranks, then its
// messages.
func (a *app) explainIssue(ctx context.Context, id string) error {
	pub, err := a.published(ctx)
	if err != nil {
		return err
	}
	defer pub.Close()
	var n int
	rows, err := pub.Query(ctx, "SELECT count(*) FROM ads.congress_hot_issue_opinion WHERE issue_id = ?", id)
	if err != nil {
		return queryError(err)
	}
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return err
		}
	}
	rows.Close()
	if n == 0 {
		return &models.FileError{File: "explain", Msg: fmt.Sprintf("%q is no table, no parameter and no issue", id), Try: "name a table as layer.domain_name, or take an issue_id from ads.congress_hot_issue"}
	}
	lit := warehouse.Quote(id)
	for _, q := range []string{
		`SELECT period, period_start, region_code, rank, heat, people, opinions, growth, likes, badge, first_day, last_day, title
		 FROM ads.congress_hot_issue WHERE issue_id = ` + lit + ` AND period = 'month' ORDER BY period_start, region_code`,
		`SELECT opinion_id, day, person_key, similarity, is_centre, likes, title FROM ads.congress_hot_issue_opinion
		 WHERE issue_id = ` + lit + ` ORDER BY day, opinion_id`,
	} {
		if err := a.query(ctx, pub, q, "table"); err != nil {
			return err
		}
		fmt.Fprintln(a.out)
	}
	c, _ := a.catalog.Contract("ads.congress_hot_issue")
	fmt.Fprintf(a.out, "口径: %s\n", c.Formula)
	return nil
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
