// Package desk carries flags to the people who look at them and brings their
// decisions back: a workbook goes out, with pseudonyms alone, and comes back
// filled in. Every row is checked on its return; what is good becomes records
// of one more source of ingest, what is not goes back with a remark.
package desk

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Table is the ods table that decisions land in.
const Table = "ods.assist_review"

// The decisions that a person can take about a flag.
const (
	Confirmed = "确认"
	Dismissed = "排除"
	Referred  = "转办"
)

func decisions() []string { return []string{Confirmed, Dismissed, Referred} }

// A Flag is a row of ads.assist_risk_flag as a reader sees it. It holds
// pseudonyms and never a name.
type Flag struct {
	ID         string // 线索编号
	Title      string // of the rule
	Person     string // pseudonym; "" for a flag about a household
	Household  string // pseudonym; "" when it is not known
	Region     string
	Value      string
	Threshold  string
	Evidence   string
	Digest     string // of the evidence: a decision is about what it was
	FirstSeen  string // day, as 2025-12-01
	State      string
	Department string
	Decision   string // in force; 待处理 when there is none
	DecidedOn  string // day; "" when there is no decision in force
	Previous   string // decisions that are no longer in force
}

// A column of the workbook. The first ones are what the flag says and are
// protected; the rest are what a person fills in.
type column struct {
	title string
	width float64
	value func(Flag) string // nil: filled in by a person
	// passing values change from run to run without making another flag of it.
	passing bool
}

const (
	titleFlag     = "线索编号"
	titleDigest   = "证据摘要"
	titleChecksum = "校验码"
	titleDecision = "处置"
	titleReason   = "理由"
	titleReferred = "转办部门"
	titleReviewer = "审核人"
	titleDate     = "处置日期"
	titleRemark   = "退回原因"
)

// columns of the workbook, in their order.
func columns() []column {
	return []column{
		{title: titleFlag, width: 24, value: func(f Flag) string { return f.ID }},
		{title: "规则", width: 24, value: func(f Flag) string { return f.Title }},
		{title: "区划", width: 16, value: func(f Flag) string { return f.Region }},
		{title: "人员假名", width: 30, value: func(f Flag) string { return f.Person }},
		{title: "户假名", width: 30, value: func(f Flag) string { return f.Household }, passing: true},
		{title: "指标值", width: 12, value: func(f Flag) string { return f.Value }, passing: true},
		{title: "阈值", width: 12, value: func(f Flag) string { return f.Threshold }},
		{title: "证据", width: 60, value: func(f Flag) string { return f.Evidence }, passing: true},
		{title: "首次发现", width: 12, value: func(f Flag) string { return f.FirstSeen }},
		{title: "状态", width: 8, value: func(f Flag) string { return f.State }, passing: true},
		{title: "处置部门", width: 12, value: func(f Flag) string { return f.Department }},
		{title: "现有处置", width: 10, value: func(f Flag) string { return f.Decision }, passing: true},
		{title: "以前的处置", width: 16, value: func(f Flag) string { return f.Previous }, passing: true},
		{title: titleDigest, width: 24, value: func(f Flag) string { return f.Digest }},
		{title: titleChecksum, width: 18},
		{title: titleDecision, width: 8},
		{title: titleReason, width: 40},
		{title: titleReferred, width: 14},
		{title: titleReviewer, width: 10},
		{title: titleDate, width: 14},
	}
}

// filled are the titles of what a person fills in.
func filled() []string {
	return []string{titleDecision, titleReason, titleReferred, titleReviewer, titleDate}
}

// protected are the columns that say what the flag is.
func protected() []column {
	return slices.DeleteFunc(columns(), func(c column) bool { return c.value == nil })
}

// checksum sums up the protected cells of a row. It is not keyed: it finds what
// was changed by mistake. Nothing rests on it, since of a row that comes back
// only the flag's id and digest are taken, and both must be those of a flag.
func checksum(cells []string) string {
	sum := sha256.Sum256([]byte(strings.Join(cells, "\x1f")))
	return hex.EncodeToString(sum[:8])
}

// A Decision is one row that came back and is good.
type Decision struct {
	Flag       string
	Digest     string
	Decision   string
	Reason     string
	ReferredTo string
	Reviewer   string
	On         time.Time // a day
}

// ID tells decisions apart: the same decision about the same evidence on the
// same day is one, however often it is delivered and whoever delivers it.
func (d Decision) ID() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{d.Flag, d.Digest, d.Decision, d.On.Format(time.DateOnly)}, "\x1f")))
	return "d" + hex.EncodeToString(sum[:10])
}

// A Fault says what is wrong with a row, in words for whoever filled it in.
type Fault struct {
	Sheet  string
	Row    int    // as the program that shows the sheet counts
	Column string // title
	Reason string
}

func (f Fault) String() string {
	return fmt.Sprintf("%s 第%d行 %s:%s", f.Sheet, f.Row, f.Column, f.Reason)
}
