package cli

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/reader"
)

const pagesPassword = "a password of the test"

// pagesSite is the built-in pages over a demo county, with a clock to turn.
type pagesSite struct {
	*httptest.Server
	site
	later atomic.Int64 // by how much the clock has been turned
	audit string
}

// servePages serves the pages to renda, who reads all of the county, and to
// zhen, who reads one of its towns.
func servePages(t *testing.T, c site) *pagesSite {
	t.Helper()
	st := &pagesSite{site: c}
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
	pages, err := a.pages(t.Context(), r, accounts, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	st.Server = httptest.NewServer(pages)
	t.Cleanup(st.Close)
	return st
}

// testPages does in a browser what an analyst would do.
func testPages(t *testing.T, c county) {
	st := servePages(t, c.site)
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

// testTownPages wants nothing of the county on a page of one of its towns, and
// of what lies outside no more than of what is not there.
func testTownPages(t *testing.T, st *pagesSite) {
	client, token := st.visit(t, "zhen")
	get := func(path string) (int, string) {
		resp, err := client.Get(st.URL + path)
		code, body := fetch(t, resp, err)
		return code, regexp.MustCompile(`nonce="[^"]*"|token" value="[^"]*"`).ReplaceAllString(string(body), "")
	}
	if code, page := get("/boards/congress-hot?view=table"); code != http.StatusOK || !strings.Contains(page, `aria-current="location">云城街道<`) || strings.Contains(page, "望溪街道") {
		t.Errorf("the town's board: %d\n%s", code, page)
	}
	foreign := st.rows(t, `SELECT min(i.issue_id) FROM ads.congress_hot_issue AS i WHERE i.region_code = '339921' AND NOT EXISTS (
		SELECT 1 FROM ads.congress_hot_issue_opinion AS m WHERE m.issue_id = i.issue_id AND m.region_code LIKE '339921001%')`)[0][0]
	own := st.rows(t, "SELECT min(issue_id) FROM ads.congress_hot_issue WHERE region_code = '339921001'")[0][0]
	for outside, nothing := range map[string]string{
		"/boards/congress-hot?region=339921":      "/boards/congress-hot?region=339999",
		"/boards/congress-hot?region=339921002":   "/boards/congress-hot?region=339921999",
		"/boards/congress-issue?issue=" + foreign: "/boards/congress-issue?issue=inothing",
		"/boards/industry-operation":              "/boards/industry-nothing",
	} {
		code, page := get(outside)
		_, other := get(nothing)
		if code != http.StatusNotFound || page != other {
			t.Errorf("%s: %d, told from %s\n%s", outside, code, nothing, page)
		}
	}
	if code, page := get("/boards/congress-issue?issue=" + own); code != http.StatusOK || !strings.Contains(page, own) {
		t.Errorf("the town's own issue: %d", code)
	}
	resp, err := client.PostForm(st.URL+issuesDownload, url.Values{"token": {token}, "purpose": {"核对"}, "format": {"csv"}})
	if code, body := fetch(t, resp, err); code != http.StatusNotFound || !bytes.Contains(body, []byte("地址不在本账号的范围内")) {
		t.Errorf("the town's download of the county's issues: %d", code)
	}
	// What the town is told of an issue is formed from its own messages.
	wrong := st.rows(t, `SELECT i.issue_id, i.first_day FROM ads.congress_hot_issue AS i
		JOIN dim.region AS r ON r.region_code = i.region_code AND r.level >= 4
		WHERE i.first_day <> (SELECT min(m.day) FROM ads.congress_hot_issue_opinion AS m WHERE m.issue_id = i.issue_id AND starts_with(m.region_code, i.region_code))`)
	if len(wrong) > 0 {
		t.Errorf("towns are told of first days of others: %v", wrong)
	}
}
