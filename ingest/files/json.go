package files

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

const reasonLongLine = "一行超过 1 MiB"

// readJSONLines reads one object a line. A line that is not whole is a fault,
// and the next line is as good as any.
func (in *input) readJSONLines() (ingest.Outcome, error) {
	encoding, mark, err := in.textEncoding()
	if err != nil {
		return ingest.Outcome{}, err
	}
	w, err := in.openText(encoding, mark)
	if err != nil {
		return ingest.Outcome{}, err
	}
	build, pick := record.NewBuilder(in.asked, ""), record.NewPicker(in.asked)
	for n := int64(1); ; n++ {
		line, whole, ok, err := w.line()
		if err != nil {
			return ingest.Outcome{}, err
		}
		if !ok {
			break
		}
		switch {
		case len(bytes.TrimSpace(line)) == 0:
		case !whole:
			build.Fault(n, reasonLongLine, line)
		case w.dirty && w.damaged(line):
			build.Fault(n, reasonBroken, line)
		default:
			pick.Pick(build, n, line)
		}
		if err := build.FlushFull(in.yield); err != nil {
			return ingest.Outcome{}, err
		}
	}
	return in.finishJSON(build, pick)
}

// finishJSON yields the last batch, and refuses a unit in which a wanted field
// is in no record at all: a field was renamed, not left empty.
func (in *input) finishJSON(build *record.Builder, pick *record.Picker) (ingest.Outcome, error) {
	if err := build.Flush(in.yield); err != nil {
		return ingest.Outcome{}, err
	}
	if missing := pick.Missing(); len(missing) > 0 && len(pick.Header()) > 0 {
		return ingest.Outcome{}, record.Missing(in.fields, missing, pick.Header())
	}
	return ingest.Outcome{Header: pick.Header()}, nil
}

// readJSON reads the array of a JSON document, record by record.
func (in *input) readJSON() (ingest.Outcome, error) {
	encoding, mark, err := in.textEncoding()
	if err != nil {
		return ingest.Outcome{}, err
	}
	w, err := in.openText(encoding, mark)
	if err != nil {
		return ingest.Outcome{}, err
	}
	dec := json.NewDecoder(w)
	dec.UseNumber()
	if err := in.toArray(dec); err != nil {
		return ingest.Outcome{}, err
	}
	build, pick := record.NewBuilder(in.asked, ""), record.NewPicker(in.asked)
	n := int64(0)
	for dec.More() {
		n++
		var object json.RawMessage
		if err := dec.Decode(&object); err != nil {
			return ingest.Outcome{}, brokenJSON(n, err)
		}
		if w.damaged(object) {
			build.Fault(n, reasonBroken, object)
		} else {
			pick.Pick(build, n, object)
		}
		if err := build.FlushFull(in.yield); err != nil {
			return ingest.Outcome{}, err
		}
	}
	if _, err := dec.Token(); err != nil { // the array's end
		return ingest.Outcome{}, brokenJSON(n+1, err)
	}
	return in.finishJSON(build, pick)
}

// toArray moves to the first record of the array that the config names.
func (in *input) toArray(dec *json.Decoder) error {
	var path []string
	if in.cfg.Records != "" {
		path = strings.Split(in.cfg.Records, ".")
	}
	for _, key := range path {
		if t, err := dec.Token(); err != nil {
			return brokenJSON(0, err)
		} else if t != json.Delim('{') {
			return in.noArray(key, nil)
		}
		if err := in.toKey(dec, key); err != nil {
			return err
		}
	}
	t, err := dec.Token()
	if err != nil {
		return brokenJSON(0, err)
	}
	if t == json.Delim('[') {
		return nil
	}
	var there []string
	if t == json.Delim('{') {
		there = keysOf(dec)
	}
	return in.noArray("", there)
}

// toKey moves to the value of a key in an object, past those before it.
func (in *input) toKey(dec *json.Decoder, key string) error {
	var there []string
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return brokenJSON(0, err)
		}
		if t == key {
			return nil
		}
		there = append(there, fmt.Sprint(t))
		if err := skipValue(dec); err != nil {
			return brokenJSON(0, err)
		}
	}
	return in.noArray(key, there)
}

// skipValue passes over one value without holding it in memory.
func skipValue(dec *json.Decoder) error {
	for depth := 0; ; {
		t, err := dec.Token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// keysOf lists the keys of the object that was just entered, as far as they
// can be read.
func keysOf(dec *json.Decoder) []string {
	var keys []string
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			break
		}
		keys = append(keys, fmt.Sprint(t))
		if skipValue(dec) != nil {
			break
		}
	}
	return keys
}

func (in *input) noArray(key string, there []string) error {
	e := &ingest.Error{Try: "set records: to the dotted path of the array, as in data.items"}
	switch {
	case key != "":
		e.Err = fmt.Errorf("records: %s leads nowhere: no %s among: %s", in.cfg.Records, key, record.List(there))
		if near := record.Nearest(key, there); near != "" {
			e.Try = fmt.Sprintf("did you mean %s? Otherwise %s", near, e.Try)
		}
	case len(there) > 0:
		e.Err = fmt.Errorf("the document is an object with %s, not an array of records", record.List(there))
		e.Try += "; if the file has one object a line, set format: jsonl"
	default:
		e.Err = errors.New("there is no array of records here")
	}
	return e
}

// brokenJSON says where a document stops being JSON. The decoder's own words
// may quote the text, so they are not repeated.
func brokenJSON(record int64, err error) error {
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &ingest.Error{
			Row: record, Err: errors.New("the JSON document ends in its midst"),
			Try: "ask for the file again: it was cut, or is still being written",
		}
	case errors.As(err, &syntax):
		return &ingest.Error{
			Row: record, Err: fmt.Errorf("not valid JSON at byte %d", syntax.Offset),
			Try: "check the file with a JSON tool; if it has one object a line, set format: jsonl",
		}
	}
	return err
}

// Read makes a window a reader of its text, for decoders that split it
// themselves.
func (w *window) Read(p []byte) (int, error) {
	if w.start == w.end {
		if err := w.fill(); err != nil {
			return 0, err
		}
		if w.start == w.end {
			return 0, io.EOF
		}
	}
	n := copy(p, w.text())
	w.take(n)
	return n, nil
}
