// Package lexicon reads what a site knows about its own words: the domain
// dictionary that segmentation cuts by, the words that are never a term, and
// the matters that citizens write about with the many ways of saying each.
//
// All of it is plain text that an analyst edits:
//
//	words/*.txt    word[ weight[ kind]] a line
//	stop.txt       words without content, several a line
//	never.txt      words never shown as a term, several a line
//	surnames.txt   family names, several a line
//	matters.yaml   categories and matters
//
// In the text files everything from # to the end of a line is a comment. A
// missing file is an empty one, so a site may ship only what it has.
package lexicon

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"zhicang/models"
)

// Kind says what a word of the dictionary names.
type Kind string

// The kinds of word. A word without a kind of its own takes the name of its
// file (words/matter.txt holds matters), or KindWord where that names no kind.
const (
	KindWord       Kind = "word"       // anything else that should stay in one piece
	KindPlace      Kind = "place"      // 三门县, 亭旁镇
	KindSuffix     Kind = "suffix"     // what a place's name ends with: 街道, 小区
	KindDepartment Kind = "department" // 住建局
	KindMatter     Kind = "matter"     // 油烟扰民
	KindPeople     Kind = "people"     // 出租车司机
)

// Kinds lists every kind that a dictionary line may name.
func Kinds() []Kind {
	return []Kind{KindWord, KindPlace, KindSuffix, KindDepartment, KindMatter, KindPeople}
}

// Word is one line of the dictionary.
type Word struct {
	Text string
	// Weight is the word's frequency on the scale of the general dictionary
	// (电影 is about 9,000). Zero: just enough to be cut as one piece.
	Weight float64
	Kind   Kind
}

// Lexicon is everything read; its zero value is an empty lexicon, usable.
// A word occurs once in Words: the first file in order of name wins, the names
// of matters follow, and words accepted later never override either.
type Lexicon struct {
	Words      []Word
	Stop       []string // without content: 的, 您好, 尊敬的领导
	Never      []string // with content, and yet never a term: 本人, 附件
	Surnames   []string
	Categories []string // 一级分类, in the order of the file
	Matters    []Matter

	seen map[string]bool
}

// maxWordRunes bounds a word: longer entries are nearly always a sentence
// that was pasted into the wrong file.
const maxWordRunes = 16

// Load reads the folder fsys. Errors are *models.FileError with file and line.
func Load(fsys fs.FS) (*Lexicon, error) {
	l := &Lexicon{}
	names, err := fs.Glob(fsys, "words/*.txt")
	if err != nil {
		return nil, fmt.Errorf("list dictionary files: %w", err)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := fsys.Open(name)
		if err != nil {
			return nil, fmt.Errorf("open dictionary: %w", err)
		}
		err = l.AddWords(name, f)
		f.Close()
		if err != nil {
			return nil, err
		}
	}
	for _, list := range []struct {
		name string
		dst  *[]string
	}{{"stop.txt", &l.Stop}, {"never.txt", &l.Never}, {"surnames.txt", &l.Surnames}} {
		if *list.dst, err = readList(fsys, list.name); err != nil {
			return nil, err
		}
	}
	if l.Categories, l.Matters, err = readMatters(fsys, "matters.yaml"); err != nil {
		return nil, err
	}
	for _, m := range l.Matters {
		l.add(Word{Text: m.Name, Kind: KindMatter})
	}
	return l, nil
}

// AddWords reads one dictionary file, such as the new words that a site's
// analysts have accepted. The file's base name gives the kind of its words
// where it names one. Words that are there already are passed over.
func (l *Lexicon) AddWords(name string, r io.Reader) error {
	def := Kind(strings.TrimSuffix(path.Base(name), path.Ext(name)))
	if !slices.Contains(Kinds(), def) {
		def = KindWord
	}
	return eachLine(name, r, func(line int, fields []string) error {
		w, err := parseWord(fields, def)
		if err != nil {
			return &models.FileError{File: name, Line: line, Msg: err.Error(), Try: "write a line as: word[ weight[ kind]], such as 油烟扰民 200 matter"}
		}
		l.add(w)
		return nil
	})
}

func (l *Lexicon) add(w Word) {
	if l.seen == nil {
		l.seen = make(map[string]bool)
		for _, w := range l.Words {
			l.seen[w.Text] = true
		}
	}
	if !l.seen[w.Text] {
		l.seen[w.Text] = true
		l.Words = append(l.Words, w)
	}
}

func parseWord(fields []string, def Kind) (Word, error) {
	w := Word{Text: fields[0], Kind: def}
	if err := checkWord(w.Text); err != nil {
		return Word{}, err
	}
	if len(fields) > 3 {
		return Word{}, fmt.Errorf("%d fields, at most 3 expected", len(fields))
	}
	if len(fields) > 1 {
		n, err := strconv.ParseFloat(fields[1], 64)
		if err != nil || !(n >= 0 && n <= 1e6) {
			return Word{}, fmt.Errorf("weight %q is no number from 0 to 1000000", fields[1])
		}
		w.Weight = n
	}
	if len(fields) > 2 {
		w.Kind = Kind(fields[2])
		if !slices.Contains(Kinds(), w.Kind) {
			return Word{}, fmt.Errorf("unknown kind %q, expected one of %v", fields[2], Kinds())
		}
	}
	return w, nil
}

// checkWord holds a word to letters, digits and the few marks that occur
// inside words: a comma or a full stop in it means that the line is no word.
func checkWord(s string) error {
	if n := utf8.RuneCountInString(s); n > maxWordRunes {
		return fmt.Errorf("word of %d characters, at most %d expected", n, maxWordRunes)
	}
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("·-+.○", r) {
			return fmt.Errorf("%q cannot be part of a word", r)
		}
	}
	return nil
}

// readList reads a file of words separated by white space, sorted, each once.
func readList(fsys fs.FS, name string) ([]string, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("open word list: %w", err)
	}
	defer f.Close()
	var list []string
	err = eachLine(name, f, func(line int, fields []string) error {
		for _, w := range fields {
			if err := checkWord(w); err != nil {
				return &models.FileError{File: name, Line: line, Msg: err.Error(), Try: "separate words by spaces"}
			}
		}
		list = append(list, fields...)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(list)
	return slices.Compact(list), nil
}

// eachLine calls fn for every line that holds more than a comment.
func eachLine(name string, r io.Reader, fn func(line int, fields []string) error) error {
	sc := bufio.NewScanner(r)
	n := 0
	for sc.Scan() {
		n++
		text := sc.Text()
		if n == 1 {
			text = strings.TrimPrefix(text, "\ufeff")
		}
		if !utf8.ValidString(text) {
			return &models.FileError{File: name, Line: n, Msg: "not UTF-8 text", Try: "save the file as UTF-8"}
		}
		text, _, _ = strings.Cut(text, "#")
		if fields := strings.Fields(text); len(fields) > 0 {
			if err := fn(n, fields); err != nil {
				return err
			}
		}
	}
	if err := sc.Err(); err != nil {
		return &models.FileError{File: name, Line: n + 1, Msg: err.Error()}
	}
	return nil
}
