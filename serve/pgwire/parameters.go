package pgwire

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
	wire "github.com/jeroenrinzema/psql-wire"

	"zhicang/warehouse/dialect"
)

// maxParameters bounds the parameters of a statement.
const maxParameters = 1000

// A placeholder is a $n in a text. list says that it stands as ANY($n).
type placeholder struct {
	n, start, end int
	list          bool
}

func (st *statement) placeholders() []placeholder {
	var list []placeholder
	for i, t := range st.tokens {
		if t.Kind != dialect.Punct || len(t.Text) < 2 || t.Text[0] != '$' {
			continue
		}
		if n, err := strconv.Atoi(t.Text[1:]); err == nil {
			inAny := i > 1 && i+1 < len(st.tokens) && st.tokens[i-1].Is("(") && st.tokens[i+1].Is(")") &&
				(st.tokens[i-2].Is("ANY") || st.tokens[i-2].Is("ALL") || st.tokens[i-2].Is("SOME"))
			list = append(list, placeholder{n, t.Start, t.End, inAny})
		}
	}
	return list
}

// parameterOIDs returns the types of the parameters, as far as the client has
// said them. 0 leaves a driver free to send what it has as text, which then
// takes the type that its place asks for, as an untyped literal does.
func (st *statement) parameterOIDs(given []uint32) ([]uint32, *Error) {
	n := len(given)
	for _, p := range st.placeholders() {
		if p.n < 1 {
			return nil, failf("42P02", "there is no parameter $%d", p.n)
		}
		n = max(n, p.n)
	}
	if n > maxParameters {
		return nil, failf(stateTooMuch, "more than %d parameters", maxParameters)
	}
	oids := make([]uint32, n)
	copy(oids, given)
	for _, p := range st.placeholders() {
		if p.list && oids[p.n-1] == 0 {
			oids[p.n-1] = pgtype.TextArrayOID // '{a,b}' is no list to the engine
		}
	}
	for i, oid := range oids {
		if oid == pgtype.UnknownOID {
			oids[i] = 0
		}
		if _, ok := castTo(oids[i]); !ok {
			return nil, failf(stateUnsupported, "parameters of type %d are not served", oid)
		}
	}
	return oids, nil
}

// substitute puts literals in the place of the placeholders.
func (st *statement) substitute(literal func(n int) string) string {
	var b strings.Builder
	from := 0
	for _, p := range st.placeholders() {
		b.WriteString(st.text[from:p.start])
		b.WriteString(literal(p.n))
		from = p.end
	}
	b.WriteString(st.text[from:])
	return b.String()
}

// unbound is the text to be described, with NULL for every parameter: of a
// number with one, since of NULL the engine makes a sum of another type.
func (st *statement) unbound() string {
	return st.substitute(func(n int) string {
		oid := st.oids[n-1]
		if name, _ := castTo(oid); isNumber(oid) {
			return "CAST(1 AS " + name + ")"
		}
		return null(oid)
	})
}

// bound is the text with the parameters' values as literals. What a client
// sends as a value can't become anything else: every value is read as its type
// and written anew, text in quotes.
func (st *statement) bound(given []wire.Parameter) (string, *Error) {
	if len(given) != len(st.oids) {
		return "", failf(stateProtocol, "%d parameters for %d", len(given), len(st.oids))
	}
	literals := make([]string, len(given))
	for i, p := range given {
		var e *Error
		if literals[i], e = literalOf(p, st.oids[i]); e != nil {
			e.Message = fmt.Sprintf("parameter $%d: %s", i+1, e.Message)
			return "", e
		}
	}
	return st.substitute(func(n int) string { return literals[n-1] }), nil
}

// castTo is the engine's name of a parameter type; "" for text and for what the
// client left open. ok is false for types that no value is taken of.
func castTo(oid uint32) (name string, ok bool) {
	switch oid {
	case 0, pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID, pgtype.JSONOID:
		return "", true
	case pgtype.BoolOID:
		return "BOOLEAN", true
	case pgtype.Int2OID:
		return "SMALLINT", true
	case pgtype.Int4OID:
		return "INTEGER", true
	case pgtype.Int8OID, pgtype.OIDOID:
		return "BIGINT", true
	case pgtype.Float4OID:
		return "FLOAT", true
	case pgtype.Float8OID:
		return "DOUBLE", true
	case pgtype.NumericOID:
		return "DECIMAL(38,10)", true
	case pgtype.DateOID:
		return "DATE", true
	case pgtype.TimeOID:
		return "TIME", true
	case pgtype.TimestampOID:
		return "TIMESTAMP", true
	case pgtype.TimestamptzOID:
		return "TIMESTAMPTZ", true
	case pgtype.UUIDOID:
		return "UUID", true
	case pgtype.TextArrayOID, pgtype.VarcharArrayOID:
		return "VARCHAR[]", true
	case pgtype.Int2ArrayOID, pgtype.Int4ArrayOID, pgtype.Int8ArrayOID:
		return "BIGINT[]", true
	case pgtype.Float8ArrayOID:
		return "DOUBLE[]", true
	case pgtype.DateArrayOID:
		return "DATE[]", true
	case pgtype.BoolArrayOID:
		return "BOOLEAN[]", true
	}
	return "", false
}

