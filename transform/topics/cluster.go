package topics

import (
	"cmp"
	"context"
	"slices"
)

// none stands for no place and no group of people.
const none = -1

// unit is what clustering moves as one piece: the messages that say the same
// in nearly the same letters about one place.
type unit struct {
	docs   []int // indexes into the sorted messages, ascending
	count  counted
	vec    vector
	wide   vector // vec as it is compared without a place
	region string
	// place is the known place that the unit is about, or none; places are all
	// that it names.
	place  int
	places []int
	// lone: it names a place that no other message names.
	lone   bool
	people int // group of people, or none
}

// cluster is a set of units that are one issue, if they are enough.
type cluster struct {
	units  []int // ascending
	sum    vector
	county string
	place  int
	people int
}

// bucket holds the units that may be one issue.
type bucket struct {
	county        string
	place, people int
}

func (b bucket) compare(o bucket) int {
	return cmp.Or(cmp.Compare(b.county, o.county), cmp.Compare(b.place, o.place), cmp.Compare(b.people, o.people))
}

// clusters joins the units: those of one place; then, without a place, those
// of one group of people; then single units that fit one of these issues after
// all; and what is left without a place by region.
func clusters(ctx context.Context, units []unit, g *gazetteer, p Params) ([]cluster, error) {
	all := make([]int, len(units))
	for i := range all {
		all[i] = i
	}
	byPlace := func(u *unit) (bucket, bool) { return bucket{county(u.region), u.place, none}, u.place != none }
	placed, rest, err := stage(ctx, units, all, byPlace, p.PlaceMerge, p)
	if err != nil {
		return nil, err
	}
	if into := g.merged(units, placed, p); rename(units, into) {
		if placed, rest, err = stage(ctx, units, all, byPlace, p.PlaceMerge, p); err != nil {
			return nil, err
		}
	}
	peopled, rest, err := stage(ctx, units, rest, func(u *unit) (bucket, bool) {
		return bucket{county(u.region), none, u.people}, u.place == none && u.people != none
	}, p.PeopleMerge, p)
	if err != nil {
		return nil, err
	}
	found, rest := attach(units, append(placed, peopled...), rest, p)
	regional, rest, err := stage(ctx, units, rest, func(u *unit) (bucket, bool) {
		return bucket{county(u.region), none, none}, u.place == none && !u.lone
	}, p.RegionMerge, p)
	if err != nil {
		return nil, err
	}
	found = append(found, regional...)
	for _, i := range rest {
		u := &units[i]
		found = append(found, cluster{units: []int{i}, sum: u.vec, county: county(u.region), place: u.place, people: u.people})
	}
	return found, nil
}

// rename gives the units the places that theirs belong to, and reports whether
// any changed.
func rename(units []unit, into []int) bool {
	changed := false
	for i := range units {
		u := &units[i]
		if u.place != none && into[u.place] != u.place {
			u.place = into[u.place]
			changed = true
		}
		for j, pl := range u.places {
			u.places[j] = into[pl]
		}
	}
	return changed
}

// stage clusters the members that of gives a bucket. It returns the clusters
// of two and more units, and what is left: single units, and those without a
// bucket.
func stage(ctx context.Context, units []unit, members []int, of func(*unit) (bucket, bool), least float64, p Params) (out []cluster, left []int, err error) {
	byBucket := make(map[bucket][]int)
	var order []bucket
	for _, i := range members {
		b, ok := of(&units[i])
		if !ok {
			left = append(left, i)
			continue
		}
		if byBucket[b] == nil {
			order = append(order, b)
		}
		byBucket[b] = append(byBucket[b], i)
	}
	slices.SortFunc(order, bucket.compare)
	for _, b := range order {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		for _, c := range within(units, b, byBucket[b], least, p) {
			if len(c.units) == 1 {
				left = append(left, c.units[0])
				continue
			}
			out = append(out, c)
		}
	}
	slices.Sort(left)
	return out, left, nil
}

