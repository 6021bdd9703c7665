package demo

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"testing"
)

type apiAnswer struct {
	Data struct {
		Total int
		Items []struct {
			ID      string `json:"id"`
			Updated string `json:"updated_at"`
		}
	}
}

// ask sends one request to a handler and gives its status and answer.
func ask(t *testing.T, h http.Handler, token string, q url.Values) (int, http.Header, apiAnswer) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, APIPath+"?"+q.Encode(), nil)
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var a apiAnswer
	if w.Code == http.StatusOK {
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
	}
	return w.Code, w.Header(), a
}

func TestAPIPagesThroughEverything(t *testing.T) {
	m := get(t)
	h := m.county.API()
	seen, moods := map[string]bool{}, map[int]int{}
	last := ""
	for page, tries := 1, 0; tries < 200; tries++ {
		status, header, a := ask(t, h, APIToken, url.Values{"page": {strconv.Itoa(page)}, "size": {"150"}})
		moods[status]++
		if status == http.StatusTooManyRequests && header.Get("Retry-After") == "" {
			t.Error("429 without Retry-After")
		}
		if status != http.StatusOK {
			continue
		}
		if len(a.Data.Items) == 0 {
			break
		}
		for _, it := range a.Data.Items {
			if it.Updated < last {
				t.Fatalf("%s is older than the one before it", it.ID)
			}
			seen[it.ID], last = true, it.Updated
		}
		page++
	}
	if len(seen) != len(m.opinions) {
		t.Errorf("%d records, want %d", len(seen), len(m.opinions))
	}
	if moods[http.StatusInternalServerError] != 1 || moods[http.StatusTooManyRequests] == 0 {
		t.Errorf("answers by status: %v, want one 500 and some 429", moods)
	}
	_, _, a := ask(t, m.county.API(), APIToken, url.Values{"since": {last}})
	if a.Data.Total < 1 || a.Data.Items[0].Updated != last {
		t.Errorf("since is not inclusive: %+v", a)
	}
}

func TestAPIRefuses(t *testing.T) {
	h := get(t).county.API()
	for name, c := range map[string]struct {
		token string
		query url.Values
		want  int
	}{
		"token": {"wrong", nil, http.StatusUnauthorized},
		"page":  {APIToken, url.Values{"page": {"zero"}}, http.StatusBadRequest},
		"size":  {APIToken, url.Values{"size": {"501"}}, http.StatusBadRequest},
		"since": {APIToken, url.Values{"since": {"昨天"}}, http.StatusBadRequest},
	} {
		if got, _, _ := ask(t, h, c.token, c.query); got != c.want {
			t.Errorf("%s: status %d, want %d", name, got, c.want)
		}
	}
}
