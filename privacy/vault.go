package privacy

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"sort"
	"sync"

	"github.com/klauspost/compress/s2"
)

// A Vault reads segments. Deleting a segment's file deletes what is in it:
// that is how retention works. It is safe for concurrent use, and holds no
// file open between calls.
type Vault struct {
	fsys     fs.FS
	segments []*segment
}

type segment struct {
	name   string
	footer *footer
	mu     sync.Mutex // the sealer has scratch space
	sealer *sealer
}

// OpenVault opens the named segments of a folder, whose files must support
// reading at an offset, as those of os.DirFS do. It reads each segment's
// footer; a segment that is missing, damaged (ErrVaultDamaged) or under
// another key (ErrVaultKey) is an error.
func OpenVault(fsys fs.FS, key Key, segments []string) (*Vault, error) {
	if key.IsZero() {
		return nil, &Error{Op: "open vault", Err: errors.New("no vault key"), Try: "load the keys first"}
	}
	v := &Vault{fsys: fsys}
	for _, name := range segments {
		seg, err := openSegment(fsys, key, name)
		if err != nil {
			return nil, segmentError("open", name, err)
		}
		v.segments = append(v.segments, seg)
	}
	return v, nil
}

// segmentError adds what to try.
func segmentError(verb, name string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	try := ""
	switch {
	case errors.Is(err, ErrVaultKey):
		try = "give the vault key that was in use when the batch was loaded; its fingerprint is in the ledger"
	case errors.Is(err, ErrVaultDamaged):
		try = "restore the segment from the backup"
	case errors.Is(err, fs.ErrNotExist):
		try = "restore the segment from the backup, or, if its retention is over, leave it out"
	}
	return &Error{Op: verb + " vault segment", Path: name, Err: plainPathError(err), Try: try}
}

type readerAt interface {
	fs.File
	io.ReaderAt
}

func openAt(fsys fs.FS, name string) (readerAt, int64, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	at, ok := f.(readerAt)
	if !ok {
		f.Close()
		return nil, 0, errors.New("this file system cannot read at an offset")
	}
	return at, info.Size(), nil
}

func openSegment(fsys fs.FS, key Key, name string) (*segment, error) {
	f, size, err := openAt(fsys, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size < headerSize+trailerSize {
		return nil, fmt.Errorf("%w: it has %d bytes", ErrVaultDamaged, size)
	}
	var header [headerSize]byte
	var trailer [trailerSize]byte
	if err := readFull(f, header[:], 0); err != nil {
		return nil, err
	}
	if err := readFull(f, trailer[:], size-trailerSize); err != nil {
		return nil, err
	}
	if err := checkHeader(header, key); err != nil {
		return nil, err
	}
	if string(trailer[8:]) != vaultEndMagic {
		return nil, fmt.Errorf("%w: it does not end as a vault segment does", ErrVaultDamaged)
	}
	at := binary.BigEndian.Uint64(trailer[:])
	if at < headerSize || at > uint64(size-trailerSize) {
		return nil, fmt.Errorf("%w: its footer is out of reach", ErrVaultDamaged)
	}
	seg := &segment{name: name}
	if seg.sealer, err = newSealer(header, key); err != nil {
		return nil, err
	}
	sealed := make([]byte, uint64(size-trailerSize)-at)
	if err := readFull(f, sealed, int64(at)); err != nil {
		return nil, err
	}
	plain, err := seg.sealer.open(nil, sealed, partFooter, at)
	if err != nil {
		return nil, fmt.Errorf("%w: its footer does not open", ErrVaultDamaged)
	}
	seg.footer, err = parseFooter(plain)
	return seg, err
}

func readFull(r io.ReaderAt, b []byte, at int64) error {
	if n, err := r.ReadAt(b, at); n < len(b) {
		if err == nil || errors.Is(err, io.EOF) {
			return ErrVaultDamaged
		}
		return err
	}
	return nil
}

// read opens part number n, which lies between two offsets.
func (seg *segment) read(f io.ReaderAt, offsets []uint64, part byte, n int) ([]byte, error) {
	if offsets[n+1] < offsets[n] || offsets[n+1]-offsets[n] > 4*MaxRecord {
		return nil, ErrVaultDamaged
	}
	sealed := make([]byte, offsets[n+1]-offsets[n])
	if err := readFull(f, sealed, int64(offsets[n])); err != nil {
		return nil, err
	}
	seg.mu.Lock()
	defer seg.mu.Unlock()
	return seg.sealer.open(nil, sealed, part, uint64(n))
}

func (v *Vault) block(seg *segment, f io.ReaderAt, n int) ([]byte, error) {
	zipped, err := seg.read(f, seg.footer.blocks, partBlock, n)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", n, err)
	}
	plain, err := s2.Decode(nil, zipped)
	if err != nil {
		return nil, fmt.Errorf("block %d: %w", n, ErrVaultDamaged)
	}
	return plain, nil
}

// Lookup finds the records of a kind under a lookup, in the order of the
// segments; none is no error. Of a segment it opens one or two pages of the
// index and the blocks that hold an answer.
func (v *Vault) Lookup(ctx context.Context, kind Kind, lookup string) ([]Record, error) {
	var found []Record
	for _, seg := range v.segments {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		records, err := v.lookupIn(seg, kind, lookup)
		if err != nil {
			return nil, segmentError("read", seg.name, err)
		}
		found = append(found, records...)
	}
	return found, nil
}

