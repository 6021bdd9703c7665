package sqldb

import (
	"cmp"
	"math"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// kind is what a column's values are delivered as.
type kind int

const (
	textKind kind = iota
	intKind
	floatKind
	decimalKind // exact, of the column's precision and scale
	boolKind
	dateKind
	wallKind    // a date and time without a zone
	instantKind // a moment
)

func (k kind) String() string {
	return [...]string{"text", "number", "number", "number", "boolean", "date", "time", "time"}[k]
}

// column is one column of a query.
type column struct {
	name string
	// typ is the database's name of the type, in lower case.
	typ       string
	kind      kind
	precision int32 // of decimalKind
	scale     int32
	oid       uint32 // PostgreSQL's number of the type
	// as writes the column in a SELECT, with its quoted name for %s; empty: the
	// name alone.
	as string
	// alias is what the column is called in the answer; empty: its name.
	alias string
	// bytes says that the values are bytes, which are hexadecimal text unless
	// text_encoding says what they are.
	bytes bool
	// raw says that nobody vouches for texts, and they have to be looked at:
	// for invalid UTF-8, for NUL bytes.
	raw bool
	// loose says that bytes which are no text are left out, where they would be
	// a fault otherwise.
	loose bool
}

func (c column) expression(d *dialect) string {
	if c.as == "" && c.alias == "" {
		return d.quote(c.name)
	}
	return replaceName(cmp.Or(c.as, "%s"), d.quote(c.name)) + " " + d.quote(cmp.Or(c.alias, c.name))
}

func (c column) arrow(zoned bool) arrow.DataType {
	switch c.kind {
	case intKind:
		return arrow.PrimitiveTypes.Int64
	case floatKind:
		return arrow.PrimitiveTypes.Float64
	case decimalKind:
		return &arrow.Decimal128Type{Precision: c.precision, Scale: c.scale}
	case boolKind:
		return arrow.FixedWidthTypes.Boolean
	case dateKind:
		return arrow.FixedWidthTypes.Date32
	case wallKind:
		if !zoned {
			return &arrow.TimestampType{Unit: arrow.Microsecond}
		}
		return arrow.FixedWidthTypes.Timestamp_us
	case instantKind:
		return arrow.FixedWidthTypes.Timestamp_us // in UTC
	}
	return arrow.BinaryTypes.String
}

// vec holds a column's values of one batch, laid out as Arrow has them. Only
// the slice of its kind is filled.
type vec struct {
	valid   []byte
	nulls   int
	n       int
	whole   []int64 // numbers, microseconds
	days    []int32
	float   []float64
	decimal []decimal128.Num
	bits    []byte
	offsets []int32
	text    []byte
}

func (v *vec) reset(k kind, rows, text int) {
	*v = vec{valid: make([]byte, 0, (rows+7)/8)}
	switch k {
	case intKind, wallKind, instantKind:
		v.whole = make([]int64, 0, rows)
	case floatKind:
		v.float = make([]float64, 0, rows)
	case decimalKind:
		v.decimal = make([]decimal128.Num, 0, rows)
	case boolKind:
		v.bits = make([]byte, 0, (rows+7)/8)
	case dateKind:
		v.days = make([]int32, 0, rows)
	default:
		v.offsets, v.text = append(make([]int32, 0, rows+1), 0), make([]byte, 0, text)
	}
}

// mark notes whether the value that was just appended is there.
func (v *vec) mark(there bool) {
	if v.n&7 == 0 {
		v.valid = append(v.valid, 0)
	}
	if there {
		v.valid[v.n>>3] |= 1 << (v.n & 7)
	} else {
		v.nulls++
	}
	v.n++
}

func (v *vec) isNull(i int) bool { return v.valid[i>>3]&(1<<(i&7)) == 0 }

func (v *vec) addNull() {
	switch {
	case v.offsets != nil:
		v.offsets = append(v.offsets, int32(len(v.text)))
	case v.whole != nil:
		v.whole = append(v.whole, 0)
	case v.decimal != nil:
		v.decimal = append(v.decimal, decimal128.Num{})
	case v.days != nil:
		v.days = append(v.days, 0)
	case v.float != nil:
		v.float = append(v.float, 0)
	case v.bits != nil:
		v.addBit(false)
		return
	}
	v.mark(false)
}

func (v *vec) addWhole(x int64)            { v.whole = append(v.whole, x); v.mark(true) }
func (v *vec) addDay(x int32)              { v.days = append(v.days, x); v.mark(true) }
func (v *vec) addFloat(x float64)          { v.float = append(v.float, x); v.mark(true) }
func (v *vec) addDecimal(x decimal128.Num) { v.decimal = append(v.decimal, x); v.mark(true) }
func (v *vec) addBool(x bool)              { v.addBit(x); v.valid[(v.n-1)>>3] |= 1 << ((v.n - 1) & 7); v.nulls-- }

func (v *vec) addString(s string) { v.addText(unsafe.Slice(unsafe.StringData(s), len(s))) }
func (v *vec) value(i int) []byte { return v.text[v.offsets[i]:v.offsets[i+1]] }

// addBit appends a null of value x; addBool makes it valid.
func (v *vec) addBit(x bool) {
	if v.n&7 == 0 {
		v.bits = append(v.bits, 0)
	}
	if x {
		v.bits[v.n>>3] |= 1 << (v.n & 7)
	}
	v.mark(false)
}

func (v *vec) addText(b []byte) {
	v.text = append(v.text, b...)
	v.endText()
}

// endText ends a text whose bytes were appended to v.text.
func (v *vec) endText() {
	if len(v.text) > math.MaxInt32 {
		panic("sqldb: a column of one batch is over 2 GiB") // a batch is bounded far below
	}
	v.offsets = append(v.offsets, int32(len(v.text)))
	v.mark(true)
}

// cut takes off the values from the n-th on: at most one, of a row that turned
// out to be broken.
func (v *vec) cut(n int) {
	if v.n <= n {
		return
	}
	if v.isNull(n) {
		v.nulls--
	}
	v.valid[n>>3] &^= 1 << (n & 7)
	v.valid = v.valid[:(n+7)/8]
	switch {
	case v.offsets != nil:
		v.offsets = v.offsets[:n+1]
		v.text = v.text[:v.offsets[n]]
	case v.whole != nil:
		v.whole = v.whole[:n]
	case v.decimal != nil:
		v.decimal = v.decimal[:n]
	case v.days != nil:
		v.days = v.days[:n]
	case v.float != nil:
		v.float = v.float[:n]
	case v.bits != nil:
		v.bits[n>>3] &^= 1 << (n & 7)
		v.bits = v.bits[:(n+7)/8]
	}
	v.n = n
}

// array hands the values over to Arrow.
func (v *vec) array(t arrow.DataType) arrow.Array {
	valid := memory.NewBufferBytes(v.valid)
	if v.nulls == 0 {
		valid = nil
	}
	buffers := []*memory.Buffer{valid}
	switch {
	case v.offsets != nil:
		buffers = append(buffers, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(v.offsets)), memory.NewBufferBytes(v.text))
	case v.whole != nil:
		buffers = append(buffers, memory.NewBufferBytes(arrow.Int64Traits.CastToBytes(v.whole)))
	case v.decimal != nil:
		buffers = append(buffers, memory.NewBufferBytes(arrow.Decimal128Traits.CastToBytes(v.decimal)))
	case v.days != nil:
		buffers = append(buffers, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(v.days)))
	case v.float != nil:
		buffers = append(buffers, memory.NewBufferBytes(arrow.Float64Traits.CastToBytes(v.float)))
	case v.bits != nil:
		buffers = append(buffers, memory.NewBufferBytes(v.bits))
	}
	data := array.NewData(t, v.n, buffers, nil, v.nulls, 0)
	defer data.Release()
	return array.MakeFromData(data)
}
