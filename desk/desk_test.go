package desk_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"zhicang/desk"
	"zhicang/ingest"
)

var today = time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)

func flag(id string) desk.Flag {
	return desk.Flag{
		ID: id, Title: "名单内医疗支出超2万元", Person: "pabc", Region: "云城街道", Value: "20000.0100", Threshold: "20000.0000",
		Evidence: "医疗总费用20000.01元", Digest: "e1", FirstSeen: "2025-12-01", State: "新增", Department: "医保局", Decision: "待处理",
	}
}

// fillIn writes the workbook of three flags, lets a person loose on it, and
// reads what comes back. Cells are named as on the screen: P3 is the decision
// of the first flag, Q its reason, R 转办部门, S 审核人, T 处置日期.
func fillIn(t *testing.T, cells map[string]any) *desk.Book {
	t.Helper()
	var out bytes.Buffer
	if err := desk.Write(&out, []desk.Flag{flag("f1"), flag("f2"), flag("f3")}, "导出"); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	for cell, v := range cells {
		if err := f.SetCellValue("线索", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	var back bytes.Buffer
	if err := f.Write(&back); err != nil {
		t.Fatal(err)
	}
	b, err := desk.Read(&back)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// good fills in a row.
func good(row string, more map[string]any) map[string]any {
	cells := map[string]any{"P" + row: "确认", "Q" + row: "入户核实属实", "S" + row: "审核员甲", "T" + row: "2026-01-10"}
	for k, v := range more {
		cells[k] = v
	}
	return cells
}

func TestCheck(t *testing.T) {
	t.Parallel()
	changed := flag("f1")
	changed.Digest = "e2"
	later := flag("f1")
	later.Evidence, later.State, later.Value = "另一日的说明", "持续", "20000.0100"
	decided := flag("f1")
	decided.Decision, decided.DecidedOn = "确认", "2026-01-10"
	cases := []struct {
		name  string
		cells map[string]any
		now   *desk.Flag // f1 as it is now; nil: as exported
		want  []string   // faults; none: the row is a decision
	}{
		{name: "good", cells: good("3", nil)},
		{name: "nothing filled in", cells: map[string]any{}},
		{name: "the evidence reads otherwise on another day", cells: good("3", nil), now: &later},
		{name: "referred", cells: good("3", map[string]any{"P3": "转办", "R3": "医保局"})},
		{name: "a date as a serial number", cells: good("3", map[string]any{"T3": 46032})},
		{name: "a date with slashes", cells: good("3", map[string]any{"T3": "2026/1/10"})},
		{name: "today", cells: good("3", map[string]any{"T3": "2026-01-15"})},
		{name: "tomorrow", cells: good("3", map[string]any{"T3": "2026-01-16"}), want: []string{"线索 第3行 处置日期:晚于今天"}},
		{name: "before the flag was there", cells: good("3", map[string]any{"T3": "2025-11-30"}), want: []string{"线索 第3行 处置日期:早于首次发现的月份"}},
		{name: "no date", cells: good("3", map[string]any{"T3": nil}), want: []string{"线索 第3行 处置日期:没有填"}},
		{name: "a word for a date", cells: good("3", map[string]any{"T3": "昨天"}), want: []string{"线索 第3行 处置日期:不是日期,应写作2025-12-31"}},
		{name: "no reason", cells: good("3", map[string]any{"Q3": "  "}), want: []string{"线索 第3行 理由:没有填:每项处置都要有理由"}},
		{name: "no reviewer", cells: good("3", map[string]any{"S3": nil}), want: []string{"线索 第3行 审核人:没有填"}},
		{name: "no decision", cells: good("3", map[string]any{"P3": nil}), want: []string{"线索 第3行 处置:没有填"}},
		{name: "another decision", cells: good("3", map[string]any{"P3": "同意"}), want: []string{"线索 第3行 处置:只能是确认、排除、转办"}},
		{name: "referred to nobody", cells: good("3", map[string]any{"P3": "转办"}), want: []string{"线索 第3行 转办部门:转办的要写转给哪个部门"}},
		{name: "confirmed and referred", cells: good("3", map[string]any{"R3": "医保局"}), want: []string{"线索 第3行 转办部门:不是转办,不应填"}},
		{name: "unknown flag", cells: good("3", map[string]any{"A3": "f9"}), want: []string{"线索 第3行 线索编号:没有这条线索"}},
		{name: "a threshold was changed", cells: good("3", map[string]any{"G3": "30000"}), want: []string{"线索 第3行 阈值:受保护的内容被改动,请重新导出后填写"}},
		{name: "the evidence was changed", cells: good("3", map[string]any{"H3": "别的"}), want: []string{"线索 第3行 校验码:受保护的内容被改动,请重新导出后填写"}},
		{name: "the flag changed since", cells: good("3", nil), now: &changed, want: []string{"线索 第3行 证据摘要:导出以后证据已变化,请重新导出后再处置"}},
		{name: "decided already", cells: good("3", nil), now: &decided, want: []string{"线索 第3行 处置:同一处置已经登记"}},
		{name: "two rows about one flag", cells: good("3", good("4", map[string]any{
			"A4": "f1", "B4": flag("f1").Title, "C4": "云城街道",
		})), want: []string{"线索 第3行 线索编号:本表中有多行处置同一线索", "线索 第4行 校验码:受保护的内容被改动,请重新导出后填写", "线索 第4行 线索编号:本表中有多行处置同一线索"}},
		{name: "several faults", cells: map[string]any{"Q3": "x"}, want: []string{"线索 第3行 处置:没有填", "线索 第3行 审核人:没有填", "线索 第3行 处置日期:没有填"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := fillIn(t, c.cells)
			flags := map[string]desk.Flag{"f1": flag("f1"), "f2": flag("f2"), "f3": flag("f3")}
			if c.now != nil {
				flags["f1"] = *c.now
			}
			decisions, faults := b.Check(flags, today)
			var got []string
			for _, f := range faults {
				got = append(got, f.String())
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
			if n := b.Len(); (len(c.want) == 0) != (len(decisions) == n) {
				t.Errorf("%d decisions of %d rows, faults %v", len(decisions), n, got)
			}
		})
	}
}

func TestRemark(t *testing.T) {
	t.Parallel()
	b := fillIn(t, good("3", good("4", map[string]any{"Q4": nil})))
	_, faults := b.Check(map[string]desk.Flag{"f1": flag("f1"), "f2": flag("f2")}, today)
	var out bytes.Buffer
	if err := b.Remark(&out, faults); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for cell, want := range map[string]string{"U2": "退回原因", "U3": "", "U4": "理由:没有填:每项处置都要有理由", "P4": "确认"} {
		if got, _ := f.GetCellValue("线索", cell); got != want {
			t.Errorf("%s is %q, want %q", cell, got, want)
		}
	}
	// What came back with remarks is mended and comes once more.
	if err := f.SetCellValue("线索", "Q4", "核实"); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := f.Write(&again); err != nil {
		t.Fatal(err)
	}
	mended, err := desk.Read(&again)
	if err != nil {
		t.Fatal(err)
	}
	defer mended.Close()
	if good, faults := mended.Check(map[string]desk.Flag{"f1": flag("f1"), "f2": flag("f2")}, today); len(good) != 2 || len(faults) != 0 {
		t.Errorf("after mending: %d decisions, %v", len(good), faults)
	}
}

func TestReadRefuses(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	defer f.Close()
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	twice := excelize.NewFile()
	defer twice.Close()
	if err := errors.Join(
		twice.SetSheetName("Sheet1", "线索"),
		twice.SetSheetRow("线索", "A2", &[]string{"线索编号", "处置", "备考", "备考", "处置"}),
	); err != nil {
		t.Fatal(err)
	}
	var copied bytes.Buffer
	if err := twice.Write(&copied); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, want string }{
		"no workbook":      {"hello", "no workbook"},
		"another workbook": {out.String(), "no sheet 线索"},
		"a column twice":   {copied.String(), "two columns 处置"},
	} {
		if _, err := desk.Read(strings.NewReader(c.data)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestProtection makes sure that only the five columns are open, and that the
// decision offers its choices.
func TestProtection(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := desk.Write(&out, []desk.Flag{flag("f1"), flag("f2")}, "导出"); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	header, err := f.GetRows("线索")
	if err != nil {
		t.Fatal(err)
	}
	var open []string
	for j, title := range header[1] {
		cell, _ := excelize.CoordinatesToCellName(j+1, 4)
		id, err := f.GetCellStyle("线索", cell)
		if err != nil {
			t.Fatal(err)
		}
		if style, err := f.GetStyle(id); err == nil && style.Protection != nil && !style.Protection.Locked {
			open = append(open, title)
		}
	}
	if diff := cmp.Diff([]string{"处置", "理由", "转办部门", "审核人", "处置日期"}, open); diff != "" {
		t.Errorf("open columns (-want +got):\n%s", diff)
	}
	lists, err := f.GetDataValidations("线索")
	if err != nil || len(lists) != 1 || lists[0].Sqref != "P3:P4" || !strings.Contains(lists[0].Formula1, "确认,排除,转办") {
		t.Errorf("drop-downs: %+v, %v", lists, err)
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	on := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	s := &desk.Source{Import: "w1", Decisions: []desk.Decision{
		{Flag: "f1", Digest: "e1", Decision: "确认", Reason: "属实", Reviewer: "甲", On: on},
		{Flag: "f2", Digest: "e1", Decision: "转办", Reason: "归口", ReferredTo: "医保局", Reviewer: "乙", On: on},
	}}
	units, err := s.Units(context.Background())
	if err != nil || len(units) != 1 || units[0].Stamp == "" {
		t.Fatalf("units: %+v, %v", units, err)
	}
	rows := int64(0)
	_, err = s.Read(context.Background(), units[0], "", func(b ingest.Batch) error {
		rows += b.Record.NumRows()
		if n := int(b.Record.NumCols()); n != len(desk.SourceConfig().Fields()) {
			t.Errorf("%d columns, want %v", n, desk.SourceConfig().Fields())
		}
		return nil
	})
	if err != nil || rows != 2 {
		t.Errorf("%d rows, %v", rows, err)
	}
	same := s.Decisions[0]
	same.Reason, same.Reviewer = "另一句话", "丙"
	other := s.Decisions[0]
	other.Digest = "e2"
	if s.Decisions[0].ID() != same.ID() || s.Decisions[0].ID() == other.ID() {
		t.Error("a decision is told apart by flag, evidence, decision and day")
	}
}

// FuzzRead feeds what may come back from anywhere.
func FuzzRead(f *testing.F) {
	var out bytes.Buffer
	if err := desk.Write(&out, []desk.Flag{flag("f1")}, "导出"); err != nil {
		f.Fatal(err)
	}
	f.Add(out.Bytes())
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := desk.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		defer b.Close()
		good, faults := b.Check(map[string]desk.Flag{"f1": flag("f1")}, today)
		if len(good) > b.Len() || len(good) < b.Len() && len(faults) == 0 {
			t.Errorf("%d rows, %d decisions, %d faults", b.Len(), len(good), len(faults))
		}
	})
}
