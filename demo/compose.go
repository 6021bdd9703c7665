package demo

import (
	"strings"
	"unicode"
)

// maxRunes is the longest message that the portal takes.
const maxRunes = 400

// composer writes messages. It is not safe for concurrent use.
type composer struct {
	*book
	totalWeight int
}

func newComposer(b *book) *composer {
	c := &composer{book: b}
	for _, name := range b.registers {
		c.totalWeight += b.manners.Registers[name].Weight
	}
	return c
}

// write says what w knows about the place that v.own names. A place is named
// in the body, the title, or both; with sure, in both more often than not.
func (c *composer) write(v *voice, w wording, kind string, sure bool) (title, body string) {
	name := c.register(v)
	reg := c.manners.Registers[name]
	where := v.own["place"]
	title = v.pick(w.Title)
	for range 6 {
		if where == "" || strings.Contains(title, where) {
			break
		}
		title = v.pick(w.Title)
	}
	if !sure && v.chance(.05) {
		title = c.manners.Vague[v.IntN(len(c.manners.Vague))]
	}
	withPlace := !strings.Contains(title, where) || v.chance(.75)
	body = c.body(v, w, reg, name, kind, withPlace)
	if withPlace && !strings.Contains(body, where) && !strings.Contains(title, where) {
		body = where + "：" + body
	}
	return title, body
}

func (c *composer) register(v *voice) string {
	n := v.IntN(c.totalWeight)
	for _, name := range c.book.registers {
		if n -= c.manners.Registers[name].Weight; n < 0 {
			return name
		}
	}
	return c.book.registers[0]
}

// role is what a part of a message does in it; which mark follows depends on it.
type role int

const (
	greeting role = iota
	intro
	fact
	remark
	request
)

type spoken struct {
	role
	text string
}

// body puts the parts together in the order in which people of the register do.
func (c *composer) body(v *voice, w wording, reg register, name, kind string, withPlace bool) string {
	says, remarks := 2+v.IntN(2), .5
	switch name {
	case "terse":
		says, remarks = 1+v.IntN(2), .15
	case "elder":
		says, remarks = 2+v.IntN(3), .9
	case "official":
		says = 3 + v.IntN(2)
	}
	epistle := v.chance(.04)
	if epistle || v.chance(.1) { // some write everything down
		says, remarks = len(w.Say), 1
	}
	var parts []spoken
	add := func(r role, s string) {
		if s != "" {
			parts = append(parts, spoken{r, s})
		}
	}
	add(greeting, v.pick(reg.Greet))
	gripes, asides := c.some(v, reg.Gripe, 3), c.some(v, c.manners.Aside, 3)
	if name == "elder" && v.chance(.5) {
		add(remark, gripes[2])
	}
	if withPlace {
		add(intro, v.pick(c.manners.Intro[kind]))
	}
	facts := c.some(v, w.Say, says)
	if name == "official" && v.chance(.5) {
		number(v, facts)
	}
	for _, f := range facts {
		add(fact, f)
	}
	musings := []string{v.pick(w.Harm), gripes[0], asides[0]}
	if epistle {
		musings = append(musings, asides[1], gripes[1], asides[2])
	}
	for _, m := range musings {
		if v.chance(remarks) {
			add(remark, m)
		}
	}
	if v.chance(.7) {
		add(request, v.pick(w.Ask))
	}
	if v.chance(.45) {
		add(request, v.pick(reg.Plea))
	}
	return c.join(v, parts, v.pick(reg.Thanks), name)
}

// number puts numerals before what is listed.
func number(v *voice, facts []string) {
	marks := [][]string{{"1、", "2、", "3、", "4、"}, {"一是", "二是", "三是", "四是"}, {"（1）", "（2）", "（3）", "（4）"}}[v.IntN(3)]
	for i := range facts[:min(len(marks), len(facts))] {
		facts[i] = marks[i] + facts[i]
	}
}

// some says n of the phrases, each at most once, in any order.
func (c *composer) some(v *voice, from []phrase, n int) []string {
	order := v.Perm(len(from))
	var out []string
	for _, i := range order[:min(n, len(order))] {
		out = append(out, v.say(from[i]))
	}
	return out
}

