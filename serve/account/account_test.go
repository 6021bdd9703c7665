package account_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xdg-go/scram"
	"pgregory.net/rapid"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/serve/account"
)

// clock is a time that moves only when somebody sleeps or the test says so.
type clock struct {
	at    time.Time
	slept []time.Duration
}

func (c *clock) Now() time.Time { return c.at }

func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.slept = append(c.slept, d)
	c.at = c.at.Add(d)
	return ctx.Err()
}

func openBook(t testing.TB, c *clock, configs ...account.Config) *account.Book {
	t.Helper()
	b, err := account.Open(configs, account.Options{Now: c.Now, Sleep: c.Sleep})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const password = "青山绿水 2026"

func verifier(t testing.TB) account.Password {
	t.Helper()
	v, err := account.NewVerifier(password)
	if err != nil {
		t.Fatal(err)
	}
	return account.Password(v)
}

func TestCheck(t *testing.T) {
	c := &clock{at: time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)}
	b := openBook(t, c, account.Config{Name: "analyst", Password: verifier(t), Domains: []string{"congress"}, Region: "331022000000", MaxQueries: 2})
	got, err := b.Check(t.Context(), "analyst", password, "10.0.0.1")
	want := account.Account{Name: "analyst", Domains: []string{"congress"}, Region: "331022", MaxQueries: 2}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v %s", err, diff)
	}
	for _, wrong := range [][2]string{{"analyst", ""}, {"analyst", password + " "}, {"analyst", password + "\x00"}, {"analyst", "\x00" + password}, {"Analyst", password}, {"nobody", password}, {"", ""}} {
		got, err := b.Check(t.Context(), wrong[0], wrong[1], "10.0.0.1")
		if !errors.Is(err, account.ErrWrong) || got.Name != "" {
			t.Errorf("%q: %+v %v", wrong, got, err)
		}
	}
}

// Failures of one address against one account double the wait; another address
// is not slowed, a right password clears it, and time forgets it.
func TestWrongPasswordsAreSlowed(t *testing.T) {
	c := &clock{at: time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)}
	b := openBook(t, c, account.Config{Name: "analyst", Password: verifier(t), Domains: []string{"*"}, Region: "000000"})
	try := func(name, pw, from string) time.Duration {
		t.Helper()
		before := len(c.slept)
		if _, err := b.Check(t.Context(), name, pw, from); (err == nil) != (pw == password && name == "analyst") {
			t.Fatalf("%s from %s: %v", name, from, err)
		}
		if len(c.slept) == before {
			return 0
		}
		return c.slept[len(c.slept)-1]
	}
	var waits []time.Duration
	for range 9 {
		waits = append(waits, try("analyst", "wrong", "10.0.0.1"))
	}
	ms := time.Millisecond
	want := []time.Duration{0, 250 * ms, 500 * ms, 1000 * ms, 2000 * ms, 4000 * ms, 8000 * ms, 10000 * ms, 10000 * ms}
	if diff := cmp.Diff(want, waits); diff != "" {
		t.Error(diff)
	}
	if got := try("analyst", password, "10.0.0.2"); got != 0 {
		t.Errorf("another address waits %s", got)
	}
	if got := try("analyst", password, "10.0.0.1"); got != 10*time.Second {
		t.Errorf("the right password at the same address waits %s, which would tell it from a wrong one", got)
	}
	if got := try("analyst", "wrong", "10.0.0.1"); got != 0 {
		t.Errorf("after the right one: %s", got)
	}
	c.at = c.at.Add(time.Hour)
	if got := try("analyst", "wrong", "10.0.0.1"); got != 0 {
		t.Errorf("an hour later: %s", got)
	}
	// An account that there is not is slowed as one that there is.
	var unknown []time.Duration
	for range 9 {
		unknown = append(unknown, try("nobody", "wrong", "10.0.0.9"))
	}
	if diff := cmp.Diff(want, unknown); diff != "" {
		t.Errorf("an unknown account: %s", diff)
	}
}

