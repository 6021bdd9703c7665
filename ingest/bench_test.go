package ingest

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"testing"
	"time"
)

// cpuTime is what the process has spent on its processors so far: on a machine
// that others use as well, it says more than the clock.
func cpuTime(b *testing.B) time.Duration {
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// messageBatches makes n invented messages in batches as sources deliver them,
// and says how many bytes their values have.
func messageBatches(n int) (batches []Batch, size int64) {
	const perBatch = 4096
	for from := 0; from < n; from += perBatch {
		rows := inventedMessages(from, min(perBatch, n-from))
		for _, row := range rows {
			for _, cell := range row {
				size += int64(len(cell))
			}
		}
		batches = append(batches, messageBatch(int64(from+1), rows...))
	}
	return batches, size
}

// BenchmarkLoad checks, de-identifies and lands 60,000 messages: everything
// but the reading of the source.
func BenchmarkLoad(b *testing.B) {
	const n = 60_000
	batches, size := messageBatches(n)
	h := newHouse(b, map[string]string{"test/ods_message.yaml": messageContract})
	b.SetBytes(size)
	b.ReportAllocs()
	i, start := 0, cpuTime(b)
	for b.Loop() {
		src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: fmt.Sprint("unit", i)}, batches: batches}}}
		i++
		rep, err := h.Load(b.Context(), 1, messageConfig(), src)
		if err != nil || len(rep.Failures) > 0 || rep.Landed != n {
			b.Fatal(err, rep)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64((cpuTime(b)-start).Nanoseconds())/1e3/float64(n*b.N), "cpu-µs/row")
}

// BenchmarkCheck is the check and the de-identification alone.
func BenchmarkCheck(b *testing.B) {
	const n = 4096
	batches, size := messageBatches(n)
	h := newHouse(b, map[string]string{"test/ods_message.yaml": messageContract})
	c, _ := h.Catalog.Contract("ods.test_message")
	ck, err := newChecker(c, messageConfig(), h.Loader)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	b.ReportAllocs()
	for b.Loop() {
		if out := ck.check(batches[0]); out.landed != n {
			b.Fatal(out.landed, out.held[0].reason)
		}
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkMemory loads two million small rows of twelve alternating months,
// and reports the largest heap that was seen after a batch.
func BenchmarkMemory(b *testing.B) {
	const n = 2_000_000
	var months []Batch
	for m := range 12 {
		rows := make([][]string, 8192)
		for i := range rows {
			rows[i] = message(fmt.Sprintf("m%07d", i), map[string]string{"时间": fmt.Sprintf("2024-%02d-01", m+1)})
		}
		months = append(months, messageBatch(1, rows...))
	}
	h := messageHouse(b)
	for b.Loop() {
		src := &memorySource{rows: n, batches: months}
		rep, err := h.Load(b.Context(), 1, messageConfig(), src)
		if err != nil || rep.Landed < n {
			b.Fatal(rep, err)
		}
		b.ReportMetric(float64(src.peak)/(1<<20), "peak-MiB")
	}
	b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// memorySource repeats batches until it has delivered its rows, and looks at
// the heap after each.
type memorySource struct {
	rows    int
	batches []Batch
	peak    uint64
}

func (s *memorySource) Units(context.Context) ([]Unit, error) { return []Unit{{Name: "a"}}, nil }

func (s *memorySource) Read(_ context.Context, _ Unit, _ string, yield func(Batch) error) (Outcome, error) {
	var stats runtime.MemStats
	for i := 0; s.rows > 0; i++ {
		b := s.batches[i%len(s.batches)]
		s.rows -= len(b.Rows)
		if err := yield(b); err != nil {
			return Outcome{}, err
		}
		runtime.ReadMemStats(&stats)
		s.peak = max(s.peak, stats.HeapAlloc)
	}
	return Outcome{}, nil
}
