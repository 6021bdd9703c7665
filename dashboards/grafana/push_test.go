package grafana

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/dashboards"
)

// fake is a Grafana that keeps what it is given under the path where it would
// be found again.
type fake struct {
	things map[string]any
	calls  []string
	// refuse answers a request with a status and a message.
	refuse func(r *http.Request) (int, string)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.calls = append(f.calls, r.Method+" "+r.URL.Path)
	if f.refuse != nil {
		if status, msg := f.refuse(r); status != 0 {
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]string{"message": msg})
			return
		}
	}
	if r.URL.Path == "/api/health" {
		w.Write([]byte(`{"version":"12.2.0"}`))
		return
	}
	if r.Method == http.MethodGet {
		thing, ok := f.things[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		json.NewEncoder(w).Encode(thing)
		return
	}
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	at := r.URL.Path
	if r.Method == http.MethodPost {
		switch at {
		case "/api/datasources":
			at = "/api/datasources/uid/" + body["uid"].(string)
		case "/api/dashboards/db":
			at = "/d/" + body["dashboard"].(map[string]any)["uid"].(string)
			body["url"] = at
		default:
			at = path.Join(at, body["uid"].(string))
		}
	}
	f.things[at] = body
	json.NewEncoder(w).Encode(body)
}

func setup(t *testing.T) (*fake, *Client) {
	t.Helper()
	f := &fake{things: map[string]any{}}
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	c, err := NewClient(srv.URL, "token", srv.Client())
	if err != nil {
		t.Fatal(err)
	}
	return f, c
}

func TestPush(t *testing.T) {
	f, c := setup(t)
	alert := dashboards.Alert{ID: "late", Title: "迟", Summary: "迟了", SQL: "SELECT 1 AS problems", Domain: "congress"}
	p := Push{Boards: []*dashboards.Board{every(t)}, Alerts: []dashboards.Alert{alert}, Datasource: Datasource{Address: "127.0.0.1:5434", User: "grafana", Password: "geheim"}}
	done, err := c.Push(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	want := Pushed{Version: "12.2.0", Folders: []string{"测试"}, Boards: []string{"/d/congress-every"}, Alerts: []string{"迟"}}
	if diff := cmp.Diff(want, done); diff != "" {
		t.Error(diff)
	}
	first, err := json.Marshal(f.things)
	if err != nil {
		t.Fatal(err)
	}
	f.calls = nil
	if _, err := c.Push(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(f.things)
	if err != nil || string(first) != string(second) {
		t.Errorf("pushing twice leaves something else: %v", err)
	}
	if diff := cmp.Diff([]string{
		"GET /api/health", "GET /api/datasources/uid/zhicang", "PUT /api/datasources/uid/zhicang", "GET /api/folders/zhicang-congress",
		"POST /api/dashboards/db", "GET /api/v1/provisioning/alert-rules/zhicang-late", "PUT /api/v1/provisioning/alert-rules/zhicang-late",
	}, f.calls); diff != "" {
		t.Errorf("the second push: %s", diff)
	}
	// Without an address the data source stays as somebody set it.
	p.Datasource = Datasource{}
	f.calls = nil
	if _, err := c.Push(t.Context(), p); err != nil || strings.Contains(strings.Join(f.calls, "\n"), "PUT /api/datasources") {
		t.Errorf("%v, %v", err, f.calls)
	}
}

func TestPushErrors(t *testing.T) {
	board := []*dashboards.Board{every(t)}
	cases := []struct {
		name   string
		status int
		msg    string
		on     string // the path that is refused
		want   string
		try    string
	}{
		{"token", 401, "Invalid API key", "/api/datasources/uid/zhicang", "Invalid API key (HTTP 401)", "token is right"},
		{"role", 403, "You'll need additional permissions", "/api/folders", "add folder 测试", "role Editor"},
		{"provisioned", 400, "Cannot save provisioned dashboard", "/api/dashboards/db", "board 样样都有", "boards export"},
		{"proxy", 404, "", "/api/health", "Not Found (HTTP 404)", "--url"},
		{"no data source", 404, "", "/api/datasources/uid/zhicang", "data source zhicang: is not there", "--pg"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, client := setup(t)
			f.things["/api/datasources/uid/zhicang"] = map[string]any{}
			f.refuse = func(r *http.Request) (int, string) {
				if r.URL.Path == c.on {
					return c.status, c.msg
				}
				return 0, ""
			}
			_, err := client.Push(t.Context(), Push{Boards: board})
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || !strings.Contains(e.Try, c.try) {
				t.Errorf("got %v, want %q and try %q", err, c.want, c.try)
			}
			if strings.Contains(err.Error(), "token ") || strings.Contains(err.Error(), "Bearer") {
				t.Errorf("the token stands in %v", err)
			}
		})
	}
}

func TestNewClient(t *testing.T) {
	for _, address := range []string{"", "127.0.0.1:3000", "ftp://x", "http://127.0.0.1:3000"} {
		if _, err := NewClient(address, "", http.DefaultClient); err == nil {
			t.Errorf("%q without a token is taken", address)
		}
	}
	c, err := NewClient("http://admin:pass@127.0.0.1:1/grafana", "", http.DefaultClient)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.do(t.Context(), "health", http.MethodGet, "/api/health", nil, nil); err == nil || strings.Contains(err.Error(), "pass") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("nobody answers: %v", err)
	}
}

func TestProvision(t *testing.T) {
	alert := dashboards.Alert{ID: "late", Title: "迟", Summary: "迟了", SQL: "SELECT 1 AS problems", NoData: "alerting", Domain: "congress"}
	files, err := Provision([]*dashboards.Board{every(t)}, []dashboards.Alert{alert}, Mount)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := Write(dir, append(files, File{"dashboards/congress/gone.json", []byte(`{"uid":"gone","tags":["zhicang"]}`)}, File{"dashboards/own/theirs.json", []byte(`{"uid":"theirs"}`)})); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, files); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for _, f := range files {
		got[f.Name] = true
		if strings.HasSuffix(f.Name, ".yaml") {
			golden(t, strings.ReplaceAll(f.Name, "/", "-"), f.Data)
		}
	}
	if diff := cmp.Diff(map[string]bool{
		"datasources/zhicang.yaml": true, "dashboards/zhicang.yaml": true, "alerting/zhicang.yaml": true, "dashboards/congress/congress-every.json": true,
	}, got); diff != "" {
		t.Error(diff)
	}
	left, err := filepath.Glob(filepath.Join(dir, "dashboards", "*", "*.json"))
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if diff := cmp.Diff([]string{"congress-every.json", "theirs.json"}, left); diff != "" || err != nil {
		t.Errorf("boards that are no more go, those of others stay: %v %s", err, diff)
	}
}
