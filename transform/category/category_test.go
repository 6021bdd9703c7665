package category

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/models"
	"zhicang/transform/lexicon"
)

// invented returns messages made from parts: what a category's messages share
// and what all of them share. 28 people of each category wrote one each, and
// one person wrote fifty about one thing that nobody else knows of.
func invented() []Example {
	parts := map[string][]string{
		"城乡建设": {"小区物业不管事", "电梯停运没人修", "路灯全坏了", "违章建筑没人拆", "楼道堆满杂物", "房产证办不下来", "下水道堵塞"},
		"环境保护": {"烧烤摊油烟呛人", "工厂排放废气", "河水发黑发臭", "半夜施工噪音", "渣土车扬尘", "垃圾露天焚烧", "养猪场臭味"},
		"交通运输": {"公交车班次太少", "出租车拒载", "红绿灯时间太短", "路边违停严重", "大货车超载", "公路坑洼没人修", "驾校不退费"},
	}
	common := []string{"已经三个月了", "希望尽快解决", "老人孩子都受不了", "打了很多次电话", "附近的人都知道"}
	var list []Example
	for _, category := range []string{"城乡建设", "环境保护", "交通运输"} {
		for i := range 28 {
			p := parts[category]
			words := []string{p[i%7], common[i%5], p[(i*3+i/7+1)%7]}
			list = append(list, Example{
				Person: fmt.Sprintf("%s%d", category, i), Words: words,
				Text: strings.Join(words, ",") + ",电话〔电话〕,房号1203", Category: category,
			})
		}
	}
	for i := range 50 {
		list = append(list, Example{Person: "一人", Words: []string{"秘制配方", "a123"}, Text: fmt.Sprintf("秘制配方被偷了%d次", i), Category: "交通运输"})
	}
	return list
}

func mustTrain(tb testing.TB, examples []Example) (*Model, Report) {
	tb.Helper()
	m, report, err := Train(context.Background(), examples, Options{Date: "2023-06-30"})
	if err != nil {
		tb.Fatal(err)
	}
	return m, report
}

