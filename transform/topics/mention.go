package topics

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// mention is a place that a message names.
type mention struct {
	place int // index into gazetteer.places
	score float64
	title bool
}

// Where a message names several places, these say which one it is about: the
// title counts for more than the body, a place that stands right before a
// finer one is only its address, and a town is where somebody lives.
const (
	titleScore   = 3
	bodyScore    = 1
	maxBodyCount = 3
	addressScore = -3
	lodgingScore = -1
	coarseScore  = -0.75
	townScore    = -2
)

// spot is one place where a name stands in a text.
type spot struct {
	start, end, place int
}

// read returns the places of a message, the one it is about first, and the
// pieces of text that name them. A name that only this message shows becomes a
// place of its own.
func (g *gazetteer) read(title, body []rune) (mentions []mention, names []string) {
	byPlace := make(map[int]int)
	bodyCount := make(map[int]int)
	lodging := newWordSet([]string{"我是", "住在", "家住", "家在", "老家是"})
	for part, text := range [][]rune{title, body} {
		spots := g.spots(text)
		for i, s := range spots {
			names = append(names, string(text[s.start:s.end]))
			at, seen := byPlace[s.place]
			if !seen {
				at = len(mentions)
				byPlace[s.place] = at
				mentions = append(mentions, mention{place: s.place, score: g.rank(s.place)})
			}
			m := &mentions[at]
			switch {
			case part == 0 && !m.title:
				m.title = true
				m.score += titleScore
			case part == 1 && bodyCount[s.place] < maxBodyCount:
				bodyCount[s.place]++
				m.score += bodyScore
			}
			if i+1 < len(spots) && spots[i+1].start == s.end && spots[i+1].place != s.place {
				m.score += addressScore
			}
			if lodging.endingAt(text, s.start) > 0 {
				m.score += lodgingScore
			}
		}
	}
	slices.SortStableFunc(mentions, func(a, b mention) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(g.places[a.place].class, g.places[b.place].class))
	})
	return mentions, names
}

// rank is what a place's class and fame add to its score.
func (g *gazetteer) rank(id int) float64 {
	p := g.places[id]
	score := 0.0
	switch g.reader.vocab.Places[p.class].Class {
	case "town":
		score += townScore
	case "road", "water", "park", "village":
		score += coarseScore
	}
	if p.known {
		score++
	}
	return score
}

// spots finds the names of known places, and names that only this text shows.
func (g *gazetteer) spots(text []rune) []spot {
	var out []spot
	for i := 0; i < len(text); i++ {
		if p, ok := g.index.at(text, i); ok && !g.cutsWord(text, i+len(p.text)) {
			out = append(out, spot{i, i + len(p.text), p.value})
			i += len(p.text) - 1
		}
	}
	for _, s := range g.reader.spans(text) {
		if slices.ContainsFunc(out, func(o spot) bool { return o.start < s.end && s.start < o.end }) {
			continue
		}
		name := g.nameIn(text, s)
		if name == "" {
			continue
		}
		id, ok := g.byName[name]
		if !ok {
			id = len(g.places)
			g.places = append(g.places, place{name: name, class: s.class, count: 1})
			g.byName[name] = id
		}
		out = append(out, spot{max(0, s.end-utf8.RuneCountInString(name)), s.end, id})
	}
	slices.SortFunc(out, func(a, b spot) int { return cmp.Compare(a.start, b.start) })
	return out
}

// cutsWord reports whether a known name that ends before text[end] is only the
// beginning of a longer word: 青石路 in 青石路灯, but not in 青石路边.
func (g *gazetteer) cutsWord(text []rune, end int) bool {
	last := string(text[end-1 : end])
	return strings.Contains("路街厂", last) && g.reader.continues(text, end, last)
}
