package demo

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"

	"zhicang/models/region"

	"zhicang/demo/yunxi"
)

// made is one county, written once and read by several tests.
type made struct {
	dir      string
	truth    *Truth
	county   *County
	portal   map[string][][]string // by file below drop/, rows of the sheet
	hotline  map[string]string     // decoded text
	good     []truthRow            // of truth_messages.csv
	byID     map[string]truthRow
	opinions []map[string]any
	texts    map[string]string // body by opinion id, as delivered
}

type truthRow struct{ id, month, source, category, matter, place, issue, distractor, group, person string }

var county = sync.OnceValues(func() (*made, error) {
	dir, err := os.MkdirTemp("", "demo")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	c, err := Write(context.Background(), dir, Options{Seed: 7})
	if err != nil {
		return nil, err
	}
	m := &made{dir: dir, county: c, portal: map[string][][]string{}, hotline: map[string]string{}, byID: map[string]truthRow{}, texts: map[string]string{}}
	return m, m.read()
})

func get(t *testing.T) *made {
	t.Helper()
	m, err := county()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// read takes the files apart by other means than those that wrote them.
func (m *made) read() error {
	m.truth = &Truth{}
	if err := readTruth(filepath.Join(m.dir, truthFile), m.truth); err != nil {
		return err
	}
	drop := filepath.Join(m.dir, "drop")
	err := filepath.WalkDir(drop, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := d.Name()
		switch filepath.Base(filepath.Dir(path)) {
		case webFolder:
			return m.readPortal(name, path)
		case hotlineFolder:
		default:
			return nil // of another part of the county
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
		m.hotline[name] = string(text)
		if err == nil {
			err = m.readHotline(string(text))
		}
		return err
	})
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(m.dir, filepath.FromSlash(apiFile)))
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(raw)) {
		var o map[string]any
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			return err
		}
		m.opinions = append(m.opinions, o)
		if body, ok := o["content"].(string); ok {
			m.texts[o["id"].(string)] = body
		}
	}
	raw, err = os.ReadFile(filepath.Join(m.dir, messagesFile))
	if err != nil {
		return err
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		return err
	}
	for _, r := range rows[1:] {
		row := truthRow{r[0], r[1], r[2], r[3], r[4], r[5], r[6], r[7], r[8], r[9]}
		m.good = append(m.good, row)
		m.byID[row.id] = row
	}
	return nil
}

func (m *made) readPortal(name, path string) error {
	f, err := excelize.OpenFile(path)
	if err != nil {
		return err
	}
	defer f.Close()
	rows, err := f.GetRows(webSheet, excelize.Options{RawCellValue: true})
	m.portal[name] = rows
	for _, r := range rows {
		if len(r) > 7 && strings.HasPrefix(r[0], "WZ") {
			m.texts[r[0]] = r[7]
		}
	}
	return err
}

func (m *made) readHotline(text string) error {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	for _, row := range rows {
		if len(row) > 5 {
			m.texts[strings.Trim(row[0], `="`)] = row[5]
		}
	}
	return err
}

