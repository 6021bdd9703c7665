package privacy

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"

	"github.com/dchest/siphash"
)

// A vault segment is one file:
//
//	header   magic "ZCVAULT2", key fingerprint (8), file id (16, random)
//	blocks   records, about 64 KiB of them, S2, sealed
//	pages    the index: 4096 entries each, sealed
//	footer   offsets of blocks and pages, the first hash of each page, sealed
//	trailer  offset of the footer (8), magic "ZCVEND.1"
//
// Sealed is: nonce (12, random), AES-256-GCM ciphertext, tag (16). The header,
// what is sealed and its number are the additional data, so that no part can be
// altered, moved or taken from another file. An index entry is a keyed hash of
// kind and lookup (8, the first of SipHash-2-4's 16, made for short inputs under a
// secret key), a block number (4) and an offset in the block (4), all big-endian
// and sorted. It stands for the record there and for those of the
// same kind and lookup right behind it in the block: all columns of one row. S2
// and not zstd: a third of the CPU for a third more space, on the path that
// every loaded row takes. Both keys are derived from the vault key and the file
// id, so equal lookups look different in different files.
//
// The first form, "ZCVAULT1", is still read: its hashes are those of HMAC-SHA256,
// and its records have no month and are written in full.
const (
	vaultMagic    = "ZCVAULT2"
	firstMagic    = "ZCVAULT1"
	vaultEndMagic = "ZCVEND.1"

	headerSize  = 8 + 8 + 16
	trailerSize = 8 + 8
	entrySize   = 16
	pageEntries = 4096
	blockSize   = 64 << 10

	// MaxRecord is the largest record that a vault takes, in bytes.
	MaxRecord = 16 << 20
)

// Parts of a segment, as the additional data names them.
const (
	partBlock  = 'B'
	partPage   = 'P'
	partFooter = 'F'
)

var (
	// ErrVaultKey means that a segment was written under another vault key.
	ErrVaultKey = errors.New("written under another vault key")
	// ErrVaultDamaged means that a segment is cut short or altered.
	ErrVaultDamaged = errors.New("cut short or altered")
)

// A sealer seals and opens the parts of one segment, and hashes its lookups.
type sealer struct {
	header [headerSize]byte
	aead   cipher.AEAD
	index  [2]uint64 // the index key
	first  hash.Hash // of a segment of the first form; else nil
	ad     [headerSize + 1 + 8]byte
}

func newSealer(header [headerSize]byte, key Key) (*sealer, error) {
	id := header[16:]
	dataKey, err := key.derive(id, "zhicang vault data")
	if err != nil {
		return nil, err
	}
	indexKey, err := key.derive(id, "zhicang vault index")
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(dataKey)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	s := &sealer{header: header, aead: aead}
	s.index = [2]uint64{binary.LittleEndian.Uint64(indexKey), binary.LittleEndian.Uint64(indexKey[8:])}
	copy(s.ad[:], header[:])
	if string(header[:8]) == firstMagic {
		s.first = hmac.New(sha256.New, indexKey)
	}
	return s, nil
}

// newHeader makes the header of a new segment.
func newHeader(key Key) (h [headerSize]byte) {
	copy(h[:], vaultMagic)
	fp := key.fingerprint()
	copy(h[8:], fp[:])
	rand.Read(h[16:])
	return h
}

func checkHeader(h [headerSize]byte, key Key) error {
	if magic := string(h[:8]); magic != vaultMagic && magic != firstMagic {
		return fmt.Errorf("%w: it does not begin as a vault segment does", ErrVaultDamaged)
	}
	if fp := key.fingerprint(); !bytes.Equal(h[8:16], fp[:]) {
		return ErrVaultKey
	}
	return nil
}

func (s *sealer) additional(part byte, n uint64) []byte {
	s.ad[headerSize] = part
	binary.BigEndian.PutUint64(s.ad[headerSize+1:], n)
	return s.ad[:]
}

// seal appends the sealed form of plain to dst.
func (s *sealer) seal(dst, plain []byte, part byte, n uint64) []byte {
	at := len(dst)
	dst = append(dst, make([]byte, s.aead.NonceSize())...)
	rand.Read(dst[at:])
	return s.aead.Seal(dst, dst[at:], plain, s.additional(part, n))
}

