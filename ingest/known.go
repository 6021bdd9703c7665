package ingest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"math/bits"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"

	"zhicang/models"
	"zhicang/privacy"
)

// known remembers which rows of a database have landed, so that a reading that
// delivers them once more lands only those that have changed, and those that
// have vanished can be told. The memory is a file of sorted entries (see
// knownfile.go) that a batch names and the ledger's commit makes valid; while a
// reading goes on, 16 bytes a remembered row of it are held.
type known struct {
	all bool // every row is remembered; otherwise those that the next reading repeats
	// whole says that a reading delivers every row that there is; otherwise what
	// it does not deliver may be there all the same.
	whole  bool
	key    []int     // where the columns of the contract's key stand among the fields
	fields []string  // and what the source calls them
	mac    hash.Hash // nobody can test a guess against what is remembered
	sum    []byte
	buf    []byte

	old    knownIndex
	fresh  *knownWriter
	passed uint32 // records and faults handed on so far: the batch_row of the last
	batch  uint32
}

// A knownEntry is one remembered row: digests of its key and of all of it, and
// where it landed. Row 0 is a record that could not be decoded.
type knownEntry struct {
	key    [12]byte
	digest uint64
	batch  uint32
	row    uint32
}

// newKnown begins a reading into the batch. Old is the file that the last
// reading left; empty: nothing is known.
func newKnown(dir, old string, batch int64, c *models.Contract, cfg Config, key privacy.Key) (*known, error) {
	p, err := privacy.NewPseudonymizer(key)
	if err != nil {
		return nil, err
	}
	k := &known{
		whole: cfg.SQL.Mode == ModeSnapshot, all: cfg.SQL.Mode == ModeSnapshot || cfg.SQL.ReconcileDeletes, mac: hmac.New(sha256.New, []byte(p.Key("rows that are known"))),
		batch: uint32(batch), fresh: &knownWriter{dir: dir, batch: batch},
	}
	fields := cfg.Fields()
	for _, name := range c.Key {
		if at := slices.Index(fields, cfg.Columns[name]); at >= 0 {
			k.key, k.fields = append(k.key, at), append(k.fields, fields[at])
		}
	}
	if old != "" {
		k.old, err = readKnownIndex(dir, old)
	}
	return k, err
}

// pass hands on what is new of a batch, and remembers it.
func (k *known) pass(b Batch, yield func(Batch) error) error {
	write := rowWriters(b.Record)
	fresh := make([]int, 0, len(b.Rows))
	for i := range b.Rows {
		again := k.all || b.Again != nil && b.Again[i]
		if !again && k.old.len() == 0 {
			fresh = append(fresh, i) // neither known nor to be
			continue
		}
		e := k.entry(write, i, b.Deleted != nil && b.Deleted[i])
		if at, ok := k.old.find(e); ok {
			if again {
				k.old.keep(at)
			}
			continue
		}
		fresh = append(fresh, i)
		if !again {
			continue
		}
		e.batch, e.row = k.batch, k.passed+uint32(len(fresh))
		if err := k.fresh.add(e); err != nil {
			return err
		}
	}
	faults, err := k.passFaults(b.Faults)
	if err != nil || len(fresh) == 0 && len(faults) == 0 {
		return err
	}
	k.passed += uint32(len(fresh) + len(faults))
	if len(fresh) == len(b.Rows) {
		b.Faults = faults
		return yield(b)
	}
	part, err := takeRows(b, fresh)
	if err != nil {
		return err
	}
	defer part.Record.Release()
	part.Faults = faults
	return yield(part)
}

func (k *known) passFaults(faults []Fault) (fresh []Fault, err error) {
	for _, f := range faults {
		e := k.digest(f.Raw)
		if at, ok := k.old.find(e); ok {
			k.old.keep(at)
			continue
		}
		fresh = append(fresh, f)
		if err := k.fresh.add(e); err != nil {
			return nil, err
		}
	}
	return fresh, nil
}

// entry digests a row. Without a key the row is its own.
func (k *known) entry(write []rowWriter, i int, deleted bool) knownEntry {
	k.buf = k.buf[:0]
	for _, w := range write {
		k.buf = w(k.buf, i)
	}
	if deleted {
		k.buf = append(k.buf, 1)
	}
	e := k.digest(k.buf)
	if len(k.key) == 0 {
		return e
	}
	k.buf = k.buf[:0]
	for _, at := range k.key {
		k.buf = write[at](k.buf, i)
	}
	e.key = k.digest(k.buf).key
	return e
}

// present notes that the source has the keys of a batch, whose columns are those
// of the key alone.
func (k *known) present(b Batch) {
	write := rowWriters(b.Record)
	for i := range b.Rows {
		k.buf = k.buf[:0]
		for _, w := range write {
			k.buf = w(k.buf, i)
		}
		k.old.meet(k.digest(k.buf))
	}
}

func (k *known) digest(b []byte) (e knownEntry) {
	k.mac.Reset()
	k.mac.Write(b)
	k.sum = k.mac.Sum(k.sum[:0])
	copy(e.key[:], k.sum)
	e.digest = binary.LittleEndian.Uint64(k.sum[len(e.key):])
	return e
}

