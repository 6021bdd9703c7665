package sqldb

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// pgRows decodes rows in PostgreSQL's binary format.
type pgRows struct {
	result   *pgconn.ResultReader
	decoders []decoder
}

const (
	pgText   = 0
	pgBinary = 1
)

func (r *pgRows) close() {
	_, _ = r.result.Close() // of a query that is broken off; the end of one that is not was seen by next
}

func (r *pgRows) next(b *batch) error {
	if !r.result.NextRow() {
		if _, err := r.result.Close(); err != nil {
			return err
		}
		return io.EOF
	}
	size := 0
	values := r.result.Values()
	for i, v := range values {
		if v == nil {
			b.vecs[i].addNull()
			continue
		}
		size += len(v)
		if reason := r.decoders[i](b, i, v); reason != "" {
			b.fault(i, reason, pgTexts(b.columns, values))
			return nil
		}
	}
	b.endRow(size)
	return nil
}

// decoder chooses how a column is decoded and in which format it is asked for.
func (p *pgSession) decoder(c column) (decoder, int16) {
	if c.as == "" {
		switch c.typ {
		case "bool":
			return fixed(1, func(b *batch, at int, v []byte) { b.vecs[at].addBool(v[0] != 0) }), pgBinary
		case "int2":
			return fixed(2, func(b *batch, at int, v []byte) { b.vecs[at].addWhole(int64(int16(binary.BigEndian.Uint16(v)))) }), pgBinary
		case "int4":
			return fixed(4, func(b *batch, at int, v []byte) { b.vecs[at].addWhole(int64(int32(binary.BigEndian.Uint32(v)))) }), pgBinary
		case "oid":
			return fixed(4, func(b *batch, at int, v []byte) { b.vecs[at].addWhole(int64(binary.BigEndian.Uint32(v))) }), pgBinary
		case "int8":
			return fixed(8, func(b *batch, at int, v []byte) { b.vecs[at].addWhole(int64(binary.BigEndian.Uint64(v))) }), pgBinary
		case "float4":
			// With the digits that the department sees, not those of the next double.
			return fixed(4, func(b *batch, at int, v []byte) {
				f, _ := strconv.ParseFloat(strconv.FormatFloat(float64(math.Float32frombits(binary.BigEndian.Uint32(v))), 'g', -1, 32), 64)
				b.vecs[at].addFloat(f)
			}), pgBinary
		case "float8":
			return fixed(8, func(b *batch, at int, v []byte) {
				b.vecs[at].addFloat(math.Float64frombits(binary.BigEndian.Uint64(v)))
			}), pgBinary
		case "date":
			return pgDate, pgBinary
		case "timestamp", "timestamptz":
			return pgTimestamp, pgBinary
		}
		if c.kind == decimalKind {
			return pgNumeric, pgBinary
		}
		if c.bytes {
			decode := newTextDecoder(p.source.cfg.TextEncoding)
			return func(b *batch, at int, v []byte) string { return c.leaveOut(&b.vecs[at], decode.bytes(&b.vecs[at], v)) }, pgBinary
		}
	}
	format := int16(pgText)
	if c.as == "" && slices.Contains([]string{"text", "varchar", "bpchar", "name", "json"}, c.typ) {
		format = pgBinary // the same bytes, for less of the server's time
	}
	if c.raw {
		decode := newTextDecoder(p.source.cfg.TextEncoding)
		return func(b *batch, at int, v []byte) string { return decode.text(&b.vecs[at], v) }, format
	}
	return func(b *batch, at int, v []byte) string {
		b.vecs[at].addText(v)
		return ""
	}, format
}

func fixed(size int, add func(b *batch, at int, v []byte)) decoder {
	return func(b *batch, at int, v []byte) string {
		if len(v) != size {
			return notOfType
		}
		add(b, at, v)
		return ""
	}
}

// pgEpoch is 2000-01-01, from which PostgreSQL counts.
const (
	pgEpochDays   = 10957
	pgEpochMicros = pgEpochDays * microsADay
)

// Days and microseconds of the years 1 to 9999.
const (
	firstDay = -719162
	lastDay  = 2932896
)

func pgDate(b *batch, at int, v []byte) string {
	if len(v) != 4 {
		return notOfType
	}
	day := int64(int32(binary.BigEndian.Uint32(v))) + pgEpochDays // infinity stands far outside
	if day < firstDay || day > lastDay {
		return outOfCalendar
	}
	b.vecs[at].addDay(int32(day))
	return ""
}

