package files

import (
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// TestDateText compares with excelize, to the second.
func TestDateText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seconds := rapid.Int64Range(61*86400, 2958465*86400).Draw(t, "seconds")
		date1904 := rapid.Bool().Draw(t, "1904")
		if date1904 {
			seconds -= 1462 * 86400
		}
		if seconds < 61*86400 {
			return
		}
		serial := float64(seconds) / 86400
		theirs, err := excelize.ExcelDateToTime(serial, date1904)
		if err != nil {
			t.Fatal(err)
		}
		want := theirs.Round(time.Second).Format(time.DateTime)
		if got := dateText(serial, dateNumber, date1904); got != want {
			t.Fatalf("%v (1904: %v) is %s, want %s", serial, date1904, got, want)
		}
	})
}

func TestStyleOf(t *testing.T) {
	for code, want := range map[string]numberStyle{
		"General": plainNumber, "0.00E+00": plainNumber, `#,##0.00"元";[Red]-#,##0.00`: plainNumber, "@": plainNumber,
		`0"days"`: plainNumber, "[h]:mm:ss": plainNumber, `_ * #,##0.00_ ;_ * \-#,##0.00_ `: plainNumber, "G/通用格式": plainNumber,
		"yyyy/m/d;@": dateNumber, `[$-804]yyyy"年"m"月"d"日"`: dateNumber, "m/d/yy h:mm": dateNumber, "mmm": dateNumber, "[DBNum1]d": dateNumber,
		"h:mm:ss": timeNumber, "mm:ss.0": timeNumber, `上午/下午h"时"mm"分"`: timeNumber,
	} {
		if got := styleOf(code); got != want {
			t.Errorf("%s is %d, want %d", code, got, want)
		}
	}
}
