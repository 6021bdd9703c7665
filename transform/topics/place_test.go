package topics

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func defaultReader(t testing.TB) *placeReader {
	t.Helper()
	v, err := DefaultVocabulary()
	if err != nil {
		t.Fatal(err)
	}
	return newPlaceReader(v)
}

// learned returns a gazetteer of the texts, and the first place that each is
// about, "" for none.
func learned(t testing.TB, dictionary []string, texts ...string) []string {
	t.Helper()
	var folded [][]rune
	for _, s := range texts {
		folded = append(folded, foldText(s))
	}
	g := learnPlaces(defaultReader(t), folded, map[string]bool{"人民": true}, dictionary, 2)
	var out []string
	for _, s := range folded {
		title, body, _ := strings.Cut(string(s), "\n")
		mentions, _ := g.read([]rune(title), []rune(body))
		name := ""
		if len(mentions) > 0 && g.places[mentions[0].place].known {
			name = g.places[mentions[0].place].name
		}
		out = append(out, name)
	}
	return out
}

func TestPlacesOfMessages(t *testing.T) {
	tests := []struct {
		name       string
		dictionary []string
		texts      []string
		want       []string
	}{
		{
			"region, road and developer before the name",
			nil,
			[]string{"金穗之城小区停水", "A5区柳叶东路金穗之城小区停水", "投诉B市金穗之城小区物业", "中梁金穗之城停水", "我们小区也停水了\n住在金穗之城"},
			[]string{"金穗之城小区", "金穗之城小区", "金穗之城小区", "金穗之城小区", "金穗之城小区"},
		},
		{
			"no names",
			nil,
			[]string{"我们小区停水", "这条路坏了", "本小区没有路灯", "某公司不发工资", "严重影响小区居民休息", "进城的路坑坑洼洼", "小区附近的路灯坏了", "老板跑路了"},
			[]string{"", "", "", "", "", "", "", ""},
		},
		{
			"the finer of two, and the title's before the body's",
			nil,
			[]string{"青石路路灯不亮", "青石路云雀花园路灯不亮", "云雀花园停水\n我每天走青石路", "青石路坑洼\n我住在云雀花园"},
			[]string{"青石路", "云雀花园", "云雀花园", "青石路"},
		},
		{
			"a common name belongs to its town",
			nil,
			[]string{"白杨镇中心小学门口拥堵", "白杨镇中心小学没有操场", "红枫镇中心小学门口拥堵", "红枫镇中心小学缺老师", "中心小学缺老师"},
			[]string{"白杨镇中心小学", "白杨镇中心小学", "红枫镇中心小学", "红枫镇中心小学", ""},
		},
		{
			"directions and numbers tell places apart",
			nil,
			[]string{"启明第一小学拥堵", "启明第一小学缺老师", "启明第二小学拥堵", "启明第二小学缺老师"},
			[]string{"启明第一小学", "启明第一小学", "启明第二小学", "启明第二小学"},
		},
		{
			"what flows into a river is not its name",
			nil,
			[]string{"污水直排河里", "工厂污水直排河里", "垃圾倒进河里", "大家的垃圾倒进河里"},
			[]string{"", "", "", ""},
		},
		{
			"bus lines",
			nil,
			[]string{"5路公交改线", "五路公交改线", "5路车改线", "6路公交改线", "6路公交太挤"},
			[]string{"5路公交", "5路公交", "5路公交", "6路公交", "6路公交"},
		},
		{
			"a name without an ending, by what stands around it",
			nil,
			[]string{"物业差\n我是碧水云天的业主", "物业差\n住在碧水云天，地下车库漏水", "碧水云天业主反映", "碧水云天物业乱收费", "问个事\n碧水云天电梯坏了"},
			[]string{"碧水云天", "碧水云天", "碧水云天", "碧水云天", "碧水云天"},
		},
		{
			"known places, but not regions",
			[]string{"三棵树", "云边县", "云边"},
			[]string{"三棵树那里停水", "云边县停水", "云边停水"},
			[]string{"三棵树", "", ""},
		},
		{
			"a scrubbed door number ends a name",
			nil,
			[]string{"停水\n家住云雀花园〔门牌〕，没水", "停水\n云雀花园〔门牌〕小区没水"},
			[]string{"云雀花园", "云雀花园"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, learned(t, tt.dictionary, tt.texts...)); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
		})
	}
}

