// Package models says what each table is: its contract, the dated parameters
// that its numbers rest on, and the Go types that read them. It says nothing
// about how a table is made.
package models

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"
)

// A Contract is what one table promises: its columns, its key, its partitions
// and its checks. Titles and formulas are Chinese and reach the reader.
type Contract struct {
	Table   string `yaml:"table"`   // layer.domain_name
	Title   string `yaml:"title"`   // what a reader calls the table
	Grain   string `yaml:"grain"`   // what one row stands for
	Formula string `yaml:"formula"` // 口径 of the table as a whole
	// Key names the columns that tell rows apart.
	Key []string `yaml:"key"`
	// Version names the column by which, of two rows with one key, the larger
	// is the newer (ods only). Rows without it are ordered by their delivery.
	Version string `yaml:"version"`
	// Partition names the DATE or TIMESTAMP column by whose calendar month the
	// table is rebuilt. Empty: the table is rebuilt as a whole.
	Partition string `yaml:"partition"`
	// Reads widens what one month of this table needs of an upstream table
	// beyond the same month.
	Reads map[string]Window `yaml:"reads"`
	// Parameters names the dated parameters that the table's numbers rest on.
	Parameters []string `yaml:"parameters"`
	// Internal keeps an ads or dim table out of the published file.
	Internal bool `yaml:"internal"`
	// Open marks a published table that holds nothing of a region: every
	// account that may read its domain reads all of it. Without it an account
	// sees the rows whose region_code lies within its own region.
	Open bool `yaml:"open"`
	// Retention says how long rows are kept (ods only); nil: for good.
	Retention *Retention `yaml:"retention"`
	// Newest says how new the table's data are told to be (ods only); nil: by
	// the partition, and due every day.
	Newest *Newest `yaml:"newest"`
	// Ledger marks a published table that is written from the ledger after every
	// run, into a file of its own; no model makes it. Those of PlatformDomain
	// all are.
	Ledger bool `yaml:"ledger"`
	// Extra keeps what a source delivers and nobody maps (ods only): the column
	// ExtraColumn holds it as a JSON object of texts, scrubbed as free text is,
	// since nothing is known of it.
	Extra   bool     `yaml:"extra"`
	Columns []Column `yaml:"columns"`
	Checks  []Check  `yaml:"checks"`

	File string `yaml:"-"`

	lines lines // of the file
}

// Retention says how long the rows of a table may be kept: a calendar month of By
// goes as a whole, once it lies more than so many months before the day's own.
type Retention struct {
	Months int `yaml:"months"`
	// By names the partition: what is deleted is the months of the lake.
	By        string `yaml:"by"`
	Reference string `yaml:"reference"` // the rule that asks for it
}

// FirstKept is the first month that is kept on a day of the month asOf.
func (r *Retention) FirstKept(asOf Month) Month { return asOf - Month(r.Months) }

// Newest says what day the rows of an ods table speak of, and how often there
// should be new ones.
type Newest struct {
	// By names the DATE or TIMESTAMP column whose largest value is the newest day
	// that the data speak of; empty: the partition.
	By string `yaml:"by"`
	// Every is how often new data are due; empty: every day.
	Every Pace `yaml:"every"`
	// WholeMonth says that a day stands for its whole calendar month, as those of
	// a column with Month do.
	WholeMonth bool `yaml:"whole_month"`
}

// A Pace is how often new data of a table are due.
type Pace string

// The paces. What comes OnChange is never late: nothing happened.
const (
	Daily    Pace = "day"
	Monthly  Pace = "month"
	Yearly   Pace = "year"
	OnChange Pace = "change"
)

// Paces are all of them.
var Paces = []Pace{Daily, Monthly, Yearly, OnChange}

// Pace is how often new rows of an ods table are due, and by is the column that
// says how new they are.
func (c *Contract) Pace() (by Column, every Pace) {
	n := Newest{}
	if c.Newest != nil {
		n = *c.Newest
	}
	by, _ = c.Column(cmp.Or(n.By, c.Partition))
	by.Month = by.Month || n.WholeMonth
	return by, cmp.Or(n.Every, Daily)
}

// A Window is a span of months around the month that is built. All stands for
// the whole of the upstream table.
type Window struct {
	Before int  `yaml:"before"`
	After  int  `yaml:"after"`
	All    bool `yaml:"all"`
	// Days narrows Before to the last days of the months before: a week that
	// ends in a month needs 6 of them. 0: all of their days.
	Days int `yaml:"days"`
	// Spill is how many months later than an upstream row a row made of it may
	// stand: a week that begins in March may end in April. At most Before.
	Spill int `yaml:"spill"`
	// Same names columns of an ods table: of its other months those rows are seen
	// that have the same values in them as a row of this month, as a newer version
	// of a thing may have moved to another month.
	Same []string `yaml:"same" json:",omitempty"` // so that what tables of no such window are made of stays as it was
}

