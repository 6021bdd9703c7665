package desk

import (
	"slices"
	"strings"
	"time"
)

// Check holds the rows that came back against the flags as they are now. today
// is the day at the site. A row with any fault gives no decision.
func (b *Book) Check(flags map[string]Flag, today time.Time) (good []Decision, faults []Fault) {
	times := map[string]int{}
	for _, r := range b.rows {
		times[r.field(titleFlag)]++
	}
	for _, r := range b.rows {
		c := rowCheck{row: r}
		d := c.decision(today)
		if flag, ok := flags[r.field(titleFlag)]; ok {
			c.flag(flag, d)
		} else {
			c.fault(titleFlag, "没有这条线索")
		}
		if times[r.field(titleFlag)] > 1 {
			c.fault(titleFlag, "本表中有多行处置同一线索")
		}
		if len(c.faults) == 0 {
			good = append(good, d)
		}
		faults = append(faults, c.faults...)
	}
	return good, faults
}

// rowCheck gathers what is wrong with a row.
type rowCheck struct {
	row
	faults []Fault
}

func (c *rowCheck) fault(column, reason string) {
	c.faults = append(c.faults, Fault{Sheet: listSheet, Row: c.number, Column: column, Reason: reason})
}

// decision reads and checks what the person filled in.
func (c *rowCheck) decision(today time.Time) Decision {
	d := Decision{
		Flag: c.field(titleFlag), Digest: c.field(titleDigest), Decision: c.field(titleDecision), Reason: c.field(titleReason),
		ReferredTo: c.field(titleReferred), Reviewer: c.field(titleReviewer),
	}
	switch {
	case d.Decision == "":
		c.fault(titleDecision, "没有填")
	case !slices.Contains(decisions(), d.Decision):
		c.fault(titleDecision, "只能是"+strings.Join(decisions(), "、"))
	}
	if d.Reason == "" {
		c.fault(titleReason, "没有填:每项处置都要有理由")
	}
	if d.Reviewer == "" {
		c.fault(titleReviewer, "没有填")
	}
	switch {
	case d.Decision == Referred && d.ReferredTo == "":
		c.fault(titleReferred, "转办的要写转给哪个部门")
	case d.Decision != Referred && d.ReferredTo != "":
		c.fault(titleReferred, "不是转办,不应填")
	}
	day, ok := parseDay(c.field(titleDate))
	switch {
	case c.field(titleDate) == "":
		c.fault(titleDate, "没有填")
	case !ok:
		c.fault(titleDate, "不是日期,应写作2025-12-31")
	case day.After(today):
		c.fault(titleDate, "晚于今天")
	}
	d.On = day
	return d
}

// flag holds the row against the flag as it is now.
func (c *rowCheck) flag(f Flag, d Decision) {
	var cells []string
	for _, col := range protected() {
		cells = append(cells, c.cells[col.title])
	}
	switch {
	case checksum(cells) != c.field(titleChecksum):
		c.fault(c.changed(f), "受保护的内容被改动,请重新导出后填写")
	case d.Digest != f.Digest:
		c.fault(titleDigest, "导出以后证据已变化,请重新导出后再处置")
	}
	if !d.On.IsZero() && d.On.Format(time.DateOnly) < f.FirstSeen {
		c.fault(titleDate, "早于首次发现的月份")
	}
	if f.Decision == d.Decision && d.On.Format(time.DateOnly) == f.DecidedOn {
		c.fault(titleDecision, "同一处置已经登记")
	}
}

// changed finds the protected column that was changed, as far as the flag as it
// is now can tell.
func (c *rowCheck) changed(f Flag) string {
	for _, col := range protected() {
		if !col.passing && c.cells[col.title] != col.value(f) {
			return col.title
		}
	}
	return titleChecksum
}
