// Package topics finds the issues in a month of citizens' messages: what
// several people say about one matter at one place, or of one group of people.
//
// It reads places and people out of the text (place.go, gazetteer.go,
// people.go), weighs the words and the matters of each message (feature.go),
// joins messages of one place, one group of people or one region by average
// linkage (agglomerate.go, cluster.go), gives each issue an id that stays while
// it goes on (identity.go) and a title that says what it is about (title.go).
//
// Build is a pure function: the same messages, in any order, with the same
// profiles, lexicon and parameters give the same result, to the last bit.
package topics

import (
	"time"

	"zhicang/transform/lexicon"
)

// Doc is one message, without personal data: where a phone or a door number
// stood, its text holds a mark such as 〔电话〕.
type Doc struct {
	ID string
	// FirstSeen is the order in which the warehouse learned of the message. An
	// issue is named after the member learned of first, so that messages that
	// arrive later never rename it.
	FirstSeen int64
	// Person is the sender's pseudonym. Empty: unknown, and the message counts
	// as a person of its own.
	Person string
	Day    time.Time
	// Region is the code of the region that the message belongs to, at any
	// level. Empty: unknown.
	Region string
	// Within are the regions that the message lies in, whose readers are told of
	// its issue: each by the messages that lie in it.
	Within []string
	// Category is the message's 一级分类, or 待分类.
	Category    string
	Title, Body string
	// Words are the content words of title and body, stop words left out, in
	// the order of the text, repeated as often as they occur.
	Words []string
}

// Lexicon is what is known beforehand. An empty one works: matters outside it
// are found by their words, and places by the endings of their names.
type Lexicon struct {
	Matters []lexicon.Matter
	// Places are known names of places, without their region.
	Places []string
	// People are names of groups of people beside those of the vocabulary.
	People []string
	// Regions names the codes for titles of issues without a place.
	Regions map[string]string
}

// Kind says what holds an issue together beside its matter.
type Kind string

// The kinds of issue.
const (
	KindPlace  Kind = "place"  // one place
	KindPeople Kind = "people" // one group of people
	KindRegion Kind = "region" // a matter of the lexicon, in one region
	KindWords  Kind = "words"  // like words, in one region
)

// Issue is one matter that the messages of a month are about.
type Issue struct {
	ID   string
	Kind Kind
	// PlaceOrPeople is how the place or the people are called; for the other
	// kinds the region, or empty where that is unknown.
	PlaceOrPeople string
	// Region is the longest code that all members' codes begin with.
	Region string
	// Title says what the issue is about to one who has read no message.
	Title string
	// Description is a sentence or two from the most central message.
	Description string
	// Matter is the matter of the lexicon that most members name, Category its
	// category. Without one, Matter is empty and Category the members' most
	// frequent.
	Matter, Category string
	// Risk and Seasonal are the matter's; Seasonal only in its months.
	Risk, Seasonal    bool
	FirstDay, LastDay time.Time
	// Opinions counts the members, People their distinct senders.
	Opinions, People int
	// Local is what each region knows of the issue, by region.
	Local []Local
}

// Member is one message of one issue. A message is in at most one issue.
type Member struct {
	IssueID, OpinionID string
	// Similarity is the cosine of the message to the issue's centre, [0, 1].
	Similarity float64
	// Group is the id of the first message that says the same in nearly the
	// same letters: its own if there is none before it.
	Group string
	// IsMedoid marks the one member that the description is taken from.
	IsMedoid bool
}

// Profile is what the next month needs to know of an issue to take it up.
type Profile struct {
	ID   string
	Kind Kind
	// Key is the place's or the people's canonical name.
	Key    string
	Region string
	// Words are the issue's weightiest features, by descending weight; matters
	// are written 事项:name.
	Words    []Weight
	Opinions int
	// FirstDay is the first day of the issue's life, over all months.
	FirstDay time.Time
	// Since is FirstDay of each region that ever spoke of the issue.
	Since map[string]time.Time
}

// Weight is a feature with its weight in a profile of unit length.
type Weight struct {
	Word   string
	Weight float64
}

// Result holds the issues by descending number of people, opinions and then
// id; members by issue in that order, most central first; and one profile an
// issue.
type Result struct {
	Issues   []Issue
	Members  []Member
	Profiles []Profile
}
