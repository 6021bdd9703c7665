package newword

import (
	"cmp"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// finder holds what the two passes learn. The first counts every short run of
// pieces, and so finds which hang together more tightly than chance; the
// second asks who says those, and beside what.
type finder struct {
	opt    Options
	reader reader
	doc    int32
	spoken map[uint64]uint8 // by person: messages counted so far

	tallies map[string]*tally
	missing int32 // lossy counting: how much a tally may lack
	pieces  int64 // all pieces counted

	bound map[string]*evidence
	seen  map[uint64]struct{} // hashes of sightings
}

// tally counts a run of pieces.
type tally struct {
	n       int32
	missing int32  // at most so many came before counting began
	joints  uint16 // bit k: a piece ends behind character k, inside the run
	word    bool   // it has been met as a possible word, not just as a part
}

// perPerson is how many messages of a person count in the first pass: someone
// who writes fifty times makes no word.
const perPerson = 5

func (f *finder) speaks(person string) bool {
	p := hashOf(person)
	if f.spoken[p] >= perPerson {
		return false
	}
	f.spoken[p]++
	return true
}

func hashOf(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// countRuns is lossy counting (Manku and Motwani, VLDB 2002): when the table
// is full, what is rarest goes, and the bound on what a later count may lack
// grows. Parts of a run are at least as common as the run, so they stay.
func (f *finder) countRuns(doc Doc) {
	if !f.speaks(doc.Person) {
		return
	}
	f.reader.read(doc.Text)
	f.reader.runs(func(i, j int) {
		pieces := f.reader.pieces[i:j]
		run := doc.Text[pieces[0].Start:pieces[len(pieces)-1].End]
		if len(pieces) == 1 {
			f.pieces++
		}
		t := f.tallies[run]
		if t == nil {
			if len(f.tallies) >= f.opt.MaxTracked {
				f.forget()
			}
			t = &tally{missing: f.missing}
			f.tallies[strings.Clone(run)] = t
		}
		t.n++
		if !t.word && f.reader.isSequence(i, j) {
			t.word, t.joints = true, joints(pieces)
		}
	})
}

func (f *finder) forget() {
	for len(f.tallies) > f.opt.MaxTracked/2 {
		f.missing++
		for run, t := range f.tallies {
			if t.n+t.missing <= f.missing {
				delete(f.tallies, run)
			}
		}
	}
}

// maxBound is how many sequences go into the second pass.
const maxBound = 30_000

// keepBound chooses the sequences that are new to the dictionary, common
// enough, and hang together well enough.
func (f *finder) keepBound() {
	var list []*evidence
	for run, t := range f.tallies {
		if !t.word || int(t.n+t.missing) < f.opt.MinPeople {
			continue
		}
		if pmi := f.pmi(run, t); pmi >= f.opt.MinPMI && f.isNew(run) {
			list = append(list, &evidence{word: run, pmi: pmi, count: int(t.n)})
		}
	}
	slices.SortFunc(list, func(a, b *evidence) int {
		return cmp.Or(cmp.Compare(float64(b.count)*b.pmi, float64(a.count)*a.pmi), cmp.Compare(a.word, b.word))
	})
	list = list[:min(len(list), maxBound)]
	f.bound = make(map[string]*evidence, len(list))
	for i, e := range list {
		e.id = int32(i)
		f.bound[e.word] = e
	}
	f.tallies, f.spoken = nil, nil
}

// isNew reports what the dictionary neither has nor cuts as one, and what is
// not a known word with its level of government before it (市|教育局), nor the
// tail of some longer place name (溪|镇).
func (f *finder) isNew(word string) bool {
	if f.reader.seg.Has(word) {
		return false
	}
	pieces := f.reader.seg.Cut(word)
	switch len(pieces) {
	case 1:
		return false
	case 2:
		first, last := pieces[0], pieces[1]
		if isLevel(first) && utf8.RuneCountInString(last) > 1 {
			return false
		}
		return !isLevel(last) || utf8.RuneCountInString(first) > 1
	}
	return true
}

func isLevel(s string) bool {
	switch s {
	case "省", "市", "县", "区", "镇", "乡", "村", "路", "街", "局":
		return true
	}
	return false
}

// pmi is the pointwise mutual information, in bits, at the weakest joint:
// log2 of p(run) / (p(left)·p(right)).
func (f *finder) pmi(run string, t *tally) float64 {
	weakest := math.Inf(1)
	k := 0
	for i := range run {
		if k > 0 && t.joints&(1<<(k-1)) != 0 {
			left, right := f.tallies[run[:i]], f.tallies[run[i:]]
			if left != nil && right != nil {
				weakest = min(weakest, math.Log2(float64(t.n)*float64(f.pieces)/(float64(left.n)*float64(right.n))))
			}
		}
		k++
	}
	if math.IsInf(weakest, 1) {
		return 0
	}
	return weakest
}
