package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/reader"
)

const pagesPassword = "a password of the test"

// pagesSite is the built-in pages over a demo county, with a clock to turn.
type pagesSite struct {
	*httptest.Server
	county county
	later  atomic.Int64 // by how much the clock has been turned
	audit  string
}

// servePages serves the pages to renda, who reads all of the county, and to
// zhen, who reads one of its towns.
func servePages(t *testing.T, c county) *pagesSite {
	t.Helper()
	st := &pagesSite{county: c}
	began := time.Date(2026, 1, 1, 9, 0, 0, 0, time.FixedZone("", 8*3600))
	e := &env{out: io.Discard, err: io.Discard, config: c.config, now: func() time.Time { return began.Add(time.Duration(st.later.Load())) }}
	a, err := e.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	t.Setenv("ZHICANG_TEST_PASSWORD", pagesPassword)
	accounts, err := account.Open([]account.Config{
		{Name: "renda", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{account.AllDomains}, Region: "339921"},
		{Name: "zhen", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{"congress"}, Region: "339921001"},
	}, account.Options{Regions: a.regions, Now: e.now})
	if err != nil {
		t.Fatal(err)
	}
	st.audit = filepath.Join(a.dir, "audit.jsonl")
	r, err := reader.Open(t.Context(), reader.Options{
		Shelf: a.shelf(), Catalog: a.catalog, Regions: a.regions, Audit: privacy.OpenAudit(st.audit, e.now), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	pages, err := a.pages(t.Context(), r, accounts, false)
	if err != nil {
		t.Fatal(err)
	}
	st.Server = httptest.NewServer(pages)
	t.Cleanup(st.Close)
	return st
}

// testPages does in a browser what an analyst would do.
func testPages(t *testing.T, c county) {
	st := servePages(t, c)
	t.Run("downloads", func(t *testing.T) { testDownloads(t, st) })
	t.Run("a town sees itself", func(t *testing.T) { testTownPages(t, st) })
	t.Run("browser", func(t *testing.T) {
		b := openBrowser(t, st)
		t.Run("sign in", func(t *testing.T) { b.testSignIn(t) })
		t.Run("boards", func(t *testing.T) { b.testBoards(t) })
		t.Run("choices", func(t *testing.T) { b.testChoices(t) })
		t.Run("an issue and its messages", func(t *testing.T) { b.testIssue(t) })
		t.Run("meaning and origin", func(t *testing.T) { b.testMeaning(t) })
		t.Run("wall", func(t *testing.T) { b.testWall(t) })
		t.Run("without script", func(t *testing.T) { b.testTables(t) })
		t.Run("a session ends", func(t *testing.T) { b.testExpiry(t) })
		t.Run("sign out", func(t *testing.T) { b.testSignOut(t) })
		b.complaints(t)
	})
}

// A browser is one tab of Chromium.
type browser struct {
	site *pagesSite
	ctx  context.Context
	out  string // where screenshots go
	said atomic.Pointer[[]string]
}

// openBrowser starts Chromium, and skips the test where there is none.
func openBrowser(t *testing.T, st *pagesSite) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && path == "" {
			path = found
		}
	}
	if path == "" {
		t.Skip("there is no Chromium here (Debian: apt-get install chromium)")
	}
	b := &browser{site: st, out: os.Getenv("ZHICANG_SCREENSHOTS")}
	if b.out == "" {
		b.out = filepath.Join("testdata", "screenshots")
	}
	if err := os.MkdirAll(b.out, 0o755); err != nil {
		t.Fatal(err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-background-networking", true))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancelTab := chromedp.NewContext(alloc)
	t.Cleanup(cancelTab)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	b.ctx = ctx
	b.listen()
	return b
}

// listen keeps what the page complains of: scripts that fail, and what the
// security policy forbids.
func (b *browser) listen() {
	messages := chromedp.Console(b.ctx)
	b.said.Store(new([]string))
	go func() {
		for m, err := range messages {
			if err != nil {
				return
			}
			if m.Type == "error" && m.Source != "network" || m.IsException() {
				list := append(append([]string{}, *b.said.Load()...), m.String())
				b.said.Store(&list)
			}
		}
	}()
}

func (b *browser) complaints(t *testing.T) {
	for _, m := range *b.said.Load() {
		t.Errorf("the browser complains: %s", m)
	}
}

// wait bounds one step in the browser.
const wait = 30 * time.Second

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, wait)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, wait)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (b *browser) open(t *testing.T, path string) {
	t.Helper()
	b.do(t, chromedp.Navigate(b.site.URL+path))
}

