package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// A phrase is a sentence with choices in it: "[每天|夜里]有[车|人]过{place}".
// Brackets hold alternatives, nest, and may hold an empty one; braces name a
// slot. The zero phrase is the empty text.
type phrase []part

// A part is one of: literal text, a choice, a slot.
type part struct {
	text   string
	choice []phrase
	slot   string
}

// parsePhrase reads one phrase. It refuses unbalanced brackets and braces, so
// that a slip in the phrase files shows when they are loaded.
func parsePhrase(s string) (phrase, error) {
	p := &phraseParser{rest: s}
	got, err := p.sequence()
	if err != nil {
		return nil, fmt.Errorf("phrase %q: %w", s, err)
	}
	if p.rest != "" {
		return nil, fmt.Errorf("phrase %q: unexpected %q", s, p.rest)
	}
	return got, nil
}

type phraseParser struct {
	rest  string
	depth int
}

func (p *phraseParser) sequence() (phrase, error) {
	var out phrase
	for p.rest != "" {
		stop := "[{"
		if p.depth > 0 {
			stop = "[{|]"
		}
		i := strings.IndexAny(p.rest, stop)
		if i != 0 {
			if i < 0 {
				i = len(p.rest)
			}
			if bad := strings.IndexAny(p.rest[:i], "]}"); bad >= 0 {
				return nil, fmt.Errorf("stray %q", p.rest[bad:bad+1])
			}
			out = append(out, part{text: p.rest[:i]})
			p.rest = p.rest[i:]
			continue
		}
		switch p.rest[0] {
		case '{':
			end := strings.IndexByte(p.rest, '}')
			if end < 0 {
				return nil, fmt.Errorf("slot without }")
			}
			out = append(out, part{slot: p.rest[1:end]})
			p.rest = p.rest[end+1:]
		case '[':
			choice, err := p.choice()
			if err != nil {
				return nil, err
			}
			out = append(out, part{choice: choice})
		default: // | or ] of the choice around this sequence
			return out, nil
		}
	}
	if p.depth > 0 {
		return nil, fmt.Errorf("choice without ]")
	}
	return out, nil
}

func (p *phraseParser) choice() ([]phrase, error) {
	p.depth++
	var out []phrase
	for {
		p.rest = p.rest[1:] // the [ or | that brought us here
		alternative, err := p.sequence()
		if err != nil {
			return nil, err
		}
		out = append(out, alternative)
		if p.rest == "" {
			return nil, fmt.Errorf("choice without ]")
		}
		if p.rest[0] == ']' {
			p.rest = p.rest[1:]
			p.depth--
			return out, nil
		}
	}
}

// slots calls f with the name of every slot that the phrase may ask for.
func (p phrase) slots(f func(name string)) {
	for _, part := range p {
		if part.slot != "" {
			f(part.slot)
		}
		for _, alternative := range part.choice {
			alternative.slots(f)
		}
	}
}

// A voice says phrases: it draws the choices and fills the slots.
type voice struct {
	*rand.Rand
	common map[string][]phrase // slots that mean the same to everybody
	own    map[string]string   // slots of this message: place, name, phone, …
	used   []string            // names of the own slots said, in order
}

// say expands one phrase.
func (v *voice) say(p phrase) string {
	var b strings.Builder
	v.expand(&b, p)
	return b.String()
}

// pick expands one of several phrases; of none, the empty text.
func (v *voice) pick(from []phrase) string {
	if len(from) == 0 {
		return ""
	}
	return v.say(from[v.IntN(len(from))])
}

func (v *voice) expand(b *strings.Builder, p phrase) {
	for _, part := range p {
		switch {
		case part.slot != "":
			if own, ok := v.own[part.slot]; ok {
				v.used = append(v.used, part.slot)
				b.WriteString(own)
				continue
			}
			alternatives := v.common[part.slot]
			v.expand(b, alternatives[v.IntN(len(alternatives))])
		case part.choice != nil:
			v.expand(b, part.choice[v.IntN(len(part.choice))])
		default:
			b.WriteString(part.text)
		}
	}
}

// chance is true with probability p.
func (v *voice) chance(p float64) bool { return v.Float64() < p }

// runes counts characters as a reader would.
func runes(s string) int { return utf8.RuneCountInString(s) }
