package web

import (
	"crypto/rand"
	"net/http"
	"strings"
)

// secure sets what every answer carries: nothing from elsewhere is loaded,
// nothing inline runs, no other site frames the page, nothing is kept by a
// cache that others share. It returns the nonce of the one inline style sheet
// that a page may carry: where its panels stand.
func (s *Server) secure(w http.ResponseWriter) (nonce string) {
	nonce = rand.Text()
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-"+nonce+
		"'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	if s.o.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return nonce
}

// localPath is where to go after signing in: a page of ours, or home. Browsers
// take a backslash for a slash, so //host and /\host both lead elsewhere.
func localPath(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return "/"
	}
	return next
}
