package origin_test

import (
	"strings"
	"testing"
	"time"

	"zhicang/transform/origin"
)

func TestOf(t *testing.T) {
	day := time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	for id, table := range map[string]string{
		"H2025000001":                 "ads.congress_hot_issue",
		"f0123456789abcdef0123":       "ads.assist_risk_flag",
		"YJ202405-3BD313C803":         "ads.industry_alert",
		"pabcdefg":                    "ads.congress_deputy_score",
		"pabcdefghijklmnopqrstuvwxyz": "ads.congress_deputy_score",
		// What has no known form is looked for among the issues.
		"pabc": "ads.congress_hot_issue",
		"":     "ads.congress_hot_issue",
		"f'01": "ads.congress_hot_issue",
	} {
		s := origin.Of(id, day)
		if s.Table != table || s.ID != id || s.Kind == "" {
			t.Errorf("%q is a %s of %s, want %s", id, s.Kind, s.Table, table)
		}
		for _, p := range s.Parts {
			if !strings.Contains(p.SQL, "FROM "+p.Table) {
				t.Errorf("%q: %s takes its titles from %s, which it does not read", id, p.Title, p.Table)
			}
			if id == "f'01" && !strings.Contains(p.SQL, "'f''01'") {
				t.Errorf("%q is not quoted: %s", id, p.SQL)
			}
		}
	}
	if s := origin.Of("pabcdefg", day); !strings.Contains(s.Parts[1].SQL, "year <= 2025") {
		t.Errorf("the items are not of the year that is asked for: %s", s.Parts[1].SQL)
	}
}
