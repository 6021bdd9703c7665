package files_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"zhicang/ingest"
	"zhicang/ingest/files"
)

// messagesCSV writes a table of n invented messages, with quoted titles and
// bodies of two hundred characters on average, and line breaks in some.
func messagesCSV(n int) []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	phrases := []string{
		"小区门口的路灯已经坏了很久", "晚上回家看不清路", "希望有关部门尽快处理", "噪音从早到晚不停",
		"自来水有异味", "公交车等了四十分钟", "老旧小区加装电梯进展缓慢", "河道里漂着垃圾", "请给一个明确的答复",
	}
	var out bytes.Buffer
	out.WriteString("留言编号,留言用户,留言主题,留言时间,留言详情,反对数,点赞数\n")
	for i := range n {
		var body strings.Builder
		for range 4 + rng.IntN(26) {
			body.WriteString(phrases[rng.IntN(len(phrases))])
			body.WriteString([]string{"，", "。", "，", "、", "！\n"}[rng.IntN(5)])
		}
		if i%50 == 0 {
			body.WriteString(`他们说""不归我们管""。`)
		}
		fmt.Fprintf(&out, "%d,U%06d,\"%s，%s\",2024/%d/%d %d:%02d:%02d,\"%s\",%d,%d\n",
			188000+i, rng.IntN(1e6), phrases[rng.IntN(len(phrases))], phrases[rng.IntN(len(phrases))],
			1+rng.IntN(12), 1+rng.IntN(28), rng.IntN(24), rng.IntN(60), rng.IntN(60), body.String(), rng.IntN(5), rng.IntN(2000))
	}
	return out.Bytes()
}

var messageFields = []string{"留言编号", "留言用户", "留言主题", "留言时间", "留言详情", "反对数", "点赞数"}

func BenchmarkCSV(b *testing.B) {
	utf8 := messagesCSV(100_000)
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(utf8)
	if err != nil {
		b.Fatal(err)
	}
	for name, content := range map[string][]byte{"utf-8": utf8, "gb18030": gb} {
		b.Run(name, func(b *testing.B) { benchmarkRead(b, "a.csv", content) })
	}
	b.Run("digest", func(b *testing.B) {
		src := open(b, ingest.FilesConfig{}, messageFields, map[string][]byte{"a.csv": utf8})
		units, err := src.Units(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(utf8)))
		for b.Loop() {
			if _, err := units[0].Digest(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkJSONLines(b *testing.B) {
	var out bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&out, `{"留言编号": %d, "留言用户": "U1", "留言主题": "路灯", "留言时间": "2024-01-02 03:04:05", "留言详情": %q, "反对数": 0, "点赞数": %d}`+"\n",
			i, strings.Repeat("小区门口的路灯已经坏了很久。", 12), i)
	}
	benchmarkRead(b, "a.jsonl", out.Bytes())
}

func benchmarkRead(b *testing.B, name string, content []byte) {
	src := open(b, ingest.FilesConfig{}, messageFields, map[string][]byte{name: content})
	units, err := src.Units(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(content)))
	b.ReportAllocs()
	for b.Loop() {
		rows := 0
		if _, err := src.Read(b.Context(), units[0], "", func(batch ingest.Batch) error {
			rows += len(batch.Rows)
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		if rows == 0 {
			b.Fatal("no rows")
		}
	}
}

// BenchmarkCSVMillion reads a million messages from disk, and reports the
// largest heap seen at the end of a batch.
func BenchmarkCSVMillion(b *testing.B) {
	dir := b.TempDir()
	f, err := os.Create(filepath.Join(dir, "a.csv"))
	if err != nil {
		b.Fatal(err)
	}
	part := messagesCSV(100_000)
	header := bytes.IndexByte(part, '\n') + 1
	size := int64(0)
	for i := range 10 {
		n, err := f.Write(part[min(i, 1)*header:])
		if err != nil {
			b.Fatal(err)
		}
		size += int64(n)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	src, err := files.Open(ingest.Config{Name: "s", Files: ingest.FilesConfig{Path: "a.csv"}}, messageFields, dir)
	if err != nil {
		b.Fatal(err)
	}
	units, err := src.Units(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	part = nil
	runtime.GC()
	b.SetBytes(size)
	peak, batches := uint64(0), 0
	for b.Loop() {
		if _, err := src.Read(b.Context(), units[0], "", func(ingest.Batch) error {
			if batches++; batches%10 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(peak)/1e6, "peak-MB")
}

// BenchmarkXLSX reads a workbook; MB/s are of the packed file.
func BenchmarkXLSX(b *testing.B) {
	f := excelize.NewFile()
	defer f.Close()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	for i := range 20_000 {
		row := []any{i, "U1", "路灯坏了", 45292.5, strings.Repeat("晚上回家看不清路。", 20), 0, 7}
		if i == 0 {
			for c, name := range messageFields {
				row[c] = name
			}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	out, err := f.WriteToBuffer()
	if err != nil {
		b.Fatal(err)
	}
	benchmarkRead(b, "a.xlsx", out.Bytes())
	b.ReportMetric(20_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkPublic reads the public CSV files of the folder that
// ZHICANG_PUBLIC_DATA names.
func BenchmarkPublic(b *testing.B) {
	dir := os.Getenv("ZHICANG_PUBLIC_DATA")
	if dir == "" {
		b.Skip("ZHICANG_PUBLIC_DATA names no folder")
	}
	content, err := os.ReadFile(filepath.Join(dir, "fuzhou_12345_rivers", "appeals.csv"))
	if err != nil {
		b.Fatal(err)
	}
	src := open(b, ingest.FilesConfig{}, []string{"id", "标题", "投诉内容", "回复"}, map[string][]byte{"a.csv": content})
	units, err := src.Units(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(content)))
	rows, faults := 0, 0
	for b.Loop() {
		rows, faults = 0, 0
		if _, err := src.Read(b.Context(), units[0], "", func(batch ingest.Batch) error {
			rows += len(batch.Rows)
			faults += len(batch.Faults)
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(rows), "rows")
	b.ReportMetric(float64(faults), "faults")
}
