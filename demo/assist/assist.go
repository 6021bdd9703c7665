// Package assist makes the 民政 part of the fictional county: its people and
// households, and a year and a half of what the departments know of them, in
// the file forms that each would hand over. What should be found in it is
// planted, with its exact boundaries, and written beside it as truth.
//
// Same options, same bytes. Nobody in it exists: id numbers carry the region
// part 339921, which no county has.
package assist

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"zhicang/demo/yunxi"
)

// The size of the county as shipped: with 20 people in every 7 households.
const (
	DefaultHouseholds = 7_000
	DefaultYear       = 2025
	minHouseholds     = 500
)

// months of records end with the December of Options.Year.
const months = 18

// Options say what is made. The zero value is the county as shipped.
type Options struct {
	Seed       uint64
	Households int // 500 or more; 0: DefaultHouseholds
	Year       int // whose December is the last month; 0: DefaultYear
}

func (o Options) withDefaults() (Options, error) {
	if o.Households == 0 {
		o.Households = DefaultHouseholds
	}
	if o.Year == 0 {
		o.Year = DefaultYear
	}
	if o.Households < minHouseholds {
		return o, fmt.Errorf("demo/assist: %d households, want at least %d: the planted ones need room", o.Households, minHouseholds)
	}
	return o, nil
}

// Write makes the county's files below dir/drop and dir/truth_assist.json, and
// returns what was planted. Sources reads them.
func Write(ctx context.Context, dir string, opts Options) (*Truth, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &generator{
		Options: opts, towns: yunxi.Towns(), r: rand.New(rand.NewPCG(opts.Seed, 0x6d696e7a68656e67)),
		start: time.Date(opts.Year-1, 7, 1, 0, 0, 0, 0, time.UTC),
	}
	g.plant()
	g.settle()
	if err := g.write(ctx, dir); err != nil {
		return nil, fmt.Errorf("write demo/assist: %w", err)
	}
	return &g.truth, nil
}

// generator holds the county while it is made.
type generator struct {
	Options
	towns []yunxi.Town
	r     *rand.Rand
	start time.Time // the first month
	truth Truth

	households []*household
	people     int // made so far

	statuses []status
	claims   []claim
	expenses []expense
	assets   []asset
	certs    []certificate
	jobs     []job
	deaths   []death
	payments []payment
}

// month is the first day of the i-th month of the records.
func (g *generator) month(i int) time.Time { return g.start.AddDate(0, i, 0) }

// day is a day of the i-th month, from 1.
func (g *generator) day(i, day int) time.Time { return g.month(i).AddDate(0, 0, day-1) }

// last is the index of the last month.
const last = months - 1

// lastDay is the day that the demo reports on.
func (g *generator) lastDay() time.Time { return g.month(months).AddDate(0, 0, -1) }
