package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"zhicang/demo"
	"zhicang/warehouse"
)

// messages is how many messages the benchmarks use; ZHICANG_BENCH_MESSAGES
// changes it.
func messages(b *testing.B, def int) int {
	b.Helper()
	s := os.Getenv("ZHICANG_BENCH_MESSAGES")
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

const benchConfig = `region: "339921"
site: ./site
sources:
  - name: bench
    type: files
    path: ./drop/*.csv
    table: ods.congress_opinion
    columns: {opinion_id: opinion_id, submitter_id: submitter_id, submitter_name: submitter_name, submitter_phone: phone, title: title, submitted_at: submitted_at, body: body, likes: likes, dislikes: dislikes, region_code: region_code}
    constants: {channel: 网络问政}
`

// benchSite makes a site with one CSV a year, n messages in all, and returns
// the newest year's file.
func benchSite(b *testing.B, n int, years ...int) (dir, newest string) {
	b.Helper()
	dir = b.TempDir()
	if _, err := demo.Write(b.Context(), dir, demo.Options{Seed: 1, Messages: 6000, Households: 500}); err != nil {
		b.Fatal(err)
	}
	for _, old := range []string{"drop", "api"} {
		if err := os.RemoveAll(filepath.Join(dir, old)); err != nil {
			b.Fatal(err)
		}
	}
	writeFile(b, filepath.Join(dir, "bench.yaml"), benchConfig)
	if err := os.MkdirAll(filepath.Join(dir, "drop"), 0o755); err != nil {
		b.Fatal(err)
	}
	for i, year := range years {
		newest = filepath.Join(dir, "drop", fmt.Sprintf("%d.csv", year))
		f, err := os.Create(newest)
		if err != nil {
			b.Fatal(err)
		}
		opts := demo.Options{Seed: uint64(i + 1), Messages: n / len(years), Year: year}
		if err := errors.Join(demo.WriteCSV(b.Context(), f, opts), f.Close()); err != nil {
			b.Fatal(err)
		}
	}
	return dir, newest
}

// BenchmarkLoadAgainstCopy compares loading a CSV into checked, de-identified
// Parquet with the engine's own COPY of the same file, which does neither: by the
// clock, and by the processor time that each of them uses, which is the steadier
// figure on a machine that others use too.
func BenchmarkLoadAgainstCopy(b *testing.B) {
	n := messages(b, 200_000)
	dir, path := benchSite(b, n, 2025)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	var load, copied, loadCPU, copyCPU time.Duration
	for b.Loop() {
		if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
			b.Fatal(err)
		}
		cpu := processorTime(b)
		load += timed(b, func() error { return loadOnly(b.Context(), filepath.Join(dir, "bench.yaml")) })
		loaded := processorTime(b)
		copied += timed(b, func() error { return copyOnly(b.Context(), path, filepath.Join(dir, "copy.parquet")) })
		loadCPU, copyCPU = loadCPU+loaded-cpu, copyCPU+processorTime(b)-loaded
	}
	mb := float64(info.Size()) / 1e6 * float64(b.N)
	b.ReportMetric(copied.Seconds()/load.Seconds(), "of-COPY-speed")
	b.ReportMetric(copyCPU.Seconds()/loadCPU.Seconds(), "of-COPY-speed-by-cpu")
	b.ReportMetric(loadCPU.Seconds()/float64(b.N), "load-cpu-s")
	b.ReportMetric(mb/load.Seconds(), "load-MB/s")
	b.ReportMetric(mb/copied.Seconds(), "copy-MB/s")
	b.ReportMetric(float64(n), "messages")
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	b.ReportMetric(float64(mem.Sys)/1e6, "go-heap-MB")
}

// processorTime is what the process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func timed(b *testing.B, fn func() error) time.Duration {
	b.Helper()
	start := time.Now()
	if err := fn(); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

func loadOnly(ctx context.Context, config string) error {
	e := &env{config: config, out: os.Stderr, err: os.Stderr, now: time.Now}
	a, err := e.openToWrite(ctx, "bench")
	if err != nil {
		return err
	}
	var rep runReport
	err = errors.Join(a.ingest(ctx, &rep, nil, nil), a.Close())
	return errors.Join(append(rep.errs, err)...)
}

func copyOnly(ctx context.Context, csv, parquet string) error {
	e, err := warehouse.Open(ctx, warehouse.Options{})
	if err != nil {
		return err
	}
	err = e.Exec(ctx, fmt.Sprintf("COPY (SELECT * FROM read_csv(%s)) TO %s (FORMAT parquet, COMPRESSION zstd)", warehouse.Quote(csv), warehouse.Quote(parquet)))
	return errors.Join(err, e.Close())
}

// BenchmarkIncrement compares a full run over three years with one that finds
// 1 % more messages, all of the last days, and with one that finds nothing new.
func BenchmarkIncrement(b *testing.B) {
	n := messages(b, 100_000)
	dir, path := benchSite(b, n, 2023, 2024, 2025)
	config := filepath.Join(dir, "bench.yaml")
	held := holdBack(b, path, n/100)
	var full, idle, more time.Duration
	for b.Loop() {
		if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
			b.Fatal(err)
		}
		last := filepath.Join(dir, "drop", "more.csv")
		if err := os.Remove(last); err != nil && !errors.Is(err, os.ErrNotExist) {
			b.Fatal(err)
		}
		report := ""
		run := func() error { report = mustZhicang(b, "-c", config, "run", "--as-of", "2025-12-31"); return nil }
		full += timed(b, run)
		fmt.Fprintln(os.Stderr, report)
		idle += timed(b, run)
		writeFile(b, last, held)
		more += timed(b, run)
		fmt.Fprintln(os.Stderr, report)
	}
	b.ReportMetric(100*more.Seconds()/full.Seconds(), "%-of-full-for-1%-new")
	b.ReportMetric(full.Seconds()/float64(b.N), "full-s")
	b.ReportMetric(more.Seconds()/float64(b.N), "increment-s")
	b.ReportMetric(idle.Seconds()/float64(b.N), "idle-s")
	b.ReportMetric(float64(n), "messages")
}

// holdBack takes the last rows of a CSV out of it and returns them as a CSV of
// their own. The generator writes in order of time.
func holdBack(b *testing.B, path string, rows int) string {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	records, err := csv.NewReader(f).ReadAll()
	if err := errors.Join(err, f.Close()); err != nil {
		b.Fatal(err)
	}
	write := func(records [][]string) string {
		var buf bytes.Buffer
		if err := csv.NewWriter(&buf).WriteAll(records); err != nil {
			b.Fatal(err)
		}
		return buf.String()
	}
	cut := len(records) - rows
	writeFile(b, path, write(records[:cut]))
	return write(append([][]string{records[0]}, records[cut:]...))
}
