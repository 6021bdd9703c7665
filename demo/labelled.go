package demo

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
)

// labelledEach is how many labelled examples each wording gives.
const labelledEach = 5

// writeLabelled writes examples for training: the stream's categories and
// matters, in other words and at places that the stream never names.
func (c *County) writeLabelled(seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 0x1abe11ed))
	seen := map[string]bool{}
	var rows [][]string
	for _, m := range c.book.matters {
		for _, p := range m.Train {
			for n, tries := 0, 0; n < labelledEach && tries < 60; tries++ {
				kind := m.Kinds[r.IntN(len(m.Kinds))]
				names := c.book.gazetteer.Elsewhere[kind]
				v := &voice{Rand: r, common: c.book.manners.Slots, own: map[string]string{"place": names[r.IntN(len(names))]}}
				text := v.pick(c.book.labelled.Before) + v.say(p) + v.pick(c.book.labelled.After)
				text = strings.NewReplacer("？，", "，").Replace(text)
				if seen[text] {
					continue
				}
				seen[text] = true
				rows = append(rows, []string{m.Category, text})
				n++
			}
		}
	}
	r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return writeRows(filepath.Join(c.dir, "labelled.csv"), []string{"一级分类", "text"}, rows)
}
