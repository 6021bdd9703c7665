package topics

// framedNames finds names without an ending by what stands around them:
// 住在X, X业主. A name counts if several messages frame it, in more than one
// way.
func framedNames(r *placeReader, texts [][]rune, support int) map[string]int {
	before, after := newWordSet(r.vocab.Frames.Before), newWordSet(r.vocab.Frames.After)
	count := make(map[string]int)
	ways := make(map[string]map[string]bool)
	stops := newWordSet(r.vocab.Frames.Before, r.vocab.Before)
	for _, text := range texts {
		seen := make(map[string]bool)
		for end := 3; end < len(text); end++ {
			n := after.startingAt(text, end)
			if n == 0 {
				continue
			}
			begin := r.framed(text, end, stops)
			if begin < 0 {
				continue
			}
			name := string(text[begin:end])
			seen[name] = true
			if ways[name] == nil {
				ways[name] = make(map[string]bool)
			}
			ways[name][string(text[end:end+n])] = true
			if k := before.endingAt(text, begin); k > 0 {
				ways[name][string(text[begin-k:begin])] = true
			}
		}
		for name := range seen {
			count[name]++
		}
	}
	for name, n := range count {
		if n < support+1 || len(ways[name]) < 3 {
			delete(count, name)
		}
	}
	return count
}

// framed returns where the 3 to 6 letters before end begin, if something that
// ends before a name stands in front of them, they hold no word of prose, and
// no ending makes them a name already; -1 otherwise.
func (r *placeReader) framed(text []rune, end int, stops wordSet) int {
	begin := end
	for begin > 0 && end-begin <= 6 && nameRune(text[begin-1]) && stops.endingAt(text, begin) == 0 {
		if r.divides.endingAt(text, begin) > 0 && end-begin >= 3 {
			break
		}
		begin--
	}
	n := end - begin
	if n < 3 || n > 6 || r.endsPlace(text, end) || r.maybe.words[string(text[begin:begin+1])] {
		return -1
	}
	for i := begin; i < end; i++ {
		if k := r.prose.startingAt(text, i); k > 1 && i+k <= end {
			return -1
		}
	}
	return begin
}
