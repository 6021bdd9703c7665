package sqldb

import (
	"encoding/json"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// batch gathers rows, and those between them that could not be decoded.
type batch struct {
	columns []column
	zone    *time.Location // of times that name none; nil: they are delivered as they are
	vecs    []vec
	rows    []int64 // ordinals within the chunk, from 0
	next    int64   // ordinal of the next row
	bytes   int
	faults  []ingest.Fault
	rest    int // where the columns begin that nobody mapped; 0: there are none
}

func newBatch(columns []column, zone *time.Location) *batch {
	b := &batch{columns: columns, zone: zone, vecs: make([]vec, len(columns))}
	b.reset(512, make([]int, len(columns)))
	return b
}

func (b *batch) reset(rows int, text []int) {
	for i, c := range b.columns {
		b.vecs[i].reset(c.kind, rows, text[i])
	}
	b.rows, b.faults, b.bytes = make([]int64, 0, rows), nil, 0
}

// endRow completes a row of about so many bytes.
func (b *batch) endRow(size int) {
	b.rows = append(b.rows, b.next)
	b.next++
	b.bytes += size
}

// fault gives up the row that is being decoded: column at can't be, for the
// reason. The texts are the row's values, nil for null, for the quarantine.
func (b *batch) fault(at int, reason string, texts []*string) {
	for i := range b.vecs {
		b.vecs[i].cut(len(b.rows))
	}
	row := make(map[string]*string, len(texts))
	for i, t := range texts {
		row[b.columns[i].name] = t
	}
	raw, _ := json.Marshal(row) // a map of strings always marshals
	if len(raw) > record.MaxRaw {
		raw = raw[:record.MaxRaw]
	}
	b.faults = append(b.faults, ingest.Fault{Row: b.next, Reason: b.columns[at].name + " 列" + reason, Raw: raw})
	b.next++
	b.bytes += len(raw)
}

func (b *batch) full() bool {
	return len(b.rows)+len(b.faults) >= record.MaxRows || b.bytes >= record.MaxBytes
}

func (b *batch) empty() bool { return len(b.rows) == 0 && len(b.faults) == 0 }

// piece is a batch on its way from a reader to the one who delivers it.
type piece struct {
	vecs   []vec
	rows   []int64
	faults []ingest.Fault
	rest   vec // what nobody mapped, an object a row
}

// take hands over what was gathered and makes room for as much.
func (b *batch) take() piece {
	p := piece{vecs: append([]vec(nil), b.vecs...), rows: b.rows, faults: b.faults, rest: b.restVec()}
	text := make([]int, len(b.vecs))
	for i := range b.vecs {
		text[i] = len(b.vecs[i].text) + len(b.vecs[i].text)/16
	}
	b.reset(record.MaxRows, text)
	return p
}

// batch makes the batch that is delivered, of the first n columns under the
// names by which they were asked for; before is how many rows came before the
// piece's chunk.
func (p piece) batch(columns []column, names []string, zoned bool, before int64) ingest.Batch {
	fields, arrays := make([]arrow.Field, len(names)), make([]arrow.Array, len(names))
	for i, name := range names {
		t, v := arrow.DataType(arrow.BinaryTypes.String), &p.rest
		if name != ingest.ExtraField {
			t, v = columns[i].arrow(zoned), &p.vecs[i]
		}
		fields[i] = arrow.Field{Name: name, Type: t, Nullable: true}
		arrays[i] = v.array(t)
	}
	rec := array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(len(p.rows)))
	for _, a := range arrays {
		a.Release()
	}
	for i := range p.rows {
		p.rows[i] += before + 1
	}
	for i := range p.faults {
		p.faults[i].Row += before + 1
	}
	return ingest.Batch{Record: rec, Rows: p.rows, Faults: p.faults}
}

// addTime appends a time in microseconds to a column of dates, of times or of
// moments.
func (b *batch) addTime(at int, micros int64) (reason string) {
	day := floorDiv(micros, microsADay)
	switch {
	case day < firstDay || day > lastDay:
		return outOfCalendar
	case b.columns[at].kind == dateKind:
		b.vecs[at].addDay(int32(day))
	case b.columns[at].kind == wallKind:
		b.addWall(at, micros)
	default:
		b.vecs[at].addWhole(micros)
	}
	return ""
}

// addWall appends a date and time without a zone, in microseconds.
func (b *batch) addWall(at int, micros int64) {
	if b.zone != nil {
		micros = inZone(micros, b.zone)
	}
	b.vecs[at].addWhole(micros)
}

// inZone is the moment at which the clocks of a zone show a date and time.
func inZone(wall int64, zone *time.Location) int64 {
	t := time.UnixMicro(wall).UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone).UnixMicro()
}
