package privacy

import (
	"strings"
	"unicode/utf8"
)

// A group is an unbroken run of digits; groups with separators between them
// make up a run, as in 138-1234-5678.
type group struct {
	from, to int // bytes of the text
	at, n    int // digits[at:at+n]
}

// A label says what a word before a number makes of it.
type label uint8

const (
	labelNone  label = iota
	labelPhone       // 电话 13…
	labelID          // 身份证号 33…
	labelCard        // 卡号 62…
)

// maxSeparators is how many separators may stand between two groups of one
// number: " - " is three.
const maxSeparators = 3

// digitAt is the digit at i, half- or full-width, and its width; 0 if there is
// none.
func digitAt(s string, i int) (digit byte, width int) {
	if i >= len(s) {
		return 0, 0
	}
	if c := s[i]; c < utf8.RuneSelf {
		if c-'0' < 10 {
			return c, 1
		}
		return 0, 0
	}
	if i+2 < len(s) && s[i] == 0xEF && s[i+1] == 0xBC && s[i+2] >= 0x90 && s[i+2] <= 0x99 {
		return s[i+2] - 0x90 + '0', 3
	}
	return 0, 0
}

// separatorAt is the width of the space, hyphen or invisible character at i.
func separatorAt(s string, i int) int {
	if i >= len(s) {
		return 0
	}
	switch c := s[i]; {
	case c == ' ' || c == '-':
		return 1
	case c == 0xC2:
		if strings.HasPrefix(s[i:], "\u00a0") {
			return 2
		}
	case c == 0xE2 || c == 0xE3 || c == 0xEF:
		r, w := utf8.DecodeRuneInString(s[i:])
		switch {
		case r >= 0x2000 && r <= 0x200D, r >= 0x2010 && r <= 0x2015, // spaces and dashes
			r == 0x2212, r == 0x3000, r == 0xFF0D, r == 0xFEFF:
			return w
		}
	}
	return 0
}

// scanRun reads the run of digits at i into s.groups and s.digits, and returns
// its end.
func (s *Scrubber) scanRun(i int) int {
	text := s.text
	s.groups, s.digits = s.groups[:0], s.digits[:0]
	for {
		g := group{from: i, at: len(s.digits)}
		for {
			d, w := digitAt(text, i)
			if w == 0 {
				break
			}
			s.digits = append(s.digits, d)
			i += w
		}
		g.to, g.n = i, len(s.digits)-g.at
		s.groups = append(s.groups, g)
		next, separators := i, 0
		for separators < maxSeparators {
			w := separatorAt(text, next)
			if w == 0 {
				break
			}
			next += w
			separators++
		}
		if separators == 0 {
			return i
		}
		if _, w := digitAt(text, next); w == 0 {
			return i
		}
		i = next
	}
}

// number reads the run of digits at i: what it is by itself, and whether it
// begins a door number.
func (s *Scrubber) number(i int, l label) int {
	end := s.scanRun(i)
	if len(s.digits) < 18 && mayGoOn(s.text, s.groups[0].to) && !inToken(s.text, i) {
		if to := s.looseNumber(i); to > i {
			return to
		}
		s.scanRun(i)
	}
	switch {
	case len(s.digits) >= 7:
		s.identify(l, end)
	case l == labelID && len(s.digits) == 6:
		s.hit(MarkIDCard, i, end)
	default:
		if s.digits[0] == '0' && s.parenthesisedPhone(i, end) {
			return s.last
		}
	}
	last := s.groups[len(s.groups)-1]
	if s.last <= last.from {
		s.door(last, end)
	}
	return max(end, s.last)
}

// span is the digits of groups a to b, both included.
func (s *Scrubber) span(a, b int) []byte {
	return s.digits[s.groups[a].at : s.groups[b].at+s.groups[b].n]
}

// identify masks what the run holds: first what shows by its own form, left to
// right, then what is left over before, between and after.
func (s *Scrubber) identify(l label, end int) {
	lo, n := 0, len(s.groups)
	for a := 0; a < n; a++ {
		if s.groups[a].from < s.last { // taken as an extension
			lo = a + 1
			continue
		}
		for b := a; b < n && len(s.span(a, b)) <= 18; b++ {
			m, to, ok := s.ownForm(a, b, end)
			if !ok {
				continue
			}
			s.leftOver(lo, a-1, labelNone)
			s.hitNumber(m, a, to)
			lo, a = b+1, b
			break
		}
	}
	s.leftOver(lo, n-1, l)
}

// hitNumber masks from group a to the byte to, with a plus sign before it.
func (s *Scrubber) hitNumber(m Mark, a, to int) {
	from := s.groups[a].from
	if m == MarkPhone {
		if strings.HasSuffix(s.text[s.last:from], "+") {
			from--
		} else if strings.HasSuffix(s.text[s.last:from], "＋") {
			from -= len("＋")
		}
		to = s.extension(to)
	}
	s.hit(m, from, to)
}

