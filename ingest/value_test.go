package ingest

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
	"pgregory.net/rapid"
)

func shanghai(t testing.TB) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// What clean passes over needs no folding.
func TestCleanFoldsEverything(t *testing.T) {
	for r := rune(1); r <= unicode.MaxRune; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		in := "a" + string(r) + "b"
		if got, want := clean(in), width.Fold.String(in); got != want {
			t.Fatalf("clean(%U) = %q, want %q", r, got, want)
		}
	}
}

func TestParseInt(t *testing.T) {
	for _, c := range []struct {
		in   string
		want int64
		err  error
	}{
		{"0", 0, nil},
		{"-12", -12, nil},
		{"+12", 12, nil},
		{" 12\t", 12, nil},
		{"1,234,567", 1234567, nil},
		{"-1,234", -1234, nil},
		{"１２３", 123, nil},
		{"１，２３４", 1234, nil},
		{"－７", -7, nil},
		{"3.0", 3, nil},
		{"1,234.00", 1234, nil},
		{"9223372036854775807", 9223372036854775807, nil},
		{"9223372036854775808", 0, errRange},
		{"3.5", 0, errDecimalPoint},
		{"1.2E+17", 0, errScientific},
		{"1.2e+17", 0, errScientific},
		{"1,23", 0, errNotNumber},
		{",123", 0, errNotNumber},
		{"1234,567", 0, errNotNumber},
		{"12a", 0, errNotNumber},
		{"--1", 0, errNotNumber},
		{"1.2.3", 0, errNotNumber},
		{"-", 0, errNotNumber},
		{"三", 0, errNotNumber},
	} {
		got, err := parseInt(clean(c.in))
		if got != c.want && err == nil || err != c.err {
			t.Errorf("parseInt(%q) = %d, %v; want %d, %v", c.in, got, err, c.want, c.err)
		}
	}
}

func TestParseDecimal(t *testing.T) {
	for _, c := range []struct {
		in               string
		precision, scale int
		want             string
		err              error
	}{
		{"20000", 18, 2, "20000.00", nil},
		{"20000.05", 18, 2, "20000.05", nil},
		{"20000.050", 18, 2, "20000.05", nil},
		{"20000.005", 18, 2, "", errPrecision},
		{"-0.5", 18, 2, "-0.50", nil},
		{".5", 18, 2, "0.50", nil},
		{"-.5", 18, 2, "-0.50", nil},
		{"1,234,567.89", 18, 2, "1234567.89", nil},
		{"１２．５", 18, 2, "12.50", nil},
		{"9999999999999999.99", 18, 2, "9999999999999999.99", nil},
		{"10000000000000000", 18, 2, "", errPrecision},
		{"999.9", 4, 1, "999.9", nil},
		{"1000", 4, 1, "", errPrecision},
		{"-1000", 4, 1, "", errPrecision},
		{"99999999999999999999999999999999999999", 38, 0, "99999999999999999999999999999999999999", nil},
		{"1.2E+17", 18, 2, "", errScientific},
		{"万元", 18, 2, "", errNotNumber},
		{".", 18, 2, "", errNotNumber},
	} {
		got, err := parseDecimal(clean(c.in), c.precision, c.scale)
		if err != c.err || err == nil && got.ToString(int32(c.scale)) != c.want {
			t.Errorf("parseDecimal(%q, %d, %d) = %s, %v; want %s, %v", c.in, c.precision, c.scale, got.ToString(int32(c.scale)), err, c.want, c.err)
		}
	}
}

func TestParseFloatAndBool(t *testing.T) {
	for in, want := range map[string]float64{"1.5": 1.5, "-1,000.25": -1000.25, "３": 3} {
		if got, err := parseFloat(clean(in)); got != want || err != nil {
			t.Errorf("parseFloat(%q) = %v, %v", in, got, err)
		}
	}
	for _, in := range []string{"NaN", "Inf", "0x10", "1e5", "1_000", ""} {
		if got, err := parseFloat(in); err == nil {
			t.Errorf("parseFloat(%q) = %v, and should be refused", in, got)
		}
	}
	for in, want := range map[string]bool{"是": true, "否": false, "TRUE": true, "n": false, "１": true, "无": false} {
		if got, err := parseBool(clean(in)); got != want || err != nil {
			t.Errorf("parseBool(%q) = %v, %v", in, got, err)
		}
	}
	if _, err := parseBool("也许"); err != errNotBoolean {
		t.Error(err)
	}
}

