package ingest

import (
	"strings"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"zhicang/models"
)

// vector holds one column's values, one for each record of a batch. Only the
// slice of the column's kind is filled.
type vector struct {
	null []bool
	str  []string
	i64  []int64 // BIGINT, INTEGER; days for DATE; microseconds for TIMESTAMP
	f64  []float64
	dec  []decimal128.Num
	flag []bool
}

// reset makes room for n values of a type, all zero and none of them null.
func (v *vector) reset(t models.Type, n int) {
	v.null = cleared(v.null, n)
	switch t.Kind {
	case models.Varchar:
		v.str = cleared(v.str, n)
	case models.Double:
		v.f64 = cleared(v.f64, n)
	case models.Decimal:
		v.dec = cleared(v.dec, n)
	case models.Boolean:
		v.flag = cleared(v.flag, n)
	default:
		v.i64 = cleared(v.i64, n)
	}
}

// cleared is n zeros, in the memory of s if there is enough.
func cleared[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// repeat gives every row the value of the first.
func (v *vector) repeat() {
	fill(v.null)
	fill(v.str)
	fill(v.i64)
	fill(v.f64)
	fill(v.dec)
	fill(v.flag)
}

func fill[T any](s []T) {
	for i := 1; i < len(s); i++ {
		s[i] = s[0]
	}
}

// array makes an Arrow array of the chosen rows, and says about how many bytes
// it takes. The buffers are laid out by hand, each in one allocation of its
// final size: Arrow's builders grow by doubling and copy as they go.
func (v *vector) array(t arrow.DataType, rows []int) (arrow.Array, int64) {
	valid, nulls := v.validity(rows)
	buffers := []*memory.Buffer{valid}
	switch t.ID() {
	case arrow.STRING:
		offsets, text := v.text(rows)
		buffers = append(buffers, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(offsets)), memory.NewBufferBytes(text))
	case arrow.INT64, arrow.TIMESTAMP:
		buffers = append(buffers, fixed(v.i64, rows, func(x int64) int64 { return x }))
	case arrow.INT32, arrow.DATE32:
		buffers = append(buffers, fixed(v.i64, rows, func(x int64) int32 { return int32(x) }))
	case arrow.FLOAT64:
		buffers = append(buffers, fixed(v.f64, rows, func(x float64) float64 { return x }))
	case arrow.DECIMAL128:
		buffers = append(buffers, fixed(v.dec, rows, func(x decimal128.Num) decimal128.Num { return x }))
	case arrow.BOOL:
		bits := make([]byte, bitutil.BytesForBits(int64(len(rows))))
		for k, i := range rows {
			if v.flag[i] {
				bitutil.SetBit(bits, k)
			}
		}
		buffers = append(buffers, memory.NewBufferBytes(bits))
	}
	size := int64(0)
	for _, b := range buffers {
		if b != nil {
			size += int64(b.Len())
		}
	}
	data := array.NewData(t, len(rows), buffers, nil, nulls, 0)
	defer data.Release()
	return array.MakeFromData(data), size
}

// validity is the bitmap of the values that are not null; nil when all are.
func (v *vector) validity(rows []int) (*memory.Buffer, int) {
	nulls := 0
	for _, i := range rows {
		if v.null[i] {
			nulls++
		}
	}
	if nulls == 0 {
		return nil, 0
	}
	bits := make([]byte, bitutil.BytesForBits(int64(len(rows))))
	for k, i := range rows {
		if !v.null[i] {
			bitutil.SetBit(bits, k)
		}
	}
	return memory.NewBufferBytes(bits), nulls
}

func (v *vector) text(rows []int) (offsets []int32, text []byte) {
	size := 0
	for _, i := range rows {
		if !v.null[i] {
			size += len(v.str[i])
		}
	}
	offsets = make([]int32, 1, len(rows)+1)
	var b strings.Builder // whose memory nobody fills with zeros first
	b.Grow(size)
	for _, i := range rows {
		if !v.null[i] {
			b.WriteString(v.str[i])
		}
		offsets = append(offsets, int32(b.Len()))
	}
	return offsets, unsafe.Slice(unsafe.StringData(b.String()), b.Len())
}

// fixed copies the chosen values of a column of fixed width. A null's value is
// whatever stands there: nobody reads it.
func fixed[From any, To arrow.FixedWidthType](values []From, rows []int, convert func(From) To) *memory.Buffer {
	n := len(rows)
	if same, ok := any(values).([]To); ok && n > 0 && rows[n-1]-rows[0] == n-1 {
		// Rows in a row, as most are: appending to nothing copies them without
		// filling the memory with zeros first.
		return memory.NewBufferBytes(arrow.GetBytes(append([]To(nil), same[rows[0]:rows[0]+n]...)))
	}
	out := make([]To, n)
	for k, i := range rows {
		out[k] = convert(values[i])
	}
	return memory.NewBufferBytes(arrow.GetBytes(out))
}
