package topics

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"zhicang/transform/lexicon"
)

// vector is a sparse vector: indexes ascending, without zeros.
type vector struct {
	at  []int32
	val []float64
}

func (v vector) dot(w vector) float64 {
	sum := 0.0
	for i, j := 0, 0; i < len(v.at) && j < len(w.at); {
		switch {
		case v.at[i] == w.at[j]:
			sum += v.val[i] * w.val[j]
			i++
			j++
		case v.at[i] < w.at[j]:
			i++
		default:
			j++
		}
	}
	return sum
}

func (v vector) norm() float64 {
	sum := 0.0
	for _, x := range v.val {
		sum += x * x
	}
	return math.Sqrt(sum)
}

func (v vector) plus(w vector) vector {
	out := vector{make([]int32, 0, len(v.at)+len(w.at)), make([]float64, 0, len(v.at)+len(w.at))}
	i, j := 0, 0
	for i < len(v.at) || j < len(w.at) {
		switch {
		case j == len(w.at) || i < len(v.at) && v.at[i] < w.at[j]:
			out.at, out.val = append(out.at, v.at[i]), append(out.val, v.val[i])
			i++
		case i == len(v.at) || w.at[j] < v.at[i]:
			out.at, out.val = append(out.at, w.at[j]), append(out.val, w.val[j])
			j++
		default:
			out.at, out.val = append(out.at, v.at[i]), append(out.val, v.val[i]+w.val[j])
			i++
			j++
		}
	}
	return out
}

func (v vector) times(x float64) vector {
	out := vector{v.at, make([]float64, len(v.val))}
	for i := range v.val {
		out.val[i] = v.val[i] * x
	}
	return out
}

// cosine is the cosine of two vectors, 0 where one is empty.
func cosine(v, w vector) float64 {
	n := v.norm() * w.norm()
	if n == 0 {
		return 0
	}
	return min(1, v.dot(w)/n)
}

// matterPrefix marks the features that are matters.
const matterPrefix = "事项:"

// space holds the features of a month and how rare each is.
type space struct {
	words   []string // features in the order of their indexes: words, then matters
	index   map[string]int32
	matters int // index of the first matter
	idf     []float64
}

// counted is one text as counts of features.
type counted struct {
	words   map[string]float64 // by titled frequency
	matters map[int]float64    // matter → distinct cues, those of the title counting more
}

// counter counts the features of a message.
type counter struct {
	matcher     *lexicon.Matcher
	titleWeight float64
	boilerplate map[string]bool
}

func newCounter(lex Lexicon, v *Vocabulary, p Params) *counter {
	c := &counter{matcher: lexicon.NewMatcher(lex.Matters), titleWeight: p.TitleWeight, boilerplate: make(map[string]bool)}
	for _, w := range v.Boilerplate {
		c.boilerplate[w] = true
	}
	for _, g := range v.People {
		if g.NeedsPlace {
			for _, name := range g.Names {
				c.boilerplate[name] = true
			}
		}
	}
	return c
}

// count counts the words of d that are not part of a name in names, and the
// cues of matters outside those names.
func (c *counter) count(d Doc, names []string) counted {
	out := counted{words: make(map[string]float64), matters: make(map[int]float64)}
	for _, w := range d.Words {
		if c.boilerplate[w] || !telltale(w) || slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, w) }) {
			continue
		}
		weight := 1.0
		if _, counted := out.words[w]; !counted && strings.Contains(d.Title, w) {
			weight = c.titleWeight
		}
		out.words[w] += weight
	}
	c.countCues(out.matters, d.Title, names, c.titleWeight)
	c.countCues(out.matters, d.Body, names, 1)
	return out
}

// countCues adds every distinct cue of the text, shared out among the matters
// that have it, but for those inside a place's name: 学校 in 蓝天学校.
func (c *counter) countCues(into map[int]float64, text string, names []string, weight float64) {
	seen := make(map[string]bool)
	for _, hit := range c.matcher.Match(text) {
		cue := text[hit.Start:hit.End]
		if seen[cue] || slices.ContainsFunc(names, func(n string) bool { return strings.Contains(n, cue) }) {
			continue
		}
		seen[cue] = true
		for _, m := range hit.Matters {
			into[m] += weight / float64(len(hit.Matters))
		}
	}
}

// telltale reports whether a word may tell what a message is about: at least
// two letters, and not a number or a code such as A5区.
func telltale(w string) bool {
	return utf8.RuneCountInString(w) >= 2 && strings.IndexFunc(w, func(r rune) bool {
		return unicode.IsDigit(r) || !unicode.IsLetter(r)
	}) < 0
}

// newSpace indexes the features of the texts, one text a group of near-
// duplicates. A word of one text alone says nothing about others, but its
// weight makes that text less like them, so it stays.
func newSpace(texts []counted, matters []lexicon.Matter) *space {
	df := make(map[string]int)
	matterDF := make([]int, len(matters))
	for _, t := range texts {
		for w := range t.words {
			df[w]++
		}
		for m := range t.matters {
			matterDF[m]++
		}
	}
	s := &space{index: make(map[string]int32, len(df))}
	for w := range df {
		s.words = append(s.words, w)
	}
	slices.Sort(s.words)
	s.matters = len(s.words)
	n := float64(len(texts))
	for i, w := range s.words {
		s.index[w] = int32(i)
		// A word seen once counts as seen twice: a slip of the pen is not the
		// rarest of matters.
		s.idf = append(s.idf, math.Log(1+n/float64(max(2, df[w]))))
	}
	for i, m := range matters {
		s.words = append(s.words, matterPrefix+m.Name)
		s.idf = append(s.idf, math.Log(1+n/float64(max(2, matterDF[i]))))
	}
	return s
}

// embed turns counts into a vector of unit length in which matters have up to
// share of the squared length: all of it with several cues, less with one.
func (s *space) embed(c counted, share float64) vector {
	words := vector{}
	for _, w := range slices.Sorted(maps.Keys(c.words)) {
		if at, ok := s.index[w]; ok { // in the order of words
			words.at = append(words.at, at)
			words.val = append(words.val, (1+math.Log(c.words[w]))*s.idf[at])
		}
	}
	matters := vector{}
	cues := 0.0
	for _, m := range slices.Sorted(maps.Keys(c.matters)) {
		at := int32(s.matters + m)
		matters.at = append(matters.at, at)
		matters.val = append(matters.val, c.matters[m]*s.idf[at])
		cues += c.matters[m]
	}
	share *= 1 - math.Exp2(-cues)
	switch {
	case len(words.at) == 0:
		share = 1
	case len(matters.at) == 0:
		share = 0
	}
	words.scale(math.Sqrt(1 - share))
	matters.scale(math.Sqrt(share))
	return words.plus(matters)
}

// scale gives v the length, if it has any.
func (v vector) scale(length float64) {
	n := v.norm()
	if n == 0 {
		return
	}
	for i := range v.val {
		v.val[i] *= length / n
	}
}
