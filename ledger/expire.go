package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"
)

// An Expiry is what is too old in one table.
type Expiry struct {
	Table string
	// FirstMonth is the first that is kept, as 2022-03; HeldBefore is its
	// beginning: held rows that were loaded before it go too.
	FirstMonth string
	HeldBefore time.Time
	// Vault gives the segments that batches keep, where they lose some; a batch
	// that keeps none has an empty list.
	Vault map[int64][]string
	// Note is remembered under NoteName until it is cleared by SetFact: the
	// deletion is committed, and what follows from it is still to be done.
	NoteName, Note string
}

// OldHeld is a held row that is too old, and where.
type OldHeld struct{ Batch, Seq int64 }

// HeldOf lists every held row of a table: those loaded before a moment, and those
// that stay.
func (l *Ledger) HeldOf(ctx context.Context, table string, before time.Time) (old, rest []OldHeld, err error) {
	type row struct {
		OldHeld
		committed string
	}
	list, err := collect(ctx, l.db, func(r *sql.Rows, v *row) error { return r.Scan(&v.Batch, &v.Seq, &v.committed) },
		`SELECT h.batch_id, h.seq, b.committed FROM held h JOIN batch b ON b.id = h.batch_id
		WHERE b.table_name = ? ORDER BY 1, 2`, table)
	for _, v := range list {
		if v.committed < stamp(before) {
			old = append(old, v.OldHeld)
		} else {
			rest = append(rest, v.OldHeld)
		}
	}
	return old, rest, err
}

// Expire forgets what is too old: files, held rows and vault segments exist no
// longer once this is committed. Deleting them is Sweep's business.
func (l *Ledger) Expire(ctx context.Context, e Expiry) error {
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM batch_file WHERE month < ?
			AND batch_id IN (SELECT id FROM batch WHERE table_name = ?)`, e.FirstMonth, e.Table); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM held WHERE batch_id IN (SELECT id FROM batch WHERE table_name = ? AND committed < ?)`,
			e.Table, stamp(e.HeldBefore)); err != nil {
			return err
		}
		for id, segments := range e.Vault {
			text, err := json.Marshal(segments)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE batch SET vault = ? WHERE id = ?", string(text), id); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, setFact, e.NoteName, e.Note)
		return err
	})
	if err != nil {
		return fmt.Errorf("expire rows of %s before %s: %w", e.Table, e.FirstMonth, err)
	}
	return nil
}
