package ingest

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// zonedLayouts are the forms that name their offset from UTC.
var zonedLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05-0700",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-0700", "2006-01-02 15:04:05-07",
}

// parseMoment reads a date with or without a time of day, in the forms that
// Chinese departments deliver: 2021-08-16, 2021/8/16 9:05, 2021.08.16,
// 2021年8月16日9时5分, 20210816, 20210816090500, RFC 3339, a spreadsheet's
// serial day (45678.5), a Unix time in seconds or milliseconds. 24:00 is the
// next day's beginning, as ISO 8601 has it. The result is wall-clock time in
// loc, carried in UTC.
func parseMoment(s string, loc *time.Location) (time.Time, error) {
	if t, ok := plainMoment(s); ok {
		return t, nil
	}
	if allDigits(s, true) {
		return momentFromNumber(s, loc)
	}
	if isZoned(s) {
		for _, layout := range zonedLayouts {
			if t, err := time.Parse(layout, s); err == nil {
				return wallClock(t.In(loc)), nil
			}
		}
		return time.Time{}, errNotMoment
	}
	p := momentParser{rest: s}
	return p.parse()
}

// plainMoment reads 2021-08-16 09:05:00, the form that nearly all of a million
// rows have, at a tenth of what any form costs. What it does not know is for
// others to judge.
func plainMoment(s string) (time.Time, bool) {
	const form = "0000-00-00 00:00:00"
	if len(s) != len(form) {
		return time.Time{}, false
	}
	for i := range len(form) {
		if form[i] == '0' && s[i]-'0' > 9 || form[i] != '0' && s[i] != form[i] {
			return time.Time{}, false
		}
	}
	two := func(i int) int { return int(s[i]-'0')*10 + int(s[i+1]-'0') }
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if year == 0 || month < 1 || month > 12 || day < 1 || day > 30 || month == 2 && day > 28 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false // among them days that not every month has
	}
	return time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC), true
}

// isZoned reports whether something like Z or +08:00 follows a time of day.
func isZoned(s string) bool {
	if len(s) <= 10 || (s[10] != 'T' && s[10] != ' ') {
		return false
	}
	return s[len(s)-1] == 'Z' || strings.IndexByte(s[11:], '+') >= 0 || strings.IndexByte(s[11:], '-') >= 0
}

func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// allDigits reports whether s is digits alone, with at most one point among
// them if a point is allowed.
func allDigits(s string, point bool) bool {
	for i := range len(s) {
		switch {
		case s[i] >= '0' && s[i] <= '9':
		case s[i] == '.' && point && i > 0 && i < len(s)-1:
			point = false
		default:
			return false
		}
	}
	return s != ""
}

// parseMonth reads a month, 2021-08, 2021/8, 2021.08, 202108 or 2021年8月, or
// the month of any day that parseMoment reads. The result is its first day.
func parseMonth(s string, loc *time.Location) (time.Time, error) {
	day := s
	switch first, chinese := strings.CutSuffix(s, "月"); {
	case chinese:
		day = first + "月1日"
	case len(s) == 6 && s[4] == '.' && s[5] == '1': // all that a number keeps of 2021.10
		return time.Time{}, errWhichMonth
	case len(s) == 6 && allDigits(s, false):
		day = s + "01"
	case len(s) >= 6 && len(s) <= 7 && s[4] < '0': // 2021-08, 2021/8, 2021.08
		day = s + s[4:5] + "1"
	}
	t, err := parseMoment(day, loc)
	if err != nil {
		return t, err
	}
	return t.AddDate(0, 0, 1-t.Day()).Truncate(24 * time.Hour), nil
}

func momentFromNumber(s string, loc *time.Location) (time.Time, error) {
	whole, _, dotted := strings.Cut(s, ".")
	switch {
	case len(whole) == 5: // a spreadsheet's day, 1927 to 2173
		days, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return time.Time{}, errNotMoment
		}
		return time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC).Add(time.Duration(math.Round(days*86400)) * time.Second), nil
	case dotted:
		return time.Time{}, errNotMoment
	case len(whole) == 8, len(whole) == 14:
		t, err := time.Parse("20060102150405", whole+"000000"[:14-len(whole)])
		if err != nil {
			return time.Time{}, errNoSuchDay
		}
		return t, nil
	case len(whole) == 10, len(whole) == 13:
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil {
			return time.Time{}, errNotMoment
		}
		if len(whole) == 10 {
			n *= 1000
		}
		return wallClock(time.UnixMilli(n).In(loc)), nil
	}
	return time.Time{}, errNotMoment
}

