package topics

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

//go:embed vocabulary.yaml
var vocabularyYAML []byte

// codeVersion changes whenever the code would find other issues in the same
// messages.
const codeVersion = "2"

// Version names the code and the vocabulary: issues found under another
// version must be found again.
func Version() string {
	sum := sha256.Sum256(vocabularyYAML)
	return codeVersion + "-" + hex.EncodeToString(sum[:4])
}

// Vocabulary is what the reading of places, people and titles goes by; the
// keys are explained in vocabulary.yaml.
type Vocabulary struct {
	Places      []PlaceClass        `yaml:"places"`
	Short       map[string]string   `yaml:"short"`
	Divides     []string            `yaml:"divides"`
	Generic     []string            `yaml:"generic"`
	Common      []string            `yaml:"common"`
	Continues   map[string][]string `yaml:"continues"`
	Before      []string            `yaml:"before"`
	MaybeBefore []string            `yaml:"maybe_before"`
	Frames      Frames              `yaml:"frames"`
	People      []PeopleGroup       `yaml:"people"`
	Boilerplate []string            `yaml:"boilerplate"`
	Titles      TitleNoise          `yaml:"titles"`
}

// PlaceClass is one kind of place, known by what its names end with.
type PlaceClass struct {
	Class    string   `yaml:"class"`
	Suffixes []string `yaml:"suffixes"`
	// Strip lists the endings that people leave out.
	Strip []string `yaml:"strip,omitempty"`
	// Core is the least number of characters before the ending. Zero: 2.
	Core int `yaml:"core,omitempty"`
}

// Frames are what stands around a name that has no ending.
type Frames struct {
	Before []string `yaml:"before"`
	After  []string `yaml:"after"`
}

// PeopleGroup is one group of people; Names[0] is shown.
type PeopleGroup struct {
	Names      []string `yaml:"names"`
	NeedsPlace bool     `yaml:"needs_place,omitempty"`
}

// TitleNoise is cut from the ends of titles.
type TitleNoise struct {
	Lead []string `yaml:"lead"`
	Tail []string `yaml:"tail"`
}

// DefaultVocabulary returns the vocabulary that the program carries.
func DefaultVocabulary() (*Vocabulary, error) { return ParseVocabulary(vocabularyYAML) }

// ParseVocabulary reads a vocabulary. An unknown key, a class without endings
// or a group without a name is an error.
func ParseVocabulary(data []byte) (*Vocabulary, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	v := &Vocabulary{}
	if err := dec.Decode(v); err != nil {
		return nil, fmt.Errorf("topics vocabulary: %w", err)
	}
	if len(v.Places) == 0 {
		return nil, errors.New("topics vocabulary: no places")
	}
	for i := range v.Places {
		c := &v.Places[i]
		if c.Class == "" || len(c.Suffixes) == 0 || slices.Contains(c.Suffixes, "") {
			return nil, fmt.Errorf("topics vocabulary: place class %d %q lacks a name or an ending", i, c.Class)
		}
		if c.Core == 0 {
			c.Core = 2
		}
	}
	for i, g := range v.People {
		if len(g.Names) == 0 || slices.Contains(g.Names, "") {
			return nil, fmt.Errorf("topics vocabulary: people group %d has no name", i)
		}
	}
	return v, nil
}

// wordSet finds the words of a list at, or ending at, a position of a text.
type wordSet struct {
	words   map[string]bool
	longest int // characters
}

func newWordSet(lists ...[]string) wordSet {
	s := wordSet{words: make(map[string]bool)}
	for _, list := range lists {
		for _, w := range list {
			s = s.with(w)
		}
	}
	return s
}

func (s wordSet) with(w string) wordSet {
	s.words[w] = true
	s.longest = max(s.longest, utf8.RuneCountInString(w))
	return s
}

// endingAt returns the length of the longest word that ends before text[end],
// 0 if there is none.
func (s wordSet) endingAt(text []rune, end int) int {
	for n := min(s.longest, end); n > 0; n-- {
		if s.words[string(text[end-n:end])] {
			return n
		}
	}
	return 0
}

// startingAt returns the length of the longest word that starts at text[at], 0
// if there is none.
func (s wordSet) startingAt(text []rune, at int) int {
	for n := min(s.longest, len(text)-at); n > 0; n-- {
		if s.words[string(text[at:at+n])] {
			return n
		}
	}
	return 0
}

// phraseIndex finds the longest known phrase at a position without building a
// string for every length.
type phraseIndex map[rune][]phrase

type phrase struct {
	text  []rune
	value int
}

func (x phraseIndex) add(text string, value int) {
	rs := []rune(text)
	if len(rs) == 0 {
		return
	}
	list := x[rs[0]]
	at, found := slices.BinarySearchFunc(list, rs, func(p phrase, rs []rune) int {
		if len(p.text) != len(rs) {
			return len(rs) - len(p.text)
		}
		return slices.Compare(p.text, rs)
	})
	if !found {
		x[rs[0]] = slices.Insert(list, at, phrase{rs, value})
	}
}

func (x phraseIndex) at(text []rune, i int) (phrase, bool) {
	for _, p := range x[text[i]] {
		if len(p.text) <= len(text)-i && slices.Equal(p.text, text[i:i+len(p.text)]) {
			return p, true
		}
	}
	return phrase{}, false
}
