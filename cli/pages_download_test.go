package cli

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

const issuesDownload = "/boards/congress-hot/panels/issues/download?region=339921&period=month&start=2025-12-01&category=" + "%E5%85%A8%E9%83%A8"

// testDownloads wants the same rows in both files as in the publication, under
// Chinese headings, and a line in the audit log for each.
func testDownloads(t *testing.T, st *pagesSite) {
	client, token := st.visit(t, "renda")
	want := st.rows(t, `SELECT rank, title, people FROM ads.congress_hot_issue WHERE period = 'month' AND region_code = '339921' AND period_start = DATE '2025-12-01' ORDER BY rank`)
	form := url.Values{"token": {token}, "purpose": {"主任会议材料"}, "format": {"csv"}}

	noPurpose := url.Values{"token": {token}, "format": {"csv"}}
	resp, err := client.PostForm(st.URL+issuesDownload, noPurpose)
	if code, body := fetch(t, resp, err); code != http.StatusUnprocessableEntity || !bytes.Contains(body, []byte("请填写用途")) {
		t.Errorf("without a purpose: %d", code)
	}
	resp, err = client.PostForm(st.URL+issuesDownload, form)
	code, body := fetch(t, resp, err)
	if code != http.StatusOK || !bytes.HasPrefix(body, []byte("\uFEFF排名,问题,")) {
		t.Fatalf("CSV: %d %.200s", code, body)
	}
	records, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(body, []byte("\uFEFF")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	people := 0
	for i, head := range records[0] {
		if head == "人数(人)" {
			people = i
		}
	}
	pick := func(rows [][]string) (list [][]string) {
		for _, r := range rows[1:] {
			list = append(list, []string{r[0], r[1], r[people]})
		}
		return list
	}
	if diff := cmp.Diff(want, pick(records)); diff != "" {
		t.Errorf("CSV (-published +downloaded):\n%s", diff)
	}

	form.Set("format", "xlsx")
	resp, err = client.PostForm(st.URL+issuesDownload, form)
	_, body = fetch(t, resp, err)
	book, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	sheet, err := book.GetRows("数据", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, pick(sheet)); diff != "" {
		t.Errorf("XLSX (-published +downloaded):\n%s", diff)
	}
	notes, err := book.GetRows("说明")
	if err != nil {
		t.Fatal(err)
	}
	if all := fmt.Sprint(notes); !strings.Contains(all, "2025-12-31") || !strings.Contains(all, "主任会议材料") || !strings.Contains(all, "威尔逊") {
		t.Errorf("the second sheet says %s", all)
	}
	log, err := os.ReadFile(st.audit)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "下载 民情热点 · 热点问题，用途：主任会议材料"); n != 2 {
		t.Errorf("%d lines of the audit log are about the two downloads", n)
	}
}
