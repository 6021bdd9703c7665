package region

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed region.csv
var embeddedCSV string

// Tree is a set of regions in which every one but the provinces has its
// parent. It does not change and may be used by many goroutines. The zero Tree
// holds no region.
type Tree struct {
	rows   map[string]row // by canonical code
	sorted []Region       // by code, with the dates that Lookup uses
	names  gazetteer
}

// row is one line of a table as it was written, before it takes over the dates
// of its parent.
type row struct {
	Region
	aliases []string // Short first
	decoys  []string // longer words that hold an alias and mean something else
	at      string   // file:line
}

// Embedded returns the table that is compiled in.
func Embedded() *Tree { return embedded() }

var embedded = sync.OnceValue(func() *Tree {
	t, err := (&Tree{}).with("region.csv", strings.NewReader(embeddedCSV))
	if err != nil {
		panic(err) // a defect of this package, which its test would have shown
	}
	return t
})

// Read reads a table that stands alone. Its columns are those of With.
func Read(fsys fs.FS, name string) (*Tree, error) {
	return (&Tree{}).With(fsys, name)
}

// With returns a tree in which the rows of a CSV file are laid over t: a row
// with a code of t replaces it, the others are added. The columns, named in
// the first line, in any order:
//
//	code       2, 4, 6, 9 or 12 digits
//	name       in full
//	level      1 省, 2 市, 3 县, 4 乡, 5 村
//	parent     code, empty for a province
//	from, to   YYYY-MM-DD, [from, to); empty or left out: as the parent's
//	short      names to find in texts beside the full one, separated by |;
//	           leave out those that are common words (天台, 西湖)
//	decoys     words that hold a short name and mean something else (三门峡),
//	           separated by |; they hold for the whole tree
//	lng, lat   degrees, for a map marker
//	reference  the decision or publication the row rests on
//
// All but the first four may be missing. The error names file and line of
// every row that is wrong.
func (t *Tree) With(fsys fs.FS, name string) (*Tree, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read regions: %w", err)
	}
	defer f.Close()
	return t.with(name, f)
}

// merge lays rows over those of t and links the result.
func (t *Tree) merge(rows []row) (*Tree, error) {
	merged := &Tree{rows: maps.Clone(t.rows)}
	if merged.rows == nil {
		merged.rows = make(map[string]row, len(rows))
	}
	for _, r := range rows {
		merged.rows[r.Code] = r
	}
	if err := merged.link(); err != nil {
		return nil, err
	}
	merged.names = newGazetteer(merged)
	return merged, nil
}

// link checks that every parent exists, hands the dates of parents down, and
// checks that no region outlives its parent. Codes sort parents first.
func (t *Tree) link() error {
	var errs []error
	dated := make(map[string]Region, len(t.rows))
	for _, code := range slices.Sorted(maps.Keys(t.rows)) {
		r := t.rows[code]
		if r.Parent != "" {
			parent, ok := dated[r.Parent]
			if _, refused := t.rows[r.Parent]; refused && !ok {
				continue // its error says enough
			}
			if !ok {
				errs = append(errs, fmt.Errorf("%s: %s %s: its parent %s is in no row; add one", r.at, code, r.Name, r.Parent))
				continue
			}
			if r.From.IsZero() {
				r.From = parent.From
			}
			if r.To.IsZero() {
				r.To = parent.To
			}
			if r.From.Before(parent.From) || (!parent.To.IsZero() && r.To.After(parent.To)) {
				errs = append(errs, fmt.Errorf("%s: %s %s: its dates reach beyond those of its parent %s", r.at, code, r.Name, r.Parent))
				continue
			}
		}
		if !r.To.IsZero() && !r.From.Before(r.To) {
			errs = append(errs, fmt.Errorf("%s: %s %s: to is not after from", r.at, code, r.Name))
			continue
		}
		dated[code] = r.Region
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	t.sorted = slices.SortedFunc(maps.Values(dated), func(a, b Region) int { return cmp.Compare(a.Code, b.Code) })
	return nil
}

// get finds a region by its canonical code, on whatever day.
func (t *Tree) get(code string) (Region, bool) {
	i, ok := slices.BinarySearchFunc(t.sorted, code, func(r Region, code string) int { return cmp.Compare(r.Code, code) })
	if !ok {
		return Region{}, false
	}
	return t.sorted[i], true
}

// Lookup returns the region that a code, in any form that Normalize takes,
// names on the calendar day of on. The error is ErrMalformed or a *LookupError.
func (t *Tree) Lookup(code string, on time.Time) (Region, error) {
	code, err := Normalize(code)
	if err != nil {
		return Region{}, err
	}
	r, ok := t.get(code)
	switch {
	case !ok:
		return Region{}, &LookupError{Err: ErrUnknown}
	case r.InForce(on):
		return r, nil
	case day(on).Before(r.From):
		return Region{}, &LookupError{Err: ErrNotYet, Region: r}
	default:
		return Region{}, &LookupError{Err: ErrEnded, Region: r}
	}
}

// Ancestors returns the region of a code, in any form that Normalize takes,
// then its parent and so on up to the province, whether in force or not; nil
// for a code that is not in the tree.
func (t *Tree) Ancestors(code string) []Region {
	code, err := Normalize(code)
	if err != nil {
		return nil
	}
	var chain []Region
	for code != "" {
		r, ok := t.get(code)
		if !ok {
			return nil
		}
		chain = append(chain, r)
		code = r.Parent
	}
	return chain
}

// Regions returns all regions, past ones too, sorted by code, so that parents
// come before their children.
func (t *Tree) Regions() []Region { return slices.Clone(t.sorted) }
