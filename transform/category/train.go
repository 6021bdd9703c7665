package category

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
)

// Example is a message that a person has sorted.
type Example struct {
	Person   string   // who sent it, as a pseudonym; empty: nobody else's
	Words    []string // its terms
	Text     string   // scrubbed
	Category string
}

// Options govern training; the zero value means the defaults.
type Options struct {
	// Date, as 2023-06-30, is written into the model. It changes nothing else.
	Date string
	// MinPeople drops words and n-grams that fewer people use; at least 3,
	// which is the default: rarer ones could tell on somebody.
	MinPeople int
	// MinExamples leaves out categories with fewer messages; default 10.
	MinExamples int
	// MaxExamples bounds training time: of more, every k-th is used. Default 20,000.
	MaxExamples int
	// MaxFeatures bounds the model's size; default 60,000.
	MaxFeatures int
}

// Validate reports what cannot be meant, and leaves zero values to defaults.
func (o Options) Validate() error {
	if o.MinPeople != 0 && o.MinPeople < 3 {
		return fmt.Errorf("MinPeople is %d, at least 3 expected: rarer words could tell on somebody", o.MinPeople)
	}
	if o.MinExamples < 0 || o.MaxExamples < 0 || o.MaxFeatures < 0 {
		return fmt.Errorf("MinExamples, MaxExamples and MaxFeatures cannot be negative")
	}
	return nil
}

func (o Options) withDefaults() Options {
	o.MinPeople = cmp.Or(o.MinPeople, 3)
	o.MinExamples = cmp.Or(o.MinExamples, 10)
	o.MaxExamples = cmp.Or(o.MaxExamples, 20_000)
	o.MaxFeatures = cmp.Or(o.MaxFeatures, 60_000)
	return o
}

// folds is how often the examples are divided to see how well the model does
// on messages it has not seen.
const folds = 5

var machine = svmOptions{c: 1, rounds: 60}

// Train fits a model, and reports how well models of this kind did on held-out
// messages of these examples: five times, four fifths train and one fifth is
// sorted. All messages of a person are on one side, since people repeat
// themselves. The same examples in any order give the same model.
func Train(ctx context.Context, examples []Example, opt Options) (*Model, Report, error) {
	if err := opt.Validate(); err != nil {
		return nil, Report{}, fmt.Errorf("train category model: %w", err)
	}
	opt = opt.withDefaults()
	set, report, err := prepare(examples, opt)
	if err != nil {
		return nil, report, fmt.Errorf("train category model: %w", err)
	}
	scores, err := set.heldOut(ctx, opt)
	if err != nil {
		return nil, report, fmt.Errorf("train category model: %w", err)
	}
	cal := fitCalibration(scores, set.labels, len(set.classes))
	report.fill(set, scores, cal)

	m := &Model{
		classes: set.classes, date: opt.Date, examples: len(set.examples), macroF1: report.MacroF1,
		vocabulary: learn(set.examples, opt.MinPeople, opt.MaxFeatures), calibration: cal,
	}
	m.svm, err = set.fit(ctx, m.vocabulary, func(int) bool { return true })
	if err != nil {
		return nil, report, fmt.Errorf("train category model: %w", err)
	}
	report.Features = m.vocabulary.size()
	if err := m.stamp(); err != nil {
		return nil, report, err
	}
	return m, report, nil
}

// trainingSet is the examples in the order in which they are learnt.
type trainingSet struct {
	examples []Example // sorted by person, then text
	labels   []int
	classes  []string // sorted
}

func prepare(examples []Example, opt Options) (*trainingSet, Report, error) {
	var report Report
	counts := make(map[string]int)
	for _, ex := range examples {
		counts[ex.Category]++
	}
	set := &trainingSet{}
	for class, n := range counts {
		switch {
		case class == "" || class == Undecided:
		case n < opt.MinExamples:
			report.LeftOut = append(report.LeftOut, class)
		default:
			set.classes = append(set.classes, class)
		}
	}
	slices.Sort(report.LeftOut)
	slices.Sort(set.classes)
	if len(set.classes) < 2 {
		return nil, report, fmt.Errorf("%d categories have at least %d messages, two are needed: sort more messages by hand first", len(set.classes), opt.MinExamples)
	}
	for _, ex := range examples {
		if _, ok := slices.BinarySearch(set.classes, ex.Category); ok {
			set.examples = append(set.examples, ex)
		}
	}
	slices.SortStableFunc(set.examples, func(a, b Example) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Category, b.Category), slices.Compare(a.Words, b.Words))
	})
	set.examples = boundPeople(set.examples)
	if step := (len(set.examples) + opt.MaxExamples - 1) / opt.MaxExamples; step > 1 {
		var thin []Example
		for i := 0; i < len(set.examples); i += step {
			thin = append(thin, set.examples[i])
		}
		set.examples = thin
	}
	for _, ex := range set.examples {
		i, _ := slices.BinarySearch(set.classes, ex.Category)
		set.labels = append(set.labels, i)
	}
	return set, report, nil
}

// boundPeople keeps the first few messages of each person: one who writes fifty
// times about one thing must not teach the model what people write about.
func boundPeople(sorted []Example) []Example {
	const most = 5
	out := sorted[:0]
	n := 0
	for i, ex := range sorted {
		if i == 0 || ex.Person == "" || ex.Person != sorted[i-1].Person {
			n = 0
		}
		if n++; n <= most {
			out = append(out, ex)
		}
	}
	return out
}

// heldOut scores every example by a machine that has not seen it, nor anything
// else of the same person. One without a known feature has no scores.
func (s *trainingSet) heldOut(ctx context.Context, opt Options) ([][]float64, error) {
	fold := make([]int, len(s.examples))
	for i, ex := range s.examples {
		h := fnv.New32a()
		h.Write([]byte(cmp.Or(ex.Person, ex.Text)))
		fold[i] = int(h.Sum32()>>8) % folds
	}
	scores := make([][]float64, len(s.examples))
	for f := range folds {
		var seen []Example
		for i, ex := range s.examples {
			if fold[i] != f {
				seen = append(seen, ex)
			}
		}
		v := learn(seen, opt.MinPeople, opt.MaxFeatures)
		m, err := s.fit(ctx, v, func(i int) bool { return fold[i] != f })
		if err != nil {
			return nil, err
		}
		for i, ex := range s.examples {
			if vec := v.vector(ex.Words, ex.Text); fold[i] == f && len(vec) > 0 {
				scores[i] = m.scores(vec, nil)
			}
		}
	}
	return scores, nil
}

// fit trains on the examples that use allows. Those without a single feature
// teach nothing but a leaning to their category, and are passed over.
func (s *trainingSet) fit(ctx context.Context, v *vocabulary, use func(int) bool) (*svm, error) {
	var vecs []vector
	var labels []int
	for i, ex := range s.examples {
		if !use(i) {
			continue
		}
		if vec := v.vector(ex.Words, ex.Text); len(vec) > 0 {
			vecs = append(vecs, slices.Clone(vec))
			labels = append(labels, s.labels[i])
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return trainSVM(vecs, labels, len(s.classes), v.size(), machine), nil
}
