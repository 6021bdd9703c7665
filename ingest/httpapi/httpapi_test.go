package httpapi_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
	"zhicang/ingest/httpapi"
)

const secret = "S3CRET-t0ken"

// canary stands in the bodies of bad answers.
const canary = "CANARY-330102"

var clock = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// serve answers the n-th request, from 0, by the n-th handler; the last one
// answers all further ones.
func serve(t *testing.T, handlers ...http.HandlerFunc) string {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handlers[min(int(n.Add(1)), len(handlers))-1](w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func body(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprint(w, content)
	}
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"message": %q}`, canary)
	}
}

// result is what a read came to.
type result struct {
	rows   []string
	out    ingest.Outcome
	err    error
	waits  []time.Duration
	logged string
}

func read(t *testing.T, cfg ingest.HTTPConfig, cursor string, fields ...string) (res result) {
	t.Helper()
	if len(fields) == 0 {
		fields = []string{"id"}
	}
	var log bytes.Buffer
	src, err := httpapi.Open(ingest.Config{Name: "api", HTTP: cfg}, fields, httpapi.Options{
		Now: func() time.Time { return clock },
		Sleep: func(ctx context.Context, d time.Duration) error {
			res.waits = append(res.waits, d)
			return ctx.Err()
		},
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	units, err := src.Units(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	res.out, res.err = src.Read(t.Context(), units[0], cursor, func(b ingest.Batch) error {
		for i := range int(b.Record.NumRows()) {
			var cells []string
			for _, c := range b.Record.Columns() {
				if c.IsNull(i) {
					cells = append(cells, "-")
				} else {
					cells = append(cells, c.ValueStr(i))
				}
			}
			res.rows = append(res.rows, strings.Clone(strings.Join(cells, "|")))
		}
		return nil
	})
	res.logged = log.String()
	var e *ingest.Error
	if res.err != nil && (!errors.As(res.err, &e) || e.Source != "api" || e.Unit != units[0].Name || e.Hint() == "") {
		t.Errorf("%v is not an error with source, unit and hint", res.err)
	}
	if e != nil {
		for _, hidden := range []string{canary, secret} {
			if strings.Contains(e.Error()+e.Hint()+res.logged, hidden) {
				t.Errorf("a message holds %s: %v\n%s", hidden, e, res.logged)
			}
		}
	}
	return res
}

func TestBadAnswers(t *testing.T) {
	none := 0
	for _, tt := range []struct {
		name    string
		answers []http.HandlerFunc
		cfg     ingest.HTTPConfig
		want    string
		hint    string
		waits   int
	}{
		{
			name: "html", answers: []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprintf(w, "<html><title>\n统一身份认证 &amp; 登录</title><body>%s</body></html>", canary)
			}},
			want: `HTTP 200, text/html: the API answered with a web page titled "统一身份认证 & 登录"`, hint: "auth:",
		},
		{name: "not json", answers: []http.HandlerFunc{body(canary)}, want: "HTTP 200, application/json: the response is not JSON", hint: "url:"},
		{
			name: "truncated", answers: []http.HandlerFunc{body(`[{"id": "` + canary)},
			want: "HTTP 200: the response ends in its midst (attempt 6)", hint: "paging.size", waits: 5,
		},
		{
			name: "connection cut", answers: []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "100")
				fmt.Fprint(w, `[{"id":1}`)
			}},
			want: "closed the connection before its answer was whole (attempt 6)", waits: 5,
		},
		{
			name: "no items", cfg: ingest.HTTPConfig{Items: "data.rows"},
			answers: []http.HandlerFunc{body(`{"data": {"list": [], "` + canary + `": 1}, "33010219900101": 1}`)},
			want:    "data.rows is no array of records; the response has the fields data, data.list", hint: "set items:",
		},
		{
			name: "failure inside", cfg: ingest.HTTPConfig{Items: "data"},
			answers: []http.HandlerFunc{body(`{"code": 401, "msg": "` + canary + `", "data": null}`)},
			want:    "the API reports a failure inside its response, which has the fields code, data, msg", hint: "check auth:",
		},
		{
			name: "failure with an empty list", cfg: ingest.HTTPConfig{Items: "data"},
			answers: []http.HandlerFunc{body(`{"success": false, "data": []}`)}, want: "reports a failure inside",
		},
		{name: "401", answers: []http.HandlerFunc{status(401)}, want: "HTTP 401 Unauthorized", hint: "check auth:"},
		{name: "404", answers: []http.HandlerFunc{status(404)}, want: "HTTP 404 Not Found", hint: "check url:"},
		{name: "400", answers: []http.HandlerFunc{status(400)}, want: "HTTP 400 Bad Request", hint: "query:"},
		{name: "500 for ever", answers: []http.HandlerFunc{status(500)}, want: "HTTP 500 Internal Server Error (attempt 6)", waits: 5},
		{name: "500 once", cfg: ingest.HTTPConfig{Retries: &none}, answers: []http.HandlerFunc{status(500)}, want: "HTTP 500 Internal Server Error"},
		{
			name: "wait for an hour", answers: []http.HandlerFunc{status(503, "Retry-After", "3600")},
			want: "HTTP 503 Service Unavailable, and asks to wait 1h0m0s",
		},
		{
			name: "redirect to elsewhere", answers: []http.HandlerFunc{status(302, "Location", "http://example.invalid/"+canary)},
			want: "the API redirects to another host",
		},
		{name: "page for ever", cfg: ingest.HTTPConfig{Paging: ingest.PagingConfig{Type: "page"}}, answers: []http.HandlerFunc{body(`[{"id":1}]`)}, want: "request 2: the API answers with the page before once more", hint: "paging.param"},
		{
			name: "too many pages", cfg: ingest.HTTPConfig{Paging: ingest.PagingConfig{Type: "page", MaxPages: 2}},
			answers: []http.HandlerFunc{body(`[{"id":1}]`), body(`[{"id":2}]`), body(`[{"id":3}]`)},
			want:    "request 2: there are more than 2 pages", hint: "paging.max_pages",
		},
		{
			name: "cursor stands", cfg: ingest.HTTPConfig{Items: "r", Paging: ingest.PagingConfig{Type: "cursor", CursorPath: "n"}},
			answers: []http.HandlerFunc{body(`{"r":[{"id":1}],"n":"` + canary + `"}`), body(`{"r":[{"id":2}],"n":"` + canary + `"}`)},
			want:    "request 2: the API's next cursor does not move", hint: "paging.cursor_path",
		},
		{
			name: "cursor path wrong", cfg: ingest.HTTPConfig{Items: "r", Paging: ingest.PagingConfig{Type: "cursor", CursorPath: "meta.next"}},
			answers: []http.HandlerFunc{body(`{"r":[{"id":1}],"next":"x"}`)},
			want:    "meta.next leads nowhere in the response, which has the fields next, r",
		},
		{
			name: "link to another host", cfg: ingest.HTTPConfig{Paging: ingest.PagingConfig{Type: "link"}},
			answers: []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Link", `<http://example.invalid/x?token=`+canary+`>; rel=next`)
				fmt.Fprint(w, `[{"id":1}]`)
			}},
			want: "the API's next link leads to http://example.invalid, not to its own host", hint: "paging.hosts",
		},
		{
			name: "fewer than promised", cfg: ingest.HTTPConfig{Items: "r", Paging: ingest.PagingConfig{Type: "page", TotalPath: "t"}},
			answers: []http.HandlerFunc{body(`{"t": 3, "r":[{"id":1}]}`), body(`{"t": 3, "r":[]}`)},
			want:    "request 2: the API ended after 1 records of 3",
		},
		{
			name: "single page of more", cfg: ingest.HTTPConfig{Items: "r", Paging: ingest.PagingConfig{TotalPath: "t"}},
			answers: []http.HandlerFunc{body(`{"t": 3, "r":[{"id":1}]}`)}, want: "the API ended after 1 records of 3", hint: "check paging:",
		},
		{name: "field renamed", answers: []http.HandlerFunc{body(`[{"ids":"` + canary + `"}]`)}, want: "column id: no column id among: ids", hint: "did you mean id → ids?"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.URL = serve(t, tt.answers...) + "/api/v1"
			tt.cfg.Query = map[string]string{"token": secret}
			tt.cfg.Auth = ingest.AuthConfig{Type: "header", Header: "X-Token", Token: secret}
			res := read(t, tt.cfg, "")
			var e *ingest.Error
			if !errors.As(res.err, &e) || !strings.Contains(e.Error(), tt.want) || !strings.Contains(e.Hint(), tt.hint) {
				t.Errorf("got %v\nTry: %v\nwant %s\nTry: %s", res.err, e.Hint(), tt.want, tt.hint)
			}
			if len(res.waits) != tt.waits {
				t.Errorf("waited %v, want %d times", res.waits, tt.waits)
			}
		})
	}
}

