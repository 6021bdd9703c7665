package demo

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"testing"
)

// Grouped as the truth groups them, every planted issue is among the ten with
// the most writers in each of its months, whatever the seed.
func TestPlantedIssuesAreAmongTheTenHottest(t *testing.T) {
	b, err := loadBook()
	if err != nil {
		t.Fatal(err)
	}
	fewest, most := 1<<30, 0
	for seed := range uint64(10) {
		opts, err := Options{Seed: seed}.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		y := generate(b, opts)
		for month, size := range y.budget() {
			writers := map[string]map[int]bool{} // matter at place → persons
			for _, m := range y.month(month+1, size) {
				key := m.matter + " " + m.place
				if m.issue != "" {
					key = m.issue
				}
				count(writers, key, m.from.number)
			}
			order := slices.SortedFunc(maps.Keys(writers), func(a, b string) int {
				return cmp.Or(cmp.Compare(len(writers[b]), len(writers[a])), cmp.Compare(a, b))
			})
			for i, key := range order {
				n := len(writers[key])
				if strings.Contains(key, " ") {
					most = max(most, n)
					continue
				}
				fewest = min(fewest, n)
				if i >= 10 {
					t.Errorf("seed %d, month %d: %s is number %d with %d people", seed, month+1, key, i+1, n)
				}
			}
		}
	}
	t.Logf("10 seeds: fewest people on a planted issue in a month: %d; most on anything else: %d", fewest, most)
	if most >= fewest {
		t.Error("want more people on each planted issue than on anything else")
	}
}

func TestIssuesInTheTruth(t *testing.T) {
	m := get(t)
	people := map[string]map[string]bool{}
	for _, g := range m.good {
		if g.issue != "" {
			key := g.issue + g.month
			if people[key] == nil {
				people[key] = map[string]bool{}
			}
			people[key][g.person] = true
		}
	}
	badges := map[string]int{}
	for _, is := range m.truth.Issues {
		badges[is.Badge]++
		for month, n := range is.People {
			if got := len(people[is.ID+month]); got != n {
				t.Errorf("%s %s: truth says %d people, messages say %d", is.ID, month, n, got)
			}
		}
		for _, id := range is.OpinionIDs {
			if m.byID[id].issue != is.ID {
				t.Errorf("%s: %s is not among its messages", is.ID, id)
			}
		}
		if len(is.Distractors) < 2 {
			t.Errorf("%s: %d distractors, want 2", is.ID, len(is.Distractors))
		}
	}
	if len(m.truth.Issues) < 24 || badges["预案"] == 0 || badges["预警"] == 0 {
		t.Errorf("%d issues with badges %v, want 24 with both", len(m.truth.Issues), badges)
	}
}

func TestFloodLikedAndWords(t *testing.T) {
	m := get(t)
	people := map[string]bool{}
	for _, id := range m.truth.Flood.OpinionIDs {
		people[m.byID[id].person] = true
	}
	if len(people) != 1 || len(m.truth.Flood.OpinionIDs) != FloodMessages {
		t.Errorf("flood: %d people with %d messages", len(people), len(m.truth.Flood.OpinionIDs))
	}
	if m.byID[m.truth.Liked.OpinionID].id == "" || m.truth.Liked.Likes < 4000 {
		t.Errorf("liked: %+v", m.truth.Liked)
	}
	if len(m.truth.NewWords) != 3 {
		t.Fatalf("%d new words, want 3", len(m.truth.NewWords))
	}
	for _, w := range m.truth.NewWords {
		t.Logf("%s from %s, %d people", w.Word, w.First, w.People)
		if w.People < 25 {
			t.Errorf("%s: %d people, want 25", w.Word, w.People)
		}
		for id, text := range m.texts {
			if strings.Contains(text, w.Word) && m.byID[id].month < w.First && m.byID[id].id != "" {
				t.Errorf("%s in %s, before %s", w.Word, id, w.First)
			}
		}
	}
}

// Two messages about one issue share a place and a matter, and little else.
func TestTextsWithinAnIssueDiffer(t *testing.T) {
	m := get(t)
	worst, sum, n := 0.0, 0.0, 0
	for _, is := range m.truth.Issues {
		var grams []map[string]bool
		for _, id := range is.OpinionIDs {
			if m.byID[id].group == "" { // copies are alike by design
				grams = append(grams, bigrams(m.texts[id]))
			}
		}
		total, pairs := 0.0, 0
		for i := range grams {
			for j := range i {
				total += jaccard(grams[i], grams[j])
				pairs++
			}
		}
		mean := total / float64(pairs)
		worst, sum, n = max(worst, mean), sum+mean, n+1
		if mean >= .35 {
			t.Errorf("%s: mean Jaccard of bigrams %.3f, want below .35", is.ID, mean)
		}
	}
	t.Logf("mean pairwise Jaccard of character bigrams within an issue: mean %.3f, worst %.3f", sum/float64(n), worst)
}

func bigrams(s string) map[string]bool {
	r := []rune(s)
	out := map[string]bool{}
	for i := 1; i < len(r); i++ {
		out[string(r[i-1:i+1])] = true
	}
	return out
}

func jaccard(a, b map[string]bool) float64 {
	both := 0
	for g := range a {
		if b[g] {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

func TestNearDuplicatesAreNear(t *testing.T) {
	m := get(t)
	if len(m.truth.NearDuplicates) < 40 {
		t.Errorf("%d groups, want 40", len(m.truth.NearDuplicates))
	}
	kinds := map[string]int{}
	for _, g := range m.truth.NearDuplicates {
		kinds[g.Kind]++
		for _, id := range g.OpinionIDs[1:] {
			if j := jaccard(bigrams(m.texts[g.OpinionIDs[0]]), bigrams(m.texts[id])); j < .6 {
				t.Errorf("%s: Jaccard %.2f", g.ID, j)
			}
		}
	}
	t.Log(kinds)
	if kinds["resent"] == 0 || kinds["copied"] == 0 {
		t.Errorf("kinds %v, want both", kinds)
	}
}

func TestMessagesAreOfAllLengthsAndSelves(t *testing.T) {
	m := get(t)
	var lengths []int
	seen := map[string]int{}
	categories := map[string]int{}
	for _, g := range m.good {
		lengths = append(lengths, runes(m.texts[g.id]))
		if g.group == "" && g.matter != "flood" {
			seen[m.texts[g.id]]++
		}
		categories[g.category]++
	}
	slices.Sort(lengths)
	n := len(lengths)
	t.Logf("characters: min %d, p10 %d, p50 %d, p90 %d, max %d", lengths[0], lengths[n/10], lengths[n/2], lengths[n*9/10], lengths[n-1])
	t.Log(categories)
	if lengths[0] < 10 || lengths[n-1] > maxRunes+70 {
		t.Errorf("lengths from %d to %d", lengths[0], lengths[n-1])
	}
	twice := 0
	for _, times := range seen {
		if times > 1 {
			twice += times
		}
	}
	if twice > n/500 {
		t.Errorf("%d messages have a text that another one has too", twice)
	}
	if len(categories) != 7 {
		t.Errorf("%d categories, want 7", len(categories))
	}
}
