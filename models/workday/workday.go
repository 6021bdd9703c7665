// Package workday knows on which days government offices work: Monday to
// Friday, less the public holidays, plus the weekend days that the State
// Council's yearly notice makes workdays (调休).
package workday

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"zhicang/models"
)

// ErrNoNotice means that the calendar has no notice for a year, so that
// nobody can say which of its days are worked.
var ErrNoNotice = errors.New("the calendar has no notice of holidays for that year")

// Calendar holds the notices of some years. It is immutable.
type Calendar struct {
	days  map[time.Time]entry // days that are otherwise than their weekday says
	years map[int]bool
}

type entry struct {
	works bool
	name  string
}

//go:embed calendar.csv
var embedded []byte

// Embedded returns the calendar that comes with the program.
func Embedded() *Calendar {
	c := &Calendar{days: map[time.Time]entry{}, years: map[int]bool{}}
	if err := c.add("calendar.csv", embedded); err != nil {
		panic(err) // a test reads the embedded file
	}
	return c
}

// With returns the calendar with a site's own file laid over it, such as the
// next year's notice before the next release has it. Its columns are
// from,to,kind,name,reference; kind is 休 or 班, both days are included.
func (c *Calendar) With(fsys fs.FS, file string) (*Calendar, error) {
	data, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	more := &Calendar{days: map[time.Time]entry{}, years: map[int]bool{}}
	for d, e := range c.days {
		more.days[d] = e
	}
	for y := range c.years {
		more.years[y] = true
	}
	return more, more.add(file, data)
}

func (c *Calendar) add(file string, data []byte) error {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	r.FieldsPerRecord = 5
	records, err := r.ReadAll()
	if err != nil || len(records) == 0 {
		return &models.FileError{File: file, Msg: fmt.Sprintf("is no CSV of holidays: %v", err), Try: "the columns are from,to,kind,name,reference"}
	}
	for i, rec := range records[1:] {
		if err := c.addPeriod(rec); err != nil {
			return &models.FileError{File: file, Line: i + 2, Msg: err.Error(), Try: "write e.g. 2026-02-15,2026-02-23,休,春节,国办发明电〔2025〕7号"}
		}
	}
	return nil
}

func (c *Calendar) addPeriod(rec []string) error {
	from, err1 := time.Parse(time.DateOnly, rec[0])
	to, err2 := time.Parse(time.DateOnly, rec[1])
	works := rec[2] == "班"
	switch {
	case err1 != nil || err2 != nil:
		return fmt.Errorf("%s to %s are no days such as 2026-02-15", rec[0], rec[1])
	case to.Before(from) || to.Sub(from) > 31*24*time.Hour:
		return fmt.Errorf("%s to %s is no holiday's length", rec[0], rec[1])
	case !works && rec[2] != "休":
		return fmt.Errorf("%q is neither 休 nor 班", rec[2])
	case rec[4] == "":
		return errors.New("the reference is missing")
	}
	for d := from; !d.After(to); d = d.AddDate(0, 0, 1) {
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		if works && !weekend {
			return fmt.Errorf("%s is a %s and worked anyway", d.Format(time.DateOnly), d.Weekday())
		}
		c.days[d] = entry{works: works, name: rec[3]}
	}
	// A holiday of New Year may begin in December; the notice is one of the
	// year in which it ends.
	c.years[to.Year()] = true
	return nil
}

// Works reports whether offices work on the calendar day of a moment, in the
// moment's own zone. The error is ErrNoNotice for a year without a notice;
// works is then what the weekday alone says.
func (c *Calendar) Works(moment time.Time) (works bool, err error) {
	y, m, d := moment.Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if e, ok := c.days[day]; ok {
		return e.works, nil
	}
	works = day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
	if !c.years[y] {
		return works, fmt.Errorf("%d: %w", y, ErrNoNotice)
	}
	return works, nil
}

// Name is what the calendar calls a day that is otherwise than its weekday
// says, such as 春节; "" for the others.
func (c *Calendar) Name(moment time.Time) string {
	y, m, d := moment.Date()
	return c.days[time.Date(y, m, d, 0, 0, 0, 0, time.UTC)].name
}