func TestParseMoment(t *testing.T) {
	for _, c := range []struct {
		in   string
		want string // as 2006-01-02T15:04:05.999999
		err  error
	}{
		{"2021-08-16", "2021-08-16T00:00:00", nil},
		{"2021/8/16 9:05", "2021-08-16T09:05:00", nil},
		{"2021.08.16", "2021-08-16T00:00:00", nil},
		{"2021-08-16 23:59:59.123456", "2021-08-16T23:59:59.123456", nil},
		{"2021-08-16T23:59:59", "2021-08-16T23:59:59", nil},
		{"2021年8月16日", "2021-08-16T00:00:00", nil},
		{"2021年8月16日9时", "2021-08-16T09:00:00", nil},
		{"2021年8月16日 9时5分30秒", "2021-08-16T09:05:30", nil},
		{"2021年08月16日 14点05分", "2021-08-16T14:05:00", nil},
		{"2021年8月16日 9:05", "2021-08-16T09:05:00", nil},
		{"２０２１－０８－１６　０９：０５", "2021-08-16T09:05:00", nil},
		{"20210816", "2021-08-16T00:00:00", nil},
		{"20210816090530", "2021-08-16T09:05:30", nil},
		{"2021-08-16T01:02:03Z", "2021-08-16T09:02:03", nil},
		{"2021-08-16T01:02:03.5+08:00", "2021-08-16T01:02:03.5", nil},
		{"2021-08-16 01:02:03+0000", "2021-08-16T09:02:03", nil},
		{"2021-08-16T01:02:03-05:00", "2021-08-16T14:02:03", nil},
		{"45678", "2025-01-21T00:00:00", nil},
		{"45678.5", "2025-01-21T12:00:00", nil},
		{"1629075723", "2021-08-16T09:02:03", nil},
		{"1629075723500", "2021-08-16T09:02:03.5", nil},
		{"2024-02-29", "2024-02-29T00:00:00", nil},
		{"2025-01-31 24:00", "2025-02-01T00:00:00", nil},
		{"2016-12-31 23:59:60", "2017-01-01T00:00:00", nil},
		{"2025-02-30", "", errNoSuchDay},
		{"2025-02-29", "", errNoSuchDay},
		{"2025-13-01", "", errNoSuchDay},
		{"2025-00-01", "", errNoSuchDay},
		{"20250230", "", errNoSuchDay},
		{"2025年2月30日", "", errNoSuchDay},
		{"2025-01-31 24:01", "", errNotMoment},
		{"2025-01-31 25:00", "", errNotMoment},
		{"2025-01-31 9:", "", errNotMoment},
		{"2025-01-31 9:0530", "", errNotMoment},
		{"2025-01-3109:05", "", errNotMoment},
		{"2025-01/31", "", errNotMoment},
		{"2025年1-31", "", errNotMoment},
		{"2025-01", "", errNotMoment},
		{"25-01-31", "", errNotMoment},
		{"2025-01-31 09:05:00.", "", errNotMoment},
		{"2025-01-31T09:05:00 Z", "", errNotMoment},
		{"20250131.5", "", errNotMoment},
		{"昨天", "", errNotMoment},
		{"", "", errNotMoment},
		{"2025", "", errNotMoment},
	} {
		got, err := parseMoment(clean(c.in), shanghai(t))
		if err != c.err || err == nil && got.Format("2006-01-02T15:04:05.999999") != c.want {
			t.Errorf("parseMoment(%q) = %v, %v; want %s, %v", c.in, got, err, c.want, c.err)
		}
	}
}

