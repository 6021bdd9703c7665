package ingest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"zhicang/models"
	"zhicang/models/ident"
	"zhicang/models/region"
)

// cell reads a column's value as text; ok is false for a value that is absent.
type cell func(i int) (s string, ok bool)

func newCell(arr arrow.Array, loc *time.Location) cell {
	read := textOf(arr, loc)
	return func(i int) (string, bool) {
		if arr.IsNull(i) {
			return "", false
		}
		return read(i), true
	}
}

// textOf gives the text of values that are not null, in a form that the
// parsers of this package read without loss.
func textOf(arr arrow.Array, loc *time.Location) func(i int) string {
	switch a := arr.(type) {
	case *array.String:
		return a.Value
	case *array.LargeString:
		return a.Value
	case *array.Binary:
		return a.ValueString
	case *array.Timestamp:
		typ := a.DataType().(*arrow.TimestampType)
		return func(i int) string {
			t := a.Value(i).ToTime(typ.Unit)
			if typ.TimeZone != "" {
				t = t.In(loc)
			}
			return t.Format("2006-01-02 15:04:05.999999")
		}
	case *array.Float64:
		return func(i int) string { return floatText(a.Value(i), 64) }
	case *array.Float32:
		return func(i int) string { return floatText(float64(a.Value(i)), 32) }
	case *array.Decimal128:
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		return func(i int) string { return a.Value(i).ToString(scale) }
	}
	return arr.ValueStr
}

// floatText writes a float with all its digits, unless it is so large that a
// float no longer tells whole numbers apart: 1.2E+17 is what is left of an id,
// and is refused as such.
func floatText(f float64, bits int) string {
	if math.Abs(f) < 1<<53 {
		return strconv.FormatFloat(f, 'f', -1, bits)
	}
	return strconv.FormatFloat(f, 'E', -1, bits)
}

// isAbsent reports whether a value is one of those by which people say that
// there is none: 匿名, 无, -.
func (col *checkedColumn) isAbsent(raw string) bool {
	return len(col.Absent) > 0 && len(raw) <= maxAbsent && slices.Contains(col.Absent, clean(raw))
}

// maxAbsent bounds such values, in bytes: longer ones need no look.
const maxAbsent = 64

// source returns the function that reads a column's raw values.
func (col *checkedColumn) source(cells []cell) cell {
	switch {
	case col.constant != nil:
		return func(int) (string, bool) { return *col.constant, true }
	case col.field >= 0:
		return cells[col.field]
	}
	return func(int) (string, bool) { return "", false }
}

// landedType is the type in the lake: what stands for a person is text.
func (col *checkedColumn) landedType() models.Type {
	if col.PII != models.NotPersonal {
		return models.Type{Kind: models.Varchar}
	}
	return col.Type
}

// convert reads one column into its type and notes what breaks the contract.
// Personal columns are read as text here, and changed by deidentify.
func (ck *checker) convert(v *vector, col *checkedColumn, cells []cell, n int, faults map[int][]fault) {
	v.reset(col.landedType(), n)
	read := col.source(cells)
	set := ck.setter(v, col)
	rows := n
	if col.field < 0 {
		rows = min(n, 1) // the others are the same
	}
	for i := range rows {
		raw, ok := read(i)
		if !ok || isBlank(raw) || col.isAbsent(raw) {
			v.null[i] = true
			if col.Required {
				faults[i] = append(faults[i], fault{col.Title, "required", "缺少必填的值", ""})
			}
			continue
		}
		if f := set(i, raw); f != nil {
			f.column, f.shape = col.Title, shapeOf(raw)
			faults[i] = append(faults[i], *f)
		}
	}
	if rows < n {
		v.repeat()
	}
}

// setter returns what converts one value of a column and puts it into the
// vector; the result says what is wrong with the value, or is nil.
func (ck *checker) setter(v *vector, col *checkedColumn) func(i int, raw string) *fault {
	t := col.landedType()
	switch {
	case col.PII == models.FreeText:
		return func(i int, raw string) *fault {
			v.str[i] = raw
			return nil
		}
	case t.Kind == models.Varchar:
		return func(i int, raw string) *fault { return ck.setText(v, i, raw, col) }
	case t.Kind == models.Date || t.Kind == models.Timestamp:
		return func(i int, raw string) *fault { return ck.setMoment(v, i, raw, col) }
	case t.Kind == models.Boolean:
		return func(i int, raw string) (f *fault) {
			var err error
			v.flag[i], err = parseBool(clean(raw))
			return typeFault(err)
		}
	}
	return func(i int, raw string) *fault { return setNumber(v, i, raw, col) }
}

func typeFault(err error) *fault {
	if err == nil {
		return nil
	}
	return &fault{rule: "type", reason: err.Error()}
}

