package models

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"
)

// A Parameter is a threshold, weight, deadline or text of law with the dates
// between which each value held.
type Parameter struct {
	Name   string  `yaml:"parameter"` // domain.subject.name
	Title  string  `yaml:"title"`
	Unit   string  `yaml:"unit"`
	Values []Dated `yaml:"values"`

	File string `yaml:"-"`
}

// A Dated is one value over [From, To). A zero From has always held, a zero To
// still holds. Exactly one of Value and Text is set.
type Dated struct {
	Value     *float64 `yaml:"value"`
	Text      string   `yaml:"text"`
	From      Day      `yaml:"from"`
	To        Day      `yaml:"to"`
	Reference string   `yaml:"reference"` // where the value stands: statute, notice, or "[A]" for our assumption
}

// String is the value alone, as a number or as its words.
func (v Dated) String() string {
	if v.Value != nil {
		return fmt.Sprint(*v.Value)
	}
	return v.Text
}

// Day is a calendar day, written 2021-08-16. The zero Day is unset.
type Day struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Day) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return fmt.Errorf("%q is no day such as 2021-08-16", b)
	}
	d.Time = t
	return nil
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (d *Day) UnmarshalYAML(node *yaml.Node) error {
	if err := d.UnmarshalText([]byte(node.Value)); err != nil {
		return ValueError(node, "write year-month-day with two digits for month and day", err)
	}
	return nil
}

// String is the day as 2021-08-16, or "" when unset.
func (d Day) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// Why a parameter has no value on a day.
var (
	ErrNotYetInForce = errors.New("not yet in force")
	ErrRepealed      = errors.New("repealed")
	ErrUnknown       = errors.New("unknown")
)

// On returns the value in force on the calendar day of a moment, in the
// moment's own zone. When there is none, the error is ErrNotYetInForce before
// the first interval, ErrRepealed after the last one and ErrUnknown between two.
func (p *Parameter) On(moment time.Time) (Dated, error) {
	year, month, d := moment.Date()
	day := time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
	for _, v := range p.Values {
		if !day.Before(v.From.Time) && (v.To.IsZero() || day.Before(v.To.Time)) {
			return v, nil
		}
	}
	why := ErrUnknown
	if n := len(p.Values); n > 0 {
		first, last := p.Values[0].From, p.Values[n-1].To
		switch {
		case day.Before(first.Time):
			why = ErrNotYetInForce
		case !last.IsZero() && !day.Before(last.Time):
			why = ErrRepealed
		}
	}
	return Dated{}, fmt.Errorf("parameter %s on %s: %w", p.Name, day.Format(time.DateOnly), why)
}

// Gap is the first day without a value between the parameter's first day and until,
// both included; ok is false where there is none.
func (p *Parameter) Gap(until time.Time) (day time.Time, ok bool) {
	until = time.Date(until.Year(), until.Month(), until.Day(), 0, 0, 0, 0, time.UTC)
	for i, v := range p.Values {
		if v.To.IsZero() || v.To.After(until) {
			return time.Time{}, false
		}
		if i+1 == len(p.Values) || !p.Values[i+1].From.Equal(v.To.Time) {
			return v.To.Time, true
		}
	}
	return time.Time{}, false
}

// ReadParameters reads one file of parameters: a list, in no special order.
func ReadParameters(file string, data []byte) ([]*Parameter, error) {
	var list []*Parameter
	if err := DecodeYAML(file, data, &list); err != nil {
		return nil, err
	}
	at := linesOf(data)
	for i, p := range list {
		if p == nil {
			return nil, &FileError{File: file, Line: at.at(fmt.Sprintf("[%d]", i)), Msg: "an element is empty", Try: "write `- parameter: …`, or delete it"}
		}
		p.File = file
		if err := p.validate(fmt.Sprintf("[%d]", i), at); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// validate checks a parameter that stands at a path, and puts its values into
// the order of their intervals.
func (p *Parameter) validate(path string, at lines) error {
	fail := func(key, try, format string, args ...any) error {
		return &FileError{File: p.File, Line: at.at(path + key), Msg: "parameter " + p.Name + ": " + fmt.Sprintf(format, args...), Try: try}
	}
	if p.Name == "" || p.Title == "" || len(p.Values) == 0 {
		return fail("", "write `parameter: <domain>.<subject>.<name>`, a Chinese `title` and the list `values`", "parameter, title and at least one value are required")
	}
	order := make([]int, len(p.Values))
	for i, v := range p.Values {
		order[i] = i
		key := fmt.Sprintf(".values[%d]", i)
		if (v.Value == nil) == (v.Text == "") {
			return fail(key, "write `value:` for a number and `text:` for words", "%s: give exactly one of value and text", since(v.From))
		}
		if v.Reference == "" {
			return fail(key, "name the statute or notice, or write [A] and what the assumption is", "%s: reference is required", since(v.From))
		}
		if !v.To.IsZero() && !v.From.Before(v.To.Time) {
			return fail(key+".to", "the interval is [from, to): `to` is the first day on which the value no longer holds", "from %s to %s is empty", v.From, v.To)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return p.Values[a].From.Compare(p.Values[b].From.Time) })
	for k := 1; k < len(order); k++ {
		prev, v := p.Values[order[k-1]], p.Values[order[k]]
		if !prev.To.IsZero() && !v.From.Before(prev.To.Time) {
			continue
		}
		try := fmt.Sprintf("end the earlier value with `to: %s`", v.From)
		if v.From.Equal(prev.From.Time) {
			try = "keep one of the two, or give them different days"
		}
		return fail(fmt.Sprintf(".values[%d]", order[k]), try, "the values %s and %s overlap", since(prev.From), since(v.From))
	}
	slices.SortStableFunc(p.Values, func(a, b Dated) int { return a.From.Compare(b.From.Time) })
	return nil
}

// since says in words from when a value holds.
func since(d Day) string {
	if d.IsZero() {
		return "from the beginning"
	}
	return "from " + d.String()
}
