package notice

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"zhicang/secret"
)

var event = Event{
	Subject: "source:portal", Level: Error, Title: "来源 portal 已 50 小时没有新数据", Detail: "请查看 zhicang status",
	At: time.Date(2026, 6, 1, 7, 0, 0, 0, time.UTC), Site: "云溪县",
}

func sender(t *testing.T) *Sender {
	t.Helper()
	return &Sender{Now: func() time.Time { return event.At }}
}

// named puts a value into the environment and returns what names it.
func named(t *testing.T, name, value string) secret.Text {
	t.Helper()
	t.Setenv(name, value)
	return secret.Text("${" + name + "}")
}

func TestWebhook(t *testing.T) {
	var body, signature string
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body, signature = string(b), r.Header.Get("X-Zhicang-Signature")
	}))
	defer srv.Close()
	c := Config{Name: "duty", Type: "webhook", URL: named(t, "NOTICE_URL", srv.URL), Secret: named(t, "NOTICE_KEY", "key")}
	if err := sender(t).Send(t.Context(), c, event); err != nil {
		t.Fatal(err)
	}
	want := `{"subject":"source:portal","level":"error","title":"来源 portal 已 50 小时没有新数据","detail":"请查看 zhicang status","at":"2026-06-01T07:00:00Z","site":"云溪县"}`
	if body != want {
		t.Errorf("got  %s\nwant %s", body, want)
	}
	// printf '%s' "$body" | openssl dgst -sha256 -hmac key
	if signature != "830318d23c73ce88c1d25b9c57837d5a1315d458ca7a6d5dd329ac4a6c8b5713" {
		t.Errorf("signature %s", signature)
	}
}

func TestRobot(t *testing.T) {
	var query, body string
	answer := `{"errcode":0,"errmsg":"ok"}`
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		query, body = r.URL.RawQuery, string(b)
		fmt.Fprint(w, answer)
	}))
	defer srv.Close()
	c := Config{Name: "group", Type: "robot", URL: named(t, "NOTICE_URL", srv.URL+"/robot/send?access_token=t0ken"), Secret: named(t, "NOTICE_KEY", "SECkey")}
	if err := sender(t).Send(t.Context(), c, event); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"access_token=t0ken", "sign=sWGQ4xOjU0C6wj9sbuiR%2BpW7fhq5BWPoPvMFJIz9Be0%3D", "timestamp=1780297200000"} {
		if !strings.Contains(query, want) {
			t.Errorf("query %s does not hold %s", query, want)
		}
	}
	if !strings.Contains(body, `"msgtype":"markdown"`) || !strings.Contains(body, "云溪县 · 2026-06-01 07:00") {
		t.Error(body)
	}

	answer = `{"errcode":310000,"errmsg":"sign not match"}`
	if err := sender(t).Send(t.Context(), c, event); err == nil || !strings.Contains(err.Error(), "notice group: the robot refused (310000): sign not match") {
		t.Errorf("a refusal: %v", err)
	}
}

func TestAddressesStaySecret(t *testing.T) {
	for _, address := range []string{"http://127.0.0.1:1/send?access_token=t0ken", "://t0ken"} {
		c := Config{Name: "group", Type: "robot", URL: named(t, "NOTICE_URL", address)}
		err := sender(t).Send(t.Context(), c, event)
		if err == nil || strings.Contains(err.Error(), "t0ken") {
			t.Errorf("%v", err)
		}
	}
}

func TestOnlyWantedLevels(t *testing.T) {
	for level, want := range map[string]bool{Warn: true, Error: false, OK: false} {
		if got := (Config{Events: []string{Warn}}).Wants(level); got != want || !(Config{}).Wants(level) {
			t.Errorf("who wants warnings hears of %s: %t", level, got)
		}
	}
}

// mailServer takes one message, as little of RFC 5321 as a client needs.
func mailServer(t *testing.T) (port int, message <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	got := make(chan string, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		r := bufio.NewReader(conn)
		fmt.Fprint(conn, "220 test\r\n")
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
			case "DATA":
				fmt.Fprint(conn, "354 go on\r\n")
				var b strings.Builder
				for {
					line, err := r.ReadString('\n')
					if err != nil || line == ".\r\n" {
						break
					}
					b.WriteString(line)
				}
				got <- b.String()
				fmt.Fprint(conn, "250 taken\r\n")
			case "QUIT":
				fmt.Fprint(conn, "221 bye\r\n")
				return
			default:
				fmt.Fprint(conn, "250 ok\r\n")
			}
		}
	}()
	return l.Addr().(*net.TCPAddr).Port, got
}

func TestMail(t *testing.T) {
	port, message := mailServer(t)
	c := Config{Name: "mail", Type: "smtp", Host: "127.0.0.1", Port: port, From: "zhicang@example.org", To: []string{"duty@example.org"}, Plain: true}
	if err := sender(t).Send(context.Background(), c, event); err != nil {
		t.Fatal(err)
	}
	got := <-message
	for _, want := range []string{"From: <zhicang@example.org>", "To: <duty@example.org>", "=?UTF-8?q?=E6=9D=A5=E6=BA=90_portal_", "Date: Mon, 01 Jun 2026 07:00:00"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in\n%s", want, got)
		}
	}
}

func TestValidate(t *testing.T) {
	url := secret.Text("file:url")
	for _, tt := range []struct {
		c    Config
		want string
	}{
		{Config{Name: "a", Type: "webhook", URL: url}, ""},
		{Config{Type: "webhook"}, "name: is required"},
		{Config{Name: "a", Type: "robo", URL: url}, `type: "robo" is no kind of notice; did you mean "robot"?`},
		{Config{Name: "a", Type: "robot"}, "url: is required"},
		{Config{Name: "a", Type: "smtp", Host: "h", From: "x@example.org"}, "to: from and at least one to are required"},
		{Config{Name: "a", Type: "webhook", URL: url, Events: []string{"fatal"}}, `events: "fatal" is none of ok, warn, error`},
	} {
		key, problem, try := tt.c.Validate()
		if got := key + ": " + problem + "; " + try; !strings.HasPrefix(got, tt.want) || (tt.want == "" && problem != "") {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}