func (v *Vault) lookupIn(seg *segment, kind Kind, lookup string) ([]Record, error) {
	seg.mu.Lock()
	h, _ := seg.sealer.hash(kind, lookup, nil)
	seg.mu.Unlock()
	hash := h.first
	first := seg.footer.first
	// The first page that may hold the hash is the last that begins below it:
	// equal hashes may run over the end of a page.
	p, _ := slices.BinarySearch(first, hash)
	p = max(0, p-1)
	if p >= len(first) {
		return nil, nil
	}
	f, _, err := openAt(v.fsys, seg.name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var found []Record
	plain, open, next := []byte(nil), -1, uint64(0)
	for ; p < len(first) && first[p] <= hash; p++ {
		page, err := seg.read(f, seg.footer.pages, partPage, p)
		if err != nil {
			return nil, fmt.Errorf("index page %d: %w", p, err)
		}
		n := len(page) / entrySize
		i := sort.Search(n, func(i int) bool { return binary.BigEndian.Uint64(page[i*entrySize:]) >= hash })
		for ; i < n && binary.BigEndian.Uint64(page[i*entrySize:]) == hash; i++ {
			at := binary.BigEndian.Uint64(page[i*entrySize+8:])
			if at < next {
				continue // read with the entry before
			}
			block, offset := int(at>>32), int(at&0xFFFFFFFF)
			if block != open {
				if block >= len(seg.footer.blocks)-1 {
					return nil, ErrVaultDamaged
				}
				if plain, err = v.block(seg, f, block); err != nil {
					return nil, err
				}
				open = block
			}
			if offset > len(plain) {
				return nil, ErrVaultDamaged
			}
			run, size, err := seg.sealer.readRun(plain[offset:], kind, lookup)
			if err != nil {
				return nil, err
			}
			found, next = append(found, run...), at+uint64(size)
		}
	}
	return found, nil
}

// readRun reads the records of a kind and lookup from the start of src on, up to
// the first other one, and returns their size. There are none if eight bytes of
// hash met by chance.
func (s *sealer) readRun(src []byte, kind Kind, lookup string) (run []Record, size int, err error) {
	var before Record
	for first := true; first || size < len(src); first = false {
		r, n, err := s.readRecord(src[size:], before)
		if err != nil {
			return nil, 0, err
		}
		if r.Kind != kind || r.Lookup != lookup {
			break
		}
		run, size, before = append(run, r), size+n, r
	}
	return run, size, nil
}

// Scan gives every record of every segment to yield, in the order in which it
// was written, and stops at yield's first error, which it returns unchanged.
func (v *Vault) Scan(ctx context.Context, yield func(Record) error) error {
	for _, seg := range v.segments {
		stopped, err := v.scanSegment(ctx, seg, yield)
		if err != nil {
			if stopped {
				return err
			}
			return segmentError("read", seg.name, err)
		}
	}
	return nil
}

// scanSegment reports in stopped that the error is yield's.
func (v *Vault) scanSegment(ctx context.Context, seg *segment, yield func(Record) error) (stopped bool, err error) {
	f, _, err := openAt(v.fsys, seg.name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	var n uint64
	for b := range len(seg.footer.blocks) - 1 {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		plain, err := v.block(seg, f, b)
		if err != nil {
			return false, err
		}
		var before Record
		for len(plain) > 0 {
			r, size, err := seg.sealer.readRecord(plain, before)
			if err != nil {
				return false, err
			}
			before = r
			if err := yield(r); err != nil {
				return true, err
			}
			plain = plain[size:]
			n++
		}
	}
	if n != seg.footer.records {
		return false, fmt.Errorf("%w: %d records of %d", ErrVaultDamaged, n, seg.footer.records)
	}
	return false, nil
}

// Verify opens every block and every page of every segment.
func (v *Vault) Verify(ctx context.Context) error {
	if err := v.Scan(ctx, func(Record) error { return nil }); err != nil {
		return err
	}
	for _, seg := range v.segments {
		if err := v.verifyIndex(ctx, seg); err != nil {
			return segmentError("verify", seg.name, err)
		}
	}
	return nil
}

func (v *Vault) verifyIndex(ctx context.Context, seg *segment) error {
	f, _, err := openAt(v.fsys, seg.name)
	if err != nil {
		return err
	}
	defer f.Close()
	var n uint64
	for p := range seg.footer.first {
		if err := ctx.Err(); err != nil {
			return err
		}
		page, err := seg.read(f, seg.footer.pages, partPage, p)
		if err != nil {
			return fmt.Errorf("index page %d: %w", p, err)
		}
		n += uint64(len(page) / entrySize)
	}
	if n > seg.footer.records || n == 0 && seg.footer.records > 0 {
		return fmt.Errorf("%w: the index has %d entries for %d records", ErrVaultDamaged, n, seg.footer.records)
	}
	return nil
}

// Len is the number of records in all segments.
func (v *Vault) Len() int {
	var n uint64
	for _, seg := range v.segments {
		n += seg.footer.records
	}
	return int(n)
}
