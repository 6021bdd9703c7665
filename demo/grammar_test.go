package demo

import (
	"math/rand/v2"
	"strings"
	"testing"
)

func TestPhraseSaysAllItsChoices(t *testing.T) {
	p, err := parsePhrase("[每天|夜里[两|三]点]有[车|]过{place}")
	if err != nil {
		t.Fatal(err)
	}
	v := &voice{Rand: rand.New(rand.NewPCG(1, 1)), own: map[string]string{"place": "桥"}}
	got := map[string]bool{}
	for range 300 {
		got[v.say(p)] = true
	}
	for _, want := range []string{"每天有车过桥", "每天有过桥", "夜里两点有车过桥", "夜里三点有过桥"} {
		if !got[want] {
			t.Errorf("never said %q", want)
		}
	}
	if len(got) != 6 {
		t.Errorf("%d sentences, want 6: %v", len(got), got)
	}
}

func TestPhraseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"[a|b":   "choice without ]",
		"a]":     `stray "]"`,
		"{place": "slot without }",
		"a}b":    `stray "}"`,
		"[a|[b]": "choice without ]",
	} {
		_, err := parsePhrase(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func TestSmudgeKeepsTexts(t *testing.T) {
	b, err := loadBook()
	if err != nil {
		t.Fatal(err)
	}
	c := newComposer(b)
	v := &voice{Rand: rand.New(rand.NewPCG(2, 2))}
	const text = "白渡溪水面发红，已经反映三次。希望部门来看看，谢谢！"
	changed := 0
	for range 400 {
		s := c.smudge(v, text)
		if s != text {
			changed++
		}
		if jaccard(bigrams(s), bigrams(text)) < .25 {
			t.Errorf("nothing is left of the text in %q", s)
		}
	}
	if changed < 120 || changed > 320 {
		t.Errorf("%d of 400 changed, want about half", changed)
	}
}
