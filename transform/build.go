package transform

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/warehouse"
	"zhicang/warehouse/dialect"
)

// maxSpan is how many months one statement builds at most, so that a first
// build over ten years stays within memory; months that are known to have fewer
// than smallSpan rows together are built at once.
const (
	maxSpan   = 12
	smallSpan = 10_000
)

// maxCompared is up to how many rows a span is compared with what comes out of it
// anew, which takes memory; a larger one is written anew as it is.
const maxCompared = 1_000_000

// builder builds the tables of one run.
type builder struct {
	engine *warehouse.Engine
	graph  *Graph
	states states
	files  map[string][]ledger.LakeFile  // of ods tables
	shared map[string][]warehouse.Shared // by sharedName
	dir    string                        // data folder
	run    int64
}

// build makes one span of a table in one transaction: rows, checks and what is
// remembered of them, or nothing. later are the months that will be built
// after these.
func (b *builder) build(ctx context.Context, n *Node, months, later []stale, recreate bool) (rows int64, err error) {
	c := n.Contract
	span := warehouse.Span{First: months[0].month, Last: months[len(months)-1].month}
	var built []warehouse.State
	err = b.engine.InTx(ctx, func(tx *warehouse.Tx) error {
		if recreate {
			if err := tx.DropTable(ctx, c.Table); err != nil {
				return err
			}
			if err := tx.CreateTable(ctx, c); err != nil {
				return err
			}
		}
		inputs, err := b.slice(ctx, tx, n, span)
		if err != nil {
			return err
		}
		changed, err := b.write(ctx, tx, n, span, inputs, recreate)
		if err != nil {
			return err
		}
		if err := checkTable(ctx, tx, n, span, pending(later), changed); err != nil {
			return err
		}
		built, rows, err = b.remember(ctx, tx, n, months, span, changed)
		if err != nil {
			return err
		}
		return tx.Unslice(ctx)
	})
	if err != nil {
		return 0, err
	}
	if recreate {
		delete(b.states, c.Table)
	}
	for _, st := range built {
		b.states.set(st)
	}
	return rows, nil
}

func pending(later []stale) []warehouse.Span {
	var list []warehouse.Span
	for _, st := range later {
		list = append(list, warehouse.Span{First: st.month, Last: st.month})
	}
	return list
}

// slice cuts the upstreams to the months that the span may see, and returns
// the SQL of each input over them.
func (b *builder) slice(ctx context.Context, tx *warehouse.Tx, n *Node, span warehouse.Span) (map[string]string, error) {
	views := map[string]string{}
	names := n.Upstreams
	if n.selfRead {
		names = append(slices.Clone(names), n.Contract.Table)
	}
	for _, up := range names {
		cut, ok := b.cut(n, up, span)
		if !ok {
			continue
		}
		view, err := tx.Slice(ctx, cut)
		if err != nil {
			return nil, fmt.Errorf("slice %s: %w", up, err)
		}
		views[up] = view
	}
	inputs := map[string]string{}
	for name, q := range n.queries {
		inputs[name] = q.Rewrite(func(ref dialect.TableRef) string {
			full := ref.Schema + "." + ref.Name
			if view, ok := views[full]; ok {
				return view
			}
			return full
		})
	}
	return inputs, nil
}

// cut says which part of an upstream a span sees; ok is false when it sees all.
func (b *builder) cut(n *Node, up string, span warehouse.Span) (warehouse.Slice, bool) {
	c := b.graph.nodes[up].Contract
	w := n.Contract.Reads[up]
	if c.Partition == "" || w.All || span.Whole() {
		return warehouse.Slice{}, false
	}
	cut := warehouse.Slice{Table: up, Partition: c.Partition, Days: w.Days, Span: warehouse.Span{
		First: span.First - models.Month(w.Before), Last: span.Last + models.Month(w.After),
	}}
	if up == n.Contract.Table {
		cut.Span.Last = span.First - 1
	}
	if c.Layer() == "ods" {
		cut.Columns, cut.Partition = c.LandedColumns(), ""
		var files, others []ledger.LakeFile
		shared := elsewhere(b.shared[sharedName(up, w.Same)], span)
		for _, f := range b.files[up] {
			m, err := models.ParseMonth(f.Month)
			switch {
			case err != nil:
			case m >= cut.Span.First && m <= cut.Span.Last:
				files = append(files, f)
			case shared[m]:
				others = append(others, f)
			}
		}
		cut.Files, cut.Same, cut.Elsewhere = lakePaths(b.dir, files), w.Same, lakePaths(b.dir, others)
	}
	return cut, true
}

