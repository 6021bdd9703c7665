package web

import (
	"cmp"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// plain is a value as JSON and templates take it: whole and broken numbers,
// words, days as 2025-12-31, moments as 2025-12-31 08:30:00.
func plain(v any, kind string) any {
	switch v := v.(type) {
	case nil, bool, string:
		return v
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil // a quotient that is none
		}
		return v
	case int, int8, int16, int32, int64, uint8, uint16, uint32, uint64:
		return v
	case float32:
		return plain(float64(v), kind)
	case *big.Int:
		if v.IsInt64() {
			return v.Int64()
		}
		f, _ := new(big.Float).SetInt(v).Float64()
		return f
	case time.Time:
		if kind == "day" {
			return v.Format(time.DateOnly)
		}
		return v.Format(time.DateTime)
	case []any:
		parts := make([]string, len(v))
		for i, one := range v {
			parts[i] = text(plain(one, ""))
		}
		return strings.Join(parts, "、")
	case interface{ Float64() float64 }: // a decimal
		return v.Float64()
	}
	return fmt.Sprint(v)
}

// text is a plain value in words, as links and files take it; nil is empty.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// show is a value of the field as a page without script shows it.
func (f *field) show(v any) string {
	switch v := v.(type) {
	case nil:
		return "—"
	case bool:
		if v {
			return "是"
		}
		return "否"
	case float64:
		if f.Decimals >= 0 {
			return group(strconv.FormatFloat(v, 'f', f.Decimals, 64))
		}
		short := strconv.FormatFloat(v, 'f', 2, 64)
		return group(strings.TrimRight(strings.TrimRight(short, "0"), "."))
	case string:
		if f.Align != "" && numberRE.MatchString(v) {
			return group(v)
		}
		return cmp.Or(v, "—")
	}
	return group(fmt.Sprint(v))
}

// numberRE is a number that came as words.
var numberRE = regexp.MustCompile(`^-?\d+(\.\d+)?$`)

// shape is the class of a cell in a page without script, by how much room its
// text needs.
func (f *field) shape(v any) string {
	n := utf8.RuneCountInString(f.show(v))
	switch {
	case f.Kind == "number", f.Align != "":
		return "num"
	case f.Kind != "text" || n <= 10:
		return "tight"
	case n > 28:
		return "long"
	}
	return "text"
}

// group sets commas between the thousands of a number.
func group(number string) string {
	sign, digits := "", number
	if strings.HasPrefix(number, "-") {
		sign, digits = "-", number[1:]
	}
	whole, rest, broken := strings.Cut(digits, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if broken {
		rest = "." + rest
	}
	return sign + whole + rest
}
