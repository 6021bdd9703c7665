package httpapi

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

const (
	pagingNone   = ""
	pagingPage   = "page"
	pagingOffset = "offset"
	pagingCursor = "cursor"
	pagingLink   = "link"
)

// A pager goes from page to page. Pages end where the API says so: at an empty
// page, without a next cursor or link, or when the promised total has come. A
// page shorter than what was asked for is no end: servers cap sizes in
// silence.
type pager struct {
	cfg      ingest.PagingConfig
	base     *url.URL
	number   int // of the request under way, from 1
	page     int
	received int
	total    *int64 // as the last page told it; nil: it did not
	firstLen int
	last     [sha256.Size]byte
	seen     map[string]bool // cursors and links that were followed
}

func newPager(cfg ingest.PagingConfig, base *url.URL) *pager {
	p := &pager{cfg: cfg, base: base, number: 1, page: defaultFirst, seen: map[string]bool{}}
	if cfg.First != nil {
		p.page = *cfg.First
	}
	return p
}

// first is the first request's URL, from the query that all of them share.
func (p *pager) first(u *url.URL) *url.URL {
	values := map[string]string{}
	if p.cfg.SizeParam != "" {
		values[p.cfg.SizeParam] = strconv.Itoa(p.cfg.Size)
	}
	switch p.cfg.Type {
	case pagingPage:
		values[p.cfg.Param] = strconv.Itoa(p.page)
	case pagingOffset:
		values[p.cfg.Param] = "0"
	}
	u = with(u, values)
	p.seen[u.String()] = true
	return u
}

// with is a URL with some query parameters set.
func with(u *url.URL, values map[string]string) *url.URL {
	out := *u
	q := out.Query()
	for k, v := range values {
		q.Set(k, v)
	}
	out.RawQuery = q.Encode()
	return &out
}

// next takes note of the page that came from u, and gives the URL of the one
// after it; nil at the end. Repeated says that the page is the last one once
// more, as some servers answer behind the end, and must not be delivered.
func (p *pager) next(u *url.URL, a *answer) (next *url.URL, repeated bool, err error) {
	sum := a.sum()
	if p.number > 1 && len(a.items) > 0 && sum == p.last {
		// The parameter does work, and the page is shorter than others: the
		// server repeats its last page instead of an empty one.
		if p.number > 2 && len(a.items) < p.firstLen && p.cfg.TotalPath == "" {
			return nil, true, nil
		}
		return nil, false, &ingest.Error{
			Err: errors.New("the API answers with the page before once more"),
			Try: "check paging.param: it may not be what the API calls it; if the API repeats its last page for ever, set paging.total_path",
		}
	}
	p.last = sum
	if p.number == 1 {
		p.firstLen = len(a.items)
	}
	p.received += len(a.items)
	done, err := p.reachedTotal(a)
	if err != nil || done {
		return nil, false, err
	}
	if next, err = p.follow(u, a); err != nil || next == nil {
		return nil, false, err
	}
	if p.number++; p.number > p.cfg.MaxPages {
		p.number--
		return nil, false, &ingest.Error{
			Err: fmt.Errorf("there are more than %d pages", p.cfg.MaxPages),
			Try: "raise paging.max_pages if the API is that long, or ask for larger pages",
		}
	}
	return next, false, nil
}

// reachedTotal compares what has come with what the API promises.
func (p *pager) reachedTotal(a *answer) (bool, error) {
	if p.cfg.TotalPath == "" {
		return false, nil
	}
	value, err := record.At(a.body, splitPath(p.cfg.TotalPath))
	total, numErr := strconv.Atoi(record.Text(value))
	if err != nil || numErr != nil {
		return false, &ingest.Error{
			Err: fmt.Errorf("%s holds no number in the response, which has %s", p.cfg.TotalPath, a.keys()),
			Try: "correct paging.total_path",
		}
	}
	told := int64(total)
	p.total = &told
	if p.received >= total {
		return true, nil
	}
	if len(a.items) == 0 || p.cfg.Type == pagingNone {
		return false, &ingest.Error{
			Err: fmt.Errorf("the API ended after %d records of %d", p.received, total),
			Try: "check paging: without it only the first page comes; run again if records were deleted meanwhile",
		}
	}
	return false, nil
}

// follow finds the next page's URL by the kind of paging.
func (p *pager) follow(u *url.URL, a *answer) (*url.URL, error) {
	switch p.cfg.Type {
	case pagingPage, pagingOffset:
		if len(a.items) == 0 {
			return nil, nil
		}
		p.page++
		at := p.page
		if p.cfg.Type == pagingOffset {
			at = p.received
		}
		return with(u, map[string]string{p.cfg.Param: strconv.Itoa(at)}), nil
	case pagingCursor:
		return p.followCursor(u, a)
	case pagingLink:
		return p.followLink(u, a)
	}
	return nil, nil
}

func (p *pager) followCursor(u *url.URL, a *answer) (*url.URL, error) {
	value, err := record.At(a.body, splitPath(p.cfg.CursorPath))
	cursor := record.Text(value)
	if err != nil && p.number == 1 && len(a.items) > 0 && !a.hasParent(p.cfg.CursorPath) {
		return nil, &ingest.Error{
			Err: fmt.Errorf("%s leads nowhere in the response, which has %s", p.cfg.CursorPath, a.keys()),
			Try: "correct paging.cursor_path",
		}
	}
	if err != nil || cursor == "" || cursor == "false" {
		return nil, nil
	}
	// A cursor may hold anything, so the message does not show it.
	if p.seen[cursor] {
		return nil, &ingest.Error{
			Err: errors.New("the API's next cursor does not move: it was followed before"),
			Try: "check paging.cursor_path and paging.param: the API may expect the cursor under another name",
		}
	}
	p.seen[cursor] = true
	return with(u, map[string]string{p.cfg.Param: cursor}), nil
}

func (p *pager) followLink(u *url.URL, a *answer) (*url.URL, error) {
	target, ok := nextLink(a.header.Values("Link"))
	if !ok {
		return nil, nil
	}
	next, err := u.Parse(target)
	if err != nil {
		return nil, &ingest.Error{
			Err: errors.New("the API's next link is no URL"),
			Try: "ask those who run the API",
		}
	}
	if next.Scheme != p.base.Scheme || next.Host != p.base.Host && !slices.Contains(p.cfg.Hosts, next.Host) {
		return nil, &ingest.Error{
			Err: fmt.Errorf("the API's next link leads to %s://%s, not to its own host", next.Scheme, next.Host),
			Try: "if that host is to have the credentials, list it under paging.hosts; the scheme must stay the same",
		}
	}
	next.Fragment = ""
	if p.seen[next.String()] {
		return nil, &ingest.Error{
			Err: errors.New("the API's next link does not move: it was followed before"),
			Try: "ask those who run the API",
		}
	}
	p.seen[next.String()] = true
	return next, nil
}
