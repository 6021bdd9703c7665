package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"zhicang/models"
)

// TestTypedIsAsText: a value that comes in its type becomes what it would have
// become as text, and breaks the same promises.
func TestTypedIsAsText(t *testing.T) {
	h := messageHouse(t)
	c, _ := h.Catalog.Contract("ods.test_message")
	ck, err := newChecker(c, messageConfig(), h.Loader)
	if err != nil {
		t.Fatal(err)
	}
	bound := 3.0
	for _, kind := range []struct {
		to   models.Type
		make func(*rapid.T) (arrow.DataType, func(array.Builder))
	}{
		{models.Type{Kind: models.Bigint}, wholes},
		{models.Type{Kind: models.Integer}, wholes},
		{models.Type{Kind: models.Boolean}, func(*rapid.T) (arrow.DataType, func(array.Builder)) {
			return arrow.FixedWidthTypes.Boolean, func(b array.Builder) { b.(*array.BooleanBuilder).Append(true) }
		}},
		{models.Type{Kind: models.Boolean}, func(rt *rapid.T) (arrow.DataType, func(array.Builder)) {
			n := rapid.Int64Range(-1, 2).Draw(rt, "flag")
			return arrow.PrimitiveTypes.Int64, func(b array.Builder) { b.(*array.Int64Builder).Append(n) }
		}},
		{models.Type{Kind: models.Decimal, Precision: 18, Scale: 2}, func(rt *rapid.T) (arrow.DataType, func(array.Builder)) {
			n := decimal128.FromI64(rapid.Int64Range(-1_000_000, 1_000_000).Draw(rt, "cents"))
			if rapid.IntRange(0, 5).Draw(rt, "larger than its type") == 0 {
				n = decimal128.New(rapid.Int64Range(-9, 9).Draw(rt, "high"), rapid.Uint64().Draw(rt, "low"))
			}
			return &arrow.Decimal128Type{Precision: 10, Scale: 2}, func(b array.Builder) { b.(*array.Decimal128Builder).Append(n) }
		}},
		{models.Type{Kind: models.Timestamp}, times},
		{models.Type{Kind: models.Date}, times},
		{models.Type{Kind: models.Date}, func(rt *rapid.T) (arrow.DataType, func(array.Builder)) {
			day := arrow.Date32(rapid.Int32Range(-30_000, 25_000).Draw(rt, "day"))
			return arrow.FixedWidthTypes.Date32, func(b array.Builder) { b.(*array.Date32Builder).Append(day) }
		}},
		{models.Type{Kind: models.Varchar}, func(rt *rapid.T) (arrow.DataType, func(array.Builder)) {
			s := rapid.SampledFrom([]string{"路灯", " ", "", "ＡＢ１", "1.2E+17", "匿名", "a\xff", " x "}).Draw(rt, "text")
			return arrow.BinaryTypes.String, func(b array.Builder) { b.(*array.StringBuilder).Append(s) }
		}},
	} {
		t.Run(kind.to.String(), func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				col := &checkedColumn{Column: models.Column{Name: "x", Title: "列", Type: kind.to}}
				col.Required, col.NotAfterLoad = rapid.Bool().Draw(rt, "required"), rapid.Bool().Draw(rt, "not after load")
				if rapid.Bool().Draw(rt, "bounded") {
					col.Min = &bound
				}
				if kind.to.Kind == models.Varchar && rapid.Bool().Draw(rt, "absent") {
					col.Absent = []string{"匿名"}
				}
				typ, add := kind.make(rt)
				b := array.NewBuilder(memory.DefaultAllocator, typ)
				b.AppendNull()
				add(b)
				arr := b.NewArray()
				var typed, text vector
				typedFaults, textFaults := map[int][]fault{}, map[int][]fault{}
				if !ck.convertTyped(&typed, col, arr, typedFaults) {
					rt.Fatalf("%s is not taken for %s", typ, kind.to)
				}
				ck.convert(&text, col, []cell{newCell(arr, ck.loc)}, arr.Len(), textFaults)
				if diff := cmp.Diff(textFaults, typedFaults, cmp.AllowUnexported(fault{})); diff != "" {
					rt.Errorf("faults (-text +typed):\n%s", diff)
				}
				if len(textFaults[1]) > 0 {
					return
				}
				if diff := cmp.Diff(text, typed, cmp.AllowUnexported(vector{}, decimal128.Num{}), cmpopts.EquateEmpty()); diff != "" {
					rt.Errorf("values (-text +typed):\n%s", diff)
				}
			})
		})
	}
}

func wholes(rt *rapid.T) (arrow.DataType, func(array.Builder)) {
	n := rapid.Int64().Draw(rt, "number")
	return arrow.PrimitiveTypes.Int64, func(b array.Builder) { b.(*array.Int64Builder).Append(n) }
}

// times are from 1890 to 2040, with and without a zone; Chinese clocks have
// gone differently in many of these years.
func times(rt *rapid.T) (arrow.DataType, func(array.Builder)) {
	from, to := time.Date(1890, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC)
	at := arrow.Timestamp(rapid.Int64Range(from.UnixMicro(), to.UnixMicro()).Draw(rt, "at"))
	t := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: rapid.SampledFrom([]string{"", "UTC"}).Draw(rt, "zone")}
	return t, func(b array.Builder) { b.(*array.TimestampBuilder).Append(at) }
}

// TestWordsAreTheSame: a column written as a dictionary reads as it was.
func TestWordsAreTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		chunks := rapid.SliceOfN(rapid.SliceOf(rapid.SampledFrom([]string{"", "网络", "电话", "x"})), 1, 4).Draw(rt, "chunks")
		var arrays []arrow.Array
		var want []string
		for _, chunk := range chunks {
			b := array.NewStringBuilder(memory.DefaultAllocator)
			b.Append("before")
			for _, s := range chunk {
				if s == "x" {
					b.AppendNull()
				} else {
					b.Append(s)
				}
				want = append(want, s)
			}
			whole := b.NewArray()
			arrays = append(arrays, array.NewSlice(whole, 1, int64(whole.Len())))
		}
		var got []string
		for _, arr := range inWords(arrays) {
			words := arr.(*array.Dictionary)
			for i := range words.Len() {
				if words.IsNull(i) {
					got = append(got, "x")
				} else {
					got = append(got, words.Dictionary().(*array.String).Value(words.GetValueIndex(i)))
				}
			}
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			rt.Error(diff)
		}
	})
}

func TestTooManyWordsMakeNoDictionary(t *testing.T) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	for i := range maxWords + 1 {
		b.Append(fmt.Sprint(i))
	}
	if inWords([]arrow.Array{b.NewArray()}) != nil {
		t.Error("a dictionary of everything")
	}
}
