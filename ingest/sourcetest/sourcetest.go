// Package sourcetest is the suite that every kind of ingest.Source passes:
// what the interface promises, asked of a source over records that the test
// chose.
package sourcetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"zhicang/ingest"
)

// Data is a table that a harness puts where its source reads.
type Data struct {
	// Header names the columns, each once.
	Header []string
	// Rows hold a value for each column; an empty one is a null.
	Rows [][]string
	// Broken are the indexes of rows to be written so that they cannot be
	// decoded, while those around them can.
	Broken []int
}

// IsBroken says whether row i is to be written broken.
func (d Data) IsBroken(i int) bool { return slices.Contains(d.Broken, i) }

// A Place is where some data lies, and a source that reads it.
type Place struct {
	Source ingest.Source
	// Append adds records behind those that are there. Nil where a source
	// keeps no cursor, and reads what has changed as a whole.
	Append func(t *testing.T, rows [][]string)
}

// A Harness makes places of one kind.
type Harness struct {
	// Open puts the data into a fresh place, and opens a source named
	// SourceName that asks for the fields. The place holds one unit.
	Open func(t *testing.T, d Data, fields []string) Place
	// Position is where row i stands; nil: i+1.
	Position func(d Data, i int) int64
	// NoFaults says that the kind has no record that can be broken by itself.
	NoFaults bool
	// FoundLate says that a missing column shows only at the unit's end, and
	// not at all in a unit without records.
	FoundLate bool
	// Rest says that the kind delivers ingest.ExtraField.
	Rest bool
	// Counts says that the kind always tells Outcome.Total.
	Counts bool
}

// SourceName is the name under which a harness opens its sources.
const SourceName = "suite"

// MaxRows bounds the records of a batch.
const MaxRows = 8192

// canary stands in values; no message may hold it.
const canary = "CANARY-7731"

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	if h.Position == nil {
		h.Position = func(_ Data, i int) int64 { return int64(i) + 1 }
	}
	t.Run("every record once and in order", h.testEveryRecord)
	t.Run("asked fields in asked order", h.testFields)
	t.Run("reading twice gives the same", h.testTwice)
	t.Run("empty unit", h.testEmpty)
	t.Run("large unit in bounded batches", h.testLarge)
	t.Run("retained batches stay as they were", h.testRetain)
	t.Run("faults between good rows", h.testFaults)
	t.Run("cancelled context", h.testCancel)
	t.Run("error of yield", h.testYieldError)
	t.Run("missing field", h.testMissing)
	t.Run("the rest of a record", h.testRest)
	t.Run("cursor", h.testCursor)
	t.Run("units", h.testUnits)
}

// messages is a table of n invented messages, with what tables of messages
// hold: Chinese, commas, quotes, leading zeros, absent values.
func messages(n int) Data {
	d := Data{Header: []string{"留言编号", "留言主题", "留言详情", "点赞数", "留言时间"}}
	for i := range n {
		body := fmt.Sprintf("第%d条：路灯不亮，\"急\"；请处理 %s", i, canary)
		if i%7 == 3 {
			body = ""
		}
		d.Rows = append(d.Rows, []string{
			fmt.Sprintf("%06d", i+1), fmt.Sprintf("主题, %d", i), body, fmt.Sprint(i % 50),
			fmt.Sprintf("2024-%02d-%02d %02d:%02d:%02d", 1+i/2419200%12, 1+i/86400%28, i/3600%24, i/60%60, i%60),
		})
	}
	return d
}

// row is a record as the suite compares it; a null is empty.
type row struct {
	Position int64
	Values   []string
}

// read is everything that one Read delivered.
type read struct {
	Rows    []row
	Faults  []ingest.Fault
	Batches int
	Outcome ingest.Outcome
}

func (h Harness) unit(t *testing.T, src ingest.Source) ingest.Unit {
	t.Helper()
	units, err := src.Units(t.Context())
	if err != nil {
		t.Fatalf("Units: %v", err)
	}
	if len(units) != 1 {
		t.Fatalf("the place has %d units, want 1", len(units))
	}
	return units[0]
}

