package files

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/zeebo/xxh3"

	"zhicang/ingest"
)

// A digester tells contents apart. It guards against change, not against somebody
// who makes two files of one digest, and a file's 128 bits of XXH3 cost a tenth of
// a cryptographic hash.
type digester struct {
	h *xxh3.Hasher
	n int64 // bytes so far
}

func newDigester() *digester { return &digester{h: xxh3.New()} }

func (d *digester) Write(p []byte) (int, error) {
	d.n += int64(len(p))
	return d.h.Write(p)
}

func (d *digester) sum() string { return fmt.Sprintf("xxh3:%x", d.h.Sum128().Bytes()) }

// digest is that of the file with the given stamp.
func (s *Source) digest(ctx context.Context, name, want string) (string, error) {
	d, err := s.digestFile(ctx, name, want)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return "", s.at(ingest.Unit{Name: name}, err)
	}
	return d.sum(), nil
}

func (s *Source) digestFile(ctx context.Context, name, want string) (*digester, error) {
	f, err := os.Open(s.place.file(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := newDigester()
	if _, err := io.CopyBuffer(d, &contextReader{ctx, f}, make([]byte, 256<<10)); err != nil {
		return nil, err
	}
	if info, err := os.Stat(s.place.file(name)); err != nil || stamp(info) != want {
		return nil, errChanged
	}
	return d, nil
}

// contextReader fails with the context's error once it is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
