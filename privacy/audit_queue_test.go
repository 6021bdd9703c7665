package privacy

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Many write at once, beside another log of the same file: every entry is there
// once and the chain holds.
func TestAuditQueue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	log := OpenAudit(path, time.Now)
	q, other := NewAuditQueue(log), NewAuditQueue(OpenAudit(path, time.Now))
	var wg sync.WaitGroup
	const writers, each = 50, 6
	for i := range writers {
		wg.Go(func() {
			for range each {
				queue := q
				if i%5 == 0 {
					queue = other
				}
				if err := queue.Record(t.Context(), Entry{Who: "w", Action: "query", Object: "SELECT 1", Reason: "test", Outcome: "ok"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	head, err := log.Verify(t.Context())
	if err != nil || head.Seq != writers*each {
		t.Errorf("%d lines, %v", head.Seq, err)
	}
}

// An entry that cannot be written does not take those beside it with it.
func TestAuditQueueWithABadEntry(t *testing.T) {
	log := OpenAudit(filepath.Join(t.TempDir(), "audit.jsonl"), time.Now)
	q := NewAuditQueue(log)
	good := Entry{Who: "w", Action: "query", Object: "x", Reason: "test"}
	bad := good
	bad.Object = strings.Repeat("x", maxAuditLine)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			e := good
			if i%10 == 0 {
				e = bad
			}
			if err := q.Record(t.Context(), e); (err != nil) != (i%10 == 0) {
				t.Errorf("entry %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if head, err := log.Verify(t.Context()); err != nil || head.Seq != 36 {
		t.Errorf("%d lines, %v", head.Seq, err)
	}
}

// Who gives up waiting is told so; the entry is written all the same.
func TestAuditQueueAfterCancel(t *testing.T) {
	log := OpenAudit(filepath.Join(t.TempDir(), "audit.jsonl"), time.Now)
	q := NewAuditQueue(log)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e := Entry{Who: "w", Action: "query", Object: "x", Reason: "test"}
	_ = q.Record(ctx, e) // either way
	if err := q.Record(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	if head, err := log.Verify(t.Context()); err != nil || head.Seq != 2 {
		t.Errorf("%d lines, %v", head.Seq, err)
	}
}

func BenchmarkAudit(b *testing.B) {
	e := Entry{Who: "w", Action: "query", Object: "SELECT 1", Reason: "test"}
	b.Run("alone", func(b *testing.B) {
		log := OpenAudit(filepath.Join(b.TempDir(), "audit.jsonl"), time.Now)
		for b.Loop() {
			if _, err := log.Append(b.Context(), e); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("fifty together", func(b *testing.B) {
		q := NewAuditQueue(OpenAudit(filepath.Join(b.TempDir(), "audit.jsonl"), time.Now))
		b.SetParallelism(25)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := q.Record(b.Context(), e); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