func TestUnreached(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	res := read(t, ingest.HTTPConfig{URL: gone.URL + "/x", Query: map[string]string{"k": secret}}, "")
	if res.err == nil || !strings.Contains(res.err.Error(), "connection refused (attempt 6)") {
		t.Errorf("got %v", res.err)
	}
	release := make(chan struct{})
	slow := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	one := 1
	res = read(t, ingest.HTTPConfig{URL: slow, Timeout: 20 * time.Millisecond, Retries: &one}, "")
	close(release)
	if res.err == nil || !strings.Contains(res.err.Error(), "within 20ms (attempt 2)") {
		t.Errorf("got %v", res.err)
	}
	garbage := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err == nil {
			fmt.Fprintf(conn, "%s\r\n\r\n", canary)
			conn.Close()
		}
	})
	res = read(t, ingest.HTTPConfig{URL: garbage, Retries: new(int)}, "")
	if res.err == nil || !strings.Contains(res.err.Error(), "no proper HTTP answer") {
		t.Errorf("got %v", res.err)
	}
}

func TestRetries(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first http.HandlerFunc
		least time.Duration
		most  time.Duration
	}{
		{"500", status(500), 250 * time.Millisecond, 500 * time.Millisecond},
		{"429 with seconds", status(429, "Retry-After", "7"), 7 * time.Second, 7 * time.Second},
		{"503 with a date", status(503, "Retry-After", clock.Add(90*time.Second).Format(http.TimeFormat)), 90 * time.Second, 90 * time.Second},
		{"503 with a date gone by", status(503, "Retry-After", clock.Add(-time.Hour).Format(http.TimeFormat)), 250 * time.Millisecond, 500 * time.Millisecond},
		{"truncated", body(`[{"id`), 250 * time.Millisecond, 500 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := serve(t, tt.first, body(`[{"id": 1}]`))
			res := read(t, ingest.HTTPConfig{URL: url, Query: map[string]string{"token": secret}}, "")
			if res.err != nil || len(res.rows) != 1 {
				t.Fatalf("%v, %d rows", res.err, len(res.rows))
			}
			if len(res.waits) != 1 || res.waits[0] < tt.least || res.waits[0] > tt.most {
				t.Errorf("waited %v, want once from %s to %s", res.waits, tt.least, tt.most)
			}
			if !strings.Contains(res.logged, "request failed, will be repeated") || strings.Contains(res.logged, secret) {
				t.Errorf("logged %s", res.logged)
			}
		})
	}
}

