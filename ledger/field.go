package ledger

import (
	"context"
	"database/sql"
)

// A NewField is a field that a source began to deliver after its first run.
type NewField struct {
	Source string
	Field  string
	Batch  int64  // in which it came first
	Since  string // when that batch was committed
}

// FieldsBefore lists every field that the batches of a source offered, mapped or
// not, in the runs before one.
func (l *Ledger) FieldsBefore(ctx context.Context, source string, run int64) ([]string, error) {
	return collect(ctx, l.db, func(r *sql.Rows, f *string) error { return r.Scan(f) },
		`SELECT DISTINCT h.value FROM batch b, json_each(b.header) h
		WHERE b.source = ? AND b.run_id < ? AND h.type = 'text' ORDER BY 1`, source, run)
}

// NewFields lists the fields that sources began to deliver after their first run,
// mapped or not, by source and batch.
func (l *Ledger) NewFields(ctx context.Context) ([]NewField, error) {
	return collect(ctx, l.db, func(r *sql.Rows, f *NewField) error {
		return r.Scan(&f.Source, &f.Field, &f.Batch, &f.Since)
	}, `WITH f AS (
			SELECT b.source, h.value AS field, min(b.run_id) AS run, min(b.id) AS batch
			FROM batch b, json_each(b.header) h WHERE h.type = 'text' GROUP BY 1, 2)
		SELECT f.source, f.field, f.batch, b.committed FROM f JOIN batch b ON b.id = f.batch
		WHERE f.run > (SELECT min(g.run) FROM f g WHERE g.source = f.source)
		ORDER BY f.source, f.batch, f.field`)
}
