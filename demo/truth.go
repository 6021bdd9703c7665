package demo

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zhicang/demo/yunxi"
)

const (
	truthFile    = "truth.json"
	messagesFile = "truth_messages.csv"
)

// Truth is what was planted, as truth.json holds it.
type Truth struct {
	Seed     uint64 `json:"seed"`
	Year     int    `json:"year"`
	Messages int    `json:"messages"` // good and broken, each once

	Issues         []Issue         `json:"issues"`
	NewWords       []NewWord       `json:"new_words"`
	NearDuplicates []NearDuplicate `json:"near_duplicates"`
	Flood          Flood           `json:"flood"`
	Liked          Liked           `json:"liked"`

	Broken      []BrokenRow   `json:"broken"`
	Redelivered []Redelivered `json:"redelivered"`
	// Totals are the lines of sums, which are no records and not broken.
	Totals []Place `json:"totals"`

	Canaries     Canaries     `json:"canaries"`
	TextCanaries []TextCanary `json:"text_canaries"`
}

// An Issue is one matter at one place or of one group of people.
type Issue struct {
	ID       string   `json:"id"`
	Category string   `json:"category"`
	Place    string   `json:"place_or_people"`
	Aliases  []string `json:"aliases"` // other spellings that its messages use
	Title    string   `json:"title"`
	Badge    string   `json:"badge"` // 预案: seasonal; 预警: a risk; empty: neither is planted
	// People counts distinct writers by month, YYYY-MM.
	People     map[string]int `json:"people"`
	OpinionIDs []string       `json:"opinion_ids"`
	// Distractors share the matter at another place, or the place with
	// another matter, in the same months.
	Distractors []string `json:"distractors"`
}

// A NewWord is a word that nobody wrote before its first month.
type NewWord struct {
	Word       string   `json:"word"`
	First      string   `json:"first_month"`
	People     int      `json:"people"`
	OpinionIDs []string `json:"opinion_ids"`
}

// A NearDuplicate is a group of almost the same texts, by one person (resent)
// or by several (copied).
type NearDuplicate struct {
	ID         string   `json:"id"`
	Kind       string   `json:"kind"`
	OpinionIDs []string `json:"opinion_ids"`
}

// Flood is the one person who wrote fifty times in a month.
type Flood struct {
	Month      string   `json:"month"`
	Place      string   `json:"place_or_people"`
	OpinionIDs []string `json:"opinion_ids"`
}

// Liked is the message with thousands of likes, which must not top a list.
type Liked struct {
	Month     string `json:"month"`
	OpinionID string `json:"opinion_id"`
	Likes     int    `json:"likes"`
}

// A Place is where a row was delivered: a file, named within its source's
// folder, with its sheet and the 1-based row of the sheet or line of the text; or the API's path with the
// 1-based ordinal in its stream.
type Place struct {
	Source string `json:"source"`
	File   string `json:"file"`
	Sheet  string `json:"sheet,omitempty"`
	Row    int    `json:"row"`
}

// A BrokenRow must not land.
type BrokenRow struct {
	Place
	OpinionID string `json:"opinion_id"` // as it was before it was broken
	Fault     string `json:"fault"`      // missing_body, bad_date, …
	Column    string `json:"column"`     // of the contract; empty: the whole row
	What      string `json:"what"`
}

// Redelivered is a message that came twice: once more as it was, or in a newer
// version.
type Redelivered struct {
	OpinionID   string `json:"opinion_id"`
	Again       Place  `json:"again"`
	SameVersion bool   `json:"same_version"`
}

// Canaries are all personal values that were delivered in columns or texts,
// each once, sorted. Phones are bare digits.
type Canaries struct {
	IDNumbers []string `json:"id_numbers"`
	Names     []string `json:"names"`
	Phones    []string `json:"phones"`
	Accounts  []string `json:"accounts"`
	BankCards []string `json:"bank_cards"`
	Doors     []string `json:"doors"`
	Plates    []string `json:"plates"`
}

// A TextCanary is a personal value as it stands in a message's body. Kind is
// name, phone, id, card, door or plate.
type TextCanary struct {
	OpinionID string `json:"opinion_id"`
	Kind      string `json:"kind"`
	Value     string `json:"value"`
}

// A witness gathers the truth while the year is written.
type witness struct {
	issues   map[string]*Issue
	people   map[string]map[int]bool // issue+month, or word → persons
	words    map[string]*NewWord
	groups   map[string]*NearDuplicate
	writers  map[string]map[int]bool // near-duplicate group → persons
	order    []string                // groups as met
	canaries [7]map[string]bool
	rows     [][]string // of truth_messages.csv
}

func newWitness() *witness {
	w := &witness{
		issues: map[string]*Issue{}, people: map[string]map[int]bool{}, words: map[string]*NewWord{},
		groups: map[string]*NearDuplicate{}, writers: map[string]map[int]bool{},
	}
	for i := range w.canaries {
		w.canaries[i] = map[string]bool{}
	}
	return w
}

func count(m map[string]map[int]bool, key string, person int) int {
	if m[key] == nil {
		m[key] = map[int]bool{}
	}
	m[key][person] = true
	return len(m[key])
}

