package sqldb

import (
	"database/sql/driver"
	"math/big"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	mssql "github.com/microsoft/go-mssqldb"
	"github.com/sijms/go-ora/v2/network"

	"zhicang/ingest"
)

// TestQueries: what is sent to each kind of database, where no server of it is
// at hand.
func TestQueries(t *testing.T) {
	for driver, want := range map[string]struct{ table, increment, text string }{
		"postgres": {
			`SELECT "id", "at" FROM "desk"."case"`,
			`SELECT "id", "at" FROM "desk"."case" WHERE (open = 1) AND "at" >= $1 ORDER BY "at", "id"`, `"say ""yes"""`,
		},
		"mysql": {
			"SELECT `id`, `at` FROM `desk`.`case`",
			"SELECT `id`, `at` FROM `desk`.`case` WHERE (open = 1) AND `at` >= /*?*/ ORDER BY `at`, `id`", "`say \"yes\"`",
		},
		"sqlserver": {
			"SELECT [id], [at] FROM [desk].[case]",
			"SELECT [id], [at] FROM [desk].[case] WHERE (open = 1) AND [at] >= CAST(@p1 AS datetime2(6)) ORDER BY [at], [id]", `[say "yes"]`,
		},
		"oracle": {
			`SELECT "id", "at" FROM "DESK"."CASE"`,
			`SELECT "id", "at" FROM "DESK"."CASE" WHERE (open = 1) AND "at" >= TO_TIMESTAMP(:1, 'YYYY-MM-DD HH24:MI:SS.FF6') ORDER BY "at", "id"`, `"say ""yes"""`,
		},
		"sqlite": {
			`SELECT "id", "at" FROM "desk"."case"`,
			`SELECT "id", "at" FROM "desk"."case" WHERE (open = 1) AND "at" >= ? ORDER BY "at", "id"`, `"say ""yes"""`,
		},
	} {
		t.Run(driver, func(t *testing.T) {
			d := dialects()[driver]
			r := &reading{Source: &Source{dialect: d}, base: d.table("desk.case"), key: []string{"id"}}
			r.columns = []column{{name: "id", kind: intKind}, {name: "at", kind: wallKind}}
			if got := r.selectFrom(r.expressions(), nil, nil); got != want.table {
				t.Errorf("table\ngot  %s\nwant %s", got, want.table)
			}
			r.cfg = ingest.SQLConfig{Mode: ingest.ModeCursor, Where: "open = 1"}
			r.cursor = cursorPlan{at: 1, since: "2024-05-01 08:00:00.000000"}
			if err := r.cut(t.Context(), r.columns); err != nil {
				t.Fatal(err)
			}
			if got := r.chunks[0].query; got != want.increment {
				t.Errorf("increment\ngot  %s\nwant %s", got, want.increment)
			}
			if len(r.chunks) != 2 || !strings.Contains(r.chunks[1].query, "IS NULL") {
				t.Error("rows without a cursor are left out")
			}
			if got := d.quote(`say "yes"`); got != want.text {
				t.Errorf("a name is quoted as %s", got)
			}
		})
	}
}

