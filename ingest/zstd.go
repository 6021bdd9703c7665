package ingest

import (
	"fmt"
	"sync"

	"github.com/apache/arrow/go/v17/parquet/compress"
	"github.com/klauspost/compress/zstd"
)

// zstdLevel is the fastest. The default, 3, takes about 6% more processor time
// a load (BenchmarkLoad).
const zstdLevel = 1

// reuseEncoders makes Arrow's Parquet writers keep their zstd encoders. Arrow's
// own codec sets up a new one, with tables of megabytes, for every page that it
// compresses at a chosen level. A codec can only be set for the whole process,
// so this happens once, before the first file is written; what comes out is
// zstd as before.
var reuseEncoders = sync.OnceValue(func() error {
	arrows, err := compress.GetCodec(compress.Codecs.Zstd)
	if err != nil {
		return fmt.Errorf("zstd: %w", err)
	}
	if _, err := newEncoder(); err != nil {
		return fmt.Errorf("zstd: %w", err)
	}
	compress.RegisterCodec(compress.Codecs.Zstd, &keepingCodec{Codec: arrows})
	return nil
})

func newEncoder() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(zstdLevel)))
}

// keepingCodec is Arrow's codec, but for encoders of zstdLevel, which are used
// again.
type keepingCodec struct {
	compress.Codec
	free sync.Pool // of *zstd.Encoder
}

// EncodeLevel implements compress.Codec.
func (c *keepingCodec) EncodeLevel(dst, src []byte, level int) []byte {
	if level != zstdLevel {
		return c.Codec.EncodeLevel(dst, src, level)
	}
	enc, ok := c.free.Get().(*zstd.Encoder)
	if !ok {
		var err error
		if enc, err = newEncoder(); err != nil {
			return c.Codec.EncodeLevel(dst, src, level)
		}
	}
	defer c.free.Put(enc)
	return enc.EncodeAll(src, dst[:0])
}
