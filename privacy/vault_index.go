package privacy

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// An indexEntry is where the records of a lookup stand.
type indexEntry struct {
	hash uint64
	at   uint64 // block number and offset in it
}

// sortIndex sorts entries by hash, and those of one hash by their place. The
// hashes are as good as random, so entries are dealt out by their first bits, and
// the few in each hand sorted: half the work of sorting them all together.
func sortIndex(entries []indexEntry) []indexEntry {
	const hands = 1 << 12
	var next [hands + 1]int // where the next entry of each hand goes
	for _, e := range entries {
		next[e.hash>>52+1]++
	}
	for i := range hands {
		next[i+1] += next[i]
	}
	sorted := make([]indexEntry, len(entries))
	for _, e := range entries {
		hand := &next[e.hash>>52]
		sorted[*hand] = e
		*hand++
	}
	from := 0
	for _, to := range next[:hands] {
		slices.SortFunc(sorted[from:to], func(a, b indexEntry) int {
			return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.at, b.at))
		})
		from = to
	}
	return sorted
}

// A hashSet holds hashes that are as good as random. Its table is open and at
// most half full; a place is found by the first bits of a hash. The zero value is
// empty.
type hashSet struct {
	table []([16]byte) // all zeros: free
	shift int          // 64 less the bits of a place
	n     int
}

// add puts a hash in and reports whether it was not there. The hash of zeros,
// which one lookup in 2¹²⁸ has, counts as never there: it is harmless twice.
func (s *hashSet) add(h [16]byte) bool {
	if 2*s.n >= len(s.table) {
		s.grow()
	}
	at := s.place(h)
	if s.table[at] == h && h != [16]byte{} {
		return false
	}
	s.table[at] = h
	s.n++
	return true
}

// place is where h stands, or the free place where it would.
func (s *hashSet) place(h [16]byte) uint64 {
	at := binary.BigEndian.Uint64(h[:]) >> s.shift
	for s.table[at] != h && s.table[at] != [16]byte{} {
		at = (at + 1) % uint64(len(s.table))
	}
	return at
}

func (s *hashSet) grow() {
	old := s.table
	bits := 10
	if old != nil {
		bits = 64 - s.shift + 1
	}
	s.table, s.shift = make([][16]byte, 1<<bits), 64-bits
	for _, h := range old {
		if h != [16]byte{} {
			s.table[s.place(h)] = h
		}
	}
}
