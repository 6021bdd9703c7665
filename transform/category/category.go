// Package category puts each message into a 一级分类: by the cues of the
// lexicon's matters where a site has nothing else, or by a linear model that
// the site trains on messages its own staff have sorted.
package category

// Undecided is the category of a message that the classifier is not sure of.
const Undecided = "待分类"

// Classifier is what sorts messages: Keywords or *Model. Implementations are
// safe for concurrent use, and pure: the same message, the same answer.
type Classifier interface {
	// Predict returns the likeliest category and how sure that is, in [0, 1].
	// words are the terms of the message in order, text the scrubbed message.
	// A classifier without any clue returns "" and 0.
	Predict(words []string, text string) (category string, confidence float64)
	// Version names the rules or the model: under another version messages
	// must be sorted again.
	Version() string
}

// Decide returns the category of a message, or Undecided where the confidence
// is below threshold; the confidence is reported either way.
func Decide(c Classifier, threshold float64, words []string, text string) (category string, confidence float64) {
	category, confidence = c.Predict(words, text)
	if category == "" || confidence < threshold {
		category = Undecided
	}
	return category, confidence
}
