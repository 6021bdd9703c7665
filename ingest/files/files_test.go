package files_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
	"zhicang/ingest/files"
)

func TestOpenRefuses(t *testing.T) {
	for _, tt := range []struct {
		cfg    ingest.FilesConfig
		fields []string
		want   string
	}{
		{ingest.FilesConfig{}, []string{"a"}, "sources[s].path: is empty"},
		{ingest.FilesConfig{Path: "x", Format: "xls"}, []string{"a"}, `sources[s].format: unknown "xls"`},
		{ingest.FilesConfig{Path: "x", Encoding: "big5"}, []string{"a"}, `sources[s].encoding: unknown "big5"`},
		{ingest.FilesConfig{Path: "x", HeaderRow: -1}, []string{"a"}, "sources[s].header_row: is negative"},
		{ingest.FilesConfig{Path: "x", Sheet: "["}, []string{"a"}, "sources[s].sheet: is no valid pattern"},
		{ingest.FilesConfig{Path: "x/[a"}, []string{"a"}, `sources[s].path: is no valid pattern at "[a"`},
		{ingest.FilesConfig{Path: "x"}, nil, "sources[s].columns: names no column"},
	} {
		_, err := files.Open(ingest.Config{Name: "s", Files: tt.cfg}, tt.fields, t.TempDir())
		var e *ingest.Error
		if !errors.As(err, &e) || e.Error() != tt.want || e.Hint() == "" {
			t.Errorf("%+v: %v, want %s and a hint", tt.cfg, err, tt.want)
		}
	}
}

func TestUnits(t *testing.T) {
	contents := map[string][]byte{}
	for _, name := range []string{
		"a.csv", "b.CSV", "c.xls", "d.doc", "~$a.xlsx", ".e.csv", "f.csv.tmp", "g.csv.part", "h.csv.crdownload",
		"2024/a.csv", "2024/01/b.csv", "2024/01/c.json", ".hidden/a.csv",
	} {
		contents[name] = []byte("a\n1\n")
	}
	for _, tt := range []struct {
		path string
		want []string
	}{
		{".", []string{"2024/01/b.csv", "2024/01/c.json", "2024/a.csv", "a.csv", "b.CSV", "c.xls"}},
		{"2024", []string{"01/b.csv", "01/c.json", "a.csv"}},
		{"*.csv", []string{"a.csv"}},
		{"**/*.csv", []string{"2024/01/b.csv", "2024/a.csv", "a.csv"}},
		{"2024/**/b.*", []string{"01/b.csv"}},
		{"**/0[0-9]/*", []string{"2024/01/b.csv", "2024/01/c.json"}},
		{"d.doc", []string{"d.doc"}},
		{"*.pdf", nil},
	} {
		src := open(t, ingest.FilesConfig{Path: tt.path}, []string{"a"}, contents)
		units, err := src.Units(t.Context())
		if err != nil {
			t.Errorf("%s: %v", tt.path, err)
		}
		var got []string
		for _, u := range units {
			got = append(got, u.Name)
			if strings.HasSuffix(u.Name, ".csv") {
				if _, err := src.Read(t.Context(), u, "", func(ingest.Batch) error { return nil }); err != nil {
					t.Errorf("%s: a listed unit cannot be read: %v", tt.path, err)
				}
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.path, diff)
		}
	}
	for _, path := range []string{"nowhere", "nowhere/*.csv", "nowhere.csv"} {
		_, err := open(t, ingest.FilesConfig{Path: path}, []string{"a"}, contents).Units(t.Context())
		var e *ingest.Error
		if !errors.As(err, &e) || !errors.Is(err, os.ErrNotExist) || strings.Contains(err.Error(), os.TempDir()) {
			t.Errorf("%s: %v, want that it does not exist, without this machine's folders", path, err)
		}
	}
}

func TestStampFollowsFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	src, err := files.Open(ingest.Config{Name: "s", Files: ingest.FilesConfig{Path: "a.csv"}}, []string{"a"}, dir)
	if err != nil {
		t.Fatal(err)
	}
	look := func(content string, at int64) (stamp, digest string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(content), 0o644), os.Chtimes(path, time.Time{}, time.Unix(0, at))); err != nil {
			t.Fatal(err)
		}
		units, err := src.Units(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		digest, err = units[0].Digest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return units[0].Stamp, digest
	}
	s1, d1 := look("a\n1\n", 1_000_000_001)
	s2, d2 := look("a\n1\n", 1_000_000_002)
	s3, d3 := look("a\n2\n", 1_000_000_003)
	if s1 == s2 || s2 == s3 {
		t.Errorf("stamps %s, %s, %s should differ", s1, s2, s3)
	}
	if d1 != d2 || d2 == d3 {
		t.Errorf("digests %s, %s, %s: the first two are of one content", d1, d2, d3)
	}
	s4 := s3
	for range 1_000_000 { // a clock of the file system ticks some hundred times a second
		if s4, _ = look("a\n3\n", 1_000_000_003); s4 != s3 {
			break
		}
	}
	if s4 == s3 && runtime.GOOS == "linux" {
		t.Errorf("stamp %s of another content with the size and time of the one before", s4)
	}
}

func TestFileChangesWhileRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	if err := os.WriteFile(path, messagesCSV(20_000), 0o644); err != nil {
		t.Fatal(err)
	}
	src, err := files.Open(ingest.Config{Name: "s", Files: ingest.FilesConfig{Path: path}}, messageFields, dir)
	if err != nil {
		t.Fatal(err)
	}
	units, err := src.Units(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	grow := func() {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString("9,9,9,9,9,9,9\n"); err != nil {
			t.Fatal(err)
		}
	}
	_, err = src.Read(t.Context(), units[0], "", func(ingest.Batch) error { grow(); return nil })
	const want = "source s: a.csv: the file changed while it was being read"
	var e *ingest.Error
	if !errors.As(err, &e) || e.Error() != want || !strings.HasPrefix(e.Hint(), "copy to a temporary name and rename") {
		t.Errorf("grown while read: %v", err)
	}
	_, err = src.Read(t.Context(), units[0], "", func(ingest.Batch) error {
		t.Error("a batch of a file that is not the one listed")
		return nil
	})
	if !errors.As(err, &e) || e.Error() != want {
		t.Errorf("changed since it was listed: %v", err)
	}
}

func TestLongRecords(t *testing.T) {
	long := strings.Repeat("长", 200_000)    // 600 kB: a record still
	tooLong := strings.Repeat("长", 400_000) // 1.2 MB
	got := describe(t, ingest.FilesConfig{}, []string{"id"}, map[string][]byte{
		"a.csv":   []byte("id,body\n1,\"" + long + "\"\n2,\"" + tooLong + "\"\n3,\"不完\n" + tooLong + "\n4,好\n" + tooLong),
		"b.jsonl": []byte(`{"id":1,"b":"` + long + "\"}\n" + `{"id":2,"b":"` + tooLong + "\"}\n{\"id\":3}\n"),
	})
	want := `2: "1"
6: "4"
fault 3: 一条记录超过 1 MiB，可能缺一个引号: "2,\"长长长长长长长长长长长长`
	if !strings.HasPrefix(got, want) {
		t.Errorf("got %.1500s", got)
	}
	if !strings.Contains(got, "fault 2: 一行超过 1 MiB") || !strings.Contains(got, "\n3: \"3\"\n") {
		t.Errorf("got %.1500s", got)
	}
}

