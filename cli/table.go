package cli

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/width"
)

// printTable prints rows under a header in columns that line up on a terminal,
// where a Chinese character is two cells wide. Columns of numbers are set to
// the right.
func printTable(w io.Writer, header []string, rows [][]string) {
	widths := make([]int, len(header))
	number := make([]bool, len(header))
	for i, h := range header {
		widths[i] = cells(h)
		number[i] = len(rows) > 0
	}
	for _, r := range rows {
		for i, v := range r {
			widths[i] = max(widths[i], cells(v))
			number[i] = number[i] && strings.Trim(v, "0123456789.,-% ") == ""
		}
	}
	line := func(r []string) {
		var b strings.Builder
		for i, v := range r {
			pad := strings.Repeat(" ", widths[i]-cells(v))
			if i > 0 {
				b.WriteString("  ")
			}
			if number[i] {
				b.WriteString(pad + v)
			} else {
				b.WriteString(v + pad)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
	line(header)
	for _, r := range rows {
		line(r)
	}
}

// printRow prints one row line by line, what is empty left out.
func printRow(w io.Writer, header, row []string) {
	widest := 0
	for _, h := range header {
		widest = max(widest, cells(h))
	}
	for i, h := range header {
		if row[i] != "" {
			fmt.Fprintf(w, "%s%s  %s\n", h, strings.Repeat(" ", widest-cells(h)), row[i])
		}
	}
}

// cells is how many cells of a terminal a text takes.
func cells(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		case width.EastAsianAmbiguous:
			n += 1
		default:
			n++
		}
	}
	return n
}

// cut shortens a text to so many cells.
func cut(s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if cells(s) <= limit {
		return s
	}
	n := 0
	for i, r := range s {
		if n += cells(string(r)); n > limit-1 {
			return s[:i] + "…"
		}
	}
	return s
}
