package desk

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

const (
	listSheet = "线索"
	helpSheet = "说明"
	headerRow = 2
)

// help stands on the second sheet.
func help() []string {
	return []string{
		"1.命中规则只是复核的理由,不是认定,也不自动拒绝任何人。",
		"2.只填写“处置、理由、转办部门、审核人、处置日期”五列;其余各列受保护,改动后该行会被退回。",
		"3.处置:确认、排除、转办三选一;每项都要写理由、审核人和处置日期,转办还要写转办部门。",
		"4.排除只对所见的证据有效:证据变化后,线索回到待处理。",
		"5.暂不处置的行留空。理由中不要写姓名、证件号码和电话。",
		"6.本表只有假名。查明其人须另行申请,写明理由并留痕。",
	}
}

// Write writes the workbook of flags that goes out. made says in the first row
// by whom and for when it was made.
func Write(w io.Writer, flags []Flag, made string) (err error) {
	f := excelize.NewFile()
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.SetSheetName("Sheet1", listSheet); err != nil {
		return err
	}
	if _, err := f.NewSheet(helpSheet); err != nil {
		return err
	}
	for i, line := range help() {
		if err := f.SetCellStr(helpSheet, fmt.Sprintf("A%d", i+1), line); err != nil {
			return err
		}
	}
	if err := fillRows(f, flags, made); err != nil {
		return err
	}
	if err := layOut(f, len(flags)); err != nil {
		return err
	}
	return f.Write(w)
}

func fillRows(f *excelize.File, flags []Flag, made string) error {
	cols := columns()
	if err := f.SetCellStr(listSheet, "A1", made); err != nil {
		return err
	}
	for j, c := range cols {
		if err := f.SetCellStr(listSheet, at(j, headerRow), c.title); err != nil {
			return err
		}
	}
	for i, flag := range flags {
		var cells []string
		for j, c := range cols {
			switch {
			case c.value != nil:
				cells = append(cells, c.value(flag))
			case c.title == titleChecksum:
				cells = append(cells, checksum(cells))
			default:
				continue
			}
			if err := f.SetCellStr(listSheet, at(j, headerRow+1+i), cells[len(cells)-1]); err != nil {
				return err
			}
		}
	}
	return nil
}

// layOut protects what is not to be filled in, and offers the decisions.
func layOut(f *excelize.File, n int) error {
	open, err := f.NewStyle(&excelize.Style{
		Protection: &excelize.Protection{Locked: false}, NumFmt: 49, // text: what is typed stays as it is
		Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"FFF8DC"}},
	})
	if err != nil {
		return err
	}
	for j, c := range columns() {
		name, err := excelize.ColumnNumberToName(j + 1)
		if err != nil {
			return err
		}
		if err := f.SetColWidth(listSheet, name, name, c.width); err != nil {
			return err
		}
		if !slices.Contains(filled(), c.title) || n == 0 {
			continue
		}
		first, end := at(j, headerRow+1), at(j, headerRow+n)
		if err := f.SetCellStyle(listSheet, first, end, open); err != nil {
			return err
		}
		if c.title == titleDecision {
			if err := offer(f, first+":"+end); err != nil {
				return err
			}
		}
	}
	if err := f.SetPanes(listSheet, &excelize.Panes{Freeze: true, YSplit: headerRow, XSplit: 1, TopLeftCell: at(1, headerRow+1), ActivePane: "bottomRight"}); err != nil {
		return err
	}
	return f.ProtectSheet(listSheet, &excelize.SheetProtectionOptions{SelectLockedCells: true, SelectUnlockedCells: true, FormatColumns: true, AutoFilter: true})
}

// offer puts a drop-down of the decisions into cells.
func offer(f *excelize.File, cells string) error {
	v := excelize.NewDataValidation(true)
	v.Sqref = cells
	if err := v.SetDropList(decisions()); err != nil {
		return err
	}
	v.SetError(excelize.DataValidationErrorStyleStop, "处置", "请选择"+strings.Join(decisions(), "、"))
	return f.AddDataValidation(listSheet, v)
}

