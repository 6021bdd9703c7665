package dashboards

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

type hinted struct{ error }

func (hinted) Hint() string { return "look" }

func TestCheck(t *testing.T) {
	b, err := loadOne(t, good)
	if err != nil {
		t.Fatal(err)
	}
	header := Answer{Columns: []string{"as_of", "age", "state", "published_at", "region"}, Rows: [][]string{{"2025-12-31", "1", "正常", "2026-01-01 08:00", "云溪县"}}}
	sources := Answer{Columns: []string{"source_title", "source_system", "pace", "newest_day", "age", "state", "loaded_at"}, Rows: [][]string{{"群众意见建议", "portal", "每日", "2025-12-31", "1", "正常", ""}}}
	regions := Answer{Columns: []string{"__text", "__value"}, Rows: [][]string{{"云溪县 339921", "339921"}, {"云城街道 339921001", "339921001"}}}
	cases := []struct {
		name  string
		panel Answer
		err   error
		want  Finding
	}{
		{"ok", Answer{Columns: []string{"category", "opinions", "double_people"}, Rows: [][]string{{"a", "1", "2"}}}, nil, Finding{State: OK, Rows: 1}},
		{"empty", Answer{Columns: []string{"category", "opinions", "double_people"}}, nil, Finding{State: Empty}},
		{"columns", Answer{Columns: []string{"category", "people"}}, nil, Finding{State: Failing, Error: "the SQL returns category, people, and the board lists category, opinions, double_people", Try: "list in `columns` what the SELECT returns, in its order"}},
		{"failing", Answer{}, hinted{errors.New("no such column")}, Finding{State: Failing, Error: "no such column", Try: "look"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			checker := Checker{Slow: time.Hour, Now: func() time.Time { return time.UnixMilli(0) }, Ask: func(_ context.Context, sql string) (Answer, error) {
				switch {
				case strings.Contains(sql, "__value"):
					return regions, nil
				case strings.Contains(sql, "AS published_at"):
					return header, nil
				case strings.Contains(sql, "dim.data_age"):
					return sources, nil
				}
				if !strings.Contains(sql, "c.region_code = '339921' AND c.period = 'month'") {
					t.Errorf("variables are not at their defaults: %s", sql)
				}
				return c.panel, c.err
			}}
			got := checker.Check(t.Context(), b)
			c.want.Board, c.want.Panel, c.want.Title = "congress-test", "one", "数量"
			want := []Finding{
				{Board: "congress-test", Panel: "${region}", Title: "区划", State: OK, Rows: 2},
				{Board: "congress-test", Panel: HeaderID, Title: "数据时点", State: OK, Rows: 1},
				c.want,
				{Board: "congress-test", Panel: SourcesID, Title: "数据来源与时点", State: OK, Rows: 1},
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Finding{}, "Millis", "SQL")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCheckNothingToChoose: where a variable has no choice, as on a site without
// this domain's data, what needs it is empty and is not asked.
func TestCheckNothingToChoose(t *testing.T) {
	b, err := loadOne(t, good)
	if err != nil {
		t.Fatal(err)
	}
	checker := Checker{Now: time.Now, Ask: func(_ context.Context, sql string) (Answer, error) {
		if strings.Contains(sql, "__value") {
			return Answer{Columns: []string{"__text", "__value"}}, nil
		}
		if !strings.Contains(sql, "dim.data_load") || strings.Contains(sql, "dim.region") {
			t.Errorf("asked without a region: %s", sql)
		}
		return Answer{Columns: []string{"source_title", "source_system", "pace", "newest_day", "age", "state", "loaded_at"}}, nil
	}}
	findings := checker.Check(t.Context(), b)
	if len(findings) != 4 {
		t.Fatalf("%d findings", len(findings))
	}
	for _, f := range findings {
		if f.State != Empty || f.Error != "" {
			t.Errorf("%s: %s %q", f.Panel, f.State, f.Error)
		}
	}
}
