package privacy

import (
	"strings"
	"unicode/utf8"
)

// AppendMaskName appends the mask of a name to dst: it keeps the surname
// and stars the rest: 张三丰 → 张**, 欧阳锋 → 欧阳*.
// A name of one character is starred whole; of a name with a dot (阿依古丽·买买提)
// or in Latin letters only the first character stays. Empty stays empty.
func AppendMaskName(dst []byte, name string) []byte {
	name = trimSpace(name)
	n := utf8.RuneCountInString(name)
	if n <= 1 {
		return appendStars(dst, n)
	}
	keep := 1
	if n > 2 && theLexicon().compoundSurname(name) {
		keep = 2
	}
	for range keep {
		r, w := utf8.DecodeRuneInString(name)
		dst, name = utf8.AppendRune(dst, r), name[w:]
	}
	return appendStars(dst, n-keep)
}

// AppendMaskPhone appends the mask of a phone to dst: it keeps the first three and
// the last four digits of a mobile number:
// 138****1234. Of another number of eight digits or more the last four stay,
// and of a shorter one nothing.
func AppendMaskPhone(dst []byte, phone string) []byte {
	var buf [32]byte
	digits := appendDigits(buf[:0], phone)
	if len(digits) == 13 && digits[0] == '8' && digits[1] == '6' {
		digits = digits[2:]
	}
	switch {
	case len(digits) == 11 && digits[0] == '1':
		dst = append(dst, digits[:3]...)
		return append(append(dst, "****"...), digits[7:]...)
	case len(digits) >= 8:
		return append(appendStars(dst, len(digits)-4), digits[len(digits)-4:]...)
	}
	return appendStars(dst, utf8.RuneCountInString(strings.TrimSpace(phone)))
}

func appendStars(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '*')
	}
	return dst
}

// appendDigits appends the digits of s in half-width form.
func appendDigits(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		d, w := digitAt(s, i)
		if w == 0 {
			i++
			continue
		}
		dst = append(dst, d)
		i += w
	}
	return dst
}
