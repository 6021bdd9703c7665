package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Lock keeps a data folder for one writing process.
type Lock struct {
	f *os.File
}

// LockedError says who holds a data folder.
type LockedError struct {
	Dir    string
	Holder string // such as "process 4711 (zhicang run) since 2025-03-01 02:00:04"
}

func (e *LockedError) Error() string {
	return fmt.Sprintf("the data folder %s is in use by %s", e.Dir, e.Holder)
}

// Hint is what to try; the command line prints it after "Try: ".
func (e *LockedError) Hint() string {
	return "wait for it to end, or stop it; reading commands such as status and query work meanwhile"
}

// Holder says who holds the lock of a data folder; "" when nobody does. It
// looks, and takes nothing.
func Holder(dir string) (string, error) {
	f, err := os.Open(filepath.Join(dir, "LOCK"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("lock: %w", err)
	}
	defer f.Close() // and with it the shared lock, if it was granted
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
	if err == nil {
		return "", nil
	}
	if !errors.Is(err, syscall.EWOULDBLOCK) {
		return "", fmt.Errorf("lock: %w", err)
	}
	holder, err := io.ReadAll(f)
	return cmp.Or(strings.TrimSpace(string(holder)), "another process"), err
}

// Acquire takes the lock of a data folder, or returns a *LockedError at once.
// The operating system frees it when the process ends, however it ends.
func Acquire(dir, what string, now time.Time) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "LOCK"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := io.ReadAll(f) // who it is matters less than that there is somebody
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			// Whoever has just taken it may not have written its name yet.
			return nil, &LockedError{Dir: dir, Holder: cmp.Or(strings.TrimSpace(string(holder)), "another process")}
		}
		return nil, fmt.Errorf("lock: %w", err)
	}
	text := fmt.Sprintf("process %d (zhicang %s) since %s\n", os.Getpid(), what, now.Format(time.DateTime))
	if err := f.Truncate(0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Lock{f}, nil
}

// Release frees the folder.
func (l *Lock) Release() error { return l.f.Close() }
