package privacy

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"hash"
	"unicode/utf8"
)

const (
	// PseudonymPrefix starts every pseudonym, so that none looks like a
	// number.
	PseudonymPrefix = "p"
	// PseudonymLen is the length of every pseudonym: the prefix and 128 bits
	// in base32.
	PseudonymLen = len(PseudonymPrefix) + 26
	// The alphabet of RFC 4648, in lower case.
	base32Alphabet = "abcdefghijklmnopqrstuvwxyz234567"
)

// A Pseudonymizer turns identities into person keys: HMAC-SHA256 (RFC 2104)
// under the pseudonym key, cut to 128 bits. Equal identities get equal keys in
// every table; without the key nobody can test a guess. It serves one
// goroutine; Clone makes one for another.
type Pseudonymizer struct {
	key  Key
	mac  hash.Hash
	norm []byte
	sum  [sha256.Size]byte
}

// NewPseudonymizer works under key.
func NewPseudonymizer(key Key) (*Pseudonymizer, error) {
	if key.IsZero() {
		return nil, &Error{Op: "make pseudonyms", Err: errors.New("no pseudonym key"), Try: "load or create the keys first"}
	}
	return &Pseudonymizer{key: key, mac: hmac.New(sha256.New, key.b[:])}, nil
}

// Clone gives a Pseudonymizer with the same key and a state of its own.
func (p *Pseudonymizer) Clone() *Pseudonymizer {
	return &Pseudonymizer{key: p.key, mac: hmac.New(sha256.New, p.key.b[:])}
}

// Key is the pseudonym of value, as "p" and 26 letters and digits. An identity
// that is empty, or white space only, has the pseudonym "": nobody.
func (p *Pseudonymizer) Key(value string) string {
	var buf [PseudonymLen]byte
	return string(p.AppendKey(buf[:0], value))
}

// AppendKey appends the pseudonym of value to dst.
func (p *Pseudonymizer) AppendKey(dst []byte, value string) []byte {
	p.norm = appendIdentity(p.norm[:0], value)
	if len(p.norm) == 0 {
		return dst
	}
	p.mac.Reset()
	p.mac.Write(p.norm)
	sum := p.mac.Sum(p.sum[:0])
	return appendBase32(append(dst, PseudonymPrefix...), sum[:16])
}

// appendBase32 appends 16 bytes as 26 characters, without padding.
func appendBase32(dst, src []byte) []byte {
	var acc, bits uint
	for _, b := range src {
		acc, bits = acc<<8|uint(b), bits+8
		for ; bits >= 5; bits -= 5 {
			dst = append(dst, base32Alphabet[acc>>(bits-5)&31])
		}
	}
	if bits > 0 {
		dst = append(dst, base32Alphabet[acc<<(5-bits)&31])
	}
	return dst
}

// appendIdentity appends value as the one spelling of an identity: trimmed,
// half-width, and, if it is an 18-digit id number, without separators and with
// a capital X. Other identities keep their case and inner spaces.
func appendIdentity(dst []byte, value string) []byte {
	value = trimSpace(value)
	start, plain := len(dst), true
	for i := 0; i < len(value); {
		c := value[i]
		if c < utf8.RuneSelf {
			dst = append(dst, c)
			plain = plain && c >= '0' && c <= '9'
			i++
			continue
		}
		plain = false
		r, w := utf8.DecodeRuneInString(value[i:])
		switch {
		case r >= '！' && r <= '～':
			dst = append(dst, byte(r-0xFEE0))
		case r == '\u3000' || r == '\u00a0':
			dst = append(dst, ' ')
		default:
			dst = append(dst, value[i:i+w]...)
		}
		i += w
	}
	if plain {
		return dst
	}
	return squeezeIDNumber(dst, start)
}

// squeezeIDNumber rewrites dst[start:] if it is 17 digits and a digit or an x
// with spaces or hyphens among them.
func squeezeIDNumber(dst []byte, start int) []byte {
	var id [18]byte
	n := 0
	for _, c := range dst[start:] {
		switch {
		case c == ' ' || c == '-':
			continue
		case n == len(id):
			return dst
		case c >= '0' && c <= '9':
		case n == len(id)-1 && (c == 'x' || c == 'X'):
			c = 'X'
		default:
			return dst
		}
		id[n] = c
		n++
	}
	if n != len(id) {
		return dst
	}
	return append(dst[:start], id[:]...)
}