// TestDriverTypes: how columns of SQL Server and Oracle are asked for and what
// becomes of the values that their drivers hand over.
func TestDriverTypes(t *testing.T) {
	shanghai := time.FixedZone("CST", 8*3600)
	day := time.Date(2024, 2, 29, 23, 59, 59, 500_000_000, shanghai)
	for _, c := range []struct {
		driver, typ      string
		precision, scale int64
		value            driver.Value
		as               string
		want             string
	}{
		{"sqlserver", "BIT", 0, 0, true, "", "true"},
		{"sqlserver", "BIGINT", 0, 0, int64(-7), "", "-7"},
		{"sqlserver", "DECIMAL", 18, 2, []byte("1234567890123456.78"), "", "1234567890123456.78"},
		{"sqlserver", "FLOAT", 0, 0, 0.1, "", "0.1"},
		{"sqlserver", "REAL", 0, 0, float32(0.1), "", "0.1"},
		{"sqlserver", "DATE", 0, 0, time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC), "", "2024-02-29"},
		{"sqlserver", "DATETIME2", 0, 0, day, "", "2024-02-29 23:59:59.500000"},
		{"sqlserver", "DATETIMEOFFSET", 0, 0, day, "", "2024-02-29 15:59:59.500000"},
		{"sqlserver", "NVARCHAR", 0, 0, "路灯", "", "路灯"},
		{"sqlserver", "UNIQUEIDENTIFIER", 0, 0, "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "CONVERT(varchar(36), [x]) [x]", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"},
		{"sqlserver", "MONEY", 0, 0, "1234.5000", "CONVERT(varchar(40), [x], 2) [x]", "1234.5000"},
		{"sqlserver", "VARBINARY", 0, 0, []byte{0, 255}, "", "00ff"},
		{"oracle", "NUMBER", 0, 0, "123456789012345678901234567890.5", `TO_CHAR("x", 'TM9', 'NLS_NUMERIC_CHARACTERS=''.,''') "x"`, "123456789012345678901234567890.5"},
		{"oracle", "IBDouble", 0, 0, 0.1, "", "0.1"},
		{"oracle", "DATE", 0, 0, day, "", "2024-02-29 23:59:59.500000"},
		{"oracle", "TimeStampTZ_DTY", 0, 0, day, "", "2024-02-29 15:59:59.500000"},
		{"oracle", "NCHAR", 0, 0, "路灯", "", "路灯"},
		{"oracle", "RAW", 0, 0, []byte{0, 255}, "", "00ff"},
		{"oracle", "DATE", 0, 0, time.Date(-4712, 1, 1, 0, 0, 0, 0, time.UTC), "", "!" + outOfCalendar},
	} {
		t.Run(c.driver+" "+c.typ, func(t *testing.T) {
			d := dialects()[c.driver]
			col := d.column("x", c.typ, c.precision, c.scale, c.precision > 0)
			if want := c.as; col.as != "" && col.expression(d) != want {
				t.Errorf("asked for as %s", col.expression(d))
			}
			b := newBatch([]column{col}, nil)
			reason := (&Source{dialect: d}).stdDecoder(col)(b, 0, c.value)
			got := "!" + reason
			if reason == "" {
				got, _ = b.vecs[0].string(0, col)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestDriverErrors(t *testing.T) {
	s := &Source{dialect: dialects()["oracle"]}
	for _, c := range []struct {
		err  error
		want string
	}{
		{mssql.Error{Number: 18456, Message: "CANARY"}, "the database refused the user or the password (error 18456)"},
		{mssql.Error{Number: 3952, Message: "CANARY"}, "the database does not allow snapshots, and without one a reading would mix the states of different moments (error 3952)"},
		{mssql.Error{Number: 208, Message: "CANARY"}, "the table is not there, or the account may not see it (error 208)"},
		{&network.OracleError{ErrCode: 1017, ErrMsg: "CANARY"}, "the database refused the user or the password (ORA-01017)"},
		{&network.OracleError{ErrCode: 942, ErrMsg: "CANARY"}, "the table is not there, or the account may not see it (ORA-00942)"},
		{&network.OracleError{ErrCode: 1555, ErrMsg: "CANARY"}, "the table was changed or its old rows were cleared away while it was read; nothing of it was landed (ORA-01555)"},
		{&network.OracleError{ErrCode: 600, ErrMsg: "CANARY"}, "the database failed (ORA-00600)"},
		{&mysql.MyError{Code: 1412, Message: "CANARY"}, "the table was changed or its old rows were cleared away while it was read; nothing of it was landed (error 1412)"},
		{&mysql.MyError{Code: 1205, Message: "CANARY"}, "the database is locked by somebody else (error 1205)"},
		{&mysql.MyError{Code: 1040, Message: "CANARY"}, "the database has no connection left (error 1040)"},
		{&mysql.MyError{Code: 1999, Message: "CANARY"}, "the database failed (error 1999)"},
		{&pgconn.PgError{Code: "40001", Message: "CANARY"}, "the table was changed or its old rows were cleared away while it was read; nothing of it was landed (SQLSTATE 40001)"},
		{&pgconn.PgError{Code: "53300", Message: "CANARY"}, "the database has no connection left (SQLSTATE 53300)"},
		{&pgconn.PgError{Code: "XX001", Message: "CANARY"}, "the database failed (SQLSTATE XX001)"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.EHOSTUNREACH)}, "there is no route to the host, or a firewall drops what is sent"},
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ENETUNREACH)}, "there is no route to the host, or a firewall drops what is sent"},
		{&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}, "the connection broke in the middle of the reading; nothing of it was landed"},
	} {
		if e := s.explain(c.err); e.Error() != "source : "+c.want || e.Hint() == "" {
			t.Errorf("got %v\nTry: %s", e, e.Hint())
		}
	}
}

