package topics

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// unitVectors draws n vectors of unit length over a few features.
func unitVectors(t *rapid.T, n int) []vector {
	vs := make([]vector, n)
	for i := range vs {
		for f := range int32(6) {
			if x := rapid.IntRange(0, 3).Draw(t, "weight"); x > 0 {
				vs[i].at = append(vs[i].at, f)
				vs[i].val = append(vs[i].val, float64(x))
			}
		}
		vs[i].scale(1)
	}
	return vs
}

// With every neighbour looked at, the groups are those of average linkage by
// the book: join the likest pair of groups until none is like enough.
func TestAgglomerateIsAverageLinkage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		vs := unitVectors(t, rapid.IntRange(0, 9).Draw(t, "n"))
		least := rapid.Float64Range(0.3, 0.95).Draw(t, "least")
		got := agglomerate(vs, least, len(vs), len(vs)+1)
		groups := make([][]int, len(vs))
		for i := range groups {
			groups[i] = []int{i}
		}
		for {
			a, b, best := bestPair(vs, groups)
			if best < least {
				break
			}
			if math.Abs(best-least) < 1e-9 || tied(vs, groups, best) {
				t.Skip("a tie within rounding")
			}
			groups[a] = append(groups[a], groups[b]...)
			groups[b] = nil
		}
		want := make([]int, len(vs))
		for _, g := range groups {
			for _, i := range g {
				want[i] = g[0]
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("groups (-want +got):\n%s", diff)
		}
	})
}

func meanLikeness(vs []vector, a, b []int) float64 {
	sum := 0.0
	for _, i := range a {
		for _, j := range b {
			sum += vs[i].dot(vs[j])
		}
	}
	return sum / float64(len(a)*len(b))
}

func bestPair(vs []vector, groups [][]int) (a, b int, best float64) {
	best = -1
	for i := range groups {
		for j := i + 1; j < len(groups); j++ {
			if len(groups[i]) == 0 || len(groups[j]) == 0 {
				continue
			}
			if l := meanLikeness(vs, groups[i], groups[j]); l > best {
				a, b, best = i, j, l
			}
		}
	}
	return a, b, best
}

// tied reports whether another pair is as like as the best, give or take the
// rounding by which the two ways of counting differ.
func tied(vs []vector, groups [][]int, best float64) bool {
	n := 0
	for i := range groups {
		for j := i + 1; j < len(groups); j++ {
			if len(groups[i]) > 0 && len(groups[j]) > 0 && best-meanLikeness(vs, groups[i], groups[j]) < 1e-9 {
				n++
			}
		}
	}
	return n > 1
}

func TestVectorsKeepUnitLength(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, v := range leaned(unitVectors(t, 6), 3, 100, 0.1) {
			if n := v.norm(); len(v.at) > 0 && math.Abs(n-1) > 1e-9 {
				t.Fatalf("a leaned vector has length %g", n)
			}
		}
	})
}

func TestCommonRegion(t *testing.T) {
	tests := []struct{ a, b, want string }{
		{"331022001003", "331022001007", "331022001"},
		{"331022001", "331022002", "331022"},
		{"331022", "331003", "3310"},
		{"331022001", "331022", "331022"},
		{"331022", "", ""},
		{"110000", "331022", ""},
	}
	for _, tt := range tests {
		if got := commonRegion(tt.a, tt.b); got != tt.want {
			t.Errorf("commonRegion(%q, %q) = %q, want %q", tt.a, tt.b, got, tt.want)
		}
	}
}
