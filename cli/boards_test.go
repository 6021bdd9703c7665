package cli

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zhicang/dashboards"
	"zhicang/models"
)

// testBoards asks every query of every board of the domains that the county
// has over the wire protocol: none may fail, and with its data none is empty.
func testBoards(t *testing.T, c county) {
	out := mustZhicang(t, "-c", c.config, "boards", "check", "--json", "--slow", "1h", "assist-risk", "congress-hot", "congress-issue", "platform-operation")
	var findings []dashboards.Finding
	if err := json.Unmarshal([]byte(out), &findings); err != nil {
		t.Fatal(err)
	}
	if len(findings) < 25 {
		t.Errorf("%d queries checked", len(findings))
	}
	for _, f := range findings {
		want := dashboards.OK
		if f.Board == "congress-issue" && f.Panel == "handling" {
			want = dashboards.Empty // this county's stations deliver nothing
		}
		if f.State != want {
			t.Errorf("%s, %s: %s %s", f.Board, f.Title, f.State, f.Error)
		}
	}
	if _, errs, code := zhicang(t, "-c", c.config, "boards", "check", "congress-hto"); code == 0 || !strings.Contains(errs, "did you mean congress-hot?") {
		t.Errorf("a misspelt board: exit %d, %s", code, errs)
	}
}

// dailyOpinions returns what adds up the county's opinions of so many days.
func dailyOpinions(t *testing.T, c county) (sum func(from string, days int) float64) {
	daily := map[string]float64{}
	for _, r := range c.rows(t, "SELECT period_start, opinions FROM ads.congress_opinion_count WHERE period = 'day' AND region_code = '339921' AND category = '全部' AND channel = '全部'") {
		n, err := strconv.ParseFloat(r[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		daily[r[0]] = n
	}
	return func(from string, days int) (n float64) {
		day, err := time.Parse(time.DateOnly, from)
		if err != nil {
			t.Fatal(err)
		}
		for i := range days {
			n += daily[day.AddDate(0, 0, i).Format(time.DateOnly)]
		}
		return n
	}
}

// testComparisons holds 环比 of the first board against sums of days that are
// added up here.
func testComparisons(t *testing.T, c county) {
	cat, err := models.Load(models.FS())
	if err != nil {
		t.Fatal(err)
	}
	boards, err := dashboards.Load(dashboards.FS(), cat)
	if err != nil {
		t.Fatal(err)
	}
	hot := boards[slices.IndexFunc(boards, func(b *dashboards.Board) bool { return b.UID == "congress-hot" })]
	overview, ok := hot.Panel("overview")
	if !ok {
		t.Fatal("no panel overview")
	}
	sum := dailyOpinions(t, c)
	cases := []struct {
		period, start string
		days          int    // of the period that have passed on 2025-12-31
		before        string // the period before; empty: there are no data
		beforeDays    int    // as many as have passed, or all
	}{
		{"month", "2025-12-01", 31, "2025-11-01", 30},
		{"month", "2025-03-01", 31, "2025-02-01", 28},
		{"month", "2025-01-01", 31, "", 0},
		{"week", "2025-12-29", 3, "2025-12-22", 3},
		{"week", "2025-06-02", 7, "2025-05-26", 7},
		{"day", "2025-12-31", 1, "2025-12-30", 1},
	}
	for _, w := range cases {
		t.Run(w.period+" "+w.start, func(t *testing.T) {
			sql, err := hot.SQL(overview, map[string]string{"region": "339921", "period": w.period, "start": w.start})
			if err != nil {
				t.Fatal(err)
			}
			rows := c.rows(t, "\n"+sql) // it begins with a comment, which is no flag
			if len(rows) != 1 {
				t.Fatalf("%d rows", len(rows))
			}
			now := sum(w.start, w.days)
			if rows[0][0] != fmt.Sprint(now) {
				t.Errorf("opinions: %s, want %v", rows[0][0], now)
			}
			if w.before == "" {
				if rows[0][2] != "" {
					t.Errorf("环比 is %s, and there is nothing to compare with", rows[0][2])
				}
				return
			}
			before := sum(w.before, w.beforeDays)
			got, err := strconv.ParseFloat(rows[0][2], 64)
			if want := (now - before) / before; err != nil || math.Abs(got-want) > 1e-9 {
				t.Errorf("环比: %s, want %v", rows[0][2], want)
			}
			if rows[0][3] != "" {
				t.Errorf("同比 is %s, and there are no data of a year ago", rows[0][3])
			}
		})
	}
}

// brokenBoard asks for a column that is not there.
const brokenBoard = `title: 自己的
folder: 人大代表履职
panels:
  - id: one
    title: 数量
    kind: stat
    sql: SELECT c.opinion AS n FROM ads.congress_opinion_count AS c
    columns: [{name: n, title: 数}]
    empty: 没有
    grid: {x: 0, y: 0, w: 4, h: 4}
`

// TestBoardsCommands says what is wrong with a board of the site, and writes
// what Grafana reads.
func TestBoardsCommands(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "zhicang.yaml")
	writeFile(t, config, "site: ./site\nregion: \"331022\"\n")
	board := filepath.Join(dir, "site", "boards", "congress")
	if err := os.MkdirAll(board, 0o755); err != nil {
		t.Fatal(err)
	}
	mustZhicang(t, "-c", config, "boards", "export", "--dir", filepath.Join(dir, "out"), "--mount", "/srv/grafana")
	data, err := os.ReadFile(filepath.Join(dir, "out", "dashboards", "congress", "congress-hot.json"))
	if err != nil {
		t.Fatal(err)
	}
	if _, errs, code := zhicang(t, "-c", config, "boards", "check"); code != exitFailed || !strings.Contains(errs, "nothing has been published yet\n  Try: zhicang run\n") {
		t.Errorf("check before anything is published: exit %d, %s", code, errs)
	}
	// Titles come from the upstream tables' contracts.
	for _, want := range []string{"地点/人群", "${region:sqlstring}", "热度=("} {
		if !strings.Contains(string(data), want) {
			t.Errorf("the board says nothing of %s", want)
		}
	}
	writeFile(t, filepath.Join(board, "own.yaml"), brokenBoard)
	_, errs, code := zhicang(t, "-c", config, "boards", "export", "--dir", filepath.Join(dir, "out"))
	want := "zhicang: congress/own.yaml:7: board congress-own, panel 数量: ads.congress_opinion_count has no column \"opinion\"\n  Try: did you mean \"opinions\"?\n"
	if code != exitFailed || errs != want {
		t.Errorf("exit %d\n got %s\nwant %s", code, errs, want)
	}
	if _, errs, code = zhicang(t, "-c", config, "boards", "push", "--url", "http://127.0.0.1:1"); code != exitFailed || !strings.Contains(errs, "Try: make a service account") {
		t.Errorf("push without a token: exit %d, %s", code, errs)
	}
}
