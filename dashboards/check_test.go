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
	header := Answer{Columns: []string{"as_of", "age", "region"}, Rows: [][]string{{"2025-12-31", "1", "云溪县"}}}
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
				case strings.Contains(sql, "dim.run"):
					return header, nil
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
				{Board: "congress-test", Panel: headerID, Title: "数据时点", State: OK, Rows: 1},
				c.want,
			}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Finding{}, "Millis", "SQL")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCheckNothingToChoose: where a variable has no choice, what needs it says
// so.
func TestCheckNothingToChoose(t *testing.T) {
	b, err := loadOne(t, good)
	if err != nil {
		t.Fatal(err)
	}
	checker := Checker{Now: time.Now, Ask: func(context.Context, string) (Answer, error) {
		return Answer{Columns: []string{"__text", "__value"}}, nil
	}}
	for _, f := range checker.Check(t.Context(), b)[1:] {
		if f.State != Failing || f.Error != "variable region: has no value" {
			t.Errorf("%s: %s %q", f.Panel, f.State, f.Error)
		}
	}
}
