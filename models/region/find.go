package region

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// gazetteer holds the names to find in texts, by their first rune and there
// the longest first, so that 路桥街道 is not read as 路桥.
type gazetteer map[rune][]entry

// entry is one name and whom it may mean; nobody, if it is a decoy.
type entry struct {
	text  string
	means []meaning
}

type meaning struct {
	Region
	alias bool // found by a short name, which roads and estates bear too
}

func newGazetteer(t *Tree) gazetteer {
	means := map[string][]meaning{}
	for _, r := range t.sorted {
		means[r.Name] = append(means[r.Name], meaning{Region: r})
		for _, alias := range t.rows[r.Code].aliases {
			if alias != r.Name {
				means[alias] = append(means[alias], meaning{Region: r, alias: true})
			}
		}
	}
	for _, r := range t.sorted {
		for _, decoy := range t.rows[r.Code].decoys {
			if _, isName := means[decoy]; !isName {
				means[decoy] = nil
			}
		}
	}
	g := gazetteer{}
	for text, m := range means {
		first, _ := utf8.DecodeRuneInString(text)
		g[first] = append(g[first], entry{text: text, means: m})
	}
	for _, entries := range g {
		slices.SortFunc(entries, func(a, b entry) int { return len(b.text) - len(a.text) })
	}
	return g
}

// at returns the longest name that text begins with.
func (g gazetteer) at(text string) (entry, bool) {
	first, _ := utf8.DecodeRuneInString(text)
	for _, e := range g[first] {
		if strings.HasPrefix(text, e.text) {
			return e, true
		}
	}
	return entry{}, false
}

// FindIn finds the one region at or below the root under (a code in any form
// that Normalize takes; empty: anywhere) that a text speaks of on the day of
// on, by its full or short name. Of a place and the places it is part of, the
// smallest counts; two places of which neither is part of the other, or a name
// that several bear and nothing else in the text decides, give false.
//
// A short name does not count in the name of a road, an estate or a building
// (织里路, 三门小区), nor inside a decoy (三门峡, 组织里). Many villages in the
// country share a name, so a village counts only below a county that is given
// by under, or named, itself or by its town, in the text.
func (t *Tree) FindIn(text, under string, on time.Time) (Region, bool) {
	s := search{names: t.names, day: day(on)}
	if under != "" {
		code, err := Normalize(under)
		if err != nil {
			return Region{}, false
		}
		s.prefix, s.root = Prefix(code), levelOf(code)
	}
	for i := 0; i < len(text); {
		e, ok := t.names.at(text[i:])
		if !ok {
			_, size := utf8.DecodeRuneInString(text[i:])
			i += size
			continue
		}
		i += len(e.text)
		s.hit(e, text[i:])
	}
	return s.result()
}

// search is the state of one FindIn.
type search struct {
	names  gazetteer
	prefix string // of the root's codes
	root   Level  // 0: anywhere
	day    time.Time

	sure  []Region   // what the text names beyond doubt
	loose [][]Region // per name, those it may mean
}

// hit notes a name that the text holds; rest is the text after it.
func (s *search) hit(e entry, rest string) {
	var found []Region
	for _, m := range e.means {
		if s.inScope(m) && !(m.alias && s.namesSomethingElse(rest)) {
			found = append(found, m.Region)
		}
	}
	switch {
	case len(found) == 0:
	case len(found) == 1 && (found[0].Level < Village || s.root >= County):
		s.sure = append(s.sure, found[0])
	default:
		s.loose = append(s.loose, found)
	}
}

func (s *search) inScope(m meaning) bool {
	return strings.HasPrefix(m.Code, s.prefix) && m.InForce(s.day)
}

// What follows a short name where it is part of another name. Before it may
// stand a direction or a number: 织里北路, 海游二弄.
var (
	bearers   = []string{"路", "街", "大道", "大街", "巷", "弄", "小区", "公寓", "花园", "花苑", "家园", "新村", "大桥", "大厦"}
	notRoads  = []string{"路灯", "路面", "路况", "路政", "路网", "街道", "街头", "街上", "街面"}
	modifiers = "东西南北中前后新老一二三四五六七八九十"
)

// namesSomethingElse reports whether the text that follows a short name makes
// it the name of a road, an estate or a building.
func (s *search) namesSomethingElse(rest string) bool {
	if s.startsBearer(rest) {
		return true
	}
	r, size := utf8.DecodeRuneInString(rest)
	return strings.ContainsRune(modifiers, r) && s.startsBearer(rest[size:])
}

func (s *search) startsBearer(rest string) bool {
	starts := func(word string) bool { return strings.HasPrefix(rest, word) }
	if !slices.ContainsFunc(bearers, starts) || slices.ContainsFunc(notRoads, starts) {
		return false
	}
	// 黄岩路桥: what follows is a place itself.
	next, ok := s.names.at(rest)
	return !ok || !slices.ContainsFunc(next.means, s.inScope)
}

// result decides: loose names by the sure ones around them, then the smallest
// of what remains.
func (s *search) result() (Region, bool) {
	found := slices.Clone(s.sure)
	for _, candidates := range s.loose {
		supported := slices.DeleteFunc(candidates, func(c Region) bool { return !s.supports(c) })
		if len(supported) == 1 {
			found = append(found, supported[0])
		}
	}
	var smallest Region
	for _, r := range found {
		if r.Level > smallest.Level {
			smallest = r
		}
	}
	for _, r := range found {
		if !strings.HasPrefix(smallest.Code, Prefix(r.Code)) {
			return Region{}, false
		}
	}
	return smallest, len(found) > 0
}

// supports reports whether the text names a county or town that c is part of,
// or a part of c.
func (s *search) supports(c Region) bool {
	return slices.ContainsFunc(s.sure, func(r Region) bool {
		return (r.Level >= County && strings.HasPrefix(c.Code, r.Code)) || strings.HasPrefix(r.Code, Prefix(c.Code))
	})
}
