package web

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/dashboards"
	"zhicang/models/region"
	"zhicang/serve/account"
)

// What the head of a page says is what the board's header panel says.
func TestDataOf(t *testing.T) {
	state := &field{Name: "state", Marks: map[string]string{"正常": "green", "偏旧": "orange", "过旧": "red"}}
	fields := []*field{{Name: "as_of"}, {Name: "age"}, state, {Name: "published_at"}}
	for _, tt := range []struct {
		row  []any
		want dataView
	}{
		{[]any{"2025-12-31", int64(0), "正常", ""}, dataView{AsOf: "2025-12-31", Age: "当日"}},
		{[]any{"2025-12-28", int64(3), "偏旧1项", ""}, dataView{AsOf: "2025-12-28", Age: "3 天前", Old: "watch", Late: "来源偏旧1项"}},
		{[]any{"2025-06-28", int64(186), "过旧2项", ""}, dataView{AsOf: "2025-06-28", Age: "186 天前", Old: "bad", Late: "来源过旧2项"}},
		{[]any{nil, nil, "没有数据", ""}, dataView{}},
	} {
		var got dataView
		got.fill(&answer{Fields: fields, Rows: [][]any{tt.row}})
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%v: %s", tt.row, diff)
		}
	}
}

// Every panel stands on one screen, none reaches above it, and one that is not
// higher than a screen fits it.
func TestScreensOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var panels []panelView
		y := 0
		for range rapid.IntRange(0, 12).Draw(t, "rows") {
			h := rapid.IntRange(1, 30).Draw(t, "height")
			for i := range rapid.IntRange(1, 3).Draw(t, "side by side") {
				own := rapid.IntRange(1, h).Draw(t, "own height")
				panels = append(panels, panelView{Panel: &dashboards.Panel{Grid: dashboards.Grid{X: 8 * i, Y: y, W: 8, H: own}}})
			}
			y += h
		}
		n := 0
		for _, screen := range screensOf(panels) {
			if len(screen) == 0 {
				t.Fatal("an empty screen")
			}
			for _, p := range screen {
				n++
				if g := p.Grid; g.Y < 0 || g.Y > 0 && g.Y+g.H > screenRows {
					t.Fatalf("a panel stands at %+v of a screen of %d rows", g, screenRows)
				}
			}
		}
		if n != len(panels) {
			t.Fatalf("%d of %d panels are shown", n, len(panels))
		}
	})
}

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"":                    "",
		"路灯不亮":                "路灯不亮",
		"=cmd|'/c calc'!A0":   "'=cmd|'/c calc'!A0",
		"+86":                 "'+86",
		"-1":                  "'-1",
		"@SUM(A1)":            "'@SUM(A1)",
		"\t=1":                "'\t=1",
		"3-1=2":               "3-1=2",
		"https://example.com": "https://example.com",
	} {
		if got := harmless(text); got != want {
			t.Errorf("harmless(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFileName(t *testing.T) {
	d := &download{
		panel: &dashboards.Panel{Title: `类别×地区/"各地"`}, data: &dataView{AsOf: "2025-12-31"},
		chosen: []chosenValue{{"区划", "云溪县"}, {"问题", ""}, {"文字", "a\n../b"}},
	}
	if got, want := d.fileName(), "类别×地区--各地-_云溪县_a-..-b_截至20251231"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCrumbs(t *testing.T) {
	s := &Server{o: Options{Regions: region.Embedded()}}
	b := &dashboards.Board{UID: "congress-hot", Variables: []dashboards.Variable{{Name: "region"}, {Name: "period"}}}
	c := control{Name: "region", Value: "331022", Choices: []choice{{Value: "330000"}, {Value: "331022"}, {Value: "331022001"}}}
	values := map[string]string{"region": "331022", "period": "week"}
	path, below := s.crumbs(account.Account{}, b, c, values)
	want := []crumb{
		{Name: "浙江省", Link: "/boards/congress-hot?period=week&region=330000"},
		{Name: "台州市"}, // nothing is known of it
		{Name: "三门县", Here: true},
	}
	if diff := cmp.Diff(want, path); diff != "" {
		t.Errorf("path (-want +got):\n%s", diff)
	}
	if len(below) != 1 || below[0].Link != "/boards/congress-hot?period=week&region=331022001" {
		t.Errorf("below: %+v", below)
	}
	path, _ = s.crumbs(account.Account{Region: "331022"}, b, c, values)
	if path[0].Link != "" {
		t.Errorf("an account of the county is led to the province: %+v", path[0])
	}
}
