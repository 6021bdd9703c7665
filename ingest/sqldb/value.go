package sqldb

import (
	"bytes"
	"encoding/hex"
	"strconv"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Why a value can't be delivered, in the words of the list of held-back rows,
// behind the name of its column.
const (
	notOfType     = "的值与其类型不符"
	outOfCalendar = "的日期超出公元1年至9999年"
	zeroDate      = "的日期为零(0000-00-00)"
	noSuchDate    = "的日期在日历上没有"
	notANumber    = "的数值不是数(NaN)或为无穷大"
	tooPrecise    = "的数值超出其精度"
	badText       = "的文字不是有效的编码"
	hasNUL        = "的文字中有空字符(NUL)"
)

// The values of zero_dates and text_encoding.
const (
	zeroFault       = "fault"
	zeroNull        = "null"
	encodingGBK     = "gbk"
	encodingGB18030 = "gb18030"
	encodingUTF8    = "utf-8"
)

// textDecoder turns bytes into text. It serves one goroutine.
type textDecoder struct {
	encoding string
	gb       *encoding.Decoder
}

func newTextDecoder(name string) *textDecoder {
	d := &textDecoder{encoding: name}
	if name == encodingGBK || name == encodingGB18030 {
		d.gb = simplifiedchinese.GB18030.NewDecoder() // of which GBK is a part
	}
	return d
}

// text appends what the database calls text.
func (d *textDecoder) text(v *vec, b []byte) string {
	switch {
	case !utf8.Valid(b):
		return badText
	case bytes.IndexByte(b, 0) >= 0:
		return hasNUL
	}
	v.addText(b)
	return ""
}

// bytes appends what the database calls bytes: as hexadecimal digits, or as the
// text that they are. Columns of fixed width are filled up with NULs.
func (d *textDecoder) bytes(v *vec, b []byte) string {
	if d.encoding == "" {
		v.text = hex.AppendEncode(v.text, b)
		v.endText()
		return ""
	}
	b = bytes.TrimRight(b, "\x00")
	if d.gb != nil {
		decoded, err := d.gb.Bytes(b)
		// What stands for nothing becomes U+FFFD, which GB18030 can write itself,
		// and nobody does.
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return badText
		}
		b = decoded
	}
	return d.text(v, b)
}

// string is the i-th value as text; ok is false for null.
func (v *vec) string(i int, c column) (s string, ok bool) {
	if v.isNull(i) {
		return "", false
	}
	switch c.kind {
	case intKind:
		return strconv.FormatInt(v.whole[i], 10), true
	case floatKind:
		return strconv.FormatFloat(v.float[i], 'f', -1, 64), true
	case decimalKind:
		return v.decimal[i].ToString(c.scale), true
	case boolKind:
		return strconv.FormatBool(v.bits[i>>3]&(1<<(i&7)) != 0), true
	case dateKind:
		return time.Unix(int64(v.days[i])*86400, 0).UTC().Format(dateLayout), true
	case wallKind, instantKind:
		return timeText(c.kind, v.whole[i]), true
	}
	return string(v.value(i)), true
}
