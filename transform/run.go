package transform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/warehouse"
)

// Runner brings the tables of a warehouse up to date and publishes them.
type Runner struct {
	Engine *warehouse.Engine
	Graph  *Graph
	Ledger *ledger.Ledger
	Dir    string // data folder
	Shelf  warehouse.Shelf
	Keep   int // publications to keep on the shelf
	// Afresh publishes by a full copy, for files that must hold nothing of
	// earlier ones.
	Afresh bool
	// AsOf is the day that the tables report on.
	AsOf time.Time
	Now  func() time.Time
	Log  *slog.Logger
	// Progress is told of every table when it starts, and of the publication, when
	// done is all; may be nil.
	Progress func(done, all int, table string)
}

// Options narrow or widen a run.
type Options struct {
	Select []string // table names or globs; they and what they are made from. Empty: all
	Full   bool     // build everything, stale or not
	// Interval, with Full, keeps the run to some months, and never publishes; nil:
	// all months.
	Interval *Interval
}

// States of a table after a run.
const (
	Built   = "built"
	Skipped = "skipped"
	Failed  = "failed"
)

// TableResult is what a run did about one table.
type TableResult struct {
	Table   string   `json:"table"`
	State   string   `json:"state"`
	Reason  string   `json:"reason"`
	Months  []string `json:"months,omitempty"`
	Rows    int64    `json:"rows"`
	Seconds float64  `json:"seconds"`
	// Beyond are months outside of an interval that are stale, or become so by what
	// is built in it.
	Beyond []string `json:"beyond,omitempty"`
	// Started is when the run turned to the table.
	Started time.Time `json:"-"`
	Err     error     `json:"-"`
}

// Result is what a run did.
type Result struct {
	Tables      []TableResult `json:"tables"`
	Publication PublishResult `json:"publication"`
}

// Count counts the tables in a state.
func (r Result) Count(state string) int {
	n := 0
	for _, t := range r.Tables {
		if t.State == state {
			n++
		}
	}
	return n
}

// Err joins the errors of all tables that failed, and of publishing.
func (r Result) Err() error {
	var errs []error
	for _, t := range r.Tables {
		if t.Err != nil {
			errs = append(errs, t.Err)
		}
	}
	return errors.Join(append(errs, r.Publication.Err)...)
}

// Plan says what Run would do, and why. A table below one that would be built
// is planned to be built as well; Run leaves it alone when the table above
// comes out as it was.
func (r *Runner) Plan(ctx context.Context, o Options) ([]TableResult, error) {
	b, tables, err := r.begin(ctx, 0, o)
	if err != nil {
		return nil, err
	}
	// What is built anew without need comes out the same: an interval's plan says
	// of its months why they are built, and beyond them follows what may change.
	after := b.states
	if o.Interval != nil {
		after = b.states.clone()
	}
	var plan []TableResult
	for _, t := range tables {
		n := r.Graph.nodes[t]
		build, gone := r.Graph.wanted(n, b.states, o)
		res := describe(t, build, gone)
		if o.Interval != nil {
			if err := o.Interval.mayNarrow(n, b.states, len(build) > 0 && r.mustRecreate(n, b.states)); err != nil {
				return nil, err
			}
			res.Beyond = o.Interval.beyond(r.Graph, n, after)
			build = slices.DeleteFunc(build, func(st stale) bool { return r.Graph.judge(n, after, st.month, false) == nil })
		}
		for _, st := range build {
			after.set(warehouse.State{Table: t, Month: st.month, Content: "to be built"})
		}
		plan = append(plan, res)
	}
	return plan, nil
}

// describe puts what is to be done about a table into words.
func describe(table string, build []stale, gone []models.Month) TableResult {
	res := TableResult{Table: table, State: Skipped, Reason: "up to date"}
	if len(gone) > 0 {
		res.State, res.Reason = Built, fmt.Sprintf("%d months without data any more", len(gone))
	}
	if len(build) > 0 {
		res.State, res.Reason = Built, build[0].reason
	}
	for _, st := range build {
		if st.month != 0 {
			res.Months = append(res.Months, st.month.String())
		}
	}
	return res
}

// wanted is what a run has to do about a table.
func (g *Graph) wanted(n *Node, s states, o Options) (build []stale, gone []models.Month) {
	build, gone = g.staleMonths(n, s, o.Full)
	if o.Interval != nil {
		return o.Interval.within(n, s, build, gone)
	}
	return build, gone
}

