package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/spf13/cobra"

	"zhicang/ingest"
	"zhicang/ingest/files"
	"zhicang/models"
	"zhicang/privacy"
	"zhicang/transform/category"
	"zhicang/transform/lexicon"
	"zhicang/transform/segment"
)

type trainFlags struct {
	text, label, person, out string
	json                     bool
}

func trainCommand(e *env) *cobra.Command {
	var f trainFlags
	c := &cobra.Command{
		Use:   "train FILE",
		Short: "train the category model on the site's own labelled messages (CSV, XLSX, JSON Lines, …)",
		Args:  exactArgs(1, "one file of labelled messages"),
		RunE: func(c *cobra.Command, args []string) error {
			return e.use(c.Context(), e.open, func(a *app) error {
				return a.train(c.Context(), args[0], f)
			})
		},
	}
	c.Flags().StringVar(&f.text, "text", "text", "column of the message")
	c.Flags().StringVar(&f.label, "label", "一级分类", "column of its category")
	c.Flags().StringVar(&f.person, "person", "", "column of who sent it, so that one person's messages count as one voice")
	c.Flags().StringVar(&f.out, "out", "category.zcm", "file to write the model to")
	c.Flags().BoolVar(&f.json, "json", false, "print the report as JSON")
	return c
}

func (a *app) train(ctx context.Context, path string, f trainFlags) error {
	examples, err := a.readExamples(ctx, path, f)
	if err != nil {
		return err
	}
	model, report, err := category.Train(ctx, examples, category.Options{Date: a.now().In(a.cfg.location()).Format(time.DateOnly)})
	if err != nil {
		return err
	}
	if err := model.Save(f.out); err != nil {
		return err
	}
	if f.json {
		return printJSON(a.out, report)
	}
	fmt.Fprintln(a.out, report)
	fmt.Fprintf(a.out, "\nwrote %s; use it with `category_model: %s` in the config\n", f.out, f.out)
	return nil
}

// readExamples reads labelled messages through the same reader as any other
// file, and takes the people out of them before anything learns from them.
func (a *app) readExamples(ctx context.Context, path string, f trainFlags) ([]category.Example, error) {
	lex, err := a.lexicon()
	if err != nil {
		return nil, err
	}
	seg, err := segment.New(ctx, lex)
	if err != nil {
		return nil, err
	}
	fields := []string{f.text, f.label}
	if f.person != "" {
		fields = append(fields, f.person)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	src, err := files.Open(ingest.Config{Name: "train", Type: "files", Files: ingest.FilesConfig{Path: abs}}, fields, filepath.Dir(abs))
	if err != nil {
		return nil, err
	}
	units, err := src.Units(ctx)
	if err != nil {
		return nil, err
	}
	if len(units) == 0 {
		return nil, &models.FileError{File: path, Msg: "no such file"}
	}
	scrubber := privacy.NewScrubber()
	var examples []category.Example
	for _, u := range units {
		if _, err := src.Read(ctx, u, "", func(b ingest.Batch) error {
			for i := range int(b.Record.NumRows()) {
				value := func(col int) string {
					if arr, ok := b.Record.Column(col).(*array.String); ok && arr.IsValid(i) {
						return arr.Value(i)
					}
					return ""
				}
				ex := category.Example{Category: strings.TrimSpace(strings.Clone(value(1)))}
				if ex.Category == "" || value(0) == "" {
					continue
				}
				ex.Text, _ = scrubber.Scrub(strings.Clone(value(0)))
				ex.Words = seg.Terms(ex.Text)
				if f.person != "" {
					ex.Person = strings.Clone(value(2))
				}
				examples = append(examples, ex)
			}
			return nil
		}); err != nil {
			return nil, err
		}
	}
	return examples, nil
}

func wordsCommand(e *env) *cobra.Command {
	c := &cobra.Command{Use: "words", Short: "look at new-word candidates, and accept them into the site's dictionary"}
	var limit int
	list := &cobra.Command{
		Use:   "list",
		Short: "list the newest month's candidates",
		Args:  exactArgs(0, "no arguments"),
		RunE: func(c *cobra.Command, _ []string) error {
			return e.use(c.Context(), e.open, func(a *app) error {
				return a.ask(c.Context(), fmt.Sprintf(`SELECT rank, word, people, opinions, score FROM ads.congress_new_word
					WHERE month = (SELECT max(month) FROM ads.congress_new_word) ORDER BY rank LIMIT %d`, limit), "table")
			})
		},
	}
	list.Flags().IntVar(&limit, "limit", 30, "at most so many")
	c.AddCommand(list, &cobra.Command{
		Use:   "accept WORD…",
		Short: "accept words into the file that the config names; the next run cuts by them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := ReadConfig(e.config)
			if err != nil {
				return err
			}
			return acceptWords(e, cfg, args)
		},
	})
	return c
}

func acceptWords(e *env, cfg Config, words []string) error {
	if cfg.Words.Accepted == "" {
		return &models.FileError{File: filepath.Base(e.config), Msg: "words.accepted: names no file to accept words into", Try: "add `words: {accepted: ./words.txt}`"}
	}
	path := cfg.path(cfg.Words.Accepted)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// All of them are tried before one is written: a file that does not parse
	// would stop every run.
	text := strings.TrimRight(string(old), "\n")
	known := strings.Fields(text)
	added := 0
	for _, w := range words {
		if strings.TrimSpace(w) == "" || strings.ContainsAny(w, " \t\r\n#") {
			return usageError{fmt.Errorf("%q is no word", w)}
		}
		if slices.Contains(known, w) {
			continue
		}
		known = append(known, w)
		text = strings.TrimLeft(text+"\n"+w, "\n")
		added++
	}
	if err := new(lexicon.Lexicon).AddWords(cfg.Words.Accepted, strings.NewReader(text)); err != nil {
		return err
	}
	if err := os.WriteFile(path, []byte(text+"\n"), 0o644); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%d words accepted into %s; the next run cuts by them\n", added, cfg.Words.Accepted)
	return nil
}
