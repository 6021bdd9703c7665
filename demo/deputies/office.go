package deputies

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// A sheet is a workbook of one sheet as an office hands it on: a title over all
// columns and a header of two merged rows.
type sheet struct {
	*excelize.StreamWriter
	book *excelize.File
	row  int // last row written
}

// newSheet begins a workbook. A column whose lower name is empty is merged over
// both rows of the header; equal upper names side by side are merged.
func newSheet(title string, upper, lower []string) (*sheet, error) {
	f := excelize.NewFile()
	sw, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s := &sheet{StreamWriter: sw, book: f}
	top, low := make([]any, len(upper)), make([]any, len(upper))
	errs := []error{s.merge(0, 1, len(upper)-1, 1)}
	for i := 0; i < len(upper); i++ {
		top[i] = upper[i]
		j := i
		for j+1 < len(upper) && upper[j+1] == upper[i] {
			j++
		}
		if lower[i] == "" {
			errs = append(errs, s.merge(i, 2, i, 3))
		} else {
			errs = append(errs, s.merge(i, 2, j, 2))
		}
		for ; i < j; i++ {
			low[i] = lower[i]
		}
		if lower[j] != "" {
			low[j] = lower[j]
		}
	}
	errs = append(errs, s.add(title), s.add(top...), s.add(low...))
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func (s *sheet) merge(column1, row1, column2, row2 int) error {
	from, err1 := excelize.CoordinatesToCellName(column1+1, row1)
	to, err2 := excelize.CoordinatesToCellName(column2+1, row2)
	if err := errors.Join(err1, err2); err != nil || from == to {
		return err
	}
	return s.MergeCell(from, to)
}

// add writes a row; empty texts are empty cells.
func (s *sheet) add(cells ...any) error {
	for i, c := range cells {
		if c == "" {
			cells[i] = nil
		}
	}
	s.row++
	return s.SetRow("A"+strconv.Itoa(s.row), cells)
}

func (s *sheet) save(file string) error {
	if err := s.Flush(); err != nil {
		return errors.Join(err, s.book.Close())
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return errors.Join(err, s.book.Close())
	}
	out, err := os.OpenFile(file, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644) // SaveAs would make it executable
	if err != nil {
		return errors.Join(err, s.book.Close())
	}
	return errors.Join(s.book.Write(out), out.Close(), s.book.Close())
}

// A list is a CSV in the making.
type list struct {
	buf  bytes.Buffer
	w    *csv.Writer
	line int // last line written
}

func newList(header ...string) *list {
	l := &list{}
	l.w = csv.NewWriter(&l.buf)
	l.w.UseCRLF = true
	l.add(header...)
	return l
}

func (l *list) add(cells ...string) {
	l.line++
	_ = l.w.Write(cells) // into memory
}

// saveGB writes the list in GB18030, as Excel in Chinese does.
func (l *list) saveGB(file string) error {
	l.w.Flush()
	data, err := simplifiedchinese.GB18030.NewEncoder().Bytes(l.buf.Bytes())
	if err != nil {
		return err
	}
	return save(file, data)
}

// saveBOM writes the list in UTF-8 with a byte order mark.
func (l *list) saveBOM(file string) error {
	l.w.Flush()
	return save(file, append([]byte("\ufeff"), l.buf.Bytes()...))
}

// saveLines writes values as JSON Lines.
func saveLines(file string, values []any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return save(file, buf.Bytes())
}

func save(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// fullWidth writes digits as Chinese input methods do when their width is wrong.
func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, s)
}

// asText is ="0123", what people write to keep Excel's hands off a number.
func asText(s string) string { return `="` + s + `"` }
