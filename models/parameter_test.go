package models

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func day(t *testing.T, s string) time.Time {
	t.Helper()
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const goodParameter = `- parameter: assist.line
  title: 低保标准
  unit: 元
  values:
    - {value: 900, from: 2022-01-01, to: 2023-07-01, reference: 浙民助〔2022〕1号}
    - {value: 800, from: 2021-01-01, to: 2021-12-31, reference: 浙民助〔2021〕1号}
`

func TestParameterErrors(t *testing.T) {
	const file = "assist/params/line.yaml"
	for _, c := range []struct{ name, from, to, want string }{
		{"unknown key", "unit:", "units:", `:3: unknown key "units"|did you mean "unit"?`},
		{"no day", "from: 2022-01-01", "from: 2022-1-1", `:5: "2022-1-1" is no day such as 2021-08-16|write year-month-day with two digits for month and day`},
		{"no such day", "from: 2022-01-01", "from: 2022-02-30", `:5: "2022-02-30" is no day such as 2021-08-16|write year-month-day with two digits for month and day`},
		{"no value", "value: 900, ", "", ":5: parameter assist.line: from 2022-01-01: give exactly one of value and text|write `value:` for a number and `text:` for words"},
		{"both", "value: 900, ", "value: 900, text: 九百, ", ":5: parameter assist.line: from 2022-01-01: give exactly one of value and text|write `value:` for a number and `text:` for words"},
		{"no reference", ", reference: 浙民助〔2021〕1号", "", ":6: parameter assist.line: from 2021-01-01: reference is required|name the statute or notice, or write [A] and what the assumption is"},
		{"no reference and no from", "from: 2022-01-01, to: 2023-07-01, reference: 浙民助〔2022〕1号", "to: 2023-07-01", ":5: parameter assist.line: from the beginning: reference is required|name the statute or notice, or write [A] and what the assumption is"},
		{"empty interval", "to: 2023-07-01", "to: 2022-01-01", ":5: parameter assist.line: from 2022-01-01 to 2022-01-01 is empty|the interval is [from, to): `to` is the first day on which the value no longer holds"},
		{"overlap", "to: 2021-12-31", "to: 2022-01-02", ":5: parameter assist.line: the values from 2021-01-01 and from 2022-01-01 overlap|end the earlier value with `to: 2022-01-01`"},
		{"open and followed", ", to: 2021-12-31", "", ":5: parameter assist.line: the values from 2021-01-01 and from 2022-01-01 overlap|end the earlier value with `to: 2022-01-01`"},
		{"one day twice", "from: 2021-01-01, to: 2021-12-31", "from: 2022-01-01", ":6: parameter assist.line: the values from 2022-01-01 and from 2022-01-01 overlap|keep one of the two, or give them different days"},
		{"empty element", "- parameter", "-\n- parameter", ":1: an element is empty|write `- parameter: …`, or delete it"},
		{"no list", "- parameter", "  parameter", ":1: a mapping stands where a list is expected|look at the keys of the level that the line stands on"},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := strings.Replace(goodParameter, c.from, c.to, 1)
			if broken == goodParameter {
				t.Fatal("the test changes nothing")
			}
			_, err := ReadParameters(file, []byte(broken))
			msg, try, _ := strings.Cut(c.want, "|")
			if diff := cmp.Diff(file+msg+"\nTry: "+try, text(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	want := file + ":1: parameter assist.line: parameter, title and at least one value are required\n" +
		"Try: write `parameter: <domain>.<subject>.<name>`, a Chinese `title` and the list `values`"
	if _, err := ReadParameters(file, []byte("- parameter: assist.line\n")); text(err) != want {
		t.Error(cmp.Diff(want, text(err)))
	}
}

func TestParameterOn(t *testing.T) {
	list, err := ReadParameters("assist/params/line.yaml", []byte(goodParameter))
	if err != nil {
		t.Fatal(err)
	}
	p := list[0]
	for date, want := range map[string]any{
		"2020-12-31": ErrNotYetInForce,
		"2021-01-01": 800.0,
		"2021-12-30": 800.0,
		"2021-12-31": ErrUnknown,
		"2022-01-01": 900.0,
		"2023-06-30": 900.0,
		"2023-07-01": ErrRepealed,
	} {
		got, err := p.On(day(t, date))
		if why, ok := want.(error); ok {
			if !errors.Is(err, why) || err.Error() != "parameter assist.line on "+date+": "+why.Error() {
				t.Errorf("%s: %v, %v", date, got, err)
			}
		} else if err != nil || *got.Value != want {
			t.Errorf("%s: %v, %v", date, got, err)
		}
	}
}

// TestParameterGap: after a gap an open value follows, and the gap is unknown,
// not repealed.
func TestParameterGap(t *testing.T) {
	list, err := ReadParameters("x.yaml", []byte(strings.Replace(goodParameter, ", to: 2023-07-01", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := list[0].On(day(t, "2021-12-31")); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, err := list[0].On(day(t, "2999-01-01")); err != nil {
		t.Error(err)
	}
	if _, err := (&Parameter{Name: "x"}).On(day(t, "2021-12-31")); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

// TestParameterOnIsACalendarDay: midnight in Shanghai is still the day before
// in UTC, and the day in force is that of Shanghai.
func TestParameterOnIsACalendarDay(t *testing.T) {
	list, err := ReadParameters("x.yaml", []byte(goodParameter))
	if err != nil {
		t.Fatal(err)
	}
	shanghai := time.FixedZone("CST", 8*3600)
	if v, err := list[0].On(time.Date(2022, 1, 1, 0, 0, 0, 0, shanghai)); err != nil || *v.Value != 900 {
		t.Error(v, err)
	}
	if _, err := list[0].On(time.Date(2021, 12, 31, 23, 59, 0, 0, shanghai)); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func TestGap(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2025, 3, d, 9, 0, 0, 0, time.FixedZone("CST", 8*3600)) }
	on := func(d int) Day { return Day{time.Date(2025, 3, d, 0, 0, 0, 0, time.UTC)} }
	for name, tt := range map[string]struct {
		values []Dated
		want   int // day; 0: none
	}{
		"always":            {[]Dated{{}}, 0},
		"from a day on":     {[]Dated{{From: on(20)}}, 0},
		"ends later":        {[]Dated{{To: on(11)}}, 0},
		"ends on the day":   {[]Dated{{To: on(10)}}, 10},
		"ended":             {[]Dated{{To: on(4)}}, 4},
		"goes on":           {[]Dated{{To: on(4)}, {From: on(4)}}, 0},
		"stood still":       {[]Dated{{To: on(4)}, {From: on(6)}}, 4},
		"a hole in the end": {[]Dated{{To: on(4)}, {From: on(4), To: on(8)}, {From: on(9)}}, 8},
	} {
		got, ok := (&Parameter{Values: tt.values}).Gap(day(10))
		if ok != (tt.want > 0) || (ok && !got.Equal(on(tt.want).Time)) {
			t.Errorf("%s: %v %v, want day %d", name, got, ok, tt.want)
		}
	}
}

func TestMonth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		year, month := rapid.IntRange(1, 9999).Draw(t, "year"), rapid.IntRange(1, 12).Draw(t, "month")
		m := MonthOf(year, month)
		if back, err := ParseMonth(m.String()); back != m || err != nil {
			t.Fatalf("%d reads back as %d, %v", m, back, err)
		}
		n := rapid.IntRange(-24, 24).Draw(t, "months on")
		then := time.Date(year, time.Month(month+n), 1, 0, 0, 0, 0, time.UTC)
		if then.Year() < 1 || then.Year() > 9999 {
			return
		}
		if on := m + Month(n); on.FirstDay() != then.Format(time.DateOnly) || on != MonthOf(then.Year(), int(then.Month())) {
			t.Fatalf("%s and %d months is %s", m, n, on)
		}
		if next := MonthOf(year, month) + 1; next.String() <= m.String() && year < 9999 {
			t.Fatalf("%s does not sort before %s", m, next)
		}
	})
	if Month(0).String() != "" {
		t.Error("the zero Month has a name")
	}
	for _, s := range []string{"", "2025", "2025-3", "2025-13", "2025-00", "+2025-03", "2025-+3", "0000-01", "2025-03-01", "２０２５-03"} {
		if m, err := ParseMonth(s); err == nil {
			t.Errorf("ParseMonth(%q) = %s", s, m)
		}
	}
}

func TestTypesReadBack(t *testing.T) {
	for _, s := range []string{"BIGINT", "INTEGER", "DOUBLE", "DECIMAL(38,10)", "VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", "VARCHAR[]", "DOUBLE[]"} {
		typ, err := ParseType(s)
		if err != nil || typ.String() != s {
			t.Errorf("%s: %s, %v", s, typ, err)
		}
	}
	for _, s := range []string{"", "varchar", "DECIMAL", "DECIMAL(39,0)", "DECIMAL(0,0)", "DECIMAL(5,-1)", "DECIMAL(5)", "INVALID"} {
		if typ, err := ParseType(s); err == nil {
			t.Errorf("%q is %s", s, typ)
		}
	}
}

func TestOverlay(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	lower := fstest.MapFS{
		"congress/a.yaml": file("lower a"), "congress/b.yaml": file("lower b"), "congress/params/p.yaml": file("p"),
		"congress/lexicon": file("a file below"), "shared/x.yaml": file("x"), "root.txt": file("root"), "shared/deep/y.yaml": file("y"),
	}
	upper := fstest.MapFS{
		"congress/a.yaml": file("upper a"), "congress/c.yaml": file("upper c"), "congress/lexicon/w.txt": file("w"),
		"assist/d.yaml": file("d"),
	}
	o := Overlay(upper, lower)
	// TestFS holds Open, ReadDir, Stat, Glob and the folders' own ReadDir
	// against each other, for every file.
	if err := fstest.TestFS(o, "congress/a.yaml", "congress/b.yaml", "congress/c.yaml", "congress/params/p.yaml", "congress/lexicon/w.txt",
		"shared/x.yaml", "shared/deep/y.yaml", "assist/d.yaml", "root.txt"); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]string{"congress/a.yaml": "upper a", "congress/b.yaml": "lower b", "congress/c.yaml": "upper c"} {
		if got, err := fs.ReadFile(o, name); string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if err := fstest.TestFS(Overlay(fstest.MapFS{}, lower), "root.txt"); err != nil {
		t.Error(err)
	}
	// Overlays lie over overlays.
	if err := fstest.TestFS(Overlay(fstest.MapFS{"e/f.txt": file("f")}, o), "e/f.txt", "congress/c.yaml", "root.txt"); err != nil {
		t.Error(err)
	}
}
