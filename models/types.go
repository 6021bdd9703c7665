package models

import (
	"fmt"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kind is the family of a column type.
type Kind int

// The kinds that a contract may use: the ones that DuckDB, Trino, Parquet and
// PostgreSQL all have.
const (
	Invalid Kind = iota
	Bigint
	Integer
	Double
	Decimal
	Varchar
	Boolean
	Date
	Timestamp
	VarcharList
	DoubleList
)

// A Type is a column's type. Precision and Scale matter for Decimal alone.
// Timestamps are wall-clock time in the site's zone, to the microsecond.
type Type struct {
	Kind      Kind
	Precision int
	Scale     int
}

var kindNames = map[Kind]string{
	Bigint: "BIGINT", Integer: "INTEGER", Double: "DOUBLE", Varchar: "VARCHAR",
	Boolean: "BOOLEAN", Date: "DATE", Timestamp: "TIMESTAMP",
	VarcharList: "VARCHAR[]", DoubleList: "DOUBLE[]",
}

// String is the type as DuckDB spells it.
func (t Type) String() string {
	if t.Kind == Decimal {
		return fmt.Sprintf("DECIMAL(%d,%d)", t.Precision, t.Scale)
	}
	return kindNames[t.Kind]
}

// ParseType reads a type as a contract spells it.
func ParseType(s string) (Type, error) {
	for k, name := range kindNames {
		if s == name {
			return Type{Kind: k}, nil
		}
	}
	if inner, ok := strings.CutPrefix(s, "DECIMAL("); ok && strings.HasSuffix(inner, ")") {
		p, sc, ok := strings.Cut(strings.TrimSuffix(inner, ")"), ",")
		prec, err1 := strconv.Atoi(strings.TrimSpace(p))
		scale, err2 := strconv.Atoi(strings.TrimSpace(sc))
		if ok && err1 == nil && err2 == nil && prec >= 1 && prec <= 38 && scale >= 0 && scale <= prec {
			return Type{Kind: Decimal, Precision: prec, Scale: scale}, nil
		}
		return Type{}, fmt.Errorf("%q is no DECIMAL(precision,scale) with 0 ≤ scale ≤ precision ≤ 38", s)
	}
	return Type{}, fmt.Errorf("%q is no column type", s)
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Type) UnmarshalText(b []byte) (err error) {
	*t, err = ParseType(string(b))
	return err
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *Type) UnmarshalYAML(node *yaml.Node) (err error) {
	if *t, err = ParseType(node.Value); err != nil {
		return ValueError(node, "the types are BIGINT, INTEGER, DOUBLE, DECIMAL(p,s), VARCHAR, BOOLEAN, DATE, TIMESTAMP, VARCHAR[], DOUBLE[]", err)
	}
	return nil
}

// MarshalText implements encoding.TextMarshaler.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// PII is the class of personal data in a column.
type PII string

// The classes. Columns of all but NotPersonal never leave ingest in the clear.
const (
	NotPersonal PII = ""
	IDCard      PII = "id_card"   // a 公民身份号码, checked by GB 11643, landed as a pseudonym
	PersonID    PII = "person_id" // any string that identifies a person, landed as a pseudonym; checked as 身份证 where it has that form
	Name        PII = "name"      // landed as 张**
	Phone       PII = "phone"     // landed as 138****1234
	FreeText    PII = "text"      // landed with identifiers, phones, cards, names and door numbers replaced
	Scrubbed    PII = "scrubbed"  // free text after scrubbing: what an upstream `text` column is once landed
	Pseudonym   PII = "pseudonym" // what id_card and person_id are once landed
	Masked      PII = "masked"    // what name and phone are once landed
)

// Landed is the class that a column has once it lies in the lake.
func (p PII) Landed() PII {
	switch p {
	case IDCard, PersonID:
		return Pseudonym
	case Name, Phone:
		return Masked
	case FreeText:
		return Scrubbed
	}
	return p
}

// Identity reports whether a column of the class says who somebody is, and
// lands as a pseudonym.
func (p PII) Identity() bool { return p == IDCard || p == PersonID }

// raw reports whether a column of the class has yet to land.
func (p PII) raw() bool { return p != p.Landed() }

func (p PII) valid() bool {
	switch p {
	case NotPersonal, IDCard, PersonID, Name, Phone, FreeText, Scrubbed, Pseudonym, Masked:
		return true
	}
	return false
}

// A Month is a calendar month, the unit of partitions: 12·year + (month−1).
// The zero Month stands for "not partitioned".
type Month int

// MonthOf returns the month of a year and a month counted from 1.
func MonthOf(year, month int) Month { return Month(12*year + month - 1) }

// ParseMonth reads "2025-03", and nothing that String would write otherwise.
func ParseMonth(s string) (Month, error) {
	y, m, _ := strings.Cut(s, "-")
	year, err1 := strconv.Atoi(y)
	month, err2 := strconv.Atoi(m)
	if err1 == nil && err2 == nil && month >= 1 && month <= 12 && year >= 1 && year <= 9999 {
		if parsed := MonthOf(year, month); parsed.String() == s {
			return parsed, nil
		}
	}
	return 0, fmt.Errorf("%q is no month such as 2025-03", s)
}

// String is the month as 2025-03, or "" for the zero Month.
func (m Month) String() string {
	if m == 0 {
		return ""
	}
	return fmt.Sprintf("%04d-%02d", int(m)/12, int(m)%12+1)
}

// FirstDay is the month's first day as 2025-03-01.
func (m Month) FirstDay() string { return m.String() + "-01" }
