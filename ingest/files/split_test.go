package files

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// splitAll cuts a text into records of cells; ok is false if one was broken.
func splitAll(t interface{ Fatal(...any) }, r io.Reader, delim string) (records [][]string, lines []int64, ok bool) {
	s := newSplitter(&window{r: r, damaged: func(b []byte) bool { return !utf8.Valid(b) }}, delim)
	ok = true
	for {
		rec, more, err := s.next()
		if err != nil {
			t.Fatal(err)
		}
		if !more {
			return records, lines, ok
		}
		lines = append(lines, rec.line)
		if rec.reason != "" {
			ok = false
			continue
		}
		cells := make([]string, len(rec.cells))
		for i, c := range rec.cells {
			if rec.doubled[i] {
				c = undouble(nil, c)
			}
			cells[i] = string(c)
		}
		records = append(records, cells)
	}
}

// TestSplitRoundTrip writes records as CSV and cuts them again, with the text
// arriving byte by byte.
func TestSplitRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOfN(rapid.RuneFrom([]rune("a1中，,;\"\n ")), 0, 8, -1)
		want := rapid.SliceOfN(rapid.SliceOfN(cell, 2, 4), 0, 6).Draw(t, "records")
		var out bytes.Buffer
		w := csv.NewWriter(&out)
		w.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := w.WriteAll(want); err != nil {
			t.Fatal(err)
		}
		if w.UseCRLF { // the writer makes CRLF of line breaks in cells too
			for _, r := range want {
				for i := range r {
					r[i] = strings.ReplaceAll(r[i], "\n", "\r\n")
				}
			}
		}
		got, lines, ok := splitAll(t, iotest.OneByteReader(&out), ",")
		if !ok {
			t.Fatal("a record was taken for broken")
		}
		line := int64(1)
		for i, r := range want {
			if lines[i] != line {
				t.Fatalf("record %d starts on line %d, want %d", i, lines[i], line)
			}
			line += 1 + int64(strings.Count(strings.Join(r, ""), "\n"))
		}
		if len(want) == 0 {
			want = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzSplit compares with encoding/csv on what that takes for well-formed, and
// asks of everything else that no line is lost.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{
		"a,b\n1,2\n", "\"a\"\"b\",\"c\nd\"\r\ne,f", "a,\"b\n", "\"\"\"\"\n", "=\"01\",2\n", ",\n,", "a\n\"b\"c\nd", "\"a\"\r",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, lines, _ := splitAll(t, bytes.NewReader(text), ",")
		slow, slowLines, _ := splitAll(t, iotest.OneByteReader(bytes.NewReader(text)), ",")
		if diff := cmp.Diff(got, slow) + cmp.Diff(lines, slowLines); diff != "" {
			t.Fatalf("depends on how the text arrives:\n%s", diff)
		}
		for i := 1; i < len(lines); i++ {
			if lines[i] <= lines[i-1] {
				t.Fatalf("lines do not go on: %d", lines)
			}
		}
		if !utf8.Valid(text) || bytes.Contains(text, []byte(`="`)) {
			return
		}
		r := csv.NewReader(bytes.NewReader(text))
		r.FieldsPerRecord = -1
		want, err := r.ReadAll()
		if err != nil {
			return
		}
		// encoding/csv drops empty lines, and makes LF of CRLF inside cells.
		var ours [][]string
		for _, rec := range got {
			if len(rec) == 1 && rec[0] == "" {
				continue
			}
			for i := range rec {
				rec[i] = strings.ReplaceAll(rec[i], "\r\n", "\n")
			}
			ours = append(ours, rec)
		}
		var theirs [][]string
		for _, rec := range want {
			if len(rec) != 1 || rec[0] != "" {
				theirs = append(theirs, rec)
			}
		}
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Fatalf("encoding/csv reads it differently (-theirs +ours):\n%s", diff)
		}
	})
}

// FuzzLines asks of the line reader that it gives what strings.Lines gives.
func FuzzLines(f *testing.F) {
	f.Add("a\nb\r\n\nc")
	f.Add("\r\n\xff\n")
	f.Fuzz(func(t *testing.T, text string) {
		w := &window{r: iotest.OneByteReader(strings.NewReader(text)), damaged: func(b []byte) bool { return !utf8.Valid(b) }}
		for want := range strings.Lines(text) {
			line, whole, ok, err := w.line()
			if err != nil || !ok || !whole {
				t.Fatalf("line: %v %v %v", whole, ok, err)
			}
			if want, _ = strings.CutSuffix(want, "\n"); strings.TrimSuffix(want, "\r") != strings.TrimSuffix(string(line), "\r") {
				t.Fatalf("got %q, want %q", line, want)
			}
			if !utf8.Valid(line) && !w.dirty {
				t.Fatalf("damage in %q went unseen", line)
			}
		}
		if _, _, ok, err := w.line(); ok || err != nil {
			t.Fatalf("a line behind the end: %v", err)
		}
	})
}
