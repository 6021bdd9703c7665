package topics

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// draft is an issue before it has its id.
type draft struct {
	issue   Issue
	members []Member
	profile Profile
	founder string
}

// most central sayings that a title is picked from, and the words it is
// measured by.
const (
	titleSayings = 40
	titleTerms   = 12
)

// unclassified is the category of a message that the classifier was unsure of.
const unclassified = "待分类"

// draft writes an issue from its cluster; false if its messages are too few.
func (b *builder) draft(c cluster) (draft, bool) {
	var docs []int
	for _, u := range c.units {
		docs = append(docs, b.units[u].docs...)
	}
	if len(docs) < b.p.MinOpinions {
		return draft{}, false
	}
	slices.Sort(docs)
	d := draft{founder: b.docs[docs[0]].ID}
	b.members(&d, c)
	d.issue = b.tell(c, docs)
	d.issue.Local = b.locals(c, docs, d.issue)
	d.profile = Profile{
		Kind: d.issue.Kind, Key: b.key(c), Region: d.issue.Region, Words: b.profileWords(c),
		Opinions: len(docs), FirstDay: d.issue.FirstDay, Since: map[string]time.Time{},
	}
	for _, l := range d.issue.Local {
		d.profile.Since[l.Region] = l.FirstDay
	}
	return d, true
}

// tell says of a cluster what its messages say: all but its id.
func (b *builder) tell(c cluster, docs []int) Issue {
	var is Issue
	b.facts(&is, docs)
	matters := b.matters(&is, c)
	b.kind(&is, c, docs)
	t := titler{b.vocab, b.lex, b.p}
	sayings, terms := b.sayings(c), b.terms(c)
	is.Title = t.title(is.PlaceOrPeople, sayings, terms, matters)
	is.Description = t.describe(sayings[0].doc, terms)
	return is
}

// members writes the members, the most central first. The medoid is the first of
// the most central unit.
func (b *builder) members(d *draft, c cluster) {
	units := b.central(c)
	medoid := b.units[units[0].unit].docs[0]
	for _, cu := range units {
		u := &b.units[cu.unit]
		for _, i := range u.docs {
			d.members = append(d.members, Member{
				OpinionID: b.docs[i].ID, Similarity: cu.similarity,
				Group: b.docs[u.docs[0]].ID, IsMedoid: i == medoid,
			})
		}
	}
}

type centralUnit struct {
	unit       int
	similarity float64
}

// central returns the units by descending similarity to the centre.
func (b *builder) central(c cluster) []centralUnit {
	out := make([]centralUnit, 0, len(c.units))
	for _, u := range c.units {
		out = append(out, centralUnit{u, cosine(b.units[u].vec, c.sum)})
	}
	slices.SortFunc(out, func(x, y centralUnit) int {
		return cmp.Or(cmp.Compare(y.similarity, x.similarity), cmp.Compare(x.unit, y.unit))
	})
	return out
}

// facts fills in what the messages themselves say.
func (b *builder) facts(is *Issue, docs []int) {
	people := make(map[string]bool)
	categories := make(map[string]int)
	is.Region = b.docs[docs[0]].Region
	is.FirstDay = b.docs[docs[0]].Day
	for _, i := range docs {
		d := &b.docs[i]
		person := "p" + d.Person
		if d.Person == "" {
			person = "m" + d.ID
		}
		people[person] = true
		if d.Category != "" && d.Category != unclassified {
			categories[d.Category]++
		}
		is.Region = commonRegion(is.Region, d.Region)
		if d.Day.Before(is.FirstDay) {
			is.FirstDay = d.Day
		}
		if d.Day.After(is.LastDay) {
			is.LastDay = d.Day
		}
	}
	is.Opinions, is.People = len(docs), len(people)
	is.Category = mostFrequent(categories, unclassified)
}

// matters fills in the issue's matter, if a third of its units name it first,
// and returns the names of all such matters, most frequent first.
func (b *builder) matters(is *Issue, c cluster) []string {
	votes := make(map[int]int)
	for _, u := range c.units {
		best, strength := none, 0.0
		for _, m := range slices.Sorted(maps.Keys(b.units[u].count.matters)) {
			if s := b.units[u].count.matters[m] * b.space.idf[b.space.matters+m]; s > strength {
				best, strength = m, s
			}
		}
		if best != none {
			votes[best]++
		}
	}
	order := slices.SortedFunc(maps.Keys(votes), func(x, y int) int {
		return cmp.Or(cmp.Compare(votes[y], votes[x]), cmp.Compare(x, y))
	})
	var names []string
	for _, m := range order {
		if 3*votes[m] >= len(c.units) {
			names = append(names, b.lex.Matters[m].Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	matter := &b.lex.Matters[order[0]]
	is.Matter, is.Category, is.Risk = matter.Name, matter.Category, matter.Risk
	for day := is.FirstDay; !day.After(is.LastDay); day = day.AddDate(0, 0, 1) {
		is.Seasonal = is.Seasonal || matter.InSeason(day.Month())
	}
	return names
}

// kind fills in what holds the issue together.
func (b *builder) kind(is *Issue, c cluster, docs []int) {
	switch {
	case c.place != none:
		is.Kind, is.PlaceOrPeople = KindPlace, cmp.Or(b.placeName(c, docs), b.lex.Regions[is.Region])
	case c.people != none:
		is.Kind, is.PlaceOrPeople = KindPeople, b.people.groups[c.people].Names[0]
	default:
		is.Kind, is.PlaceOrPeople = KindWords, b.lex.Regions[is.Region]
		if is.Matter != "" {
			is.Kind = KindRegion
		}
	}
}

// key is the canonical name of the place or the people.
func (b *builder) key(c cluster) string {
	switch {
	case c.place != none:
		pl := b.gaz.places[c.place]
		return b.gaz.core(pl.name, pl.class)
	case c.people != none:
		return b.people.groups[c.people].Names[0]
	}
	return ""
}

// terms returns the issue's weightiest words by c-TF-IDF.
func (b *builder) terms(c cluster) []term {
	df := make(map[string]int)
	for _, u := range c.units {
		for w := range b.units[u].count.words {
			df[w]++
		}
	}
	var terms []term
	for w, n := range df {
		terms = append(terms, term{w, float64(n) * b.space.idf[b.space.index[w]]})
	}
	slices.SortFunc(terms, func(x, y term) int {
		return cmp.Or(cmp.Compare(y.weight, x.weight), strings.Compare(x.word, y.word))
	})
	return terms[:min(titleTerms, len(terms))]
}

func (b *builder) sayings(c cluster) []saying {
	var out []saying
	for _, cu := range b.central(c) {
		first := b.units[cu.unit].docs[0]
		out = append(out, saying{b.docs[first], b.names[first], cu.similarity})
		if len(out) == titleSayings {
			break
		}
	}
	return out
}

// profileWords returns the features of the centre by descending weight.
func (b *builder) profileWords(c cluster) []Weight {
	length := c.sum.norm()
	if length == 0 {
		return nil
	}
	weights := make(map[int32]float64, len(c.sum.at))
	for i, f := range c.sum.at {
		weights[f] = c.sum.val[i] / length
	}
	var out []Weight
	for _, f := range heaviest(c.sum, b.p.ProfileWords) {
		out = append(out, Weight{b.space.words[f], weights[f]})
	}
	return out
}

// mostFrequent returns the key with the highest count, the least of several,
// or otherwise where there is none.
func mostFrequent(counts map[string]int, otherwise string) string {
	best, most := otherwise, 0
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if counts[k] > most {
			best, most = k, counts[k]
		}
	}
	return best
}
