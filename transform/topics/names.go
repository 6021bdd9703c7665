package topics

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// settle turns the chosen names into places, joining the names of one place:
// 金穗之城小区 and 金穗之城, 中梁金穗之城, and slips of one letter.
func (g *gazetteer) settle(list []candidate) {
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(len(b.name), len(a.name)), cmp.Compare(a.name, b.name))
	})
	kin := kindred{slips: make(map[string]int), tails: make(map[string]int)}
	for _, c := range list {
		core := g.core(c.name, c.class)
		id := g.sameAs(core, c, kin)
		switch {
		case id != none:
			g.places[id].count += c.count
		case c.count < g.support:
			continue // read again, from its own message, by read
		default:
			id = len(g.places)
			g.places = append(g.places, place{name: c.name, class: c.class, count: c.count, known: true})
			kin.add(core, id)
		}
		g.call(id, c.name)
		if core != c.name {
			g.call(id, core)
		}
	}
}

func (g *gazetteer) call(id int, name string) {
	if _, taken := g.byName[name]; !taken {
		g.byName[name] = id
		g.index.add(name, id)
	}
}

// core is the name without an ending that people leave out, if enough remains
// to know it by.
func (g *gazetteer) core(name string, class int) string {
	for _, s := range g.reader.vocab.Places[class].Strip {
		short, ok := strings.CutSuffix(name, s)
		n := utf8.RuneCountInString(short)
		if ok && !g.reader.generic[short] && (n >= 3 || n == 2 && !g.words[short]) {
			return short
		}
	}
	return name
}

// kindred finds known names that another may be a form of.
type kindred struct {
	slips map[string]int // a known name with one letter left out → place
	tails map[string]int // what a known name ends with → place, or none if several do
}

// longestHead is how many letters a developer or a region adds in front.
const longestHead = 4

func (k kindred) add(core string, id int) {
	for _, short := range dropOne(core) {
		if _, taken := k.slips[short]; !taken {
			k.slips[short] = id
		}
	}
	rs := []rune(core)
	for cut := 1; cut <= longestHead && len(rs)-cut >= 4; cut++ {
		tail := string(rs[cut:])
		if _, taken := k.tails[tail]; taken {
			k.tails[tail] = none
		} else if !strings.ContainsRune(telling, rs[cut-1]) {
			k.tails[tail] = id
		}
	}
}

// sameAs finds the known place that a less frequent name belongs to: one of
// its core, one whose name ends it or that it ends, behind a developer's or a
// region's name, or one that is a slip away and far more frequent.
func (g *gazetteer) sameAs(core string, c candidate, kin kindred) int {
	if id, ok := g.byName[core]; ok && (g.places[id].class == c.class || core != c.name) {
		return id
	}
	rs := []rune(core)
	for cut := 1; cut <= longestHead && len(rs)-cut >= 4; cut++ {
		if strings.ContainsRune(telling, rs[cut-1]) {
			continue // 新世纪花园 is not 世纪花园
		}
		if id, ok := g.byName[string(rs[cut:])]; ok && g.places[id].class == c.class {
			return id
		}
	}
	if id, ok := kin.tails[core]; ok && id != none && g.places[id].class == c.class {
		return id
	}
	for _, short := range dropOne(core) {
		id, ok := kin.slips[short]
		if !ok {
			id, ok = g.byName[short]
		}
		if ok && g.places[id].class == c.class && g.places[id].count >= slipRatio*c.count &&
			g.reader.ending(g.places[id].name, c.class) == g.reader.ending(c.name, c.class) && // 阳光家园 is not 阳光花园
			oneSlip([]rune(g.core(g.places[id].name, c.class)), rs) {
			return id
		}
	}
	return none
}

// slipRatio is how much more frequent a name must be for another to be a slip.
const slipRatio = 5

// dropOne returns the names of at least 4 letters with one letter left out:
// two names that share one are at most one changed letter apart, give or take
// an exchange.
func dropOne(name string) []string {
	rs := []rune(name)
	if len(rs) < 4 {
		return nil
	}
	out := make([]string, 0, len(rs))
	for i := range rs {
		out = append(out, string(rs[:i])+string(rs[i+1:]))
	}
	return out
}

// telling are letters that make two names two places: 第一小学 and 第二小学,
// 东路 and 西路.
const (
	numbering = "零一二三四五六七八九十0123456789甲乙丙丁"
	telling   = numbering + "东南西北中上下前后左右新老大小内外"
)

// oneSlip reports whether two names differ by one letter that may be a slip.
func oneSlip(a, b []rune) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case i == len(b):
		return true
	case len(a) == len(b):
		return slices.Equal(a[i+1:], b[i+1:]) && !strings.ContainsRune(telling, a[i]) && !strings.ContainsRune(telling, b[i])
	case len(b) == len(a)+1:
		return slices.Equal(a[i:], b[i+1:]) && !strings.ContainsRune(telling, b[i])
	}
	return false
}
