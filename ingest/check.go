package ingest

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"time"

	"zhicang/models"
	"zhicang/models/region"
	"zhicang/privacy"
)

// checker holds a source's records against the contract of their table, and
// takes the people out of them. It serves one goroutine; clone makes one for
// another.
type checker struct {
	contract *models.Contract
	system   string
	columns  []checkedColumn
	fields   []string

	// Positions among the columns.
	key        []int // of the contract's key
	partition  int
	identities []int // columns that say who somebody is: their values are also sought in the row's texts
	veiled     []int // columns that land masked or scrubbed

	loc       *time.Location
	latest    time.Time // moments after it lie in the future
	regions   *region.Tree
	known     map[string]string // regions by what was written for them; see setRegion
	pseudonym *privacy.Pseudonymizer
	scrubber  *privacy.Scrubber
	buf       []byte
	month     models.Month // the last that was written as text
	monthName string

	free *sync.Pool // of *checked whose memory can be used again
}

// checkedColumn is one contract column and where its values come from.
type checkedColumn struct {
	models.Column
	field    int     // position in the source's record; −1: constant or absent
	constant *string // for every row
	// accepted gives the contract's own spelling of each accepted value by
	// its folded one; nil: any value will do.
	accepted map[string]string
	pattern  *regexp.Regexp // that the whole value must match; nil: any value will do
	// rest marks the column of what nobody mapped.
	rest bool
}

// checked is a batch after the check: what lands, by month, and what is held.
type checked struct {
	vectors []vector
	rows    map[models.Month][]int // good rows by month, in order
	held    []heldRow
	secrets []privacy.Record // originals for the vault
	texts   texts            // pseudonyms, masks and keys
	deleted []bool           // as the batch has it
	read    int
	landed  int
	release func()
}

// heldRow is a row for quarantine together with the row itself.
type heldRow struct {
	sheet  string
	row    int64
	column string
	rule   string
	reason string
	shape  string
	raw    []byte
	cells  map[string]string // its values, by field; nil for what could not be decoded
	// deleted says that the source marks the row as deleted.
	deleted bool
	index   int // among the batch's records; -1 for what could not be decoded
}

// ordinal is the row's place among the unit's records, of which so many came in
// earlier batches; 0: it is none.
func (h *heldRow) ordinal(before int64) int64 {
	if h.index < 0 {
		return 0
	}
	return before + int64(h.index) + 1
}

// fault is one broken promise of one value.
type fault struct {
	column string
	rule   string
	reason string
	shape  string
}

func newChecker(c *models.Contract, cfg Config, l *Loader) (*checker, error) {
	ck, err := keylessChecker(c, cfg, l)
	if err != nil {
		return nil, err
	}
	ck.pseudonym, err = privacy.NewPseudonymizer(l.Keys.Pseudonym)
	return ck, err
}

// keylessChecker knows all of a checker but the pseudonyms: whether a mapping can
// keep the contract.
func keylessChecker(c *models.Contract, cfg Config, l *Loader) (*checker, error) {
	ck := &checker{
		contract: c, system: cfg.SystemName(), fields: cfg.Fields(), loc: l.Location,
		latest:  wallClock(l.Now().In(l.Location)).Add(24 * time.Hour),
		regions: l.Regions, known: map[string]string{}, scrubber: privacy.NewScrubber(), free: new(sync.Pool),
	}
	for i, col := range c.Columns {
		cc, err := ck.column(cfg, col)
		if err != nil {
			return nil, err
		}
		ck.columns = append(ck.columns, cc)
		if col.Name == c.Partition {
			ck.partition = i
		}
		if col.PII.Identity() || col.PII == models.Name || col.PII == models.Phone {
			ck.identities = append(ck.identities, i)
		}
		if col.PII != models.NotPersonal && !col.PII.Identity() {
			ck.veiled = append(ck.veiled, i)
		}
	}
	if c.Extra {
		ck.veiled = append(ck.veiled, len(ck.columns))
		ck.columns = append(ck.columns, checkedColumn{
			Column: models.Column{Name: models.ExtraColumn, Type: models.Type{Kind: models.Varchar}, PII: models.FreeText},
			field:  slices.Index(ck.fields, ExtraField), rest: true,
		})
	}
	for _, name := range c.Key {
		ck.key = append(ck.key, slices.IndexFunc(c.Columns, func(col models.Column) bool { return col.Name == name }))
	}
	return ck, nil
}

// clone gives a checker of the same contract and mapping with a state of its own.
func (ck *checker) clone() *checker {
	c := *ck
	c.known, c.pseudonym, c.scrubber, c.buf = map[string]string{}, ck.pseudonym.Clone(), privacy.NewScrubber(), nil
	return &c
}

