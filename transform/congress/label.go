package congress

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"zhicang/transform"
	"zhicang/transform/category"
	"zhicang/transform/dim"
)

// minConfidence is the parameter below which a category is not trusted.
const minConfidence = "congress.category.min_confidence"

// labelVersion changes when the code would label the same message otherwise.
const labelVersion = 1

// labelStep gives every message its category and its region.
func labelStep(cfg Config) transform.Step {
	l := labeller{cfg}
	return transform.Step{
		Table: "dwd.congress_opinion_label",
		Version: func() string {
			return digest(labelVersion, cfg.Classifier.Version(), cfg.ModelKind, cfg.Lexicon.Categories, cfg.Regions.Regions(), cfg.Region)
		},
		Inputs: map[string]string{
			"opinion": `SELECT o.opinion_id, o.day, o.region_code, o.category, coalesce(o.title, '') AS title, o.body, w.words
				FROM dwd.congress_opinion AS o
				JOIN dwd.congress_opinion_word AS w ON w.opinion_id = o.opinion_id
				ORDER BY o.opinion_id`,
		},
		Build: l.build,
	}
}

type labeller struct{ Config }

func (l labeller) build(ctx context.Context, b *transform.Build) error {
	threshold, err := l.parameter(minConfidence, b.Month)
	if err != nil {
		return err
	}
	return each(ctx, b, "opinion", func(r *sql.Rows) error {
		var id, title, body string
		var code, given sql.NullString
		var day time.Time
		var words texts
		if err := r.Scan(&id, &day, &code, &given, &title, &body, &words); err != nil {
			return err
		}
		cat, confidence, from := l.category(strings.TrimSpace(given.String), threshold, words, title+"\n"+body)
		region, regionFrom := l.region(code.String, title+"\n"+body, day)
		return b.Emit(ctx, id, day, cat, confidence, from, region, regionFrom)
	})
}

// category takes the source's own category where the site has one of that
// name, and judges by the words otherwise.
func (l labeller) category(given string, threshold float64, words []string, text string) (name string, confidence float64, from string) {
	if slices.Contains(l.Lexicon.Categories, given) {
		return given, 1, "来源"
	}
	name, confidence = category.Decide(l.Classifier, threshold, words, text)
	if name == category.Undecided {
		return name, confidence, "无"
	}
	return name, confidence, l.ModelKind
}

// region takes the source's own code where it lies in the site's region, and
// looks for a place in the text otherwise.
func (l labeller) region(code, text string, day time.Time) (region, from string) {
	if code != "" && l.inSite(code) {
		return code, "来源"
	}
	if r, ok := l.Regions.FindIn(text, l.Region, day); ok {
		return r.Code, "文中地名"
	}
	return cmp.Or(l.Region, dim.Everywhere), "本站"
}

func (l labeller) inSite(code string) bool {
	if l.Region == "" {
		return true
	}
	for _, a := range l.Regions.Ancestors(code) {
		if a.Code == l.Region {
			return true
		}
	}
	return false
}
