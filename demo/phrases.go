package demo

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"zhicang/demo/yunxi"
)

//go:embed phrases
var phraseFiles embed.FS

// UnmarshalYAML reads a phrase from its text.
func (p *phrase) UnmarshalYAML(n *yaml.Node) error {
	got, err := parsePhrase(n.Value)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*p = got
	return nil
}

// wording is what can be said about one matter: say states facts, harm what
// they do to people, ask what is wanted.
type wording struct {
	Title []phrase `yaml:"title"`
	Say   []phrase `yaml:"say"`
	Harm  []phrase `yaml:"harm"`
	Ask   []phrase `yaml:"ask"`
}

// A matter is something that can be wrong at any place of some kinds.
type matter struct {
	ID       string   `yaml:"id"`
	Category string   `yaml:"category"`
	Kinds    []string `yaml:"kinds"`
	Months   []int    `yaml:"months"` // empty: all year
	Weight   int      `yaml:"weight"` // 0: 1
	Train    []phrase `yaml:"train"`  // for labelled examples; never in the stream
	wording  `yaml:",inline"`
}

// An issue is planted: one matter at one place, or of one group of people.
type issue struct {
	ID       string      `yaml:"id"`
	Category string      `yaml:"category"`
	Place    string      `yaml:"place"`
	Aliases  []string    `yaml:"aliases"`
	Kind     string      `yaml:"kind"`
	Region   string      `yaml:"region"`
	Badge    string      `yaml:"badge"` // 预案 (seasonal), 预警 (risk), or empty
	Months   map[int]int `yaml:"months"`
	Truth    string      `yaml:"truth"`
	Other    []string    `yaml:"other"`
	Near     []string    `yaml:"near"` // ordinary matters that are hard to tell from it
	wording  `yaml:",inline"`
}

// A neologism is a word that nobody wrote before its first month.
type neologism struct {
	Word     string      `yaml:"word"`
	Category string      `yaml:"category"`
	First    int         `yaml:"first"`
	Months   map[int]int `yaml:"months"`
	wording  `yaml:",inline"`
}

// A register is a manner of writing.
type register struct {
	Weight int      `yaml:"weight"`
	Greet  []phrase `yaml:"greet"`
	Gripe  []phrase `yaml:"gripe"`
	Plea   []phrase `yaml:"plea"`
	Thanks []phrase `yaml:"thanks"`
}

type manners struct {
	Intro     map[string][]phrase `yaml:"intro"`
	Registers map[string]register `yaml:"registers"`
	Join      []phrase            `yaml:"join"`
	Aside     []phrase            `yaml:"aside"`
	Vague     []string            `yaml:"vague_titles"`
	Slots     map[string][]phrase `yaml:"slots"`
}

type place struct{ name, kind, town string }

type gazetteer struct {
	Places    map[string][]string `yaml:"places"` // "name town"
	Elsewhere map[string][]string `yaml:"elsewhere"`
}

type nameLists struct {
	Surnames   string   `yaml:"surnames"`
	Compound   []string `yaml:"compound"`
	OlderMen   []string `yaml:"older_men"`
	OlderWomen []string `yaml:"older_women"`
	First      string   `yaml:"first"`
	Second     string   `yaml:"second"`
	Rare       string   `yaml:"rare"`
}

type specials struct {
	Flood struct {
		Category string   `yaml:"category"`
		Place    string   `yaml:"place"`
		Kind     string   `yaml:"kind"`
		Region   string   `yaml:"region"`
		Month    int      `yaml:"month"`
		Title    []phrase `yaml:"title"`
		Body     phrase   `yaml:"body"`
	} `yaml:"flood"`
	Liked struct {
		Category string `yaml:"category"`
		Place    string `yaml:"place"`
		Kind     string `yaml:"kind"`
		Region   string `yaml:"region"`
		Month    int    `yaml:"month"`
		Likes    int    `yaml:"likes"`
		Title    string `yaml:"title"`
		Body     string `yaml:"body"`
	} `yaml:"liked"`
}

type noises struct {
	Homophones  map[string]string `yaml:"homophones"`
	Traditional map[string]string `yaml:"traditional"`
	Emoji       []string          `yaml:"emoji"`
	heard       []string          // keys of Homophones, sorted
	traditional *strings.Replacer
}

