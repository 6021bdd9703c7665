package pgwire

import (
	"strings"

	"github.com/jackc/pgx/v5/pgtype"
	wire "github.com/jeroenrinzema/psql-wire"
)

// A pgType is the PostgreSQL type that values of a DuckDB type are sent as.
// size is as in pg_type.typlen: -1 for what has no fixed width.
type pgType struct {
	oid  uint32
	size int16
	list uint32 // the type of lists of it; 0: they are sent as text
}

var textType = pgType{pgtype.TextOID, -1, pgtype.TextArrayOID}

// typeOf returns what a DuckDB type is sent as. Integers that PostgreSQL has no
// type for become numeric, and what it does not know at all becomes text.
func typeOf(duck string) pgType {
	duck = strings.ToUpper(strings.TrimSpace(duck))
	if element, ok := strings.CutSuffix(duck, "[]"); ok {
		if e := typeOf(element); e.list != 0 && !strings.HasSuffix(element, "]") {
			return pgType{e.list, -1, 0}
		}
		return textType
	}
	if strings.HasPrefix(duck, "STRUCT") || strings.HasPrefix(duck, "MAP") || duck == "JSON" {
		return pgType{pgtype.JSONOID, -1, 0}
	}
	name, _, _ := strings.Cut(duck, "(")
	switch name {
	case "BOOLEAN":
		return pgType{pgtype.BoolOID, 1, pgtype.BoolArrayOID}
	case "TINYINT", "UTINYINT", "SMALLINT":
		return pgType{pgtype.Int2OID, 2, pgtype.Int2ArrayOID}
	case "USMALLINT", "INTEGER":
		return pgType{pgtype.Int4OID, 4, pgtype.Int4ArrayOID}
	case "UINTEGER", "BIGINT":
		return pgType{pgtype.Int8OID, 8, pgtype.Int8ArrayOID}
	case "UBIGINT", "HUGEINT", "UHUGEINT", "DECIMAL", "NUMERIC":
		return pgType{pgtype.NumericOID, -1, pgtype.NumericArrayOID}
	case "FLOAT":
		return pgType{pgtype.Float4OID, 4, pgtype.Float4ArrayOID}
	case "DOUBLE":
		return pgType{pgtype.Float8OID, 8, pgtype.Float8ArrayOID}
	case "DATE":
		return pgType{pgtype.DateOID, 4, pgtype.DateArrayOID}
	case "TIME":
		return pgType{pgtype.TimeOID, 8, pgtype.TimeArrayOID}
	case "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATETIME":
		return pgType{pgtype.TimestampOID, 8, pgtype.TimestampArrayOID}
	case "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ":
		return pgType{pgtype.TimestamptzOID, 8, pgtype.TimestamptzArrayOID}
	case "INTERVAL":
		return pgType{pgtype.IntervalOID, 16, pgtype.IntervalArrayOID}
	case "UUID":
		return pgType{pgtype.UUIDOID, 16, pgtype.UUIDArrayOID}
	case "BLOB":
		return pgType{pgtype.ByteaOID, -1, pgtype.ByteaArrayOID}
	}
	return textType
}

// TypeOf returns the number and the width of the PostgreSQL type that values of
// a DuckDB type are sent as.
func TypeOf(duck string) (oid uint32, size int16) {
	t := typeOf(duck)
	return t.oid, t.size
}

// wireColumns describes columns to the client.
func wireColumns(columns []Column) wire.Columns {
	out := make(wire.Columns, len(columns))
	for i, c := range columns {
		t := typeOf(c.Type)
		name := strings.ReplaceAll(c.Name, "\x00", "")
		if name == "count_star()" {
			name = "count" // as PostgreSQL names count(*)
		}
		out[i] = wire.Column{Name: name, Oid: t.oid, Width: t.size}
	}
	return out
}