// ownForm reports whether groups a to b are an id or a mobile number by their
// digits and grouping alone, and where it ends.
func (s *Scrubber) ownForm(a, b, end int) (Mark, int, bool) {
	d, to := s.span(a, b), s.groups[b].to
	if a < b && s.landLine(a, b) {
		return MarkPhone, to, true
	}
	switch len(d) {
	case 18:
		return MarkIDCard, to, idShape(d)
	case 17:
		if b == len(s.groups)-1 {
			if w := s.checkX(end); w > 0 {
				return MarkIDCard, end + w, true
			}
		}
	case 15:
		if string(d[:4]) == "0086" {
			return MarkPhone, to, isMobile(d[4:])
		}
		return MarkIDCard, to, (a == b || s.groups[a].n == 6) && oldIDShape(d)
	case 11:
		first := s.groups[a].n
		return MarkPhone, to, isMobile(d) && (first == 11 || first == 3 || first == 7)
	case 12:
		return MarkPhone, to, d[0] == '0' && isMobile(d[1:])
	case 13:
		return MarkPhone, to, d[0] == '8' && d[1] == '6' && isMobile(d[2:])
	case 14:
		return MarkPhone, to, string(d[:3]) == "086" && isMobile(d[3:])
	}
	return 0, 0, false
}

// checkX is the width of an X at i, with the separator before it, that is the
// check character of an id number.
func (s *Scrubber) checkX(i int) int {
	w := separatorAt(s.text, i)
	for _, x := range []string{"X", "x", "Ｘ", "ｘ", "×"} {
		if strings.HasPrefix(s.text[i+w:], x) {
			return w + len(x)
		}
	}
	return 0
}

// leftOver masks what groups lo to hi hold between things of a form of their
// own.
func (s *Scrubber) leftOver(lo, hi int, l label) {
	for lo <= hi && s.groups[lo].from < s.last {
		lo++ // taken as an extension
	}
	if lo > hi {
		return
	}
	total := len(s.span(lo, hi))
	if l == labelNone && s.allDates(lo, hi) {
		return
	}
	if total >= 15 {
		s.hit(longMark(s.span(lo, hi), l), s.groups[lo].from, s.groups[hi].to)
		return
	}
	for a := lo; a <= hi; a++ {
		for b := a; b <= hi; b++ {
			if s.phoneForm(a, b) {
				s.hitNumber(MarkPhone, a, s.groups[b].to)
				s.leftOver(b+1, hi, labelNone)
				return
			}
		}
	}
	switch {
	case l == labelPhone && total >= 7 && !s.publicNumber(lo):
		s.hitNumber(MarkPhone, lo, s.groups[hi].to)
	case l == labelID && total >= 6:
		s.hit(MarkIDCard, s.groups[lo].from, s.groups[hi].to)
	case l == labelCard && total >= 6, total >= 12 && s.cardForm(lo, hi):
		s.hit(MarkBankCard, s.groups[lo].from, s.groups[hi].to)
	case total >= 10 && strings.HasSuffix(s.text[s.last:s.groups[lo].from], "+"):
		s.hitNumber(MarkPhone, lo, s.groups[hi].to)
	}
}

// longMark names a run of 15 digits or more that has no form of its own.
func longMark(d []byte, l label) Mark {
	switch {
	case l == labelID:
		return MarkIDCard
	case len(d) > 19:
		return MarkAccount
	}
	return MarkBankCard
}

// phoneForm reports whether groups a to b, of fewer than 15 digits, are a
// phone: a mobile number however it is grouped or buried, or a land line with
// its area code.
func (s *Scrubber) phoneForm(a, b int) bool {
	d := s.span(a, b)
	if len(d) == 11 && isMobile(d) && !s.dateAt(a, b) {
		return true
	}
	if a == b && len(d) > 11 {
		for k := 0; k+11 <= len(d); k++ {
			if isMobile(d[k : k+11]) {
				return true
			}
		}
	}
	return s.landLine(a, b)
}

// landLine reports whether groups a to b are an area code (010, 02x, or 0 with
// three digits) and 7 or 8 digits.
func (s *Scrubber) landLine(a, b int) bool {
	d := s.span(a, b)
	if len(d) < 10 || len(d) > 12 || d[0] != '0' || d[1] == '0' {
		return false
	}
	area := 4
	if d[1] <= '2' {
		area = 3
	}
	local := len(d) - area
	if local != 7 && local != 8 || d[area] < '2' {
		return false
	}
	return a == b || s.groups[a].n == area && b-a <= 2
}

