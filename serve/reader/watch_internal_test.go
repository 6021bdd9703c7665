package reader

import (
	"context"
	"errors"
	"testing"
)

func TestAmountsOfMemory(t *testing.T) {
	for text, want := range map[string]int64{"2GB": 2 << 30, "800 MB": 800 << 20, "1.5GiB": 3 << 29, "1024": 1024, "64KB": 64 << 10, "": 0} {
		if got := amount(text); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}

// The statement under which the process grew is broken off; one that began when
// the process was large already is not.
func TestWatchKillsWhatGrows(t *testing.T) {
	const mb = 1 << 20
	w := &watch{limit: 1000 * mb, looking: true} // the test looks itself
	killed := func(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errMemory) }
	start := func() (context.Context, func()) {
		ctx, kill := context.WithCancelCause(t.Context())
		return ctx, w.add(kill)
	}
	large, removeLarge := start()
	w.judge(200 * mb)
	w.judge(990 * mb)
	if killed(large) {
		t.Error("killed below the limit")
	}
	w.judge(1010 * mb)
	if !killed(large) {
		t.Error("not killed above the limit")
	}
	removeLarge()
	// Its memory goes only slowly.
	small, removeSmall := start()
	for _, now := range []int64{1200, 1150, 1160, 1170} {
		w.judge(now * mb)
	}
	if killed(small) {
		t.Error("killed for what another took")
	}
	w.judge(1190 * mb)
	if !killed(small) {
		t.Error("not killed for what it took")
	}
	removeSmall()
	if len(w.running) != 0 {
		t.Errorf("%d are still watched", len(w.running))
	}
}
