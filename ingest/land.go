package ingest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"golang.org/x/sync/errgroup"

	"zhicang/ledger"
	"zhicang/models"
)

// Bounds of the rows that wait in memory, counted in bytes.
const (
	// rowGroupBytes is what a month gathers before it is encoded: enough for
	// pages of full size, little enough that encoding runs beside reading.
	rowGroupBytes = 16 << 20
	// pendingBytes bounds all months of a batch together.
	pendingBytes = 48 << 20
	// encoders is how many row groups are encoded at a time, each of another
	// month.
	encoders = 2
	// sealers is how many files are completed at a time.
	sealers = 8
)

// lander writes the rows of one batch to one Parquet file a month. Rows are
// gathered by month and encoded in the background.
type lander struct {
	dir    string // data folder
	table  string
	batch  int64
	system string
	schema *arrow.Schema
	props  []parquet.WriterProperty
	repeat []bool // columns that are likely to have few values
	open   func(name string) (sink, error)

	months  map[models.Month]*monthFile
	pending int64
	encode  *errgroup.Group
	failed  context.Context // done once an encoder has failed
}

// sink is what a Parquet file is written to.
type sink interface {
	io.Writer
	Sync() error
	Close() error
}

// monthFile is one Parquet file under its temporary name, and the rows that
// wait for their row group.
type monthFile struct {
	path    string // final, relative to the data folder
	file    sink
	writer  *pqarrow.FileWriter // nil before the first row group
	waiting [][]arrow.Array     // by column
	bytes   int64               // of waiting
	rows    int64               // in the file and waiting
	size    counter
	idle    chan struct{} // holds a token while no encoder writes to the file
}

func newLander(dir string, c *models.Contract, batch int64, system string) *lander {
	schema, props := landedSchema(c)
	repeat := make([]bool, schema.NumFields())
	for i, col := range c.LandedColumns() {
		repeat[i] = repeats(c, col)
	}
	l := &lander{
		dir: dir, table: c.Table, batch: batch, system: system, schema: schema,
		props: props, repeat: repeat, months: map[models.Month]*monthFile{}, open: createFile,
	}
	l.encode, l.failed = errgroup.WithContext(context.Background())
	l.encode.SetLimit(encoders)
	return l
}

// landedSchema is the shape of a table's Parquet files, and how they are written.
func landedSchema(c *models.Contract) (*arrow.Schema, []parquet.WriterProperty) {
	cols := c.LandedColumns()
	fields := make([]arrow.Field, len(cols))
	opts := []parquet.WriterProperty{
		parquet.WithCompression(compress.Codecs.Zstd), parquet.WithCompressionLevel(zstdLevel),
		parquet.WithDataPageSize(pageBytes), parquet.WithBatchSize(pageRows),
		parquet.WithDictionaryDefault(false), parquet.WithCreatedBy("zhicang"),
		parquet.WithStoreDecimalAsInteger(true), // of up to 18 digits: half the time of bytes
	}
	for i, col := range cols {
		fields[i] = arrow.Field{Name: col.Name, Type: arrowType(col.Type), Nullable: !col.Required}
		if col.PII == models.Pseudonym {
			// Keyed hashes: a twentieth of the compressor's time would go into
			// making them a fifth shorter.
			opts = append(opts, parquet.WithCompressionFor(col.Name, compress.Codecs.Uncompressed))
		}
		if wholeNumbers(col.Type) {
			// By their differences: half the time of compressing the numbers
			// themselves, a fifth where they rise evenly, and fewer bytes.
			opts = append(opts, parquet.WithEncodingFor(col.Name, parquet.Encodings.DeltaBinaryPacked))
		}
		// Nobody looks for a letter or for an amount between two others.
		if col.PII == models.Scrubbed || col.Type.Kind == models.Decimal {
			opts = append(opts, parquet.WithStatsFor(col.Name, false))
		}
	}
	return arrow.NewSchema(fields, nil), opts
}

// Pages are smaller than Arrow's default of 1 MiB: their buffers are set up anew
// for every column of every row group, and this saves a twentieth of a load.
const (
	pageBytes = 256 << 10
	pageRows  = 1024 // rows between two looks at a page's size
)

// repeats reports whether a landed column is likely to have few values: the
// kinds of a thing, a region, a masked name. A dictionary of others costs time and saves
// nothing.
func repeats(c *models.Contract, col models.Column) bool {
	if col.Name == "source_system" {
		return true
	}
	if own, ok := c.Column(col.Name); ok && own.PII == models.Name {
		return true // 张**: there are few surnames
	}
	return col.Type.Kind == models.Varchar && col.PII == models.NotPersonal && !slices.Contains(c.Key, col.Name)
}

