package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// A Batch is one delivery: what was read of one unit of a source in one go.
type Batch struct {
	ID         int64
	Run        int64
	Source     string
	Unit       string
	Table      string
	Read       int64 // records that the source delivered, undecodable ones included
	Landed     int64 // rows in the lake
	Held       int64 // rows in quarantine
	Header     []string
	Vault      []string // paths of the vault segments, relative to the data folder
	Files      []File
	Quarantine []Held
	// Recent are keyed marks of a stream's last records, to know them again;
	// nil for files.
	Recent []string
	// Known is the path, relative to the data folder, of what is known of a
	// database's rows from now on; empty where that stays as it was.
	Known string

	Committed string
}

// A File is one Parquet file of a batch; its path is relative to the data
// folder.
type File struct {
	Month string
	Path  string
	Rows  int64
	Bytes int64
}

// Held is one row in quarantine: where it stands and which promise it breaks.
// The row itself lies encrypted in a vault segment of the batch.
type Held struct {
	Batch  int64
	Seq    int64
	Source string
	Unit   string
	Table  string
	Sheet  string
	Row    int64
	// Ordinal is the place among the batch's records, the batch_row that the row
	// would have had; 0: it was no record, or was held before places were noted.
	Ordinal int64
	// Deleted says that its source marked the row as deleted: it would have
	// landed as a deletion.
	Deleted bool
	Column  string
	Rule    string // stable name of the promise: required, type, id_card, …
	Reason  string // in Chinese, without the data
	Shape   string // what the value looks like: digits as 9, letters as A, 汉 for Chinese; "" when not about one value
}

// A Unit is what is remembered of a file or stream that was read.
type Unit struct {
	Source string
	Name   string
	Stamp  string
	Digest string
	Cursor string
	Batch  int64 // the newest batch that came of it
	Loaded string
}

// NextBatch returns the number that the next batch will have. Only one process
// writes a ledger (see Lock), so nobody else takes it meanwhile; a number
// whose batch was never committed is used again.
func (l *Ledger) NextBatch(ctx context.Context) (id int64, err error) {
	err = l.db.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) + 1 FROM batch").Scan(&id)
	return id, err
}

