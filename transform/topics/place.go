package topics

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// maxCore bounds the characters of a name before its ending.
const maxCore = 10

// maxLoneCore bounds them where one message alone shows the name.
const maxLoneCore = 6

// nameSpan is a stretch of text that may be a place's name: it ends where an
// ending of some class ends, and begins somewhere at or after start.
type nameSpan struct {
	start, suffix, end int // positions in the text; suffix is where the ending begins
	class              int // index into Vocabulary.Places
	// starts are where the name begins if something that ends before a name
	// stands there; the first is the leftmost. Empty: no beginning is in sight.
	starts []int
	// addressed: a region or another place stands right before starts[0].
	addressed bool
	// town is the town named right before, if any.
	town string
}

// placeReader finds names of places by their endings.
type placeReader struct {
	vocab    *Vocabulary
	suffixes phraseIndex
	endings  wordSet
	divides  wordSet
	before   wordSet
	frames   wordSet // words that name where something is or from where one comes
	maybe    wordSet
	prose    wordSet // words that no name holds
	generic  map[string]bool
	common   map[string]bool
}

func newPlaceReader(v *Vocabulary) *placeReader {
	r := &placeReader{
		vocab:    v,
		suffixes: phraseIndex{},
		endings:  newWordSet(),
		divides:  newWordSet(v.Divides),
		before:   newWordSet(v.Before),
		frames:   newWordSet(v.Frames.Before),
		maybe:    newWordSet(v.MaybeBefore),
		prose:    newWordSet(v.Before, v.MaybeBefore, v.Boilerplate),
		generic:  make(map[string]bool),
		common:   make(map[string]bool),
	}
	for class, c := range v.Places {
		for _, s := range c.Suffixes {
			r.suffixes.add(s, class)
			r.endings = r.endings.with(s)
		}
		for _, s := range slices.Concat(c.Suffixes, c.Strip) {
			r.generic[s] = !strings.ContainsAny(s[:3], numbering)
		}
	}
	for _, g := range v.People {
		for _, name := range g.Names {
			r.prose = r.prose.with(name)
		}
	}
	for _, g := range v.Generic {
		r.generic[g] = true
	}
	for _, g := range v.Common {
		r.common[g] = true
	}
	return r
}

// foldText returns the text that places are read from: narrow letters, and a
// comma where a mark stands for personal data.
func foldText(s string) []rune {
	rs := []rune(width.Fold.String(s))
	out := rs[:0]
	for i := 0; i < len(rs); i++ {
		if rs[i] == '〔' {
			if n := slices.Index(rs[i:], '〕'); n > 0 && n < 12 {
				out = append(out, ',')
				i += n
				continue
			}
		}
		out = append(out, rs[i])
	}
	return out
}

// spans returns the names that the text may hold, from left to right.
func (r *placeReader) spans(text []rune) []nameSpan {
	var found []nameSpan
	for i := 0; i < len(text); i++ {
		if n := lineNumber(text, i); n > 0 {
			found = append(found, nameSpan{start: i, suffix: i, end: i + n, class: r.lineClass(), starts: []int{i}})
			i += n - 1
			continue
		}
		p, ok := r.suffixes.at(text, i)
		if !ok || len(p.text) == 1 && i > 0 && text[i-1] == text[i] || r.continues(text, i+len(p.text), string(p.text)) {
			continue
		}
		s := nameSpan{suffix: i, end: i + len(p.text), class: p.value}
		r.beginnings(text, &s)
		if s.start < 0 {
			continue
		}
		// 金穗之城 ends where the ending 小区 begins: one name, not two.
		if k := len(found); k > 0 && found[k-1].end >= s.suffix && s.start <= found[k-1].start {
			found = found[:k-1]
		}
		found = append(found, s)
	}
	return slices.DeleteFunc(found, func(s nameSpan) bool {
		return slices.ContainsFunc(found, func(o nameSpan) bool {
			return o.start <= s.start && s.end < o.end && len(o.starts) > 0
		})
	})
}

