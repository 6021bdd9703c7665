package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"zhicang/ingest"
)

const (
	encodingUTF8    = "utf-8"
	encodingGB18030 = "gb18030"
	encodingUTF16LE = "utf-16le"
	encodingUTF16BE = "utf-16be"
)

// sampleSize is how much of a file is looked at, at a time, to find its
// encoding.
const sampleSize = 1 << 20

// findEncoding tells how a text file is encoded, by its byte order mark or by
// its first stretch that is not plain ASCII, and how long the mark is.
//
// GB18030 text read as UTF-8 is invalid at most of its characters; UTF-8 text
// that some system cut in the midst of a character is invalid at a few. So not
// one bad byte decides, but whether bad ones are common: a file of UTF-8 with
// damage in it is read as UTF-8, and its damaged records become faults, where
// reading it as GB18030 would turn every record into garbage.
func findEncoding(ctx context.Context, f io.ReaderAt) (encoding string, mark int, err error) {
	buf := make([]byte, sampleSize)
	for at := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return "", 0, err
		}
		n, err := f.ReadAt(buf, at)
		if err != nil && !errors.Is(err, io.EOF) {
			return "", 0, err
		}
		sample, last := buf[:n], err != nil
		if at == 0 {
			if e, mark := byteOrderMark(sample); mark > 0 {
				return e, mark, nil
			}
			if err := notText(sample); err != nil {
				return "", 0, err
			}
		}
		good, bad := countUTF8(sample, last)
		switch {
		case good+bad > 0 && good >= 4*bad:
			return encodingUTF8, 0, nil
		case bad > 0:
			return encodingGB18030, 0, nil
		case last: // plain ASCII throughout
			return encodingUTF8, 0, nil
		}
		// Three bytes are looked at again, lest a character on the edge is
		// taken for two broken ones.
		at += int64(max(n-utf8.UTFMax+1, 1))
	}
}

func byteOrderMark(b []byte) (string, int) {
	switch {
	case bytes.HasPrefix(b, []byte("\xEF\xBB\xBF")):
		return encodingUTF8, 3
	case bytes.HasPrefix(b, []byte("\xFF\xFE")):
		return encodingUTF16LE, 2
	case bytes.HasPrefix(b, []byte("\xFE\xFF")):
		return encodingUTF16BE, 2
	}
	return "", 0
}

// notText recognises workbooks under a text file's name.
func notText(b []byte) error {
	switch {
	case bytes.HasPrefix(b, magicZip), bytes.HasPrefix(b, magicOLE):
		return &ingest.Error{
			Err: errors.New("this is an office workbook under the name of a text file"),
			Try: "rename it to .xlsx, or open it and save it as CSV UTF-8",
		}
	case bytes.HasPrefix(b, []byte("PAR1")):
		return &ingest.Error{
			Err: errors.New("this is a Parquet file under the name of a text file"),
			Try: "rename it to .parquet",
		}
	}
	return nil
}

// countUTF8 counts the characters beyond ASCII that are valid UTF-8 and the
// bytes that are not part of any. A character that the end cuts counts only
// when nothing follows.
func countUTF8(b []byte, last bool) (good, bad int) {
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		switch {
		case r != utf8.RuneError || size > 1:
			good++
		case !last && !utf8.FullRune(b):
			return good, bad
		default:
			bad++
		}
		b = b[size:]
	}
	return good, bad
}

// openText gives a file's text from its beginning as UTF-8, and the check that
// tells a stretch of it with damaged characters.
func (in *input) openText(encoding string, mark int) (*window, error) {
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	in.whole = newDigester()
	raw := io.TeeReader(&contextReader{in.ctx, in.file}, in.whole)
	if _, err := io.CopyN(io.Discard, raw, int64(mark)); err != nil {
		return nil, err
	}
	w := &window{r: raw, damaged: func(b []byte) bool { return !utf8.Valid(b) }}
	switch encoding {
	case encodingGB18030:
		w.r = simplifiedchinese.GB18030.NewDecoder().Reader(raw)
	case encodingUTF16LE:
		w.r = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder().Reader(raw)
	case encodingUTF16BE:
		w.r = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder().Reader(raw)
	default:
		return w, nil
	}
	// Decoders put U+FFFD in the place of what they cannot decode.
	w.damaged = func(b []byte) bool { return bytes.Contains(b, []byte("\uFFFD")) }
	return w, nil
}

