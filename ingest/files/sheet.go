package files

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"

	"zhicang/ingest"
)

// sheetRows streams the rows of a worksheet.
type sheetRows struct {
	book *book
	r    io.Closer
	dec  *xml.Decoder

	position int64
	cells    []string // by column; a cell that is not there is empty
	errors   []bool   // by column: the text is an Excel error such as #N/A
	value    []byte
}

// rows opens a sheet; the caller closes it.
func (b *book) rows(ref sheetRef) (*sheetRows, error) {
	if err := b.loadStrings(); err != nil {
		return nil, err
	}
	r, err := b.part(ref.part)
	if err != nil {
		return nil, damagedBook(err)
	}
	return &sheetRows{book: b, r: r, dec: xml.NewDecoder(r)}, nil
}

func (s *sheetRows) close() { s.r.Close() }

// next moves to the next row that the sheet has; false at the end. Rows that
// were never touched are not in the file: positions have gaps.
func (s *sheetRows) next() (bool, error) {
	for {
		token, err := s.dec.RawToken()
		if errors.Is(err, io.EOF) {
			return false, s.damaged(io.ErrUnexpectedEOF)
		} else if err != nil {
			return false, s.damaged(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local == "row" {
				s.position++
				if r := attr(t, "r"); r != "" {
					n, err := strconv.ParseInt(r, 10, 64)
					if err != nil || n < s.position {
						return false, s.damaged(fmt.Errorf("the row after %d is out of order", s.position-1))
					}
					s.position = n
				}
				return true, s.row()
			}
		case xml.EndElement:
			if n := t.Name.Local; n == "sheetData" || n == "worksheet" {
				return false, nil
			}
		}
	}
}

func (s *sheetRows) damaged(err error) error {
	if e := (*ingest.Error)(nil); errors.As(err, &e) || s.book.in.ctx.Err() != nil {
		return err
	}
	e := damagedBook(err).(*ingest.Error)
	e.Row = s.position
	return e
}

// row reads the cells of a row up to its end.
func (s *sheetRows) row() error {
	s.cells, s.errors = s.cells[:0], s.errors[:0]
	for column := 0; ; column++ {
		token, err := s.dec.RawToken()
		if err != nil {
			return s.damaged(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if t.Name.Local != "c" {
				column--
				continue
			}
			if r := attr(t, "r"); r != "" {
				if column = columnOf(r); column < 0 {
					return s.damaged(errors.New("a cell has no place"))
				}
			}
			text, isError, err := s.cell(attr(t, "t"), attr(t, "s"))
			if err != nil {
				return s.damaged(err)
			}
			if text == "" {
				continue
			}
			for len(s.cells) <= column {
				s.cells, s.errors = append(s.cells, ""), append(s.errors, false)
			}
			s.cells[column], s.errors[column] = text, isError
		case xml.EndElement:
			if t.Name.Local == "row" {
				return nil
			}
			column--
		default:
			column--
		}
	}
}

// cell reads a cell's content up to its end, and gives it as text.
func (s *sheetRows) cell(kind, style string) (text string, isError bool, err error) {
	s.value = s.value[:0]
	take, phonetic := false, false
	for {
		token, err := s.dec.RawToken()
		if err != nil {
			return "", false, err
		}
		switch t := token.(type) {
		case xml.StartElement:
			take = t.Name.Local == "v" || t.Name.Local == "t"
			phonetic = phonetic || t.Name.Local == "rPh"
		case xml.EndElement:
			take = false
			switch t.Name.Local {
			case "rPh":
				phonetic = false
			case "c":
				return s.text(kind, style)
			}
		case xml.CharData:
			if take && !phonetic {
				s.value = append(s.value, t...)
			}
		}
	}
}

func (s *sheetRows) text(kind, style string) (text string, isError bool, err error) {
	v := string(s.value)
	if v == "" {
		return "", false, nil
	}
	switch kind {
	case "s":
		text, ok := s.book.strings.at(v)
		if !ok {
			return "", false, errors.New("a cell refers to a text that is not there")
		}
		return unescape(text), false, nil
	case "str", "inlineStr":
		return unescape(v), false, nil
	case "b":
		if v == "0" {
			return "FALSE", false, nil
		}
		return "TRUE", false, nil
	case "e":
		return v, true, nil
	case "d":
		return strings.TrimSuffix(strings.Replace(v, "T", " ", 1), "Z"), false, nil
	}
	number, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return "", false, errors.New("a number cell holds no number")
	}
	i, _ := strconv.Atoi(style)
	shown := plainNumber
	if i >= 0 && i < len(s.book.styles) {
		shown = s.book.styles[i]
	}
	if shown != plainNumber {
		if text := dateText(number, shown, s.book.date1904); text != "" {
			return text, false, nil
		}
	}
	return numberText(v, number), false, nil
}

// maxExact is the first number of sixteen digits. Excel keeps fifteen: what is
// larger has lost its last digits, whether they look like zeros or not.
const maxExact = 1e15

// numberText writes a number as it stands, up to the fifteen digits that Excel
// keeps. A larger one is written the way Excel shows it, as 1.2E+17, so that
// nobody takes an identifier that was rounded for a whole one.
func numberText(written string, number float64) string {
	switch {
	case math.Abs(number) >= maxExact:
		s := strconv.FormatFloat(number, 'E', 5, 64)
		mantissa, exponent, _ := strings.Cut(s, "E")
		if strings.Contains(mantissa, ".") {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		return mantissa + "E" + exponent
	case len(written) <= 15 && isDigits(written):
		return written
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(number, 'g', 15, 64), 64)
	if err != nil {
		return written
	}
	return strconv.FormatFloat(rounded, 'f', -1, 64)
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// dateText writes a serial number as a date and time; empty for one that is no
// date. Day 1 is 1900-01-01, and day 60 the 1900-02-29 that never was
// (ECMA-376 part 1, §18.17.4.1); with the 1904 system day 0 is 1904-01-01.
func dateText(serial float64, shown numberStyle, date1904 bool) string {
	if serial < 0 || serial >= 2958466 { // 10000-01-01
		return ""
	}
	seconds := int64(math.Round(serial * 86400))
	if shown == timeNumber && serial < 1 {
		return time.Unix(seconds, 0).UTC().Format(time.TimeOnly)
	}
	epoch := time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)
	switch {
	case date1904:
		epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	case serial < 60:
		epoch = epoch.AddDate(0, 0, 1)
	}
	return epoch.AddDate(0, 0, int(seconds/86400)).Add(time.Duration(seconds%86400) * time.Second).Format(time.DateTime)
}

var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// unescape undoes the way in which XLSX writes characters that XML cannot hold
// (ECMA-376 part 1, §22.9.2.19): _x000D_.
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	return escaped.ReplaceAllStringFunc(text, func(s string) string {
		n, err := strconv.ParseUint(s[2:6], 16, 16)
		if err != nil || n >= 0xD800 && n < 0xE000 {
			return s
		}
		return string(rune(n))
	})
}

func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

// maxColumns is how many columns a sheet can have.
const maxColumns = 16384

// columnOf is the column of a cell's name, from 0: AB12 is 27; -1 for none.
func columnOf(name string) int {
	n := 0
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			n = n*26 + int(c-'A') + 1
		case c >= '0' && c <= '9' && i > 0:
			return n - 1
		default:
			return -1
		}
		if n > maxColumns {
			return -1
		}
	}
	return -1
}
