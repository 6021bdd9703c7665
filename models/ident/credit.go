package ident

import "strings"

// What can be wrong with a unified social credit code.
const (
	ErrCreditLength    Error = "统一社会信用代码应为18位"
	ErrCreditCharacter Error = "统一社会信用代码含有不允许的字符(第3至8位应为数字,其余为数字或除I、O、S、V、Z外的大写字母)"
	ErrCreditCheck     Error = "统一社会信用代码校验位不符"
)

const creditLength = 18

// creditAlphabet are the 31 characters of GB 32100 in the order of their
// values: the digits, then the capitals without I, O, S, V and Z. Letters do
// not follow their ASCII distance, so a value is a position here.
const creditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"

// creditWeights are W1..W17 of GB 32100, 3^(i-1) mod 31.
const creditWeights = "\x01\x03\x09\x1b\x13\x1a\x10\x11\x14\x1d\x19\x0d\x08\x18\x0a\x1e\x1c"

// CheckCreditCode checks a code in the form that Normalize gives, by GB 32100:
// length, characters, digits for the registering authority's region (3rd to
// 8th), and the check character. It checks neither that the region exists nor
// the inner check character of the organisation code (GB 11714). The error is
// one of the ErrCredit constants, nil for a valid code.
func CheckCreditCode(s string) error {
	if len(s) != creditLength {
		return ErrCreditLength
	}
	sum := 0
	for i := range len(creditWeights) {
		value := strings.IndexByte(creditAlphabet, s[i])
		if value < 0 || (i >= 2 && i < 8 && value > 9) {
			return ErrCreditCharacter
		}
		sum += value * int(creditWeights[i])
	}
	check := strings.IndexByte(creditAlphabet, s[17])
	if check < 0 {
		return ErrCreditCharacter
	}
	if check != (31-sum%31)%31 {
		return ErrCreditCheck
	}
	return nil
}