// begin reads what is there: the lake, the warehouse's memory, the selection.
func (r *Runner) begin(ctx context.Context, run int64, o Options) (*builder, []string, error) {
	remembered, err := r.Engine.States(ctx)
	if err != nil {
		return nil, nil, err
	}
	b := &builder{engine: r.Engine, graph: r.Graph, states: newStates(remembered), files: map[string][]ledger.LakeFile{}, shared: map[string][]warehouse.Shared{}, dir: r.Dir, run: run}
	var tables []string
	for _, t := range r.Graph.order {
		if models.Layer(t) != "ods" {
			tables = append(tables, t)
			continue
		}
		if b.files[t], err = r.Ledger.LakeFiles(ctx, t); err != nil {
			return nil, nil, err
		}
		if err := b.states.setLake(t, b.files[t]); err != nil {
			return nil, nil, err
		}
		for _, f := range b.files[t] {
			if _, err := os.Stat(lakePath(r.Dir, f)); errors.Is(err, fs.ErrNotExist) {
				return nil, nil, &MissingFileError{Table: t, Path: f.Path}
			}
		}
		if err := r.Engine.CreateLakeView(ctx, r.Graph.nodes[t].Contract, lakePaths(r.Dir, b.files[t])); err != nil {
			return nil, nil, fmt.Errorf("table %s: %w", t, err)
		}
	}
	if err := b.findShared(ctx); err != nil {
		return nil, nil, err
	}
	if len(o.Select) > 0 {
		if tables, err = r.selected(o.Select); err != nil {
			return nil, nil, err
		}
	}
	return b, tables, nil
}

// MissingFileError says that a file of the lake is gone that the ledger names.
type MissingFileError struct {
	Table string
	Path  string // relative to the data folder
}

func (e *MissingFileError) Error() string {
	return fmt.Sprintf("table %s: %s is gone from the data folder", e.Table, e.Path)
}

// Hint is what to try; the command line prints it after "Try: ".
func (e *MissingFileError) Hint() string {
	return "the lake is the source of truth: bring the file back from a backup"
}

// lakePaths lists each file once: it may hold the rows of several batches.
func lakePaths(dir string, files []ledger.LakeFile) []string {
	var paths []string
	seen := make(map[string]bool, len(files))
	for _, f := range files {
		if !seen[f.Path] {
			seen[f.Path] = true
			paths = append(paths, lakePath(dir, f))
		}
	}
	return paths
}

func lakePath(dir string, f ledger.LakeFile) string {
	return filepath.Join(dir, filepath.FromSlash(f.Path))
}

func (r *Runner) selected(patterns []string) ([]string, error) {
	var hit []string
	for _, p := range patterns {
		before := len(hit)
		for _, t := range r.Graph.order {
			ok, err := path.Match(p, t)
			if err != nil {
				return nil, fmt.Errorf("select %q: %w", p, err)
			}
			if ok {
				hit = append(hit, t)
			}
		}
		if len(hit) == before {
			try := "zhicang plan lists all tables"
			if near := models.Nearest(p, slices.Clone(r.Graph.order)); near != "" {
				try = fmt.Sprintf("did you mean %s?", near)
			}
			return nil, &models.FileError{File: "--select", Msg: "no table is named " + p, Try: try}
		}
	}
	return slices.DeleteFunc(r.Graph.Upstream(hit...), func(t string) bool { return models.Layer(t) == "ods" }), nil
}

// Run builds what is stale. A table that fails keeps its earlier rows, what
// stands downstream of it is skipped, and nothing is published; the error is
// for what stops the run as a whole.
func (r *Runner) Run(ctx context.Context, run int64, o Options) (Result, error) {
	var res Result
	b, tables, err := r.begin(ctx, run, o)
	if err != nil {
		return res, err
	}
	blocked := map[string]string{} // table → the failed one above it
	for i, t := range tables {
		if err := ctx.Err(); err != nil {
			return res, err
		}
		if r.Progress != nil {
			r.Progress(i, len(tables), t)
		}
		start := r.Now()
		tr := TableResult{Table: t, State: Skipped}
		if cause, ok := blocked[t]; ok {
			tr.Reason = "upstream " + cause + " failed"
		} else {
			tr = r.bring(ctx, b, r.Graph.nodes[t], o)
		}
		tr.Started, tr.Seconds = start, r.Now().Sub(start).Seconds()
		if tr.State == Failed {
			if ctx.Err() != nil {
				return res, ctx.Err()
			}
			for _, below := range r.Graph.Downstream(t) {
				if blocked[below] == "" {
					blocked[below] = t
				}
			}
		}
		if err := r.note(ctx, run, "table", t, tr); err != nil {
			return res, err
		}
		res.Tables = append(res.Tables, tr)
	}
	if r.Progress != nil {
		r.Progress(len(tables), len(tables), "publication")
	}
	res.Publication = r.publishIfWhole(ctx, run, b, res, len(o.Select) > 0 || o.Interval != nil)
	return res, nil
}

