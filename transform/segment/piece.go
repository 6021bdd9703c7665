package segment

// Class is what kind of token a Piece is.
type Class uint8

// The classes of token.
const (
	ClassOther  Class = iota // punctuation, spaces, letters, marks of the scrubber
	ClassNumber              // numbers and dates
	ClassStop                // a stop word in Chinese characters
	ClassWord                // any other token of Chinese characters, known or not
)

// Piece is a token by its place in the text, for callers that ask what stands
// beside what.
type Piece struct {
	Start, End int // bytes
	Runes      int
	Class      Class
}

// AppendPieces cuts text as Cut does and appends the tokens' places to dst.
func (s *Segmenter) AppendPieces(dst []Piece, text string) []Piece {
	b := s.pool.Get().(*scratch)
	defer s.pool.Put(b)
	folded := lower(text)
	for at := 0; at < len(folded); {
		n := b.split(folded[at:])
		b.path(s.trie)
		b.joinNumbers()
		start := int32(0)
		for _, end := range b.ends {
			dst = append(dst, Piece{
				Start: at + int(b.off[start]), End: at + int(b.off[end]),
				Runes: int(end - start), Class: s.class(b, start, end),
			})
			start = end
		}
		at += n
	}
	return dst
}

func (s *Segmenter) class(b *scratch, start, end int32) Class {
	node := b.word[end]
	if node == numeric {
		return ClassNumber
	}
	for _, r := range b.runes[start:end] {
		if !isHan(r) {
			return ClassOther
		}
	}
	if node == 0 && end-start == 1 { // a character that no word begins with may still be a stop word
		node = s.trie.walk(b.runes[start:end])
	}
	if node != 0 && s.flags[node]&flagDropped != 0 {
		return ClassStop
	}
	return ClassWord
}

func isHan(r rune) bool {
	return r >= 0x4e00 && r <= 0x9fff || r >= 0x3400 && r <= 0x4dbf || r >= 0x20000 && r <= 0x323af
}