// noteMessage records what a message is; delivered, where it went.
func (c *County) noteMessage(m *message, month int) {
	w, period := c.told, fmt.Sprintf("%d-%02d", c.year, month)
	if m.issue != "" {
		is := c.issue(m.issue)
		is.OpinionIDs = append(is.OpinionIDs, m.id)
		is.People[period] = count(w.people, m.issue+period, m.from.number)
	}
	if m.distractor != "" {
		is := c.issue(m.distractor)
		is.Distractors = append(is.Distractors, m.id)
	}
	if m.word != "" {
		nw := w.words[m.word]
		if nw == nil {
			nw = &NewWord{Word: m.word, First: period}
			w.words[m.word] = nw
		}
		nw.OpinionIDs = append(nw.OpinionIDs, m.id)
		nw.People = count(w.people, m.word, m.from.number)
	}
	group := ""
	if m.copyOf > 0 {
		group = fmt.Sprintf("ND-%s-%d", period, m.copyOf)
		if w.groups[group] == nil {
			w.groups[group] = &NearDuplicate{ID: group}
			w.order = append(w.order, group)
		}
		g := w.groups[group]
		g.OpinionIDs = append(g.OpinionIDs, m.id)
		g.Kind = "resent"
		if count(w.writers, group, m.from.number) > 1 {
			g.Kind = "copied"
		}
	}
	if m.flood {
		f := &c.truth.Flood
		f.Month, f.Place, f.OpinionIDs = period, m.place, append(f.OpinionIDs, m.id)
	}
	if m.matter == "liked" {
		c.truth.Liked = Liked{Month: period, OpinionID: m.id, Likes: m.likes}
	}
	if m.broken == none {
		source := [3]string{webSource, hotlineSource, stationSource}[m.from.channel]
		w.rows = append(w.rows, []string{
			m.id, period, source, m.category, m.matter, m.place, m.issue, m.distractor, group, strconv.Itoa(m.from.number),
		})
	}
}

func (c *County) issue(id string) *Issue {
	if is := c.told.issues[id]; is != nil {
		return is
	}
	i := slices.IndexFunc(c.book.issues, func(is issue) bool { return is.ID == id })
	from := c.book.issues[i]
	is := &Issue{ID: id, Category: from.Category, Place: from.Place, Aliases: append([]string{}, from.Aliases...), Title: from.Truth, Badge: from.Badge, People: map[string]int{}}
	c.told.issues[id] = is
	return is
}

// delivered records where a message went, what is wrong with it, and which
// personal values went with it.
func (c *County) delivered(m *message, source, file, sheet string, row int) {
	if m.broken != none {
		f := faultNames[m.broken]
		c.truth.Broken = append(c.truth.Broken, BrokenRow{
			Place:     Place{Source: source, File: file, Sheet: sheet, Row: row},
			OpinionID: m.id, Fault: f.code, Column: f.column, What: f.text,
		})
	}
	k := &c.told.canaries
	k[1][m.from.name], k[2][m.from.phone] = true, true
	if m.from.channel == web {
		account := m.from.account
		if m.broken == badID {
			account = yunxi.WrongCheck(account)
		}
		if account[0] == 'y' {
			k[3][account] = true
		} else {
			k[0][account] = true
		}
	} else {
		k[0][m.idNumber()] = true
	}
	if m.content() == "" || m.broken == shortRow {
		return // the text was not delivered
	}
	for _, t := range m.confessed {
		t.OpinionID = m.id
		c.truth.TextCanaries = append(c.truth.TextCanaries, t)
		switch t.Kind {
		case "id":
			k[0][strings.ToUpper(t.Value)] = true
		case "name":
			k[1][t.Value] = true
		case "phone":
			k[2][strings.NewReplacer("-", "", " ", "").Replace(t.Value)] = true
		case "card":
			k[4][t.Value] = true
		case "door":
			k[5][t.Value] = true
		case "plate":
			k[6][t.Value] = true
		}
	}
}

// redelivered records a message that came once more.
func (c *County) redelivered(m *message, source, file, sheet string, row int, same bool) {
	c.truth.Redelivered = append(c.truth.Redelivered, Redelivered{
		OpinionID: m.id, Again: Place{Source: source, File: file, Sheet: sheet, Row: row}, SameVersion: same,
	})
}

func (c *County) writeTruth() error {
	w, t := c.told, &c.truth
	for _, id := range sortedKeys(w.issues) {
		t.Issues = append(t.Issues, *w.issues[id])
	}
	for _, word := range sortedKeys(w.words) {
		t.NewWords = append(t.NewWords, *w.words[word])
	}
	for _, id := range w.order {
		t.NearDuplicates = append(t.NearDuplicates, *w.groups[id])
	}
	k := &w.canaries
	t.Canaries = Canaries{
		IDNumbers: sortedKeys(k[0]), Names: sortedKeys(k[1]), Phones: sortedKeys(k[2]), Accounts: sortedKeys(k[3]),
		BankCards: sortedKeys(k[4]), Doors: sortedKeys(k[5]), Plates: sortedKeys(k[6]),
	}
	text, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return fmt.Errorf("encode truth: %w", err)
	}
	header := []string{"opinion_id", "month", "source", "category", "matter", "place", "issue", "distractor_of", "near_duplicate", "person"}
	return errors.Join(
		os.WriteFile(filepath.Join(c.dir, truthFile), text, 0o644),
		writeRows(filepath.Join(c.dir, messagesFile), header, w.rows),
	)
}

func readTruth(path string, t *Truth) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, t); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeRows writes a UTF-8 CSV.
func writeRows(path string, header []string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	if err := w.Write(header); err != nil {
		return errors.Join(err, f.Close())
	}
	return errors.Join(w.WriteAll(rows), f.Close())
}
