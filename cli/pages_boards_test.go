package cli

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// boards are the addresses of the boards on the first page.
func (b *browser) boards(t *testing.T) []string {
	t.Helper()
	b.open(t, "/")
	return ask[[]string](t, b, `[...document.querySelectorAll("a.board")].map((a) => a.pathname)`)
}

// testBoards opens every board, wants every panel to say something, and prints
// how long it took.
func (b *browser) testBoards(t *testing.T) {
	boards := b.boards(t)
	if len(boards) < 3 {
		t.Fatalf("the first page leads to %v", boards)
	}
	for _, path := range boards {
		for _, size := range sizes {
			b.do(t, chromedp.EmulateViewport(size[0], size[1]))
			b.open(t, path)
			b.loaded(t)
			b.shoot(t, filepath.Base(path), size)
		}
		states := ask[map[string]string](t, b, `Object.fromEntries([...document.querySelectorAll(".panel")].map((p) => [p.id, p.dataset.state]))`)
		for id, state := range states {
			if state != "ok" && state != "empty" {
				t.Errorf("%s: panel %s: %s", path, id, state)
			}
		}
		b.open(t, path) // now that the browser has the scripts
		b.loaded(t)
		took := ask[int](t, b, `Number(document.body.dataset.at)`)
		slowest := ask[int](t, b, `Math.max(...[...document.querySelectorAll(".panel")].map((p) => Number(p.dataset.took)))`)
		t.Logf("%s: %d panels complete %d ms after the page was asked for; the slowest answer took %d ms", path, len(states), took, slowest)
	}
}

// number is a tile of the board's overview.
func (b *browser) number(t *testing.T, label string) int {
	t.Helper()
	text := ask[string](t, b, `[...document.querySelectorAll(".stat")].find((s) => s.querySelector(".label").textContent === "`+label+`").querySelector(".value").firstChild.textContent`)
	n, err := strconv.Atoi(strings.ReplaceAll(text, ",", ""))
	if err != nil {
		t.Fatalf("%s: %q", label, text)
	}
	return n
}

// testChoices changes period and region and holds the numbers against the file.
func (b *browser) testChoices(t *testing.T) {
	opinions := func(period, region string) int {
		start := ask[string](t, b, `document.querySelector("select[name=start]").value`)
		rows := b.site.rows(t, fmt.Sprintf(`SELECT opinions FROM ads.congress_opinion_count WHERE period = '%s' AND region_code = '%s' AND category = '全部' AND channel = '全部'
			AND period_start = DATE '%s'`, period, region, start))
		n, _ := strconv.Atoi(rows[0][0])
		return n
	}
	b.do(t, chromedp.EmulateViewport(sizes[0][0], sizes[0][1]))
	b.open(t, "/boards/congress-hot")
	b.loaded(t)
	if got, want := b.number(t, "意见数"), opinions("month", "339921"); got != want {
		t.Errorf("the county's month: %d, want %d", got, want)
	}
	b.do(t, chromedp.Click(chromedp.CSS(`input[name=period][value=week]`)), chromedp.WaitReady(chromedp.CSS(`input[name=period][value=week][checked]`)))
	b.loaded(t)
	if got, want := b.number(t, "意见数"), opinions("week", "339921"); got != want {
		t.Errorf("the county's week: %d, want %d", got, want)
	}
	b.do(t, chromedp.Click(chromedp.CSS(`.crumbs summary`)), chromedp.Click(chromedp.CSS(`.crumbs .note a[href*="339921001"]`)), chromedp.WaitVisible(chromedp.CSS(`.crumbs a[href*="339921"]`)))
	b.loaded(t)
	if at := ask[string](t, b, `document.querySelector(".crumbs [aria-current]").textContent`); at != "云城街道" {
		t.Errorf("drilled down to %s", at)
	}
	if got, want := b.number(t, "意见数"), opinions("week", "339921001"); got != want {
		t.Errorf("the town's week: %d, want %d", got, want)
	}
	b.shoot(t, "town", sizes[0])
	b.do(t, chromedp.Click(chromedp.CSS(`#p-overview details.tip summary`)), chromedp.WaitVisible(chromedp.CSS(`#p-overview .note`)))
	b.shoot(t, "caption", sizes[0])
}

// testIssue follows the first hot issue to its messages.
func (b *browser) testIssue(t *testing.T) {
	b.open(t, "/boards/congress-hot")
	b.loaded(t)
	title := ask[string](t, b, `document.querySelector("#p-issues td a").textContent`)
	b.do(t, chromedp.Click(chromedp.CSS(`#p-issues td a`)), chromedp.WaitVisible(chromedp.CSS(`#p-messages`)))
	b.loaded(t)
	id := ask[string](t, b, `new URLSearchParams(location.search).get("issue")`)
	want := b.site.rows(t, "SELECT count(*) FROM ads.congress_hot_issue_opinion WHERE issue_id = '"+id+"'")[0][0]
	if got := ask[int](t, b, `document.querySelectorAll("#p-messages tbody tr").length`); strconv.Itoa(got) != want {
		t.Errorf("%s (%s): %d messages, want %s", title, id, got, want)
	}
	b.shoot(t, "issue", sizes[0])
	b.do(t, chromedp.Click(chromedp.CSS(`#p-messages th:first-child button`)))
	if sorted := ask[bool](t, b, `(() => { const d = [...document.querySelectorAll("#p-messages tbody tr")].map((r) => r.cells[0].textContent); return d.every((x, i) => !i || d[i - 1] <= x); })()`); !sorted {
		t.Error("a click on a heading does not sort")
	}
	b.open(t, "/explain?of="+id)
	if text := ask[string](t, b, `document.querySelector("main").textContent`); !strings.Contains(text, "留言") || !strings.Contains(text, "威尔逊") {
		t.Errorf("the issue's origin: %s", text)
	}
	b.shoot(t, "explain-issue", sizes[0])
}

