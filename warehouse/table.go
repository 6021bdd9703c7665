package warehouse

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"zhicang/models"
)

// Span is a run of calendar months, both ends included. The zero Span is the
// whole of a table that is not partitioned.
type Span struct {
	First, Last models.Month
}

// Whole reports whether the span is a table that is not partitioned.
func (s Span) Whole() bool { return s == Span{} }

func (s Span) String() string {
	switch {
	case s.Whole():
		return "all"
	case s.First == s.Last:
		return s.First.String()
	}
	return s.First.String() + "…" + s.Last.String()
}

// where is the condition that a partitioned table's rows lie in the span.
func (s Span) where(partition string) string {
	if s.Whole() || partition == "" {
		return "true"
	}
	col := ident(partition)
	return fmt.Sprintf("%s >= DATE '%s' AND %s < DATE '%s'", col, s.First.FirstDay(), col, (s.Last + 1).FirstDay())
}

// CreateTable creates the table of a contract, empty, dropping the one that
// is there.
func (tx *Tx) CreateTable(ctx context.Context, c *models.Contract) error {
	if err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+ident(c.Layer())); err != nil {
		return err
	}
	cols := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		cols[i] = ident(col.Name) + " " + col.Type.String()
	}
	return tx.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE TABLE %s (%s)", qualified(c.Table), strings.Join(cols, ", ")))
}

// DropTable removes a table and what is remembered of it.
func (tx *Tx) DropTable(ctx context.Context, table string) error {
	if err := tx.Exec(ctx, "DROP TABLE IF EXISTS "+qualified(table)); err != nil {
		return err
	}
	return tx.Exec(ctx, "DELETE FROM meta.partition WHERE table_name = ?", table)
}

// Clear deletes the rows of a span.
func (tx *Tx) Clear(ctx context.Context, c *models.Contract, s Span) error {
	return tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s WHERE %s", qualified(c.Table), s.where(c.Partition)))
}

// Insert adds what a SELECT returns for the span; what it returns beyond the
// span is left out, as it belongs to months that are not being built.
func (tx *Tx) Insert(ctx context.Context, c *models.Contract, s Span, selectText string) error {
	return tx.Exec(ctx, fmt.Sprintf("INSERT INTO %s SELECT %s FROM (\n%s\n) AS model WHERE %s",
		qualified(c.Table), columnList(c), selectText, s.where(c.Partition)))
}

// A Slice is a view of an upstream table cut to the months that a build may
// see, under the same name in a schema of its own.
type Slice struct {
	Table     string
	Partition string
	Span      Span
	// Days, if not 0, is how many of the days of the span's first month are
	// seen, its last ones.
	Days int
	// Files are the lake's files of these months, for an ods table.
	Files []string
	// Columns are the landed columns of an ods table.
	Columns []models.Column
	// Elsewhere are files of other months, of which the rows are seen that have
	// the same values in the columns Same as a row of Files.
	Elsewhere []string
	Same      []string
}

// Slice makes the view and returns its qualified name. It vanishes with
// Unslice, or when the transaction is rolled back.
func (tx *Tx) Slice(ctx context.Context, s Slice) (string, error) {
	schema, err := tx.sliceSchema(ctx, models.Layer(s.Table))
	if err != nil {
		return "", err
	}
	_, name, _ := strings.Cut(s.Table, ".")
	body := "SELECT * FROM " + qualified(s.Table)
	if s.Columns != nil {
		body = lakeSelect(s.Columns, s.Files)
		if len(s.Elsewhere) > 0 {
			keys := make([]string, len(s.Same))
			for i, k := range s.Same {
				keys[i] = ident(k)
			}
			body = fmt.Sprintf("%s UNION ALL SELECT * FROM (%s) SEMI JOIN (%s) USING (%s)",
				body, lakeSelect(s.Columns, s.Elsewhere), body, strings.Join(keys, ", "))
		}
	}
	if s.Partition != "" && !s.Span.Whole() {
		body = "SELECT * FROM (" + body + ") WHERE " + s.Span.where(s.Partition)
		if s.Days > 0 {
			body += fmt.Sprintf(" AND %s >= DATE '%s' - %d", ident(s.Partition), (s.Span.First + 1).FirstDay(), s.Days)
		}
	}
	view := schema + "." + ident(name)
	return view, tx.Exec(ctx, "CREATE OR REPLACE VIEW "+view+" AS "+body)
}

