package segment

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/go-ego/gse"

	"zhicang/transform/lexicon"
)

// Version names the words and the code that a Segmenter of this lexicon cuts
// with, without the half second that New takes: texts cut under another
// version must be cut again.
func Version(lex *lexicon.Lexicon) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{codeVersion, gse.Version, lex.Words, lex.Stop, lex.Never}); err != nil {
		panic(err) // strings and numbers: cannot happen
	}
	return codeVersion + "-" + hex.EncodeToString(h.Sum(nil)[:8])
}
