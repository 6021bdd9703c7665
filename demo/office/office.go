// Package office writes files as offices hand them on: workbooks with a title
// and a header of merged rows, CSV in GB18030 or with a byte order mark, digits
// of the wrong width, a table of a database.
package office

import (
	"bytes"
	"database/sql"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// A Sheet is a workbook of one sheet in the making.
type Sheet struct {
	// Row is the last row written, from 1.
	Row int

	stream *excelize.StreamWriter
	book   *excelize.File
}

// NewSheet begins a workbook with a title over so many columns.
func NewSheet(title string, columns int) (*Sheet, error) {
	f := excelize.NewFile()
	stream, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s := &Sheet{stream: stream, book: f}
	if err := errors.Join(s.merge(0, 1, columns-1, 1), s.Add(title)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// NewForm begins a workbook with a title and a header of two merged rows. A
// column whose lower name is empty is merged over both; equal upper names side
// by side are merged.
func NewForm(title string, upper, lower []string) (*Sheet, error) {
	s, err := NewSheet(title, len(upper))
	if err != nil {
		return nil, err
	}
	top, low := make([]any, len(upper)), make([]any, len(upper))
	var errs []error
	for i := 0; i < len(upper); {
		end := i + 1
		for end < len(upper) && upper[end] == upper[i] {
			end++
		}
		top[i] = upper[i]
		if lower[i] == "" {
			errs = append(errs, s.merge(i, 2, i, 3))
		} else {
			errs = append(errs, s.merge(i, 2, end-1, 2))
		}
		for ; i < end; i++ {
			if lower[i] != "" {
				low[i] = lower[i]
			}
		}
	}
	if err := errors.Join(append(errs, s.Add(top...), s.Add(low...))...); err != nil {
		return nil, errors.Join(err, s.book.Close())
	}
	return s, nil
}

// merge merges cells, by column from 0 and row from 1.
func (s *Sheet) merge(column1, row1, column2, row2 int) error {
	from, err1 := excelize.CoordinatesToCellName(column1+1, row1)
	to, err2 := excelize.CoordinatesToCellName(column2+1, row2)
	if err := errors.Join(err1, err2); err != nil || from == to {
		return err
	}
	return s.stream.MergeCell(from, to)
}

// Add writes a row; nil is an empty cell.
func (s *Sheet) Add(cells ...any) error {
	s.Row++
	return s.stream.SetRow("A"+strconv.Itoa(s.Row), cells)
}

// AddFilled writes a row in which empty texts are empty cells.
func (s *Sheet) AddFilled(cells ...any) error {
	for i, c := range cells {
		if c == "" {
			cells[i] = nil
		}
	}
	return s.Add(cells...)
}

// Save ends the workbook and writes it.
func (s *Sheet) Save(file string) error {
	var out bytes.Buffer
	err := s.stream.Flush()
	if err == nil {
		err = s.book.Write(&out)
	}
	if err := errors.Join(err, s.book.Close()); err != nil {
		return err
	}
	return Save(file, out.Bytes())
}

// A List is a CSV in the making.
type List struct {
	// Line is the last line written, from 1.
	Line int

	buf bytes.Buffer
	w   *csv.Writer
}

// NewList begins a list with its header.
func NewList(header ...string) *List {
	l := &List{}
	l.w = csv.NewWriter(&l.buf)
	l.w.UseCRLF = true
	l.Add(header...)
	return l
}

// Add writes a line.
func (l *List) Add(cells ...string) {
	l.Line++
	_ = l.w.Write(cells) // into memory
}

// SaveGB writes the list in GB18030, as Excel in Chinese does.
func (l *List) SaveGB(file string) error {
	l.w.Flush()
	return SaveGB(file, l.buf.Bytes())
}

// SaveBOM writes the list in UTF-8 with a byte order mark.
func (l *List) SaveBOM(file string) error {
	l.w.Flush()
	return SaveBOM(file, l.buf.Bytes())
}

// SaveLines writes values as JSON Lines.
func SaveLines(file string, values []any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	for _, v := range values {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return Save(file, buf.Bytes())
}

// SaveGB writes a text in GB18030.
func SaveGB(file string, text []byte) error {
	data, err := simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	if err != nil {
		return err
	}
	return Save(file, data)
}

// SaveBOM writes a text in UTF-8 with a byte order mark.
func SaveBOM(file string, text []byte) error {
	return Save(file, append([]byte("\ufeff"), text...))
}

// SaveDatabase writes a file of SQLite with one table, which create makes.
func SaveDatabase(file, create, table string, rows [][]any) (err error) {
	if err := Save(file, nil); err != nil { // an empty file is an empty database
		return err
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(create); err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // of what was not committed
	for _, row := range rows {
		places := strings.TrimSuffix(strings.Repeat("?, ", len(row)), ", ")
		if _, err := tx.Exec(fmt.Sprintf("INSERT INTO %q VALUES (%s)", table, places), row...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// Save writes a file, and its folder where there is none.
func Save(file string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// Date is a day as forms want it; "" for the zero time.
func Date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.DateOnly)
}

// FullWidth writes digits as Chinese input methods do when their width is wrong.
func FullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, s)
}

// AsText is ="0123", what people write to keep Excel's hands off a number.
func AsText(s string) string { return `="` + s + `"` }
