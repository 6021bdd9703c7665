// Package httpapi reads JSON APIs page by page: one unit of ingest an API. It
// knows the ways in which departments' gateways page (number, offset, cursor,
// Link header) and ask for credentials, waits when it is told to, and refuses
// answers that would make an incomplete read look like a whole one.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// Options are what a Source takes from the program around it. The zero value
// is good for use.
type Options struct {
	// Client sends the requests; nil: one of its own. Its redirect rule is
	// replaced: credentials are not carried to another host.
	Client *http.Client
	// Now is the clock of signatures, Retry-After and the since cursor; nil:
	// time.Now.
	Now func() time.Time
	// Sleep waits between attempts, and for the rate limit; nil: a timer. It
	// returns the context's error if that ends first.
	Sleep func(context.Context, time.Duration) error
	// Logger is told of attempts that failed and will be repeated; nil:
	// nobody is.
	Logger *slog.Logger
}

const (
	defaultTimeout  = 30 * time.Second
	defaultRetries  = 5
	defaultSize     = 200
	defaultFirst    = 1
	defaultMaxPages = 100_000
)

// A Source reads one API. Open makes one; it is safe for concurrent use.
type Source struct {
	name    string
	cfg     ingest.HTTPConfig
	asked   []string // what a batch has: the fields, and then perhaps the rest
	fields  []string
	base    *url.URL
	client  *http.Client
	limiter *rate.Limiter
	opts    Options
	retries int
}

var _ ingest.Source = (*Source)(nil)

// Open checks the settings of an `http` source and makes it. Fields are the
// wanted fields of a record, each a key or a dotted path. No request is sent
// yet.
func Open(cfg ingest.Config, fields []string, opts Options) (*Source, error) {
	s := &Source{name: cfg.Name, cfg: cfg.HTTP, asked: slices.Clone(fields), opts: opts, retries: defaultRetries}
	s.fields, _ = record.Named(s.asked)
	if err := s.validate(); err != nil {
		return nil, err
	}
	s.setDefaults()
	client := http.Client{}
	if opts.Client != nil {
		client = *opts.Client
	}
	client.CheckRedirect = s.checkRedirect
	s.client = &client
	if s.cfg.RateLimit > 0 {
		s.limiter = rate.NewLimiter(rate.Limit(s.cfg.RateLimit), 1)
	}
	return s, nil
}

