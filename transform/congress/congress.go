// Package congress makes the tables of the 人大 domain that SQL can't make
// well: words, categories and places of messages, the issues that they form,
// bursts and new words.
package congress

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/transform"
	"zhicang/transform/category"
	"zhicang/transform/lexicon"
	"zhicang/transform/segment"
)

// Config is what the steps know beside the rows that they read.
type Config struct {
	Lexicon    *lexicon.Lexicon
	Classifier category.Classifier
	// ModelKind says what the classifier is: 模型 or 词典.
	ModelKind string
	Regions   *region.Tree
	Region    string // the site's own region; "" when it serves several
	Catalog   *models.Catalog
	AsOf      time.Time
}

// Steps returns the steps of the domain.
func Steps(cfg Config) []transform.Step {
	words := &cutter{lexicon: cfg.Lexicon}
	return []transform.Step{
		wordStep(words),
		labelStep(cfg),
		issueStep(cfg),
		burstStep(),
		newWordStep(cfg, words),
	}
}

// cutter loads the dictionary when the first text is to be cut: half a second
// that a run with nothing to do should not pay.
type cutter struct {
	lexicon   *lexicon.Lexicon
	segmenter *segment.Segmenter
}

func (c *cutter) load(ctx context.Context) (*segment.Segmenter, error) {
	if c.segmenter == nil {
		s, err := segment.New(ctx, c.lexicon)
		if err != nil {
			return nil, err
		}
		c.segmenter = s
	}
	return c.segmenter, nil
}

// digest sums up anything that marshals; steps put it into their version.
func digest(parts ...any) string {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(parts); err != nil {
		panic(err) // plain values: cannot happen
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// parameter returns the value of a dated parameter on the first day of a
// month. Where none is in force, the nearest value before the first or after
// the last interval is not guessed: the build fails and says so.
func (cfg Config) parameter(name string, m models.Month) (float64, error) {
	p, ok := cfg.Catalog.Parameter(name)
	if !ok {
		return 0, fmt.Errorf("no parameter %s", name)
	}
	day, err := time.Parse(time.DateOnly, m.FirstDay())
	if err != nil {
		return 0, err
	}
	v, err := p.On(day)
	if err != nil {
		return 0, err
	}
	if v.Value == nil {
		return 0, fmt.Errorf("parameter %s is a text", name)
	}
	return *v.Value, nil
}

// each runs a named input and hands every row to fn.
func each(ctx context.Context, b *transform.Build, input string, fn func(*sql.Rows) error) error {
	rows, err := b.Query(ctx, input)
	if err != nil {
		return err
	}
	return drain(rows, fn)
}

func drain(rows *sql.Rows, fn func(*sql.Rows) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// texts reads a VARCHAR[] column.
type texts []string

// Scan implements sql.Scanner.
func (t *texts) Scan(v any) error {
	list, ok := v.([]any)
	if !ok {
		return fmt.Errorf("%T is no list", v)
	}
	*t = make(texts, len(list))
	for i, x := range list {
		(*t)[i], _ = x.(string)
	}
	return nil
}
