package ingest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/ledger"
	"zhicang/privacy"
)

// vault opens every segment of the house.
func (h *house) vault(t testing.TB) *privacy.Vault {
	t.Helper()
	var segments []string
	for _, name := range h.tree(t) {
		if strings.HasPrefix(name, "vault/") {
			segments = append(segments, name)
		}
	}
	v, err := privacy.OpenVault(os.DirFS(h.Dir), h.Keys.Vault, segments)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// sealed looks up the only record of a kind.
func sealed(t testing.TB, v *privacy.Vault, kind privacy.Kind, lookup string) []string {
	t.Helper()
	records, err := v.Lookup(t.Context(), kind, lookup)
	if err != nil {
		t.Fatal(err)
	}
	values := []string{}
	for _, r := range records {
		values = append(values, strings.TrimPrefix(r.Column+": "+r.Value, ": "))
	}
	return values
}

func TestPersonalColumns(t *testing.T) {
	h := messageHouse(t)
	id := idCard("19800101", 12)
	row := message("m1", map[string]string{
		"证件": id, "姓名": "钱小明", "电话": "199 0000 1234", "主题": "路灯",
		"内容": "钱小明反映路灯坏了，请打19900001234，身份证" + id + "。",
	})
	h.load(t, messageConfig(), messageSource("a", row))
	// The same person in another spelling, from another file.
	h.load(t, messageConfig(), messageSource("b", message("m2", map[string]string{"证件": strings.ToLower(id[:6] + " " + id[6:]), "主题": "路灯"})))

	rows := h.readLake(t, "ods.test_message")
	if rows[0]["person_key"] != rows[1]["person_key"] || !strings.HasPrefix(rows[0]["person_key"], privacy.PseudonymPrefix) {
		t.Errorf("pseudonyms %s and %s do not join", rows[0]["person_key"], rows[1]["person_key"])
	}
	got := map[string]string{}
	for _, k := range []string{"name", "phone", "title", "body"} {
		got[k] = rows[0][k]
	}
	want := map[string]string{
		"name": "钱**", "phone": "199****1234", "title": "路灯",
		"body": "〔姓名〕反映路灯坏了，请打〔电话〕，身份证〔身份证〕。",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	v := h.vault(t)
	if diff := cmp.Diff([]string{id}, sealed(t, v, privacy.KindPerson, rows[0]["person_key"])[:1]); diff != "" {
		t.Error(diff)
	}
	wantSealed := []string{"name: 钱小明", "phone: 199 0000 1234", "body: " + row[6]}
	if diff := cmp.Diff(wantSealed, sealed(t, v, privacy.KindValue, "ods.test_message/messages/m1")); diff != "" {
		t.Error(diff)
	}
	// What was harmless is not kept twice.
	if got := sealed(t, v, privacy.KindValue, "ods.test_message/messages/m2"); len(got) > 0 {
		t.Error(got)
	}
}

// TestRowsOfTwoSystems: ids are unique within their system, and the originals
// of one must not be shown for the other.
func TestRowsOfTwoSystems(t *testing.T) {
	h := messageHouse(t)
	for system, name := range map[string]string{"east": "钱小明", "west": "孙大海"} {
		cfg := messageConfig()
		cfg.Name = system
		h.load(t, cfg, messageSource("a", message("1", map[string]string{"姓名": name})))
	}
	if diff := cmp.Diff([]string{"name: 孙大海"}, sealed(t, h.vault(t), privacy.KindValue, "ods.test_message/west/1")); diff != "" {
		t.Error(diff)
	}
}

// TestKeyOfPersons: where a person is part of the key, the key that names the
// row in the vault holds the pseudonym, whatever the order of the columns.
func TestKeyOfPersons(t *testing.T) {
	h := newHouse(t, map[string]string{"test/ods_visit.yaml": `
table: ods.test_visit
title: 走访
grain: one row per visit
key: [day, person]
partition: day
columns:
  - {name: name, type: VARCHAR, pii: name, title: 姓名}
  - {name: day, type: DATE, required: true, title: 日期}
  - {name: person, type: VARCHAR, required: true, pii: id_card, as: person_key, title: 身份证号}
`})
	cfg := Config{Name: "visits", Table: "ods.test_visit", Columns: map[string]string{"name": "a", "day": "b", "person": "c"}}
	id := idCard("19800101", 12)
	h.load(t, cfg, &fakeSource{units: []fakeUnit{{Unit: Unit{Name: "a"}, batches: []Batch{textBatch(cfg.Fields(), 1, []string{"钱小明", "2025-01-01", id})}}}})
	key := h.readLake(t, "ods.test_visit")[0]["person_key"]
	if diff := cmp.Diff([]string{"name: 钱小明"}, sealed(t, h.vault(t), privacy.KindValue, "ods.test_visit/visits/20089/"+key)); diff != "" {
		t.Error(diff)
	}
}

func TestHeldRowsAreSealed(t *testing.T) {
	h := messageHouse(t)
	wrong := idCard("19800101", 12)[:17] + "Q"
	h.load(t, messageConfig(), messageSource("a", message("m1", map[string]string{"证件": wrong, "渠道": "电报", "点赞": "-1"})))
	held, err := h.Ledger.Quarantine(t.Context(), ledger.HeldFilter{})
	if err != nil {
		t.Fatal(err)
	}
	want := []ledger.Held{{
		Batch: 1, Seq: 1, Source: "messages", Unit: "a", Table: "ods.test_message", Row: 2, Ordinal: 1,
		Column: "身份证号,渠道,点赞数", Rule: "id_card", Reason: "身份证号前17位应为数字,末位应为数字或X;渠道不在允许的取值之内(网络、电话);点赞数小于最小值0",
		Shape: "99999999999999999A",
	}}
	if diff := cmp.Diff(want, held); diff != "" {
		t.Error(diff)
	}
	raw := fmt.Sprintf(`{"主题":null,"内容":"路灯坏了","姓名":null,"时间":"2025-03-04 05:06:07","渠道":"电报","点赞":"-1","电话":null,"编号":"m1","证件":"%s"}`, wrong)
	if diff := cmp.Diff([]string{raw}, sealed(t, h.vault(t), privacy.KindHeld, "1/1")); diff != "" {
		t.Error(diff)
	}
}

// TestNoCanaryLeaves plants people in every column where they may stand, in
// good rows and bad ones, and looks for them in every byte but the vault's.
func TestNoCanaryLeaves(t *testing.T) {
	h := messageHouse(t)
	var canaries []string
	var rows [][]string
	for i := range 300 {
		id, phone, card := idCard("19800101", i), fmt.Sprintf("199%08d", 10000000+i), luhn(fmt.Sprintf("622202000000%06d", i))
		name := "钱" + string([]rune("东南西北中春夏秋冬天")[i%10]) + string([]rune("竹兰梅菊松柏桃李杏梨")[i/10%10])
		canaries = append(canaries, id, phone, card, name)
		with := map[string]string{
			"证件": id, "姓名": name, "电话": phone, "主题": name + "求助",
			"内容": fmt.Sprintf("我叫%s，身份证号%s，电话%s，卡号%s。%s谢谢。", name, id, phone, card, name),
		}
		if i%7 == 0 {
			with["时间"] = phone[:9] // in a wrong column
		}
		if i%11 == 0 {
			with["点赞"], with["渠道"] = card, name
		}
		rows = append(rows, message(fmt.Sprint("m", i), with))
	}
	rep := h.load(t, messageConfig(), messageSource("a.csv", rows...))
	if rep.Landed == 0 || rep.Held == 0 {
		t.Fatalf("%+v", rep)
	}
	if err := h.Ledger.Close(); err != nil { // so that all of it is in the file
		t.Fatal(err)
	}
	places := map[string][]byte{"log": h.log.Bytes()}
	for _, name := range append(h.tree(t), "ledger.db") {
		data, err := os.ReadFile(filepath.Join(h.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		places[name] = data // the vault's bytes too: they are encrypted
		if strings.HasSuffix(name, ".parquet") {
			places[name+" decoded"] = fmt.Append(nil, readParquet(t, filepath.Join(h.Dir, name)))
		}
	}
	if len(places) < 5 {
		t.Fatalf("too few places to look at: %d", len(places))
	}
	for name, data := range places {
		for i, canary := range canaries {
			if bytes.Contains(data, []byte(canary)) {
				t.Fatalf("canary %d stands in %s", i, name)
			}
		}
	}
}

// luhn appends the check digit of a bank card.
func luhn(body string) string {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return body + fmt.Sprint((10-sum%10)%10)
}
