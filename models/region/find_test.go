package region_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"zhicang/models/region"
)

func TestFindIn(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text, under string
		want              string // code; empty: not placed
		on                time.Time
	}{
		{name: "town by its full name", text: "织里镇某厂夜里噪声很大", under: "330502", want: "330502100"},
		{name: "town by its short name", text: "我在织里上班,工资被拖欠", under: "330502", want: "330502100"},
		{name: "county alone", text: "三门的公交太少", under: "331000", want: "331022"},
		{name: "the root itself", text: "三门县城停车难", under: "331022", want: "331022"},
		{name: "the smallest counts", text: "浙江省台州市三门县健跳镇大塘村的路坏了", under: "", want: "331022105231"},
		{name: "village below its county", text: "大塘村的路坏了", under: "331022", want: "331022105231"},
		{name: "village anywhere is not enough", text: "大塘村的路坏了", under: "330000", want: ""},
		{name: "village with its town", text: "健跳大塘村的路坏了", under: "330000", want: "331022105231"},
		{name: "village with its city only", text: "台州大塘村的路坏了", under: "330000", want: "331000"},
		{name: "village of another town", text: "亭旁镇大塘村的路坏了", under: "331022", want: ""},
		{name: "two towns", text: "从亭旁镇到健跳镇的公交", under: "331022", want: ""},
		{name: "a place twice", text: "织里镇……望织里尽快处理", under: "330502", want: "330502100"},
		{name: "a place outside the root says nothing", text: "从黄岩到健跳的公交", under: "331022", want: "331022105"},
		{name: "only a place outside", text: "黄岩区宁溪镇", under: "331022", want: ""},
		{name: "longest name wins", text: "路桥街道的路灯坏了", under: "331000", want: "331004002"},
		{name: "street office of the town", text: "织里街道办推诿", under: "330502", want: "330502100"},
		{name: "nothing", text: "楼上太吵", under: "330502", want: ""},
		{name: "empty", text: "", under: "330502", want: ""},
		{name: "root that is no code", text: "织里镇", under: "湖州", want: ""},
		{name: "broken UTF-8", text: "\xe7\xbb织里镇\xff", under: "330502", want: "330502100"},

		{name: "road", text: "织里路堵车", under: "330502", want: ""},
		{name: "road with a direction", text: "织里北路堵车", under: "330502", want: ""},
		{name: "avenue", text: "黄岩大道施工", under: "331000", want: ""},
		{name: "street", text: "海游街积水", under: "331022", want: ""},
		{name: "numbered lane", text: "海游二弄积水", under: "331022", want: ""},
		{name: "estate", text: "三门小区物业不作为", under: "331000", want: ""},
		{name: "estate with a direction", text: "织里东小区物业不作为", under: "330502", want: ""},
		{name: "road named and place named", text: "织里镇吴兴大道坑洼", under: "330502", want: "330502100"},
		{name: "street lights of the town", text: "织里路灯不亮", under: "330502", want: "330502100"},
		{name: "road before a county of that name", text: "黄岩路桥两地的公交", under: "331000", want: ""},
		{name: "full names need no such care", text: "织里镇路面坏了", under: "330502", want: "330502100"},
		{name: "school", text: "三门中学食堂", under: "331000", want: "331022"},

		{name: "gorge in another province", text: "三门峡的苹果", under: "330000", want: ""},
		{name: "three subjects", text: "期末三门课一起考", under: "331000", want: ""},
		{name: "inside another word", text: "组织里有人推诿", under: "330502", want: ""},
		{name: "over a boundary of words", text: "凉亭旁堆满垃圾", under: "331022", want: ""},
		{name: "bridges", text: "公路桥和道路桥梁年久失修", under: "331000", want: ""},
		{name: "a decoy is not the end", text: "组织里有人推诿,织里的企业很无奈", under: "330502", want: "330502100"},
		{name: "common word left out", text: "楼顶天台违建,西湖龙井", under: "330000", want: ""},
		{name: "common word as full name", text: "天台县白鹤", under: "330000", want: "331023"},

		{name: "ended county before", text: "下城区某路", under: "330100", on: day(2020, 1, 1), want: "330103"},
		{name: "ended county after", text: "下城区某路", under: "330100", want: ""},
		{name: "new county before", text: "临平区某路", under: "330100", on: day(2020, 1, 1), want: ""},
		{name: "new county after", text: "临平区某路", under: "330100", want: "330113"},

		{name: "two places that sound alike", text: "龙泉街道和龙泉市", under: "330000", want: ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.on.IsZero() {
				c.on = today
			}
			got, ok := region.Embedded().FindIn(c.text, c.under, c.on)
			if got.Code != c.want || ok != (c.want != "") {
				t.Errorf("%q under %s: %q %s, %v; want %q", c.text, c.under, got.Code, got.Name, ok, c.want)
			}
		})
	}
}

// Two villages of one county bear one name: only what else the text names can
// tell which is meant.
func TestFindInNameOfTwo(t *testing.T) {
	t.Parallel()
	tree, err := region.Embedded().With(fstest.MapFS{"site.csv": {Data: []byte(
		"code,name,level,parent\n331022103901,大塘村,5,331022103\n")}}, "site.csv")
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"大塘村的路坏了":       "",
		"三门县大塘村的路坏了":    "331022",
		"健跳镇大塘村的路坏了":    "331022105231",
		"大塘村的路坏了,亭旁镇不管": "331022103901",
		"亭旁镇、健跳镇的两个大塘村": "",
	} {
		if got, ok := tree.FindIn(text, "331022", today); got.Code != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", text, got.Code, ok, want)
		}
	}
}

// What is found lies at or below the root and is in force; and a text that
// gives a region's names from the province down is placed at that region.
func TestFindInLaws(t *testing.T) {
	t.Parallel()
	tree := region.Embedded()
	all := tree.Regions()
	rapid.Check(t, func(t *rapid.T) {
		on := rapid.SampledFrom([]time.Time{day(2020, 1, 1), today}).Draw(t, "on")
		r := rapid.SampledFrom(all).Draw(t, "region")
		root := rapid.SampledFrom(all).Draw(t, "root")
		address := ""
		for _, a := range tree.Ancestors(r.Code) {
			address = a.Name + address
		}
		got, ok := tree.FindIn(address, "", on)
		if r.InForce(on) && (!ok || got.Code != r.Code) {
			t.Fatalf("%s placed at %q", address, got.Code)
		}
		if got, ok := tree.FindIn(address, root.Code, on); ok &&
			(!strings.HasPrefix(got.Code, region.Prefix(root.Code)) || !got.InForce(on)) {
			t.Fatalf("%s under %s placed at %s", address, root.Code, got.Code)
		}
	})
}

func BenchmarkFindIn(b *testing.B) {
	const text = "本人家住附近,最近一个月每天晚上十一点以后仍有施工,噪声很大,影响老人和孩子休息," +
		"多次打电话反映一直没有解决。请问三门县健跳镇大塘村旁边的工地有没有夜间施工许可?希望有关部门尽快处理并给一个答复。"
	tree := region.Embedded()
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, ok := tree.FindIn(text, "331022", today); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	tree := region.Embedded()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := tree.Lookup("331022105000", today); err != nil {
			b.Fatal(err)
		}
	}
}
