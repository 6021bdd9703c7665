package files

import (
	"fmt"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// delimiters are tried in this order: the first under which the header has
// all wanted names is the file's.
var delimiters = []string{",", "\t", ";", "，"}

// readCSV reads delimited text. It looks at the first rows to find delimiter
// and header, and then starts again from the top.
func (in *input) readCSV(tabs bool) (ingest.Outcome, error) {
	encoding, mark, err := in.textEncoding()
	if err != nil {
		return ingest.Outcome{}, err
	}
	choices := delimiters
	if tabs {
		choices = []string{"\t"}
	}
	var best error
	bestFound := -2
	for _, delim := range choices {
		top, err := in.topOfCSV(encoding, mark, delim)
		if err != nil {
			return ingest.Outcome{}, err
		}
		l, found, err := findLayout(top, in.fields, in.cfg.HeaderRow)
		if err == nil {
			return in.rowsOfCSV(encoding, mark, delim, l)
		}
		if found > bestFound {
			best, bestFound = err, found
		}
	}
	return ingest.Outcome{}, best
}

func (in *input) topOfCSV(encoding string, mark int, delim string) ([]topRow, error) {
	w, err := in.openText(encoding, mark)
	if err != nil {
		return nil, err
	}
	split := newSplitter(w, delim)
	var top []topRow
	for len(top) < headerSearch || split.line <= int64(in.cfg.HeaderRow)+1 {
		rec, ok, err := split.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if rec.reason != "" {
			continue
		}
		row := topRow{position: rec.line}
		for i := range rec.cells {
			row.cells = append(row.cells, string(rec.text(i, nil)))
		}
		top = append(top, row)
	}
	return top, nil
}

// text is a cell as it is meant. It may be in the buffer, and shares the
// record's memory otherwise.
func (r *rawRecord) text(i int, buf []byte) []byte {
	c := r.cells[i]
	if r.doubled[i] {
		c = undouble(buf, c)
	}
	return unwrap(c)
}

// csvReader takes records out of a table's rows.
type csvReader struct {
	layout  layout
	build   *record.Builder
	others  []other // the columns that nobody mapped; nil where they are not asked for
	rest    record.Rest
	fields  []string
	totals  []map[string]string
	skipped int64
	buf     []byte // for cells with doubled quotes
}

func (in *input) rowsOfCSV(encoding string, mark int, delim string, l layout) (ingest.Outcome, error) {
	w, err := in.openText(encoding, mark)
	if err != nil {
		return ingest.Outcome{}, err
	}
	split := newSplitter(w, delim)
	r := csvReader{layout: l, build: record.NewBuilder(in.asked, ""), fields: in.fields}
	if in.rest {
		r.others = l.others()
	}
	for {
		rec, ok, err := split.next()
		if err != nil {
			return ingest.Outcome{}, err
		}
		if !ok {
			break
		}
		if rec.line <= l.last {
			continue
		}
		r.row(rec)
		if err := r.build.FlushFull(in.yield); err != nil {
			return ingest.Outcome{}, err
		}
	}
	if err := r.build.Flush(in.yield); err != nil {
		return ingest.Outcome{}, err
	}
	return ingest.Outcome{Header: l.names(), Skipped: r.skipped, Totals: r.totals}, nil
}

func (r *csvReader) row(rec *rawRecord) {
	if rec.reason != "" {
		r.build.Fault(rec.line, rec.reason, rec.raw)
		return
	}
	cells, width := rec.cells, r.layout.width()
	if isBlank(cells) {
		return
	}
	if mayBeTotals(cells) {
		texts := make([]string, len(cells))
		for i := range cells {
			texts[i] = string(rec.text(i, nil))
		}
		switch isTotals(texts) {
		case plainTotals:
			r.skipped++
			r.totals = append(r.totals, r.layout.totals(r.fields, texts))
			return
		case doubtfulRow:
			r.build.Fault(rec.line, totalsReason, rec.raw)
			return
		}
	}
	// Programs pad rows with empty cells, which loses nothing. A row that is
	// short may have lost its end, and one with more texts than the header
	// has names has a delimiter too many somewhere.
	if len(cells) < width || len(cells) > width && !isBlank(cells[width:]) {
		r.build.Fault(rec.line, fmt.Sprintf("有 %d 个单元格，表头有 %d 列", len(cells), width), rec.raw)
		return
	}
	for i, column := range r.layout.at {
		cell := cells[column]
		if rec.doubled[column] {
			r.buf = undouble(r.buf, cell)
			cell = r.buf
		}
		r.build.Append(i, unwrap(cell))
	}
	if r.others != nil {
		for _, o := range r.others {
			r.rest.Add(o.name, string(rec.text(o.column, nil)))
		}
		r.build.Append(len(r.layout.at), r.rest.Take())
	}
	r.build.EndRow(rec.line)
}
