package web

import (
	"encoding/csv"
	"io"
	"strings"
)

// bom tells Excel that a CSV file is UTF-8.
const bom = "\uFEFF"

// writeCSV writes the rows as UTF-8 with Chinese headings.
func (d *download) writeCSV(w io.Writer) error {
	if _, err := io.WriteString(w, bom); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	visible := d.visible()
	line := make([]string, len(visible))
	for i, at := range visible {
		line[i] = d.columns[at].head()
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for d.rows.Next() {
		raw := d.rows.Values()
		for i, at := range visible {
			c := d.columns[at]
			line[i] = text(c.value(raw[at]))
			if c.Kind == "text" {
				line[i] = harmless(line[i])
			}
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	if err := d.rows.Err(); err != nil {
		return err
	}
	if d.rows.Truncated() {
		if err := out.Write([]string{truncatedNote}); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

const truncatedNote = "行数已达上限，以下未导出"

// harmless keeps a spreadsheet from reading words as a formula: what citizens
// write must not run on an official's machine.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
