package account

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/xdg-go/scram"

	"zhicang/models"
	"zhicang/models/region"
)

// ErrWrong is all that anybody learns of a sign-in that failed: not whether
// there is such an account.
var ErrWrong = errors.New("账号或密码不正确")

// Options are what a Book needs beside its accounts.
type Options struct {
	Dir string // what file: paths are relative to
	// Regions and Domains are what there is; accounts of others are refused.
	// nil: not checked.
	Regions *region.Tree
	Domains []string
	Now     func() time.Time                                 // the clock; nil: time.Now
	Sleep   func(ctx context.Context, d time.Duration) error // nil: waits
}

// A Book holds the accounts. It is safe for use by many goroutines.
type Book struct {
	entries map[string]entry
	mock    [sha256.Size]byte // makes up the salts of accounts that there are not
	iters   int
	brake   *brake
}

type entry struct {
	Account
	creds scram.StoredCredentials
}

// Open reads the accounts and what their passwords refer to. The error is an
// *Error.
func Open(configs []Config, o Options) (*Book, error) {
	b := &Book{entries: map[string]entry{}, iters: iterations, brake: newBrake(o.Now, o.Sleep)}
	rand.Read(b.mock[:]) // never fails
	for _, c := range configs {
		e, err := open(c, o)
		if err != nil {
			return nil, err
		}
		if _, dup := b.entries[c.Name]; dup {
			return nil, &Error{Account: c.Name, Key: "name", Err: errors.New("is used twice"), Try: "give each account a name of its own"}
		}
		b.entries[c.Name], b.iters = e, e.creds.Iters
	}
	return b, nil
}

func open(c Config, o Options) (entry, error) {
	fail := func(key, try string, err error) (entry, error) {
		return entry{}, &Error{Account: c.Name, Key: key, Err: err, Try: try}
	}
	if err := c.Validate(); err != nil {
		return entry{}, err
	}
	acct, err := c.account()
	if err != nil {
		return fail("region", "write the code of a region", err)
	}
	if o.Regions != nil && acct.Region != "" && o.Regions.Ancestors(acct.Region) == nil {
		return fail("region", "add it to region.csv in the site's folder, or mend the code", fmt.Errorf("region %q is not in the table of regions", acct.Region))
	}
	for _, d := range acct.Domains {
		if o.Domains != nil && d != AllDomains && !slices.Contains(o.Domains, d) {
			try := "one of " + fmt.Sprint(o.Domains)
			if near := models.Nearest(d, o.Domains); near != "" {
				try = fmt.Sprintf("did you mean %q?", near)
			}
			return fail("domains", try, fmt.Errorf("there is no domain %q", d))
		}
	}
	secret, err := c.Password.read(o.Dir)
	if err != nil {
		return fail("password", "put the verifier that `zhicang account verifier` prints there", err)
	}
	creds, err := ParseVerifier(secret)
	if err != nil {
		if creds, err = fromPassword(secret); err != nil {
			return fail("password", "`zhicang account verifier` makes a verifier from a password", err)
		}
	}
	return entry{acct, creds}, nil
}

func fromPassword(password string) (scram.StoredCredentials, error) {
	text, err := NewVerifier(password)
	if err != nil {
		return scram.StoredCredentials{}, err
	}
	return ParseVerifier(text)
}

// Accounts returns all accounts by name.
func (b *Book) Accounts() []Account {
	list := make([]Account, 0, len(b.entries))
	for _, name := range slices.Sorted(maps.Keys(b.entries)) {
		list = append(list, b.entries[name].Account)
	}
	return list
}

// Lookup returns an account and what a SCRAM conversation needs of it. For a
// name that there is not, ok is false and the credentials are made up, always
// the same for one name, so that a conversation goes on and fails at its end
// as with a wrong password.
func (b *Book) Lookup(name string) (a Account, creds scram.StoredCredentials, ok bool) {
	if e, ok := b.entries[name]; ok {
		return e.Account, e.creds, true
	}
	mac := hmac.New(sha256.New, b.mock[:])
	mac.Write([]byte(name))
	sum := mac.Sum(nil)
	never := make([]byte, sha256.Size)
	rand.Read(never) // never fails
	return Account{}, scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: string(sum[:saltSize]), Iters: b.iters}, StoredKey: never, ServerKey: never,
	}, false
}

// Check signs an account in by its password. from is the address that asks,
// without a port. Wrong passwords make the next attempt wait, see Attempt. The
// error is ErrWrong, or the context's.
func (b *Book) Check(ctx context.Context, name, password, from string) (Account, error) {
	done, err := b.Attempt(ctx, name, from)
	if err != nil {
		return Account{}, err
	}
	acct, creds, known := b.Lookup(name)
	got, err := derive(password, creds.KeyFactors)
	right := err == nil && subtle.ConstantTimeCompare(got.StoredKey, creds.StoredKey) == 1 && known
	done(right)
	if !right {
		return Account{}, ErrWrong
	}
	return acct, nil
}

// Attempt begins a sign-in: it waits as long as earlier failures of this
// account and this address ask for, and returns what must be called with the
// outcome. An attempt that is never settled counts as failed, so attempts side
// by side slow each other down.
func (b *Book) Attempt(ctx context.Context, name, from string) (done func(ok bool), err error) {
	return b.brake.attempt(ctx, name, from)
}
