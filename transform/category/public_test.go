package category

import (
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"zhicang/transform/lexicon"
	"zhicang/transform/segment"
)

// publicMessages reads the labelled public messages, the part that trains and
// the part that tests; it skips the test where they are not there.
func publicMessages(tb testing.TB, seg *segment.Segmenter) (train, test []Example) {
	tb.Helper()
	f, err := os.Open(filepath.Join(os.Getenv("ZHICANG_PUBLIC_DATA"), "taidi_c_2020", "labelled_messages_dev.csv"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	for i, row := range rows[1:] {
		ex := Example{Person: strconv.Itoa(i), Words: seg.Terms(row[2]), Text: row[2], Category: row[1]}
		if strings.TrimPrefix(row[0], "\ufeff") == "dev" {
			train = append(train, ex)
		} else {
			test = append(test, ex)
		}
	}
	return train, test
}

func requirePublicData(tb testing.TB) (*lexicon.Lexicon, *segment.Segmenter) {
	tb.Helper()
	if os.Getenv("ZHICANG_PUBLIC_DATA") == "" {
		tb.Skip("set ZHICANG_PUBLIC_DATA to the folder that holds taidi_c_2020/")
	}
	lex, err := lexicon.Load(os.DirFS("../../models/congress/lexicon"))
	if err != nil {
		tb.Fatal(err)
	}
	seg, err := segment.New(context.Background(), lex)
	if err != nil {
		tb.Fatal(err)
	}
	return lex, seg
}

// answers sorts every message, however unsure: nothing is left undecided.
func answers(c Classifier, examples []Example) (truth, got []string) {
	for _, ex := range examples {
		category, _ := c.Predict(ex.Words, ex.Text)
		truth, got = append(truth, ex.Category), append(got, category)
	}
	return truth, got
}

func TestPublicMessages(t *testing.T) {
	_, seg := requirePublicData(t)
	train, test := publicMessages(t, seg)
	if len(train) != 1110 || len(test) != 560 {
		t.Fatalf("%d messages to train and %d to test, 1110 and 560 expected", len(train), len(test))
	}
	m, report, err := Train(context.Background(), train, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("cross-validation on the training part: %s", report)
	classes, macroF1, accuracy := Evaluate(answers(m, test))
	for _, c := range classes {
		t.Logf("P %.3f R %.3f F1 %.3f %4d %s", c.Precision, c.Recall, c.F1, c.Messages, c.Category)
	}
	t.Logf("on the test part: macro-F1 %.4f, accuracy %.4f; model of %d KB", macroF1, accuracy, len(m.body)/1024)
	if macroF1 < .85 {
		t.Errorf("macro-F1 %.4f, at least .85 expected", macroF1)
	}
	if len(m.body) > 5<<20 {
		t.Errorf("the model has %d bytes, at most 5 MB expected", len(m.body))
	}
}

// TestKeywordsOnPublicMessages holds the shipped lexicon to a floor on
// messages that it was not written from.
func TestKeywordsOnPublicMessages(t *testing.T) {
	lex, seg := requirePublicData(t)
	train, test := publicMessages(t, seg)
	_, macroF1, accuracy := Evaluate(answers(NewKeywords(lex), append(train, test...)))
	t.Logf("keywords, 13 categories against the 7 of the data: macro-F1 %.4f, accuracy %.4f", macroF1, accuracy)
	if macroF1 < .6 {
		t.Errorf("macro-F1 %.4f, at least .6 expected", macroF1)
	}
}