// extension is the end of the extension that follows a phone: -801, 转801.
func (s *Scrubber) extension(to int) int {
	rest := s.text[to:]
	w := 0
	switch {
	case strings.HasPrefix(rest, "-"):
		w = 1
	case strings.HasPrefix(rest, "转"):
		w = len("转")
	case strings.HasPrefix(rest, "/"), strings.HasPrefix(rest, "\\"):
		w = 1
	default:
		return to
	}
	end, n := to+w, 0
	for {
		_, dw := digitAt(s.text, end)
		if dw == 0 {
			break
		}
		end += dw
		n++
	}
	switch {
	case n == 0 || n > 8 || rest[0] != '/' && n > 5:
		return to
	case rest[0] == '/' && (n < 3 || hasAnyPrefix(s.text[end:], []string{"年", "/", "-", "元"})):
		return to
	}
	return end
}

// afterMark is the end of the mark at i, with the tail of a phone that was
// masked before: 〔电话〕/7199.
func (s *Scrubber) afterMark(i int) int {
	to := i + s.markWidth(i)
	if s.text[i:to] != markTexts[MarkPhone] {
		return to
	}
	end := s.extension(to)
	if end > to {
		s.hit(MarkPhone, i, end)
	}
	return end
}

// parenthesisedPhone masks (0571)87654321, whose area code is the run from i
// to end.
func (s *Scrubber) parenthesisedPhone(i, end int) bool {
	rest := s.text[end:]
	var w int
	switch {
	case len(s.digits) < 3 || len(s.digits) > 4 || len(s.groups) != 1:
		return false
	case strings.HasPrefix(rest, ")"):
		w = 1
	case strings.HasPrefix(rest, "）"):
		w = len("）")
	default:
		return false
	}
	next := end + w
	next += separatorAt(s.text, next)
	if _, dw := digitAt(s.text, next); dw == 0 {
		return false
	}
	to := s.scanRun(next)
	if n := len(s.digits); n != 7 && n != 8 {
		s.scanRun(i) // the caller still reads this run
		return false
	}
	switch before := s.text[s.last:i]; {
	case strings.HasSuffix(before, "("):
		i--
	case strings.HasSuffix(before, "（"):
		i -= len("（")
	}
	s.hit(MarkPhone, i, s.extension(to))
	return true
}

// publicNumber reports whether the run is a 400 or 800 number, which a company
// prints on its gate.
func (s *Scrubber) publicNumber(lo int) bool {
	d := s.digits[s.groups[lo].at:]
	return len(d) == 10 && (d[0] == '4' || d[0] == '8') && d[1] == '0' && d[2] == '0'
}

// cardForm reports whether groups lo to hi are written as bank cards are: in
// fours, beginning as cards do.
func (s *Scrubber) cardForm(lo, hi int) bool {
	for i := lo; i < hi; i++ {
		if s.groups[i].n != 4 {
			return false
		}
	}
	first := s.digits[s.groups[lo].at]
	return hi > lo && s.groups[hi].n <= 4 && (first >= '3' && first <= '6' || first == '9')
}

// allDates reports whether groups lo to hi are nothing but years and days:
// 2021-03-05 2021-04-05, 20210305-20210405, 2019 2020 2021 2022.
func (s *Scrubber) allDates(lo, hi int) bool {
	for i := lo; i <= hi; {
		switch d := s.span(i, i); {
		case s.dateAt(i, hi):
			i += 3
		case len(d) == 4 && isYear(d), len(d) == 8 && isYear(d) && isMonth(d[4:6]) && isDay(d[6:]):
			i++
		default:
			return false
		}
	}
	return true
}

// dateAt reports whether groups i to i+2, none after hi, are a day: 2021-3-5.
func (s *Scrubber) dateAt(i, hi int) bool {
	return i+2 <= hi && s.groups[i].n == 4 && isYear(s.span(i, i)) && isMonth(s.span(i+1, i+1)) && isDay(s.span(i+2, i+2))
}

// isMobile reports whether 11 digits are a mobile number (1[3-9]…).
func isMobile(d []byte) bool { return d[0] == '1' && d[1] >= '3' }

func isYear(d []byte) bool {
	return d[0] == '1' && d[1] == '9' || d[0] == '2' && d[1] == '0'
}

func isMonth(d []byte) bool { return len(d) <= 2 && within(d, 1, 12) }

func isDay(d []byte) bool { return len(d) <= 2 && within(d, 1, 31) }

func within(d []byte, low, high int) bool {
	n := 0
	for _, c := range d {
		n = n*10 + int(c-'0')
	}
	return n >= low && n <= high
}

// idShape reports whether 18 digits look like a resident id number (GB 11643):
// a province and a day of birth. The check digit may be mistyped, so it is not
// asked.
func idShape(d []byte) bool {
	return within(d[:2], 11, 82) && isYear(d[6:10]) && isMonth(d[10:12]) && isDay(d[12:14])
}

// oldIDShape is idShape for the 15 digits of the first generation.
func oldIDShape(d []byte) bool {
	return within(d[:2], 11, 82) && isMonth(d[8:10]) && isDay(d[10:12])
}
