package lexicon

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Matcher finds the cues of matters in text. It is safe for concurrent use.
type Matcher struct {
	byFirst map[rune][]cue // longest first
}

type cue struct {
	text    string
	matters []int
}

// Hit is one cue found in a text: a cue that several matters share makes one
// hit, since the text says it once.
type Hit struct {
	Matters    []int // indexes into the matters given to NewMatcher, ascending; shared, not to be changed
	Start, End int   // bytes of the cue in the text
}

// NewMatcher prepares the cues, and the names, of the matters.
func NewMatcher(matters []Matter) *Matcher {
	owners := make(map[string][]int)
	for i, m := range matters {
		for _, c := range append([]string{m.Name}, m.Cues...) {
			c = lower(c)
			if own := owners[c]; len(own) == 0 || own[len(own)-1] != i {
				owners[c] = append(own, i)
			}
		}
	}
	m := &Matcher{byFirst: make(map[rune][]cue)}
	for text, own := range owners {
		first, _ := utf8.DecodeRuneInString(text)
		m.byFirst[first] = append(m.byFirst[first], cue{text, own})
	}
	for _, cues := range m.byFirst {
		slices.SortFunc(cues, func(a, b cue) int {
			return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
		})
	}
	return m
}

// Match returns the cues in text from left to right. Where cues begin at one
// place or overlap, the one that begins first, and of those the longest,
// counts: 公交站台 says nothing about 公交 beside it. Latin letters match
// without regard to case.
func (m *Matcher) Match(text string) []Hit {
	text = lower(text)
	var hits []Hit
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		for _, c := range m.byFirst[r] {
			if strings.HasPrefix(text[i:], c.text) {
				hits = append(hits, Hit{c.matters, i, i + len(c.text)})
				size = len(c.text)
				break
			}
		}
		i += size
	}
	return hits
}

// lower folds ASCII alone, so that byte positions stay those of the text.
func lower(s string) string {
	if strings.IndexFunc(s, isUpper) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c - 'A' + 'a'
		}
	}
	return string(b)
}

func isUpper(r rune) bool { return r >= 'A' && r <= 'Z' }
