package neardup

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNormalise(t *testing.T) {
	tests := []struct{ in, want string }{
		{"Ａ栋，停水!", "a栋停水"},
		{"  a栋 停水。\n", "a栋停水"},
		{"。。。！", ""},
	}
	for _, tt := range tests {
		if got := Normalise(tt.in); got != tt.want {
			t.Errorf("Normalise(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestGroups(t *testing.T) {
	texts := []string{
		"青禾路的路灯坏了快一个月，晚上出门一片漆黑，老人摔了一跤，请尽快维修",
		"自来水连续三天发黄，烧开以后还有沉淀，孩子不敢喝，请水务部门查一查",
		"青禾路的路灯坏了快一个月, 晚上出门一片漆黑, 老人摔了一跤, 请尽快维修!!",
		"您好，青禾路的路灯坏了快一个月，晚上出门一片漆黑，老人摔了一交，请尽快维修谢谢",
		"！！！",
		"。。。",
		"自来水连续三天发黄",
	}
	got, err := Groups(texts, DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 1, 0, 0, 4, 5, 6}, got); diff != "" {
		t.Errorf("Groups (-want +got):\n%s", diff)
	}
}

func TestParamsValidate(t *testing.T) {
	for _, change := range []func(*Params){
		func(p *Params) { p.Shingle = 0 },
		func(p *Params) { p.Jaccard = 1.1 },
		func(p *Params) { p.Rows = 0 },
		func(p *Params) { p.MaxProbe = 0 },
	} {
		p := DefaultParams()
		change(&p)
		if _, err := Groups(nil, p); err == nil {
			t.Errorf("Groups accepts %+v", p)
		}
	}
}

// The groups are those of the transitive closure of all pairs at or above the
// threshold, in whatever order the texts come. With 64 bands of one row every
// pair of that kind is proposed in practice.
func TestGroupsAreClosureOfPairs(t *testing.T) {
	p := Params{Shingle: 2, Jaccard: 0.5, Bands: 64, Rows: 1, MaxProbe: 1000}
	alphabet := rapid.StringOfN(rapid.RuneFrom([]rune("水电路灯坏停")), 0, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(alphabet, 0, 12).Draw(t, "texts")
		got, err := Groups(texts, p)
		if err != nil {
			t.Fatal(err)
		}
		want := make([]int, len(texts))
		for i := range want {
			want[i] = i
		}
		for range texts {
			for i := range texts {
				for j := range texts {
					if similarity(texts[i], texts[j], p.Shingle) >= p.Jaccard {
						want[i] = min(want[i], want[j])
					}
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", texts, diff)
		}
	})
}

// similarity is 1 for texts that are equal after Normalise, and 0 if either holds
// no letter.
func similarity(a, b string, shingle int) float64 {
	a, b = Normalise(a), Normalise(b)
	if a == "" || b == "" {
		return 0
	}
	return jaccard(shingles(a, shingle), shingles(b, shingle))
}

func TestGroupsIgnoreOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := letters(rapid.IntRange(0, 40).Draw(t, "n"), rapid.Uint64().Draw(t, "seed"))
		order := rapid.Permutation(indexes(len(texts))).Draw(t, "order")
		p := DefaultParams()
		p.MaxProbe = rapid.IntRange(1, 4).Draw(t, "probe")
		moved := make([]string, len(texts))
		for to, from := range order {
			moved[to] = texts[from]
		}
		a, err := Groups(texts, p)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Groups(moved, p)
		if err != nil {
			t.Fatal(err)
		}
		for x := range order {
			for y := range order {
				if (b[x] == b[y]) != (a[order[x]] == a[order[y]]) {
					t.Fatalf("texts %d and %d are grouped in one order only", order[x], order[y])
				}
			}
		}
	})
}

func BenchmarkGroups(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		texts := letters(n, 1)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if _, err := Groups(texts, DefaultParams()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}

func indexes(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// letters writes n messages of about 150 characters; one in five is an earlier
// one with a few characters changed.
func letters(n int, seed uint64) []string {
	rng := rand.New(rand.NewPCG(seed, 7))
	pool := []rune("水电路灯坏停车噪音油烟物业学校医院公交老人孩子晚上早上门口楼下小区村里河道垃圾污水施工工地补贴证明办理部门处理希望解决")
	texts := make([]string, 0, n)
	for i := range n {
		var letter []rune
		if i > 0 && rng.IntN(5) == 0 {
			letter = []rune(texts[rng.IntN(i)])
			for range 3 {
				letter[rng.IntN(len(letter))] = pool[rng.IntN(len(pool))]
			}
		} else {
			for range 100 + rng.IntN(100) {
				letter = append(letter, pool[rng.IntN(len(pool))])
			}
		}
		texts = append(texts, string(letter))
	}
	return slices.Clip(texts)
}

func TestLettersHoldNearDuplicates(t *testing.T) {
	texts := letters(2000, 3)
	groups, err := Groups(texts, DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	joined := 0
	for i, g := range groups {
		if g != i {
			joined++
		}
	}
	if joined < 350 || joined > 450 {
		t.Errorf("%d of %d texts joined an earlier one, want about 400", joined, len(texts))
	}
	if strings.TrimSpace(texts[0]) == "" {
		t.Error("letters writes empty texts")
	}
}
