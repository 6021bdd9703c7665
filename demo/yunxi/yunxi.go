// Package yunxi is what the parts of the demo share of 云溪县, of which nothing
// exists: its code, its towns, and the id numbers of its people.
package yunxi

import (
	"fmt"
	"strings"
)

// The county, the city above it, and their codes, which no place has.
const (
	Code     = "339921"
	Name     = "云溪县"
	CityCode = "339900"
	CityName = "丽州市"
	Province = "330000"
)

// A Town is one of the county's; Code has 9 digits.
type Town struct{ Code, Name string }

// Towns are the county's, by code.
func Towns() []Town {
	return []Town{
		{"339921001", "云城街道"},
		{"339921002", "望溪街道"},
		{"339921003", "锦塘街道"},
		{"339921100", "青岩坑镇"},
		{"339921101", "白渡镇"},
		{"339921102", "枫溪口镇"},
		{"339921103", "大岙里镇"},
		{"339921104", "横漾镇"},
		{"339921105", "竹坞镇"},
		{"339921200", "沙坪头乡"},
		{"339921201", "上垟岭乡"},
		{"339921202", "茶岭下乡"},
	}
}

// TownName is the name of the town with a code; "" for none.
func TownName(code string) string {
	for _, t := range Towns() {
		if t.Code == code {
			return t.Name
		}
	}
	return ""
}

// RegionCSV is the county as a site's region.csv, for a site that is made of a
// part of the demo alone.
func RegionCSV() string {
	var b strings.Builder
	fmt.Fprintf(&b, "code,name,level,parent,reference\n%s,%s,2,%s,虚构\n%s,%s,3,%s,虚构\n", CityCode, CityName, Province, Code, Name, CityCode)
	for _, t := range Towns() {
		fmt.Fprintf(&b, "%s,%s,4,%s,虚构\n", t.Code, t.Name, Code)
	}
	return b.String()
}

// WithCheck appends the check character of GB 11643-1999 to 17 digits.
func WithCheck(digits string) string {
	sum := 0
	for i, w := range [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2} {
		sum += int(digits[i]-'0') * w
	}
	return digits + "10X98765432"[sum%11:sum%11+1]
}

// WrongCheck replaces the check character of an id number by one that is wrong.
func WrongCheck(id string) string {
	if id[17] == 'X' {
		return id[:17] + "3"
	}
	return id[:17] + string('0'+(id[17]-'0'+1)%10)
}
