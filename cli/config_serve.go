package cli

import (
	"errors"
	"fmt"
	"net"
	"time"

	"zhicang/serve/account"
)

// ServeConfig says where readers get in, who they are, and what they may use.
type ServeConfig struct {
	// Postgres and HTTP are the addresses of the two doors; empty: not served.
	Postgres string `yaml:"postgres"`
	HTTP     string `yaml:"http"`
	// Metrics is where Prometheus asks, without signing in; it learns names of
	// sources and schedules, and counts. Empty: nowhere.
	Metrics string    `yaml:"metrics"`
	TLS     TLSConfig `yaml:"tls"`
	// PlainText lets clients of other machines in without encryption, for a
	// proxy that ends it in front of this program.
	PlainText bool             `yaml:"plain_text"`
	Accounts  []account.Config `yaml:"accounts"`
	Limits    LimitsConfig     `yaml:"limits"`
}

// TLSConfig names a certificate and its key, in PEM. They are read again when
// they change.
type TLSConfig struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// LimitsConfig bounds what readers may use.
type LimitsConfig struct {
	StatementTimeout  time.Duration `yaml:"statement_timeout"`
	MaxRows           int           `yaml:"max_rows"`            // of one result
	QueriesPerAccount int           `yaml:"queries_per_account"` // at a time; more wait
	Queries           int           `yaml:"queries"`             // of all accounts at a time; more wait
	Connections       int           `yaml:"connections"`         // PostgreSQL clients at a time
	MemoryLimit       string        `yaml:"memory_limit"`        // of all queries together
	Threads           int           `yaml:"threads"`             // 0: all processors
}

// DefaultServeConfig is what holds where the file says nothing: both doors, for
// this machine alone.
func DefaultServeConfig() ServeConfig {
	return ServeConfig{
		Postgres: "127.0.0.1:5434",
		HTTP:     "127.0.0.1:8080",
		Limits: LimitsConfig{
			StatementTimeout: 30 * time.Second, MaxRows: 100_000, QueriesPerAccount: 4, Queries: 8, Connections: 100, MemoryLimit: "2GB",
		},
	}
}

// check returns the field that is wrong as a person would name it, what to try,
// what is wrong, and the field's path in the file; an empty msg is a good
// config.
func (c *ServeConfig) check() (field, try, msg, at string) {
	fail := func(field, try, format string, args ...any) (string, string, string, string) {
		return field, try, fmt.Sprintf(format, args...), field
	}
	for _, door := range []struct{ key, address string }{{"serve.postgres", c.Postgres}, {"serve.http", c.HTTP}, {"serve.metrics", c.Metrics}} {
		if door.address == "" {
			continue
		}
		host, _, err := net.SplitHostPort(door.address)
		if err != nil {
			return fail(door.key, "write it as 127.0.0.1:8080", "%q is no address", door.address)
		}
		if door.key != "serve.metrics" && c.TLS.Cert == "" && !c.PlainText && !thisMachine(host) {
			return fail(door.key, "set serve.tls, or serve.plain_text: true where a proxy encrypts in front of it",
				"%s can be reached from other machines, and nothing would be encrypted", door.address)
		}
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return fail("serve.tls", "name both files", "cert and key belong together")
	}
	l := c.Limits
	for _, n := range []struct {
		key   string
		value int
	}{{"max_rows", l.MaxRows}, {"queries_per_account", l.QueriesPerAccount}, {"queries", l.Queries}, {"connections", l.Connections}, {"threads", l.Threads + 1}} {
		if n.value < 1 {
			return fail("serve.limits."+n.key, "leave it out for the default", "is too small")
		}
	}
	if l.StatementTimeout <= 0 {
		return fail("serve.limits.statement_timeout", "write it as 30s", "is no duration above 0")
	}
	if !memoryRE.MatchString(l.MemoryLimit) {
		return fail("serve.limits.memory_limit", "write it as 2GB or 800MB", "%q is no amount of memory", l.MemoryLimit)
	}
	return c.checkAccounts()
}

func (c *ServeConfig) checkAccounts() (field, try, msg, at string) {
	seen := map[string]bool{}
	for i, a := range c.Accounts {
		err := a.Validate()
		if err == nil && seen[a.Name] {
			err = &account.Error{Account: a.Name, Key: "name", Err: errors.New("is used twice"), Try: "give each account a name of its own"}
		}
		seen[a.Name] = true
		var own *account.Error
		if errors.As(err, &own) {
			return fmt.Sprintf("serve.accounts[%s].%s", a.Name, own.Key), own.Try, own.Err.Error(), fmt.Sprintf("serve.accounts[%d].%s", i, own.Key)
		}
	}
	return "", "", "", ""
}

// thisMachine reports whether a host can be reached from this machine alone.
func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
