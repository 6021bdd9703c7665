package privacy

import (
	"strings"
	"unicode/utf8"
)

// maxNameRun is how far a run of Chinese characters is looked at for a name.
const maxNameRun = 8

// A nameRun is a run of Chinese characters where a name may stand.
type nameRun struct {
	runes [maxNameRun]rune
	ends  [maxNameRun]int // end of each, in bytes of the text
	n     int
	open  bool // the run goes on, or a Latin letter follows
}

func (s *Scrubber) nameRun(i int) (r nameRun) {
	for r.n < maxNameRun {
		c, w := utf8.DecodeRuneInString(s.text[i:])
		if !isHan(c) {
			r.open = w == 1 && isLetter(s.text[i])
			return r
		}
		i += w
		r.runes[r.n], r.ends[r.n] = c, i
		r.n++
	}
	c, _ := utf8.DecodeRuneInString(s.text[i:])
	r.open = isHan(c)
	return r
}

// hardAfter reports whether the run ends with its first k characters.
func (r *nameRun) hardAfter(k int) bool { return r.n == k && !r.open }

// strongName finds the end of the name at i behind an introduction that nearly
// always precedes a name (姓名, 联系人, 我叫); i if there is none. A surname
// takes two more characters with it unless the name shows to be shorter. With
// anyRun, two to four characters before a punctuation are a name even if they
// begin with no known surname.
func (s *Scrubber) strongName(i int, anyRun bool) int {
	if end := s.dottedName(i); end > i {
		return end
	}
	r := s.nameRun(i)
	if r.n == 0 || hasAnyPrefix(s.text[i:], s.lex.fieldWords) {
		return i
	}
	sur := s.lex.surnameLen(r.runes[:r.n])
	if sur == 1 && s.lex.is(r.runes[0], flagWordSurname) && !s.commonName(r.runes[:min(r.n, 3)]) {
		sur = 0
	}
	if sur == 0 || r.n == 1 {
		return s.unknownName(i, &r, sur, anyRun)
	}
	if r.n <= sur || s.lex.is(r.runes[sur], flagNeverGiven) {
		return i
	}
	two, three := sur+1, sur+2
	switch {
	case r.n < three:
		return r.ends[two-1]
	case s.lex.is(r.runes[two], flagNeverGiven), hasAnyPrefix(s.text[r.ends[two-1]:], s.lex.personWords):
		return r.ends[two-1]
	case r.hardAfter(three):
		return r.ends[three-1]
	case s.softAfter(&r, three) && !(s.softAfter(&r, two) && s.lex.is(r.runes[two], flagSeldomGiven)):
		return r.ends[three-1]
	case s.softAfter(&r, two):
		return r.ends[two-1]
	case anyRun && r.hardAfter(4):
		return r.ends[3]
	}
	return r.ends[three-1]
}

// unknownName is strongName where no known surname is followed by anything.
func (s *Scrubber) unknownName(i int, r *nameRun, sur int, anyRun bool) int {
	if sur == 1 && r.n == 1 && !r.open {
		// 张 三: the name is spaced out.
		next := r.ends[0] + separatorAt(s.text, r.ends[0])
		for range 3 {
			next += separatorAt(s.text, next)
		}
		given := s.nameRun(next)
		if next > r.ends[0] && given.n >= 1 && given.n <= 2 && !given.open && !s.lex.is(given.runes[0], flagNeverGiven) {
			return given.ends[given.n-1]
		}
		return i
	}
	if !anyRun || r.open || r.n < 2 || r.n > 4 {
		return i
	}
	if s.lex.is(r.runes[0], flagSeldomGiven) {
		return i
	}
	for _, c := range r.runes[:r.n] {
		if s.lex.is(c, flagNeverGiven) {
			return i
		}
	}
	return r.ends[r.n-1]
}

