// Package newword proposes words that the dictionary does not have yet: pieces
// that stand side by side far more often than chance (pointwise mutual
// information), in changing company on both sides (entropy of the neighbours),
// in the messages of several people. An analyst decides which to accept.
//
// The method is the usual one for Chinese; see Huang and Powers, "Chinese word
// segmentation based on contextual entropy" (PACLIC 2003).
package newword

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"

	"zhicang/transform/segment"
)

// Doc is one message.
type Doc struct {
	Person string // who sent it, as a pseudonym
	Text   string // scrubbed
}

// Options say what counts as a candidate; zero values mean the defaults.
type Options struct {
	MinPeople  int     // distinct submitters; default 5, at least 3
	NamePeople int     // the same for what looks like a person's name; default 4 times MinPeople
	MaxRunes   int     // characters of a word; default 5, at most 8
	MinPMI     float64 // bits; default 1.2
	MinEntropy float64 // bits, on the poorer side; default 0.4
	Limit      int     // the best so many; default 500
	// MaxTracked bounds memory: how many runs of tokens are counted at a time,
	// about 100 bytes each; default two million. With more different ones in
	// the messages, the rarest are forgotten first.
	MaxTracked int
	// Surnames tell what may be a person's name. Without any, nothing is
	// taken for a name.
	Surnames []string
}

func (o Options) withDefaults() Options {
	o.MinPeople = cmp.Or(o.MinPeople, 5)
	o.NamePeople = cmp.Or(o.NamePeople, 4*o.MinPeople)
	o.MaxRunes = cmp.Or(o.MaxRunes, 5)
	o.MinPMI = cmp.Or(o.MinPMI, 1.2)
	o.MinEntropy = cmp.Or(o.MinEntropy, 0.4)
	o.Limit = cmp.Or(o.Limit, 500)
	o.MaxTracked = cmp.Or(o.MaxTracked, 2_000_000)
	return o
}

// Validate reports options that cannot be meant.
func (o Options) Validate() error {
	switch o = o.withDefaults(); {
	case o.MinPeople < 3:
		return fmt.Errorf("MinPeople is %d, at least 3 expected: what fewer people say could tell on them", o.MinPeople)
	case o.MaxRunes < 2 || o.MaxRunes > 8:
		return fmt.Errorf("MaxRunes is %d, 2 to 8 expected", o.MaxRunes)
	case o.NamePeople < o.MinPeople || o.Limit < 0 || o.MaxTracked < 1000 || o.MinPMI < 0 || o.MinEntropy < 0:
		return fmt.Errorf("NamePeople below MinPeople, MaxTracked below 1000, or a negative threshold")
	}
	return nil
}

// Candidate is a word that the dictionary may lack.
type Candidate struct {
	Word     string
	People   int // distinct submitters
	Opinions int // messages
	// PMI is that of the weakest joint within the word, in bits.
	PMI float64
	// LeftEntropy and RightEntropy, in bits, are over the characters beside the
	// word, each person's counted once.
	LeftEntropy, RightEntropy float64
	// Score orders candidates: log2(1+People) · PMI · the lesser entropy.
	Score float64
}

// Find returns the candidates in docs, best first. It ranges over docs
// twice, which must yield the same messages each time; an error from docs ends
// the search. The order of the messages matters in two cases alone: of a person
// who sent more than five, the first five are counted; and what is forgotten
// when more than MaxTracked runs occur depends on what came before.
func Find(ctx context.Context, seg *segment.Segmenter, docs iter.Seq2[Doc, error], opt Options) ([]Candidate, error) {
	if err := opt.Validate(); err != nil {
		return nil, fmt.Errorf("find new words: %w", err)
	}
	opt = opt.withDefaults()
	f := &finder{
		opt: opt, reader: reader{seg: seg, maxRunes: opt.MaxRunes},
		spoken: make(map[uint64]uint8), tallies: make(map[string]*tally), seen: make(map[uint64]struct{}),
	}
	if err := pass(ctx, docs, f.countRuns); err != nil {
		return nil, err
	}
	f.keepBound()
	if err := pass(ctx, docs, f.gatherEvidence); err != nil {
		return nil, err
	}
	return rank(f.judge(), opt.Limit), nil
}

func pass(ctx context.Context, docs iter.Seq2[Doc, error], each func(Doc)) error {
	for doc, err := range docs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("find new words: %w", err)
		}
		each(doc)
	}
	return nil
}

// rank drops what is a part of a longer candidate in most of its messages, and
// sorts the rest.
func rank(found []*evidence, limit int) []Candidate {
	const mostly = 0.7
	people := make(map[string]int, len(found))
	for _, e := range found {
		people[e.word] = e.people
	}
	whole := make(map[string]int) // part → most people who use a longer candidate with it
	for _, e := range found {
		for part := range parts(e.word) {
			if _, ok := people[part]; ok {
				whole[part] = max(whole[part], e.people)
			}
		}
	}
	var list []Candidate
	for _, e := range found {
		if float64(whole[e.word]) < mostly*float64(e.people) {
			list = append(list, e.candidate())
		}
	}
	slices.SortFunc(list, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Word, b.Word))
	})
	return list[:min(len(list), limit)]
}

// parts yields every proper substring of word of two or more characters.
func parts(word string) iter.Seq[string] {
	return func(yield func(string) bool) {
		runes := []rune(word)
		for i := range runes {
			for j := i + 2; j <= len(runes); j++ {
				if j-i < len(runes) && !yield(string(runes[i:j])) {
					return
				}
			}
		}
	}
}
