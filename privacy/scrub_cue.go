package privacy

import (
	"strings"
	"unicode/utf8"
)

// An action is what a cue calls for.
type action uint8

const (
	actName      action = iota // 姓名, 联系人, 我叫: a name follows, known surname or not
	actNamed                   // 名叫, 署名: a name follows if it begins with a surname, or behind a colon
	actRole                    // 投诉人, 户主: often something else follows, unless there is a colon
	actSelf                    // 本人, 我是: likewise
	actPerson                  // 业主, 儿子: mostly something else follows
	actCalled                  // 我爸, before 叫 only
	actHonorific               // 先生: a whole name stands before it
	actSex                     // 男, in a bracket or between commas: likewise
	actRegards                 // 敬上: likewise
	actPhone                   // 电话
	actIDCard                  // 身份证号
	actCard                    // 卡号
	actPapers                  // 护照号
	actAccount                 // 账号
	actMessenger               // 微信号, QQ
)

// A cue is a word that introduces something personal.
type cue struct {
	word   string
	second uint32 // beginKey of what follows its first character
	act    action
}

// seconds is a set of beginKeys, kept by their last bits: it may hold more than
// was put in, and never less.
type seconds uint64

func secondsOf(list []cue) (set seconds) {
	for _, c := range list {
		if c.second == 0 { // a cue of one character: anything may follow
			return ^seconds(0)
		}
		set |= 1 << (c.second & 63)
	}
	return set
}

// noCue reports that none of the cues of t stands where the text goes on at i
// behind their first character: a Chinese character follows, and not the second
// of any. Nine in ten places are passed over so.
func (x *lexicon) noCue(t trigger, text string, i int) bool {
	return i+2 < len(text) && isHanLead(text[i]) && x.seconds[t-trigCue]&(1<<(text[i+2]&63)) == 0
}

// isHanLead reports whether a character of three bytes that begins with c lies in
// U+4000 to U+9FFF: it separates nothing.
func isHanLead(c byte) bool { return c >= 0xE4 && c <= 0xE9 }

// cue looks for a cue at i, whose first character has trigger t, and masks
// what it introduces.
func (s *Scrubber) cue(t trigger, i, w int) int {
	spaced := separatorAt(s.text, i+w) > 0
	second := beginKey(s.text[i+w:])
	for _, c := range s.lex.cues[t-trigCue] {
		if c.second != second && c.second != 0 && !spaced {
			continue
		}
		next := i + len(c.word)
		if !strings.HasPrefix(s.text[i:], c.word) {
			if !spaced {
				continue
			}
			if next = s.spacedWord(i, c.word); next == i {
				continue
			}
		}
		if isAlnum(c.word[0]) && i > s.last && isAlnum(s.text[i-1]) {
			continue // a part of a Latin word
		}
		switch c.act {
		case actHonorific, actSex, actRegards:
			s.precede(c.act, i, next)
			return next
		}
		return max(next, s.follow(c.act, next))
	}
	return i + w
}

// beginKey is the first three bytes of text as a number, 0 if it is shorter.
func beginKey(text string) uint32 {
	if len(text) < 3 {
		return 0
	}
	return uint32(text[0])<<16 | uint32(text[1])<<8 | uint32(text[2])
}

// runeAt is the character at i.
func runeAt(text string, i int) rune {
	r, _ := utf8.DecodeRuneInString(text[i:])
	return r
}

// spacedWord is the end of the Chinese word at i in forms whose labels are
// spaced out (姓　名, 联 系 人); i if it does not stand there.
func (s *Scrubber) spacedWord(i int, word string) int {
	if isAlnum(word[0]) {
		return i
	}
	next := i
	for k, r := range word {
		if k > 0 {
			for range 6 {
				next += separatorAt(s.text, next)
			}
		}
		c, w := utf8.DecodeRuneInString(s.text[next:])
		if c != r {
			return i
		}
		next += w
	}
	return next
}

// precede masks the name before the cue in text[i:next].
func (s *Scrubber) precede(a action, i, next int) {
	end, apart := i, false
	switch a {
	case actSex:
		r, w := utf8.DecodeLastRuneInString(s.text[s.last:i])
		if !strings.ContainsRune("（(，,、 ", r) {
			return
		}
		after, _ := utf8.DecodeRuneInString(s.text[next:])
		if next < len(s.text) && !strings.ContainsRune("，,、；; ）)。0123456789", after) {
			return
		}
		end, apart = i-w, r != '（' && r != '('
	case actRegards:
		end = s.last + len(strings.TrimRight(s.text[s.last:i], " \u3000\u00a0\t"))
		apart = true
	}
	if from := s.nameBefore(end, apart); from < end {
		s.hit(MarkName, from, end)
	}
}

