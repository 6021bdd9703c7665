// Package transform turns the lake into tables: it knows from the SQL itself
// which table needs which, finds out what is stale, builds that and nothing
// else, month by month, and publishes what passed every check.
package transform

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sort"
	"strings"

	"zhicang/models"
	"zhicang/warehouse/dialect"
)

// parameterTable holds every dated parameter. A table depends on the
// parameters that its contract names, not on all of them.
const parameterTable = "dim.parameter"

// Node is one table of the graph: how it is made and from what.
type Node struct {
	Contract *models.Contract
	SQL      string // the model's text; "" for ods tables and steps
	File     string // the model's file; "" where Go writes the text
	Step     *Step  // nil for ods tables and models
	// Upstreams are the tables it is made from, itself left out, sorted.
	Upstreams []string
	// Definition is a digest of everything but data that its rows depend on.
	Definition string

	parameters []*models.Parameter // that the contract names

	queries  map[string]dialect.Reads // by input name; a model has one, ""
	checks   map[string]dialect.Reads // the contract's checks that are SELECTs, by text
	selfRead bool                     // reads its own earlier months
}

// Graph holds the tables in an order in which every table comes after the
// ones it is made from.
type Graph struct {
	nodes map[string]*Node
	order []string
	// platform are the contracts of tables that are written from the ledger.
	platform map[string]*models.Contract
}

// Parser says with the engine's own parser which tables a SELECT reads.
type Parser interface {
	Reads(ctx context.Context, text string) (dialect.Reads, error)
}

// NewGraph connects contracts, SQL models (<domain>/<layer>_<name>.sql below
// sqlFS) and steps. A contract without a way to make it, or a model without a
// contract, is an error.
func NewGraph(ctx context.Context, parser Parser, cat *models.Catalog, sqlFS fs.FS, steps []Step) (*Graph, error) {
	g := &Graph{nodes: map[string]*Node{}, platform: map[string]*models.Contract{}}
	for _, c := range cat.Contracts() {
		if c.FromLedger() {
			g.platform[c.Table] = c
			continue
		}
		g.nodes[c.Table] = &Node{Contract: c, queries: map[string]dialect.Reads{}, checks: map[string]dialect.Reads{}}
	}
	for i := range steps {
		n, ok := g.nodes[steps[i].Table]
		if !ok {
			return nil, fmt.Errorf("step %s has no contract", steps[i].Table)
		}
		if n.SQL = steps[i].SQL; n.SQL == "" {
			n.Step = &steps[i]
		}
	}
	if err := g.addModels(sqlFS); err != nil {
		return nil, err
	}
	for _, table := range slices.Sorted(maps.Keys(g.nodes)) {
		if err := g.connect(ctx, parser, g.nodes[table]); err != nil {
			return nil, err
		}
	}
	if err := g.sort(); err != nil {
		return nil, err
	}
	if err := cat.Inherit(g.order, func(t string) []string { return g.nodes[t].Upstreams }); err != nil {
		return nil, err
	}
	for i := range steps {
		if steps[i].Connected != nil {
			steps[i].Connected(g)
		}
	}
	for _, n := range g.nodes {
		for _, name := range n.Contract.Parameters {
			p, _ := cat.Parameter(name) // the catalog has seen to it
			n.parameters = append(n.parameters, p)
		}
		n.Definition = n.define()
	}
	return g, nil
}

// ModelFile is where the SQL of a table stands: beside its contract, in the
// other tree.
func ModelFile(c *models.Contract) string {
	layer, name, _ := strings.Cut(c.Table, ".")
	domain := c.Domain()
	if domain == "" {
		return "shared/" + layer + "_" + name + ".sql"
	}
	return domain + "/" + layer + "_" + strings.TrimPrefix(name, domain+"_") + ".sql"
}

func (g *Graph) addModels(sqlFS fs.FS) error {
	files, err := fs.Glob(sqlFS, "*/*.sql")
	if err != nil {
		return err
	}
	byFile := map[string]*Node{}
	for _, n := range g.nodes {
		byFile[ModelFile(n.Contract)] = n
	}
	for _, file := range files {
		n, ok := byFile[file]
		if !ok {
			return &models.FileError{File: file, Msg: "makes a table that has no contract", Try: "add its contract, or rename the file after its table: <domain>/<layer>_<name>.sql"}
		}
		data, err := fs.ReadFile(sqlFS, file)
		if err != nil {
			return err
		}
		if n.Step != nil || n.SQL != "" {
			return &models.FileError{File: file, Msg: "a step in Go makes " + n.Contract.Table + " already", Try: "keep one of the two"}
		}
		n.SQL, n.File = strings.TrimRight(strings.TrimSpace(string(data)), "; \n"), file
	}
	return nil
}

// connect finds a table's upstreams in its SQL.
func (g *Graph) connect(ctx context.Context, parser Parser, n *Node) error {
	c := n.Contract
	texts := map[string]string{}
	switch {
	case c.Layer() == "ods":
		return nil
	case n.Step != nil:
		texts = n.Step.Inputs
	case n.SQL != "":
		texts[""] = n.SQL
	default:
		return &models.FileError{File: c.File, Msg: "nothing makes " + c.Table, Try: "write " + ModelFile(c)}
	}
	seen := map[string]bool{}
	for name, text := range texts {
		q, err := parser.Reads(ctx, text)
		if err != nil {
			return &models.FileError{File: n.file(), Msg: err.Error(), Try: "a model is one SELECT"}
		}
		n.queries[name] = q
		for _, ref := range q.Tables {
			up := ref.Schema + "." + ref.Name
			if up == c.Table {
				n.selfRead = true
				continue
			}
			if _, ok := g.nodes[up]; !ok {
				tables := make([]string, 0, len(g.nodes))
				for t := range g.nodes {
					tables = append(tables, t)
				}
				try := "write its contract first"
				if near := models.Nearest(up, tables); near != "" {
					try = fmt.Sprintf("did you mean %s?", near)
				}
				return &models.FileError{File: n.file(), Msg: "reads " + up + ", which has no contract", Try: try}
			}
			seen[up] = true
		}
	}
	for up := range seen {
		n.Upstreams = append(n.Upstreams, up)
	}
	sort.Strings(n.Upstreams)
	for i, ch := range c.Checks {
		if ch.Empty == "" {
			continue
		}
		q, err := parser.Reads(ctx, ch.Empty)
		if err != nil {
			return &models.FileError{File: c.File, Msg: fmt.Sprintf("checks[%d].empty: %s", i, err), Try: "write one SELECT of the offending rows"}
		}
		n.checks[ch.Empty] = q
	}
	return g.checkNode(n, seen)
}

