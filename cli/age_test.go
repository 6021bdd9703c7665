package cli

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/dashboards"
)

// TestLateSourceShows: of two systems one has stopped delivering. The run is of
// a later day and publishes, and every page says how old the oldest data are.
func TestLateSourceShows(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "zhicang.yaml")
	writeFile(t, config, `region: "339921"
site: ./site
sources:
  - {name: portal, type: files, path: ./portal, table: ods.congress_opinion, columns: {opinion_id: 编号, title: 主题, body: 内容, submitted_at: 时间}}
  - {name: hotline, type: files, path: ./hotline, table: ods.congress_opinion, columns: {opinion_id: 编号, title: 主题, body: 内容, submitted_at: 时间}}
  - {name: hotline-archive, system: hotline, type: files, path: ./archive, table: ods.congress_opinion, columns: {opinion_id: 编号, title: 主题, body: 内容, submitted_at: 时间}}
`)
	writeFile(t, filepath.Join(dir, "site", "region.csv"), "code,name,short,level,parent,from,to,lng,lat,reference\n339900,丽州市,丽州,2,330000,,,,,虚构\n339921,云溪县,云溪,3,339900,,,120.6,28.9,虚构\n339921001,云城街道,云城,4,339921,,,120.6,28.9,虚构\n")
	head := "编号,主题,内容,时间\n"
	writeFile(t, filepath.Join(dir, "portal", "a.csv"), head+"p1,路灯,云城街道的路灯不亮了,2025-03-30\np2,路灯,云城街道的路灯又不亮,2025-03-31\n")
	writeFile(t, filepath.Join(dir, "hotline", "a.csv"), head+"h1,噪音,云城街道夜里施工噪音很大,2025-03-10\n")
	writeFile(t, filepath.Join(dir, "archive", "a.csv"), head+"h0,噪音,云城街道夜里施工噪音太大,2025-01-05\n") // loaded once: the system is not late for it
	mustZhicang(t, "-c", config, "run", "--as-of", "2025-03-31")

	ages := csvRows(t, config, "SELECT source_system, pace, newest_day FROM dim.data_age WHERE table_name = 'ads.congress_opinion_count' ORDER BY 1")
	if diff := cmp.Diff([][]string{{"hotline", "每日", "2025-03-10"}, {"portal", "每日", "2025-03-31"}}, ages); diff != "" {
		t.Errorf("data age: %s", diff)
	}
	if again := mustZhicang(t, "-c", config, "run", "--as-of", "2025-03-31"); !strings.Contains(again, "nothing changed since publication") {
		t.Errorf("the same rows are published again:\n%s", again)
	}
	t.Run("without another domain's data", func(t *testing.T) { testNoDomainData(t, config) })

	st := servePages(t, site{dir: dir, config: config})
	client, _ := st.visit(t, "zhen")
	get := func(path string) string {
		t.Helper()
		resp, err := client.Get(st.URL + path)
		_, page := fetch(t, resp, err)
		return string(page)
	}
	for _, path := range []string{"/", "/boards/congress-hot", "/boards/congress-hot?wall=1", "/boards/congress-hot?view=table", "/boards/congress-hot/panels/issues/download"} {
		page := get(path)
		for _, want := range []string{"2025-03-10", "来源过旧", "更新于"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %s", path, want)
			}
		}
	}
	if page := get("/boards/congress-hot"); !strings.Contains(page, "hotline") || !strings.Contains(page, "2025-03-31") {
		t.Error("the board does not list its sources")
	}
}

// testNoDomainData: boards about what the site has no data of are empty, and
// nothing of them fails.
func testNoDomainData(t *testing.T, config string) {
	out, errs, code := zhicang(t, "-c", config, "boards", "check", "--json", "--slow", "1h")
	if code != 0 {
		t.Errorf("exit %d: %s", code, errs)
	}
	var findings []dashboards.Finding
	if err := json.Unmarshal([]byte(out), &findings); err != nil {
		t.Fatal(err)
	}
	empty := 0
	for _, f := range findings {
		if f.State == dashboards.Failing {
			t.Errorf("%s, %s: %s", f.Board, f.Title, f.Error)
		}
		if f.Board == "industry-operation" && f.State == dashboards.Empty {
			empty++
		}
	}
	if empty < 10 {
		t.Errorf("%d queries of the industry's board are empty", empty)
	}
}
