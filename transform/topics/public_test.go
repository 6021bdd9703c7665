package topics_test

import (
	"context"
	"encoding/csv"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"zhicang/transform/lexicon"
	"zhicang/transform/segment"
	"zhicang/transform/topics"
)

// publicData names the folder of public texts that the figures are measured
// on; without it the tests that read it are skipped.
const publicData = "ZHICANG_PUBLIC_DATA"

// loadCutter returns the shipped lexicon and a segmenter over it.
func loadCutter() (*lexicon.Lexicon, *segment.Segmenter, error) {
	lex, err := lexicon.Load(os.DirFS(filepath.Join("..", "..", "models", "congress", "lexicon")))
	if err != nil {
		return nil, nil, err
	}
	seg, err := segment.New(context.Background(), lex)
	return lex, seg, err
}

func readSheet(t testing.TB, name string) [][]string {
	t.Helper()
	dir := os.Getenv(publicData)
	if dir == "" {
		t.Skipf("%s is not set", publicData)
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if strings.HasSuffix(name, ".csv") {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		r := csv.NewReader(f)
		r.FieldsPerRecord = -1
		r.LazyQuotes = true
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	book, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	rows, err := book.GetRows(book.GetSheetName(0))
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// show logs the issues as a reader would see them.
func show(t *testing.T, r topics.Result, n int) {
	t.Helper()
	for i, is := range r.Issues[:min(n, len(r.Issues))] {
		t.Logf("%2d %s %-6s 人%d 条%d %s~%s 【%s】%s | %s | %s", i+1, is.ID, is.Kind, is.People, is.Opinions,
			is.FirstDay.Format(time.DateOnly), is.LastDay.Format(time.DateOnly), is.PlaceOrPeople, is.Title, is.Matter, is.Description)
	}
}

// The sample of the public task holds two issues among thirty messages.
func TestPublicSample(t *testing.T) {
	rows := readSheet(t, "taidi_c_2020/示例附件3_30条.xlsx")
	lex, seg := shared()
	var docs []topics.Doc
	for i, r := range rows[1:] {
		day, err := time.Parse(time.DateTime, r[3])
		if err != nil {
			day = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		docs = append(docs, topics.Doc{
			ID: r[0], Person: r[1], FirstSeen: int64(i), Day: day.Truncate(24 * time.Hour),
			Title: strings.TrimSpace(r[2]), Body: strings.TrimSpace(r[4]), Words: seg.Terms(r[2] + "\n" + r[4]),
		})
	}
	for _, matters := range [][]lexicon.Matter{lex.Matters, nil} {
		got, err := topics.Build(context.Background(), docs, nil, topics.Lexicon{Matters: matters}, topics.DefaultParams())
		if err != nil {
			t.Fatal(err)
		}
		show(t, got, 10)
		planted := []map[string]bool{between(360100, 360109), between(360110, 360114)}
		found := 0
		for _, is := range got.Issues {
			members := memberSet(got, is.ID)
			i := slices.IndexFunc(planted, func(want map[string]bool) bool { return f1(members, want) == 1 })
			if i >= 0 {
				found++
			} else if len(members) >= 3 {
				t.Errorf("%s: members %v were not planted together", is.Title, slices.Sorted(maps.Keys(members)))
			}
		}
		if found != len(planted) {
			t.Errorf("with %d matters %d of %d planted issues come out with exactly their members", len(matters), found, len(planted))
		}
	}
}

func between(from, to int) map[string]bool {
	set := make(map[string]bool)
	for i := from; i <= to; i++ {
		set[strconv.Itoa(i)] = true
	}
	return set
}

func memberSet(r topics.Result, issue string) map[string]bool {
	set := make(map[string]bool)
	for _, m := range r.Members {
		if m.IssueID == issue {
			set[m.OpinionID] = true
		}
	}
	return set
}

func f1(got, want map[string]bool) float64 {
	both := 0
	for id := range got {
		if want[id] {
			both++
		}
	}
	return 2 * float64(both) / float64(len(got)+len(want))
}

// River complaints and proposals have no truth to measure against: the test
// shows what a reader would see, and holds that something is found.
func TestPublicLists(t *testing.T) {
	lists := []struct {
		name                    string
		id, day, title, body, n int
		prefix                  string
	}{
		{"fuzhou_12345_rivers/appeals.csv", 0, 4, 5, 6, 40, ""},
		{"jiangsu_cppcc_2019/jszx2019.csv", 1, 3, 4, 8, 15, ""},
		{"taidi_c_2020/labelled_messages_dev.csv", -1, -1, -1, 2, 15, ""},
	}
	for _, l := range lists {
		t.Run(strings.ReplaceAll(l.name, "/", "_"), func(t *testing.T) {
			rows := readSheet(t, l.name)
			lex, seg := shared()
			var docs []topics.Doc
			for i, r := range rows[1:] {
				d := topics.Doc{ID: strconv.Itoa(i), FirstSeen: int64(i), Body: r[l.body]}
				if l.title >= 0 {
					d.Title = r[l.title]
				}
				if l.day >= 0 {
					d.Day, _ = time.Parse(time.DateOnly, r[l.day][:min(10, len(r[l.day]))])
				}
				d.Words = seg.Terms(d.Title + "\n" + d.Body)
				docs = append(docs, d)
			}
			got, err := topics.Build(context.Background(), docs, nil, topics.Lexicon{Matters: lex.Matters}, topics.DefaultParams())
			if err != nil {
				t.Fatal(err)
			}
			show(t, got, l.n)
			if len(got.Issues) == 0 {
				t.Error("no issue found")
			}
			t.Logf("%d messages, %d issues, %d members", len(docs), len(got.Issues), len(got.Members))
		})
	}
}
