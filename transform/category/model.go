package category

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"

	"zhicang/models"
)

// Model sorts messages as a site's own staff did. It is immutable and safe for
// concurrent use. It holds words and character n-grams that at least three
// people used, and no message.
type Model struct {
	classes     []string
	date        string
	examples    int
	macroF1     float64
	vocabulary  *vocabulary
	svm         *svm
	calibration calibration
	body        []byte // what is written to the file, behind the header
	version     string
}

var _ Classifier = (*Model)(nil)

// Classes lists the categories that the model knows, sorted.
func (m *Model) Classes() []string { return slices.Clone(m.classes) }

// Date is the day of training as Options gave it, Examples the number of
// messages, and MacroF1 the held-out figure of that day.
func (m *Model) Date() string { return m.date }

// Examples is the number of messages that the model was trained on.
func (m *Model) Examples() int { return m.examples }

// MacroF1 is the figure of the report at training.
func (m *Model) MacroF1() float64 { return m.macroF1 }

// Version implements Classifier.
func (m *Model) Version() string { return m.version }

// Predict implements Classifier. A message without a single known feature gets
// "" and 0.
func (m *Model) Predict(words []string, text string) (string, float64) {
	v := m.vocabulary.vector(words, text)
	if len(v) == 0 {
		return "", 0
	}
	p := make([]float64, len(m.classes))
	c, confidence := m.calibration.best(m.svm.scores(v, nil), p)
	return m.classes[c], confidence
}

// The file: a line that names it and its format, the SHA-256 of the rest in
// hexadecimal on a line, and the rest, compressed JSON.
const (
	fileKind   = "zhicang-category-model "
	fileFormat = "1"
	maxFile    = 256 << 20
)

// fileBody is the JSON of a model. Numbers that come by the ten thousand are
// little-endian float32.
type fileBody struct {
	Date        string      `json:"date"`
	Examples    int         `json:"examples"`
	MacroF1     float64     `json:"macro_f1"`
	Classes     []string    `json:"classes"`
	Calibration calibration `json:"calibration"`
	Bias        []float32   `json:"bias"`
	Words       []string    `json:"words"`
	Grams       []string    `json:"grams"`
	IDF         []byte      `json:"idf"`
	Weights     []byte      `json:"weights"`
}

// stamp builds the body of the file and the version from it.
func (m *Model) stamp() error {
	v := m.vocabulary
	b := fileBody{
		Date: m.date, Examples: m.examples, MacroF1: m.macroF1, Classes: m.classes, Calibration: m.calibration, Bias: m.svm.bias,
		Words: make([]string, len(v.words)), Grams: make([]string, len(v.grams)),
		IDF: floatBytes(v.idf), Weights: floatBytes(m.svm.weights),
	}
	for w, id := range v.words {
		b.Words[id] = w
	}
	for g, id := range v.grams {
		b.Grams[int(id)-len(v.words)] = g
	}
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if err := errors.Join(json.NewEncoder(z).Encode(b), z.Close()); err != nil {
		return fmt.Errorf("encode category model: %w", err)
	}
	m.body = buf.Bytes()
	m.version = bodyVersion(m.body)
	return nil
}

func bodyVersion(body []byte) string {
	sum := sha256.Sum256(body)
	return "model-" + fileFormat + "-" + hex.EncodeToString(sum[:8])
}

// WriteTo implements io.WriterTo.
func (m *Model) WriteTo(w io.Writer) (int64, error) {
	sum := sha256.Sum256(m.body)
	n, err := fmt.Fprintf(w, "%s%s\n%x\n", fileKind, fileFormat, sum)
	if err != nil {
		return int64(n), err
	}
	k, err := w.Write(m.body)
	return int64(n + k), err
}

// Save writes the model to path in one step: whoever reads the path meanwhile
// gets the old model or the new one.
func (m *Model) Save(path string) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".tmp*")
	if err != nil {
		return fmt.Errorf("save category model: %w", err)
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
			err = fmt.Errorf("save category model: %w", err)
		}
	}()
	_, err = m.WriteTo(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// Load reads the model at path. A damaged file, or one of another version of
// the program, is a *models.FileError that says what to do.
func Load(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("load category model: %w", err)
	}
	defer f.Close()
	return Read(path, f)
}

// Read reads a model from r; name stands for it in errors.
func Read(name string, r io.Reader) (*Model, error) {
	bad := func(msg string) error {
		return &models.FileError{File: name, Msg: msg, Try: "train again with `zhicang train`, or take the file from a backup"}
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read category model %s: %w", name, err)
	}
	first, rest, _ := bytes.Cut(data, []byte("\n"))
	format, ok := bytes.CutPrefix(first, []byte(fileKind))
	if !ok {
		return nil, bad("is no category model")
	}
	if string(format) != fileFormat {
		return nil, bad(fmt.Sprintf("has format %.20q, this program reads %s", format, fileFormat))
	}
	want, body, _ := bytes.Cut(rest, []byte("\n"))
	if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != string(want) {
		return nil, bad("is damaged: its checksum does not match")
	}
	m, err := decodeBody(body)
	if err != nil {
		return nil, bad("is damaged: " + err.Error())
	}
	return m, nil
}

func decodeBody(body []byte) (*Model, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	var b fileBody
	if err := json.NewDecoder(io.LimitReader(z, maxFile)).Decode(&b); err != nil {
		return nil, err
	}
	idf, weights := bytesFloats(b.IDF), bytesFloats(b.Weights)
	n, k := len(b.Words)+len(b.Grams), len(b.Classes)
	if k < 2 || len(b.Bias) != k || len(b.Calibration.Shift) != k || len(idf) != n || len(weights) != n*k {
		return nil, fmt.Errorf("%d classes, %d features, %d idf values, %d weights do not fit together", k, n, len(idf), len(weights))
	}
	v := &vocabulary{words: make(map[string]int32, len(b.Words)), grams: make(map[string]int32, len(b.Grams)), idf: idf}
	for i, w := range b.Words {
		v.words[w] = int32(i)
	}
	for i, g := range b.Grams {
		v.grams[g] = int32(len(b.Words) + i)
	}
	return &Model{
		classes: b.Classes, date: b.Date, examples: b.Examples, macroF1: b.MacroF1, vocabulary: v,
		svm: &svm{classes: k, weights: weights, bias: b.Bias}, calibration: b.Calibration,
		body: body, version: bodyVersion(body),
	}, nil
}

func floatBytes(fs []float32) []byte {
	b := make([]byte, 0, 4*len(fs))
	for _, f := range fs {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return b
}

func bytesFloats(b []byte) []float32 {
	fs := make([]float32, len(b)/4)
	for i := range fs {
		fs[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return fs
}
