package topics

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// idDigits is how many hex digits of the founder's hash an id has. Where two
// founders of one month share them, the later one takes more.
const idDigits = 12

// identify gives every issue its id. An issue that goes on from the month
// before keeps that id; any other is named after its founder, the member that
// the warehouse learned of first. So messages that are learned of later leave
// an id alone, unless they bring two issues together: the merged one is then
// named after the older founder.
//
// founders and ids run parallel to issues; continued[i] is the id that issue i
// takes up, or empty.
func identify(founders, continued []string) []string {
	ids := slices.Clone(continued)
	taken := make(map[string]bool)
	for _, id := range continued {
		taken[id] = true
	}
	order := make([]int, len(founders))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(founders[i], founders[j]) })
	for _, i := range order {
		if ids[i] != "" {
			continue
		}
		sum := sha256.Sum256([]byte(founders[i]))
		digits := hex.EncodeToString(sum[:])
		n := idDigits
		for taken["i"+digits[:n]] && n < len(digits) {
			n++
		}
		ids[i] = "i" + digits[:n]
		taken[ids[i]] = true
	}
	return ids
}

// link is an issue of this month that may go on from one of the last.
type link struct {
	issue, profile int
	likeness       float64
}

// Two issues of a few messages each have few words in common even where they
// are one: with up to smallIssue messages, smallLeast of the likeness will do.
const (
	smallIssue = 4
	smallLeast = 0.5
)

// carryOn decides which issues go on from which profiles, each at most once:
// the likest pair first, then the profile with the older first day. keyOf
// gives a profile the canonical name of its place or people. An issue that
// goes on takes the older first day.
func carryOn(profiles, prev []Profile, keyOf func(Profile) string, p Params) []string {
	index := make(map[string]int32)
	before := make(map[[3]string][]int)
	vectors := make([]vector, len(prev))
	for i, old := range prev {
		vectors[i] = profileVector(old, index)
		k := [3]string{old.bond(), keyOf(old), county(old.Region)}
		before[k] = append(before[k], i)
	}
	var links []link
	for i, pr := range profiles {
		least := p.Continue
		if pr.bond() == "" {
			least *= 2
		}
		v := profileVector(pr, index)
		for _, j := range before[[3]string{pr.bond(), keyOf(pr), county(pr.Region)}] {
			least := least
			if max(pr.Opinions, prev[j].Opinions) <= smallIssue {
				least *= smallLeast
			}
			if like := cosine(v, vectors[j]); like >= least {
				links = append(links, link{i, j, like})
			}
		}
	}
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(cmp.Compare(b.likeness, a.likeness),
			prev[a.profile].FirstDay.Compare(prev[b.profile].FirstDay),
			cmp.Compare(prev[a.profile].ID, prev[b.profile].ID),
			cmp.Compare(a.issue, b.issue))
	})
	ids := make([]string, len(profiles))
	used := make(map[int]bool)
	for _, l := range links {
		if ids[l.issue] == "" && !used[l.profile] {
			ids[l.issue] = prev[l.profile].ID
			used[l.profile] = true
			if old := prev[l.profile].FirstDay; old.Before(profiles[l.issue].FirstDay) {
				profiles[l.issue].FirstDay = old
			}
			for region, day := range prev[l.profile].Since {
				if now, ok := profiles[l.issue].Since[region]; !ok || day.Before(now) {
					profiles[l.issue].Since[region] = day
				}
			}
		}
	}
	return ids
}

// bond is the kind of thing that holds the issue together, empty where words
// alone do.
func (p Profile) bond() string {
	if p.Kind == KindPlace || p.Kind == KindPeople {
		return string(p.Kind)
	}
	return ""
}

// profileVector writes the words of a profile as a vector over index, which
// grows by the words that are new.
func profileVector(p Profile, index map[string]int32) vector {
	type entry struct {
		at  int32
		val float64
	}
	entries := make([]entry, 0, len(p.Words))
	for _, w := range p.Words {
		at, ok := index[w.Word]
		if !ok {
			at = int32(len(index))
			index[w.Word] = at
		}
		entries = append(entries, entry{at, w.Weight})
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
	v := vector{}
	for _, e := range entries {
		v.at, v.val = append(v.at, e.at), append(v.val, e.val)
	}
	return v
}

// county is the code of the county that a region belongs to, or the code
// itself where that is of a higher level.
func county(region string) string { return region[:min(6, len(region))] }
