package demo

import (
	"fmt"
	"strings"
	"time"

	"zhicang/demo/yunxi"
)

// A person is invented. Everything about one follows from the seed and the
// person's number, so that a million of them need no memory.
type person struct {
	number  int
	name    string
	id      string // 18 characters with a right check character, of a county that does not exist
	phone   string // 1990000xxxx to 1990009xxxx
	card    string // 19 digits, Luhn-valid, prefix 629999
	account string // of the web portal
	door    string
	plate   string
	town    string // last three digits
	channel channel
}

// canarySlots are the slots of phrases/canaries.yaml.
var canarySlots = []string{"name", "phone", "id", "card", "door", "plate"}

// idDays is the number of birthdays that ids are drawn from, idSerials that of
// serial numbers in a day.
const (
	idDays    = 24_472 // 1940-01-01 to 2006-12-31
	idSerials = 999
	cardBIN   = "629999"
)

// mix is SplitMix64 (Steele, Lea, Flood 2014): it spreads a counter over 64 bits.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// person gives the n-th person. Ids are distinct for the first 24 million,
// since a step that shares no factor with a range visits all of it.
func (b *book) person(seed uint64, n int) person {
	h := mix(seed ^ mix(uint64(n)))
	draw := func(n int) int {
		h = mix(h)
		return int(h % uint64(n))
	}
	const idRange = idDays * idSerials
	k := (uint64(n)*7_368_787 + seed%idRange) % idRange
	born := time.Date(1940, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(k/idSerials))
	serial := int(k%idSerials) + 1
	p := person{
		number: n,
		id:     yunxi.WithCheck(fmt.Sprintf("%s%s%03d", yunxi.Code, born.Format("20060102"), serial)),
		phone:  fmt.Sprintf("199000%05d", (uint64(n)*61_403+seed)%100_000),
		town:   b.towns[draw(len(b.towns))].Code[len(yunxi.Code):],
		door:   fmt.Sprintf("%s%d幢%d单元%d0%d室", b.byKind["小区"][draw(len(b.byKind["小区"]))].name, 1+draw(28), 1+draw(4), 1+draw(17), 1+draw(4)),
		plate:  fmt.Sprintf("浙Y·%05d", draw(100_000)),
		card:   withLuhn(fmt.Sprintf("%s%012d", cardBIN, h%1_000_000_000_000)),
	}
	p.name = b.fullName(draw, born.Year(), serial%2 == 1)
	p.account = fmt.Sprintf("yx%07d", (uint64(n)*3_100_741+seed)%10_000_000)
	if draw(10) < 3 { // people who signed up with their id
		p.account = p.id
	}
	switch c := draw(100); {
	case c < 42:
		p.channel = web
	case c < 75:
		p.channel = hotline
	default:
		p.channel = station
	}
	return p
}

// fullName makes names of three characters, some of two and of four. Those of
// two end in a rare character, so that no other text holds them by chance.
func (b *book) fullName(draw func(int) int, born int, man bool) string {
	one := func(list string) string {
		r := []rune(strings.ReplaceAll(list, " ", ""))
		return string(r[draw(len(r))])
	}
	surname := one(b.names.Surnames)
	older := b.names.OlderWomen
	if man {
		older = b.names.OlderMen
	}
	switch c := draw(100); {
	case c < 2:
		return b.names.Compound[draw(len(b.names.Compound))] + one(b.names.Rare)
	case c < 10:
		return surname + one(b.names.Rare)
	case born < 1968 && c < 75:
		return surname + older[draw(len(older))]
	default:
		return surname + one(b.names.First) + one(b.names.Second)
	}
}

// withLuhn appends the check digit of ISO/IEC 7812-1.
func withLuhn(digits string) string {
	sum := 0
	for i := range digits {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 0 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return digits + fmt.Sprint((10-sum%10)%10)
}
