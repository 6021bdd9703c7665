package ingest

import (
	"errors"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow/go/v17/arrow/decimal128"
	"golang.org/x/text/width"
)

// Why a value is not of its type. They are shown to the people who must mend
// it, and never quote the value.
var (
	errNotInteger   = errors.New("不是整数")
	errNotNumber    = errors.New("不是数字")
	errScientific   = errors.New("是科学计数法:表格软件已丢失末尾数字,须以文本格式重新导出")
	errPrecision    = errors.New("小数位数或整数位数超出约定")
	errNotMoment    = errors.New("不是日期时间")
	errNoSuchDay    = errors.New("日历上没有这一天")
	errWhichMonth   = errors.New("分不清是1月还是10月：数字单元格中2025.10即2025.1，请写作2025-01或2025-10")
	errNotBoolean   = errors.New("不是“是/否”")
	errDecimalPoint = errors.New("应为整数,却带有小数")
	errRange        = errors.New("超出整数的范围")
	errEncoding     = errors.New("不是有效的UTF-8文字")
)

// clean trims a cell and folds full-width digits, letters, signs and spaces, as
// office software and input methods leave them in numbers, dates and codes.
func clean(s string) string {
	s = trim(s)
	for i := range len(s) {
		// What folding changes begins with one of two bytes: U+3000, and
		// U+FF00 to U+FFEF.
		if c := s[i]; c == 0xE3 || c == 0xEF {
			return strings.TrimSpace(width.Fold.String(s))
		}
	}
	return s
}

// trim is strings.TrimSpace, and quick where there is nothing to trim, also
// around Chinese text: no character of its blocks is a space.
func trim(s string) string {
	if s == "" || !isHanLead(s[0]) && !isVisible(s[0]) {
		return strings.TrimSpace(s)
	}
	if n := len(s); isVisible(s[n-1]) || n >= 3 && isHanLead(s[n-3]) && s[n-2]&0xC0 == 0x80 && s[n-1]&0xC0 == 0x80 {
		return s
	}
	return strings.TrimSpace(s)
}

// isBlank reports whether a cell has nothing but spaces.
func isBlank(s string) bool {
	return s == "" || !isHanLead(s[0]) && !isVisible(s[0]) && strings.TrimSpace(s) == ""
}

func isVisible(c byte) bool { return c > ' ' && c < 0x7F }

// isHanLead reports whether a character of three bytes that begins with c lies
// in U+4000 to U+CFFF, where there are no spaces.
func isHanLead(c byte) bool { return c >= 0xE4 && c <= 0xEC }

// isCode reports whether a text has no characters but ASCII ones and their
// full-width forms. Other texts keep their punctuation as it was written.
func isCode(s string) bool {
	for _, r := range s {
		if r >= utf8.RuneSelf && r != '\u3000' && (r < '！' || r > '～') {
			return false
		}
	}
	return true
}

// parseInt reads a whole number; thousands may be set apart by commas, and a
// fraction of zeros is forgiven, as spreadsheets write 3.0.
func parseInt(s string) (int64, error) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, nil
	}
	s, err := plainNumber(s)
	if err != nil {
		return 0, err
	}
	whole, frac, dotted := strings.Cut(s, ".")
	if dotted && strings.Trim(frac, "0") != "" {
		return 0, errDecimalPoint
	}
	n, perr := strconv.ParseInt(whole, 10, 64)
	switch {
	case errors.Is(perr, strconv.ErrRange):
		return 0, errRange
	case perr != nil:
		return 0, errNotInteger
	}
	return n, nil
}

func parseFloat(s string) (float64, error) {
	s, err := plainNumber(s)
	if err != nil {
		return 0, err
	}
	f, perr := strconv.ParseFloat(s, 64)
	if perr != nil || math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, errNotNumber
	}
	return f, nil
}

// zeros are as many as a DECIMAL can have behind its point.
const zeros = "00000000000000000000000000000000000000"

// parseDecimal reads a number exactly: digits beyond the scale are refused,
// not rounded.
func parseDecimal(s string, precision, scale int) (decimal128.Num, error) {
	s, err := plainNumber(s)
	if err != nil {
		return decimal128.Num{}, err
	}
	whole, frac, _ := strings.Cut(s, ".")
	frac = strings.TrimRight(frac, "0")
	if len(frac) > scale {
		return decimal128.Num{}, errPrecision
	}
	if len(whole)+scale < 18 && precision >= 18 { // fits an int64, and so the precision
		n, perr := strconv.ParseInt(whole+frac+zeros[:scale-len(frac)], 10, 64)
		if perr != nil {
			return decimal128.Num{}, errNotNumber
		}
		return decimal128.FromI64(n), nil
	}
	n, ok := new(big.Int).SetString(whole+frac+zeros[:scale-len(frac)], 10)
	if !ok {
		return decimal128.Num{}, errNotNumber
	}
	if len(new(big.Int).Abs(n).String()) > precision {
		return decimal128.Num{}, errPrecision
	}
	return decimal128.FromBigInt(n), nil
}

// plainNumber takes thousands separators out of a decimal number and refuses
// everything that is not digits with at most one point.
func plainNumber(s string) (string, error) {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 || digits == "" {
		return "", errNotNumber
	}
	if isScientific(digits) {
		return "", errScientific
	}
	if strings.Contains(digits, ",") {
		whole, frac, dotted := strings.Cut(digits, ".")
		groups := strings.Split(whole, ",")
		for i, g := range groups {
			if len(g) > 3 || (i > 0 && len(g) != 3) || g == "" {
				return "", errNotNumber
			}
		}
		digits = strings.Join(groups, "")
		if dotted {
			digits += "." + frac
		}
	}
	points := 0
	for i := 0; i < len(digits); i++ {
		switch c := digits[i]; {
		case c == '.':
			points++
		case c < '0' || c > '9':
			return "", errNotNumber
		}
	}
	if points > 1 || digits == "." {
		return "", errNotNumber
	}
	if strings.HasPrefix(s, "-") {
		digits = "-" + digits
	}
	return digits, nil
}

// isScientific recognises what a spreadsheet makes of a long id: 1.2E+17.
func isScientific(s string) bool {
	if strings.IndexByte(s, '+') < 0 {
		return false
	}
	mantissa, exp, ok := strings.Cut(strings.ToUpper(s), "E+")
	if !ok || mantissa == "" || exp == "" {
		return false
	}
	_, err1 := strconv.ParseFloat(mantissa, 64)
	_, err2 := strconv.Atoi(exp)
	return err1 == nil && err2 == nil
}

func parseBool(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "是", "有", "true", "t", "y", "yes", "1":
		return true, nil
	case "否", "无", "false", "f", "n", "no", "0":
		return false, nil
	}
	return false, errNotBoolean
}

// shapeOf tells what a value looks like without telling the value: every digit
// becomes 9, every letter A, every Chinese character 汉; at most 24 signs.
func shapeOf(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > 24 {
			b.WriteString("…")
			break
		}
		switch {
		case r >= '0' && r <= '9', r >= '０' && r <= '９':
			b.WriteByte('9')
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			b.WriteByte('A')
		case r < 0x80 && r >= ' ':
			b.WriteRune(r)
		case r < ' ':
			b.WriteByte(' ')
		default:
			b.WriteString("汉")
		}
	}
	return b.String()
}