// at is the name of a cell; columns count from 0, rows from 1.
func at(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column+1, row)
	if err != nil {
		panic(err) // both are counted by this package
	}
	return name
}

// A Book is a workbook that came back.
type Book struct {
	file  *excelize.File
	width int // columns of the list sheet, a remark's excluded
	rows  []row
}

// A row that somebody filled in.
type row struct {
	number int
	cells  map[string]string // by title
}

// maxUnzipped bounds what a workbook may swell to.
const maxUnzipped = 256 << 20

// Read reads a workbook that Write made and people filled in. An error says
// why it is none.
func Read(r io.Reader) (*Book, error) {
	f, err := excelize.OpenReader(r, excelize.Options{RawCellValue: true, UnzipSizeLimit: maxUnzipped})
	if err != nil {
		return nil, fmt.Errorf("it is no workbook that can be read: %w", err)
	}
	b := &Book{file: f}
	if err := b.readRows(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return b, nil
}

func (b *Book) readRows() error {
	rows, err := b.file.GetRows(listSheet, excelize.Options{RawCellValue: true})
	if err != nil {
		return fmt.Errorf("it has no sheet %s", listSheet)
	}
	if len(rows) < headerRow {
		return fmt.Errorf("sheet %s has no header in row %d", listSheet, headerRow)
	}
	index := map[string]int{}
	for j, title := range rows[headerRow-1] {
		_, again := index[title]
		switch {
		case title == titleRemark:
			continue
		case again && slices.ContainsFunc(columns(), func(c column) bool { return c.title == title }):
			return fmt.Errorf("sheet %s has two columns %s in row %d", listSheet, title, headerRow)
		}
		index[title], b.width = j, j+1
	}
	for _, c := range columns() {
		if _, ok := index[c.title]; !ok {
			return fmt.Errorf("sheet %s has no column %s in row %d", listSheet, c.title, headerRow)
		}
	}
	for i, cells := range rows[headerRow:] {
		r := row{number: headerRow + 1 + i, cells: map[string]string{}}
		for title, j := range index {
			if j < len(cells) {
				r.cells[title] = cells[j]
			}
		}
		if r.isFilled() {
			b.rows = append(b.rows, r)
		}
	}
	return nil
}

// isFilled reports whether somebody wrote anything into a row.
func (r row) isFilled() bool {
	return slices.ContainsFunc(filled(), func(title string) bool { return r.field(title) != "" })
}

// field is what a person wrote, without the spaces around it.
func (r row) field(title string) string { return strings.TrimSpace(r.cells[title]) }

// Len is how many rows somebody filled in.
func (b *Book) Len() int { return len(b.rows) }

// Close lets go of the workbook.
func (b *Book) Close() error { return b.file.Close() }

// Remark writes a copy of the workbook with a further column that says why rows
// come back.
func (b *Book) Remark(w io.Writer, faults []Fault) error {
	if err := b.file.SetCellStr(listSheet, at(b.width, headerRow), titleRemark); err != nil {
		return err
	}
	by := map[int][]string{}
	for _, f := range faults {
		by[f.Row] = append(by[f.Row], f.Column+":"+f.Reason)
	}
	for _, r := range b.rows {
		if err := b.file.SetCellStr(listSheet, at(b.width, r.number), strings.Join(by[r.number], ";")); err != nil {
			return err
		}
	}
	return b.file.Write(w)
}

// parseDay reads a day as people and spreadsheets write it.
func parseDay(s string) (time.Time, bool) {
	for _, layout := range []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	// A serial number counts the days since the end of 1899.
	if n, err := strconv.ParseFloat(s, 64); err == nil && n >= 36526 && n < 73415 {
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(n)), true
	}
	return time.Time{}, false
}
