package sqldb_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
	"zhicang/ingest/sqldb"
)

// value is one value of one type as it is written in SQL and as it is
// delivered: the Arrow type and the text of the value, ∅ for null; a text that
// begins with ! is the reason for which the row is held back.
type value struct {
	declared string
	literal  string
	typ      string
	want     string
}

var postgresValues = []value{
	{"smallint", "-32768", "int64", "-32768"},
	{"integer", "2147483647", "int64", "2147483647"},
	{"bigint", "-9223372036854775808", "int64", "-9223372036854775808"},
	{"oid", "4294967295", "int64", "4294967295"},
	{"boolean", "true", "bool", "true"},
	{"boolean", "NULL", "bool", "∅"},
	{"real", "1.1", "float64", "1.1"},
	{"double precision", "'NaN'", "float64", "NaN"},
	{"numeric(18,2)", "1234567890123456.78", "decimal(18, 2)", "1234567890123456.78"},
	{"numeric(18,2)", "-0.05", "decimal(18, 2)", "-0.05"},
	{"numeric(18,2)", "0", "decimal(18, 2)", "0.00"},
	{"numeric(10,0)", "90000000", "decimal(10, 0)", "90000000"},
	{"numeric(18,6)", "0.000001", "decimal(18, 6)", "0.000001"},
	{"numeric(38,10)", "-1234567890123456789012345678.0123456789", "decimal(38, 10)", "-1234567890123456789012345678.0123456789"},
	{"numeric(38,10)", "10000", "decimal(38, 10)", "10000.0000000000"},
	{"numeric(18,2)", "'NaN'", "decimal(18, 2)", "!的数值不是数(NaN)或为无穷大"},
	{"numeric", "1e-30", "utf8", "0.000000000000000000000000000001"},
	{"numeric", "'Infinity'", "utf8", "Infinity"}, // no number for the contract, which says so
	{"money", "1234.5", "utf8", "1234.50"},
	{"date", "'2024-02-29'", "date32", "2024-02-29"},
	{"date", "'infinity'", "date32", "!的日期超出公元1年至9999年"},
	{"date", "'0044-03-15 BC'", "date32", "!的日期超出公元1年至9999年"},
	{"timestamp", "'2024-02-29 23:59:59.123456'", "timestamp[us]", "2024-02-29 23:59:59.123456"},
	{"timestamp", "'-infinity'", "timestamp[us]", "!的日期超出公元1年至9999年"},
	{"timestamptz", "'2024-02-29 23:59:59.5+08'", "timestamp[us, tz=UTC]", "2024-02-29 15:59:59.500000"},
	{"time", "'08:30'", "utf8", "08:30:00"},
	{"text", "'路灯'", "utf8", "路灯"},
	{"char(5)", "'a'", "utf8", "a    "},
	{"json", `'{"a": 1}'`, "utf8", `{"a": 1}`},
	{"jsonb", `'{"b": [1, "二"]}'`, "utf8", `{"b": [1, "二"]}`},
	{"bytea", `'\x00ff'`, "utf8", "00ff"},
	{"uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "utf8", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
	{"mood", "'满意'", "utf8", "满意"},
	{"integer[]", "'{1,NULL,3}'", "utf8", "[1,null,3]"},
	{"text[]", `'{"a,b","二"}'`, "utf8", `["a,b","二"]`},
	{"inet", "'192.0.2.1'", "utf8", "192.0.2.1"},
	{"small_number", "7", "int64", "7"},
	{"bit(3)", "B'101'", "utf8", "101"},
}

var mariadbValues = []value{
	{"TINYINT(1)", "1", "int64", "1"},
	{"TINYINT(1)", "2", "int64", "2"},
	{"TINYINT UNSIGNED", "255", "int64", "255"},
	{"BIGINT", "-9223372036854775808", "int64", "-9223372036854775808"},
	{"BIGINT UNSIGNED", "18446744073709551615", "utf8", "18446744073709551615"},
	{"YEAR", "2024", "int64", "2024"},
	{"FLOAT", "1.1", "float64", "1.1"},
	{"DOUBLE", "-0.1", "float64", "-0.1"},
	{"DECIMAL(18,2)", "-1234567890123456.78", "decimal(18, 2)", "-1234567890123456.78"},
	{"DECIMAL(38,10)", "1234567890123456789012345678.0123456789", "decimal(38, 10)", "1234567890123456789012345678.0123456789"},
	{"DECIMAL(18,2) UNSIGNED", "1234567890123456.78", "decimal(18, 2)", "1234567890123456.78"},
	{"DECIMAL(5,0) UNSIGNED", "12345", "decimal(5, 0)", "12345"},
	{"INT(5) ZEROFILL", "42", "int64", "42"},
	{"CHAR(5)", "'a'", "utf8", "a"},
	{"LONGTEXT", "repeat('灯', 30000)", "utf8", strings.Repeat("灯", 30000)},
	{"DECIMAL(65,30)", "0.000000000000000000000000000001", "utf8", "0.000000000000000000000000000001"},
	{"DATE", "'2024-02-29'", "date32", "2024-02-29"},
	{"DATE", "'0000-00-00'", "date32", "!的日期为零(0000-00-00)"},
	{"DATE", "'2024-02-00'", "date32", "!的日期在日历上没有"},
	{"DATETIME(6)", "'2024-02-29 23:59:59.123456'", "timestamp[us]", "2024-02-29 23:59:59.123456"},
	{"DATETIME", "'0000-00-00 00:00:00'", "timestamp[us]", "!的日期为零(0000-00-00)"},
	{"DATETIME", "NULL", "timestamp[us]", "∅"},
	{"TIMESTAMP NULL", "'2024-02-29 15:59:59'", "timestamp[us, tz=UTC]", "2024-02-29 15:59:59.000000"}, // the test's session is in UTC
	{"TIME", "'-08:30:00'", "utf8", "-08:30:00"},
	{"VARCHAR(20) CHARACTER SET gbk", "'路灯'", "utf8", "路灯"},
	{"TEXT", "'a\\0b'", "utf8", "!的文字中有空字符(NUL)"},
	{"JSON", `'{"a": 1}'`, "utf8", `{"a": 1}`},
	{"ENUM('满意','不满意')", "'满意'", "utf8", "满意"},
	{"SET('a','b')", "'a,b'", "utf8", "a,b"},
	{"BLOB", "x'00ff'", "utf8", "00ff"},
	{"BIT(3)", "b'101'", "utf8", "05"},
	{"UUID", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "utf8", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
}

var sqliteValues = []value{
	{"INTEGER", "9223372036854775807", "int64", "9223372036854775807"},
	{"INTEGER", "'abc'", "int64", "!的值与其类型不符"},
	{"REAL", "1.5", "float64", "1.5"},
	{"DECIMAL(18,2)", "12.5", "utf8", "12.5"},
	{"DATE", "'2024-02-29'", "date32", "2024-02-29"},
	{"DATETIME", "'2024-02-29 23:59:59'", "timestamp[us]", "2024-02-29 23:59:59.000000"},
	{"TEXT", "'路灯'", "utf8", "路灯"},
	{"TEXT", "CAST(x'FF' AS TEXT)", "utf8", "!的文字不是有效的编码"},
	{"BLOB", "x'00ff'", "utf8", "00ff"},
}

func TestTypes(t *testing.T) {
	for name, c := range map[string]struct {
		place  func(testing.TB) place
		setup  []string
		values []value
	}{
		"PostgreSQL": {postgresPlace, []string{
			"DROP TYPE IF EXISTS mood", "CREATE TYPE mood AS ENUM ('满意', '不满意')",
			"DROP DOMAIN IF EXISTS small_number", "CREATE DOMAIN small_number AS integer CHECK (VALUE < 10)",
		}, postgresValues},
		"MariaDB": {mariadbPlace, []string{"SET GLOBAL sql_mode = ''", "SET GLOBAL time_zone = '+00:00'"}, mariadbValues},
		"SQLite":  {sqlitePlace, nil, sqliteValues},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.place(t)
			p.exec(t, c.setup...)
			for _, v := range c.values {
				t.Run(v.declared+" "+v.literal, func(t *testing.T) {
					name := table()
					p.exec(t, fmt.Sprintf("CREATE TABLE %s (id INT, v %s)", name, v.declared), fmt.Sprintf("INSERT INTO %s VALUES (1, %s)", name, v.literal))
					got := readAll(t, open(t, p, ingest.SQLConfig{From: name}, "v"))
					want := delivery{types: []string{v.typ}, rows: [][]string{{v.want}}}
					if reason, held := strings.CutPrefix(v.want, "!"); held {
						want.rows, want.types, want.faults = nil, got.types, []string{"v 列" + reason}
					}
					if diff := cmp.Diff(want, got, cmp.AllowUnexported(delivery{})); diff != "" {
						t.Error(diff)
					}
				})
			}
		})
	}
}