// book is everything in phrases/.
type book struct {
	matters   []matter
	issues    []issue
	words     []neologism
	manners   manners
	registers []string // sorted names
	canaries  struct {
		Own   []phrase `yaml:"own"`
		Other []phrase `yaml:"other"`
	}
	places    []place // sorted as the file has them, by kind
	byKind    map[string][]place
	towns     []yunxi.Town
	gazetteer gazetteer
	names     nameLists
	special   specials
	noise     noises
	labelled  struct {
		Before []phrase `yaml:"before"`
		After  []phrase `yaml:"after"`
	}
}

// loadBook reads and checks the embedded phrase files.
func loadBook() (*book, error) {
	b := &book{byKind: map[string][]place{}, towns: yunxi.Towns()}
	files := []struct {
		name string
		into any
	}{
		{"issues.yaml", &b.issues},
		{"neologisms.yaml", &b.words},
		{"registers.yaml", &b.manners},
		{"canaries.yaml", &b.canaries},
		{"places.yaml", &b.gazetteer},
		{"people.yaml", &b.names},
		{"special.yaml", &b.special},
		{"noise.yaml", &b.noise},
		{"labelled.yaml", &b.labelled},
	}
	for _, f := range files {
		if err := readPhrases("phrases/"+f.name, f.into); err != nil {
			return nil, err
		}
	}
	names, err := fs.Glob(phraseFiles, "phrases/matters/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list matters: %w", err)
	}
	for _, name := range names {
		var some []matter
		if err := readPhrases(name, &some); err != nil {
			return nil, err
		}
		b.matters = append(b.matters, some...)
	}
	b.index()
	return b, b.check()
}

func readPhrases(name string, into any) error {
	text, err := phraseFiles.ReadFile(name)
	if err != nil {
		return fmt.Errorf("read phrases: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// index derives the orders that drawing needs: maps have none.
func (b *book) index() {
	b.registers = sortedKeys(b.manners.Registers)
	b.noise.heard = sortedKeys(b.noise.Homophones)
	var pairs []string
	for _, k := range sortedKeys(b.noise.Traditional) {
		pairs = append(pairs, k, b.noise.Traditional[k])
	}
	b.noise.traditional = strings.NewReplacer(pairs...)
	for _, kind := range sortedKeys(b.gazetteer.Places) {
		for _, entry := range b.gazetteer.Places[kind] {
			name, town, _ := strings.Cut(entry, " ")
			p := place{name: name, kind: kind, town: town}
			b.places = append(b.places, p)
			b.byKind[kind] = append(b.byKind[kind], p)
		}
	}
}

// check finds slots that nothing fills and kinds that nothing is of.
func (b *book) check() error {
	var errs []error
	known := func(where string, phrases []phrase, own ...string) {
		for _, p := range phrases {
			p.slots(func(name string) {
				if _, ok := b.manners.Slots[name]; !ok && !slices.Contains(own, name) {
					errs = append(errs, fmt.Errorf("%s: unknown slot {%s}", where, name))
				}
			})
		}
	}
	all := func(where string, w wording) {
		known(where, slices.Concat(w.Title, w.Say, w.Harm, w.Ask), "place")
	}
	for _, m := range b.matters {
		all(m.ID, m.wording)
		known(m.ID, m.Train, "place")
		for _, kind := range m.Kinds {
			if len(b.byKind[kind]) == 0 || len(b.gazetteer.Elsewhere[kind]) == 0 {
				errs = append(errs, fmt.Errorf("%s: no places of kind %s", m.ID, kind))
			}
		}
	}
	for _, i := range b.issues {
		all(i.ID, i.wording)
		for _, near := range i.Near {
			if !slices.ContainsFunc(b.matters, func(m matter) bool { return m.ID == near }) {
				errs = append(errs, fmt.Errorf("%s: no matter %s", i.ID, near))
			}
		}
	}
	for _, w := range b.words {
		all(w.Word, w.wording)
	}
	for kind, intro := range b.manners.Intro {
		known(kind, intro, "place")
	}
	known("aside", b.manners.Aside)
	known("join", b.manners.Join)
	for name, r := range b.manners.Registers {
		known(name, slices.Concat(r.Greet, r.Gripe, r.Plea, r.Thanks))
		if len(r.Gripe) < 3 {
			errs = append(errs, fmt.Errorf("%s: %d gripes, want 3", name, len(r.Gripe)))
		}
	}
	known("canaries", slices.Concat(b.canaries.Own, b.canaries.Other), canarySlots...)
	return errors.Join(errs...)
}

// townOf is a town's name, by the last three digits of its code.
func townOf(digits string) string { return yunxi.TownName(yunxi.Code + digits) }

func sortedKeys[K ~string | ~int, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