// column finds out where a contract column's values come from, and whether its
// constant keeps the contract.
func (ck *checker) column(cfg Config, col models.Column) (checkedColumn, error) {
	cc := checkedColumn{Column: col, field: -1}
	if len(col.Accepted) > 0 {
		cc.accepted = make(map[string]string, len(col.Accepted))
		for _, v := range col.Accepted {
			cc.accepted[clean(v)] = v
		}
	}
	if col.Pattern != "" {
		var err error
		if cc.pattern, err = regexp.Compile("^(?:" + col.Pattern + ")$"); err != nil {
			return cc, fmt.Errorf("column %s: pattern: %w", col.Name, err)
		}
	}
	if f, ok := cfg.Columns[col.Name]; ok {
		cc.field = slices.Index(ck.fields, f)
		return cc, nil
	}
	v, ok := cfg.Constants[col.Name]
	switch {
	case ok:
		cc.constant = &v
	case col.Required:
		return cc, &Error{
			Source: cfg.Name, Column: col.Name,
			Err: fmt.Errorf("%s requires the column and the source maps nothing to it", ck.contract.Table),
			Try: fmt.Sprintf("add `%s: <name in the source>` to columns, or a value to constants", col.Name),
		}
	default:
		return cc, nil
	}
	faults := map[int][]fault{}
	ck.convert(&vector{}, &cc, nil, 1, faults)
	if f := faults[0]; f != nil {
		return cc, &Error{
			Source: cfg.Name, Setting: "constants." + col.Name, Err: errors.New(f[0].reason),
			Try: "every row of the source gets this value; it must keep the contract of " + ck.contract.Table,
		}
	}
	return cc, nil
}

// check judges one batch. The result refers to the batch's memory until it is
// released.
func (ck *checker) check(b Batch) *checked {
	n := int(b.Record.NumRows())
	b.Record.Retain()
	out := ck.blank()
	out.read, out.deleted = n+len(b.Faults), b.Deleted
	out.release = func() {
		b.Record.Release()
		ck.reuse(out)
	}
	cells := make([]cell, b.Record.NumCols())
	for i := range cells {
		cells[i] = newCell(b.Record.Column(i), ck.loc)
	}
	faults := make(map[int][]fault)
	for i, col := range ck.columns {
		if col.field < 0 || !ck.convertTyped(&out.vectors[i], &col, b.Record.Column(col.field), faults) {
			ck.convert(&out.vectors[i], &col, cells, n, faults)
		}
	}
	ck.deidentify(out, n, faults)
	for _, f := range b.Faults {
		out.held = append(out.held, heldRow{sheet: f.Sheet, row: f.Row, rule: "undecodable", reason: f.Reason, raw: f.Raw, index: -1})
	}
	ck.sortOut(out, b, cells, faults)
	slices.SortStableFunc(out.held, func(a, b heldRow) int { return cmp.Compare(a.row, b.row) })
	return out
}

// blank is an empty result, in used memory if there is some.
func (ck *checker) blank() *checked {
	if out, ok := ck.free.Get().(*checked); ok {
		return out
	}
	return &checked{vectors: make([]vector, len(ck.columns)), rows: map[models.Month][]int{}}
}

// reuse takes back a result that nobody refers to any more.
func (ck *checker) reuse(out *checked) {
	clear(out.secrets) // they hold on to the batch's texts
	clear(out.rows)
	*out = checked{vectors: out.vectors, rows: out.rows, secrets: out.secrets[:0]}
	ck.free.Put(out)
}

// sortOut gives every good row its month and every bad one its reasons.
func (ck *checker) sortOut(out *checked, b Batch, cells []cell, faults map[int][]fault) {
	var month models.Month
	var rows []int // of month, while the rows that follow fall into it
	for i := range len(b.Rows) {
		if fs := faults[i]; fs != nil {
			out.held = append(out.held, ck.hold(b, cells, i, fs))
			continue
		}
		if m := ck.monthOf(out.vectors[ck.partition].i64[i]); m != month {
			if rows != nil {
				out.rows[month] = rows
			}
			month, rows = m, out.rows[m]
		}
		rows = append(rows, i)
		out.landed++
	}
	if rows != nil {
		out.rows[month] = rows
	}
}

func (ck *checker) monthOf(v int64) models.Month {
	t := time.UnixMicro(v).UTC()
	if ck.columns[ck.partition].Type.Kind == models.Date {
		t = time.Unix(v*86400, 0).UTC()
	}
	return models.MonthOf(t.Year(), int(t.Month()))
}

// hold gathers everything that is wrong with a row, so that whoever mends it
// mends it once, and the row itself for the encrypted quarantine.
func (ck *checker) hold(b Batch, cells []cell, i int, fs []fault) heldRow {
	h := heldRow{index: i, sheet: b.Sheet, row: b.Rows[i], column: fs[0].column, rule: fs[0].rule, reason: fs[0].reason, shape: fs[0].shape, deleted: b.Deleted != nil && b.Deleted[i]}
	for _, f := range fs[1:] {
		h.column += "," + f.column
		h.reason += ";" + f.column + f.reason
	}
	// An absent value is written down as such: it was read, and there was none.
	raw := make(map[string]*string, len(cells))
	h.cells = make(map[string]string, len(cells))
	for j, cell := range cells {
		raw[ck.fields[j]] = nil
		if s, ok := cell(i); ok {
			raw[ck.fields[j]], h.cells[ck.fields[j]] = &s, s
		}
	}
	h.raw, _ = json.Marshal(raw) // a map of strings always marshals
	return h
}
