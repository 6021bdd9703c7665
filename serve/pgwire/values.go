package pgwire

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
)

// An encoder turns a value, never nil, as the engine gives it into one that
// pgtype writes both as text and in binary.
type encoder func(any) (any, error)

// encoders returns one encoder a column. Moments are written in the session's
// time zone.
func encoders(columns []Column, zone *time.Location) []encoder {
	out := make([]encoder, len(columns))
	for i, c := range columns {
		out[i] = encoderOf(strings.ToUpper(c.Type), zone)
	}
	return out
}

func encoderOf(duck string, zone *time.Location) encoder {
	t := typeOf(duck)
	if element, ok := strings.CutSuffix(duck, "[]"); ok && t.oid != textType.oid {
		return listOf(encoderOf(element, zone))
	}
	switch t.oid {
	case pgtype.BoolOID, pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return plain
	case pgtype.NumericOID:
		return numeric(scaleOf(duck))
	case pgtype.Float4OID, pgtype.Float8OID:
		return float
	case pgtype.DateOID:
		return date
	case pgtype.TimeOID:
		return clock
	case pgtype.TimestampOID:
		return func(v any) (any, error) { return momentOf(v, nil) }
	case pgtype.TimestamptzOID:
		return func(v any) (any, error) { return momentOf(v, zone) }
	case pgtype.IntervalOID:
		return interval
	case pgtype.UUIDOID:
		return uuid
	case pgtype.ByteaOID:
		return plain
	case pgtype.JSONOID:
		return document
	}
	return text
}

// encodeRow encodes a row; NULL stays nil.
func encodeRow(encode []encoder, values []any) ([]any, error) {
	if len(values) != len(encode) {
		return nil, fmt.Errorf("a row of %d values for %d columns", len(values), len(encode))
	}
	out := make([]any, len(values))
	for i, v := range values {
		if v == nil {
			continue
		}
		var err error
		if out[i], err = encode[i](v); err != nil {
			return nil, fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	return out, nil
}

func plain(v any) (any, error) { return v, nil }

// text writes a value of any type as people read it.
func text(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return strings.ReplaceAll(v, "\x00", ""), nil
	case []byte:
		return strings.ReplaceAll(string(v), "\x00", ""), nil
	case bool:
		if v {
			return "t", nil
		}
		return "f", nil
	case []any, map[string]any:
		b, err := json.Marshal(v)
		return string(b), err
	case time.Time:
		return v.Format("2006-01-02 15:04:05.999999"), nil
	}
	return fmt.Sprint(v), nil
}

// asText writes what an encoder makes as text.
func asText(e encoder) encoder {
	return func(v any) (any, error) {
		v, err := e(v)
		if err != nil {
			return nil, err
		}
		if t, ok := v.(pgtype.TextValuer); ok {
			s, err := t.TextValue()
			return s.String, err
		}
		return text(v)
	}
}

// scaleOf is how many digits DECIMAL(18,2) has behind the point; 0 for what is
// no decimal.
func scaleOf(duck string) int {
	_, scale, _ := strings.Cut(duck, ",")
	n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(scale), ")"))
	return n
}

// numeric takes the engine's decimals and integers by their exact digits, and
// writes as many behind the point as the type has.
func numeric(scale int) encoder {
	return func(v any) (any, error) {
		whole, fraction, _ := strings.Cut(fmt.Sprint(v), ".")
		fraction += strings.Repeat("0", max(0, scale-len(fraction)))
		n, ok := new(big.Int).SetString(whole+fraction, 10)
		if !ok {
			return nil, fmt.Errorf("%q is no number", fmt.Sprint(v))
		}
		digits := whole
		if fraction != "" {
			digits += "." + fraction
		}
		return decimal{pgtype.Numeric{Int: n, Exp: -int32(len(fraction)), Valid: true}, digits}, nil
	}
}

func isInteger(oid uint32) bool {
	return oid == pgtype.Int2OID || oid == pgtype.Int4OID || oid == pgtype.Int8OID
}

func isNumber(oid uint32) bool {
	return isInteger(oid) || oid == pgtype.NumericOID || oid == pgtype.Float4OID || oid == pgtype.Float8OID
}

// toNumeric writes any number with the digits that it has.
func toNumeric(v any) (any, error) {
	switch f := v.(type) {
	case float64:
		return numeric(0)(strconv.FormatFloat(f, 'f', -1, 64))
	case float32:
		return numeric(0)(strconv.FormatFloat(float64(f), 'f', -1, 32))
	}
	return numeric(0)(v)
}

// toFloat writes any number as a floating-point one.
func toFloat(v any) (any, error) {
	f, err := strconv.ParseFloat(fmt.Sprint(v), 64)
	return floating(f), err
}

// A decimal keeps the digits behind the point that its type has: 1.50 is not
// written as 1.5.
type decimal struct {
	pgtype.Numeric
	digits string
}

// TextValue writes the digits.
func (d decimal) TextValue() (pgtype.Text, error) {
	return pgtype.Text{String: d.digits, Valid: true}, nil
}

// A floating writes what is no number as PostgreSQL spells it.
type floating float64

func (f floating) Float64Value() (pgtype.Float8, error) {
	return pgtype.Float8{Float64: float64(f), Valid: true}, nil
}

