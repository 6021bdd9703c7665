// Package secret holds values of the config that no output shows: they stand in
// the environment or in a file, and print, log and marshal as ****.
package secret

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"zhicang/models"
)

// Text names a secret: ${NAME}, a variable of the environment, or file:PATH. In
// a config it is never the secret itself; Read fetches that. The zero Text
// names none.
type Text string

const (
	file   = "file:"
	masked = "****"
)

// ErrInTheClear means that a config holds a secret itself.
var ErrInTheClear = errors.New("a secret does not stand in the config itself: write ${NAME} or file:PATH")

// Named reports whether a text names a secret rather than being one.
func Named(s string) bool {
	_, variable := Text(s).variable()
	return variable || strings.HasPrefix(s, file)
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (t *Text) UnmarshalYAML(node *yaml.Node) error {
	if !Named(node.Value) {
		return models.ValueError(node, "put the value into the environment, or into a file that only its owner reads", ErrInTheClear)
	}
	*t = Text(node.Value)
	return nil
}

// Read fetches the secret; "" for the zero Text. A file's path is relative to
// base.
func (t Text) Read(base string) (string, error) {
	if t == "" {
		return "", nil
	}
	if name, ok := t.variable(); ok {
		value, set := os.LookupEnv(name)
		if !set {
			return "", fmt.Errorf("the environment has no variable %s", name)
		}
		return value, nil
	}
	path := strings.TrimPrefix(string(t), file)
	if !filepath.IsAbs(path) {
		path = filepath.Join(base, path)
	}
	value, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(value), "\r\n"), nil
}

// Reveal is the text itself, for the one place that must send a secret that was
// read.
func (t Text) Reveal() string { return string(t) }

// variable returns the name of the environment's variable that holds the
// secret.
func (t Text) variable() (name string, ok bool) {
	name, ok = strings.CutPrefix(string(t), "${")
	return strings.TrimSuffix(name, "}"), ok && strings.HasSuffix(name, "}")
}

func (Text) String() string               { return masked }
func (Text) GoString() string             { return masked }
func (Text) MarshalText() ([]byte, error) { return []byte(masked), nil }