func TestRateLimit(t *testing.T) {
	url := serve(t, body(`[{"id":1}]`), body(`[{"id":2}]`), body(`[]`))
	res := read(t, ingest.HTTPConfig{URL: url, RateLimit: 4, Paging: ingest.PagingConfig{Type: "page"}}, "")
	// The clock stands still, so each request reserves a place further on.
	want := []time.Duration{250 * time.Millisecond, 500 * time.Millisecond}
	if diff := cmp.Diff(want, res.waits); res.err != nil || diff != "" {
		t.Errorf("%v\n%s", res.err, diff)
	}
}

func TestAuth(t *testing.T) {
	var got http.Header
	var uri string
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got, uri = r.Header, r.RequestURI
		fmt.Fprint(w, `[]`)
	})
	cfg := ingest.HTTPConfig{URL: address + "/a b", Query: map[string]string{"区": "三门"}, Headers: map[string]string{"X-App": "zc"}}
	cfg.Auth = ingest.AuthConfig{Type: "header", Header: "X-Token", Token: secret}
	if res := read(t, cfg, ""); res.err != nil || got.Get("X-Token") != secret || got.Get("X-App") != "zc" {
		t.Errorf("%v %v", res.err, got)
	}
	cfg.Auth = ingest.AuthConfig{Type: "bearer", Token: secret}
	if res := read(t, cfg, ""); res.err != nil || got.Get("Authorization") != "Bearer "+secret {
		t.Errorf("%v %v", res.err, got)
	}
	cfg.Auth = ingest.AuthConfig{Type: "hmac", KeyID: "k1", Secret: secret}
	if res := read(t, cfg, ""); res.err != nil {
		t.Fatal(res.err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "GET\n/a%%20b?%s\n1714979289", url.Values{"区": {"三门"}}.Encode())
	if got.Get("X-Signature") != hex.EncodeToString(mac.Sum(nil)) || got.Get("X-Key-Id") != "k1" || got.Get("X-Timestamp") != "1714979289" {
		t.Errorf("signature of %s: %v", uri, got)
	}
}

