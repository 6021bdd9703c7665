package warehouse_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
	"zhicang/ingest/files"
	"zhicang/ledger"
	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
	"zhicang/warehouse"
)

const readings = `
table: ods.test_reading
title: 各种数
grain: one row per value
key: [id]
partition: day
columns:
  - {name: id, type: BIGINT, required: true, title: 编号}
  - {name: big, type: BIGINT, title: 大整数}
  - {name: small, type: INTEGER, title: 整数}
  - {name: money, type: "DECIMAL(18,2)", title: 金额}
  - {name: sum, type: "DECIMAL(38,4)", title: 合计}
  - {name: day, type: DATE, required: true, title: 日期}
  - {name: at, type: TIMESTAMP, title: 时间}
`

// TestEngineReadsTheLake: what the loader writes, by differences and with the
// least and the largest of a type side by side, the engine reads as it was.
func TestEngineReadsTheLake(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	whole := func(least, most int64) string {
		switch rng.IntN(6) {
		case 0:
			return ""
		case 1:
			return fmt.Sprint(least)
		case 2:
			return fmt.Sprint(most)
		case 3:
			return fmt.Sprint(rng.IntN(100))
		}
		return fmt.Sprint(least + int64(rng.Uint64N(uint64(most)-uint64(least))))
	}
	cents := func(text string, places int) string {
		if text == "" {
			return ""
		}
		digits := strings.TrimPrefix(text, "-")
		digits = strings.Repeat("0", max(0, places+1-len(digits))) + digits
		return strings.TrimSuffix(text, strings.TrimPrefix(text, "-")) + digits[:len(digits)-places] + "." + digits[len(digits)-places:]
	}
	var want [][]string
	var csv strings.Builder
	csv.WriteString("id,big,small,money,sum,day,at\n")
	for i := range 20_000 {
		day := time.Date(1900+rng.IntN(125), time.Month(1+rng.IntN(2)), 1+rng.IntN(28), 0, 0, 0, 0, time.UTC)
		row := []string{
			fmt.Sprint(i), whole(math.MinInt64, math.MaxInt64), whole(math.MinInt32, math.MaxInt32),
			cents(whole(-999_999_999_999_999_999, 999_999_999_999_999_999), 2), cents(whole(math.MinInt64, math.MaxInt64), 4),
			day.Format(time.DateOnly), day.Add(time.Duration(rng.Int64N(86_400_000_000)) * time.Microsecond).Format("2006-01-02 15:04:05.000000"),
		}
		if rng.IntN(9) == 0 {
			row[6] = ""
		}
		if i < 5000 { // some thousand rows of one month, where files have pages without any value
			row[1], row[5] = "", "2025-01-01"
		}
		want = append(want, row)
		csv.WriteString(strings.Join(row, ",") + "\n")
	}
	dir := t.TempDir()
	landed := landCSV(t, dir, csv.String())

	e, err := warehouse.Open(t.Context(), warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	rows, err := e.Query(t.Context(), `SELECT id::VARCHAR, big::VARCHAR, small::VARCHAR, money::VARCHAR, "sum"::VARCHAR, "day"::VARCHAR,
		strftime("at", '%Y-%m-%d %H:%M:%S.%f') FROM read_parquet(`+warehouse.Quote(filepath.Join(dir, "lake/ods/test_reading/*/*.parquet"))+`) ORDER BY id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got [][]string
	for rows.Next() {
		cells := make([]sql.NullString, 7)
		dest := make([]any, len(cells))
		for i := range cells {
			dest[i] = &cells[i]
		}
		if err := rows.Scan(dest...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = c.String
		}
		got = append(got, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if landed != int64(len(want)) {
		t.Errorf("%d rows landed of %d", landed, len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff[:min(len(diff), 4000)])
	}
}

// landCSV loads a file of readings into the lake below dir.
func landCSV(t *testing.T, dir, text string) int64 {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "readings.csv"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cat, err := models.Load(fstest.MapFS{"test/ods_reading.yaml": &fstest.MapFile{Data: []byte(readings)}})
	if err != nil {
		t.Fatal(err)
	}
	keys, err := privacy.KeysFromHex(strings.Repeat("1a", 32), strings.Repeat("2b", 32))
	if err != nil {
		t.Fatal(err)
	}
	led, err := ledger.Open(t.Context(), filepath.Join(dir, "ledger.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer led.Close()
	cfg := ingest.Config{Name: "readings", Type: "files", Table: "ods.test_reading", Columns: map[string]string{}, Files: ingest.FilesConfig{Path: "*.csv"}}
	for _, c := range []string{"id", "big", "small", "money", "sum", "day", "at"} {
		cfg.Columns[c] = c
	}
	src, err := files.Open(cfg, cfg.Fields(), dir)
	if err != nil {
		t.Fatal(err)
	}
	l := &ingest.Loader{
		Dir: dir, Ledger: led, Catalog: cat, Regions: &region.Tree{}, Keys: keys,
		Location: time.UTC, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	rep, err := l.Load(t.Context(), 1, cfg, src)
	if err != nil || len(rep.Failures) > 0 {
		t.Fatal(err, rep.Failures)
	}
	return rep.Landed
}
