package segment

// numeric marks, in scratch.word, a piece that is a number or a date.
const numeric = ^uint32(0)

// joinNumbers puts numbers and dates into one piece, since no dictionary holds
// them all: 三百五十|万, 12|.|5|%, 第|十五, 2023|年, 6|月, 8|时 30|分; and it takes
// measure words off the numbers that the dictionary happens to hold with them,
// 一条 and 万元, so that 三十|万元 is 三十万|元. The PKU standard of segmentation
// has both so.
func (b *scratch) joinNumbers() {
	b.splitMeasures()
	out := b.ends[:0]
	var start int32
	for k := 0; k < len(b.ends); {
		next := k + 1
		if r := b.runes[start]; isNumeral(r) || r == '第' {
			if j := b.number(k); j > k {
				next = j
				b.word[b.ends[next-1]] = numeric
			}
		}
		start = b.ends[next-1]
		out = append(out, start)
		k = next
	}
	b.ends = out
}

// splitMeasures cuts every piece [第]numerals+measure word before the latter.
func (b *scratch) splitMeasures() {
	b.spare = b.spare[:0]
	var start int32
	for _, end := range b.ends {
		if end-start > 1 && isMeasure(b.runes[end-1]) && !b.isFrozen(start, end) {
			i := start
			if b.runes[i] == '第' && i < end-2 {
				i++
			}
			for i < end-1 && isNumeral(b.runes[i]) {
				i++
			}
			if i == end-1 {
				b.word[i], b.word[end] = numeric, 0
				b.spare = append(b.spare, i)
			}
		}
		b.spare = append(b.spare, end)
		start = end
	}
	b.ends, b.spare = b.spare, b.ends
}

// isFrozen: 一个 is an article more often than a count, and what begins with 百
// or 千 is no count either, but 百年 or 千家万户.
func (b *scratch) isFrozen(start, end int32) bool {
	first := b.runes[start]
	return first == '百' || first == '千' || first == '一' && end-start == 2 && b.runes[end-1] == '个'
}

// number returns the index behind the last of the pieces, from k on, that
// make one number or date, or k when piece k
// begins none.
func (b *scratch) number(k int) int {
	j := k
	if b.is(j, '第') {
		j++
	}
	first := j
	for b.numeral(j) {
		j++
		if b.oneOf(j, ".．·") && b.numeral(j+1) {
			j++
		}
	}
	if j == first {
		return k
	}
	from := b.begin(first)
	switch {
	case b.oneOf(j, "%％‰"):
		j++
	case first > k: // 第三年, 第三月: an ordinal and its noun
	case b.is(j, '年'):
		if b.ends[j-1]-from == 4 { // 三|年 is a span of time, 2023|年 a date
			j++
		}
	case b.oneOf(j, "月日时"), j < len(b.ends) && b.span(j) == "月份":
		j++
	case b.is(j, '分') && from > 0 && b.runes[from-1] == '时':
		j++
	}
	return j
}

func (b *scratch) begin(k int) int32 {
	if k == 0 {
		return 0
	}
	return b.ends[k-1]
}

// numeral reports whether piece k consists of digits and numerals alone.
func (b *scratch) numeral(k int) bool {
	if k >= len(b.ends) {
		return false
	}
	for _, r := range b.runes[b.begin(k):b.ends[k]] {
		if !isNumeral(r) {
			return false
		}
	}
	return true
}

func (b *scratch) is(k int, r rune) bool {
	return k < len(b.ends) && b.ends[k]-b.begin(k) == 1 && b.runes[b.begin(k)] == r
}

func (b *scratch) oneOf(k int, set string) bool {
	for _, r := range set {
		if b.is(k, r) {
			return true
		}
	}
	return false
}

func (b *scratch) span(k int) string { return string(b.runes[b.begin(k):b.ends[k]]) }

func isNumeral(r rune) bool {
	switch r {
	case '零', '〇', '○', '一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '百', '千', '万', '亿', '两':
		return true
	}
	return r >= '0' && r <= '9' || r >= '０' && r <= '９'
}

// isMeasure holds the common measure words that follow a number directly and
// end no other word that begins with a numeral (一时, 十分, 一面 stay whole).
func isMeasure(r rune) bool {
	switch r {
	case '个', '条', '次', '年', '天', '位', '名', '项', '种', '批', '片', '支', '级', '届', '元', '吨', '款',
		'岁', '户', '辆', '栋', '幢', '间', '套', '件', '所', '只', '台', '座', '份', '家', '笔', '趟', '层', '号':
		return true
	}
	return false
}
