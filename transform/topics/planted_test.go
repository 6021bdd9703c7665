package topics_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"zhicang/transform/lexicon"
	"zhicang/transform/segment"
	"zhicang/transform/topics"
)

// A saying is one matter with the ways in which people put it.
type saying struct {
	name   string
	titles []string
	facts  []string
}

var sayings = map[string]saying{
	"停水": {
		"停水",
		[]string{"又停水了", "三天没水用", "自来水什么时候恢复"},
		[]string{"水龙头一滴水都没有", "自来水停了三天还没来", "做饭都要去井里挑水", "供水站的电话没人接", "通知只说管道检修", "五楼以上水压低得上不去", "半夜来一小时的水还是黄的"},
	},
	"烧烤": {
		"烧烤",
		[]string{"楼下烧烤摊油烟太大", "夜宵摊吵到凌晨", "烧烤油烟往家里灌"},
		[]string{"烧烤摊的烟直往窗户里灌", "划拳喝酒吵到凌晨两点", "晾的衣服一股孜然味", "没有装油烟净化器", "城管来了就收，走了又摆", "地上一层油，孩子滑倒过", "炭火味熏得睡不着"},
	},
	"路灯": {
		"路灯",
		[]string{"路灯不亮", "整条路黑漆漆", "灯坏了没人修"},
		[]string{"路灯灭了快一个月", "下夜班一路摸黑", "灯杆倒在花坛里没人扶", "老人摔了一跤缝了三针", "打着手机照明才敢走", "报修单登记了两回", "晚上连斑马线都看不见"},
	},
	// In no lexicon: found by its words alone.
	"编钟": {
		"编钟",
		[]string{"编钟体验馆突然关门", "编钟馆预约课程不退钱", "编钟体验课没了"},
		[]string{"编钟体验馆大门上了锁", "预约的编钟课程还剩十二节", "敲钟的师傅说场馆被收回了", "曲谱和木槌都扔在走廊", "馆长的微信把家长拉黑了", "开馆时说好终身会员", "二十口编钟半夜被货车拉走"},
	},
	"加班": {
		"加班",
		[]string{"过节加班没有加班费", "凌晨上路不给补贴", "三倍工资没有发"},
		[]string{"除夕凌晨三点就上路扫街", "加班费按平时的八十块算", "说好的防寒补贴停了", "手套扫把都要自己买", "换了外包公司工资拖一个月", "工资条上看不到节日津贴", "组长说谁闹就不排谁的班"},
	},
	"医保": {
		"医保",
		[]string{"异地就医医保报销太慢", "外省住院医保不能直接结算", "异地医保备案怎么办"},
		[]string{"在外省住院医保不能直接结算", "异地就医备案提示未开通", "垫付的住院费半年没有报销", "医保窗口让回参保地开证明", "异地结算的医院名单查不到", "报销比例比本地低两成", "电子医保凭证刷不出异地额度"},
	},
	"垃圾": {
		"垃圾",
		[]string{"垃圾堆成山", "垃圾没人清运", "垃圾桶满了一周"},
		[]string{"垃圾桶满了一个星期", "苍蝇蚊子到处飞", "清运车好几天没来", "野狗把袋子翻得满地", "臭水流到人行道上", "保洁员说车坏了", "建筑垃圾也往这里倒"},
	},
}

var (
	openings = []string{"您好，", "领导好，", "", "", "想反映一个情况，", "打扰了，"}
	closings = []string{"请尽快处理。", "希望有人管管。", "谢谢！", "盼回复。", "", "麻烦核实一下。"}
)

// writer writes messages, the same for the same seed.
type writer struct {
	rng  *rand.Rand
	seg  *segment.Segmenter
	docs []topics.Doc
}

func newWriter(seed uint64, seg *segment.Segmenter) *writer {
	return &writer{rng: rand.New(rand.NewPCG(seed, 11)), seg: seg}
}

func pick(rng *rand.Rand, list []string) string { return list[rng.IntN(len(list))] }

// write adds one message and returns its id. intro names the place or the
// people; it may be empty.
func (w *writer) write(matter, titled, intro, person, region string) string {
	s := sayings[matter]
	facts := slices.Clone(s.facts)
	w.rng.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
	body := pick(w.rng, openings) + intro + strings.Join(facts[:3+w.rng.IntN(2)], "，") + "。" + pick(w.rng, closings)
	if w.rng.IntN(4) == 0 { // a slip of the pen
		rs := []rune(body)
		i := w.rng.IntN(len(rs))
		body = string(rs[:i]) + string(rs[i:i+1]) + string(rs[i:])
	}
	id := fmt.Sprintf("t%05d", len(w.docs))
	if person == "" {
		person = "person-" + id
	}
	title := titled + pick(w.rng, s.titles)
	w.docs = append(w.docs, topics.Doc{
		ID: id, FirstSeen: int64(len(w.docs) / 10), Person: person, Region: region,
		Day:   time.Date(2025, 3, 1+len(w.docs)%28, 0, 0, 0, 0, time.UTC),
		Title: title, Body: body, Words: w.seg.Terms(title + "\n" + body),
	})
	return id
}

