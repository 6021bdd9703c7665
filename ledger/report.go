package ledger

import (
	"context"
	"database/sql"
)

// A RunReport is a run with the sums of what it did.
type RunReport struct {
	Run
	TablesBuilt   int64
	TablesFailed  int64
	SourcesFailed int64
	Landed        int64
	Held          int64
	Publication   int64 // that it made; 0: none
}

// RunReports sums up the newest runs, newest first.
func (l *Ledger) RunReports(ctx context.Context, limit int) ([]RunReport, error) {
	return collect(ctx, l.db, func(r *sql.Rows, v *RunReport) error {
		return r.Scan(&v.ID, &v.Kind, &v.AsOf, &v.Started, &v.Finished, &v.Result, &v.Message,
			&v.TablesBuilt, &v.TablesFailed, &v.SourcesFailed, &v.Landed, &v.Held, &v.Publication)
	}, `SELECT r.id, r.kind, r.as_of, r.started, coalesce(r.finished, ''), coalesce(r.result, ''), coalesce(r.message, ''),
			count(*) FILTER (WHERE s.kind = 'table' AND s.state = 'built'),
			count(*) FILTER (WHERE s.kind = 'table' AND s.state = 'failed'),
			count(*) FILTER (WHERE s.kind = 'source' AND s.state = 'failed'),
			coalesce(sum(s.rows) FILTER (WHERE s.kind = 'source'), 0),
			coalesce(sum(s.held) FILTER (WHERE s.kind = 'source'), 0),
			coalesce((SELECT max(p.id) FROM publication AS p WHERE p.run_id = r.id AND p.state <> 'prepared'), 0)
		FROM (SELECT * FROM run ORDER BY id DESC LIMIT ?) AS r LEFT JOIN step AS s ON s.run_id = r.id
		GROUP BY r.id ORDER BY r.id DESC`, limit)
}

// A SourceReport says how one source stands with one table.
type SourceReport struct {
	Source, Table string
	Units         int64
	Batches       int64
	Landed        int64
	Held          int64  // in the newest reading of each unit
	Landing       string // when something last landed
	Checked       string // when the source was last read without an error
	State, Reason string // of the newest run that read it; "" when none did
}

// SourceReports sums up all sources that ever delivered something, by name and
// table.
func (l *Ledger) SourceReports(ctx context.Context) ([]SourceReport, error) {
	return collect(ctx, l.db, func(r *sql.Rows, s *SourceReport) error {
		return r.Scan(&s.Source, &s.Table, &s.Units, &s.Batches, &s.Landed, &s.Held, &s.Landing, &s.Checked, &s.State, &s.Reason)
	}, `SELECT b.source, b.table_name, count(DISTINCT b.unit), count(*), sum(b.landed),
			(SELECT count(*) `+heldNow+` WHERE d.source = b.source AND d.table_name = b.table_name),
			max(b.committed),
			coalesce((SELECT max(u.loaded) FROM unit AS u WHERE u.source = b.source), ''),
			coalesce((SELECT s.state FROM step AS s WHERE s.kind = 'source' AND s.subject = b.source ORDER BY s.run_id DESC LIMIT 1), ''),
			coalesce((SELECT s.reason FROM step AS s WHERE s.kind = 'source' AND s.subject = b.source ORDER BY s.run_id DESC LIMIT 1), '')
		FROM batch AS b GROUP BY b.source, b.table_name ORDER BY b.source, b.table_name`)
}

// NewestFiles are the lake's files of the newest month in which a source
// delivered to a table.
func (l *Ledger) NewestFiles(ctx context.Context, source, table string) ([]string, error) {
	return collect(ctx, l.db, func(r *sql.Rows, p *string) error { return r.Scan(p) },
		`SELECT f.path FROM batch_file AS f JOIN batch AS b ON b.id = f.batch_id
		WHERE b.source = ?1 AND b.table_name = ?2 AND f.month = (
			SELECT max(f.month) FROM batch_file AS f JOIN batch AS b ON b.id = f.batch_id WHERE b.source = ?1 AND b.table_name = ?2)
		ORDER BY f.path`, source, table)
}

// SourceState returns what the newest run that read a source came to; state is
// "" when none did.
func (l *Ledger) SourceState(ctx context.Context, source string) (state, reason string, err error) {
	list, err := collect(ctx, l.db, func(r *sql.Rows, s *Step) error { return r.Scan(&s.State, &s.Reason) },
		"SELECT state, reason FROM step WHERE kind = 'source' AND subject = ? ORDER BY run_id DESC LIMIT 1", source)
	if err != nil || len(list) == 0 {
		return "", "", err
	}
	return list[0].State, list[0].Reason, nil
}

// HeldOn counts the rows that were held back on one day, for one reason.
type HeldOn struct {
	Committed string // the batch's moment
	Source    string
	Table     string
	Column    string
	Rule      string
	Reason    string
	Rows      int64
	Open      int64 // of them, those that no newer reading of the unit replaced
}

// HeldByBatch counts held rows by batch, source, column and reason.
func (l *Ledger) HeldByBatch(ctx context.Context) ([]HeldOn, error) {
	return collect(ctx, l.db, func(r *sql.Rows, h *HeldOn) error {
		return r.Scan(&h.Committed, &h.Source, &h.Table, &h.Column, &h.Rule, &h.Reason, &h.Rows, &h.Open)
	}, `SELECT d.committed, d.source, d.table_name, h.column_name, h.rule, h.reason, count(*),
			count(u.unit)`+heldEver+`
		LEFT JOIN unit AS u ON u.source = d.source AND u.unit = d.unit AND (u.batch_id = d.id OR u.stamp = '')
		GROUP BY d.id, h.column_name, h.rule, h.reason ORDER BY d.id, h.column_name, h.rule, h.reason`)
}
