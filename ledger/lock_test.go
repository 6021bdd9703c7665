package ledger

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lockDir, when it is set, makes this test binary a process that holds the
// lock of a folder until its standard input ends.
const lockDir = "LEDGER_TEST_LOCK_DIR"

func TestMain(m *testing.M) {
	dir := os.Getenv(lockDir)
	if dir == "" {
		os.Exit(m.Run())
	}
	if _, err := Acquire(dir, "run", start); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("locked")
	io.Copy(io.Discard, os.Stdin)
}

func TestLockHeldByAnotherProcess(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	holder := exec.Command(os.Args[0])
	holder.Env = append(os.Environ(), lockDir+"="+dir)
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "locked\n" {
		t.Fatal(line, err)
	}
	_, err = Acquire(dir, "backfill", start)
	var locked *LockedError
	if !errors.As(err, &locked) {
		t.Fatal(err)
	}
	want := fmt.Sprintf("the data folder %s is in use by process %d (zhicang run) since 2025-03-01 02:00:04", dir, holder.Process.Pid)
	if locked.Error() != want || locked.Hint() == "" {
		t.Errorf("got  %s\nwant %s", locked, want)
	}
	// However it ends, the lock is free.
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	holder.Wait() // the error is the kill
	in.Close()
	lock, err := Acquire(dir, "backfill", start.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "LOCK"))
	if want := fmt.Sprintf("process %d (zhicang backfill) since 2025-03-01 03:00:04\n", os.Getpid()); string(text) != want || err != nil {
		t.Errorf("the lock file says %q, %v", text, err)
	}
	if err := lock.Release(); err != nil {
		t.Error(err)
	}
}

func TestLockWithinAProcess(t *testing.T) {
	dir := t.TempDir()
	first, err := Acquire(dir, "run", start)
	if err != nil {
		t.Fatal(err)
	}
	var locked *LockedError
	if _, err := Acquire(dir, "run", start); !errors.As(err, &locked) {
		t.Error(err)
	}
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	second, err := Acquire(dir, "run", start)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Release(); err != nil {
		t.Error(err)
	}
	info, err := os.Stat(filepath.Join(dir, "LOCK"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(info.Mode(), err)
	}
}

func TestLockWithoutAName(t *testing.T) {
	dir := t.TempDir()
	lock, err := Acquire(dir, "run", start)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if err := os.Truncate(filepath.Join(dir, "LOCK"), 0); err != nil {
		t.Fatal(err)
	}
	_, err = Acquire(dir, "run", start)
	if want := "the data folder " + dir + " is in use by another process"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestHolder(t *testing.T) {
	dir := t.TempDir()
	if holder, err := Holder(dir); holder != "" || err != nil {
		t.Errorf("a folder that nobody used: %q, %v", holder, err)
	}
	lock, err := Acquire(dir, "run", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if holder, err := Holder(dir); !strings.Contains(holder, "(zhicang run) since") || err != nil {
		t.Errorf("a folder in use: %q, %v", holder, err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if holder, err := Holder(dir); holder != "" || err != nil {
		t.Errorf("a folder that was left: %q, %v", holder, err)
	}
}
