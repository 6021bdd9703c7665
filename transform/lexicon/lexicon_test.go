package lexicon

import (
	"errors"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/models"
)

func folder(files map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestLoad(t *testing.T) {
	lex, err := Load(folder(map[string]string{
		"words/matter.txt":   "\ufeff# 事项\n油烟扰民 200\n\n飞线充电\r\n亭旁镇 0 place # 也可在此\n",
		"words/people.txt":   "出租车司机\n飞线充电\n",
		"words/accepted.txt": "青蟹码头 3.5\n",
		"stop.txt":           "的 了\n您好 # 信件\n的\n",
		"never.txt":          "本人",
		"surnames.txt":       "欧阳 王",
		"matters.yaml": `
categories: [环境保护, 城乡建设]
matters:
  - {matter: 油烟扰民, category: 环境保护, cues: [夜宵摊], seasonal: [5-6, 9], risk: true}
  - {matter: 冬季供暖, category: 城乡建设, cues: [], seasonal: [11-2]}
`,
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := &Lexicon{
		Words: []Word{
			{"青蟹码头", 3.5, KindWord},
			{"油烟扰民", 200, KindMatter},
			{"飞线充电", 0, KindMatter},
			{"亭旁镇", 0, KindPlace},
			{"出租车司机", 0, KindPeople},
			{"冬季供暖", 0, KindMatter},
		},
		Stop:       []string{"了", "您好", "的"},
		Never:      []string{"本人"},
		Surnames:   []string{"欧阳", "王"},
		Categories: []string{"环境保护", "城乡建设"},
		Matters: []Matter{
			{"油烟扰民", "环境保护", []string{"夜宵摊"}, Months{time.May, time.June, time.September}, true},
			{"冬季供暖", "城乡建设", []string{}, Months{time.January, time.February, time.November, time.December}, false},
		},
	}
	if diff := cmp.Diff(want, lex, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "seen" }, cmp.Ignore())); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if m := lex.Matters[0]; !m.InSeason(time.June) || m.InSeason(time.July) {
		t.Error("InSeason is wrong about June or July")
	}
}

func TestMissingFilesAreEmpty(t *testing.T) {
	lex, err := Load(fstest.MapFS{})
	if err != nil || len(lex.Words)+len(lex.Stop)+len(lex.Matters) != 0 {
		t.Errorf("error %v, %d words", err, len(lex.Words))
	}
}

func TestErrors(t *testing.T) {
	const head = "categories: [环境保护]\nmatters:\n"
	for _, c := range []struct{ name, file, text, want string }{
		{"weight", "words/place.txt", "三门县\n亭旁镇 many\n", `words/place.txt:2: weight "many" is no number from 0 to 1000000`},
		{"negative weight", "words/place.txt", "亭旁镇 -1\n", `words/place.txt:1: weight "-1" is no number from 0 to 1000000`},
		{"not a number", "words/place.txt", "亭旁镇 NaN\n", `words/place.txt:1: weight "NaN" is no number from 0 to 1000000`},
		{"kind", "words/place.txt", "亭旁镇 1 town\n", `words/place.txt:1: unknown kind "town", expected one of [word place suffix department matter people]`},
		{"fields", "words/place.txt", "亭旁镇 1 place x\n", "words/place.txt:1: 4 fields, at most 3 expected"},
		{"punctuation", "words/place.txt", "#\n亭旁镇,三门县\n", "words/place.txt:2: ',' cannot be part of a word"},
		{"sentence", "words/word.txt", strings.Repeat("长", 17), "words/word.txt:1: word of 17 characters, at most 16 expected"},
		{"encoding", "words/word.txt", "\xc8\xfd\xc3\xc5\n", "words/word.txt:1: not UTF-8 text"},
		{"stop list", "stop.txt", "的 了、吗\n", "stop.txt:1: '、' cannot be part of a word"},
		{"unknown key", "matters.yaml", head + "  - {matter: 油烟, category: 环境保护, cue: [烧烤]}\n", `matters.yaml:3: unknown key "cue"`},
		{"category", "matters.yaml", head + "  - {matter: 油烟, category: 环境保护, cues: []}\n  - {matter: 噪音, category: 环保, cues: []}\n", `matters.yaml:4: category "环保" of 噪音 is not listed under categories`},
		{"no name", "matters.yaml", head + "  - {category: 环境保护, cues: []}\n", "matters.yaml:3: a matter without a name"},
		{"twice", "matters.yaml", head + "  - {matter: 油烟, category: 环境保护, cues: []}\n  - {matter: 油烟, category: 环境保护, cues: []}\n", "matters.yaml:4: matter 油烟 stands here twice"},
		{"cue twice", "matters.yaml", head + "  - {matter: 油烟, category: 环境保护, cues: [烧烤, 烧烤]}\n", `matters.yaml:3: cue "烧烤" of 油烟 stands there twice`},
		{"short cue", "matters.yaml", head + "  - {matter: 油烟, category: 环境保护, cues: [烟]}\n", `matters.yaml:3: cue "烟" of 油烟 is too short to mean one thing`},
		{"month", "matters.yaml", head + "  - {matter: 油烟, category: 环境保护, cues: [], seasonal: [5-13]}\n", `matters.yaml:3: "5-13" is no month (1 to 12) or interval of months such as 5-10`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(folder(map[string]string{c.file: c.text}))
			var fe *models.FileError
			if !errors.As(err, &fe) || err.Error() != c.want {
				t.Errorf("error\n%v, expected\n%s", err, c.want)
			}
		})
	}
}

func TestMatch(t *testing.T) {
	m := NewMatcher([]Matter{
		{Name: "公交班次", Cues: []string{"公交", "公交站台"}},
		{Name: "噪音", Cues: []string{"KTV", "广场舞"}},
		{Name: "广场舞扰民", Cues: []string{"广场舞", "噪音"}},
	})
	type found struct {
		Cue     string
		Matters []int
	}
	for _, c := range []struct {
		text string
		want []found
	}{
		{"公交站台旁的ktv,公交车", []found{{"公交站台", []int{0}}, {"ktv", []int{1}}, {"公交", []int{0}}}},
		{"广场舞扰民又噪音", []found{{"广场舞扰民", []int{2}}, {"噪音", []int{1, 2}}}},
		{"广场舞 Ktv", []found{{"广场舞", []int{1, 2}}, {"Ktv", []int{1}}}},
		{"没有", nil},
		{"", nil},
	} {
		var got []found
		for _, h := range m.Match(c.text) {
			got = append(got, found{c.text[h.Start:h.End], h.Matters})
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: -want +got\n%s", c.text, diff)
		}
	}
}

// TestMatchesStandInOrder: whatever the text, hits do not overlap, and each is
// one of the cues.
func TestMatchesStandInOrder(t *testing.T) {
	lex := shipped(t)
	m := NewMatcher(lex.Matters)
	var cues []string
	for _, matter := range lex.Matters {
		cues = append(cues, matter.Cues...)
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(rapid.SampledFrom(cues), rapid.String())).Draw(t, "parts")
		text := strings.Join(parts, "")
		end := 0
		for _, h := range m.Match(text) {
			if h.Start < end || h.End <= h.Start || len(h.Matters) == 0 {
				t.Fatalf("hit %+v after %d", h, end)
			}
			end = h.End
			for _, i := range h.Matters {
				cue := lower(text[h.Start:h.End])
				ok := lower(lex.Matters[i].Name) == cue
				for _, c := range lex.Matters[i].Cues {
					ok = ok || lower(c) == cue
				}
				if !ok {
					t.Fatalf("%q is no cue of %s", cue, lex.Matters[i].Name)
				}
			}
		}
	})
}