// weakName finds the end of the name at i behind words that often precede
// something else (本人, 我是, 当事人); i if there is none. It must begin with a
// surname, and stop at a punctuation or at a word that goes with a person.
func (s *Scrubber) weakName(i int) int {
	r := s.nameRun(i)
	if r.n >= 2 && dotAt(s.text, r.ends[r.n-1]) > 0 {
		if end := s.dottedName(i); end > i {
			return end
		}
	}
	sur := s.lex.surnameLen(r.runes[:r.n])
	if sur == 0 {
		return i
	}
	two, three := sur+1, sur+2
	for _, k := range [2]int{three, two} {
		if r.n < k || !r.hardAfter(k) && !(k < r.n && s.lex.is(r.runes[k], flagAfterName)) || !s.givenName(r.runes[sur:k]) {
			continue
		}
		rest := s.text[r.ends[two-1]:]
		if k == three && s.lex.is(r.runes[two], flagAfterName) && (hasAnyPrefix(rest, s.lex.personWords) || hasAnyPrefix(rest, s.lex.endsName)) {
			continue
		}
		rest = s.text[r.ends[k-1]:]
		described := r.n > k && hasAnyPrefix(rest, s.lex.afterPerson)
		if !described && !r.hardAfter(k) && !(s.likelyName(r.runes[:k], sur) && hasAnyPrefix(rest, s.lex.afterName)) {
			continue
		}
		if sur == 1 && s.notName(r.runes[:k], described) {
			return i
		}
		return r.ends[k-1]
	}
	return i
}

// likelyName reports whether a name may end before a word that might also be
// the middle of a phrase (家, 的, 在): it ends as no place or organisation
// does, and is of usual characters if it is short.
func (s *Scrubber) likelyName(name []rune, sur int) bool {
	n := len(name)
	if s.lex.is(name[0], flagDoubtfulSurname) && sur == 1 && !s.commonName(name) {
		return false
	}
	if s.lex.is(name[n-1], flagPlace|flagOrganisation|flagTerrain) || hasAnyPrefix(string(name[sur:]), s.lex.titles) {
		return false
	}
	return n > sur+1 || sur == 2 || s.commonName(name) && name[1] != '家'
}

// commonName reports whether a surname of one character is followed by usual
// characters of given names only.
func (s *Scrubber) commonName(name []rune) bool {
	for _, c := range name[1:] {
		if !s.lex.is(c, flagCommonGiven) {
			return false
		}
	}
	return len(name) > 1
}

// nameable reports whether c may stand in a given name behind a weak
// introduction.
func (s *Scrubber) nameable(c rune) bool { return !s.lex.is(c, flagNeverGiven|flagSeldomGiven) }

// givenName reports whether the one or two characters may be a given name
// behind a weak introduction. One that seldom stands in names (来, 向) may
// beside one that often does: 来福, 向东.
func (s *Scrubber) givenName(given []rune) bool {
	if len(given) == 2 && !s.nameable(given[0]) && s.lex.is(given[0], flagGivenBeside) {
		return s.nameable(given[1]) && s.lex.is(given[1], flagCommonGiven)
	}
	if len(given) == 2 && given[1] == '来' {
		return s.lex.is(given[0], flagCommonGiven)
	}
	for _, c := range given {
		if !s.nameable(c) {
			return false
		}
	}
	return true
}

// mayBeginName reports whether a surname may begin at i.
func (s *Scrubber) mayBeginName(i int) bool {
	r, _ := utf8.DecodeRuneInString(s.text[i:])
	return s.lex.is(r, flagSurname|flagCompoundFirst)
}

// opening masks the name at the very start of the text that a verb of
// reporting follows: 王小二反映路灯不亮.
func (s *Scrubber) opening() int {
	text := s.text
	i := 0
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t') {
		i++
	}
	for separatorAt(text, i) > 0 {
		i += separatorAt(text, i)
	}
	if !s.mayBeginName(i) {
		return 0
	}
	r := s.nameRun(i)
	sur := s.lex.surnameLen(r.runes[:r.n])
	for k := sur + 1; sur > 0 && k <= sur+2 && k < r.n; k++ {
		name := r.runes[:k]
		if !s.lex.is(r.runes[k], flagAfterName) || !s.givenName(name[sur:]) || !s.likelyName(name, sur) || !hasAnyPrefix(text[r.ends[k-1]:], s.lex.reports) {
			continue
		}
		if sur == 1 && (s.notName(name, false) || !s.lex.is(name[1], flagCommonGiven) && !s.lex.is(name[k-1], flagCommonGiven)) {
			continue
		}
		s.hit(MarkName, i, r.ends[k-1])
		return r.ends[k-1]
	}
	return 0
}

