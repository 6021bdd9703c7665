package transform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/transform"
	"zhicang/transform/dim"
	"zhicang/warehouse"
)

// TestNewestDay: what day the lake speaks of, by system. A month speaks of all its
// days that have come; what lies ahead, and what its source deleted, makes
// nothing newer.
func TestNewestDay(t *testing.T) {
	cat, err := models.Load(models.FS())
	if err != nil {
		t.Fatal(err)
	}
	steps := dim.Steps(region.Embedded(), cat, dim.Site{AsOf: time.Date(2025, 3, 20, 0, 0, 0, 0, time.UTC)})
	step := func(table string) transform.Step {
		return steps[slices.IndexFunc(steps, func(s transform.Step) bool { return s.Table == table })]
	}
	days := strings.Split(step("dws.data_day").SQL, "UNION ALL")
	e, err := warehouse.Open(t.Context(), warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, s := range []string{
		"CREATE SCHEMA ods", "CREATE SCHEMA dws", "CREATE SCHEMA IF NOT EXISTS dim",
		"CREATE TABLE dim.run AS SELECT DATE '2025-03-20' AS as_of",
	} {
		if err := e.Exec(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, table, column, rows, want string }{
		{"a day", "ods.congress_opinion", "submitted_at TIMESTAMP", "('a', '2025-03-18 23:59:00', NULL), ('a', '2025-02-01', NULL), ('b', '2025-03-01', false)", "a 2025-03-18, b 2025-03-01"},
		{"deleted by its source", "ods.congress_opinion", "submitted_at TIMESTAMP", "('a', '2025-03-18', true), ('a', '2025-02-01', NULL)", "a 2025-02-01"},
		{"planned", "ods.congress_meeting", "held_on DATE", "('a', '2025-06-01', NULL), ('a', '2025-01-15', NULL), ('b', '2025-06-01', NULL)", "a 2025-01-15, b never"},
		{"a month that is over", "ods.industry_output", "month DATE", "('a', '2025-02-01', NULL)", "a 2025-02-28"},
		{"a month that runs", "ods.industry_output", "month DATE", "('a', '2025-03-01', NULL)", "a 2025-03-20"},
		{"any day for its month", "ods.assist_income", "earned_on DATE", "('a', '2025-01-03', NULL)", "a 2025-01-31"},
		{"a register by its version", "ods.congress_deputy_term", "updated_on DATE, term_from DATE", "('a', '2025-03-02', '2021-11-01', NULL)", "a 2025-03-02"},
		{"nothing", "ods.congress_training", "held_on DATE", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			stmts := []string{fmt.Sprintf("CREATE OR REPLACE TABLE %s (source_system VARCHAR, %s, deleted BOOLEAN)", c.table, c.column)}
			if c.rows != "" {
				stmts = append(stmts, fmt.Sprintf("INSERT INTO %s VALUES %s", c.table, c.rows))
			}
			stmts = append(stmts, "CREATE OR REPLACE TABLE dws.data_day AS "+
				days[slices.IndexFunc(days, func(s string) bool { return strings.HasSuffix(strings.TrimSpace(s), "FROM "+c.table+" AS o") })])
			for _, s := range stmts {
				if err := e.Exec(t.Context(), s); err != nil {
					t.Fatal(err)
				}
			}
			rows, err := e.Query(t.Context(), "SELECT coalesce(string_agg(concat(source_system, ' ', coalesce(CAST(newest_day AS VARCHAR), 'never')), ', ' ORDER BY source_system), '') FROM ("+step("dim.data_age").Inputs["dws.data_day"]+")")
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var got string
			for rows.Next() {
				if err := rows.Scan(&got); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
