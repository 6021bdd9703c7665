package demo

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/xuri/excelize/v2"

	"zhicang/demo/office"
	"zhicang/demo/yunxi"
)

const (
	webSource     = "portal"
	hotlineSource = "hotline"
	stationSource = "station"

	webFolder     = "网络问政"
	hotlineFolder = "12345热线"
	webSheet      = "留言"
	notesSheet    = "说明"
)

var portalColumns = []any{"留言编号", "留言用户", "姓名", "联系电话", "所属乡镇", "留言主题", "留言时间", "留言详情", "点赞数", "反对数"}

// A portalFile is one month of the web portal as an office hands it on: a title
// above the header, some headers of two merged rows, dates as text or as
// serial numbers, full-width digits, a line of sums, a sheet of notes.
type portalFile struct {
	*excelize.StreamWriter
	year, month int
	date        int // style of serial dates
	row         int // last row written
	likes       int
}

// writePortal writes the month's XLSX. earlier are messages of the month
// before that it delivers once more.
func (c *County) writePortal(dir string, month int, messages, earlier []message) error {
	unit := fmt.Sprintf("%d年%02d月网络问政留言.xlsx", c.year, month)
	f := excelize.NewFile()
	defer f.Close()
	p, err := c.openPortal(f, month)
	if err != nil {
		return err
	}
	if err := p.header(); err != nil {
		return err
	}
	for i := range messages {
		if err := p.message(&messages[i]); err != nil {
			return err
		}
		c.delivered(&messages[i], webSource, unit, webSheet, p.row)
	}
	for i := range earlier {
		if err := p.message(&earlier[i]); err != nil {
			return err
		}
		c.redelivered(&earlier[i], webSource, unit, webSheet, p.row, true)
	}
	if err := p.add("合计", nil, nil, nil, nil, nil, nil, nil, p.likes); err != nil {
		return err
	}
	c.truth.Totals = append(c.truth.Totals, Place{Source: webSource, File: unit, Sheet: webSheet, Row: p.row})
	if err := p.Flush(); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		return err
	}
	return office.Save(filepath.Join(dir, "drop", webFolder, unit), out.Bytes())
}

// openPortal lays out the workbook, with the notes after the messages, and
// before them once.
func (c *County) openPortal(f *excelize.File, month int) (*portalFile, error) {
	sheets := []string{webSheet, notesSheet}
	if month == 8 {
		sheets = []string{notesSheet, webSheet}
	}
	if err := f.SetSheetName("Sheet1", sheets[0]); err != nil {
		return nil, err
	}
	if _, err := f.NewSheet(sheets[1]); err != nil {
		return nil, err
	}
	if err := f.SetCellValue(notesSheet, "A1", "1.本表由县信访局每月导出。2.点赞数截至导出之日。3.请勿外传。"); err != nil {
		return nil, err
	}
	format := "yyyy-mm-dd hh:mm:ss"
	date, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	if err != nil {
		return nil, err
	}
	sw, err := f.NewStreamWriter(webSheet)
	if err != nil {
		return nil, err
	}
	return &portalFile{StreamWriter: sw, year: c.year, month: month, date: date}, nil
}

func (p *portalFile) add(cells ...any) error {
	p.row++
	return p.SetRow(fmt.Sprintf("A%d", p.row), cells)
}

// header writes the rows above the messages.
func (p *portalFile) header() error {
	if err := p.add(fmt.Sprintf("%s网络问政平台留言汇总表（%d年%d月）", yunxi.Name, p.year, p.month)); err != nil {
		return err
	}
	if err := p.MergeCell("A1", "J1"); err != nil {
		return err
	}
	if p.month == 5 || p.month == 11 {
		if err := p.add("导出时间：次月1日", nil, nil, "单位：件"); err != nil {
			return err
		}
	}
	if p.month != 4 && p.month != 10 {
		return p.add(portalColumns...)
	}
	upper := append([]any{}, portalColumns...)
	upper[1], upper[2], upper[3], upper[4] = "留言人", nil, nil, nil
	upper[8], upper[9] = "互动", nil
	if err := p.add(upper...); err != nil {
		return err
	}
	lower := append([]any{}, portalColumns...)
	lower[0], lower[5], lower[6], lower[7] = nil, nil, nil, nil
	if err := p.add(lower...); err != nil {
		return err
	}
	top, low := p.row-1, p.row
	merges := [][2]string{{"B", "E"}, {"I", "J"}}
	for _, m := range merges {
		if err := p.MergeCell(fmt.Sprint(m[0], top), fmt.Sprint(m[1], top)); err != nil {
			return err
		}
	}
	for _, column := range []string{"A", "F", "G", "H"} {
		if err := p.MergeCell(fmt.Sprint(column, top), fmt.Sprint(column, low)); err != nil {
			return err
		}
	}
	return nil
}

func (p *portalFile) message(m *message) error {
	account := m.from.account
	if m.broken == badID {
		account = yunxi.WrongCheck(account)
	}
	var likes any = m.likes
	phone := m.from.phone
	if (p.row+p.month)%97 == 0 {
		likes = office.FullWidth(fmt.Sprint(m.likes))
		phone = office.FullWidth(phone)
	}
	if m.broken == badLikes {
		likes = "很多"
	}
	p.likes += m.likes
	var body any
	if text := m.content(); text != "" {
		body = text
	}
	return p.add(m.id, account, m.from.name, phone, townOf(m.town), m.title, p.moment(m), body, likes, m.dislikes)
}

// moment is a serial date every third month, and text in the others.
func (p *portalFile) moment(m *message) any {
	serial := p.month%3 == 0
	switch {
	case m.broken == badDate || m.broken == dateWord || m.broken == futureDate:
		return m.submitted("")
	case serial:
		_, offset := m.at.Zone()
		day := float64(m.at.Unix()+int64(offset))/86400 + 25569 // days from 1899-12-30 to 1970-01-01
		return excelize.Cell{StyleID: p.date, Value: day}
	case p.month == 2:
		return m.at.Format("2006/1/2 15:04:05")
	case p.month == 7:
		return m.at.Format("2006年1月2日 15:04:05")
	case p.row%89 == 0:
		return office.FullWidth(m.at.Format("2006-01-02 15:04:05"))
	default:
		return m.at.Format("2006-01-02 15:04:05")
	}
}
