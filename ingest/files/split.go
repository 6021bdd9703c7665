package files

import "bytes"

// A splitter cuts delimited text into records and cells, by RFC 4180 and with
// two differences: a quote inside a cell that does not start with one is text
// like any other, and a record with a quote that nobody closes ends at its
// first line, so that it cannot swallow the ones behind it.
//
// It is our own because encoding/csv has no way to go on behind a broken
// record, copies every cell twice and cannot bound a record.
type splitter struct {
	win   *window
	delim []byte
	line  int64 // of the next record, from 1

	rec rawRecord
}

// rawRecord is one record; its memory is valid until the next.
type rawRecord struct {
	line  int64
	raw   []byte
	cells [][]byte // a cell with doubled quotes in it has them still
	// doubled has, for each cell, whether it has doubled quotes.
	doubled []bool
	reason  string // why it is none, in Chinese; empty for a good one
}

const (
	reasonQuote  = "引号没有成对：从引号到下一个引号之后不是分隔符或行尾"
	reasonLong   = "一条记录超过 1 MiB，可能缺一个引号"
	reasonBroken = "有无法识别的字符编码"
)

func newSplitter(w *window, delim string) *splitter {
	return &splitter{win: w, delim: []byte(delim), line: 1}
}

// next finds the next record; ok is false at the end of the text.
func (s *splitter) next() (rec *rawRecord, ok bool, err error) {
	for {
		text := s.win.text()
		n, lines, end := s.split(text, s.win.eof)
		switch {
		case len(text) == 0 && s.win.eof:
			return nil, false, nil
		case end == recordEnds && n > maxRecord:
			return s.broken(reasonLong)
		case end == recordEnds:
			s.rec.line, s.rec.raw, s.rec.reason = s.line, text[:n], ""
			s.line += lines
			s.win.take(n)
			if s.win.dirty && s.win.damaged(s.rec.raw) {
				s.rec.reason = reasonBroken
			}
			return &s.rec, true, nil
		case end == malformed:
			return s.broken(reasonQuote)
		case s.win.full():
			return s.broken(reasonLong)
		}
		if err := s.win.fill(); err != nil {
			return nil, false, err
		}
	}
}

// broken gives up on a record and goes on behind its first line.
func (s *splitter) broken(reason string) (*rawRecord, bool, error) {
	line, _, _, err := s.win.line()
	if err != nil {
		return nil, false, err
	}
	s.rec = rawRecord{line: s.line, raw: line, cells: s.rec.cells[:0], doubled: s.rec.doubled[:0], reason: reason}
	s.line++
	return &s.rec, true, nil
}

// ending says how a look at a cell or a record ended.
type ending int

const (
	incomplete ending = iota // more text is needed to tell
	malformed
	cellEnds   // another cell follows
	recordEnds // at a line's end, or at the end of the text
)

// split cuts the first record of text: its length with the line's end, and the
// lines it stands on. The cells are left in s.rec.
func (s *splitter) split(text []byte, eof bool) (n int, lines int64, end ending) {
	s.rec.cells, s.rec.doubled = s.rec.cells[:0], s.rec.doubled[:0]
	pos, eol := 0, lineEnd(text, 0, eof)
	for {
		if next, end := s.quoted(text, pos, eof); end != notQuoted {
			if end == incomplete || end == malformed {
				return 0, 0, end
			}
			for eol >= 0 && eol < next {
				lines++
				eol = lineEnd(text, eol+1, eof)
			}
			if end == recordEnds {
				if text[next-1] != '\n' {
					lines++
				}
				return next, lines, recordEnds
			}
			pos = next
			continue
		}
		if eol < 0 {
			return 0, 0, incomplete
		}
		rest := text[pos:eol]
		if i := s.index(rest); i >= 0 {
			s.cell(rest[:i], false)
			pos += i + len(s.delim)
			continue
		}
		s.cell(bytes.TrimSuffix(rest, []byte("\r")), false)
		return min(eol+1, len(text)), lines + 1, recordEnds
	}
}

// notQuoted is the answer of quoted for a cell that does not start with a
// quote.
const notQuoted ending = -1

// quoted cuts the quoted cell that starts at pos, and gives where the text
// behind its delimiter or line end is.
func (s *splitter) quoted(text []byte, pos int, eof bool) (next int, end ending) {
	start := pos
	switch {
	case pos < len(text) && text[pos] == '"':
		start = pos + 1
	case formulaText(text[pos:]):
		start = pos + 2
	default:
		return 0, notQuoted
	}
	i, doubled := start, false
	for {
		q := bytes.IndexByte(text[i:], '"')
		if q < 0 {
			if eof {
				return 0, malformed
			}
			return 0, incomplete
		}
		i += q
		if i+1 >= len(text) || text[i+1] != '"' {
			break
		}
		doubled = true
		i += 2
	}
	next, end = s.after(text, i+1, eof)
	switch {
	case end == malformed && text[pos] == '=':
		return 0, notQuoted // a formula that is more than a quoted text
	case end == cellEnds || end == recordEnds:
		s.cell(text[start:i], doubled)
	}
	return next, end
}

// after tells what follows a closing quote.
func (s *splitter) after(text []byte, pos int, eof bool) (next int, end ending) {
	rest := text[pos:]
	switch {
	case len(rest) == 0 && eof, string(rest) == "\r" && eof:
		return len(text), recordEnds
	case bytes.HasPrefix(rest, s.delim):
		return pos + len(s.delim), cellEnds
	case bytes.HasPrefix(rest, []byte("\n")):
		return pos + 1, recordEnds
	case bytes.HasPrefix(rest, []byte("\r\n")):
		return pos + 2, recordEnds
	case !eof && len(rest) < len("，"): // what follows may not have arrived whole
		return 0, incomplete
	}
	return 0, malformed
}

// formulaText recognises ="…", the formula that office programs write to keep
// a text of digits from becoming a number.
func formulaText(text []byte) bool {
	return len(text) > 1 && text[0] == '=' && text[1] == '"'
}

func lineEnd(text []byte, from int, eof bool) int {
	if i := bytes.IndexByte(text[from:], '\n'); i >= 0 {
		return from + i
	}
	if eof {
		return len(text)
	}
	return -1
}

func (s *splitter) index(text []byte) int {
	if len(s.delim) == 1 {
		return bytes.IndexByte(text, s.delim[0])
	}
	return bytes.Index(text, s.delim)
}

func (s *splitter) cell(text []byte, doubled bool) {
	s.rec.cells = append(s.rec.cells, text)
	s.rec.doubled = append(s.rec.doubled, doubled)
}

// undouble turns doubled quotes into single ones, into a buffer that is used
// again.
func undouble(buf, text []byte) []byte {
	buf = buf[:0]
	for {
		i := bytes.IndexByte(text, '"')
		if i < 0 || i+1 >= len(text) {
			return append(buf, text...)
		}
		buf = append(buf, text[:i+1]...)
		text = text[i+2:]
	}
}
