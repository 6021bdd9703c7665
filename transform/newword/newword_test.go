package newword

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"zhicang/transform/lexicon"
	"zhicang/transform/segment"
)

// load reads the shipped lexicon and builds a segmenter, once for all tests.
var load = sync.OnceValues(func() (*segment.Segmenter, error) {
	lex, err := lexicon.Load(os.DirFS(folder))
	if err != nil {
		return nil, err
	}
	return segment.New(context.Background(), lex)
})

const folder = "../../models/congress/lexicon"

// setup returns the shared segmenter, and a lexicon of the test's own.
func setup(tb testing.TB) (*segment.Segmenter, *lexicon.Lexicon) {
	tb.Helper()
	seg, err := load()
	if err != nil {
		tb.Fatal(err)
	}
	lex, err := lexicon.Load(os.DirFS(folder))
	if err != nil {
		tb.Fatal(err)
	}
	return seg, lex
}

func each(docs []Doc) iter.Seq2[Doc, error] {
	return func(yield func(Doc, error) bool) {
		for _, d := range docs {
			if !yield(d, nil) {
				return
			}
		}
	}
}

// planted are words that no dictionary has, each said by a number of people.
var planted = map[string]int{"慧塘闸": 12, "共富班车": 15, "晒谷云仓": 9, "两山亭": 3}

// messages are n invented messages, each of a person of their own, with the
// planted words among them: the first so many people say each.
func messages(n int) []Doc {
	rng := rand.New(rand.NewPCG(3, 4))
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	ordinary := func() string {
		return pick("我们小区", "村口", "学校附近", "老街上", "工业园旁边", "菜场门口") +
			pick("经常停水", "路灯不亮", "垃圾没人清理", "有人乱停车", "道路坑洼", "噪音很大") + "," +
			pick("老人出门不便", "孩子睡不好", "大家意见很多", "下雨更严重") + "," +
			pick("请尽快安排人员维修", "希望给个答复", "盼早日改善")
	}
	var docs []Doc
	for i := range n {
		text := ordinary()
		for _, word := range slices.Sorted(maps.Keys(planted)) {
			if i < planted[word] {
				text += "。" + pick("昨天在", "上午到", "听说", "关于", "我家靠近", "支持") + word + pick("附近走走", "还没开放", "什么时候能用", "边上很脏", "太小", "收费吗")
			}
		}
		docs = append(docs, Doc{fmt.Sprint("人", i), text})
	}
	return docs
}

func words(list []Candidate) []string {
	var out []string
	for _, c := range list {
		out = append(out, c.Word)
	}
	return out
}

func TestPlantedWordsAreFound(t *testing.T) {
	seg, lex := setup(t)
	got, err := Find(context.Background(), seg, each(messages(400)), Options{Surnames: lex.Surnames})
	if err != nil {
		t.Fatal(err)
	}
	for word, people := range planted {
		i := slices.IndexFunc(got, func(c Candidate) bool { return c.Word == word })
		switch {
		case people < 5:
			if i >= 0 {
				t.Errorf("%s, of %d people, is among the candidates", word, people)
			}
		case i < 0:
			t.Errorf("%s is not among %v", word, words(got))
		case i >= 6:
			t.Errorf("%s comes only in place %d: %v", word, i+1, words(got))
		case got[i].People != people || got[i].Opinions != people:
			t.Errorf("%+v, %d people expected", got[i], people)
		}
	}
	for _, c := range got {
		for word := range planted {
			if c.Word != word && strings.Contains(word, c.Word) {
				t.Errorf("%s is a fragment of %s", c.Word, word)
			}
		}
		if seg.Has(c.Word) || c.PMI < 1.2 || min(c.LeftEntropy, c.RightEntropy) < .4 || c.People < 5 {
			t.Errorf("below the thresholds, or known: %+v", c)
		}
	}
}

