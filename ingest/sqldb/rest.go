package sqldb

import (
	"fmt"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// pickRest adds the columns that nobody mapped, that is all but the first named
// ones, each as the text that the database makes of it: one that nobody counts on
// does not hold a row back for a date that is none. Bytes that no text_encoding
// explains are left out, as nothing could find the people in them.
func (r *reading) pickRest(all []column, named int) error {
	r.rest = len(r.columns)
	there := map[string]bool{}
	mapped := map[string]bool{}
	for _, c := range r.columns[:named] {
		mapped[c.name] = true
	}
	for _, c := range all {
		if there[c.name] {
			return &ingest.Error{
				Column: c.name, Err: fmt.Errorf("the query has two columns of that name"),
				Try: "the contract keeps every column (extra: true): tell them apart with AS",
			}
		}
		there[c.name] = true
		if mapped[c.name] || c.bytes && r.cfg.TextEncoding == "" {
			continue
		}
		if c.kind != textKind && r.dialect.asText != "" && c.as == "" {
			c.as = r.dialect.asText
		}
		c.kind, c.loose = textKind, c.bytes
		c.alias = fmt.Sprintf("extra_%d", len(r.columns)-r.rest+1)
		r.columns = append(r.columns, c)
	}
	return nil
}

// leaveOut lets go of a value that is no text where its column may be without.
func (c column) leaveOut(v *vec, reason string) string {
	if reason == "" || !c.loose {
		return reason
	}
	v.addNull()
	return ""
}

// restVec makes an object of what nobody mapped, for each row.
func (b *batch) restVec() (v vec) {
	if b.rest == 0 {
		return v
	}
	v.reset(textKind, len(b.rows), 0)
	var rest record.Rest
	for i := range b.rows {
		for j := b.rest; j < len(b.columns); j++ {
			if x := &b.vecs[j]; !x.isNull(i) {
				rest.Add(b.columns[j].name, string(x.value(i)))
			}
		}
		if object := rest.Take(); object != nil {
			v.addText(object)
		} else {
			v.addNull()
		}
	}
	return v
}