// follow masks what the action expects at i, behind a cue, and returns where
// to go on.
func (s *Scrubber) follow(a action, i int) int {
	switch a {
	case actName, actNamed, actRole, actSelf, actPerson, actCalled:
		return s.followName(a, i)
	}
	next, _ := s.link(s.tail(i))
	if a == actPapers {
		next = s.series(next)
	}
	if next >= len(s.text) {
		return i
	}
	_, digit := digitAt(s.text, next)
	switch {
	case a == actPhone && digit > 0:
		return s.number(next, labelPhone)
	case a == actIDCard && digit > 0:
		return s.number(next, labelID)
	case a == actCard && digit > 0:
		return s.number(next, labelCard)
	case a == actCard:
		return s.account(MarkBankCard, next, 6, 4)
	case a == actIDCard, a == actPapers:
		return s.account(MarkIDCard, next, 6, 4)
	case a == actAccount:
		if digit > 0 && s.scanRun(next) > 0 && len(s.digits) >= 15 {
			return s.number(next, labelCard)
		}
		return s.account(MarkAccount, next, 6, 4)
	case a == actMessenger:
		if digit > 0 {
			if to := s.number(next, labelNone); s.last > next {
				return to
			}
		}
		return s.account(MarkAccount, next, 5, 0)
	}
	return i
}

func (s *Scrubber) followName(a action, i int) int {
	if a == actName {
		i = s.otherField(i)
	}
	if a == actCalled && !hasAnyPrefix(s.text[i:], s.lex.callings) {
		return i
	}
	next, colon := s.link(i)
	if a == actPerson && !s.mayBeginName(next) {
		return i
	}
	called := next > i && hasAnyPrefix(s.text[i:], s.lex.callings)
	var end int
	switch {
	case a == actPerson && (colon || called), a == actCalled && called:
		if end = s.strongName(next, false); end > next && (s.everyday(next) || s.organisation(next)) {
			end = next
		}
	case a == actCalled:
		return i
	case a == actName, colon && (a == actNamed || a == actRole || a == actSelf):
		end = s.strongName(next, true)
		if a == actRole && s.everyday(next) && s.nameRun(next).n > 3 {
			end = next // 患者：高血压三级
		}
	case a == actNamed:
		if end = s.strongName(next, false); end > next && s.organisation(next) {
			end = next
		}
	default:
		end = s.weakName(next)
	}
	if end > next {
		s.hit(MarkName, next, end)
		return end
	}
	return i
}

// series steps over the 军字第 of an officer's certificate.
func (s *Scrubber) series(i int) int {
	r := s.nameRun(i)
	for k := range min(r.n, 4) {
		if r.runes[k] == '第' {
			return r.ends[k]
		}
	}
	return i
}

// everyday reports whether the run at i begins with an everyday word that
// begins with a surname: 高速, 方便.
func (s *Scrubber) everyday(i int) bool {
	r := s.nameRun(i)
	return r.n >= 2 && s.notName(r.runes[:2], true)
}

// organisation reports whether the run at i ends as the name of a place or an
// organisation: 名叫阳光花园.
func (s *Scrubber) organisation(i int) bool {
	r := s.nameRun(i)
	return r.n >= 4 && s.lex.is(r.runes[r.n-1], flagPlace|flagOrganisation)
}

// tail steps over what may stand between a cue for a number and its link:
// 号, 号码, and a remark such as （微信同号）.
func (s *Scrubber) tail(i int) int {
	for range 2 {
		for _, word := range []string{"号码", "帐号", "账号", "号", "码", "同号"} {
			if strings.HasPrefix(s.text[i:], word) {
				i += len(word)
				break
			}
		}
	}
	return i
}

// otherField steps over a second label behind the first: 联系人及电话：张三.
func (s *Scrubber) otherField(i int) int {
	for _, and := range []string{"及", "和", "与", "、", "/", "以及"} {
		if !strings.HasPrefix(s.text[i:], and) {
			continue
		}
		j := i + len(and)
		for _, word := range []string{"联系电话", "联系方式", "手机号码", "手机号", "手机", "电话号码", "电话", "身份证号码", "身份证号", "身份证", "地址", "住址", "号码"} {
			if strings.HasPrefix(s.text[j:], word) {
				return j + len(word)
			}
		}
	}
	return i
}

// link steps over what joins a cue and what it introduces: colons, spaces,
// brackets, 是, 为, 叫. colon reports whether there was an explicit mark of
// equality among it.
func (s *Scrubber) link(i int) (next int, colon bool) {
	for range 8 {
		if i >= len(s.text) {
			break
		}
		if w := separatorAt(s.text, i); w > 0 {
			i += w
			continue
		}
		if c := s.text[i]; c >= 0xE4 && c <= 0xE9 && !s.lex.is(runeAt(s.text, i), flagLink) {
			break
		}
		w := 0
		for _, l := range links {
			if strings.HasPrefix(s.text[i:], l.word) {
				w, colon = len(l.word), colon || l.colon
				break
			}
		}
		if w == 0 {
			break
		}
		i += w
	}
	return i, colon
}

var links = []struct {
	word  string
	colon bool
}{
	{"：", true},
	{":", true},
	{"=", true},
	{"﹕", true},
	{"；", true},
	{";", true},
	{"是", false},
	{"为", false},
	{"名叫", false},
	{"叫做", false},
	{"叫作", false},
	{"叫", false},
	{"（", false},
	{"(", false},
	{"【", false},
	{"[", false},
	{"“", false},
	{"\"", false},
	{"「", false},
	{"\t", false},
	{"\n", false},
	{"\r", false},
}
