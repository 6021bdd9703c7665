package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"zhicang/ledger"
	"zhicang/privacy"
)

// batchWriter puts checked rows where they belong: the lake, the quarantine,
// the vault.
type batchWriter struct {
	dir    string
	key    privacy.Key
	lander *lander
	vault  *privacy.VaultWriter // the open segment; nil until something goes into it
	full   errgroup.Group       // completes segments that are full, beside what goes on
	sealed int                  // records in it
	tally  *tally
	batch  *ledger.Batch
}

func (w *batchWriter) write(c *checked) error {
	b := w.batch
	before := b.Read
	b.Read += int64(c.read)
	b.Landed += int64(c.landed)
	for _, h := range c.held {
		w.tally.addHeld(h.cells)
		b.Held++
		b.Quarantine = append(b.Quarantine, ledger.Held{
			Sheet: h.sheet, Row: h.row, Ordinal: h.ordinal(before), Column: h.column, Rule: h.rule, Reason: h.reason, Shape: h.shape, Deleted: h.deleted,
		})
		if err := w.seal(privacy.Record{
			Kind: privacy.KindHeld, Lookup: fmt.Sprintf("%d/%d", b.ID, b.Held), Table: b.Table, Value: string(h.raw),
		}); err != nil {
			return err
		}
	}
	if err := w.seal(c.secrets...); err != nil {
		return err
	}
	return w.lander.add(c, func(i int) (batch, row int64) { return b.ID, before + int64(i) + 1 })
}

// segmentRecords is how many records a vault segment has at least when another is
// begun: its index lies in memory until it is complete.
const segmentRecords = 1_000_000

// seal puts records into the batch's open vault segment, and begins one with
// the first and whenever one is full.
func (w *batchWriter) seal(records ...privacy.Record) error {
	if len(records) == 0 {
		return nil
	}
	if w.vault != nil && w.sealed >= segmentRecords {
		if err := w.full.Wait(); err != nil { // one at a time: each holds its index
			return err
		}
		w.full.Go(w.vault.Close)
		w.vault = nil
	}
	if w.vault == nil {
		name := path.Join("vault", fmt.Sprintf("%08d-%03d.vault", w.batch.ID, len(w.batch.Vault)+1))
		w.batch.Vault = append(w.batch.Vault, name)
		segment := filepath.Join(w.dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(segment), 0o700); err != nil {
			return err
		}
		var err error
		if w.vault, err = privacy.NewVaultWriter(segment, w.key); err != nil {
			return err
		}
		w.sealed = 0
	}
	w.sealed += len(records)
	return w.vault.Put(records...)
}

func (w *batchWriter) finish(ctx context.Context) ([]ledger.File, error) {
	if w.vault != nil {
		w.full.Go(w.vault.Close)
	}
	files, err := w.lander.finish(ctx)
	return files, errors.Join(err, w.full.Wait())
}

func (w *batchWriter) abort() {
	w.lander.abort()
	_ = w.full.Wait() // an error here is why the batch is aborted, or follows from it
	if w.vault != nil {
		w.vault.Abort()
	}
	for _, name := range w.batch.Vault {
		os.Remove(filepath.Join(w.dir, filepath.FromSlash(name))) // complete segments of a batch that never was
	}
}
