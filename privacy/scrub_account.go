package privacy

import (
	"strings"
	"unicode/utf8"
)

// email masks the mail address around the at sign at i.
func (s *Scrubber) email(i, w int) int {
	text := s.text
	from := i
	for from > s.last && isLocalPart(text[from-1]) {
		from--
	}
	to, dot := i+w, 0
	for to < len(text) && (isAlnum(text[to]) || text[to] == '-' || text[to] == '.') {
		if text[to] == '.' && to > i+w {
			dot = to
		}
		to++
	}
	for to > i+w && !isAlnum(text[to-1]) {
		to-- // a full stop behind the address
	}
	if from == i || dot == 0 || dot+2 >= to {
		return i + w
	}
	s.hit(MarkEmail, from, to)
	return to
}

func isLocalPart(c byte) bool {
	return isAlnum(c) || c == '.' || c == '_' || c == '-' || c == '+' || c == '%'
}

// plate masks a vehicle licence plate that begins with the province at i:
// 浙A·12345, 浙JD12345 (GA 36).
func (s *Scrubber) plate(i, w int) int {
	next := i + w
	c, cw := s.plateChar(next)
	if cw == 0 || c < 'A' || c > 'Z' {
		return next
	}
	to := next + cw
	for _, joint := range []string{"·", "•", "・", ".", "-", " ", "　"} {
		if strings.HasPrefix(s.text[to:], joint) {
			to += len(joint)
			break
		}
	}
	n, digits := 0, 0
	for ; n < 7; n++ {
		c, cw := s.plateChar(to)
		if cw == 0 {
			break
		}
		if c <= '9' {
			digits++
		}
		to += cw
	}
	// Five characters, or six on a new-energy vehicle; trailers and such end
	// in a Chinese character in the fifth's place.
	if n == 4 && digits >= 2 {
		if r, rw := utf8.DecodeRuneInString(s.text[to:]); strings.ContainsRune("警学挂港澳领使超", r) {
			n, to = 5, to+rw
		}
	}
	if n != 5 && n != 6 || digits < 2 {
		return next
	}
	s.hit(MarkPlate, i, to)
	return to
}

// plateChar is the capital letter or digit at i, half- or full-width, and its
// width.
func (s *Scrubber) plateChar(i int) (byte, int) {
	if i >= len(s.text) {
		return 0, 0
	}
	if c := s.text[i]; isAlnum(c) {
		if c >= 'a' {
			c -= 0x20
		}
		return c, 1
	}
	r, w := utf8.DecodeRuneInString(s.text[i:])
	if r >= '０' && r <= '９' || r >= 'Ａ' && r <= 'Ｚ' {
		return byte(r - 0xFEE0), w
	}
	return 0, 0
}

// account masks the token at i that a word such as 微信号 introduces, if it is
// one: at least least letters, digits, hyphens and underscores, of which
// enough are digits, or a letter first.
func (s *Scrubber) account(m Mark, i, least, leastDigits int) int {
	to, n, digits := i, 0, 0
	for to < len(s.text) {
		c, w := s.plateChar(to)
		if w == 0 {
			if s.text[to] != '_' && (s.text[to] != '-' || n == 0) {
				break
			}
			w = 1
		} else if c <= '9' {
			digits++
		}
		to += w
		n++
	}
	for to > i && (s.text[to-1] == '-' || s.text[to-1] == '_') {
		to--
		n--
	}
	if n < least || digits < leastDigits {
		return i
	}
	s.hit(m, i, to)
	return to
}
