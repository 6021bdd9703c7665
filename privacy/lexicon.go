package privacy

import (
	"strings"
	"sync"
	"unicode/utf8"
)

// A trigger says what a character may begin. Values from trigCue on are
// indexes into lexicon.cues.
type trigger uint8

const (
	trigNone    trigger = iota
	trigDigit           // 0-9, half- or full-width
	trigAt              // @
	trigDot             // · as in names
	trigDash            // — as before a signature
	trigMark            // 〔
	trigPlate           // 浙 and the other provinces
	trigUnit            // 幢, behind Chinese numerals
	trigNumeral         // 一 and ①, as a number may be spelled
	trigCue
)

// Flags say what a character is in a name or an address.
const (
	flagSurname         uint32 = 1 << iota // a surname by itself
	flagDoubtfulSurname                    // a surname that is more often another word
	flagNeverGiven                         // in no given name
	flagSeldomGiven                        // in few given names, and often right behind one
	flagCommonGiven                        // usual in given names
	flagSoftBoundary                       // often follows a name
	flagTransliteration                    // renders names of other languages
	flagPlace                              // ends the name of a road, an estate, a village
	flagOrganisation                       // ends the name of an organisation
	flagNumeral                            // Chinese numerals
	flagMeasure                            // follows a number that is a quantity
	flagWordSurname                        // a rare surname that is nearly always another word
	flagGivenBeside                        // seldom in given names, unless beside a usual one
	flagTerrain                            // ends the names of hamlets and landscape
	flagAfterName                          // begins a word that may follow a name
	flagLink                               // begins a word that joins a cue and a name
	flagCompoundFirst                      // begins a surname of two characters
	flagSignatureTail                      // may stand behind a signature: a date, brackets, spaces
)

// The characters that the Scrubber reads are all in the basic plane.
const planeSize = 1 << 16

// A lexicon holds what the Scrubber knows about words. It never changes.
type lexicon struct {
	triggers  [planeSize]trigger
	flags     [planeSize]uint32
	cues      [][]cue
	seconds   []seconds // which characters may follow the first of each list of cues
	compounds map[[2]rune]struct{}
	notNames  map[[2]rune]struct{}

	fieldWords, personWords, afterPerson, closings                 []string
	afterName, endsName, reports, callings, titles                 []string
	numberedThings, atDoors, countedHouses, beforeCount, notPlaces []string
	afterDay, afterVerbNong, afterLessonUnit                       []string
}

// theLexicon is made once, when it is first needed.
var theLexicon = sync.OnceValue(newLexicon)

func newLexicon() *lexicon {
	x := &lexicon{
		compounds:       pairs(compoundSurnames),
		notNames:        pairs(everydayWords),
		fieldWords:      strings.Fields(fieldWords),
		personWords:     strings.Fields(personWords),
		afterPerson:     strings.Fields(afterPerson),
		closings:        strings.Fields(closings),
		afterName:       strings.Fields(afterName),
		endsName:        strings.Fields(endsName),
		reports:         strings.Fields(reports),
		callings:        strings.Fields(callings),
		titles:          strings.Fields(titles),
		numberedThings:  strings.Fields(numberedThings),
		atDoors:         strings.Fields(atDoors),
		countedHouses:   strings.Fields(countedHouses),
		beforeCount:     strings.Fields(beforeCount),
		notPlaces:       strings.Fields(notPlaces),
		afterDay:        strings.Fields(afterDay),
		afterVerbNong:   strings.Fields(afterVerbNong),
		afterLessonUnit: strings.Fields(afterLessonUnit),
	}
	for _, words := range [][]string{x.personWords, x.afterPerson, x.afterName, x.endsName, x.reports} {
		for _, word := range words {
			r, _ := utf8.DecodeRuneInString(word)
			x.flags[r] |= flagAfterName
		}
	}
	for pair := range x.compounds {
		x.flags[pair[0]] |= flagCompoundFirst
	}
	for flag, chars := range map[uint32]string{
		flagSurname:         surnames + rareSurnames + doubtfulSurnames + wordSurnames,
		flagDoubtfulSurname: doubtfulSurnames + wordSurnames,
		flagWordSurname:     wordSurnames,
		flagGivenBeside:     givenBeside,
		flagTerrain:         terrainEndings,
		flagLink:            "是为叫名",
		flagNeverGiven:      neverGiven,
		flagSeldomGiven:     seldomGiven,
		flagCommonGiven:     commonGiven,
		flagSoftBoundary:    softBoundary,
		flagTransliteration: transliteration,
		flagPlace:           placeEndings,
		flagOrganisation:    organisationEndings,
		flagNumeral:         "〇零一二三四五六七八九十百两",
		flagSignatureTail:   signatureTail,
		flagMeasure:         "年月日元米人个平点分万亿千公吨斤块岁时度次多余级条台辆路号%％",
	} {
		for _, r := range chars {
			x.flags[r] |= flag
		}
	}
	for t, chars := range map[trigger]string{
		trigDigit:   "0123456789０１２３４５６７８９",
		trigAt:      "@＠",
		trigDot:     "•・‧●", // U+00B7 has two bytes and is met in the pass itself
		trigDash:    "—",
		trigMark:    "〔",
		trigPlate:   "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼",
		trigUnit:    "幢栋单号",
		trigNumeral: "一幺壹①⑴❶➀二三四五六七八②③④⑤⑥⑦⑧",
	} {
		for _, r := range chars {
			x.triggers[r] = t
		}
	}
	x.addCues()
	for _, list := range x.cues {
		x.seconds = append(x.seconds, secondsOf(list))
	}
	return x
}

// addCues groups the cues by their first character. No cue may begin with a
// character that triggers something else.
func (x *lexicon) addCues() {
	for _, group := range cueWords {
		for _, word := range strings.Fields(group.words) {
			r, w := utf8.DecodeRuneInString(word)
			t := x.triggers[r]
			if t == trigNone {
				t = trigCue + trigger(len(x.cues))
				x.triggers[r] = t
				x.cues = append(x.cues, nil)
			}
			list := &x.cues[t-trigCue]
			// Longer words first: 联系人 before 联系.
			at := 0
			for at < len(*list) && len((*list)[at].word) >= len(word) {
				at++
			}
			*list = append(*list, cue{})
			copy((*list)[at+1:], (*list)[at:])
			(*list)[at] = cue{word, beginKey(word[w:]), group.act}
		}
	}
}

// is reports whether r has one of the flags.
func (x *lexicon) is(r rune, flags uint32) bool {
	return r >= 0 && r < planeSize && x.flags[r]&flags != 0
}

// surnameLen is the number of characters of the surname that a run begins
// with, 0 if it begins with none.
func (x *lexicon) surnameLen(run []rune) int {
	if len(run) > 2 {
		if _, ok := x.compounds[[2]rune{run[0], run[1]}]; ok {
			return 2
		}
	}
	if len(run) > 0 && x.is(run[0], flagSurname) {
		return 1
	}
	return 0
}

// compoundSurname reports whether name, of three characters or more, begins with
// a surname of two.
func (x *lexicon) compoundSurname(name string) bool {
	first, w := utf8.DecodeRuneInString(name)
	second, _ := utf8.DecodeRuneInString(name[w:])
	_, ok := x.compounds[[2]rune{first, second}]
	return ok
}

func pairs(words string) map[[2]rune]struct{} {
	set := make(map[[2]rune]struct{})
	for _, w := range strings.Fields(words) {
		r := []rune(w)
		set[[2]rune{r[0], r[1]}] = struct{}{}
	}
	return set
}
