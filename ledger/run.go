package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// A Run is one call of the pipeline.
type Run struct {
	ID       int64
	Kind     string // run, backfill, …
	AsOf     string // the day that it reports on
	Started  string
	Finished string // "" while it runs, or when it was killed
	Result   string // ok, partial, failed
	Message  string
}

// A Step is what a run did about one source or one table.
type Step struct {
	Kind    string // source, table, publish
	Subject string
	State   string // built, skipped, failed
	Reason  string
	Rows    int64
	Held    int64
	Millis  int64
}

// BeginRun opens a run.
func (l *Ledger) BeginRun(ctx context.Context, kind, asOf string) (int64, error) {
	res, err := l.db.ExecContext(ctx, "INSERT INTO run (kind, as_of, started) VALUES (?, ?, ?)", kind, asOf, stamp(l.now()))
	if err != nil {
		return 0, fmt.Errorf("begin run: %w", err)
	}
	return res.LastInsertId()
}

// AddStep appends a step to a run.
func (l *Ledger) AddStep(ctx context.Context, run int64, s Step) error {
	_, err := l.db.ExecContext(ctx, `INSERT INTO step SELECT ?1, coalesce(max(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM step WHERE run_id = ?1`,
		run, s.Kind, s.Subject, s.State, s.Reason, s.Rows, s.Held, s.Millis)
	return err
}

// FinishRun closes a run.
func (l *Ledger) FinishRun(ctx context.Context, run int64, result, message string) error {
	_, err := l.db.ExecContext(ctx, "UPDATE run SET finished = ?, result = ?, message = ? WHERE id = ?", stamp(l.now()), result, message, run)
	return err
}

// Runs lists the newest runs, newest first.
func (l *Ledger) Runs(ctx context.Context, limit int) ([]Run, error) {
	return collect(ctx, l.db, func(r *sql.Rows, v *Run) error {
		return r.Scan(&v.ID, &v.Kind, &v.AsOf, &v.Started, &v.Finished, &v.Result, &v.Message)
	}, `SELECT id, kind, as_of, started, coalesce(finished, ''), coalesce(result, ''), coalesce(message, '')
		FROM run ORDER BY id DESC LIMIT ?`, limit)
}

// Steps lists the steps of a run in the order in which they ended.
func (l *Ledger) Steps(ctx context.Context, run int64) ([]Step, error) {
	return collect(ctx, l.db, func(r *sql.Rows, s *Step) error {
		return r.Scan(&s.Kind, &s.Subject, &s.State, &s.Reason, &s.Rows, &s.Held, &s.Millis)
	}, "SELECT kind, subject, state, reason, rows, held, millis FROM step WHERE run_id = ? ORDER BY seq", run)
}

// A Publication is one published file.
type Publication struct {
	ID      int64
	Run     int64
	AsOf    string // the day that the run reported on
	Digest  string // of everything in it: equal digests, equal rows
	Created string
	State   string // prepared, published, withdrawn
}

// States of a publication.
const (
	Prepared  = "prepared"  // its file may be half written
	Published = "published" // its file is whole
	Withdrawn = "withdrawn" // rolled back by a person; not published again by itself
)

// PreparePublication takes a number for a new publication.
func (l *Ledger) PreparePublication(ctx context.Context, run int64, digest string) (int64, error) {
	res, err := l.db.ExecContext(ctx, "INSERT INTO publication (run_id, digest, created, state) VALUES (?, ?, ?, ?)", run, digest, stamp(l.now()), Prepared)
	if err != nil {
		return 0, fmt.Errorf("prepare publication: %w", err)
	}
	return res.LastInsertId()
}

// SetPublication moves a publication to a state.
func (l *Ledger) SetPublication(ctx context.Context, id int64, state string) error {
	_, err := l.db.ExecContext(ctx, "UPDATE publication SET state = ? WHERE id = ?", state, id)
	return err
}

const publications = `SELECT p.id, p.run_id, coalesce(r.as_of, ''), p.digest, p.created, p.state
	FROM publication AS p LEFT JOIN run AS r ON r.id = p.run_id WHERE p.state <> 'prepared' ORDER BY p.id DESC`

func scanPublication(r *sql.Rows, p *Publication) error {
	return r.Scan(&p.ID, &p.Run, &p.AsOf, &p.Digest, &p.Created, &p.State)
}

// Publications lists all whole publications, newest first.
func (l *Ledger) Publications(ctx context.Context) ([]Publication, error) {
	return collect(ctx, l.db, scanPublication, publications)
}

// LatestPublication returns the newest whole publication, withdrawn or not;
// ok is false when there is none.
func (l *Ledger) LatestPublication(ctx context.Context) (p Publication, ok bool, err error) {
	list, err := collect(ctx, l.db, scanPublication, publications+" LIMIT 1")
	if err != nil || len(list) == 0 {
		return p, false, err
	}
	return list[0], true, nil
}