func TestSameSeedSameBytes(t *testing.T) {
	digest := func(seed uint64) map[string]string {
		dir := t.TempDir()
		if _, err := Write(t.Context(), dir, Options{Seed: seed, Messages: minMessages}); err != nil {
			t.Fatal(err)
		}
		out := map[string]string{}
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			name, _ := filepath.Rel(dir, path)
			out[name] = fmt.Sprintf("%d bytes, %x", len(raw), mixBytes(raw))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first, second, other := digest(3), digest(3), digest(4)
	if d := cmp.Diff(first, second); d != "" {
		t.Errorf("the same seed gave other bytes:\n%s", d)
	}
	for name := range first {
		if first[name] == other[name] && !strings.HasPrefix(name, "zhicang") && !strings.HasPrefix(name, "site") && !strings.HasPrefix(name, accountsFolder) && name != filepath.FromSlash(tokenFile) {
			t.Errorf("%s is the same for another seed", name)
		}
	}
}

func mixBytes(raw []byte) uint64 {
	h := uint64(len(raw))
	for _, b := range raw {
		h = mix(h ^ uint64(b))
	}
	return h
}

func TestEveryMessageIsInTheFiles(t *testing.T) {
	m := get(t)
	if got := len(m.good) + len(m.truth.Broken); got != DefaultMessages {
		t.Errorf("%d good and %d broken messages, want %d together", len(m.good), len(m.truth.Broken), DefaultMessages)
	}
	sources := map[string]int{}
	for _, g := range m.good {
		sources[g.source]++
		if strings.TrimSpace(m.texts[g.id]) == "" {
			t.Fatalf("%s is not in the files", g.id)
		}
	}
	t.Log("good messages by source:", sources)
}

func TestBrokenRowsAreWhereTheTruthSays(t *testing.T) {
	m := get(t)
	share := float64(len(m.truth.Broken)) / DefaultMessages
	t.Logf("broken: %d of %d (%.2f%%)", len(m.truth.Broken), DefaultMessages, 100*share)
	if share < .01 || share > .02 {
		t.Errorf("share of broken rows %.4f, want .01 to .02", share)
	}
	faults := map[string]int{}
	for _, b := range m.truth.Broken {
		faults[b.Source+" "+b.Fault]++
		row, ok := m.row(b.Place)
		if !ok {
			t.Fatalf("no row at %+v", b.Place)
		}
		if !m.shows(b, row) {
			t.Errorf("%+v: the row does not show it", b)
		}
	}
	for source, all := range map[string][]fault{webSource: faultsOf[web], hotlineSource: faultsOf[hotline], stationSource: faultsOf[station]} {
		for _, f := range all {
			if faults[source+" "+faultNames[f].code] == 0 {
				t.Errorf("%s has no row with %s", source, faultNames[f].code)
			}
		}
	}
	for _, p := range m.truth.Totals {
		if row, _ := m.row(p); !strings.HasPrefix(row, "合计") {
			t.Errorf("no totals at %+v", p)
		}
	}
	for _, r := range m.truth.Redelivered {
		if row, _ := m.row(r.Again); !strings.Contains(row, r.OpinionID) {
			t.Errorf("%s does not come again at %+v", r.OpinionID, r.Again)
		}
	}
}

// row gives the text that starts at a place.
func (m *made) row(p Place) (string, bool) {
	switch p.Source {
	case webSource:
		rows := m.portal[p.File]
		if p.Row > len(rows) {
			return "", false
		}
		return strings.Join(rows[p.Row-1], "\x1f"), true
	case hotlineSource:
		lines := strings.Split(m.hotline[p.File], "\n")
		if p.Row > len(lines) {
			return "", false
		}
		return strings.Join(lines[p.Row-1:min(len(lines), p.Row+12)], "\n"), true
	default:
		if p.Row > len(m.opinions) {
			return "", false
		}
		raw, err := json.Marshal(m.opinions[p.Row-1])
		return string(raw), err == nil
	}
}

// shows looks for the fault in the delivered row.
func (m *made) shows(b BrokenRow, row string) bool {
	has := func(s string) bool { return strings.Contains(row, s) }
	if b.Fault != "scientific_id" && !has(b.OpinionID) {
		return false
	}
	switch b.Fault {
	case "missing_body":
		return m.texts[b.OpinionID] == ""
	case "bad_date":
		return has("-02-30")
	case "date_word":
		return has("昨天")
	case "future_date":
		return has("2099-01-05")
	case "bad_likes":
		return has("很多")
	case "unknown_channel":
		return has("微信群转发")
	case "scientific_id":
		return has("E+17")
	case "mojibake":
		return has("\ufffd")
	case "wrong_type":
		return has(`"up":{`)
	case "short_row":
		line, _, _ := strings.Cut(row, "\r\n")
		return strings.Count(line, ",") < len(hotlineColumns)-1
	case "bad_id":
		for _, word := range strings.FieldsFunc(row, func(r rune) bool { return !(r >= '0' && r <= '9' || r == 'X') }) {
			if len(word) == 18 && strings.HasPrefix(word, yunxi.Code) && yunxi.WithCheck(word[:17]) != word {
				return true
			}
		}
	}
	return false
}

func TestRegionsLieOverTheEmbeddedOnes(t *testing.T) {
	dir := t.TempDir()
	if _, err := Write(t.Context(), dir, Options{Messages: minMessages}); err != nil {
		t.Fatal(err)
	}
	if _, err := region.Embedded().With(os.DirFS(filepath.Join(dir, "site")), "region.csv"); err != nil {
		t.Fatal(err)
	}
}

func TestLabelledExamples(t *testing.T) {
	b, err := loadBook()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := &County{dir: dir, book: b}
	if err := c.writeLabelled(1); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "labelled.csv"))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(bytes.NewReader(raw)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	perCategory := map[string]int{}
	for _, r := range rows[1:] {
		perCategory[r[0]]++
	}
	t.Log(perCategory)
	if len(perCategory) != 7 || len(rows) < 550 {
		t.Errorf("%d examples of %d categories, want some 600 of 7", len(rows)-1, len(perCategory))
	}
	for _, m := range get(t).texts { // other words, other places
		for _, r := range rows[1:] {
			if r[1] == m {
				t.Fatal("a labelled example is in the stream")
			}
		}
	}
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"too few":  {Messages: 100},
		"too many": {Messages: 2_000_000},
		"year":     {Year: 1900},
	} {
		if _, err := Write(t.Context(), t.TempDir(), o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestOpenServesWhatWriteMade(t *testing.T) {
	dir := t.TempDir()
	c, err := Write(t.Context(), dir, Options{Messages: minMessages})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(again.items) != len(c.items) || string(again.items[5].raw) != string(c.items[5].raw) {
		t.Errorf("%d items, want %d", len(again.items), len(c.items))
	}
	if d := cmp.Diff(c.Truth(), again.Truth()); d != "" {
		t.Errorf("truth differs:\n%s", d)
	}
}

func BenchmarkWrite(b *testing.B) {
	for b.Loop() {
		if _, err := Write(b.Context(), b.TempDir(), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteCSV(b *testing.B) {
	const n = 100_000
	var size int64
	start := time.Now()
	for b.Loop() {
		w := &counter{}
		if err := WriteCSV(b.Context(), w, Options{Messages: n}); err != nil {
			b.Fatal(err)
		}
		size = w.n
	}
	b.SetBytes(size)
	b.ReportMetric(float64(n*b.N)/time.Since(start).Seconds(), "messages/s")
}

type counter struct{ n int64 }

func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

func TestWriteCSVScales(t *testing.T) {
	var out bytes.Buffer
	if err := WriteCSV(t.Context(), &out, Options{Messages: 30_000}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	for _, r := range rows[1:] {
		ids[r[0]] = true
	}
	if len(rows) != 30_001 || len(ids) != 30_000 {
		t.Errorf("%d rows with %d ids, want 30001 and 30000", len(rows), len(ids))
	}
	if !slices.Equal(rows[0], []string{"opinion_id", "submitter_id", "submitter_name", "phone", "title", "submitted_at", "body", "likes", "dislikes", "region_code"}) {
		t.Errorf("header %v", rows[0])
	}
}
