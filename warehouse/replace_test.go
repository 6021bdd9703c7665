package warehouse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"zhicang/models"
	"zhicang/warehouse"
)

const kept = `table: dws.toy_kept
title: 保留
grain: one row per event and day
key: [day, id]
partition: day
columns:
  - {name: day, type: DATE, required: true, title: 日}
  - {name: id, type: BIGINT, title: 编号}
  - {name: word, type: VARCHAR, title: 词}
  - {name: amount, type: "DECIMAL(10,2)", title: 数}
  - {name: parts, type: "VARCHAR[]", title: 部分}
`

// TestReplaceLeavesWhatInsertWould: whatever was there and whatever came out, the
// span has the rows that came out, what lies beyond is as it was, and nothing is
// said to have changed where nothing did.
func TestReplaceLeavesWhatInsertWould(t *testing.T) {
	e := engine{openEngine(t, "")}
	c := contract(t, "toy/dws_kept.yaml", kept)
	row := rapid.Custom(func(rt *rapid.T) string {
		return fmt.Sprintf("(DATE '2025-%02d-%02d', %s, %s, %s, %s)",
			rapid.IntRange(1, 3).Draw(rt, "month"), rapid.SampledFrom([]int{1, 28}).Draw(rt, "day"),
			rapid.SampledFrom([]string{"1", "2", "3", "NULL"}).Draw(rt, "id"),
			rapid.SampledFrom([]string{"'a'", "'b'", "''", "NULL"}).Draw(rt, "word"),
			rapid.SampledFrom([]string{"0", "1.50", "-1.50", "NULL"}).Draw(rt, "amount"),
			rapid.SampledFrom([]string{"['a']", "['a', 'b']", "[]", "[NULL]", "NULL"}).Draw(rt, "parts"))
	})
	key := func(r string) string { return strings.Join(strings.Split(r, ", ")[:2], " ") }
	rapid.Check(t, func(rt *rapid.T) {
		was := rapid.SliceOfNDistinct(row, 0, 12, key).Draw(rt, "was")
		now := rapid.SliceOfN(row, 0, 12).Draw(rt, "now")
		// Most rows of a month come out as they were.
		now = append(now, was[:rapid.IntRange(0, len(was)).Draw(rt, "stay")]...)
		january, february, march := models.MonthOf(2025, 1), models.MonthOf(2025, 2), models.MonthOf(2025, 3)
		in := func(rows []string) (list []string) {
			for _, r := range rows {
				if strings.HasPrefix(r, "(DATE '2025-02") {
					list = append(list, r)
				}
			}
			slices.Sort(list)
			return list
		}
		beyond := slices.DeleteFunc(slices.Clone(was), func(r string) bool { return slices.Contains(in(was), r) })
		want := append(slices.Clone(beyond), in(now)...)

		var changed bool
		err := e.InTx(t.Context(), func(tx *warehouse.Tx) (err error) {
			if err := tx.CreateTable(t.Context(), c); err != nil {
				return err
			}
			if err := tx.Insert(t.Context(), c, warehouse.Span{First: january, Last: march}, values(was)); err != nil {
				return err
			}
			changed, err = tx.Replace(t.Context(), c, warehouse.Span{First: february, Last: february}, values(now))
			return err
		})
		if err != nil {
			rt.Fatal(err)
		}
		if diff := cmp.Diff(e.QueryText(t, "SELECT CAST(t AS VARCHAR) FROM ("+values(want)+") AS t ORDER BY 1"),
			e.QueryText(t, "SELECT CAST(t AS VARCHAR) FROM dws.toy_kept AS t ORDER BY 1")); diff != "" {
			rt.Error(diff)
		}
		if differ := !slices.Equal(in(was), in(now)); changed != differ {
			rt.Errorf("changed: %v, and the rows differ: %v", changed, differ)
		}
	})
}

// values is a SELECT of some rows of the table.
func values(rows []string) string {
	if len(rows) == 0 {
		rows = []string{"(NULL, NULL, NULL, NULL, NULL)"}
	}
	return "SELECT CAST(day AS DATE) AS day, CAST(id AS BIGINT) AS id, CAST(word AS VARCHAR) AS word, CAST(amount AS DECIMAL(10,2)) AS amount, CAST(parts AS VARCHAR[]) AS parts FROM (VALUES " +
		strings.Join(rows, ", ") + ") AS t(day, id, word, amount, parts) WHERE day IS NOT NULL"
}

// TestKeysOfNULLAreAlike: what is rebuilt by its differences has no row twice, so
// that two keys of which a part is NULL are one key.
func TestKeysOfNULLAreAlike(t *testing.T) {
	e := openEngine(t, "")
	byDay := contract(t, "toy/dws_kept.yaml", kept)
	byID := contract(t, "toy/dws_kept.yaml", strings.Replace(kept, "key: [day, id]", "key: [id, word]", 1))
	january := warehouse.Span{First: models.MonthOf(2025, 1), Last: models.MonthOf(2025, 1)}
	twice := []string{"(DATE '2025-01-01', NULL, 'a', 1, NULL)", "(DATE '2025-01-01', NULL, 'a', 2, NULL)"}
	for _, c := range []*models.Contract{byDay, byID} {
		err := e.InTx(t.Context(), func(tx *warehouse.Tx) error {
			if err := tx.CreateTable(t.Context(), c); err != nil {
				return err
			}
			if err := tx.Insert(t.Context(), c, january, values(twice)); err != nil {
				return err
			}
			n, _, err := tx.Offending(t.Context(), c, january, nil, "", c.Key, "")
			if n != 1 {
				t.Errorf("key %v: %d are there twice, not 1", c.Key, n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
