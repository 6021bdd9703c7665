package files

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/apache/arrow/go/v17/parquet/file"
	"github.com/apache/arrow/go/v17/parquet/pqarrow"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// readParquet reads the wanted columns, in the types that the file has them.
func (in *input) readParquet() (out ingest.Outcome, err error) {
	// The library panics on some damaged files; one file must not end the run.
	// What yield does is not covered: its panics are bugs of ours.
	yielding := false
	defer func() {
		if r := recover(); r != nil {
			if yielding {
				panic(r)
			}
			out, err = ingest.Outcome{}, damagedParquet(errors.New("its pages cannot be decoded"))
		}
	}()
	yield := in.yield
	in.yield = func(b ingest.Batch) error {
		yielding = true
		err := yield(b)
		yielding = false
		return err
	}
	pr, err := file.NewParquetReader(in.file)
	if err != nil {
		return ingest.Outcome{}, damagedParquet(err)
	}
	// Closing the reader would close the file, which is the caller's.
	return in.recordsOfParquet(pr)
}

func damagedParquet(err error) error {
	return &ingest.Error{
		Err: fmt.Errorf("no whole Parquet file: %w", err),
		Try: "ask for the file again; Parquet cannot be read before it is written to its end",
	}
}

func (in *input) recordsOfParquet(pr *file.Reader) (ingest.Outcome, error) {
	root := pr.MetaData().Schema.Root()
	header := make([]string, root.NumFields())
	for i := range header {
		header[i] = root.Field(i).Name()
	}
	l, missing, err := heading{names: header}.locate(in.fields)
	if err != nil {
		return ingest.Outcome{}, err
	}
	if len(missing) > 0 {
		return ingest.Outcome{}, missingColumns(l, in.fields, missing)
	}
	reader, err := pqarrow.NewFileReader(pr, pqarrow.ArrowReadProperties{BatchSize: rowsPerBatch(pr)}, memory.DefaultAllocator)
	if err != nil {
		return ingest.Outcome{}, damagedParquet(err)
	}
	var leaves []int // a nested column has several
	for i := range pr.MetaData().Schema.NumColumns() {
		top := pr.MetaData().Schema.Column(i).ColumnPath()[0]
		if in.rest || slices.ContainsFunc(l.at, func(at int) bool { return header[at] == top }) {
			leaves = append(leaves, i)
		}
	}
	records, err := reader.GetRecordReader(in.ctx, leaves, nil)
	if err != nil {
		return ingest.Outcome{}, damagedParquet(err)
	}
	defer records.Release()
	at := int64(0)
	for records.Next() {
		if err := in.yieldParquet(records.Record(), l, at); err != nil {
			return ingest.Outcome{}, err
		}
		at += records.Record().NumRows()
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		return ingest.Outcome{}, damagedParquet(err)
	}
	// The reader takes some damage for the end.
	if at != pr.NumRows() {
		return ingest.Outcome{}, damagedParquet(fmt.Errorf("%d of its %d rows can be read", at, pr.NumRows()))
	}
	return ingest.Outcome{Header: header}, nil
}

// rowsPerBatch keeps a batch within the bounds of record.Builder, by the mean
// size of a row.
func rowsPerBatch(pr *file.Reader) int64 {
	size := int64(0)
	for i := range pr.NumRowGroups() {
		size += pr.MetaData().RowGroup(i).TotalByteSize()
	}
	mean := max(size/max(pr.NumRows(), 1), 1)
	return min(max(record.MaxBytes/mean, 1), record.MaxRows)
}

// yieldParquet brings the columns into the order, and under the names, in
// which they were asked for.
func (in *input) yieldParquet(rec arrow.Record, l layout, before int64) error {
	if rec.NumRows() == 0 {
		return nil
	}
	fields := make([]arrow.Field, len(in.asked))
	columns := make([]arrow.Array, len(in.asked))
	for i, name := range in.fields {
		from := rec.Schema().FieldIndices(l.header[l.at[i]])
		if len(from) != 1 {
			return damagedParquet(fmt.Errorf("column %s cannot be told apart", name))
		}
		fields[i] = rec.Schema().Field(from[0])
		fields[i].Name = name
		columns[i] = rec.Column(from[0])
	}
	if in.rest {
		rest, err := restOfParquet(rec, l)
		if err != nil {
			return err
		}
		defer rest.Release()
		at := len(in.fields)
		fields[at], columns[at] = arrow.Field{Name: ingest.ExtraField, Type: rest.DataType(), Nullable: true}, rest
	}
	out := array.NewRecord(arrow.NewSchema(fields, nil), columns, rec.NumRows())
	defer out.Release()
	rows := make([]int64, rec.NumRows())
	for i := range rows {
		rows[i] = before + int64(i) + 1
	}
	return in.yield(ingest.Batch{Record: out, Rows: rows})
}

// restOfParquet makes, for each record, an object of the columns that nobody
// mapped.
func restOfParquet(rec arrow.Record, l layout) (arrow.Array, error) {
	build := array.NewStringBuilder(memory.DefaultAllocator)
	defer build.Release()
	others := l.others()
	var columns []arrow.Array
	for _, o := range others {
		from := rec.Schema().FieldIndices(l.header[o.column])
		if len(from) != 1 {
			return nil, damagedParquet(fmt.Errorf("column %s cannot be told apart", l.header[o.column]))
		}
		columns = append(columns, rec.Column(from[0]))
	}
	var rest record.Rest
	for row := range int(rec.NumRows()) {
		for k, o := range others {
			if !columns[k].IsNull(row) {
				rest.Add(o.name, columns[k].ValueStr(row))
			}
		}
		if text := rest.Take(); text != nil {
			build.Append(string(text))
		} else {
			build.AppendNull()
		}
	}
	return build.NewArray(), nil
}
