// Package notice tells people that something changed: a webhook, a group robot
// (DingTalk's form, which 浙政钉 takes as well), mail. A notice says what
// stands where and what to do, and never holds a record's content.
package notice

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"zhicang/jobs/post"
	"zhicang/models"
	"zhicang/secret"
)

// Config is one entry of `notices:`.
type Config struct {
	Name string `yaml:"name"`
	Type string `yaml:"type"` // webhook, robot, smtp
	// URL receives the notice (webhook, robot). A robot's holds its token, so
	// it is a secret.
	URL secret.Text `yaml:"url"`
	// Secret signs what is sent (webhook, robot); empty: unsigned.
	Secret secret.Text `yaml:"secret"`
	// Events are the levels that are sent: warn, error, ok. Empty: all.
	Events []string `yaml:"events"`

	Host     string      `yaml:"host"`
	Port     int         `yaml:"port"` // default 465, which is TLS from the first byte; others use STARTTLS
	User     string      `yaml:"user"`
	Password secret.Text `yaml:"password"`
	From     string      `yaml:"from"`
	To       []string    `yaml:"to"`
	// Plain allows a server without TLS, such as a relay on the same machine.
	Plain bool `yaml:"plain"`
}

// Levels of an event.
const (
	OK    = "ok" // it is well again
	Warn  = "warn"
	Error = "error"
)

// An Event is a change that people are told of.
type Event struct {
	Subject string    `json:"subject"` // such as source:portal
	Level   string    `json:"level"`   // ok, warn, error
	Title   string    `json:"title"`   // one line
	Detail  string    `json:"detail"`  // what stands where, what to do
	At      time.Time `json:"at"`
	Site    string    `json:"site"` // which installation speaks
}

// types of notices.
var types = []string{"webhook", "robot", "smtp"}

// Validate checks an entry; problem is "" for a good one.
func (c Config) Validate() (key, problem, try string) {
	switch {
	case c.Name == "":
		return "name", "is required", "name every notice"
	case !slices.Contains(types, c.Type):
		try := "write one of " + strings.Join(types, ", ")
		if near := models.Nearest(c.Type, types); near != "" {
			try = fmt.Sprintf("did you mean %q?", near)
		}
		return "type", fmt.Sprintf("%q is no kind of notice", c.Type), try
	case c.Type != "smtp" && c.URL == "":
		return "url", "is required", "write ${NAME} or file:PATH: an address to which anybody can send is a secret"
	case c.Type == "smtp" && c.Host == "":
		return "host", "is required", "name the mail server"
	case c.Type == "smtp" && (c.From == "" || len(c.To) == 0):
		return "to", "from and at least one to are required", "write addresses such as duty@example.org"
	}
	for _, level := range c.Events {
		if !slices.Contains([]string{OK, Warn, Error}, level) {
			return "events", fmt.Sprintf("%q is none of ok, warn, error", level), "leave the key out for all"
		}
	}
	return "", "", ""
}

// Wants reports whether a notice is about events of a level.
func (c Config) Wants(level string) bool {
	return len(c.Events) == 0 || slices.Contains(c.Events, level)
}

// A Sender sends events to whom the config names.
type Sender struct {
	// Dir is the folder of the config, for secrets in files.
	Dir string
	Now func() time.Time
	// Retries are further attempts at an HTTP address that does not answer.
	Retries int
}

// Send sends an event to one of them.
func (s *Sender) Send(ctx context.Context, to Config, e Event) error {
	if err := s.send(ctx, to, e); err != nil {
		return fmt.Errorf("notice %s: %w", to.Name, err)
	}
	return nil
}

func (s *Sender) send(ctx context.Context, c Config, e Event) error {
	key, err := c.Secret.Read(s.Dir)
	if err != nil {
		return err
	}
	if c.Type == "smtp" {
		return s.mail(ctx, c, e)
	}
	address, err := c.URL.Read(s.Dir)
	if err != nil {
		return err
	}
	if c.Type == "robot" {
		return s.robot(ctx, address, key, e)
	}
	return s.webhook(ctx, address, key, e)
}

// webhook posts the event as it is, signed in X-Zhicang-Signature: the hex
// HMAC-SHA256 of the body.
func (s *Sender) webhook(ctx context.Context, address, key string, e Event) error {
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	header := http.Header{}
	if key != "" {
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		header.Set("X-Zhicang-Signature", hex.EncodeToString(mac.Sum(nil)))
	}
	_, err = post.JSON(ctx, address, header, body, s.Retries)
	return err
}

// robot posts to a group robot. Its signature is base64(HMAC-SHA256(key,
// timestamp "\n" key)) beside the timestamp in milliseconds, both as query
// parameters; it answers 200 with an errcode when it refuses.
func (s *Sender) robot(ctx context.Context, address, key string, e Event) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the address is no URL")
	}
	if key != "" {
		at := strconv.FormatInt(s.Now().UnixMilli(), 10)
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte(at + "\n" + key))
		q := u.Query()
		q.Set("timestamp", at)
		q.Set("sign", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
		u.RawQuery = q.Encode()
	}
	body, err := json.Marshal(map[string]any{
		"msgtype": "markdown",
		"markdown": map[string]string{
			"title": e.Title,
			"text":  fmt.Sprintf("#### %s\n\n%s\n\n> %s · %s", e.Title, e.Detail, e.Site, e.At.Format("2006-01-02 15:04")),
		},
	})
	if err != nil {
		return err
	}
	answer, err := post.JSON(ctx, u.String(), nil, body, s.Retries)
	if err != nil {
		return err
	}
	var said struct {
		Code    int    `json:"errcode"`
		Message string `json:"errmsg"`
	}
	if err := json.NewDecoder(bytes.NewReader(answer)).Decode(&said); err != nil {
		return fmt.Errorf("the robot's answer is no JSON: %w", err)
	}
	if said.Code != 0 {
		return fmt.Errorf("the robot refused (%d): %s", said.Code, said.Message)
	}
	return nil
}

const mailPort = 465

func (s *Sender) mail(ctx context.Context, c Config, e Event) error {
	password, err := c.Password.Read(s.Dir)
	if err != nil {
		return err
	}
	m := mail.NewMsg()
	if err := m.From(c.From); err != nil {
		return fmt.Errorf("from: %w", err)
	}
	if err := m.To(c.To...); err != nil {
		return fmt.Errorf("to: %w", err)
	}
	m.Subject(e.Title)
	m.SetDateWithValue(e.At)
	m.SetBodyString(mail.TypeTextPlain, e.Detail+"\n\n"+e.Site+"\n")
	port := cmp.Or(c.Port, mailPort)
	opts := []mail.Option{mail.WithPort(port), mail.WithTimeout(30 * time.Second)}
	switch {
	case c.Plain:
		opts = append(opts, mail.WithTLSPolicy(mail.NoTLS))
	case port == mailPort:
		opts = append(opts, mail.WithSSL())
	default:
		opts = append(opts, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if c.User != "" {
		opts = append(opts, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(c.User), mail.WithPassword(password))
	}
	client, err := mail.NewClient(c.Host, opts...)
	if err != nil {
		return err
	}
	if err := client.DialAndSendWithContext(ctx, m); err != nil {
		return fmt.Errorf("mail server %s: %w", c.Host, err)
	}
	return nil
}
