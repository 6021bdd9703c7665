package cli

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/demo"
	"zhicang/demo/assist"
	"zhicang/warehouse"
)

func parseCSV(t testing.TB, text string) [][]string {
	t.Helper()
	records, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(records) == 0 {
		return nil
	}
	return records[1:]
}

// county is a demo county, loaded and published once for all tests that only
// look at it.
type county struct {
	site
	truth  *demo.Truth
	relief *assist.Truth
}

// makeCounty writes a county, serves its API for the length of the test, and
// runs the pipeline over it.
func makeCounty(t testing.TB, opts demo.Options, asOf string) county {
	t.Helper()
	dir := t.TempDir()
	server := httptest.NewUnstartedServer(nil)
	opts.APIURL = "http://" + server.Listener.Addr().String()
	c, err := demo.Write(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = c.API()
	server.Start()
	t.Cleanup(server.Close)
	made := county{site: site{dir: dir, config: filepath.Join(dir, "zhicang.yaml")}, truth: c.Truth(), relief: c.Relief()}
	mustZhicang(t, "-c", made.config, "run", "--as-of", asOf)
	return made
}

func TestDemoCounty(t *testing.T) {
	c := makeCounty(t, demo.Options{Seed: 1, Assist: true, Households: 700}, "2025-12-31")
	t.Run("planted issues are found", func(t *testing.T) { testPlantedIssues(t, c) })
	t.Run("one person and one message do not make an issue", func(t *testing.T) { testFloodAndLikes(t, c) })
	t.Run("exactly the broken rows are held back", func(t *testing.T) {
		var planted []string
		for _, b := range c.truth.Broken {
			planted = append(planted, fmt.Sprint(b.Source, " ", b.File, " ", b.Sheet, " ", b.Row))
		}
		for _, b := range c.relief.Broken {
			planted = append(planted, fmt.Sprint(b.Source, " ", b.File, " ", b.Sheet, " ", b.Row))
		}
		c.testHeld(t, planted, placeOf)
	})
	t.Run("planted new words are proposed", func(t *testing.T) { testNewWords(t, c) })
	t.Run("no canary outside the vault", func(t *testing.T) { testCanaries(t, c) })
	t.Run("pages", func(t *testing.T) { testPages(t, c) })
	t.Run("every query of the boards answers", func(t *testing.T) { testBoards(t, c) })
	t.Run("comparisons", func(t *testing.T) { testComparisons(t, c) })
	t.Run("a second run does nothing", func(t *testing.T) { testSecondRun(t, c) })
	t.Run("reveal", func(t *testing.T) { testReveal(t, c) })
	t.Run("rollback", func(t *testing.T) { testRollback(t, c) })
	t.Run("a rebuilt warehouse is the same", func(t *testing.T) { testRebuild(t, c) })
}

// testPlantedIssues wants every planted issue in the top ten of each month in
// which people wrote about it, with member F1 of at least 0.9.
func testPlantedIssues(t *testing.T, c county) {
	members := map[string]map[string]bool{}
	for _, r := range c.rows(t, "SELECT issue_id, opinion_id FROM ads.congress_hot_issue_opinion") {
		if members[r[0]] == nil {
			members[r[0]] = map[string]bool{}
		}
		members[r[0]][r[1]] = true
	}
	rank := map[string]string{}
	for _, r := range c.rows(t, "SELECT issue_id, period_start, rank, title FROM ads.congress_hot_issue WHERE period = 'month' AND region_code = '339921'") {
		rank[r[0]+r[1][:7]] = r[2]
	}
	sum := 0.0
	for _, is := range c.truth.Issues {
		id, f1 := bestMatch(members, is.OpinionIDs)
		sum += f1
		var ranks []string
		for _, month := range slices.Sorted(maps.Keys(is.People)) {
			r := rank[id+month]
			ranks = append(ranks, month+": "+r)
			if r == "" || len(r) > 2 || (len(r) == 2 && r != "10") {
				t.Errorf("%s %s: rank %q in %s, want at most 10", is.ID, is.Title, r, month)
			}
		}
		t.Logf("%s F1 %.3f  rank %s  %s", is.ID, f1, strings.Join(ranks, ", "), is.Title)
		if f1 < 0.9 {
			t.Errorf("%s %s: member F1 %.3f, want at least 0.9", is.ID, is.Title, f1)
		}
	}
	t.Logf("mean member F1 of %d planted issues: %.3f", len(c.truth.Issues), sum/float64(len(c.truth.Issues)))
}

// bestMatch finds the issue that overlaps most with a planted one.
func bestMatch(found map[string]map[string]bool, planted []string) (id string, f1 float64) {
	for _, candidate := range slices.Sorted(maps.Keys(found)) {
		members := found[candidate]
		both := 0
		for _, op := range planted {
			if members[op] {
				both++
			}
		}
		if f := 2 * float64(both) / float64(len(planted)+len(members)); f > f1 {
			id, f1 = candidate, f
		}
	}
	return id, f1
}

func testFloodAndLikes(t *testing.T, c county) {
	for what, ids := range map[string][]string{"flood": c.truth.Flood.OpinionIDs, "liked": {c.truth.Liked.OpinionID}} {
		list := "'" + strings.Join(ids, "', '") + "'"
		for _, r := range c.rows(t, `SELECT h.rank, h.people, h.title FROM ads.congress_hot_issue AS h
			WHERE h.period = 'month' AND h.region_code = '339921' AND h.rank <= 10
			AND h.issue_id IN (SELECT issue_id FROM ads.congress_hot_issue_opinion WHERE opinion_id IN (`+list+`))`) {
			planted := false
			for _, is := range c.truth.Issues {
				planted = planted || slices.Contains(is.OpinionIDs, ids[0])
			}
			if !planted {
				t.Errorf("%s ranks %s with %s people: %s", what, r[0], r[1], r[2])
			}
		}
	}
}

func testNewWords(t *testing.T, c county) {
	for _, w := range c.truth.NewWords {
		rows := c.rows(t, fmt.Sprintf("SELECT month, rank, people FROM ads.congress_new_word WHERE word = '%s' ORDER BY month", w.Word))
		if len(rows) == 0 {
			t.Errorf("%s was proposed in no month", w.Word)
			continue
		}
		t.Logf("%s: rank %s in %s, %s people", w.Word, rows[0][1], rows[0][0][:7], rows[0][2])
	}
}

// testCanaries looks for every planted identity, phone, card, plate and name
// in every byte that the run wrote, the vault and the keys aside, and in every
// value that those bytes decode to.
func testCanaries(t *testing.T, c county) {
	canaries := newCanaries(c.truth)
	found := map[string]string{}
	look := func(where string, data []byte) {
		for _, k := range canaries.in(data) {
			// In a database file strings lie side by side, and the end of one
			// word and the start of the next make a name by chance. There,
			// names are looked for in what the file decodes to.
			if strings.HasSuffix(where, ".duckdb") && !strings.ContainsAny(k, "0123456789") {
				continue
			}
			found[k] = where
		}
	}
	files := 0
	err := filepath.WalkDir(filepath.Join(c.dir, "data"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if rel, _ := filepath.Rel(filepath.Join(c.dir, "data"), path); strings.HasPrefix(rel, "vault") {
			return nil
		}
		data, err := os.ReadFile(path)
		look(path, data)
		files++
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range decoded(t, c.site) {
		look(where, []byte(text))
	}
	for _, args := range [][]string{{"status", "--json"}, {"quarantine", "list", "--limit", "0", "--json"}, {"quarantine", "list", "--limit", "0"}} {
		look(strings.Join(args, " "), []byte(mustZhicang(t, append([]string{"-c", c.config}, args...)...)))
	}
	t.Logf("%d canaries, %d files read as bytes and decoded: %d found", canaries.n, files, len(found))
	for k, where := range found {
		t.Errorf("a canary of %d characters stands in %s", len([]rune(k)), where)
	}
}

// canaries finds any of many strings in one pass over the data.
type canaries struct {
	n       int
	first   [1 << 22]bool    // hashes of first bytes
	lengths map[string][]int // of those that begin with the same first bytes
	all     map[string]bool
}

// firstBytes is as long as the shortest canary: a name of two characters.
const firstBytes = 6

func newCanaries(truth *demo.Truth) *canaries {
	c := &canaries{lengths: map[string][]int{}, all: map[string]bool{}}
	k := truth.Canaries
	for _, v := range slices.Concat(k.IDNumbers, k.Phones, k.BankCards, k.Plates, k.Names) {
		c.n++
		c.all[v] = true
		c.first[hash6([]byte(v))] = true
		if first := v[:firstBytes]; !slices.Contains(c.lengths[first], len(v)) {
			c.lengths[first] = append(c.lengths[first], len(v))
		}
	}
	return c
}

func hash6(b []byte) uint32 {
	h := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 | uint64(b[4])<<32 | uint64(b[5])<<40
	return uint32((h * 0x9e3779b97f4a7c15) >> 42)
}

func (c *canaries) in(data []byte) (found []string) {
	for i := 0; i+firstBytes <= len(data); i++ {
		if !c.first[hash6(data[i:])] {
			continue
		}
		for _, n := range c.lengths[string(data[i:i+firstBytes])] {
			if i+n <= len(data) && c.all[string(data[i:i+n])] {
				found = append(found, string(data[i:i+n]))
			}
		}
	}
	return found
}

// TestCanaryFinder makes sure that the search itself finds what is there.
func TestCanaryFinder(t *testing.T) {
	truth := &demo.Truth{}
	truth.Canaries.Phones = []string{"19900001234"}
	truth.Canaries.Names = []string{"甄无此"}
	data := []byte("x甄无此y19900001234")
	if got := newCanaries(truth).in(data); !slices.Equal(got, []string{"甄无此", "19900001234"}) {
		t.Errorf("found %q", got)
	}
}

// decoded reads every Parquet file and every table of the warehouse and of the
// published file as text, through the engine.
func decoded(t *testing.T, c site) map[string]string {
	t.Helper()
	e := &env{config: c.config, out: &bytes.Buffer{}, err: &bytes.Buffer{}, now: func() time.Time { return testDay }}
	a, err := e.openToWrite(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	out := map[string]string{}
	read := func(where, query string) {
		rows, err := a.engine.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		cols, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		if err := eachRow(cols, rows, func(values []any) error {
			for _, v := range values {
				b.WriteString(text(v))
				b.WriteByte('\n')
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		out[where] = b.String()
	}
	read("lake", "SELECT * FROM read_parquet('"+filepath.Join(c.dir, "data", "lake")+"/**/*.parquet', union_by_name = true)")
	for _, contract := range a.catalog.Contracts() {
		if contract.Layer() != "ods" && !contract.FromLedger() {
			read(contract.Table, "SELECT * FROM "+contract.Table)
		}
	}
	platform, err := a.shelf().CurrentPlatform()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.engine.Exec(t.Context(), "ATTACH "+warehouse.Quote(platform)+" AS platform (READ_ONLY)"); err != nil {
		t.Fatal(err)
	}
	for _, contract := range a.catalog.Contracts() {
		if contract.FromLedger() {
			read(contract.Table, "SELECT * FROM platform."+contract.Table)
		}
	}
	return out
}

func testSecondRun(t *testing.T, c county) {
	out := mustZhicang(t, "-c", c.config, "run", "--as-of", "2025-12-31")
	if !regexp.MustCompile(`\n\n\d+ tables up to date\npublished: skipped \(nothing changed since publication 1\)`).MatchString(out) || strings.Contains(out, "built") {
		t.Errorf("the second run did something:\n%s", out)
	}
	if plan := mustZhicang(t, "-c", c.config, "plan", "--as-of", "2025-12-31"); !strings.Contains(plan, "nothing to build") {
		t.Errorf("plan after a run:\n%s", plan)
	}
}

func testReveal(t *testing.T, c county) {
	key := c.rows(t, "SELECT person_key FROM ads.congress_hot_issue_opinion WHERE channel = '热线电话' AND NOT starts_with(person_key, 'opinion:') ORDER BY 1 LIMIT 1")[0][0]
	if _, errs, code := zhicang(t, "-c", c.config, "reveal", key); code != exitUsage || !strings.Contains(errs, "--reason") {
		t.Errorf("reveal without a reason: exit %d, %s", code, errs)
	}
	who := strings.TrimSpace(mustZhicang(t, "-c", c.config, "reveal", key, "--reason", "入户核查"))
	if !slices.Contains(c.truth.Canaries.IDNumbers, who) {
		t.Errorf("the revealed identity is none of the county's %d", len(c.truth.Canaries.IDNumbers))
	}
	log, err := os.ReadFile(filepath.Join(c.dir, "data", "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(log), key) || !strings.Contains(string(log), "入户核查") || strings.Contains(string(log), who) {
		t.Errorf("the audit log must name the pseudonym and the reason, and not the person")
	}
}

func testRollback(t *testing.T, c county) {
	first := dumpPublished(t, c.config)
	if _, errs, code := zhicang(t, "-c", c.config, "publish", "--rollback"); code != exitFailed || !strings.Contains(errs, "oldest publication") {
		t.Errorf("rollback of the only publication: exit %d, %s", code, errs)
	}
	mustZhicang(t, "-c", c.config, "run", "--no-ingest", "--as-of", "2026-01-01") // another day: dim.run differs
	if dumpPublished(t, c.config) == first {
		t.Fatal("a run for another day published the same rows")
	}
	mustZhicang(t, "-c", c.config, "publish", "--rollback")
	if dumpPublished(t, c.config) != first {
		t.Error("after the rollback readers do not see the rows of the first publication")
	}
	if out := mustZhicang(t, "-c", c.config, "run", "--no-ingest", "--as-of", "2026-01-01"); !strings.Contains(out, "rolled back by hand") {
		t.Errorf("the next run must not publish withdrawn rows by itself:\n%s", out)
	}
	mustZhicang(t, "-c", c.config, "publish")
	if dumpPublished(t, c.config) == first {
		t.Error("publish did not publish the withdrawn rows again")
	}
	mustZhicang(t, "-c", c.config, "publish", "--rollback")
	if dumpPublished(t, c.config) != first {
		t.Error("a rollback went back to a publication that was withdrawn")
	}
	mustZhicang(t, "-c", c.config, "publish")
}

// testRebuild deletes everything after the lake and expects the same rows.
func testRebuild(t *testing.T, c county) {
	before := dumpPublished(t, c.config)
	if err := os.Remove(filepath.Join(c.dir, "data", "warehouse.duckdb")); err != nil {
		t.Fatal(err)
	}
	mustZhicang(t, "-c", c.config, "run", "--no-ingest", "--as-of", "2026-01-01")
	if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(dumpPublished(t, c.config), "\n")); diff != "" {
		t.Errorf("the rebuilt warehouse differs:\n%.4000s", diff)
	}
}

// dumpPublished returns every row that readers can reach, sorted.
// The tables of the platform tell of the runs themselves, and differ.
func dumpPublished(t testing.TB, config string) string {
	t.Helper()
	var b strings.Builder
	for _, r := range csvRows(t, config, "SELECT DISTINCT table_name FROM dim.data_dictionary WHERE NOT starts_with(table_name, 'ads.platform_') AND table_name NOT IN ('dim.data_load', 'dim.publication') ORDER BY 1") {
		rows := csvRows(t, config, "SELECT * FROM "+r[0])
		lines := make([]string, len(rows))
		for i, row := range rows {
			lines[i] = r[0] + "\t" + strings.Join(row, "\t")
		}
		slices.Sort(lines)
		b.WriteString(strings.Join(lines, "\n"))
		b.WriteByte('\n')
	}
	return b.String()
}
