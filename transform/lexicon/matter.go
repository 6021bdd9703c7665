package lexicon

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"zhicang/models"
)

// Matter is one thing that citizens write about. Its cues are the ways of
// saying it: 油烟扰民 is also 烧烤摊 and 排烟管, and a grouping or a category
// that knew only the words themselves would keep those apart.
type Matter struct {
	Name     string   `yaml:"matter"`
	Category string   `yaml:"category"` // 一级分类
	Cues     []string `yaml:"cues"`     // Name itself is a cue without being listed
	// Seasonal lists the months in which the matter comes back every year, in
	// order; empty: any month. Such matters call for a plan ahead (预案).
	Seasonal Months `yaml:"seasonal,omitempty"`
	// Risk: people may come to harm, or many act at once, so that one message
	// is worth a warning (预警).
	Risk bool `yaml:"risk,omitempty"`
}

// InSeason reports whether the matter is expected to come back in month m.
func (m *Matter) InSeason(month time.Month) bool { return slices.Contains(m.Seasonal, month) }

// Months is a set of months, in order. In YAML it is a list of months and
// intervals: [5-10], [6, 9], [11-2] for November to February.
type Months []time.Month

// UnmarshalYAML implements yaml.Unmarshaler.
func (ms *Months) UnmarshalYAML(n *yaml.Node) error {
	var items []string
	if err := n.Decode(&items); err != nil {
		return err
	}
	var set [13]bool
	for _, it := range items {
		a, b, isRange := strings.Cut(it, "-")
		from, errA := strconv.Atoi(strings.TrimSpace(a))
		to := from
		var errB error
		if isRange {
			to, errB = strconv.Atoi(strings.TrimSpace(b))
		}
		if errA != nil || errB != nil || from < 1 || from > 12 || to < 1 || to > 12 {
			return fmt.Errorf("line %d: %q is no month (1 to 12) or interval of months such as 5-10", n.Line, it)
		}
		for m := from; ; m = m%12 + 1 {
			set[m] = true
			if m == to {
				break
			}
		}
	}
	*ms = nil
	for m := time.January; m <= time.December; m++ {
		if set[m] {
			*ms = append(*ms, m)
		}
	}
	return nil
}

type matterFile struct {
	Categories []string `yaml:"categories"`
	Matters    []Matter `yaml:"matters"`
}

func readMatters(fsys fs.FS, name string) ([]string, []Matter, error) {
	data, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read matters: %w", err)
	}
	var f matterFile
	if err := models.DecodeYAML(name, data, &f); err != nil {
		return nil, nil, err
	}
	lines := matterLines(data)
	seen := make(map[string]bool)
	for i := range f.Matters {
		m := &f.Matters[i]
		msg, try := m.check(f.Categories)
		if msg == "" && seen[m.Name] {
			msg, try = fmt.Sprintf("matter %s stands here twice", m.Name), "join the cues of both"
		}
		if msg != "" {
			return nil, nil, &models.FileError{File: name, Line: lines[i], Msg: msg, Try: try}
		}
		seen[m.Name] = true
	}
	return f.Categories, f.Matters, nil
}

func (m *Matter) check(categories []string) (msg, try string) {
	if m.Name == "" {
		return "a matter without a name", "write matter: 油烟扰民"
	}
	if !slices.Contains(categories, m.Category) {
		msg = fmt.Sprintf("category %q of %s is not listed under categories", m.Category, m.Name)
		if near := models.Nearest(m.Category, slices.Clone(categories)); near != "" {
			try = fmt.Sprintf("did you mean %q?", near)
		}
		return msg, try
	}
	for i, cue := range m.Cues {
		if err := checkWord(cue); err != nil {
			return fmt.Sprintf("cue %q of %s: %v", cue, m.Name, err), ""
		}
		if utf8.RuneCountInString(cue) < 2 {
			return fmt.Sprintf("cue %q of %s is too short to mean one thing", cue, m.Name), "write at least two characters"
		}
		if slices.Contains(m.Cues[:i], cue) {
			return fmt.Sprintf("cue %q of %s stands there twice", cue, m.Name), ""
		}
	}
	return "", ""
}

// matterLines finds the line of every matter, for messages about what the
// decoder itself cannot see.
func matterLines(data []byte) []int {
	var doc yaml.Node
	if yaml.NewDecoder(bytes.NewReader(data)).Decode(&doc) != nil || len(doc.Content) == 0 {
		return nil
	}
	var lines []int
	top := doc.Content[0].Content
	for i := 0; i+1 < len(top); i += 2 {
		if top[i].Value == "matters" {
			for _, item := range top[i+1].Content {
				lines = append(lines, item.Line)
			}
		}
	}
	return lines
}
