package ingest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/ledger"
)

// mended is the house with another contract.
func (h *house) mended(t *testing.T, old, with string) {
	t.Helper()
	other := newHouse(t, map[string]string{"test/ods_message.yaml": strings.Replace(messageContract, old, with, 1)})
	h.Catalog = other.Catalog
}

func (h *house) held(t *testing.T) []ledger.Held {
	t.Helper()
	list, err := h.Ledger.Quarantine(t.Context(), ledger.HeldFilter{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list)
	return list
}

func (h *house) replay(t *testing.T, cfg Config, dry bool) ReplayReport {
	t.Helper()
	rep, err := h.Replay(t.Context(), 2, cfg, h.held(t), h.vault(t), dry)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestReplay(t *testing.T) {
	h := messageHouse(t)
	src := messageSource("a",
		message("1", nil),
		message("2", map[string]string{"渠道": "电报", "姓名": "王小明", "内容": "王小明的路灯坏了"}),
		message("3", map[string]string{"渠道": "电报", "点赞": "-1"}),
		message("4", nil),
		message("5", map[string]string{"渠道": "电报", "时间": "2025-04-01"}))
	src.units[0].batches[0].Faults = []Fault{{Row: 9, Reason: "不是完整的 JSON", Raw: []byte(`{"编号":`)}}
	h.load(t, messageConfig(), src)
	before := h.readLake(t, "ods.test_message")

	// As long as nothing is mended, nothing lands.
	if diff := cmp.Diff(ReplayReport{Source: "messages", Checked: 3, Held: 3, Lost: 1}, h.replay(t, messageConfig(), false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	h.mended(t, "[网络, 电话]", "[网络, 电话, 电报]")
	held := h.held(t)
	if diff := cmp.Diff(ReplayReport{Source: "messages", Checked: 3, Landed: 2, Held: 1, Lost: 1}, h.replay(t, messageConfig(), true)); diff != "" {
		t.Errorf("dry run (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(held, h.held(t)); diff != "" {
		t.Errorf("a dry run changed the quarantine:\n%s", diff)
	}

	if diff := cmp.Diff(ReplayReport{Source: "messages", Checked: 3, Landed: 2, Held: 1, Lost: 1, Batch: 2}, h.replay(t, messageConfig(), false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var left []string
	for _, x := range h.held(t) {
		left = append(left, x.Rule+" "+x.Column)
	}
	if diff := cmp.Diff([]string{"undecodable ", "min 点赞数"}, left); diff != "" {
		t.Errorf("still held (-want +got):\n%s", diff)
	}
	// The rows landed as what they were: the batch and place of their delivery.
	rows := map[string]string{}
	for _, r := range h.readLake(t, "ods.test_message") {
		rows[r["id"]] = r["batch_id"] + "/" + r["batch_row"] + " " + r["channel"] + " " + r["name"] + " " + r["body"]
	}
	want := map[string]string{
		"1": "1/1 ∅ ∅ 路灯坏了", "2": "1/2 电报 王** 〔姓名〕的路灯坏了", "4": "1/4 ∅ ∅ 路灯坏了", "5": "1/5 电报 ∅ 路灯坏了",
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("in the lake (-want +got):\n%s", diff)
	}
	if got := len(h.readLake(t, "ods.test_message")) - len(before); got != 2 {
		t.Errorf("%d rows came to the lake", got)
	}
	if got := sealed(t, h.vault(t), "value", "ods.test_message/messages/2"); !slices.Contains(got, "body: 王小明的路灯坏了") {
		t.Errorf("the vault has %d originals of the row", len(got))
	}

	// Once more changes nothing.
	if diff := cmp.Diff(ReplayReport{Source: "messages", Checked: 1, Held: 1, Lost: 1}, h.replay(t, messageConfig(), false)); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
	if n, err := h.Sweep(t.Context()); n != 0 || err != nil {
		t.Error("left behind:", n, err)
	}
}

// Of two replays of the same rows, the second lands nothing.
func TestReplayNeverTwice(t *testing.T) {
	h := messageHouse(t)
	h.load(t, messageConfig(), messageSource("a", message("1", nil), message("2", map[string]string{"渠道": "电报"})))
	h.mended(t, "[网络, 电话]", "[网络, 电话, 电报]")
	held := h.held(t)
	h.replay(t, messageConfig(), false)
	_, err := h.Replay(t.Context(), 3, messageConfig(), held, h.vault(t), false)
	if err == nil || !strings.Contains(err.Error(), "row 1/1: is not held any more") {
		t.Error(err)
	}
	if rows := h.readLake(t, "ods.test_message"); len(rows) != 2 {
		t.Errorf("%d rows", len(rows))
	}
	if n, err := h.Sweep(t.Context()); n != 0 || err != nil {
		t.Error("left behind:", n, err)
	}
}

// A field that today's mapping asks for and that was not read then is not taken
// for one that was empty.
func TestReplayUnreadField(t *testing.T) {
	h, cfg := messageHouse(t), messageConfig()
	h.load(t, cfg, messageSource("a", message("1", map[string]string{"渠道": "电报"})))
	h.mended(t, "[网络, 电话]", "[网络, 电话, 电报]")
	cfg.Columns["title"] = "标题"
	if diff := cmp.Diff(ReplayReport{Source: "messages", Held: 1}, h.replay(t, cfg, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if x := h.held(t)[0]; x.Rule != "unread" || !strings.Contains(x.Reason, "标题") {
		t.Error(x)
	}
}

// A row that its source marked as deleted, and that was held back, ends what it
// deletes once it is replayed, and is no live row.
func TestReplayDeletion(t *testing.T) {
	h, cfg := messageHouse(t), databaseConfig(ModeSnapshot)
	b := messageBatch(1, message("1", nil), message("2", map[string]string{"渠道": "电报"}), message("3", map[string]string{"渠道": "电报"}))
	b.Deleted = []bool{false, true, false}
	h.load(t, cfg, &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "desk"}, batches: []Batch{b}}}})
	h.mended(t, "[网络, 电话]", "[网络, 电话, 电报]")
	if rep := h.replay(t, cfg, false); rep.Landed != 2 {
		t.Fatalf("%+v", rep)
	}
	if diff := cmp.Diff([]string{"1@1", "3@1", "2@1†路灯坏了"}, landedIDs(t, h)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
