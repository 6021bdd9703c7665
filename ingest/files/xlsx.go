package files

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// readXLSX reads the sheets that the config means: those whose names match, or
// all that have the wanted columns.
func (in *input) readXLSX() (ingest.Outcome, error) {
	b, err := in.openBook()
	if err != nil {
		return ingest.Outcome{}, err
	}
	tables, err := b.choose()
	if err != nil {
		return ingest.Outcome{}, err
	}
	var out ingest.Outcome
	for _, t := range tables {
		if err := t.read(in, &out); err != nil {
			return ingest.Outcome{}, onSheet(t.ref.name, err)
		}
	}
	return out, nil
}

// A sheetTable is a sheet whose header was found.
type sheetTable struct {
	book   *book
	ref    sheetRef
	layout layout
	others []other // as in csvReader
}

func (b *book) choose() ([]sheetTable, error) {
	if b.in.cfg.Sheet == "" {
		return b.allThatFit()
	}
	var out []sheetTable
	for _, ref := range b.sheets {
		// A sheet of the very name wins over what the name would mean as a
		// pattern.
		if ok, _ := path.Match(b.in.cfg.Sheet, ref.name); !ok && ref.name != b.in.cfg.Sheet {
			continue
		}
		t, found, err := b.table(ref)
		if err != nil {
			return nil, onSheet(ref.name, err)
		}
		if found >= 0 {
			out = append(out, t)
		}
	}
	if len(out) > 0 {
		return out, nil
	}
	names := b.sheetNames()
	e := &ingest.Error{
		Err: fmt.Errorf("no sheet %s with rows among: %s", b.in.cfg.Sheet, record.List(names)),
		Try: "correct sheet: in the config, or leave it out to take every sheet that has the columns",
	}
	if near := record.Nearest(b.in.cfg.Sheet, names); near != "" && near != b.in.cfg.Sheet {
		e.Try = fmt.Sprintf("did you mean %s? Otherwise %s", near, e.Try)
	}
	return nil, e
}

func (b *book) sheetNames() []string {
	var names []string
	for _, s := range b.sheets {
		names = append(names, s.name)
	}
	return names
}

// allThatFit finds the sheets that have the wanted columns: all of those that
// are shown, so that no month of a workbook is left behind; the first hidden
// one only where none is shown. If none has them, the error is about the sheet
// that has most of them.
func (b *book) allThatFit() ([]sheetTable, error) {
	var shown, hidden []sheetTable
	var best error
	bestFound := -2
	for _, ref := range b.sheets {
		t, found, err := b.table(ref)
		switch {
		case err != nil && found > bestFound:
			best, bestFound = onSheet(ref.name, err), found
		case err != nil || found < 0:
		case ref.hidden:
			hidden = append(hidden, t)
		default:
			shown = append(shown, t)
		}
	}
	switch {
	case len(shown) > 0:
		return shown, nil
	case len(hidden) > 0:
		return hidden[:1], nil
	case best == nil:
		best = &ingest.Error{
			Err: fmt.Errorf("all sheets are empty: %s", record.List(b.sheetNames())),
			Try: "ask the department for the file again",
		}
	}
	return nil, best
}

// table finds the header of a sheet, and says how many of the wanted columns
// it found; -1, without an error, for a sheet without any text.
func (b *book) table(ref sheetRef) (t sheetTable, found int, err error) {
	rows, err := b.rows(ref)
	if err != nil {
		return t, -1, err
	}
	defer rows.close()
	var top []topRow
	for len(top) < headerSearch || rows.position <= int64(b.in.cfg.HeaderRow) {
		ok, err := rows.next()
		if err != nil {
			return t, -1, err
		}
		if !ok {
			break
		}
		if !isBlank(rows.cells) {
			top = append(top, topRow{rows.position, slices.Clone(rows.cells)})
		}
	}
	if len(top) == 0 {
		return t, -1, nil
	}
	l, found, err := findLayout(top, b.in.fields, b.in.cfg.HeaderRow)
	return sheetTable{book: b, ref: ref, layout: l}, found, err
}

func onSheet(name string, err error) error {
	var e *ingest.Error
	if !errors.As(err, &e) {
		return err
	}
	named := *e
	named.Sheet = name
	return &named
}

// read yields the sheet's records, and adds what it offers to the outcome.
func (t *sheetTable) read(in *input, out *ingest.Outcome) error {
	rows, err := t.book.rows(t.ref)
	if err != nil {
		return err
	}
	defer rows.close()
	build := record.NewBuilder(in.asked, t.ref.name)
	if in.rest {
		t.others = t.layout.others()
	}
	for {
		ok, err := rows.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if rows.position <= t.layout.last || isBlank(rows.cells) {
			continue
		}
		if t.row(build, rows) {
			out.Skipped++
			out.Totals = append(out.Totals, t.layout.totals(in.fields, rows.cells))
		}
		if err := build.FlushFull(in.yield); err != nil {
			return err
		}
	}
	for _, name := range t.layout.names() {
		if !slices.Contains(out.Header, name) {
			out.Header = append(out.Header, name)
		}
	}
	return build.Flush(in.yield)
}

// row appends a row's record or fault; true for one that is no record.
func (t *sheetTable) row(build *record.Builder, rows *sheetRows) (skipped bool) {
	switch isTotals(rows.cells) {
	case plainTotals:
		return true
	case doubtfulRow:
		build.Fault(rows.position, totalsReason, rowText(rows.cells))
		return false
	}
	for _, column := range t.layout.at {
		if column < len(rows.cells) && rows.errors[column] {
			reason := fmt.Sprintf("“%s”是公式错误值（如 #N/A），不是数据", t.layout.header[column])
			build.Fault(rows.position, reason, rowText(rows.cells))
			return false
		}
	}
	for i, column := range t.layout.at {
		var text string
		if column < len(rows.cells) {
			text = rows.cells[column]
		}
		build.Append(i, unwrap([]byte(text)))
	}
	if t.others != nil {
		var rest record.Rest
		for _, o := range t.others {
			if o.column < len(rows.cells) {
				rest.Add(o.name, string(unwrap([]byte(rows.cells[o.column]))))
			}
		}
		build.Append(len(t.layout.at), rest.Take())
	}
	build.EndRow(rows.position)
	return false
}

// rowText is a row for the quarantine: its cells, parted by tabs.
func rowText(cells []string) []byte { return []byte(strings.Join(cells, "\t")) }
