package topics

import "slices"

// peopleReader finds the group of people that a message is about.
type peopleReader struct {
	groups []PeopleGroup
	names  phraseIndex
	self   wordSet
}

func newPeopleReader(v *Vocabulary, known []string) *peopleReader {
	r := &peopleReader{
		groups: slices.Clone(v.People),
		names:  phraseIndex{},
		self:   newWordSet([]string{"我是", "我们是", "我们", "作为", "身为", "一名", "一个", "代表", "替", "关于", "爱人是", "老公是", "爸爸是", "丈夫是", "我这个", "干"}),
	}
	for _, name := range known {
		if !slices.ContainsFunc(r.groups, func(g PeopleGroup) bool { return slices.Contains(g.Names, name) }) {
			r.groups = append(r.groups, PeopleGroup{Names: []string{name}})
		}
	}
	for i, g := range r.groups {
		for _, name := range g.Names {
			r.names.add(name, i)
		}
	}
	return r
}

// group returns the group that the title names, or that the writer counts
// himself to, or that the body names twice; -1 if there is none. Groups that
// say nothing without a place are left out.
func (r *peopleReader) group(title, body []rune) int {
	if found := r.count(title, 1); found >= 0 {
		return found
	}
	return r.count(body, 2)
}

// count returns the first group to be named often enough, where the writer's
// own group counts at once.
func (r *peopleReader) count(text []rune, enough int) int {
	seen := make(map[int]int)
	for i := 0; i < len(text); i++ {
		p, ok := r.names.at(text, i)
		if !ok {
			continue
		}
		if !r.groups[p.value].NeedsPlace {
			seen[p.value]++
			if r.self.endingAt(text, i) > 0 {
				seen[p.value] += enough
			}
			if seen[p.value] >= enough {
				return p.value
			}
		}
		i += len(p.text) - 1
	}
	return -1
}
