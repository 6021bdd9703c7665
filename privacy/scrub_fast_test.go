package privacy

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// drawCueText puts cues, whole and cut, among ordinary fragments.
func drawCueText(t *rapid.T) string {
	var words []string
	for _, list := range theLexicon().cues {
		for _, c := range list {
			words = append(words, c.word)
		}
	}
	word := rapid.Custom(func(t *rapid.T) string {
		w := rapid.SampledFrom(words).Draw(t, "cue")
		return w[:rapid.SampledFrom([]int{len(w), len(w), min(3, len(w)), len(w) - 1}).Draw(t, "cut")]
	})
	return strings.Join(rapid.SliceOfN(rapid.OneOf(word, rapid.SampledFrom(fragments)), 0, 24).Draw(t, "pieces"), "")
}

// Passing over the places where no cue can stand changes nothing.
func TestScrubWithoutShortcut(t *testing.T) {
	plain := *theLexicon()
	plain.seconds = make([]seconds, len(plain.cues))
	for i := range plain.seconds {
		plain.seconds[i] = ^seconds(0)
	}
	quick, slow := NewScrubber(), &Scrubber{lex: &plain}
	rapid.Check(t, func(t *rapid.T) {
		text := drawCueText(t)
		got, _ := quick.Scrub(text, "张三")
		if want, _ := slow.Scrub(text, "张三"); got != want {
			t.Fatalf("text %q\ngot  %q\nwant %q", text, got, want)
		}
	})
}

// The shortcut is one: most characters follow the first of no cue.
func TestCueShortcutIsTaken(t *testing.T) {
	x := theLexicon()
	all := 0
	for _, set := range x.seconds {
		if set == ^seconds(0) {
			all++
		}
	}
	if all > len(x.seconds)/3 {
		t.Errorf("%d of %d lists of cues pass nothing over", all, len(x.seconds))
	}
}

func TestLastRune(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune("一龥〔１é𠀀\u0FFF\u1000\uCFFF\uD7FF\uE000"))),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		).Draw(t, "text")
		r, w := lastRune(text)
		if wantR, wantW := utf8.DecodeLastRuneInString(text); r != wantR || w != wantW {
			t.Fatalf("%q: %U %d, want %U %d", text, r, w, wantR, wantW)
		}
	})
}