// momentParser reads year, month, day, hour, minute, second and a fraction,
// set apart by what people and systems put between them.
type momentParser struct {
	rest string
}

// number reads up to maxDigits digits.
func (p *momentParser) number(maxDigits int) (n int, ok bool) {
	i := 0
	for i < len(p.rest) && i < maxDigits && p.rest[i] >= '0' && p.rest[i] <= '9' {
		n = n*10 + int(p.rest[i]-'0')
		i++
	}
	p.rest = p.rest[i:]
	return n, i > 0
}

// skip steps over a separator and the spaces behind it.
func (p *momentParser) skip(sep string) bool {
	rest, ok := strings.CutPrefix(p.rest, sep)
	if ok {
		p.rest = strings.TrimLeft(rest, " ")
	}
	return ok
}

func (p *momentParser) parse() (time.Time, error) {
	start := p.rest
	year, ok := p.number(4)
	if !ok || len(start)-len(p.rest) != 4 || p.rest == "" {
		return time.Time{}, errNotMoment
	}
	afterYear, afterMonth, chinese := p.rest[:1], p.rest[:1], false
	if strings.HasPrefix(p.rest, "年") {
		afterYear, afterMonth, chinese = "年", "月", true
	}
	if !chinese && !strings.Contains("-/.", afterYear) {
		return time.Time{}, errNotMoment
	}
	p.skip(afterYear)
	month, ok := p.number(2)
	if !ok || !p.skip(afterMonth) {
		return time.Time{}, errNotMoment
	}
	day, ok := p.number(2)
	if !ok {
		return time.Time{}, errNotMoment
	}
	apart := chinese && p.skip("日")
	midnight := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if p.rest == "" {
		return midnight, sameDay(midnight, year, month, day)
	}
	if !p.skip("T") && !p.skip(" ") && !apart {
		return time.Time{}, errNotMoment
	}
	clock, ok := p.clock()
	if !ok {
		return time.Time{}, errNotMoment
	}
	return midnight.Add(clock), sameDay(midnight, year, month, day)
}

// sameDay refuses a day that the calendar turned into another: 30 February.
func sameDay(t time.Time, year, month, day int) error {
	if year == 0 || int(t.Month()) != month || t.Day() != day {
		return errNoSuchDay
	}
	return nil
}

// clock reads 9:05, 9:05:30, 9:05:30.123, 9时, 9点5分, 9时5分30秒.
func (p *momentParser) clock() (since time.Duration, ok bool) {
	hour, ok := p.number(2)
	if !ok {
		return 0, false
	}
	var minute, second, nanos int
	if p.skip("时") || p.skip("点") {
		minute, second, ok = p.chineseMinutes()
	} else {
		minute, second, nanos, ok = p.colonMinutes()
	}
	since = time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute + time.Duration(second)*time.Second + time.Duration(nanos)
	// Second 60 is a leap second, and the next minute's first to a clock that has none.
	ok = ok && p.rest == "" && hour <= 24 && minute <= 59 && second <= 60 && (hour < 24 || since == 24*time.Hour)
	return since, ok
}

func (p *momentParser) chineseMinutes() (minute, second int, ok bool) {
	if p.rest == "" {
		return 0, 0, true
	}
	if minute, ok = p.number(2); !ok || !p.skip("分") || p.rest == "" {
		return minute, 0, ok && p.rest == ""
	}
	second, ok = p.number(2)
	return minute, second, ok && p.skip("秒")
}

func (p *momentParser) colonMinutes() (minute, second, nanos int, ok bool) {
	if !p.skip(":") {
		return 0, 0, 0, false
	}
	if minute, ok = p.number(2); !ok || !p.skip(":") {
		return minute, 0, 0, ok
	}
	if second, ok = p.number(2); !ok || !p.skip(".") {
		return minute, second, 0, ok
	}
	digits := p.rest
	if !allDigits(digits, false) || len(digits) > 9 {
		return 0, 0, 0, false
	}
	p.rest = ""
	nanos, err := strconv.Atoi(digits + "000000000"[:9-len(digits)])
	return minute, second, nanos, err == nil
}
