package privacy

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// KeySize is the length of every key, in bytes.
const KeySize = 32

const (
	pseudonymKeyFile = "pseudonym.key"
	vaultKeyFile     = "vault.key"
)

var (
	// ErrKeysExist means that CreateKeys found keys and left them alone.
	ErrKeysExist = errors.New("keys exist already")
	// ErrKeysReadable means that others than the owner may read a key file.
	ErrKeysReadable = errors.New("key file is readable by group or others")
)

// A Key is 32 secret bytes. It prints, marshals and logs as a mask. The zero
// Key is no key: nothing accepts it.
type Key struct{ b [KeySize]byte }

const maskedKey = "key(***)"

// String masks the key.
func (Key) String() string { return maskedKey }

// GoString masks the key in %#v.
func (Key) GoString() string { return maskedKey }

// MarshalText masks the key in JSON and YAML.
func (Key) MarshalText() ([]byte, error) { return []byte(maskedKey), nil }

// Format masks the key under every verb, %x and %d included.
func (Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, maskedKey) }

// IsZero reports whether k is no key.
func (k Key) IsZero() bool { return k == Key{} }

// Fingerprint is 12 hexadecimal digits that tell keys apart and say nothing
// about them, so that the ledger can keep it and notice a swapped key. The
// zero Key has none.
func (k Key) Fingerprint() string {
	if k.IsZero() {
		return ""
	}
	fp := k.fingerprint()
	return hex.EncodeToString(fp[:6])
}

func (k Key) fingerprint() (fp [8]byte) {
	h := hmac.New(sha256.New, k.b[:])
	h.Write([]byte("zhicang key fingerprint"))
	copy(fp[:], h.Sum(nil))
	return fp
}

// derive makes a key for one purpose (RFC 5869), so that no key serves two.
func (k Key) derive(salt []byte, purpose string) ([]byte, error) {
	return hkdf.Key(sha256.New, k.b[:], salt, purpose, KeySize)
}

// Keys are the two secrets of a warehouse. They are apart because they are
// needed apart: loading needs the pseudonym key every day, reading the vault
// needs the other one seldom, and whoever holds one cannot do both.
type Keys struct {
	Pseudonym Key // makes person keys; whoever has it can test a guess
	Vault     Key // seals the originals
}

// CreateKeys makes two random keys in dir, each in its own file that only the
// owner may read (0600), and makes the folder (0700) if it is not there. It
// never overwrites: if either file exists it fails with ErrKeysExist, and
// changes nothing.
func CreateKeys(dir string) (Keys, error) {
	const op = "create keys in"
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Keys{}, &Error{Op: op, Path: dir, Err: err, Try: "name a folder that this user may write"}
	}
	for _, name := range []string{pseudonymKeyFile, vaultKeyFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return Keys{}, &Error{
				Op: op, Path: dir, Err: fmt.Errorf("%s: %w", name, ErrKeysExist),
				Try: "keep these keys: what was loaded under them can only be joined and revealed with them; if a file is missing beside this one, restore it from the backup",
			}
		}
	}
	var keys Keys
	for name, key := range map[string]*Key{pseudonymKeyFile: &keys.Pseudonym, vaultKeyFile: &keys.Vault} {
		rand.Read(key.b[:]) // never fails (crypto/rand)
		if err := writeNewFile(filepath.Join(dir, name), []byte(hex.EncodeToString(key.b[:])+"\n")); err != nil {
			return Keys{}, &Error{Op: op, Path: dir, Err: err}
		}
	}
	if err := syncDir(dir); err != nil {
		return Keys{}, &Error{Op: op, Path: dir, Err: err}
	}
	return keys, nil
}

// LoadKeys reads the keys that CreateKeys made in dir. It refuses a file that
// group or others may read.
func LoadKeys(dir string) (Keys, error) {
	pseudonym, err := loadKey(filepath.Join(dir, pseudonymKeyFile))
	if err != nil {
		return Keys{}, err
	}
	vault, err := loadKey(filepath.Join(dir, vaultKeyFile))
	if err != nil {
		return Keys{}, err
	}
	return checkKeys("load keys from "+dir, pseudonym, vault)
}

// KeysFromHex reads keys given as 64 hexadecimal digits each, as from the
// environment.
func KeysFromHex(pseudonym, vault string) (Keys, error) {
	p, err := parseKey(pseudonym)
	if err != nil {
		return Keys{}, &Error{Op: "read pseudonym key", Err: err, Try: "give 64 hexadecimal digits, as `openssl rand -hex 32` prints"}
	}
	v, err := parseKey(vault)
	if err != nil {
		return Keys{}, &Error{Op: "read vault key", Err: err, Try: "give 64 hexadecimal digits, as `openssl rand -hex 32` prints"}
	}
	return checkKeys("read keys", p, v)
}

func checkKeys(op string, pseudonym, vault Key) (Keys, error) {
	if pseudonym == vault {
		return Keys{}, &Error{
			Op: op, Err: errors.New("the pseudonym key and the vault key are the same"),
			Try: "use two keys, so that loading data does not also open the vault",
		}
	}
	return Keys{Pseudonym: pseudonym, Vault: vault}, nil
}

func loadKey(path string) (Key, error) {
	const op = "load key"
	f, err := os.Open(path)
	if err != nil {
		try := ""
		if errors.Is(err, fs.ErrNotExist) {
			try = "restore the key from its backup, or, for a new warehouse, create keys"
		}
		return Key{}, &Error{Op: op, Path: path, Err: plainPathError(err), Try: try}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Key{}, &Error{Op: op, Path: path, Err: plainPathError(err)}
	}
	// Windows has no such bits; its access lists are the administrator's.
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return Key{}, &Error{
			Op: op, Path: path, Err: fmt.Errorf("%w (mode %04o)", ErrKeysReadable, mode),
			Try: "chmod 600 " + path,
		}
	}
	var text [2*KeySize + 3]byte // room for CR, LF and one byte too many
	n, err := f.Read(text[:])
	if err != nil && n == 0 {
		return Key{}, &Error{Op: op, Path: path, Err: errors.New("the file is empty"), Try: "restore the key from its backup"}
	}
	key, err := parseKey(string(text[:n]))
	if err != nil {
		return Key{}, &Error{Op: op, Path: path, Err: err, Try: "restore the key from its backup"}
	}
	return key, nil
}

// parseKey never says what it read: that may be most of a key.
func parseKey(text string) (Key, error) {
	var key Key
	text = strings.TrimSpace(text)
	if len(text) != 2*KeySize {
		return Key{}, fmt.Errorf("a key is %d hexadecimal digits, this has %d characters", 2*KeySize, len(text))
	}
	if _, err := hex.Decode(key.b[:], []byte(text)); err != nil {
		return Key{}, errors.New("a key has hexadecimal digits only")
	}
	if key.IsZero() {
		return Key{}, errors.New("a key of zeros is no key")
	}
	return key, nil
}

// writeNewFile writes a file that must not exist, for its owner only, and
// leaves nothing behind when it fails.
func writeNewFile(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return plainPathError(err)
	}
	defer func() {
		if err != nil {
			os.Remove(path)
		}
	}()
	if _, err = f.Write(data); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// syncDir makes a new or renamed entry of dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}

// plainPathError drops the path that Error names already.
func plainPathError(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}
