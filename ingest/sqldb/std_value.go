package sqldb

import (
	"bytes"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"math/big"
	"strconv"
	"time"
	"unsafe"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// stdRows decodes the values of a driver of database/sql.
type stdRows struct {
	from     driver.Rows
	done     func()
	dest     []driver.Value
	decoders []stdDecoder
}

// stdDecoder puts a value that is not null into column at of a batch. A result
// that is not empty says why it can't be.
type stdDecoder func(b *batch, at int, value driver.Value) (reason string)

func (r *stdRows) close() {
	r.from.Close()
	r.done()
}

func (r *stdRows) next(b *batch) error {
	if err := r.from.Next(r.dest); err != nil {
		return err // io.EOF among them
	}
	size := 0
	for i, v := range r.dest {
		if v == nil {
			b.vecs[i].addNull()
			continue
		}
		switch v := v.(type) {
		case []byte:
			size += len(v)
		case string:
			size += len(v)
		default:
			size += 8
		}
		if reason := r.decoders[i](b, i, v); reason != "" {
			b.fault(i, reason, stdTexts(b.columns, r.dest))
			return nil
		}
	}
	b.endRow(size)
	return nil
}

// stdTexts writes a row's values for the quarantine.
func stdTexts(columns []column, values []driver.Value) []*string {
	out := make([]*string, len(values))
	for i, v := range values {
		var text string
		switch v := v.(type) {
		case nil:
			continue
		case []byte:
			if text = string(v); columns[i].bytes {
				text = hex.EncodeToString(v)
			}
		case time.Time:
			text = v.Format(time.RFC3339Nano)
		default:
			text = fmt.Sprint(v)
		}
		out[i] = &text
	}
	return out
}

func (s *Source) stdDecoder(c column) stdDecoder {
	text := newTextDecoder(s.cfg.TextEncoding)
	switch c.kind {
	case intKind:
		return stdInt
	case floatKind:
		return stdFloat
	case decimalKind:
		return stdDecimal
	case boolKind:
		return stdBool
	case dateKind, wallKind, instantKind:
		zeros := s.cfg.ZeroDates == zeroNull
		return func(b *batch, at int, v driver.Value) string { return stdTime(b, at, v, zeros) }
	}
	return func(b *batch, at int, v driver.Value) string {
		vec, raw := &b.vecs[at], []byte(nil)
		switch v := v.(type) {
		case []byte:
			raw = v
		case string:
			raw = unsafe.Slice(unsafe.StringData(v), len(v))
		case time.Time: // of a type that the table of types does not know
			raw = []byte(v.Format(time.RFC3339Nano))
		case float32:
			raw = strconv.AppendFloat(nil, float64(v), 'f', -1, 32)
		case float64:
			raw = strconv.AppendFloat(nil, v, 'f', -1, 64)
		default:
			raw = fmt.Append(nil, v)
		}
		if c.bytes {
			return c.leaveOut(vec, text.bytes(vec, raw))
		}
		return text.text(vec, raw)
	}
}

// textOf is a driver's value as text, where it is one.
func textOf(v driver.Value) ([]byte, bool) {
	switch v := v.(type) {
	case []byte:
		return v, true
	case string:
		return unsafe.Slice(unsafe.StringData(v), len(v)), true
	}
	return nil, false
}

func stdInt(b *batch, at int, v driver.Value) string {
	switch v := v.(type) {
	case int64:
		b.vecs[at].addWhole(v)
		return ""
	case uint64:
		if v>>63 != 0 {
			return tooPrecise
		}
		b.vecs[at].addWhole(int64(v))
		return ""
	case bool:
		n := int64(0)
		if v {
			n = 1
		}
		b.vecs[at].addWhole(n)
		return ""
	}
	text, ok := textOf(v)
	if !ok {
		return notOfType
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return notOfType
	}
	b.vecs[at].addWhole(n)
	return ""
}

func stdFloat(b *batch, at int, v driver.Value) string {
	switch v := v.(type) {
	case float64:
		b.vecs[at].addFloat(v)
		return ""
	case float32: // with the digits that the department sees
		f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
		b.vecs[at].addFloat(f)
		return ""
	case int64:
		b.vecs[at].addFloat(float64(v))
		return ""
	}
	text, ok := textOf(v)
	if !ok {
		return notOfType
	}
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return notOfType
	}
	b.vecs[at].addFloat(f)
	return ""
}