// FuzzDecimal: what is taken for a decimal is that decimal.
func FuzzDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.05", "1234567890123456.78", "12345678901234567890123456789012345678", "1.2.3", "--1", ".5", "", "NaN", "1e5", "-.", "9.999", ".+", "+1"} {
		f.Add(s, 2)
		f.Add(s, 30)
	}
	f.Fuzz(func(t *testing.T, s string, scale int) {
		scale = max(0, min(scale, 38))
		n, ok := decimalOf([]byte(s), scale)
		if !ok {
			return
		}
		want, valid := new(big.Rat).SetString(s)
		if !valid {
			t.Fatalf("%q is no number", s)
		}
		got := new(big.Rat).SetFrac(n.BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
		if got.Cmp(want) != 0 {
			t.Errorf("%q became %s", s, n.ToString(int32(scale)))
		}
	})
}

// FuzzMicros: what is taken for a time is written as it was.
func FuzzMicros(f *testing.F) {
	for _, s := range []string{"2024-02-29", "2024-02-30", "0000-00-00", "2024-02-29 23:59:59.123456", "2024-02-29 24:00:00", "0001-01-01T00:00:00.5", "9999-12-31 23:59:59"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		micros, reason := microsOf([]byte(s))
		if reason != "" {
			return
		}
		want := strings.Replace(s, "T", " ", 1)
		if len(want) == 10 {
			want += " 00:00:00"
		}
		if len(want) == 19 {
			want += "."
		}
		want = (want + "000000")[:26]
		if got := timeText(wallKind, micros); got != want {
			t.Errorf("%q became %s", s, got)
		}
	})
}

// FuzzNumeric: PostgreSQL's numbers of every layout, and bytes that are none.
func FuzzNumeric(f *testing.F) {
	f.Add([]byte{0, 1, 0, 0, 0, 0, 0, 2, 0, 5}, int32(2))
	f.Add([]byte{0, 2, 0, 7, 0x40, 0, 0, 2, 0, 5, 0x27, 0x0f}, int32(10))
	f.Add([]byte{0, 0, 0, 0, 0xC0, 0, 0, 0}, int32(0))
	f.Add([]byte{0, 1, 0, 7, 0x40, 1, 0, 0, 0x30, 0x31}, int32(0)) // a sign that there is not
	f.Fuzz(func(t *testing.T, v []byte, scale int32) {
		scale = max(0, min(scale, 38))
		b := newBatch([]column{{name: "x", kind: decimalKind, precision: 38, scale: scale}}, nil)
		if pgNumeric(b, 0, v) != "" {
			return
		}
		want := new(big.Rat)
		for i := 8; i < len(v); i += 2 {
			group := big.NewRat(int64(v[i])<<8|int64(v[i+1]), 1)
			weight := int64(int16(uint16(v[2])<<8|uint16(v[3]))) - int64(i-8)/2
			power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10000), big.NewInt(max(weight, -weight)), nil))
			if weight < 0 {
				power.Inv(power)
			}
			want.Add(want, group.Mul(group, power))
		}
		if v[4]&0x40 != 0 {
			want.Neg(want)
		}
		got := new(big.Rat).SetFrac(b.vecs[0].decimal[0].BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
		if got.Cmp(want) != 0 {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// TestCutRow: a row that turns out to be broken leaves nothing behind.
func TestCutRow(t *testing.T) {
	for k := textKind; k <= instantKind; k++ {
		var v, want vec
		for _, x := range []*vec{&v, &want} {
			x.reset(k, 16, 16)
		}
		add := func(x *vec, i int) {
			switch {
			case i%3 == 0:
				x.addNull()
			case k == textKind:
				x.addString(strings.Repeat("路", i))
			case k == floatKind:
				x.addFloat(float64(i))
			case k == decimalKind:
				x.addDecimal(decimal128.FromI64(int64(i)))
			case k == boolKind:
				x.addBool(i%2 == 0)
			case k == dateKind:
				x.addDay(int32(i))
			default:
				x.addWhole(int64(i))
			}
		}
		for i := range 20 {
			add(&v, i+1)
			v.cut(i)
			add(&v, i)
			add(&want, i)
		}
		if diff := cmp.Diff(want, v, cmp.AllowUnexported(vec{}, decimal128.Num{})); diff != "" {
			t.Errorf("%v: %s", k, diff)
		}
	}
}
