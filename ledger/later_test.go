package ledger

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// A ledger of older days gets the columns that came later, and keeps its rows.
func TestOlderLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{
		`CREATE TABLE held (batch_id INTEGER NOT NULL, seq INTEGER NOT NULL, sheet TEXT NOT NULL, row INTEGER NOT NULL,
			column_name TEXT NOT NULL, rule TEXT NOT NULL, reason TEXT NOT NULL, shape TEXT NOT NULL,
			PRIMARY KEY (batch_id, seq)) WITHOUT ROWID`,
		`INSERT INTO held VALUES (9, 1, '', 7, '内容', 'required', '缺少必填的值', '')`,
	} {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	l := open(t, path)
	// The old row belongs to no batch that is known, so it is asked for directly.
	var ordinal int64
	var deleted bool
	if err := l.db.QueryRowContext(t.Context(), "SELECT ordinal, deleted FROM held WHERE batch_id = 9").Scan(&ordinal, &deleted); err != nil || ordinal != 0 || deleted {
		t.Error(ordinal, deleted, err)
	}
	commit(t, l, Batch{Source: "s", Unit: "u", Table: "ods.t", Quarantine: []Held{{Row: 3, Ordinal: 2, Deleted: true}}}, Unit{})
	list, err := l.Quarantine(t.Context(), HeldFilter{})
	if err != nil || len(list) != 1 || list[0].Ordinal != 2 || !list[0].Deleted {
		t.Error(list, err)
	}
}
