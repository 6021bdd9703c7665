package category

import (
	"fmt"
	"slices"
	"strings"
)

// Report says how well the model does on messages it has not seen.
type Report struct {
	Examples int      `json:"examples"`
	Features int      `json:"features"`
	LeftOut  []string `json:"left_out,omitempty"` // categories with too few messages
	Classes  []Class  `json:"classes"`
	MacroF1  float64  `json:"macro_f1"` // the plain mean over the classes
	Accuracy float64  `json:"accuracy"`
	// Thresholds says what asking for more confidence costs and gains.
	Thresholds []Threshold `json:"thresholds"`
}

// Class is the held-out result of one category. Precision is NaN-free: a class
// never predicted has precision 0.
type Class struct {
	Category  string  `json:"category"`
	Messages  int     `json:"messages"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

// Threshold is one choice of the least confidence that counts as an answer.
type Threshold struct {
	Confidence float64 `json:"confidence"`
	Answered   float64 `json:"answered"` // share of the messages
	Accuracy   float64 `json:"accuracy"` // of the answers; 0 without answers
}

func (r *Report) fill(s *trainingSet, scores [][]float64, cal calibration) {
	r.Examples = len(s.examples)
	truth, got := make([]string, len(scores)), make([]string, len(scores))
	confidence := make([]float64, len(scores))
	p := make([]float64, len(s.classes))
	for i := range scores {
		truth[i] = s.classes[s.labels[i]]
		if scores[i] != nil {
			var c int
			c, confidence[i] = cal.best(scores[i], p)
			got[i] = s.classes[c]
		}
	}
	r.Classes, r.MacroF1, r.Accuracy = Evaluate(truth, got)
	for _, t := range []float64{.4, .5, .6, .7, .8, .9} {
		answered, right := 0, 0
		for i := range got {
			if confidence[i] >= t {
				answered++
				if got[i] == truth[i] {
					right++
				}
			}
		}
		r.Thresholds = append(r.Thresholds, Threshold{t, ratio(answered, len(got)), ratio(right, answered)})
	}
}

// Evaluate compares answers with the truth, class by class of the truth, in
// order of name. Answers outside those classes count as wrong.
func Evaluate(truth, got []string) (classes []Class, macroF1, accuracy float64) {
	names := slices.Clone(truth)
	slices.Sort(names)
	names = slices.Compact(names)
	right := 0
	for _, name := range names {
		var hit, said, is int
		for i := range truth {
			if truth[i] == name {
				is++
			}
			if got[i] == name {
				said++
				if truth[i] == name {
					hit++
				}
			}
		}
		right += hit
		c := Class{Category: name, Messages: is, Precision: ratio(hit, said), Recall: ratio(hit, is), F1: ratio(2*hit, said+is)}
		macroF1 += c.F1 / float64(len(names))
		classes = append(classes, c)
	}
	return classes, macroF1, ratio(right, len(truth))
}

func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// String is the report as a table for a terminal.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d messages, %d features, macro-F1 %.3f, accuracy %.3f on held-out messages\n", r.Examples, r.Features, r.MacroF1, r.Accuracy)
	for _, c := range r.Classes {
		fmt.Fprintf(&b, "  P %.3f  R %.3f  F1 %.3f  %5d  %s\n", c.Precision, c.Recall, c.F1, c.Messages, c.Category)
	}
	for _, t := range r.Thresholds {
		fmt.Fprintf(&b, "  confidence ≥ %.1f: %3.0f%% answered, %.3f of them right\n", t.Confidence, 100*t.Answered, t.Accuracy)
	}
	if len(r.LeftOut) > 0 {
		fmt.Fprintf(&b, "  left out, too few messages: %s\n", strings.Join(r.LeftOut, " "))
	}
	return b.String()
}
