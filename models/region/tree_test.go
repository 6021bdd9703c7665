package region_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/models/region"
)

func day(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }

var today = day(2024, 6, 15)

func TestEmbeddedCounts(t *testing.T) {
	t.Parallel()
	count := func(on time.Time) map[string]int {
		n := map[string]int{}
		for _, r := range region.Embedded().Regions() {
			if r.InForce(on) {
				n[r.Level.String()]++
			}
		}
		return n
	}
	// 浙江: 11 cities and 90 counties, both before and after the change of 2021.
	for _, on := range []time.Time{day(2020, 1, 1), today} {
		got := count(on)
		if got["省"] != 1 || got["市"] != 11 || got["县"] != 90 || got["乡"] != 58 {
			t.Errorf("on %s: %v", on.Format(time.DateOnly), got)
		}
	}
	towns := map[string]int{}
	for _, r := range region.Embedded().Regions() {
		if r.Level == region.Town {
			towns[r.Parent]++
		}
	}
	want := map[string]int{"330502": 19, "331003": 19, "331004": 10, "331022": 10}
	if diff := cmp.Diff(want, towns); diff != "" {
		t.Error(diff)
	}
}

func TestEmbeddedMarkers(t *testing.T) {
	t.Parallel()
	for _, r := range region.Embedded().Regions() {
		if r.Level != region.City && r.Level != region.County {
			continue
		}
		if r.Lng < 118 || r.Lng > 123 || r.Lat < 27 || r.Lat > 31.2 {
			t.Errorf("%s %s is not in Zhejiang: %v, %v", r.Code, r.Name, r.Lng, r.Lat)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	shanghai := time.FixedZone("Asia/Shanghai", 8*3600)
	cases := []struct {
		name, code string
		on         time.Time
		want       string
		err        error
		text       string
	}{
		{name: "county", code: "331022", want: "三门县"},
		{name: "county, 12 digits", code: "331022000000", want: "三门县"},
		{name: "county, 9 digits", code: "331022000", want: "三门县"},
		{name: "city, short", code: "3310", want: "台州市"},
		{name: "province, short", code: "33", want: "浙江省"},
		{name: "town", code: "330502100", want: "织里镇"},
		{name: "town, 12 digits", code: " 330502100000 ", want: "织里镇"},
		{name: "village", code: "331022105231", want: "大塘村"},
		{name: "county that ended", code: "330103", err: region.ErrEnded, text: "330103 下城区 已于 2021-04-09 撤销"},
		{name: "its last day", code: "330103", on: day(2021, 4, 8), want: "下城区"},
		{name: "the day it ended", code: "330103", on: day(2021, 4, 9), err: region.ErrEnded, text: "330103 下城区 已于 2021-04-09 撤销"},
		{name: "county not yet begun", code: "330113", on: day(2021, 4, 8), err: region.ErrNotYet, text: "330113 临平区 自 2021-04-09 起才启用"},
		{name: "its first day", code: "330114", on: day(2021, 4, 9), want: "钱塘区"},
		{name: "the day is that of the time's zone", code: "330114", on: time.Date(2021, 4, 9, 1, 0, 0, 0, shanghai), want: "钱塘区"},
		{name: "unknown", code: "331099", err: region.ErrUnknown, text: "区划表中没有这个代码"},
		{name: "11 digits", code: "33102200000", err: region.ErrMalformed},
		{name: "letters", code: "33102A", err: region.ErrMalformed},
		{name: "full-width digit", code: "33102\uff12", err: region.ErrMalformed},
		{name: "county without city", code: "330022", err: region.ErrMalformed},
		{name: "village without town", code: "331022000001", err: region.ErrMalformed},
		{name: "zeros", code: "000000", err: region.ErrMalformed},
		{name: "empty", code: "", err: region.ErrMalformed},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.on.IsZero() {
				c.on = today
			}
			got, err := region.Embedded().Lookup(c.code, c.on)
			if !errors.Is(err, c.err) || got.Name != c.want {
				t.Fatalf("%q, %v; want %q, %v", got.Name, err, c.want, c.err)
			}
			if c.text != "" && err.Error() != c.text {
				t.Errorf("error %q, want %q", err, c.text)
			}
		})
	}
}