// wholeNumbers reports whether a type lies in Parquet as whole numbers.
func wholeNumbers(t models.Type) bool {
	switch t.Kind {
	case models.Bigint, models.Integer, models.Date, models.Timestamp:
		return true
	case models.Decimal:
		return t.Precision <= 18
	}
	return false
}

func createFile(name string) (sink, error) {
	return os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}

func arrowType(t models.Type) arrow.DataType {
	switch t.Kind {
	case models.Bigint:
		return arrow.PrimitiveTypes.Int64
	case models.Integer:
		return arrow.PrimitiveTypes.Int32
	case models.Double:
		return arrow.PrimitiveTypes.Float64
	case models.Decimal:
		return &arrow.Decimal128Type{Precision: int32(t.Precision), Scale: int32(t.Scale)}
	case models.Boolean:
		return arrow.FixedWidthTypes.Boolean
	case models.Date:
		return arrow.FixedWidthTypes.Date32
	case models.Timestamp:
		return &arrow.TimestampType{Unit: arrow.Microsecond}
	}
	return arrow.BinaryTypes.String
}

// add takes over the good rows of a checked batch, by copying them. delivered tells
// of each with which batch it came and where it stood among its records, held ones
// included.
func (l *lander) add(c *checked, delivered func(i int) (batch, row int64)) error {
	if l.failed.Err() != nil {
		return l.encode.Wait()
	}
	for _, month := range slices.Sorted(maps.Keys(c.rows)) {
		mf, err := l.month(month)
		if err != nil {
			return err
		}
		rows, size := c.rows[month], int64(0)
		for j := range c.vectors {
			arr, n := c.vectors[j].array(l.schema.Field(j).Type, rows)
			mf.waiting[j] = append(mf.waiting[j], arr)
			size += n
		}
		for k, arr := range l.origin(rows, delivered, c.deleted) {
			j := len(c.vectors) + k
			mf.waiting[j] = append(mf.waiting[j], arr)
		}
		mf.rows += int64(len(rows))
		mf.bytes += size
		l.pending += size
		if mf.bytes >= rowGroupBytes {
			l.flush(mf)
		}
	}
	for l.pending > pendingBytes {
		l.flush(l.largest())
	}
	return nil
}

// origin makes the columns that the loader adds, models.LoadColumns. Deleted says
// which of the batch's records are deleted; nil: none.
func (l *lander) origin(rows []int, delivered func(i int) (batch, row int64), deleted []bool) []arrow.Array {
	n := len(rows)
	batch, ordinal := make([]int64, n), make([]int64, n)
	ends := make([]int32, n+1)
	for k, i := range rows {
		batch[k], ordinal[k] = delivered(i)
		ends[k+1] = int32((k + 1) * len(l.system))
	}
	array64 := func(values []int64) arrow.Array {
		return arrayOf(arrow.PrimitiveTypes.Int64, n, nil, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(values)))
	}
	system := arrayOf(arrow.BinaryTypes.String, n, nil, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(ends)),
		memory.NewBufferBytes(bytes.Repeat([]byte(l.system), n)))
	return []arrow.Array{array64(batch), array64(ordinal), system, tombs(rows, deleted)}
}

// tombs is true for rows that are deleted, and null for the others.
func tombs(rows []int, deleted []bool) arrow.Array {
	bits := make([]byte, bitutil.BytesForBits(int64(len(rows))))
	for k, i := range rows {
		if deleted != nil && deleted[i] {
			bitutil.SetBit(bits, k)
		}
	}
	return arrayOf(arrow.FixedWidthTypes.Boolean, len(rows), bits, memory.NewBufferBytes(bits))
}

// arrayOf makes an array of buffers; valid is nil where no value is null.
func arrayOf(t arrow.DataType, n int, valid []byte, buffers ...*memory.Buffer) arrow.Array {
	nulls, bitmap := 0, (*memory.Buffer)(nil)
	if valid != nil {
		nulls, bitmap = n-bitutil.CountSetBits(valid, 0, n), memory.NewBufferBytes(valid)
	}
	data := array.NewData(t, n, append([]*memory.Buffer{bitmap}, buffers...), nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}

func (l *lander) month(m models.Month) (*monthFile, error) {
	if mf, ok := l.months[m]; ok {
		return mf, nil
	}
	_, name, _ := strings.Cut(l.table, ".")
	mf := &monthFile{
		path:    path.Join("lake", "ods", name, "month="+m.String(), fmt.Sprintf("%08d.parquet", l.batch)),
		waiting: make([][]arrow.Array, l.schema.NumFields()), idle: make(chan struct{}, 1),
	}
	mf.idle <- struct{}{}
	full := l.full(mf)
	if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
		return nil, err
	}
	var err error
	if mf.file, err = l.open(full + temporary); err != nil {
		return nil, err
	}
	l.months[m] = mf
	// The writer closes what it writes to, and the file must be synced after
	// its last byte and before that: the counter has no Close.
	mf.size.to = mf.file
	return mf, nil
}