// A frequent name takes in its slips, but not its neighbours.
func TestSlipsOfAName(t *testing.T) {
	texts := []string{"云雀山庄北门积水", "云雀山庄北门积水", "云鹊山庄停水", "云鹊山庄停电", "云雀山村停水", "云雀山村停电"}
	for i := range 10 {
		texts = append(texts, fmt.Sprintf("云雀山庄第%d次停水", i))
	}
	got := learned(t, nil, texts...)[:6]
	want := []string{"云雀山庄", "云雀山庄", "云雀山庄", "云雀山庄", "云雀山村", "云雀山村"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestOneSlip(t *testing.T) {
	tests := []struct {
		a, b string
		want bool
	}{
		{"翡翠澜湾", "翡翠兰湾", true},
		{"翡翠澜湾", "翡翠澜湾", true},
		{"翡翠澜湾", "翡澜湾", true},
		{"长安东路", "长安西路", false},
		{"第一小学", "第二小学", false},
		{"翡翠澜湾", "翠湖澜湾", false},
	}
	for _, tt := range tests {
		if got := oneSlip([]rune(tt.a), []rune(tt.b)); got != tt.want {
			t.Errorf("oneSlip(%s, %s) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestRelatedNames(t *testing.T) {
	r := defaultReader(t)
	tests := []struct {
		a, b string
		want bool
	}{
		{"白鹭溪", "白露溪", true},
		{"枫桥古街", "枫桥老街", true},
		{"东溪农贸市场", "东溪菜市场", true},
		{"小星星幼儿园", "小星星幼稚园", true},
		{"河山实小", "实验小学", true},
		{"河山二中", "二中", true},
		{"河山一中", "河山二中", false},
		{"3路公交", "5路公交", false},
		{"长安东路", "长安西路", false},
		{"白鹭溪", "白鹭镇", false},
		{"白鹭溪", "青枫溪", false},
		{"前溪路", "兴溪路", false},
		{"县妇保院", "县人民医院", false},
	}
	for _, tt := range tests {
		g := &gazetteer{reader: r}
		for _, name := range []string{tt.a, tt.b} {
			class, _ := r.classOf(name)
			if strings.HasSuffix(name, "公交") {
				class = r.lineClass()
			}
			if name == "二中" {
				class, _ = r.classOf("河山二中")
			}
			g.places = append(g.places, place{name: name, class: class})
		}
		if got := g.related(0, 1); got != tt.want {
			t.Errorf("related(%s, %s) = %v, want %v", tt.a, tt.b, got, tt.want)
		}
		if g.related(0, 1) != g.related(1, 0) {
			t.Errorf("related(%s, %s) depends on the order", tt.a, tt.b)
		}
	}
}

func TestPeopleOfMessages(t *testing.T) {
	v, err := DefaultVocabulary()
	if err != nil {
		t.Fatal(err)
	}
	r := newPeopleReader(v, []string{"蟹农"})
	tests := []struct{ title, body, want string }{
		{"的士司机加气难", "", "出租车司机"},
		{"加气难", "我是一名出租车驾驶员，天天排队", "出租车司机"},
		{"加气难", "路上有个出租车司机告诉我的", ""},
		{"加气难", "出租车司机排队，出租车司机吃饭都成问题", "出租车司机"},
		{"业主要求办证", "我们业主等了四年，业主们很急", ""},
		{"蟹农的保险", "", "蟹农"},
		{"网约车司机太多", "", "网约车司机"},
	}
	for _, tt := range tests {
		got := ""
		if i := r.group([]rune(tt.title), []rune(tt.body)); i >= 0 {
			got = r.groups[i].Names[0]
		}
		if got != tt.want {
			t.Errorf("group(%q, %q) = %q, want %q", tt.title, tt.body, got, tt.want)
		}
	}
}

func TestParseVocabularyRefuses(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"places: []\n", "no places"},
		{"plases: []\n", "plases"},
		{"places: [{class: road, suffixes: []}]\n", "place class 0"},
		{"places: [{class: road, suffixes: [路]}]\npeople: [{names: []}]\n", "people group 0"},
	} {
		if _, err := ParseVocabulary([]byte(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("ParseVocabulary(%q) fails with %v, want %q in it", tt.text, err, tt.want)
		}
	}
}
