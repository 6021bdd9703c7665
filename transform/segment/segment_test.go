package segment

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-ego/gse"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"zhicang/transform/lexicon"
)

// folder is where the shipped lexicon stands, seen from this package.
const folder = "../../models/congress/lexicon"

func shipped(tb testing.TB) *lexicon.Lexicon {
	tb.Helper()
	lex, err := lexicon.Load(os.DirFS(folder))
	if err != nil {
		tb.Fatal(err)
	}
	return lex
}

func mustNew(tb testing.TB, lex *lexicon.Lexicon) *Segmenter {
	tb.Helper()
	s, err := New(context.Background(), lex)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// loadShipped builds the segmenter that most tests share, once.
var loadShipped = sync.OnceValues(func() (*Segmenter, error) {
	lex, err := lexicon.Load(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	return New(context.Background(), lex)
})

func shippedSegmenter(tb testing.TB) *Segmenter {
	tb.Helper()
	s, err := loadShipped()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func TestCut(t *testing.T) {
	s := shippedSegmenter(t)
	for _, c := range []struct{ name, text, want string }{
		{"matters stay whole", "烧烤摊油烟扰民,楼道里飞线充电", "烧烤摊 油烟扰民 , 楼道 里 飞线充电"},
		{"letters fold", "反映KTV噪音,5G基站", "反映 ktv 噪音 , 5g 基站"},
		{"numbers", "欠薪三百五十万元,占12.5%,第十五次", "欠薪 三百五十万 元 , 占 12.5% , 第十五 次"},
		{"full width", "从１.６元涨到２４%", "从 １.６ 元 涨到 ２４%"},
		{"dates", "2023年6月30日8时30分停水三年", "2023年 6月 30日 8时 30分 停水 三 年"},
		{"measure words", "一条路、两个人、一个人", "一 条 路 、 两 个 人 、 一个 人"},
		{"marks", "请打〔电话〕找〔姓名〕", "请 打 〔电话〕 找 〔姓名〕"},
		{"no mark", "〔通知〕", "〔 通知 〕"},
		{"empty", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, strings.Join(s.Cut(c.text), " ")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestTerms(t *testing.T) {
	s := shippedSegmenter(t)
	for _, c := range []struct{ name, text, want string }{
		{"only content", "尊敬的领导,您好!我们小区的电梯坏了三个月,恳请有关部门解决,谢谢!", "小区 电梯"},
		{"repeats are kept", "噪音!噪音!", "噪音 噪音"},
		{"no marks, numbers, dates", "〔电话〕2023年6月12.5%第三次1380000 停车费", "停车费"},
		{"page noise", "油\u200b烟扰民\x00&nbsp;<br/>http://www.example.com\ufeff停\u00ad车场", "油烟扰民 example 停车场"},
		{"full width", "ＫＴＶ噪音", "ktv 噪音"},
		{"keys are no terms", "abcdefghijklmnopqrstuvwxyz0123456789 充电桩", "充电桩"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, strings.Join(s.Terms(c.text), " ")); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestSiteWords(t *testing.T) {
	const text = "塘前湾大闸边的慧塘桥下"
	plain := mustNew(t, &lexicon.Lexicon{})
	own := mustNew(t, &lexicon.Lexicon{
		Words: []lexicon.Word{{Text: "塘前湾大闸", Kind: lexicon.KindPlace}, {Text: "慧塘桥", Weight: 50, Kind: lexicon.KindPlace}},
		Never: []string{"慧塘桥"},
	})
	if got := strings.Join(own.Cut(text), " "); got != "塘前湾大闸 边 的 慧塘桥 下" {
		t.Errorf("with the site's words: %s", got)
	}
	if got := plain.Cut(text); len(got) <= 5 {
		t.Errorf("without them the words should fall apart, got %q", got)
	}
	if got := own.Terms(text); !cmp.Equal(got, []string{"塘前湾大闸"}) {
		t.Errorf("terms %q", got)
	}
	if !own.Has("慧塘桥") || plain.Has("慧塘桥") {
		t.Error("Has is wrong about 慧塘桥")
	}
}

func TestVersion(t *testing.T) {
	lex := func(stop string, words ...lexicon.Word) *lexicon.Lexicon {
		return &lexicon.Lexicon{Words: words, Stop: []string{stop}}
	}
	word := lexicon.Word{Text: "塘前湾"}
	base := mustNew(t, lex("的", word)).Version()
	if again := Version(lex("的", word)); again != base {
		t.Errorf("same words, versions %s and %s", base, again)
	}
	for name, other := range map[string]*lexicon.Lexicon{
		"another stop word":   lex("了", word),
		"another weight":      lex("的", lexicon.Word{Text: "塘前湾", Weight: 9}),
		"one word more":       lex("的", word, lexicon.Word{Text: "慧塘桥"}),
		"stop becomes a word": lex("塘前湾", lexicon.Word{Text: "的"}),
	} {
		if Version(other) == base {
			t.Errorf("%s: the version is still %s", name, base)
		}
	}
}

func TestNewStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := New(ctx, &lexicon.Lexicon{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, context.Canceled expected", err)
	}
}

// TestStopWords guards stop.txt: a stop word that is cut into pieces never
// stops anything.
func TestStopWords(t *testing.T) {
	lex := shipped(t)
	s := shippedSegmenter(t)
	for _, w := range append(lex.Stop, lex.Never...) {
		if cut := s.Cut(w); len(cut) != 1 {
			t.Errorf("%s is cut as %q and cannot stop: list its parts", w, cut)
		}
	}
}

// TestDomainWords: in a sentence of its own every word of the dictionary is
// cut as one piece.
func TestDomainWords(t *testing.T) {
	lex := shipped(t)
	s := shippedSegmenter(t)
	for _, w := range lex.Words {
		if cut := s.Cut(w.Text); len(cut) != 1 {
			t.Errorf("%s is cut as %q", w.Text, cut)
		}
	}
}

// texts draws Chinese with everything that web forms add to it.
func texts() *rapid.Generator[string] {
	chars := rapid.SampledFrom([]rune(letter))
	odd := rapid.SampledFrom([]rune("aZ9 ，、%\t\n\u200b é中阿·〇一百第年月日时分个〔〕"))
	piece := rapid.OneOf(
		rapid.StringOfN(chars, 1, 20, -1),
		rapid.StringOfN(odd, 1, 6, -1),
		rapid.SampledFrom([]string{"〔电话〕", "\xff", "\xe4\xb8", "A座", "T恤", "wifi", "３.５％"}),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 0, 12).Draw(t, "pieces"), "")
	})
}

func TestCutLosesNothing(t *testing.T) {
	s := shippedSegmenter(t)
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		tokens := s.Cut(text)
		if got := strings.Join(tokens, ""); got != lower(text) {
			t.Fatalf("joined %q, want %q", got, lower(text))
		}
		for _, tok := range tokens {
			if tok == "" {
				t.Fatal("an empty token")
			}
		}
	})
}

// TestPiecesAreTokens: both ways of cutting give the same tokens.
func TestPiecesAreTokens(t *testing.T) {
	s := shippedSegmenter(t)
	rapid.Check(t, func(t *rapid.T) {
		text := texts().Draw(t, "text")
		var got []string
		for _, p := range s.AppendPieces(nil, text) {
			tok := lower(text[p.Start:p.End])
			if n := len([]rune(tok)); n != p.Runes {
				t.Fatalf("%q has %d characters, not %d", tok, n, p.Runes)
			}
			got = append(got, tok)
		}
		if diff := cmp.Diff(s.Cut(text), got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("-cut +pieces\n%s", diff)
		}
	})
}

func TestClasses(t *testing.T) {
	s := shippedSegmenter(t)
	text := "我们的飞线充电,wifi〔电话〕2023年鱻"
	var got []string
	for _, p := range s.AppendPieces(nil, text) {
		got = append(got, text[p.Start:p.End]+" "+[]string{"other", "number", "stop", "word"}[p.Class])
	}
	want := []string{"我们 stop", "的 stop", "飞线充电 word", ", other", "wifi other", "〔电话〕 other", "2023年 number", "鱻 word"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestTermsAreClean(t *testing.T) {
	lex := shipped(t)
	s := shippedSegmenter(t)
	dropped := make(map[string]bool)
	for _, w := range append(lex.Stop, lex.Never...) {
		dropped[w] = true
	}
	rapid.Check(t, func(t *rapid.T) {
		for _, term := range s.Terms(texts().Draw(t, "text")) {
			if len([]rune(term)) < 2 || dropped[term] || strings.ContainsAny(term, "〔〕，。\n ") || strings.Trim(term, "0123456789") == "" {
				t.Fatalf("%q is no term", term)
			}
		}
	})
}

// TestSamePathAsGse holds the trie and the search against gse itself: without
// site words, and before numbers are joined, both cut alike, or by paths of the
// same cost, of which either is right.
func TestSamePathAsGse(t *testing.T) {
	s := mustNew(t, &lexicon.Lexicon{})
	general := gse.Segmenter{SkipLog: true, NotLoadHMM: true, SkipSubSeg: true}
	if err := general.LoadDictEmbed("zh_s"); err != nil {
		t.Fatal(err)
	}
	cost := func(words []string) (sum float64) {
		for _, w := range words {
			if freq, _, ok := general.Find(w); ok && freq > 0 {
				sum += math.Log2(general.Dict.TotalFreq() / freq)
			} else {
				sum += 32 // what gse takes for a character that no word begins with
			}
		}
		return sum
	}
	rapid.Check(t, func(t *rapid.T) {
		text := lower(texts().Filter(func(s string) bool { return !strings.ContainsAny(s, "〔３５") }).Draw(t, "text"))
		var got []string
		var b scratch
		for rest := text; rest != ""; {
			n := b.split(rest)
			b.path(s.trie)
			start := int32(0)
			for _, end := range b.ends {
				got = append(got, rest[b.off[start]:b.off[end]])
				start = end
			}
			rest = rest[n:]
		}
		want := general.Cut(text)
		if diff := cmp.Diff(want, got); diff != "" && math.Abs(cost(want)-cost(got)) > 1e-3 {
			t.Fatalf("costs %g and %g, -gse +ours\n%s", cost(want), cost(got), diff)
		}
	})
}

func TestLongRun(t *testing.T) {
	s := mustNew(t, &lexicon.Lexicon{})
	text := strings.Repeat("x", 3*maxSentence) + "。"
	if got := strings.Join(s.Cut(text), ""); got != text {
		t.Error("a long run of letters is not cut into itself")
	}
	if got := s.Terms(text); len(got) != 0 {
		t.Errorf("terms of a long run: %d", len(got))
	}
}

func FuzzCut(f *testing.F) {
	s := shippedSegmenter(f)
	f.Add(letter)
	f.Add("\xff〔电话〕A1年")
	f.Fuzz(func(t *testing.T, text string) {
		if got := strings.Join(s.Cut(text), ""); got != lower(text) {
			t.Errorf("joined %q, want %q", got, lower(text))
		}
		s.Terms(text)
	})
}

// TestConcurrentCuts shares one segmenter among goroutines; the race detector
// watches.
func TestConcurrentCuts(t *testing.T) {
	s := shippedSegmenter(t)
	want, wantTerms := s.Cut(letter), s.Terms(letter)
	var g errgroup.Group
	for range 8 {
		g.Go(func() error {
			for range 20 {
				if !slices.Equal(s.Cut(letter), want) || !slices.Equal(s.Terms(letter), wantTerms) {
					return errors.New("another goroutine changed what Cut or Terms returns")
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// TestPKU scores the segmentation as the Bakeoff does: a word counts when both
// its ends are right. The score of gse alone is .8330.
func TestPKU(t *testing.T) {
	dir := os.Getenv("ZHICANG_PUBLIC_DATA")
	if dir == "" {
		t.Skip("set ZHICANG_PUBLIC_DATA to the folder that holds sighan2005/")
	}
	read := func(name string) []string {
		data, err := os.ReadFile(filepath.Join(dir, "sighan2005", name))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(data), "\n")
		for i := range lines {
			lines[i] = strings.Trim(lines[i], "\r\ufeff")
		}
		return lines
	}
	s := shippedSegmenter(t)
	gold := read("pku_test_gold.utf8")
	var hit, got, want int
	for i, line := range read("pku_test.utf8") {
		ours, theirs := spans(s.Cut(line)), spans(strings.Fields(gold[i]))
		got += len(ours)
		want += len(theirs)
		for span := range ours {
			if theirs[span] {
				hit++
			}
		}
	}
	if want != 104372 {
		t.Fatalf("%d words in the gold file, 104372 expected", want)
	}
	p, r := float64(hit)/float64(got), float64(hit)/float64(want)
	f1 := 2 * p * r / (p + r)
	t.Logf("PKU test set: precision %.4f, recall %.4f, F1 %.4f", p, r, f1)
	if f1 < .833 {
		t.Errorf("F1 %.4f, at least .833 expected", f1)
	}
}

func spans(words []string) map[[2]int]bool {
	m := make(map[[2]int]bool, len(words))
	at := 0
	for _, w := range words {
		m[[2]int{at, at + len(w)}] = true
		at += len(w)
	}
	return m
}
