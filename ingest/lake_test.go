package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"zhicang/ledger"
)

// readLake reads every committed row of a table: by column, as text, null as
// ∅, in the order of months, batches and rows.
func (h *house) readLake(t testing.TB, table string) (rows []map[string]string) {
	t.Helper()
	files, err := h.Ledger.LakeFiles(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		rows = append(rows, readParquet(t, filepath.Join(h.Dir, f.Path))...)
	}
	return rows
}

func readParquet(t testing.TB, name string) (rows []map[string]string) {
	t.Helper()
	r, err := file.OpenParquetFile(name, false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := pr.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	rd := array.NewTableReader(table, 1024)
	defer rd.Release()
	for rd.Next() {
		rec := rd.Record()
		for i := range int(rec.NumRows()) {
			row := map[string]string{}
			for j, f := range rec.Schema().Fields() {
				if f.Name == "deleted" && rec.Column(j).IsNull(i) {
					continue // as nearly everywhere
				}
				row[f.Name] = "∅"
				if rec.Column(j).IsValid(i) {
					row[f.Name] = textOf(rec.Column(j), nil)(i)
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

const everyType = `
table: ods.test_type
title: 各种类型
grain: one row per value
key: [id]
partition: day
columns:
  - {name: id, type: VARCHAR, required: true, title: 编号}
  - {name: big, type: BIGINT, title: 大整数}
  - {name: small, type: INTEGER, title: 整数}
  - {name: real, type: DOUBLE, title: 实数}
  - {name: money, type: "DECIMAL(18,2)", title: 金额}
  - {name: yes, type: BOOLEAN, title: 是否}
  - {name: day, type: DATE, required: true, title: 日期}
  - {name: at, type: TIMESTAMP, title: 时间}
  - {name: region, type: VARCHAR, region: true, title: 区划}
  - {name: kind, type: VARCHAR, accepted: [其他（待定）, A类], title: 类别}
`

func TestEveryTypeLandsByMonth(t *testing.T) {
	h := newHouse(t, map[string]string{"test/ods_type.yaml": everyType})
	fields := []string{"id", "big", "small", "real", "money", "yes", "day", "at", "region", "kind"}
	cfg := Config{Name: "types", Table: "ods.test_type", System: "sys", Columns: map[string]string{}}
	for _, f := range fields {
		cfg.Columns[f] = f
	}
	order := cfg.Fields()
	row := func(cells ...string) []string {
		out := make([]string, len(order))
		for i, f := range order {
			out[i] = cells[slices.Index(fields, f)]
		}
		return out
	}
	src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a.csv"}, batches: []Batch{textBatch(order, 2,
		row("ＡＢ－１", "9,223", "3.0", "-1.25", "１２.５０", "是", "2025-02-28", "2025-02-28 23:59:59.123456", "331022000000", "其他(待定)"),
		row(" b ", "", "", "", "", "", "1965年3月2日 12:00", "", "", ""),
		row("坏", "x", "3000000000", "1E5", "0.001", "也许", "2025-02-30", "24:00", "999999", "B类"),
		row("c", "-1", "-2147483648", "0", "-0.01", "否", "2025-02-01", "1965-03-02 12:00", "33", "Ａ类"),
	)}}}}
	rep := h.load(t, cfg, src)
	if rep.Read != 4 || rep.Landed != 3 || rep.Held != 1 || len(rep.Failures) > 0 {
		t.Fatalf("%+v", rep)
	}
	nulls := map[string]string{"big": "∅", "small": "∅", "real": "∅", "money": "∅", "yes": "∅", "at": "∅", "region": "∅", "kind": "∅"}
	second := map[string]string{"id": "b", "day": "1965-03-02", "batch_id": "1", "batch_row": "2", "source_system": "sys"}
	for k, v := range nulls {
		second[k] = v
	}
	want := []map[string]string{
		second,
		{
			"id": "AB-1", "big": "9223", "small": "3", "real": "-1.25", "money": "12.50", "yes": "true", "day": "2025-02-28",
			"at": "2025-02-28 23:59:59.123456", "region": "331022", "kind": "其他（待定）", "batch_id": "1", "batch_row": "1", "source_system": "sys",
		},
		{
			"id": "c", "big": "-1", "small": "-2147483648", "real": "0", "money": "-0.01", "yes": "false", "day": "2025-02-01",
			"at": "1965-03-02 12:00:00", "region": "330000", "kind": "A类", "batch_id": "1", "batch_row": "4", "source_system": "sys",
		},
	}
	if diff := cmp.Diff(want, h.readLake(t, "ods.test_type")); diff != "" {
		t.Error(diff)
	}
	held, err := h.Ledger.Quarantine(t.Context(), ledger.HeldFilter{})
	if err != nil {
		t.Fatal(err)
	}
	wantHeld := []ledger.Held{{
		Batch: 1, Seq: 1, Source: "types", Unit: "a.csv", Table: "ods.test_type", Row: 4, Ordinal: 3, Rule: "type", Shape: "A",
		Column: "大整数,整数,实数,金额,是否,日期,时间,区划,类别",
		Reason: "不是数字;整数超出整数的范围;实数不是数字;金额小数位数或整数位数超出约定;是否不是“是/否”;日期日历上没有这一天;时间不是日期时间;" +
			"区划区划表中没有这个代码;类别不在允许的取值之内(其他（待定）、A类)",
	}}
	if diff := cmp.Diff(wantHeld, held); diff != "" {
		t.Error(diff)
	}
	if files := h.tree(t); len(files) != 3 || !slices.Contains(files, "lake/ods/test_type/month=1965-03/00000001.parquet") {
		t.Errorf("files: %v", files)
	}
	if info, err := os.Stat(filepath.Join(h.Dir, "lake/ods/test_type/month=2025-02/00000001.parquet")); err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
}

// TestTypedSource: the values of a Parquet file or a database come with types
// of their own, and lose nothing on the way through text.
func TestTypedSource(t *testing.T) {
	h := newHouse(t, map[string]string{"test/ods_type.yaml": everyType})
	cfg := Config{Name: "typed", Table: "ods.test_type", Columns: map[string]string{
		"at": "a", "big": "b", "day": "c", "id": "d", "money": "e", "real": "f", "yes": "g",
	}}
	mem := memory.DefaultAllocator
	zoned := &arrow.TimestampType{Unit: arrow.Millisecond, TimeZone: "UTC"}
	money := &arrow.Decimal128Type{Precision: 38, Scale: 2}
	schema := []arrow.Field{
		{Name: "a", Type: zoned},
		{Name: "b", Type: arrow.PrimitiveTypes.Float64},
		{Name: "c", Type: arrow.FixedWidthTypes.Date32},
		{Name: "d", Type: arrow.PrimitiveTypes.Int64},
		{Name: "e", Type: money},
		{Name: "f", Type: arrow.PrimitiveTypes.Float64},
		{Name: "g", Type: arrow.FixedWidthTypes.Boolean},
	}
	rb := array.NewRecordBuilder(mem, arrow.NewSchema(schema, nil))
	rb.Field(0).(*array.TimestampBuilder).Append(1629075723500)
	rb.Field(1).(*array.Float64Builder).Append(12345678)
	rb.Field(2).(*array.Date32Builder).Append(20000)
	rb.Field(3).(*array.Int64Builder).Append(331022)
	if err := rb.Field(4).AppendValueFromString("98765432109876.54"); err != nil {
		t.Fatal(err)
	}
	rb.Field(5).(*array.Float64Builder).Append(0.00001)
	rb.Field(6).(*array.BooleanBuilder).Append(true)
	rec := rb.NewRecord()
	src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a.parquet"}, batches: []Batch{{Record: rec, Rows: []int64{1}}}}}}
	h.load(t, cfg, src)
	want := []map[string]string{{
		"at": "2021-08-16 09:02:03.5", "big": "12345678", "day": "2024-10-04", "id": "331022", "money": "98765432109876.54", "real": "0.00001",
		"yes": "true", "small": "∅", "region": "∅", "kind": "∅", "batch_id": "1", "batch_row": "1", "source_system": "typed",
	}}
	if diff := cmp.Diff(want, h.readLake(t, "ods.test_type")); diff != "" {
		t.Error(diff)
	}
}

func TestFloatTextRefusesLostDigits(t *testing.T) {
	if s := floatText(123456789012345678, 64); !isScientific(s) {
		t.Errorf("a float of an id reads %q", s)
	}
}

// TestOrderWithinBatch: batch_row follows the delivery, also where months
// alternate and rows are held between, so that of two versions of one thing
// the later delivered one is the newer.
func TestOrderWithinBatch(t *testing.T) {
	h := messageHouse(t)
	src := messageSource("a",
		message("1", map[string]string{"时间": "2025-05-01"}), message("2", map[string]string{"时间": "不明"}),
		message("3", map[string]string{"时间": "2025-04-01"}), message("4", map[string]string{"时间": "2025-05-02"}))
	src.units[0].batches = append(src.units[0].batches, messageBatch(6, message("5", map[string]string{"时间": "2025-04-02"})))
	h.load(t, messageConfig(), src)
	got := map[string]string{}
	for _, row := range h.readLake(t, "ods.test_message") {
		got[row["id"]] = row["batch_row"]
	}
	if diff := cmp.Diff(map[string]string{"1": "1", "3": "3", "4": "4", "5": "5"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestParquetIsPlain: the file's own schema, without Arrow's.
func TestParquetIsPlain(t *testing.T) {
	h := newHouse(t, map[string]string{"test/ods_type.yaml": everyType})
	cfg := Config{Name: "types", Table: "ods.test_type", Columns: map[string]string{"id": "a", "day": "b"}}
	src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a"}, batches: []Batch{textBatch(cfg.Fields(), 1, []string{"1", "2025-01-01"})}}}}
	h.load(t, cfg, src)
	r, err := file.OpenParquetFile(filepath.Join(h.Dir, h.tree(t)[0]), false)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var got []string
	for i := range r.MetaData().Schema.NumColumns() {
		c := r.MetaData().Schema.Column(i)
		optional := ""
		if c.SchemaNode().RepetitionType() == parquet.Repetitions.Optional {
			optional = "?"
		}
		got = append(got, fmt.Sprintf("%s%s %s %s", c.Name(), optional, c.PhysicalType(), c.LogicalType()))
	}
	want := []string{
		"id BYTE_ARRAY String", "big? INT64 Int(bitWidth=64, isSigned=true)", "small? INT32 Int(bitWidth=32, isSigned=true)", "real? DOUBLE None",
		"money? INT64 Decimal(precision=18, scale=2)", "yes? BOOLEAN None", "day INT32 Date",
		"at? INT64 Timestamp(isAdjustedToUTC=false, timeUnit=microseconds, is_from_converted_type=false, force_set_converted_type=false)",
		"region? BYTE_ARRAY String", "kind? BYTE_ARRAY String",
		"batch_id INT64 Int(bitWidth=64, isSigned=true)", "batch_row INT64 Int(bitWidth=64, isSigned=true)", "source_system BYTE_ARRAY String",
		"deleted? BOOLEAN None",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