// loaded waits until every panel has shown what it has.
func (b *browser) loaded(t *testing.T) {
	t.Helper()
	b.do(t, chromedp.WaitReady(chromedp.CSS("body[data-loaded=true]")))
}

// sizes are those at which every page must look well.
var sizes = [][2]int64{{1440, 900}, {1920, 1080}, {390, 844}}

// shoot keeps the page as it looks at a size.
func (b *browser) shoot(t *testing.T, name string, size [2]int64) {
	t.Helper()
	b.do(t, chromedp.EmulateViewport(size[0], size[1]))
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.out, fmt.Sprintf("%s-%dx%d.png", name, size[0], size[1]))
	if err := os.WriteFile(file, png, 0o644); err != nil {
		t.Fatal(err)
	}
}

func (b *browser) signIn(t *testing.T, password string) {
	t.Helper()
	b.do(t, chromedp.SetValue(chromedp.ID("name"), "renda"), chromedp.SetValue(chromedp.ID("password"), password), chromedp.Submit(chromedp.CSS("form.sheet")))
}

func (b *browser) testSignIn(t *testing.T) {
	b.open(t, "/boards/congress-hot")
	b.do(t, chromedp.WaitVisible(chromedp.ID("password")))
	b.shoot(t, "signin", sizes[0])
	b.signIn(t, "not this one")
	b.do(t, chromedp.WaitVisible(chromedp.CSS("[role=alert]")))
	if said := ask[string](t, b, `document.querySelector("[role=alert]").textContent`); said != "账号或密码不正确" {
		t.Errorf("a wrong password: %q", said)
	}
	b.signIn(t, pagesPassword)
	b.do(t, chromedp.WaitVisible(chromedp.CSS("main.board")))
	if at := ask[string](t, b, `location.pathname`); at != "/boards/congress-hot" {
		t.Errorf("signed in, and led to %s", at)
	}
	b.open(t, "/")
	for _, size := range sizes {
		b.shoot(t, "home", size)
	}
	if who := ask[string](t, b, `document.querySelector(".who").textContent`); !strings.Contains(who, "全部领域 · 云溪县") || !strings.Contains(who, "renda") {
		t.Errorf("who is signed in: %s", who)
	}
}

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
		rows := b.site.county.rows(t, fmt.Sprintf(`SELECT opinions FROM ads.congress_opinion_count WHERE period = '%s' AND region_code = '%s' AND category = '全部' AND channel = '全部'
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
	want := b.site.county.rows(t, "SELECT count(*) FROM ads.congress_hot_issue_opinion WHERE issue_id = '"+id+"'")[0][0]
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

func (b *browser) testExpiry(t *testing.T) {
	b.site.later.Add(int64(13 * time.Hour))
	b.open(t, "/boards/congress-hot?period=week")
	b.do(t, chromedp.WaitVisible(chromedp.ID("password")))
	b.signIn(t, pagesPassword)
	b.do(t, chromedp.WaitVisible(chromedp.CSS("main.board")))
	if at := ask[string](t, b, `location.pathname + location.search`); at != "/boards/congress-hot?period=week" {
		t.Errorf("signed in again, and led to %s", at)
	}
}

func (b *browser) testSignOut(t *testing.T) {
	b.do(t, chromedp.Click(chromedp.CSS(".who button")), chromedp.WaitVisible(chromedp.ID("password")))
	b.open(t, "/")
	if at := ask[string](t, b, `location.pathname`); at != "/signin" {
		t.Errorf("signed out, and still led to %s", at)
	}
}

// visit signs in without a browser and returns a client and the token that its
// forms must carry.
func (st *pagesSite) visit(t *testing.T, name string) (*http.Client, string) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	resp, err := client.PostForm(st.URL+"/signin", url.Values{"name": {name}, "password": {pagesPassword}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	token := regexp.MustCompile(`name="token" value="([^"]+)"`).FindSubmatch(page)
	if token == nil {
		t.Fatalf("%s is not signed in:\n%s", name, page)
	}
	return client, string(token[1])
}

