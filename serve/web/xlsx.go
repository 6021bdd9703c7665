package web

import (
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"
)

// The sheets of a workbook: the rows, and what they mean.
const (
	rowsSheet  = "数据"
	notesSheet = "说明"
)

// writeXLSX writes the rows to a workbook with Chinese headings. A second sheet
// says what they are: of which day, for whom, by which 口径.
func (d *download) writeXLSX(w io.Writer) error {
	book := excelize.NewFile()
	defer book.Close()
	if err := book.SetSheetName("Sheet1", rowsSheet); err != nil {
		return err
	}
	styles, err := newStyles(book, d)
	if err != nil {
		return err
	}
	if err := d.writeRows(book, styles); err != nil {
		return err
	}
	if err := d.writeNotes(book, styles); err != nil {
		return err
	}
	_, err = book.WriteTo(w)
	return err
}

type styles struct {
	head, label, note int
	cells             []int // by visible column
}

func newStyles(book *excelize.File, d *download) (st styles, err error) {
	wrap := &excelize.Alignment{Vertical: "top", WrapText: true}
	make := func(into *int, style *excelize.Style) {
		if err == nil {
			*into, err = book.NewStyle(style)
		}
	}
	make(&st.head, &excelize.Style{
		Font: &excelize.Font{Bold: true}, Alignment: &excelize.Alignment{Vertical: "center", WrapText: true},
		Fill:   excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8F0F8"}},
		Border: []excelize.Border{{Type: "bottom", Color: "17548F", Style: 1}},
	})
	make(&st.label, &excelize.Style{Font: &excelize.Font{Bold: true}, Alignment: wrap})
	make(&st.note, &excelize.Style{Alignment: wrap})
	for _, at := range d.visible() {
		id := 0
		style := &excelize.Style{Alignment: &excelize.Alignment{Vertical: "top"}}
		switch f := d.columns[at].field; {
		case f.Kind == "number":
			style.CustomNumFmt = new(numberFormat(f.Decimals))
		case f.Kind == "day":
			style.CustomNumFmt = new("yyyy-mm-dd")
		case f.Kind == "time":
			style.CustomNumFmt = new("yyyy-mm-dd hh:mm:ss")
		default:
			style.Alignment = wrap
		}
		make(&id, style)
		st.cells = append(st.cells, id)
	}
	return st, err
}

func numberFormat(decimals int) string {
	switch {
	case decimals < 0:
		return "#,##0.##"
	case decimals == 0:
		return "#,##0"
	}
	return "#,##0." + fmt.Sprintf("%0*d", decimals, 0)
}

func (d *download) writeRows(book *excelize.File, st styles) error {
	out, err := book.NewStreamWriter(rowsSheet)
	if err != nil {
		return err
	}
	visible := d.visible()
	head := make([]any, len(visible))
	for i, at := range visible {
		c := d.columns[at]
		head[i] = excelize.Cell{StyleID: st.head, Value: c.head()}
		if err := out.SetColWidth(i+1, i+1, width(c)); err != nil {
			return err
		}
	}
	if err := out.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := out.SetRow("A1", head, excelize.RowOpts{Height: 24}); err != nil {
		return err
	}
	n := 1
	for d.rows.Next() {
		n++
		raw := d.rows.Values()
		row := make([]any, len(visible))
		for i, at := range visible {
			row[i] = excelize.Cell{StyleID: st.cells[i], Value: d.columns[at].sheetValue(raw[at])}
		}
		if err := out.SetRow(fmt.Sprintf("A%d", n), row); err != nil {
			return err
		}
	}
	if err := d.rows.Err(); err != nil {
		return err
	}
	if d.rows.Truncated() {
		if err := out.SetRow(fmt.Sprintf("A%d", n+1), []any{truncatedNote}); err != nil {
			return err
		}
	}
	return out.Flush()
}

// sheetValue is a value as a sheet takes it: days and moments stay what they
// are, so that they can be sorted and filtered.
func (c column) sheetValue(raw any) any {
	if t, ok := raw.(time.Time); ok && (c.Kind == "day" || c.Kind == "time") {
		return t
	}
	return c.value(raw)
}

// width is how wide a column is, in characters.
func width(c column) float64 {
	switch {
	case c.Kind == "day":
		return 12
	case c.Kind == "time":
		return 20
	case c.Kind == "number":
		return 12
	case c.Width > 0:
		return float64(min(max(c.Width/7, 8), 80))
	}
	return 24
}

func (d *download) writeNotes(book *excelize.File, st styles) error {
	if _, err := book.NewSheet(notesSheet); err != nil {
		return err
	}
	lines := [][2]string{{"看板", d.board.Title}, {"内容", d.panel.Title}}
	if d.data != nil {
		lines = append(lines, [2]string{"数据截至", d.data.AsOf}, [2]string{"更新于", d.data.Published})
		if d.data.Late != "" {
			lines = append(lines, [2]string{"来源", d.data.Late})
		}
		lines = append(lines, d.data.lines()...)
	}
	for _, c := range d.chosen {
		lines = append(lines, [2]string{c.Title, c.Text})
	}
	lines = append(lines,
		[2]string{"可见范围", d.scope}, [2]string{"导出人", d.who},
		[2]string{"导出时间", d.when.Format(time.DateTime)}, [2]string{"用途", d.purpose})
	for i, text := range d.panel.Explain {
		label := ""
		if i == 0 {
			label = "口径"
		}
		lines = append(lines, [2]string{label, text})
	}
	if d.rows.Truncated() {
		lines = append(lines, [2]string{"注意", truncatedNote})
	}
	for i, l := range lines {
		for col, style := range []int{st.label, st.note} {
			at, err := excelize.CoordinatesToCellName(col+1, i+1)
			if err != nil {
				return err
			}
			if err := book.SetCellStr(notesSheet, at, l[col]); err != nil {
				return err
			}
			if err := book.SetCellStyle(notesSheet, at, at, style); err != nil {
				return err
			}
		}
	}
	if err := book.SetColWidth(notesSheet, "A", "A", 12); err != nil {
		return err
	}
	return book.SetColWidth(notesSheet, "B", "B", 80)
}
