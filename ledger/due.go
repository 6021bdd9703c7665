package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// States of a due run.
const (
	DueWaiting = "waiting" // for its turn, or for its next attempt
	DueRunning = "running"
	DueDone    = "done"
	DueFailed  = "failed" // and no attempt is left
	DueSkipped = "skipped"
)

// A Due is one time at which a schedule should have run, and what became of it.
type Due struct {
	Schedule string
	At       time.Time
	State    string
	Attempts int
	Next     time.Time // earliest moment of the next attempt; zero once settled
	Run      int64     // of the last attempt; 0: none came so far
	Note     string    // why it was skipped, or what failed
}

// PutDue writes down what became of a due run, replacing what stood there.
func (l *Ledger) PutDue(ctx context.Context, d Due) error {
	_, err := l.db.ExecContext(ctx, `INSERT INTO due VALUES (?,?,?,?,?,?,?,?)
		ON CONFLICT (schedule, at) DO UPDATE SET state=excluded.state, attempts=excluded.attempts,
			next=excluded.next, run_id=excluded.run_id, note=excluded.note, changed=excluded.changed`,
		d.Schedule, stamp(d.At), d.State, d.Attempts, stampOrNone(d.Next), d.Run, d.Note, stamp(l.now()))
	if err != nil {
		return fmt.Errorf("due run of %s: %w", d.Schedule, err)
	}
	return nil
}

// LastDue returns the newest time of a schedule that is accounted for; ok is
// false when there is none.
func (l *Ledger) LastDue(ctx context.Context, schedule string) (d Due, ok bool, err error) {
	list, err := collect(ctx, l.db, scanDue, selectDue+" WHERE schedule = ? ORDER BY at DESC LIMIT 1", schedule)
	if err != nil || len(list) == 0 {
		return d, false, err
	}
	return list[0], true, nil
}

// LastSettled returns the newest due run of a schedule that was made, well or
// not.
func (l *Ledger) LastSettled(ctx context.Context, schedule string) (d Due, ok bool, err error) {
	list, err := collect(ctx, l.db, scanDue, selectDue+" WHERE schedule = ? AND state IN ('done', 'failed') ORDER BY at DESC LIMIT 1", schedule)
	if err != nil || len(list) == 0 {
		return d, false, err
	}
	return list[0], true, nil
}

// OpenDues lists the due runs that are not settled, oldest first.
func (l *Ledger) OpenDues(ctx context.Context) ([]Due, error) {
	return collect(ctx, l.db, scanDue, selectDue+" WHERE state IN ('waiting', 'running') ORDER BY at, schedule")
}

// NewestDues lists the newest due runs of all schedules, newest first.
func (l *Ledger) NewestDues(ctx context.Context, limit int) ([]Due, error) {
	return collect(ctx, l.db, scanDue, selectDue+" ORDER BY at DESC, schedule LIMIT ?", limit)
}

// Dues lists the due runs of [from, to), oldest first.
func (l *Ledger) Dues(ctx context.Context, from, to time.Time) ([]Due, error) {
	return collect(ctx, l.db, scanDue, selectDue+" WHERE at >= ? AND at < ? ORDER BY at, schedule", stamp(from), stamp(to))
}

const selectDue = "SELECT schedule, at, state, attempts, next, run_id, note FROM due"

func scanDue(r *sql.Rows, d *Due) error {
	var at, next string
	if err := r.Scan(&d.Schedule, &at, &d.State, &d.Attempts, &next, &d.Run, &d.Note); err != nil {
		return err
	}
	var err error
	if d.At, err = time.Parse(time.RFC3339, at); err != nil {
		return err
	}
	if next != "" {
		d.Next, err = time.Parse(time.RFC3339, next)
	}
	return err
}

func stampOrNone(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return stamp(t)
}

// A Condition is how something stands that people are told about when it
// changes: a source's freshness, a schedule.
type Condition struct {
	Subject string // such as "source:portal"
	State   string
	Since   string
}

// Conditions lists how everything stands that is watched, by subject.
func (l *Ledger) Conditions(ctx context.Context) ([]Condition, error) {
	return collect(ctx, l.db, scanCondition, selectCondition+" ORDER BY subject")
}

const selectCondition = "SELECT subject, state, since FROM condition"

func scanCondition(r *sql.Rows, c *Condition) error {
	return r.Scan(&c.Subject, &c.State, &c.Since)
}

// SetCondition remembers how a subject stands. Since moves only when the state
// changes.
func (l *Ledger) SetCondition(ctx context.Context, subject, state string) error {
	_, err := l.db.ExecContext(ctx, `INSERT INTO condition VALUES (?1,?2,?3,'')
		ON CONFLICT (subject) DO UPDATE SET since = CASE WHEN state = excluded.state THEN since ELSE excluded.since END, state = excluded.state`,
		subject, state, stamp(l.now()))
	return err
}
