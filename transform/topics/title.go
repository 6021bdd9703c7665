package topics

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// titler writes what readers see of an issue.
type titler struct {
	vocab *Vocabulary
	lex   Lexicon
	p     Params
}

// saying is what a title or a description is made from.
type saying struct {
	doc        Doc
	names      []string // names of places in it
	similarity float64
}

// term is a word of an issue with its c-TF-IDF: how many of the issue's
// messages hold it, times how rare it is elsewhere.
type term struct {
	word   string
	weight float64
}

// Scores of candidates for a title: what part of the words it holds,
// plus a little for a central message, less for a clause of the body, which
// was not written as a title.
const (
	centralWeight = 0.3
	clausePenalty = 0.25
	longTitle     = 18
	longPenalty   = 0.02
	// Below these a title misses the point: where a matter can stand in for
	// it, and where only single words can.
	leastCoverage     = 0.1
	leastCoverageBare = 0.04
	// Who tells a story does not name a matter.
	narrative        = "我你他她了"
	narrativePenalty = 0.15
)

// title says what the issue is about: its place or people, and the best of its
// members' own titles, cleaned; failing that, its matters and weightiest words.
func (t *titler) title(place string, sayings []saying, terms []term, matters []string) string {
	room := t.p.TitleLength
	if place != "" {
		room = max(8, room-utf8.RuneCountInString(place)-1)
	}
	best, bestScore, bestCover := "", 0.0, 0.0
	consider := func(text string, s saying, penalty float64) {
		what := t.clean(text, append(slices.Clone(s.names), place))
		n := utf8.RuneCountInString(what)
		if n < 4 || n > room || strings.Count(what, "（") != strings.Count(what, "）") {
			return
		}
		if strings.ContainsAny(what, narrative) {
			penalty += narrativePenalty
		}
		cover := coverage(what, terms)
		score := cover + centralWeight*s.similarity - penalty - longPenalty*float64(max(0, n-longTitle))
		if best == "" || score > bestScore || score == bestScore && what < best {
			best, bestScore, bestCover = what, score, cover
		}
	}
	for _, s := range sayings {
		consider(s.doc.Title, s, 0)
		for _, clause := range strings.FieldsFunc(s.doc.Title, isStop) {
			consider(clause, s, clausePenalty/2)
		}
		for i, clause := range strings.FieldsFunc(s.doc.Body, isStop) {
			if i == 0 && s.doc.Title == "" {
				consider(clause, s, 0)
				continue
			}
			consider(clause, s, clausePenalty)
		}
	}
	least := leastCoverage
	if len(matters) == 0 {
		least = leastCoverageBare
	}
	if best == "" || bestCover < least {
		if composed := t.compose(terms, matters, room); composed != "" {
			best = composed
		}
	}
	if place == "" || best == "" {
		return best + place
	}
	return place + "：" + best
}

// compose writes a title from the matters, or its words.
func (t *titler) compose(terms []term, matters []string, room int) string {
	if len(matters) > 0 {
		return cut(strings.Join(matters[:min(2, len(matters))], "与"), room)
	}
	var words []string
	for _, x := range terms[:min(3, len(terms))] {
		words = append(words, x.word)
	}
	return cut(strings.Join(words, "、"), room)
}

// coverage is the part of the terms' weight that the text holds.
func coverage(text string, terms []term) float64 {
	held, all := 0.0, 0.0
	for _, x := range terms {
		all += x.weight
		if strings.Contains(text, x.word) {
			held += x.weight
		}
	}
	if all == 0 {
		return 0
	}
	return held / all
}

// clean takes greetings, pleas, places and punctuation off the ends of a
// title, so that only what it is about remains.
func (t *titler) clean(title string, names []string) string {
	title = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, string(foldText(title)))
	title = dropCodes(title)
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for {
		before := title
		title = dropRegion(title)
		for _, n := range names {
			title = strings.TrimPrefix(title, n)
		}
		title = dropNote(title)
		title = strings.TrimFunc(title, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("()《》“”%", r) || strings.ContainsRune("吗呢吧啊呀", r)
		})
		for _, cutLead := range t.vocab.Titles.Lead {
			title = strings.TrimPrefix(title, cutLead)
		}
		for _, cutTail := range t.vocab.Titles.Tail {
			title = strings.TrimSuffix(title, cutTail)
		}
		for _, joint := range []string{"的", "内", "里", "在", "有", "是", "与", "旁", "位于"} {
			title = strings.TrimPrefix(title, joint)
		}
		title = strings.TrimSuffix(title, "的")
		if title == before {
			return fullWidth.Replace(title)
		}
	}
}

// fullWidth gives a title the punctuation of Chinese print.
var fullWidth = strings.NewReplacer(",", "，", "(", "（", ")", "）", ":", "：", ";", "；")

// dropCodes leaves out coded regions such as A市 and A5区, which mean nothing
// to a reader.
func dropCodes(s string) string {
	rs := []rune(s)
	var out []rune
	for i := 0; i < len(rs); {
		n := 0
		for i+n < len(rs) && n < 4 && (rs[i+n] >= 'A' && rs[i+n] <= 'Z' || n > 0 && isDigit(rs[i+n])) {
			n++
		}
		if n > 0 && i+n < len(rs) && strings.ContainsRune("市县区", rs[i+n]) {
			i += n + 1
			continue
		}
		out = append(out, rs[i])
		i++
	}
	return string(out)
}

// dropRegion leaves out a district or county at the start: 江州区, but not 小区.
func dropRegion(s string) string {
	rs := []rune(s)
	for n := 2; n <= 3 && n+4 < len(rs); n++ {
		if strings.ContainsRune("市县区", rs[n]) && !strings.ContainsRune("小社园校景库片新老城超都门菜夜", rs[n-1]) && rs[n+1] != '场' {
			return string(rs[n+1:])
		}
	}
	return s
}

// dropNote leaves out a note in brackets at the end: (加急).
func dropNote(s string) string {
	if i := strings.LastIndex(s, "("); i > 0 && strings.HasSuffix(s, ")") {
		return s[:i]
	}
	return s
}

// describe returns the sentence of the message that holds most of the issue's
// words, and the next one while there is room.
func (t *titler) describe(d Doc, terms []term) string {
	var sentences []string
	for _, s := range strings.FieldsFunc(d.Body, func(r rune) bool { return strings.ContainsRune("。！？!?；;\n\r", r) }) {
		s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("，,、：:", r) })
		if utf8.RuneCountInString(s) >= 6 && !strings.ContainsRune(s, '〔') {
			sentences = append(sentences, s)
		}
	}
	if len(sentences) == 0 {
		return cut(strings.TrimSpace(d.Title), t.p.DescriptionLength)
	}
	best, score := 0, -1.0
	for i, s := range sentences {
		cover := coverage(cut(s, t.p.DescriptionLength), terms)
		if cover > score {
			best, score = i, cover
		}
	}
	text := sentences[best]
	if best+1 < len(sentences) && utf8.RuneCountInString(text)+utf8.RuneCountInString(sentences[best+1]) < t.p.DescriptionLength {
		text += "。" + sentences[best+1]
	}
	return cut(text, t.p.DescriptionLength)
}

// cut shortens s to n characters, the last of them an ellipsis.
func cut(s string, n int) string {
	rs := []rune(s)
	if len(rs) <= n {
		return s
	}
	return string(rs[:n-1]) + "…"
}

func isStop(r rune) bool { return strings.ContainsRune("，,。！!？?；;：:、\n\r\t ", r) }
