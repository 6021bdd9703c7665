package files

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// headerSearch is how many rows are looked at for the header.
const headerSearch = 20

// A topRow is one of the first rows of a table, among which the header is.
type topRow struct {
	position int64
	cells    []string
}

// A layout is where the wanted columns of a table stand.
type layout struct {
	header []string // the names of all columns, as written; empty where one has none
	at     []int    // for each wanted field, its column
	last   int64    // the position of the header's last row: records start below it
}

// width counts the columns up to the last that has a name.
func (l *layout) width() int { return len(l.header) }

// names lists the columns that have one.
func (l *layout) names() []string {
	var out []string
	for _, n := range l.header {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}

// An other is a column that nobody mapped, and the name that it goes by: of columns
// with one name, the later ones are numbered.
type other struct {
	column int
	name   string
}

// others lists the columns that have a name and are none of the wanted fields; it
// is never nil.
func (l *layout) others() []other {
	out, seen := []other{}, map[string]int{}
	for i, name := range l.header {
		if name == "" || slices.Contains(l.at, i) {
			continue
		}
		if seen[name]++; seen[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, seen[name])
		}
		out = append(out, other{i, name})
	}
	return out
}

// totals are the texts of a row of sums under the fields that were asked for.
func (l *layout) totals(fields, cells []string) map[string]string {
	out := map[string]string{}
	for i, f := range fields {
		if column := l.at[i]; column < len(cells) && strings.TrimSpace(cells[column]) != "" {
			out[f] = strings.TrimSpace(cells[column])
		}
	}
	return out
}

// findLayout finds the header among a table's first rows: the first row that
// has all wanted names, alone or together with the row below it, as where
// group titles stand over sub titles. With headerRow set only that row counts.
// Found is how many of the fields are in the best candidate, so that of several
// tables without a header the complaint can be about the likeliest.
func findLayout(top []topRow, fields []string, headerRow int) (l layout, found int, err error) {
	var best layout
	var bestMissing []string
	bestFound, bestCells := -1, -1
	for i, row := range top {
		if headerRow > 0 && row.position != int64(headerRow) {
			continue
		}
		candidates := []heading{single(row)}
		if i+1 < len(top) && filled(row.cells) > 1 {
			candidates = append(candidates, stacked(row, top[i+1]))
		}
		for _, h := range candidates {
			l, missing, err := h.locate(fields)
			if err != nil {
				return layout{}, len(fields), err
			}
			if len(missing) == 0 {
				return l, len(fields), nil
			}
			found, cells := len(fields)-len(missing), filled(row.cells)
			if found > bestFound || found == bestFound && found == 0 && cells > bestCells {
				best, bestMissing, bestFound, bestCells = l, missing, found, cells
			}
		}
	}
	switch {
	case bestFound == 0 && slices.ContainsFunc(best.header, record.LooksLikeData):
		return layout{}, 0, noHeader(best, bestMissing)
	case bestFound >= 0:
		return layout{}, bestFound, missingColumns(best, fields, bestMissing)
	case len(top) == 0:
		return layout{}, -1, &ingest.Error{
			Err: errors.New("the table is empty, it has not even a header"),
			Try: "ask the department for the file again",
		}
	}
	return layout{}, -1, &ingest.Error{
		Row: int64(headerRow), Err: errors.New("there is nothing in the row that header_row names"),
		Try: "correct header_row: in the config, or leave it out to have the header found",
	}
}

func missingColumns(l layout, fields, missing []string) *ingest.Error {
	e := record.Missing(fields, missing, l.names())
	e.Row = l.last
	return e
}

// noHeader is the error for a table whose first rows look like records. What
// they hold may be about people, so it is not listed.
func noHeader(l layout, missing []string) *ingest.Error {
	return &ingest.Error{
		Row: l.last, Column: missing[0],
		Err: fmt.Errorf("no column %s: the first rows look like records, not like a header", record.List(missing)),
		Try: "ask for the file with its header; if its text is garbled, set encoding: gb18030 or utf-8",
	}
}

// A heading is a row, or two, read as the names of columns.
type heading struct {
	last  int64
	names []string // the lowest title of each column
	full  []string // group title/sub title, where there are both
}

func single(row topRow) heading {
	h := heading{last: row.position}
	for i := range row.cells {
		h.names = append(h.names, cell(row.cells, i))
	}
	return h.trim()
}

// stacked reads two rows as one heading. A merged title has its text in the
// first of its cells, so a group title reaches over the blanks to its right,
// and a column's own title may stand in the upper row alone.
func stacked(upper, lower topRow) heading {
	h := heading{last: lower.position}
	group := ""
	for i := range max(len(upper.cells), len(lower.cells)) {
		up, low := cell(upper.cells, i), cell(lower.cells, i)
		if up != "" {
			group = up
		}
		name, full := low, ""
		switch {
		case low == "":
			name = up
		case group != "":
			full = group + "/" + low
		}
		h.names, h.full = append(h.names, name), append(h.full, full)
	}
	return h.trim()
}

// cell is the name in a header's cell, with its line breaks made spaces.
func cell(cells []string, i int) string {
	if i >= len(cells) {
		return ""
	}
	return strings.Join(strings.Fields(cells[i]), " ")
}

// trim cuts the columns without a name off the end.
func (h heading) trim() heading {
	n := len(h.names)
	for n > 0 && h.names[n-1] == "" {
		n--
	}
	h.names = h.names[:n]
	h.full = h.full[:min(n, len(h.full))]
	return h
}

// locate finds the wanted fields: as written, else folded, else by their full
// titles. The error is a name that stands twice, of which none can be chosen.
func (h heading) locate(fields []string) (l layout, missing []string, err error) {
	l = layout{header: h.names, last: h.last, at: make([]int, len(fields))}
	for i, f := range fields {
		want := record.Fold(f)
		hits := find(h.names, func(n string) bool { return n == f })
		if len(hits) == 0 {
			hits = find(h.names, func(n string) bool { return record.Fold(n) == want })
		}
		if len(hits) == 0 || len(hits) > 1 {
			if full := find(h.full, func(n string) bool { return record.Fold(n) == want }); len(full) > 0 {
				hits = full
			}
		}
		switch len(hits) {
		case 0:
			missing = append(missing, f)
		case 1:
			l.at[i] = hits[0]
		default:
			err = &ingest.Error{
				Row: h.last, Column: f, Err: fmt.Errorf("the header has this name %d times", len(hits)),
				Try: "rename one of them in the file, or, below group titles, write 上级/下级 in the config",
			}
		}
	}
	// A name that stands twice in what is no header at all is no news.
	if len(missing) > 0 {
		err = nil
	}
	return l, missing, err
}

func find(names []string, ok func(string) bool) []int {
	var out []int
	for i, n := range names {
		if n != "" && ok(n) {
			out = append(out, i)
		}
	}
	return out
}

func filled(cells []string) int {
	n := 0
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			n++
		}
	}
	return n
}
