// Package dim makes the tables that all domains share: regions, parameters,
// the run, the data dictionary. They come from the program and the site's
// files, not from the lake.
package dim

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/transform"
)

// Site is what the tables tell about the place that runs the warehouse.
type Site struct {
	Region   string // its own region's code; "" when it serves several
	AsOf     time.Time
	Timezone string
}

// Everywhere is the region of what is in no region that is known, and above
// all others, at a site that serves several.
const (
	Everywhere     = "000000"
	everywhereName = "全部地区"
)

// Steps returns the steps that make the shared tables, and the tables of rules
// of all domains.
func Steps(tree *region.Tree, cat *models.Catalog, site Site) []transform.Step {
	steps := []transform.Step{
		step("dim.region", regionRows(tree, site.Region)),
		step("dim.region_ancestor", ancestorRows(tree, site.Region)),
		step("dim.run", func() [][]any { return [][]any{{site.AsOf, site.Timezone, cmp.Or(site.Region, Everywhere)}} }),
		step("dim.site", func() [][]any { return [][]any{{cmp.Or(site.Region, Everywhere)}} }),
		step("dim.parameter", parameterRows(cat)),
		step("dim.data_dictionary", dictionaryRows(cat)),
		dayStep(cat),
		ageStep(cat, site.AsOf),
	}
	for _, t := range cat.RuleTables() {
		steps = append(steps, step(t.Table, func() [][]any { return t.Rows }))
	}
	return steps
}

// step emits rows that are known beforehand; their digest is its version.
func step(table string, rows func() [][]any) transform.Step {
	return transform.Step{
		Table:   table,
		Version: func() string { return digest(rows()) },
		Build: func(ctx context.Context, b *transform.Build) error {
			for _, r := range rows() {
				if err := b.Emit(ctx, r...); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func digest(rows [][]any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(rows); err != nil {
		panic(err) // strings, numbers and times: cannot happen
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func regionRows(tree *region.Tree, root string) func() [][]any {
	return func() [][]any {
		var rows [][]any
		if root == "" {
			rows = append(rows, []any{Everywhere, everywhereName, everywhereName, int32(0), nil, models.Ever, models.Forever, nil, nil})
		}
		for _, r := range tree.Regions() {
			chain := tree.Ancestors(r.Code)
			names := make([]string, len(chain))
			for i, a := range chain {
				names[len(chain)-1-i] = a.Name
			}
			var lng, lat any
			if r.Lng != 0 || r.Lat != 0 {
				lng, lat = r.Lng, r.Lat
			}
			rows = append(rows, []any{
				r.Code, r.Name, strings.Join(names, ""), int32(r.Level), orNil(r.Parent), orDay(r.From, models.Ever), orDay(r.To, models.Forever), lng, lat,
			})
		}
		return rows
	}
}

func orDay(t, open time.Time) time.Time {
	if t.IsZero() {
		return open
	}
	return t
}

// ancestorRows lists, for each region, the regions it lies in, up to the
// site's own: a county's warehouse has nothing to say about the province. At a
// site without a region of its own everything lies in Everywhere.
func ancestorRows(tree *region.Tree, root string) func() [][]any {
	return func() [][]any {
		var rows [][]any
		if root == "" {
			rows = append(rows, []any{Everywhere, Everywhere, int32(0)})
		}
		for _, r := range tree.Regions() {
			for _, code := range Within(tree, root, r.Code) {
				rows = append(rows, []any{r.Code, code, levelOf(tree, code)})
			}
		}
		return rows
	}
}

// Within lists the regions that a region lies in, itself first, up to the
// site's own; at a site without one Everywhere is the last. A region outside of
// the site's own lies in none.
func Within(tree *region.Tree, root, code string) []string {
	var codes []string
	for _, a := range tree.Ancestors(code) {
		codes = append(codes, a.Code)
		if a.Code == root {
			return codes
		}
	}
	switch {
	case root != "":
		return nil
	case code == Everywhere:
		return []string{Everywhere}
	}
	return append(codes, Everywhere)
}

func levelOf(tree *region.Tree, code string) int32 {
	if chain := tree.Ancestors(code); len(chain) > 0 {
		return int32(chain[0].Level)
	}
	return 0
}

func parameterRows(cat *models.Catalog) func() [][]any {
	return func() [][]any {
		var rows [][]any
		for _, p := range cat.Parameters() {
			for _, v := range p.Values {
				var value any
				if v.Value != nil {
					value = *v.Value
				}
				rows = append(rows, []any{
					p.Name, p.Title, value, orNil(v.Text), orNil(p.Unit), orDay(v.From.Time, models.Ever), orDay(v.To.Time, models.Forever), v.Reference,
				})
			}
		}
		return rows
	}
}

// dictionaryRows describes the published tables. It is asked for when the
// table is built, after the contracts have inherited what they leave out.
func dictionaryRows(cat *models.Catalog) func() [][]any {
	return func() [][]any {
		var rows [][]any
		for _, c := range cat.Contracts() {
			if !c.Published() {
				continue
			}
			for i, col := range c.Columns {
				rows = append(rows, []any{
					c.Table, c.Title, col.Name, int32(i + 1), col.Type.String(), col.Title, orNil(col.Formula), orNil(col.Unit),
				})
			}
		}
		return rows
	}
}

// RegionNames maps the codes of the regions in force on a day to their names.
func RegionNames(tree *region.Tree, on time.Time) map[string]string {
	names := map[string]string{}
	for _, r := range tree.Regions() {
		if r.InForce(on) {
			names[r.Code] = r.Name
		}
	}
	return names
}

// CheckRoot makes sure that a site's own region exists.
func CheckRoot(tree *region.Tree, code string) error {
	if code == "" {
		return nil
	}
	if len(tree.Ancestors(code)) == 0 {
		return fmt.Errorf("region %q is not in the table of regions", code)
	}
	return nil
}
