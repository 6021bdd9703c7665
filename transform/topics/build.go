package topics

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"zhicang/transform/neardup"
)

// Build finds the issues in the messages of one month. prev are the profiles
// of the month before; an issue that goes on keeps its id. An error means that
// a parameter is out of range, that two messages share an id, or that ctx
// ended.
func Build(ctx context.Context, docs []Doc, prev []Profile, lex Lexicon, p Params) (Result, error) {
	if err := p.Validate(); err != nil {
		return Result{}, err
	}
	vocab, err := DefaultVocabulary()
	if err != nil {
		return Result{}, err
	}
	docs, err = ordered(docs)
	if err != nil {
		return Result{}, err
	}
	b := &builder{docs: docs, lex: lex, p: p, vocab: vocab, people: newPeopleReader(vocab, lex.People)}
	if err := b.read(ctx); err != nil {
		return Result{}, err
	}
	cs, err := clusters(ctx, b.units, b.gaz, p)
	if err != nil {
		return Result{}, err
	}
	return b.result(cs, prev), nil
}

// ordered returns the messages in the order in which the warehouse learned of
// them, which makes everything after it independent of the input's order.
func ordered(docs []Doc) ([]Doc, error) {
	docs = slices.Clone(docs)
	slices.SortFunc(docs, func(a, b Doc) int {
		return cmp.Or(cmp.Compare(a.FirstSeen, b.FirstSeen), a.Day.Compare(b.Day), cmp.Compare(a.ID, b.ID))
	})
	seen := make(map[string]bool, len(docs))
	for _, d := range docs {
		if seen[d.ID] {
			return nil, fmt.Errorf("topics: message %q stands in the input twice", d.ID)
		}
		seen[d.ID] = true
	}
	return docs, nil
}

// builder holds what the steps of Build pass on.
type builder struct {
	docs   []Doc
	lex    Lexicon
	p      Params
	vocab  *Vocabulary
	people *peopleReader

	titles, bodies [][]rune
	gaz            *gazetteer
	mentions       [][]mention
	names          [][]string
	counter        *counter
	space          *space
	units          []unit
}

