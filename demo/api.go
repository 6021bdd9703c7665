package demo

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"zhicang/demo/yunxi"
)

// Where the API listens, and what it wants to be shown.
const (
	APIPath  = "/api/v1/opinions"
	APIToken = "demo-token-of-a-fictional-county"
)

// apiFile keeps the API's records in the folder, so that Open can serve them
// again.
const apiFile = "api/opinions.jsonl"

// tokenFile holds APIToken for the config to refer to.
const tokenFile = "api/token"

// apiItem is a record as the API gives it. Broken ones have other types, so
// they are kept as raw JSON.
type apiItem struct {
	raw     json.RawMessage
	updated string
}

type apiOpinion struct {
	ID        string       `json:"id"`
	Title     string       `json:"title"`
	Content   *string      `json:"content"`
	Channel   string       `json:"channel"`
	Station   apiStation   `json:"station"`
	Deputy    *apiDeputy   `json:"deputy"` // who wrote it down; null when citizens wrote themselves
	Submitter apiSubmitter `json:"submitter"`
	Region    string       `json:"region_code"`
	Votes     apiVotes     `json:"votes"`
	Submitted string       `json:"submitted_at"`
	Updated   string       `json:"updated_at"`
}

type apiStation struct {
	Code string `json:"code"`
	Name string `json:"name"`
}

type apiDeputy struct {
	Code  string `json:"code"`
	Level string `json:"level"`
}

type apiSubmitter struct {
	IDCard string `json:"id_card"`
	Name   string `json:"name"`
	Phone  string `json:"phone"`
}

type apiVotes struct {
	Up   any `json:"up"`
	Down int `json:"down"`
}

// addOpinions turns a month's station messages into API records.
func (c *County) addOpinions(messages []message) error {
	for i := range messages {
		m := &messages[i]
		item := c.book.opinion(m)
		raw, err := json.Marshal(item)
		if err != nil {
			return fmt.Errorf("encode opinion %s: %w", m.id, err)
		}
		c.items = append(c.items, apiItem{raw: raw, updated: item.Updated})
		c.pending = append(c.pending, *m)
	}
	return nil
}

func (b *book) opinion(m *message) apiOpinion {
	channel := []string{"联络站二维码", "代表二维码", "浙里办", "代表钉"}[m.from.number%4]
	o := apiOpinion{
		ID: m.id, Title: m.title, Channel: channel,
		Station:   apiStation{Code: "LLZ" + m.town, Name: townOf(m.town) + "代表联络站"},
		Submitter: apiSubmitter{IDCard: m.idNumber(), Name: m.from.name, Phone: m.from.phone},
		Region:    yunxi.Code + m.town,
		Votes:     apiVotes{Up: m.likes, Down: m.dislikes},
		Submitted: m.submitted("2006-01-02T15:04:05+08:00"),
		Updated:   m.updated.Format("2006-01-02T15:04:05+08:00"),
	}
	if channel == "代表钉" {
		o.Deputy = &apiDeputy{Code: fmt.Sprintf("RD%04d", m.from.number%317), Level: []string{"县", "乡"}[m.from.number%2]}
	}
	if body := m.content(); body != "" {
		o.Content = &body
	}
	switch m.broken {
	case wrongType:
		o.Votes.Up = map[string]any{"count": m.likes, "display": "赞"}
	case badLikes:
		o.Votes.Up = "很多"
	case unknownChannel:
		o.Channel = "微信群转发"
	}
	return o
}

// closeAPI orders the records as the API serves them, by the time of their
// last change, and writes them to the folder.
func (c *County) closeAPI(dir string) error {
	order := make([]int, len(c.items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(c.items[a].updated, c.items[b].updated), cmp.Compare(a, b))
	})
	items := make([]apiItem, len(order))
	var out bytes.Buffer
	for i, from := range order {
		items[i] = c.items[from]
		c.delivered(&c.pending[from], stationSource, APIPath, "", i+1)
		out.Write(items[i].raw)
		out.WriteByte('\n')
	}
	c.items, c.pending = items, nil
	path := filepath.Join(dir, filepath.FromSlash(apiFile))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(path, out.Bytes(), 0o644),
		os.WriteFile(filepath.Join(dir, filepath.FromSlash(tokenFile)), []byte(APIToken+"\n"), 0o600),
	)
}

// readItems reads what closeAPI wrote.
func readItems(path string) ([]apiItem, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var items []apiItem
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var head struct {
			Updated string `json:"updated_at"`
		}
		raw := bytes.Clone(lines.Bytes())
		if err := json.Unmarshal(raw, &head); err != nil {
			return nil, fmt.Errorf("%s: record %d: %w", path, len(items)+1, err)
		}
		items = append(items, apiItem{raw: raw, updated: head.Updated})
	}
	return items, lines.Err()
}

// API serves the messages of the deputies' stations at APIPath:
//
//	GET /api/v1/opinions?page=1&size=200&since=2025-03-01T00:00:00%2B08:00
//
// with the header "Authorization: Bearer " + APIToken. Pages count from 1,
// sizes end at 500, since is inclusive over updated_at. The answer is
// {"code":0,"data":{"total":…,"page":…,"items":[…]}}. Like its kind, it is
// moody: each handler's fourth request gets a 500 with a page of HTML, and
// every ninth a 429 with Retry-After: 1; asked again, it answers.
func (c *County) API() http.Handler {
	var (
		mu       sync.Mutex
		requests int
	)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != APIPath || r.Method != http.MethodGet {
			http.NotFound(w, r)
			return
		}
		if r.Header.Get("Authorization") != "Bearer "+APIToken {
			reply(w, http.StatusUnauthorized, map[string]any{"code": 401, "message": "令牌无效"})
			return
		}
		mu.Lock()
		requests++
		n := requests
		mu.Unlock()
		switch {
		case n == 4:
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("<html><body><h1>500 系统繁忙</h1></body></html>"))
		case n%9 == 0:
			w.Header().Set("Retry-After", "1")
			reply(w, http.StatusTooManyRequests, map[string]any{"code": 429, "message": "请求过于频繁"})
		default:
			c.page(w, r)
		}
	})
}

func (c *County) page(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	page, size := 1, 200
	for _, p := range []struct {
		name string
		into *int
		max  int
	}{{"page", &page, 1 << 30}, {"size", &size, 500}} {
		if s := q.Get(p.name); s != "" {
			n, err := strconv.Atoi(s)
			if err != nil || n < 1 || n > p.max {
				reply(w, http.StatusBadRequest, map[string]any{"code": 400, "message": "参数 " + p.name + " 不合法"})
				return
			}
			*p.into = n
		}
	}
	items := c.items
	if since := q.Get("since"); since != "" {
		t, err := parseSince(since)
		if err != nil {
			reply(w, http.StatusBadRequest, map[string]any{"code": 400, "message": "参数 since 不合法"})
			return
		}
		from := t.In(shanghai).Format("2006-01-02T15:04:05+08:00")
		i, _ := slices.BinarySearchFunc(items, from, func(it apiItem, s string) int { return cmp.Compare(it.updated, s) })
		items = items[i:]
	}
	start := min((page-1)*size, len(items))
	end := min(start+size, len(items))
	raw := make([]json.RawMessage, 0, end-start)
	for _, it := range items[start:end] {
		raw = append(raw, it.raw)
	}
	reply(w, http.StatusOK, map[string]any{
		"code": 0, "message": "ok",
		"data": map[string]any{"total": len(items), "page": page, "items": raw},
	})
}

// parseSince takes RFC 3339, or a local time without a zone.
func parseSince(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, s, shanghai); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("not a time")
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client went away: nobody is left to tell
}
