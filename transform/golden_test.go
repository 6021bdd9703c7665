package transform_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/transform"
	"zhicang/transform/category"
	"zhicang/transform/congress"
	"zhicang/transform/dim"
	"zhicang/transform/industry"
	"zhicang/transform/lexicon"
	"zhicang/warehouse"
	"zhicang/warehouse/dialect"
)

var update = flag.Bool("update", false, "write what the models return into the golden files")

// open returns an engine in memory and the graph of the embedded models.
func open(t testing.TB) (*warehouse.Engine, *transform.Graph, *models.Catalog) {
	t.Helper()
	ctx := context.Background()
	e, err := warehouse.Open(ctx, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	// From the disk, not as embedded: a compiled test then serves for the next
	// edit of a model as well.
	modelFS, sqlFS := os.DirFS("../models"), os.DirFS("../sql")
	cat, err := models.Load(modelFS)
	if err != nil {
		t.Fatal(err)
	}
	lexFS, err := fs.Sub(modelFS, "congress/lexicon")
	if err != nil {
		t.Fatal(err)
	}
	lex, err := lexicon.Load(lexFS)
	if err != nil {
		t.Fatal(err)
	}
	steps := dim.Steps(region.Embedded(), cat, dim.Site{Region: "331022", AsOf: time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC), Timezone: "Asia/Shanghai"})
	steps = append(steps, congress.Steps(congress.Config{
		Lexicon: lex, Classifier: category.NewKeywords(lex), ModelKind: "词典", Regions: region.Embedded(), Region: "331022", Catalog: cat,
	})...)
	steps = append(steps, industry.Steps(industry.Config{Catalog: cat})...)
	g, err := transform.NewGraph(ctx, e, cat, sqlFS, steps)
	if err != nil {
		t.Fatal(err)
	}
	return e, g, cat
}

// TestModels runs every model against the rows of its golden file, a txtar
// archive with one CSV an upstream table and want.csv. Lists are written a|b;
// an empty cell is NULL. Parameters and rules are the real ones unless the file
// brings its own.
func TestModels(t *testing.T) {
	e, g, cat := open(t)
	tested := map[string]bool{}
	files, err := filepath.Glob("../sql/*/testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		rel, _ := filepath.Rel("../sql", file)
		domain, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		base, _, _ := strings.Cut(strings.TrimSuffix(filepath.Base(file), ".txtar"), "-") // dwd_opinion-late.txtar
		layer, name, _ := strings.Cut(base, "_")
		table := layer + "." + domain + "_" + name
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			tested[table] = true
			n, ok := g.Node(table)
			if !ok || n.SQL == "" {
				t.Fatalf("there is no model %s", table)
			}
			runGolden(t, e, g, cat, n, file)
		})
	}
	for _, table := range g.Order() {
		if n, _ := g.Node(table); n.File != "" && !tested[table] {
			t.Errorf("%s has no golden file in sql/%s/testdata", table, n.Contract.Domain())
		}
	}
}

func runGolden(t *testing.T, e *warehouse.Engine, g *transform.Graph, cat *models.Catalog, n *transform.Node, file string) {
	ctx := context.Background()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]string{}
	for _, f := range archive.Files {
		given[strings.TrimSuffix(f.Name, ".csv")] = string(f.Data)
	}
	for _, up := range n.Upstreams {
		node, _ := g.Node(up)
		cols := node.Contract.Columns
		if node.Contract.Layer() == "ods" {
			cols = node.Contract.LandedColumns()
		}
		text, ok := given[up]
		if !ok {
			text, ok = dated(cat, node.Contract)
		}
		if !ok {
			t.Fatalf("%s has no %s.csv", file, up)
		}
		delete(given, up)
		fill(t, e, up, cols, text)
	}
	want := given["want"]
	delete(given, "want")
	for name := range given {
		t.Errorf("%s: %s.csv is no upstream of %s", file, name, n.Contract.Table)
	}
	// As the run does before it writes.
	if err := e.InTx(ctx, func(tx *warehouse.Tx) error { return tx.CheckColumns(ctx, n.Contract, n.SQL) }); err != nil {
		t.Error(err)
	}
	rows, err := e.Query(ctx, n.SQL)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got := readRows(t, rows, n.Contract)
	if *update {
		i := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "want.csv" })
		if i < 0 {
			archive.Files = append(archive.Files, txtar.File{Name: "want.csv"})
			i = len(archive.Files) - 1
		}
		archive.Files[i].Data = []byte(got)
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", n.Contract.Table, diff)
	}
}

// fill creates a table and puts the rows of a CSV into it; columns that the
// CSV leaves out are NULL.
func fill(t *testing.T, e *warehouse.Engine, table string, cols []models.Column, text string) {
	t.Helper()
	ctx := context.Background()
	exec := func(stmt string) {
		t.Helper()
		if err := e.Exec(ctx, stmt); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
	}
	var defs []string
	for _, c := range cols {
		defs = append(defs, warehouse.Ident(c.Name)+" "+c.Type.String())
	}
	exec("CREATE SCHEMA IF NOT EXISTS " + models.Layer(table))
	exec("CREATE OR REPLACE TABLE " + table + " (" + strings.Join(defs, ", ") + ")")
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", table, err)
	}
	for _, r := range records[1:] {
		var names, values []string
		for i, name := range records[0] {
			k := slices.IndexFunc(cols, func(c models.Column) bool { return c.Name == name })
			if k < 0 {
				t.Fatalf("%s has no column %s", table, name)
			}
			names = append(names, warehouse.Ident(name))
			values = append(values, literal(r[i], cols[k].Type))
		}
		exec("INSERT INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES (" + strings.Join(values, ", ") + ")")
	}
}

