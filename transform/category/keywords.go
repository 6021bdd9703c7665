package category

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"unicode/utf8"

	"zhicang/transform/lexicon"
)

// Keywords sorts by the cues of the lexicon's matters. It needs no training,
// and knows only what the lexicon says.
type Keywords struct {
	categories []string
	of         []int // category by matter
	matcher    *lexicon.Matcher
	version    string
}

var _ Classifier = (*Keywords)(nil)

// keywordsVersion changes whenever the rule below does.
const keywordsVersion = "keywords-1"

// headRunes is how much of a message counts as its subject: people say first
// what it is about, and later whom else they told.
const headRunes = 40

// NewKeywords prepares the matters and categories of lex.
func NewKeywords(lex *lexicon.Lexicon) *Keywords {
	k := &Keywords{categories: lex.Categories, matcher: lexicon.NewMatcher(lex.Matters)}
	digest := sha256.New()
	for _, m := range lex.Matters {
		k.of = append(k.of, slices.Index(lex.Categories, m.Category))
		fmt.Fprintln(digest, m.Category, m.Name, m.Cues)
	}
	k.version = keywordsVersion + "-" + hex.EncodeToString(digest.Sum(nil)[:8])
	return k
}

// Version implements Classifier.
func (k *Keywords) Version() string { return k.version }

// Predict implements Classifier; words are not looked at. A cue counts by its
// length beyond one character, twice in the first words of the message, with
// falling weight when repeated, and shared among the categories that list it.
// The confidence is the best category's share of the whole, held down while
// little has been seen.
func (k *Keywords) Predict(_ []string, text string) (string, float64) {
	head := len(text)
	for i, n := 0, 0; i < len(text); n++ {
		if n == headRunes {
			head = i
			break
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		i += size
	}
	scores := make([]float64, len(k.categories))
	total := 0.0
	seen := make(map[string]int)
	for _, hit := range k.matcher.Match(text) {
		cue := text[hit.Start:hit.End]
		weight := math.Sqrt(float64(utf8.RuneCountInString(cue)-1)) / float64(1+seen[cue])
		seen[cue]++
		if hit.Start < head {
			weight *= 2
		}
		for _, m := range hit.Matters {
			if c := k.of[m]; c >= 0 {
				scores[c] += weight / float64(len(hit.Matters))
				total += weight / float64(len(hit.Matters))
			}
		}
	}
	best := 0
	for c := range scores {
		if scores[c] > scores[best] {
			best = c
		}
	}
	if total == 0 {
		return "", 0
	}
	const prior = 1 // what one cue of two characters weighs
	return k.categories[best], scores[best] / (total + prior)
}