// nameBefore is the start of the whole name that ends at end: a surname and a
// given name; end if there is none. With apart, no other Chinese character may
// stand before it.
func (s *Scrubber) nameBefore(end int, apart bool) int {
	var runes [5]rune // the last ones before end, in the text's order from n on
	var starts [5]int
	n, from := len(runes), end
	for n > 0 && from > s.last {
		c, w := utf8.DecodeLastRuneInString(s.text[s.last:from])
		if !isHan(c) {
			break
		}
		n--
		from -= w
		runes[n], starts[n] = c, from
	}
	for _, k := range [3]int{4, 3, 2} {
		at := len(runes) - k
		if at < n {
			continue
		}
		name, joined := runes[at:], at > n
		sur := s.lex.surnameLen(name)
		if sur == 0 || k-sur > 2 || k == sur || joined && apart || !s.givenName(name[sur:]) || k-sur == 1 && strings.ContainsRune("老小大阿某", name[sur]) {
			continue
		}
		last := name[k-1]
		if s.lex.is(last, flagPlace|flagOrganisation) || sur == 1 && s.notName(name, false) || hasAnySuffix(s.text[:starts[at]], thanks) && name[0] == '谢' {
			continue
		}
		if joined && (k == 2 && !s.commonName(name) || s.lex.is(last, flagSurname) && !s.lex.is(last, flagCommonGiven)) {
			continue
		}
		return starts[at]
	}
	return end
}

// thanks stand before 谢 where it is no surname.
var thanks = []string{"感", "多", "致", "谢"}

// notName reports whether what has the form of a name is an everyday word
// instead: 高中生, 车主. A surname that is also a function word (于, 曾) needs a
// given name of usual characters, unless a person's description follows.
func (s *Scrubber) notName(runes []rune, described bool) bool {
	if _, ok := s.lex.notNames[[2]rune{runes[0], runes[1]}]; ok {
		return true
	}
	if len(runes) == 2 && s.lex.is(runes[0], flagWordSurname) {
		return true
	}
	if len(runes) == 3 && runes[1] == '家' && s.lex.is(runes[2], flagTerrain) {
		return true
	}
	return !described && s.lex.is(runes[0], flagDoubtfulSurname) && !s.commonName(runes)
}

// softAfter reports whether the name may end with the first k characters of
// the run because what follows goes with a person, or is in no name.
func (s *Scrubber) softAfter(r *nameRun, k int) bool {
	if r.n < k {
		return false
	}
	if r.n == k {
		return !r.open
	}
	return s.lex.is(r.runes[k], flagSoftBoundary|flagNeverGiven) || hasAnyPrefix(s.text[r.ends[k-1]:], s.lex.personWords)
}

// nameDots separate the parts of a name in other languages.
var nameDots = []string{"·", "•", "・", "‧", "●"}

func dotAt(s string, i int) int {
	for _, d := range nameDots {
		if strings.HasPrefix(s[i:], d) {
			return len(d)
		}
	}
	return 0
}

// dottedName is the end of a name such as 阿依古丽·买买提 at i, behind an
// introduction; i if there is none.
func (s *Scrubber) dottedName(i int) int {
	r := s.nameRun(i)
	if r.n < 2 || r.open {
		return i
	}
	end := r.ends[r.n-1]
	for range 3 {
		w := dotAt(s.text, end)
		if w == 0 {
			break
		}
		part := s.nameRun(end + w)
		k := 0
		for k < part.n && s.lex.is(part.runes[k], flagTransliteration) {
			k++
		}
		if k < 2 && !part.open {
			k = min(part.n, 4)
		}
		if k == 0 {
			return i
		}
		end = part.ends[k-1]
	}
	if end == r.ends[r.n-1] {
		return i
	}
	return end
}

// foreignName masks the name around the dot at i if both sides are made of the
// characters that render such names; 万科·翡翠 stays.
func (s *Scrubber) foreignName(i, w int) int {
	from, left := i, 0
	for from > s.last && left < maxNameRun {
		r, rw := utf8.DecodeLastRuneInString(s.text[s.last:from])
		if !s.lex.is(r, flagTransliteration) {
			break
		}
		from -= rw
		left++
	}
	to, right := i+w, 0
	for right < maxNameRun {
		r, rw := utf8.DecodeRuneInString(s.text[to:])
		if !s.lex.is(r, flagTransliteration) {
			break
		}
		to += rw
		right++
	}
	if left < 2 || right < 2 || left+right < 5 {
		return i + w
	}
	s.hit(MarkName, from, to)
	return to
}