// join puts marks between the parts and keeps within maxRunes.
func (c *composer) join(v *voice, parts []spoken, end, register string) string {
	var b strings.Builder
	length := 0
	for i, p := range parts {
		if length += runes(p.text) + 1; length > maxRunes-70 && i > 0 {
			break
		}
		b.WriteString(p.text)
		last := []rune(p.text)
		if unicode.IsPunct(last[len(last)-1]) {
			continue
		}
		if i == len(parts)-1 {
			b.WriteString([]string{"。", "。", "！", "，", "……"}[v.IntN(5)])
			continue
		}
		b.WriteString(c.mark(v, p.role, parts[i+1].role, register))
	}
	s := strings.TrimRight(b.String(), "，；：")
	switch {
	case end == "":
	case register == "official":
		s += "\n" + end
	case unicode.IsPunct([]rune(s)[len([]rune(s))-1]):
		s += end
	default:
		s += "，" + end
	}
	return s
}

// mark is what stands between two parts.
func (c *composer) mark(v *voice, before, after role, register string) string {
	one := func(marks ...string) string { return marks[v.IntN(len(marks))] }
	switch {
	case before == greeting:
		return one("，", "，", "。", "！")
	case before == intro:
		return "，"
	case register == "official" && after == fact:
		return one("；", "。", "；")
	case register == "terse":
		return one("，", "。", " ", "，")
	case before == fact && after == fact && v.chance(.22):
		return v.pick(c.manners.Join)
	case after == fact:
		return one("，", "。", "。", "；", "！")
	case after == request:
		return one("。", "，", "。", "！")
	default:
		return one("。", "，", "。", "！")
	}
}

// smudge does to a text what keyboards do. The text keeps its meaning; one in
// three is left as it is.
func (c *composer) smudge(v *voice, s string) string {
	if v.chance(.28) {
		s = c.mistype(v, s)
	}
	switch n := v.IntN(100); {
	case n < 5:
		s = c.noise.traditional.Replace(s)
	case n < 10:
		s = strings.NewReplacer("，", ",", "。", ".", "！", "!", "？", "?").Replace(s)
	case n < 15:
		s = strings.NewReplacer("，", " ", "。", " ", "；", " ").Replace(s)
	case n < 21:
		s += c.noise.Emoji[v.IntN(len(c.noise.Emoji))]
	case n < 27:
		s = strings.ReplaceAll(s, "。", "。\n")
	case n < 31:
		s = "  " + strings.Replace(s, "，", "， ", 2)
	case n < 34:
		s = strings.Replace(s, "！", "！！！", 1) + "！！"
	}
	return s
}

// mistype makes one slip, or two: a wrong homophone, a character lost or doubled.
func (c *composer) mistype(v *voice, s string) string {
	for range 1 + v.IntN(2) {
		if v.chance(.55) {
			start := v.IntN(len(c.noise.heard))
			for i := range c.noise.heard {
				right := c.noise.heard[(start+i)%len(c.noise.heard)]
				if strings.Contains(s, right) {
					s = strings.Replace(s, right, c.noise.Homophones[right], 1)
					break
				}
			}
			continue
		}
		r := []rune(s)
		if len(r) < 12 {
			continue
		}
		at := 3 + v.IntN(len(r)-6)
		if v.chance(.5) {
			s = string(r[:at]) + string(r[at+1:])
		} else {
			s = string(r[:at]) + string(r[at-1]) + string(r[at:])
		}
	}
	return s
}

// confess puts a sentence into the text by which p can be known, said in one of
// the given ways, and returns what it gave away.
func (c *composer) confess(v *voice, s string, ways []phrase, p person, place, kind string) (string, []TextCanary) {
	number := p.door[strings.IndexFunc(p.door, unicode.IsDigit):]
	door := p.door
	if kind == "小区" {
		door = place + number
	}
	own := map[string]string{"name": p.name, "phone": p.phone, "id": p.id, "card": p.card, "door": door, "plate": p.plate}
	switch v.IntN(12) {
	case 0:
		own["phone"] = p.phone[:3] + "-" + p.phone[3:7] + "-" + p.phone[7:]
	case 1:
		own["phone"] = p.phone[:3] + " " + p.phone[3:7] + " " + p.phone[7:]
	case 2:
		own["id"] = strings.ToLower(p.id)
	}
	said := &voice{Rand: v.Rand, common: v.common, own: own}
	sentence := said.pick(ways)
	var out []TextCanary
	for _, slot := range said.used {
		value := own[slot]
		if slot == "door" {
			value = number
		}
		out = append(out, TextCanary{Kind: slot, Value: value})
	}
	if v.chance(.35) {
		return sentence + "。" + s, out
	}
	return s + "\n" + sentence + "。", out
}
