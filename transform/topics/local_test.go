package topics_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zhicang/transform/topics"
)

// What a region is told of an issue comes from its own messages: its first day
// is one of theirs, its title stands in one of theirs or is a matter's name, and
// a place is called as they call it.
func TestRegionsKnowTheirOwn(t *testing.T) {
	lex, seg := shared()
	matters := map[string]bool{}
	for _, m := range lex.Matters {
		matters[m.Name] = true
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := newWriter(rapid.Uint64().Draw(rt, "seed"), seg)
		towns := []string{"330999001", "330999002", "330999003"}
		for range rapid.IntRange(8, 60).Draw(rt, "messages") {
			w.write(pick(w.rng, []string{"停水", "路灯"}), pick(w.rng, []string{"青禾家园", "青禾家园小区", ""}), "", fmt.Sprint("p", w.rng.IntN(20)), pick(w.rng, towns))
		}
		docs := map[string]topics.Doc{}
		for i := range w.docs {
			d := &w.docs[i]
			d.FirstSeen, d.Within = int64(i), []string{d.Region, "330999"}
			docs[d.ID] = *d
		}
		got := build(rt, w.docs, nil)
		for _, is := range got.Issues {
			own := map[string][]topics.Doc{}
			for _, m := range got.Members {
				if m.IssueID == is.ID {
					for _, r := range docs[m.OpinionID].Within {
						own[r] = append(own[r], docs[m.OpinionID])
					}
				}
			}
			if len(is.Local) != len(own) {
				rt.Fatalf("issue %s is told to %d regions, its messages lie in %d", is.ID, len(is.Local), len(own))
			}
			for _, l := range is.Local {
				checkLocal(rt, l, own[l.Region], matters)
				if len(own[l.Region]) == is.Opinions && (l.Title != is.Title || !l.FirstDay.Equal(is.FirstDay)) {
					rt.Fatalf("all messages lie in %s, which is told %+v of %+v", l.Region, l, is)
				}
			}
		}
	})
}

func checkLocal(t *rapid.T, l topics.Local, own []topics.Doc, matters map[string]bool) {
	first, text := own[0].Day, ""
	for _, d := range own {
		if d.Day.Before(first) {
			first = d.Day
		}
		text += d.Title + "\n" + d.Body + "\n"
	}
	if !l.FirstDay.Equal(first) {
		t.Fatalf("region %s: first day %s, and its first message is of %s", l.Region, l.FirstDay.Format(time.DateOnly), first.Format(time.DateOnly))
	}
	if l.PlaceOrPeople != "" && !strings.Contains(text, l.PlaceOrPeople) {
		t.Fatalf("region %s never wrote of %s", l.Region, l.PlaceOrPeople)
	}
	for _, sentence := range strings.Split(strings.TrimSuffix(l.Description, "…"), "。") {
		if !strings.Contains(text, sentence) {
			t.Fatalf("region %s never wrote %q", l.Region, sentence)
		}
	}
	what := strings.TrimPrefix(l.Title, l.PlaceOrPeople+"：")
	written := func(words string) bool { return strings.Contains(text, words) }
	// Where no clause says it, matters or the issue's words are put together.
	composed := slices.ContainsFunc(strings.Split(what, "与"), func(m string) bool { return matters[m] }) ||
		!slices.ContainsFunc(strings.Split(what, "、"), func(word string) bool { return !written(word) })
	if !composed && !written(what) {
		t.Fatalf("region %s never wrote %q", l.Region, what)
	}
}

// An issue that goes on keeps each region's first day.
func TestRegionsKeepTheirFirstDay(t *testing.T) {
	_, seg := shared()
	month := func(seed uint64, later int, regions ...string) []topics.Doc {
		w := newWriter(seed, seg)
		for i := range 20 {
			w.write("停水", "青禾家园", "", "", regions[i%len(regions)])
		}
		for i := range w.docs {
			d := &w.docs[i]
			d.ID, d.Day, d.Within = fmt.Sprint(later, d.ID), d.Day.AddDate(0, later, 0), []string{d.Region, "330999"}
		}
		return w.docs
	}
	first := func(r topics.Result, region string) string {
		for _, l := range r.Issues[0].Local {
			if l.Region == region {
				return l.FirstDay.Format(time.DateOnly)
			}
		}
		return "never"
	}
	march := build(t, month(1, 0, "330999001"), nil)
	april := build(t, month(2, 1, "330999002"), march.Profiles)
	may := build(t, month(3, 2, "330999001", "330999002"), april.Profiles)
	if march.Issues[0].ID != may.Issues[0].ID {
		t.Fatalf("another issue: %s, %s", march.Issues[0].ID, may.Issues[0].ID)
	}
	for region, want := range map[string]string{"330999": "2025-03-01", "330999001": "2025-03-01", "330999002": "2025-04-01"} {
		if got := first(may, region); got != want {
			t.Errorf("%s: since %s, want %s", region, got, want)
		}
	}
}
