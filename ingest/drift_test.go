package ingest

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"zhicang/models"
	"zhicang/privacy"
)

func TestNewFields(t *testing.T) {
	h := messageHouse(t)
	load := func(run int64, unit string, header ...string) []string {
		t.Helper()
		src := messageSource(unit, message("1", nil))
		src.units[0].outcome.Header = append(header, messageFields...)
		rep, err := h.Load(t.Context(), run, messageConfig(), src)
		if err != nil || len(rep.Failures) > 0 {
			t.Fatal(rep, err)
		}
		return rep.NewFields
	}
	for _, c := range []struct {
		run    int64
		unit   string
		header []string
		want   []string
	}{
		{1, "a", []string{"来源"}, nil}, // everything is new in the first run
		{1, "b", []string{"渠道商"}, nil},
		{2, "c", []string{"来源", "渠道商"}, nil},
		{3, "d", []string{"来源", "满意度"}, []string{"满意度"}},
		{4, "e", []string{"满意度"}, nil}, // said once
	} {
		if diff := cmp.Diff(c.want, load(c.run, c.unit, c.header...)); diff != "" {
			t.Errorf("run %d (-want +got):\n%s", c.run, diff)
		}
	}
	fields, err := h.Ledger.NewFields(t.Context())
	if err != nil || len(fields) != 1 || fields[0].Field != "满意度" || fields[0].Batch != 4 {
		t.Error(fields, err)
	}
}

// extraHouse keeps what nobody maps.
func extraHouse(t *testing.T) (*house, Config) {
	h := newHouse(t, map[string]string{"test/ods_message.yaml": strings.Replace(messageContract, "partition: at", "partition: at\nextra: true", 1)})
	return h, messageConfig()
}

func TestExtraLandsScrubbed(t *testing.T) {
	h, cfg := extraHouse(t)
	asked := cfg
	asked.Extra = true
	row := func(id, extra string) []string {
		return append(inFieldOrder(cfg, [][]string{message(id, map[string]string{"姓名": "王小明"})})[0], extra)
	}
	batch := textBatch(asked.Fields(), 2,
		row("1", `{"满意度":"不满意","联系人":"李小红","备用":"19900001111","经办":"王小明来过"}`),
		row("2", `{"满意度":"满意","19900001112":"来电"}`),
		row("3", ""))
	rep := h.load(t, cfg, &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a"}, batches: []Batch{batch}}}})
	if rep.Landed != 3 {
		t.Fatal(rep)
	}
	var got []string
	for _, r := range h.readLake(t, "ods.test_message") {
		got = append(got, r[models.ExtraColumn])
	}
	want := []string{
		`{"备用":"〔电话〕","满意度":"不满意","经办":"〔姓名〕来过","联系人":"〔姓名〕"}`, `{"〔电话〕":"来电","满意度":"满意"}`, "∅",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var originals []string
	for _, r := range h.vaultRecords(t) {
		if r.Kind == privacy.KindValue && r.Column == models.ExtraColumn {
			originals = append(originals, r.Value)
		}
	}
	if len(originals) != 2 || !strings.Contains(originals[0], "李小红") {
		t.Errorf("the vault has %d originals", len(originals))
	}
}

func TestRetypedField(t *testing.T) {
	for name, c := range map[string]struct {
		field string
		array arrow.Array
		err   string
	}{
		"moment that became a number": {"时间", floats(3.5), "source messages: a.parquet, column 时间: expected what makes a TIMESTAMP (时间), found float64"},
		"number that became a moment": {"点赞", dates(1), "expected what makes a BIGINT (点赞数), found date32"},
		"number that became a flag":   {"点赞", flags(true), "expected what makes a BIGINT (点赞数), found bool"},
		"text that became a number":   {"内容", floats(3.5), ""},
		"number that became text":     {"点赞", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h := messageHouse(t)
			src := messageSource("a.parquet", message("1", map[string]string{"点赞": "3"}))
			if c.array != nil {
				b := &src.units[0].batches[0]
				cols, fields := b.Record.Columns(), b.Record.Schema().Fields()
				i := b.Record.Schema().FieldIndices(c.field)[0]
				cols[i], fields[i].Type = c.array, c.array.DataType()
				b.Record = array.NewRecord(arrow.NewSchema(fields, nil), cols, 1)
			}
			rep := h.load(t, messageConfig(), src)
			switch {
			case c.err == "":
				if len(rep.Failures) > 0 || rep.Landed != 1 {
					t.Error(rep)
				}
			case len(rep.Failures) != 1 || !strings.Contains(rep.Failures[0].Error(), c.err):
				t.Errorf("%v, want %s", rep.Failures, c.err)
			default:
				h.isEmpty(t)
			}
		})
	}
}

func floats(x float64) arrow.Array {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	b.Append(x)
	return b.NewArray()
}

func dates(x arrow.Date32) arrow.Array {
	b := array.NewDate32Builder(memory.DefaultAllocator)
	b.Append(x)
	return b.NewArray()
}

func flags(x bool) arrow.Array {
	b := array.NewBooleanBuilder(memory.DefaultAllocator)
	b.Append(x)
	return b.NewArray()
}

// vaultRecords reads everything that lies in the vault.
func (h *house) vaultRecords(t *testing.T) (all []privacy.Record) {
	t.Helper()
	if err := h.vault(t).Scan(t.Context(), func(r privacy.Record) error {
		all = append(all, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}