// Unslice removes every slice.
func (tx *Tx) Unslice(ctx context.Context) error {
	for schema := range tx.slices {
		if err := tx.Exec(ctx, "DROP SCHEMA "+schema+" CASCADE"); err != nil {
			return err
		}
	}
	clear(tx.slices)
	return nil
}

// sliceSchema makes the schema of the slices of a layer's tables.
func (tx *Tx) sliceSchema(ctx context.Context, layer string) (string, error) {
	schema := "slice_" + layer
	if tx.slices[schema] {
		return schema, nil
	}
	if tx.slices == nil {
		tx.slices = map[string]bool{}
	}
	tx.slices[schema] = true
	return schema, tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+schema)
}

// CreateLakeView makes the view of an ods table over its committed files. One that
// is there of the same text stays, as making it opens every file.
func (e *Engine) CreateLakeView(ctx context.Context, c *models.Contract, files []string) error {
	text := lakeSelect(c.LandedColumns(), files)
	sum := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(sum[:])
	var was string
	err := e.conn.QueryRowContext(ctx, "SELECT coalesce(max(comment), '') FROM duckdb_views() WHERE NOT internal AND schema_name || '.' || view_name = ?", c.Table).Scan(&was)
	if err != nil || was == digest {
		return err
	}
	for _, stmt := range []string{
		"CREATE SCHEMA IF NOT EXISTS ods",
		"CREATE OR REPLACE VIEW " + qualified(c.Table) + " AS " + text,
		"COMMENT ON VIEW " + qualified(c.Table) + " IS " + quote(digest),
	} {
		if err := e.Exec(ctx, stmt); err != nil {
			return err
		}
	}
	return nil
}

// lakeSelect reads Parquet files under a contract's columns: those that a file
// of older days lacks are NULL, those that the contract dropped are not seen.
func lakeSelect(cols []models.Column, files []string) string {
	names, typed := make([]string, len(cols)), make([]string, len(cols))
	for i, c := range cols {
		names[i] = ident(c.Name)
		typed[i] = fmt.Sprintf("CAST(NULL AS %s) AS %s", c.Type, ident(c.Name))
	}
	shape := "SELECT " + strings.Join(typed, ", ") + " WHERE false"
	if len(files) == 0 {
		return shape
	}
	quoted := make([]string, len(files))
	for i, f := range files {
		quoted[i] = quote(f)
	}
	return fmt.Sprintf("SELECT %s FROM (%s UNION ALL BY NAME SELECT * FROM read_parquet([%s], union_by_name = true, hive_partitioning = false))",
		strings.Join(names, ", "), shape, strings.Join(quoted, ", "))
}

// CheckColumns compares what a SELECT returns with what its contract says, in
// names and types, before anything is written.
func (tx *Tx) CheckColumns(ctx context.Context, c *models.Contract, selectText string) error {
	rows, err := tx.Query(ctx, "DESCRIBE "+selectText)
	if err != nil {
		return err
	}
	defer rows.Close()
	got := map[string]string{}
	for rows.Next() {
		var name, typ string
		var rest [4]any
		if err := rows.Scan(&name, &typ, &rest[0], &rest[1], &rest[2], &rest[3]); err != nil {
			return err
		}
		got[name] = typ
	}
	if err := rows.Err(); err != nil {
		return err
	}
	var wrong []string
	for _, col := range c.Columns {
		typ, ok := got[col.Name]
		delete(got, col.Name)
		switch {
		case !ok:
			wrong = append(wrong, fmt.Sprintf("%s is missing", col.Name))
		case typ != col.Type.String():
			wrong = append(wrong, fmt.Sprintf("%s is %s, the contract says %s", col.Name, typ, col.Type))
		}
	}
	for name := range got {
		wrong = append(wrong, name+" is not in the contract")
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return &Error{
			Table: c.Table,
			Err:   fmt.Errorf("the SQL does not return what the contract %s says: %s", c.File, strings.Join(wrong, "; ")),
			Try:   "CAST the columns in the SQL, or mend the contract",
		}
	}
	return nil
}

