package region

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

var (
	requiredColumns = []string{"code", "name", "level", "parent"}
	optionalColumns = []string{"from", "to", "short", "decoys", "lng", "lat", "reference"}
)

// with reads the CSV of With from a reader; name is for the errors.
func (t *Tree) with(name string, in io.Reader) (*Tree, error) {
	rows, err := readRows(name, in)
	if err != nil {
		return nil, err
	}
	return t.merge(rows)
}

// readRows reads every row, or gives the errors of all that are wrong.
func readRows(name string, in io.Reader) ([]row, error) {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s:1: read the column names: %w", name, err)
	}
	columns, err := readHeader(header)
	if err != nil {
		return nil, fmt.Errorf("%s:1: %w", name, err)
	}
	var (
		rows []row
		errs []error
		seen = map[string]string{}
	)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err) // the csv error names the line
		}
		line, _ := r.FieldPos(0)
		at := fmt.Sprintf("%s:%d", name, line)
		got, err := columns.row(record)
		if err == nil {
			if first, double := seen[got.Code]; double {
				err = fmt.Errorf("code %s stands at %s already", got.Code, first)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", at, err))
			continue
		}
		seen[got.Code] = at
		got.at = at
		rows = append(rows, got)
	}
	return rows, errors.Join(errs...)
}

// columns maps a column's name to its place in a record.
type columns map[string]int

func readHeader(header []string) (columns, error) {
	c := make(columns, len(header))
	for i, name := range header {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if !slices.Contains(requiredColumns, name) && !slices.Contains(optionalColumns, name) {
			return nil, fmt.Errorf("unknown column %q; known are %s, %s",
				name, strings.Join(requiredColumns, ", "), strings.Join(optionalColumns, ", "))
		}
		if _, double := c[name]; double {
			return nil, fmt.Errorf("column %s stands twice", name)
		}
		c[name] = i
	}
	for _, name := range requiredColumns {
		if _, ok := c[name]; !ok {
			return nil, fmt.Errorf("column %s is missing", name)
		}
	}
	return c, nil
}

// field returns a cell without the space around it; empty if the column is
// not there.
func (c columns) field(record []string, name string) string {
	if i, ok := c[name]; ok {
		return strings.TrimSpace(record[i])
	}
	return ""
}

// row reads one record as far as it can be judged alone.
func (c columns) row(record []string) (row, error) {
	var r row
	var err error
	if r.Code, err = Normalize(c.field(record, "code")); err != nil {
		return row{}, fmt.Errorf("code %q: %w", c.field(record, "code"), err)
	}
	if r.Name = c.field(record, "name"); r.Name == "" || !utf8.ValidString(r.Name) {
		return row{}, fmt.Errorf("%s: name is empty or not UTF-8", r.Code)
	}
	r.Level = levelOf(r.Code)
	if level := c.field(record, "level"); level != strconv.Itoa(int(r.Level)) {
		return row{}, fmt.Errorf("%s %s: level %q, but its code is one of level %d", r.Code, r.Name, level, r.Level)
	}
	if r.Parent, err = c.parent(record, r.Code); err != nil {
		return row{}, fmt.Errorf("%s %s: %w", r.Code, r.Name, err)
	}
	if r.From, err = c.date(record, "from"); err != nil {
		return row{}, fmt.Errorf("%s %s: %w", r.Code, r.Name, err)
	}
	if r.To, err = c.date(record, "to"); err != nil {
		return row{}, fmt.Errorf("%s %s: %w", r.Code, r.Name, err)
	}
	if r.Lng, r.Lat, err = c.place(record); err != nil {
		return row{}, fmt.Errorf("%s %s: %w", r.Code, r.Name, err)
	}
	r.Reference = c.field(record, "reference")
	r.aliases = words(c.field(record, "short"))
	r.decoys = words(c.field(record, "decoys"))
	if len(r.aliases) > 0 {
		r.Short = r.aliases[0]
	}
	return r, nil
}

// parent reads the parent and holds it against the code.
func (c columns) parent(record []string, code string) (string, error) {
	written, want := c.field(record, "parent"), parentOf(code)
	parent := written
	if parent != "" {
		var err error
		if parent, err = Normalize(parent); err != nil {
			return "", fmt.Errorf("parent %q: %w", written, err)
		}
	}
	if parent != want {
		return "", fmt.Errorf("parent %q, but its code is part of %q", written, want)
	}
	return parent, nil
}

func (c columns) date(record []string, name string) (time.Time, error) {
	s := c.field(record, name)
	if s == "" {
		return time.Time{}, nil
	}
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %q is no date like 2021-04-09", name, s)
	}
	return d, nil
}

// place reads lng and lat: both, or neither.
func (c columns) place(record []string) (lng, lat float64, err error) {
	x, y := c.field(record, "lng"), c.field(record, "lat")
	if x == "" && y == "" {
		return 0, 0, nil
	}
	lng, errX := strconv.ParseFloat(x, 64)
	lat, errY := strconv.ParseFloat(y, 64)
	// Written so that NaN fails too.
	if errX != nil || errY != nil || !(lng >= 73 && lng <= 136) || !(lat >= 3 && lat <= 54) {
		return 0, 0, fmt.Errorf("lng %q, lat %q is no place in China in degrees", x, y)
	}
	return lng, lat, nil
}

// words splits a cell at | and drops empty parts.
func words(cell string) []string {
	var list []string
	for word := range strings.SplitSeq(cell, "|") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}
