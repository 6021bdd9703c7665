package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// SwitchFiles lets the rows that batches have in some files lie in one instead.
// Each batch keeps how many there are.
func (l *Ledger) SwitchFiles(ctx context.Context, old []string, to File) error {
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		for _, path := range old {
			res, err := tx.ExecContext(ctx, "UPDATE batch_file SET path = ?, bytes = 0 WHERE path = ?", to.Path, path)
			if err != nil {
				return err
			}
			switch n, err := res.RowsAffected(); {
			case err != nil:
				return err
			case n == 0:
				return fmt.Errorf("no batch has rows in %s", path)
			}
		}
		// The bytes are counted once, with the first of the batches.
		_, err := tx.ExecContext(ctx, `UPDATE batch_file SET bytes = ?1 WHERE path = ?2
			AND batch_id = (SELECT min(batch_id) FROM batch_file WHERE path = ?2)`, to.Bytes, to.Path)
		return err
	})
	if err != nil {
		return fmt.Errorf("switch %d files to %s: %w", len(old), to.Path, err)
	}
	return nil
}