func TestAncestors(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range region.Embedded().Ancestors("331022105231") {
		names = append(names, r.Level.String()+r.Name)
	}
	if diff := cmp.Diff([]string{"村大塘村", "乡健跳镇", "县三门县", "市台州市", "省浙江省"}, names); diff != "" {
		t.Error(diff)
	}
	if got := region.Embedded().Ancestors("999999"); got != nil {
		t.Errorf("ancestors of nobody: %v", got)
	}
}

// Every chain goes up level by level to the province, and a region's prefix
// covers exactly the regions that have it among their ancestors.
func TestTreeLaws(t *testing.T) {
	t.Parallel()
	tree := region.Embedded()
	all := tree.Regions()
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SampledFrom(all).Draw(t, "region")
		chain := tree.Ancestors(r.Code)
		if last := chain[len(chain)-1]; last.Level != region.Province || last.Code != "330000" {
			t.Fatalf("%s ends at %s", r.Code, last.Code)
		}
		for i, a := range chain {
			if int(a.Level) != int(r.Level)-i {
				t.Fatalf("%s: level %d at step %d", r.Code, a.Level, i)
			}
		}
		other := rapid.SampledFrom(all).Draw(t, "other")
		above := false
		for _, a := range chain {
			above = above || a.Code == other.Code
		}
		if above != strings.HasPrefix(r.Code, region.Prefix(other.Code)) {
			t.Fatalf("prefix of %s against ancestors of %s", other.Code, r.Code)
		}
		padded := r.Code + strings.Repeat("0", 12-len(r.Code))
		if code, err := region.Normalize(padded); err != nil || code != r.Code {
			t.Fatalf("%s became %s, %v", padded, code, err)
		}
	})
}

func TestWith(t *testing.T) {
	t.Parallel()
	site := fstest.MapFS{"site.csv": {Data: []byte("\ufeffparent,code,name,level,from,short\n" +
		"331022105000,331022105901,虚岙村,5,2024-01-01,\n" +
		"331000,331022,三门试验县,3,,三门\n")}}
	tree, err := region.Embedded().With(site, "site.csv")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := tree.Lookup("331022", today); err != nil || r.Name != "三门试验县" {
		t.Errorf("replaced row: %v, %v", r, err)
	}
	if r, err := tree.Lookup("331022105901", today); err != nil || r.Name != "虚岙村" {
		t.Errorf("added row: %v, %v", r, err)
	}
	if r, ok := tree.FindIn("健跳镇虚岙村", "331022", today); !ok || r.Code != "331022105901" {
		t.Errorf("an added row is not found by name: %v, %v", r, ok)
	}
	if got, want := len(tree.Regions()), len(region.Embedded().Regions())+1; got != want {
		t.Errorf("%d regions, want %d", got, want)
	}
	if r, err := region.Embedded().Lookup("331022", today); err != nil || r.Name != "三门县" {
		t.Errorf("the tree below changed: %v, %v", r, err)
	}
}

func TestDatesComeFromTheParent(t *testing.T) {
	t.Parallel()
	site := fstest.MapFS{"site.csv": {Data: []byte("code,name,level,parent\n330113001,某某街道,4,330113\n")}}
	tree, err := region.Embedded().With(site, "site.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tree.Lookup("330113001", day(2020, 1, 1)); !errors.Is(err, region.ErrNotYet) {
		t.Errorf("a town is older than its county: %v", err)
	}
}

