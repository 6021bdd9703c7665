package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"zhicang/ledger"
	"zhicang/models"
)

// smallFile is the size up to which a file of the lake is small: reading it costs
// more in opening than in bytes.
const smallFile = 64 << 20

// A Compaction is what makes one file of the small files of a month.
type Compaction struct {
	Table string `json:"table"`
	Month string `json:"month"`
	Files int    `json:"files"`
	Rows  int64  `json:"rows"`
	Bytes int64  `json:"bytes"` // before
	After int64  `json:"after"` // in the one file; 0 in a plan

	paths []string // in the order of their batches
	last  int64    // the newest batch in them
}

// Compactions lists the months of a table that have several small files of the
// shape that the contract has today. Files of older shapes stay as they are.
func (l *Loader) Compactions(ctx context.Context, c *models.Contract) ([]Compaction, error) {
	files, err := l.Ledger.LakeFiles(ctx, c.Table)
	if err != nil {
		return nil, err
	}
	schema, _ := landedSchema(c)
	var plan []Compaction
	seen := map[string]bool{}
	for i, f := range files {
		if i == 0 || plan[len(plan)-1].Month != f.Month {
			plan = append(plan, Compaction{Table: c.Table, Month: f.Month})
		}
		one := &plan[len(plan)-1]
		if seen[f.Path] {
			continue // of several batches
		}
		seen[f.Path] = true
		size, rows, ok, err := compactable(l.full(f.Path), schema)
		if err != nil {
			return nil, fmt.Errorf("compact %s: %w", f.Path, err)
		}
		if ok {
			one.paths, one.last = append(one.paths, f.Path), max(one.last, f.Batch)
			one.Files, one.Rows, one.Bytes = one.Files+1, one.Rows+rows, one.Bytes+size
		}
	}
	return slices.DeleteFunc(plan, func(x Compaction) bool { return x.Files < 2 }), nil
}

func (l *Loader) full(name string) string { return filepath.Join(l.Dir, filepath.FromSlash(name)) }

// parquetRows is how many rows of a file are read at a time.
const parquetRows = 8192

// openParquet opens a file of the lake; who opened it closes its ParquetReader.
func openParquet(name string) (*pqarrow.FileReader, error) {
	r, err := file.OpenParquetFile(name, false)
	if err != nil {
		return nil, err
	}
	pr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{BatchSize: parquetRows}, memory.DefaultAllocator)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return pr, nil
}

// compactable reports whether a file is small and of the shape.
func compactable(name string, schema *arrow.Schema) (size, rows int64, ok bool, err error) {
	info, err := os.Stat(name)
	if err != nil || info.Size() > smallFile {
		return 0, 0, false, err
	}
	pr, err := openParquet(name)
	if err != nil {
		return 0, 0, false, err
	}
	defer pr.ParquetReader().Close()
	own, err := pr.Schema()
	if err != nil {
		return 0, 0, false, err
	}
	return info.Size(), pr.ParquetReader().NumRows(), sameShape(own, schema), nil
}

func sameShape(a, b *arrow.Schema) bool {
	return slices.EqualFunc(a.Fields(), b.Fields(), func(x, y arrow.Field) bool {
		return x.Name == y.Name && x.Nullable == y.Nullable && arrow.TypeEqual(x.Type, y.Type)
	})
}

