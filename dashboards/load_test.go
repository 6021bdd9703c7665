package dashboards

import (
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"zhicang/models"
)

func catalog(t testing.TB) *models.Catalog {
	t.Helper()
	cat, err := models.Load(models.FS())
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func TestEmbeddedBoards(t *testing.T) {
	boards, err := Load(FS(), catalog(t))
	if err != nil {
		t.Fatal(err)
	}
	var uids []string
	for _, b := range boards {
		uids = append(uids, b.UID)
		header := b.Panels[0]
		if header.ID != HeaderID || header.Tables[0] != "dim.data_age" {
			t.Errorf("%s does not begin with the day that its data are of: %+v", b.UID, header)
		}
		sources := b.Panels[len(b.Panels)-1]
		if sources.ID != SourcesID || sources.Grid.Y < b.Panels[len(b.Panels)-2].Grid.Y {
			t.Errorf("%s does not end with where its data come from: %+v", b.UID, sources)
		}
		if all := !strings.Contains(sources.SQL, "a.table_name IN"); all != (b.Domain == models.PlatformDomain) {
			t.Errorf("%s: tells of all sources: %v", b.UID, all)
		}
	}
	if diff := cmp.Diff([]string{"assist-risk", "congress-deputy", "congress-hot", "congress-issue", "congress-score", "industry-operation", "platform-operation"}, uids); diff != "" {
		t.Error(diff)
	}
	if alerts, err := LoadAlerts(AlertFS(), catalog(t)); err != nil || len(alerts) == 0 {
		t.Errorf("%d alerts, %v", len(alerts), err)
	}
}

// good is a small board that tests spoil.
const good = `title: 试
folder: 试
variables:
  - {name: region, title: 区划, kind: region, table: ads.congress_opinion_count}
  - {name: period, title: 周期, kind: period, default: month}
panels:
  - id: one
    title: 数量
    kind: table
    sql: |
      SELECT c.category, c.opinions, c.people * 2 AS double_people
      FROM ads.congress_opinion_count AS c
      WHERE c.region_code = ${region} AND c.period = ${period} -- all of it
      ORDER BY opinions DESC
    columns:
      - {name: category}
      - {name: opinions}
      - {name: double_people, title: 两倍, link: {board: congress-test, values: {region: category}}}
    caption: [ads.congress_opinion_count, ads.congress_opinion_count.people]
    empty: 没有
    grid: {x: 0, y: 0, w: 12, h: 8}
`

func loadOne(t testing.TB, text string) (*Board, error) {
	t.Helper()
	list, err := Load(fstest.MapFS{"congress/test.yaml": {Data: []byte(text)}}, catalog(t))
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

func TestLoad(t *testing.T) {
	b, err := loadOne(t, good)
	if err != nil {
		t.Fatal(err)
	}
	p, _ := b.Panel("one")
	if c, _ := p.Column("opinions"); c.Title != "意见数" || c.Unit != "条" {
		t.Errorf("title and unit do not come from the contract: %+v", c)
	}
	if c, _ := p.Column("double_people"); !cmp.Equal(c.Link.Passes, []string{"period"}) {
		t.Errorf("the link passes %v on, want period", c.Link.Passes)
	}
	if len(p.Explain) != 2 || !strings.HasPrefix(p.Explain[0], "意见量:") || !strings.HasPrefix(p.Explain[1], "人数:") {
		t.Errorf("the caption is %q", p.Explain)
	}
	if p.Grid.Y != headerHeight || b.Panels[0].Columns[4].Name != "region" {
		t.Errorf("the header does not stand above the panels, or does not name the region: %+v", b.Panels[0])
	}
	if v, _ := b.Variable("region"); !strings.Contains(v.SQL, "__value") {
		t.Errorf("no SQL for the regions: %q", v.SQL)
	}
}

func TestLoadErrors(t *testing.T) {
	cases := []struct{ name, from, to, want, try string }{
		{"column gone", "c.opinions, c.people * 2", "c.opinions, c.peeple * 2", `congress/test.yaml:11: board congress-test, panel 数量: ads.congress_opinion_count has no column "peeple"`, `did you mean "people"?`},
		{"column gone, not qualified", "ORDER BY opinions", "ORDER BY opinion_cnt", `congress/test.yaml:14: board congress-test, panel 数量: no column "opinion_cnt" in ads.congress_opinion_count`, `did you mean "opinions"?`},
		{"table gone", "FROM ads.congress_opinion_count", "FROM ads.congress_opinion_sum", "congress/test.yaml:12: board congress-test, panel 数量: no table ads.congress_opinion_sum", `did you mean "ads.congress_opinion_count"?`},
		{"table not published", "FROM ads.congress_opinion_count", "FROM dwd.congress_opinion", "readers can't reach dwd.congress_opinion", "read ads and dim tables"},
		{"another domain", "FROM ads.congress_opinion_count", "FROM ads.platform_run", "ads.platform_run belongs to another domain", "platform/"},
		{"no such variable", "${period}", "${perod}", `no variable "perod"`, "variables"},
		{"quoted variable", "${period}", "'${period}'", "$ inside quotes", "outside of quotes"},
		{"variable in a comment", "all of it", "all of ${period}", "$ inside a comment", "outside of quotes"},
		{"grown together", "${period}", "E${period}", "grown together", "space"},
		{"unknown macro", "c.period = ${period}", "$__interval_ms(c.period)", "$ that begins neither", "${name}"},
		{"macro without argument", "c.period = ${period}", "$__timeFilter()", "$__timeFilter takes 1 arguments", "$__timeFrom"},
		{"two statements", "ORDER BY opinions DESC", "; SELECT 1", "one statement", "leave the ; out"},
		{"unknown key", "    empty: 没有", "    emty: 没有", `unknown key "emty"`, `did you mean "empty"?`},
		{"untitled column", ", title: 两倍", "", "column double_people: no table that the panel reads has it", "add `title:`"},
		{"caption", "ads.congress_opinion_count.people]", "ads.congress_opinion_count.persons]", "caption: no such column: ads.congress_opinion_count.persons", "did you mean"},
		{"link", "board: congress-test", "board: congress-tset", `no board "congress-tset"`, "there are congress-test"},
		{"link's column", "values: {region: category}", "values: {region: code}", `congress/test.yaml:18: board congress-test, panel 数量: link: the panel has no column "code"`, "hidden"},
		{"kind", "kind: table", "kind: tabel", `"tabel" is no kind of panel`, "table"},
		{"grid", "w: 12", "w: 25", "stands outside of the grid", "24 columns"},
		{"no word on emptiness", "    empty: 没有\n", "", "does not say what it shows when there are no rows", "empty:"},
		{"thresholds on a table", "    empty: 没有", "    empty: 没有\n    thresholds: [{color: red}]", "thresholds are for stat and bar", "leave"},
		{"stacked table", "    empty: 没有", "    empty: 没有\n    stacked: true", "stacked and horizontal are for bars", "leave"},
		{"default", "default: month", "default: year", `"year" is not offered`, "options"},
		{"region's table", "kind: region, table: ads.congress_opinion_count", "kind: region, table: dim.parameter", "has no column region_code", "region_code"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(good, c.from, c.to, 1)
			if text == good {
				t.Fatal("the test spoils nothing")
			}
			_, err := loadOne(t, text)
			var fe *models.FileError
			if !errors.As(err, &fe) {
				t.Fatalf("got %v, want a *models.FileError", err)
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(fe.Try, c.try) {
				t.Errorf("got %q, try %q;\nwant %q, try %q", err, fe.Try, c.want, c.try)
			}
		})
	}
}

// TestSiteOverlay lays a site's board over the one of the same name.
func TestSiteOverlay(t *testing.T) {
	site := fstest.MapFS{
		"congress/hot.yaml":  {Data: []byte(strings.ReplaceAll(good, "congress-test", "congress-hot"))},
		"congress/more.yaml": {Data: []byte(strings.ReplaceAll(good, "congress-test", "congress-issue"))},
	}
	// Links into a board that is replaced must still hold.
	_, err := Load(models.Overlay(site, FS()), catalog(t))
	if err != nil {
		t.Fatal(err)
	}
	var fsys fs.FS = fstest.MapFS{"congress/hot.yaml": {Data: []byte("title: 坏\n")}}
	if _, err := Load(models.Overlay(fsys, FS()), catalog(t)); err == nil || !strings.Contains(err.Error(), "congress/hot.yaml") {
		t.Errorf("a broken board of the site: %v", err)
	}
}

func TestLoadAlertErrors(t *testing.T) {
	const good = "- alert: late\n  title: 迟\n  summary: 迟了\n  sql: |\n    SELECT count(*) AS problems\n    FROM ads.platform_run AS r\n    WHERE r.result <> '成功'\n"
	if list, err := LoadAlerts(fstest.MapFS{"platform.yaml": {Data: []byte(good)}}, catalog(t)); err != nil || list[0].Domain != "platform" {
		t.Fatalf("%+v, %v", list, err)
	}
	cases := []struct{ name, from, to, want string }{
		{"column gone", "r.result", "r.resutl", `platform.yaml:7: board alerts, alert late: ads.platform_run has no column "resutl"`},
		{"twice", "- alert: late", "- {alert: late, title: 迟, summary: 迟了, sql: SELECT 1 AS n}\n- alert: late", `alert "late": no good name`},
		{"a variable", "'成功'", "${x}", `no variable "x"`},
		{"no summary", "  summary: 迟了\n", "", "says neither what it is called nor what it means"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := LoadAlerts(fstest.MapFS{"platform.yaml": {Data: []byte(strings.Replace(good, c.from, c.to, 1))}}, catalog(t))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// TestBrokenBoard: a board whose column is gone says so; the others, those that
// lead to it included, are there.
func TestBrokenBoard(t *testing.T) {
	fsys := fstest.MapFS{
		"congress/test.yaml": {Data: []byte(strings.Replace(good, "board: congress-test", "board: congress-gone", 1))},
		"congress/gone.yaml": {Data: []byte(strings.Replace(good, "c.opinions,", "c.opinion,", 1))},
		"congress/odd.yaml":  {Data: []byte("title: [")},
	}
	boards, broken, err := LoadEach(fsys, catalog(t))
	if err != nil || len(boards) != 1 || boards[0].UID != "congress-test" || len(broken) != 2 {
		t.Fatalf("%d boards, %d broken, %v", len(boards), len(broken), err)
	}
	if b := broken[0]; b.UID != "congress-gone" || b.Title != "试" || b.Folder != "试" || !strings.Contains(b.Err.Error(), `has no column "opinion"`) {
		t.Errorf("%+v", b)
	}
	if b := broken[1]; b.UID != "congress-odd" || b.Title != "odd" || b.Domain != "congress" {
		t.Errorf("%+v", b)
	}
	if f := broken[0].Finding(); f.State != Failing || f.Try != `did you mean "opinions"?` {
		t.Errorf("%+v", f)
	}
	if _, err := Load(fsys, catalog(t)); err == nil || !strings.Contains(err.Error(), `has no column "opinion"`) {
		t.Errorf("strictly: %v", err)
	}
}

var descending = regexp.MustCompile(`\b\w+\.(\w+) DESC( NULLS)?`)

// TestNullsAreSortedAlike: what a board's SQL leaves open is decided one way on
// the pages, and PostgreSQL's way in Grafana, which reads through that door.
func TestNullsAreSortedAlike(t *testing.T) {
	cat := catalog(t)
	boards, err := Load(FS(), cat)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range boards {
		for _, p := range b.Panels {
			for _, m := range descending.FindAllStringSubmatch(p.SQL, -1) {
				for _, table := range p.Tables {
					c, _ := cat.Contract(table)
					if col, ok := c.Column(m[1]); ok && !col.Required && m[2] == "" {
						t.Errorf("board %s, panel %s: %s may be NULL: say NULLS FIRST or LAST", b.UID, p.Title, m[0])
					}
				}
			}
		}
	}
}
