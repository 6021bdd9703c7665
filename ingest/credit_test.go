package ingest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/ledger"
)

const enterpriseContract = `
table: ods.test_enterprise
title: 企业
grain: one row per enterprise
key: [credit_code]
partition: month
columns:
  - {name: credit_code, type: VARCHAR, required: true, credit_code: true, title: 统一社会信用代码}
  - {name: industry_code, type: VARCHAR, pattern: "[0-9]{4}", title: 行业代码}
  - {name: month, type: DATE, required: true, month: true, title: 月份}
`

// A code lands in the form that GB 32100 prints; one with a wrong check
// character is held back with its reason and without its value.
func TestCreditCodes(t *testing.T) {
	h := newHouse(t, map[string]string{"test/ods_enterprise.yaml": enterpriseContract})
	cfg := Config{Name: "s", Table: "ods.test_enterprise", Columns: map[string]string{"credit_code": "代码", "month": "月份", "industry_code": "行业"}}
	rows := [][]string{
		{"91350100M000100Y43", "2025-03", "1819"},
		{"91350100ｍ000100Ｙ43", "2025年3月", "１８１９"},
		{" 91350100m000100y43 ", "2025-03-01", ""},
		{"91350100M000100Y4Z", "2025-03", "1819"},
		{"91350100M000100Y44", "2025-03", "1819"},
		{"91350100M000100Y4", "2025-03", "1819"},
		{"", "2025-03", "1819"},
		{"91350100M000100Y43", "2025-13", "1819"},
		{"91350100M000100Y43", "2025-03", "181"},
		{"91350100M000100Y43", "2025-03", "18190"},
		{"91350100M000100Y43", "2025-03", "服装"},
	}
	src := &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a"}, batches: []Batch{textBatch(cfg.Fields(), 1, inOrder(cfg, []string{"credit_code", "month", "industry_code"}, rows)...)}}}}
	h.load(t, cfg, src)
	var landed []string
	for _, r := range h.readLake(t, "ods.test_enterprise") {
		landed = append(landed, r["credit_code"])
	}
	if diff := cmp.Diff([]string{"91350100M000100Y43", "91350100M000100Y43", "91350100M000100Y43"}, landed); diff != "" {
		t.Error(diff)
	}
	held, err := h.Ledger.Quarantine(t.Context(), ledger.HeldFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, f := range held {
		reasons = append(reasons, fmt.Sprintf("%d %s %s %s", f.Row, f.Rule, f.Reason, f.Shape))
	}
	want := []string{
		"4 credit_code 统一社会信用代码含有不允许的字符(第3至8位应为数字,其余为数字或除I、O、S、V、Z外的大写字母) 99999999A999999A9A",
		"5 credit_code 统一社会信用代码校验位不符 99999999A999999A99",
		"6 credit_code 统一社会信用代码应为18位 99999999A999999A9",
		"7 required 缺少必填的值 ",
		"8 type " + errNoSuchDay.Error() + " 9999-99",
		"9 pattern 格式不符 999",
		"10 pattern 格式不符 99999",
		"11 pattern 格式不符 汉汉",
	}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Error(diff)
	}
}

// inOrder puts the cells of rows, which stand in the order of columns, into that
// of the source's fields.
func inOrder(cfg Config, columns []string, rows [][]string) [][]string {
	var out [][]string
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, c := range columns {
			cells[slices.Index(cfg.Fields(), cfg.Columns[c])] = row[i]
		}
		out = append(out, cells)
	}
	return out
}

// A number that is somebody's identity number is no enterprise's code, also
// where its check character would do for both.
func TestCreditCodeIsNobody(t *testing.T) {
	h := newHouse(t, map[string]string{"test/ods_enterprise.yaml": enterpriseContract})
	c, _ := h.Catalog.Contract("ods.test_enterprise")
	ck, err := newChecker(c, Config{Name: "s", Table: c.Table, Columns: map[string]string{"credit_code": "代码", "month": "月份"}}, h.Loader)
	if err != nil {
		t.Fatal(err)
	}
	both := 0
	for seq := range 999 {
		id := idCard("19800101", seq+1)
		v := &vector{str: make([]string, 1)}
		f := ck.setCreditCode(v, 0, id)
		if f == nil {
			t.Fatalf("number %d of the day was taken for a credit code", seq+1)
		}
		if f.rule == "id_card" {
			both++
		}
	}
	if both == 0 {
		t.Error("no number had the check characters of both, so nothing was tested")
	}
}

func TestParseMonth(t *testing.T) {
	loc := shanghai(t)
	want := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, s := range []string{"2025-03", "2025-3", "2025/3", "2025.03", "202503", "2025年3月", "2025年03月", "2025-03-31", "2025年3月9日", "2025-03-31 23:59:59", "20250305", "45740"} {
		if got, err := parseMonth(s, loc); err != nil || !got.Equal(want) {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "2025", "2025-13", "2025年13月", "202500", "3月", "2025年", "25-03", "2025-03-", "月", "2025.1"} {
		if got, err := parseMonth(s, loc); err == nil {
			t.Errorf("%q is no month, and was read as %s", s, got)
		}
	}
}
