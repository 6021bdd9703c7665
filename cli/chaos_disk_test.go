package cli

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// fillDisk puts the data folder on a disk of its own that is too small.
func fillDisk(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	c.moving.Lock()
	fits := c.mountSmall(t, rnd)
	c.moving.Unlock()
	if !fits {
		return false
	}
	_, errs, code := c.run(t)
	if err := syscall.Mount("tmpfs", filepath.Join(c.dir, "data"), "tmpfs", syscall.MS_REMOUNT, "size=1g"); err != nil {
		t.Fatal(err)
	}
	return code != 0 && errs != ""
}

// mountSmall moves the data folder to a disk of its own; false where this
// machine does not allow it.
func (c *chaos) mountSmall(t *testing.T, rnd *rand.Rand) bool {
	t.Helper()
	data := filepath.Join(c.dir, "data")
	aside := data + ".aside"
	if _, err := os.Stat(data); err == nil {
		if err := os.Rename(data, aside); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	used := int64(0)
	if err := filepath.Walk(aside, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			used += info.Size()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	size := used + 256<<10 + rnd.Int64N(8<<20)
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Logf("no small disk can be mounted here (%v): a full disk is not tried", err)
		c.cannot["disk full"] = true
		if err := errors.Join(os.RemoveAll(data), renameBack(aside, data)); err != nil {
			t.Fatal(err)
		}
		return false
	}
	c.mounted = true
	t.Cleanup(func() { unmount(t, c) }) // also where the trial fails
	if _, err := os.Stat(aside); err == nil {
		if err := errors.Join(os.CopyFS(data, os.DirFS(aside)), os.RemoveAll(aside)); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

func renameBack(from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return nil
	}
	return os.Rename(from, to)
}

func unmount(t *testing.T, c *chaos) {
	if !c.mounted {
		return
	}
	c.mounted = false
	if err := syscall.Unmount(filepath.Join(c.dir, "data"), 0); err != nil {
		t.Fatal(err)
	}
}
