package privacy

import (
	"cmp"
	"math/bits"
	"slices"
)

// A lookupHash is the keyed hash of a lookup.
type lookupHash struct{ first, second uint64 }

// An indexEntry is where the records of a lookup stand.
type indexEntry struct {
	hash uint64 // the first half
	at   uint64 // block number and offset in it
}

// sortIndex sorts entries by hash, and those of one hash by their place. The
// hashes are as good as random, so entries are dealt out by their first bits, and
// the few in each hand sorted: half the work of sorting them all together.
func sortIndex(entries []indexEntry) []indexEntry {
	hands := 1 << max(bits.Len(uint(len(entries)))-3, 0) // some eight entries in each
	shift := 64 - bits.Len(uint(hands-1))
	next := make([]int, hands+1) // where the next entry of each hand goes
	for _, e := range entries {
		next[e.hash>>shift+1]++
	}
	for i := range hands {
		next[i+1] += next[i]
	}
	sorted := make([]indexEntry, len(entries))
	for _, e := range entries {
		hand := &next[e.hash>>shift]
		sorted[*hand] = e
		*hand++
	}
	from := 0
	for _, to := range next[:hands] {
		slices.SortFunc(sorted[from:to], func(a, b indexEntry) int {
			if a.hash == b.hash {
				return cmp.Compare(a.at, b.at)
			}
			return cmp.Compare(a.hash, b.hash)
		})
		from = to
	}
	return sorted
}

// A hashSet holds hashes that are as good as random. Its table is open and at
// most three quarters full; a place is found by the first bits of a hash. The two
// halves lie apart, as most looks need the first alone, and wait for memory. The
// zero value is empty.
type hashSet struct {
	first  []uint64 // 0: free
	second []uint64
	shift  int // 64 less the bits of a place
	n      int
}

// add puts a hash in and reports whether it was not there. A hash that begins
// with zeros, which one lookup in 2⁶⁴ has, counts as never there: it is harmless
// twice.
func (s *hashSet) add(h lookupHash) bool {
	if h.first == 0 {
		return true
	}
	if 4*s.n >= 3*len(s.first) {
		s.grow()
	}
	at := s.place(h)
	if s.first[at] != 0 {
		return false
	}
	s.first[at], s.second[at] = h.first, h.second
	s.n++
	return true
}

// touch reads what stands at the first place of h, for the processor to have it
// at hand.
func (s *hashSet) touch(h lookupHash) uint64 {
	if len(s.first) == 0 {
		return 0
	}
	return s.first[h.first>>s.shift]
}

// place is where h stands, or the free place where it would.
func (s *hashSet) place(h lookupHash) uint64 {
	last := uint64(len(s.first) - 1)
	at := h.first >> s.shift
	for s.first[at] != 0 && (s.first[at] != h.first || s.second[at] != h.second) {
		at = (at + 1) & last
	}
	return at
}

func (s *hashSet) grow() {
	first, second := s.first, s.second
	width := 10
	if first != nil {
		width = 64 - s.shift + 1
	}
	s.first, s.second, s.shift = make([]uint64, 1<<width), make([]uint64, 1<<width), 64-width
	for i, f := range first {
		if f != 0 {
			at := s.place(lookupHash{f, second[i]})
			s.first[at], s.second[at] = f, second[i]
		}
	}
}
