package privacy

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/s2"
)

// A Kind is a kind of record in the vault.
type Kind string

const (
	// KindPerson maps a pseudonym (Lookup) to the identity behind it (Value).
	KindPerson Kind = "person"
	// KindValue maps a row's key (Lookup), with Table and Column, to what stood
	// in that column.
	KindValue Kind = "value"
	// KindHeld is a raw row (Value) that waits in quarantine under
	// "<batch>/<seq>" (Lookup).
	KindHeld Kind = "held"
)

// A Record is one original. Table and Column are empty where they do not apply.
// Month is the one in whose partition a KindValue's row lies, as 2025-03: two
// versions of a row may lie in two; the other kinds have none.
type Record struct {
	Kind   Kind
	Lookup string
	Table  string
	Column string
	Value  string
	Month  string
}

// A VaultWriter writes one segment, for one landed batch. It writes to a
// temporary file beside path, which Close puts in place. It serves one
// goroutine. After an error the segment can only be aborted.
type VaultWriter struct {
	path   string
	file   *os.File
	out    *bufio.Writer
	sealer *sealer

	plain, zipped, sealed, scratch []byte

	offset  uint64
	footer  footer
	index   []indexEntry
	last    Record // in the open block; zero when there is none
	persons hashSet
	hashes  [64]lookupHash // of the records at hand
	met     uint64         // see hashAhead
	err     error
	done    bool
}

// NewVaultWriter begins the segment at path. The folder must exist.
func NewVaultWriter(path string, key Key) (*VaultWriter, error) {
	const op = "write vault segment"
	if key.IsZero() {
		return nil, &Error{Op: op, Path: path, Err: errors.New("no vault key"), Try: "load or create the keys first"}
	}
	header := newHeader(key)
	sealer, err := newSealer(header, key)
	if err != nil {
		return nil, &Error{Op: op, Path: path, Err: err}
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp") // mode 0600
	if err != nil {
		return nil, &Error{Op: op, Path: path, Err: plainPathError(err), Try: "make the folder, or free some space"}
	}
	w := &VaultWriter{path: path, file: file, out: bufio.NewWriterSize(file, 256<<10), sealer: sealer}
	w.write(header[:])
	w.footer.blocks = append(w.footer.blocks, w.offset)
	return w, nil
}

// Put adds records and copies what it needs of them. A person that the segment
// has already is not added again. Records of one kind and lookup are cheapest
// one behind the other: they share an entry in the index; and many at a time are
// cheaper than each alone.
func (w *VaultWriter) Put(records ...Record) error {
	for few := range slices.Chunk(records, len(w.hashes)) {
		w.hashAhead(few)
		for i := range few {
			if w.err == nil {
				w.err = w.put(&few[i], w.hashes[i])
			}
		}
	}
	if w.err != nil {
		return &Error{Op: "write vault segment", Path: w.path, Err: w.err}
	}
	return nil
}

// hashAhead hashes the lookups of records, and looks at the places of people
// among those that are known. The looks do not wait for each other, as they would
// between the other work of put, and the memory is near when put asks for it.
func (w *VaultWriter) hashAhead(records []Record) {
	for i := range records {
		r := &records[i]
		if i > 0 && r.Kind == records[i-1].Kind && r.Lookup == records[i-1].Lookup {
			w.hashes[i] = w.hashes[i-1]
			continue
		}
		w.hashes[i], w.scratch = w.sealer.hash(r.Kind, r.Lookup, w.scratch)
		if r.Kind == KindPerson {
			w.met += w.persons.touch(w.hashes[i])
		}
	}
}

func (w *VaultWriter) put(r *Record, hash lookupHash) error {
	switch size := len(r.Kind) + len(r.Lookup) + len(r.Table) + len(r.Column) + len(r.Value) + len(r.Month); {
	case w.done:
		return os.ErrClosed
	case r.Kind == "" || r.Lookup == "":
		return errors.New("a record needs a kind and a lookup")
	case size > MaxRecord:
		return fmt.Errorf("a record of %d bytes is over the limit of %d", size, MaxRecord)
	}
	if r.Kind != w.last.Kind || r.Lookup != w.last.Lookup {
		if r.Kind == KindPerson && !w.persons.add(hash) {
			return nil
		}
		block := uint64(len(w.footer.blocks) - 1)
		w.index = append(w.index, indexEntry{hash.first, block<<32 | uint64(len(w.plain))})
	} else if r.Kind == KindPerson {
		return nil
	}
	w.plain = appendRecord(w.plain, r, &w.last)
	w.last = *r
	w.footer.records++
	if len(w.plain) >= blockSize {
		return w.flushBlock()
	}
	return nil
}

func (w *VaultWriter) flushBlock() error {
	w.zipped = s2.Encode(w.zipped[:cap(w.zipped)], w.plain)
	w.plain, w.last = w.plain[:0], Record{}
	w.writeSealed(w.zipped, partBlock, uint64(len(w.footer.blocks)-1))
	w.footer.blocks = append(w.footer.blocks, w.offset)
	return w.err
}

func (w *VaultWriter) writeSealed(plain []byte, part byte, n uint64) {
	w.sealed = w.sealer.seal(w.sealed[:0], plain, part, n)
	w.write(w.sealed)
}

func (w *VaultWriter) write(b []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(b)
		w.offset += uint64(len(b))
	}
}

// Close completes the segment, makes it durable and puts it in place. If it
// fails, nothing is left behind.
func (w *VaultWriter) Close() error {
	if w.done {
		return nil
	}
	if err := w.commit(); err != nil {
		w.Abort()
		return &Error{Op: "write vault segment", Path: w.path, Err: plainPathError(err)}
	}
	return nil
}

func (w *VaultWriter) commit() error {
	if w.err != nil {
		return w.err
	}
	if len(w.plain) > 0 {
		if err := w.flushBlock(); err != nil {
			return err
		}
	}
	w.writeIndex()
	at := w.offset
	w.writeSealed(w.footer.marshal(), partFooter, at)
	w.write(append(binary.BigEndian.AppendUint64(nil, at), vaultEndMagic...))
	if w.err != nil {
		return w.err
	}
	if err := w.out.Flush(); err != nil {
		return err
	}
	if err := w.file.Sync(); err != nil {
		return err
	}
	if err := w.file.Close(); err != nil {
		return err
	}
	if err := os.Rename(w.file.Name(), w.path); err != nil {
		return err
	}
	w.done = true
	return syncDir(filepath.Dir(w.path))
}

func (w *VaultWriter) writeIndex() {
	page := make([]byte, 0, pageEntries*entrySize)
	w.footer.pages = append(w.footer.pages, w.offset)
	for entries := range slices.Chunk(sortIndex(w.index), pageEntries) {
		page = page[:0]
		for _, e := range entries {
			page = binary.BigEndian.AppendUint64(page, e.hash)
			page = binary.BigEndian.AppendUint64(page, e.at)
		}
		w.footer.first = append(w.footer.first, entries[0].hash)
		w.writeSealed(page, partPage, uint64(len(w.footer.pages)-1))
		w.footer.pages = append(w.footer.pages, w.offset)
	}
}

// Abort drops the segment. After Close it does nothing.
func (w *VaultWriter) Abort() {
	if w.done {
		return
	}
	w.done = true
	w.file.Close()
	os.Remove(w.file.Name())
}
