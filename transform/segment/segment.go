// Package segment cuts Chinese text into words and picks out those that carry
// content.
//
// The general dictionary is gse's (simplified characters), and so is the rule:
// the shortest path, where a word costs log2 of the inverse of its frequency,
// without a hidden Markov model, which is slower here and no better. The path
// itself is found in this package over a trie of its own, because gse
// allocates fifty times the size of what it cuts. On top of that come a site's
// own words, and numbers and dates in one piece.
package segment

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/go-ego/gse"

	"zhicang/transform/lexicon"
)

// codeVersion changes whenever the code would cut the same text with the same
// words otherwise.
const codeVersion = "1"

// Segmenter cuts text. It is immutable, and safe for concurrent use: to change
// the words, build a new one and swap it in.
type Segmenter struct {
	trie    *trie
	flags   []flag // by node of the trie
	version string
	pool    sync.Pool // *scratch
}

type flag uint8

const (
	flagDropped flag = 1 << iota // a stop word, or a word never to be a term
	flagDomain                   // a word of the lexicon: a term even where it looks like a number
)

// New loads the general dictionary, which takes about half a second, and the
// words of lex on top of it.
func New(ctx context.Context, lex *lexicon.Lexicon) (*Segmenter, error) {
	general := gse.Segmenter{SkipLog: true, NotLoadHMM: true, SkipSubSeg: true}
	if err := general.LoadDictEmbed("zh_s"); err != nil {
		return nil, fmt.Errorf("load general dictionary: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Segmenter{version: Version(lex)}
	s.pool.New = func() any { return new(scratch) }

	logTotal := float32(math.Log2(general.Dict.TotalFreq()))
	s.trie = newTrie(len(general.Dict.Tokens) + len(lex.Words))
	for i := range general.Dict.Tokens {
		token := &general.Dict.Tokens[i]
		s.trie.cost[s.trie.node(token.Text())] = logTotal - float32(math.Log2(token.Freq()))
	}
	if err := s.addWords(lex.Words, logTotal); err != nil {
		return nil, err
	}
	s.addFlags(lex)
	s.trie.seal()
	return s, nil
}

// addWords puts the site's words over the general ones. A word without a
// weight costs a little less than its parts do together, and no more than a
// rare word of the dictionary: enough to be cut as one piece, and no more
// weight against its neighbours than that. Shorter words come first, since
// they are the parts of longer ones.
func (s *Segmenter) addWords(words []lexicon.Word, logTotal float32) error {
	words = slices.Clone(words)
	for i := range words {
		words[i].Text = lower(words[i].Text)
	}
	slices.SortFunc(words, func(a, b lexicon.Word) int {
		return cmp.Or(cmp.Compare(len(a.Text), len(b.Text)), cmp.Compare(a.Text, b.Text))
	})
	var b scratch
	for _, w := range words {
		var cost float32
		if w.Weight > 0 {
			cost = max(0.5, logTotal-float32(math.Log2(w.Weight)))
		} else {
			b.split(w.Text)
			b.path(s.trie)
			cost = b.cost[len(b.runes)]
			if len(b.ends) > 1 {
				cost = min(cost-0.5, logTotal-1)
			}
		}
		node := s.trie.node(w.Text)
		if node == 0 {
			return fmt.Errorf("the dictionary has no room for all %d words of the lexicon, or one of them is empty", len(words))
		}
		s.trie.cost[node] = cost
	}
	return nil
}

// addFlags marks what Terms must know of a word, by its node in the trie.
func (s *Segmenter) addFlags(lex *lexicon.Lexicon) {
	mark := func(word string, f flag) {
		node := s.trie.node(lower(word))
		if node == 0 {
			return
		}
		if missing := int(node) + 1 - len(s.flags); missing > 0 {
			s.flags = append(s.flags, make([]flag, missing)...)
		}
		s.flags[node] |= f
	}
	s.flags = make([]flag, len(s.trie.cost))
	for _, w := range lex.Words {
		mark(w.Text, flagDomain)
	}
	for _, list := range [][]string{lex.Stop, lex.Never} {
		for _, w := range list {
			mark(w, flagDropped)
		}
	}
	s.flags = append(s.flags, make([]flag, len(s.trie.cost)-len(s.flags))...)
}

// Version is the version of the lexicon and the code that s cuts with, as the
// function of that name tells it.
func (s *Segmenter) Version() string { return s.version }

// Has reports whether word (lower case) is in the general dictionary or the
// lexicon.
func (s *Segmenter) Has(word string) bool { return s.trie.find(word) > 0 }

// Cut cuts text into tokens. Nothing is dropped: joined, the tokens are text
// again, with the letters A to Z in lower case. A mark of the scrubber such as
// 〔电话〕 is one token. The tokens share the memory of one string.
func (s *Segmenter) Cut(text string) []string {
	// Citizens' messages have 4.5 to 5 bytes a token.
	return s.AppendCut(make([]string, 0, len(text)*2/9+1), text)
}

// AppendCut appends the tokens of text to dst, for callers that reuse memory.
func (s *Segmenter) AppendCut(dst []string, text string) []string {
	text = lower(text)
	b := s.pool.Get().(*scratch)
	defer s.pool.Put(b)
	for len(text) > 0 {
		n := b.split(text)
		b.path(s.trie)
		b.joinNumbers()
		start := int32(0)
		for _, end := range b.ends {
			next := b.off[end]
			dst = append(dst, text[start:next])
			start = next
		}
		text = text[n:]
	}
	return dst
}

// Terms cuts text and keeps the tokens with content, in order, duplicates
// included: no stop words, punctuation, numbers, dates, single characters, or
// marks of the scrubber. What web pages leave behind (zero-width and control
// characters) is removed first, and full-width letters become plain ones.
func (s *Segmenter) Terms(text string) []string {
	return s.AppendTerms(make([]string, 0, len(text)/10), text)
}

// AppendTerms appends the terms of text to dst.
func (s *Segmenter) AppendTerms(dst []string, text string) []string {
	text = lower(clean(text))
	b := s.pool.Get().(*scratch)
	defer s.pool.Put(b)
	for len(text) > 0 {
		n := b.split(text)
		b.path(s.trie)
		b.joinNumbers()
		start := int32(0)
		for _, end := range b.ends {
			if s.isTerm(b, start, end) {
				dst = append(dst, narrow(text[b.off[start]:b.off[end]]))
			}
			start = end
		}
		text = text[n:]
	}
	return dst
}

// isTerm judges the piece of runes [start, end) of the sentence in b.
func (s *Segmenter) isTerm(b *scratch, start, end int32) bool {
	node := b.word[end]
	if end-start < 2 || node == numeric {
		return false
	}
	if node == 0 { // an unknown piece longer than a character: a run of letters and digits, or a mark
		word := b.runes[start:end]
		return isTermRun(word) && s.flags[s.trie.walk(word)]&flagDropped == 0
	}
	if s.flags[node] != 0 {
		return s.flags[node]&flagDropped == 0
	}
	return true
}

// isTermRun reports whether an unknown run of letters and digits can be a
// term: an abbreviation such as etc or 5g, and no number, link or mark.
func isTermRun(word []rune) bool {
	const longest = 20 // beyond that it is a key, a link's parameter or worse
	if len(word) > longest || word[0] == '〔' {
		return false
	}
	return slices.ContainsFunc(word, func(r rune) bool { return !isNumeral(r) })
}
