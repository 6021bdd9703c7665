package congress

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"zhicang/transform"
	"zhicang/transform/segment"
)

// wordStep cuts every message into words. A text that was cut before, in this
// month and with the same dictionary, is not cut again.
func wordStep(words *cutter) transform.Step {
	return transform.Step{
		Table:   "dwd.congress_opinion_word",
		Version: func() string { return segment.Version(words.lexicon) },
		Inputs: map[string]string{
			"opinion": `SELECT opinion_id, day, coalesce(title, '') AS title, body FROM dwd.congress_opinion ORDER BY opinion_id`,
		},
		Cache: `SELECT text_hash, words, terms FROM dwd.congress_opinion_word`,
		Build: words.build,
	}
}

type cutText struct{ words, terms []string }

func (c *cutter) build(ctx context.Context, b *transform.Build) error {
	known, err := knownTexts(ctx, b)
	if err != nil {
		return err
	}
	return each(ctx, b, "opinion", func(r *sql.Rows) error {
		var id, title, body string
		var day time.Time
		if err := r.Scan(&id, &day, &title, &body); err != nil {
			return err
		}
		hash := textHash(title, body)
		cut, ok := known[hash]
		if !ok {
			s, err := c.load(ctx)
			if err != nil {
				return err
			}
			// Title and body are cut apart, so that no word spans both.
			cut.words = s.AppendTerms(s.Terms(title), body)
			cut.terms = slices.Compact(slices.Sorted(slices.Values(cut.words)))
			known[hash] = cut
		}
		return b.Emit(ctx, id, day, hash, cut.words, cut.terms)
	})
}

func knownTexts(ctx context.Context, b *transform.Build) (map[string]cutText, error) {
	known := map[string]cutText{}
	rows, ok, err := b.Cached(ctx)
	if err != nil || !ok {
		return known, err
	}
	return known, drain(rows, func(r *sql.Rows) error {
		var hash string
		var words, terms texts
		if err := r.Scan(&hash, &words, &terms); err != nil {
			return err
		}
		known[hash] = cutText{words, terms}
		return nil
	})
}

func textHash(title, body string) string {
	h := sha256.New()
	h.Write([]byte(title))
	h.Write([]byte{0})
	h.Write([]byte(body))
	return hex.EncodeToString(h.Sum(nil)[:16])
}
