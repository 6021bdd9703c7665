package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zhicang/demo/industry"
	"zhicang/demo/yunxi"
	"zhicang/transform"
)

// readersSize is how much the departments of the three readers hand over.
type readersSize struct {
	pool        int // 民政: records of three years, about
	enterprises int // 经信: three years of daily readings of each
	duties      int // 人大: records of two years, about
}

// The sizes that issue 5 names; ZHICANG_BENCH_READERS=full asks for them.
var (
	fullReaders  = readersSize{pool: 2_000_000, enterprises: industry.DefaultEnterprises, duties: 200_000}
	smallReaders = readersSize{pool: 150_000, enterprises: 1000, duties: 16_000}
)

// benchEve is the day of the full build; the increments are the three days after
// it, of which the last ends month and year.
var benchEve = time.Date(2025, 12, 28, 0, 0, 0, 0, time.UTC)

// BenchmarkThreeReaders builds what each of the three readers is served with in
// full, then as of each of the three next days with that day's records: seconds by
// the clock and of processor time, by table, and the peak of memory.
func BenchmarkThreeReaders(b *testing.B) {
	size := smallReaders
	if os.Getenv("ZHICANG_BENCH_READERS") == "full" {
		size = fullReaders
	}
	writers := map[string]func(testing.TB, string, readersSize) string{
		"assist": writePool, "industry": writeReadings, "congress": writeDuties,
	}
	for name, readers := range map[string][]string{
		"assist": {"assist"}, "industry": {"industry"}, "congress": {"congress"}, "all": {"assist", "industry", "congress"},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				benchReaders(b, size, writers, readers)
			}
		})
	}
}

func benchReaders(b *testing.B, size readersSize, writers map[string]func(testing.TB, string, readersSize) string, readers []string) {
	b.StopTimer()
	dir := b.TempDir()
	if keep := os.Getenv("ZHICANG_BENCH_DIR"); keep != "" { // to look at what was made
		dir = filepath.Join(keep, strings.Join(readers, "-"))
	}
	config := "data_dir: ./data\nregion: \"339921\"\nsite: ./site\nsources:\n"
	for _, r := range readers {
		config += writers[r](b, dir, size)
	}
	writeFile(b, filepath.Join(dir, "zhicang.yaml"), config)
	writeFile(b, filepath.Join(dir, "site", "region.csv"), yunxi.RegionCSV())
	debug.FreeOSMemory()
	b.StartTimer()
	full := measureRun(b, dir, "full build", benchEve)
	var worst, idle measured
	for i := range 3 {
		deliver(b, dir, i+1)
		more := measureRun(b, dir, fmt.Sprintf("day %d", i+1), benchEve.AddDate(0, 0, i+1))
		b.ReportMetric(100*more.cpu.Seconds()/full.cpu.Seconds(), fmt.Sprintf("day-%d-%%-of-full-by-cpu", i+1))
		b.ReportMetric(100*more.wall.Seconds()/full.wall.Seconds(), fmt.Sprintf("day-%d-%%-of-full", i+1))
		if more.cpu > worst.cpu {
			worst = more
		}
	}
	idle = measureRun(b, dir, "nothing new", benchEve.AddDate(0, 0, 3))
	for what, m := range map[string]measured{"full": full, "increment": worst, "idle": idle} {
		b.ReportMetric(m.cpu.Seconds(), what+"-cpu-s")
		b.ReportMetric(m.wall.Seconds(), what+"-s")
		b.ReportMetric(m.peak/1e6, what+"-peak-MB")
	}
}

// deliver moves the files of a day to where the sources look for them.
func deliver(tb testing.TB, dir string, day int) {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("day%d", day), "*", "*"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("day %d: no files, %v", day, err)
	}
	for _, f := range files {
		to := filepath.Join(dir, "drop", filepath.Base(filepath.Dir(f)), filepath.Base(f))
		if err := os.Rename(f, to); err != nil {
			tb.Fatal(err)
		}
	}
}

// measured is what a run cost.
type measured struct {
	wall, cpu time.Duration
	peak      float64 // resident bytes at most
}

// measureRun does what `zhicang run` does and logs what it cost, by phase and
// table, the heaviest first.
func measureRun(b *testing.B, dir, what string, asOf time.Time) measured {
	b.Helper()
	resetPeak()
	type part struct {
		name      string
		wall, cpu time.Duration
	}
	start, startCPU := time.Now(), processorTime(b)
	var parts []part
	var last part // the open one, with where it began
	begin := func(name string) {
		now := part{name, time.Since(start), processorTime(b)}
		if last.name != "" {
			parts = append(parts, part{last.name, now.wall - last.wall, now.cpu - last.cpu})
		}
		last = now
	}
	begin("(open)")
	e := &env{config: filepath.Join(dir, "zhicang.yaml"), out: os.Stderr, err: os.Stderr, now: time.Now}
	var res transform.Result
	err := func() (err error) {
		ctx := b.Context()
		a, err := e.openToWrite(ctx, "bench")
		if err != nil {
			return err
		}
		defer func() { begin("(close)"); err = errors.Join(err, a.Close()); begin("") }()
		begin("(graph)")
		runner, err := a.runner(ctx, asOf)
		if err != nil {
			return err
		}
		var rep runReport
		if rep.Run, err = a.ledger.BeginRun(ctx, "run", asOf.Format(time.DateOnly)); err != nil {
			return err
		}
		begin("(load)")
		if err := a.ingest(ctx, &rep, nil, nil); err != nil {
			return err
		}
		begin("(what is stale)")
		runner.Progress = func(_, _ int, table string) { begin(table) }
		if res, err = runner.Run(ctx, rep.Run, transform.Options{}); err != nil {
			return err
		}
		begin("(platform)")
		return errors.Join(append(rep.errs, res.Err(), a.finish(context.WithoutCancel(ctx), &rep, "ok"))...)
	}()
	if err != nil {
		b.Fatal(err)
	}
	m := measured{wall: time.Since(start), cpu: processorTime(b) - startCPU, peak: peakMemory()}
	slices.SortStableFunc(parts, func(x, y part) int { return int(y.cpu - x.cpu) })
	var out strings.Builder
	fmt.Fprintf(&out, "%s: %.2f s, %.2f s of processor time, %.0f MB at most\n", what, m.wall.Seconds(), m.cpu.Seconds(), m.peak/1e6)
	for _, p := range parts {
		note := ""
		for _, t := range res.Tables {
			if t.Table == p.name && t.State != transform.Skipped {
				note = fmt.Sprintf("%8d rows  %s  %s", t.Rows, months(t.Months), cut(t.Reason, 70))
			}
		}
		if p.cpu >= m.cpu/200 || (note != "" && p.cpu > 10*time.Millisecond) {
			fmt.Fprintf(&out, "  %-36s %7.2f s %7.2f cpu-s %5.1f %%  %s\n", p.name, p.wall.Seconds(), p.cpu.Seconds(), 100*p.cpu.Seconds()/m.cpu.Seconds(), note)
		}
	}
	fmt.Fprintln(os.Stderr, out.String()) // b.Log would cut it
	return m
}

// resetPeak forgets the process's peak of memory, where the system lets us.
func resetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o200)
}

// peakMemory is how much memory the process had at most, in bytes; 0 where the
// system does not say.
func peakMemory() float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	m := regexp.MustCompile(`VmHWM:\s*(\d+) kB`).FindSubmatch(data)
	if m == nil {
		return 0
	}
	kb, err := strconv.ParseFloat(string(m[1]), 64)
	if err != nil {
		return 0
	}
	return kb * 1024
}
