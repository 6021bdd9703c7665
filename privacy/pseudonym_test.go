package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func testPseudonymizer(t testing.TB) *Pseudonymizer {
	t.Helper()
	p, err := NewPseudonymizer(testKeys(t).Pseudonym)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPseudonymIsHMAC(t *testing.T) {
	p := testPseudonymizer(t)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.StringMatching(`[A-Za-z0-9_]{1,40}`).Filter(func(s string) bool { return len(s) != 18 }).Draw(t, "value")
		mac := hmac.New(sha256.New, []byte(strings.Repeat("\x0a", 32)))
		mac.Write([]byte(value))
		want := "p" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
		if got := p.Key(value); got != want || len(got) != PseudonymLen {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
}

func TestPseudonymSpellings(t *testing.T) {
	p := testPseudonymizer(t)
	same := []string{
		"33102219900101123X", "33102219900101123x", " 33102219900101123X\n", "３３１０２２１９９００１０１１２３Ｘ",
		"331022 19900101 123X", "331022-19900101-123x", "\u300033102219900101123X\u00a0",
	}
	for _, v := range same[1:] {
		if p.Key(v) != p.Key(same[0]) {
			t.Errorf("%q is another person", v)
		}
	}
	different := []string{"Zhang", "zhang", "zhang 3", "zhang3", "33102219900101123", "331022199001011230", "A-12", "A12"}
	seen := map[string]string{}
	for _, v := range different {
		k := p.Key(v)
		if other, ok := seen[k]; ok {
			t.Errorf("%q and %q are one person", v, other)
		}
		seen[k] = v
	}
	for _, nobody := range []string{"", "  ", "\u3000"} {
		if k := p.Key(nobody); k != "" {
			t.Errorf("%q has the key %s", nobody, k)
		}
	}
}

func TestAppendKey(t *testing.T) {
	p := testPseudonymizer(t)
	if got, want := string(p.AppendKey([]byte("x,"), "a")), "x,"+p.Key("a"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPseudonymNeedsKey(t *testing.T) {
	if _, err := NewPseudonymizer(Key{}); err == nil {
		t.Error("the zero key was taken")
	}
}

func BenchmarkPseudonym(b *testing.B) {
	p := testPseudonymizer(b)
	dst := make([]byte, 0, 64)
	b.Run("append", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			dst = p.AppendKey(dst[:0], "33102219900101123X")
		}
	})
	b.Run("string", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			p.Key("33102219900101123X")
		}
	})
}