// open gives back what was sealed, and appends it to dst.
func (s *sealer) open(dst, sealed []byte, part byte, n uint64) ([]byte, error) {
	k := s.aead.NonceSize()
	if len(sealed) < k+s.aead.Overhead() {
		return nil, ErrVaultDamaged
	}
	plain, err := s.aead.Open(dst, sealed[:k], sealed[k:], s.additional(part, n))
	if err != nil {
		return nil, ErrVaultDamaged
	}
	return plain, nil
}

// hash is the keyed hash of a lookup.
func (s *sealer) hash(kind Kind, lookup string, scratch []byte) (h lookupHash, buf []byte) {
	buf = append(append(append(scratch[:0], kind...), 0), lookup...)
	if s.first != nil {
		s.first.Reset()
		s.first.Write(buf)
		sum := s.first.Sum(nil)
		return lookupHash{binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])}, buf
	}
	h.first, h.second = siphash.Hash128(s.index[0], s.index[1], buf)
	return h, buf
}

// appendRecord appends r as its six fields, each behind its length. A record that
// differs in column and value alone from the one before it, as the other columns
// of one row do, is a zero and those two.
func appendRecord(dst []byte, r, before *Record) []byte {
	if r.Kind == before.Kind && r.Lookup == before.Lookup && r.Table == before.Table && r.Month == before.Month {
		return appendField(appendField(append(dst, 0), r.Column), r.Value)
	}
	for _, f := range [...]string{string(r.Kind), r.Lookup, r.Table, r.Column, r.Value, r.Month} {
		dst = appendField(dst, f)
	}
	return dst
}

func appendField(dst []byte, f string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(f))), f...)
}

// readRecord reads the record at the start of src, behind the one before it, and
// returns its size.
func (s *sealer) readRecord(src []byte, before Record) (r Record, size int, err error) {
	r = before
	fields := []*string{(*string)(&r.Kind), &r.Lookup, &r.Table, &r.Column, &r.Value, &r.Month}
	switch {
	case s.first != nil:
		fields = fields[:5]
	case before.Kind != "" && len(src) > 0 && src[0] == 0:
		fields, size = []*string{&r.Column, &r.Value}, 1
	}
	for _, f := range fields {
		n, w := binary.Uvarint(src[size:])
		if w <= 0 || n > uint64(len(src)-size-w) {
			return Record{}, 0, fmt.Errorf("%w: a record runs over its block", ErrVaultDamaged)
		}
		size += w
		*f = string(src[size : size+int(n)])
		size += int(n)
	}
	return r, size, nil
}

// A footer says where everything is in a segment.
type footer struct {
	records uint64
	blocks  []uint64 // offsets in the file; the last is the end of the blocks
	pages   []uint64 // likewise
	first   []uint64 // the first hash of each page
}

func (f *footer) marshal() []byte {
	b := binary.BigEndian.AppendUint64(nil, f.records)
	for _, list := range [][]uint64{f.blocks, f.pages, f.first} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(list)))
		for _, v := range list {
			b = binary.BigEndian.AppendUint64(b, v)
		}
	}
	return b
}

func parseFooter(b []byte) (*footer, error) {
	next := func() (uint64, bool) {
		if len(b) < 8 {
			return 0, false
		}
		v := binary.BigEndian.Uint64(b)
		b = b[8:]
		return v, true
	}
	f := &footer{}
	var ok bool
	if f.records, ok = next(); !ok {
		return nil, ErrVaultDamaged
	}
	for _, list := range []*[]uint64{&f.blocks, &f.pages, &f.first} {
		n, ok := next()
		if !ok || n > uint64(len(b)/8) {
			return nil, ErrVaultDamaged
		}
		*list = make([]uint64, n)
		for i := range *list {
			(*list)[i], _ = next()
		}
	}
	if len(f.blocks) == 0 || len(f.pages) != len(f.first)+1 || len(b) != 0 {
		return nil, ErrVaultDamaged
	}
	return f, nil
}
