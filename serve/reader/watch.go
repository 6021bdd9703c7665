package reader

import (
	"bytes"
	"context"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// watch breaks statements off when the process becomes too large. The engine
// does not count all that it takes against its memory limit: a median keeps
// every value that it has met on the side, and a billion of them would end the
// process. It looks only while statements run, and only where /proc tells.
type watch struct {
	limit int64 // bytes of the process

	mu      sync.Mutex
	running []*watched // oldest first
	looking bool
}

type watched struct {
	kill context.CancelCauseFunc
	// least is the smallest that the process has been while the statement ran.
	// What a large statement before it took may take a while to go, or stay
	// with the allocator; that is not this one's doing.
	least int64
}

const (
	lookEvery = 20 * time.Millisecond
	// slack is what the process may take beside the engine's limit, which is
	// met by the engine first where it counts.
	slack = 512 << 20
	// growth is what a statement may have added when the process is too large.
	growth = 32 << 20
)

// newWatch allows for the memory limit on top of what the process has now.
func newWatch(memoryLimit string) *watch {
	return &watch{limit: resident() + amount(memoryLimit) + slack}
}

// add watches over a statement until the returned function is called.
func (w *watch) add(kill context.CancelCauseFunc) (remove func()) {
	mine := &watched{kill, math.MaxInt64}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = append(w.running, mine)
	if !w.looking {
		w.looking = true
		go w.look()
	}
	return func() { w.remove(mine) }
}

func (w *watch) remove(one *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, r := range w.running {
		if r == one {
			w.running = append(w.running[:i:i], w.running[i+1:]...)
			return
		}
	}
}

// look ends when no statement runs. Of those that do, the oldest is broken off
// first: it has had the most time to grow.
func (w *watch) look() {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for range tick.C {
		now := resident()
		w.mu.Lock()
		if len(w.running) == 0 {
			w.looking = false
			w.mu.Unlock()
			return
		}
		w.judge(now)
		w.mu.Unlock()
	}
}

// judge breaks off the oldest statement under which the process has grown too
// large.
func (w *watch) judge(now int64) {
	killed := false
	for i, r := range w.running {
		r.least = min(r.least, now)
		if !killed && now > w.limit && now-r.least > growth {
			killed = true
			r.kill(errMemory)
			w.running = append(w.running[:i:i], w.running[i+1:]...)
		}
	}
}

// resident is how many bytes of memory the process has; 0 where nobody tells.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(data)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// amount reads what the engine takes as an amount of memory, such as 2GB.
func amount(s string) int64 {
	s = strings.TrimSpace(s)
	unit := strings.TrimLeft(s, "0123456789. ")
	n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(s, unit)), 64)
	if err != nil {
		return 0 // the engine refuses it when it is opened
	}
	shift := map[byte]int{'K': 10, 'M': 20, 'G': 30, 'T': 40}
	if unit == "" {
		return int64(n)
	}
	return int64(n * float64(int64(1)<<shift[unit[0]&^0x20]))
}