// fetch gets a page's body.
func fetch(t *testing.T, resp *http.Response, err error) (int, []byte) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, body
}

const issuesDownload = "/boards/congress-hot/panels/issues/download?region=339921&period=month&start=2025-12-01&category=" + "%E5%85%A8%E9%83%A8"

// testDownloads wants the same rows in both files as in the publication, under
// Chinese headings, and a line in the audit log for each.
func testDownloads(t *testing.T, st *pagesSite) {
	client, token := st.visit(t, "renda")
	want := st.county.rows(t, `SELECT rank, title, people FROM ads.congress_hot_issue WHERE period = 'month' AND region_code = '339921' AND period_start = DATE '2025-12-01' ORDER BY rank`)
	form := url.Values{"token": {token}, "purpose": {"主任会议材料"}, "format": {"csv"}}

	noPurpose := url.Values{"token": {token}, "format": {"csv"}}
	resp, err := client.PostForm(st.URL+issuesDownload, noPurpose)
	if code, body := fetch(t, resp, err); code != http.StatusUnprocessableEntity || !bytes.Contains(body, []byte("请填写用途")) {
		t.Errorf("without a purpose: %d", code)
	}
	resp, err = client.PostForm(st.URL+issuesDownload, form)
	code, body := fetch(t, resp, err)
	if code != http.StatusOK || !bytes.HasPrefix(body, []byte("\uFEFF排名,问题,")) {
		t.Fatalf("CSV: %d %.200s", code, body)
	}
	records, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	people := 0
	for i, head := range records[0] {
		if head == "人数(人)" {
			people = i
		}
	}
	pick := func(rows [][]string) (list [][]string) {
		for _, r := range rows[1:] {
			list = append(list, []string{r[0], r[1], r[people]})
		}
		return list
	}
	if diff := cmp.Diff(want, pick(records)); diff != "" {
		t.Errorf("CSV (-published +downloaded):\n%s", diff)
	}

	form.Set("format", "xlsx")
	resp, err = client.PostForm(st.URL+issuesDownload, form)
	_, body = fetch(t, resp, err)
	book, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheet, err := book.GetRows("数据", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, pick(sheet)); diff != "" {
		t.Errorf("XLSX (-published +downloaded):\n%s", diff)
	}
	notes, err := book.GetRows("说明")
	if err != nil {
		t.Fatal(err)
	}
	if all := fmt.Sprint(notes); !strings.Contains(all, "2025-12-31") || !strings.Contains(all, "主任会议材料") || !strings.Contains(all, "威尔逊") {
		t.Errorf("the second sheet says %s", all)
	}
	log, err := os.ReadFile(st.audit)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "下载 民情热点 · 热点问题，用途：主任会议材料"); n != 2 {
		t.Errorf("%d lines of the audit log are about the two downloads", n)
	}
}

// testTownPages wants nothing of the county on a page of one of its towns.
func testTownPages(t *testing.T, st *pagesSite) {
	client, token := st.visit(t, "zhen")
	resp, err := client.Get(st.URL + "/boards/congress-hot?region=339921&view=table")
	if code, page := fetch(t, resp, err); code != http.StatusOK || !bytes.Contains(page, []byte(`aria-current="location">云城街道<`)) || bytes.Contains(page, []byte("望溪街道")) {
		t.Errorf("the town's board: %d\n%s", code, page)
	}
	resp, err = client.PostForm(st.URL+issuesDownload, url.Values{"token": {token}, "purpose": {"核对"}, "format": {"csv"}})
	code, body := fetch(t, resp, err)
	want := st.county.rows(t, `SELECT count(*) FROM ads.congress_hot_issue WHERE period = 'month' AND region_code = '339921001' AND period_start = DATE '2025-12-01'`)[0][0]
	if got := bytes.Count(body, []byte("\r\n")) - 1; code != http.StatusOK || strconv.Itoa(got) != want {
		t.Errorf("the town's download of the county's issues: %d, %d rows, want its own %s", code, got, want)
	}
}
