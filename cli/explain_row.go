package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"zhicang/models"
	"zhicang/transform/origin"
	"zhicang/warehouse"
)

// explainRow shows what stands behind an id that readers see, as far as it is
// published.
func (a *app) explainRow(ctx context.Context, s origin.Subject) (err error) {
	pub, err := a.published(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pub.Close()) }()
	shown := 0
	for _, p := range s.Parts {
		n, err := a.explainPart(ctx, pub, p)
		if err != nil {
			return err
		}
		shown += n
	}
	c, _ := a.catalog.Contract(s.Table)
	if shown == 0 {
		return &models.FileError{
			File: "explain", Msg: fmt.Sprintf("%q is no table and no parameter, and nothing that is published has this id (%s)", s.ID, s.Kind),
			Try: "name a table as layer.domain_name, or take a whole id from ads.congress_hot_issue, ads.assist_risk_flag (f…) or ads.industry_alert (YJ…), or 8 letters of one from ads.congress_deputy_score (p…)",
		}
	}
	fmt.Fprintf(a.out, "口径: %s\n", c.Formula)
	return nil
}

// explainPart shows the rows of a part under the titles of their columns, a single
// one line by line, and returns how many there are.
func (a *app) explainPart(ctx context.Context, pub *warehouse.Published, p origin.Part) (n int, err error) {
	rows, err := pub.Query(ctx, p.SQL)
	if err != nil {
		return 0, queryError(err)
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	var table [][]string
	err = eachRow(names, rows, func(values []any) error {
		r := make([]string, len(values))
		for i, v := range values {
			r[i] = strings.ReplaceAll(text(v), "\n", " ")
		}
		table = append(table, r)
		return nil
	})
	if err := errors.Join(err, rows.Err()); err != nil || len(table) == 0 {
		return 0, err
	}
	titles := a.titles(p.Table, names)
	fmt.Fprintf(a.out, "%s (%d)\n", p.Title, len(table))
	if len(table) > 1 {
		printTable(a.out, titles, table)
	} else {
		printRow(a.out, titles, table[0])
	}
	fmt.Fprintln(a.out)
	return len(table), nil
}

// titles puts the columns of a table into the readers' words.
func (a *app) titles(table string, names []string) []string {
	titles := make([]string, len(names))
	c, _ := a.catalog.Contract(table)
	for i, name := range names {
		col, _ := c.Column(name)
		titles[i] = cmp.Or(col.Title, name)
		if col.Unit != "" {
			titles[i] += "(" + col.Unit + ")"
		}
	}
	return titles
}
