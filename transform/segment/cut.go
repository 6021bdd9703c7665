package segment

import (
	"math"
	"unicode"
	"unicode/utf8"
)

// unknownCost is what gse charges for a character that begins no word.
const unknownCost = 32

// maxSentence bounds, in characters, what is cut in one piece, so that the
// buffers stay small whatever comes in.
const maxSentence = 4096

// scratch is the memory of one cut, reused from sentence to sentence.
type scratch struct {
	runes []rune
	off   []int32   // byte offset of every rune, and of the end
	glued []bool    // glued[i]: no cut between runes i-1 and i (inside a run of letters or digits)
	cost  []float32 // cost[i]: of the best path to the boundary before rune i
	from  []int32   // from[i]: where that path's last word begins
	word  []uint32  // word[i]: the dictionary's node of that word, 0 for an unknown one
	ends  []int32   // boundaries of the best path, as rune indexes
	spare []int32   // the other buffer of ends
}

// split fills the buffers with the next sentence of text and returns its
// length in bytes. A sentence ends behind 。！？；, a line break, or at
// maxSentence; no word of the dictionary holds one of those.
func (b *scratch) split(text string) int {
	b.runes, b.off, b.glued = b.runes[:0], b.off[:0], b.glued[:0]
	prev := false // the rune before is a letter or digit that sticks to its like
	i := 0
	for i < len(text) {
		var r rune
		size := 1
		if c := text[i]; c < utf8.RuneSelf {
			r = rune(c)
		} else {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		sticks := isAlnum(r)
		b.runes = append(b.runes, r)
		b.off = append(b.off, int32(i))
		b.glued = append(b.glued, sticks && prev)
		prev = sticks
		if r == '〔' {
			if n := markLen(text[i:]); n > 0 {
				b.mark(text[i:i+n], i)
				size = n
			}
		}
		i += size
		if r == '。' || r == '\n' || r == '！' || r == '？' || r == '；' || len(b.runes) >= maxSentence {
			break
		}
	}
	b.off = append(b.off, int32(i))
	b.glued = append(b.glued, false)
	return i
}

// mark adds what follows the 〔 of a scrubber's mark, as one piece with it.
func (b *scratch) mark(mark string, at int) {
	for j, r := range mark {
		if j > 0 {
			b.runes = append(b.runes, r)
			b.off = append(b.off, int32(at+j))
			b.glued = append(b.glued, true)
		}
	}
}

// isAlnum reports whether r joins its neighbours into one token: Latin and
// other letters of one or two bytes, digits, and their full-width forms.
func isAlnum(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z'
	case r < 0x800:
		return unicode.IsLetter(r) || unicode.IsNumber(r)
	default:
		return r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' || r >= 'ａ' && r <= 'ｚ'
	}
}

// path finds the cheapest way through the sentence over the words of the
// dictionary, the cost of a word being log2 of the inverse of its frequency:
// the shortest path of gse, with its tie-breaking (the word that begins first).
func (b *scratch) path(t *trie) {
	n := len(b.runes)
	b.cost = sized(b.cost, n+1)
	b.from = sized(b.from, n+1)
	b.word = sized(b.word, n+1)
	for i := range b.cost {
		b.cost[i] = math.MaxFloat32
	}
	b.cost[0] = 0
	for i := 0; i < n; {
		b.extend(t, i)
		i++
		for b.glued[i] {
			i++
		}
	}
	b.ends = b.ends[:0]
	for i := int32(n); i > 0; i = b.from[i] {
		b.ends = append(b.ends, i)
	}
	for i, j := 0, len(b.ends)-1; i < j; i, j = i+1, j-1 {
		b.ends[i], b.ends[j] = b.ends[j], b.ends[i]
	}
}

// extend follows every word that begins at rune i, and the unit at i alone.
func (b *scratch) extend(t *trie, i int) {
	base := b.cost[i]
	var node uint32
	alone := false // the unit at i is a word of the dictionary
	unit := 0      // units passed
	for j := i; j < len(b.runes) && node&leafBit == 0; {
		node = t.step(node, b.runes[j])
		j++
		if node == 0 {
			break
		}
		if b.glued[j] {
			continue
		}
		if c := t.cost[node&^leafBit]; c > 0 {
			alone = alone || unit == 0
			b.relax(i, j, base+c, node&^leafBit)
		}
		unit++
	}
	if alone {
		return
	}
	end := i + 1
	for b.glued[end] {
		end++
	}
	b.relax(i, end, base+unknownCost, 0)
}

func (b *scratch) relax(from, to int, cost float32, node uint32) {
	if cost < b.cost[to] {
		b.word[to] = node
		b.cost[to] = cost
		b.from[to] = int32(from)
	}
}

func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/2)
	}
	return s[:n]
}

// lower folds the case of ASCII letters and leaves every other byte as it is.
func lower(s string) string {
	for i := range len(s) {
		if s[i]-'A' < 26 {
			b := []byte(s)
			for j := i; j < len(b); j++ {
				if b[j]-'A' < 26 {
					b[j] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}