func TestPages(t *testing.T) {
	first := 0
	for _, tt := range []struct {
		name    string
		cfg     ingest.HTTPConfig
		answers []http.HandlerFunc
		want    []string
	}{
		{
			// Servers cap the size of pages in silence, so a short page is no end.
			"short pages go on",
			ingest.HTTPConfig{Paging: ingest.PagingConfig{Type: "page", Size: 10, SizeParam: "n"}},
			[]http.HandlerFunc{body(`[{"id":1},{"id":2}]`), body(`[{"id":3}]`), body(`[{"id":4},{"id":5}]`), body(`[]`)},
			[]string{"1", "2", "3", "4", "5"},
		},
		{
			"last page again behind the end",
			ingest.HTTPConfig{Paging: ingest.PagingConfig{Type: "page", First: &first}},
			[]http.HandlerFunc{body(`[{"id":1},{"id":2}]`), body(`[{"id":3}]`), body(`[{"id":3}]`)},
			[]string{"1", "2", "3"},
		},
		{
			"total reached",
			ingest.HTTPConfig{Items: "r", Paging: ingest.PagingConfig{Type: "page", TotalPath: "t"}},
			[]http.HandlerFunc{body(`{"t":"2","r":[{"id":1},{"id":2}]}`), status(500)},
			[]string{"1", "2"},
		},
		{
			"cursor is a number",
			ingest.HTTPConfig{Items: "r", Paging: ingest.PagingConfig{Type: "cursor", CursorPath: "m.next"}},
			[]http.HandlerFunc{body(`{"r":[{"id":1}],"m":{"next":17}}`), body(`{"r":[{"id":2}],"m":{}}`)},
			[]string{"1", "2"},
		},
		{"null is an empty list", ingest.HTTPConfig{Items: "data"}, []http.HandlerFunc{body(`{"code":200,"data":null}`)}, nil},
		{"no content", ingest.HTTPConfig{}, []http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }}, nil},
		{"numbers as written", ingest.HTTPConfig{}, []http.HandlerFunc{body(`[{"id":12345678901234567890},{"id":1.50},{"id":{"a":[1, 2]}}]`)}, []string{"12345678901234567890", "1.50", `{"a":[1,2]}`}},
		{"bom", ingest.HTTPConfig{}, []http.HandlerFunc{body("\xEF\xBB\xBF[{\"id\":1}]")}, []string{"1"}},
		{
			"gbk",
			ingest.HTTPConfig{},
			[]http.HandlerFunc{func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json;charset=GBK")
				w.Write([]byte("[{\"id\":\"\xc2\xb7\xb5\xc6\"}]"))
			}},
			[]string{"路灯"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.URL = serve(t, tt.answers...)
			res := read(t, tt.cfg, "")
			if diff := cmp.Diff(tt.want, res.rows); res.err != nil || diff != "" {
				t.Errorf("%v\n%s", res.err, diff)
			}
		})
	}
}

