package grafana

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// A Client speaks to one Grafana. Requests are plain HTTP: the sdk knows
// folders and data sources only by the numbers that Grafana 13 turns off.
type Client struct {
	base  *url.URL
	token string
	user  *url.Userinfo
	http  *http.Client
}

// NewClient takes the address of a Grafana, with user:password in it or with
// a service account's token beside it.
func NewClient(address, token string, client *http.Client) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &Error{Op: "address of Grafana", Msg: "is no URL such as http://127.0.0.1:3000", Try: "look at --url"}
	}
	c := &Client{base: u, token: strings.TrimSpace(token), user: u.User, http: client}
	u.User = nil
	if c.token == "" && c.user == nil {
		return nil, &Error{Op: "Grafana at " + u.Host, Msg: "there is neither a token nor a user", Try: "make a service account with the role Editor (Admin for the data source) and give its token with --token-file or GRAFANA_TOKEN"}
	}
	return c, nil
}

// Host is the address without what is secret in it.
func (c *Client) Host() string { return c.base.Host }

// An Error says what could not be done in Grafana, why, and what to try.
type Error struct {
	Op     string
	Status int // of HTTP; 0 where there was no answer
	Msg    string
	Try    string
	Err    error
}

func (e *Error) Error() string {
	msg := e.Msg
	if e.Status > 0 {
		msg = fmt.Sprintf("%s (HTTP %d)", msg, e.Status)
	}
	return e.Op + ": " + msg
}

// Hint is what to try; the command line prints it after "Try: ".
func (e *Error) Hint() string { return e.Try }

func (e *Error) Unwrap() error { return e.Err }

// longestAnswer bounds what is read of an answer, in bytes.
const longestAnswer = 64 << 20

// do sends one request and decodes the answer into out, which may be nil.
func (c *Client) do(ctx context.Context, op, method, path string, body, out any) error {
	op = op + ": Grafana at " + c.Host()
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s: %w", op, err)
		}
		in = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base.JoinPath(path).String(), in)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "application/json")
	// What is pushed stays editable in Grafana's own pages.
	req.Header.Set("X-Disable-Provenance", "true")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	} else {
		password, _ := c.user.Password()
		req.SetBasicAuth(c.user.Username(), password)
	}
	res, err := c.http.Do(req)
	if err != nil {
		var ue *url.Error
		if errors.As(err, &ue) {
			err = ue.Err
		}
		return &Error{Op: op, Msg: "no answer: " + err.Error(), Try: "look whether it runs and whether --url is right", Err: err}
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return &Error{Op: op, Msg: "the answer broke off: " + err.Error(), Try: "try again", Err: err}
	}
	if res.StatusCode >= 300 {
		return refusal(op, res.StatusCode, data)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(data, out); err != nil {
		return &Error{Op: op, Status: res.StatusCode, Msg: "the answer is no JSON", Try: "look whether --url leads to Grafana itself and not to a page before it", Err: err}
	}
	return nil
}

// refusal is the error of an answer that says no.
func refusal(op string, status int, data []byte) error {
	var answer struct {
		Message string `json:"message"`
	}
	e := &Error{Op: op, Status: status, Msg: http.StatusText(status)}
	if json.Unmarshal(data, &answer) == nil && answer.Message != "" {
		e.Msg = answer.Message
	}
	switch {
	case status == http.StatusUnauthorized:
		e.Try = "look whether the token is right and has not expired"
	case status == http.StatusForbidden:
		e.Try = "give the service account the role Editor; for the data source and alert rules, Admin"
	case strings.Contains(e.Msg, "provisioned"):
		e.Try = "it came from a provisioning file: change it there (zhicang boards export), or take the file away first"
	case status == http.StatusNotFound:
		e.Try = "look whether --url has the path under which Grafana is served"
	}
	return e
}

// exists asks for a thing; one that is not there is no error.
func (c *Client) exists(ctx context.Context, op, path string, out any) (bool, error) {
	err := c.do(ctx, op, http.MethodGet, path, nil, out)
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}
