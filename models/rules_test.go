package models

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const scoreContract = `table: dim.toy_score_rule
title: 计分规则
grain: one row per scheme, item and interval
key: [scheme, item, valid_from]
open: true
columns:
  - {name: scheme, type: VARCHAR, required: true, title: 方案}
  - {name: item, type: VARCHAR, required: true, accepted: [建议, 视察], title: 项目}
  - {name: points, type: "DECIMAL(9,2)", required: true, title: 分值}
  - {name: levels, type: "VARCHAR[]", title: 层级}
  - {name: valid_from, type: DATE, required: true, title: 生效日}
  - {name: valid_to, type: DATE, required: true, title: 失效日}
  - {name: reference, type: VARCHAR, required: true, title: 依据}
`

func loadRules(contract, rules string) (*Catalog, error) {
	return Load(fstest.MapFS{
		"toy/dim_score_rule.yaml":    {Data: []byte(contract)},
		"toy/params/score_rule.yaml": {Data: []byte(rules)},
	})
}

func TestRuleTable(t *testing.T) {
	cat, err := loadRules(scoreContract, `table: dim.toy_score_rule
rows:
  - {scheme: 江北, item: 建议, points: 3, levels: [县, 乡], to: 2024-01-01, reference: "[A]"}
  - {scheme: 江北, item: 建议, points: 20000.01, from: 2024-01-01, reference: "[A]"}
`)
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	want := [][]any{
		{"江北", "建议", Amount{300, 2}, []string{"县", "乡"}, Ever, day, "[A]"},
		{"江北", "建议", Amount{2000001, 2}, nil, day, Forever, "[A]"},
	}
	if diff := cmp.Diff(want, cat.RuleTables()[0].Rows); diff != "" {
		t.Error(diff)
	}
}

func TestRuleTableErrors(t *testing.T) {
	row := func(s string) string { return "table: dim.toy_score_rule\nrows:\n  - " + s + "\n" }
	good := "{scheme: 江北, item: 建议, points: 3, reference: x}"
	tests := []struct{ name, contract, rules, want string }{
		{"unknown key", scoreContract, row("{schem: 江北}"), `toy/params/score_rule.yaml:3: unknown key "schem"; did you mean "scheme"?`},
		{"missing", scoreContract, row("{scheme: 江北, item: 建议, reference: x}"), "score_rule.yaml:3: points is required; write it"},
		{"too exact", scoreContract, row("{scheme: 江北, item: 建议, points: 3.001, reference: x}"), "points: 3.001 has more than 2 places behind the point"},
		{"not accepted", scoreContract, row("{scheme: 江北, item: 建, points: 3, reference: x}"), `item: "建" is none of 建议, 视察`},
		{"of no pattern", strings.Replace(scoreContract, "VARCHAR, required: true, title: 依据", `VARCHAR, required: true, pattern: "\\[.*", title: 依据`, 1), row(good), `reference: "x" does not match \[.*`},
		{"in nothing", strings.Replace(scoreContract, "title: 层级", "in: dim.toy_score_rule.item, title: 层级", 1), row("{scheme: 江北, item: 建议, points: 3, levels: [建议, 建义], reference: x}"), `score_rule.yaml:3: levels: "建义" is not in dim.toy_score_rule.item; did you mean "建议"?`},
		{"in no column", strings.Replace(scoreContract, "title: 层级", "in: dim.toy_score_rule.items, title: 层级", 1), row(good), `columns[levels].in: no rule table has "dim.toy_score_rule.items"`},
		{"in, of numbers", strings.Replace(scoreContract, "title: 分值", "in: dim.toy_score_rule.item, title: 分值", 1), row(good), "use it on texts"},
		{"no day", scoreContract, row("{scheme: 江北, item: 建议, points: 3, reference: x, from: soon}"), "from: parsing time"},
		{"overlap", scoreContract, row(good + "\n  - " + good), "score_rule.yaml:4: 江北 建议: overlaps the row on line 3 in time"},
		{"empty interval", scoreContract, row("{scheme: 江北, item: 建议, points: 3, reference: x, from: 2024-01-01, to: 2024-01-01}"), "is empty; the interval is [from, to)"},
		{"twice", scoreContract, row("{scheme: 江北, item: 建议, points: 3, from: 2024-01-01, valid_from: 2024-01-01, reference: x}"), `unknown key "valid_from"`},
		{"no table", scoreContract, "table: dim.toy_scores\nrows: []\n", `there is no dim table "dim.toy_scores"`},
		{"no rule contract", strings.Replace(scoreContract, "  - {name: reference, type: VARCHAR, required: true, title: 依据}\n", "", 1), row(good), "columns: no required reference"},
		{"key without a day", strings.Replace(scoreContract, ", valid_from]", "]", 1), row(good), "key: does not name valid_from"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadRules(tt.contract, tt.rules)
			if err == nil {
				t.Fatal("no error")
			}
			got := err.Error() + "; " + err.(*FileError).Try
			if !strings.Contains(got, tt.want) {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestAmount(t *testing.T) {
	for s, want := range map[string]Amount{"20000.01": {2000001, 2}, "-0.5": {-5, 1}, "7": {7, 0}, ".05": {5, 2}} {
		if got, err := ParseAmount(s); err != nil || got != want {
			t.Errorf("%s: got %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "-", "1e3", "1,000", "--1", "1.2.3", "99999999999999999999", "一"} {
		if got, err := ParseAmount(s); err == nil {
			t.Errorf("%q: got %v, want an error", s, got)
		}
	}
	if got := Cents(-5).String(); got != "-0.05" {
		t.Errorf("got %s", got)
	}
}

// What an amount prints is the amount again, and rescaling loses nothing or
// fails.
func TestAmountLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := Amount{rapid.Int64Min(math.MinInt64).Draw(t, "unscaled"), rapid.IntRange(0, 18).Draw(t, "scale")}
		// The digits of the smallest number fit no positive one.
		if back, err := ParseAmount(a.String()); a.Unscaled != math.MinInt64 && (err != nil || back != a) {
			t.Fatalf("%s came back as %v, %v", a, back, err)
		}
		scale := rapid.IntRange(0, 18).Draw(t, "to")
		if b, err := a.Rescale(scale); err == nil {
			if back, err := b.Rescale(a.Scale); err != nil || back != a {
				t.Fatalf("%s as %s came back as %v, %v", a, b, back, err)
			}
		}
	})
}

func TestRowsOfATableStandInOneFile(t *testing.T) {
	rules := []byte("table: dim.toy_score_rule\nrows: []\n")
	_, err := Load(fstest.MapFS{
		"toy/dim_score_rule.yaml": {Data: []byte(scoreContract)},
		"toy/params/a.yaml":       {Data: rules},
		"toy/params/b.yaml":       {Data: rules},
	})
	if err == nil || err.Error() != "toy/params/b.yaml:1: dim.toy_score_rule has its rows in toy/params/a.yaml already" {
		t.Errorf("got %v", err)
	}
}
