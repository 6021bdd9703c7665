package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

// A session is one sign-in. It is never changed once made, its last use aside.
type session struct {
	account string // the account's name; what it may read is looked up at each request
	csrf    string // what a form must carry
	began   time.Time
	used    time.Time
}

// sessions holds who is signed in. It lives in memory: a restart signs
// everybody out.
type sessions struct {
	idle, whole time.Duration // a session ends after so long unused, and after so long in all
	now         func() time.Time

	mu   sync.Mutex
	byID map[[sha256.Size]byte]*session // by the hash of the id, so that a dump of memory signs nobody in
}

func newSessions(idle, whole time.Duration, now func() time.Time) *sessions {
	return &sessions{idle: idle, whole: whole, now: now, byID: map[[sha256.Size]byte]*session{}}
}

// begin starts a session and returns its id.
func (s *sessions) begin(account string) (id string) {
	id = rand.Text() + rand.Text()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, other := range s.byID {
		if s.over(other, now) {
			delete(s.byID, key)
		}
	}
	s.byID[sha256.Sum256([]byte(id))] = &session{account: account, csrf: rand.Text(), began: now, used: now}
	return id
}

// get returns the session of an id, and counts as its use.
func (s *sessions) get(id string) (session, bool) {
	key := sha256.Sum256([]byte(id))
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.byID[key]
	if !ok {
		return session{}, false
	}
	if s.over(found, now) {
		delete(s.byID, key)
		return session{}, false
	}
	found.used = now
	return *found, true
}

// end ends a session; an unknown id is none.
func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, sha256.Sum256([]byte(id)))
}

func (s *sessions) over(one *session, now time.Time) bool {
	return now.Sub(one.used) >= s.idle || now.Sub(one.began) >= s.whole
}

// matches reports whether a form carries the session's token.
func (s session) matches(token string) bool {
	return subtle.ConstantTimeCompare([]byte(s.csrf), []byte(token)) == 1
}

// cookieName keeps a cookie that was set over plain HTTP from being taken for
// one that was set under TLS.
func (s *Server) cookieName() string {
	if s.o.Secure {
		return "__Host-zhicang"
	}
	return "zhicang"
}

// setCookie hands the browser a session's id; "" takes it back.
func (s *Server) setCookie(w http.ResponseWriter, id string) {
	c := &http.Cookie{
		Name: s.cookieName(), Value: id, Path: "/",
		HttpOnly: true, Secure: s.o.Secure, SameSite: http.SameSiteStrictMode,
	}
	if id == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