// Many accounts from one address, and one account from many, are slowed too.
func TestSprayingIsSlowed(t *testing.T) {
	for _, tt := range []struct {
		name string
		who  func(i int) (name, from string)
	}{
		{"many accounts", func(i int) (string, string) { return fmt.Sprint("u", i), "10.0.0.1" }},
		{"many addresses", func(i int) (string, string) { return "analyst", fmt.Sprint("10.0.0.", i) }},
	} {
		c := &clock{at: time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)}
		b := openBook(t, c)
		var waited time.Duration
		for i := range 60 {
			name, from := tt.who(i)
			if _, err := b.Attempt(t.Context(), name, from); err != nil {
				t.Fatal(err)
			}
		}
		for _, d := range c.slept {
			waited += d
		}
		if waited < 5*time.Minute {
			t.Errorf("%s: 60 guesses waited %s in all", tt.name, waited)
		}
	}
}

func TestAttemptEndsWithItsContext(t *testing.T) {
	b, err := account.Open(nil, account.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := b.Attempt(ctx, "a", "b"); err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := b.Attempt(ctx, "a", "b"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A conversation with an account that there is not looks like one with a wrong
// password, and has the same salt each time.
func TestUnknownAccountsLookKnown(t *testing.T) {
	b := openBook(t, &clock{}, account.Config{Name: "analyst", Password: verifier(t), Domains: []string{"*"}, Region: "000000"})
	_, first, ok := b.Lookup("nobody")
	_, second, _ := b.Lookup("nobody")
	_, other, _ := b.Lookup("somebody")
	_, known, knownOK := b.Lookup("analyst")
	if ok || !knownOK || first.Salt != second.Salt || first.Salt == other.Salt || first.Iters != known.Iters || len(first.Salt) != len(known.Salt) {
		t.Errorf("%+v %+v %+v", first, second, other)
	}
}

// SCRAM conversations end as Check does.
func TestScramConversation(t *testing.T) {
	b := openBook(t, &clock{}, account.Config{Name: "analyst", Password: verifier(t), Domains: []string{"*"}, Region: "000000"})
	talk := func(name, pw string) bool {
		client, err := scram.SHA256.NewClient(name, pw, "")
		if err != nil {
			t.Fatal(err)
		}
		server, err := scram.SHA256.NewServer(func(name string) (scram.StoredCredentials, error) {
			_, creds, _ := b.Lookup(name)
			return creds, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c, s := client.NewConversation(), server.NewConversation()
		msg, err := c.Step("")
		for err == nil && !s.Done() {
			if msg, err = s.Step(msg); err == nil && !c.Done() {
				msg, err = c.Step(msg)
			}
		}
		return s.Valid()
	}
	if !talk("analyst", password) || talk("analyst", "wrong") || talk("nobody", password) {
		t.Error("a conversation ends otherwise than it should")
	}
}

// A verifier reads back as what it was made from, and lets in its password
// alone.
func TestVerifiers(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		// SASLprep makes some passwords beyond ASCII one.
		right := rapid.StringMatching(`[ -~]{1,20}`).Draw(rt, "password")
		wrong := rapid.StringMatching(`[ -~]{0,20}`).Filter(func(s string) bool { return s != right }).Draw(rt, "another")
		v, err := account.NewVerifier(right)
		if err != nil {
			rt.Fatal(err)
		}
		b := openBook(t, &clock{}, account.Config{Name: "a", Password: account.Password(v), Domains: []string{"*"}, Region: "000000"})
		if _, err := b.Check(t.Context(), "a", right, "x"); err != nil {
			rt.Fatalf("%q: %v", right, err)
		}
		if _, err := b.Check(t.Context(), "a", wrong, "x"); !errors.Is(err, account.ErrWrong) {
			rt.Fatalf("%q lets %q in", right, wrong)
		}
		if strings.Contains(v, right) && len(right) > 8 {
			rt.Fatalf("%q stands in its verifier", right)
		}
	})
}

func FuzzParseVerifier(f *testing.F) {
	v, err := account.NewVerifier("x")
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{v, "", "SCRAM-SHA-256$4096:c2FsdA==$aaaa:bbbb", "SCRAM-SHA-256$99999999999:a$b:c", "SCRAM-SHA-256$:$:", "md5abc"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := account.ParseVerifier(s)
		if err == nil && (c.Iters < 4096 || len(c.StoredKey) != 32 || len(c.ServerKey) != 32 || c.Salt == "") {
			t.Errorf("%q gives %+v", s, c)
		}
		if err != nil && s != "" && len(s) > 12 && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats %q", s)
		}
	})
}

func TestScopes(t *testing.T) {
	town := account.Account{Domains: []string{"congress"}, Region: "331022101"}
	city := account.Account{Domains: []string{"*"}, Region: "331000"}
	for _, tt := range []struct {
		acct  account.Account
		code  string
		holds bool
	}{
		{town, "331022101", true},
		{town, "331022101001", true},
		{town, "331022102", false},
		{town, "331022", false},
		{town, "", false},
		{city, "331022101", true},
		{city, "331000", true},
		{city, "330000", false},
		{city, "330502", false},
		{account.Account{}, "330502", true},
	} {
		if got := tt.acct.Covers(tt.code); got != tt.holds {
			t.Errorf("%s covers %s: %v", tt.acct.Region, tt.code, got)
		}
	}
	if !town.Reads("congress") || town.Reads("assist") || !town.Reads("") || !city.Reads("assist") || (account.Account{}).Reads("congress") {
		t.Error("domains")
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pw"), []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ZHICANG_TEST_PASSWORD", "hunter2")
	good := account.Config{Name: "a", Password: "file:pw", Domains: []string{"*"}, Region: "000000"}
	change := func(f func(*account.Config)) []account.Config { c := good; f(&c); return []account.Config{c} }
	for _, tt := range []struct {
		want, try string
		configs   []account.Config
	}{
		{"", "", []account.Config{good, {Name: "b", Password: "${ZHICANG_TEST_PASSWORD}", Domains: []string{"congress"}, Region: "000000"}}},
		{`account : name: "" is no name`, "begin with", change(func(c *account.Config) { c.Name = "" })},
		{`account Boss: name: "Boss" is no name`, "begin with a small letter", change(func(c *account.Config) { c.Name = "Boss" })},
		{"account a: name: is used twice", "a name of its own", []account.Config{good, good}},
		{"account a: password: is required", "write ${NAME}", change(func(c *account.Config) { c.Password = "" })},
		{"account a: password: the environment has no variable ZHICANG_TEST_NONE", "account verifier", change(func(c *account.Config) { c.Password = "${ZHICANG_TEST_NONE}" })},
		{"account a: password: open", "account verifier", change(func(c *account.Config) { c.Password = "file:none" })},
		{"account a: domains: the account would read nothing", `["*"]`, change(func(c *account.Config) { c.Domains = nil })},
		{`account a: domains: "*" stands for all others`, "alone", change(func(c *account.Config) { c.Domains = []string{"congress", "*"} })},
		{`account a: domains: there is no domain "asist"`, `did you mean "assist"?`, change(func(c *account.Config) { c.Domains = []string{"asist"} })},
		{"account a: region: is required", `"000000" for everywhere`, change(func(c *account.Config) { c.Region = "" })},
		{"account a: region: 区划代码应为", "a region's code", change(func(c *account.Config) { c.Region = "33x" })},
		{`account a: region: region "339999" is not in the table`, "region.csv", change(func(c *account.Config) { c.Region = "339999" })},
		{"account a: max_queries: -1 is no number", "0 for", change(func(c *account.Config) { c.MaxQueries = -1 })},
	} {
		_, err := account.Open(tt.configs, account.Options{Dir: dir, Regions: region.Embedded(), Domains: []string{"assist", "congress"}})
		if tt.want == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		var own *account.Error
		if !errors.As(err, &own) || !strings.HasPrefix(err.Error(), tt.want) || !strings.Contains(own.Hint(), tt.try) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v (Try: %s), want %s (Try: …%s…)", err, own.Hint(), tt.want, tt.try)
		}
	}
}

// A password in the config itself is refused, and not repeated; no output shows
// what was read.
func TestPasswordsAreNotShown(t *testing.T) {
	var c struct {
		Accounts []account.Config `yaml:"accounts"`
	}
	err := models.DecodeYAML("zhicang.yaml", []byte("accounts:\n  - {name: a, password: hunter2, domains: ['*']}\n"), &c)
	var fe *models.FileError
	if !errors.As(err, &fe) || fe.Line != 2 || strings.Contains(err.Error()+fe.Hint(), "hunter2") {
		t.Errorf("%v", err)
	}
	p := account.Password("hunter2")
	if text := fmt.Sprintf("%v %+v %#v %s %q", p, p, p, p, p); strings.Contains(text, "hunter2") {
		t.Error(text)
	}
}
