package burst

import (
	"testing"

	"pgregory.net/rapid"
)

func days(n int, v float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = v
	}
	return out
}

func TestPlantedBurstIsFoundOnItsDaysAlone(t *testing.T) {
	counts, totals := days(60, 2), days(60, 100)
	for i := 30; i < 36; i++ {
		counts[i] = 14
	}
	for i, w := range Find(counts, totals, Default) {
		if in := i >= 30 && i < 36; (w > 0) != in {
			t.Errorf("day %d: weight %.2f, in the planted burst: %v", i, w, in)
		}
	}
}

func TestOneDaySpikeOfFewIsNoBurst(t *testing.T) {
	counts, totals := days(60, 2), days(60, 100)
	counts[10] = 4
	for i, w := range Find(counts, totals, Default) {
		if w != 0 {
			t.Errorf("day %d: weight %.2f", i, w)
		}
	}
}

func TestLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "days")
		counts, totals := make([]float64, n), make([]float64, n)
		for i := range n {
			totals[i] = float64(rapid.IntRange(0, 500).Draw(t, "total"))
			counts[i] = float64(rapid.IntRange(0, int(totals[i])).Draw(t, "count"))
		}
		weights := Find(counts, totals, Default)
		if len(weights) != n {
			t.Fatalf("%d days, %d weights", n, len(weights))
		}
		for i, w := range weights {
			if w < 0 {
				t.Fatalf("day %d: negative weight %f", i, w)
			}
			if w > 0 && counts[i] == 0 {
				t.Fatalf("day %d: a burst of nothing", i)
			}
		}
	})
}
