package warehouse

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"zhicang/models"
)

// rebuilt is the temporary table of the rows that a SELECT returned for a span,
// differs that of the rows in which they and those that are there differ.
const (
	rebuilt = "temp.main.rebuilt"
	differs = "temp.main.differs"
)

// Replace makes the rows of a span those that a SELECT returns for it. Only what
// differs is written: a row that came out as it was stays where it lies, and is
// neither logged nor compressed again. It reports whether any row changed.
//
// The contract has a key, so that no row is there twice. Rows are told apart by
// their digests of 64 bits, as months are in what is remembered of them.
func (tx *Tx) Replace(ctx context.Context, c *models.Contract, s Span, selectText string) (changed bool, err error) {
	if err := tx.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TEMP TABLE rebuilt AS SELECT * FROM (\n%s\n) AS model WHERE %s", selectText, s.where(c.Partition))); err != nil {
		return false, err
	}
	if err := tx.CheckColumns(ctx, c, "SELECT * FROM "+rebuilt); err != nil {
		return false, err
	}
	if changed, err = takeOver(ctx, tx.conn, c, qualified(c.Table), rebuilt, s.where(c.Partition)); err != nil {
		return false, err
	}
	return changed, tx.Exec(ctx, "DROP TABLE "+rebuilt)
}

// takeOver makes the rows of a table that a condition holds for those of another
// table, and reports whether there was a difference. No row of the first is there
// twice.
func takeOver(ctx context.Context, conn *sql.Conn, c *models.Contract, table, from, where string) (changed bool, err error) {
	columns := columnList(c)
	err = exec(ctx, conn, fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE differs AS SELECT was.row AS old, now.row AS new
		FROM (SELECT rowid AS row, %[3]s AS digest FROM %[1]s WHERE %[2]s) AS was
		FULL JOIN (SELECT rowid AS row, %[3]s AS digest FROM %[4]s WHERE %[2]s) AS now ON now.digest = was.digest
		WHERE was.row IS NULL OR now.row IS NULL`, table, where, rowDigest(c), from))
	if err != nil {
		return false, err
	}
	if err := conn.QueryRowContext(ctx, "SELECT count(*) > 0 FROM "+differs).Scan(&changed); err != nil {
		return false, err
	}
	insert := fmt.Sprintf("INSERT INTO %s SELECT %s FROM %s WHERE ", table, columns, from)
	if changed {
		if err := exec(ctx, conn, fmt.Sprintf("DELETE FROM %s WHERE rowid IN (SELECT old FROM %s WHERE old IS NOT NULL)", table, differs)); err != nil {
			return false, err
		}
		if err := exec(ctx, conn, insert+fmt.Sprintf("rowid IN (SELECT new FROM %s WHERE new IS NOT NULL)", differs)); err != nil {
			return false, err
		}
	}
	if err := exec(ctx, conn, "DROP TABLE "+differs); err != nil {
		return false, err
	}
	// A row that was there once and is now twice differs from nothing: then all of
	// it is written, for the check of the key to find.
	var there, wanted int64
	if err := conn.QueryRowContext(ctx, fmt.Sprintf("SELECT (SELECT count(*) FROM %s WHERE %s), (SELECT count(*) FROM %s WHERE %s)", table, where, from, where)).Scan(&there, &wanted); err != nil {
		return false, err
	}
	if there == wanted {
		return changed, nil
	}
	if err := exec(ctx, conn, fmt.Sprintf("DELETE FROM %s WHERE %s", table, where)); err != nil {
		return false, err
	}
	return true, exec(ctx, conn, insert+where)
}

func exec(ctx context.Context, conn *sql.Conn, text string) error {
	_, err := conn.ExecContext(ctx, text)
	return err
}

// rowDigest is the digest of a row, of 64 bits. The engine's hash of a list does not
// tell one without values from none, so that its length counts as well.
func rowDigest(c *models.Contract) string {
	parts := columnList(c)
	for _, col := range c.Columns {
		if col.Type.Kind == models.VarcharList || col.Type.Kind == models.DoubleList {
			parts += ", coalesce(len(" + ident(col.Name) + "), -1)"
		}
	}
	return "hash(" + parts + ")"
}

// columnList is the columns of a contract, for a SELECT.
func columnList(c *models.Contract) string {
	names := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		names[i] = ident(col.Name)
	}
	return strings.Join(names, ", ")
}