func null(oid uint32) string {
	if name, _ := castTo(oid); name != "" {
		return "CAST(NULL AS " + name + ")"
	}
	return "NULL"
}

func literalOf(p wire.Parameter, oid uint32) (string, *Error) {
	if p.Value() == nil {
		return null(oid), nil
	}
	if name, _ := castTo(oid); name == "" {
		return quote(string(p.Value()))
	}
	v, err := p.Scan(oid)
	if err == nil {
		var s string
		if s, err = literal(v, oid); err == nil {
			return s, nil
		}
	}
	var own *Error
	if errors.As(err, &own) {
		return "", own
	}
	if p.Format() == wire.BinaryFormat {
		return "", failf(stateBadBinary, "incorrect binary data format")
	}
	return "", failf(stateBadText, "invalid input syntax")
}

// quote writes text as a literal. Nothing but the quote has a meaning in it.
func quote(s string) (string, *Error) {
	if !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
		return "", failf(stateBadEncoding, "invalid byte sequence for encoding \"UTF8\"")
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'", nil
}

// literal writes a value that pgtype has read.
func literal(v any, oid uint32) (string, error) {
	switch v := v.(type) {
	case nil:
		return "NULL", nil
	case bool:
		return strings.ToUpper(strconv.FormatBool(v)), nil
	case int16, int32, int64, uint32:
		return fmt.Sprintf("(%d)", v), nil
	case float32:
		return floatLiteral(float64(v), 32)
	case float64:
		return floatLiteral(v, 64)
	case string:
		s, e := quote(v)
		if e != nil {
			return "", e
		}
		if name, _ := castTo(oid); name != "" && !strings.HasSuffix(name, "[]") {
			return "CAST(" + s + " AS " + name + ")", nil
		}
		return s, nil
	case time.Time:
		return momentLiteral(v, oid)
	case pgtype.Numeric:
		return numericLiteral(v)
	case pgtype.Time:
		t := time.UnixMicro(v.Microseconds).UTC()
		return "CAST('" + t.Format("15:04:05.999999") + "' AS TIME)", nil
	case [16]byte:
		return "CAST('" + pgtype.UUID{Bytes: v, Valid: true}.String() + "' AS UUID)", nil
	case []any:
		return listLiteral(v, oid)
	}
	return "", fmt.Errorf("%T is no parameter", v)
}

func floatLiteral(f float64, bits int) (string, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "CAST('" + strconv.FormatFloat(f, 'g', -1, 64) + "' AS DOUBLE)", nil
	}
	return "CAST('" + strconv.FormatFloat(f, 'g', -1, bits) + "' AS DOUBLE)", nil
}

func momentLiteral(t time.Time, oid uint32) (string, error) {
	if y := t.Year(); y < 1 || y > 9999 {
		return "", errors.New("a date out of range")
	}
	switch oid {
	case pgtype.DateOID, pgtype.DateArrayOID:
		return "CAST('" + t.Format(time.DateOnly) + "' AS DATE)", nil
	case pgtype.TimestamptzOID:
		return "CAST('" + t.UTC().Format("2006-01-02 15:04:05.999999") + "+00' AS TIMESTAMPTZ)", nil
	}
	return "CAST('" + t.Format("2006-01-02 15:04:05.999999") + "' AS TIMESTAMP)", nil
}

// numericLiteral writes a number with all its digits; DuckDB reads it as a
// decimal of just that width, and what is wider than its decimals as DOUBLE.
func numericLiteral(n pgtype.Numeric) (string, error) {
	if n.NaN || n.InfinityModifier != pgtype.Finite {
		return "", errors.New("no finite number")
	}
	if n.Exp > 40 || n.Exp < -40 || n.Int.CmpAbs(new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)) >= 0 {
		f, err := n.Float64Value()
		if err != nil {
			return "", err
		}
		return floatLiteral(f.Float64, 64)
	}
	b, err := n.MarshalJSON()
	if err != nil {
		return "", err
	}
	return "(" + string(b) + ")", nil
}

func listLiteral(list []any, oid uint32) (string, error) {
	parts := make([]string, len(list))
	for i, v := range list {
		var err error
		if parts[i], err = literal(v, oid); err != nil {
			return "", err
		}
	}
	name, _ := castTo(oid)
	return "CAST([" + strings.Join(parts, ", ") + "] AS " + name + ")", nil
}
