package pgsql

import "regexp/syntax"

// definite reports whether there is but one way in which a pattern of RE2 can
// match from a given place on, or only one repetition to choose for: then the
// first match that RE2 comes to is the longest, which PostgreSQL takes.
func definite(pattern string, fold bool) bool {
	flags := syntax.Perl | syntax.DotNL
	if fold {
		flags |= syntax.FoldCase
	}
	re, err := syntax.Parse(pattern, flags)
	if err != nil {
		return false
	}
	pieces, ok := flatten(re, nil)
	if !ok {
		return false
	}
	open, overlaps := 0, false
	for i, p := range pieces {
		if !p.varies {
			continue
		}
		if open++; p.lazy {
			overlaps = true
		}
		for _, next := range pieces[i+1:] {
			if intersects(p.first, next.first) {
				overlaps = true
			}
			if !next.nullable {
				break
			}
		}
	}
	return open <= 1 || !overlaps
}

// A piece is one character of a pattern, and how often it comes.
type piece struct {
	first            []rune // pairs: from, to
	varies, nullable bool
	lazy             bool
}

// flatten lays a pattern out as a sequence; false for what is none.
func flatten(re *syntax.Regexp, pieces []piece) ([]piece, bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine:
		return pieces, true
	case syntax.OpCapture:
		return flatten(re.Sub[0], pieces)
	case syntax.OpConcat:
		ok := true
		for _, sub := range re.Sub {
			if pieces, ok = flatten(sub, pieces); !ok {
				return nil, false
			}
		}
		return pieces, true
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			pieces = append(pieces, piece{first: folded(r, re.Flags)})
		}
		return pieces, true
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		set, ok := single(re.Sub[0])
		least, most := bounds(re)
		if !ok && !(least == most && least >= 0) {
			return nil, false
		}
		if !ok {
			for range least {
				if pieces, ok = flatten(re.Sub[0], pieces); !ok {
					return nil, false
				}
			}
			return pieces, true
		}
		return append(pieces, piece{set, least != most, least == 0, re.Flags&syntax.NonGreedy != 0}), true
	}
	set, ok := single(re)
	return append(pieces, piece{first: set}), ok
}

func bounds(re *syntax.Regexp) (least, most int) {
	switch re.Op {
	case syntax.OpStar:
		return 0, -1
	case syntax.OpPlus:
		return 1, -1
	case syntax.OpQuest:
		return 0, 1
	}
	return re.Min, re.Max
}

// single is the set of characters that a pattern of one character takes.
func single(re *syntax.Regexp) ([]rune, bool) {
	switch re.Op {
	case syntax.OpLiteral:
		return folded(re.Rune[0], re.Flags), len(re.Rune) == 1
	case syntax.OpCharClass:
		return re.Rune, true
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return []rune{0, 0x10ffff}, true
	}
	return nil, false
}

func folded(r rune, flags syntax.Flags) []rune {
	set := []rune{r, r}
	if flags&syntax.FoldCase != 0 {
		if r >= 'A' && r <= 'Z' {
			set = append(set, r+32, r+32)
		}
		if r >= 'a' && r <= 'z' {
			set = append(set, r-32, r-32)
		}
	}
	return set
}

func intersects(a, b []rune) bool {
	for i := 0; i+1 < len(a); i += 2 {
		for j := 0; j+1 < len(b); j += 2 {
			if a[i] <= b[j+1] && b[j] <= a[i+1] {
				return true
			}
		}
	}
	return false
}
