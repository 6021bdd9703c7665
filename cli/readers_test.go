package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/demo/yunxi"
)

// TestDayByDay: what was brought up to date day by day, with corrections of what
// happened months ago among the records, is what is built of all of them at once.
func TestDayByDay(t *testing.T) {
	dir := t.TempDir()
	size := readersSize{pool: 20_000, duties: 12_000}
	config := filepath.Join(dir, "zhicang.yaml")
	writeFile(t, config, "data_dir: ./data\nregion: \"339921\"\nsite: ./site\nsources:\n"+writePool(t, dir, size)+writeDuties(t, dir, size))
	writeFile(t, filepath.Join(dir, "site", "region.csv"), yunxi.RegionCSV())
	writeFile(t, filepath.Join(dir, "day1", "medical", "correction.csv"), `claim_id,person_id,name,total,self_paid,paid_on,updated_on
YB10,`+benchID(3)+`,某某,90000,60000,2025-12-02,2025-12-30
YB11,`+benchID(4)+`,某某,90000,60000,2025-03-05,2025-12-30
`)
	writeFile(t, filepath.Join(dir, "day2", "medical", "correction.csv"), `claim_id,person_id,name,total,self_paid,paid_on,updated_on
YB10,`+benchID(3)+`,某某,90000,60000,2025-06-02,2025-12-31
`)
	id := trained(t, dir)[0]
	writeFile(t, filepath.Join(dir, "day1", "duty", "correction.csv"), `record_id,deputy_id,deputy_name,kind,happened_on,days,updated_on
M1,`+id+`,某某,走访联系,2025-07-01,1,2025-12-30
M2,`+id+`,某某,走访联系,2024-05-01,1,2025-12-30
`)
	writeFile(t, filepath.Join(dir, "day2", "duty", "correction.csv"), `record_id,deputy_id,deputy_name,kind,happened_on,days,updated_on
M1,`+id+`,某某,走访联系,2024-11-01,1,2025-12-31
M2,`+id+`,某某,办实事,2024-05-01,1,2025-12-31
`)
	mustZhicang(t, "-c", config, "run", "--as-of", date(benchEve))
	for day := 1; day <= 2; day++ {
		deliver(t, dir, day)
		out := mustZhicang(t, "-c", config, "run", "--as-of", date(benchEve.AddDate(0, 0, day)))
		if !strings.Contains(out, "tables up to date") {
			t.Errorf("day %d built everything:\n%s", day, out)
		}
	}
	was := publishedRows(t, config)
	if err := os.Remove(filepath.Join(dir, "data", "warehouse.duckdb")); err != nil {
		t.Fatal(err)
	}
	mustZhicang(t, "-c", config, "run", "--no-ingest", "--as-of", date(benchEve.AddDate(0, 0, 2)))
	now := publishedRows(t, config)
	for table, rows := range was {
		if diff := cmp.Diff(rows, now[table]); diff != "" {
			t.Errorf("%s (-day by day +at once):\n%.2000s", table, diff)
		}
	}
	for _, table := range []string{"ads.assist_risk_flag", "ads.congress_deputy_score", "ads.congress_deputy_score_record", "ads.congress_deputy_activity"} {
		if len(was[table]) == 0 {
			t.Errorf("%s is empty", table)
		}
	}
}

// publishedRows returns the rows of the published tables of two domains, and what
// says how old they are.
func publishedRows(t *testing.T, config string) map[string][][]string {
	t.Helper()
	rows := map[string][][]string{}
	for _, r := range csvRows(t, config, "SELECT DISTINCT table_name FROM dim.data_dictionary WHERE regexp_like(table_name, '^ads\\.(assist|congress)_|^dim\\.data_age$')") {
		rows[r[0]] = csvRows(t, config, "SELECT * FROM "+r[0]+" ORDER BY ALL")
	}
	return rows
}
