package account

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/secret"
)

// Config is one entry of serve.accounts.
type Config struct {
	Name     string   `yaml:"name"`
	Password Password `yaml:"password"`
	// Domains are those whose tables the account reads; ["*"]: all.
	Domains []string `yaml:"domains"`
	// Region is the code of the region whose rows the account reads; 000000:
	// everywhere. It bounds what the account reads, so it is never left out.
	Region string `yaml:"region"`
	// MaxQueries is how many of its statements may run at a time; 0: the
	// server's limit.
	MaxQueries int `yaml:"max_queries"`
}

// Password names a password, or holds its verifier, and prints as ****. In the
// config it stands as ${NAME}, a variable of the environment, as file:PATH, or
// as the verifier itself, which is no password; what the first two lead to is a
// verifier or a password.
type Password string

const masked = "****"

// UnmarshalYAML implements yaml.Unmarshaler: a password does not stand in the
// config itself.
func (p *Password) UnmarshalYAML(node *yaml.Node) error {
	*p = Password(node.Value)
	if secret.Named(node.Value) {
		return nil
	}
	if _, err := ParseVerifier(node.Value); err == nil {
		return nil
	}
	*p = ""
	return models.ValueError(node, "write ${NAME}, file:PATH, or the verifier that `zhicang account verifier` prints",
		errors.New("a password does not stand in the config itself"))
}

func (Password) String() string               { return masked }
func (Password) GoString() string             { return masked }
func (Password) MarshalText() ([]byte, error) { return []byte(masked), nil }

// read fetches what the password refers to. Paths are relative to dir.
func (p Password) read(dir string) (string, error) {
	if secret.Named(string(p)) {
		return secret.Text(p).Read(dir)
	}
	return string(p), nil
}

// Error says what is wrong with an account, and what to try.
type Error struct {
	Account string
	Key     string // the key of the config that is wrong
	Err     error
	Try     string
}

func (e *Error) Error() string {
	return fmt.Sprintf("account %s: %s: %s", e.Account, e.Key, e.Err)
}
func (e *Error) Unwrap() error { return e.Err }

// Hint is what to try; the command line prints it after "Try: ".
func (e *Error) Hint() string { return e.Try }

var nameRE = regexp.MustCompile(`^[a-z][a-z0-9_.-]{0,62}$`)

// Validate checks an entry without looking at what its password refers to. The
// error is an *Error.
func (c Config) Validate() error {
	fail := func(key, try, format string, args ...any) error {
		return &Error{Account: c.Name, Key: key, Err: fmt.Errorf(format, args...), Try: try}
	}
	switch {
	case !nameRE.MatchString(c.Name):
		return fail("name", "begin with a small letter; then small letters, digits, _ . and -", "%q is no name of an account", c.Name)
	case c.Password == "":
		return fail("password", "write ${NAME}, file:PATH, or a verifier", "is required")
	case len(c.Domains) == 0:
		return fail("domains", `list them, or write ["*"] for all`, "the account would read nothing")
	case len(c.Domains) > 1 && slices.Contains(c.Domains, AllDomains):
		return fail("domains", `write ["*"] alone`, "%q stands for all others", AllDomains)
	case c.MaxQueries < 0:
		return fail("max_queries", "0 for the server's limit", "%d is no number of statements", c.MaxQueries)
	}
	if c.Region == "" {
		return fail("region", `a region's code, or "000000" for everywhere`, "is required: it bounds what the account reads")
	}
	if _, err := c.region(); err != nil {
		return fail("region", `a region's code, or "000000" for everywhere`, "%w", err)
	}
	return nil
}

// region is the canonical code; empty where the account reads everywhere.
func (c Config) region() (string, error) {
	if c.Region == Everywhere {
		return "", nil
	}
	return region.Normalize(c.Region)
}

func (c Config) account() (Account, error) {
	code, err := c.region()
	return Account{Name: c.Name, Domains: slices.Clone(c.Domains), Region: code, MaxQueries: c.MaxQueries}, err
}
