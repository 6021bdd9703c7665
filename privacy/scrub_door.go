package privacy

import (
	"strings"
	"unicode/utf8"
)

// A doorUnit is a word that a door number's part ends with.
type doorUnit struct {
	word  string
	place bool // tells a building or a flat by itself, without a road before it
	start bool // may stand first in a chain
}

// doorUnits lists the longer words first.
var doorUnits = [...]doorUnit{
	{"号楼", true, true},
	{"单元", true, true},
	{"号院", false, true},
	{"#楼", true, true},
	{"＃楼", true, true},
	{"号", false, true},
	{"幢", true, true},
	{"栋", true, true},
	{"室", true, true},
	{"弄", true, true},
	{"#", false, true},
	{"＃", false, true},
	{"座", false, false},
	{"户", false, false},
	{"楼", false, false},
	{"层", false, false},
}

// unitAt is the door unit at i, or nil.
func unitAt(s string, i int) *doorUnit {
	if i >= len(s) || s[i] != '#' && s[i] < 0xE5 {
		return nil
	}
	for k := range doorUnits {
		if u := &doorUnits[k]; strings.HasPrefix(s[i:], u.word) {
			return u
		}
	}
	return nil
}

// door masks the door number that begins with the run of digits ending at end,
// if it is one: 12号3幢2单元501室, 3-2-501室, 88弄6号. Houses go, while roads,
// estates, villages and everything that is merely numbered stay: 12号线, 5月12号,
// 3户人家, 2号门.
func (s *Scrubber) door(last group, end int) {
	u := s.unitAfterNumber(end)
	if u == nil || !u.start {
		s.bareDoor(end)
		return
	}
	// A hyphenated number (12-3号) belongs to the door as a whole.
	from := last.from
	for k := len(s.groups) - 2; k >= 0 && s.groups[k].to+1 == from && s.text[from-1] == '-' && s.groups[k].from >= s.last; k-- {
		from = s.groups[k].from
	}
	s.doorChain(from, end, false)
}

// unitAfterNumber is the unit at i, behind one optional Latin letter (12A室).
func (s *Scrubber) unitAfterNumber(i int) *doorUnit {
	if i < len(s.text) && isLetter(s.text[i]) {
		i++
	}
	return unitAt(s.text, i)
}

// doorChain reads parts from the number in [from, end) on and masks them if
// together they are a door number.
func (s *Scrubber) doorChain(from, end int, chinese bool) {
	text := s.text
	parts, strong, long := 0, false, false
	first := (*doorUnit)(nil)
	start, to, numFrom := from, end, from
	for {
		if to < len(text) && isLetter(text[to]) {
			to++
		}
		u := unitAt(text, to)
		digits := countNumerals(text[numFrom:to])
		if u == nil || parts > 0 && u.word == "户" && digits < 3 {
			to = s.bareTail(numFrom, to, parts)
			break
		}
		if parts == 0 {
			first = u
		}
		parts++
		strong = strong || u.place
		long = long || u.word == "室" && digits >= 3
		to += len(u.word)
		next := s.nextPart(to)
		numTo := s.numeralsEnd(next, chinese)
		if numTo == next && (next >= len(text) || !isLetter(text[next]) || unitAt(text, next+1) == nil) {
			break
		}
		if parts == 1 && u.word == "号" && !s.placeBefore(start) && s.dateBefore(start) {
			// 5月12号3幢: the day is no part of the door.
			start, from, parts, strong, first = next, next, 0, false, nil
		}
		numFrom, to = next, numTo
	}
	if parts == 0 || to <= start || start < s.last {
		return
	}
	if parts == 1 && to == start {
		return
	}
	if s.isDoor(start, to, parts, strong, long, first, chinese) {
		s.hit(MarkDoor, s.letterBlock(start), to)
	}
}

// nextPart steps over what may join two parts of a door number.
func (s *Scrubber) nextPart(i int) int {
	for range 2 {
		for _, joint := range []string{" ", "-", "－", "附", "之"} {
			if strings.HasPrefix(s.text[i:], joint) {
				i += len(joint)
				break
			}
		}
	}
	return i
}

// bareTail decides whether the number in [from, to) without a unit ends the
// chain, as 501 does in 3幢501, and returns where the chain ends.
func (s *Scrubber) bareTail(from, to, parts int) int {
	end := from
	for end > 0 && strings.HasSuffix(s.text[:end], "-") || end > 0 && strings.HasSuffix(s.text[:end], " ") {
		end-- // the joint goes back if the number does
	}
	if parts == 0 {
		return end
	}
	joined := strings.HasSuffix(s.text[:from], "-") || strings.HasSuffix(s.text[:from], "之") || strings.HasSuffix(s.text[:from], "附")
	n := countNumerals(s.text[from:to])
	r, _ := utf8.DecodeRuneInString(s.text[to:])
	if n > 5 || n < 3 && !joined || s.lex.is(r, flagMeasure) {
		for _, joint := range []string{"附", "之"} {
			end -= len(s.text[:end]) - len(strings.TrimSuffix(s.text[:end], joint))
		}
		return end
	}
	// 3幢-2-501: the rest of a hyphenated number.
	for to+1 < len(s.text) && s.text[to] == '-' {
		next := s.numeralsEnd(to+1, false)
		if next == to+1 {
			break
		}
		to = next
	}
	return to
}

