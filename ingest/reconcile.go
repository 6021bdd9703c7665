package ingest

import (
	"context"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"zhicang/ledger"
	"zhicang/models"
)

// ReconcileConfig says what is added up on both sides of a load, beside the rows,
// which always are.
type ReconcileConfig struct {
	// Sum names whole-number and DECIMAL columns of the table.
	Sum []string `yaml:"sum"`
	// Count says whether a database is asked how many rows a reading should
	// deliver, and for the sums; nil: it is. False is for queries that are too
	// dear to run twice.
	Count *bool `yaml:"count"`
}

// validate checks that the sums can be formed on both sides.
func (r ReconcileConfig) validate(cfg Config, c *models.Contract) error {
	if r.Count != nil && cfg.Type != TypeSQL {
		return &Error{Source: cfg.Name, Setting: "reconcile.count", Err: fmt.Errorf("is for type: %s", TypeSQL), Try: "leave it out: nothing but a database can be asked"}
	}
	for _, name := range r.Sum {
		col, ok := c.Column(name)
		kind := col.Type.Kind
		switch {
		case !ok || cfg.Columns[name] == "":
			return &Error{Source: cfg.Name, Setting: "reconcile.sum", Err: fmt.Errorf("%s is no mapped column", name), Try: "name columns that stand under columns: as well"}
		case kind != models.Bigint && kind != models.Integer && kind != models.Decimal || col.PII != models.NotPersonal:
			return &Error{Source: cfg.Name, Setting: "reconcile.sum", Err: fmt.Errorf("%s is %s", name, col.Type), Try: "only BIGINT, INTEGER and DECIMAL add up exactly"}
		}
	}
	return nil
}

// A tally counts a unit on the reading side, from what the source delivers and
// before anything is checked.
type tally struct {
	delivered int64 // records and faults
	passed    int64 // of them, those that were not repeated, and tombstones
	buried    int64 // tombstones, which the source did not deliver
	faults    int64 // delivered
	unread    int64 // delivered values to be added up that are no numbers
	sums      []sum
}

// A sum is one column that is added up.
type sum struct {
	column string   // of the table
	field  string   // of the source
	whole  *big.Rat // of all that was delivered
	read   *big.Rat // of what was not repeated, and of tombstones
	held   *big.Rat // of it, in rows that were held back
}

func newTally(cfg Config) *tally {
	t := &tally{}
	for _, name := range cfg.Reconcile.Sum {
		t.sums = append(t.sums, sum{column: name, field: cfg.Columns[name], whole: new(big.Rat), read: new(big.Rat), held: new(big.Rat)})
	}
	return t
}

func (t *tally) countDelivered(in *intake, yield func(Batch) error) func(Batch) error {
	return func(b Batch) error {
		t.delivered += b.Record.NumRows() + int64(len(b.Faults))
		t.faults += int64(len(b.Faults))
		for _, s := range t.sums {
			t.unread += addAll(in, b, s.field, s.whole)
		}
		return yield(b)
	}
}

func (t *tally) countPassed(in *intake, yield func(Batch) error) func(Batch) error {
	return func(b Batch) error {
		t.passed += b.Record.NumRows() + int64(len(b.Faults))
		for _, s := range t.sums {
			addAll(in, b, s.field, s.read)
		}
		return yield(b)
	}
}

// addAll adds a field of all records, and counts what is no number.
func addAll(in *intake, b Batch, field string, total *big.Rat) (unread int64) {
	read := newCell(b.Record.Column(slices.Index(in.checker.fields, field)), in.Location)
	for i := range int(b.Record.NumRows()) {
		if text, ok := read(i); ok && !isBlank(text) && !addTo(total, text) {
			unread++
		}
	}
	return unread
}

// addBuried counts tombstones.
func (t *tally) addBuried(rec arrow.Record, rows []int) {
	t.buried += int64(len(rows))
	t.passed += int64(len(rows))
	for _, s := range t.sums {
		column := landedColumn(rec, s.column)
		if column == nil {
			continue
		}
		read := newCell(column, nil)
		for _, i := range rows {
			if text, ok := read(i); ok {
				addTo(s.read, text)
			}
		}
	}
}

// addHeld adds what a held row has in the columns that are added up.
func (t *tally) addHeld(cells map[string]string) {
	for _, s := range t.sums {
		if text, ok := cells[s.field]; ok {
			addTo(s.held, text)
		}
	}
}

