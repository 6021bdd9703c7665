// Package record turns what the sources decode into batches: text columns
// gathered into Arrow records of bounded size, fields picked out of JSON
// objects, and the names of columns compared as people write them.
package record

import (
	"math"
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"zhicang/ingest"
)

// MaxRows and MaxBytes bound a batch: whichever is reached first closes it. A
// single record larger than MaxBytes makes a batch of its own.
const (
	MaxRows  = 8192
	MaxBytes = 4 << 20
)

// MaxRaw is how much of an undecodable record a fault keeps.
const MaxRaw = 64 << 10

// Schema describes batches of text: the fields, in order, each a nullable
// string.
func Schema(fields []string) *arrow.Schema {
	out := make([]arrow.Field, len(fields))
	for i, name := range fields {
		out[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	return arrow.NewSchema(out, nil)
}

// A Builder gathers records of text, and the faults between them, into
// batches. Each batch owns its memory, so that a receiver may retain it.
//
// The columns are laid out by hand instead of by array.StringBuilder, whose
// calls for each value would be a good part of the time that reading a CSV
// file takes.
type Builder struct {
	schema *arrow.Schema
	sheet  string
	cols   []column
	rows   []int64
	faults []ingest.Fault
	bytes  int
}

// NewBuilder makes a builder for the fields. The sheet is copied into every
// batch; it is empty for anything but workbooks.
func NewBuilder(fields []string, sheet string) *Builder {
	b := &Builder{schema: Schema(fields), sheet: sheet, cols: make([]column, len(fields))}
	for i := range b.cols {
		b.cols[i].reset(0, 0)
	}
	return b
}

// Append gives the next value of column i; an empty one is null. The text is
// copied. Every column must get exactly one value before EndRow.
func (b *Builder) Append(i int, text []byte) {
	b.cols[i].append(text)
	b.bytes += len(text)
}

// AppendString is Append for a string.
func (b *Builder) AppendString(i int, text string) {
	c := &b.cols[i]
	if text == "" {
		c.append(nil)
		return
	}
	c.values.WriteString(text)
	c.end(true)
	b.bytes += len(text)
}

// EndRow completes the record that stands at the position.
func (b *Builder) EndRow(position int64) {
	b.rows = append(b.rows, position)
	b.bytes += 8
}

// Fault notes a record that could not be decoded. Raw is copied, and cut at
// MaxRaw.
func (b *Builder) Fault(position int64, reason string, raw []byte) {
	if len(raw) > MaxRaw {
		raw = raw[:MaxRaw]
	}
	b.faults = append(b.faults, ingest.Fault{
		Sheet: b.sheet, Row: position, Reason: reason, Raw: append([]byte(nil), raw...),
	})
	b.bytes += len(raw) + len(reason)
}

// Full says that the batch has reached its bounds and wants to be flushed.
func (b *Builder) Full() bool {
	return len(b.rows)+len(b.faults) >= MaxRows || b.bytes >= MaxBytes
}

// Flush yields what was gathered, if anything, and starts the next batch. It
// returns the error of yield unchanged.
func (b *Builder) Flush(yield func(ingest.Batch) error) error {
	if len(b.rows) == 0 && len(b.faults) == 0 {
		return nil
	}
	n := len(b.rows)
	arrays := make([]arrow.Array, len(b.cols))
	for i := range b.cols {
		arrays[i] = b.cols[i].array(n)
	}
	rec := array.NewRecord(b.schema, arrays, int64(n))
	defer rec.Release()
	for _, a := range arrays {
		a.Release()
	}
	batch := ingest.Batch{Record: rec, Sheet: b.sheet, Rows: b.rows, Faults: b.faults}
	b.rows, b.faults, b.bytes = make([]int64, 0, n), nil, 0
	return yield(batch)
}

// FlushFull is Flush for a batch that is full, and nothing for one that is not.
func (b *Builder) FlushFull(yield func(ingest.Batch) error) error {
	if !b.Full() {
		return nil
	}
	return b.Flush(yield)
}

// column is one string column in Arrow's layout: the offsets between values,
// the bytes of all values, and a bit for each that is not null.
type column struct {
	offsets []int32
	values  strings.Builder // whose memory nobody fills with zeros first
	valid   []byte
	nulls   int
}

func (c *column) reset(rows, size int) {
	c.offsets = append(make([]int32, 0, rows+1), 0)
	c.values = strings.Builder{}
	c.values.Grow(size)
	c.valid = make([]byte, 0, rows/8+1)
	c.nulls = 0
}

func (c *column) append(text []byte) {
	c.values.Write(text)
	c.end(len(text) > 0)
}

func (c *column) end(valid bool) {
	n := len(c.offsets) - 1
	if n&7 == 0 {
		c.valid = append(c.valid, 0)
	}
	if valid {
		c.valid[n>>3] |= 1 << (n & 7)
	} else {
		c.nulls++
	}
	// A batch is bounded far below the 2 GiB of an offset; a record that is
	// not would have to come from a source that bounds nothing.
	if c.values.Len() > math.MaxInt32 {
		panic("record: a column of one batch is over 2 GiB")
	}
	c.offsets = append(c.offsets, int32(c.values.Len()))
}

// array hands the column's memory over to an Arrow array of n values, and
// makes room for a batch like it.
func (c *column) array(n int) arrow.Array {
	size := c.values.Len()
	data := array.NewData(arrow.BinaryTypes.String, n, []*memory.Buffer{
		memory.NewBufferBytes(c.valid),
		memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(c.offsets[:n+1])),
		memory.NewBufferBytes(unsafe.Slice(unsafe.StringData(c.values.String()), size)),
	}, nil, c.nulls, 0)
	defer data.Release()
	c.reset(n, size+size/8)
	return array.NewStringData(data)
}
