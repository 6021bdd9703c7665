package transform_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"zhicang/models"
	"zhicang/transform"
	"zhicang/warehouse"
)

// TestDeletedRowsCountForNothing: to every model, an ods table of which every
// row is marked as deleted at its source is an empty table. It goes over the
// golden files, one ods table at a time.
func TestDeletedRowsCountForNothing(t *testing.T) {
	e, g, cat := open(t)
	read := 0
	for _, table := range g.Order() {
		n, _ := g.Node(table)
		// It joins the rows that the table of versions has chosen.
		if n.File == "" || slices.Contains(n.Upstreams, "dwd.congress_opinion_version") {
			continue
		}
		for _, up := range n.Upstreams {
			if models.Layer(up) != "ods" {
				continue
			}
			read++
			shown := false
			for _, file := range goldenFiles(t, n.Contract) {
				fillGolden(t, e, g, cat, n, file)
				delivered := sortedRows(t, e, n.SQL)
				execDuty(t, e, "UPDATE "+up+" SET deleted = TRUE")
				deleted := sortedRows(t, e, n.SQL)
				execDuty(t, e, "DELETE FROM "+up)
				none := sortedRows(t, e, n.SQL)
				if diff := cmp.Diff(none, deleted); diff != "" {
					t.Errorf("%s counts deleted rows of %s (-without the rows +with them deleted):\n%s", table, up, diff)
				}
				shown = shown || !cmp.Equal(none, delivered)
			}
			if !shown {
				t.Errorf("%s: no golden file shows what it makes of %s", table, up)
			}
		}
	}
	if read == 0 {
		t.Error("no model reads an ods table")
	}
}

// goldenFiles are the golden files of a model.
func goldenFiles(t *testing.T, c *models.Contract) []string {
	t.Helper()
	_, name, _ := strings.Cut(c.Table, "."+c.Domain()+"_")
	stem := filepath.Join("../sql", c.Domain(), "testdata", c.Layer()+"_"+name)
	files, err := filepath.Glob(stem + "-*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	return append(files, stem+".txtar")
}

func sortedRows(t *testing.T, e *warehouse.Engine, query string) [][]string {
	t.Helper()
	rows := queryRows(t, e, query)
	slices.SortFunc(rows, slices.Compare[[]string])
	return rows
}

// fillGolden writes the upstream tables of a golden file.
func fillGolden(t *testing.T, e *warehouse.Engine, g *transform.Graph, cat *models.Catalog, n *transform.Node, file string) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, up := range n.Upstreams {
		node, _ := g.Node(up)
		cols := node.Contract.Columns
		if node.Contract.Layer() == "ods" {
			cols = node.Contract.LandedColumns()
		}
		text, ok := dated(cat, node.Contract)
		if i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == up+".csv" }); i >= 0 {
			text, ok = string(archive.Files[i].Data), true
		}
		if !ok {
			t.Fatalf("%s has no %s.csv", file, up)
		}
		fill(t, e, up, cols, text)
	}
}
