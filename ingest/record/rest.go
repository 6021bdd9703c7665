package record

import (
	"encoding/json"
	"strings"

	"zhicang/ingest"
)

// Named parts the fields that a source is asked for into those that have a name
// in the source, and whether the others are asked for as well: then
// ingest.ExtraField comes last.
func Named(fields []string) (named []string, rest bool) {
	if n := len(fields); n > 0 && fields[n-1] == ingest.ExtraField {
		return fields[: n-1 : n-1], true
	}
	return fields, false
}

// Rest gathers the fields of a record that nobody mapped into one JSON object of
// texts. The zero value is empty.
type Rest struct{ buf []byte }

// Add adds a field; one without a name or a value is left out.
func (r *Rest) Add(name, value string) {
	if name == "" || strings.TrimSpace(value) == "" {
		return
	}
	r.buf = append(r.buf, ',')
	r.buf = append(append(r.buf, quote(name)...), ':')
	r.buf = append(r.buf, quote(value)...)
}

func quote(s string) []byte {
	b, _ := json.Marshal(s) // a string always marshals
	return b
}

// Take returns the object and starts the next; nil when there was nothing. It is
// valid until the next Add.
func (r *Rest) Take() []byte {
	if len(r.buf) == 0 {
		return nil
	}
	r.buf[0] = '{'
	out := append(r.buf, '}')
	r.buf = out[:0]
	return out
}