// textEncoding is the configured encoding, or the one that is found. A byte
// order mark is skipped even where the encoding is configured.
func (in *input) textEncoding() (encoding string, mark int, err error) {
	if in.cfg.Encoding == "" {
		return findEncoding(in.ctx, in.file)
	}
	head := make([]byte, 8)
	n, err := in.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", 0, err
	}
	if e, mark := byteOrderMark(head[:n]); mark > 0 {
		return e, mark, nil
	}
	return in.cfg.Encoding, 0, notText(head[:n])
}

// A window slides over decoded text. It holds more than maxRecord bytes, so
// that a record or a line of that length is seen whole.
type window struct {
	r          io.Reader
	damaged    func([]byte) bool
	buf        []byte
	start, end int  // the text not yet taken
	checked    int  // the text up to here has been looked at for damage
	dirty      bool // some of the text at hand is damaged
	eof        bool
}

const (
	maxRecord  = 1 << 20
	readSize   = 512 << 10
	windowSize = maxRecord + readSize
)

// text is what is at hand; it is valid until the next fill.
func (w *window) text() []byte { return w.buf[w.start:w.end] }

func (w *window) take(n int) { w.start += n }

// full says that filling would bring nothing.
func (w *window) full() bool { return w.end-w.start > maxRecord }

// fill reads on, keeping what was not taken. At the end of the text, or if the
// window is full, it brings nothing.
func (w *window) fill() error {
	if w.eof || w.full() {
		return nil
	}
	if w.buf == nil {
		w.buf = make([]byte, windowSize)
	}
	copy(w.buf, w.buf[w.start:w.end])
	w.end -= w.start
	w.checked = max(w.checked-w.start, 0)
	w.start = 0
	if w.dirty {
		w.dirty = w.damaged(w.buf[:w.checked])
	}
	limit := min(w.end+readSize, len(w.buf))
	for w.end < limit && !w.eof {
		n, err := w.r.Read(w.buf[w.end:limit])
		w.end += n
		switch {
		case errors.Is(err, io.EOF):
			w.eof = true
		case err != nil:
			return err
		}
	}
	whole := w.end
	if !w.eof {
		whole = wholeRunes(w.buf[:w.end])
	}
	if whole > w.checked {
		w.dirty = w.damaged(w.buf[w.checked:whole]) || w.dirty
		w.checked = whole
	}
	return nil
}

// wholeRunes is the length of b without a character cut at its end.
func wholeRunes(b []byte) int {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return len(b) - i
			}
			break
		}
	}
	return len(b)
}

// line takes the next line, without its end, however long it is: of one over
// maxRecord it returns a beginning, and whole is false. ok is
// false at the end of the text. The line is valid until the next call.
func (w *window) line() (line []byte, whole, ok bool, err error) {
	for {
		text := w.text()
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			w.take(i + 1)
			return bytes.TrimSuffix(text[:i], []byte("\r")), i <= maxRecord, true, nil
		}
		if w.eof {
			w.take(len(text))
			return text, len(text) <= maxRecord, len(text) > 0, nil
		}
		if w.full() {
			head := bytes.Clone(text[:64<<10])
			return head, false, true, w.skipLine()
		}
		if err := w.fill(); err != nil {
			return nil, false, false, err
		}
	}
}

// skipLine takes everything up to and with the next line's end.
func (w *window) skipLine() error {
	for {
		text := w.text()
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			w.take(i + 1)
			return nil
		}
		w.take(len(text))
		if w.eof {
			return nil
		}
		if err := w.fill(); err != nil {
			return err
		}
	}
}
