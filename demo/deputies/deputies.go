// Package deputies makes what the congress offices of the demo's fictional
// county would hand over about their deputies: the register with its terms, the
// stations, and two years of duty records, proposals, activities, training,
// meetings and opinions, in the forms of the offices. What was planted is
// written beside it, so that tests and people can see whether the warehouse
// finds it.
//
// Same options, same bytes. All people are invented: their id numbers carry the
// region part 339921, which no county has, and right check characters.
package deputies

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"zhicang/demo/yunxi"
)

// The defaults of Options, and the number of stations.
const (
	DefaultDeputies = 400
	DefaultLastYear = 2025
	Stations        = 40
	minDeputies     = 300
	years           = 2
	// TruthFile is the name of what was planted.
	TruthFile = "truth_deputies.json"
)

// Options say what is made. The zero value is the county as shipped.
type Options struct {
	Seed     uint64
	Deputies int // 300 or more; 0: DefaultDeputies
	LastYear int // of the two; 0: DefaultLastYear
}

func (o Options) withDefaults() (Options, error) {
	if o.Deputies == 0 {
		o.Deputies = DefaultDeputies
	}
	if o.LastYear == 0 {
		o.LastYear = DefaultLastYear
	}
	if o.Deputies < minDeputies || o.Deputies > 100_000 {
		return o, fmt.Errorf("deputies demo: %d deputies, want %d to 100000: with fewer, the planted ones would be all there is", o.Deputies, minDeputies)
	}
	if o.LastYear < 2010 || o.LastYear > 2098 {
		return o, fmt.Errorf("deputies demo: year %d, want 2010 to 2098", o.LastYear)
	}
	return o, nil
}

//go:embed sources.yaml
var sources string

// Sources are the entries of `sources:` in a config that read what Write makes,
// indented to stand in that list.
func Sources() string { return sources }

// world is what the deputies really did, and what is told of it.
type world struct {
	Options
	dir   string
	towns []yunxi.Town
	r     *rand.Rand
	truth *Truth

	deputies []*deputy
	stations []*station

	duties    [years][]duty
	proposals [years][]proposal
	activity  [years][]attendance
	trainings [years][]training
	meetings  [years][]meeting
	opinions  [years][]opinion

	numbers map[string]int  // last number given out, by prefix
	days    map[string]bool // deputy, kind, day and station that are taken
}

// year is the calendar year of an index.
func (w *world) year(i int) int { return w.LastYear - years + 1 + i }

// last is the index of the last year.
const last = years - 1

// day is a day of a year.
func (w *world) day(year, month, day int) time.Time {
	return time.Date(w.year(year), time.Month(month), day, 0, 0, 0, 0, time.UTC)
}

// Write makes the files under dir/drop and dir/truth_deputies.json:
//
//	drop/代表名册/名册.xlsx          terms, two-row headers
//	drop/联络站/联络站.csv           GB18030
//	drop/履职登记/<year>.xlsx        two-row headers, a line of sums
//	drop/议案建议/<year>.csv         UTF-8 with a byte order mark
//	drop/代表活动/<year>.jsonl
//	drop/代表培训/<year>.csv         GB18030
//	drop/会议/<year>.xlsx
//	drop/代表钉/<year>.jsonl
func Write(ctx context.Context, dir string, opts Options) (*Truth, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	w := &world{
		Options: opts, dir: filepath.Join(dir, "drop"), towns: yunxi.Towns(), r: rand.New(rand.NewPCG(opts.Seed, 0x72656e6461)),
		numbers: map[string]int{}, days: map[string]bool{},
	}
	w.truth = &Truth{Seed: opts.Seed, Deputies: opts.Deputies, Stations: Stations, AsOf: fmt.Sprintf("%d-12-31", opts.LastYear)}
	w.elect()
	w.plant()
	for year := range years {
		w.live(year)
	}
	w.count()
	for _, step := range []func() error{w.writeRegister, w.writeStations, w.writeDuties, w.writeProposals, w.writeActivities, w.writeTrainings, w.writeMeetings, w.writeOpinions} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := step(); err != nil {
			return nil, fmt.Errorf("write deputies demo: %w", err)
		}
	}
	data, err := json.MarshalIndent(w.truth, "", " ")
	if err != nil {
		return nil, err
	}
	return w.truth, os.WriteFile(filepath.Join(dir, TruthFile), append(data, '\n'), 0o644)
}
