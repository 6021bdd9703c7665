// Package ingest brings records from department systems into the lake: a
// Source reads them, the contract checks them, privacy takes the people out of
// them, and what is left lands as Parquet. What breaks its contract goes to
// quarantine with the reason, and never stops the rows beside it.
package ingest

import (
	"context"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
)

// A Source reads records from one configured place. The kinds of source differ
// in how they find and decode records; what a record must look like is the
// contract's business, not theirs. Every kind passes the suite in
// ingest/sourcetest.
type Source interface {
	// Units lists what could be read now, in a stable order: each file of a
	// drop folder, the one stream of an API. Listing is cheap: it reads no
	// records. A place that cannot be reached is an error; a place that holds
	// nothing is an empty list.
	Units(ctx context.Context) ([]Unit, error)

	// Read delivers the records of one unit that come after the cursor, batch
	// by batch, in the source's own order. It stops at the first error of
	// yield and returns it unchanged. A record that cannot be decoded is
	// reported in Batch.Faults and does not stop the ones behind it; a unit
	// that cannot be read at all is an *Error.
	//
	// Outcome is meaningful only when the error is nil.
	Read(ctx context.Context, u Unit, cursor string, yield func(Batch) error) (Outcome, error)
}

// A Unit is what is read, and remembered as read, as a whole.
type Unit struct {
	// Name tells the unit apart within its source, and appears in messages:
	// a file's path relative to the source's folder, an API's path.
	Name string
	// Stamp changes whenever the unit may have changed, and costs nothing to
	// compute: size and modification time of a file. A unit whose stamp is
	// the one remembered is not read again. Empty: always read, from the
	// cursor.
	Stamp string
	// Digest computes what tells the unit's content apart ("xxh3:…"). It is
	// asked for only when the stamp is new, so that a file that was merely
	// touched is not read twice, and fails for a content that has another stamp
	// by then. Nil where there is no such thing.
	Digest func(ctx context.Context) (string, error)
}

// A Batch is a run of records. It is valid until yield returns; a receiver
// that keeps the record longer must Retain it.
type Batch struct {
	// Record has exactly the columns that the source was asked for
	// (Config.Fields), in that order and under the source's names. Sources
	// of text deliver every column as string; sources with types of their own
	// deliver those. A value that is absent is null; an empty cell of a text
	// source is null too.
	Record arrow.Record
	// Sheet is the worksheet the records come from; empty elsewhere.
	Sheet string
	// Rows holds, for each record, where it stands in its unit, counted from
	// 1 as a person would count: the line of a text file on which the record
	// starts, the row of a sheet, the ordinal in a JSON array, a Parquet file
	// or an API's stream.
	Rows []int64
	// Faults are the records between these that could not be decoded.
	Faults []Fault
	// Deleted says which records their source marks as deleted; nil: none.
	Deleted []bool
	// Again says which records the next reading will deliver once more, as it
	// begins before the cursor; nil: none. Only sources that remember rows
	// (see known) tell it.
	Again []bool
}

// ExtraField, as the last of the fields that a source is asked for, stands for
// all fields of a record that nobody mapped: a JSON object of texts, in the
// source's order, without those that are empty; null where there are none.
const ExtraField = "(extra)"

// A Fault is a record that the source could not decode.
type Fault struct {
	Sheet  string
	Row    int64
	Reason string // in Chinese, for the list of held-back rows; never quotes the data
	Raw    []byte // the record as it came, for the encrypted quarantine; may be cut at 64 KiB
}

// An Outcome is what a source knows when it has read a unit to its end.
type Outcome struct {
	// Cursor is where the next Read starts. Empty: from the beginning.
	Cursor string
	// Header lists every field that the unit offered, mapped or not, sorted
	// as the source has them, so that new columns can be noticed.
	Header []string
	// Digest is what the unit's Digest says of what was read, if that came out
	// by the way; empty: it has to be asked for.
	Digest string
	// Skipped counts the rows that hold no record and were passed over: the
	// totals at the foot of a table. Blank rows are not counted.
	Skipped int64
	// Total is how many records the source itself says it has delivered, as an
	// API tells or a database counts; nil: it does not say.
	Total *int64
	// Totals are the source's own sums of what it delivered, by field, as they are
	// written: one for each row at the foot of a table that was passed over as
	// such, one of a database.
	Totals []map[string]string
}

// Error says what could not be read, where, and what to try. It never carries
// a record's content.
type Error struct {
	Source string // name in the config
	// Setting is the key of the source's config that is wrong, as in
	// "paging.type"; empty: the config is fine, and what it points to is not.
	Setting string
	Unit    string // file, path of an API; empty when the whole source is meant
	Sheet   string
	Row     int64 // 0: no particular row
	Column  string
	Err     error
	Try     string // what a person can do about it
}

func (e *Error) Error() string {
	if e.Setting != "" {
		return fmt.Sprintf("sources[%s].%s: %v", e.Source, e.Setting, e.Err)
	}
	s := "source " + e.Source
	if e.Unit != "" {
		s += ": " + e.Unit
	}
	if e.Sheet != "" {
		s += ", sheet " + e.Sheet
	}
	if e.Row > 0 {
		s += fmt.Sprintf(", row %d", e.Row)
	}
	if e.Column != "" {
		s += ", column " + e.Column
	}
	return s + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// Hint is what to try; the command line prints it after "Try: ".
func (e *Error) Hint() string { return e.Try }
