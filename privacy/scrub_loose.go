package privacy

import (
	"strings"
	"unicode/utf8"
)

// looseNumber masks the phone or id at i that is written so that no ordinary
// reading finds it: 138.0000.1234, 1、3、8、…, 一三八…, ①③⑧…, or broken over a
// line. It returns its end, i if there is none.
func (s *Scrubber) looseNumber(i int) int {
	if _, w := numeralAt(s.text, i); !mayGoOn(s.text, i+w) && w > 1 {
		return i
	}
	digits, sizes := s.digits[:0], [24]int{}
	groups, to, end, spelled := 0, i, 0, false
	var joint string
	m := MarkPhone
	for len(digits) < 24 {
		d, w := numeralAt(s.text, to)
		if w > 0 {
			spelled = spelled || d != s.text[to] && s.text[to] != 0xEF
			digits, to = append(digits, d), to+w
			sizes[groups]++
			continue
		}
		if looseForm(digits, sizes[:groups+1], joint, spelled) {
			end = to
			if m = MarkPhone; len(digits) != 11 {
				m = MarkIDCard
			}
		}
		next := to + jointWidth(s.text[to:])
		if _, w := numeralAt(s.text, next); next == to || w == 0 || groups+1 == len(sizes) {
			break
		}
		if joint = s.text[to:next]; sizes[groups] > 0 {
			groups++
		}
		to = next
	}
	s.digits = digits[:0]
	if end == 0 {
		return i
	}
	s.hit(m, i, end)
	return end
}

// looseForm reports whether the digits, in groups of these sizes, are a mobile
// number or a resident id that is not written plainly.
func looseForm(digits []byte, sizes []int, joint string, spelled bool) bool {
	single := true
	for _, n := range sizes {
		single = single && n == 1
	}
	if len(sizes) == 1 && !spelled {
		return false
	}
	switch len(digits) {
	case 11:
		if !isMobile(digits) {
			return false
		}
		last := sizes[len(sizes)-1]
		if strings.ContainsAny(joint, "\r\n") {
			day := digits[len(digits)-last:]
			return len(sizes) == 2 && sizes[0] >= 3 && !(last == 8 && isYear(day)) || single
		}
		return single || spelled || sizes[0] == 3 && (last == 4 || last == 8)
	case 18:
		return idShape(digits)
	}
	return false
}

// jointWidth is the width of what may stand between the digits of a number
// that is not written plainly: one sign, or a line break, with spaces.
func jointWidth(text string) int {
	w := 0
	for range 2 {
		w += separatorAt(text, w)
	}
	switch {
	case strings.HasPrefix(text[w:], "\r\n"):
		w += 2
	case w < len(text) && strings.IndexByte(".,/_*\n\r\t", text[w]) >= 0:
		w++
	default:
		for _, joint := range []string{"、", "，", "。", "．", "·", "・"} {
			if strings.HasPrefix(text[w:], joint) {
				w += len(joint)
				break
			}
		}
	}
	for range 2 {
		w += separatorAt(text, w)
	}
	return w
}

// numeralAt is the digit at i in whatever form, and its width; 0 if there is
// none.
func numeralAt(text string, i int) (digit byte, width int) {
	if d, w := digitAt(text, i); w > 0 || i >= len(text) || text[i] < 0xE2 {
		return d, w
	}
	r, w := utf8.DecodeRuneInString(text[i:])
	switch {
	case r >= '①' && r <= '⑨':
		return byte(r-'①') + '1', w
	case r >= '⑴' && r <= '⑼':
		return byte(r-'⑴') + '1', w
	case r >= '❶' && r <= '❾':
		return byte(r-'❶') + '1', w
	case r >= '➀' && r <= '➈':
		return byte(r-'➀') + '1', w
	}
	switch r {
	case '⓪', '⓿', '零', '〇', '○', '洞':
		return '0', w
	case '一', '壹', '幺':
		return '1', w
	case '二', '贰', '两':
		return '2', w
	case '三', '叁':
		return '3', w
	case '四', '肆':
		return '4', w
	case '五', '伍':
		return '5', w
	case '六', '陆':
		return '6', w
	case '七', '柒', '拐':
		return '7', w
	case '八', '捌':
		return '8', w
	case '九', '玖':
		return '9', w
	}
	return 0, 0
}

// inToken reports whether a Latin letter stands before i: a part of a code.
func inToken(text string, i int) bool { return i > 0 && isLetter(text[i-1]) }

// mayGoOn reports whether the number that ends at i goes on behind a joint or
// in other numerals.
func mayGoOn(text string, i int) bool {
	if i >= len(text) {
		return false
	}
	if c := text[i]; c < 0xE4 || c > 0xE9 {
		i += jointWidth(text[i:])
	}
	_, w := numeralAt(text, i)
	return w > 0
}
