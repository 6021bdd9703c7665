package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A retention that was killed behind its commit goes on where it stood: the
// publications of before still hold what was deleted.
func TestKilledRetentionGoesOn(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "zhicang.yaml")
	writeFile(t, config, `region: "331022"
site: ./site
sources:
  - name: messages
    type: files
    path: ./drop
    table: ods.congress_opinion
    columns: {opinion_id: 编号, title: 主题, body: 内容, submitted_at: 时间}
`)
	writeFile(t, filepath.Join(dir, "drop", "a.csv"), "编号,主题,内容,时间\n1,路灯,健跳镇的路灯不亮了,2023-03-01\n2,路灯,健跳镇的路灯又不亮,2025-03-01\n")
	contract, err := os.ReadFile("../models/congress/ods_opinion.yaml")
	if err != nil {
		t.Fatal(err)
	}
	retained := strings.Replace(string(contract), "partition: submitted_at", "retention: {months: 12, by: submitted_at, reference: 示例条例}\npartition: submitted_at", 1)
	writeFile(t, filepath.Join(dir, "site", "models", "congress", "ods_opinion.yaml"), retained)
	mustZhicang(t, "-c", config, "run", "--as-of", "2025-03-31")

	e := &env{config: config, out: os.Stderr, err: os.Stderr, now: time.Now}
	if err := e.use(t.Context(), e.writing("test"), func(a *app) error {
		loader, err := a.loader(t.Context())
		if err != nil {
			return err
		}
		c, _ := a.catalog.Contract("ods.congress_opinion")
		x, err := loader.Expired(t.Context(), c, time.Date(2025, 3, 31, 0, 0, 0, 0, time.UTC))
		if err != nil {
			return err
		}
		return loader.Expire(t.Context(), c, x, retentionNote, `[{"table":"ods.congress_opinion","reference":"示例条例","first_kept":"2024-03","months":["2023-03"],"rows":1}]`)
	}); err != nil {
		t.Fatal(err)
	}
	// Killed here.
	out := mustZhicang(t, "-c", config, "retention", "--as-of", "2025-03-31")
	if !strings.Contains(out, "an interrupted retention goes on") || !strings.Contains(out, "2023-03") {
		t.Error(out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "data", "published", "zhicang-*.duckdb"))
	if err != nil || len(files) != 1 || filepath.Base(files[0]) == "zhicang-00000001.duckdb" {
		t.Error(files, err)
	}
	if out := mustZhicang(t, "-c", config, "retention", "--as-of", "2025-03-31"); !strings.Contains(out, "nothing is too old") {
		t.Error(out)
	}
	audit, err := os.ReadFile(filepath.Join(dir, "data", "audit.jsonl"))
	if err != nil || strings.Count(string(audit), `"action":"retention"`) != 1 {
		t.Error(string(audit), err)
	}
}
