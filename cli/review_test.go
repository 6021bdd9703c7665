package cli

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"zhicang/demo/assist"
	"zhicang/models"
	"zhicang/privacy"
)

// TestReview follows flags to the people who look at them and back, and through
// what comes later: more records, another rule, a warehouse that was lost.
func TestReview(t *testing.T) {
	r := makeRelief(t, assist.Options{Seed: 2, Households: 600})
	book := filepath.Join(r.dir, "list.xlsx")
	t.Run("export", func(t *testing.T) { testExport(t, r, book) })
	decided := fillBook(t, book)
	t.Run("import", func(t *testing.T) { testImport(t, r, book, decided) })
	t.Run("nobody outside the vault", func(t *testing.T) { testNobody(t, r) })
	t.Run("what was dismissed comes back with other evidence", func(t *testing.T) { testOtherEvidence(t, r, decided) })
	t.Run("a late record keeps ids", func(t *testing.T) { testLateRecord(t, r) })
	t.Run("a new rule is one row", func(t *testing.T) { testNewRule(t, r) })
	t.Run("rebuilt", func(t *testing.T) { testRebuildRelief(t, r) })
}

func testExport(t *testing.T, r relief, book string) {
	if _, errs, code := zhicang(t, "-c", r.config, "review", "export", "--out", book); code != exitUsage || !strings.Contains(errs, "--reason") {
		t.Errorf("export without a reason: exit %d, %s", code, errs)
	}
	if _, errs, code := zhicang(t, "-c", r.config, "review", "export", "--out", book, "--reason", "复核", "--rule", "nothing"); code != exitFailed || !strings.Contains(errs, "no flag is on the list") {
		t.Errorf("export of nothing: exit %d, %s", code, errs)
	}
	all := r.rows(t, "SELECT count(*) FROM ads.assist_risk_list")[0][0]
	if out := mustZhicang(t, "-c", r.config, "review", "export", "--out", book, "--reason", "一季度复核"); !strings.Contains(out, all+" flags written") {
		t.Errorf("export of %s flags says %s", all, out)
	}
	if _, errs, code := zhicang(t, "-c", r.config, "review", "export", "--out", book, "--reason", "复核"); code != exitFailed || !strings.Contains(errs, "is there already") {
		t.Errorf("export over a file: exit %d, %s", code, errs)
	}
	one := filepath.Join(r.dir, "one.xlsx")
	want := r.rows(t, "SELECT count(*) FROM ads.assist_risk_list WHERE rule_id = 'medical_listed' AND region_code = '339921100'")[0][0]
	if out := mustZhicang(t, "-c", r.config, "review", "export", "--out", one, "--reason", "复核", "--rule", "medical_listed", "--region", "339921100"); !strings.Contains(out, want+" flags written") {
		t.Errorf("export of %s flags says %s", want, out)
	}
	for _, cell := range bookCells(t, book) {
		if strings.Contains(cell, "339921") {
			t.Errorf("the workbook holds an identity or a code: %d characters", len(cell))
		}
	}
}

// openBook opens a workbook of flags, and reads its rows.
func openBook(t *testing.T, path string) (*excelize.File, [][]string) {
	t.Helper()
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	rows, err := f.GetRows("线索")
	if err != nil {
		t.Fatal(err)
	}
	return f, rows
}

func bookCells(t *testing.T, path string) []string {
	t.Helper()
	_, rows := openBook(t, path)
	return slices.Concat(rows...)
}

