package sqldb

import (
	"bytes"
	"math/big"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
)

// decoder puts a value that is not null, in the bytes that came, into column at
// of a batch. A result that is not empty says why it can't be. The bytes are the
// driver's, and gone with the next row.
type decoder func(b *batch, at int, value []byte) (reason string)

// fromText decodes the texts that a database writes of its values.
func (s *Source) fromText(c column) decoder {
	switch c.kind {
	case intKind:
		return intOfText
	case floatKind:
		return floatOfText
	case decimalKind:
		return decimalOfText
	case boolKind:
		return boolOfText
	case dateKind, wallKind, instantKind:
		zeros := s.cfg.ZeroDates == zeroNull
		return func(b *batch, at int, text []byte) string { return timeOfText(b, at, text, zeros) }
	}
	decode := newTextDecoder(s.cfg.TextEncoding)
	if c.bytes {
		return func(b *batch, at int, raw []byte) string {
			return c.leaveOut(&b.vecs[at], decode.bytes(&b.vecs[at], raw))
		}
	}
	return func(b *batch, at int, text []byte) string { return decode.text(&b.vecs[at], text) }
}

func intOfText(b *batch, at int, text []byte) string {
	n, ok := wholeOf(text)
	if !ok {
		return notOfType
	}
	b.vecs[at].addWhole(n)
	return ""
}

// wholeOf reads a whole number.
func wholeOf(text []byte) (n int64, ok bool) {
	digits := text
	if len(text) > 1 && text[0] == '-' {
		digits = text[1:]
	}
	if len(digits) == 0 || len(digits) > 18 { // which may be too large
		n, err := strconv.ParseInt(string(text), 10, 64)
		return n, err == nil
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(text) {
		n = -n
	}
	return n, true
}

func floatOfText(b *batch, at int, text []byte) string {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		return notOfType
	}
	b.vecs[at].addFloat(f)
	return ""
}

// boolOfText reads a digit, as such or as the bit that it is.
func boolOfText(b *batch, at int, text []byte) string {
	if len(text) != 1 || text[0] > 1 && text[0] != '0' && text[0] != '1' {
		return notOfType
	}
	b.vecs[at].addBool(text[0] == 1 || text[0] == '1')
	return ""
}

// decimalOfText reads a decimal; digits beyond the scale must be zeros.
func decimalOfText(b *batch, at int, text []byte) string {
	n, ok := decimalOf(text, int(b.columns[at].scale))
	if !ok {
		if bytes.ContainsAny(text, "nN") {
			return notANumber
		}
		return tooPrecise
	}
	b.vecs[at].addDecimal(n)
	return ""
}

func decimalOf(text []byte, scale int) (n decimal128.Num, ok bool) {
	digits := text
	if len(text) > 0 && text[0] == '-' {
		digits = text[1:]
	}
	whole, frac := digits, []byte(nil)
	if at := bytes.IndexByte(digits, '.'); at >= 0 {
		whole, frac = digits[:at], digits[at+1:]
	}
	if len(frac) > scale {
		if len(bytes.Trim(frac[scale:], "0")) > 0 {
			return n, false
		}
		frac = frac[:scale]
	}
	if len(whole)+len(frac) == 0 || len(whole)+scale > 38 {
		return n, false
	}
	negative := len(digits) < len(text)
	if len(whole)+scale > 18 {
		return largeDecimal(whole, frac, scale, negative)
	}
	x, wrong := int64(0), false
	for _, c := range whole {
		wrong = wrong || c-'0' > 9
		x = x*10 + int64(c-'0')
	}
	for _, c := range frac {
		wrong = wrong || c-'0' > 9
		x = x*10 + int64(c-'0')
	}
	if wrong {
		return n, false
	}
	for range scale - len(frac) {
		x *= 10
	}
	if negative {
		x = -x
	}
	return decimal128.FromI64(x), true
}

func largeDecimal(whole, frac []byte, scale int, negative bool) (n decimal128.Num, ok bool) {
	text := append(append(append([]byte(nil), whole...), frac...), bytes.Repeat([]byte("0"), scale-len(frac))...)
	if bytes.ContainsAny(text, "+-_") { // which have no place here, and would be a sign to big.Int
		return n, false
	}
	x, ok := new(big.Int).SetString(string(text), 10)
	if !ok || x.BitLen() > 127 {
		return n, false
	}
	if negative {
		x.Neg(x)
	}
	return decimal128.FromBigInt(x), true
}

// timeOfText reads a date or a time from the text of ISO 8601.
func timeOfText(b *batch, at int, text []byte, zeros bool) string {
	micros, reason := microsOf(text)
	if reason == zeroDate && zeros {
		b.vecs[at].addNull()
		return ""
	}
	if reason != "" {
		return reason
	}
	return b.addTime(at, micros)
}

// microsOf reads 2006-01-02 or 2006-01-02 15:04:05[.999999], as MySQL writes it.
func microsOf(s []byte) (micros int64, reason string) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, notOfType
	}
	year, month, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	if year < 0 || month < 0 || day < 0 {
		return 0, notOfType
	}
	if year == 0 && month == 0 && day == 0 {
		return 0, zeroDate
	}
	if year == 0 || month == 0 || month > 12 || day == 0 || day > daysIn(year, month) {
		return 0, noSuchDate
	}
	micros = daysSinceEpoch(year, month, day) * microsADay
	if len(s) == 10 {
		return micros, ""
	}
	if len(s) < 19 || (s[10] != ' ' && s[10] != 'T') || s[13] != ':' || s[16] != ':' {
		return 0, notOfType
	}
	hour, minute, second := number(s[11:13]), number(s[14:16]), number(s[17:19])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, notOfType
	}
	micros += int64(hour*3600+minute*60+second) * 1_000_000
	if len(s) == 19 {
		return micros, ""
	}
	frac := s[20:]
	if s[19] != '.' || len(frac) == 0 || len(frac) > 9 || number(frac) < 0 {
		return 0, notOfType
	}
	for i := range 6 {
		digit := byte('0')
		if i < len(frac) {
			digit = frac[i]
		}
		micros += int64(digit-'0') * [...]int64{100_000, 10_000, 1000, 100, 10, 1}[i]
	}
	return micros, ""
}

// number reads digits; −1: something else stands among them.
func number(s []byte) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	return n
}

func daysIn(year, month int) int {
	if month == 2 && year%4 == 0 && (year%100 != 0 || year%400 == 0) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}

// daysSinceEpoch counts the days from 1970-01-01 to a date of the Gregorian
// calendar, which is a matter of three divisions; package time does a dozen.
func daysSinceEpoch(year, month, day int) int64 {
	// The year begins in March, so that the day of a leap year is its last.
	if month -= 2; month <= 0 {
		month, year = month+12, year-1
	}
	return int64(year*365 + year/4 - year/100 + year/400 + 367*month/12 + day - 719499)
}
