package sqldb

import (
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"
	"unsafe"
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

// stdDecoder decodes what drivers hand over: texts, or values of Go.
func (s *Source) stdDecoder(c column) stdDecoder {
	fromText := s.fromText(c)
	var fromValue stdDecoder
	switch c.kind {
	case intKind:
		fromValue = stdInt
	case floatKind:
		fromValue = stdFloat
	case boolKind:
		fromValue = stdBool
	case dateKind, wallKind, instantKind:
		fromValue = stdTime
	default:
		fromValue = func(b *batch, at int, v driver.Value) string { return fromText(b, at, stdText(v)) }
	}
	return func(b *batch, at int, v driver.Value) string {
		switch v := v.(type) {
		case []byte:
			return fromText(b, at, v)
		case string:
			return fromText(b, at, unsafe.Slice(unsafe.StringData(v), len(v)))
		}
		return fromValue(b, at, v)
	}
}

// stdText writes a value of Go where a text is asked for.
func stdText(v driver.Value) []byte {
	switch v := v.(type) {
	case time.Time: // of a type that the table of types does not know
		return []byte(v.Format(time.RFC3339Nano))
	case float32:
		return strconv.AppendFloat(nil, float64(v), 'f', -1, 32)
	case float64:
		return strconv.AppendFloat(nil, v, 'f', -1, 64)
	}
	return fmt.Append(nil, v)
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
	return notOfType
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
	return notOfType
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
	return notOfType
}

func stdTime(b *batch, at int, v driver.Value) string {
	t, ok := v.(time.Time)
	if !ok {
		return notOfType
	}
	if b.columns[at].kind != instantKind { // a driver gives a wall clock some zone
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	}
	return b.addTime(at, t.UnixMicro())
}
