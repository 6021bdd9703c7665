package topics_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/transform/topics"
)

func build(t interface {
	Helper()
	Fatal(...any)
}, docs []topics.Doc, prev []topics.Profile,
) topics.Result {
	t.Helper()
	lex, _ := shared()
	got, err := topics.Build(context.Background(), docs, prev, topics.Lexicon{Matters: lex.Matters}, topics.DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// stream draws messages about a few matters at a few places.
func stream(t *rapid.T, most int) []topics.Doc {
	_, seg := shared()
	w := newWriter(rapid.Uint64().Draw(t, "seed"), seg)
	places := []string{"青禾家园", "石塘村", "东岭路", ""}
	matters := []string{"停水", "烧烤", "路灯", "编钟"}
	for range rapid.IntRange(0, most).Draw(t, "messages") {
		w.write(pick(w.rng, matters), pick(w.rng, places), "", fmt.Sprint("p", w.rng.IntN(20)), "330999001")
	}
	for i := range w.docs {
		w.docs[i].FirstSeen = int64(i)
	}
	return w.docs
}

func TestOrderOfInputDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		docs := stream(rt, 60)
		want := build(rt, docs, nil)
		shuffled := slices.Clone(docs)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "order"), 1))
		rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := cmp.Diff(want, build(rt, shuffled, nil)); diff != "" {
			rt.Fatalf("another order, another result (-want +got):\n%s", diff)
		}
	})
}

// An issue is named after the member learned of first. So messages that are
// learned of later do not rename an issue whose founder is still with the
// majority of its members, unless they join it to one with an older founder.
func TestLaterMessagesDoNotRename(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		docs := stream(rt, 80)
		known := rapid.IntRange(0, len(docs)).Draw(rt, "known")
		before, after := build(rt, docs[:known], nil), build(rt, docs, nil)
		seen := make(map[string]int64)
		for _, d := range docs {
			seen[d.ID] = d.FirstSeen
		}
		issueOf := make(map[string]string)
		for _, m := range after.Members {
			issueOf[m.OpinionID] = m.IssueID
		}
		for _, is := range before.Issues {
			members := memberSet(before, is.ID)
			founder := earliest(members, seen)
			now, ok := issueOf[founder]
			if !ok {
				continue
			}
			with := memberSet(after, now)
			stayed := 0
			for id := range members {
				if with[id] {
					stayed++
				}
			}
			if 2*stayed <= len(members) || earliest(with, seen) != founder {
				continue
			}
			if now != is.ID {
				rt.Fatalf("issue %s of founder %s became %s", is.ID, founder, now)
			}
		}
	})
}

func earliest(members map[string]bool, seen map[string]int64) string {
	first := ""
	for id := range members {
		if first == "" || seen[id] < seen[first] {
			first = id
		}
	}
	return first
}

// Whatever comes in: a message is in at most one issue, every issue has one
// medoid, ids are distinct, and the counts are those of the members.
func TestResultHangsTogether(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		docs := stream(rt, 60)
		got := build(rt, docs, nil)
		in, medoids, members, ids := map[string]bool{}, map[string]int{}, map[string]int{}, map[string]bool{}
		for _, m := range got.Members {
			if in[m.OpinionID] {
				rt.Fatalf("message %s is in two issues", m.OpinionID)
			}
			in[m.OpinionID] = true
			members[m.IssueID]++
			if m.IsMedoid {
				medoids[m.IssueID]++
			}
			if m.Similarity < 0 || m.Similarity > 1 {
				rt.Fatalf("similarity %g", m.Similarity)
			}
		}
		for i, is := range got.Issues {
			switch {
			case ids[is.ID]:
				rt.Fatalf("two issues are called %s", is.ID)
			case medoids[is.ID] != 1:
				rt.Fatalf("issue %s has %d medoids", is.ID, medoids[is.ID])
			case members[is.ID] != is.Opinions || is.People > is.Opinions || is.Opinions < 2:
				rt.Fatalf("issue %s counts %d people, %d messages, and has %d members", is.ID, is.People, is.Opinions, members[is.ID])
			case is.Title == "" || is.FirstDay.After(is.LastDay) || got.Profiles[i].ID != is.ID:
				rt.Fatalf("issue %+v, profile %s", is, got.Profiles[i].ID)
			}
			ids[is.ID] = true
		}
	})
}

// An issue that goes on in the next month keeps its id and its first day; the
// same matter elsewhere is another one.
func TestIssueGoesOn(t *testing.T) {
	_, seg := shared()
	month := func(seed uint64, prefix string, places ...string) []topics.Doc {
		w := newWriter(seed, seg)
		for _, p := range places {
			for range 12 {
				w.write("停水", p, "我住在"+p+"，", "", "330999001")
				w.background()
			}
		}
		for i := range w.docs {
			w.docs[i].ID = prefix + w.docs[i].ID
		}
		return w.docs
	}
	at := func(r topics.Result, place string) topics.Issue {
		i := slices.IndexFunc(r.Issues, func(is topics.Issue) bool { return strings.HasPrefix(is.PlaceOrPeople, place) && is.People >= 10 })
		if i < 0 {
			t.Fatalf("no issue at %s", place)
		}
		return r.Issues[i]
	}
	march := build(t, month(1, "m", "青禾家园", "石塘村"), nil)
	april := build(t, month(2, "a", "青禾家园小区", "杨柳村"), march.Profiles)
	if a, b := at(march, "青禾家园"), at(april, "青禾家园"); a.ID != b.ID {
		t.Errorf("the issue %s of March goes on as %s in April", a.ID, b.ID)
	}
	if a, b := at(march, "石塘村"), at(april, "杨柳村"); a.ID == b.ID {
		t.Errorf("石塘村 and 杨柳村 share the id %s", a.ID)
	}
}

func TestBuildRefuses(t *testing.T) {
	twice := []topics.Doc{{ID: "a"}, {ID: "a"}}
	if _, err := topics.Build(context.Background(), twice, nil, topics.Lexicon{}, topics.DefaultParams()); err == nil || !strings.Contains(err.Error(), `"a"`) {
		t.Errorf("two messages of one id: %v", err)
	}
	for _, change := range []func(*topics.Params){
		func(p *topics.Params) { p.PlaceMerge = 0 },
		func(p *topics.Params) { p.MatterShare = 1 },
		func(p *topics.Params) { p.TitleWeight = 0 },
		func(p *topics.Params) { p.MinOpinions = 0 },
		func(p *topics.Params) { p.NearDup.Jaccard = 0 },
	} {
		p := topics.DefaultParams()
		change(&p)
		if _, err := topics.Build(context.Background(), nil, nil, topics.Lexicon{}, p); err == nil {
			t.Errorf("Build accepts %+v", p)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := topics.Build(ctx, []topics.Doc{{ID: "a"}}, nil, topics.Lexicon{}, topics.DefaultParams()); err == nil {
		t.Error("Build goes on after its context has ended")
	}
}