// dashSignature masks the name that signs a text behind a dash: ——张三丰 2021年.
func (s *Scrubber) dashSignature(i, w int) int {
	next := i + w
	if !strings.HasPrefix(s.text[next:], "—") {
		return next
	}
	for strings.HasPrefix(s.text[next:], "—") {
		next += len("—")
	}
	next += separatorAt(s.text, next)
	if end := s.signedName(next); end > next && signatureEnds(s.text[end:]) {
		s.hit(MarkName, next, end)
		return end
	}
	return max(next, i+w)
}

// signedName is the end of a name that stands alone at i: a surname, one or
// two characters, then no more of them; i if there is none.
func (s *Scrubber) signedName(i int) int {
	r := s.nameRun(i)
	sur := s.lex.surnameLen(r.runes[:r.n])
	if sur == 0 || r.open || r.n < sur+1 || r.n > sur+2 {
		return i
	}
	if !s.givenName(r.runes[sur:r.n]) {
		return i
	}
	if sur == 1 && s.notName(r.runes[:r.n], false) {
		return i
	}
	return r.ends[r.n-1]
}

// signatureEnds reports whether nothing but a date stands in what follows a
// signature, up to the end of the line.
func signatureEnds(rest string) bool {
	if k := strings.IndexAny(rest, "\n\r"); k >= 0 {
		rest = rest[:k]
	}
	return strings.Trim(rest, signatureTail) == ""
}

// lastRune is utf8.DecodeLastRuneInString, and quick where the character is of
// three bytes from U+1000 to U+CFFF, as Chinese ones are.
func lastRune(text string) (rune, int) {
	if n := len(text); n >= 3 {
		a, b, c := text[n-3], text[n-2], text[n-1]
		if a > 0xE0 && a < 0xED && b&0xC0 == 0x80 && c&0xC0 == 0x80 {
			return rune(a&0x0F)<<12 | rune(b&0x3F)<<6 | rune(c&0x3F), 3
		}
	}
	return utf8.DecodeLastRuneInString(text)
}

// unsigned is the end of s.text without what may stand behind a signature.
func (s *Scrubber) unsigned() int {
	end := len(s.text)
	for end > 0 {
		r, w := rune(s.text[end-1]), 1
		if r >= utf8.RuneSelf {
			r, w = lastRune(s.text[:end])
		}
		if !s.lex.is(r, flagSignatureTail) {
			break
		}
		end -= w
	}
	return end
}

const signatureTail = " \u3000\u00a0\t\r\n0123456789０１２３４５６７８９年月日号.-/。!！()（）"

// signature masks the name at the end of the text that a line or a closing
// formula sets apart: 此致敬礼 张三丰 2021年3月5日.
func (s *Scrubber) signature() {
	end := s.unsigned()
	from, n := end, 0
	for n < 5 && from > s.last {
		r, w := lastRune(s.text[s.last:from])
		if !isHan(r) {
			break
		}
		from -= w
		n++
	}
	if n < 2 || n > 4 || from == 0 {
		return
	}
	if !s.setApart(from, end) {
		return
	}
	if to := s.signedName(from); to == end {
		s.hit(MarkName, from, end)
	}
}

// setApart reports whether a line, a closing formula, or the end of a sentence
// and a date behind the name set text[from:end] apart.
func (s *Scrubber) setApart(from, end int) bool {
	before := s.text[:from]
	if c := before[len(before)-1]; c >= 0x80 || c <= ' ' {
		before = strings.TrimRight(before, " \u3000\u00a0\t")
	}
	if strings.HasSuffix(before, "\n") || strings.HasSuffix(before, "\r") ||
		hasAnySuffix(strings.TrimRight(before, "!！。，, "), s.lex.closings) {
		return true
	}
	return hasAnySuffix(before, sentenceEnds) && strings.ContainsAny(s.text[end:], "0123456789０１２３４５６７８９")
}

var sentenceEnds = []string{"。", "！", "!", "？", "?", "；"}
