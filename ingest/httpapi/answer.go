package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// An answer is a response that was understood: a page of records, with what is
// around them.
type answer struct {
	header http.Header
	body   json.RawMessage
	items  []json.RawMessage
}

// errTruncated says that a response ends in its midst, as it does when a
// gateway drops the connection; asking again may help.
var errTruncated = errors.New("the response ends in its midst")

// understand takes the records out of a response.
func understand(status int, header http.Header, body []byte, items string) (*answer, error) {
	kind, params, _ := mime.ParseMediaType(header.Get("Content-Type"))
	where := fmt.Sprintf("HTTP %d, %s", status, contentKind(kind))
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF")))
	switch strings.ToLower(params["charset"]) {
	case "gbk", "gb2312", "gb18030":
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(body)
		if err != nil {
			return nil, &ingest.Error{Err: fmt.Errorf("%s: the text is not what its charset says", where), Try: "ask those who run the API"}
		}
		body = decoded
	}
	switch {
	case len(body) == 0 && status == http.StatusNoContent:
		return &answer{header: header}, nil
	case len(body) == 0:
		return nil, errTruncated
	case body[0] == '<':
		return nil, htmlAnswer(where, body)
	}
	if err := checkJSON(where, body); err != nil {
		return nil, err
	}
	a := &answer{header: header, body: body}
	value, err := record.At(body, splitPath(items))
	switch {
	case err != nil, !isArray(value) && !isNull(value), isNull(value) && a.saysFailure():
		return nil, a.noItems(where, items)
	case isNull(value): // how some servers write an empty list
		return a, nil
	}
	if err := json.Unmarshal(value, &a.items); err != nil {
		return nil, err
	}
	if len(a.items) == 0 && a.saysFailure() {
		return nil, a.noItems(where, items)
	}
	return a, nil
}

func checkJSON(where string, body []byte) error {
	if json.Valid(body) {
		return nil
	}
	var syntax *json.SyntaxError
	var into json.RawMessage
	err := json.Unmarshal(body, &into)
	if errors.As(err, &syntax) && syntax.Offset >= int64(len(body)) && (body[0] == '{' || body[0] == '[') {
		return errTruncated
	}
	return &ingest.Error{
		Err: fmt.Errorf("%s: the response is not JSON", where),
		Try: "check url: it must be the API's, not a page for people",
	}
}

var title = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)

// htmlAnswer names a page by its title alone: gateways say there what is wrong
// with a request, and records are not found there.
func htmlAnswer(where string, body []byte) error {
	what := "a web page"
	if m := title.FindSubmatch(body[:min(len(body), 64<<10)]); m != nil {
		words := []rune(strings.Join(strings.Fields(html.UnescapeString(string(m[1]))), " "))
		what = fmt.Sprintf("a web page titled %q", string(words[:min(len(words), 40)]))
	}
	return &ingest.Error{
		Err: fmt.Errorf("%s: the API answered with %s", where, what),
		Try: "check url: and auth:; a login page or a gateway's notice stands where data should be",
	}
}

func contentKind(kind string) string {
	if kind == "" || len(kind) > 60 {
		return "no content type"
	}
	return kind
}

func isArray(v json.RawMessage) bool { return len(v) > 0 && bytes.TrimSpace(v)[0] == '[' }
func isNull(v json.RawMessage) bool  { return string(bytes.TrimSpace(v)) == "null" }

func splitPath(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, ".")
}

// saysFailure recognises the envelope that many gateways wrap around an error
// while the status stays 200: {"code": 401, "data": null}.
func (a *answer) saysFailure() bool {
	var envelope map[string]json.RawMessage
	if json.Unmarshal(a.body, &envelope) != nil {
		return false
	}
	fine := []string{"0", "1", "200", "0000", "00000", "000000", "success", "ok", "true"}
	for _, key := range []string{"code", "errcode", "errorCode", "status", "ret", "success"} {
		if v, ok := envelope[key]; ok && !isNull(v) && !slices.Contains(fine, strings.ToLower(record.Text(v))) {
			return true
		}
	}
	return false
}

func (a *answer) noItems(where, items string) error {
	e := &ingest.Error{Try: "set items: to the dotted path of the array, as in data.items"}
	name := "the response"
	if items != "" {
		name = items
	}
	e.Err = fmt.Errorf("%s: %s is no array of records; the response has %s", where, name, a.keys())
	if a.saysFailure() {
		e.Err = fmt.Errorf("%s: the API reports a failure inside its response, which has %s", where, a.keys())
		e.Try = "check auth: and query:; call the API by hand to see its message, which is not repeated here"
	}
	return e
}

// plainKey matches what is a field's name, and not an identifier that an
// object is keyed by.
var plainKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z_.-]{0,30}[0-9]{0,2}$`)

// keys names the fields around the records, for messages.
func (a *answer) keys() string {
	var object map[string]json.RawMessage
	if json.Unmarshal(a.body, &object) != nil {
		return "no fields: it is no object"
	}
	var names []string
	for k, v := range object {
		if !plainKey.MatchString(k) {
			continue
		}
		names = append(names, k)
		var inner map[string]json.RawMessage
		if json.Unmarshal(v, &inner) == nil {
			for kk := range inner {
				if plainKey.MatchString(kk) {
					names = append(names, k+"."+kk)
				}
			}
		}
	}
	slices.Sort(names)
	if len(names) > 20 {
		names = append(names[:20], "…")
	}
	if len(names) == 0 {
		return "no fields"
	}
	return "the fields " + strings.Join(names, ", ")
}

// hasParent says whether the object that a path's last key would be in is
// there. APIs leave the next cursor out of their last page; a path of which
// not even the beginning is there is wrong.
func (a *answer) hasParent(path string) bool {
	keys := splitPath(path)
	parent, err := record.At(a.body, keys[:len(keys)-1])
	return err == nil && bytes.HasPrefix(bytes.TrimSpace(parent), []byte("{"))
}

// sum tells pages apart by their records.
func (a *answer) sum() (out [sha256.Size]byte) {
	h := sha256.New()
	var size [8]byte
	for _, item := range a.items {
		binary.BigEndian.PutUint64(size[:], uint64(len(item)))
		h.Write(size[:])
		h.Write(item)
	}
	h.Sum(out[:0])
	return out
}