// within clusters the units of one bucket.
func within(units []unit, b bucket, members []int, least float64, p Params) []cluster {
	free := b.place == none && b.people == none
	vs := make([]vector, len(members))
	for i, m := range members {
		vs[i] = units[m].vec
		if free {
			vs[i] = units[m].wide
		}
	}
	compared := vs
	if !free {
		compared = leaned(vs, p.Lean, p.MaxPosting, p.LeanLeast)
	}
	at := make(map[int]int)
	var out []cluster
	for i, root := range agglomerate(compared, least, p.Neighbours, p.MaxPosting) {
		k, seen := at[root]
		if !seen {
			k = len(out)
			at[root] = k
			out = append(out, cluster{county: b.county, place: b.place, people: b.people})
		}
		out[k].units = append(out[k].units, members[i])
		out[k].sum = out[k].sum.plus(vs[i])
	}
	return out
}

// attach adds single units to the issues that they belong to after all: by a
// place that they name beside their own, or, where they name none, by their
// words alone. The issues are compared as they were before: one unit does not
// draw the next.
func attach(units []unit, cs []cluster, singles []int, p Params) (out []cluster, left []int) {
	byPlace := make(map[int][]int)
	byFeature := make(map[int32][]int)
	towns := make([]string, len(cs))
	for k, c := range cs {
		if c.place != none {
			byPlace[c.place] = append(byPlace[c.place], k)
			towns[k] = town(units, c)
		}
		for _, f := range heaviest(c.sum, issueFeatures) {
			byFeature[f] = append(byFeature[f], k)
		}
	}
	out = slices.Clone(cs)
	for _, i := range singles {
		u := &units[i]
		to := none
		if len(u.places) > 0 {
			to = byNamed(u, cs, byPlace, p)
		} else if !u.lone {
			to = byWords(u, cs, towns, byFeature, p)
		}
		if to == none {
			left = append(left, i)
			continue
		}
		out[to].units = append(slices.Clip(out[to].units), i)
		out[to].sum = out[to].sum.plus(u.vec)
	}
	for k := range out {
		slices.Sort(out[k].units)
	}
	return out, left
}

// issueFeatures is how many of an issue's weightiest features propose it.
const issueFeatures = 24

// byNamed returns the likest issue of a place that the unit names.
func byNamed(u *unit, cs []cluster, byPlace map[int][]int, p Params) int {
	best, like := none, 0.0
	for _, pl := range u.places {
		for _, o := range byPlace[pl] {
			if l := cosine(u.vec, cs[o].sum); cs[o].county == county(u.region) && l >= p.Attach && l > like {
				best, like = o, l
			}
		}
	}
	return best
}

// rivalShare is how near another issue may come before words cannot tell.
const rivalShare = 0.8

// byWords returns the one issue of the unit's town, or of the county's groups
// of people, that its words point to.
func byWords(u *unit, cs []cluster, towns []string, byFeature map[int32][]int, p Params) int {
	best, like, second := none, 0.0, 0.0
	seen := make(map[int]bool)
	for _, f := range u.vec.at {
		for _, o := range byFeature[f] {
			if seen[o] || cs[o].county != county(u.region) || cs[o].place != none && !within9(u.region, towns[o]) {
				continue
			}
			seen[o] = true
			switch l := cosine(u.vec, cs[o].sum); {
			case l > like:
				best, like, second = o, l, like
			case l > second:
				second = l
			}
		}
	}
	if like < p.AttachWords || second > rivalShare*like {
		return none
	}
	return best
}

// within9 reports whether a message's region may be the town.
func within9(region, town string) bool {
	n := min(len(region), len(town), 9)
	return region[:n] == town[:n]
}

// heaviest returns the n features of v with the largest weight.
func heaviest(v vector, n int) []int32 {
	order := make([]int, len(v.at))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(v.val[j], v.val[i]), cmp.Compare(v.at[i], v.at[j]))
	})
	out := make([]int32, 0, n)
	for _, i := range order[:min(n, len(order))] {
		out = append(out, v.at[i])
	}
	return out
}
