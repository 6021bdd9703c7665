package cli

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"zhicang/models"
)

// certificate is a certificate and its key in two files, read again when they
// change, so that renewing needs no restart.
type certificate struct {
	cert, key string
	now       func() time.Time
	log       *slog.Logger

	mu      sync.Mutex
	loaded  *tls.Certificate
	changed [2]time.Time // of the files that loaded came from
}

// loadCertificate reads a certificate that is in force.
func loadCertificate(cert, key string, now func() time.Time, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, now: now, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	leaf := c.loaded.Leaf
	const try = "renew it; serve reads the new files by itself"
	switch at := now(); {
	case at.After(leaf.NotAfter):
		return nil, &models.FileError{File: filepath.Base(cert), Msg: fmt.Sprintf("the certificate expired on %s", leaf.NotAfter.Format(time.DateOnly)), Try: try}
	case at.Before(leaf.NotBefore):
		return nil, &models.FileError{File: filepath.Base(cert), Msg: fmt.Sprintf("the certificate holds from %s only", leaf.NotBefore.Format(time.DateOnly)), Try: "look at the clock of this machine"}
	}
	return c, nil
}

func (c *certificate) load() error {
	var changed [2]time.Time
	for i, path := range []string{c.cert, c.key} {
		info, err := os.Stat(path)
		if err != nil {
			return &models.FileError{File: filepath.Base(path), Msg: "the certificate cannot be read: " + plain(err), Try: "look at serve.tls in the config"}
		}
		changed[i] = info.ModTime()
	}
	if c.loaded != nil && changed == c.changed {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return &models.FileError{File: filepath.Base(c.cert), Msg: "the certificate cannot be used: " + plain(err), Try: "certificate and key, both in PEM, that belong to each other"}
	}
	if pair.Leaf == nil {
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return err
		}
	}
	c.loaded, c.changed = &pair, changed
	return nil
}

// plain takes the path off an error of the file system: the message names the
// file already.
func plain(err error) string {
	if pe, ok := err.(*os.PathError); ok {
		return pe.Err.Error()
	}
	return err.Error()
}

// get implements tls.Config.GetCertificate. New files that are no good leave
// the certificate before in place.
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.load(); err != nil {
		c.log.Error("certificate not renewed", "err", err)
	}
	if c.now().After(c.loaded.Leaf.NotAfter) {
		c.log.Error("the certificate has expired", "on", c.loaded.Leaf.NotAfter.Format(time.DateOnly))
	}
	return c.loaded, nil
}

func (c *certificate) config(protocols ...string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get, NextProtos: protocols}
}

// expires is the end of the certificate that is in use.
func (c *certificate) expires() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.loaded.Leaf.NotAfter
}
