package ingest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/privacy"
)

var expireDay = time.Date(2025, 6, 30, 0, 0, 0, 0, time.UTC)

// expiringHouse keeps messages for six months: in June 2025, those from December
// on.
func expiringHouse(t *testing.T) *house {
	h := messageHouse(t)
	h.mended(t, "partition: at", "partition: at\nretention: {months: 6, by: at, reference: 示例条例}")
	return h
}

func (h *house) expire(t *testing.T) Expiry {
	t.Helper()
	x, err := h.Expired(t.Context(), h.messageContract(t), expireDay)
	if err != nil {
		t.Fatal(err)
	}
	if !x.Empty() {
		if err := h.Expire(t.Context(), h.messageContract(t), x, "retention", "note"); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// person is a row about somebody of her own: by number, name and month.
func person(n int, month string) []string {
	return message(fmt.Sprint("m", n), map[string]string{
		"证件": idCard("19800101", n), "姓名": fmt.Sprintf("赵%c明", '一'+rune(n)), "时间": month + "-05",
	})
}

func TestExpire(t *testing.T) {
	h := expiringHouse(t)
	// One batch across the border, one before it, one behind it.
	h.load(t, messageConfig(), messageSource("a", person(1, "2024-10"), person(2, "2025-01"), person(3, "2024-11")))
	h.load(t, messageConfig(), messageSource("b", person(4, "2024-11")))
	h.load(t, messageConfig(), messageSource("c", person(5, "2024-12")))
	h.compact(t) // the two batches of November share a file now

	x := h.expire(t)
	x.first, x.begin, x.touched = 0, time.Time{}, nil
	want := Expiry{Table: "ods.test_message", Reference: "示例条例", FirstKept: "2024-12", Months: []string{"2024-10", "2024-11"}, Files: 2, Rows: 3, Batches: 2}
	if diff := cmp.Diff(want, x, cmp.AllowUnexported(Expiry{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var ids []string
	for _, r := range h.rowsOnce(t, "ods.test_message") {
		ids = append(ids, r["id"])
	}
	if diff := cmp.Diff([]string{"m5", "m2"}, ids); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	var people []string
	for _, r := range h.vaultRecords(t) {
		if r.Kind == privacy.KindPerson {
			people = append(people, r.Value)
		}
	}
	slices.Sort(people)
	if diff := cmp.Diff([]string{idCard("19800101", 2), idCard("19800101", 5)}, people); diff != "" {
		t.Errorf("people in the vault (-want +got):\n%s", diff)
	}
	for id, n := range map[string]int{"m1": 0, "m2": 1, "m3": 0, "m4": 0, "m5": 1} {
		if got := sealed(t, h.vault(t), privacy.KindValue, "ods.test_message/messages/"+id); len(got) != n {
			t.Errorf("the vault has %d originals of %s, want %d", len(got), id, n)
		}
	}
	if files := strings.Join(h.tree(t), " "); strings.Contains(files, "2024-1 ") || strings.Contains(files, "00000002-001") {
		t.Error(files)
	}
	if note, err := h.Ledger.Fact(t.Context(), "retention"); note != "note" || err != nil {
		t.Error(note, err)
	}
	if err := h.vault(t).Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if x := h.expire(t); !x.Empty() {
		t.Error("again:", x)
	}
}

// A row that was moved from a month that goes to one that stays, in one batch:
// what stood in the version that goes is gone with it.
func TestExpireVersion(t *testing.T) {
	h := expiringHouse(t)
	old, now := person(1, "2024-10"), person(2, "2025-01")
	old[0], now[0] = "m1", "m1"
	h.load(t, messageConfig(), messageSource("a", old, now))
	before := sealed(t, h.vault(t), privacy.KindValue, "ods.test_message/messages/m1")
	if x := h.expire(t); x.Rows != 1 {
		t.Fatal(x)
	}
	after := sealed(t, h.vault(t), privacy.KindValue, "ods.test_message/messages/m1")
	if diff := cmp.Diff([]string{"name: 赵丁明", "name: 赵丂明"}, before); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"name: 赵丂明"}, after); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	if rows := h.readLake(t, "ods.test_message"); len(rows) != 1 {
		t.Errorf("%d rows", len(rows))
	}
}

// Held rows go by the day of their load: nobody knows of which month they are.
func TestExpireHeld(t *testing.T) {
	h := expiringHouse(t)
	bad := map[string]string{"渠道": "电报"}
	h.load(t, messageConfig(), messageSource("a", message("1", bad), person(2, "2025-05")))
	x, err := h.Expired(t.Context(), h.messageContract(t), expireDay.AddDate(0, 6, 0)) // December: June stays
	if err != nil || x.Held != 0 {
		t.Fatal(x, err)
	}
	x, err = h.Expired(t.Context(), h.messageContract(t), expireDay.AddDate(0, 7, 0))
	if err != nil || x.Held != 1 || x.Rows != 1 {
		t.Fatal(x, err)
	}
	if err := h.Expire(t.Context(), h.messageContract(t), x, "retention", "note"); err != nil {
		t.Fatal(err)
	}
	if list, err := h.Ledger.Quarantine(t.Context(), ledger.HeldFilter{All: true}); len(list) != 0 || err != nil {
		t.Error(list, err)
	}
	if files := h.tree(t); len(files) != 0 {
		t.Error(files)
	}
}

// What came out of the quarantine goes with its month, and its original with it.
func TestExpireReplayed(t *testing.T) {
	h := expiringHouse(t)
	held := person(1, "2024-10")
	held[4] = "电报"
	h.load(t, messageConfig(), messageSource("a", held, person(2, "2025-05")))
	contract := strings.Replace(messageContract, "partition: at", "partition: at\nretention: {months: 6, by: at, reference: 示例条例}", 1)
	h.Catalog = newHouse(t, map[string]string{"test/ods_message.yaml": strings.Replace(contract, "[网络, 电话]", "[网络, 电话, 电报]", 1)}).Catalog
	if rep := h.replay(t, messageConfig(), false); rep.Landed != 1 {
		t.Fatal(rep)
	}
	if x := h.expire(t); x.Rows != 1 || x.Batches != 2 {
		t.Fatal(x)
	}
	for _, r := range h.vaultRecords(t) {
		if strings.Contains(r.Value, idCard("19800101", 1)) {
			t.Errorf("a %s of the row is left", r.Kind)
		}
	}
}

func TestRetentionKeepsWholeMonths(t *testing.T) {
	r := models.Retention{Months: 36}
	if got := r.FirstKept(models.MonthOf(2025, 3)).String(); got != "2022-03" {
		t.Error(got)
	}
}

// Originals from before the vault noted months go with the first deletion that
// touches their batch: nobody can tell which of them may stay.
func TestExpireMonthUnknown(t *testing.T) {
	h := expiringHouse(t)
	w := &segmentWriter{path: filepath.Join(h.Dir, "old.vault"), key: h.Keys.Vault}
	keep := newKeep()
	for i, r := range []privacy.Record{
		{Kind: privacy.KindPerson, Value: "王测试"},
		{Kind: privacy.KindHeld, Value: "{}"},
		{Kind: privacy.KindValue, Value: "甲"},
		{Kind: privacy.KindValue, Value: "乙", Month: "2024-10"},
		{Kind: privacy.KindValue, Value: "丙", Month: "2025-01"},
	} {
		r.Lookup = fmt.Sprint(i)
		keep.add(r.Kind, r.Lookup)
		if err := w.put(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.vault.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := h.thin(t.Context(), []string{"old.vault"}, keep, "2025-01")
	if err != nil {
		t.Fatal(err)
	}
	v, err := privacy.OpenVault(os.DirFS(h.Dir), h.Keys.Vault, names)
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	err = v.Scan(t.Context(), func(r privacy.Record) error { left = append(left, r.Value); return nil })
	if diff := cmp.Diff([]string{"王测试", "{}", "丙"}, left); diff != "" || err != nil {
		t.Error(diff, err)
	}
}