// continues reports whether the ending goes on as another word: 路灯, 村医.
func (r *placeReader) continues(text []rune, end int, suffix string) bool {
	for _, c := range r.vocab.Continues[suffix] {
		if hasPrefixAt(text, end, c) {
			return true
		}
	}
	return false
}

// beginnings walks left from the ending, and notes where the name may begin.
// Where it cannot be a name, start is -1.
func (r *placeReader) beginnings(text []rune, s *nameSpan) {
	least := r.vocab.Places[s.class].Core
	low := max(0, s.suffix-maxCore)
	begin := s.suffix
	hard := false
	for begin > low && !hard {
		core := s.suffix - begin
		if !nameRune(text[begin-1]) {
			hard = true
			break
		}
		if r.before.endingAt(text, begin) > 0 {
			hard = true
			break
		}
		if n := r.divides.endingAt(text, begin); n > 0 && core >= least && r.divided(text, begin, n) {
			s.town = townBefore(text, begin)
			s.addressed = true
			hard = true
			break
		}
		if core > 0 && r.tailSaysAll(text, begin, s) {
			s.start = -1
			return
		}
		if core >= least && r.maybe.endingAt(text, begin) > 0 && !r.isGeneric(text[begin:s.end]) {
			s.starts = append(s.starts, begin)
		}
		begin--
	}
	hard = hard || begin == 0
	s.start = begin
	core := text[begin:s.suffix]
	if len(core) < least && !r.regional(core) && !(len(core) == 0 && r.numbered(text, s)) || r.isGeneric(text[begin:s.end]) || r.maybe.words[string(core)] {
		s.start = -1 // 条河 in 这条河
		return
	}
	if r.proseOnly(core) {
		s.start = -1 // 严重影响 in 严重影响小区居民
		return
	}
	if name := string(text[begin:s.end]); s.town == "" && r.common[name] {
		s.start = -1 // every town has one, and this one is not said
		return
	}
	if hard {
		s.starts = slices.Insert(s.starts, 0, begin)
	}
}

// divided reports whether the n characters before begin end another name, and
// not a word such as 城市 or 超市.
func (r *placeReader) divided(text []rune, begin, n int) bool {
	k := begin - 1
	if n > 1 || !strings.ContainsRune("省市县区镇乡", text[k]) {
		return k >= n && nameRune(text[begin-n-1]) // not in 5路车
	}
	if k > 0 && isCode(text[k-1]) {
		return true // A5区
	}
	if k == 0 || !nameRune(text[k-1]) || r.before.endingAt(text, k) > 0 {
		return false // 县人民医院, with nothing before it
	}
	return text[k] != '市' || !strings.ContainsRune("城超都夜门菜", text[k-1])
}

// regional reports whether the core is a level alone: 县 in 县体育中心.
func (r *placeReader) regional(core []rune) bool {
	return len(core) == 1 && strings.ContainsRune("县市区镇乡省", core[0])
}

// tailSaysAll reports whether what stands from begin to the end of s is no name
// and cannot end one: 临街 behind another place's name, or 跑路, 自然村. A
// company or a school may well be called by such a word: 阳光物业公司.
func (r *placeReader) tailSaysAll(text []rune, begin int, s *nameSpan) bool {
	if !r.isGeneric(text[begin:s.end]) || r.endings.words[string(text[begin:s.end])] {
		return false
	}
	switch r.vocab.Places[s.class].Class {
	case "road", "village", "water", "estate", "town":
		return true
	}
	return r.endsPlace(text, begin)
}

// endsPlace reports whether an ending of places ends before text[at].
func (r *placeReader) endsPlace(text []rune, at int) bool { return r.endings.endingAt(text, at) > 0 }

