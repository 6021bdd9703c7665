package models

import (
	"strings"
	"testing"
)

func TestRetentionAndExtra(t *testing.T) {
	const good = `table: ods.test_x
title: 某表
grain: one row per thing
key: [id]
partition: at
retention: {months: 36, by: at, reference: 示例条例}
extra: true
columns:
  - {name: id, type: VARCHAR, required: true, title: 编号}
  - {name: at, type: TIMESTAMP, required: true, title: 时间}
  - {name: updated, type: TIMESTAMP, title: 更新时间}
`
	c, err := ReadContract("test/ods_x.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if col := c.LandedColumns()[3]; col.Name != ExtraColumn || col.PII != Scrubbed {
		t.Error(col)
	}
	for _, x := range []struct{ old, with, err string }{
		{"months: 36", "months: 0", "retention.months: 0 is no time to keep rows"},
		{"by: at", "by: updated", `retention.by: rows are deleted by the months of the partition, not of "updated"`},
		{"reference: 示例条例", `reference: ""`, "retention.reference: it is not known who asks for the deletion"},
		{"name: updated", "name: extra", "columns[extra]: the name extra is taken"},
		{"months: 36", "month: 36", "month"},
	} {
		_, err := ReadContract("test/ods_x.yaml", []byte(strings.Replace(good, x.old, x.with, 1)))
		if err == nil || !strings.Contains(err.Error(), x.err) {
			t.Errorf("%s: %v, want %s", x.with, err, x.err)
		}
	}
	derived := strings.NewReplacer("ods.test_x", "dwd.test_x").Replace(good)
	if _, err := ReadContract("test/dwd_x.yaml", []byte(derived)); err == nil || !strings.Contains(err.Error(), "retention: only what was delivered is kept for a time") {
		t.Error(err)
	}
}
