package files_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/xuri/excelize/v2"
	"go.yaml.in/yaml/v3"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"zhicang/ingest"
)

var update = flag.Bool("update", false, "rewrite the golden files from what is read")

// TestGolden reads each archive of testdata/golden: `config` has the source's
// settings, the wanted fields and how the file is to be encoded; `in.*` is the
// file, for a workbook the steps to make it; `want` is what is read.
func TestGolden(t *testing.T) {
	cases, err := filepath.Glob("testdata/golden/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, path := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var cfg struct {
				ingest.FilesConfig `yaml:",inline"`
				Fields             []string `yaml:"fields"`
				As                 string   `yaml:"as"`
			}
			contents, want := map[string][]byte{}, -1
			for i, f := range archive.Files {
				switch {
				case f.Name == "config":
					if err := yaml.Unmarshal(f.Data, &cfg); err != nil {
						t.Fatal(err)
					}
				case f.Name == "want":
					want = i
				case filepath.Ext(f.Name) == ".xlsx" && !bytes.HasPrefix(f.Data, []byte("raw ")):
					contents[f.Name] = buildBook(t, string(f.Data))
				default:
					contents[f.Name] = encode(t, cfg.As, bytes.TrimPrefix(f.Data, []byte("raw ")))
				}
			}
			got := describe(t, cfg.FilesConfig, cfg.Fields, contents)
			if *update {
				archive.Files[want].Data = []byte(got)
				if err := os.WriteFile(path, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(archive.Files[want].Data), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// describe reads a source and writes down all that came of it.
func describe(t *testing.T, cfg ingest.FilesConfig, fields []string, contents map[string][]byte) string {
	t.Helper()
	src := open(t, cfg, fields, contents)
	units, err := src.Units(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, u := range units {
		outcome, err := src.Read(t.Context(), u, "", func(b ingest.Batch) error {
			for i, position := range b.Rows {
				fmt.Fprintf(&out, "%s%d:", b.Sheet, position)
				for _, c := range b.Record.Columns() {
					if c.IsNull(i) {
						out.WriteString(" -")
					} else {
						fmt.Fprintf(&out, " %s", strconv.Quote(c.ValueStr(i)))
					}
				}
				out.WriteByte('\n')
			}
			for _, f := range b.Faults {
				fmt.Fprintf(&out, "fault %s%d: %s: %.40q\n", f.Sheet, f.Row, f.Reason, f.Raw)
			}
			return nil
		})
		var e *ingest.Error
		switch {
		case errors.As(err, &e):
			fmt.Fprintf(&out, "error: %v\nTry: %s\n", e, e.Hint())
		case err != nil:
			t.Fatal(err)
		default:
			fmt.Fprintf(&out, "header: %s\n", strings.Join(outcome.Header, "|"))
			if outcome.Skipped > 0 {
				fmt.Fprintf(&out, "skipped: %d\n", outcome.Skipped)
			}
		}
	}
	return out.String()
}

// encode brings a text into the bytes that a case asks for; \n, \r, \t and
// \xNN in it are escapes when as ends in "escaped".
func encode(t *testing.T, as string, text []byte) []byte {
	t.Helper()
	var err error
	switch as {
	case "gb18030":
		text, err = simplifiedchinese.GB18030.NewEncoder().Bytes(text)
	case "utf-16le":
		text, err = unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(text)
	case "utf-16be":
		text, err = unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().Bytes(text)
	case "utf-8-bom":
		text = append([]byte("\xEF\xBB\xBF"), text...)
	case "crlf":
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	case "escaped":
		var out strings.Builder
		for line := range strings.Lines(string(text)) {
			s, e := strconv.Unquote("`" + strings.TrimSuffix(line, "\n") + "`")
			if e == nil {
				s, e = strconv.Unquote(`"` + strings.ReplaceAll(s, `"`, `\"`) + `"`)
			}
			if e != nil {
				t.Fatal(e)
			}
			out.WriteString(s + "\n")
		}
		text = []byte(out.String())
	}
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// buildBook makes a workbook from steps, one a line:
//
//	sheet 名称 [hidden]
//	date1904
//	merge A1:C1
//	A1 text 文字
//	A1 raw 1.2E+17 [number format]
func buildBook(t *testing.T, steps string) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	sheet := "Sheet1"
	var hidden []string
	for _, step := range strings.Split(strings.TrimSpace(steps), "\n") {
		word := strings.SplitN(step, " ", 4)
		var err error
		switch {
		case word[0] == "sheet":
			if sheet == "Sheet1" {
				err = f.SetSheetName(sheet, word[1])
			} else {
				_, err = f.NewSheet(word[1])
			}
			sheet = word[1]
			if len(word) > 2 {
				hidden = append(hidden, sheet)
			}
		case word[0] == "date1904":
			yes := true
			err = f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes})
		case word[0] == "merge":
			from, to, _ := strings.Cut(word[1], ":")
			err = f.MergeCell(sheet, from, to)
		case word[1] == "text":
			err = f.SetCellStr(sheet, word[0], strings.ReplaceAll(strings.Join(word[2:], " "), `\n`, "\n"))
		case word[1] == "raw":
			err = f.SetCellDefault(sheet, word[0], word[2])
			if len(word) > 3 {
				style, e := f.NewStyle(&excelize.Style{CustomNumFmt: &word[3]})
				err = errors.Join(err, e, f.SetCellStyle(sheet, word[0], word[0], style))
			}
		default:
			t.Fatalf("unknown step %q", step)
		}
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
	}
	if index, err := f.GetSheetIndex(sheet); err == nil {
		f.SetActiveSheet(index) // the active sheet cannot be hidden
	}
	for _, name := range hidden {
		if err := f.SetSheetVisible(name, false); err != nil {
			t.Fatal(err)
		}
	}
	return saved(t, f)
}
