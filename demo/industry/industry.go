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
	"strings"
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

// A Town is where enterprises are; Share says how many, in comparison.
type Town struct {
	Code, Name string
	Share      int
}

// DefaultTowns are the towns of 云溪县 that the demo writes as its regions. Two
// live off children's wear; in some hardly anybody sews.
var DefaultTowns = []Town{
	{"339921104", "横漾镇", 400},
	{"339921101", "白渡镇", 300},
	{"339921003", "锦塘街道", 120},
	{"339921002", "望溪街道", 70},
	{"339921001", "云城街道", 50},
	{"339921102", "枫溪口镇", 30},
	{"339921105", "竹坞镇", 14},
	{"339921100", "青岩坑镇", 7},
	{"339921103", "大岙里镇", 5},
	{"339921200", "沙坪头乡", 2},
	{"339921201", "上垟岭乡", 1},
	{"339921202", "茶岭下乡", 1},
}

// Options say what is made. The zero value is the demo as shipped.
type Options struct {
	Seed        uint64
	Enterprises int // at any time in the three years; 0: DefaultEnterprises, at least 1,000
	LastYear    int // 0: DefaultLastYear
	Towns       []Town
}

func (o Options) withDefaults() (Options, error) {
	if o.Enterprises == 0 {
		o.Enterprises = DefaultEnterprises
	}
	if o.LastYear == 0 {
		o.LastYear = DefaultLastYear
	}
	if o.Towns == nil {
		o.Towns = DefaultTowns
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

// ReadTruth reads what Write planted.
func ReadTruth(dir string) (*Truth, error) {
	data, err := os.ReadFile(filepath.Join(dir, TruthFile))
	if err != nil {
		return nil, err
	}
	var t Truth
	return &t, json.Unmarshal(data, &t)
}

// path makes the folder of a file below drop.
func (w *world) path(name string) (string, error) {
	file := filepath.Join(w.dir, filepath.FromSlash(name))
	return file, os.MkdirAll(filepath.Dir(file), 0o755)
}

// RegionRows are the towns as rows of a site's region.csv, for a site that is
// made of this demo alone: code, name, level, parent.
func RegionRows(towns []Town) string {
	var b strings.Builder
	b.WriteString("code,name,level,parent,reference\n339900,丽州市,2,330000,虚构\n339921,云溪县,3,339900,虚构\n")
	for _, t := range towns {
		fmt.Fprintf(&b, "%s,%s,4,339921,虚构\n", t.Code, t.Name)
	}
	return b.String()
}

var errNoEnterprise = errors.New("no enterprise is left to plant an event in")
