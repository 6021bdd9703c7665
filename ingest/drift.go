package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/arrow/go/v17/arrow"

	"zhicang/models"
)

// noteNew notes the fields of a unit that nobody maps and no earlier run saw.
func (rep *Report) noteNew(cfg Config, seen, header []string) {
	if len(seen) == 0 {
		return // everything is new
	}
	for _, f := range header {
		if !slices.Contains(seen, f) && !slices.Contains(rep.NewFields, f) && !cfg.Maps(f) {
			rep.NewFields = append(rep.NewFields, f)
		}
	}
}

// Maps reports whether the mapping names a field, or something below it:
// submitter.id_card is in submitter.
func (c Config) Maps(field string) bool {
	for _, mapped := range c.Columns {
		if mapped == field || strings.HasPrefix(mapped, field+".") {
			return true
		}
	}
	return false
}

// checkTypes refuses a unit in which a mapped field is of a type from which its
// column can't be made: it was retyped, or is another field under the old name.
// Text is not judged here: whether it can be read is found out row by row.
func (in *intake) checkTypes(u Unit, yield func(Batch) error) func(Batch) error {
	checked := false
	return func(b Batch) error {
		if !checked {
			checked = true
			for i, col := range in.checker.columns {
				if col.field < 0 {
					continue
				}
				if err := in.checkType(u, &in.checker.columns[i], b.Record.Schema().Field(col.field)); err != nil {
					return err
				}
			}
		}
		return yield(b)
	}
}

func (in *intake) checkType(u Unit, col *checkedColumn, f arrow.Field) error {
	if lands(f.Type.ID(), col.landedType().Kind) {
		return nil
	}
	return &Error{
		Source: in.cfg.Name, Unit: u.Name, Column: f.Name,
		Err: fmt.Errorf("expected what makes a %s (%s), found %s", col.landedType(), col.Title, f.Type),
		Try: "the field was retyped, or means something else now: map the right one, or ask the department for the old type; what landed before stays",
	}
}

// lands reports whether values of an Arrow type can become a column of a kind.
func lands(t arrow.Type, kind models.Kind) bool {
	moment := t == arrow.DATE32 || t == arrow.DATE64 || t == arrow.TIMESTAMP
	switch {
	case t == arrow.NULL || arrow.IsBaseBinary(t) || t == arrow.DICTIONARY:
		return true
	case arrow.IsNested(t) || t == arrow.EXTENSION:
		return kind == models.Varchar
	}
	switch kind {
	case models.Date, models.Timestamp:
		return moment || arrow.IsInteger(t)
	case models.Bigint, models.Integer, models.Double, models.Decimal:
		return arrow.IsInteger(t) || arrow.IsFloating(t) || arrow.IsDecimal(t)
	case models.Boolean:
		return t == arrow.BOOL || arrow.IsInteger(t)
	}
	return true
}

// scrubRest scrubs what nobody mapped. A field's name may be what introduces a
// person (联系人), so each value is read behind it.
func (ck *checker) scrubRest(original string, known []string) string {
	var fields map[string]string
	if err := json.Unmarshal([]byte(original), &fields); err != nil {
		return "" // a source delivers an object of texts: anything else is not let through
	}
	changed, clean := false, make(map[string]string, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		key, inName := ck.scrubber.Scrub(name, known...) // objects may be keyed by people
		value, found := ck.scrubber.Scrub(name+"："+fields[name], known...)
		value = strings.TrimPrefix(value, key+"：")
		for _, taken := clean[key]; taken; _, taken = clean[key] {
			key += "'"
		}
		clean[key] = value
		changed = changed || found.Total() > 0 || inName.Total() > 0
	}
	if !changed {
		return original
	}
	b, _ := json.Marshal(clean) // a map of strings always marshals
	return string(b)
}
