package warehouse

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"zhicang/models"
)

// A Shared says that rows that a batch has in a month share their key with rows
// of another month.
type Shared struct {
	Batch        int64
	Month, Other models.Month
}

// Landed is what a batch has in a month of the lake, and where.
type Landed struct {
	Batch int64
	Month models.Month
	Rows  int64
	Files []string
}

// SharedKeys finds out which months of an ods table share keys, and by which
// batches. What it found stands in the warehouse, so that of a batch that is new
// only its own keys are looked for.
func (e *Engine) SharedKeys(ctx context.Context, c *models.Contract, key []string, landed []Landed) ([]Shared, error) {
	fresh, err := e.unseen(ctx, c.Table, key, landed)
	if err != nil {
		return nil, fmt.Errorf("shared keys of %s: %w", c.Table, err)
	}
	if len(fresh) > 0 {
		err = e.InTx(ctx, func(tx *Tx) error { return tx.lookForShared(ctx, c, key, landed, fresh) })
	}
	if err != nil {
		return nil, fmt.Errorf("shared keys of %s: %w", c.Table, err)
	}
	rows, err := e.Query(ctx, `SELECT batch, month, other FROM meta.shared_key WHERE table_name = ? AND key_columns = ? ORDER BY other, month, batch`,
		c.Table, strings.Join(key, ","))
	if err != nil {
		return nil, fmt.Errorf("shared keys of %s: %w", c.Table, err)
	}
	defer rows.Close()
	var list []Shared
	for rows.Next() {
		var s Shared
		var month, other string
		if err := rows.Scan(&s.Batch, &month, &other); err != nil {
			return nil, err
		}
		if s.Month, err = models.ParseMonth(month); err != nil {
			return nil, err
		}
		if s.Other, err = models.ParseMonth(other); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// unseen lists what has landed since keys were last looked for; all of it, when
// something that was seen is gone or has become another.
func (e *Engine) unseen(ctx context.Context, table string, key []string, landed []Landed) ([]Landed, error) {
	type place struct {
		batch int64
		month string
		rows  int64
	}
	rows, err := e.Query(ctx, "SELECT batch, month, row_count FROM meta.shared_seen WHERE table_name = ? AND key_columns = ?", table, strings.Join(key, ","))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	seen := map[place]bool{}
	for rows.Next() {
		var p place
		if err := rows.Scan(&p.batch, &p.month, &p.rows); err != nil {
			return nil, err
		}
		seen[p] = true
	}
	var fresh []Landed
	for _, l := range landed {
		if p := (place{l.Batch, l.Month.String(), l.Rows}); !seen[p] {
			fresh = append(fresh, l)
		} else {
			delete(seen, p)
		}
	}
	if len(seen) > 0 {
		return landed, rows.Err()
	}
	return fresh, rows.Err()
}

func (tx *Tx) lookForShared(ctx context.Context, c *models.Contract, key []string, landed, fresh []Landed) error {
	name := strings.Join(key, ",")
	if len(fresh) == len(landed) {
		for _, t := range []string{"meta.shared_key", "meta.shared_seen"} {
			if err := tx.Exec(ctx, "DELETE FROM "+t+" WHERE table_name = ? AND key_columns = ?", c.Table, name); err != nil {
				return err
			}
		}
	}
	cols := make([]string, len(key))
	for i, k := range key {
		cols[i] = ident(k)
	}
	list := strings.Join(cols, ", ")
	keys := func(of []Landed) string {
		return fmt.Sprintf("SELECT %s, batch_id, date_trunc('month', %s) AS month FROM (%s)", list, ident(c.Partition), lakeSelect(c.LandedColumns(), landedFiles(of)))
	}
	// Of all that is there, only keys of several months are worth a second look;
	// of a new batch, all of its keys.
	mine := fmt.Sprintf("SELECT * FROM (%s) SEMI JOIN (SELECT %s FROM (%s) GROUP BY %s HAVING min(month) <> max(month)) USING (%s)", keys(landed), list, keys(landed), list, list)
	if len(fresh) < len(landed) {
		mine = fmt.Sprintf("SELECT DISTINCT * FROM (%s) WHERE batch_id IN (%s)", keys(fresh), batchList(fresh))
	}
	err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO meta.shared_key
		WITH hit AS (
			SELECT mine.batch_id AS batch, mine.month, other.batch_id AS other_batch, other.month AS other
			FROM (%s) AS other JOIN (%s) AS mine USING (%s) WHERE other.month <> mine.month
		)
		SELECT ?, ?, batch, strftime(month, '%%Y-%%m'), strftime(other, '%%Y-%%m')
		FROM (SELECT batch, month, other FROM hit UNION SELECT other_batch, other, month FROM hit)
		EXCEPT SELECT * FROM meta.shared_key`, keys(landed), mine, list), c.Table, name)
	if err != nil {
		return err
	}
	values := make([]string, len(fresh))
	for i, l := range fresh {
		values[i] = fmt.Sprintf("(%s, %s, %d, '%s', %d)", quote(c.Table), quote(name), l.Batch, l.Month, l.Rows)
	}
	return tx.Exec(ctx, "INSERT INTO meta.shared_seen VALUES "+strings.Join(values, ", "))
}

func landedFiles(of []Landed) []string {
	var files []string
	for _, l := range of {
		files = append(files, l.Files...)
	}
	slices.Sort(files)
	return slices.Compact(files)
}

func batchList(of []Landed) string {
	ids := make([]string, len(of))
	for i, l := range of {
		ids[i] = fmt.Sprint(l.Batch)
	}
	return strings.Join(ids, ", ")
}