// shared loads the shipped lexicon once for all tests.
var shared = sync.OnceValues(func() (*lexicon.Lexicon, *segment.Segmenter) {
	lex, seg, err := loadCutter()
	if err != nil {
		panic(err)
	}
	return lex, seg
})

// county plants issues among messages about anything anywhere, and returns the
// members of each.
func (w *writer) county() map[string]map[string]bool {
	planted := map[string]map[string]bool{}
	plant := func(name string, n int, write func() string) {
		planted[name] = map[string]bool{}
		for range n {
			planted[name][write()] = true
			w.background()
		}
	}
	at := func(matter, place string, aliases ...string) func() string {
		names := append([]string{place, place}, aliases...)
		return func() string {
			name := pick(w.rng, names)
			return w.write(matter, name, pick(w.rng, []string{"我是" + name + "的居民，", "住在" + name + "，", ""}), "", "330999001")
		}
	}
	plant("停水在青禾家园", 20, at("停水", "青禾家园", "青禾家苑"))
	plant("烧烤在青禾家园", 14, at("烧烤", "青禾家园"))
	plant("停水在石塘村", 15, at("停水", "石塘村"))
	plant("编钟在望海公园", 12, at("编钟", "望海公园"))
	plant("环卫工人加班", 14, func() string {
		return w.write("加班", pick(w.rng, []string{"环卫工人", "环卫工"}), pick(w.rng, []string{"我是一名环卫工人，", "替环卫工说几句，"}), "", "330999002")
	})
	plant("异地医保", 16, func() string { return w.write("医保", "", "", "", "33099900"+fmt.Sprint(1+w.rng.IntN(3))) })
	plant("一个人写东岭路路灯", 50, func() string { return w.write("路灯", "东岭路", "我每天走东岭路，", "flood", "330999003") })
	return planted
}

// background writes a message about something else somewhere else.
func (w *writer) background() {
	places := []string{"云湾小区", "榆树湾花园", "柏山村", "西溪村", "兰亭小学", "花石街", "海棠公寓", "凤池医院", "丰登路", "梅林村", "临水苑小区", "北斗广场", "枣园村", "双井社区", "月亮湾公园"}
	p := pick(w.rng, places)
	w.write(pick(w.rng, []string{"垃圾", "路灯", "停水", "烧烤"}), p, pick(w.rng, []string{"我家在" + p + "，", "路过" + p + "，", ""}), "", "330999004")
}

func TestPlantedIssues(t *testing.T) {
	lex, seg := shared()
	for _, matters := range [][]lexicon.Matter{lex.Matters, nil} {
		for seed := range uint64(3) {
			w := newWriter(seed, seg)
			planted := w.county()
			got, err := topics.Build(context.Background(), w.docs, nil, topics.Lexicon{Matters: matters}, topics.DefaultParams())
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range planted {
				best, title := 0.0, ""
				for _, is := range got.Issues {
					if f := f1(memberSet(got, is.ID), want); f > best {
						best, title = f, is.Title
					}
				}
				t.Logf("lexicon of %d matters, seed %d: %s F1 %.3f 「%s」", len(matters), seed, name, best, title)
				// Without the lexicon a matter of the whole county has only its words.
				if least := 0.9; best < least && (matters != nil || name != "异地医保") {
					t.Errorf("seed %d: %s has F1 %.3f, want at least %.1f", seed, name, best, least)
				}
			}
		}
	}
}

func TestFloodIsOnePerson(t *testing.T) {
	lex, seg := shared()
	w := newWriter(1, seg)
	w.county()
	got, err := topics.Build(context.Background(), w.docs, nil, topics.Lexicon{Matters: lex.Matters}, topics.DefaultParams())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(got.Issues, func(is topics.Issue) bool { return is.PlaceOrPeople == "东岭路" })
	if i < 0 {
		t.Fatal("no issue of 东岭路")
	}
	if is := got.Issues[i]; is.People != 1 || is.Opinions < 45 {
		t.Errorf("东岭路: %d people wrote %d messages, want 1 and about 50", is.People, is.Opinions)
	}
	if got.Issues[0].PlaceOrPeople == "东岭路" {
		t.Error("one person stands before all others")
	}
}

func BenchmarkBuild(b *testing.B) {
	lex, seg := shared()
	for _, n := range []int{1_000, 10_000, 100_000} {
		w := newWriter(1, seg)
		for town := 0; len(w.docs) < n; town++ {
			from := len(w.docs)
			w.county()
			for i := from; i < len(w.docs); i++ {
				w.docs[i].Region = fmt.Sprintf("33%04d001", town)
			}
		}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := topics.Build(context.Background(), w.docs, nil, topics.Lexicon{Matters: lex.Matters}, topics.DefaultParams()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(len(w.docs))*float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