// temporary ends the name of a file that is not whole yet.
const temporary = ".tmp"

func (l *lander) full(mf *monthFile) string { return filepath.Join(l.dir, filepath.FromSlash(mf.path)) }

// counter counts the bytes that go through it, and keeps the first error to
// itself: Arrow's writer drops some errors of what it writes to, as at the end
// of a row group, and panics on others. Who calls it asks for err afterwards.
type counter struct {
	to  io.Writer
	n   int64
	err error
}

func (c *counter) Write(p []byte) (int, error) {
	if c.err == nil {
		var n int
		n, c.err = c.to.Write(p)
		c.n += int64(n)
	}
	return len(p), nil
}

func (l *lander) largest() *monthFile {
	var largest *monthFile
	for _, mf := range l.months {
		if largest == nil || mf.bytes > largest.bytes || (mf.bytes == largest.bytes && mf.path < largest.path) {
			largest = mf
		}
	}
	return largest
}

// flush hands the waiting rows of a month to an encoder, and waits until one is
// free. A file's row groups are written in the order of their rows. Errors come
// out of encode.Wait.
func (l *lander) flush(mf *monthFile) {
	if mf.bytes == 0 {
		return
	}
	columns := mf.waiting
	l.pending -= mf.bytes
	mf.waiting, mf.bytes = make([][]arrow.Array, len(columns)), 0
	<-mf.idle
	l.encode.Go(func() error {
		defer func() { mf.idle <- struct{}{} }()
		return mf.write(l, columns)
	})
}

// write writes one row group. The first one decides which columns of the file
// have dictionaries.
func (mf *monthFile) write(l *lander, columns [][]arrow.Array) error {
	opts := slices.Clone(l.props)
	for j, repeats := range l.repeat {
		if !repeats {
			continue
		}
		words := inWords(columns[j])
		name := l.schema.Field(j).Name
		switch {
		case words != nil:
			// The writer would look for the words of each chunk anew to tell the
			// least and the largest, which nobody asks of kinds of things.
			columns[j] = words
			opts = append(opts, parquet.WithDictionaryFor(name, true), parquet.WithStatsFor(name, false))
		case l.schema.Field(j).Type.ID() != arrow.STRING:
			opts = append(opts, parquet.WithDictionaryFor(name, true))
		}
	}
	if mf.writer == nil {
		var err error
		mf.writer, err = pqarrow.NewFileWriter(l.schema, &mf.size, parquet.NewWriterProperties(opts...), pqarrow.DefaultWriterProps())
		if err != nil || mf.size.err != nil {
			return cmp.Or(mf.size.err, err)
		}
	}
	mf.writer.NewRowGroup()
	for _, chunks := range columns {
		column := arrow.NewChunked(chunks[0].DataType(), chunks)
		err := mf.writer.WriteColumnChunked(column, 0, int64(column.Len()))
		column.Release()
		if err != nil || mf.size.err != nil {
			return cmp.Or(mf.size.err, err)
		}
	}
	return nil
}

// finish completes the files and gives them their names. They exist only when
// the ledger says so.
func (l *lander) finish(ctx context.Context) ([]ledger.File, error) {
	months := slices.Sorted(maps.Keys(l.months))
	for _, m := range months {
		l.flush(l.months[m])
	}
	if err := l.encode.Wait(); err != nil {
		return nil, err
	}
	// Each waits for the disk most of the time: the disk takes several at once.
	sealing, ctx := errgroup.WithContext(ctx)
	sealing.SetLimit(sealers)
	for _, m := range months {
		mf := l.months[m]
		sealing.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return mf.seal(l.full(mf))
		})
	}
	if err := sealing.Wait(); err != nil {
		return nil, err
	}
	var files []ledger.File
	for _, m := range months {
		mf := l.months[m]
		files = append(files, ledger.File{Month: m.String(), Path: mf.path, Rows: mf.rows, Bytes: mf.size.n})
	}
	return files, nil
}

func (mf *monthFile) seal(final string) error {
	if err := mf.writer.Close(); err != nil || mf.size.err != nil {
		return cmp.Or(mf.size.err, err)
	}
	if err := mf.file.Sync(); err != nil {
		return err
	}
	if err := mf.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(final+temporary, final); err != nil {
		return err
	}
	return syncDir(filepath.Dir(final))
}

// abort removes what was written so far.
func (l *lander) abort() {
	_ = l.encode.Wait() // an error here is why the batch is aborted, or follows from it
	for _, mf := range l.months {
		mf.file.Close() // may be closed already; the file goes anyway
		os.Remove(l.full(mf) + temporary)
		os.Remove(l.full(mf))
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