// write makes the rows of a span, and reports whether any came out otherwise
// than the last time. fresh says that there are none yet.
func (b *builder) write(ctx context.Context, tx *warehouse.Tx, n *Node, span warehouse.Span, inputs map[string]string, fresh bool) (changed bool, err error) {
	c := n.Contract
	if n.Step == nil {
		if known := b.rowsOf(n, span); !fresh && known > 0 && known <= maxCompared && len(c.Key) > 0 {
			return tx.Replace(ctx, c, span, inputs[""])
		}
		if err := tx.CheckColumns(ctx, c, inputs[""]); err != nil {
			return false, err
		}
		if !fresh {
			if err := tx.Clear(ctx, c, span); err != nil {
				return false, err
			}
		}
		return true, tx.Insert(ctx, c, span, inputs[""])
	}
	call := &Build{Month: span.First, tx: tx, contract: c, inputs: inputs}
	if !fresh {
		call.clear = func(ctx context.Context) error { return tx.Clear(ctx, c, span) }
		if err := b.openCache(ctx, tx, n, span, call); err != nil {
			return false, err
		}
	}
	if err := n.Step.Build(ctx, call); err != nil {
		return false, fmt.Errorf("step %s: %w", c.Table, err)
	}
	return true, call.flush(ctx)
}

// rowsOf is how many rows a span of a table has.
func (b *builder) rowsOf(n *Node, span warehouse.Span) (rows int64) {
	for m := span.First; m <= span.Last; m++ {
		rows += b.states[n.Contract.Table][m].Rows
	}
	return rows
}

// openCache lets a step see the rows of its own span as the last build left
// them, until it emits new ones.
func (b *builder) openCache(ctx context.Context, tx *warehouse.Tx, n *Node, span warehouse.Span, call *Build) error {
	if n.Step.Cache == "" {
		return nil
	}
	q, err := b.engine.Reads(ctx, n.Step.Cache)
	if err != nil {
		return fmt.Errorf("step %s: cache: %w", n.Contract.Table, err)
	}
	own, err := tx.Own(ctx, n.Contract, span)
	if err != nil {
		return err
	}
	call.cache = q.Rewrite(func(dialect.TableRef) string { return own })
	return nil
}

// remember stores what the built months rest on and what came of them: what came
// of them before, where no row changed.
func (b *builder) remember(ctx context.Context, tx *warehouse.Tx, n *Node, months []stale, span warehouse.Span, changed bool) ([]warehouse.State, int64, error) {
	digests := b.states[n.Contract.Table]
	if changed {
		var err error
		if digests, err = tx.Digests(ctx, n.Contract, span); err != nil {
			return nil, 0, err
		}
	}
	var built []warehouse.State
	var rows int64
	for _, st := range months {
		state, ok := digests[st.month]
		if !ok {
			state = warehouse.State{Content: "0-0"} // a month without rows
		}
		state.Table, state.Month = n.Contract.Table, st.month
		state.Definition, state.Inputs, state.Run = n.Definition, st.inputs, b.run
		rows += state.Rows
		built = append(built, state)
	}
	return built, rows, tx.Remember(ctx, built)
}

// forget removes months whose inputs are gone.
func (b *builder) forget(ctx context.Context, n *Node, months []models.Month) error {
	return b.engine.InTx(ctx, func(tx *warehouse.Tx) error {
		for _, m := range months {
			if err := tx.Clear(ctx, n.Contract, warehouse.Span{First: m, Last: m}); err != nil {
				return err
			}
			if err := tx.Forget(ctx, n.Contract.Table, m); err != nil {
				return err
			}
			delete(b.states[n.Contract.Table], m)
		}
		return nil
	})
}

// spans groups stale months into runs that one statement builds. Steps work
// month by month, as does what reads its own earlier months, and what looks at all
// months anyway does so once.
func (b *builder) spans(n *Node, months []stale) [][]stale {
	atOnce := n.readsAll() || b.areSmall(n, months)
	var out [][]stale
	for _, st := range months {
		if last := len(out) - 1; last >= 0 && n.Step == nil && !n.selfRead && (len(out[last]) < maxSpan || atOnce) &&
			out[last][len(out[last])-1].month+1 == st.month {
			out[last] = append(out[last], st)
			continue
		}
		out = append(out, []stale{st})
	}
	return out
}

// areSmall reports whether all of some months have been built before and have few
// rows together.
func (b *builder) areSmall(n *Node, months []stale) bool {
	var rows int64
	for _, st := range months {
		was, ok := b.states[n.Contract.Table][st.month]
		if rows += was.Rows; !ok || rows > smallSpan {
			return false
		}
	}
	return true
}

func (n *Node) readsAll() bool {
	for _, w := range n.Contract.Reads {
		if w.All {
			return true
		}
	}
	return false
}

// monthsOf lists the months that a table has rows or states for.
func (s states) monthsOf(table string) []models.Month {
	return slices.Sorted(maps.Keys(s[table]))
}
