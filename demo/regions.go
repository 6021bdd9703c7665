package demo

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"zhicang/demo/yunxi"
)

// writeRegions writes the county as rows to lay over the embedded region
// table: the city, the county, its towns and the villages that messages name.
func (c *County) writeRegions() error {
	header := []string{"code", "name", "short", "level", "parent", "from", "to", "lng", "lat", "reference"}
	const reference = "虚构，仅供演示"
	rows := [][]string{
		{yunxi.CityCode, yunxi.CityName, "丽州", "2", yunxi.Province, "", "", "", "", reference},
		{yunxi.Code, yunxi.Name, "云溪", "3", yunxi.CityCode, "", "", degrees(countyLng), degrees(countyLat), reference},
	}
	for i, t := range yunxi.Towns() {
		code := t.Code
		short := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(t.Name, "街道"), "镇"), "乡")
		lng, lat := around(countyLng, countyLat, 0.07, i)
		rows = append(rows, []string{code, t.Name, short, "4", yunxi.Code, "", "", degrees(lng), degrees(lat), reference})
		n := 200
		for _, p := range c.book.byKind["村"] {
			if yunxi.Code+p.town == code {
				n++
				x, y := around(lng, lat, 0.015, n-200)
				rows = append(rows, []string{fmt.Sprintf("%s%03d", code, n), p.name, "", "5", code, "", "", degrees(x), degrees(y), reference})
			}
		}
	}
	folder := filepath.Join(c.dir, "site")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return writeRows(filepath.Join(folder, "region.csv"), header, rows)
}

// Where the county is made to lie.
const countyLng, countyLat = 120.60, 28.90

// around sets the nth place about a centre so that places keep apart: on a
// spiral by the golden angle, step degrees from one turn to the next.
func around(lng, lat, step float64, n int) (x, y float64) {
	turn, far := float64(n)*math.Pi*(3-math.Sqrt(5)), step*math.Sqrt(float64(n)+0.5)
	return lng + far*math.Cos(turn), lat + far*math.Sin(turn)
}

func degrees(v float64) string { return strconv.FormatFloat(v, 'f', 4, 64) }
