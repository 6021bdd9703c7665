package models

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FileError says what is wrong in a file that a person wrote, where, and what
// to try. It is the one error type for contracts, parameters and the config.
type FileError struct {
	File string
	Line int // 1-based; 0: the whole file
	Msg  string
	Try  string
}

func (e *FileError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Msg)
	}
	return e.File + ": " + e.Msg
}

// Hint is what to try; the command line prints it after "Try: ".
func (e *FileError) Hint() string { return e.Try }

// DecodeYAML decodes one YAML document strictly into v: an unknown key, a
// wrong type or a second document is a *FileError with file, line and, for a
// misspelt key, the key that was probably meant.
func DecodeYAML(file string, data []byte, v any) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(v); err != nil {
		if errors.Is(err, io.EOF) {
			return &FileError{File: file, Msg: "the file is empty", Try: "write it, or delete the file"}
		}
		return yamlError(file, err, v)
	}
	var next yaml.Node
	if err := dec.Decode(&next); !errors.Is(err, io.EOF) {
		return &FileError{File: file, Line: next.Line, Msg: "holds more than one YAML document", Try: "keep one document a file"}
	}
	return nil
}

var (
	lineRE    = regexp.MustCompile(`^line (\d+): (.*)`)
	unknownRE = regexp.MustCompile(`^field (\S+) not found in type (\S+)`)
	kindRE    = regexp.MustCompile("^cannot unmarshal (!!\\w+)(?: `.*`)? into (.+)")
	doubledRE = regexp.MustCompile(`^mapping key .* already defined at line (\d+)`)
)

// yamlError puts the words of the YAML library into ours. It quotes no values:
// one of them may be a secret.
func yamlError(file string, err error, v any) error {
	msg := err.Error()
	var te *yaml.TypeError
	if errors.As(err, &te) && len(te.Errors) > 0 {
		msg = te.Errors[0]
	}
	fe := &FileError{File: file, Msg: strings.TrimPrefix(msg, "yaml: "), Try: "look at the indentation, the brackets and the quotes around that line"}
	if m := lineRE.FindStringSubmatch(fe.Msg); m != nil {
		fe.Line, _ = strconv.Atoi(m[1]) // it is digits
		fe.Msg = m[2]
	}
	if m := unknownRE.FindStringSubmatch(fe.Msg); m != nil {
		keys := keysOf(reflect.TypeOf(v), m[2])
		fe.Msg, fe.Try = fmt.Sprintf("unknown key %q", m[1]), didYouMean(m[1], keys)
	} else if m := kindRE.FindStringSubmatch(fe.Msg); m != nil {
		fe.Msg = fmt.Sprintf("%s stands where %s is expected", yamlKind(m[1]), goKind(m[2]))
		fe.Try = "look at the keys of the level that the line stands on"
	} else if m := doubledRE.FindStringSubmatch(fe.Msg); m != nil {
		fe.Msg, fe.Try = "the key stands on line "+m[1]+" already", "keep one"
	} else if msg, try, ok := strings.Cut(fe.Msg, hintMark); ok {
		fe.Msg, fe.Try = msg, try
	}
	return fe
}

// hintMark parts what is wrong from what to try in the error of a value.
const hintMark = "; try: "

// ValueError is what UnmarshalYAML returns about a value that it cannot take,
// so that DecodeYAML knows the line and what to try.
func ValueError(node *yaml.Node, try string, err error) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %v%s%s", node.Line, err, hintMark, try)}}
}

func yamlKind(tag string) string {
	switch tag {
	case "!!seq":
		return "a list"
	case "!!map":
		return "a mapping"
	case "!!int", "!!float":
		return "a number"
	case "!!bool":
		return "true or false"
	}
	return "a text"
}

func goKind(typ string) string {
	switch typ = strings.TrimPrefix(typ, "*"); {
	case strings.HasPrefix(typ, "[]"):
		return "a list"
	case strings.HasPrefix(typ, "int"):
		return "a whole number"
	case typ == "float64":
		return "a number"
	case typ == "bool":
		return "true or false"
	case typ == "time.Duration":
		return "a duration such as 30s"
	case typ == "string":
		return "a text"
	}
	return "a mapping"
}

// keysOf lists the keys that the struct of that name, somewhere below t,
// accepts.
func keysOf(t reflect.Type, name string) []string {
	var keys []string
	seen := map[reflect.Type]bool{}
	var walk func(t reflect.Type, inside bool)
	walk = func(t reflect.Type, inside bool) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		inside = inside || t.String() == name
		for i := range t.NumField() {
			f := t.Field(i)
			key, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			if inside && key != "" && key != "-" {
				keys = append(keys, key)
			}
			walk(f.Type, inside && opts == "inline")
		}
	}
	walk(t, false)
	return keys
}

// lines knows on which line of a YAML document each key and element stands, by
// paths such as columns[2].type.
type lines map[string]int

func linesOf(data []byte) lines {
	var doc yaml.Node
	l := lines{}
	if yaml.Unmarshal(data, &doc) == nil && len(doc.Content) == 1 {
		l.walk("", doc.Content[0])
	}
	return l
}

func (l lines) walk(path string, n *yaml.Node) {
	switch n.Kind {
	case yaml.SequenceNode:
		for i, e := range n.Content {
			at := fmt.Sprintf("%s[%d]", path, i)
			l[at] = e.Line
			l.walk(at, e)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			at := strings.TrimPrefix(path+"."+n.Content[i].Value, ".")
			l[at] = n.Content[i].Line
			l.walk(at, n.Content[i+1])
		}
	}
}

// at is the line of a path, or of the nearest level above that is there; 0
// where nothing of it is.
func (l lines) at(path string) int {
	for path != "" {
		if line, ok := l[path]; ok {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return 0
}

// LineOf finds the line of a YAML document on which the value of a path such as
// sources[2].table stands, or the nearest level above that is there; 0 where
// nothing of it is.
func LineOf(data []byte, path string) int { return linesOf(data).at(path) }

// Nearest returns the candidate closest to word by edit distance, or "" when
// none is close enough to be a likely slip of the pen.
func Nearest(word string, candidates []string) string {
	best, bestDist := "", 1+len([]rune(word))/3
	for _, c := range slices.Sorted(slices.Values(candidates)) {
		if d := editDistance([]rune(strings.ToLower(word)), []rune(strings.ToLower(c))); d <= bestDist {
			if d < bestDist || best == "" {
				best, bestDist = c, d
			}
		}
	}
	return best
}

func editDistance(a, b []rune) int {
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range a {
		cur := make([]int, len(b)+1)
		cur[0] = i + 1
		for j := range b {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			cur[j+1] = min(prev[j]+cost, prev[j+1]+1, cur[j]+1)
		}
		prev = cur
	}
	return prev[len(b)]
}
