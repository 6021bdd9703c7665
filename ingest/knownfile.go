package ingest

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// A file of known rows: the magic, the number of entries, the entries in the
// order of their keys and digests, and the checksum of the entries. Numbers are
// little-endian.
const (
	knownMagic  = "zcknown1"
	knownSize   = 12 + 8 + 4 + 4
	knownHeader = len(knownMagic) + 8
	knownFolder = "known"
	// knownRun is how many new entries are sorted at a time: 32 MB of them.
	knownRun = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (e knownEntry) compare(f knownEntry) int {
	return cmp.Or(bytes.Compare(e.key[:], f.key[:]), cmp.Compare(e.digest, f.digest))
}

func (e knownEntry) append(b []byte) []byte {
	b = binary.LittleEndian.AppendUint64(append(b, e.key[:]...), e.digest)
	return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, e.batch), e.row)
}

func (e *knownEntry) parse(b []byte) {
	copy(e.key[:], b)
	e.digest = binary.LittleEndian.Uint64(b[12:])
	e.batch, e.row = binary.LittleEndian.Uint32(b[20:]), binary.LittleEndian.Uint32(b[24:])
}

// knownReader reads entries one after the other.
type knownReader struct {
	file *os.File
	from *bufio.Reader
	buf  [knownSize]byte
	left uint64
	sum  uint32 // of what was read; files of new entries have none
	head knownEntry
	ok   bool // head is an entry
}

// openKnown opens a file and reads its first entry.
func openKnown(name string, whole bool) (*knownReader, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r := &knownReader{file: f, from: bufio.NewReaderSize(f, 256<<10)}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.left = uint64(info.Size()) / knownSize
	if whole {
		var header [16]byte
		_, err = io.ReadFull(r.from, header[:knownHeader])
		r.left = binary.LittleEndian.Uint64(header[len(knownMagic):])
		if err == nil && (string(header[:len(knownMagic)]) != knownMagic || uint64(info.Size()) != uint64(knownHeader)+r.left*knownSize+4) {
			err = errKnownDamaged
		}
	}
	if err == nil {
		err = r.next(whole)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return r, nil
}

var errKnownDamaged = errors.New("the file of known rows is damaged")

// next reads the next entry into head, and behind the last of a whole file
// compares the checksum.
func (r *knownReader) next(whole bool) error {
	if r.ok = r.left > 0; r.ok {
		r.left--
		if _, err := io.ReadFull(r.from, r.buf[:]); err != nil {
			return err
		}
		if whole {
			r.sum = crc32.Update(r.sum, castagnoli, r.buf[:])
		}
		r.head.parse(r.buf[:])
		return nil
	}
	if !whole {
		return nil
	}
	if _, err := io.ReadFull(r.from, r.buf[:4]); err != nil {
		return err
	}
	if binary.LittleEndian.Uint32(r.buf[:]) != r.sum {
		return errKnownDamaged
	}
	return nil
}

// readKnownIndex reads a file of known rows into memory.
func readKnownIndex(dir, name string) (x knownIndex, err error) {
	r, err := openKnown(filepath.Join(dir, filepath.FromSlash(name)), true)
	if err != nil {
		return x, fmt.Errorf("known rows: %w", err)
	}
	defer r.file.Close()
	n := r.left
	if r.ok {
		n++
	}
	x = knownIndex{path: name, keys: make([]uint64, 0, n), digests: make([]uint64, 0, n), kept: make([]uint64, (n+63)/64), met: make([]uint64, (n+63)/64)}
	for r.ok {
		x.keys = append(x.keys, binary.BigEndian.Uint64(r.head.key[:]))
		x.digests = append(x.digests, r.head.digest)
		if err := r.next(true); err != nil {
			return x, fmt.Errorf("known rows: %w", err)
		}
	}
	return x, nil
}

// knownWriter gathers new entries, sorted runs of them in files of their own,
// and merges all into the next file of known rows.
type knownWriter struct {
	dir   string
	batch int64
	run   []knownEntry
	limit int      // entries of a run; 0: knownRun
	runs  []string // full paths
	path  string   // of the finished file, relative to dir
}

func (w *knownWriter) full() string { return filepath.Join(w.dir, filepath.FromSlash(w.path)) }

func (w *knownWriter) add(e knownEntry) error {
	w.run = append(w.run, e)
	if len(w.run) < cmp.Or(w.limit, knownRun) {
		return nil
	}
	return w.spill()
}

// spill writes the run into a file.
func (w *knownWriter) spill() (err error) {
	slices.SortFunc(w.run, knownEntry.compare)
	name := filepath.Join(w.dir, knownFolder, fmt.Sprintf("%08d-%d.run", w.batch, len(w.runs)))
	f, err := create(name)
	if err != nil {
		return err
	}
	w.runs = append(w.runs, name)
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 256<<10)
	var buf []byte
	for _, e := range w.run {
		if _, err := out.Write(e.append(buf[:0])); err != nil {
			return err
		}
	}
	w.run = w.run[:0]
	return out.Flush()
}

func create(name string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
}

// A landedRow is where a row that has vanished from its source lies.
type landedRow struct{ batch, row uint32 }

