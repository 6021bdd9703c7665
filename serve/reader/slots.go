package reader

import (
	"context"
	"sync"
)

// A door is one of an account's two ways in: the pages, or PostgreSQL. Each has
// places of its own, so that whoever has a board open can still be answered in
// a client of PostgreSQL, and the other way round.
type door struct {
	account  string
	postgres bool
}

// slots bound how many statements of one account run at a time at one door, and
// how many wait.
type slots struct {
	queue int

	mu    *sync.Mutex
	doors map[door]*slot
}

type slot struct {
	running chan struct{}
	waiting int
}

func newSlots(queue int) slots {
	return slots{queue: queue, mu: &sync.Mutex{}, doors: map[door]*slot{}}
}

// acquire waits for one of a door's n places. release gives it back and may
// be called more than once.
func (s slots) acquire(ctx context.Context, d door, n int) (release func(), err error) {
	s.mu.Lock()
	mine := s.doors[d]
	if mine == nil || cap(mine.running) != n {
		mine = &slot{running: make(chan struct{}, n)}
		s.doors[d] = mine
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