func TestLinkToListedHost(t *testing.T) {
	var token string
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		token = r.Header.Get("X-Token")
		fmt.Fprint(w, `[{"id":2}]`)
	})
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "<"+other+`/b>; rel="next"`)
		fmt.Fprint(w, `[{"id":1}]`)
	})
	res := read(t, ingest.HTTPConfig{
		URL: address, Auth: ingest.AuthConfig{Type: "header", Header: "X-Token", Token: secret},
		Paging: ingest.PagingConfig{Type: "link", Hosts: []string{strings.TrimPrefix(other, "http://")}},
	}, "")
	if diff := cmp.Diff([]string{"1", "2"}, res.rows); res.err != nil || diff != "" || token != secret {
		t.Errorf("%v, token %q\n%s", res.err, token, diff)
	}
}

func TestCursorWithoutSince(t *testing.T) {
	res := read(t, ingest.HTTPConfig{URL: serve(t, body(`[{"id":1}]`))}, "2024-01-01")
	if res.err != nil || res.out.Cursor != "" {
		t.Errorf("%v, cursor %q: a source that is not incremental has none", res.err, res.out.Cursor)
	}
}

func TestSince(t *testing.T) {
	for _, tt := range []struct {
		name, cursor, values, asked, next string
		lookback                          time.Duration
	}{
		{"first read", "", `"2024-05-01 10:00:00","2024-05-02 09:00:00","2024-05-01 23:00:00"`, "", "2024-05-02 09:00:00", 0},
		{"looks back", "2024-05-02 00:30:00", `"2024-05-02 09:00:00"`, "2024-05-01 23:30:00", "2024-05-02 09:00:00", time.Hour},
		{"nothing later", "2024-05-02 00:30:00", `"2024-05-02 00:10:00"`, "2024-05-01 23:30:00", "2024-05-02 00:30:00", time.Hour},
		{"no records", "2024-05-02", ``, "2024-05-02", "2024-05-02", 0},
		{"zones", "", `"2024-05-01T10:00:00+08:00","2024-05-01T03:00:00Z","2024-05-01 10:30:00"`, "", "2024-05-01T03:00:00Z", 0},
		{"numbers", "99", `100,9,"101"`, "99", "101", 0},
		{"seconds", "1714979289", `1714979290`, "1714979229", "1714979290", time.Minute},
		{"milliseconds", "1714979289000", `1714979290000`, "1714979229000", "1714979290000", time.Minute},
		{"a slip into 2099", "", `"2024-05-01 10:00:00","2099-05-01 10:00:00"`, "", "2024-05-01 10:00:00", 0},
		{"absent in some", "", `null,"2024-05-01 10:00:00",""`, "", "2024-05-01 10:00:00", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var items []string
			if tt.values != "" {
				for v := range strings.SplitSeq(tt.values, ",") {
					items = append(items, `{"id":1,"m":{"at":`+v+`}}`)
				}
			}
			var asked string
			address := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked = r.URL.Query().Get("from")
				fmt.Fprint(w, "["+strings.Join(items, ",")+"]")
			})
			res := read(t, ingest.HTTPConfig{URL: address, Since: ingest.SinceConfig{
				Field: "m.at", Param: "from", Lookback: tt.lookback,
			}}, tt.cursor)
			if res.err != nil || asked != tt.asked || res.out.Cursor != tt.next {
				t.Errorf("%v; asked from %q, want %q; cursor %q, want %q", res.err, asked, tt.asked, res.out.Cursor, tt.next)
			}
		})
	}
	res := read(t, ingest.HTTPConfig{URL: "http://example.invalid", Since: ingest.SinceConfig{Field: "n", Param: "n", Lookback: time.Hour}}, "17")
	if res.err == nil || !strings.Contains(res.err.Error(), "since.lookback needs times") {
		t.Errorf("got %v", res.err)
	}
}