func (n *Node) file() string {
	if n.File != "" {
		return n.File
	}
	return "step " + n.Contract.Table
}

func (g *Graph) checkNode(n *Node, reads map[string]bool) error {
	c := n.Contract
	for up := range c.Reads {
		if !reads[up] && !(up == c.Table && n.selfRead) {
			return &models.FileError{File: c.File, Msg: fmt.Sprintf("reads[%s]: %s does not read it", up, n.file()), Try: "take the entry out"}
		}
	}
	if n.selfRead && c.Reads[c.Table].Before == 0 {
		return &models.FileError{File: c.File, Msg: n.file() + " reads its own table", Try: "say how many earlier months it sees: reads: {" + c.Table + ": {before: 1}}"}
	}
	if c.Partition == "" {
		return nil
	}
	for up := range reads {
		if g.nodes[up].Contract.Partition != "" {
			return nil
		}
	}
	return &models.FileError{File: c.File, Msg: "is partitioned, and nothing it reads is", Try: "drop `partition`"}
}

// sort orders the tables; among those that could come next the first by name
// does, so that runs are alike.
func (g *Graph) sort() error {
	waiting := map[string]int{}
	var ready []string
	for t, n := range g.nodes {
		if waiting[t] = len(n.Upstreams); waiting[t] == 0 {
			ready = append(ready, t)
		}
	}
	for len(ready) > 0 {
		sort.Strings(ready)
		t := ready[0]
		ready = ready[1:]
		g.order = append(g.order, t)
		for other, n := range g.nodes {
			if slices.Contains(n.Upstreams, t) {
				if waiting[other]--; waiting[other] == 0 {
					ready = append(ready, other)
				}
			}
		}
	}
	if len(g.order) == len(g.nodes) {
		return nil
	}
	var loop []string
	for t := range g.nodes {
		if !slices.Contains(g.order, t) {
			loop = append(loop, t)
		}
	}
	sort.Strings(loop)
	return errors.New("tables depend on each other in a circle: " + strings.Join(loop, ", "))
}

// define digests what the rows depend on beside data: how the table is made,
// its shape, and the parameters in all their dated values.
func (n *Node) define() string {
	c := n.Contract
	h := sha256.New()
	enc := json.NewEncoder(h)
	put := func(v any) {
		if err := enc.Encode(v); err != nil {
			panic(err) // plain structs of strings and numbers: cannot happen
		}
	}
	put([]any{c.Table, c.Key, c.Partition, c.Reads, n.SQL})
	for _, col := range c.Columns {
		put([]any{col.Name, col.Type.String(), col.Required, col.Accepted, col.Min, col.Max})
	}
	for _, ch := range c.Checks {
		put([]any{ch.Unique, ch.Empty})
	}
	if n.Step != nil {
		put([]any{n.Step.Version(), n.Step.Inputs})
	}
	for _, p := range n.parameters {
		put([]any{p.Name, p.Values})
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Order lists the tables, upstream first.
func (g *Graph) Order() []string { return slices.Clone(g.order) }

// Node returns a table's node.
func (g *Graph) Node(table string) (*Node, bool) {
	n, ok := g.nodes[table]
	return n, ok
}

// Upstream returns a table and everything it is made from, in build order.
func (g *Graph) Upstream(tables ...string) []string {
	want := map[string]bool{}
	var mark func(t string)
	mark = func(t string) {
		if want[t] {
			return
		}
		want[t] = true
		for _, up := range g.nodes[t].Upstreams {
			mark(up)
		}
	}
	for _, t := range tables {
		mark(t)
	}
	var list []string
	for _, t := range g.order {
		if want[t] {
			list = append(list, t)
		}
	}
	return list
}

// Downstream returns the tables that are made from a table, directly or not,
// in build order.
func (g *Graph) Downstream(table string) []string {
	below := map[string]bool{table: true}
	var list []string
	for _, t := range g.order {
		for _, up := range g.nodes[t].Upstreams {
			if below[up] && !below[t] {
				below[t] = true
				list = append(list, t)
			}
		}
	}
	return list
}

// Texts returns the SQL of a model or of the inputs of a step, by input name.
func (n *Node) Texts() map[string]string {
	texts := make(map[string]string, len(n.queries))
	for name, q := range n.queries {
		texts[name] = q.Text
	}
	return texts
}

// UndeclaredParameters lists the dated parameters that a query names and the
// contract does not: a change of theirs would go unnoticed.
func UndeclaredParameters(n *Node, q *dialect.Query, cat *models.Catalog) []string {
	var list []string
	for _, s := range q.Strings() {
		if _, ok := cat.Parameter(s); ok && !slices.Contains(n.Contract.Parameters, s) {
			list = append(list, s)
		}
	}
	return list
}
