package industry

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// A sheet is a workbook of one sheet as an office hands it on: a title over all
// columns, a header of two merged rows, a line of sums.
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
	if err := s.header(title, upper, lower); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

func (s *sheet) header(title string, upper, lower []string) error {
	top, low := make([]any, len(upper)), make([]any, len(upper))
	for i := range upper {
		if i == 0 || upper[i] != upper[i-1] {
			top[i] = upper[i]
		}
		if lower[i] != "" {
			low[i] = lower[i]
		}
	}
	if err := errors.Join(s.add(title), s.add(top...), s.add(low...)); err != nil {
		return err
	}
	merge := func(column1, row1, column2, row2 int) error {
		from, err1 := excelize.CoordinatesToCellName(column1+1, row1)
		to, err2 := excelize.CoordinatesToCellName(column2+1, row2)
		if err := errors.Join(err1, err2); err != nil || from == to {
			return err
		}
		return s.MergeCell(from, to)
	}
	errs := []error{merge(0, 1, len(upper)-1, 1)}
	for i := 0; i < len(upper); i++ {
		j := i
		for j+1 < len(upper) && upper[j+1] == upper[i] {
			j++
		}
		if lower[i] == "" {
			errs = append(errs, merge(i, 2, i, 3))
		} else {
			errs = append(errs, merge(i, 2, j, 2))
		}
		i = j
	}
	return errors.Join(errs...)
}

func (s *sheet) add(cells ...any) error {
	s.row++
	return s.SetRow("A"+strconv.Itoa(s.row), cells)
}

func (s *sheet) save(file string) error {
	if err := s.Flush(); err != nil {
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
	return os.WriteFile(file, data, 0o644)
}

// saveBOM writes the list in UTF-8 with a byte order mark.
func (l *list) saveBOM(file string) error {
	l.w.Flush()
	return os.WriteFile(file, append([]byte("\ufeff"), l.buf.Bytes()...), 0o644)
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

func yuan(x float64) string { return fmt.Sprintf("%.2f", x) }
