package privacy

import (
	"cmp"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSortIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hash := rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(0, 3), rapid.SampledFrom([]uint64{1 << 52, 1<<52 - 1, ^uint64(0)}))
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) indexEntry {
			return indexEntry{hash.Draw(t, "hash"), rapid.Uint64Range(0, 9).Draw(t, "at")}
		}), 0, 200).Draw(t, "entries")
		want := slices.Clone(entries)
		slices.SortFunc(want, func(a, b indexEntry) int {
			return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.at, b.at))
		})
		got := sortIndex(entries)
		if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(indexEntry{})); diff != "" {
			t.Fatal(diff)
		}
	})
}

// A hashSet knows what a map knows, also where many hashes begin alike.
func TestHashSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var set hashSet
		known := map[lookupHash]bool{}
		first := rapid.OneOf(rapid.Uint64(), rapid.SampledFrom([]uint64{0, 1, ^uint64(0)}))
		for range rapid.IntRange(0, 3000).Draw(t, "adds") {
			h := lookupHash{first.Draw(t, "first"), rapid.Uint64Range(1, 20).Draw(t, "second")}
			if got := set.add(h); got == (known[h] && h.first != 0) {
				t.Fatalf("add(%x) = %t", h, got)
			}
			known[h] = true
		}
	})
}