// merge writes the next file of known rows: what of the old is kept, and what
// is new. It returns the rows of keys that are in the old file alone, each key's
// newest, and how many keys the old file has.
func (w *knownWriter) merge(old *knownIndex) (vanished []landedRow, keys int, err error) {
	slices.SortFunc(w.run, knownEntry.compare)
	m := &knownMerge{run: w.run}
	defer func() { err = errors.Join(err, m.close()) }()
	for _, name := range w.runs {
		r, err := openKnown(name, false)
		if err != nil {
			return nil, 0, err
		}
		m.fresh = append(m.fresh, r)
	}
	if old.path != "" {
		if m.old, err = openKnown(filepath.Join(w.dir, filepath.FromSlash(old.path)), true); err != nil {
			return nil, 0, err
		}
	}
	w.path = path.Join(knownFolder, fmt.Sprintf("%08d.known", w.batch))
	f, err := create(w.full() + temporary)
	if err != nil {
		return nil, 0, err
	}
	out := &knownOutput{file: f, to: bufio.NewWriterSize(f, 256<<10)}
	if err := out.begin(); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	for {
		more, err := m.nextKey(old)
		if err != nil {
			return nil, 0, errors.Join(err, f.Close())
		}
		if !more {
			break
		}
		if m.inOld {
			keys++
		}
		if len(m.group) == 0 && m.newest.row > 0 {
			vanished = append(vanished, landedRow{m.newest.batch, m.newest.row})
		}
		for _, e := range m.group {
			if err := out.write(e); err != nil {
				return nil, 0, errors.Join(err, f.Close())
			}
		}
	}
	if err := out.end(); err != nil {
		return nil, 0, errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return nil, 0, err
	}
	if err := os.Rename(w.full()+temporary, w.full()); err != nil {
		return nil, 0, err
	}
	return vanished, keys, syncDir(filepath.Dir(w.full()))
}

// clear removes the runs, and with all set the finished file.
func (w *knownWriter) clear(all bool) {
	for _, name := range w.runs {
		os.Remove(name)
	}
	w.runs = nil
	if all && w.path != "" {
		os.Remove(w.full())
		os.Remove(w.full() + temporary)
		w.path = ""
	}
}

// knownMerge walks the old entries and the new ones key by key.
type knownMerge struct {
	old   *knownReader // nil: there are none
	at    int          // of old.head in its file
	run   []knownEntry
	fresh []*knownReader

	group  []knownEntry // of the key, those to be remembered
	inOld  bool         // the key is in the old file
	newest knownEntry   // of it there, of those that are not kept
	met    bool         // the source has the key, whether it was read now or not
}

func (m *knownMerge) close() error {
	var errs []error
	if m.old != nil {
		errs = append(errs, m.old.file.Close())
	}
	for _, r := range m.fresh {
		errs = append(errs, r.file.Close())
	}
	return errors.Join(errs...)
}

// nextKey gathers the entries of the smallest key that is left.
func (m *knownMerge) nextKey(old *knownIndex) (more bool, err error) {
	m.group, m.inOld, m.newest, m.met = m.group[:0], false, knownEntry{}, false
	head, ok := m.smallest()
	if !ok {
		return false, nil
	}
	key := head.key
	for m.old != nil && m.old.ok && m.old.head.key == key {
		e := m.old.head
		m.inOld = true
		switch newer := cmp.Or(cmp.Compare(e.batch, m.newest.batch), cmp.Compare(e.row, m.newest.row)) > 0; {
		case old.kept != nil && old.isKept(m.at):
			m.group = append(m.group, e)
		case newer:
			m.newest, m.met = e, old.met != nil && old.isMet(m.at)
		}
		m.at++
		if err := m.old.next(true); err != nil {
			return false, err
		}
	}
	for len(m.run) > 0 && m.run[0].key == key {
		m.group = append(m.group, m.run[0])
		m.run = m.run[1:]
	}
	for _, r := range m.fresh {
		for r.ok && r.head.key == key {
			m.group = append(m.group, r.head)
			if err := r.next(false); err != nil {
				return false, err
			}
		}
	}
	if len(m.group) == 0 && m.met {
		m.group = append(m.group, m.newest) // what stands in the lake stands
	}
	slices.SortStableFunc(m.group, knownEntry.compare)
	m.group = slices.CompactFunc(m.group, func(a, b knownEntry) bool { return a.compare(b) == 0 })
	return true, nil
}

func (m *knownMerge) smallest() (least knownEntry, ok bool) {
	consider := func(e knownEntry) {
		if !ok || bytes.Compare(e.key[:], least.key[:]) < 0 {
			least, ok = e, true
		}
	}
	if m.old != nil && m.old.ok {
		consider(m.old.head)
	}
	if len(m.run) > 0 {
		consider(m.run[0])
	}
	for _, r := range m.fresh {
		if r.ok {
			consider(r.head)
		}
	}
	return least, ok
}

// knownOutput writes a file whose number of entries is known at its end.
type knownOutput struct {
	file *os.File
	to   *bufio.Writer
	n    uint64
	sum  uint32 // of the entries
	buf  []byte
}

func (o *knownOutput) begin() error {
	_, err := o.to.Write(make([]byte, knownHeader))
	return err
}

func (o *knownOutput) write(e knownEntry) error {
	o.buf = e.append(o.buf[:0])
	o.sum = crc32.Update(o.sum, castagnoli, o.buf)
	o.n++
	_, err := o.to.Write(o.buf)
	return err
}

func (o *knownOutput) end() error {
	header := binary.LittleEndian.AppendUint64([]byte(knownMagic), o.n)
	if _, err := o.to.Write(binary.LittleEndian.AppendUint32(nil, o.sum)); err != nil {
		return err
	}
	if err := o.to.Flush(); err != nil {
		return err
	}
	_, err := o.file.WriteAt(header, 0)
	return err
}
