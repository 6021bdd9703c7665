// Package ident checks the two numbers by which Chinese departments know
// people and organisations: the citizen identity number 公民身份号码
// (GB 11643) and the unified social credit code 统一社会信用代码 (GB 32100).
//
// Nothing here returns or quotes the value it was given: every error is a
// constant, so it can stand in a log, in a quarantine listing and in a report.
package ident

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is what is wrong with a number, in the words that a reader of the
// quarantine list sees. Compare with errors.Is or ==.
type Error string

// Error returns the Chinese reason. It never holds any part of the number.
func (e Error) Error() string { return string(e) }

// Normalize brings a number as people and spreadsheets write it into the form
// that the standards print: full-width digits and letters become ASCII,
// letters become capitals, and white space and invisible characters (byte
// order marks, zero-width spaces) go. Everything else stays, for the check to
// find. A number that already has this form is returned as it is, without
// allocating.
func Normalize(s string) string {
	if isNormal(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[i:]); size == 1 {
				b.WriteByte(s[i]) // not UTF-8: kept as it came
				continue
			}
		}
		// U+FF01..U+FF5E are the full-width forms of ! to ~.
		if r >= 0xFF01 && r <= 0xFF5E {
			r -= 0xFF01 - '!'
		}
		switch {
		case r >= 'a' && r <= 'z':
			b.WriteByte(byte(r) - 'a' + 'A')
		case unicode.IsSpace(r) || unicode.Is(unicode.Cf, r):
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isNormal reports whether every byte is visible ASCII and no lower-case letter.
func isNormal(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c > '~' || (c >= 'a' && c <= 'z') {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
