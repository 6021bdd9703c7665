package ingest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"zhicang/ledger"
	"zhicang/privacy"
)

// ReplayReport says what became of held rows that were checked once more.
type ReplayReport struct {
	Source  string `json:"source"`
	Checked int64  `json:"checked"`
	Landed  int64  `json:"landed"`
	Held    int64  `json:"held"` // still
	// Lost are rows that can't be checked again: what is kept of them is no
	// record.
	Lost  int64 `json:"lost"`
	Batch int64 `json:"batch,omitempty"` // that the good rows landed in; 0: none
}

// replayRows is how many held rows are checked at a time.
const replayRows = 4096

// Replay checks held rows of a source again, under today's mapping and contract.
// Those that are good now land as one batch and leave the quarantine with it, in
// one commit; the others stay, with today's reason. A row lands as the one it
// was: under the batch in which it was delivered and its place there, so that what
// was delivered after it stays newer; and as a deletion if its source marked it as
// deleted. A dry run changes nothing.
func (l *Loader) Replay(ctx context.Context, run int64, cfg Config, held []ledger.Held, vault *privacy.Vault, dry bool) (rep ReplayReport, err error) {
	rep.Source = cfg.Name
	ck, err := l.prepare(&cfg)
	if err != nil {
		return rep, err
	}
	c := ck.contract
	id, err := l.Ledger.NextBatch(ctx)
	if err != nil {
		return rep, err
	}
	r := &replay{
		Loader: l, checker: ck, vault: vault, dry: dry, report: &rep,
		batch: ledger.Batch{ID: id, Run: run, Source: cfg.Name, Unit: replayUnit, Table: c.Table},
	}
	r.out = &batchWriter{dir: l.Dir, key: l.Keys.Vault, batch: &r.batch, lander: newLander(l.Dir, c, id, cfg.SystemName())}
	defer func() {
		if err != nil && !r.committing {
			r.out.abort()
		}
	}()
	for chunk := range slices.Chunk(held, replayRows) {
		if err := r.check(ctx, chunk); err != nil {
			return rep, fmt.Errorf("replay %s: %w", cfg.Name, err)
		}
	}
	if dry {
		return rep, nil
	}
	return rep, r.commit(ctx)
}

// replayUnit is the unit of batches that came out of the quarantine.
const replayUnit = "quarantine"

// replay is one replay of a source's held rows.
type replay struct {
	*Loader
	checker *checker
	vault   *privacy.Vault
	dry     bool
	report  *ReplayReport
	out     *batchWriter
	batch   ledger.Batch

	landed, still []ledger.Held
	committing    bool // whether the batch exists is for the ledger to say
}

// check checks some rows and writes the good ones.
func (r *replay) check(ctx context.Context, held []ledger.Held) error {
	build := array.NewRecordBuilder(memory.DefaultAllocator, textSchema(r.checker.fields))
	defer build.Release()
	var rows []ledger.Held
	for _, h := range held {
		cells, err := r.open(ctx, h)
		if err != nil {
			return err
		}
		if cells == nil {
			r.report.Lost++
			continue
		}
		if field := unread(cells, r.checker.fields); field != "" {
			r.keep(h, fault{rule: "unread", reason: "当时没有读取字段“" + field + "”,须由来源重新提供"}, field)
			continue
		}
		for i, f := range r.checker.fields {
			col := build.Field(i).(*array.StringBuilder)
			if v := cells[f]; v != nil {
				col.Append(*v)
			} else {
				col.AppendNull()
			}
		}
		rows = append(rows, h)
	}
	record := build.NewRecord()
	defer record.Release()
	b := Batch{Record: record, Rows: make([]int64, len(rows)), Deleted: make([]bool, len(rows))}
	for i, h := range rows {
		b.Rows[i], b.Deleted[i] = h.Row, h.Deleted
	}
	out := r.checker.check(b)
	defer out.release()
	return r.sort(out, rows)
}

// sort parts what is good now from what is still held.
func (r *replay) sort(out *checked, rows []ledger.Held) error {
	bad := make([]bool, len(rows))
	for _, h := range out.held {
		bad[h.index] = true
		r.keep(rows[h.index], fault{rule: h.rule, reason: h.reason, shape: h.shape}, h.column)
	}
	for i, h := range rows {
		if !bad[i] {
			r.landed = append(r.landed, h)
		}
	}
	r.report.Checked += int64(len(rows))
	r.report.Landed += int64(out.landed)
	if r.dry {
		return nil
	}
	r.batch.Landed += int64(out.landed)
	for _, s := range out.secrets {
		if err := r.out.seal(s); err != nil {
			return err
		}
	}
	return r.out.lander.add(out, func(i int) (batch, row int64) { return rows[i].Batch, rows[i].Ordinal })
}

func (r *replay) keep(h ledger.Held, f fault, column string) {
	h.Column, h.Rule, h.Reason, h.Shape = column, f.rule, f.reason, f.shape
	r.still = append(r.still, h)
	r.report.Held++
}

// open reads a held row out of the vault: by field, nil for a value that was
// absent. What is no record, as a line that could not be decoded, is nil.
func (r *replay) open(ctx context.Context, h ledger.Held) (map[string]*string, error) {
	if h.Ordinal == 0 {
		return nil, nil
	}
	found, err := r.vault.Lookup(ctx, privacy.KindHeld, fmt.Sprintf("%d/%d", h.Batch, h.Seq))
	if err != nil || len(found) == 0 {
		return nil, err
	}
	var cells map[string]*string
	if json.Unmarshal([]byte(found[0].Value), &cells) != nil {
		return nil, nil // no record: not the reader's to mend
	}
	return cells, nil
}

// unread is a field that today's mapping names and that was not read when the row
// was held back: whether it was absent is not known.
func unread(cells map[string]*string, fields []string) string {
	for _, f := range fields {
		if _, ok := cells[f]; !ok {
			return f
		}
	}
	return ""
}

// commit makes the good rows exist and takes them out of the quarantine.
func (r *replay) commit(ctx context.Context) error {
	var err error
	if r.batch.Files, err = r.out.finish(ctx); err != nil {
		return err
	}
	r.batch.Read = r.batch.Landed
	rows, _, err := reread(ctx, r.Dir, r.batch.Files, nil)
	if err != nil {
		return err
	}
	if n := int64(len(r.landed)); rows != n || r.batch.Landed != n {
		return fmt.Errorf("replay %s: the rows do not add up: %d were good, %d landed", r.report.Source, n, rows)
	}
	r.committing = true
	if err := r.Ledger.CommitReplay(ctx, r.batch, r.landed, r.still); err != nil {
		_, swept := r.Sweep(context.WithoutCancel(ctx))
		return errors.Join(err, swept)
	}
	if len(r.landed) > 0 {
		r.report.Batch = r.batch.ID
		r.Log.Info("replayed", "source", r.report.Source, "batch", r.batch.ID, "rows", r.batch.Landed, "held", len(r.still))
	}
	return nil
}

func textSchema(fields []string) *arrow.Schema {
	out := make([]arrow.Field, len(fields))
	for i, f := range fields {
		out[i] = arrow.Field{Name: f, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	return arrow.NewSchema(out, nil)
}
