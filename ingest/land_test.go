package ingest

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"zhicang/models"
)

// fullDisk takes so many bytes and no more.
type fullDisk struct {
	sink
	left int
}

func (d *fullDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, fmt.Errorf("write: %w", syscall.ENOSPC)
	}
	return d.sink.Write(p)
}

// TestLanderOnFullDisk: wherever the disk fills up, in the first page, in the
// end of a row group, whose error Arrow drops, or in the footer, the lander
// says so and leaves nothing.
func TestLanderOnFullDisk(t *testing.T) {
	h := messageHouse(t)
	c, _ := h.Catalog.Contract("ods.test_message")
	ck, err := newChecker(c, messageConfig(), h.Loader)
	if err != nil {
		t.Fatal(err)
	}
	land := func(room int) (size int64, err error) {
		l := newLander(h.Dir, c, 1, "x")
		l.open = func(name string) (sink, error) {
			f, err := createFile(name)
			return &fullDisk{f, room}, err
		}
		for range 3 {
			out := ck.check(messageBatch(1, inventedMessages(0, 100)...))
			if err := l.add(out, func(i int) (int64, int64) { return 1, int64(i) + 1 }); err != nil {
				l.abort()
				return 0, err
			}
			for _, mf := range l.months {
				l.flush(mf) // several row groups a file
			}
		}
		files, err := l.finish(t.Context())
		if err != nil {
			l.abort()
			return 0, err
		}
		if len(files) != 1 || files[0].Rows != 300 {
			t.Fatalf("%+v", files)
		}
		l.abort()
		return files[0].Bytes, nil
	}
	whole, err := land(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	for room := int64(0); room < whole; room += whole/60 + 1 {
		if _, err := land(int(room)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("with room for %d of %d bytes: %v", room, whole, err)
		}
		h.isEmpty(t)
	}
	if _, err := land(int(whole)); err != nil {
		t.Errorf("with just enough room: %v", err)
	}
}

// TestFullDisk loads onto a disk of 256 KiB, and again when it has room.
func TestFullDisk(t *testing.T) {
	h := messageHouse(t)
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("no small disk can be mounted here: %v %s", err, out)
	}
	t.Cleanup(func() {
		if err := exec.Command("umount", disk).Run(); err != nil {
			t.Error(err)
		}
	})
	h.Dir = disk
	src := messageSource("a", inventedMessages(0, 4000)...)
	rep := h.load(t, messageConfig(), src)
	var e *Error
	if len(rep.Failures) != 1 || !errors.As(rep.Failures[0], &e) {
		t.Fatalf("%+v", rep)
	}
	if !strings.HasPrefix(e.Error(), "source messages: a: land: ") || !strings.Contains(e.Error(), "no space left on device") ||
		!strings.HasPrefix(e.Hint(), "free some space on the disk of the data folder and run again") {
		t.Errorf("%v\nTry: %s", e, e.Hint())
	}
	h.isEmpty(t)
	if err := syscall.Mount("tmpfs", disk, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if rep := h.load(t, messageConfig(), src); rep.Landed != 4000 {
		t.Errorf("%+v", rep)
	}
}

// TestManyMonths: more rows than may wait in memory, over many months, come
// out whole and in order.
func TestManyMonths(t *testing.T) {
	h := newHouse(t, map[string]string{"test/ods_blob.yaml": `
table: ods.test_blob
title: 大块
grain: one row per blob
key: [id]
partition: day
columns:
  - {name: id, type: BIGINT, required: true, title: 编号}
  - {name: day, type: DATE, required: true, title: 日期}
  - {name: blob, type: VARCHAR, title: 块}
`})
	cfg := Config{Name: "blobs", Table: "ods.test_blob", Columns: map[string]string{"id": "a", "day": "b", "blob": "c"}}
	const n, months = 2400, 8
	blob := strings.Repeat("块", 20_000)
	src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a"}}}}
	for from := 0; from < n; from += 100 {
		var rows [][]string
		for i := from; i < from+100; i++ {
			rows = append(rows, []string{fmt.Sprint(i), fmt.Sprintf("2025-%02d-01", 1+i%months), blob})
		}
		src.units[0].batches = append(src.units[0].batches, textBatch(cfg.Fields(), int64(from+1), rows...))
	}
	h.load(t, cfg, src)
	rows := h.readLake(t, "ods.test_blob")
	if len(rows) != n {
		t.Fatalf("%d rows of %d", len(rows), n)
	}
	for i, row := range rows {
		month, k := i/(n/months), i%(n/months)
		if id := fmt.Sprint(k*months + month); row["id"] != id || row["blob"] != blob {
			t.Fatalf("row %d is %s, want %s", i, row["id"], id)
		}
	}
}

// TestLandedTypesHaveVectors: every type that a contract lets into ods has an
// Arrow type of its own and a vector that makes arrays of it, nulls included.
func TestLandedTypesHaveVectors(t *testing.T) {
	for _, text := range []string{"BIGINT", "INTEGER", "DOUBLE", "DECIMAL(38,10)", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP"} {
		typ, err := models.ParseType(text)
		if err != nil {
			t.Fatal(err)
		}
		var v vector
		v.reset(typ, 3)
		v.null[1] = true
		arr, size := v.array(arrowType(typ), []int{0, 1, 2, 0})
		if arr.Len() != 4 || arr.NullN() != 1 || !arr.IsNull(1) || size == 0 {
			t.Errorf("%s: %v", text, arr)
		}
	}
}
