package newword

import (
	"strings"

	"zhicang/transform/segment"
)

// reader walks the sequences of tokens in a message.
type reader struct {
	seg      *segment.Segmenter
	maxRunes int
	pieces   []segment.Piece
	parts    []part // of the pieces, in order
}

// part says what a piece may be in a new word.
type part uint8

const (
	breaks part = iota // no part of any word: punctuation, numbers, letters, marks, particles
	inside             // a stop word: neither its beginning nor its end
	whole              // anywhere
)

func (r *reader) read(text string) {
	r.pieces = r.seg.AppendPieces(r.pieces[:0], text)
	r.parts = r.parts[:0]
	for _, p := range r.pieces {
		r.parts = append(r.parts, partOf(p, text[p.Start:p.End]))
	}
}

// partOf: 的 and 了 are in no word worth finding, nor is what ends with them.
func partOf(p segment.Piece, tok string) part {
	const particles = "的了着吗呢吧啊们"
	switch {
	case p.Class == segment.ClassStop && p.Runes == 1 && strings.Contains(particles, tok):
		return breaks
	case strings.HasSuffix(tok, "的") || strings.HasSuffix(tok, "了"):
		return breaks
	case p.Class == segment.ClassStop:
		return inside
	case p.Class == segment.ClassWord:
		return whole
	}
	return breaks
}

// runs calls fn with every run of pieces[i:j] that nothing breaks, at most
// maxRunes characters long: single pieces, what could be a word, and what a
// word could be joined from.
func (r *reader) runs(fn func(i, j int)) {
	for i := range r.pieces {
		n := 0
		for j := i; j < len(r.pieces) && r.parts[j] != breaks; j++ {
			if n += r.pieces[j].Runes; n > r.maxRunes {
				break
			}
			fn(i, j+1)
		}
	}
}

// isSequence reports whether pieces[i:j] could be a word: two or more pieces,
// with a stop word at neither end.
func (r *reader) isSequence(i, j int) bool {
	return j-i > 1 && r.parts[i] == whole && r.parts[j-1] == whole
}

// joints has bit k set where a piece ends behind character k, the last apart.
func joints(pieces []segment.Piece) uint16 {
	var bits uint16
	at := 0
	for _, p := range pieces[:len(pieces)-1] {
		at += p.Runes
		bits |= 1 << (at - 1)
	}
	return bits
}