// plausible reports whether a core that no other message vouches for may be a
// name: short, and without a word that stands in sentences rather than names.
func (r *placeReader) plausible(core []rune) bool {
	if len(core) > maxLoneCore {
		return false
	}
	for i := range core {
		if r.prose.startingAt(core, i) > 0 {
			return false
		}
	}
	return true
}

// proseOnly reports whether a core is made of words of prose alone. One word of
// two letters may be a name: 市民广场.
func (r *placeReader) proseOnly(core []rune) bool {
	if len(core) < 3 {
		return false
	}
	for i := 0; i < len(core); {
		n := r.prose.startingAt(core, i)
		if n < 2 {
			return false
		}
		i += n
	}
	return true
}

// numbered reports whether the ending alone is a name, as 二中 is in a county
// that has one.
func (r *placeReader) numbered(text []rune, s *nameSpan) bool {
	return strings.ContainsRune(numbering, text[s.suffix]) && (s.suffix == 0 || !strings.ContainsRune("高初第", text[s.suffix-1]))
}

func (r *placeReader) isGeneric(name []rune) bool { return r.generic[string(name)] }

// townBefore returns the town or street office that ends at end, such as 白渡镇.
func townBefore(text []rune, end int) string {
	tail := 1
	switch {
	case end >= 2 && text[end-1] == '道' && text[end-2] == '街':
		tail = 2
	case text[end-1] == '镇' || text[end-1] == '乡':
	default:
		return ""
	}
	begin := end - tail
	for begin > 0 && end-begin < tail+4 && nameRune(text[begin-1]) && !strings.ContainsRune("省市县区在是的我们到从", text[begin-1]) {
		begin--
	}
	if end-begin < tail+2 {
		return ""
	}
	return string(text[begin:end])
}

// lineDigits are the numerals of bus lines written out.
const lineDigits = "一二三四五六七八九"

// lineNumber returns the length of 12路, 12路公交 or 五路公交 at i, 0 for
// anything else.
func lineNumber(text []rune, i int) int {
	n := 0
	switch {
	case i > 0 && isDigit(text[i-1]):
		return 0
	case strings.ContainsRune(lineDigits, text[i]):
		n = 1
	default:
		for i+n < len(text) && n < 4 && isDigit(text[i+n]) {
			n++
		}
	}
	if n == 0 || i+n >= len(text) || text[i+n] != '路' {
		return 0
	}
	for _, tail := range []string{"路公交", "路车"} {
		if hasPrefixAt(text, i+n, tail) {
			return n + len([]rune(tail))
		}
	}
	if !isDigit(text[i]) {
		return 0 // 一路 is no line
	}
	return n + 1
}

// lineClass is the class of bus lines.
func (r *placeReader) lineClass() int {
	return max(0, slices.IndexFunc(r.vocab.Places, func(c PlaceClass) bool { return c.Class == "transport" }))
}

// lineName gives the lines one name: 12路, 12路车 and 12路公交 are one.
func lineName(s string) string {
	head, _, ok := strings.Cut(s, "路")
	if !ok || head == "" {
		return s
	}
	first := []rune(head)
	if len(first) == 1 {
		if d := slices.Index([]rune(lineDigits), first[0]); d >= 0 && strings.ContainsAny(s, "车公") {
			return string(rune('1'+d)) + "路公交"
		}
	}
	if isDigit(first[0]) {
		return head + "路公交"
	}
	return s
}

func hasPrefixAt(text []rune, at int, prefix string) bool {
	for _, c := range prefix {
		if at >= len(text) || text[at] != c {
			return false
		}
		at++
	}
	return true
}

// nameRune reports whether r may stand in the name of a place.
func nameRune(r rune) bool { return unicode.Is(unicode.Han, r) }

// isCode reports whether r may stand in a coded region.
func isCode(r rune) bool { return isDigit(r) || r >= 'A' && r <= 'Z' }

func isDigit(r rune) bool { return r >= '0' && r <= '9' }