func (f floating) TextValue() (pgtype.Text, error) {
	s := ""
	switch {
	case math.IsInf(float64(f), 1):
		s = "Infinity"
	case math.IsInf(float64(f), -1):
		s = "-Infinity"
	default:
		s = strconv.FormatFloat(float64(f), 'g', -1, 64)
		if exp := strings.IndexByte(s, 'e'); exp >= 0 && math.Abs(float64(f)) < 1e15 && math.Abs(float64(f)) >= 1e-5 {
			s = strconv.FormatFloat(float64(f), 'f', -1, 64)
		}
	}
	return pgtype.Text{String: s, Valid: true}, nil
}

func float(v any) (any, error) {
	switch v := v.(type) {
	case float64:
		return floating(v), nil
	case float32:
		// The shortest digits that name the float32, not those of its float64.
		f, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
		return floating(f), err
	}
	return nil, fmt.Errorf("%T for a floating-point number", v)
}

func date(v any) (any, error) {
	t, ok := v.(time.Time)
	if !ok {
		return nil, fmt.Errorf("%T for a date", v)
	}
	return pgtype.Date{Time: t, Valid: true}, nil
}

func clock(v any) (any, error) {
	t, ok := v.(time.Time)
	if !ok {
		return nil, fmt.Errorf("%T for a time of day", v)
	}
	since := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
	return pgtype.Time{Microseconds: since.Microseconds(), Valid: true}, nil
}

// A moment is a point in time; without a zone, what a clock on the wall showed.
type moment struct {
	time.Time
	zoned bool
}

func momentOf(v any, zone *time.Location) (any, error) {
	t, ok := v.(time.Time)
	if !ok {
		return nil, fmt.Errorf("%T for a moment", v)
	}
	if zone == nil {
		return moment{t.UTC(), false}, nil
	}
	return moment{t.In(zone), true}, nil
}

func (m moment) TimestampValue() (pgtype.Timestamp, error) {
	return pgtype.Timestamp{Time: m.Time, Valid: true}, nil
}

func (m moment) TimestamptzValue() (pgtype.Timestamptz, error) {
	return pgtype.Timestamptz{Time: m.Time, Valid: true}, nil
}

// TextValue writes a zone as an offset, as PostgreSQL does: "+08", "+05:30".
func (m moment) TextValue() (pgtype.Text, error) {
	s := m.Format("2006-01-02 15:04:05.999999")
	if year := m.Year(); year <= 0 {
		s = m.AddDate(1-2*year, 0, 0).Format("2006-01-02 15:04:05.999999")
	}
	if m.zoned {
		_, seconds := m.Zone()
		s += offset(seconds)
	}
	if m.Year() <= 0 {
		s += " BC"
	}
	return pgtype.Text{String: s, Valid: true}, nil
}

func offset(seconds int) string {
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	s := fmt.Sprintf("%c%02d", sign, seconds/3600)
	if rest := seconds % 3600; rest != 0 {
		s += fmt.Sprintf(":%02d", rest/60)
		if rest%60 != 0 {
			s += fmt.Sprintf(":%02d", rest%60)
		}
	}
	return s
}

// interval reads the engine's interval by its fields' names: the type itself is
// the engine's own.
func interval(v any) (any, error) {
	var parts struct {
		Days, Months int32
		Micros       int64
	}
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &parts)
	}
	return period{pgtype.Interval{Days: parts.Days, Months: parts.Months, Microseconds: parts.Micros, Valid: true}}, err
}

// A period is written as PostgreSQL does: "1 year 2 mons 3 days 04:05:06".
type period struct{ pgtype.Interval }

// TextValue writes the parts that are there.
func (p period) TextValue() (pgtype.Text, error) {
	var parts []string
	add := func(n int32, unit string) {
		if n == 1 {
			parts = append(parts, "1 "+unit)
		} else if n != 0 {
			parts = append(parts, fmt.Sprintf("%d %ss", n, unit))
		}
	}
	add(p.Months/12, "year")
	add(p.Months%12, "mon")
	add(p.Days, "day")
	if us := p.Microseconds; us != 0 || len(parts) == 0 {
		sign := ""
		if us < 0 {
			sign, us = "-", -us
		}
		s := fmt.Sprintf("%s%02d:%02d:%02d", sign, us/3_600_000_000, us/60_000_000%60, us/1_000_000%60)
		if fraction := us % 1_000_000; fraction != 0 {
			s += strings.TrimRight(fmt.Sprintf(".%06d", fraction), "0")
		}
		parts = append(parts, s)
	}
	return pgtype.Text{String: strings.Join(parts, " "), Valid: true}, nil
}

func uuid(v any) (any, error) {
	switch v := v.(type) {
	case []byte:
		if len(v) == 16 {
			return pgtype.UUID{Bytes: [16]byte(v), Valid: true}, nil
		}
		return string(v), nil
	case string:
		var u pgtype.UUID
		return u, u.Scan(v)
	case fmt.Stringer:
		return uuid(v.String())
	}
	return nil, fmt.Errorf("%T for a UUID", v)
}

// document writes what PostgreSQL has no type for as JSON.
func document(v any) (any, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case []byte:
		return string(v), nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v), nil
	}
	return string(b), nil
}

// listOf encodes a list element by element.
func listOf(e encoder) encoder {
	return func(v any) (any, error) {
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("%T for a list", v)
		}
		out := make(pgtype.FlatArray[any], len(list))
		for i, item := range list {
			if item == nil {
				continue
			}
			var err error
			if out[i], err = e(item); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
}