// stdDecimal reads a decimal from its text; digits beyond the scale must be
// zeros.
func stdDecimal(b *batch, at int, v driver.Value) string {
	text, ok := textOf(v)
	if !ok {
		text = fmt.Append(nil, v)
	}
	n, ok := decimalOf(text, int(b.columns[at].scale))
	if !ok {
		if bytes.ContainsAny(text, "nN") {
			return notANumber
		}
		return tooPrecise
	}
	b.vecs[at].addDecimal(n)
	return ""
}

func decimalOf(text []byte, scale int) (n decimal128.Num, ok bool) {
	digits, negative := bytes.CutPrefix(text, []byte("-"))
	whole, frac, _ := bytes.Cut(digits, []byte("."))
	if len(frac) > scale {
		if len(bytes.Trim(frac[scale:], "0")) > 0 {
			return n, false
		}
		frac = frac[:scale]
	}
	if len(whole)+len(frac) == 0 || len(whole)+scale > 38 {
		return n, false
	}
	if len(whole)+scale > 18 {
		return largeDecimal(whole, frac, scale, negative)
	}
	x := int64(0)
	for _, part := range [][]byte{whole, frac} {
		for _, c := range part {
			if c < '0' || c > '9' {
				return n, false
			}
			x = x*10 + int64(c-'0')
		}
	}
	for range scale - len(frac) {
		x *= 10
	}
	if negative {
		x = -x
	}
	return decimal128.FromI64(x), true
}

func largeDecimal(whole, frac []byte, scale int, negative bool) (n decimal128.Num, ok bool) {
	text := append(append(append([]byte(nil), whole...), frac...), bytes.Repeat([]byte("0"), scale-len(frac))...)
	x, ok := new(big.Int).SetString(string(text), 10)
	if !ok || x.Sign() < 0 || x.BitLen() > 127 {
		return n, false
	}
	if negative {
		x.Neg(x)
	}
	return decimal128.FromBigInt(x), true
}

func stdBool(b *batch, at int, v driver.Value) string {
	switch v := v.(type) {
	case bool:
		b.vecs[at].addBool(v)
		return ""
	case int64:
		b.vecs[at].addBool(v != 0)
		return ""
	}
	text, ok := textOf(v)
	if !ok || len(text) != 1 || text[0] > 1 && text[0] != '0' && text[0] != '1' {
		return notOfType
	}
	b.vecs[at].addBool(text[0] == 1 || text[0] == '1')
	return ""
}

// stdTime reads a date or a time: as such, or from the text of ISO 8601.
func stdTime(b *batch, at int, v driver.Value, zeros bool) string {
	var micros int64
	if t, ok := v.(time.Time); ok {
		if b.columns[at].kind != instantKind { // a driver gives a wall clock some zone
			t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
		}
		micros = t.UnixMicro()
	} else {
		text, ok := textOf(v)
		if !ok {
			return notOfType
		}
		reason := ""
		if micros, reason = microsOf(text); reason == zeroDate && zeros {
			b.vecs[at].addNull()
			return ""
		} else if reason != "" {
			return reason
		}
	}
	day := floorDiv(micros, microsADay)
	switch {
	case day < firstDay || day > lastDay:
		return outOfCalendar
	case b.columns[at].kind == dateKind:
		b.vecs[at].addDay(int32(day))
	case b.columns[at].kind == wallKind:
		b.addWall(at, micros)
	default:
		b.vecs[at].addWhole(micros)
	}
	return ""
}

// microsOf reads 2006-01-02 or 2006-01-02 15:04:05[.999999], as MySQL writes it.
func microsOf(s []byte) (micros int64, reason string) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, notOfType
	}
	year, month, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	if year < 0 || month < 0 || day < 0 {
		return 0, notOfType
	}
	if year == 0 && month == 0 && day == 0 {
		return 0, zeroDate
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if year == 0 || t.Day() != day || int(t.Month()) != month {
		return 0, noSuchDate
	}
	micros = t.Unix() * 1_000_000
	if len(s) == 10 {
		return micros, ""
	}
	if len(s) < 19 || (s[10] != ' ' && s[10] != 'T') || s[13] != ':' || s[16] != ':' {
		return 0, notOfType
	}
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, notOfType
	}
	micros += int64(hour*3600+minute*60+second) * 1_000_000
	if len(s) == 19 {
		return micros, ""
	}
	frac := s[20:]
	if s[19] != '.' || len(frac) == 0 || len(frac) > 9 || number(frac) < 0 {
		return 0, notOfType
	}
	for i := range 6 {
		digit := byte('0')
		if i < len(frac) {
			digit = frac[i]
		}
		micros += int64(digit-'0') * [...]int64{100_000, 10_000, 1000, 100, 10, 1}[i]
	}
	return micros, ""
}

// number reads digits; −1: something else stands among them.
func number(s []byte) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}
