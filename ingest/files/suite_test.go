package files_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"zhicang/ingest"
	"zhicang/ingest/files"
	"zhicang/ingest/record"
	"zhicang/ingest/sourcetest"
)

// open opens a source over files in a fresh folder.
func open(t testing.TB, cfg ingest.FilesConfig, fields []string, contents map[string][]byte) *files.Source {
	t.Helper()
	dir := t.TempDir()
	for name, content := range contents {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if cfg.Path == "" {
		cfg.Path = "."
	}
	src, err := files.Open(ingest.Config{Name: sourcetest.SourceName, Files: cfg}, fields, dir)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestSuite(t *testing.T) {
	belowHeader := func(_ sourcetest.Data, i int) int64 { return int64(i) + 2 }
	line := func(_ sourcetest.Data, i int) int64 { return int64(i) + 1 }
	for _, kind := range []struct {
		name     string
		encode   func(*testing.T, sourcetest.Data) []byte
		harness  sourcetest.Harness
		settings ingest.FilesConfig
	}{
		{"a.csv", delimited(','), sourcetest.Harness{Position: belowHeader}, ingest.FilesConfig{}},
		{"a.tsv", delimited('\t'), sourcetest.Harness{Position: belowHeader}, ingest.FilesConfig{}},
		{"gb18030.csv", gb18030, sourcetest.Harness{Position: belowHeader}, ingest.FilesConfig{}},
		{"a.xlsx", workbook, sourcetest.Harness{Position: belowHeader}, ingest.FilesConfig{}},
		{"a.json", document, sourcetest.Harness{FoundLate: true}, ingest.FilesConfig{Records: "data.rows"}},
		{"a.jsonl", lines, sourcetest.Harness{Position: line, FoundLate: true}, ingest.FilesConfig{}},
		{"a.parquet", columnar, sourcetest.Harness{NoFaults: true}, ingest.FilesConfig{}},
	} {
		t.Run(kind.name, func(t *testing.T) {
			h := kind.harness
			h.Rest = true
			h.Open = func(t *testing.T, d sourcetest.Data, fields []string) sourcetest.Place {
				content := map[string][]byte{"folder/" + kind.name: kind.encode(t, d)}
				return sourcetest.Place{Source: open(t, kind.settings, fields, content)}
			}
			sourcetest.Run(t, h)
		})
	}
}

// delimited writes CSV. Broken rows take turns in being broken.
func delimited(comma rune) func(*testing.T, sourcetest.Data) []byte {
	return func(t *testing.T, d sourcetest.Data) []byte {
		var out bytes.Buffer
		w := csv.NewWriter(&out)
		w.Comma = comma
		rows := append([][]string{d.Header}, d.Rows...)
		for i, r := range rows {
			if d.IsBroken(i - 1) {
				w.Flush()
				fmt.Fprint(&out, []string{"\"少一个引号\n", "太少\n"}[i%2])
				continue
			}
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		w.Flush()
		return out.Bytes()
	}
}

func gb18030(t *testing.T, d sourcetest.Data) []byte {
	out, err := simplifiedchinese.GB18030.NewEncoder().Bytes(delimited(',')(t, d))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// workbook writes XLSX; a broken row is a total with text beside it.
func workbook(t *testing.T, d sourcetest.Data) []byte {
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range append([][]string{d.Header}, d.Rows...) {
		cells := make([]any, len(r))
		for c, v := range r {
			if v != "" {
				cells[c] = v
			}
		}
		if d.IsBroken(i - 1) {
			cells[0], cells[1] = "合计", "不是数"
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return saved(t, f)
}

func saved(t *testing.T, f *excelize.File) []byte {
	t.Helper()
	out, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func object(t *testing.T, d sourcetest.Data, i int) string {
	var out bytes.Buffer
	out.WriteByte('{')
	for c, v := range d.Rows[i] {
		if c > 0 {
			out.WriteByte(',')
		}
		value, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if v == "" {
			value = []byte("null")
		}
		fmt.Fprintf(&out, "%q: %s", d.Header[c], value)
	}
	return out.String() + "}"
}

func document(t *testing.T, d sourcetest.Data) []byte {
	var out bytes.Buffer
	out.WriteString(`{"code": 0, "before": [{"rows": [1]}], "data": {"page": {"n": 1}, "rows": [`)
	for i := range d.Rows {
		if i > 0 {
			out.WriteString(",\n")
		}
		if d.IsBroken(i) {
			out.WriteString(`"不是对象"`)
		} else {
			out.WriteString(object(t, d, i))
		}
	}
	out.WriteString("]}}")
	return out.Bytes()
}

func lines(t *testing.T, d sourcetest.Data) []byte {
	var out bytes.Buffer
	for i := range d.Rows {
		o := object(t, d, i)
		if d.IsBroken(i) {
			o = o[:len(o)/2]
		}
		out.WriteString(o + "\n")
	}
	return out.Bytes()
}

func columnar(t *testing.T, d sourcetest.Data) []byte {
	schema := record.Schema(d.Header)
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer b.Release()
	for _, r := range d.Rows {
		for c, v := range r {
			if v == "" {
				b.Field(c).AppendNull()
			} else {
				b.Field(c).(*array.StringBuilder).Append(v)
			}
		}
	}
	rec := b.NewRecord()
	defer rec.Release()
	return parquetOf(t, rec)
}

func parquetOf(t *testing.T, rec arrow.Record) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := pqarrow.NewFileWriter(rec.Schema(), &out, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
