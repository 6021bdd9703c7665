package web

import "testing"

func TestLocalPath(t *testing.T) {
	for next, want := range map[string]string{
		"":                             "/",
		"/":                            "/",
		"/boards/x?region=339921":      "/boards/x?region=339921",
		"https://elsewhere.example/":   "/",
		"//elsewhere.example/":         "/",
		`/\elsewhere.example/`:         "/",
		`\\elsewhere.example`:          "/",
		"/\t/elsewhere.example":        "/",
		"javascript:alert(1)":          "/",
		"boards/x":                     "/",
		"/boards/x\r\nSet-Cookie: a=b": "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("localPath(%q) = %q, want %q", next, got, want)
		}
	}
}