func shipped(tb testing.TB) *Lexicon {
	tb.Helper()
	lex, err := Load(os.DirFS("../../models/congress/lexicon"))
	if err != nil {
		tb.Fatal(err)
	}
	return lex
}

// TestShipped holds the shipped lexicon to what it is for.
func TestShipped(t *testing.T) {
	lex := shipped(t)
	kinds := make(map[Kind]int)
	for _, w := range lex.Words {
		kinds[w.Kind]++
	}
	for kind, least := range map[Kind]int{KindDepartment: 150, KindMatter: 400, KindPeople: 100, KindPlace: 100, KindSuffix: 50} {
		if kinds[kind] < least {
			t.Errorf("%d words of kind %s, at least %d expected", kinds[kind], kind, least)
		}
	}
	perCategory := make(map[string]int)
	for _, m := range lex.Matters {
		perCategory[m.Category]++
		if len(m.Cues) < 4 {
			t.Errorf("%s has %d cues", m.Name, len(m.Cues))
		}
	}
	for _, c := range lex.Categories {
		if perCategory[c] < 3 {
			t.Errorf("category %s has %d matters", c, perCategory[c])
		}
	}
	for _, s := range lex.Surnames {
		if utf8.RuneCountInString(s) > 2 {
			t.Errorf("family name %s", s)
		}
	}
}

func FuzzAddWords(f *testing.F) {
	f.Add("油烟扰民 200 matter # x\n")
	f.Add("\ufeff三门\x00\n")
	f.Fuzz(func(t *testing.T, text string) {
		var lex Lexicon
		if err := lex.AddWords("words/word.txt", strings.NewReader(text)); err != nil {
			return
		}
		seen := make(map[string]bool)
		for _, w := range lex.Words {
			if w.Text == "" || seen[w.Text] || w.Weight < 0 || strings.ContainsAny(w.Text, " #,\n") {
				t.Errorf("word %+v", w)
			}
			seen[w.Text] = true
		}
	})
}
