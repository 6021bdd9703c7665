package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// What can be wrong with a record of JSON, in the words of the list of
// held-back rows.
const (
	notJSON     = "不是完整的 JSON"
	notObject   = "不是 JSON 对象"
	badEncoding = "有不是 UTF-8 的字节"
)

// maxHeader bounds the names of fields that a Picker remembers: objects that
// are keyed by data would otherwise fill the memory.
const maxHeader = 2000

// A Picker takes the wanted fields out of JSON objects, and remembers which
// fields there were. A field is a key of the object or a dotted path into the
// objects below it; a key that itself has dots is found first.
type Picker struct {
	columns int // the first so many fields are columns of the batch
	fields  []string
	paths   [][]string
	values  []json.RawMessage
	seen    []bool
	header  []string
	known   map[string]struct{}
	rest    *Rest // nil where it is not asked for
}

// NewPicker makes a picker of the fields, and of the rest of a record if
// ingest.ExtraField is the last of them. Those in extra are picked too, but not
// appended to the batch.
func NewPicker(fields []string, extra ...string) *Picker {
	fields, others := Named(fields)
	columns := len(fields)
	fields = slices.Concat(fields, extra)
	p := &Picker{
		columns: columns,
		fields:  fields, paths: make([][]string, len(fields)),
		values: make([]json.RawMessage, len(fields)), seen: make([]bool, len(fields)),
		known: map[string]struct{}{},
	}
	for i, f := range fields {
		p.paths[i] = strings.Split(f, ".")
	}
	if others {
		p.rest = &Rest{}
	}
	return p
}

// Pick appends the wanted fields of the object, which stands at the position,
// as one record: numbers as they are written, objects and arrays as compact
// JSON, a field that is absent, null or empty as null. What is no object
// becomes a fault. It returns the values of the fields and of extra, which are
// valid until the next call; nil for a fault.
func (p *Picker) Pick(b *Builder, position int64, object []byte) []json.RawMessage {
	if reason := p.split(object); reason != "" {
		b.Fault(position, reason, object)
		return nil
	}
	for i, v := range p.values[:p.columns] {
		if n := len(v); n > 1 && v[0] == '"' && bytes.IndexByte(v, '\\') < 0 {
			b.Append(i, v[1:n-1])
		} else {
			b.AppendString(i, Text(v))
		}
	}
	if p.rest != nil {
		b.Append(p.columns, p.rest.Take())
	}
	b.EndRow(position)
	return p.values
}

// split finds the wanted fields' values, and answers what keeps it from that.
func (p *Picker) split(object []byte) string {
	clear(p.values)
	if !utf8.Valid(object) {
		return badEncoding
	}
	// A record is believed only when it is whole, since one that breaks off
	// must leave no trace in what is known of the fields.
	if !json.Valid(object) {
		return notJSON
	}
	object = bytes.TrimSpace(object)
	if object[0] != '{' {
		return notObject
	}
	members(object, p.take)
	return ""
}

// take takes note of a member of an object.
func (p *Picker) take(key []byte, value json.RawMessage) {
	if _, ok := p.known[string(key)]; !ok && len(p.header) < maxHeader {
		p.known[string(key)] = struct{}{}
		p.header = append(p.header, string(key))
	}
	mapped := false
	for i, path := range p.paths {
		mapped = mapped || i < p.columns && (string(key) == p.fields[i] || string(key) == path[0])
		switch {
		case string(key) == p.fields[i]:
			p.values[i], p.seen[i] = value, true
		case len(path) > 1 && string(key) == path[0] && p.values[i] == nil:
			if v, err := At(value, path[1:]); err == nil {
				p.values[i], p.seen[i] = v, true
			}
		}
	}
	if p.rest != nil && !mapped {
		p.rest.Add(string(key), Text(value))
	}
}

// members calls yield for each member of a JSON object, which has been found
// valid before. What it hands out shares the object's memory. A json.Decoder
// would do the same at a fifth of the speed, with a copy of each value.
func members(object []byte, yield func(key []byte, value json.RawMessage)) {
	rest := bytes.TrimLeft(object[1:], " \t\r\n")
	for rest[0] == '"' {
		n := valueLen(rest)
		key := rest[1 : n-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			key = []byte(Text(rest[:n]))
		}
		rest = bytes.TrimLeft(rest[n:], ": \t\r\n")
		n = valueLen(rest)
		yield(key, rest[:n])
		rest = bytes.TrimLeft(rest[n:], ", \t\r\n")
	}
}

// valueLen is the length of the valid JSON value at the start of b.
func valueLen(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i += stringLen(b[i:]) - 1
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return i // the end of what holds a number or a name
			} else if depth == 0 {
				return i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// stringLen is the length of the valid JSON string at the start of b.
func stringLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		n := bytes.IndexAny(b[i:], "\"\\")
		if n < 0 {
			break
		}
		if i += n; b[i] == '"' {
			return i + 1
		}
		i++ // past what the backslash stands before
	}
	return len(b)
}

// Header lists the top-level fields seen so far, in the order in which they
// first appeared.
func (p *Picker) Header() []string { return p.header }

// Missing lists the wanted fields that no object so far had.
func (p *Picker) Missing() []string {
	var out []string
	for i, f := range p.fields {
		if !p.seen[i] {
			out = append(out, f)
		}
	}
	return out
}

// ErrNoPath says that a JSON document has nothing at a path.
var ErrNoPath = errors.New("nothing at the path")

// At finds what stands at a path of keys below a JSON value. An empty path is
// the value itself. The error wraps ErrNoPath and names the key at which the
// path ends.
func At(value json.RawMessage, path []string) (json.RawMessage, error) {
	for _, key := range path {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(value, &object); err != nil {
			return nil, fmt.Errorf("%w: %s is not in an object", ErrNoPath, key)
		}
		v, ok := object[key]
		if !ok {
			return nil, fmt.Errorf("%w: no %s", ErrNoPath, key)
		}
		value = v
	}
	return value, nil
}

// Text is a JSON value as text: a string without its quotes, anything else as
// it is written, without spaces; null is empty.
func Text(value json.RawMessage) string {
	value = bytes.TrimSpace(value)
	if len(value) == 0 {
		return ""
	}
	switch value[0] {
	case '"':
		var s string
		if json.Unmarshal(value, &s) != nil {
			return ""
		}
		return s
	case '{', '[':
		var out bytes.Buffer
		if json.Compact(&out, value) != nil {
			return ""
		}
		return out.String()
	case 'n':
		return ""
	}
	return string(value)
}
