package reader

import (
	"context"
	"sync"
)

// slots bound how many statements of one account run at a time, and how many
// wait.
type slots struct {
	queue int

	mu       *sync.Mutex
	accounts map[string]*slot
}

type slot struct {
	running chan struct{}
	waiting int
}

func newSlots(queue int) slots {
	return slots{queue: queue, mu: &sync.Mutex{}, accounts: map[string]*slot{}}
}

// acquire waits for one of an account's n places. release gives it back and may
// be called more than once.
func (s slots) acquire(ctx context.Context, name string, n int) (release func(), err error) {
	s.mu.Lock()
	mine := s.accounts[name]
	if mine == nil || cap(mine.running) != n {
		mine = &slot{running: make(chan struct{}, n)}
		s.accounts[name] = mine
	}
	if mine.waiting >= s.queue {
		s.mu.Unlock()
		return nil, &Error{Code: codeTooMany, Message: "too many statements of this account wait", Try: "again in a while, or fewer at a time"}
	}
	mine.waiting++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		mine.waiting--
		s.mu.Unlock()
	}()
	select {
	case mine.running <- struct{}{}:
		return sync.OnceFunc(func() { <-mine.running }), nil
	case <-ctx.Done():
		return nil, waited(ctx)
	}
}