// read turns the messages into units with places, people and vectors.
func (b *builder) read(ctx context.Context) error {
	texts := make([]string, len(b.docs))
	for i, d := range b.docs {
		texts[i] = d.Title + "\n" + d.Body
		b.titles = append(b.titles, foldText(d.Title))
		b.bodies = append(b.bodies, foldText(d.Body))
	}
	groups, err := neardup.Groups(texts, b.p.NearDup)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	var firsts [][]rune
	for i, g := range groups {
		if g == i {
			firsts = append(firsts, slices.Concat(b.titles[i], []rune("\n"), b.bodies[i]))
		}
	}
	words := make(map[string]bool)
	for _, d := range b.docs {
		for _, w := range d.Words {
			words[w] = true
		}
	}
	b.gaz = learnPlaces(newPlaceReader(b.vocab), firsts, words, b.lex.Places, b.p.NameSupport)
	for i := range b.docs {
		m, names := b.gaz.read(b.titles[i], b.bodies[i])
		b.mentions = append(b.mentions, m)
		b.names = append(b.names, names)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	b.makeUnits(groups)
	b.weigh()
	return nil
}

// makeUnits splits the groups of near-duplicates by the place they are about:
// a form letter sent from two villages is two units. Members without a place
// go with the group's most frequent one.
func (b *builder) makeUnits(groups []int) {
	members := make(map[int][]int)
	for i, g := range groups {
		members[g] = append(members[g], i)
	}
	for _, g := range slices.Sorted(maps.Keys(members)) {
		byPlace := make(map[int][]int)
		main := none
		for _, i := range members[g] {
			pl := b.placeOf(i)
			byPlace[pl] = append(byPlace[pl], i)
			if pl != none && (main == none || len(byPlace[pl]) > len(byPlace[main])) {
				main = pl
			}
		}
		if main != none {
			byPlace[main] = append(byPlace[main], byPlace[none]...)
			delete(byPlace, none)
		}
		for _, pl := range slices.Sorted(maps.Keys(byPlace)) {
			list := byPlace[pl]
			slices.Sort(list)
			b.units = append(b.units, b.unitOf(list, pl))
		}
	}
	slices.SortFunc(b.units, func(x, y unit) int { return cmp.Compare(x.docs[0], y.docs[0]) })
}

// placeOf is the known place that message i is about, or none.
func (b *builder) placeOf(i int) int {
	if len(b.mentions[i]) > 0 && b.gaz.places[b.mentions[i][0].place].known {
		return b.mentions[i][0].place
	}
	return none
}

func (b *builder) unitOf(docs []int, place int) unit {
	first := docs[0]
	u := unit{docs: docs, place: place, people: none, region: b.docs[first].Region}
	for _, m := range b.mentions[first] {
		if b.gaz.places[m.place].known {
			u.places = append(u.places, m.place)
		}
	}
	u.lone = place == none && len(b.mentions[first]) > 0
	u.people = b.people.group(b.titles[first], b.bodies[first])
	return u
}

// weigh gives every unit its vector, from its first message.
func (b *builder) weigh() {
	b.counter = newCounter(b.lex, b.vocab, b.p)
	all := make([]counted, len(b.units))
	for i := range b.units {
		first := b.units[i].docs[0]
		all[i] = b.counter.count(b.docs[first], b.names[first])
		b.units[i].count = all[i]
	}
	b.space = newSpace(all, b.lex.Matters)
	for i := range b.units {
		b.units[i].vec = b.space.embed(all[i], b.p.MatterShare)
		b.units[i].wide = b.space.embed(all[i], b.p.RegionMatterShare)
	}
}

// result writes the issues, named and titled, with their members.
func (b *builder) result(cs []cluster, prev []Profile) Result {
	var drafts []draft
	for _, c := range cs {
		if d, ok := b.draft(c); ok {
			drafts = append(drafts, d)
		}
	}
	founders := make([]string, len(drafts))
	profiles := make([]Profile, len(drafts))
	for i, d := range drafts {
		founders[i] = d.founder
		profiles[i] = d.profile
	}
	ids := identify(founders, carryOn(profiles, prev, b.keyOf, b.p))
	for i := range drafts {
		drafts[i].issue.ID = ids[i]
		drafts[i].profile = profiles[i]
		drafts[i].profile.ID = ids[i]
		for j := range drafts[i].issue.Local {
			l := &drafts[i].issue.Local[j]
			l.FirstDay = profiles[i].Since[l.Region]
		}
		for j := range drafts[i].members {
			drafts[i].members[j].IssueID = ids[i]
		}
	}
	slices.SortFunc(drafts, func(x, y draft) int {
		return cmp.Or(cmp.Compare(y.issue.People, x.issue.People),
			cmp.Compare(y.issue.Opinions, x.issue.Opinions), cmp.Compare(x.issue.ID, y.issue.ID))
	})
	var r Result
	for _, d := range drafts {
		r.Issues = append(r.Issues, d.issue)
		r.Members = append(r.Members, d.members...)
		r.Profiles = append(r.Profiles, d.profile)
	}
	return r
}

// keyOf is the canonical name of a profile's place, whichever of its names the
// profile was kept under.
func (b *builder) keyOf(pr Profile) string {
	if id, ok := b.gaz.byName[pr.Key]; ok && pr.Kind == KindPlace {
		return b.gaz.places[id].name
	}
	return pr.Key
}

// commonRegion is the longest code that both codes lie in; codes have 2, 4, 6,
// 9 or 12 digits.
func commonRegion(a, b string) string {
	for _, n := range []int{12, 9, 6, 4, 2} {
		if len(a) >= n && len(b) >= n && strings.EqualFold(a[:n], b[:n]) {
			return a[:n]
		}
	}
	return ""
}