// A rowWriter appends the i-th value of a column so that different values, and
// none, read differently.
type rowWriter func(b []byte, i int) []byte

func rowWriters(rec arrow.Record) []rowWriter {
	out := make([]rowWriter, rec.NumCols())
	for j, arr := range rec.Columns() {
		write := valueWriter(arr)
		out[j] = func(b []byte, i int) []byte {
			if arr.IsNull(i) {
				return append(b, 0)
			}
			return write(append(b, 2), i)
		}
	}
	return out
}

func valueWriter(arr arrow.Array) rowWriter {
	word := func(b []byte, x uint64) []byte { return binary.LittleEndian.AppendUint64(b, x) }
	switch a := arr.(type) {
	case *array.String:
		return func(b []byte, i int) []byte {
			s := a.Value(i)
			return append(binary.AppendUvarint(b, uint64(len(s))), s...)
		}
	case *array.Int64:
		return func(b []byte, i int) []byte { return word(b, uint64(a.Value(i))) }
	case *array.Timestamp:
		return func(b []byte, i int) []byte { return word(b, uint64(a.Value(i))) }
	case *array.Float64:
		return func(b []byte, i int) []byte { return word(b, math.Float64bits(a.Value(i))) }
	case *array.Decimal128:
		return func(b []byte, i int) []byte {
			return word(word(b, uint64(a.Value(i).HighBits())), a.Value(i).LowBits())
		}
	case *array.Date32:
		return func(b []byte, i int) []byte { return word(b, uint64(a.Value(i))) }
	}
	return func(b []byte, i int) []byte {
		s := arr.ValueStr(i)
		return append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
}

// takeRows copies some rows of a batch into one of their own.
func takeRows(b Batch, rows []int) (Batch, error) {
	part := Batch{Sheet: b.Sheet, Rows: make([]int64, len(rows))}
	for k, i := range rows {
		part.Rows[k] = b.Rows[i]
	}
	if b.Deleted != nil {
		part.Deleted = make([]bool, len(rows))
		for k, i := range rows {
			part.Deleted[k] = b.Deleted[i]
		}
	}
	columns := make([]arrow.Array, b.Record.NumCols())
	for j, arr := range b.Record.Columns() {
		var err error
		if columns[j], err = take(arr, rows); err != nil {
			return part, err
		}
		defer columns[j].Release()
	}
	part.Record = array.NewRecord(b.Record.Schema(), columns, int64(len(rows)))
	return part, nil
}

// take copies some values of an array, run by run.
func take(arr arrow.Array, rows []int) (arrow.Array, error) {
	var runs []arrow.Array
	for from := 0; from < len(rows); {
		to := from + 1
		for to < len(rows) && rows[to] == rows[to-1]+1 {
			to++
		}
		runs = append(runs, array.NewSlice(arr, int64(rows[from]), int64(rows[to-1]+1)))
		from = to
	}
	defer func() {
		for _, r := range runs {
			r.Release()
		}
	}()
	if runs == nil {
		return array.NewSlice(arr, 0, 0), nil
	}
	return array.Concatenate(runs, memory.DefaultAllocator)
}

// knownIndex finds entries of a file in memory, where they stand in the file's
// order.
type knownIndex struct {
	path    string
	keys    []uint64 // the first eight bytes of each key, ascending
	digests []uint64
	kept    []uint64 // a bit for each: it is to be remembered further
	met     []uint64 // a bit for each: the source has its key, in whatever version
}

func (x *knownIndex) len() int { return len(x.keys) }

func (x *knownIndex) keep(at int)        { x.kept[at>>6] |= 1 << (at & 63) }
func (x *knownIndex) isKept(at int) bool { return x.kept[at>>6]&(1<<(at&63)) != 0 }

func (x *knownIndex) isMet(at int) bool { return x.met[at>>6]&(1<<(at&63)) != 0 }

// meet notes that a key is there.
func (x *knownIndex) meet(e knownEntry) {
	key := binary.BigEndian.Uint64(e.key[:])
	for at := x.first(key); at < len(x.keys) && x.keys[at] == key; at++ {
		x.met[at>>6] |= 1 << (at & 63)
	}
}

// find looks for a row.
func (x *knownIndex) find(e knownEntry) (at int, ok bool) {
	key := binary.BigEndian.Uint64(e.key[:])
	for at = x.first(key); at < len(x.keys) && x.keys[at] == key; at++ {
		if x.digests[at] == e.digest {
			return at, true
		}
	}
	return 0, false
}

// first is where the entries of a key begin, or would. Digests are spread evenly, so that their value tells
// about where they stand.
func (x *knownIndex) first(key uint64) int {
	n := len(x.keys)
	guess, _ := bits.Mul64(key, uint64(n))
	at := int(guess)
	for at > 0 && x.keys[at-1] >= key {
		at--
	}
	for at < n && x.keys[at] < key {
		at++
	}
	return at
}
