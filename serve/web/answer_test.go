package web

import (
	"math/big"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/dashboards"
)

func TestShow(t *testing.T) {
	noon := time.Date(2025, 12, 31, 12, 30, 0, 0, time.UTC)
	for _, tt := range []struct {
		kind     string
		decimals int
		value    any
		want     string
	}{
		{"number", 0, int64(0), "0"},
		{"number", 0, int64(1234567), "1,234,567"},
		{"number", 0, int64(-1234), "-1,234"},
		{"number", 0, int64(999), "999"},
		{"number", -1, 1234.5, "1,234.5"},
		{"number", -1, 1234.0, "1,234"},
		{"number", -1, 0.004, "0"},
		{"number", 2, 99.8, "99.80"},
		{"number", 0, new(big.Int).SetInt64(12345), "12,345"},
		{"number", -1, nil, "—"},
		{"text", -1, "", "—"},
		{"text", -1, "<b>", "<b>"},
		{"day", -1, noon, "2025-12-31"},
		{"time", -1, noon, "2025-12-31 12:30:00"},
		{"flag", -1, true, "是"},
		{"text", -1, []any{"水", "路"}, "水、路"},
	} {
		f := &field{Kind: tt.kind, Decimals: tt.decimals}
		if got := f.show(plain(tt.value, tt.kind)); got != tt.want {
			t.Errorf("%s %v: %q, want %q", tt.kind, tt.value, got, tt.want)
		}
	}
}

func TestKindOf(t *testing.T) {
	for typ, want := range map[string]string{
		"BIGINT": "number", "INTEGER": "number", "HUGEINT": "number", "DOUBLE": "number", "DECIMAL(18,2)": "number", "TINYINT": "number",
		"DATE": "day", "TIMESTAMP": "time", "TIMESTAMP WITH TIME ZONE": "time", "BOOLEAN": "flag",
		"VARCHAR": "text", "VARCHAR[]": "text", "BIGINT[]": "text", "INTERVAL": "text",
	} {
		if got := kindOf(typ); got != want {
			t.Errorf("kindOf(%s) = %s, want %s", typ, got, want)
		}
	}
}

func TestCross(t *testing.T) {
	a := &answer{
		Kind:   dashboards.Crosstab,
		Fields: []*field{{Name: "category", Title: "类别"}, {Name: "region", Title: "区划"}, {Name: "n", Title: "意见数", Kind: "number", Unit: "条"}},
		Rows:   [][]any{{"交通", "甲镇", int64(3)}, {"交通", "乙镇", int64(1)}, {"环保", "乙镇", int64(2)}},
	}
	a.cross()
	if diff := cmp.Diff([][]any{{"交通", int64(3), int64(1)}, {"环保", nil, int64(2)}}, a.Rows); diff != "" {
		t.Error(diff)
	}
	var titles []string
	for _, f := range a.Fields {
		titles = append(titles, f.Title)
	}
	if diff := cmp.Diff([]string{"类别(条)", "甲镇", "乙镇"}, titles); diff != "" {
		t.Error(diff)
	}
	if a.Kind != dashboards.Table || !a.Heat {
		t.Errorf("got %+v", a)
	}
}

func TestFollow(t *testing.T) {
	messages := &dashboards.Board{UID: "congress-messages", Variables: []dashboards.Variable{{Name: "issue"}, {Name: "region"}, {Name: "period"}}}
	from := &dashboards.Board{UID: "congress-hot", Variables: []dashboards.Variable{{Name: "region"}, {Name: "start"}}}
	s := &Server{}
	s.SetBoards([]*dashboards.Board{messages}, nil)
	link := &dashboards.Link{Board: messages.UID, Values: map[string]string{"issue": "issue_id"}}
	row := map[string]string{"issue_id": "a&b=c d"}
	values := map[string]string{"region": "339921", "start": "2025-12-01"}
	if got, want := s.follow(from, link, row, values), "/boards/congress-messages?issue=a%26b%3Dc+d&region=339921"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := s.follow(from, &dashboards.Link{Board: "gone"}, row, values); got != "" {
		t.Errorf("a link to a board that is not there leads to %s", got)
	}
}