// TestMomentsReadBack writes random moments in the accepted layouts.
func TestMomentsReadBack(t *testing.T) {
	loc := shanghai(t)
	day := []string{"2006-01-02", "2006/1/2", "2006.01.02", "2006年1月2日", "20060102"}
	second := []string{
		"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006/1/2 15:04:05", "2006年1月2日15时4分5秒", "2006年01月02日 15点04分05秒",
		"20060102150405", time.RFC3339, "2006-01-02 15:04:05-0700",
	}
	rapid.Check(t, func(t *rapid.T) {
		// Since 1992 Shanghai has kept one offset all year.
		when := time.Unix(rapid.Int64Range(725846400, 4102444799).Draw(t, "unix"), 0).In(loc)
		layouts, unit := second, time.Second
		if rapid.Bool().Draw(t, "day") {
			layouts, unit = day, 24*time.Hour
		}
		text := when.Format(rapid.SampledFrom(layouts).Draw(t, "layout"))
		got, err := parseMoment(text, loc)
		if want := wallClock(when).Truncate(unit); err != nil || !got.Equal(want) {
			t.Fatalf("parseMoment(%q) = %v, %v; want %v", text, got, err, want)
		}
	})
}

func FuzzParseMoment(f *testing.F) {
	for _, s := range []string{"2021年8月16日 9时5分30秒", "45678.5", "2021-08-16T01:02:03.5+08:00", "20210816", "1629075723500", "2025-01-31 24:00"} {
		f.Add(s)
	}
	loc := shanghai(f)
	f.Fuzz(func(t *testing.T, s string) {
		when, err := parseMoment(s, loc)
		if err != nil {
			return
		}
		// What is read once reads the same again.
		again, err := parseMoment(when.Format("2006-01-02T15:04:05.999999999"), loc)
		if when.Year() >= 1 && when.Year() <= 9999 && (err != nil || !again.Equal(when)) {
			t.Fatalf("%q is %v, which is read as %v, %v", s, when, again, err)
		}
	})
}

func FuzzParseNumbers(f *testing.F) {
	for _, s := range []string{"1,234.50", "-.5", "1.2E+17", "１２", "99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		s = clean(s)
		n, err := parseInt(s)
		dec, decErr := parseDecimal(s, 38, 0)
		if err == nil && (decErr != nil || dec.BigInt().Int64() != n) {
			t.Fatalf("%q is the integer %d and the decimal %v, %v", s, n, dec, decErr)
		}
		parseFloat(s)
		parseBool(s)
	})
}

// TestShapeTellsNothing: whatever the value, its shape has no digit but 9, no
// letter but A and no character but 汉.
func TestShapeTellsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(
			rapid.String(),
			rapid.StringMatching(`[0-9０-９a-zA-Z张三\-汉 ,.]{0,40}`),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		).Draw(t, "value")
		shape := shapeOf(s)
		for _, r := range shape {
			if r != '9' && r != 'A' && r != '汉' && r != '…' && (unicode.IsLetter(r) || unicode.IsDigit(r) || r >= 0x80) {
				t.Fatalf("shapeOf(%q) = %q holds %q", s, shape, r)
			}
		}
		if n := len([]rune(shape)); n > 25 {
			t.Fatalf("shapeOf(%q) has %d signs", s, n)
		}
	})
	if got := shapeOf("浙A12-３４５ x"); got != "汉A99-999 A" {
		t.Errorf("got %q", got)
	}
	if got := shapeOf(strings.Repeat("1", 30)); got != strings.Repeat("9", 24)+"…" {
		t.Errorf("got %q", got)
	}
}

func TestIsCode(t *testing.T) {
	for s, want := range map[string]bool{"AB-12": true, "ＡＢ－１２": true, "其他（待定）": false, "": true, "３　４": true} {
		if isCode(s) != want {
			t.Errorf("isCode(%q) = %v", s, !want)
		}
	}
}

// TestTrim: the quick way trims as the standard library does.
func TestTrim(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.SampledFrom([]string{
			" ", "\t", "\n", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u205f", "\u3000",
			"路", "灯", "。", "「", "a", "1", "\x7f", "é", "😀", "\xe4", "\xb8",
		}), 0, 6).Draw(t, "parts")
		s := strings.Join(parts, "")
		if got, want := trim(s), strings.TrimSpace(s); got != want {
			t.Errorf("trim(%q) = %q, want %q", s, got, want)
		}
		if got, want := isBlank(s), strings.TrimSpace(s) == ""; got != want {
			t.Errorf("isBlank(%q) = %v", s, got)
		}
	})
}
