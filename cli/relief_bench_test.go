package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"zhicang/demo/assist"
)

// BenchmarkReliefIncrement compares a day's claims with the first build of the
// 民政 part over a year and a half. ZHICANG_BENCH_HOUSEHOLDS changes its size.
func BenchmarkReliefIncrement(b *testing.B) {
	households := assist.DefaultHouseholds
	if s := os.Getenv("ZHICANG_BENCH_HOUSEHOLDS"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatal(err)
		}
		households = n
	}
	for b.Loop() {
		start := time.Now()
		r := makeRelief(b, assist.Options{Seed: 1, Households: households})
		full := time.Since(start)
		var day strings.Builder
		day.WriteString("结算单号,证件号码,姓名,医疗总费用,个人自负,结算日期,更新日期\n")
		for i, f := range r.truth.Near {
			if len(f.Subject) == 18 {
				fmt.Fprintf(&day, "DAY%d,%s,某某,1.00,0.10,2025-12-31,2025-12-31\n", i, f.Subject)
			}
		}
		writeFile(b, filepath.Join(r.dir, "drop", "医保局", "day.csv"), day.String())
		start = time.Now()
		b.Log(mustZhicang(b, "-c", r.config, "run", "--as-of", r.truth.AsOf))
		increment := time.Since(start)
		start = time.Now()
		mustZhicang(b, "-c", r.config, "run", "--as-of", r.truth.AsOf)
		b.ReportMetric(full.Seconds(), "full-s")
		b.ReportMetric(increment.Seconds(), "increment-s")
		b.ReportMetric(100*increment.Seconds()/full.Seconds(), "%-of-full")
		b.ReportMetric(time.Since(start).Seconds(), "idle-s")
	}
}
