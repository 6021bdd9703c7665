package congress

import (
	"cmp"
	"context"
	"database/sql"
	"time"

	"zhicang/transform"
	"zhicang/transform/dim"
	"zhicang/transform/newword"
	"zhicang/transform/segment"
)

// newWordVersion changes when the candidates would come out otherwise.
const newWordVersion = 2

// newWordStep proposes words that no dictionary has, month by month.
func newWordStep(cfg Config, words *cutter) transform.Step {
	return transform.Step{
		Table:   "ads.congress_new_word",
		Version: func() string { return digest(newWordVersion, segment.Version(cfg.Lexicon), cfg.Lexicon.Surnames) },
		Inputs: map[string]string{
			"opinion": `SELECT person_key, coalesce(title, '') AS title, body FROM dwd.congress_opinion ORDER BY opinion_id`,
		},
		Build: func(ctx context.Context, b *transform.Build) error {
			return findNewWords(ctx, b, cfg, words)
		},
	}
}

func findNewWords(ctx context.Context, b *transform.Build, cfg Config, words *cutter) error {
	least, err := cfg.parameter("congress.new_word.min_people", b.Month)
	if err != nil {
		return err
	}
	month, err := time.Parse(time.DateOnly, b.Month.FirstDay())
	if err != nil {
		return err
	}
	seg, err := words.load(ctx)
	if err != nil {
		return err
	}
	var docs []newword.Doc
	err = each(ctx, b, "opinion", func(r *sql.Rows) error {
		var d newword.Doc
		var title string
		if err := r.Scan(&d.Person, &title, &d.Text); err != nil {
			return err
		}
		d.Text = title + "\n" + d.Text
		docs = append(docs, d)
		return nil
	})
	if err != nil {
		return err
	}
	all := func(yield func(newword.Doc, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
	found, err := newword.Find(ctx, seg, all, newword.Options{MinPeople: int(least), Surnames: cfg.Lexicon.Surnames})
	if err != nil {
		return err
	}
	for i, c := range found {
		if err := b.Emit(ctx, month, cmp.Or(cfg.Region, dim.Everywhere), int64(i+1), c.Word, int64(c.People), int64(c.Opinions), c.PMI, c.LeftEntropy, c.RightEntropy, c.Score); err != nil {
			return err
		}
	}
	return nil
}
