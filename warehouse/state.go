package warehouse

import (
	"context"
	"fmt"
	"strings"

	"zhicang/models"
)

// A State is what the warehouse remembers of one month of one table (or of a
// table that is not partitioned, under the zero month). It is written in the
// transaction that writes the rows, so the two never disagree, and deleting
// the warehouse file forgets both.
type State struct {
	Table      string
	Month      models.Month
	Definition string // digest of SQL or step, contract and parameters
	Inputs     string // digest of the upstream months it was built from
	Content    string // digest of the rows
	Rows       int64
	Run        int64
}

func (e *Engine) createMeta(ctx context.Context) error {
	for _, s := range []string{
		"CREATE SCHEMA IF NOT EXISTS meta",
		`CREATE TABLE IF NOT EXISTS meta.partition (
			table_name VARCHAR, month VARCHAR, definition VARCHAR, inputs VARCHAR,
			content VARCHAR, row_count BIGINT, run_id BIGINT)`,
		`CREATE TABLE IF NOT EXISTS meta.text_reads (text_digest VARCHAR, tables VARCHAR)`,
		`CREATE TABLE IF NOT EXISTS meta.shared_key (table_name VARCHAR, key_columns VARCHAR, batch BIGINT, month VARCHAR, other VARCHAR)`,
		`CREATE TABLE IF NOT EXISTS meta.shared_seen (table_name VARCHAR, key_columns VARCHAR, batch BIGINT, month VARCHAR, row_count BIGINT)`,
	} {
		if err := e.Exec(ctx, s); err != nil {
			return fmt.Errorf("create meta: %w", err)
		}
	}
	return nil
}

// States returns everything remembered.
func (e *Engine) States(ctx context.Context) ([]State, error) {
	rows, err := e.Query(ctx, `SELECT table_name, month, definition, inputs, content, row_count, run_id
		FROM meta.partition ORDER BY table_name, month`)
	if err != nil {
		return nil, fmt.Errorf("read meta: %w", err)
	}
	defer rows.Close()
	var list []State
	for rows.Next() {
		var s State
		var month string
		if err := rows.Scan(&s.Table, &month, &s.Definition, &s.Inputs, &s.Content, &s.Rows, &s.Run); err != nil {
			return nil, err
		}
		if month != "" {
			if s.Month, err = models.ParseMonth(month); err != nil {
				return nil, err
			}
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// Remember stores the states of months that were just built.
func (tx *Tx) Remember(ctx context.Context, states []State) error {
	if len(states) == 0 {
		return nil
	}
	names, rows := make([]string, len(states)), make([]string, len(states))
	for i, s := range states {
		names[i] = fmt.Sprintf("(%s, %s)", quote(s.Table), quote(s.Month.String()))
		rows[i] = fmt.Sprintf("(%s, %s, %s, %s, %s, %d, %d)", quote(s.Table), quote(s.Month.String()), quote(s.Definition), quote(s.Inputs), quote(s.Content), s.Rows, s.Run)
	}
	if err := tx.Exec(ctx, "DELETE FROM meta.partition WHERE (table_name, month) IN ("+strings.Join(names, ", ")+")"); err != nil {
		return err
	}
	return tx.Exec(ctx, "INSERT INTO meta.partition VALUES "+strings.Join(rows, ", "))
}

// Forget removes what is remembered of a month.
func (tx *Tx) Forget(ctx context.Context, table string, m models.Month) error {
	return tx.Exec(ctx, "DELETE FROM meta.partition WHERE table_name = ? AND month = ?", table, m.String())
}

// Digests returns, for each month of the span that has rows, their number and
// a digest that does not depend on their order. A table that is not
// partitioned has one digest under the zero month, rows or none.
func (tx *Tx) Digests(ctx context.Context, c *models.Contract, s Span) (map[models.Month]State, error) {
	month := "''"
	if c.Partition != "" {
		month = fmt.Sprintf("strftime(%s, '%%Y-%%m')", ident(c.Partition))
	}
	rows, err := tx.Query(ctx, fmt.Sprintf(
		"SELECT %s AS month, count(*), printf('%%d-%%s', count(*), CAST(coalesce(sum(CAST(%s AS HUGEINT)), 0) AS VARCHAR)) FROM %s WHERE %s GROUP BY 1",
		month, rowDigest(c), qualified(c.Table), s.where(c.Partition)))
	if err != nil {
		return nil, fmt.Errorf("digest %s: %w", c.Table, err)
	}
	defer rows.Close()
	out := map[models.Month]State{}
	if c.Partition == "" {
		out[0] = State{Table: c.Table, Content: "0-0"}
	}
	for rows.Next() {
		var text string
		st := State{Table: c.Table}
		if err := rows.Scan(&text, &st.Rows, &st.Content); err != nil {
			return nil, err
		}
		if text != "" {
			if st.Month, err = models.ParseMonth(text); err != nil {
				return nil, err
			}
		}
		out[st.Month] = st
	}
	return out, rows.Err()
}
