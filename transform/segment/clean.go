package segment

import (
	"strings"
	"unicode"
)

// marks are what the scrubber leaves in place of personal data.
var marks = [...]string{"〔身份证〕", "〔电话〕", "〔银行卡〕", "〔姓名〕", "〔门牌〕", "〔车牌〕", "〔邮箱〕", "〔账号〕"}

// markLen returns the length of the scrubber's mark that s begins with, or 0.
func markLen(s string) int {
	for _, m := range marks {
		if strings.HasPrefix(s, m) {
			return len(m)
		}
	}
	return 0
}

// clean removes characters that are there by accident of a web page and would
// keep a word from being recognised.
func clean(s string) string {
	if strings.IndexFunc(s, isNoise) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isNoise(r) {
			return -1
		}
		return r
	}, s)
}

func isNoise(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || r == '\r': // between words
		return false
	case r < 0x7f:
		return r < 0x20
	case r < 0x2000:
		return r <= 0x9f || r == 0xad
	case r < 0xd800:
		return r <= 0x206f && unicode.Is(unicode.Cf, r)
	}
	return r == 0xfeff
}

// narrow makes full-width letters and digits plain, and letters lower case.
func narrow(word string) string {
	if strings.IndexFunc(word, isWide) < 0 {
		return word
	}
	return strings.Map(func(r rune) rune {
		if !isWide(r) {
			return r
		}
		r -= '！' - '!'
		if r >= 'A' && r <= 'Z' {
			r |= 0x20
		}
		return r
	}, word)
}

func isWide(r rune) bool { return r >= '！' && r <= '～' }
