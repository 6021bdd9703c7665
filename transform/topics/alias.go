package topics

import (
	"cmp"
	"slices"
	"strings"
)

// merged finds places that are one under two names, by the names and by what
// is said of them: 白渡溪 and 白度溪, 枫林古街 and 枫林老街. It returns for
// every place the one that it belongs to, itself for most.
//
// A name alone decides nothing: neighbouring places have related names too, so
// the clusters of both must be about the same matter in the same town.
func (g *gazetteer) merged(units []unit, cs []cluster, p Params) []int {
	into := make([]int, len(g.places))
	for i := range into {
		into[i] = i
	}
	largest := make(map[int][]int) // place → its clusters of two and more units
	for k, c := range cs {
		if c.place != none && len(c.units) >= 2 {
			largest[c.place] = append(largest[c.place], k)
		}
	}
	size := make(map[int]int) // place → units about it
	for i := range units {
		size[units[i].place]++
	}
	byLetter := make(map[rune][]int)
	for id := range g.places {
		if len(largest[id]) == 0 {
			continue
		}
		for _, r := range distinctRunes([]rune(g.fullName(id))) {
			byLetter[r] = append(byLetter[r], id)
		}
	}
	for id := range g.places {
		if len(largest[id]) == 0 {
			continue
		}
		for _, r := range distinctRunes(g.stem(id)) {
			for _, o := range byLetter[r] {
				if find(into, o) == find(into, id) || !g.related(id, o) {
					continue
				}
				if g.alike(units, cs, largest[id], largest[o], size, p.Alias) {
					a, b := find(into, id), find(into, o)
					into[max(a, b)] = min(a, b)
				}
			}
		}
	}
	for i := range into {
		into[i] = find(into, i)
	}
	for name, id := range g.byName {
		g.byName[name] = into[id]
	}
	return into
}

// aliasShare is the part of a place's units that must be about the matter of
// the other: an alias is used for what everybody talks of, while a neighbour
// has troubles of its own.
const aliasShare = 0.6

// alike reports whether most of what is said of one place is about a matter of
// the other, in the same town.
func (g *gazetteer) alike(units []unit, cs []cluster, as, bs []int, size map[int]int, least float64) bool {
	shared := func(as, bs []int) bool {
		n := 0
		for _, a := range as {
			if slices.ContainsFunc(bs, func(b int) bool {
				return within9(town(units, cs[a]), town(units, cs[b])) && cosine(cs[a].sum, cs[b].sum) >= least
			}) {
				n += len(cs[a].units)
			}
		}
		return float64(n) >= aliasShare*float64(size[cs[as[0]].place])
	}
	return shared(as, bs) || shared(bs, as)
}

// town is the region that most units of a cluster lie in, at town level. Units
// of which only the county is known have no say where others know better.
func town(units []unit, c cluster) string {
	known, vague := make(map[string]int), make(map[string]int)
	for _, u := range c.units {
		if r := units[u].region; len(r) >= 9 {
			known[r[:9]]++
		} else {
			vague[r]++
		}
	}
	return mostFrequent(known, mostFrequent(vague, ""))
}

// stem is the name with short forms written out, without the ending of its
// class and the level before it: what tells it from others.
func (g *gazetteer) stem(id int) []rune {
	name := g.fullName(id)
	stem := strings.TrimSuffix(name, g.reader.ending(name, g.places[id].class))
	return []rune(strings.TrimLeft(stem, "省市县区镇乡"))
}

// ending is the longest ending of the class that the name has beside a stem.
func (r *placeReader) ending(name string, class int) string {
	ending := ""
	for _, s := range r.vocab.Places[class].Suffixes {
		if len(s) > len(ending) && len(s) < len(name) && strings.HasSuffix(name, s) {
			ending = s
		}
	}
	return ending
}

func (g *gazetteer) fullName(id int) string {
	name := g.places[id].name
	rs := []rune(name)
	for cut := range rs {
		if long, ok := g.reader.vocab.Short[string(rs[cut:])]; ok {
			return string(rs[:cut]) + long
		}
	}
	return name
}

// related reports whether two names may be one: of one class, no number or
// direction that tells them apart, and either one ends the other, or their
// stems are the same in at least half of the shorter one. Of two stems that
// share one letter alone that must be the first of both: 白渡 and 白度 may be
// one, but 沿溪 and 兴溪 merely lie on brooks.
func (g *gazetteer) related(a, b int) bool {
	if g.places[a].class != g.places[b].class {
		return false
	}
	x, y := g.stem(a), g.stem(b)
	if long, short := g.fullName(a), g.fullName(b); strings.HasSuffix(long, short) || strings.HasSuffix(short, long) {
		return true
	}
	shared := len(common(x, y))
	if shared == 0 || 2*shared < min(len(x), len(y)) {
		return false
	}
	if shared == 1 && (len(x) != len(y) || x[0] != y[0]) {
		return false
	}
	m, n := []rune(g.fullName(a)), []rune(g.fullName(b))
	same := common(m, n)
	if strings.ContainsAny(without(m, same)+without(n, same), numbering) {
		return false
	}
	return !strings.ContainsAny(without(m, same), telling) || !strings.ContainsAny(without(n, same), telling)
}

// common is the longest common subsequence of two names.
func common(a, b []rune) []rune {
	best := make([][][]rune, len(a)+1)
	for i := range best {
		best[i] = make([][]rune, len(b)+1)
	}
	for i := range a {
		for j := range b {
			switch {
			case a[i] == b[j]:
				best[i+1][j+1] = append(slices.Clip(best[i][j]), a[i])
			case len(best[i][j+1]) >= len(best[i+1][j]):
				best[i+1][j+1] = best[i][j+1]
			default:
				best[i+1][j+1] = best[i+1][j]
			}
		}
	}
	return best[len(a)][len(b)]
}

// without returns the letters of name that the subsequence leaves.
func without(name, sub []rune) string {
	var out []rune
	for _, r := range name {
		if len(sub) > 0 && sub[0] == r {
			sub = sub[1:]
			continue
		}
		out = append(out, r)
	}
	return string(out)
}

func distinctRunes(rs []rune) []rune {
	rs = slices.Clone(rs)
	slices.SortFunc(rs, cmp.Compare[rune])
	return slices.Compact(rs)
}
