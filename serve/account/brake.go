package account

import (
	"context"
	"slices"
	"sync"
	"time"
)

// How wrong passwords are slowed. From one address against one account each
// failure doubles the wait; many accounts from one address, or one account from
// many addresses, are slowed as well, but only after more failures, since a
// colleague behind the same gateway must still get in. Nobody is locked out:
// that would let anybody lock out anybody.
const (
	firstDelay = 250 * time.Millisecond
	maxDelay   = 10 * time.Second
	// sharedGrace is how many failures of one address, or against one account,
	// pass before they are slowed as a whole.
	sharedGrace = 20
	// forgetAfter is how long after the last failure it is forgotten.
	forgetAfter = 15 * time.Minute
	// maxTracked bounds what attackers can make us remember.
	maxTracked = 20_000
)

// brake counts failures. An attempt counts as failed from its beginning.
type brake struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error

	mu     sync.Mutex
	failed map[trackKey]track
}

// trackKey is an account, an address, or both.
type trackKey struct{ name, from string }

type track struct {
	failures int
	last     time.Time
}

func newBrake(now func() time.Time, sleep func(context.Context, time.Duration) error) *brake {
	if now == nil {
		now = time.Now
	}
	if sleep == nil {
		sleep = wait
	}
	return &brake{now: now, sleep: sleep, failed: map[trackKey]track{}}
}

// wait sleeps, or returns the context's error.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b *brake) attempt(ctx context.Context, name, from string) (done func(ok bool), err error) {
	pair, byName, byFrom := trackKey{name, from}, trackKey{name: name}, trackKey{from: from}
	b.mu.Lock()
	delay := max(b.count(pair, 0), b.count(byName, sharedGrace), b.count(byFrom, sharedGrace))
	b.prune()
	b.mu.Unlock()
	if delay > 0 {
		if err := b.sleep(ctx, delay); err != nil {
			return nil, err
		}
	}
	var settled sync.Once
	return func(ok bool) {
		settled.Do(func() {
			if ok {
				b.succeeded(pair, byName, byFrom)
			}
		})
	}, nil
}

// count adds a failure to what a key has had, and returns how long to wait for
// those before it, of which the first few are free.
func (b *brake) count(k trackKey, free int) time.Duration {
	t, now := b.failed[k], b.now()
	if now.Sub(t.last) > forgetAfter {
		t.failures = 0
	}
	before := t.failures - free
	b.failed[k] = track{t.failures + 1, now}
	if before <= 0 {
		return 0
	}
	return min(firstDelay<<min(before-1, 10), maxDelay)
}

// succeeded forgets what the pair has had, and takes back what the attempt
// added elsewhere: one right password does not clear others' wrong ones.
func (b *brake) succeeded(pair, byName, byFrom trackKey) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.failed, pair)
	for _, k := range []trackKey{byName, byFrom} {
		if t, ok := b.failed[k]; ok && t.failures > 1 {
			b.failed[k] = track{t.failures - 1, t.last}
		} else {
			delete(b.failed, k)
		}
	}
}

// prune keeps the memory bounded: what is forgotten anyway goes first, then the
// older half.
func (b *brake) prune() {
	if len(b.failed) <= maxTracked {
		return
	}
	now := b.now()
	var moments []time.Time
	for k, t := range b.failed {
		if now.Sub(t.last) > forgetAfter {
			delete(b.failed, k)
			continue
		}
		moments = append(moments, t.last)
	}
	if len(moments) <= maxTracked/2 {
		return
	}
	slices.SortFunc(moments, time.Time.Compare)
	middle := moments[len(moments)/2]
	for k, t := range b.failed {
		if !t.last.After(middle) {
			delete(b.failed, k)
		}
	}
}