// readAll reads the unit from the cursor, and checks each batch by itself.
func (h Harness) readAll(t *testing.T, src ingest.Source, fields []string, cursor string) read {
	t.Helper()
	var out read
	var err error
	out.Outcome, err = src.Read(t.Context(), h.unit(t, src), cursor, func(b ingest.Batch) error {
		out.Batches++
		checkBatch(t, b, fields)
		for i := range int(b.Record.NumRows()) {
			r := row{Position: b.Rows[i], Values: make([]string, len(fields))}
			for c := range fields {
				if col := b.Record.Column(c); !col.IsNull(i) {
					r.Values[c] = strings.Clone(col.ValueStr(i))
				}
			}
			out.Rows = append(out.Rows, r)
		}
		out.Faults = append(out.Faults, b.Faults...)
		return nil
	})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	switch total := out.Outcome.Total; {
	case total == nil && h.Counts:
		t.Error("the source does not say how many records it has delivered")
	case total != nil && *total != int64(len(out.Rows)+len(out.Faults)):
		t.Errorf("the source counts %d records and delivered %d, and %d faults", *total, len(out.Rows), len(out.Faults))
	}
	return out
}

func checkBatch(t *testing.T, b ingest.Batch, fields []string) {
	t.Helper()
	if n := b.Record.NumRows(); n != int64(len(b.Rows)) {
		t.Errorf("a batch has %d records and %d positions", n, len(b.Rows))
	}
	if len(b.Rows) > MaxRows {
		t.Errorf("a batch has %d records, more than %d", len(b.Rows), MaxRows)
	}
	var names []string
	for _, f := range b.Record.Schema().Fields() {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff(fields, names); diff != "" {
		t.Errorf("columns of a batch (-asked +got):\n%s", diff)
	}
	for _, f := range b.Faults {
		if f.Reason == "" || strings.Contains(f.Reason, canary) {
			t.Errorf("a fault's reason is %q: it must say why, without the data", f.Reason)
		}
	}
}

// want is what reading the data's columns should give.
func (h Harness) want(d Data, fields []string) []row {
	var out []row
	for i, values := range d.Rows {
		if d.IsBroken(i) {
			continue
		}
		r := row{Position: h.Position(d, i)}
		for _, f := range fields {
			r.Values = append(r.Values, values[slices.Index(d.Header, f)])
		}
		out = append(out, r)
	}
	return out
}

func (h Harness) testEveryRecord(t *testing.T) {
	d := messages(100)
	got := h.readAll(t, h.Open(t, d, d.Header).Source, d.Header, "")
	if diff := cmp.Diff(h.want(d, d.Header), got.Rows); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if len(got.Faults) > 0 {
		t.Errorf("%d faults in whole data", len(got.Faults))
	}
	if diff := cmp.Diff(d.Header, got.Outcome.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func (h Harness) testFields(t *testing.T) {
	d := messages(20)
	fields := []string{"点赞数", "留言编号", "留言时间"}
	got := h.readAll(t, h.Open(t, d, fields).Source, fields, "")
	if diff := cmp.Diff(h.want(d, fields), got.Rows); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(d.Header, got.Outcome.Header); diff != "" {
		t.Errorf("the header names all fields, asked for or not (-want +got):\n%s", diff)
	}
}

func (h Harness) testTwice(t *testing.T) {
	d := messages(300)
	src := h.Open(t, d, d.Header).Source
	first, second := h.readAll(t, src, d.Header, ""), h.readAll(t, src, d.Header, "")
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("reads (-first +second):\n%s", diff)
	}
}

func (h Harness) testEmpty(t *testing.T) {
	d := messages(0)
	got := h.readAll(t, h.Open(t, d, d.Header).Source, d.Header, "")
	if len(got.Rows) > 0 || len(got.Faults) > 0 {
		t.Errorf("an empty unit has %d records and %d faults", len(got.Rows), len(got.Faults))
	}
}

func (h Harness) testLarge(t *testing.T) {
	d := messages(20_000)
	fields := []string{"留言编号"}
	got := h.readAll(t, h.Open(t, d, fields).Source, fields, "")
	if diff := cmp.Diff(h.want(d, fields), got.Rows); diff != "" {
		t.Errorf("records (-want +got):\n%.2000s", diff)
	}
	if got.Batches < 3 {
		t.Errorf("20,000 records came in %d batches of at most %d", got.Batches, MaxRows)
	}
}

func (h Harness) testRetain(t *testing.T) {
	d := messages(20_000)
	fields := []string{"留言主题"}
	src := h.Open(t, d, fields).Source
	var kept []ingest.Batch
	_, err := src.Read(t.Context(), h.unit(t, src), "", func(b ingest.Batch) error {
		b.Record.Retain()
		kept = append(kept, b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for _, b := range kept {
		for r := range int(b.Record.NumRows()) {
			if got := b.Record.Column(0).ValueStr(r); got != d.Rows[i][1] {
				t.Fatalf("record %d of a retained batch became %q, was %q", i, got, d.Rows[i][1])
			}
			i++
		}
		b.Record.Release()
	}
	if i != len(d.Rows) {
		t.Errorf("%d records, want %d", i, len(d.Rows))
	}
}

func (h Harness) testFaults(t *testing.T) {
	if h.NoFaults {
		t.Skip("no record of this kind can be broken by itself")
	}
	d := messages(30)
	d.Broken = []int{4, 11, 12, 29}
	got := h.readAll(t, h.Open(t, d, d.Header).Source, d.Header, "")
	if diff := cmp.Diff(h.want(d, d.Header), got.Rows); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	var at, want []int64
	for _, f := range got.Faults {
		at = append(at, f.Row)
		if len(f.Raw) == 0 {
			t.Errorf("the fault at %d keeps nothing of the record", f.Row)
		}
	}
	for _, i := range d.Broken {
		want = append(want, h.Position(d, i))
	}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("positions of faults (-want +got):\n%s", diff)
	}
}

func (h Harness) testCancel(t *testing.T) {
	d := messages(20_000)
	src := h.Open(t, d, d.Header).Source
	u := h.unit(t, src)
	ctx, cancel := context.WithCancel(t.Context())
	batches := 0
	_, err := src.Read(ctx, u, "", func(ingest.Batch) error {
		batches++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || batches != 1 {
		t.Errorf("cancelled in the first batch: %d batches and error %v", batches, err)
	}
	_, err = src.Read(ctx, u, "", func(ingest.Batch) error {
		t.Error("a batch came after the context was done")
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: error %v", err)
	}
}

func (h Harness) testYieldError(t *testing.T) {
	d := messages(20_000)
	src := h.Open(t, d, d.Header).Source
	stop := errors.New("full")
	batches := 0
	_, err := src.Read(t.Context(), h.unit(t, src), "", func(ingest.Batch) error {
		batches++
		return stop
	})
	if err != stop { //nolint:errorlint // it has to be the very error, not one around it
		t.Errorf("Read returned %v, want yield's own error", err)
	}
	if batches != 1 {
		t.Errorf("yield was called %d times", batches)
	}
}

func (h Harness) testMissing(t *testing.T) {
	d := messages(20)
	src := h.Open(t, d, []string{"留言编号", "留言主体"}).Source
	u := h.unit(t, src)
	_, err := src.Read(t.Context(), u, "", func(ingest.Batch) error {
		if !h.FoundLate {
			t.Error("a batch came without a column that was asked for")
		}
		return nil
	})
	var e *ingest.Error
	if !errors.As(err, &e) {
		t.Fatalf("Read returned %v, want an *ingest.Error", err)
	}
	if e.Source != SourceName || e.Unit != u.Name || e.Column != "留言主体" {
		t.Errorf("the error is about source %q, unit %q, column %q", e.Source, e.Unit, e.Column)
	}
	if !strings.Contains(e.Error(), "留言详情") || !strings.Contains(e.Hint(), "留言主题") {
		t.Errorf("the error should list the names that are there and hint at the nearest:\n%v\nTry: %s", e, e.Hint())
	}
	if all := e.Error() + e.Hint(); strings.Contains(all, canary) || strings.Contains(all, d.Rows[0][0]) {
		t.Errorf("the error holds data: %s", all)
	}
}

// What nobody mapped comes as one object of texts, without what is empty.
func (h Harness) testRest(t *testing.T) {
	if !h.Rest {
		t.Skip("this kind does not deliver the rest of a record")
	}
	d := messages(20)
	fields := []string{"留言详情", "留言编号", ingest.ExtraField}
	got := h.readAll(t, h.Open(t, d, fields).Source, fields, "")
	if len(got.Rows) != len(d.Rows) {
		t.Fatalf("%d records came, want %d", len(got.Rows), len(d.Rows))
	}
	for i, r := range got.Rows {
		var rest map[string]string
		if err := json.Unmarshal([]byte(r.Values[2]), &rest); err != nil {
			t.Fatalf("record %d: %q: %v", i, r.Values[2], err)
		}
		want := map[string]string{"留言主题": d.Rows[i][1], "点赞数": d.Rows[i][3], "留言时间": d.Rows[i][4]}
		if diff := cmp.Diff(want, rest); diff != "" {
			t.Errorf("record %d (-want +got):\n%s", i, diff)
		}
	}
	fields = append(slices.Clone(d.Header), ingest.ExtraField)
	if r := h.readAll(t, h.Open(t, d, fields).Source, fields, "").Rows[0]; r.Values[len(d.Header)] != "" {
		t.Errorf("where everything is mapped, the rest is %q", r.Values[len(d.Header)])
	}
}

func (h Harness) testCursor(t *testing.T) {
	d := messages(50)
	all := slices.Clone(d.Rows)
	d.Rows = all[:40]
	place := h.Open(t, d, d.Header)
	if place.Append == nil {
		t.Skip("this kind keeps no cursor")
	}
	first := h.readAll(t, place.Source, d.Header, "")
	if first.Outcome.Cursor == "" {
		t.Fatal("there is no cursor after 40 records")
	}
	again := h.readAll(t, place.Source, d.Header, first.Outcome.Cursor)
	if len(again.Rows) > 0 || again.Outcome.Cursor != first.Outcome.Cursor {
		t.Errorf("with nothing new, %d records came and the cursor went from %q to %q",
			len(again.Rows), first.Outcome.Cursor, again.Outcome.Cursor)
	}
	place.Append(t, all[40:])
	more := h.readAll(t, place.Source, d.Header, first.Outcome.Cursor)
	d.Rows = all[40:]
	if diff := cmp.Diff(h.want(d, d.Header), more.Rows, cmpopts.IgnoreFields(row{}, "Position")); diff != "" {
		t.Errorf("records after the cursor (-want +got):\n%s", diff)
	}
}

func (h Harness) testUnits(t *testing.T) {
	d := messages(5)
	src := h.Open(t, d, d.Header).Source
	first, second := h.unit(t, src), h.unit(t, src)
	if first.Name == "" || first.Name != second.Name || first.Stamp != second.Stamp {
		t.Errorf("one unit is listed as %q (%s) and as %q (%s)", first.Name, first.Stamp, second.Name, second.Stamp)
	}
	if first.Digest == nil {
		return
	}
	a, err := first.Digest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if b, err := second.Digest(t.Context()); err != nil || a != b || !strings.Contains(a, ":") {
		t.Errorf("one content has the digests %q and %q (%v)", a, b, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := first.Digest(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("digest under a cancelled context: %v", err)
	}
}
