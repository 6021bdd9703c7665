package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// jumpClock, when it is set, makes the clock of a process of this binary jump
// after some readings: "20 -36h".
const jumpClock = "ZHICANG_TEST_CLOCK"

func jumpingClock() func() time.Time {
	var after int64
	var by string
	if _, err := fmt.Sscan(os.Getenv(jumpClock), &after, &by); err != nil {
		return time.Now
	}
	jump, err := time.ParseDuration(by)
	if err != nil {
		return time.Now
	}
	var readings atomic.Int64
	return func() time.Time {
		if readings.Add(1) > after {
			return time.Now().Add(jump)
		}
		return time.Now()
	}
}

// kill ends a run by SIGKILL at a random moment.
func kill(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.Int64N(int64(c.took))))
	defer cancel()
	out, err := c.process(ctx, t).CombinedOutput()
	if err != nil && ctx.Err() == nil {
		t.Fatalf("run: %v\n%s", err, out)
	}
	return err != nil
}

// jump makes the clock jump by up to half a year, to and fro.
func jump(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	by := time.Duration(rnd.IntN(2*180*24)-180*24) * time.Hour
	out, err := c.process(t.Context(), t, fmt.Sprintf("%s=%d %s", jumpClock, rnd.IntN(60), by)).CombinedOutput()
	if err != nil {
		t.Fatalf("a run whose clock jumps by %s: %v\n%s", by, err, out)
	}
	return true
}

// twoAtOnce starts a second run while the first is on. One of them may find
// that it is not alone, and must say so.
func twoAtOnce(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	type result struct {
		out []byte
		err error
	}
	first := make(chan result, 1)
	cmd := c.process(t.Context(), t)
	go func() {
		out, err := cmd.CombinedOutput()
		first <- result{out, err}
	}()
	time.Sleep(time.Duration(rnd.Int64N(int64(c.took)))) // a random moment is the disturbance itself
	out, err := c.process(t.Context(), t).CombinedOutput()
	one := <-first
	if one.err != nil && err != nil {
		t.Fatalf("two runs at once, and none was made:\n%s\n%s", one.out, out)
	}
	refused := false
	for _, r := range []result{one, {out, err}} {
		if r.err == nil {
			continue
		}
		refused = true
		if !strings.Contains(string(r.out), "is in use by process") {
			t.Fatalf("a second run says not who is there: %s", r.out)
		}
	}
	return refused
}
