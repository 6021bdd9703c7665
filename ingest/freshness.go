package ingest

import "time"

// Freshness is what a source promises, in two ways that are judged apart: a
// source may be read every night and deliver nothing new, and a source may
// hold today's data and not have been reached for a week.
type Freshness struct {
	// Loaded is about the last time that the source was read without an error.
	Loaded Promise `yaml:"loaded"`
	// Data is about the newest day in what it delivered, from that day's end.
	Data Promise `yaml:"data"`
}

// A Promise says from which age on something is late. Zero: nothing is
// promised.
type Promise struct {
	WarnAfter  time.Duration `yaml:"warn_after"`
	ErrorAfter time.Duration `yaml:"error_after"`
}

// validate returns what is wrong with a promise; "" for a good one.
func (p Promise) validate() string {
	switch {
	case p.WarnAfter < 0 || p.ErrorAfter < 0:
		return "an age is not negative"
	case p.WarnAfter > 0 && p.ErrorAfter > 0 && p.ErrorAfter <= p.WarnAfter:
		return "error_after comes no later than warn_after"
	}
	return ""
}
