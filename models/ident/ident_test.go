package ident_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/models/ident"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

var asOf = day(2024, 6, 15)

// The two numbers that GB 11643 itself prints as examples.
const (
	standardFemale = "11010519491231002X"
	standardMale   = "440524188001010014"
)

func TestParseIDCard(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, in string
		want     ident.IDCard
		err      error
	}{
		{name: "standard's first example", in: standardFemale, want: ident.IDCard{Region: "110105", Birth: day(1949, 12, 31), Sex: ident.Female}},
		{name: "standard's second example", in: standardMale, want: ident.IDCard{Region: "440524", Birth: day(1880, 1, 1), Sex: ident.Male}},
		{name: "empty", in: "", err: ident.ErrIDLength},
		{name: "17 digits", in: "11010519491231002", err: ident.ErrIDLength},
		{name: "19 digits", in: "11010519491231002XX", err: ident.ErrIDLength},
		{name: "old form", in: "110105491231002", err: ident.ErrIDOldForm},
		{name: "15 digits without a date", in: "110105491331002", err: ident.ErrIDLength},
		{name: "lower-case x is for Normalize", in: "11010519491231002x", err: ident.ErrIDCharacter},
		{name: "letter inside", in: "1101051949123100AX", err: ident.ErrIDCharacter},
		{name: "X inside", in: "110105X9491231002X", err: ident.ErrIDCharacter},
		{name: "multi-byte characters of 18 bytes", in: "身份证号码吗", err: ident.ErrIDCharacter},
		{name: "month 13", in: "11010519491331002X", err: ident.ErrIDDate},
		{name: "month 0", in: "11010519490031002X", err: ident.ErrIDDate},
		{name: "day 0", in: "11010519491200002X", err: ident.ErrIDDate},
		{name: "31 April", in: "11010519490431002X", err: ident.ErrIDDate},
		{name: "29 February of a common year", in: "11010519490229002X", err: ident.ErrIDDate},
		{name: "29 February 1900", in: "11010519000229002X", err: ident.ErrIDDate},
		{name: "29 February 2000 is a day", in: "110105200002290020", err: ident.ErrIDCheck},
		{name: "before anybody", in: "11010517491231002X", err: ident.ErrIDDate},
		{name: "tomorrow", in: "110105202406160020", err: ident.ErrIDFuture},
		{name: "next month", in: "110105202407010020", err: ident.ErrIDFuture},
		{name: "next century", in: "110105210001010020", err: ident.ErrIDFuture},
		{name: "today is possible", in: "110105202406150020", err: ident.ErrIDCheck},
		{name: "check digit", in: "110105194912310021", err: ident.ErrIDCheck},
		{name: "two digits exchanged", in: "11010519491231020X", err: ident.ErrIDCheck},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := ident.ParseIDCard(c.in, asOf)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestParseIDCardWithoutDayOfData(t *testing.T) {
	t.Parallel()
	if _, err := ident.ParseIDCard("110105210001010020", time.Time{}); !errors.Is(err, ident.ErrIDCheck) {
		t.Errorf("a zero day checked the future: %v", err)
	}
}

func TestForms(t *testing.T) {
	t.Parallel()
	cases := []struct {
		in       string
		now, old bool
	}{
		{in: standardFemale, now: true},
		{in: "11010519491231002x", now: true},
		{in: "110105999999999999", now: true},
		{in: "11010519491231002Y"},
		{in: "1101051949123100XX"},
		{in: "110105491231002", old: true},
		{in: "110105490230002"},
		{in: "11010549123100X"},
		{in: ""},
	}
	for _, c := range cases {
		if got := ident.LooksLikeIDCard(c.in); got != c.now {
			t.Errorf("LooksLikeIDCard(%q) = %v", c.in, got)
		}
		if got := ident.LooksLikeOldIDCard(c.in); got != c.old {
			t.Errorf("LooksLikeOldIDCard(%q) = %v", c.in, got)
		}
	}
}

func TestCheckCreditCode(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, in string
		err      error
	}{
		{"published as valid", "91350100M000100Y43", nil},
		{"Z is no character", "91350100M000100Y4Z", ident.ErrCreditCharacter},
		{"check character", "91350100M000100Y44", ident.ErrCreditCheck},
		{"I inside", "91350100I000100Y43", ident.ErrCreditCharacter},
		{"lower case is for Normalize", "91350100m000100y43", ident.ErrCreditCharacter},
		{"letter in the region", "9135A100M000100Y43", ident.ErrCreditCharacter},
		{"too short", "91350100M000100Y4", ident.ErrCreditLength},
		{"empty", "", ident.ErrCreditLength},
	}
	for _, c := range cases {
		if err := ident.CheckCreditCode(c.in); !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
		}
	}
}