// Own makes a view of a table's own rows of the span, for checks that are
// SELECTs, and returns its name. It goes with Unslice.
func (tx *Tx) Own(ctx context.Context, c *models.Contract, s Span) (string, error) {
	schema, err := tx.sliceSchema(ctx, c.Layer())
	if err != nil {
		return "", err
	}
	_, name, _ := strings.Cut(c.Table, ".")
	view := schema + "." + ident(name)
	return view, tx.Exec(ctx, fmt.Sprintf("CREATE OR REPLACE VIEW %s AS SELECT * FROM %s WHERE %s", view, qualified(c.Table), s.where(c.Partition)))
}

// exampleRows is how many offending rows a failed check names.
const exampleRows = 3

// Offending counts the rows of a span that break one promise, and names a few
// of them by the columns of their key that are not personal. Exactly one of
// where (a condition of an offending row), unique (columns that together occur
// once in the whole table, where NULL is like NULL) and empty (a SELECT of
// offending rows, over the view that Own makes) is set.
func (tx *Tx) Offending(ctx context.Context, c *models.Contract, s Span, pending []Span, where string, unique []string, empty string) (n int64, examples []string, err error) {
	mine := fmt.Sprintf("(SELECT * FROM %s WHERE %s)", qualified(c.Table), s.where(c.Partition))
	var from string
	switch {
	case where != "":
		from = fmt.Sprintf("%s AS t WHERE %s", mine, where)
	case unique != nil:
		cols, alike := make([]string, len(unique)), make([]string, len(unique))
		for i, u := range unique {
			cols[i] = ident(u)
			alike[i] = fmt.Sprintf("t.%s IS NOT DISTINCT FROM mine.%s", cols[i], cols[i])
		}
		list := strings.Join(cols, ", ")
		// A key of these months may stand in another month already, so the
		// keys are looked for in the whole table. Months that are still to be
		// built do not count: their rows are on their way out.
		rest := "true"
		for _, p := range pending {
			rest += " AND NOT (" + p.where(c.Partition) + ")"
		}
		if slices.Contains(unique, c.Partition) {
			rest = s.where(c.Partition) // no other month has a key with this day
		}
		from = fmt.Sprintf("(SELECT %s FROM (SELECT * FROM %s WHERE %s) AS t SEMI JOIN %s AS mine ON %s GROUP BY %s HAVING count(*) > 1) AS t",
			list, qualified(c.Table), rest, mine, strings.Join(alike, " AND "), list)
		if slices.Contains(unique, c.Partition) || s.Whole() {
			// All rows that could share a key with one of the span lie in it, and where
			// no two digests of keys are alike, no two keys are.
			var rows, digests int64
			if err := tx.conn.QueryRowContext(ctx, fmt.Sprintf("SELECT count(*), count(DISTINCT hash(%s)) FROM %s", list, mine)).Scan(&rows, &digests); err != nil || rows == digests {
				return 0, nil, err
			}
			from = fmt.Sprintf("(SELECT %s FROM %s GROUP BY %s HAVING count(*) > 1) AS t", list, mine, list)
		}
	default:
		from = "(" + empty + ") AS t"
	}
	if err := tx.conn.QueryRowContext(ctx, "SELECT count(*) FROM "+from).Scan(&n); err != nil || n == 0 {
		return n, nil, err
	}
	examples, err = tx.name(ctx, c, from, unique)
	return n, examples, err
}

// name shows a few offending rows by their key.
func (tx *Tx) name(ctx context.Context, c *models.Contract, from string, unique []string) ([]string, error) {
	keys := c.Key
	if unique != nil {
		keys = unique
	}
	var parts []string
	for _, k := range keys {
		if col, _ := c.Column(k); col.PII == models.NotPersonal {
			parts = append(parts, fmt.Sprintf("%s || coalesce(CAST(%s AS VARCHAR), 'NULL')", quote(k+"="), ident(k)))
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, fmt.Sprintf("SELECT %s FROM %s ORDER BY 1 LIMIT %d", strings.Join(parts, " || ' ' || "), from, exampleRows))
	if err != nil {
		// A check of its own need not return the key.
		return nil, nil
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// Quote is a string as an SQL literal.
func Quote(s string) string { return quote(s) }

// Ident is a name as an SQL identifier.
func Ident(s string) string { return ident(s) }
