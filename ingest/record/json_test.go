package record

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/ingest"
)

// pick runs objects through a Picker and gives the records as text, with
// "NULL" for a null, and the faults.
func pick(t *testing.T, p *Picker, columns int, objects ...string) (rows []string, faults []ingest.Fault) {
	t.Helper()
	b := NewBuilder(make([]string, columns), "")
	for i, o := range objects {
		p.Pick(b, int64(i+1), []byte(o))
	}
	if err := b.Flush(func(batch ingest.Batch) error {
		for i := range int(batch.Record.NumRows()) {
			var cells []string
			for _, c := range batch.Record.Columns() {
				if c.IsNull(i) {
					cells = append(cells, "NULL")
				} else {
					cells = append(cells, c.ValueStr(i))
				}
			}
			rows = append(rows, strings.Clone(strings.Join(cells, "|")))
		}
		faults = batch.Faults
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return rows, faults
}

func TestPick(t *testing.T) {
	for _, tt := range []struct{ name, object, want string }{
		{"as written", `{"a": 12345678901234567890.10, "b": "x"}`, "12345678901234567890.10|x"},
		{"spaces", " { \"a\" :\t1 ,\n\"b\" : true } ", "1|true"},
		{"null and empty", `{"a":null,"b":""}`, "NULL|NULL"},
		{"absent", `{"b":"x"}`, "NULL|x"},
		{"escapes", `{"a":"行\n\"引\" \u4e2d","\u0062":"k"}`, "行\n\"引\" 中|k"},
		{"nested as JSON", `{"a":{"x": [1, 2], "y": "}"},"b":[ "]" , {} ]}`, `{"x":[1,2],"y":"}"}|["]",{}]`},
		{"last of two wins", `{"a":1,"a":2,"b":3}`, "2|3"},
		{"empty object", `{}`, "NULL|NULL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, faults := pick(t, NewPicker([]string{"a", "b"}), 2, tt.object)
			if diff := cmp.Diff([]string{tt.want}, rows); diff != "" || len(faults) > 0 {
				t.Errorf("-want +got:\n%s%v", diff, faults)
			}
		})
	}
}

func TestPickPaths(t *testing.T) {
	p := NewPicker([]string{"who.name", "who.at.town", "a.b"}, "n")
	rows, _ := pick(t, p, 3,
		`{"who": {"name": "甲", "at": {"town": "乙镇"}}, "a.b": 1, "a": {"b": 2}, "n": 7}`,
		`{"who": {"at": null}, "a": {"b": 3}}`, `{"who": 5}`)
	if diff := cmp.Diff([]string{"甲|乙镇|1", "NULL|NULL|3", "NULL|NULL|NULL"}, rows); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"who", "a.b", "a", "n"}, p.Header()); diff != "" {
		t.Error(diff)
	}
	if m := p.Missing(); len(m) > 0 {
		t.Errorf("missing %v", m)
	}
	if m := NewPicker([]string{"z"}).Missing(); len(m) != 1 {
		t.Errorf("missing %v, want z", m)
	}
}

func TestPickFaults(t *testing.T) {
	_, faults := pick(t, NewPicker([]string{"a"}), 1, `{"a": 1`, `[1]`, `"x"`, "{\"a\": \"\xff\"}", ``, `{"a":1}}`)
	want := []string{notJSON, notObject, notObject, badEncoding, notJSON, notJSON}
	for i, f := range faults {
		if f.Reason != want[i] || f.Row != int64(i+1) {
			t.Errorf("fault %d: %s at %d, want %s", i, f.Reason, f.Row, want[i])
		}
	}
	if len(faults) != len(want) {
		t.Errorf("%d faults, want %d", len(faults), len(want))
	}
}

// FuzzPick compares what is picked with what encoding/json finds.
func FuzzPick(f *testing.F) {
	for _, s := range []string{`{"a":1,"b":{"c":[1,"]"]}}`, `{"a":"\\\"","a\"":2}`, ` {"a" : null }`, `{"a":-1.5e9}`, `{"":0}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		p := NewPicker([]string{"a", "b"})
		values := p.Pick(NewBuilder([]string{"a", "b"}, ""), 1, object)
		var want map[string]json.RawMessage
		err := json.Unmarshal(object, &want)
		if values == nil {
			return
		}
		if err != nil {
			t.Fatalf("picked from what is no object: %v", err)
		}
		if len(p.Header()) != len(want) && len(want) < maxHeader {
			t.Fatalf("found the keys %q of %d", p.Header(), len(want))
		}
		for i, key := range []string{"a", "b"} {
			if got := string(values[i]); got != string(want[key]) {
				t.Fatalf("%s is %q, want %q", key, got, want[key])
			}
		}
	})
}

func TestNames(t *testing.T) {
	if a, b := Fold("留言 编号\n（ＩＤ）"), Fold("留言编号(id)"); a != b {
		t.Errorf("%q and %q should be one name", a, b)
	}
	there := []string{"留言编号", "留言主题", "时间"}
	for missing, want := range map[string]string{"留言主提": "留言主题", "留言时间": "时间", "区划": ""} {
		if got := Nearest(missing, there); got != want {
			t.Errorf("nearest to %s is %q, want %q", missing, got, want)
		}
	}
	err := Missing([]string{"编号", "主题"}, []string{"主题"}, []string{"编号", "33010219900101123X", "留言主题"})
	if err.Err.Error() != "no column 主题 among: 编号, …, 留言主题" {
		t.Error(err)
	}
	if !strings.HasPrefix(err.Hint(), "did you mean 主题 → 留言主题?") {
		t.Error(err.Hint())
	}
	// Whoever follows a hint to map 万元 as 元 is wrong by ten thousand.
	err = Missing([]string{"产值(元)"}, []string{"产值(元)"}, []string{"企业", "产值（万元）"})
	if hint := err.Hint(); !strings.HasPrefix(hint, "产值（万元） is not 产值(元): the numbers are in another unit") || strings.Contains(hint, "did you mean") {
		t.Error(hint)
	}
}

func TestBuilderBounds(t *testing.T) {
	b := NewBuilder([]string{"x"}, "表")
	rows, batches := 0, 0
	yield := func(batch ingest.Batch) error {
		batches++
		rows += len(batch.Rows)
		if len(batch.Rows)+len(batch.Faults) > MaxRows || batch.Sheet != "表" {
			t.Errorf("a batch of %d rows and %d faults from %q", len(batch.Rows), len(batch.Faults), batch.Sheet)
		}
		return nil
	}
	big := strings.Repeat("长", MaxBytes/9)
	for i := range 20 {
		b.AppendString(0, big)
		b.EndRow(int64(i))
		if err := b.FlushFull(yield); err != nil {
			t.Fatal(err)
		}
	}
	for i := range MaxRows {
		b.Fault(int64(i), "原因", nil)
		if err := b.FlushFull(yield); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(yield); err != nil {
		t.Fatal(err)
	}
	if rows != 20 || batches < 7 {
		t.Errorf("%d rows in %d batches: bytes do not bound them", rows, batches)
	}
}