// isDoor weighs what has been read.
func (s *Scrubber) isDoor(from, to, parts int, strong, long bool, first *doorUnit, chinese bool) bool {
	if parts >= 2 {
		return strong || s.placeBefore(from)
	}
	if chinese {
		return false // 三栋房子: a count more often than a door
	}
	rest := s.text[to:]
	switch first.word {
	case "号", "号院":
		return s.placeBefore(from) && (!hasAnyPrefix(rest, s.lex.numberedThings) || hasAnyPrefix(rest, s.lex.atDoors)) && !s.dayAt(from, rest)
	case "#", "＃":
		return s.placeBefore(from)
	case "室":
		return long
	case "弄":
		return !hasAnyPrefix(rest, s.lex.afterVerbNong)
	case "幢", "栋":
		return !hasAnyPrefix(rest, s.lex.countedHouses) && !s.countBefore(from)
	case "单元":
		return !strings.HasSuffix(s.text[:from], "第") && !hasAnyPrefix(rest, s.lex.afterLessonUnit)
	}
	return true
}

// bareDoor masks 3-2-501 after the name of an estate.
func (s *Scrubber) bareDoor(end int) {
	k := len(s.groups)
	if k < 2 || k > 4 || s.groups[0].from < s.last || !s.placeBefore(s.groups[0].from) {
		return
	}
	if n := s.groups[k-1].n; n < 3 || n > 4 || s.groups[0].n > 2 {
		return
	}
	for i := 1; i < k; i++ {
		if s.groups[i].from != s.groups[i-1].to+1 || s.text[s.groups[i].from-1] != '-' {
			return
		}
	}
	if r, _ := utf8.DecodeRuneInString(s.text[end:]); s.lex.is(r, flagMeasure) {
		return
	}
	s.hit(MarkDoor, s.groups[0].from, end)
}

// chineseDoor reads 三幢二单元五零一室 from its first unit, which is at i.
func (s *Scrubber) chineseDoor(i, w int) int {
	if unitAt(s.text, i) == nil {
		return i + w
	}
	from := i
	for k := 0; k < 4 && from > s.last; k++ {
		r, rw := utf8.DecodeLastRuneInString(s.text[s.last:from])
		if !s.lex.is(r, flagNumeral) {
			break
		}
		from -= rw
	}
	if from < i {
		s.doorChain(from, i, true)
	}
	return max(i+w, s.last)
}

// numeralsEnd is the end of the digits at i, up to five of them; with chinese,
// of the Chinese numerals there.
func (s *Scrubber) numeralsEnd(i int, chinese bool) int {
	for n := 0; n < 5; n++ {
		_, w := digitAt(s.text, i)
		if w == 0 && chinese {
			if r, rw := utf8.DecodeRuneInString(s.text[i:]); s.lex.is(r, flagNumeral) {
				w = rw
			}
		}
		if w == 0 {
			break
		}
		i += w
	}
	return i
}

// placeBefore reports whether text[:i] ends as the name of a road, an estate
// or a village does.
func (s *Scrubber) placeBefore(i int) bool {
	before := strings.TrimRight(s.text[s.last:i], " ")
	r, w := utf8.DecodeLastRuneInString(before)
	if !s.lex.is(r, flagPlace) {
		return false
	}
	return !hasAnySuffix(before, s.lex.notPlaces) && len(before) > w
}

// dateBefore reports whether a number at i is the day of a month.
func (s *Scrubber) dateBefore(i int) bool {
	before := strings.TrimRight(s.text[:i], " ")
	return strings.HasSuffix(before, "月") || strings.HasSuffix(before, "日")
}

// dayAt reports whether a number 1 to 31 with 号 reads as a day from what
// follows: 小区12号停电.
func (s *Scrubber) dayAt(from int, rest string) bool {
	d := appendDigits(nil, s.text[from:min(from+12, len(s.text)-len(rest))])
	return len(d) <= 2 && within(d, 1, 31) && hasAnyPrefix(rest, s.lex.afterDay)
}

// countBefore reports whether what stands before a number makes it a count:
// 共12幢.
func (s *Scrubber) countBefore(i int) bool {
	return hasAnySuffix(s.text[:i], s.lex.beforeCount)
}

// letterBlock moves the start of a door back over a lettered block: B座501室.
func (s *Scrubber) letterBlock(i int) int {
	for _, block := range []string{"座", "栋", "幢"} {
		j := i - len(block) - 1
		if j >= s.last && strings.HasSuffix(s.text[:i], block) && isLetter(s.text[j]) && (j == 0 || !isAlnum(s.text[j-1])) {
			return j
		}
	}
	return i
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// countNumerals counts the characters of a number, separators left out.
func countNumerals(s string) int {
	n := 0
	for _, r := range s {
		if r != '-' && r != ' ' {
			n++
		}
	}
	return n
}

func hasAnyPrefix(s string, words []string) bool {
	for _, w := range words {
		if strings.HasPrefix(s, w) {
			return true
		}
	}
	return false
}

func hasAnySuffix(s string, words []string) bool {
	for _, w := range words {
		if strings.HasSuffix(s, w) {
			return true
		}
	}
	return false
}
