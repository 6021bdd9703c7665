package privacy

import (
	"context"
	"sync"
)

// An AuditQueue lets many goroutines write one log at the price of few
// writings: entries that come while the disk is busy go there together, in the
// next one. Nothing is acknowledged before it is on disk.
type AuditQueue struct {
	log *AuditLog

	mu      sync.Mutex
	writing bool
	waiting []queued
}

type queued struct {
	entry Entry
	done  chan error
}

// maxTogether bounds one writing.
const maxTogether = 512

// NewAuditQueue gives a queue before a log. Others, of this process or another,
// may write the same log beside it.
func NewAuditQueue(log *AuditLog) *AuditQueue { return &AuditQueue{log: log} }

// Record adds an entry and returns when it is on disk. An error means that it
// is not, or, where it is the context's, that nobody knows.
func (q *AuditQueue) Record(ctx context.Context, e Entry) error {
	mine := queued{e, make(chan error, 1)}
	q.mu.Lock()
	q.waiting = append(q.waiting, mine)
	if !q.writing {
		q.writing = true
		go q.write()
	}
	q.mu.Unlock()
	select {
	case err := <-mine.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// write writes what waits until nothing does.
func (q *AuditQueue) write() {
	for {
		q.mu.Lock()
		n := min(len(q.waiting), maxTogether)
		batch := q.waiting[:n:n]
		q.waiting = q.waiting[n:]
		if n == 0 {
			q.writing, q.waiting = false, nil
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		entries := make([]Entry, n)
		for i, b := range batch {
			entries[i] = b.entry
		}
		// Whoever gave up waiting has asked all the same.
		_, err := q.log.AppendAll(context.Background(), entries)
		if err != nil && n > 1 {
			q.oneByOne(batch)
			continue
		}
		for _, b := range batch {
			b.done <- err
		}
	}
}

// oneByOne writes entries apart, so that one that cannot be written does not
// take the others with it.
func (q *AuditQueue) oneByOne(batch []queued) {
	for _, b := range batch {
		_, err := q.log.Append(context.Background(), b.entry)
		b.done <- err
	}
}
