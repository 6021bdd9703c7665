package cli

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// spoil makes the API fail from a random page on, for good or for a while.
func (c *chaos) spoil(t *testing.T, rnd *rand.Rand, how func(w http.ResponseWriter, body []byte)) bool {
	c.api.spoil(how, rnd.IntN(4))
	if rnd.IntN(2) == 0 {
		c.api.mendAfter(1 + rnd.IntN(2)) // retries get over it
	}
	c.run(t)
	return c.api.spoiled.Load() > 0
}

// fickleAPI serves records page by page, and fails as it is told to.
type fickleAPI struct {
	how     atomic.Pointer[func(http.ResponseWriter, []byte)]
	from    atomic.Int64 // page from which on it fails
	left    atomic.Int64 // failures until it is well again; 0: it stays
	spoiled atomic.Int64 // answers that were spoilt
}

func (a *fickleAPI) spoil(how func(http.ResponseWriter, []byte), from int) {
	a.from.Store(int64(from))
	a.left.Store(0)
	a.spoiled.Store(0)
	a.how.Store(&how)
}

func (a *fickleAPI) mendAfter(n int) { a.left.Store(int64(n)) }

func (a *fickleAPI) mend() { a.how.Store(nil) }

// apiPages and apiSize are what there is to read.
const (
	apiPages = 4
	apiSize  = 50
)

func (a *fickleAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page < 1 {
		http.Error(w, "page", http.StatusBadRequest)
		return
	}
	items := []map[string]string{}
	for i := (page - 1) * apiSize; page <= apiPages && i < page*apiSize; i++ {
		items = append(items, map[string]string{
			"id": fmt.Sprintf("A%04d", i), "who": fmt.Sprintf("网友%d", i%90), "region": "339921100",
			"title": "路灯", "text": fmt.Sprintf("望溪街道第%d盏路灯不亮，晚上走路看不清", i%12),
			"at": time.Date(2025, 1, 1+i%50, 8, i%60, 0, 0, time.UTC).Format("2006-01-02 15:04:05"),
		})
	}
	body, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if how := a.how.Load(); how != nil && int64(page) > a.from.Load() {
		a.spoiled.Add(1)
		if a.left.Load() > 0 && a.left.Add(-1) == 0 {
			a.how.Store(nil)
		}
		(*how)(w, body)
		return
	}
	w.Write(body) // a reader that is gone is no concern of the API
}

// cutOff closes the connection in the middle of an answer.
func cutOff(w http.ResponseWriter, body []byte) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // the other side sees a reset
	}
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:len(body)/2])
}

// halfAnswer ends an answer as if it were whole, in the middle of a record.
func halfAnswer(w http.ResponseWriter, body []byte) {
	w.Write(body[:len(body)*2/3])
}