func TestOpenRefuses(t *testing.T) {
	minus := -1
	for want, cfg := range map[string]ingest.HTTPConfig{
		"sources[s].url: is no absolute http or https URL":       {URL: "ftp://x/" + secret},
		"sources[s].url: has a user and password in it":          {URL: "https://u:" + secret + "@x/"},
		"sources[s].timeout: is negative":                        {URL: "http://x", Timeout: -1},
		"sources[s].retries: is negative":                        {URL: "http://x", Retries: &minus},
		"sources[s].rate_limit: is negative":                     {URL: "http://x", RateLimit: -1},
		"sources[s].since: needs field and param both":           {URL: "http://x", Since: ingest.SinceConfig{Field: "a"}},
		"sources[s].since.lookback: is negative":                 {URL: "http://x", Since: ingest.SinceConfig{Field: "a", Param: "b", Lookback: -1}},
		"sources[s].headers: has a name or value that HTTP":      {URL: "http://x", Headers: map[string]string{"a b": secret}},
		`sources[s].auth.type: unknown "basic"`:                  {URL: "http://x", Auth: ingest.AuthConfig{Type: "basic", Token: secret}},
		"sources[s].auth.type: is empty":                         {URL: "http://x", Auth: ingest.AuthConfig{Token: secret}},
		"sources[s].auth.token: is empty":                        {URL: "http://x", Auth: ingest.AuthConfig{Type: "bearer"}},
		"sources[s].auth.token: has a line break in it":          {URL: "http://x", Auth: ingest.AuthConfig{Type: "bearer", Token: secret + "\n"}},
		"sources[s].auth.header: is no header's name":            {URL: "http://x", Auth: ingest.AuthConfig{Type: "header", Token: secret}},
		"sources[s].auth.secret: is empty":                       {URL: "http://x", Auth: ingest.AuthConfig{Type: "hmac"}},
		"sources[s].auth.key_id: is empty":                       {URL: "http://x", Auth: ingest.AuthConfig{Type: "hmac", Secret: secret}},
		`sources[s].paging.type: unknown "pages"`:                {URL: "http://x", Paging: ingest.PagingConfig{Type: "pages"}},
		"sources[s].paging.cursor_path: is empty":                {URL: "http://x", Paging: ingest.PagingConfig{Type: "cursor"}},
		"sources[s].paging.cursor_path: is for paging by cursor": {URL: "http://x", Paging: ingest.PagingConfig{CursorPath: "x"}},
		"sources[s].paging.hosts: is for paging by link only":    {URL: "http://x", Paging: ingest.PagingConfig{Type: "page", Hosts: []string{"y"}}},
		"sources[s].paging.size: is negative":                    {URL: "http://x", Paging: ingest.PagingConfig{Size: -1}},
		"sources[s].paging.max_pages: is negative":               {URL: "http://x", Paging: ingest.PagingConfig{MaxPages: -1}},
	} {
		_, err := httpapi.Open(ingest.Config{Name: "s", HTTP: cfg}, []string{"a"}, httpapi.Options{})
		var e *ingest.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Error(), want) || e.Hint() == "" || strings.Contains(e.Error()+e.Hint(), secret) {
			t.Errorf("got %v, want %s and a hint, without the secret", err, want)
		}
	}
}
