// Package neardup finds messages that say the same thing in nearly the same
// letters: one text sent many times, forwarded with another greeting, or typed
// again with a slip.
//
// Texts that are equal after Normalise are one group at once. For the rest,
// MinHash signatures over character shingles are banded (locality-sensitive
// hashing), and every pair that shares a band is verified by the Jaccard
// similarity of its shingles, so that the hashing only proposes and never
// decides.
package neardup

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Params says how alike two texts must be, and how hard to look.
type Params struct {
	// Shingle is the length of a shingle in characters. Default 3.
	Shingle int
	// Jaccard is the least share of shingles that two texts of one group have
	// in common, in (0, 1]. Default 0.6.
	Jaccard float64
	// Bands and Rows shape the signature of Bands×Rows hashes. A pair of
	// similarity s is proposed with probability 1-(1-s^Rows)^Bands; the
	// defaults, 20 and 3, find 99.2% of the pairs at 0.6 and
	// 50,000 at 0.75.
	Bands, Rows int
	// MaxProbe bounds how many texts of one band bucket a text is compared
	// with, so that a form letter sent by thousands costs no quadratic time.
	// Default 48.
	MaxProbe int
}

// DefaultParams returns the parameters described at each field.
func DefaultParams() Params {
	return Params{Shingle: 3, Jaccard: 0.6, Bands: 20, Rows: 3, MaxProbe: 48}
}

// Validate reports the first field that is out of its range.
func (p Params) Validate() error {
	switch {
	case p.Shingle < 1:
		return fmt.Errorf("neardup: Shingle is %d, want at least 1", p.Shingle)
	case p.Jaccard <= 0 || p.Jaccard > 1:
		return fmt.Errorf("neardup: Jaccard is %g, want (0, 1]", p.Jaccard)
	case p.Bands < 1 || p.Rows < 1:
		return fmt.Errorf("neardup: %d bands of %d rows, want at least 1 of each", p.Bands, p.Rows)
	case p.MaxProbe < 1:
		return fmt.Errorf("neardup: MaxProbe is %d, want at least 1", p.MaxProbe)
	}
	return nil
}

// Normalise returns the letters and digits of s alone, in their narrow width
// and in lower case: 「Ａ栋，停水!」 and "a栋停水" are one text.
func Normalise(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, width.Fold.String(s))
}

// Groups returns for every text the index of the first text of its group. A
// text that is like no other is a group of its own, as is every text without a
// letter. The grouping is the transitive closure of the verified pairs, and
// does not depend on the order of the texts.
func Groups(texts []string, p Params) ([]int, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	parent := make([]int, len(texts))
	first := make(map[string]int, len(texts))
	var distinct []textShingles
	for i, t := range texts {
		parent[i] = i
		n := Normalise(t)
		if n == "" {
			continue
		}
		if j, seen := first[n]; seen {
			parent[i] = j
			continue
		}
		first[n] = i
		distinct = append(distinct, textShingles{index: i, set: shingles(n, p.Shingle)})
	}
	link(distinct, parent, p)
	for i := range parent {
		parent[i] = find(parent, i)
	}
	return parent, nil
}

type textShingles struct {
	index int
	set   []uint64 // sorted, distinct
}

// link joins in parent every pair of texts that a band proposes and that the
// Jaccard similarity confirms.
func link(texts []textShingles, parent []int, p Params) {
	seeds := permutations(p.Bands * p.Rows)
	keys := make([]uint64, len(texts)*p.Bands)
	sig := make([]uint64, len(seeds))
	for i, t := range texts {
		signature(sig, t.set, seeds)
		for b := range p.Bands {
			keys[b*len(texts)+i] = mixAll(sig[b*p.Rows : (b+1)*p.Rows])
		}
	}
	order := make([]int, len(texts))
	for b := range p.Bands {
		band := keys[b*len(texts) : (b+1)*len(texts)]
		for i := range order {
			order[i] = i
		}
		// Inside a bucket texts are ordered by content, not by position, so
		// that MaxProbe cuts the same pairs whatever the input order.
		slices.SortFunc(order, func(x, y int) int {
			if band[x] != band[y] {
				return cmp.Compare(band[x], band[y])
			}
			return slices.Compare(texts[x].set, texts[y].set)
		})
		for from := 0; from < len(order); {
			to := from + 1
			for to < len(order) && band[order[to]] == band[order[from]] {
				to++
			}
			linkBucket(texts, order[from:to], parent, p)
			from = to
		}
	}
}

func linkBucket(texts []textShingles, bucket, parent []int, p Params) {
	for i := range bucket {
		for j := i + 1; j < len(bucket) && j <= i+p.MaxProbe; j++ {
			a, b := texts[bucket[i]], texts[bucket[j]]
			ra, rb := find(parent, a.index), find(parent, b.index)
			if ra == rb || jaccard(a.set, b.set) < p.Jaccard {
				continue
			}
			// The smaller index is the root, so that a group is named after
			// its first text.
			parent[max(ra, rb)] = min(ra, rb)
		}
	}
}

// jaccard is the similarity of two sorted sets of shingles, neither empty.
func jaccard(a, b []uint64) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			common++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return float64(common) / float64(len(a)+len(b)-common)
}

// shingles returns the hashes of the runs of k characters of a normalised
// text, sorted and distinct. A text shorter than k is one shingle.
func shingles(s string, k int) []uint64 {
	runes := []rune(s)
	if len(runes) <= k {
		return []uint64{hashRunes(runes)}
	}
	set := make([]uint64, 0, len(runes)-k+1)
	for i := range len(runes) - k + 1 {
		set = append(set, hashRunes(runes[i:i+k]))
	}
	slices.Sort(set)
	return slices.Compact(set)
}

// signature fills sig with the smallest value of each permutation over the set.
func signature(sig, set, seeds []uint64) {
	for i, seed := range seeds {
		least := ^uint64(0)
		for _, x := range set {
			least = min(least, (x^seed)*0x9e3779b97f4a7c15)
		}
		sig[i] = least
	}
}

// permutations are fixed odd constants drawn by splitmix64, so that every
// machine and every run proposes the same pairs.
func permutations(n int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = mix(uint64(i+1) * 0x9e3779b97f4a7c15)
	}
	return out
}

func hashRunes(rs []rune) uint64 {
	h := uint64(len(rs))
	for _, r := range rs {
		h = mix(h ^ uint64(r))
	}
	return h
}

func mixAll(xs []uint64) uint64 {
	h := uint64(len(xs))
	for _, x := range xs {
		h = mix(h ^ x)
	}
	return h
}

// mix is the finaliser of splitmix64 (Steele, Lea, Flood 2014).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

func find(parent []int, i int) int {
	for parent[i] != i {
		parent[i] = parent[parent[i]]
		i = parent[i]
	}
	return i
}