func pgTimestamp(b *batch, at int, v []byte) string {
	if len(v) != 8 {
		return notOfType
	}
	micros := int64(binary.BigEndian.Uint64(v))
	if micros < firstDay*microsADay-pgEpochMicros || micros >= (lastDay+1)*microsADay-pgEpochMicros {
		return outOfCalendar
	}
	micros += pgEpochMicros
	if b.columns[at].kind == wallKind {
		b.addWall(at, micros)
	} else {
		b.vecs[at].addWhole(micros)
	}
	return ""
}

const (
	pgNumericNegative = 0x4000
	pgNumericSpecial  = 0xC000 // NaN, Infinity, -Infinity
)

var tens = [...]int64{1, 10, 100, 1000, 10000}

// pgNumeric decodes a number of known scale: groups of four decimal digits.
func pgNumeric(b *batch, at int, v []byte) string {
	if len(v) < 8 {
		return notOfType
	}
	groups, weight := int(int16(binary.BigEndian.Uint16(v))), int(int16(binary.BigEndian.Uint16(v[2:])))
	sign := binary.BigEndian.Uint16(v[4:])
	if sign&pgNumericSpecial == pgNumericSpecial {
		return notANumber
	}
	if groups < 0 || len(v) != 8+2*groups || sign != 0 && sign != pgNumericNegative {
		return notOfType
	}
	c := &b.columns[at]
	// The value is Σ group·10000^(weight−i), delivered as a multiple of 10^−scale.
	if weight < 3 && c.scale <= 6 {
		n := int64(0)
		for i := range groups {
			g := int64(binary.BigEndian.Uint16(v[8+2*i:]))
			exp := 4*(weight-i) + int(c.scale)
			if exp < 0 { // a group that reaches beyond the scale ends in zeros
				if exp <= -4 || g%tens[-exp] != 0 {
					return tooPrecise
				}
				n += g / tens[-exp]
				continue
			}
			for ; exp >= 4; exp -= 4 {
				g *= 10000
			}
			n += g * tens[exp]
		}
		if sign == pgNumericNegative {
			n = -n
		}
		b.vecs[at].addDecimal(decimal128.FromI64(n))
		return ""
	}
	return pgLargeNumeric(b, at, v[8:], weight, sign)
}

func pgLargeNumeric(b *batch, at int, groups []byte, weight int, sign uint16) string {
	c := &b.columns[at]
	n, ten4 := new(big.Int), big.NewInt(10000)
	for i := 0; i < len(groups); i += 2 {
		n.Mul(n, ten4).Add(n, big.NewInt(int64(binary.BigEndian.Uint16(groups[i:]))))
	}
	exp := 4*(weight-len(groups)/2+1) + int(c.scale)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil)
	if exp >= 0 {
		n.Mul(n, power)
	} else if _, rest := n.QuoRem(n, power, new(big.Int)); rest.Sign() != 0 {
		return tooPrecise
	}
	if sign == pgNumericNegative {
		n.Neg(n)
	}
	if n.BitLen() > 127 {
		return tooPrecise
	}
	b.vecs[at].addDecimal(decimal128.FromBigInt(n))
	return ""
}

// pgTexts writes a row's values for the quarantine.
func pgTexts(columns []column, values [][]byte) []*string {
	types := pgtype.NewMap()
	out := make([]*string, len(values))
	for i, v := range values {
		if v == nil {
			continue
		}
		text := hex.EncodeToString(v)
		switch c := columns[i]; {
		case c.kind == textKind && !c.bytes:
			text = string(v)
		case c.kind == textKind: // bytes
		case c.as == "":
			if s, ok := pgString(types, c.oid, v); ok {
				text = s
			}
		}
		out[i] = &text
	}
	return out
}

// pgString is a binary value as PostgreSQL would write it.
func pgString(types *pgtype.Map, oid uint32, v []byte) (string, bool) {
	t, ok := types.TypeForOID(oid)
	if !ok {
		return "", false
	}
	value, err := t.Codec.DecodeValue(types, oid, pgBinary, v)
	if err != nil {
		return "", false
	}
	if at, ok := value.(time.Time); ok {
		return at.Format(time.RFC3339Nano), true
	}
	text, err := types.Encode(oid, pgText, value, nil)
	return string(text), err == nil
}