func setNumber(v *vector, i int, raw string, col *checkedColumn) *fault {
	s := clean(raw)
	var x float64
	var err error
	switch col.Type.Kind {
	case models.Bigint:
		v.i64[i], err = parseInt(s)
		x = float64(v.i64[i])
	case models.Integer:
		v.i64[i], err = parseInt(s)
		if x = float64(v.i64[i]); err == nil && (x < math.MinInt32 || x > math.MaxInt32) {
			err = errRange
		}
	case models.Double:
		v.f64[i], err = parseFloat(s)
		x = v.f64[i]
	case models.Decimal:
		v.dec[i], err = parseDecimal(s, col.Type.Precision, col.Type.Scale)
		if col.Min != nil || col.Max != nil {
			x = v.dec[i].ToFloat64(int32(col.Type.Scale))
		}
	default:
		err = fmt.Errorf("%s 不能装载", col.Type)
	}
	if err != nil {
		return typeFault(err)
	}
	return inBounds(x, col)
}

func (ck *checker) setMoment(v *vector, i int, raw string, col *checkedColumn) *fault {
	when, err := parseMoment(clean(raw), ck.loc)
	if col.Month {
		when, err = parseMonth(clean(raw), ck.loc)
	}
	if err != nil {
		return typeFault(err)
	}
	return ck.setMicros(v, i, when.UnixMicro(), col)
}

func (ck *checker) setText(v *vector, i int, raw string, col *checkedColumn) *fault {
	s := trim(raw)
	if isCode(s) {
		s = clean(s)
	}
	v.str[i] = s
	switch {
	case !utf8.ValidString(s):
		return typeFault(errEncoding)
	case len(s) < 32 && isScientific(s):
		return typeFault(errScientific)
	case col.accepted != nil:
		own, ok := col.accepted[s] // mostly
		if !ok {
			own, ok = col.accepted[clean(s)]
		}
		if !ok {
			return &fault{rule: "accepted", reason: "不在允许的取值之内(" + strings.Join(col.Accepted, "、") + ")"}
		}
		v.str[i] = own
	case col.pattern != nil && !col.pattern.MatchString(s):
		return &fault{rule: "pattern", reason: "格式不符"}
	case col.PII.Identity():
		return ck.checkIdentity(s, col.PII)
	case col.Region:
		return ck.setRegion(v, i, s)
	case col.CreditCode:
		return ck.setCreditCode(v, i, s)
	case slices.Contains(ck.contract.Key, col.Name):
		return ck.checkKey(s)
	}
	return nil
}

// setCreditCode takes a 统一社会信用代码 in the form that GB 32100 prints. One
// in thirty identity numbers has the check character of a credit code as well:
// it is still somebody's.
func (ck *checker) setCreditCode(v *vector, i int, s string) *fault {
	v.str[i] = ident.Normalize(s)
	if err := ident.CheckCreditCode(v.str[i]); err != nil {
		return &fault{rule: "credit_code", reason: err.Error()}
	}
	return ck.checkKey(v.str[i])
}

// checkKey refuses somebody's identity number as the key of a row: keys reach
// the readers.
func (ck *checker) checkKey(s string) *fault {
	if _, err := ident.ParseIDCard(ident.Normalize(s), ck.latest); err != nil {
		return nil
	}
	return &fault{rule: "id_card", reason: "是身份证号,不能作编号"}
}

// checkIdentity checks an identity number; other identities have no form.
func (ck *checker) checkIdentity(s string, class models.PII) *fault {
	id := ident.Normalize(s)
	if class != models.IDCard && !ident.LooksLikeIDCard(id) {
		return nil
	}
	if _, err := ident.ParseIDCard(id, ck.latest); err != nil {
		return &fault{rule: "id_card", reason: err.Error()}
	}
	return nil
}

// setRegion takes a region that has ended, or has yet to begin, as well: old
// records keep the code of their day. Few regions make up a source, so what was
// found for a text is remembered.
func (ck *checker) setRegion(v *vector, i int, s string) *fault {
	if code, ok := ck.known[s]; ok {
		v.str[i] = code
		return nil
	}
	r, err := ck.regions.Lookup(s, ck.latest)
	var known *region.LookupError
	if errors.As(err, &known) && known.Region.Code != "" {
		r, err = known.Region, nil
	}
	if err != nil {
		return &fault{rule: "region", reason: err.Error()}
	}
	if len(ck.known) < maxKnownRegions {
		ck.known[strings.Clone(s)] = r.Code
	}
	v.str[i] = r.Code
	return nil
}

// maxKnownRegions bounds what is remembered of a source that writes its regions
// in ever new ways.
const maxKnownRegions = 10_000
