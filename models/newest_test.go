package models

import (
	"strings"
	"testing"
)

// TestNewest: a contract says by which column its data are old, and how often
// new ones are due.
func TestNewest(t *testing.T) {
	const text = `table: ods.test_x
title: 示例
grain: one row
key: [id]
partition: month
newest: {every: month}
columns:
  - {name: id, type: VARCHAR, required: true, title: 编号}
  - {name: month, type: DATE, required: true, month: true, title: 月份}
  - {name: updated_on, type: DATE, required: true, title: 更新日}
  - {name: noted_on, type: DATE, title: 登记日}
`
	c, err := ReadContract("test/ods_x.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if by, every := c.Pace(); by.Name != "month" || !by.Month || every != Monthly {
		t.Errorf("by %s, every %s", by.Name, every)
	}
	c, err = ReadContract("test/ods_x.yaml", []byte(strings.Replace(text, "newest: {every: month}\n", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if by, every := c.Pace(); by.Name != "month" || every != Daily {
		t.Errorf("without a word: by %s, every %s", by.Name, every)
	}
	for newest, want := range map[string]string{
		"{every: fortnight}":          `newest.every: "fortnight" is no pace`,
		"{by: nothing, every: month}": `newest.by: there is no column "nothing"`,
		"{by: id}":                    "newest.by: id says no day",
		"{by: noted_on}":              "newest.by: noted_on may be empty",
	} {
		_, err := ReadContract("test/ods_x.yaml", []byte(strings.Replace(text, "{every: month}", newest, 1)))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", newest, err, want)
		}
	}
}
