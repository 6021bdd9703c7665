package httpapi

import "strings"

// nextLink finds the target of rel="next" among Link headers (RFC 8288 §3).
// It reads what follows the grammar and gives up at what does not.
func nextLink(headers []string) (target string, ok bool) {
	for _, h := range headers {
		for h != "" {
			h = strings.TrimLeft(h, " \t,")
			if !strings.HasPrefix(h, "<") {
				break
			}
			uri, rest, closed := strings.Cut(h[1:], ">")
			if !closed {
				break
			}
			rel, after := linkRel(rest)
			if rel {
				return strings.TrimSpace(uri), true
			}
			h = after
		}
	}
	return "", false
}

// linkRel reads the parameters of a link up to the comma before the next, and
// says whether its relation is "next". Only the first rel counts (§3.3).
func linkRel(s string) (next bool, rest string) {
	decided := false
	for {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, ";") {
			return next, s
		}
		s = strings.TrimLeft(s[1:], " \t")
		end := strings.IndexAny(s, "=;, \t")
		if end < 0 {
			return next, ""
		}
		name := s[:end]
		s = strings.TrimLeft(s[end:], " \t")
		var value string
		if strings.HasPrefix(s, "=") {
			value, s = linkValue(strings.TrimLeft(s[1:], " \t"))
		}
		if strings.EqualFold(name, "rel") && !decided {
			decided = true
			for _, r := range strings.Fields(value) {
				next = next || strings.EqualFold(r, "next")
			}
		}
	}
}

// linkValue reads a token or a quoted string.
func linkValue(s string) (value, rest string) {
	if !strings.HasPrefix(s, `"`) {
		if end := strings.IndexAny(s, ";, \t"); end >= 0 {
			return s[:end], s[end:]
		}
		return s, ""
	}
	var out strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return out.String(), s[i+1:]
		case c == '\\' && i+1 < len(s):
			i++
			out.WriteByte(s[i])
		default:
			out.WriteByte(c)
		}
	}
	return "", "" // the quote is not closed: nothing behind it can be trusted
}
