package models

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// An Amount is an exact decimal number, Unscaled·10^-Scale: money in yuan has
// Scale 2 and counts its cents. The zero value is 0.
type Amount struct {
	Unscaled int64
	Scale    int // digits behind the point, 0 to 18
}

// Cents is an amount of money in yuan, counted in cents.
func Cents(n int64) Amount { return Amount{Unscaled: n, Scale: 2} }

// ParseAmount reads "-1234.50" exactly: digits, at most one point, no
// exponent and no separators.
func ParseAmount(s string) (Amount, error) {
	digits := strings.TrimLeft(s, "+-")
	whole, fraction, _ := strings.Cut(digits, ".")
	if len(s)-len(digits) > 1 || whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" || len(fraction) > 18 {
		return Amount{}, fmt.Errorf("%q is no decimal number such as 1234.50", s)
	}
	n, err := strconv.ParseInt(whole+fraction, 10, 64)
	if err != nil {
		return Amount{}, fmt.Errorf("%q has more digits than a number can hold here", s)
	}
	if s[0] == '-' {
		n = -n
	}
	return Amount{Unscaled: n, Scale: len(fraction)}, nil
}

// Rescale returns the same number with another scale. It fails rather than
// round, and rather than overflow.
func (a Amount) Rescale(scale int) (Amount, error) {
	for ; a.Scale < scale; a.Scale++ {
		if a.Unscaled > math.MaxInt64/10 || a.Unscaled < math.MinInt64/10 {
			return Amount{}, fmt.Errorf("%s does not fit %d places behind the point", a, scale)
		}
		a.Unscaled *= 10
	}
	for ; a.Scale > scale; a.Scale-- {
		if a.Unscaled%10 != 0 {
			return Amount{}, fmt.Errorf("%s has more than %d places behind the point", a, scale)
		}
		a.Unscaled /= 10
	}
	return a, nil
}

// String is the number as 1234.50, with all places of its scale.
func (a Amount) String() string {
	s := strconv.FormatInt(a.Unscaled, 10)
	if a.Scale == 0 {
		return s
	}
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if len(s) <= a.Scale {
		s = strings.Repeat("0", a.Scale+1-len(s)) + s
	}
	point := len(s) - a.Scale
	return sign + s[:point] + "." + s[point:]
}
