// Package region knows the administrative divisions 行政区划: which code is
// which province, city, county, town and village, whose part it is, and from
// when until when. It also finds the place that a text speaks of.
//
// The table that is compiled in (region.csv) holds Zhejiang down to its
// counties, the towns of 三门, 黄岩, 路桥 and 吴兴, and the villages of 三门
// and of 织里镇. Codes and names of towns and villages are those of the National
// Bureau of Statistics (统计用区划代码) as of 2023-06-30, without its statistical
// units that are no divisions (classes 4 and 5, as 331004400 滨海工业城). A site
// lays its own rows over it with Tree.With.
package region

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Level is the place of a division in the tree, 1 (province) to 5 (village).
type Level int

// The five levels.
const (
	Province Level = 1 + iota // 省
	City                      // 市, prefecture level
	County                    // 县, and 市辖区, 县级市
	Town                      // 乡, and 镇, 街道
	Village                   // 村, and 社区
)

// String returns the level in one Chinese character, or 未知.
func (l Level) String() string {
	switch l {
	case Province:
		return "省"
	case City:
		return "市"
	case County:
		return "县"
	case Town:
		return "乡"
	case Village:
		return "村"
	default:
		return "未知"
	}
}

// Region is one division during its time.
type Region struct {
	Code   string // canonical: 6 digits down to County, 9 for a Town, 12 for a Village
	Name   string // in full, as 三门县
	Short  string // as 三门; empty where the short form is also a common word
	Level  Level
	Parent string // canonical code; empty at the top
	// From and To bound the time in force, [From, To), as days at 00:00 UTC.
	// A zero From means since before any record, a zero To still in force.
	From, To time.Time
	// Reference is the decision or the publication that the row rests on; it
	// may be empty.
	Reference string
	// Lng and Lat are where a map marker goes, in degrees, to about a
	// kilometre: the seat of government. Both are zero where unknown.
	Lng, Lat float64
}

// InForce reports whether the region exists on the calendar day of on, in on's
// own location.
func (r Region) InForce(on time.Time) bool {
	d := day(on)
	return !d.Before(r.From) && (r.To.IsZero() || d.Before(r.To))
}

// Why a code names no region. A LookupError wraps one of the last three;
// Normalize returns the first.
var (
	ErrMalformed = errors.New("区划代码应为6位、9位或12位数字,且各段完整")
	ErrUnknown   = errors.New("区划表中没有这个代码")
	ErrNotYet    = errors.New("区划尚未启用")
	ErrEnded     = errors.New("区划已撤销")
)

// LookupError says why a well-formed code names no region on a day.
type LookupError struct {
	Err    error  // ErrUnknown, ErrNotYet or ErrEnded
	Region Region // zero if unknown
}

// Error gives the reason in Chinese. It quotes a code only if the table knows
// it, for whatever stands in a column of codes may be somebody's number.
func (e *LookupError) Error() string {
	switch e.Err {
	case ErrNotYet:
		return fmt.Sprintf("%s %s 自 %s 起才启用", e.Region.Code, e.Region.Name, e.Region.From.Format(time.DateOnly))
	case ErrEnded:
		return fmt.Sprintf("%s %s 已于 %s 撤销", e.Region.Code, e.Region.Name, e.Region.To.Format(time.DateOnly))
	default:
		return e.Err.Error()
	}
}

// Unwrap returns Err.
func (e *LookupError) Unwrap() error { return e.Err }

// Normalize returns the canonical form of a code: statistics pad with zeros to
// 9 or 12 digits (331022000000 is 331022), short forms leave them out (33 is
// 330000). The error is ErrMalformed.
func Normalize(code string) (string, error) {
	c := strings.TrimSpace(code)
	for i := range len(c) {
		if c[i] < '0' || c[i] > '9' {
			return "", ErrMalformed
		}
	}
	if len(c) == 2 || len(c) == 4 {
		c += "0000"[len(c)-2:]
	}
	if len(c) == 12 && c[9:] == "000" {
		c = c[:9]
	}
	if len(c) == 9 && c[6:] == "000" {
		c = c[:6]
	}
	switch {
	case len(c) != 6 && len(c) != 9 && len(c) != 12,
		c[:2] == "00",
		c[2:4] == "00" && (c[4:6] != "00" || len(c) > 6),
		len(c) == 12 && c[6:9] == "000":
		return "", ErrMalformed
	}
	return c, nil
}

// Prefix returns the digits that the canonical codes of a region and of all
// below it, and no others, begin with: 33 for 330000, 3310 for 331000, 331022
// for 331022.
func Prefix(code string) string {
	switch levelOf(code) {
	case Province:
		return code[:2]
	case City:
		return code[:4]
	default:
		return code
	}
}

// levelOf reads the level off a canonical code; 0 for anything else.
func levelOf(code string) Level {
	switch {
	case len(code) == 12:
		return Village
	case len(code) == 9:
		return Town
	case len(code) != 6:
		return 0
	case code[2:] == "0000":
		return Province
	case code[4:] == "00":
		return City
	default:
		return County
	}
}

// parentOf cuts the last part off a canonical code; empty for a province. A
// town may stand directly below a city without counties (441900003 东莞).
func parentOf(code string) string {
	switch levelOf(code) {
	case City:
		return code[:2] + "0000"
	case County:
		return code[:4] + "00"
	case Town:
		return code[:6]
	case Village:
		return code[:9]
	default:
		return ""
	}
}

// day is the calendar day of t in t's location, as 00:00 UTC.
func day(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
