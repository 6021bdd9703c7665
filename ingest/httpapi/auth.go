package httpapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
)

const (
	authNone   = ""
	authHeader = "header"
	authBearer = "bearer"
	authHMAC   = "hmac"
)

// authorize puts the credentials on a request. A signature holds the time, so
// each attempt is signed anew.
func (s *Source) authorize(req *http.Request) {
	a := s.cfg.Auth
	switch a.Type {
	case authHeader:
		req.Header.Set(a.Header, a.Token.Reveal())
	case authBearer:
		req.Header.Set("Authorization", "Bearer "+a.Token.Reveal())
	case authHMAC:
		now := strconv.FormatInt(s.opts.Now().Unix(), 10)
		mac := hmac.New(sha256.New, []byte(a.Secret.Reveal()))
		mac.Write([]byte(req.Method + "\n" + req.URL.RequestURI() + "\n" + now))
		req.Header.Set(a.KeyHeader, a.KeyID)
		req.Header.Set(a.TimeHeader, now)
		req.Header.Set(a.Header, hex.EncodeToString(mac.Sum(nil)))
	}
}

var errRedirect = errors.New("the API redirects to another host, or from https to http")

// checkRedirect follows redirects within the host only. net/http carries
// headers of its own choosing to other hosts, X-Token among them.
func (s *Source) checkRedirect(req *http.Request, via []*http.Request) error {
	from := via[len(via)-1].URL
	if req.URL.Host != from.Host || from.Scheme == "https" && req.URL.Scheme != "https" {
		return errRedirect
	}
	if len(via) >= 10 {
		return errors.New("the API redirects in a circle")
	}
	if s.cfg.Auth.Type == authHMAC {
		s.authorize(req)
	}
	return nil
}
