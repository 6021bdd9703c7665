package ingest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"zhicang/privacy"
)

func streamBatch(t *testing.T, values ...string) Batch {
	t.Helper()
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "v", Type: arrow.BinaryTypes.String, Nullable: true}}, nil))
	defer b.Release()
	var batch Batch
	for i, v := range values {
		b.Field(0).(*array.StringBuilder).Append(v)
		batch.Rows = append(batch.Rows, int64(i+1))
	}
	batch.Record = b.NewRecord()
	t.Cleanup(batch.Record.Release)
	return batch
}

func TestRecentPassesOnlyWhatIsNew(t *testing.T) {
	keys, err := privacy.CreateKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	read := func(marks []string, b Batch) (got []string, last []string) {
		r, err := newRecent(keys.Pseudonym, marks)
		if err != nil {
			t.Fatal(err)
		}
		err = r.pass(b, []cell{newCell(b.Record.Column(0), time.UTC)}, func(b Batch) error {
			for i := range int(b.Record.NumRows()) {
				got = append(got, fmt.Sprintf("%d:%s", b.Rows[i], b.Record.Column(0).(*array.String).Value(i)))
			}
			for _, f := range b.Faults {
				got = append(got, "fault "+string(f.Raw))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got, r.last()
	}
	first := streamBatch(t, "a", "b", "c")
	first.Faults = []Fault{{Raw: []byte("{half")}}
	got, marks := read(nil, first)
	if diff := cmp.Diff([]string{"1:a", "2:b", "3:c", "fault {half"}, got); diff != "" {
		t.Errorf("first reading (-want +got):\n%s", diff)
	}
	again := streamBatch(t, "b", "c", "d", "c2", "a")
	again.Faults = []Fault{{Raw: []byte("{half")}, {Raw: []byte("{other")}}
	got, marks = read(marks, again)
	if diff := cmp.Diff([]string{"fault {other", "3:d", "4:c2"}, got); diff != "" {
		t.Errorf("second reading (-want +got):\n%s", diff)
	}
	if got, _ := read(marks, again); got != nil {
		t.Errorf("third reading passed %q", got)
	}
	for _, m := range marks {
		if strings.Contains(m, "half") || len(m) != privacy.PseudonymLen {
			t.Errorf("a mark shows what it stands for: %q", m)
		}
	}
}
