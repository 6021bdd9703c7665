package cli

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

// trials is how many disturbed runs TestChaos makes; ZHICANG_CHAOS_TRIALS
// changes it (`make chaos` makes 200). Every second one is killed.
// ZHICANG_CHAOS_KIND names the one disturbance that all of them make instead.
const trials = 20

// TestChaos disturbs runs: kill -9, connections to an API and to a database cut, answers half given, a full
// disk, a clock that jumps, two processes at once. After each, the next run must
// end with exactly the rows of an undisturbed run; and whatever readers open
// meanwhile must be whole.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("disturbing runs takes minutes; run without -short")
	}
	n := trials
	if s := os.Getenv("ZHICANG_CHAOS_TRIALS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	only := os.Getenv("ZHICANG_CHAOS_KIND")
	kinds := disturbances
	if only != "" {
		kinds = slices.DeleteFunc(slices.Clone(kinds), func(d disturbance) bool { return d.name != only })
		if len(kinds) == 0 {
			t.Fatalf("there is no disturbance %q", only)
		}
	}
	c := newChaos(t)
	tried, done := map[string]int{}, map[string]int{}
	for i := range n {
		rnd := rand.New(rand.NewPCG(20, uint64(i)))
		kind := kinds[0]
		if i%2 == 1 && only == "" {
			kind = kinds[1+i/2%(len(kinds)-1)]
		}
		before := rnd.IntN(len(c.states))
		c.restore(t, before)
		watch := c.watch(t, before)
		hit := kind.disturb(t, c, rnd)
		watch()
		c.mend()
		tried[kind.name]++
		if hit {
			done[kind.name]++
		}
		if _, errs, code := c.run(t); code != 0 {
			t.Fatalf("trial %d (%s from %s): the next run failed:\n%s", i, kind.name, c.states[before].name, errs)
		}
		if got := c.published(t); got != c.whole {
			t.Fatalf("trial %d (%s from %s): the next run published other rows than an undisturbed one", i, kind.name, c.states[before].name)
		}
		kind.undo(t, c)
		t.Logf("trial %d: %s from %s, hit %t", i, kind.name, c.states[before].name, hit)
	}
	t.Logf("%d trials; runs that were hit: %v", n, done)
	for _, k := range kinds {
		// One that was tried once may have come too late.
		if tried[k.name] > 1 && done[k.name] == 0 && !c.cannot[k.name] {
			t.Errorf("no run was hit by %q: nothing is proved about it", k.name)
		}
	}
}

// A disturbance of a run. It reports whether it hit: a run may end before.
type disturbance struct {
	name    string
	disturb func(t *testing.T, c *chaos, rnd *rand.Rand) bool
	after   func(t *testing.T, c *chaos)
}

func (d disturbance) undo(t *testing.T, c *chaos) {
	if d.after != nil {
		d.after(t, c)
	}
}

var disturbances = []disturbance{
	{name: "kill -9", disturb: kill},
	{name: "connection cut", disturb: func(t *testing.T, c *chaos, rnd *rand.Rand) bool { return c.spoil(t, rnd, cutOff) }},
	{name: databaseCut, disturb: cutDatabase},
	{name: "disk full", disturb: fillDisk, after: unmount},
	{name: "half an answer", disturb: func(t *testing.T, c *chaos, rnd *rand.Rand) bool { return c.spoil(t, rnd, halfAnswer) }},
	{name: "clock jump", disturb: jump},
	{name: "two processes", disturb: twoAtOnce},
}

// watch reads what is published, over and over, until it is stopped: all of
// it must be there, as one of the runs would have published it.
func (c *chaos) watch(t *testing.T, before int) (stop func()) {
	t.Helper()
	dir := filepath.Join(c.dir, "data", "published")
	ended, wrong := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(wrong)
		for {
			select {
			case <-ended:
				return
			default:
			}
			c.moving.Lock()
			digest, err := publishedDigest(context.Background(), dir)
			c.moving.Unlock()
			// A reader that opens by name may come just after a switch, and
			// find that the file before is gone: it asks again.
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				wrong <- err.Error()
				return
			}
			if !slices.Contains([]string{"", c.noAPI, c.noDatabase, c.whole}, digest) {
				wrong <- "readers saw rows that no whole run publishes"
				return
			}
		}
	}()
	return func() {
		close(ended)
		for msg := range wrong {
			t.Fatalf("from %s: %s", c.states[before].name, msg)
		}
	}
}
