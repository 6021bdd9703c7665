package topics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Local is what a region knows of an issue: it is formed from the messages of
// that region alone, so that those who may read no other learn nothing of
// others. The issue, its id and its members are those of the whole site.
type Local struct {
	Region string
	// FirstDay is the first day on which the region spoke of the issue, over all
	// months.
	FirstDay time.Time
	// The others are as in Issue.
	PlaceOrPeople, Title, Description, Category string
	Risk, Seasonal                              bool
}

// locals writes what each region that its messages lie in knows of an issue, by
// region. whole is the issue as it is told of all its messages.
func (b *builder) locals(c cluster, docs []int, whole Issue) []Local {
	within := map[string][]int{}
	for _, i := range docs {
		for _, r := range b.docs[i].Within {
			within[r] = append(within[r], i)
		}
	}
	var list []Local
	told := map[string]Issue{fmt.Sprint(docs): whole} // a village and its town often have the same messages
	for _, region := range slices.Sorted(maps.Keys(within)) {
		own := within[region]
		is, ok := told[fmt.Sprint(own)]
		if !ok {
			is = b.tell(b.part(c, own), own)
			told[fmt.Sprint(own)] = is
		}
		list = append(list, Local{
			Region: region, FirstDay: is.FirstDay, PlaceOrPeople: is.PlaceOrPeople, Title: is.Title, Description: is.Description, Category: is.Category,
			Risk: is.Risk, Seasonal: is.Seasonal,
		})
	}
	return list
}

// part is the cluster of some of its messages, as if there were no others. A
// unit speaks by its first message, so that one that loses it is read anew.
func (b *builder) part(c cluster, docs []int) cluster {
	kept := make(map[int]bool, len(docs))
	for _, i := range docs {
		kept[i] = true
	}
	out := cluster{county: c.county, place: c.place, people: c.people}
	for _, at := range c.units {
		var own []int
		for _, i := range b.units[at].docs {
			if kept[i] {
				own = append(own, i)
			}
		}
		switch {
		case len(own) == 0:
			continue
		case len(own) < len(b.units[at].docs):
			u := b.unitOf(own, b.units[at].place)
			u.count = b.counter.count(b.docs[own[0]], b.names[own[0]])
			u.vec = b.space.embed(u.count, b.p.MatterShare)
			b.units = append(b.units, u)
			at = len(b.units) - 1
		}
		out.units = append(out.units, at)
		out.sum = out.sum.plus(b.units[at].vec)
	}
	return out
}

// placeName is what the messages call the place of the cluster: its known name
// where one of them does, else that of its other names which they use most;
// empty where none of them names it.
func (b *builder) placeName(c cluster, docs []int) string {
	known := b.gaz.places[c.place].name
	used := map[string]int{}
	for _, i := range docs {
		if strings.Contains(string(b.titles[i]), known) || strings.Contains(string(b.bodies[i]), known) {
			return known
		}
		for _, name := range b.names[i] {
			if id, ok := b.gaz.byName[name]; ok && id == c.place {
				used[name]++
			}
		}
	}
	return mostFrequent(used, "")
}