func TestOneLoudPersonMakesNoWord(t *testing.T) {
	seg, _ := setup(t)
	docs := messages(200)
	for i := range 300 {
		docs = append(docs, Doc{"一人", fmt.Sprintf("%s鲸落塔%s", []string{"快看", "就是", "反对", "关于"}[i%4], []string{"倒了", "太高", "不行", "啊"}[i/4%4])})
	}
	got, err := Find(context.Background(), seg, each(docs), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got {
		if strings.Contains("鲸落塔", c.Word) {
			t.Errorf("%+v", c)
		}
	}
}

func TestAcceptedWordIsNoLongerNew(t *testing.T) {
	_, lex := setup(t)
	if err := lex.AddWords("accepted.txt", strings.NewReader("共富班车\n")); err != nil {
		t.Fatal(err)
	}
	seg, err := segment.New(context.Background(), lex)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Find(context.Background(), seg, each(messages(300)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if ws := words(got); slices.Contains(ws, "共富班车") || !slices.Contains(ws, "晒谷云仓") {
		t.Errorf("candidates %v", ws)
	}
}

// TestNames: a family name with a given name needs more people than a word
// does, and is dropped whoever says it where it is used as a name.
func TestNames(t *testing.T) {
	seg, lex := setup(t)
	docs := messages(200)
	before := []string{"昨天遇到", "上午", "多亏", "支持", "反对", "感谢"}
	after := []string{"说过", "处理", "知道", "答应", "拒绝", "签字"}
	for i := range 60 {
		text := before[i%6]
		if i < 12 {
			text += "尉铎" + after[i/6%6] // said by 12, with nothing to show that it is a name
		}
		text += "。" + before[i%6] + "邬翀" + []string{"女士", "局长", "先生"}[i%3] + after[i/6%6]
		docs = append(docs, Doc{fmt.Sprint("名", i), text})
	}
	surnames := append(slices.Clone(lex.Surnames), "尉")
	with, err := Find(context.Background(), seg, each(docs), Options{Surnames: surnames})
	if err != nil {
		t.Fatal(err)
	}
	without, err := Find(context.Background(), seg, each(docs), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"尉铎", "邬翀"} {
		if slices.Contains(words(with), name) {
			t.Errorf("%s is proposed", name)
		}
		if !slices.Contains(words(without), name) {
			t.Errorf("%s is not found even where no surnames are known: the test shows nothing", name)
		}
	}
}

func TestMarksAndNumbersAreNoParts(t *testing.T) {
	seg, _ := setup(t)
	var docs []Doc
	for i := range 40 {
		docs = append(docs, Doc{fmt.Sprint(i), fmt.Sprintf("请拨〔电话〕找晒谷云仓%d号楼三单元wifi密码", i)})
	}
	got, err := Find(context.Background(), seg, each(docs), Options{MinEntropy: 1e-9})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got {
		if strings.ContainsAny(c.Word, "〔〕0123456789三wifi") {
			t.Errorf("%+v", c)
		}
	}
}

func TestOrderOfMessagesDoesNotMatter(t *testing.T) {
	seg, lex := setup(t)
	docs := messages(120)
	opt := Options{Surnames: lex.Surnames}
	want, err := Find(context.Background(), seg, each(docs), opt)
	if err != nil || len(want) == 0 {
		t.Fatalf("%d candidates, error %v", len(want), err)
	}
	rapid.Check(t, func(t *rapid.T) {
		got, err := Find(context.Background(), seg, each(rapid.Permutation(docs).Draw(t, "docs")), opt)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 0)); diff != "" {
			t.Fatalf("-want +got\n%s", diff)
		}
	})
}

// TestMemoryIsBounded: with room for few sequences the common ones survive.
func TestMemoryIsBounded(t *testing.T) {
	seg, _ := setup(t)
	docs := messages(400)
	rng := rand.New(rand.NewPCG(5, 6))
	common := []rune("山水田林路桥门窗灯树草花鸟鱼虫石土木金火")
	for i := range docs { // a flood of sequences that nobody repeats
		for range 20 {
			docs[i].Text += "," + string([]rune{common[rng.IntN(20)], common[rng.IntN(20)], common[rng.IntN(20)], common[rng.IntN(20)]})
		}
	}
	f := &finder{
		opt: Options{MaxTracked: 1000}, reader: reader{seg: seg, maxRunes: 5},
		spoken: make(map[uint64]uint8), tallies: make(map[string]*tally),
	}
	for _, d := range docs {
		f.countRuns(d)
		if len(f.tallies) > 1000 {
			t.Fatalf("%d runs counted at a time", len(f.tallies))
		}
	}
	if f.missing == 0 {
		t.Fatal("nothing was forgotten: the test shows nothing")
	}
	got, err := Find(context.Background(), seg, each(docs), Options{MaxTracked: 20_000})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(words(got), "共富班车") {
		t.Errorf("共富班车 is not among %v", words(got))
	}
}

func TestFindFails(t *testing.T) {
	seg, _ := setup(t)
	lost := errors.New("connection lost")
	broken := func(yield func(Doc, error) bool) { yield(Doc{}, lost) }
	if _, err := Find(context.Background(), seg, broken, Options{}); !errors.Is(err, lost) {
		t.Errorf("error %v, %v expected", err, lost)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Find(ctx, seg, each(messages(10)), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, context.Canceled expected", err)
	}
	for want, opt := range map[string]Options{
		"MinPeople is 2":    {MinPeople: 2},
		"MaxRunes is 9":     {MaxRunes: 9},
		"NamePeople below":  {NamePeople: 3},
		"negative":          {MinPMI: -1},
		"MaxTracked below ": {MaxTracked: 10},
	} {
		if _, err := Find(context.Background(), seg, each(nil), opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, %q expected", err, want)
		}
	}
}

func TestNothing(t *testing.T) {
	seg, _ := setup(t)
	for _, docs := range [][]Doc{nil, {{"甲", ""}}, {{"甲", "\xff\x00〔"}}} {
		if got, err := Find(context.Background(), seg, each(docs), Options{}); err != nil || len(got) != 0 {
			t.Errorf("%v, error %v", got, err)
		}
	}
}

func TestEntropy(t *testing.T) {
	for _, c := range []struct {
		counts map[rune]int
		want   float64
	}{
		{nil, 0},
		{map[rune]int{'甲': 7}, 0},
		{map[rune]int{'甲': 3, '乙': 3}, 1},
		{map[rune]int{'甲': 1, '乙': 1, '丙': 1, '丁': 1}, 2},
		{map[rune]int{'甲': 3, '乙': 1}, 0.8112781244591328},
	} {
		if got := entropy(c.counts); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: %v, %v expected", c.counts, got, c.want)
		}
	}
}

// BenchmarkFind: 10,000 messages; the time grows with their number.
func BenchmarkFind(b *testing.B) {
	seg, lex := setup(b)
	docs := messages(10_000)
	size := 0
	for i := range docs {
		docs[i].Text = strings.Repeat(docs[i].Text+"\n", 6)
		size += len(docs[i].Text)
	}
	b.SetBytes(int64(size))
	for b.Loop() {
		if _, err := Find(context.Background(), seg, each(docs), Options{Surnames: lex.Surnames}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(docs)*b.N)/b.Elapsed().Seconds(), "messages/s")
}
