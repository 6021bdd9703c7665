// Package industry makes what the departments of the demo's fictional county
// would hand over about its children's wear trade: a register of enterprises,
// three years of monthly reports and the yearly ones, in the forms of their
// offices, with season, shocks and planted events in them. What was planted
// is written beside it, so that tests and people can see whether the warehouse
// finds it.
//
// Same options, same bytes. All enterprises are invented: their credit codes
// carry the region part 339921, which no county has, and right check characters.
package industry

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// The defaults of Options.
const (
	DefaultEnterprises = 2619
	DefaultYears       = 3
	DefaultLastYear    = 2025
	minEnterprises     = 1000
	// TruthFile is the name of what was planted.
	TruthFile = "truth_industry.json"
)

// shares say how many enterprises are in a town, by its code and in comparison.
// Two towns live off children's wear; in some hardly anybody sews.
var shares = []struct {
	town  string
	share int
}{
	{"339921104", 400},
	{"339921101", 300},
	{"339921003", 120},
	{"339921002", 70},
	{"339921001", 50},
	{"339921102", 30},
	{"339921105", 14},
	{"339921100", 7},
	{"339921103", 5},
	{"339921200", 2},
	{"339921201", 1},
	{"339921202", 1},
}

// Options say what is made. The zero value is the demo as shipped.
type Options struct {
	Seed        uint64
	Enterprises int // at any time in the three years; 0: DefaultEnterprises, at least 1,000
	LastYear    int // 0: DefaultLastYear
}

func (o Options) withDefaults() (Options, error) {
	if o.Enterprises == 0 {
		o.Enterprises = DefaultEnterprises
	}
	if o.LastYear == 0 {
		o.LastYear = DefaultLastYear
	}
	if o.Enterprises < minEnterprises || o.Enterprises > 100_000 {
		return o, fmt.Errorf("industry demo: %d enterprises, want %d to 100000: with fewer, the planted events would be all there is", o.Enterprises, minEnterprises)
	}
	if o.LastYear < 2010 || o.LastYear > 2098 {
		return o, fmt.Errorf("industry demo: year %d, want 2010 to 2098", o.LastYear)
	}
	return o, nil
}

//go:embed sources.yaml
var sources string

// Sources are the entries of `sources:` in a config that read what Write makes,
// indented to stand in that list.
func Sources() string { return sources }

// world is the trade as it really was, and what is told of it.
type world struct {
	opts        Options
	dir         string
	first       time.Time // month 0
	months      int
	enterprises []*enterprise
	truth       *Truth
	r           *rand.Rand
}

// month is the first day of the month of that number; those before the first
// have negative ones.
func (w *world) month(n int) time.Time { return w.first.AddDate(0, n, 0) }

// Write makes the files under dir/drop and dir/truth_industry.json:
//
//	drop/企业名录/*.xlsx, *.csv      the register and its changes
//	drop/产值月报/*.xlsx             two-row headers, a file a month
//	drop/企业用电/*.csv              GB18030, a file a month
//	drop/订单工时/*.csv, 用工月报/*.csv
//	drop/景气问卷/*.jsonl            a file a quarter
//	drop/亩均数据/…                  tax, land and the yearly reports
func Write(ctx context.Context, dir string, opts Options) (*Truth, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	w := &world{
		opts: opts, dir: filepath.Join(dir, "drop"), months: 12 * DefaultYears,
		first: time.Date(opts.LastYear-DefaultYears+1, 1, 1, 0, 0, 0, 0, time.UTC),
		r:     rand.New(rand.NewPCG(opts.Seed, 0x1d5)),
	}
	w.truth = &Truth{Seed: opts.Seed, Enterprises: opts.Enterprises, First: w.first.Format(monthLayout), Last: w.month(w.months - 1).Format(monthLayout)}
	w.found()
	w.plant()
	for _, step := range []func() error{w.writeRegister, func() error { return w.writeMonths(ctx) }, w.writeYears} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("write industry demo: %w", err)
		}
	}
	return w.truth, w.writeTruth(dir)
}

func (w *world) writeTruth(dir string) error {
	data, err := json.MarshalIndent(w.truth, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, TruthFile), append(data, '\n'), 0o644)
}

// path makes the folder of a file below drop.
func (w *world) path(name string) (string, error) {
	file := filepath.Join(w.dir, filepath.FromSlash(name))
	return file, os.MkdirAll(filepath.Dir(file), 0o755)
}

var errNoEnterprise = errors.New("no enterprise is left to plant an event in")
