package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/dashboards"
	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
	"zhicang/serve/account"
	"zhicang/serve/reader"
	"zhicang/sql"
	"zhicang/transform"
	"zhicang/transform/category"
	"zhicang/transform/congress"
	"zhicang/transform/dim"
	"zhicang/transform/industry"
	"zhicang/transform/lexicon"
	"zhicang/warehouse"
)

const password = "a password of the test"

// site is the pages over a shelf that a test fills, or leaves empty.
type site struct {
	*httptest.Server
	shelf string
	log   bytes.Buffer
	clock time.Time
}

// newSite serves the pages to two accounts: renda, who reads the congress
// domain, and minzheng, who reads another.
func newSite(t *testing.T) *site {
	t.Helper()
	st := &site{shelf: t.TempDir(), clock: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)}
	now := func() time.Time { return st.clock }
	cat, err := models.Load(models.FS())
	if err != nil {
		t.Fatal(err)
	}
	g := testGraph(t, cat)
	boards, err := dashboards.Load(dashboards.FS(), cat)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("ZHICANG_TEST_PASSWORD", password)
	accounts, err := account.Open([]account.Config{
		{Name: "renda", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{"congress"}, Region: "331022"},
		{Name: "minzheng", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{"assist"}, Region: "000000"},
	}, account.Options{Now: now, Sleep: func(context.Context, time.Duration) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&st.log, nil))
	r, err := reader.Open(t.Context(), reader.Options{
		Shelf: warehouse.Shelf{Dir: st.shelf}, Catalog: cat, Regions: region.Embedded(), Now: now,
		Audit: privacy.OpenAudit(filepath.Join(t.TempDir(), "audit.jsonl"), now),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	s, err := New(Options{
		Reader: r, Accounts: accounts, Boards: boards, Catalog: cat, Graph: g, Regions: region.Embedded(), Region: "331022", Now: now, Log: log,
		Broken: []dashboards.Broken{{UID: "congress-own", Domain: "congress", Title: "自己的看板", Folder: "人大代表履职", Err: errors.New(`congress/own.yaml:7: ads.congress_opinion_count has no column "opinion"`)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	st.Server = httptest.NewServer(s)
	t.Cleanup(st.Close)
	return st
}

// testGraph connects the tables that come with the program.
func testGraph(t *testing.T, cat *models.Catalog) *transform.Graph {
	t.Helper()
	engine, err := warehouse.Open(t.Context(), warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	words, err := fs.Sub(models.FS(), "congress/lexicon")
	if err != nil {
		t.Fatal(err)
	}
	lex, err := lexicon.Load(words)
	if err != nil {
		t.Fatal(err)
	}
	steps := dim.Steps(region.Embedded(), cat, dim.Site{Region: "331022", Timezone: "Asia/Shanghai"})
	steps = append(steps, congress.Steps(congress.Config{Lexicon: lex, Classifier: category.NewKeywords(lex), Regions: region.Embedded(), Region: "331022", Catalog: cat})...)
	steps = append(steps, industry.Steps(industry.Config{Catalog: cat})...)
	g, err := transform.NewGraph(t.Context(), engine, cat, sql.FS(), steps)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// visitor is a browser without script.
type visitor struct {
	t    *testing.T
	site *site
	*http.Client
}

func (st *site) visitor(t *testing.T) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{t, st, &http.Client{Jar: jar}}
}

// signedIn is a visitor who has signed in.
func (st *site) signedIn(t *testing.T, name string) *visitor {
	v := st.visitor(t)
	if code, page := v.post("/signin", url.Values{"name": {name}, "password": {password}}); code != http.StatusOK {
		t.Fatalf("sign-in: %d\n%s", code, page)
	}
	return v
}

func (v *visitor) get(path string) (int, string) {
	v.t.Helper()
	resp, err := v.Get(v.site.URL + path)
	return v.read(resp, err)
}

func (v *visitor) post(path string, form url.Values) (int, string) {
	v.t.Helper()
	resp, err := v.PostForm(v.site.URL+path, form)
	return v.read(resp, err)
}

func (v *visitor) read(resp *http.Response, err error) (int, string) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

var tokenRE = regexp.MustCompile(`name="token" value="([^"]+)"`)

func wants(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(page, w) {
			t.Errorf("the page does not say %q:\n%s", w, page)
		}
	}
}

func TestNothingPublishedYet(t *testing.T) {
	st := newSite(t)
	if code, page := st.visitor(t).get("/healthz"); code != http.StatusServiceUnavailable || strings.TrimSpace(page) != "还没有发布过数据" {
		t.Errorf("health: %d %s", code, page)
	}
	v := st.signedIn(t, "renda")
	code, page := v.get("/")
	wants(t, page, "还没有发布过数据", "zhicang run", "民情热点")
	if code != http.StatusOK {
		t.Errorf("home: %d", code)
	}
	for _, path := range []string{"/boards/congress-hot", "/boards/congress-hot?wall=1", "/boards/congress-hot?view=table", "/boards/congress-hot/panels/issues/download", "/explain?of=H2025000001"} {
		code, page := v.get(path)
		if code != http.StatusServiceUnavailable {
			t.Errorf("%s: %d", path, code)
		}
		wants(t, page, "还没有发布过数据")
	}
	if code, page := v.get("/dictionary"); code != http.StatusOK || !strings.Contains(page, "ads.congress_hot_issue") {
		t.Errorf("the dictionary needs no data: %d\n%s", code, page)
	}
}

func TestDamagedFile(t *testing.T) {
	st := newSite(t)
	for name, data := range map[string]string{warehouse.FileName(1): strings.Repeat("no database ", 1000), "CURRENT": warehouse.FileName(1) + "\n"} {
		if err := os.WriteFile(filepath.Join(st.shelf, name), []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	st.clock = st.clock.Add(time.Minute)
	v := st.signedIn(t, "renda")
	code, page := v.get("/boards/congress-hot")
	if code != http.StatusServiceUnavailable {
		t.Errorf("got %d", code)
	}
	wants(t, page, "数据暂不可读")
	for _, leak := range []string{"duckdb", st.shelf, "goroutine"} {
		if strings.Contains(page, leak) {
			t.Errorf("the page shows %q:\n%s", leak, page)
		}
	}
}

func TestWhoMaySeeWhat(t *testing.T) {
	st := newSite(t)
	for _, path := range []string{"/", "/boards/congress-hot", "/dictionary", "/explain", "/nothing"} {
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Get(st.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(resp.Header.Get("Location"), "/signin") {
			t.Errorf("%s without an account: %d %s", path, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	v := st.signedIn(t, "minzheng")
	_, home := v.get("/")
	if strings.Contains(home, "民情热点") || !strings.Contains(home, "民政 · 全部区划") {
		t.Errorf("home of another domain:\n%s", home)
	}
	if _, origins := v.get("/explain"); strings.Contains(origins, "ads.congress") || !strings.Contains(origins, `<a href="/explain?of=ads.assist_risk_list">`) {
		t.Errorf("what may be traced in another domain:\n%s", origins)
	}
	for path, want := range map[string]int{
		"/boards/congress-hot":                        http.StatusNotFound,
		"/boards/congress-hot/panels/issues":          http.StatusNotFound,
		"/boards/congress-hot/panels/issues/download": http.StatusNotFound,
		"/boards/nothing":                             http.StatusNotFound,
		"/nothing":                                    http.StatusNotFound,
		"/explain?of=ads.congress_hot_issue":          http.StatusNotFound,
		"/explain?of=congress.hot_issue.min_people":   http.StatusNotFound,
		"/explain?of=H2025000001":                     http.StatusNotFound,
	} {
		if code, page := v.get(path); code != want {
			t.Errorf("%s: %d, want %d\n%s", path, code, want, page)
		} else if strings.Contains(page, "威尔逊") {
			t.Errorf("%s tells of another domain:\n%s", path, page)
		}
	}
	// What is of another domain can't be told from what is not there.
	same := func(path string) string {
		code, page := v.get(path)
		return fmt.Sprint(code, regexp.MustCompile(`nonce="[^"]*"`).ReplaceAllString(page, ""))
	}
	for foreign, nothing := range map[string]string{
		"/boards/congress-hot":                        "/boards/congress-hto",
		"/boards/congress-hot?region=331022":          "/boards/congress-hto?region=331022",
		"/boards/congress-hot/panels/issues":          "/boards/congress-hto/panels/issues",
		"/boards/congress-hot/panels/issues/download": "/boards/congress-hto/panels/issues/download",
	} {
		if diff := cmp.Diff(same(nothing), same(foreign)); diff != "" {
			t.Errorf("%s is told from what is not there: %s", foreign, diff)
		}
	}
	if _, page := v.get("/dictionary"); strings.Contains(page, "congress") || !strings.Contains(page, "dim.region") {
		t.Errorf("the dictionary of another domain:\n%s", page)
	}
}

// A board whose column is gone says so, to those who may read its domain.
func TestBrokenBoard(t *testing.T) {
	st := newSite(t)
	v := st.signedIn(t, "renda")
	_, home := v.get("/")
	wants(t, home, "自己的看板", "看板的文件有误", "民情热点")
	code, page := v.get("/boards/congress-own")
	if code != http.StatusInternalServerError || strings.Contains(page, "goroutine") {
		t.Errorf("the board: %d", code)
	}
	wants(t, page, "看板“自己的看板”暂不能显示", "congress/own.yaml:7", "has no column &#34;opinion&#34;")
	other := st.signedIn(t, "minzheng")
	if _, home := other.get("/"); strings.Contains(home, "自己的看板") {
		t.Error("another domain's home lists it")
	}
	if code, page := other.get("/boards/congress-own"); code != http.StatusNotFound || strings.Contains(page, "own.yaml") {
		t.Errorf("another domain is told of it: %d\n%s", code, page)
	}
}

func TestSignIn(t *testing.T) {
	st := newSite(t)
	v := st.visitor(t)
	for _, name := range []string{"renda", "nobody"} {
		code, page := v.post("/signin", url.Values{"name": {name}, "password": {"wrong secret"}})
		if code != http.StatusUnauthorized || !strings.Contains(page, "账号或密码不正确") {
			t.Errorf("wrong password of %s: %d\n%s", name, code, page)
		}
	}
	if log := st.log.String(); !strings.Contains(log, "wrong password") || !strings.Contains(log, "account=renda") || !strings.Contains(log, "from=127.0.0.1") || strings.Contains(log, "wrong secret") {
		t.Errorf("the log of wrong passwords:\n%s", log)
	}

	v = st.signedIn(t, "renda")
	_, page := v.get("/")
	token := tokenRE.FindStringSubmatch(page)
	if token == nil {
		t.Fatalf("no token in:\n%s", page)
	}
	for _, wrong := range []url.Values{{}, {"token": {"guessed"}}} {
		if code, _ := v.post("/signout", wrong); code != http.StatusForbidden {
			t.Errorf("sign-out with the form %v: %d", wrong, code)
		}
	}
	cookies := v.Jar.Cookies(mustParse(t, st.URL))
	if code, page := v.post("/signout", url.Values{"token": {token[1]}}); code != http.StatusOK || !strings.Contains(page, "已退出登录") {
		t.Errorf("sign-out: %d\n%s", code, page)
	}
	v.Jar.SetCookies(mustParse(t, st.URL), cookies)
	if _, page := v.get("/"); !strings.Contains(page, `name="password"`) {
		t.Error("an ended session's cookie still opens pages")
	}
}

func TestFormFromElsewhere(t *testing.T) {
	st := newSite(t)
	req, err := http.NewRequest(http.MethodPost, st.URL+"/signin", strings.NewReader(url.Values{"name": {"renda"}, "password": {password}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://elsewhere.example")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a form of another site signs in: %d", resp.StatusCode)
	}
}

func TestSessionExpires(t *testing.T) {
	st := newSite(t)
	v := st.signedIn(t, "renda")
	st.clock = st.clock.Add(3 * time.Hour)
	if _, page := v.get("/boards/congress-hot?region=331022"); !strings.Contains(page, `name="next" value="/boards/congress-hot?region=331022"`) {
		t.Errorf("after the session is over:\n%s", page)
	}
	req, err := http.NewRequest(http.MethodGet, st.URL+"/boards/congress-hot/panels/issues", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/json")
	if code, body := v.read(v.Do(req)); code != http.StatusUnauthorized || !strings.Contains(body, "登录已过期") {
		t.Errorf("a script's request: %d %s", code, body)
	}
}

func TestHeaders(t *testing.T) {
	st := newSite(t)
	resp, err := http.Get(st.URL + "/signin")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	csp := resp.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("the policy lacks %s: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("the policy is open: %s", csp)
	}
	for key, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Frame-Options": "DENY"} {
		if got := resp.Header.Get(key); got != want {
			t.Errorf("%s: %q, want %q", key, got, want)
		}
	}
	if m := regexp.MustCompile(`(?:src|href)="(?:https?:)?//`).Find(body); m != nil {
		t.Errorf("the page loads from elsewhere: %s", m)
	}
	sheet := regexp.MustCompile(`href="(/static/[^"]+\.css)"`).FindSubmatch(body)
	if sheet == nil {
		t.Fatalf("no style sheet in:\n%s", body)
	}
	kept, err := http.Get(st.URL + string(sheet[1]))
	if err != nil {
		t.Fatal(err)
	}
	kept.Body.Close()
	if kept.StatusCode != http.StatusOK || !strings.Contains(kept.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %d %v", sheet[1], kept.StatusCode, kept.Header)
	}
	for _, path := range []string{"/static/", filepath.Dir(string(sheet[1])) + "/", filepath.Dir(string(sheet[1])) + "/README.md"} {
		if code, page := st.visitor(t).get(path); code == http.StatusOK && !strings.Contains(page, `name="password"`) {
			t.Errorf("%s is served:\n%s", path, page)
		}
	}
}

func TestCookieUnderTLS(t *testing.T) {
	s := &Server{o: Options{Secure: true}}
	w := httptest.NewRecorder()
	s.setCookie(w, "id")
	if got, want := w.Header().Get("Set-Cookie"), "__Host-zhicang=id; Path=/; HttpOnly; Secure; SameSite=Strict"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func mustParse(t *testing.T, s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
