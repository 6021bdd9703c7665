package demo

import (
	"strings"
	"testing"
	"time"

	"zhicang/models/ident"

	"zhicang/demo/yunxi"
)

func TestPeopleAreWellFormedAndDistinct(t *testing.T) {
	b, err := loadBook()
	if err != nil {
		t.Fatal(err)
	}
	const n = 50_000
	ids, phones := map[string]bool{}, map[string]bool{}
	asOf := time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC)
	for i := range n {
		p := b.person(11, i)
		ids[p.id], phones[p.phone] = true, true
		if !strings.HasPrefix(p.id, yunxi.Code) {
			t.Fatalf("id %s is not of the fictional county", p.id)
		}
		if _, err := ident.ParseIDCard(p.id, asOf); err != nil {
			t.Fatalf("id %s: %v", p.id, err)
		}
		if _, err := ident.ParseIDCard(yunxi.WrongCheck(p.id), asOf); err == nil {
			t.Fatalf("id %s with a wrong check character passes", p.id)
		}
		if len(p.phone) != 11 || !strings.HasPrefix(p.phone, "199000") {
			t.Fatalf("phone %s", p.phone)
		}
		if len(p.card) != 19 || withLuhn(p.card[:18]) != p.card || !strings.HasPrefix(p.card, cardBIN) {
			t.Fatalf("card %s", p.card)
		}
		if l := runes(p.name); l < 2 || l > 4 {
			t.Fatalf("name %s", p.name)
		}
	}
	if len(ids) != n || len(phones) != n {
		t.Errorf("%d ids and %d phones of %d people", len(ids), len(phones), n)
	}
}

func TestEveryCanaryOccurs(t *testing.T) {
	m := get(t)
	var all strings.Builder
	for _, rows := range m.portal {
		for _, r := range rows {
			all.WriteString(strings.Join(r, "\n") + "\n")
		}
	}
	for _, text := range m.hotline {
		all.WriteString(text)
	}
	for i := range m.opinions {
		row, _ := m.row(Place{Source: stationSource, Row: i + 1})
		all.WriteString(row)
	}
	narrow := strings.NewReplacer("０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9")
	text := narrow.Replace(all.String())
	k := m.truth.Canaries
	for kind, values := range map[string][]string{
		"id": k.IDNumbers, "name": k.Names, "phone": k.Phones, "account": k.Accounts,
		"card": k.BankCards, "door": k.Doors, "plate": k.Plates,
	} {
		t.Logf("%s: %d", kind, len(values))
		if len(values) == 0 {
			t.Errorf("no canary of kind %s", kind)
		}
		index := map[string]bool{}
		for _, v := range values {
			index[v] = true
		}
		for v := range found(text, index) {
			delete(index, v)
		}
		for v := range index {
			spaced := false
			for _, sep := range []string{"-", " "} {
				spaced = spaced || kind == "phone" && strings.Contains(text, v[:3]+sep+v[3:7]+sep+v[7:])
			}
			if !spaced && !strings.Contains(text, strings.ToLower(v)) {
				t.Errorf("%s canary is nowhere", kind)
			}
		}
	}
	share := map[string]bool{}
	for _, c := range m.truth.TextCanaries {
		share[c.OpinionID] = true
		if !strings.Contains(m.texts[c.OpinionID], c.Value) {
			t.Errorf("%s: its %s canary is not in its text", c.OpinionID, c.Kind)
		}
	}
	t.Logf("%d messages give somebody away", len(share))
	if s := float64(len(share)) / DefaultMessages; s < .045 || s > .075 {
		t.Errorf("share of messages with canaries %.3f, want about .06", s)
	}
}

// found looks up every stretch of the text that is as long as a value.
func found(text string, values map[string]bool) map[string]bool {
	lengths, hits := map[int]bool{}, map[string]bool{}
	for v := range values {
		lengths[len(v)] = true
	}
	for n := range lengths {
		for i := 0; i+n <= len(text); i++ {
			if values[text[i:i+n]] {
				hits[text[i:i+n]] = true
			}
		}
	}
	return hits
}

// A name that other texts hold by chance would be a canary that cries wolf.
func TestNamesAreInNoOtherText(t *testing.T) {
	m := get(t)
	names := map[string]bool{}
	for _, n := range m.truth.Canaries.Names {
		names[n] = true
	}
	own := map[string]string{}
	for _, c := range m.truth.TextCanaries {
		if c.Kind == "name" {
			own[c.OpinionID] += c.Value + " "
		}
	}
	for id, text := range m.texts {
		for name := range found(text, names) {
			if !strings.Contains(own[id], name) {
				t.Errorf("%s holds the name %s by chance", id, name)
			}
		}
	}
}