// delivery is what a reading delivered, as text.
type delivery struct {
	types   []string
	rows    [][]string
	faults  []string
	deleted []bool
	cursor  string
}

func readAll(t testing.TB, src *sqldb.Source) delivery { return readFrom(t, src, "") }

func readFrom(t testing.TB, src *sqldb.Source, cursor string) (d delivery) {
	t.Helper()
	out, err := src.Read(context.Background(), ingest.Unit{}, cursor, func(b ingest.Batch) error {
		d.types = nil
		for _, f := range b.Record.Schema().Fields() {
			d.types = append(d.types, f.Type.String())
		}
		for i := range int(b.Record.NumRows()) {
			row := make([]string, b.Record.NumCols())
			for j, col := range b.Record.Columns() {
				row[j] = "∅"
				if col.IsValid(i) {
					row[j] = valueText(col, i)
				}
			}
			d.rows = append(d.rows, row)
		}
		for _, f := range b.Faults {
			d.faults = append(d.faults, f.Reason)
		}
		d.deleted = append(d.deleted, b.Deleted...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d.cursor = out.Cursor
	return d
}

func valueText(col arrow.Array, i int) string {
	switch a := col.(type) {
	case *array.Timestamp:
		return time.UnixMicro(int64(a.Value(i))).UTC().Format("2006-01-02 15:04:05.000000")
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	}
	return strings.Clone(col.ValueStr(i))
}
