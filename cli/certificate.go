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
	told    string       // what was logged of files that are no good, once
	late    *tls.Certificate
}

// loadCertificate reads a certificate. One that is not in force is taken all the
// same: wrong says so, and serve goes on until the files are renewed.
func loadCertificate(cert, key string, now func() time.Time, log *slog.Logger) (*certificate, error) {
	c := &certificate{cert: cert, key: key, now: now, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// wrong is why the certificate that is in use, newer files read, is not in
// force; nil: it is.
func (c *certificate) wrong() *models.FileError {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renew()
	leaf, file := c.loaded.Leaf, filepath.Base(c.cert)
	switch at := c.now(); {
	case at.After(leaf.NotAfter):
		return &models.FileError{File: file, Msg: fmt.Sprintf("the certificate expired on %s", leaf.NotAfter.Format(time.DateOnly)), Try: "renew it; serve reads the new files by itself"}
	case at.Before(leaf.NotBefore):
		return &models.FileError{File: file, Msg: fmt.Sprintf("the certificate holds from %s only", leaf.NotBefore.Format(time.DateOnly)), Try: "look at the clock of this machine"}
	}
	return nil
}

// closed is what the pages say instead of themselves while the certificate is
// not in force: nobody is to get used to going past a browser's warning, and no
// password is to be sent.
func (c *certificate) closed() (title, hint string) {
	if c.wrong() == nil {
		return "", ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	leaf := c.loaded.Leaf
	const renew = "管理员更新 serve.tls 所指的证书文件之后，这里会自动恢复，无须重启；此前请不要登录"
	if c.now().After(leaf.NotAfter) {
		return "服务器证书已于 " + leaf.NotAfter.Format(time.DateOnly) + " 过期", renew
	}
	return "服务器证书自 " + leaf.NotBefore.Format(time.DateOnly) + " 起才有效", "请管理员核对本机的时钟；" + renew
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
	c.renew()
	if expired := c.now().After(c.loaded.Leaf.NotAfter); expired && c.late != c.loaded {
		c.late = c.loaded
		c.log.Error("the certificate has expired", "on", c.loaded.Leaf.NotAfter.Format(time.DateOnly))
	}
	return c.loaded, nil
}

// renew reads the files again where they have changed; it is called with the
// lock held.
func (c *certificate) renew() {
	before := c.loaded
	err := c.load()
	switch {
	case err != nil && err.Error() != c.told:
		c.log.Error("certificate not renewed", "err", err)
		c.told = err.Error()
	case err == nil && c.loaded != before:
		c.told = ""
		c.log.Info("certificate renewed", "expires", c.loaded.Leaf.NotAfter.Format(time.DateOnly))
	}
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