// TestEncodingFoundLate has the first Chinese character far behind the first
// stretch that is looked at.
func TestEncodingFoundLate(t *testing.T) {
	ascii := strings.Repeat("1,abcdefghijklmnopqrstuvwxyz\n", 100_000)
	gb := "\xc2\xb7\xb5\xc6" // 路灯
	last := func(content string) (out string) {
		src := open(t, ingest.FilesConfig{}, []string{"b"}, map[string][]byte{"a.csv": []byte("a,b\n" + content)})
		units, err := src.Units(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err = src.Read(t.Context(), units[0], "", func(b ingest.Batch) error {
			if n := len(b.Rows); n > 0 {
				out = strings.Clone(b.Record.Column(0).ValueStr(n - 1))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := last(ascii + "2," + gb + "\n"); got != "路灯" {
		t.Errorf("GB18030 behind ASCII read as %q", got)
	}
	if got := last(ascii + "2,路灯\n"); got != "路灯" {
		t.Errorf("UTF-8 behind ASCII read as %q", got)
	}
}

// TestNoWorkbook has what is found under a workbook's name.
func TestNoWorkbook(t *testing.T) {
	ole := "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1" + strings.Repeat("\x00", 5000)
	var encrypted strings.Builder
	for _, c := range "EncryptedPackage" {
		encrypted.WriteString(string(c) + "\x00")
	}
	for name, tt := range map[string]struct{ content, problem, try string }{
		"old kind":  {ole, "workbook of the old kind", "另存为"},
		"encrypted": {ole + encrypted.String(), "protected by a password", "清除|clear the password"},
		"xml":       {`<?xml version="1.0"?><Workbook/>`, "this is XML", "另存为"},
		"empty":     {"", "the file is empty", "again"},
		"cut":       {"PK\x03\x04 and no more", "cut off or damaged", "again"},
		"other zip": {zipOf(t, map[string]string{"word/document.xml": "<a/>"}), "no worksheets", "另存为"},
	} {
		got := describe(t, ingest.FilesConfig{}, []string{"a"}, map[string][]byte{"a.xls": []byte(tt.content)})
		if !strings.Contains(got, tt.problem) {
			t.Errorf("%s: %s, want %s", name, got, tt.problem)
		}
		if _, hint, _ := strings.Cut(got, "Try: "); !strings.Contains(hint, tt.try[strings.LastIndex(tt.try, "|")+1:]) {
			t.Errorf("%s: the hint is %s", name, hint)
		}
	}
}

func zipOf(t *testing.T, parts map[string]string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for name, content := range parts {
		f, err := w.Create(name)
		if err == nil {
			_, err = io.WriteString(f, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// rawBook is a workbook of one sheet with the given content of sheetData, for
// what excelize does not write.
func rawBook(t *testing.T, sheetData, shared string) []byte {
	const rel = `<Relationship Id="%" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/%" Target="%"/>`
	fill := func(values ...string) string {
		s := rel
		for _, v := range values {
			s = strings.Replace(s, "%", v, 1)
		}
		return s
	}
	return []byte(zipOf(t, map[string]string{
		"_rels/.rels":   "<Relationships>" + fill("a", "officeDocument", "/book/main.xml") + "</Relationships>",
		"book/main.xml": `<workbook xmlns:r="r"><workbookPr/><sheets><sheet name="表" sheetId="1" r:id="s1"/></sheets></workbook>`,
		"book/_rels/main.xml.rels": "<Relationships>" + fill("s1", "worksheet", "one.xml") +
			fill("x", "sharedStrings", "strings.xml") + "</Relationships>",
		"book/one.xml":     "<worksheet><sheetData>" + sheetData + "</sheetData></worksheet>",
		"book/strings.xml": "<sst>" + shared + "</sst>",
	}))
}

func TestRawCells(t *testing.T) {
	book := rawBook(t, `
<row><c t="inlineStr"><is><t>编号</t></is></c><c t="inlineStr"><is><t>内容</t></is></c></row>
<row r="3"><c r="A3"><v>7</v></c><c r="B3" t="s"><v>0</v></c></row>
<row r="5"><c r="B5" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>
<row><c r="A6" t="str"><f>"x"</f><v>公式</v></c><c r="B6" t="b"><v>1</v></c><c r="AB6" t="e"><v>#N/A</v></c></row>
<row><c r="A7" t="d"><v>2024-01-02T03:04:05</v></c><c r="B7" t="s"><v>1</v></c></row>`,
		`<si><r><t>一_x000D_</t></r><r><t xml:space="preserve"> 二</t></r><rPh sb="0" eb="1"><t>yi</t></rPh></si><si><t/></si>`)
	got := describe(t, ingest.FilesConfig{}, []string{"编号", "内容"}, map[string][]byte{"a.xlsx": book})
	want := `表3: "7" "一\r 二"
表6: "公式" "TRUE"
表7: "2024-01-02 03:04:05" -
fault 表5: “内容”是公式错误值（如 #N/A），不是数据: "\t#DIV/0!"
header: 编号|内容
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for name, data := range map[string]string{
		"cut":        `<row><c t="inlineStr"><is><t>编号</t></is></c></row><row><c`,
		"no string":  `<row><c t="inlineStr"><is><t>编号</t></is></c></row><row><c t="s"><v>9</v></c></row>`,
		"backwards":  `<row r="5"><c t="inlineStr"><is><t>编号</t></is></c></row><row r="2"><c><v>1</v></c></row>`,
		"bad number": `<row><c t="inlineStr"><is><t>编号</t></is></c></row><row><c><v>x13800138000</v></c></row>`,
	} {
		got := describe(t, ingest.FilesConfig{}, []string{"编号"}, map[string][]byte{"a.xlsx": rawBook(t, data, "")})
		if !strings.Contains(got, "sheet 表") || !strings.Contains(got, "the workbook is damaged") || strings.Contains(got, "138001") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// FuzzSheet asks that a sheet of whatever content is read or refused, and that
// a refusal does not quote it.
func FuzzSheet(f *testing.F) {
	f.Add(`<row><c t="inlineStr"><is><t>编号</t></is></c></row><row r="9"><c r="A9"><v>1e3</v></c></row>`, "<si><t>x</t></si>")
	f.Add(`<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row>`, "<si><t>编号</t></si><si><rPh><t>y</t></rPh></si>")
	f.Add(`<row r="99999999999"><c r="XFE1"/></row>`, "<si>")
	f.Fuzz(func(t *testing.T, data, shared string) {
		src := open(t, ingest.FilesConfig{}, []string{"编号"}, map[string][]byte{"a.xlsx": rawBook(t, data, shared)})
		units, err := src.Units(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		last := int64(0)
		_, err = src.Read(t.Context(), units[0], "", func(b ingest.Batch) error {
			for _, row := range b.Rows {
				if row <= last {
					t.Fatalf("row %d behind row %d", row, last)
				}
				last = row
			}
			return nil
		})
		var e *ingest.Error
		if err != nil && (!errors.As(err, &e) || e.Hint() == "") {
			t.Fatalf("%v is no error with a hint", err)
		}
	})
}

func TestParquetKeepsTypes(t *testing.T) {
	schema := arrow.NewSchema([]arrow.Field{
		{Name: "id", Type: arrow.PrimitiveTypes.Int64},
		{Name: "tags", Type: arrow.ListOf(arrow.BinaryTypes.String), Nullable: true},
		{Name: "at", Type: arrow.FixedWidthTypes.Timestamp_us, Nullable: true},
	}, nil)
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	b := array.NewRecordBuilder(mem, schema)
	defer b.Release()
	for i := range 3 {
		b.Field(0).(*array.Int64Builder).Append(int64(i))
		tags := b.Field(1).(*array.ListBuilder)
		tags.Append(true)
		tags.ValueBuilder().(*array.StringBuilder).AppendValues([]string{"a", "b"}, nil)
		b.Field(2).(*array.TimestampBuilder).Append(arrow.Timestamp(i))
	}
	rec := b.NewRecord()
	defer rec.Release()
	content := parquetOf(t, rec)

	src := open(t, ingest.FilesConfig{}, []string{"AT", "tags", "id"}, map[string][]byte{"a.parquet": content})
	units, err := src.Units(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	_, err = src.Read(t.Context(), units[0], "", func(b ingest.Batch) error {
		for _, f := range b.Record.Schema().Fields() {
			types = append(types, f.Name+" "+f.Type.Name())
		}
		if got := b.Record.Column(1).ValueStr(0); got != `["a","b"]` {
			t.Errorf("tags are %s", got)
		}
		return nil
	})
	if diff := cmp.Diff([]string{"AT timestamp", "tags list", "id int64"}, types); err != nil || diff != "" {
		t.Errorf("%v\n%s", err, diff)
	}
	for _, broken := range [][]byte{content[:len(content)/2], content[4:], {}, append(bytes.Repeat([]byte("x"), 50), content[len(content)-300:]...)} {
		got := describe(t, ingest.FilesConfig{}, []string{"id"}, map[string][]byte{"a.parquet": broken})
		if !strings.HasPrefix(got, "error: source suite: a.parquet: no whole Parquet file") {
			t.Errorf("a broken file: %s", got)
		}
	}
}

func TestCancelUnits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	src := open(t, ingest.FilesConfig{}, []string{"a"}, map[string][]byte{"a.csv": []byte("a\n")})
	if _, err := src.Units(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Units under a cancelled context: %v", err)
	}
}

// Of unmapped columns with one name, none is lost.
func TestRestOfNamesThatStandTwice(t *testing.T) {
	src := open(t, ingest.FilesConfig{}, []string{"编号", ingest.ExtraField}, map[string][]byte{
		"a.csv": []byte("编号,备注,备注\n1,甲,乙\n"),
	})
	units, err := src.Units(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got string
	if _, err := src.Read(t.Context(), units[0], "", func(b ingest.Batch) error {
		got = b.Record.Column(1).ValueStr(0)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if want := `{"备注":"甲","备注 (2)":"乙"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
