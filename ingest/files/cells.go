package files

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// unwrap takes off what office programs put around a cell's text to keep it
// from being read as a number: ="0123", a tab before, after or between digits.
// All other text stays as it is. The result may share the cell's memory.
func unwrap(cell []byte) []byte {
	if len(cell) == 0 {
		return cell
	}
	if first, last := cell[0], cell[len(cell)-1]; first == '\t' || last == '\t' {
		cell = bytes.Trim(cell, "\t")
	}
	if n := len(cell); n >= 3 && cell[0] == '=' && cell[1] == '"' && bytes.IndexByte(cell[2:], '"') == n-3 {
		cell = cell[2 : n-1]
	}
	if len(cell) <= maxNumber && bytes.IndexByte(cell, '\t') >= 0 && isDigitsAndTabs(cell) {
		cell = bytes.ReplaceAll(cell, []byte("\t"), nil)
	}
	return cell
}

// maxNumber bounds the length of what is taken for a number or an identifier.
const maxNumber = 64

func isDigitsAndTabs(cell []byte) bool {
	for _, c := range cell {
		if (c < '0' || c > '9') && c != '\t' && c != '.' && c != '-' && c != '+' && c != 'X' && c != 'x' {
			return false
		}
	}
	return true
}

// isBlank says whether a row has nothing but spaces in its cells.
func isBlank[T ~string | ~[]byte](cells []T) bool {
	for _, c := range cells {
		if len(c) == 0 {
			continue
		}
		if strings.TrimFunc(string(c[:min(len(c), 32)]), unicode.IsSpace) != "" || len(c) > 32 {
			return false
		}
	}
	return true
}

// mayBeTotals is the quick look at a row before isTotals: whether its first
// text starts like the word for a sum.
func mayBeTotals(cells [][]byte) bool {
	for _, c := range cells {
		if len(c) == 0 || c[0] == ' ' && len(bytes.TrimSpace(c)) == 0 {
			continue
		}
		if c[0] < 0x80 && c[0] != ' ' || len(c) > maxNumber {
			return false
		}
		c = bytes.TrimLeftFunc(c, unicode.IsSpace)
		for _, w := range totalsWords {
			if len(c) >= 3 && string(c[:3]) == w[:3] {
				return true
			}
		}
		return false
	}
	return false
}

var totalsWords = []string{"合计", "总计", "小计", "共计"}

type totals int

const (
	notTotals    totals = iota
	plainTotals         // sums, and nothing else: no record
	doubtfulRow         // called a total, with text beside it: a person must look
	totalsReason = "首格为“合计”一类字样，同行又有其他文字，无法判断是否为记录"
)

// isTotals recognises the line of sums at the foot of a table, or of a group
// in it: the first text is the word for it, and all others are numbers.
func isTotals(cells []string) totals {
	label := slices.IndexFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
	if label < 0 {
		return notTotals
	}
	word := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == ':' {
			return -1
		}
		return r
	}, width.Fold.String(cells[label]))
	if !slices.Contains(totalsWords, word) {
		return notTotals
	}
	for _, c := range cells[label+1:] {
		c = strings.TrimSpace(width.Fold.String(c))
		c = strings.TrimSuffix(strings.ReplaceAll(c, ",", ""), "%")
		if c == "" || c == "-" || c == "/" {
			continue
		}
		if _, err := strconv.ParseFloat(c, 64); err != nil {
			return doubtfulRow
		}
	}
	return plainTotals
}
