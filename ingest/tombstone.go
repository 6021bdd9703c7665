package ingest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"zhicang/ledger"
	"zhicang/models"
)

// bury lands a tombstone for each row that has vanished from its source: a copy
// of the row as it lies in the lake, marked as deleted. So it stands in the same
// month, keeps the contract, and is newer than what it ends.
func (w *batchWriter) bury(ctx context.Context, l *Loader, vanished []landedRow) error {
	if len(vanished) == 0 {
		return nil
	}
	wanted := make(map[int64][]int64)
	for _, v := range vanished {
		wanted[int64(v.batch)] = append(wanted[int64(v.batch)], int64(v.row))
	}
	for _, rows := range wanted {
		slices.Sort(rows)
	}
	files, err := l.Ledger.LakeFiles(ctx, w.batch.Table)
	if err != nil {
		return err
	}
	// A batch's rows lie in its own files; once files were put together, in
	// others. What is in none was retained for as long as the contract says.
	left := len(vanished)
	for _, own := range []bool{true, false} {
		for _, f := range files {
			if _, ok := wanted[f.Batch]; ok != own || left == 0 {
				continue
			}
			n, err := w.buryFrom(ctx, f, wanted)
			if err != nil {
				return fmt.Errorf("deleted rows of %s: %w", f.Path, err)
			}
			left -= n
		}
	}
	return nil
}

// buryFrom lands the tombstones of the wanted rows of one file.
func (w *batchWriter) buryFrom(ctx context.Context, f ledger.LakeFile, wanted map[int64][]int64) (n int, err error) {
	month, err := models.ParseMonth(f.Month)
	if err != nil {
		return 0, err
	}
	pr, err := openParquet(filepath.Join(w.dir, filepath.FromSlash(f.Path)))
	if err != nil {
		return 0, err
	}
	defer pr.ParquetReader().Close()
	records, err := pr.GetRecordReader(ctx, nil, nil)
	if err != nil {
		return 0, err
	}
	defer records.Release()
	for records.Next() {
		rows := wantedRows(records.Record(), wanted)
		if len(rows) == 0 {
			continue
		}
		if err := w.lander.addTombstones(month, records.Record(), rows, w.batch.Read); err != nil {
			return n, err
		}
		w.tally.addBuried(records.Record(), rows)
		n += len(rows)
		w.batch.Read += int64(len(rows))
		w.batch.Landed += int64(len(rows))
	}
	return n, ctx.Err()
}

// wantedRows finds the rows that landed as one of the wanted.
func wantedRows(rec arrow.Record, wanted map[int64][]int64) (rows []int) {
	batches, ok1 := landedColumn(rec, "batch_id").(*array.Int64)
	ordinals, ok2 := landedColumn(rec, "batch_row").(*array.Int64)
	if !ok1 || !ok2 {
		return nil
	}
	for i := range int(rec.NumRows()) {
		if _, ok := slices.BinarySearch(wanted[batches.Value(i)], ordinals.Value(i)); ok {
			rows = append(rows, i)
		}
	}
	return rows
}

func landedColumn(rec arrow.Record, name string) arrow.Array {
	at := rec.Schema().FieldIndices(name)
	if len(at) != 1 {
		return nil
	}
	return rec.Column(at[0])
}

// addTombstones adds rows of a file of the lake, under new origins and marked as
// deleted.
func (l *lander) addTombstones(month models.Month, rec arrow.Record, rows []int, before int64) error {
	mf, err := l.month(month)
	if err != nil {
		return err
	}
	at := make([]int, len(rows)) // what origin counts from
	deleted := make([]bool, len(rows))
	for i := range rows {
		at[i], deleted[i] = i, true
	}
	origin := l.origin(at, func(i int) (batch, row int64) { return l.batch, before + int64(i) + 1 }, deleted)
	own := l.schema.NumFields() - len(origin)
	size := int64(0)
	for j, field := range l.schema.Fields() {
		var arr arrow.Array
		from := landedColumn(rec, field.Name)
		switch {
		case j >= own && (field.Name != "source_system" || from == nil):
			arr = origin[j-own]
		case from == nil:
			arr = array.MakeArrayOfNull(memory.DefaultAllocator, field.Type, len(rows))
		case !arrow.TypeEqual(from.DataType(), field.Type):
			return fmt.Errorf("column %s is %s there and %s in the contract", field.Name, from.DataType(), field.Type)
		default:
			if arr, err = take(from, rows); err != nil {
				return err
			}
		}
		mf.waiting[j] = append(mf.waiting[j], arr)
		for _, b := range arr.Data().Buffers() {
			if b != nil {
				size += int64(b.Len())
			}
		}
	}
	mf.rows += int64(len(rows))
	mf.bytes += size
	l.pending += size
	for l.pending > pendingBytes {
		l.flush(l.largest())
	}
	return nil
}