func fileOf(tb testing.TB, m *Model) []byte {
	tb.Helper()
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func TestTrain(t *testing.T) {
	m, report := mustTrain(t, invented())
	if report.MacroF1 < .95 || report.Examples != 89 || report.Features != m.vocabulary.size() {
		t.Errorf("report: %s", report)
	}
	for text, want := range map[string]string{
		"夜里的油烟呛人得很": "环境保护",
		"我们小区的电梯停运": "城乡建设",
		"出租车拒载,还超载": "交通运输",
	} {
		if got, confidence := m.Predict(nil, text); got != want || confidence <= 0.5 || confidence > 1 {
			t.Errorf("%s: %s with %.3f, %s expected", text, got, confidence, want)
		}
	}
	if got, confidence := m.Predict([]string{"unheard"}, "hello 2023"); got != "" || confidence != 0 {
		t.Errorf("without any known feature: %q with %v", got, confidence)
	}
}

func TestOrderOfExamplesDoesNotMatter(t *testing.T) {
	list := invented()
	want, _ := mustTrain(t, list)
	rand.New(rand.NewPCG(7, 7)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	got, _ := mustTrain(t, list)
	if !bytes.Equal(fileOf(t, want), fileOf(t, got)) {
		t.Error("the same examples in another order gave another model")
	}
}

// TestModelTellsOnNobody: what fewer than three people wrote, and anything
// with a digit, is not in the model, however often one person wrote it.
func TestModelTellsOnNobody(t *testing.T) {
	m, _ := mustTrain(t, invented())
	for _, features := range []map[string]int32{m.vocabulary.words, m.vocabulary.grams} {
		for f := range features {
			if strings.ContainsAny(f, "0123456789") || strings.Contains("秘制配方被偷了", f) {
				t.Errorf("feature %q", f)
			}
		}
	}
	if _, ok := m.vocabulary.grams["电话"]; !ok {
		t.Error("电话 is missing: it stands in text of its own, too")
	}
	if _, ok := m.vocabulary.grams["房号"]; !ok {
		t.Error("房号 is missing")
	}
}

func TestTrainRefuses(t *testing.T) {
	few := invented()[:30]
	for name, c := range map[string]struct {
		examples []Example
		opt      Options
		want     string
	}{
		"one category":  {few, Options{}, "1 categories have at least 10 messages, two are needed"},
		"nothing":       {nil, Options{}, "0 categories"},
		"rare words":    {invented(), Options{MinPeople: 1}, "MinPeople is 1, at least 3 expected"},
		"negative size": {invented(), Options{MaxFeatures: -1}, "cannot be negative"},
	} {
		if _, _, err := Train(context.Background(), c.examples, c.opt); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, %q expected", name, err, c.want)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Train(ctx, invented(), Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, context.Canceled expected", err)
	}
}

func TestSmallAndEmptyCategoriesAreLeftOut(t *testing.T) {
	list := append(invented(),
		Example{Text: "谁来管一管", Category: "民政"},
		Example{Text: "没有分类的信", Category: ""},
		Example{Text: "分不清的信", Category: Undecided})
	m, report := mustTrain(t, list)
	if diff := cmp.Diff([]string{"民政"}, report.LeftOut); diff != "" {
		t.Errorf("left out: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]string{"交通运输", "城乡建设", "环境保护"}, m.Classes()); diff != "" {
		t.Errorf("classes: -want +got\n%s", diff)
	}
}

func TestMaxExamples(t *testing.T) {
	_, report, err := Train(context.Background(), invented(), Options{MaxExamples: 50, MaxFeatures: 40, MinExamples: 5})
	if err != nil {
		t.Fatal(err)
	}
	if report.Examples != 45 || report.Features > 40 {
		t.Errorf("%d examples, %d features; 45 and at most 40 expected", report.Examples, report.Features)
	}
}

func TestSaveAndLoad(t *testing.T) {
	m, report := mustTrain(t, invented())
	path := filepath.Join(t.TempDir(), "category.model")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	back, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if back.Version() != m.Version() || back.Date() != "2023-06-30" || back.Examples() != 89 || back.MacroF1() != report.MacroF1 {
		t.Errorf("version %s, date %s, %d examples, macro-F1 %v", back.Version(), back.Date(), back.Examples(), back.MacroF1())
	}
	for _, ex := range invented() {
		a, ca := m.Predict(ex.Words, ex.Text)
		b, cb := back.Predict(ex.Words, ex.Text)
		if a != b || ca != cb {
			t.Fatalf("before saving %s %v, after %s %v", a, ca, b, cb)
		}
	}
	if names, _ := os.ReadDir(filepath.Dir(path)); len(names) != 1 {
		t.Errorf("%d files left in the folder", len(names))
	}
	if err := m.Save(filepath.Join(path, "below-a-file")); err == nil {
		t.Error("saving below a file succeeded")
	}
}

func TestBadFiles(t *testing.T) {
	m, _ := mustTrain(t, invented())
	good := fileOf(t, m)
	header := bytes.IndexByte(good, '\n')
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":         {nil, "old.model: is no category model"},
		"a spreadsheet": {[]byte("PK\x03\x04"), "old.model: is no category model"},
		"other format":  {bytes.Replace(good, []byte("model 1\n"), []byte("model 7\n"), 1), `old.model: has format "7", this program reads 1`},
		"cut short":     {good[:len(good)-10], "old.model: is damaged: its checksum does not match"},
		"header alone":  {good[:header], "old.model: is damaged: its checksum does not match"},
	} {
		_, err := Read("old.model", bytes.NewReader(c.data))
		var fe *models.FileError
		if !errors.As(err, &fe) || err.Error() != c.want || !strings.Contains(fe.Hint(), "zhicang train") {
			t.Errorf("%s: error %v, %q expected, with a hint", name, err, c.want)
		}
	}
}

func TestAnyFlippedByteIsFound(t *testing.T) {
	m, _ := mustTrain(t, invented())
	good := fileOf(t, m)
	rapid.Check(t, func(t *rapid.T) {
		bad := slices.Clone(good)
		bad[rapid.IntRange(0, len(bad)-1).Draw(t, "at")] ^= byte(rapid.IntRange(1, 255).Draw(t, "by"))
		if _, err := Read("m", bytes.NewReader(bad)); err == nil {
			t.Fatal("read without complaint")
		}
	})
}

func FuzzRead(f *testing.F) {
	m, _ := mustTrain(f, invented())
	f.Add(fileOf(f, m))
	f.Add([]byte(fileKind + fileFormat + "\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if m, err := Read("m", bytes.NewReader(data)); err == nil {
			m.Predict([]string{"油烟"}, "油烟呛人")
		}
		if m, err := decodeBody(data); err == nil {
			m.Predict([]string{"油烟"}, "油烟呛人")
		}
	})
}