// testScore follows a deputy's name to the records of the score.
func (b *browser) testScore(t *testing.T) {
	b.open(t, "/boards/congress-deputy")
	b.do(t, chromedp.WaitVisible(chromedp.ID("password")))
	b.signIn(t, pagesPassword)
	b.loaded(t)
	// In the middle, where nothing that stays at the top lies over it.
	ask[any](t, b, `document.querySelector("#p-scores td a").scrollIntoView({block: "center"})`)
	b.do(t, chromedp.Click(chromedp.CSS(`#p-scores td a`)), chromedp.WaitVisible(chromedp.CSS(`#p-records`)))
	b.loaded(t)
	deputy, year := ask[string](t, b, `new URLSearchParams(location.search).get("deputy")`), ask[string](t, b, `document.querySelector("select[name=year]").value`)
	want := b.site.rows(t, `SELECT count(*) FROM ads.congress_deputy_score_record AS r
		WHERE r.deputy_key = '`+deputy+`' AND r.year = `+year+` AND r.scheme IN (SELECT scheme FROM ads.congress_deputy_score)`)[0][0]
	if got := ask[int](t, b, `document.querySelectorAll("#p-records tbody tr").length`); strconv.Itoa(got) != want || got == 0 {
		t.Errorf("%s in %s: %d records, want %s", deputy, year, got, want)
	}
	b.shoot(t, "score", sizes[0])
	b.open(t, "/explain?of="+deputy[:8])
	if text := ask[string](t, b, `document.querySelector("main").textContent`); !strings.Contains(text, "得分所依据的记录") || !strings.Contains(text, "计分规则") {
		t.Errorf("the deputy's origin: %s", text)
	}
}

func (b *browser) testMeaning(t *testing.T) {
	b.open(t, "/dictionary")
	b.do(t, chromedp.WaitVisible(chromedp.ID("tables")))
	for _, size := range sizes {
		b.shoot(t, "dictionary", size)
	}
	b.do(t, chromedp.SendKeys(chromedp.CSS(`input[data-filter]`), "热词"))
	if shown := ask[[]string](t, b, `[...document.querySelectorAll("#tables section:not(.hidden)")].map((s) => s.id)`); !cmp.Equal(shown, []string{"ads.congress_hot_term"}) {
		t.Errorf("looking for 热词 leaves %v", shown)
	}
	b.open(t, "/explain?of=ads.congress_hot_issue")
	text := ask[string](t, b, `document.querySelector("main").textContent`)
	for _, want := range []string{"热度=", "dwd.congress_issue_opinion", "congress.hot_issue.min_people", "SELECT"} {
		if !strings.Contains(text, want) {
			t.Errorf("the origin of the hot issues does not say %s", want)
		}
	}
	for _, size := range sizes {
		b.shoot(t, "explain", size)
	}
}

// testWall wants that nothing on a wall has to be scrolled or clicked, and that
// the screens follow one another.
func (b *browser) testWall(t *testing.T) {
	b.do(t, chromedp.EmulateViewport(1920, 1080))
	next := "/boards/congress-hot?wall=1&rotate=20"
	seen := map[string]bool{}
	for range 40 {
		if seen[next] {
			break
		}
		seen[next] = true
		b.open(t, next)
		b.loaded(t)
		b.shoot(t, fmt.Sprintf("wall-%d", len(seen)), sizes[1])
		if over := ask[bool](t, b, `document.documentElement.scrollHeight > innerHeight || [...document.querySelectorAll(".wall .scroll")].some((s) => s.scrollHeight > s.clientHeight + 1)`); over {
			t.Errorf("%s does not fit the wall", next)
		}
		next = ask[string](t, b, `document.body.dataset.next`)
	}
	if len(seen) < 3 || !seen[next] {
		t.Errorf("the screens %v lead to %s and not around", seen, next)
	}
}

// testTables wants the same numbers in the page that needs no script.
func (b *browser) testTables(t *testing.T) {
	b.do(t, chromedp.EmulateViewport(sizes[0][0], sizes[0][1]))
	b.open(t, "/boards/congress-hot?view=table")
	if n := ask[int](t, b, `document.querySelectorAll("#p-issues tbody tr").length`); n == 0 {
		t.Error("no rows without script")
	}
	b.shoot(t, "tables", sizes[0])
}