// addTo adds a number as it is written, exactly; false for what is none.
func addTo(total *big.Rat, text string) bool {
	plain, err := plainNumber(clean(text))
	if err != nil {
		return false
	}
	x, ok := new(big.Rat).SetString(plain)
	if ok {
		total.Add(total, x)
	}
	return ok
}

// reconcile compares what was read with what lies in the batch's files, as they
// are read back, and with what the source itself says it has.
func (in *intake) reconcile(ctx context.Context, u Unit, b *ledger.Batch, t *tally, out Outcome) error {
	landed, sums, err := reread(ctx, in.Dir, b.Files, in.cfg.Reconcile.Sum)
	if err != nil {
		return in.writeError(u, err)
	}
	fail := func(format string, args ...any) error {
		return &Error{
			Source: in.cfg.Name, Unit: u.Name, Err: fmt.Errorf(format+"; nothing of it was landed", args...),
			Try: "run again; if it stays, the source changes while it is read or its own count is wrong: ask the department, and report it if neither is so",
		}
	}
	if t.passed != landed+b.Held || b.Landed != landed {
		return fail("the rows do not add up: %d read, %d repeated, %d landed, %d held", t.delivered, t.delivered+t.buried-t.passed, landed, b.Held)
	}
	if out.Total != nil && *out.Total != t.delivered {
		return fail("the source counts %d records and delivered %d", *out.Total, t.delivered)
	}
	for i, s := range t.sums {
		if both := new(big.Rat).Add(sums[i], s.held); both.Cmp(s.read) != 0 {
			return fail("column %s does not add up: %s read, %s landed, %s held", s.column, decimal(s.read), decimal(sums[i]), decimal(s.held))
		}
		if err := t.checkTotals(s, out.Totals, fail); err != nil {
			return err
		}
	}
	return nil
}

// checkTotals compares a sum with the source's own, a database's or one at the
// foot of a table, where there is exactly one and every row could be read.
func (t *tally) checkTotals(s sum, totals []map[string]string, fail func(string, ...any) error) error {
	if len(totals) != 1 || t.faults > 0 || t.unread > 0 {
		return nil
	}
	own := new(big.Rat)
	if text, ok := totals[0][s.field]; !ok || !addTo(own, text) || own.Cmp(s.whole) == 0 {
		return nil
	}
	return fail("column %s does not add up: the source itself says %s, and its rows make %s", s.column, decimal(own), decimal(s.whole))
}

// decimal writes a sum with the places it needs.
func decimal(x *big.Rat) string {
	n, _ := x.FloatPrec()
	return x.FloatString(n)
}

// reread counts the rows of Parquet files and adds up some of their columns.
func reread(ctx context.Context, dir string, files []ledger.File, columns []string) (rows int64, sums []*big.Rat, err error) {
	sums = make([]*big.Rat, len(columns))
	for i := range sums {
		sums[i] = new(big.Rat)
	}
	for _, f := range files {
		r, err := file.OpenParquetFile(filepath.Join(dir, filepath.FromSlash(f.Path)), false)
		if err != nil {
			return 0, nil, fmt.Errorf("read back %s: %w", f.Path, err)
		}
		rows += r.NumRows()
		for i, name := range columns {
			if err = addColumn(ctx, r, name, sums[i]); err != nil {
				break
			}
		}
		if closed := r.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return 0, nil, fmt.Errorf("read back %s: %w", f.Path, err)
		}
	}
	return rows, sums, nil
}

func addColumn(ctx context.Context, r *file.Reader, name string, total *big.Rat) error {
	pr, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		return err
	}
	schema, err := pr.Schema()
	if err != nil {
		return err
	}
	at := schema.FieldIndices(name)
	if len(at) != 1 {
		return fmt.Errorf("there is no column %s", name)
	}
	for g := range r.NumRowGroups() {
		chunk, err := pr.RowGroup(g).Column(at[0]).Read(ctx)
		if err != nil {
			return err
		}
		for _, arr := range chunk.Chunks() {
			addArray(arr, total)
		}
		chunk.Release()
	}
	return nil
}

func addArray(arr arrow.Array, total *big.Rat) {
	x := new(big.Rat)
	for i := range arr.Len() {
		if arr.IsNull(i) {
			continue
		}
		switch a := arr.(type) {
		case *array.Int64:
			x.SetInt64(a.Value(i))
		case *array.Int32:
			x.SetInt64(int64(a.Value(i)))
		case *array.Decimal128:
			scale := int64(a.DataType().(*arrow.Decimal128Type).Scale)
			x.SetFrac(a.Value(i).BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(scale), nil))
		}
		total.Add(total, x)
	}
}