func TestDecide(t *testing.T) {
	m, _ := mustTrain(t, invented())
	_, sure := m.Predict(nil, "油烟呛人")
	for _, c := range []struct {
		threshold float64
		text      string
		want      string
	}{
		{0, "油烟呛人", "环境保护"},
		{sure, "油烟呛人", "环境保护"},
		{sure + 1e-9, "油烟呛人", Undecided},
		{0, "???", Undecided},
	} {
		if got, _ := Decide(m, c.threshold, nil, c.text); got != c.want {
			t.Errorf("%s at %v: %s, %s expected", c.text, c.threshold, got, c.want)
		}
	}
}

func TestEvaluate(t *testing.T) {
	classes, macroF1, accuracy := Evaluate(
		[]string{"甲", "甲", "甲", "乙"},
		[]string{"甲", "甲", "乙", ""})
	want := []Class{
		{Category: "乙", Messages: 1},
		{Category: "甲", Messages: 3, Precision: 1, Recall: 2.0 / 3, F1: 0.8},
	}
	if diff := cmp.Diff(want, classes); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	if macroF1 != 0.4 || accuracy != 0.5 {
		t.Errorf("macro-F1 %v, accuracy %v; 0.4 and 0.5 expected", macroF1, accuracy)
	}
}

func TestKeywords(t *testing.T) {
	lex, err := lexicon.Load(os.DirFS("../../models/congress/lexicon"))
	if err != nil {
		t.Fatal(err)
	}
	k := NewKeywords(lex)
	for _, c := range []struct{ text, want string }{
		{"楼下夜宵摊的烟味整晚往家里飘,窗都不敢开", "环境保护"},
		{"物业公司半年没来修电梯,业委会也换不了届", "城乡建设"},
		{"去镇上的末班车五点就没了,候车时间太长", "交通运输"},
		{"孩子九月上小学,学位不足,不知道分到哪个学校", "教育文体"},
		{"老板拖欠工资四个月,去劳动监察也没用", "劳动和社会保障"},
		{"办了健身卡,老板跑路,会员费一分不退", "商贸旅游"},
		{"挂号难,专家号永远没有,门诊排队三小时", "卫生计生"},
		{"父亲瘫痪在床,低保申请一直批不下来", "民政"},
		{"征地款两年没到位,青苗费也少算了", "国土资源"},
		{"家里宽带老断,打客服没用", "科技与信息产业"},
		{"今天天气不错", Undecided},
	} {
		if got, confidence := Decide(k, 0.3, nil, c.text); got != c.want || confidence < 0 || confidence >= 1 {
			t.Errorf("%s: %s with %.2f, %s expected", c.text, got, confidence, c.want)
		}
	}
	if k.Version() == NewKeywords(&lexicon.Lexicon{}).Version() {
		t.Error("the version does not depend on the lexicon")
	}
}

// BenchmarkPredict: messages of about 450 characters, as public ones are.
func BenchmarkPredict(b *testing.B) {
	m, _ := mustTrain(b, invented())
	lex, err := lexicon.Load(os.DirFS("../../models/congress/lexicon"))
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("小区物业不管事,烧烤摊油烟呛人,公交车班次太少,希望尽快解决。", 15)
	words := strings.Split(strings.Repeat("小区 物业 烧烤摊 油烟 公交车 班次 ", 15), " ")
	for name, c := range map[string]Classifier{"model": m, "keywords": NewKeywords(lex)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c.Predict(words, text)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
		})
	}
}