// note writes what was done about a table into the ledger. A table that was
// left alone needs no note.
func (r *Runner) note(ctx context.Context, run int64, kind, subject string, tr TableResult) error {
	if tr.State == Skipped && tr.Reason == "up to date" {
		return nil
	}
	r.Log.Info("table", "table", subject, "state", tr.State, "rows", tr.Rows, "seconds", tr.Seconds)
	return r.Ledger.AddStep(ctx, run, ledger.Step{
		Kind: kind, Subject: subject, State: tr.State, Reason: tr.Reason, Rows: tr.Rows, Millis: int64(tr.Seconds * 1000),
	})
}

// bring brings one table up to date.
func (r *Runner) bring(ctx context.Context, b *builder, n *Node, o Options) TableResult {
	t := n.Contract.Table
	build, gone := r.Graph.wanted(n, b.states, o)
	res := describe(t, build, gone)
	fail := func(err error) TableResult {
		res.State, res.Reason, res.Err = Failed, err.Error(), err
		return res
	}
	if err := r.Graph.checkParameters(n, b.states, build, r.AsOf); err != nil {
		return fail(err)
	}
	recreate := r.mustRecreate(n, b.states)
	if o.Interval != nil {
		if err := o.Interval.mayNarrow(n, b.states, recreate && len(build) > 0); err != nil {
			return fail(err)
		}
	}
	if len(gone) > 0 && !recreate {
		if err := b.forget(ctx, n, gone); err != nil {
			return fail(err)
		}
	}
	if len(build) == 0 && o.Interval != nil {
		return res
	}
	if len(build) == 0 {
		return r.bringEmpty(ctx, b, n, res, recreate)
	}
	done := 0
	for _, months := range b.spans(n, build) {
		done += len(months)
		if n.selfRead {
			// A month before this one may have just come out differently, or
			// just as it was.
			st := r.Graph.judge(n, b.states, months[0].month, o.Full)
			if st == nil {
				continue
			}
			months = []stale{*st}
		}
		rows, err := b.build(ctx, n, months, build[done:], recreate)
		if err != nil {
			return fail(err)
		}
		res.Rows += rows
		recreate = false
	}
	if n.selfRead && o.Interval == nil {
		return r.bringLater(ctx, b, n, res, build)
	}
	return res
}

// bringLater builds the months of a table that reads its own earlier months,
// as far as a change in one month reaches into the next ones.
func (r *Runner) bringLater(ctx context.Context, b *builder, n *Node, res TableResult, done []stale) TableResult {
	first := done[0].month
	for _, m := range b.states.monthsOf(n.Contract.Table) {
		if m <= first {
			continue
		}
		st := r.Graph.judge(n, b.states, m, false)
		if st == nil {
			continue
		}
		rows, err := b.build(ctx, n, []stale{*st}, nil, false)
		if err != nil {
			res.State, res.Reason, res.Err = Failed, err.Error(), err
			return res
		}
		res.Rows += rows
		res.Months = append(res.Months, m.String())
	}
	slices.Sort(res.Months)
	res.Months = slices.Compact(res.Months)
	return res
}

// mustRecreate reports whether a table's rows can't stay where they are: there
// is no table yet, or it was made in another shape.
func (r *Runner) mustRecreate(n *Node, s states) bool {
	known := s[n.Contract.Table]
	for _, st := range known {
		if st.Definition != n.Definition {
			return true
		}
	}
	return len(known) == 0
}

// bringEmpty makes sure that a table without any month exists, so that readers
// find it empty rather than missing.
func (r *Runner) bringEmpty(ctx context.Context, b *builder, n *Node, res TableResult, recreate bool) TableResult {
	if !recreate {
		return res
	}
	err := b.engine.InTx(ctx, func(tx *warehouse.Tx) error {
		if err := tx.DropTable(ctx, n.Contract.Table); err != nil {
			return err
		}
		return tx.CreateTable(ctx, n.Contract)
	})
	if err != nil {
		res.State, res.Reason, res.Err = Failed, err.Error(), err
		return res
	}
	delete(b.states, n.Contract.Table)
	res.Reason = "no data yet"
	return res
}
