package workday

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func TestWorks(t *testing.T) {
	c := Embedded()
	tests := []struct {
		day   string
		works bool
		name  string
	}{
		{"2021-05-08", true, "劳动节"}, // a Saturday worked in exchange
		{"2021-08-08", false, ""},   // a Sunday
		{"2021-02-07", true, "春节"},  // a Sunday worked in exchange
		{"2023-01-02", false, "元旦"}, // the notice of 2023 begins in December
		{"2022-12-31", false, "元旦"}, //
		{"2025-10-08", false, "国庆节、中秋节"},
		{"2025-10-09", true, ""},
		{"2026-02-28", true, "春节"},
		{"2026-11-23", true, ""},
	}
	for _, tt := range tests {
		day, err := time.Parse(time.DateOnly, tt.day)
		if err != nil {
			t.Fatal(err)
		}
		if works, err := c.Works(day); works != tt.works || err != nil || c.Name(day) != tt.name {
			t.Errorf("%s: works %v, %q, %v", tt.day, works, c.Name(day), err)
		}
	}
}

// A notice moves work about and adds holidays: in every year of the embedded
// calendar as many days are worked as are left of the weekdays by law, 11 days
// of holidays until 2024 and 13 from 2025 (国务院令第795号).
func TestEveryYearAddsUp(t *testing.T) {
	c := Embedded()
	for year := 2021; year <= 2026; year++ {
		worked := 0
		for d := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == year; d = d.AddDate(0, 0, 1) {
			if works, err := c.Works(d); err != nil {
				t.Fatal(err)
			} else if works {
				worked++
			}
		}
		if worked < 247 || worked > 252 {
			t.Errorf("%d has %d workdays", year, worked)
		}
	}
}

func TestYearWithoutNotice(t *testing.T) {
	c := Embedded()
	day := time.Date(2031, 10, 1, 0, 0, 0, 0, time.UTC)
	if works, err := c.Works(day); !works || !errors.Is(err, ErrNoNotice) {
		t.Errorf("a Wednesday of an unknown year: %v, %v", works, err)
	}
	site := fstest.MapFS{"workdays.csv": {Data: []byte("from,to,kind,name,reference\n2031-10-01,2031-10-07,休,国庆节,x\n")}}
	c, err := c.With(site, "workdays.csv")
	if err != nil {
		t.Fatal(err)
	}
	if works, err := c.Works(day); works || err != nil {
		t.Errorf("with the site's notice: %v, %v", works, err)
	}
}

func TestCalendarErrors(t *testing.T) {
	for row, want := range map[string]string{
		"2031-10-01,2031-09-01,休,国庆节,x": "no holiday's length",
		"2031-10-01,soon,休,国庆节,x":       "are no days",
		"2031-10-01,2031-10-07,假,国庆节,x": "neither 休 nor 班",
		"2031-10-01,2031-10-07,休,国庆节,":  "reference is missing",
		"2031-10-01,2031-10-01,班,国庆节,x": "worked anyway",
	} {
		_, err := Embedded().With(fstest.MapFS{"w.csv": {Data: []byte("from,to,kind,name,reference\n" + row + "\n")}}, "w.csv")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "w.csv:2") {
			t.Errorf("%s: %v, want %s", row, err, want)
		}
	}
}
