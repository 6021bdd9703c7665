package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

var errNotHeld = errors.New("is not held any more")

// CommitReplay commits what came of held rows that were checked again: the batch
// that the good ones landed in exists, and they are held no longer; the others get
// today's reason. A batch without files is none, and is not committed. A row that
// is not held any more, as when it was replayed already, is an error, and nothing
// is changed.
func (l *Ledger) CommitReplay(ctx context.Context, b Batch, landed, still []Held) error {
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		if len(landed) > 0 {
			if err := insertBatch(ctx, tx, b, stamp(l.now())); err != nil {
				return err
			}
		}
		for _, h := range landed {
			if err := one(tx.ExecContext(ctx, "DELETE FROM held WHERE batch_id = ? AND seq = ?", h.Batch, h.Seq)); err != nil {
				return fmt.Errorf("row %d/%d: %w", h.Batch, h.Seq, err)
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO replayed VALUES (?,?,?)", h.Batch, h.Seq, b.ID); err != nil {
				return err
			}
		}
		for _, h := range still {
			if err := one(tx.ExecContext(ctx, `UPDATE held SET column_name = ?, rule = ?, reason = ?, shape = ?
				WHERE batch_id = ? AND seq = ?`, h.Column, h.Rule, h.Reason, h.Shape, h.Batch, h.Seq)); err != nil {
				return fmt.Errorf("row %d/%d: %w", h.Batch, h.Seq, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("commit replay %d: %w", b.ID, err)
	}
	return nil
}

// one makes an error of a statement that did not hit exactly one row.
func one(res sql.Result, err error) error {
	if err != nil {
		return err
	}
	switch n, err := res.RowsAffected(); {
	case err != nil:
		return err
	case n != 1:
		return errNotHeld
	}
	return nil
}

// ReplayedFrom lists the batches whose held rows landed in one of some others.
func (l *Ledger) ReplayedFrom(ctx context.Context, into []int64) ([]int64, error) {
	list, err := json.Marshal(into)
	if err != nil {
		return nil, err
	}
	return collect(ctx, l.db, func(r *sql.Rows, id *int64) error { return r.Scan(id) },
		"SELECT DISTINCT batch_id FROM replayed WHERE into_id IN (SELECT value FROM json_each(?)) ORDER BY 1", string(list))
}
