package topics

import (
	"testing"
	"unicode/utf8"
)

func newTitler(t testing.TB) *titler {
	t.Helper()
	v, err := DefaultVocabulary()
	if err != nil {
		t.Fatal(err)
	}
	return &titler{vocab: v, p: DefaultParams()}
}

func TestCleanTitle(t *testing.T) {
	tt := newTitler(t)
	tests := []struct {
		title string
		names []string
		want  string
	}{
		{"求助！！云雀花园停水三天，急需处理！！！", []string{"云雀花园"}, "停水三天"},
		{"关于A5区云雀花园油烟扰民的投诉", []string{"云雀花园"}, "油烟扰民"},
		{"请问领导，云雀花园的房产证？？？", []string{"云雀花园"}, "领导，云雀花园的房产证"},
		{"江州区云雀花园夜间施工(加急)", []string{"云雀花园"}, "夜间施工"},
		{"东湖菜市场改造安置", nil, "东湖菜市场改造安置"},
		{"您好", nil, ""},
	}
	for _, c := range tests {
		if got := tt.clean(c.title, c.names); got != c.want {
			t.Errorf("clean(%q) = %q, want %q", c.title, got, c.want)
		}
	}
}

func TestTitle(t *testing.T) {
	tt := newTitler(t)
	terms := []term{{"油烟", 9}, {"扰民", 6}, {"噪音", 4}, {"烧烤摊", 3}}
	say := func(titles ...string) (out []saying) {
		for _, s := range titles {
			out = append(out, saying{Doc{Title: s}, []string{"云雀花园"}, 0.5})
		}
		return out
	}
	tests := []struct {
		name, place string
		sayings     []saying
		matters     []string
		want        string
	}{
		{"the title that says most", "云雀花园", say("云雀花园物业", "云雀花园烧烤摊油烟扰民", "救命"), nil, "云雀花园：烧烤摊油烟扰民"},
		{"matters where no title says enough", "云雀花园", say("请领导看看", "说个事情"), []string{"餐饮油烟", "生活噪音"}, "云雀花园：餐饮油烟与生活噪音"},
		{"words where nothing else is left", "云雀花园", say("你好"), nil, "云雀花园：油烟、扰民、噪音"},
		{"no place", "", say("烧烤摊油烟扰民"), nil, "烧烤摊油烟扰民"},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			got := tt.title(c.place, c.sayings, terms, c.matters)
			if got != c.want {
				t.Errorf("title = %q, want %q", got, c.want)
			}
			if n := utf8.RuneCountInString(got); n > tt.p.TitleLength {
				t.Errorf("title has %d characters, at most %d allowed", n, tt.p.TitleLength)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	tt := newTitler(t)
	terms := []term{{"油烟", 9}, {"噪音", 4}}
	d := Doc{Title: "油烟", Body: "您好。我的电话是〔电话〕，油烟和噪音都有。楼下烧烤摊油烟很大，噪音也大。晚上睡不着。谢谢"}
	if got, want := tt.describe(d, terms), "楼下烧烤摊油烟很大，噪音也大"; got != want {
		t.Errorf("describe = %q, want %q", got, want)
	}
	if got := tt.describe(Doc{Title: "只有标题"}, terms); got != "只有标题" {
		t.Errorf("a message without a body is described as %q", got)
	}
}