// A Column is one column of a contract. In derived tables type, title, formula
// and pii may be left out where an upstream table has a column of that name.
type Column struct {
	Name    string `yaml:"name"`
	Type    Type   `yaml:"type"`
	Title   string `yaml:"title"`
	Formula string `yaml:"formula"` // 口径
	Unit    string `yaml:"unit"`
	// Required columns hold no NULL; in ods a row without them is held back.
	Required bool `yaml:"required"`
	PII      PII  `yaml:"pii"`
	// As is the name under which a personal column lands: submitter_id lands
	// as submitter_key. Empty: under its own name.
	As string `yaml:"as"`
	// Accepted lists the only values allowed, NULL aside.
	Accepted []string `yaml:"accepted"`
	// Absent lists values that mean that there is none (ods only): everybody
	// who is 匿名 would be one person otherwise.
	Absent []string `yaml:"absent"`
	// Region marks a region code: normalised, and held back when unknown.
	Region bool `yaml:"region"`
	// CreditCode marks a 统一社会信用代码: normalised, and held back when its
	// form or check character is wrong (GB 32100).
	CreditCode bool `yaml:"credit_code"`
	// Pattern is a regular expression (RE2) that the whole of a text must match
	// (ods and rules only): "[0-9]{4}" for a class of GB/T 4754.
	Pattern string `yaml:"pattern"`
	// In names a column of a rule table, as dim.congress_score_scheme.scheme, that
	// has to have the value, each of a list (rules only): a rule about what nobody
	// knows would never hold.
	In string `yaml:"in"`
	// Month marks a DATE that stands for its calendar month (ods only): it
	// lands as the month's first day, and may be written 2025-03, 202503 or
	// 2025年3月.
	Month bool `yaml:"month"`
	// Min and Max bound numbers, both inclusive.
	Min *float64 `yaml:"min"`
	Max *float64 `yaml:"max"`
	// NotAfterLoad holds back moments that lie more than a day after loading.
	NotAfterLoad bool `yaml:"not_after_load"`
}

// LandedName is the column's name in the lake.
func (c Column) LandedName() string {
	if c.As != "" {
		return c.As
	}
	return c.Name
}

// A Check is one promise about the whole of a table; exactly one field is set.
type Check struct {
	// Unique names columns that together occur once.
	Unique []string `yaml:"unique"`
	// Empty is a SELECT that must return no rows; those it returns are the
	// offending ones. It names the table as itself, and sees only the rows
	// that were built just now.
	Empty string `yaml:"empty"`
	// Title says in Chinese what the check guards; it stands in messages.
	Title string `yaml:"title"`
}

// Layers in the order in which data moves.
var layers = []string{"ods", "dim", "dwd", "dws", "ads"}

// Layer is the part of the table's name before the dot.
func (c *Contract) Layer() string { return Layer(c.Table) }

// Layer is the part of a table's name before the dot.
func Layer(table string) string {
	l, _, _ := strings.Cut(table, ".")
	return l
}

// PlatformDomain is the domain of the tables that tell how the house itself is:
// they are written from the ledger after every run, and no model makes them.
const PlatformDomain = "platform"

// FromLedger reports whether the table is written from the ledger after every
// run.
func (c *Contract) FromLedger() bool { return c.Ledger || c.Domain() == PlatformDomain }

// Domain is the folder that the contract stands in, such as congress; "" for
// the tables that all domains share.
func (c *Contract) Domain() string {
	switch d := path.Base(path.Dir(c.File)); d {
	case sharedFolder, ".":
		return ""
	default:
		return d
	}
}

// sharedFolder holds what belongs to no domain.
const sharedFolder = "shared"

// RegionColumn is the column by which a published table is cut to the region of
// who reads it.
const RegionColumn = "region_code"

// Published reports whether the table goes into the published file.
func (c *Contract) Published() bool {
	l := c.Layer()
	return (l == "ads" || l == "dim") && !c.Internal
}

// Column returns the column of that name.
func (c *Contract) Column(name string) (Column, bool) {
	i := slices.IndexFunc(c.Columns, func(col Column) bool { return col.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return c.Columns[i], true
}

// LandedColumns are the columns of an ods table as they lie in the lake: the
// contract's own under their landed names, then the ones that the loader adds.
func (c *Contract) LandedColumns() []Column {
	cols := make([]Column, 0, len(c.Columns)+len(LoadColumns))
	for _, col := range c.Columns {
		col.Name, col.As, col.PII = col.LandedName(), "", col.PII.Landed()
		if col.PII != NotPersonal {
			col.Type = Type{Kind: Varchar}
		}
		cols = append(cols, col)
	}
	if c.Extra {
		cols = append(cols, Column{Name: ExtraColumn, Type: Type{Kind: Varchar}, Title: "未映射字段", PII: FreeText.Landed()})
	}
	return append(cols, LoadColumns...)
}

// ExtraColumn is the column of a table with Extra.
const ExtraColumn = "extra"

// LoadColumns are what the loader adds to every ods row: which delivery it
// came with and where it stood there, and whether the row is a tombstone, which
// says that its source no longer has the key. NULL, as in files of older days,
// means that it is none.
var LoadColumns = []Column{
	{Name: "batch_id", Type: Type{Kind: Bigint}, Title: "批次号", Required: true},
	{Name: "batch_row", Type: Type{Kind: Bigint}, Title: "批次内行号", Required: true},
	{Name: "source_system", Type: Type{Kind: Varchar}, Title: "来源系统", Required: true},
	{Name: "deleted", Type: Type{Kind: Boolean}, Title: "来源已删除"},
}

var (
	tableRE  = regexp.MustCompile(`^(ods|dim|dwd|dws|ads)\.[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	columnRE = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// ReadContract reads one contract file.
func ReadContract(file string, data []byte) (*Contract, error) {
	c := &Contract{File: file}
	if err := DecodeYAML(file, data, c); err != nil {
		return nil, err
	}
	c.lines = linesOf(data)
	if err := c.validate(); err != nil {
		return nil, err
	}
	return c, nil
}