// CommitBatch makes a batch exist, and moves its unit's cursor with it.
func (l *Ledger) CommitBatch(ctx context.Context, b Batch, u Unit) error {
	err := l.inTx(ctx, func(tx *sql.Tx) error {
		now := stamp(l.now())
		if err := insertBatch(ctx, tx, b, now); err != nil {
			return err
		}
		if err := insertHeld(ctx, tx, b); err != nil {
			return err
		}
		if err := replaceRecent(ctx, tx, b); err != nil {
			return err
		}
		if err := replaceKnown(ctx, tx, b); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO unit VALUES (?,?,?,?,?,?,?)
			ON CONFLICT (source, unit) DO UPDATE SET stamp=excluded.stamp, digest=excluded.digest,
				cursor=excluded.cursor, batch_id=excluded.batch_id, loaded=excluded.loaded`,
			b.Source, b.Unit, u.Stamp, u.Digest, u.Cursor, b.ID, now)
		return err
	})
	if err != nil {
		return fmt.Errorf("commit batch %d: %w", b.ID, err)
	}
	return nil
}

// insertBatch notes a batch and its files.
func insertBatch(ctx context.Context, tx *sql.Tx, b Batch, now string) error {
	header, err := json.Marshal(b.Header)
	if err != nil {
		return err
	}
	vault, err := json.Marshal(b.Vault)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, "INSERT INTO batch VALUES (?,?,?,?,?,?,?,?,?,?,?)",
		b.ID, b.Run, b.Source, b.Unit, b.Table, now, b.Read, b.Landed, b.Held, string(header), string(vault)); err != nil {
		return err
	}
	for _, f := range b.Files {
		if _, err := tx.ExecContext(ctx, "INSERT INTO batch_file VALUES (?,?,?,?,?)", b.ID, f.Month, f.Path, f.Rows, f.Bytes); err != nil {
			return err
		}
	}
	return nil
}

func insertHeld(ctx context.Context, tx *sql.Tx, b Batch) error {
	if len(b.Quarantine) == 0 {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, "INSERT INTO held VALUES (?,?,?,?,?,?,?,?,?,?)")
	if err != nil {
		return err
	}
	defer stmt.Close()
	for i, h := range b.Quarantine {
		if _, err := stmt.ExecContext(ctx, b.ID, i+1, h.Sheet, h.Row, h.Column, h.Rule, h.Reason, h.Shape, h.Ordinal, h.Deleted); err != nil {
			return err
		}
	}
	return nil
}

func replaceRecent(ctx context.Context, tx *sql.Tx, b Batch) error {
	if b.Recent == nil {
		return nil
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM recent WHERE source = ? AND unit = ?", b.Source, b.Unit); err != nil {
		return err
	}
	stmt, err := tx.PrepareContext(ctx, "INSERT OR IGNORE INTO recent VALUES (?,?,?)")
	if err != nil {
		return err
	}
	defer stmt.Close()
	for _, mark := range b.Recent {
		if _, err := stmt.ExecContext(ctx, b.Source, b.Unit, mark); err != nil {
			return err
		}
	}
	return nil
}

func replaceKnown(ctx context.Context, tx *sql.Tx, b Batch) error {
	if b.Known == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO known VALUES (?,?,?,?)
		ON CONFLICT (source, unit) DO UPDATE SET batch_id = excluded.batch_id, path = excluded.path`, b.Source, b.Unit, b.ID, b.Known)
	return err
}

// KnownRows returns the path of the file that remembers the rows of a database;
// empty: there is none.
func (l *Ledger) KnownRows(ctx context.Context, source, unit string) (path string, err error) {
	err = l.db.QueryRowContext(ctx, "SELECT path FROM known WHERE source = ? AND unit = ?", source, unit).Scan(&path)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return path, err
}

// Recent returns the marks of a stream's last records.
func (l *Ledger) Recent(ctx context.Context, source, unit string) ([]string, error) {
	return collect(ctx, l.db, func(r *sql.Rows, m *string) error { return r.Scan(m) },
		"SELECT mark FROM recent WHERE source = ? AND unit = ? ORDER BY mark", source, unit)
}

// TouchUnit remembers a new stamp and cursor of a unit that has nothing new. A
// unit that has delivered nothing yet is remembered with batch 0.
func (l *Ledger) TouchUnit(ctx context.Context, u Unit) error {
	_, err := l.db.ExecContext(ctx, `INSERT INTO unit VALUES (?,?,?,?,?,0,?)
		ON CONFLICT (source, unit) DO UPDATE SET stamp=excluded.stamp, cursor=excluded.cursor, loaded=excluded.loaded`,
		u.Source, u.Name, u.Stamp, u.Digest, u.Cursor, stamp(l.now()))
	if err != nil {
		return fmt.Errorf("touch unit %s of %s: %w", u.Name, u.Source, err)
	}
	return nil
}

// Unit returns what is remembered of a unit; ok is false when it was never
// read.
func (l *Ledger) Unit(ctx context.Context, source, name string) (u Unit, ok bool, err error) {
	u = Unit{Source: source, Name: name}
	err = l.db.QueryRowContext(ctx, "SELECT stamp, digest, cursor, batch_id, loaded FROM unit WHERE source = ? AND unit = ?", source, name).
		Scan(&u.Stamp, &u.Digest, &u.Cursor, &u.Batch, &u.Loaded)
	if errors.Is(err, sql.ErrNoRows) {
		return u, false, nil
	}
	return u, err == nil, err
}

// LakeFile is what a batch has in one committed Parquet file of a table. Several
// batches may have their rows in one file, once it was compacted.
type LakeFile struct {
	Batch int64
	Month string
	Path  string
	Rows  int64
}

// LakeFiles lists the committed files of a table, by month and batch.
func (l *Ledger) LakeFiles(ctx context.Context, table string) ([]LakeFile, error) {
	return collect(ctx, l.db, func(r *sql.Rows, f *LakeFile) error {
		return r.Scan(&f.Batch, &f.Month, &f.Path, &f.Rows)
	}, `SELECT f.batch_id, f.month, f.path, f.rows FROM batch_file f JOIN batch b ON b.id = f.batch_id
		WHERE b.table_name = ? ORDER BY f.month, f.batch_id, f.path`, table)
}

// KnownPaths lists every path, relative to the data folder, that a committed
// batch names. What lies in their folders beside them was left by a
// run that was interrupted.
func (l *Ledger) KnownPaths(ctx context.Context) (map[string]bool, error) {
	list, err := collect(ctx, l.db, func(r *sql.Rows, p *string) error { return r.Scan(p) },
		"SELECT path FROM batch_file UNION ALL SELECT path FROM known UNION ALL SELECT v.value FROM batch, json_each(batch.vault) AS v WHERE v.type = 'text'")
	known := make(map[string]bool, len(list))
	for _, p := range list {
		known[p] = true
	}
	return known, err
}

// Batches lists the newest batches, newest first; limit 0 lists all.
func (l *Ledger) Batches(ctx context.Context, limit int) ([]Batch, error) {
	if limit == 0 {
		limit = -1
	}
	return collect(ctx, l.db, scanBatch, `SELECT id, run_id, source, unit, table_name, committed, read, landed, held, header, vault
		FROM batch ORDER BY id DESC LIMIT ?`, limit)
}

func scanBatch(r *sql.Rows, b *Batch) error {
	var header, vault string
	if err := r.Scan(&b.ID, &b.Run, &b.Source, &b.Unit, &b.Table, &b.Committed, &b.Read, &b.Landed, &b.Held, &header, &vault); err != nil {
		return err
	}
	return errors.Join(json.Unmarshal([]byte(header), &b.Header), json.Unmarshal([]byte(vault), &b.Vault))
}

// SourceHealth sums up what came from a source.
type SourceHealth struct {
	Source     string
	Table      string
	Units      int64
	Batches    int64
	Landed     int64
	Held       int64
	LastLoaded string
}

// Sources sums up all sources that ever delivered something, by name.
func (l *Ledger) Sources(ctx context.Context) ([]SourceHealth, error) {
	return collect(ctx, l.db, func(r *sql.Rows, s *SourceHealth) error {
		return r.Scan(&s.Source, &s.Table, &s.Units, &s.Batches, &s.Landed, &s.Held, &s.LastLoaded)
	}, `SELECT b.source, max(b.table_name), count(DISTINCT b.unit), count(*), sum(b.landed),
			(SELECT count(*) `+heldNow+` WHERE d.source = b.source),
			(SELECT max(loaded) FROM unit u WHERE u.source = b.source)
		FROM batch b GROUP BY b.source ORDER BY b.source`)
}

// HeldFilter narrows a list of held rows; zero fields do not.
type HeldFilter struct {
	// All lists also what earlier readings of a file held back that was read
	// again since: mended, or written over.
	All    bool
	Source string
	Rule   string
	Batch  int64
	Seq    int64
	Limit  int
}

// heldNow joins the held rows that still matter: of a unit that was read again
// as a whole, which a stamp tells, only those of its newest reading.
const heldNow = heldEver + `
	JOIN unit u ON u.source = d.source AND u.unit = d.unit AND (u.batch_id = d.id OR u.stamp = '')`

const heldEver = ` FROM held h JOIN batch d ON d.id = h.batch_id`

const heldFilter = `
	WHERE (?1 = '' OR d.source = ?1) AND (?2 = '' OR h.rule = ?2) AND (?3 = 0 OR h.batch_id = ?3) AND (?4 = 0 OR h.seq = ?4)`

// Quarantine lists held rows, newest batch first.
func (l *Ledger) Quarantine(ctx context.Context, f HeldFilter) ([]Held, error) {
	limit := f.Limit
	if limit == 0 {
		limit = -1
	}
	from := heldNow
	if f.All {
		from = heldEver
	}
	return collect(ctx, l.db, func(r *sql.Rows, h *Held) error {
		return r.Scan(&h.Batch, &h.Seq, &h.Source, &h.Unit, &h.Table, &h.Sheet, &h.Row, &h.Column, &h.Rule, &h.Reason, &h.Shape, &h.Ordinal, &h.Deleted)
	}, `SELECT h.batch_id, h.seq, d.source, d.unit, d.table_name, h.sheet, h.row, h.column_name, h.rule, h.reason, h.shape, h.ordinal, h.deleted`+
		from+heldFilter+` ORDER BY h.batch_id DESC, h.seq LIMIT ?5`, f.Source, f.Rule, f.Batch, f.Seq, limit)
}

// HeldBefore counts the rows that earlier readings held back of files that
// were read again since.
func (l *Ledger) HeldBefore(ctx context.Context) (n int64, err error) {
	err = l.db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM held) - (SELECT count(*)"+heldNow+")").Scan(&n)
	return n, err
}

// HeldSum counts held rows that broke one promise in one source.
type HeldSum struct {
	Source string
	Column string
	Rule   string
	Reason string
	Rows   int64
}

// QuarantineSums counts held rows by source, column and reason, most first.
func (l *Ledger) QuarantineSums(ctx context.Context) ([]HeldSum, error) {
	return collect(ctx, l.db, func(r *sql.Rows, s *HeldSum) error {
		return r.Scan(&s.Source, &s.Column, &s.Rule, &s.Reason, &s.Rows)
	}, `SELECT d.source, h.column_name, h.rule, h.reason, count(*)`+heldNow+heldFilter+`
		GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4`, "", "", 0, 0)
}
