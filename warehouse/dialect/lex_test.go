package dialect

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTokens(t *testing.T) {
	got, err := Tokens(`SELECT a."B""c", 'it''s' || $1, E'x\'y' -- end
  FROM t WHERE x >= -1.5e3; /* ; */`)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, token := range got {
		texts = append(texts, token.Text)
	}
	want := []string{"SELECT", "a", ".", `"B""c"`, ",", "'it''s'", "||", "$1", ",", `E'x\'y'`, "FROM", "t", "WHERE", "x", ">=", "-", "1.5e3", ";"}
	if d := cmp.Diff(want, texts); d != "" {
		t.Error(d)
	}
	if !got[0].Is("select") || got[3].Is(`"B""c"`) || got[3].Name() != `B"c` || got[5].Value() != "it's" || got[5].Kind != String || got[7].Kind != Punct {
		t.Error(got)
	}
	for _, text := range []string{"SELECT 'open", "SELECT /* open", "SELECT \"open", "SELECT\u00a01", "SELECT \x00"} {
		_, err := Tokens(text)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Message == "" {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzTokens cuts any text: what comes lies in it, in order, without overlap.
func FuzzTokens(f *testing.F) {
	f.Add("SELECT $tag$ x $tag$, U&'x', 1.e5 :: int[]")
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := Tokens(text)
		if err != nil {
			return
		}
		at := 0
		for _, token := range tokens {
			if token.Start < at || token.End <= token.Start || text[token.Start:token.End] != token.Text {
				t.Fatalf("%q: %+v", text, token)
			}
			at = token.End
			if token.Kind == String {
				_ = token.Value()
			}
			if token.Kind == QuotedName {
				_ = token.Name()
			}
		}
	})
}
