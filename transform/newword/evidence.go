package newword

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"
)

// evidence is what the second pass gathers about a sequence.
type evidence struct {
	id          int32
	word        string
	pmi         float64
	count       int
	people      int
	opinions    int
	lastDoc     int32
	named       int // people who introduce it, or address it, as a person
	left, right map[rune]int
}

// sighting is one person's use of a sequence beside one character. Sightings
// are remembered by a hash of 64 bits: two that coincide cost one count.
type sighting struct {
	person uint64
	id     int32
	beside rune
	side   int8
}

const (
	sideNone int8 = iota
	sideLeft
	sideRight
	sideNamed
)

// enough people show what company a sequence keeps; more would only take memory.
const enough = 500

// gatherEvidence counts people, and each person's neighbouring characters once.
func (f *finder) gatherEvidence(doc Doc) {
	f.doc++
	f.reader.read(doc.Text)
	person := hashOf(doc.Person)
	f.reader.runs(func(i, j int) {
		if !f.reader.isSequence(i, j) {
			return
		}
		start, end := f.reader.pieces[i].Start, f.reader.pieces[j-1].End
		e := f.bound[doc.Text[start:end]]
		if e == nil {
			return
		}
		if e.lastDoc != f.doc {
			e.lastDoc = f.doc
			e.opinions++
		}
		if f.first(sighting{person, e.id, 0, sideNone}) {
			e.people++
		}
		if e.people > enough {
			return
		}
		before, _ := utf8.DecodeLastRuneInString(doc.Text[:start])
		after, _ := utf8.DecodeRuneInString(doc.Text[end:])
		if f.first(sighting{person, e.id, before, sideLeft}) {
			e.left = count(e.left, before)
		}
		if f.first(sighting{person, e.id, after, sideRight}) {
			e.right = count(e.right, after)
		}
		if introduced(doc.Text[:start], doc.Text[end:]) && f.first(sighting{person, e.id, 0, sideNamed}) {
			e.named++
		}
	})
}

// first reports a sighting that has not been made before.
func (f *finder) first(s sighting) bool {
	h := s.person
	for _, v := range [...]uint64{uint64(s.id), uint64(s.beside)<<2 | uint64(s.side)} {
		h = (h ^ v) * 0x9e3779b97f4a7c15
		h ^= h >> 29
	}
	if _, ok := f.seen[h]; ok {
		return false
	}
	f.seen[h] = struct{}{}
	return true
}

func count(m map[rune]int, r rune) map[rune]int {
	if m == nil {
		m = make(map[rune]int)
	}
	m[r]++
	return m
}

// judge applies the thresholds, in order of word.
func (f *finder) judge() []*evidence {
	var list []*evidence
	for _, e := range f.bound {
		least := f.opt.MinPeople
		if f.looksLikeName(e.word) {
			least = f.opt.NamePeople
			if 10*e.named >= e.people {
				continue
			}
		}
		if e.people >= least && min(entropy(e.left), entropy(e.right)) >= f.opt.MinEntropy {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b *evidence) int { return cmp.Compare(a.word, b.word) })
	return list
}

func (e *evidence) candidate() Candidate {
	c := Candidate{
		Word: e.word, People: e.people, Opinions: e.opinions, PMI: e.pmi,
		LeftEntropy: entropy(e.left), RightEntropy: entropy(e.right),
	}
	c.Score = math.Log2(1+float64(c.People)) * c.PMI * min(c.LeftEntropy, c.RightEntropy)
	return c
}

// entropy is in bits. It sums in order of the characters' counts, so that the
// same counts give the same bits whatever the order of the map.
func entropy(counts map[rune]int) float64 {
	ns := make([]int, 0, len(counts))
	total := 0
	for _, n := range counts {
		ns = append(ns, n)
		total += n
	}
	slices.Sort(ns)
	h := 0.0
	for _, n := range ns {
		p := float64(n) / float64(total)
		h -= p * math.Log2(p)
	}
	return h
}
