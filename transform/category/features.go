package category

import (
	"cmp"
	"math"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A message is seen as its words, and as the pairs and triples of characters
// in its text, which carry it over words that were cut wrongly or never seen.

// vector is a sparse vector, ascending by feature.
type vector []entry

type entry struct {
	feature int32
	value   float32
}

// vocabulary numbers the features: words first, then character n-grams.
type vocabulary struct {
	words map[string]int32
	grams map[string]int32
	idf   []float32
}

func (v *vocabulary) size() int { return len(v.idf) }

// vector weighs a message: log-damped counts, times idf, of unit length over
// words and n-grams alike, so that long messages do not shout.
func (v *vocabulary) vector(words []string, text string) vector {
	vec := make(vector, 0, 256)
	for _, w := range words {
		if id, ok := v.words[w]; ok {
			vec = append(vec, entry{id, 1})
		}
	}
	eachGram(text, func(gram string) {
		if id, ok := v.grams[gram]; ok {
			vec = append(vec, entry{id, 1})
		}
	})
	slices.SortFunc(vec, func(a, b entry) int { return cmp.Compare(a.feature, b.feature) })
	out := vec[:0]
	for _, e := range vec {
		if n := len(out); n > 0 && out[n-1].feature == e.feature {
			out[n-1].value++
		} else {
			out = append(out, e)
		}
	}
	var norm float64
	for i := range out {
		e := &out[i]
		e.value = float32(1+math.Log(float64(e.value))) * v.idf[e.feature]
		norm += float64(e.value) * float64(e.value)
	}
	if norm > 0 {
		scale := float32(1 / math.Sqrt(norm))
		for i := range out {
			out[i].value *= scale
		}
	}
	return out
}

// eachGram calls fn with every pair and triple of neighbouring Chinese
// characters in text. Digits, letters and the scrubber's marks break the row:
// numbers of any kind never become features.
func eachGram(text string, fn func(string)) {
	a, b := -1, -1 // where the characters before last, and last, begin
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == '〔' {
			size = markLen(text[i:])
		}
		if !isHan(r) {
			a, b = -1, -1
			i += size
			continue
		}
		if b >= 0 {
			fn(text[b : i+size])
		}
		if a >= 0 {
			fn(text[a : i+size])
		}
		a, b = b, i
		i += size
	}
}

// isHan reports a Chinese character, quickly for nearly all of them.
func isHan(r rune) bool {
	if r >= 0x4e00 && r <= 0x9fff {
		return true
	}
	return r >= 0x3400 && unicode.Is(unicode.Han, r) && r != '〇'
}

// markLen returns the length of the bracketed mark that text begins with, or
// of the bracket alone where it closes too late to be a mark.
func markLen(text string) int {
	const longest = 8
	n := 0
	for i, r := range text {
		if r == '〕' {
			return i + len("〕")
		}
		if n++; n > longest {
			break
		}
	}
	return len("〔")
}

// isWordFeature keeps what identifies rather than tells out of the model:
// anything with a digit or a mark in it.
func isWordFeature(word string) bool {
	for _, r := range word {
		if unicode.IsNumber(r) || r == '〔' || r == '@' {
			return false
		}
	}
	return word != ""
}

// counted is a feature found in the training messages.
type counted struct {
	text   string
	people int // distinct submitters
	docs   int
}

// learn builds the vocabulary of the examples, which must be sorted by person.
// A feature that fewer than minPeople people use is dropped: it tells little,
// and could tell on somebody. The most widely used max features are kept.
func learn(examples []Example, minPeople, max int) *vocabulary {
	words, grams := newCounter(), newCounter()
	for i, ex := range examples {
		newPerson := i == 0 || ex.Person == "" || ex.Person != examples[i-1].Person
		words.next(newPerson)
		grams.next(newPerson)
		for _, w := range ex.Words {
			if isWordFeature(w) {
				words.add(w)
			}
		}
		eachGram(ex.Text, grams.add)
	}
	v := &vocabulary{words: make(map[string]int32), grams: make(map[string]int32)}
	n := float64(len(examples))
	for _, part := range []struct {
		list []counted
		into map[string]int32
	}{{words.frequent(minPeople, max/2), v.words}, {grams.frequent(minPeople, max/2), v.grams}} {
		for _, c := range part.list {
			part.into[c.text] = int32(len(v.idf))
			v.idf = append(v.idf, float32(math.Log((n+1)/(float64(c.docs)+1))+1))
		}
	}
	return v
}

// counter counts the documents and the people that use a feature.
type counter struct {
	m           map[string]*use
	doc, person int
}

type use struct{ docs, people, lastDoc, lastPerson int }

func newCounter() *counter { return &counter{m: make(map[string]*use)} }

func (c *counter) next(newPerson bool) {
	c.doc++
	if newPerson {
		c.person++
	}
}

func (c *counter) add(text string) {
	u := c.m[text]
	if u == nil {
		u = &use{}
		c.m[text] = u
	}
	if u.lastDoc != c.doc {
		u.lastDoc = c.doc
		u.docs++
	}
	if u.lastPerson != c.person {
		u.lastPerson = c.person
		u.people++
	}
}

// frequent lists the features used by at least minPeople, in order of text;
// of more than limit, those that most people use.
func (c *counter) frequent(minPeople, limit int) []counted {
	var list []counted
	for text, u := range c.m {
		if u.people >= minPeople {
			list = append(list, counted{text, u.people, u.docs})
		}
	}
	slices.SortFunc(list, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.people, a.people), cmp.Compare(a.text, b.text))
	})
	list = list[:min(len(list), limit)]
	slices.SortFunc(list, func(a, b counted) int { return cmp.Compare(a.text, b.text) })
	return list
}
