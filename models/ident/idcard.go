package ident

import "time"

// What can be wrong with an identity number.
const (
	ErrIDLength    Error = "身份证号应为18位"
	ErrIDOldForm   Error = "身份证号是15位旧号码,应换为18位"
	ErrIDCharacter Error = "身份证号前17位应为数字,末位应为数字或X"
	ErrIDDate      Error = "身份证号中的出生日期不存在"
	ErrIDFuture    Error = "身份证号中的出生日期晚于数据日期"
	ErrIDCheck     Error = "身份证号校验位不符"
)

// Sex as the 17th digit gives it: odd is male, even is female.
type Sex uint8

// The zero Sex is unknown, which no valid number has.
const (
	Male   Sex = 1
	Female Sex = 2
)

// String returns 男, 女 or 未知.
func (s Sex) String() string {
	switch s {
	case Male:
		return "男"
	case Female:
		return "女"
	default:
		return "未知"
	}
}

// IDCard is what a valid identity number says about its holder, without the
// number itself. All of it is personal data.
type IDCard struct {
	// Region is the 6-digit code of the county that first issued the number.
	// It is not checked against today's regions: counties end, numbers stay.
	Region string
	// Birth is the day of birth at 00:00 UTC.
	Birth time.Time
	Sex   Sex
}

const idLength = 18

// idWeights are W1..W17 of GB 11643, 2^(18-i) mod 11.
const idWeights = "\x07\x09\x0a\x05\x08\x04\x02\x01\x06\x03\x07\x09\x0a\x05\x08\x04\x02"

// idChecks are the check characters for the weighted sum modulo 11.
const idChecks = "10X98765432"

// oldestBirthYear is before the birth of anybody who lived when identity
// numbers were first issued, in 1984.
const oldestBirthYear = 1850

// ParseIDCard checks a number in the form that Normalize gives, by GB 11643:
// length, characters, a real calendar day of birth that is not after the day
// of asOf (in asOf's location), and the check character. A zero asOf leaves
// the future unchecked. The error is one of the ErrID constants.
func ParseIDCard(s string, asOf time.Time) (IDCard, error) {
	if len(s) != idLength {
		if LooksLikeOldIDCard(s) {
			return IDCard{}, ErrIDOldForm
		}
		return IDCard{}, ErrIDLength
	}
	sum := 0
	for i := range len(idWeights) {
		if !isDigit(s[i]) {
			return IDCard{}, ErrIDCharacter
		}
		sum += int(s[i]-'0') * int(idWeights[i])
	}
	if !isDigit(s[17]) && s[17] != 'X' {
		return IDCard{}, ErrIDCharacter
	}
	year, month, day := number(s[6:10]), number(s[10:12]), number(s[12:14])
	if !validDate(year, month, day) {
		return IDCard{}, ErrIDDate
	}
	if after(year, month, day, asOf) {
		return IDCard{}, ErrIDFuture
	}
	if s[17] != idChecks[sum%11] {
		return IDCard{}, ErrIDCheck
	}
	sex := Female
	if s[16]%2 == 1 { // '0' is even, so the byte is odd where the digit is
		sex = Male
	}
	birth := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return IDCard{Region: s[:6], Birth: birth, Sex: sex}, nil
}

// LooksLikeIDCard reports whether s has the form of an identity number, 17
// digits and a digit or X (either case), whatever its date and check character.
func LooksLikeIDCard(s string) bool {
	if len(s) != idLength || !allDigits(s[:17]) {
		return false
	}
	last := s[17]
	return isDigit(last) || last == 'X' || last == 'x'
}

// LooksLikeOldIDCard reports whether s has the form of the number before 1999:
// 15 digits, of which the 7th to 12th are a day of the years 1900 to 1999. It
// has no check character, so this is all that can be told.
func LooksLikeOldIDCard(s string) bool {
	return len(s) == 15 && allDigits(s) &&
		validDate(1900+number(s[6:8]), number(s[8:10]), number(s[10:12]))
}

// number reads a few digits, which the caller has checked.
func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

// validDate reports whether the day is in the calendar, from oldestBirthYear on.
func validDate(year, month, day int) bool {
	if year < oldestBirthYear || month < 1 || month > 12 || day < 1 {
		return false
	}
	switch month {
	case 4, 6, 9, 11:
		return day <= 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return day <= 29
		}
		return day <= 28
	}
	return day <= 31
}

// after reports whether the day is later than the calendar day of asOf; never
// for a zero asOf.
func after(year, month, day int, asOf time.Time) bool {
	if asOf.IsZero() {
		return false
	}
	y, m, d := asOf.Date()
	if year != y {
		return year > y
	}
	if month != int(m) {
		return month > int(m)
	}
	return day > d
}
