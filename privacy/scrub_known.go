package privacy

import (
	"strings"
	"unicode/utf8"
)

// A knownText is a string to be masked wherever it stands whole, such as the name
// or the phone of the row that a text belongs to.
type knownText struct {
	text string
	mark Mark
	rare int // the byte of text to search for
}

func (s *Scrubber) setKnown(list []string) {
	s.asked, s.known = append(s.asked[:0], list...), s.known[:0]
	for _, text := range list {
		text = trimSpace(text)
		mark, ok := knownMark(text)
		if !ok {
			continue
		}
		k := knownText{text: text, mark: mark}
		if text[0] >= utf8.RuneSelf {
			// Chinese characters begin with one of six bytes, and end with one
			// of 64: those are seldom met.
			k.rare = len(text) - 1
		}
		s.known = append(s.known, k)
	}
}

// index is where k first stands in text at or behind i; -1 if nowhere.
func (k *knownText) index(text string, i int) int {
	for i += k.rare; i < len(text); i++ {
		n := strings.IndexByte(text[i:], k.text[k.rare])
		if n < 0 {
			break
		}
		i += n
		if strings.HasPrefix(text[i-k.rare:], k.text) {
			return i - k.rare
		}
	}
	return -1
}

// replaceKnown masks every place where the known string stands whole.
func (s *Scrubber) replaceKnown(text string, k *knownText) string {
	from := k.index(text, 0)
	if from < 0 {
		return text
	}
	s.text, s.out, s.last = text, s.out[:0], 0
	for from >= 0 {
		i := from + len(k.text)
		if !wholeWord(text, from, i) || s.insideMark(from, i) {
			_, w := utf8.DecodeRuneInString(text[from:])
			i = from + w
		} else {
			s.hit(k.mark, from, i)
		}
		from = k.index(text, i)
	}
	if s.last == 0 {
		return text
	}
	s.out = append(s.out, text[s.last:]...)
	return string(s.out)
}

// knownMark says what a known string is, and whether it is long enough to be
// looked for: two Chinese characters, or five others.
func knownMark(known string) (Mark, bool) {
	han, digits, runes := 0, 0, 0
	for i := 0; i < len(known); {
		if c := known[i]; c < utf8.RuneSelf {
			if c-'0' < 10 {
				digits++
			}
			runes++
			i++
			continue
		}
		if commonHanAt(known, i) {
			han++
			runes++
			i += 3
			continue
		}
		r, w := utf8.DecodeRuneInString(known[i:])
		if r == '〔' || r == '〕' {
			return 0, false
		}
		if isHan(r) {
			han++
		} else if _, dw := digitAt(known, i); dw > 0 {
			digits++
		}
		runes++
		i += w
	}
	switch {
	case han >= 2:
		return MarkName, true
	case runes < 5:
		return 0, false
	case strings.Contains(known, "@"):
		return MarkEmail, true
	case digits >= 15:
		return MarkIDCard, true
	case digits >= 7 && digits+2 >= runes:
		return MarkPhone, true
	}
	return MarkAccount, true
}

// commonHanAt reports whether the Chinese character at i, if there is one, lies in
// U+5000 to U+9FFF, as most do: no more than a look at its bytes.
func commonHanAt(s string, i int) bool {
	return s[i] >= 0xE5 && s[i] <= 0xE9 && i+2 < len(s) && s[i+1]&0xC0 == 0x80 && s[i+2]&0xC0 == 0x80
}

// trimSpace is strings.TrimSpace, and quick where a Chinese character, a letter or
// a digit stands at either end.
func trimSpace(s string) string {
	n := len(s)
	if n == 0 || (isAlnum(s[0]) || commonHanAt(s, 0)) && (isAlnum(s[n-1]) || n >= 3 && commonHanAt(s, n-3)) {
		return s
	}
	return strings.TrimSpace(s)
}

// wholeWord reports whether text[from:to] does not cut a number or a Latin
// word: A123 does not stand in A1234.
func wholeWord(text string, from, to int) bool {
	return !(from > 0 && isAlnum(text[from-1]) && isAlnum(text[from])) &&
		!(to < len(text) && isAlnum(text[to-1]) && isAlnum(text[to]))
}

// insideMark reports whether text[from:to] overlaps a mark.
func (s *Scrubber) insideMark(from, to int) bool {
	const longest = len("〔身份证〕")
	for i := max(0, from-longest+1); i < to; i++ {
		if strings.HasPrefix(s.text[i:], "〔") {
			if w := s.markWidth(i); w > len("〔") && i+w > from {
				return true
			}
		}
	}
	return false
}
