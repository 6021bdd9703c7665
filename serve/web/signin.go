package web

import (
	"errors"
	"net/http"
	"net/url"

	"zhicang/serve/account"
)

// signInPath leads to the sign-in page and back to where r wanted to go.
func signInPath(r *http.Request) string {
	if r.URL.Path == "/" && r.URL.RawQuery == "" {
		return "/signin"
	}
	return "/signin?" + url.Values{"next": {r.URL.RequestURI()}}.Encode()
}

// signInView is what the sign-in page shows.
type signInView struct {
	Next, Name, Wrong string
	Out               bool // has just signed out
}

func (s *Server) signInPage(v *visit) error {
	q := v.r.URL.Query()
	if s.recognise(v) {
		http.Redirect(v.w, v.r, localPath(q.Get("next")), http.StatusSeeOther)
		return nil
	}
	return s.show(v, http.StatusOK, "signin", "登录", signInView{Next: q.Get("next"), Out: q.Has("out")})
}

// signIn starts a session. Wrong passwords are slowed by the book and logged
// here; the page never says whether there is such an account.
func (s *Server) signIn(v *visit) error {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxForm)
	name, password, next := v.r.PostFormValue("name"), v.r.PostFormValue("password"), v.r.PostFormValue("next")
	acct, err := s.o.Accounts.Check(v.ctx(), name, password, address(v.r))
	if errors.Is(err, account.ErrWrong) {
		s.o.Log.Warn("wrong password", "account", name, "from", address(v.r))
		return s.show(v, http.StatusUnauthorized, "signin", "登录", signInView{Next: next, Name: name, Wrong: account.ErrWrong.Error()})
	}
	if err != nil {
		return err
	}
	if old, err := v.r.Cookie(s.cookieName()); err == nil {
		s.sessions.end(old.Value)
	}
	s.o.Log.Info("signed in", "account", acct.Name, "from", address(v.r))
	s.setCookie(v.w, s.sessions.begin(acct.Name))
	http.Redirect(v.w, v.r, localPath(next), http.StatusSeeOther)
	return nil
}

func (s *Server) signOut(v *visit) error {
	if cookie, err := v.r.Cookie(s.cookieName()); err == nil {
		s.sessions.end(cookie.Value)
	}
	s.o.Log.Info("signed out", "account", v.account.Name, "from", address(v.r))
	s.setCookie(v.w, "")
	http.Redirect(v.w, v.r, "/signin?out", http.StatusSeeOther)
	return nil
}