func (s *Source) setDefaults() {
	if s.cfg.Retries != nil {
		s.retries = *s.cfg.Retries
	}
	if s.cfg.Timeout == 0 {
		s.cfg.Timeout = defaultTimeout
	}
	a := &s.cfg.Auth
	if a.KeyHeader == "" {
		a.KeyHeader = "X-Key-Id"
	}
	if a.TimeHeader == "" {
		a.TimeHeader = "X-Timestamp"
	}
	if a.Type == authHMAC && a.Header == "" {
		a.Header = "X-Signature"
	}
	p := &s.cfg.Paging
	if p.Param == "" {
		p.Param = p.Type
	}
	if p.Size == 0 {
		p.Size = defaultSize
	}
	if p.MaxPages == 0 {
		p.MaxPages = defaultMaxPages
	}
	if s.opts.Now == nil {
		s.opts.Now = time.Now
	}
	if s.opts.Sleep == nil {
		s.opts.Sleep = sleep
	}
	if s.opts.Logger == nil {
		s.opts.Logger = slog.New(slog.DiscardHandler)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// Units lists the one stream of the API, under the path of its URL. It has no
// stamp: whether there is anything new is told only by reading.
func (s *Source) Units(ctx context.Context) ([]ingest.Unit, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return []ingest.Unit{{Name: s.unitName()}}, nil
}

func (s *Source) unitName() string {
	if s.base.Path == "" {
		return "/"
	}
	return s.base.Path
}

// Read delivers the records from the cursor on. The cursor is the largest
// value of since.field delivered so far; without `since` it stays empty, and
// everything is read each time.
func (s *Source) Read(
	ctx context.Context, _ ingest.Unit, cursor string, yield func(ingest.Batch) error,
) (ingest.Outcome, error) {
	return record.Deliver(ctx, yield, func(yield func(ingest.Batch) error) (ingest.Outcome, error) {
		return s.read(ctx, cursor, yield)
	}, func(err error) error { return s.at(err) })
}

// at completes an error with the source and its unit.
func (s *Source) at(err error) error {
	var known *ingest.Error
	if errors.As(err, &known) {
		e := *known
		e.Source, e.Unit = s.name, s.unitName()
		return &e
	}
	return &ingest.Error{Source: s.name, Unit: s.unitName(), Err: err, Try: "run it again; if it stays, report it"}
}

func (s *Source) read(ctx context.Context, cursor string, yield func(ingest.Batch) error) (ingest.Outcome, error) {
	since, err := newSince(s.cfg.Since, cursor, s.opts.Now())
	if err != nil {
		return ingest.Outcome{}, err
	}
	build := record.NewBuilder(s.asked, "")
	pick := record.NewPicker(s.asked, since.fields()...)
	pages := newPager(s.cfg.Paging, s.base)
	u := pages.first(since.query(s.base, s.cfg.Query))
	position := int64(0)
	for u != nil {
		page, err := s.fetch(ctx, u)
		if err != nil {
			return ingest.Outcome{}, onPage(pages.number, err)
		}
		// Before anything of it is delivered: a page that came before must
		// not come twice.
		next, repeated, err := pages.next(u, page)
		if err != nil {
			return ingest.Outcome{}, onPage(pages.number, err)
		}
		if repeated {
			break
		}
		for _, item := range page.items {
			position++
			if values := pick.Pick(build, position, item); values != nil {
				since.see(values[len(s.fields):])
			}
			if err := build.FlushFull(yield); err != nil {
				return ingest.Outcome{}, err
			}
		}
		u = next
	}
	if err := build.Flush(yield); err != nil {
		return ingest.Outcome{}, err
	}
	if missing := pick.Missing(); len(missing) > 0 && len(pick.Header()) > 0 {
		return ingest.Outcome{}, record.Missing(s.fields, missing, pick.Header())
	}
	return ingest.Outcome{Cursor: since.cursor(), Header: pick.Header(), Total: pages.total}, nil
}

func onPage(n int, err error) error {
	var e *ingest.Error
	if n == 1 || !errors.As(err, &e) {
		return err
	}
	numbered := *e
	numbered.Err = fmt.Errorf("request %d: %w", n, e.Err)
	return &numbered
}

func (s *Source) setting(key, problem, try string) error {
	return &ingest.Error{Source: s.name, Setting: key, Err: errors.New(problem), Try: try}
}

func (s *Source) validate() error {
	c := s.cfg
	u, err := url.Parse(c.URL)
	// What is wrong with a URL is not quoted: a token may stand in it.
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return s.setting("url", "is no absolute http or https URL", "write it whole: https://host/path")
	}
	if u.User != nil {
		return s.setting("url", "has a user and password in it", "use auth: with a token from ${ENV}")
	}
	s.base = u
	switch {
	case len(s.fields) == 0:
		return s.setting("columns", "names no column", "map at least one: columns: {opinion_id: id}")
	case c.Timeout < 0:
		return s.setting("timeout", "is negative", "a time for one request, as in 30s")
	case c.Retries != nil && *c.Retries < 0:
		return s.setting("retries", "is negative", "0 means one attempt and no more")
	case c.RateLimit < 0:
		return s.setting("rate_limit", "is negative", "requests a second; 0 is no limit")
	case (c.Since.Field == "") != (c.Since.Param == ""):
		return s.setting("since", "needs field and param both", "field: the record's time of change, param: the query parameter that asks for later ones")
	case c.Since.Lookback < 0:
		return s.setting("since.lookback", "is negative", "how far to go back behind the cursor, as in 1h")
	}
	for name, value := range c.Headers {
		if !validHeader(name) || strings.ContainsAny(value, "\r\n") {
			return s.setting("headers", "has a name or value that HTTP does not allow", "names are letters, digits and hyphens; values have one line")
		}
	}
	if err := s.validateAuth(); err != nil {
		return err
	}
	return s.validatePaging()
}

func (s *Source) validateAuth() error {
	a := s.cfg.Auth
	const empty = "is empty"
	switch a.Type {
	case authNone:
		if a.Token != "" || a.Secret != "" {
			return s.setting("auth.type", empty, "header, bearer or hmac")
		}
		return nil
	case authHeader, authBearer:
		if a.Type == authHeader && !validHeader(a.Header) {
			return s.setting("auth.header", "is no header's name", "the name of the header that carries the token, as in X-Token")
		}
		if a.Token == "" {
			return s.setting("auth.token", empty, "set the environment variable that it refers to")
		}
	case authHMAC:
		if a.Secret == "" {
			return s.setting("auth.secret", empty, "set the environment variable that it refers to")
		}
		if a.KeyID == "" {
			return s.setting("auth.key_id", empty, "the name under which the API knows the secret")
		}
		for key, h := range map[string]string{"header": a.Header, "key_header": a.KeyHeader, "time_header": a.TimeHeader} {
			if h != "" && !validHeader(h) {
				return s.setting("auth."+key, "is no header's name", "letters, digits and hyphens")
			}
		}
	default:
		return s.setting("auth.type", fmt.Sprintf("unknown %q", a.Type), "header, bearer or hmac; leave it out for none")
	}
	if strings.ContainsAny(a.Token.Reveal()+a.KeyID, "\r\n") {
		return s.setting("auth.token", "has a line break in it", "take the line's end off the file or variable that it comes from")
	}
	return nil
}

func (s *Source) validatePaging() error {
	p := s.cfg.Paging
	switch {
	case !slices.Contains([]string{pagingNone, pagingPage, pagingOffset, pagingCursor, pagingLink}, p.Type):
		return s.setting("paging.type", fmt.Sprintf("unknown %q", p.Type), "page, offset, cursor or link; leave it out for a single response")
	case p.Type == pagingCursor && p.CursorPath == "":
		return s.setting("paging.cursor_path", "is empty", "the dotted path of the next cursor in a response, as in data.next")
	case p.Type != pagingCursor && p.CursorPath != "":
		return s.setting("paging.cursor_path", "is for paging by cursor only", "set paging.type: cursor, or leave it out")
	case p.Type != pagingLink && len(p.Hosts) > 0:
		return s.setting("paging.hosts", "is for paging by link only", "set paging.type: link, or leave it out")
	case p.Size < 0:
		return s.setting("paging.size", "is negative", "records asked for a page; 0 is "+strconv.Itoa(defaultSize))
	case p.MaxPages < 0:
		return s.setting("paging.max_pages", "is negative", "0 is "+strconv.Itoa(defaultMaxPages))
	}
	return nil
}

func validHeader(name string) bool {
	for _, r := range name {
		if r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) {
			return false
		}
	}
	return name != ""
}
