package demo

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeRegions writes the county as rows to lay over the embedded region
// table: the city, the county, its towns and the villages that messages name.
func (c *County) writeRegions() error {
	header := []string{"code", "name", "short", "level", "parent", "from", "to", "reference"}
	const reference = "虚构，仅供演示"
	rows := [][]string{
		{cityCode, cityName, "丽州", "2", provinceCode, "", "", reference},
		{countyCode, countyName, "云溪", "3", cityCode, "", "", reference},
	}
	for _, t := range c.book.gazetteer.Towns {
		code := countyCode + t.Code
		short := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(t.Name, "街道"), "镇"), "乡")
		rows = append(rows, []string{code, t.Name, short, "4", countyCode, "", "", reference})
		n := 200
		for _, p := range c.book.byKind["村"] {
			if p.town == t.Code {
				n++
				rows = append(rows, []string{fmt.Sprintf("%s%03d", code, n), p.name, "", "5", code, "", "", reference})
			}
		}
	}
	folder := filepath.Join(c.dir, "site")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return writeRows(filepath.Join(folder, "region.csv"), header, rows)
}