// Compact writes the rows of a compaction's files, as they are and in their order,
// into one file, and switches to it in one commit of the ledger. The batches keep
// their rows, so that no table becomes stale. Killed before the commit, it leaves a
// file that nobody knows; killed after it, files that nobody knows any more: both
// go with the next Sweep.
func (l *Loader) Compact(ctx context.Context, c *models.Contract, x Compaction) (Compaction, error) {
	if err := reuseEncoders(); err != nil {
		return x, err
	}
	known, err := l.Ledger.KnownPaths(ctx)
	if err != nil {
		return x, err
	}
	name := path.Join(path.Dir(x.paths[0]), fmt.Sprintf("%08d-compact.parquet", x.last))
	for i := 2; known[name]; i++ {
		name = path.Join(path.Dir(x.paths[0]), fmt.Sprintf("%08d-compact-%d.parquet", x.last, i))
	}
	if x.After, err = l.merge(ctx, c, x, name); err != nil {
		return x, fmt.Errorf("compact %s of %s: %w", x.Month, x.Table, errors.Join(err, removed(os.Remove(l.full(name)))))
	}
	err = l.Ledger.SwitchFiles(ctx, x.paths, ledger.File{Path: name, Bytes: x.After})
	// Whether the switch took is for the ledger to say: what it does not know goes.
	_, swept := l.Sweep(context.WithoutCancel(ctx))
	return x, errors.Join(err, swept)
}

// removed forgives that there was nothing to remove.
func removed(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// merge writes the one file and reads back how many rows it has.
func (l *Loader) merge(ctx context.Context, c *models.Contract, x Compaction, name string) (size int64, err error) {
	schema, props := landedSchema(c)
	for _, col := range c.LandedColumns() {
		if repeats(c, col) {
			props = append(props, parquet.WithDictionaryFor(col.Name, true))
		}
	}
	mf := &monthFile{path: name, waiting: make([][]arrow.Array, schema.NumFields())}
	if mf.file, err = createFile(l.full(name) + temporary); err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			mf.file.Close() // may be closed already; the file goes anyway
			err = errors.Join(err, removed(os.Remove(l.full(name)+temporary)))
		}
	}()
	mf.size.to = mf.file
	if mf.writer, err = pqarrow.NewFileWriter(schema, &mf.size, parquet.NewWriterProperties(props...), pqarrow.DefaultWriterProps()); err != nil {
		return 0, cmp.Or(mf.size.err, err)
	}
	for _, p := range x.paths {
		if err := mf.copyFrom(ctx, l.full(p), schema); err != nil {
			return 0, fmt.Errorf("%s: %w", p, err)
		}
	}
	if err := mf.flushWaiting(schema); err != nil {
		return 0, err
	}
	if err := mf.seal(l.full(name)); err != nil {
		return 0, err
	}
	rows, _, err := reread(ctx, l.Dir, []ledger.File{{Path: name}}, nil)
	if err == nil && rows != x.Rows {
		err = fmt.Errorf("the one file has %d rows, and the %d files have %d", rows, x.Files, x.Rows)
	}
	return mf.size.n, err
}

// copyFrom adds the rows of a file of the same shape.
func (mf *monthFile) copyFrom(ctx context.Context, name string, schema *arrow.Schema) error {
	pr, err := openParquet(name)
	if err != nil {
		return err
	}
	defer pr.ParquetReader().Close()
	records, err := pr.GetRecordReader(ctx, nil, nil)
	if err != nil {
		return err
	}
	defer records.Release()
	rows := int64(0)
	for records.Next() {
		rec := records.Record()
		rows += rec.NumRows()
		for j, col := range rec.Columns() {
			col.Retain()
			mf.waiting[j] = append(mf.waiting[j], col)
			for _, b := range col.Data().Buffers() {
				if b != nil {
					mf.bytes += int64(b.Len())
				}
			}
		}
		if mf.bytes >= rowGroupBytes {
			if err := mf.flushWaiting(schema); err != nil {
				return err
			}
		}
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if rows != pr.ParquetReader().NumRows() { // the reader takes some damage for the end
		return fmt.Errorf("%d of its %d rows can be read", rows, pr.ParquetReader().NumRows())
	}
	return nil
}

func (mf *monthFile) flushWaiting(schema *arrow.Schema) error {
	if mf.bytes == 0 {
		return nil
	}
	columns := mf.waiting
	mf.waiting, mf.bytes = make([][]arrow.Array, len(columns)), 0
	return mf.write(&lander{schema: schema}, columns)
}
