package warehouse

import (
	"errors"
	"strings"
)

// A disk that is full, or that fails, can leave a warehouse file in which what
// was read back is not what was written: seen with DuckDB 1.4.1, months put
// together from two after a checkpoint had run out of space. The lake is the
// source of truth, so such a file is not worth a doubt: once the engine could
// not write, its file goes when it is closed, and the next run builds it anew.

// couldNotWrite are the words of the engine about a write that failed, or after
// which it trusts itself no more.
var couldNotWrite = []string{
	"No space left on device", "Disk quota exceeded", "Could not write", "Could not fsync", "FATAL Error", "INTERNAL Error", "database has been invalidated",
}

// saw notes whether an error is about a write that failed, and then says it in the
// words that a person needs: the engine adds the stack of its own calls.
func (e *Engine) saw(err error) error {
	if err == nil || e.path == "" {
		return err
	}
	text, _, _ := strings.Cut(err.Error(), "\n\nStack Trace:")
	for _, words := range couldNotWrite {
		if !strings.Contains(text, words) {
			continue
		}
		e.doubtful.Store(true)
		var own *Error
		if errors.As(err, &own) && own.Try == tryWriting {
			return err
		}
		return &Error{Err: brief{text, err}, Try: tryWriting}
	}
	return err
}

const tryWriting = "free some space on the disk of the data folder, see that it is sound, and run again: what the engine could not write is built anew from the lake, and the publication before stays"

// brief is an error with a shorter text.
type brief struct {
	text string
	err  error
}

func (b brief) Error() string { return b.text }
func (b brief) Unwrap() error { return b.err }
