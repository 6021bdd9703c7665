package ingest

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strconv"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"

	"zhicang/models"
	"zhicang/privacy"
)

// keep is the set of vault records that rows still need, by hashes of 64 bits: of
// two that fall together one may be kept too long, and none is lost.
type keep struct {
	seed maphash.Seed
	set  map[uint64]struct{}
	buf  []byte
}

func newKeep() *keep {
	return &keep{seed: maphash.MakeSeed(), set: map[uint64]struct{}{}}
}

func (k *keep) hash(kind privacy.Kind, lookup string) uint64 {
	k.buf = append(append(append(k.buf[:0], kind...), 0), lookup...)
	return maphash.Bytes(k.seed, k.buf)
}

func (k *keep) add(kind privacy.Kind, lookup string) { k.set[k.hash(kind, lookup)] = struct{}{} }

func (k *keep) has(kind privacy.Kind, lookup string) bool {
	_, ok := k.set[k.hash(kind, lookup)]
	return ok
}

// addFile adds what the rows of a Parquet file need: the people that they name by
// pseudonym, and their own originals.
func (k *keep) addFile(ctx context.Context, name string, c *models.Contract) error {
	pr, err := openParquet(name)
	if err != nil {
		return err
	}
	defer pr.ParquetReader().Close()
	schema, err := pr.Schema()
	if err != nil {
		return err
	}
	keys, people, err := keepColumns(c, schema)
	if err != nil {
		return err
	}
	wanted := slices.Compact(slices.Sorted(slices.Values(slices.Concat(keys, people))))
	records, err := pr.GetRecordReader(ctx, wanted, nil)
	if err != nil {
		return err
	}
	defer records.Release()
	at := func(columns []int) []int {
		out := make([]int, len(columns))
		for i, col := range columns {
			out[i] = slices.Index(wanted, col)
		}
		return out
	}
	keys, people = at(keys), at(people)
	rows := int64(0)
	for records.Next() {
		k.addRecord(records.Record(), c.Table, keys, people)
		rows += records.Record().NumRows()
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if rows != pr.ParquetReader().NumRows() { // the reader takes some damage for the end
		return fmt.Errorf("%d of its %d rows can be read", rows, pr.ParquetReader().NumRows())
	}
	return nil
}

// keepColumns finds, in a file's schema, the columns of a row's name in the vault,
// the system first, and those that hold pseudonyms.
func keepColumns(c *models.Contract, schema *arrow.Schema) (keys, people []int, err error) {
	find := func(name string) int {
		if at := schema.FieldIndices(name); len(at) == 1 {
			return at[0]
		}
		err = fmt.Errorf("the file has no column %s", name)
		return -1
	}
	keys = []int{find("source_system")}
	for _, name := range c.Key {
		col, _ := c.Column(name)
		keys = append(keys, find(col.LandedName()))
	}
	for _, col := range c.Columns {
		// A column that the contract got later is in no older file.
		if at := schema.FieldIndices(col.LandedName()); col.PII.Identity() && len(at) == 1 {
			people = append(people, at[0])
		}
	}
	return keys, people, err
}

func (k *keep) addRecord(rec arrow.Record, table string, keys, people []int) {
	var key []byte
	for i := range int(rec.NumRows()) {
		for _, j := range people {
			if col := rec.Column(j).(*array.String); col.IsValid(i) {
				k.add(privacy.KindPerson, col.Value(i))
			}
		}
		key = append(key[:0], table...)
		for _, j := range keys {
			key = appendKeyPart(append(key, '/'), rec.Column(j), i)
		}
		k.add(privacy.KindValue, string(key))
	}
}

// appendKeyPart writes a value as checker.appendRowKey did when the row landed.
func appendKeyPart(b []byte, arr arrow.Array, i int) []byte {
	if arr.IsNull(i) {
		return b
	}
	switch a := arr.(type) {
	case *array.String:
		return append(b, a.Value(i)...)
	case *array.Int64:
		return strconv.AppendInt(b, a.Value(i), 10)
	case *array.Int32:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Timestamp:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Date32:
		return strconv.AppendInt(b, int64(a.Value(i)), 10)
	case *array.Float64:
		return strconv.AppendFloat(b, a.Value(i), 'g', -1, 64)
	case *array.Boolean:
		return strconv.AppendBool(b, a.Value(i))
	case *array.Decimal128:
		return append(b, a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)...)
	}
	return append(b, arr.ValueStr(i)...)
}
