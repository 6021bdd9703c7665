package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"zhicang/models"
)

// A publication differs from the one before in a few months of a few tables.
// So a new file begins as a copy of the newest one on the shelf, and of the months
// that came out otherwise the rows that differ are replaced in it. What a file holds of each
// month stands in it, in meta.content: the digests of meta.partition. A file
// that can't be carried on, for whatever reason, is left alone and everything
// is copied.

// maxGrowth is how much larger than after its last full copy a file may become:
// rows that were replaced leave holes, which later ones fill.
const maxGrowth = 2

// copyTo fills a new publication with all rows of the tables.
func (e *Engine) copyTo(ctx context.Context, path string, tables []*models.Contract) error {
	return e.attached(ctx, path, func() error {
		for _, c := range tables {
			if err := e.copyTable(ctx, c); err != nil {
				return err
			}
		}
		if err := e.noteContent(ctx, tables); err != nil {
			return err
		}
		if err := e.checkpoint(ctx, "pub"); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		if err := e.Exec(ctx, "CREATE OR REPLACE TABLE pub.meta.full_copy AS SELECT CAST(? AS BIGINT) AS bytes", info.Size()); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
		return nil
	})
}

// refresh fills a new publication from an earlier one.
func (e *Engine) refresh(ctx context.Context, earlier, path string, tables []*models.Contract) error {
	size, err := copyFile(earlier, path)
	if err != nil {
		return err
	}
	return e.attached(ctx, path, func() error {
		var full int64
		if err := e.conn.QueryRowContext(ctx, "SELECT bytes FROM pub.meta.full_copy").Scan(&full); err != nil {
			return err
		}
		if float64(size) > maxGrowth*float64(full) {
			return errors.New("it has grown")
		}
		if err := e.InTx(ctx, func(*Tx) error { return e.replaceChanged(ctx, tables) }); err != nil {
			return err
		}
		return e.checkpoint(ctx, "pub")
	})
}

// attached attaches a file as pub for the time of fn.
func (e *Engine) attached(ctx context.Context, path string, fn func() error) (err error) {
	if err := e.Exec(ctx, "ATTACH "+quote(path)+" AS pub"); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	defer func() {
		if detachErr := e.Exec(context.WithoutCancel(ctx), "DETACH pub"); err == nil && detachErr != nil {
			err = fmt.Errorf("publish: %w", detachErr)
		}
	}()
	return fn()
}

func (e *Engine) copyTable(ctx context.Context, c *models.Contract) error {
	if err := e.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS pub."+ident(c.Layer())); err != nil {
		return fmt.Errorf("publish %s: %w", c.Table, err)
	}
	if err := e.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE pub.%s AS SELECT * FROM %s", qualified(c.Table), qualified(c.Table))); err != nil {
		return fmt.Errorf("publish %s: %w", c.Table, err)
	}
	return nil
}

// noteContent writes down what the file holds of each month.
func (e *Engine) noteContent(ctx context.Context, tables []*models.Contract) error {
	names := make([]string, len(tables))
	for i, c := range tables {
		names[i] = quote(c.Table)
	}
	for _, s := range []string{
		"CREATE SCHEMA IF NOT EXISTS pub.meta",
		`CREATE OR REPLACE TABLE pub.meta.content AS SELECT table_name, month, content FROM meta.partition
			WHERE table_name IN (` + strings.Join(names, ", ") + `)`,
	} {
		if err := e.Exec(ctx, s); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return nil
}

// replaceChanged brings the attached file from what it holds to what the
// warehouse holds.
func (e *Engine) replaceChanged(ctx context.Context, tables []*models.Contract) error {
	changed, err := e.changedMonths(ctx)
	if err != nil {
		return err
	}
	there, err := e.shapes(ctx, "pub")
	if err != nil {
		return err
	}
	here, err := e.shapes(ctx, "")
	if err != nil {
		return err
	}
	for _, c := range tables {
		months := changed[c.Table]
		switch {
		case there[c.Table] != here[c.Table], len(c.Key) == 0 && len(months) > 0:
			err = e.copyTable(ctx, c)
		case len(months) > 0:
			_, err = takeOver(ctx, e.conn, c, "pub."+qualified(c.Table), qualified(c.Table), inMonths(c, months))
		}
		if err != nil {
			return err
		}
		if err := e.sameRows(ctx, c.Table); err != nil {
			return err
		}
		delete(there, c.Table)
	}
	for table := range there {
		if models.Layer(table) == "meta" {
			continue
		}
		if err := e.Exec(ctx, "DROP TABLE pub."+qualified(table)); err != nil {
			return err
		}
	}
	return e.noteContent(ctx, tables)
}

// changedMonths lists, by table, the months of which the attached file holds
// other rows than the warehouse, or that only one of the two has.
func (e *Engine) changedMonths(ctx context.Context) (map[string][]models.Month, error) {
	rows, err := e.Query(ctx, `SELECT coalesce(w.table_name, p.table_name), coalesce(w.month, p.month)
		FROM meta.partition AS w
		FULL JOIN pub.meta.content AS p ON p.table_name = w.table_name AND p.month = w.month
		WHERE w.content IS DISTINCT FROM p.content ORDER BY 1, 2`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	changed := map[string][]models.Month{}
	for rows.Next() {
		var table, text string
		if err := rows.Scan(&table, &text); err != nil {
			return nil, err
		}
		var m models.Month
		if text != "" {
			if m, err = models.ParseMonth(text); err != nil {
				return nil, err
			}
		}
		changed[table] = append(changed[table], m)
	}
	return changed, rows.Err()
}

// shapes describes the columns of every table of a database; "" is the
// warehouse itself.
func (e *Engine) shapes(ctx context.Context, database string) (map[string]string, error) {
	rows, err := e.Query(ctx, `SELECT concat(schema_name, '.', table_name), string_agg(concat(column_name, ' ', data_type), ', ' ORDER BY column_index)
		FROM duckdb_columns() WHERE NOT internal AND database_name = CASE WHEN $1 = '' THEN current_database() ELSE $1 END GROUP BY 1`, database)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	shapes := map[string]string{}
	for rows.Next() {
		var table, shape string
		if err := rows.Scan(&table, &shape); err != nil {
			return nil, err
		}
		shapes[table] = shape
	}
	return shapes, rows.Err()
}

// inMonths is the condition that a table's rows lie in one of some months.
func inMonths(c *models.Contract, months []models.Month) string {
	spans := make([]string, len(months))
	for i, m := range months {
		spans[i] = "(" + Span{First: m, Last: m}.where(c.Partition) + ")"
	}
	return strings.Join(spans, " OR ")
}

// sameRows makes sure that a table has as many rows in the file as it has in
// the warehouse: readers must never get a table that was put together wrongly.
func (e *Engine) sameRows(ctx context.Context, table string) error {
	var there, here int64
	if err := e.conn.QueryRowContext(ctx, fmt.Sprintf("SELECT (SELECT count(*) FROM pub.%s), (SELECT count(*) FROM %s)", qualified(table), qualified(table))).Scan(&there, &here); err != nil {
		return err
	}
	if there != here {
		return fmt.Errorf("%s has %d rows in the file and %d in the warehouse", table, there, here)
	}
	return nil
}

// copyFile copies a publication under a new name and returns its size.
func copyFile(from, to string) (size int64, err error) {
	in, err := os.Open(from)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.OpenFile(filepath.Clean(to), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	size, err = io.Copy(out, in)
	return size, errors.Join(err, out.Close())
}
