package topics

import (
	"fmt"

	"zhicang/transform/neardup"
)

// Params are the thresholds of the clustering. They are dated parameters of
// the contract, so that an issue list of last year can be made again with last
// year's thresholds; DefaultParams is what they were tuned to.
type Params struct {
	// NearDup groups messages that say the same in nearly the same letters.
	NearDup neardup.Params
	// MatterShare is how much of the likeness of two messages of one place or
	// one group of people comes from the matters that both name rather than
	// from their words, in [0, 1). RegionMatterShare is the same for messages
	// without either, of which a matter alone does not make one issue.
	MatterShare, RegionMatterShare float64
	// TitleWeight counts a word of the title as so many of the body.
	TitleWeight float64
	// PlaceMerge, PeopleMerge and RegionMerge are the least mean likeness, in
	// (0, 1), at which two groups of messages become one issue: of one place,
	// of one group of people, and without either. The less the messages have
	// in common beforehand, the more their words must agree.
	PlaceMerge, PeopleMerge, RegionMerge float64
	// Lean is how many of its nearest neighbours a message of a place or of a
	// group of people leans on, and LeanLeast how like they must be. Two people
	// who tell of one matter may share no word, yet both share words with a
	// third. Zero: none.
	Lean      int
	LeanLeast float64
	// Attach is the least likeness to an issue's centre at which a single
	// message that names the place, first or beside another, joins it.
	Attach float64
	// AttachWords is the least likeness at which a single message without a
	// place joins an issue of its region by its words alone, provided that no
	// other issue comes near.
	AttachWords float64
	// Alias is the least likeness of what two places with related names are
	// said to suffer from, at which they are one place.
	Alias float64
	// Continue is the least likeness at which an issue of this month takes up
	// one of the month before that has its place or people; twice as much is
	// asked of issues of a region.
	Continue float64
	// Neighbours bounds how many likely partners of a message are looked at.
	Neighbours int
	// MaxPosting is the number of messages in one bucket beyond which a word
	// proposes no more partners: such a word is too common to tell.
	MaxPosting int
	// MinOpinions is the least number of messages that make an issue.
	MinOpinions int
	// NameSupport is how many messages must show a name with a clear beginning
	// before it is looked for elsewhere in its short forms.
	NameSupport int
	// TitleLength and DescriptionLength bound those texts, in characters.
	TitleLength, DescriptionLength int
	// ProfileWords is how many words a profile keeps for the next month.
	ProfileWords int
}

// DefaultParams returns the parameters that the tests and figures hold for.
func DefaultParams() Params {
	return Params{
		NearDup:           neardup.DefaultParams(),
		MatterShare:       0.2,
		RegionMatterShare: 0.25,
		TitleWeight:       3,
		PlaceMerge:        0.18,
		PeopleMerge:       0.18,
		RegionMerge:       0.25,
		Lean:              8,
		LeanLeast:         0.15,
		Attach:            0.14,
		AttachWords:       0.4,
		Alias:             0.5,
		Continue:          0.55,
		Neighbours:        24,
		MaxPosting:        600,
		MinOpinions:       2,
		NameSupport:       2,
		TitleLength:       30,
		DescriptionLength: 80,
		ProfileWords:      40,
	}
}

// Validate reports the first parameter that is out of its range.
func (p Params) Validate() error {
	if err := p.NearDup.Validate(); err != nil {
		return err
	}
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"PlaceMerge", p.PlaceMerge},
		{"PeopleMerge", p.PeopleMerge},
		{"RegionMerge", p.RegionMerge},
		{"Attach", p.Attach},
		{"AttachWords", p.AttachWords},
		{"Alias", p.Alias},
		{"Continue", p.Continue},
	} {
		if f.value <= 0 || f.value >= 1 {
			return fmt.Errorf("topics: %s is %g, want between 0 and 1", f.name, f.value)
		}
	}
	for _, share := range []float64{p.MatterShare, p.RegionMatterShare} {
		if share < 0 || share >= 1 {
			return fmt.Errorf("topics: share of matters is %g, want [0, 1)", share)
		}
	}
	if p.TitleWeight < 1 {
		return fmt.Errorf("topics: TitleWeight is %g, want at least 1", p.TitleWeight)
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{"Neighbours", p.Neighbours},
		{"MaxPosting", p.MaxPosting},
		{"MinOpinions", p.MinOpinions},
		{"NameSupport", p.NameSupport},
		{"TitleLength", p.TitleLength},
		{"DescriptionLength", p.DescriptionLength},
		{"ProfileWords", p.ProfileWords},
	} {
		if f.value < 1 {
			return fmt.Errorf("topics: %s is %d, want at least 1", f.name, f.value)
		}
	}
	return nil
}
