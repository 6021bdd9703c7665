package warehouse

import "strings"

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

// saw notes whether an error is about a write that failed.
func (e *Engine) saw(err error) error {
	if err == nil || e.path == "" {
		return err
	}
	for _, words := range couldNotWrite {
		if strings.Contains(err.Error(), words) {
			e.doubtful.Store(true)
		}
	}
	return err
}