func TestNormalize(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"":                   "",
		standardFemale:       standardFemale,
		"11010519491231002x": standardFemale,
		"\uff11\uff11\uff10\uff11\uff1051949123100\uff12\uff58": standardFemale,
		" 110105 19491231\u3000002X\t":                          standardFemale,
		"\ufeff110105\u200b19491231002X":                        standardFemale,
		"91350100m000100y43":                                    "91350100M000100Y43",
		"1101-05":                                               "1101-05",
		"身份证":                                                   "身份证",
		"1\xff2":                                                "1\xff2",
	}
	for in, want := range cases {
		if got := ident.Normalize(in); got != want {
			t.Errorf("Normalize(%q) = %q, want %q", in, got, want)
		}
	}
}

// Both standards promise that one wrong character is always found.
func TestOneWrongCharacterIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, 17).Draw(t, "at")
		card := rapid.SampledFrom([]string{standardFemale, standardMale}).Draw(t, "card")
		digit := rapid.SampledFrom(strings.Split("0123456789X", "")).Draw(t, "digit")
		if wrong := card[:at] + digit + card[at+1:]; wrong != card {
			if _, err := ident.ParseIDCard(wrong, asOf); err == nil {
				t.Fatalf("position %d", at)
			}
		}
		const code = "91350100M000100Y43"
		char := rapid.SampledFrom(strings.Split("0123456789ABCDEFGHJKLMNPQRTUWXY", "")).Draw(t, "char")
		if wrong := code[:at] + char + code[at+1:]; wrong != code && ident.CheckCreditCode(wrong) == nil {
			t.Fatalf("position %d", at)
		}
	})
}

func TestGoodNumbersDoNotAllocate(t *testing.T) {
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := ident.ParseIDCard(ident.Normalize(standardFemale), asOf); err != nil {
			t.Error(err)
		}
		if err := ident.CheckCreditCode("91350100M000100Y43"); err != nil {
			t.Error(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// Whatever comes: no panic, a valid number has its form, Normalize settles,
// and no reason holds what was checked.
func FuzzIDCard(f *testing.F) {
	for _, s := range []string{standardFemale, standardMale, "110105491231002", "1101\xff", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := ident.Normalize(s)
		if ident.Normalize(n) != n {
			t.Errorf("Normalize does not settle on %q", s)
		}
		card, err := ident.ParseIDCard(n, asOf)
		if err == nil {
			if !ident.LooksLikeIDCard(n) || card.Birth.After(asOf) || card.Region != n[:6] {
				t.Errorf("%q accepted as %+v", n, card)
			}
		} else if len(n) > 6 && strings.Contains(err.Error(), n) {
			t.Errorf("the reason quotes the number")
		}
	})
}

func FuzzCreditCode(f *testing.F) {
	for _, s := range []string{"91350100M000100Y43", "91350100M000100Y4Z", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if ident.CheckCreditCode(s) == nil && (len(s) != 18 || strings.ContainsAny(s, "IOSVZ") || ident.Normalize(s) != s) {
			t.Errorf("%q accepted", s)
		}
	})
}

func BenchmarkParseIDCard(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ident.ParseIDCard(standardFemale, asOf); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNormalize(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		ident.Normalize(standardFemale)
	}
}

func BenchmarkCheckCreditCode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if err := ident.CheckCreditCode("91350100M000100Y43"); err != nil {
			b.Fatal(err)
		}
	}
}
