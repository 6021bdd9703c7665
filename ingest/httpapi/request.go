package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"zhicang/ingest"
)

const (
	// maxBody bounds a response, which is held in memory.
	maxBody = 64 << 20
	// minWait and maxWait bound the growing pauses between attempts.
	minWait = 500 * time.Millisecond
	maxWait = 30 * time.Second
	// maxRetryAfter is how long a server can make us wait. What asks for more
	// is left to the next run.
	maxRetryAfter = 5 * time.Minute
)

// A failure is an attempt that brought no answer.
type failure struct {
	err   *ingest.Error
	again bool          // another attempt may succeed
	after time.Duration // how long the server asks to wait; 0: it does not say
}

// fetch gets a page, again and again as long as that may help. The loop is our
// own, and not go-retryablehttp's, since an attempt includes reading the body
// to its end, and must be signed anew each time.
func (s *Source) fetch(ctx context.Context, u *url.URL) (*answer, error) {
	for attempt := 0; ; attempt++ {
		if err := s.limit(ctx); err != nil {
			return nil, err
		}
		a, f := s.attempt(ctx, u)
		if f == nil {
			return a, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if f.after > maxRetryAfter {
			f.err.Err = fmt.Errorf("%w, and asks to wait %s", f.err.Err, f.after.Round(time.Second))
			f.err.Try = "run it again after that time"
			return nil, f.err
		}
		if !f.again || attempt >= s.retries {
			if attempt > 0 {
				f.err.Err = fmt.Errorf("%w (attempt %d)", f.err.Err, attempt+1)
			}
			return nil, f.err
		}
		wait := max(backoff(attempt), f.after)
		s.opts.Logger.WarnContext(ctx, "request failed, will be repeated",
			"source", s.name, "unit", s.unitName(), "error", f.err.Err, "wait", wait, "attempt", attempt+1)
		if err := s.opts.Sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// backoff doubles from attempt to attempt, with half of it left to chance so
// that clients that failed together do not come back together.
func backoff(attempt int) time.Duration {
	d := min(minWait<<min(attempt, 16), maxWait)
	return d/2 + rand.N(d/2)
}

func (s *Source) limit(ctx context.Context) error {
	if s.limiter == nil {
		return ctx.Err()
	}
	now := s.opts.Now()
	if d := s.limiter.ReserveN(now, 1).DelayFrom(now); d > 0 {
		return s.opts.Sleep(ctx, d)
	}
	return ctx.Err()
}

// attempt sends one request and reads its answer.
func (s *Source) attempt(ctx context.Context, u *url.URL) (*answer, *failure) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, &failure{err: &ingest.Error{Err: errors.New("the request cannot be made"), Try: "check url: and query:"}}
	}
	req.Header.Set("Accept", "application/json")
	for name, value := range s.cfg.Headers {
		req.Header.Set(name, value)
	}
	s.authorize(req)
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, s.unreached(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, s.refused(resp, body)
	case err != nil:
		return nil, s.unreached(err)
	case len(body) > maxBody:
		return nil, &failure{err: &ingest.Error{
			Err: fmt.Errorf("the response is over %d MiB", maxBody>>20),
			Try: "ask for smaller pages: paging.size, and paging.size_param for its name",
		}}
	}
	a, err := understand(resp.StatusCode, resp.Header, body, s.cfg.Items)
	if errors.Is(err, errTruncated) {
		return nil, &failure{again: true, err: &ingest.Error{
			Err: fmt.Errorf("HTTP %d: %w", resp.StatusCode, err),
			Try: "run it again; if it stays, ask for smaller pages (paging.size)",
		}}
	}
	if err != nil {
		var known *ingest.Error
		if !errors.As(err, &known) {
			known = &ingest.Error{Err: errors.New("the records cannot be read"), Try: "ask those who run the API"}
		}
		return nil, &failure{err: known}
	}
	return a, nil
}

// refused says what a status other than 2xx means.
func (s *Source) refused(resp *http.Response, body []byte) *failure {
	status := resp.StatusCode
	f := &failure{err: &ingest.Error{
		Err: fmt.Errorf("HTTP %d %s", status, http.StatusText(status)), Try: "ask those who run the API",
	}}
	if m := title.FindSubmatch(body[:min(len(body), 64<<10)]); m != nil {
		var page *ingest.Error
		if errors.As(htmlAnswer(f.err.Err.Error(), body), &page) {
			f.err.Err = page.Err
		}
	}
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		f.err.Try = "check auth: the token may have expired, or this machine's address may not be allowed"
	case status == http.StatusNotFound:
		f.err.Try = "check url:"
	case status == http.StatusTooManyRequests:
		f.again, f.err.Try = true, "set rate_limit: lower"
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		f.again, f.err.Try = true, "run it again later"
	case status >= 500:
		f.again, f.err.Try = true, "run it again later; if it stays, ask those who run the API"
	case status >= 400:
		f.err.Try = "check query:, since: and paging: against the API's documents"
	case status >= 300:
		f.err.Try = "set url: to where the API has moved"
	}
	if f.again {
		f.after = retryAfter(resp.Header.Get("Retry-After"), s.opts.Now())
	}
	return f
}

// retryAfter reads the header (RFC 9110 §10.2.3): seconds, or a date.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.Duration(min(max(n, 0), 1<<30)) * time.Second
	}
	if t, err := http.ParseTime(value); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}

// unreached says why no answer came. The library's own errors hold the URL
// with its query, and bytes of malformed answers, so they are not repeated.
func (s *Source) unreached(err error) *failure {
	host := s.base.Host
	f := &failure{again: true, err: &ingest.Error{Try: "check that this machine reaches " + host + "; run it again"}}
	var (
		dns    *net.DNSError
		cert   *tls.CertificateVerificationError
		signer x509.UnknownAuthorityError
		record tls.RecordHeaderError
		errno  syscall.Errno
		netErr net.Error
	)
	switch {
	case errors.Is(err, errRedirect):
		f.again, f.err.Err, f.err.Try = false, errRedirect, "set url: to where the API has moved"
	case errors.As(err, &dns):
		f.err.Err, f.err.Try = fmt.Errorf("the host %s is not known", host), "check url: and this machine's name server"
	case errors.As(err, &cert), errors.As(err, &signer):
		f.again, f.err.Err = false, fmt.Errorf("the certificate of %s is not trusted", host)
		f.err.Try = "install the certificate authority that the department uses"
	case errors.As(err, &record):
		f.again, f.err.Err, f.err.Try = false, fmt.Errorf("%s does not speak TLS", host), "write http:// in url:"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		f.err.Err = fmt.Errorf("no answer from %s within %s", host, s.cfg.Timeout)
		f.err.Try = "raise timeout:, or ask for smaller pages (paging.size)"
	case errors.As(err, &errno):
		f.err.Err = fmt.Errorf("no connection to %s: %w", host, errno)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		f.err.Err = fmt.Errorf("%s closed the connection before its answer was whole", host)
	default:
		f.err.Err = fmt.Errorf("no proper HTTP answer from %s", host)
	}
	return f
}
