package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"zhicang/ingest"
	"zhicang/ingest/httpapi"
	"zhicang/ingest/sourcetest"
)

// api serves a table page by page, in each of the ways that the source knows.
type api struct {
	mu    sync.Mutex
	data  sourcetest.Data
	cache map[string][]json.RawMessage // items by since
}

func (a *api) items(since string) []json.RawMessage {
	a.mu.Lock()
	defer a.mu.Unlock()
	if out, ok := a.cache[since]; ok {
		return out
	}
	var out []json.RawMessage
	for i, row := range a.data.Rows {
		if since != "" && row[4] <= since {
			continue
		}
		if a.data.IsBroken(i) {
			out = append(out, json.RawMessage(`"不是对象"`))
			continue
		}
		var o strings.Builder
		for c, name := range a.data.Header {
			value, _ := json.Marshal(row[c]) // a string can always be marshalled
			if row[c] == "" {
				value = []byte("null")
			}
			fmt.Fprintf(&o, "%c%q: %s", "{,"[min(c, 1)], name, value)
		}
		out = append(out, json.RawMessage(o.String()+"}"))
	}
	a.cache[since] = out
	return out
}

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	size, err := strconv.Atoi(q.Get("size"))
	if err != nil || r.Header.Get("Authorization") != "Bearer t0ken" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	items := a.items(q.Get("since"))
	from := 0
	switch r.URL.Path {
	case "/page":
		n, _ := strconv.Atoi(q.Get("page"))
		from = (n - 1) * size
	case "/offset":
		from, _ = strconv.Atoi(q.Get("offset"))
	case "/cursor":
		from, _ = strconv.Atoi(strings.TrimPrefix(q.Get("cursor"), "c"))
	case "/link":
		from, _ = strconv.Atoi(q.Get("start"))
	}
	to := min(from+size, len(items))
	from = min(from, to)
	next := any(nil)
	if to < len(items) {
		next = fmt.Sprintf("c%d", to)
		q.Set("start", strconv.Itoa(to))
		w.Header().Set("Link", fmt.Sprintf(`</link?start=0>; rel="first", </link?%s>; rel="next"`, q.Encode()))
	}
	if items == nil {
		items = []json.RawMessage{}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{
		"code": 0, "data": map[string]any{"rows": items[from:to], "next": next, "total": len(items)},
	})
}

func TestSuite(t *testing.T) {
	for _, paging := range []ingest.PagingConfig{
		{Type: "page"},
		{Type: "page", TotalPath: "data.total"},
		{Type: "offset"},
		{Type: "cursor", CursorPath: "data.next"},
		{Type: "link"},
		{Size: 100_000},
	} {
		t.Run(paging.Type+paging.TotalPath, func(t *testing.T) {
			sourcetest.Run(t, sourcetest.Harness{
				Rest:      true,
				FoundLate: true,
				Open: func(t *testing.T, d sourcetest.Data, fields []string) sourcetest.Place {
					return openPlace(t, paging, d, fields)
				},
			})
		})
	}
}

func openPlace(t *testing.T, paging ingest.PagingConfig, d sourcetest.Data, fields []string) sourcetest.Place {
	a := &api{data: d, cache: map[string][]json.RawMessage{}}
	server := httptest.NewServer(a)
	t.Cleanup(server.Close)
	paging.SizeParam = "size"
	if paging.Size == 0 {
		paging.Size = max(len(d.Rows)/9, 7)
	}
	src, err := httpapi.Open(ingest.Config{Name: sourcetest.SourceName, HTTP: ingest.HTTPConfig{
		URL: server.URL + "/" + paging.Type, Items: "data.rows", Paging: paging,
		Auth:  ingest.AuthConfig{Type: "bearer", Token: "t0ken"},
		Since: ingest.SinceConfig{Field: "留言时间", Param: "since"},
	}}, fields, httpapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return sourcetest.Place{Source: src, Append: func(_ *testing.T, rows [][]string) {
		a.mu.Lock()
		defer a.mu.Unlock()
		clear(a.cache)
		a.data.Rows = append(a.data.Rows[:len(a.data.Rows):len(a.data.Rows)], rows...)
	}}
}
