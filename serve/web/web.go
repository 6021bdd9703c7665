// Package web serves the built-in pages: the boards, drawn in a browser with no
// Grafana beside it, what the tables mean and where their numbers come from.
// Pages are HTML that works without script; small modules draw what needs
// drawing. Every row comes through serve/reader, as the account that is signed
// in, and nothing is loaded from outside.
package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"zhicang/dashboards"
	"zhicang/models"
	"zhicang/models/region"
	"zhicang/serve/account"
	"zhicang/serve/reader"
	"zhicang/transform"
)

// Options are what the pages show, and to whom.
type Options struct {
	Reader   *reader.Reader
	Accounts *account.Book
	Boards   []*dashboards.Board
	Broken   []dashboards.Broken // boards that can't be shown, and say why
	// Follow is called before a page is answered, so that it may SetBoards; nil:
	// the boards stay.
	Follow  func()
	Catalog *models.Catalog
	Regions *region.Tree
	Graph   *transform.Graph // how the tables are made
	// Region is the site's own region, whose name stands at the top of every
	// page; empty when it serves several.
	Region   string
	Location *time.Location // in which moments are shown
	// Secure says that browsers reach the pages under TLS.
	Secure bool
	// Closed says why the pages are closed, in a title and what to do; an empty
	// title: they are open. nil: they always are.
	Closed func() (title, hint string)
	// SessionIdle and SessionMax end a session: unused for so long (0: 2 hours),
	// and in any case after so long (0: 12 hours, a working day).
	SessionIdle, SessionMax time.Duration
	Now                     func() time.Time // nil: time.Now
	Log                     *slog.Logger     // nil: nothing is logged
}

// Server answers requests for pages. It is an http.Handler.
type Server struct {
	o        Options
	site     string
	boards   atomic.Pointer[boardSet]
	age      *dashboards.Board // how old all data are
	sessions *sessions
	files    files
	pages    pages
	handler  http.Handler
}

// New prepares the pages.
func New(o Options) (*Server, error) {
	if o.Reader == nil || o.Accounts == nil || o.Catalog == nil || o.Regions == nil || o.Graph == nil {
		return nil, errors.New("pages: reader, accounts, catalog, regions and graph are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Location == nil {
		o.Location = time.Local
	}
	s := &Server{
		o:        o,
		sessions: newSessions(cmp.Or(o.SessionIdle, 2*time.Hour), cmp.Or(o.SessionMax, 12*time.Hour), o.Now),
	}
	if chain := o.Regions.Ancestors(o.Region); len(chain) > 0 {
		s.site = chain[0].Name
	}
	s.SetBoards(o.Boards, o.Broken)
	var err error
	if s.age, err = dashboards.Age(o.Catalog); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	if s.files, err = openFiles(); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	if s.pages, err = readPages(); err != nil {
		return nil, fmt.Errorf("pages: %w", err)
	}
	s.handler = http.NewCrossOriginProtection().Handler(s.routes())
	return s, nil
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.o.Closed != nil && !strings.HasPrefix(r.URL.Path, s.files.prefix) {
		if title, hint := s.o.Closed(); title != "" {
			s.closed(w, r, title, hint)
			return
		}
	}
	if s.o.Follow != nil && !strings.HasPrefix(r.URL.Path, s.files.prefix) {
		s.o.Follow()
	}
	s.handler.ServeHTTP(w, r)
}

// closed answers everything with why there is nothing else.
func (s *Server) closed(w http.ResponseWriter, r *http.Request, title, hint string) {
	if r.URL.Path == "/healthz" {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, title)
		return
	}
	v := &visit{w: w, r: r, nonce: s.secure(w)}
	w.Header().Del("Strict-Transport-Security") // it would keep browsers from showing this
	s.fail(v, &problem{status: http.StatusServiceUnavailable, title: title, hint: hint, final: true})
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("GET "+s.files.prefix, s.files)
	mux.HandleFunc("GET /signin", s.open(s.signInPage))
	mux.HandleFunc("POST /signin", s.open(s.signIn))
	mux.HandleFunc("POST /signout", s.signed(s.signOut))
	mux.HandleFunc("GET /{$}", s.signed(s.home))
	mux.HandleFunc("GET /boards/{board}", s.signed(s.board))
	mux.HandleFunc("GET /boards/{board}/panels/{panel}", s.signed(s.panelRows))
	mux.HandleFunc("GET /boards/{board}/panels/{panel}/download", s.signed(s.downloadPage))
	mux.HandleFunc("POST /boards/{board}/panels/{panel}/download", s.signed(s.download))
	mux.HandleFunc("GET /dictionary", s.signed(s.dictionary))
	mux.HandleFunc("GET /explain", s.signed(s.explain))
	mux.HandleFunc("/", s.signed(func(*visit) error { return notFound("没有这个页面", "请从首页重新进入") }))
	return mux
}

// health says whether there is something to read: 200 and the publication, or
// 503 and why not. It needs no account and tells nothing of the data.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	// Of a damaged file the pages show what can still be read; who watches the
	// service is told at once.
	if pub, err := s.o.Reader.Current(r.Context()); err != nil && (pub.ID == 0 || errors.Is(err, reader.ErrDamaged)) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, problemOf(err).title)
		return
	}
	fmt.Fprintln(w, "ok")
}

// A visit is one request for a page.
type visit struct {
	w       http.ResponseWriter
	r       *http.Request
	nonce   string
	session session
	account account.Account // zero: nobody is signed in
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// open makes a handler of a page that needs no account.
func (s *Server) open(page func(*visit) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v := &visit{w: w, r: r, nonce: s.secure(w)}
		if err := page(v); err != nil {
			s.fail(v, err)
		}
	}
}

// maxForm bounds what a form may send.
const maxForm = 64 << 10

// signed makes a handler of a page that needs an account. Who is not signed in
// is sent to the sign-in page and back; a form must carry its session's token.
func (s *Server) signed(page func(*visit) error) http.HandlerFunc {
	return s.open(func(v *visit) error {
		if !s.recognise(v) {
			if v.r.Method != http.MethodGet || wantsRows(v.r) {
				return &problem{status: http.StatusUnauthorized, title: "登录已过期", hint: "请重新登录"}
			}
			http.Redirect(v.w, v.r, signInPath(v.r), http.StatusSeeOther)
			return nil
		}
		if v.r.Method == http.MethodPost {
			v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
			if !v.session.matches(v.r.PostFormValue("token")) {
				return &problem{status: http.StatusForbidden, title: "页面已过期", hint: "请返回上一页，刷新后再试"}
			}
		}
		return page(v)
	})
}

// recognise finds out who asks. An account that is no longer in the book is
// nobody's, whatever its session says.
func (s *Server) recognise(v *visit) bool {
	cookie, err := v.r.Cookie(s.cookieName())
	if err != nil {
		return false
	}
	session, ok := s.sessions.get(cookie.Value)
	if !ok {
		return false
	}
	acct, _, ok := s.o.Accounts.Lookup(session.account)
	v.session, v.account = session, acct
	return ok
}

// address is where a request comes from, without its port.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// wantsRows reports whether a request is a script's for rows, not a person's
// for a page.
func wantsRows(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" }
