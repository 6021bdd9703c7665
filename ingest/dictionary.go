package ingest

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/bitutil"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// maxWords bounds the dictionary of a column's row group. A column that has
// more different values is written as it is: its dictionary would be as large
// as the column, and cost more than all else.
const maxWords = 8192

// inWords writes a column of text as a dictionary and its indices, all chunks
// with one dictionary; nil where that would not pay. Parquet's own writer does
// the same at three times the cost, with an allocation for each value.
func inWords(chunks []arrow.Array) []arrow.Array {
	words := map[string]int32{}
	var list []string
	indices := make([][]int32, len(chunks))
	last, lastIndex := "", int32(-1) // values come in runs, and in some columns in one
	for c, chunk := range chunks {
		texts, ok := chunk.(*array.String)
		if !ok {
			return nil
		}
		out := make([]int32, texts.Len())
		for i := range out {
			if texts.IsNull(i) {
				continue
			}
			s := texts.Value(i)
			if lastIndex < 0 || s != last {
				index, known := words[s]
				if !known {
					if len(list) == maxWords {
						return nil
					}
					index = int32(len(list))
					words[s], list = index, append(list, s)
				}
				last, lastIndex = s, index
			}
			out[i] = lastIndex
		}
		indices[c] = out
	}
	return dictionaryArrays(chunks, indices, list)
}

func dictionaryArrays(chunks []arrow.Array, indices [][]int32, list []string) []arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	b.AppendValues(list, nil)
	dictionary := b.NewArray()
	defer dictionary.Release()
	t := &arrow.DictionaryType{IndexType: arrow.PrimitiveTypes.Int32, ValueType: arrow.BinaryTypes.String}
	out := make([]arrow.Array, len(chunks))
	for c, chunk := range chunks {
		valid := memory.NewBufferBytes(validBits(chunk))
		if chunk.NullN() == 0 {
			valid = nil
		}
		data := array.NewData(arrow.PrimitiveTypes.Int32, len(indices[c]),
			[]*memory.Buffer{valid, memory.NewBufferBytes(arrow.Int32Traits.CastToBytes(indices[c]))}, nil, chunk.NullN(), 0)
		index := array.NewInt32Data(data)
		data.Release()
		out[c] = array.NewDictionaryArray(t, index, dictionary)
		index.Release()
	}
	return out
}

// validBits copies which values of an array are there, from its own first value
// on.
func validBits(arr arrow.Array) []byte {
	if arr.NullN() == 0 {
		return nil
	}
	bits := make([]byte, bitutil.BytesForBits(int64(arr.Len())))
	for i := range arr.Len() {
		if arr.IsValid(i) {
			bitutil.SetBit(bits, i)
		}
	}
	return bits
}