// fillBook decides about the first flags of one medical rule, and forgets the
// reason of the last. It returns their ids by what was decided; 退回 is the one
// that has to come back.
func fillBook(t *testing.T, path string) map[string]string {
	t.Helper()
	f, rows := openBook(t, path)
	decisions := []string{"确认", "排除", "转办", "退回"}
	ids := map[string]string{}
	for i, row := range rows[2:] {
		if len(ids) == len(decisions) {
			break
		}
		if row[1] != "名单内医疗支出超2万元" || row[9] != "持续" {
			continue
		}
		d := decisions[len(ids)]
		ids[d] = row[0]
		at := func(column string) string { return fmt.Sprintf("%s%d", column, i+3) }
		cells := map[string]string{"P": d, "Q": "入户核实,电话19900001234", "S": "审核员甲", "T": "2026-01-05"}
		switch d {
		case "转办":
			cells["R"] = "医保局"
		case "退回":
			cells["P"], cells["Q"] = "确认", ""
		}
		for column, v := range cells {
			if err := f.SetCellStr("线索", at(column), v); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(ids) != len(decisions) {
		t.Fatalf("only %d flags to decide about", len(ids))
	}
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	return ids
}

func testImport(t *testing.T, r relief, book string, decided map[string]string) {
	out, errs, code := zhicang(t, "-c", r.config, "review", "import", book)
	if code != exitFailed || !strings.Contains(out, "4 rows filled in: 3 decisions landed, 1 rows come back") || !strings.Contains(errs, "理由:没有填") {
		t.Fatalf("import: exit %d\n%s%s", code, out, errs)
	}
	if cells := bookCells(t, strings.TrimSuffix(book, ".xlsx")+"-退回.xlsx"); !slices.Contains(cells, "理由:没有填:每项处置都要有理由") {
		t.Error("the copy does not say why a row comes back")
	}
	if _, errs, code := zhicang(t, "-c", r.config, "review", "import", book); code != exitFailed || !strings.Contains(errs, "is there already") {
		t.Errorf("import over remarks: exit %d, %s", code, errs)
	}
	again := filepath.Join(r.dir, "again.xlsx")
	if out, _, _ := zhicang(t, "-c", r.config, "review", "import", book, "--remarks", again); !strings.Contains(out, "3 decisions had been landed before") {
		t.Errorf("the same workbook once more: %s", out)
	}
	mustZhicang(t, "-c", r.config, "run", "--no-ingest", "--as-of", r.truth.AsOf)
	got := map[string]string{}
	for _, row := range r.rows(t, "SELECT decision, flag_id, reason, reviewer_name, coalesce(referred_to, ''), decided_on FROM ads.assist_risk_flag WHERE decision <> '待处理'") {
		got[row[0]] = row[1]
		if strings.Contains(row[2], "19900001234") || !strings.Contains(row[2], "入户核实") || row[3] != "审***" || row[5] != "2026-01-05" {
			t.Errorf("a decision reads %q", row[2:])
		}
	}
	want := map[string]string{"确认": decided["确认"], "排除": decided["排除"], "转办": decided["转办"]}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("decisions (-want +got):\n%s", diff)
	}
	if n := r.rows(t, "SELECT count(*) FROM ads.assist_risk_list WHERE flag_id = '"+decided["排除"]+"'")[0][0]; n != "0" {
		t.Error("a dismissed flag is on the list")
	}
	if row := r.rows(t, "SELECT confirmed, dismissed, referred FROM ads.assist_review_summary WHERE rule_id = 'medical_listed' AND region_code = '339921'")[0]; !slices.Equal(row, []string{"1", "1", "1"}) {
		t.Errorf("summary: %v", row)
	}
	if out := mustZhicang(t, "-c", r.config, "explain", decided["转办"]); !strings.Contains(out, "2025-01-01至2025-12-31医疗总费用") || !strings.Contains(out, "名单内医疗支出超2万元/年") || !strings.Contains(out, "医保局") {
		t.Errorf("explain of a flag:\n%s", out)
	}
	testDecisionsRecorded(t, r, decided)
	third := filepath.Join(r.dir, "third.xlsx")
	if _, errs, _ := zhicang(t, "-c", r.config, "review", "import", again, "--remarks", third); !strings.Contains(errs, "同一处置已经登记") {
		t.Errorf("decisions that are in force: %s", errs)
	}
}

// testDecisionsRecorded wants every export and decision in the audit log, and
// nobody's name.
func testDecisionsRecorded(t *testing.T, r relief, decided map[string]string) {
	log, err := os.ReadFile(filepath.Join(r.dir, "data", "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"一季度复核", decided["确认"], decided["排除"], decided["转办"], "decide 排除"} {
		if !bytes.Contains(log, []byte(want)) {
			t.Errorf("the audit log does not hold %s", want)
		}
	}
	for _, never := range []string{"审核员甲", "19900001234"} {
		if bytes.Contains(log, []byte(never)) {
			t.Errorf("the audit log holds %s", never)
		}
	}
	if _, err := privacy.VerifyAudit(bytes.NewReader(log)); err != nil {
		t.Error(err)
	}
}

// person finds whom a flag is about among the planted ones.
func (r relief) person(t *testing.T, flagID string) string {
	t.Helper()
	key := r.rows(t, "SELECT person_key FROM ads.assist_risk_flag WHERE flag_id = '"+flagID+"'")[0][0]
	for _, f := range r.truth.Flags {
		if r.keys.Key(f.Subject) == key {
			return f.Subject
		}
	}
	t.Fatal("the flag is about nobody that was planted")
	return ""
}

func (r relief) addClaim(t *testing.T, file, id, total, day string) {
	t.Helper()
	writeFile(t, filepath.Join(r.dir, "drop", "医保局", file), "结算单号,证件号码,姓名,医疗总费用,个人自负,结算日期,更新日期\n"+
		strings.Join([]string{file, id, "某某", total, "1.00", day, day}, ",")+"\n")
	mustZhicang(t, "-c", r.config, "run", "--as-of", r.truth.AsOf)
}

func testOtherEvidence(t *testing.T, r relief, decided map[string]string) {
	id := decided["排除"]
	query := "SELECT decision, coalesce(previous_decision, '') FROM ads.assist_risk_flag WHERE flag_id = '" + id + "'"
	who := r.person(t, id)
	r.addClaim(t, "small.csv", who, "1.00", "2025-12-20")
	if row := r.rows(t, query)[0]; row[0] != "排除" {
		t.Errorf("a yuan more is no other evidence: %v", row)
	}
	r.addClaim(t, "large.csv", who, "5000.00", "2025-12-21")
	if row := r.rows(t, query)[0]; !slices.Equal(row, []string{"待处理", "排除 2026-01-05"}) {
		t.Errorf("after other evidence: %v", row)
	}
}

func testLateRecord(t *testing.T, r relief) {
	query := "SELECT flag_id, first_seen FROM ads.assist_risk_flag WHERE rule_id = 'medical_listed' AND state = '新增'"
	before := r.rows(t, query)[0]
	r.addClaim(t, "late.csv", r.person(t, before[0]), "10000.00", "2025-03-20")
	after := r.rows(t, "SELECT flag_id, first_seen FROM ads.assist_risk_flag WHERE flag_id = '"+before[0]+"'")
	if len(after) != 1 || before[1] != "2025-12-01" || after[0][1] != "2025-03-01" {
		t.Errorf("a claim that came late: %v, then %v", before, after)
	}
}

func testNewRule(t *testing.T, r relief) {
	before := r.rows(t, "SELECT flag_id FROM ads.assist_risk_flag ORDER BY 1")
	rules, err := fs.ReadFile(models.FS(), "assist/params/rule.yaml")
	if err != nil {
		t.Fatal(err)
	}
	row := `  - {scheme: 通用, rule_id: medical_watch, rule_version: "1", title: 名单内医疗支出超1万8, scope: 名单内, status_basis: 评估日, metric: medical_total, window_kind: 自然年, comparison: ">", threshold: 18000, threshold_kind: 绝对值, step: 5000, department: 医保局, evidence: "{period}医疗总费用{value}元", from: 2025-01-01, reference: "[A] 试行"}` + "\n"
	rulesFile := filepath.Join(r.dir, "site", "models", "assist", "params", "rule.yaml")
	for wrong, want := range map[string]string{
		strings.Replace(row, "medical_total", "medical_totl", 1): `"medical_totl" is not in dim.assist_metric.metric`,
		strings.Replace(row, "自然年", "时点", 1):                     "指标在该期间内有计算",
	} {
		writeFile(t, rulesFile, string(rules)+wrong)
		if _, errs, code := zhicang(t, "-c", r.config, "run", "--no-ingest", "--as-of", r.truth.AsOf); code != exitFailed || !strings.Contains(errs, want) {
			t.Errorf("a wrong rule: exit %d, %s, want %q", code, errs, want)
		}
	}
	writeFile(t, rulesFile, string(rules)+row)
	mustZhicang(t, "-c", r.config, "run", "--no-ingest", "--as-of", r.truth.AsOf)
	if diff := cmp.Diff(before, r.rows(t, "SELECT flag_id FROM ads.assist_risk_flag WHERE rule_id <> 'medical_watch' ORDER BY 1")); diff != "" {
		t.Errorf("the other flags (-before +after):\n%s", diff)
	}
	params, err := fs.ReadFile(models.FS(), "assist/params/risk.yaml")
	if err != nil {
		t.Fatal(err)
	}
	paramsFile := filepath.Join(r.dir, "site", "models", "assist", "params", "risk.yaml")
	for schemes, want := range map[string]string{"坪山,鄞洲": "assist.risk.schemes 所列的口径都有规则", "坪山,吉林": "assist.risk.schemes 不使同一规则同时采用两种口径"} {
		writeFile(t, paramsFile, strings.Replace(string(params), "坪山,鄞州", schemes, 1))
		if _, errs, code := zhicang(t, "-c", r.config, "run", "--no-ingest", "--as-of", r.truth.AsOf); code != exitFailed || !strings.Contains(errs, want) {
			t.Errorf("schemes %s: exit %d, %s", schemes, code, errs)
		}
	}
	writeFile(t, paramsFile, string(params))
	mustZhicang(t, "-c", r.config, "run", "--no-ingest", "--as-of", r.truth.AsOf)
	// Who is above 20000 is above 18000; beside them are those planted between.
	got := r.rows(t, `SELECT count(*) FROM ads.assist_risk_flag AS f WHERE f.rule_id = 'medical_watch' AND NOT EXISTS (
		SELECT 1 FROM ads.assist_risk_flag AS g WHERE g.rule_id = 'medical_listed' AND g.person_key = f.person_key)`)[0][0]
	if got != "3" {
		t.Errorf("%s people between the two thresholds, want the 3 that were planted", got)
	}
}

func testRebuildRelief(t *testing.T, r relief) {
	before := dumpPublished(t, r.config)
	if err := os.Remove(filepath.Join(r.dir, "data", "warehouse.duckdb")); err != nil {
		t.Fatal(err)
	}
	mustZhicang(t, "-c", r.config, "run", "--no-ingest", "--as-of", r.truth.AsOf)
	if diff := cmp.Diff(strings.Split(before, "\n"), strings.Split(dumpPublished(t, r.config), "\n")); diff != "" {
		t.Errorf("the rebuilt warehouse differs:\n%.4000s", diff)
	}
}
