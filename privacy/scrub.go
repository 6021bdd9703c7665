package privacy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// A Mark is a kind of thing that Scrub takes out of text.
type Mark uint8

// The marks, each with what it stands in for.
const (
	MarkIDCard   Mark = iota // resident id numbers, and passports and the like where introduced
	MarkPhone                // mobile and land lines
	MarkBankCard             // bank cards, and any other run of 15 digits or more
	MarkName                 // people's names
	MarkDoor                 // door numbers: 12号3幢2单元501室
	MarkPlate                // vehicle licence plates
	MarkEmail                // mail addresses
	MarkAccount              // WeChat, QQ and other accounts
	markCount
)

var markTexts = [markCount]string{
	"〔身份证〕", "〔电话〕", "〔银行卡〕", "〔姓名〕", "〔门牌〕", "〔车牌〕", "〔邮箱〕", "〔账号〕",
}

var markNames = [markCount]string{
	"id_card", "phone", "bank_card", "name", "door", "plate", "email", "account",
}

// Name is the mark's name in counts and reports, such as "phone".
func (m Mark) Name() string { return markNames[m] }

// Marks lists every mark, in a fixed order.
func Marks() []Mark {
	marks := make([]Mark, markCount)
	for i := range marks {
		marks[i] = Mark(i)
	}
	return marks
}

// Findings count what was taken out of a text, by mark. They hold no content.
// The zero value means that nothing was found.
type Findings struct{ n [markCount]int }

// Count is the number of places that m stands in for.
func (f *Findings) Count(m Mark) int { return f.n[m] }

// Total is the number of places that were masked.
func (f *Findings) Total() int {
	total := 0
	for _, n := range f.n {
		total += n
	}
	return total
}

// Add adds the counts of other to f.
func (f *Findings) Add(other Findings) {
	for i, n := range other.n {
		f.n[i] += n
	}
}

// A Scrubber takes what identifies people out of free Chinese text: id
// numbers, phones, bank cards, door numbers, plates, accounts, and names where
// something introduces them. It is one pass over the bytes: a table says which
// characters can begin something, all others are stepped over. A Scrubber
// serves one goroutine; NewScrubber costs nothing.
type Scrubber struct {
	lex   *lexicon
	text  string // what this pass reads
	out   []byte // what it has written: text[:last], cleaned
	last  int
	found Findings

	groups []group // the digit run at hand
	digits []byte

	asked []string    // as Scrub was given them last
	known []knownText // what there is to look for among them
}

// NewScrubber makes a Scrubber.
func NewScrubber() *Scrubber { return &Scrubber{lex: theLexicon()} }

// Scrub returns text with a mark in the place of everything that identifies a
// person, and how much that was. Each known string, such as the name or the
// phone of the same row, goes wherever it stands. Where nothing is found the
// result is text itself. Scrubbing a clean text changes nothing.
//
// In doubt the Scrubber masks after a strong introduction (姓名, 联系人, 我叫)
// and keeps elsewhere: a name that nothing introduces stays unless it is known.
func (s *Scrubber) Scrub(text string, known ...string) (string, Findings) {
	s.found = Findings{}
	if !slices.Equal(s.asked, known) {
		s.setKnown(known) // the texts of one row share them
	}
	for {
		// A mark can make the place beside it readable (a name that ended in
		// digits before now ends in a bracket), so the text is read until
		// nothing is found in it. Each round leaves fewer bytes outside of
		// marks, so this ends; most texts need one round, and two when
		// something was found.
		clean := s.round(text)
		if clean == text {
			return text, s.found
		}
		text = clean
	}
}

func (s *Scrubber) round(text string) string {
	for i := range s.known {
		text = s.replaceKnown(text, &s.known[i])
	}
	s.text, s.out, s.last = text, s.out[:0], 0
	s.pass()
	if s.last == 0 {
		return text
	}
	s.out = append(s.out, text[s.last:]...)
	return string(s.out)
}

// pass reads s.text once, and is the hot path.
func (s *Scrubber) pass() {
	text, triggers := s.text, &s.lex.triggers
	for i := s.opening(); i < len(text); {
		c := text[i]
		var t trigger
		w := 1
		switch {
		case c < utf8.RuneSelf:
			t = triggers[c]
		case c >= 0xE0 && c < 0xF0 && i+2 < len(text) && (text[i+1]&text[i+2])&0xC0 == 0x80 && (text[i+1]|text[i+2])&0x40 == 0:
			t = triggers[uint(c&0x0F)<<12|uint(text[i+1]&0x3F)<<6|uint(text[i+2]&0x3F)]
			w = 3
		case c == 0xC2 && i+1 < len(text) && text[i+1] == 0xB7: // ·
			t, w = trigDot, 2
		}
		if t == trigNone || t >= trigCue && s.lex.noCue(t, text, i+w) {
			i += w
			continue
		}
		i = s.dispatch(t, i, w)
	}
	s.signature()
}

// dispatch reads what begins at i, and returns where to go on, after i.
func (s *Scrubber) dispatch(t trigger, i, w int) int {
	switch t {
	case trigDigit:
		return s.number(i, labelNone)
	case trigNumeral:
		return max(i+w, s.looseNumber(i))
	case trigMark:
		return s.afterMark(i)
	case trigDot:
		return s.foreignName(i, w)
	case trigAt:
		return s.email(i, w)
	case trigPlate:
		return s.plate(i, w)
	case trigDash:
		return s.dashSignature(i, w)
	case trigUnit:
		return s.chineseDoor(i, w)
	default:
		return s.cue(t, i, w)
	}
}

// hit puts m in the place of text[from:to].
func (s *Scrubber) hit(m Mark, from, to int) {
	s.out = append(s.out, s.text[s.last:from]...)
	s.out = append(s.out, markTexts[m]...)
	s.last = to
	s.found.n[m]++
}

// markWidth is the width of the mark at i, or that of 〔 alone if it opens
// something else, such as a document number. Marks contain words that
// introduce things, so they are stepped over whole.
func (s *Scrubber) markWidth(i int) int {
	for _, m := range markTexts {
		if strings.HasPrefix(s.text[i:], m) {
			return len(m)
		}
	}
	return len("〔")
}

func isAlnum(c byte) bool {
	return c-'0' < 10 || c|0x20 >= 'a' && c|0x20 <= 'z'
}

// isHan reports whether r is a Chinese character, as names are made of.
func isHan(r rune) bool {
	return r >= 0x4E00 && r <= 0x9FFF || r == '〇' || r >= 0x3400 && r <= 0x4DBF || r >= 0x20000 && r <= 0x323AF
}
