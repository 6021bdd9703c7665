package ingest

import (
	"math"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"zhicang/models"
)

// convertTyped is convert for values that come in the type that they land in,
// as from databases and Parquet files: it says what convert would say of their
// text, without writing it. It answers false, having done nothing, for what is
// better left to convert.
func (ck *checker) convertTyped(v *vector, col *checkedColumn, arr arrow.Array, faults map[int][]fault) bool {
	if text, ok := arr.(*array.String); ok {
		return ck.convertText(v, col, text, faults)
	}
	set := ck.typedSetter(v, col, arr)
	if set == nil || col.PII != models.NotPersonal || len(col.Absent) > 0 {
		return false
	}
	v.reset(col.landedType(), arr.Len())
	if copyTyped(v, col, arr) {
		for i := 0; arr.NullN() > 0 && i < arr.Len(); i++ {
			if arr.IsNull(i) {
				ck.setNull(v, col, i, faults)
			}
		}
		return true
	}
	for i := range arr.Len() {
		if arr.IsNull(i) {
			ck.setNull(v, col, i, faults)
			continue
		}
		if f := set(i); f != nil {
			raw, _ := newCell(arr, ck.loc)(i)
			f.column, f.shape = col.Title, shapeOf(raw)
			faults[i] = append(faults[i], *f)
		}
	}
	return true
}

// copyTyped takes over values of which each will do, nulls aside.
func copyTyped(v *vector, col *checkedColumn, arr arrow.Array) bool {
	if col.Min != nil || col.Max != nil {
		return false
	}
	switch a := arr.(type) {
	case *array.Int64:
		if col.Type.Kind == models.Bigint {
			copy(v.i64, a.Int64Values())
			return true
		}
	case *array.Decimal128: // of a type for which there is a setter
		for _, n := range a.Values() {
			if !n.FitsInPrecision(int32(col.Type.Precision)) {
				return false
			}
		}
		copy(v.dec, a.Values())
		return true
	}
	return false
}

func (ck *checker) setNull(v *vector, col *checkedColumn, i int, faults map[int][]fault) {
	v.null[i] = true
	if col.Required {
		faults[i] = append(faults[i], fault{col.Title, "required", "缺少必填的值", ""})
	}
}

// convertText is convertTyped for text that lands as text.
func (ck *checker) convertText(v *vector, col *checkedColumn, arr *array.String, faults map[int][]fault) bool {
	if col.landedType().Kind != models.Varchar {
		return false
	}
	v.reset(col.landedType(), arr.Len())
	for i := range arr.Len() {
		if arr.IsNull(i) {
			ck.setNull(v, col, i, faults)
			continue
		}
		raw := arr.Value(i)
		switch {
		case isBlank(raw) || col.isAbsent(raw):
			ck.setNull(v, col, i, faults)
		case col.PII == models.FreeText:
			v.str[i] = raw
		default:
			if f := ck.setText(v, i, raw, col); f != nil {
				f.column, f.shape = col.Title, shapeOf(raw)
				faults[i] = append(faults[i], *f)
			}
		}
	}
	return true
}

// typedSetter puts the i-th value of an array into the vector; nil: the types
// are not the same.
func (ck *checker) typedSetter(v *vector, col *checkedColumn, arr arrow.Array) func(i int) *fault {
	to := col.Type.Kind
	switch a := arr.(type) {
	case *array.Int64:
		switch to {
		case models.Bigint, models.Integer:
			return func(i int) *fault { return setWhole(v, i, a.Value(i), col) }
		case models.Boolean:
			return func(i int) *fault {
				v.flag[i] = a.Value(i) == 1
				if n := a.Value(i); n != 0 && n != 1 {
					return typeFault(errNotBoolean)
				}
				return nil
			}
		}
	case *array.Boolean:
		if to == models.Boolean {
			return func(i int) *fault {
				v.flag[i] = a.Value(i)
				return nil
			}
		}
	case *array.Decimal128:
		t := a.DataType().(*arrow.Decimal128Type)
		if to == models.Decimal && int(t.Scale) == col.Type.Scale && int(t.Precision) <= col.Type.Precision {
			return func(i int) *fault {
				v.dec[i] = a.Value(i)
				if !v.dec[i].FitsInPrecision(int32(col.Type.Precision)) {
					return typeFault(errPrecision) // whatever its own type promised: the file would keep half of its bits
				}
				if col.Min == nil && col.Max == nil {
					return nil
				}
				return inBounds(v.dec[i].ToFloat64(t.Scale), col)
			}
		}
	case *array.Date32:
		if to == models.Date || to == models.Timestamp {
			return func(i int) *fault { return ck.setMicros(v, i, int64(a.Value(i))*microsPerDay, col) }
		}
	case *array.Timestamp:
		if t := a.DataType().(*arrow.TimestampType); t.Unit == arrow.Microsecond && (to == models.Date || to == models.Timestamp) {
			wall := wallClocks{loc: ck.loc, zoned: t.TimeZone != ""}
			return func(i int) *fault { return ck.setMicros(v, i, wall.micros(int64(a.Value(i))), col) }
		}
	}
	return nil
}

func setWhole(v *vector, i int, n int64, col *checkedColumn) *fault {
	v.i64[i] = n
	if col.Type.Kind == models.Integer && (n < math.MinInt32 || n > math.MaxInt32) {
		return typeFault(errRange)
	}
	if col.Min == nil && col.Max == nil {
		return nil
	}
	return inBounds(float64(n), col)
}

// inBounds holds a number against the contract's bounds.
func inBounds(x float64, col *checkedColumn) *fault {
	switch {
	case col.Min != nil && x < *col.Min:
		return &fault{rule: "min", reason: "小于最小值" + strconv.FormatFloat(*col.Min, 'f', -1, 64)}
	case col.Max != nil && x > *col.Max:
		return &fault{rule: "max", reason: "大于最大值" + strconv.FormatFloat(*col.Max, 'f', -1, 64)}
	}
	return nil
}

const microsPerDay = 24 * 60 * 60 * 1_000_000

// setMicros puts in a wall clock, in microseconds.
func (ck *checker) setMicros(v *vector, i int, micros int64, col *checkedColumn) *fault {
	switch {
	case col.NotAfterLoad && micros > ck.latest.UnixMicro():
		return &fault{rule: "future", reason: "晚于装载时间一天以上"}
	case micros < firstMicros:
		return &fault{rule: "type", reason: "早于1900年"}
	}
	v.i64[i] = micros
	if col.Type.Kind == models.Date {
		v.i64[i] = micros / microsPerDay
		if micros%microsPerDay < 0 {
			v.i64[i]--
		}
	}
	return nil
}

// firstMicros is the beginning of 1900.
const firstMicros = -25567 * microsPerDay

// wallClocks turns moments into what the clocks of a zone show. It remembers
// for how long the zone's offset holds, as neighbouring rows are mostly of one
// time.
type wallClocks struct {
	loc      *time.Location
	zoned    bool // false: the values are wall clocks already
	from, to int64
	offset   int64
}

func (w *wallClocks) micros(at int64) int64 {
	if !w.zoned {
		return at
	}
	if at < w.from || at >= w.to {
		t := time.UnixMicro(at).In(w.loc)
		_, seconds := t.Zone()
		w.offset = int64(seconds) * 1_000_000
		w.from, w.to = math.MinInt64, math.MaxInt64
		start, end := t.ZoneBounds()
		if !start.IsZero() {
			w.from = start.UnixMicro()
		}
		if !end.IsZero() {
			w.to = end.UnixMicro()
		}
	}
	return at + w.offset
}
