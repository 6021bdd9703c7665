package privacy

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func testKeys(t testing.TB) Keys {
	t.Helper()
	keys, err := KeysFromHex(strings.Repeat("0a", 32), strings.Repeat("0b", 32))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestCreateAndLoadKeys(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	made, err := CreateKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadKeys(dir)
	if err != nil {
		t.Fatal(err)
	}
	if loaded != made || made.Pseudonym == made.Vault || made.Pseudonym.IsZero() || made.Vault.IsZero() {
		t.Error("the keys that were loaded are not the two that were made")
	}
	for _, name := range []string{"pseudonym.key", "vault.key"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}
	if _, err := CreateKeys(dir); !errors.Is(err, ErrKeysExist) {
		t.Errorf("creating again: %v", err)
	}
	if again, err := LoadKeys(dir); err != nil || again != made {
		t.Errorf("creating again changed the keys (%v)", err)
	}
	if fp := made.Vault.Fingerprint(); len(fp) != 12 || fp == made.Pseudonym.Fingerprint() {
		t.Errorf("fingerprint %q", fp)
	}
}

func TestCreateKeysBesideOne(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "vault.key"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := CreateKeys(dir); !errors.Is(err, ErrKeysExist) {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pseudonym.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a key was made though it failed")
	}
}

func TestLoadKeysRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(path string) error
		err   string
		hint  string
	}{
		"readable": {func(p string) error { return os.Chmod(p, 0o640) }, "readable by group or others (mode 0640)", "chmod 600 "},
		"missing":  {os.Remove, "no such file", "backup"},
		"empty":    {func(p string) error { return os.WriteFile(p, nil, 0o600) }, "empty", "backup"},
		"short":    {func(p string) error { return os.WriteFile(p, []byte("abcd"), 0o600) }, "64 hexadecimal digits, this has 4", "backup"},
		"long":     {func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("a", 70)), 0o600) }, "64 hexadecimal digits", "backup"},
		"no hex":   {func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("z", 64)), 0o600) }, "hexadecimal digits only", "backup"},
		"zeros":    {func(p string) error { return os.WriteFile(p, []byte(strings.Repeat("0", 64)), 0o600) }, "zeros", "backup"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if _, err := CreateKeys(dir); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(filepath.Join(dir, "vault.key")); err != nil {
				t.Fatal(err)
			}
			_, err := LoadKeys(dir)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), c.err) || !strings.Contains(e.Hint(), c.hint) {
				t.Fatalf("error %v", err)
			}
			if strings.Contains(err.Error(), "zzzz") {
				t.Error("the error shows what was read")
			}
		})
	}
}

func TestKeysFromHexRefuses(t *testing.T) {
	a, b := strings.Repeat("0a", 32), strings.Repeat("0b", 32)
	for _, c := range []struct{ p, v, want string }{
		{"", b, "pseudonym key"},
		{a, "0b", "vault key"},
		{a, a, "the same"},
	} {
		if _, err := KeysFromHex(c.p, c.v); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v", c.want, err)
		}
	}
}

func TestKeysNeverPrint(t *testing.T) {
	keys := testKeys(t)
	asJSON, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	secret := strings.Repeat("0a", 4)
	for _, text := range []string{
		fmt.Sprint(keys), fmt.Sprintf("%v %+v %#v %s %q", keys, keys, keys, keys, keys), fmt.Sprintf("%x %X %d", keys, keys, keys.Pseudonym),
		fmt.Sprintf("%x", &keys.Pseudonym), string(asJSON), keys.Vault.String(), keys.Vault.GoString(),
	} {
		lower := strings.ToLower(text)
		if strings.Contains(lower, secret) || strings.Contains(lower, "10 10 10") || strings.Contains(lower, hex.EncodeToString([]byte(secret))) {
			t.Errorf("a key shows in %s", text)
		}
	}
}
