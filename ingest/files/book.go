package files

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"

	"zhicang/ingest"
)

// A book is an open XLSX workbook (ECMA-376 part 1, §18): its sheets, the
// strings that they share, and which styles show a number as a date.
//
// It is read here and not by excelize, because that library's stream of rows
// gives a cell's text alone. Whether 330102199001011000 was a text or is what
// fifteen digits left of a number, and whether 45000 is a day, is told only by
// the cell's type and style; asking excelize for these loads the sheet whole.
type book struct {
	in       *input
	parts    map[string]*zip.File // by lower-case name
	sheets   []sheetRef
	date1904 bool
	styles   []numberStyle // by a cell's style index
	strings  sharedStrings
}

type sheetRef struct {
	name   string
	part   string
	hidden bool
}

var (
	magicZip = []byte("PK\x03\x04")
	magicOLE = []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
)

// openBook reads what a workbook says of itself. What is no XLSX is refused
// with what it seems to be instead.
func (in *input) openBook() (*book, error) {
	if err := in.checkMagic(); err != nil {
		return nil, err
	}
	zr, err := zip.NewReader(in.file, in.size)
	if err != nil {
		return nil, &ingest.Error{
			Err: fmt.Errorf("the workbook is cut off or damaged: %w", err),
			Try: "ask for the file again; a copy that was interrupted looks like this",
		}
	}
	b := &book{in: in, parts: map[string]*zip.File{}}
	for _, f := range zr.File {
		b.parts[strings.ToLower(strings.ReplaceAll(f.Name, `\`, "/"))] = f
	}
	if err := b.readWorkbook(); err != nil {
		return nil, err
	}
	return b, nil
}

func (in *input) checkMagic() error {
	head := make([]byte, 4096)
	n, err := in.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	text := bytes.ToLower(bytes.TrimLeft(head, "\xEF\xBB\xBF \t\r\n"))
	switch {
	case bytes.HasPrefix(head, magicZip):
		return nil
	case n == 0:
		return &ingest.Error{Err: errors.New("the file is empty"), Try: "ask for the file again"}
	case bytes.HasPrefix(head, magicOLE) && in.isEncrypted():
		return &ingest.Error{
			Err: errors.New("the workbook is protected by a password"),
			Try: "ask for it without one: 文件 → 信息 → 保护工作簿 → 用密码进行加密, and clear the password",
		}
	case bytes.HasPrefix(head, magicOLE):
		return &ingest.Error{
			Err: errors.New("this is a workbook of the old kind (.xls, .et), not XLSX"),
			Try: "open it in Excel or WPS and save it as xlsx: 另存为 → Excel 工作簿 (*.xlsx)",
		}
	case bytes.HasPrefix(text, []byte("<html")), bytes.HasPrefix(text, []byte("<!doctype html")),
		bytes.HasPrefix(text, []byte("<table")), bytes.HasPrefix(text, []byte("<meta")):
		return &ingest.Error{
			Err: errors.New("this is a web page under the name of a workbook"),
			Try: "open it in Excel or WPS and save it as xlsx: 另存为 → Excel 工作簿 (*.xlsx)",
		}
	case bytes.HasPrefix(text, []byte("<?xml")):
		return &ingest.Error{
			Err: errors.New("this is XML (an Excel 2003 table perhaps), not XLSX"),
			Try: "open it in Excel or WPS and save it as xlsx: 另存为 → Excel 工作簿 (*.xlsx)",
		}
	}
	return &ingest.Error{
		Err: errors.New("this is no XLSX workbook"),
		Try: "open it in Excel or WPS and save it as xlsx (另存为 xlsx); if it is text, rename it to .csv or set format: csv",
	}
}

// isEncrypted looks for the stream that a password-protected workbook is kept
// in ([MS-OFFCRYPTO] 2.3.4.4), by its name in the container's directory.
func (in *input) isEncrypted() bool {
	name := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	buf := make([]byte, 1<<20)
	for at := int64(0); ; at += int64(len(buf) - len(name)) {
		n, err := in.file.ReadAt(buf, at)
		if bytes.Contains(buf[:n], name) {
			return true
		}
		if err != nil || in.ctx.Err() != nil {
			return false
		}
	}
}

// part opens a part of the package.
func (b *book) part(name string) (io.ReadCloser, error) {
	f := b.parts[strings.ToLower(strings.TrimPrefix(name, "/"))]
	if f == nil {
		return nil, os.ErrNotExist
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{&contextReader{b.in.ctx, r}, r}, nil
}

// maxPart bounds the small parts, which are read whole.
const maxPart = 64 << 20

func (b *book) unmarshal(name string, v any) error {
	r, err := b.part(name)
	if err != nil {
		return err
	}
	defer r.Close()
	return xml.NewDecoder(io.LimitReader(r, maxPart)).Decode(v)
}

type relationships struct {
	List []struct {
		ID     string `xml:"Id,attr"`
		Type   string `xml:"Type,attr"`
		Target string `xml:"Target,attr"`
	} `xml:"Relationship"`
}

// resolve is a target's name in the package: relative to the part that names
// it, unless it starts from the top.
func resolve(from, target string) string {
	if strings.HasPrefix(target, "/") {
		return target[1:]
	}
	return path.Join(path.Dir(from), target)
}

func (b *book) readWorkbook() error {
	main := "xl/workbook.xml"
	var rels relationships
	if b.unmarshal("_rels/.rels", &rels) == nil {
		for _, r := range rels.List {
			if strings.HasSuffix(r.Type, "/officeDocument") {
				main = resolve("", r.Target)
			}
		}
	}
	var wb struct {
		Pr struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []struct {
			Name  string `xml:"name,attr"`
			State string `xml:"state,attr"`
			ID    string `xml:"id,attr"`
		} `xml:"sheets>sheet"`
	}
	if err := b.unmarshal(main, &wb); err != nil || len(wb.Sheets) == 0 {
		if b.in.ctx.Err() != nil {
			return b.in.ctx.Err()
		}
		return &ingest.Error{
			Err: errors.New("the package holds no worksheets of the XLSX kind"),
			Try: "open it in Excel or WPS and save it as xlsx: 另存为 → Excel 工作簿 (*.xlsx)",
		}
	}
	b.date1904 = wb.Pr.Date1904 == "1" || wb.Pr.Date1904 == "true"
	rels = relationships{}
	if err := b.unmarshal(path.Join(path.Dir(main), "_rels", path.Base(main)+".rels"), &rels); err != nil {
		return damagedBook(err)
	}
	parts := map[string]string{}
	for _, r := range rels.List {
		target := resolve(main, r.Target)
		switch {
		case strings.HasSuffix(r.Type, "/worksheet"):
			parts[r.ID] = target
		case strings.HasSuffix(r.Type, "/sharedStrings"):
			b.strings.part = target
		case strings.HasSuffix(r.Type, "/styles"):
			if err := b.readStyles(target); err != nil {
				return damagedBook(err)
			}
		}
	}
	for _, s := range wb.Sheets {
		if p, ok := parts[s.ID]; ok { // a chart or a macro sheet has no rows
			b.sheets = append(b.sheets, sheetRef{s.Name, p, s.State == "hidden" || s.State == "veryHidden"})
		}
	}
	return nil
}

func damagedBook(err error) error {
	return &ingest.Error{
		Err: fmt.Errorf("the workbook is damaged: %w", withoutText(err)),
		Try: "open it in Excel or WPS, let it be repaired, and save it again",
	}
}

// withoutText drops the words of an XML error, which may quote the file.
func withoutText(err error) error {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("XML syntax error on line %d", syntax.Line)
	}
	return err
}

// A numberStyle is how a style shows a number.
type numberStyle int

const (
	plainNumber numberStyle = iota
	dateNumber
	timeNumber // a time of day without a date
)

func (b *book) readStyles(name string) error {
	var sheet struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			ID int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
	if err := b.unmarshal(name, &sheet); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	custom := map[int]string{}
	for _, f := range sheet.Formats {
		custom[f.ID] = f.Code
	}
	for _, c := range sheet.Cells {
		style := builtinStyle(c.ID)
		if code, ok := custom[c.ID]; ok {
			style = styleOf(code)
		}
		b.styles = append(b.styles, style)
	}
	return nil
}

// builtinStyle knows the number formats that have no code in the file:
// ECMA-376 part 1, §18.8.30, with those of Chinese Excel (27–36, 50–58).
func builtinStyle(id int) numberStyle {
	switch {
	case id >= 18 && id <= 21, id == 32, id == 33, id == 34, id == 35, id == 55, id == 56:
		return timeNumber
	case id >= 14 && id <= 22, id >= 27 && id <= 36, id >= 50 && id <= 58:
		return dateNumber
	}
	return plainNumber
}

// literals matches the stretches of a format code that are no instructions:
// "text", \c, _c, *c, [colour or locale].
var literals = regexp.MustCompile(`"[^"]*"|\\.|_.|\*.|\[[^\]]*\]`)

// elapsed matches the codes of durations, which are no time of day.
var elapsed = regexp.MustCompile(`(?i)\[(h+|m+|s+)\]`)

// styleOf tells what a format code makes of a number, by the letters of its
// first section.
func styleOf(code string) numberStyle {
	code, _, _ = strings.Cut(code, ";")
	if elapsed.MatchString(code) || strings.EqualFold(code, "General") {
		return plainNumber
	}
	code = strings.ToLower(literals.ReplaceAllString(code, ""))
	switch {
	case strings.ContainsAny(code, "yd"), strings.Contains(code, "m") && !strings.ContainsAny(code, "hs"):
		return dateNumber
	case strings.ContainsAny(code, "hs"):
		return timeNumber
	}
	return plainNumber
}

// sharedStrings are the texts that cells refer to by number.
type sharedStrings struct {
	part   string
	loaded bool
	text   []byte
	ends   []int
}

// maxStrings bounds the shared texts of a workbook, which have to be at hand
// while its sheets are read.
const maxStrings = 512 << 20

func (s *sharedStrings) at(index string) (string, bool) {
	i, err := strconv.Atoi(strings.TrimSpace(index))
	if err != nil || i < 0 || i >= len(s.ends) {
		return "", false
	}
	start := 0
	if i > 0 {
		start = s.ends[i-1]
	}
	return string(s.text[start:s.ends[i]]), true
}

// load reads the shared strings, once. Phonetic guides (rPh) are no text.
func (b *book) loadStrings() error {
	s := &b.strings
	if s.loaded || s.part == "" {
		return nil
	}
	r, err := b.part(s.part)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	} else if err != nil {
		return damagedBook(err)
	}
	defer r.Close()
	dec := xml.NewDecoder(r)
	inText, phonetic := false, false
	for {
		token, err := dec.RawToken()
		if errors.Is(err, io.EOF) {
			s.loaded = true
			return nil
		} else if err != nil {
			return damagedBook(err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			inText = t.Name.Local == "t"
			phonetic = phonetic || t.Name.Local == "rPh"
		case xml.EndElement:
			inText = false
			switch t.Name.Local {
			case "rPh":
				phonetic = false
			case "si":
				s.ends = append(s.ends, len(s.text))
			}
		case xml.CharData:
			if inText && !phonetic {
				s.text = append(s.text, t...)
			}
		}
		if len(s.text) > maxStrings {
			return &ingest.Error{
				Err: fmt.Errorf("the workbook's texts are over %d MiB", maxStrings>>20),
				Try: "save it as CSV UTF-8, or split it: CSV is read at any size",
			}
		}
	}
}
