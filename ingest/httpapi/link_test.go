package httpapi

import (
	"strings"
	"testing"
)

func TestNextLink(t *testing.T) {
	for header, want := range map[string]string{
		`<https://a/b?page=2>; rel="next"`:                           "https://a/b?page=2",
		`<1>; rel="prev", <3>; rel="next"`:                           "3",
		`<1>;title="a, <x>; rel=\"next\"" ; rel=prev , <3>;rel=NEXT`: "3",
		`<3>; rel="last next"`:                                       "3",
		`<3>; rel=last; rel=next`:                                    "",
		`<3>; rel="nextish"`:                                         "",
		`<3>; title="open`:                                           "",
		`<3`:                                                         "",
		`rel=next`:                                                   "",
		`< /x?a=1,2;3 >; rel=next`:                                   "/x?a=1,2;3",
		`<1>; crossorigin; rel="next"`:                               "1",
	} {
		if got, ok := nextLink([]string{header}); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	if got, _ := nextLink([]string{`<1>; rel=first`, `<2>; rel=next`}); got != "2" {
		t.Errorf("in the second header: %q", got)
	}
}

// FuzzNextLink asks that whatever comes is read to its end, and that a target
// is one that the header holds between angle brackets.
func FuzzNextLink(f *testing.F) {
	for _, s := range []string{`<a>; rel="next"`, `<a>;x="\"`, `<a>,<b>;rel=next`, `;;<>`, `<a>; =; rel=next`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, header string) {
		target, ok := nextLink([]string{header})
		if !ok {
			return
		}
		if !strings.Contains(header, target) || strings.Contains(target, ">") || !strings.Contains(strings.ToLower(header), "next") {
			t.Fatalf("%q is no target in %q", target, header)
		}
	})
}