func literal(s string, typ models.Type) string {
	switch {
	case s == "":
		return "NULL"
	case typ.Kind == models.VarcharList || typ.Kind == models.DoubleList:
		parts := strings.Split(s, "|")
		for i, p := range parts {
			parts[i] = warehouse.Quote(p)
		}
		return "CAST([" + strings.Join(parts, ", ") + "] AS " + typ.String() + ")"
	}
	return "CAST(" + warehouse.Quote(s) + " AS " + typ.String() + ")"
}

// dated is the CSV of a table that people write: the parameters, a table of
// rules.
func dated(cat *models.Catalog, c *models.Contract) (text string, ok bool) {
	if c.Table == "dim.parameter" {
		return parameterCSV(cat), true
	}
	i := slices.IndexFunc(cat.RuleTables(), func(t *models.RuleTable) bool { return t.Table == c.Table })
	if i < 0 {
		return "", false
	}
	var buf bytes.Buffer
	w := csv.NewWriter(&buf)
	record := make([]string, len(c.Columns))
	for k, col := range c.Columns {
		record[k] = col.Name
	}
	err := w.Write(record)
	for _, row := range cat.RuleTables()[i].Rows {
		for k, v := range row {
			if list, isList := v.([]string); isList {
				v = strings.Join(list, "|")
			}
			record[k] = show(v)
		}
		err = errors.Join(err, w.Write(record))
	}
	w.Flush()
	return buf.String(), err == nil
}

func parameterCSV(cat *models.Catalog) string {
	var b strings.Builder
	b.WriteString("name,title,value,text_value,valid_from,valid_to,reference\n")
	for _, p := range cat.Parameters() {
		for _, v := range p.Values {
			from, to := v.From.String(), v.To.String()
			if from == "" {
				from = "0001-01-01"
			}
			if to == "" {
				to = "9999-12-31"
			}
			value := ""
			if v.Value != nil {
				value = fmt.Sprint(*v.Value)
			}
			fmt.Fprintf(&b, "%s,%s,%s,%q,%s,%s,x\n", p.Name, p.Title, value, v.Text, from, to)
		}
	}
	return b.String()
}

// readRows renders rows as CSV, sorted, columns in the contract's order.
func readRows(t *testing.T, rows interface {
	Next() bool
	Scan(...any) error
	Columns() ([]string, error)
	Err() error
}, c *models.Contract,
) string {
	t.Helper()
	names, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var header []string
	for _, col := range c.Columns {
		header = append(header, col.Name)
	}
	var lines []string
	for rows.Next() {
		values, refs := make([]any, len(names)), make([]any, len(names))
		for i := range values {
			refs[i] = &values[i]
		}
		if err := rows.Scan(refs...); err != nil {
			t.Fatal(err)
		}
		var buf bytes.Buffer
		w := csv.NewWriter(&buf)
		var cells []string
		for _, h := range header {
			cells = append(cells, show(values[slices.Index(names, h)]))
		}
		if err := w.Write(cells); err != nil {
			t.Fatal(err)
		}
		w.Flush()
		lines = append(lines, buf.String())
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(header, ",") + "\n" + strings.Join(lines, "")
}

// queryRows runs a SELECT and returns its cells as show renders them.
func queryRows(t testing.TB, e *warehouse.Engine, query string) [][]string {
	t.Helper()
	rows, err := e.Query(context.Background(), query)
	if err != nil {
		t.Fatal(err)
	}
	return showRows(t, rows)
}

// showRows reads all rows as texts, and closes them.
func showRows(t testing.TB, rows *sql.Rows) [][]string {
	t.Helper()
	defer rows.Close()
	cols, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rows.Next() {
		values, refs := make([]any, len(cols)), make([]any, len(cols))
		for i := range values {
			refs[i] = &values[i]
		}
		if err := rows.Scan(refs...); err != nil {
			t.Fatal(err)
		}
		r := make([]string, len(cols))
		for i, v := range values {
			r[i] = show(v)
		}
		out = append(out, r)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func show(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case time.Time:
		if v.Equal(v.Truncate(24 * time.Hour)) {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.DateTime)
	case []any:
		parts := make([]string, len(v))
		for i, x := range v {
			parts[i] = show(x)
		}
		return strings.Join(parts, "|")
	}
	return fmt.Sprint(v)
}

// TestModelsKeepToTheSubset holds the line of the SQL that both engines read.
func TestModelsKeepToTheSubset(t *testing.T) {
	e, g, cat := open(t)
	for _, table := range g.Order() {
		n, _ := g.Node(table)
		for _, text := range n.Texts() {
			q, err := e.Parse(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range dialect.Lint(q) {
				t.Errorf("%s:%d:%d: %s: %s (%s)", n.File, f.Line, f.Column, f.Rule, f.Message, f.Hint)
			}
			for _, p := range transform.UndeclaredParameters(n, q, cat) {
				t.Errorf("%s: parameter %s is not in the contract", table, p)
			}
		}
	}
}