func TestReadErrors(t *testing.T) {
	t.Parallel()
	const head = "code,name,level,parent,from,to,lng,lat\n330000,浙江省,1,,,,,\n"
	cases := []struct{ name, csv, want string }{
		{"empty file", "", `site.csv:1: read the column names: EOF`},
		{"unknown column", "code,name,level,parent,color\n", `site.csv:1: unknown column "color"; known are code, name, level, parent, from, to, short, decoys, lng, lat, reference`},
		{"missing column", "code,name,level\n", `site.csv:1: column parent is missing`},
		{"column twice", "code,code,name,level,parent\n", `site.csv:1: column code stands twice`},
		{"short row", head + "331000,台州市\n", `site.csv: record on line 3: wrong number of fields`},
		{"code", head + "3310x,台州市,2,330000,,,,\n", `site.csv:3: code "3310x": 区划代码应为6位、9位或12位数字,且各段完整`},
		{"no name", head + "331000,,2,330000,,,,\n", `site.csv:3: 331000: name is empty or not UTF-8`},
		{"level", head + "331000,台州市,3,330000,,,,\n", `site.csv:3: 331000 台州市: level "3", but its code is one of level 2`},
		{"parent of another", head + "331000,台州市,2,340000,,,,\n", `site.csv:3: 331000 台州市: parent "340000", but its code is part of "330000"`},
		{"parent missing", head + "331022,三门县,3,331000,,,,\n", `site.csv:3: 331022 三门县: its parent 331000 is in no row; add one`},
		{"twice", head + "33,浙江省,1,,,,,\n", `site.csv:3: code 330000 stands at site.csv:2 already`},
		{"date", head + "331000,台州市,2,330000,2021.4.9,,,\n", `site.csv:3: 331000 台州市: from "2021.4.9" is no date like 2021-04-09`},
		{"no time in force", head + "331000,台州市,2,330000,2021-04-09,2021-04-09,,\n", `site.csv:3: 331000 台州市: to is not after from`},
		{"longitude and latitude exchanged", head + "331000,台州市,2,330000,,,28.68,121.43\n", `site.csv:3: 331000 台州市: lng "28.68", lat "121.43" is no place in China in degrees`},
		{"longitude alone", head + "331000,台州市,2,330000,,,121.43,\n", `site.csv:3: 331000 台州市: lng "121.43", lat "" is no place in China in degrees`},
		{
			"outlives its parent", head + "330100,杭州市,2,330000,,2020-01-01,,\n330113,临平区,3,330100,,2021-01-01,,\n330113001,某街道,4,330113,,,,\n",
			`site.csv:4: 330113 临平区: its dates reach beyond those of its parent 330100`,
		},
		{
			"every wrong row is named", head + "331000,,2,330000,,,,\n330100,杭州市,9,330000,,,,\n",
			"site.csv:3: 331000: name is empty or not UTF-8\nsite.csv:4: 330100 杭州市: level \"9\", but its code is one of level 2",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := region.Read(fstest.MapFS{"site.csv": {Data: []byte(c.csv)}}, "site.csv")
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
	if _, err := region.Read(fstest.MapFS{}, "none.csv"); err == nil || !strings.Contains(err.Error(), "none.csv") {
		t.Errorf("missing file: %v", err)
	}
}

// Whatever is read, no panic; what is accepted is a tree whose chains end at a
// province.
func FuzzRead(f *testing.F) {
	f.Add([]byte("code,name,level,parent,from,to,short,decoys,lng,lat,reference\n33,浙江省,1,,,,浙江,,,,\n3310,台州市,2,33,2001-01-01,2030-01-01,台州|台,台风,121,28,x\n"))
	f.Add([]byte("code,name,level,parent\n\"33\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tree, err := region.Read(fstest.MapFS{"f.csv": {Data: data}}, "f.csv")
		if err != nil {
			return
		}
		for _, r := range tree.Regions() {
			chain := tree.Ancestors(r.Code)
			if len(chain) == 0 || chain[len(chain)-1].Level != region.Province {
				t.Errorf("%s hangs in the air", r.Code)
			}
			for _, a := range chain {
				if r.From.Before(a.From) || (!a.To.IsZero() && (r.To.IsZero() || r.To.After(a.To))) {
					t.Errorf("%s is in force outside %s", r.Code, a.Code)
				}
			}
		}
		tree.FindIn(string(data), "", today)
	})
}
