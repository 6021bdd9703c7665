package account

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/xdg-go/scram"
)

const (
	verifierPrefix = "SCRAM-SHA-256$"
	// iterations is what new verifiers use: above RFC 7677's least (4096), and
	// about ten milliseconds of a sign-in.
	iterations = 16384
	// maxIterations keeps a mistyped verifier from stopping the server.
	maxIterations = 1 << 20
	saltSize      = 16
)

// NewVerifier makes the verifier of a password, in the form that PostgreSQL
// stores it in: SCRAM-SHA-256$iterations:salt$stored:server. It lets a server
// check the password and does not give it away.
func NewVerifier(password string) (string, error) {
	if password == "" {
		return "", errors.New("the password is empty")
	}
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	c, err := derive(password, scram.KeyFactors{Salt: string(salt), Iters: iterations})
	if err != nil {
		return "", err
	}
	return formatVerifier(c), nil
}

func formatVerifier(c scram.StoredCredentials) string {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("%s%d:%s$%s:%s", verifierPrefix, c.Iters, b64([]byte(c.Salt)), b64(c.StoredKey), b64(c.ServerKey))
}

// ParseVerifier reads a verifier. The error does not repeat it.
func ParseVerifier(s string) (scram.StoredCredentials, error) {
	var c scram.StoredCredentials
	wrong := errors.New("not a verifier of the form SCRAM-SHA-256$iterations:salt$stored:server")
	rest, ok := strings.CutPrefix(s, verifierPrefix)
	factors, keys, ok2 := strings.Cut(rest, "$")
	iters, salt, ok3 := strings.Cut(factors, ":")
	stored, server, ok4 := strings.Cut(keys, ":")
	if !ok || !ok2 || !ok3 || !ok4 {
		return c, wrong
	}
	n, err := strconv.Atoi(iters)
	if err != nil || n < 4096 || n > maxIterations {
		return c, wrong
	}
	parts := make([][]byte, 3)
	for i, text := range []string{salt, stored, server} {
		if parts[i], err = base64.StdEncoding.DecodeString(text); err != nil {
			return c, wrong
		}
	}
	if len(parts[0]) == 0 || len(parts[1]) != sha256.Size || len(parts[2]) != sha256.Size {
		return c, wrong
	}
	return scram.StoredCredentials{KeyFactors: scram.KeyFactors{Salt: string(parts[0]), Iters: n}, StoredKey: parts[1], ServerKey: parts[2]}, nil
}

// derive makes what a server keeps of a password. Like PostgreSQL it takes a
// password that SASLprep refuses as it is.
func derive(password string, factors scram.KeyFactors) (scram.StoredCredentials, error) {
	if strings.IndexByte(password, 0) >= 0 {
		// HMAC fills a key up with zeros: with some behind it, a password is the same.
		return scram.StoredCredentials{}, errors.New("the password has a NUL in it")
	}
	client, err := scram.SHA256.NewClient("", password, "")
	if err != nil {
		if client, err = scram.SHA256.NewClientUnprepped("", password, ""); err != nil {
			return scram.StoredCredentials{}, err
		}
	}
	return client.GetStoredCredentialsWithError(factors)
}
