package warehouse

import (
	"errors"
	"fmt"
	"testing"
)

// TestSaw: a write that failed is told without the engine's stack, once, with what
// to try, and leaves the file in doubt; any other error stays what it is.
func TestSaw(t *testing.T) {
	cause := errors.New(`FATAL Error: Could not write file "w.duckdb": No space left on device` + "\n\nStack Trace:\n\nzhicang(_ZN6duckdb+0x56) [0x31be746]\n")
	e := &Engine{path: "w.duckdb"}
	err := e.saw(e.saw(fmt.Errorf("commit: %w", cause)))
	if want := `commit: FATAL Error: Could not write file "w.duckdb": No space left on device`; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
	var own *Error
	if !errors.As(err, &own) || own.Hint() == "" || !errors.Is(err, cause) {
		t.Errorf("%#v", err)
	}
	if !e.doubtful.Load() {
		t.Error("the file is trusted")
	}

	e = &Engine{path: "w.duckdb"}
	other := errors.New("Binder Error: no such column")
	if err := e.saw(other); err != other || e.doubtful.Load() {
		t.Errorf("%v, in doubt: %t", err, e.doubtful.Load())
	}
}
