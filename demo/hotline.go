package demo

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"zhicang/demo/office"
	"zhicang/demo/yunxi"
)

var hotlineColumns = []string{"诉求编号", "诉求人身份证号", "诉求人", "联系电话", "诉求标题", "诉求内容", "受理时间", "更新时间", "区划代码", "热线分类"}

// hotlineFile is one month of the hotline: GB18030, CRLF, with what Excel and
// its users do to numbers (="0123", tabs).
type hotlineFile struct {
	out   bytes.Buffer
	line  int // of the next record
	month int
}

// writeHotline writes the month's CSV. earlier are messages of the month
// before that come once more, in a newer version.
func (c *County) writeHotline(dir string, month int, messages, earlier []message) error {
	unit := fmt.Sprintf("%d-%02d.csv", c.year, month)
	f := &hotlineFile{line: 1, month: month}
	if err := f.record(hotlineColumns, none); err != nil {
		return err
	}
	for i := range messages {
		c.delivered(&messages[i], hotlineSource, unit, "", f.line)
		if err := f.message(&messages[i]); err != nil {
			return err
		}
	}
	for i := range earlier {
		newer := earlier[i]
		newer.updated = time.Date(c.year, time.Month(month), 20, 17, 0, 0, 0, shanghai)
		c.redelivered(&newer, hotlineSource, unit, "", f.line, false)
		if err := f.message(&newer); err != nil {
			return err
		}
	}
	return office.Save(filepath.Join(dir, "drop", hotlineFolder, unit), f.out.Bytes())
}

func (f *hotlineFile) message(m *message) error {
	id, phone, number := m.id, m.from.phone, m.idNumber()
	switch f.month % 3 {
	case 0:
		id = office.AsText(id)
	case 1:
		number, phone = number+"\t", "\t"+phone
	}
	if m.broken == scientificID {
		id = fmt.Sprintf("%s.%sE+17", m.id[:1], m.id[1:6])
	}
	region := yunxi.Code + m.town
	if m.from.number%5 == 0 {
		region = yunxi.Code
	}
	if f.month == 3 {
		region = office.AsText(region)
	}
	kind := []string{"投诉", "求助", "咨询", "建议", "举报"}[m.from.number%5]
	cells := []string{
		id, number, m.from.name, phone, m.title, m.content(),
		m.submitted("2006-01-02 15:04:05"), m.updated.Format("2006/01/02 15:04"), region, kind,
	}
	if m.broken == shortRow {
		cells = cells[:5]
	}
	return f.record(cells, m.broken)
}

// record writes one line, or several where a cell has line breaks.
func (f *hotlineFile) record(cells []string, broken fault) error {
	for i, c := range cells {
		if i > 0 {
			f.out.WriteByte(',')
		}
		if strings.ContainsAny(c, ",\"\n\r") {
			c = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		f.line += strings.Count(c, "\n")
		encoded, err := simplifiedchinese.GB18030.NewEncoder().String(c)
		if err != nil {
			return fmt.Errorf("encode a cell: %w", err)
		}
		if broken == mojibake && i == 5 {
			at := 0
			if strings.HasPrefix(encoded, `"`) {
				at = 1
			}
			encoded = encoded[:at] + "\xff\xff" + encoded[at:] // 0xFF starts no character
		}
		f.out.WriteString(encoded)
	}
	f.out.WriteString("\r\n")
	f.line++
	return nil
}
