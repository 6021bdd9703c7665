package models

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// errorf is an error about what stands at a path of the contract's file, such
// as columns[2].type; a column may also stand there by its name.
func (c *Contract) errorf(at, try, format string, args ...any) error {
	if rest, ok := strings.CutPrefix(at, "columns["); ok {
		name, rest, _ := strings.Cut(rest, "]")
		if i := slices.IndexFunc(c.Columns, func(col Column) bool { return col.Name == name }); i >= 0 {
			at = fmt.Sprintf("columns[%d]%s", i, rest)
		}
	}
	return &FileError{File: c.File, Line: c.lines.at(at), Msg: fmt.Sprintf(format, args...), Try: try}
}

// validate checks what can be known without the other contracts.
func (c *Contract) validate() error {
	if !tableRE.MatchString(c.Table) {
		return c.errorf("table", "name it <layer>.<domain>_<name> with a layer of "+strings.Join(layers, ", "), "table: %q is no table name", c.Table)
	}
	if !c.fileNamed() {
		return c.errorf("table", "rename the file after the table: "+strings.ReplaceAll(c.Table, ".", "_")+".yaml", "the file holds the contract of %s", c.Table)
	}
	if c.Title == "" || c.Grain == "" {
		return c.errorf("table", "say in `title` what a reader calls the table and in `grain` what one row stands for", "title and grain are required")
	}
	if len(c.Columns) == 0 {
		return c.errorf("columns", "list at least one column", "columns: there are none")
	}
	if err := c.validateColumns(); err != nil {
		return err
	}
	if err := c.validateReferences(); err != nil {
		return err
	}
	if c.Ledger && !c.Published() {
		return c.errorf("ledger", "leave it out", "ledger: only what readers read is written from the ledger")
	}
	if c.Layer() == "ods" {
		return c.validateLanding()
	}
	if c.Retention != nil {
		return c.errorf("retention", "set it on the ods tables that this one is made from: what is derived goes with them", "retention: only what was delivered is kept for a time")
	}
	if c.Newest != nil {
		return c.errorf("newest", "set it on the ods tables that this one is made from", "newest: how new a table is depends on what was delivered")
	}
	if c.Extra {
		return c.errorf("extra", "leave it out", "extra: only an ods table receives fields that nobody mapped")
	}
	return c.validateReaders()
}

// validateNewest checks what says how new the data are.
func (c *Contract) validateNewest() error {
	if c.Newest == nil {
		return nil
	}
	by, every := c.Pace()
	switch {
	case !slices.Contains(Paces, every):
		return c.errorf("newest.every", fmt.Sprint(Paces), "newest.every: %q is no pace", every)
	case by.Name == "":
		return c.errorf("newest.by", "name one of its columns", "newest.by: there is no column %q", c.Newest.By)
	case !by.Required:
		return c.errorf("newest.by", "name a column with `required: true`", "newest.by: %s may be empty, and then nothing is known", by.Name)
	case by.Type.Kind != Date && by.Type.Kind != Timestamp:
		return c.errorf("newest.by", "name a DATE or TIMESTAMP", "newest.by: %s says no day, it is %s", by.Name, by.Type)
	}
	return nil
}

// validateReaders checks that it is known who may read a published table.
func (c *Contract) validateReaders() error {
	_, byRegion := c.Column(RegionColumn)
	switch {
	case c.Open && !c.Published():
		return c.errorf("open", "leave it out", "open: nobody reads %s, it is not published", c.Table)
	case c.Published() && !c.Open && !byRegion:
		return c.errorf("table", "give it a column region_code, or say `open: true` if none of its rows belongs to a region", "it is not known who may read %s", c.Table)
	}
	return nil
}

// fileNamed accepts dwd_congress_opinion.yaml and, inside the folder of the
// domain, the shorter dwd_opinion.yaml. A domain's folder holds its own tables
// only.
func (c *Contract) fileNamed() bool {
	layer, name, _ := strings.Cut(c.Table, ".")
	base, domain := strings.TrimSuffix(path.Base(c.File), ".yaml"), c.Domain()
	return strings.HasPrefix(name, domain) && (base == layer+"_"+name || base == layer+"_"+strings.TrimPrefix(name, domain+"_"))
}

func (c *Contract) validateColumns() error {
	seen := map[string]bool{}
	if c.Layer() == "ods" {
		for _, col := range LoadColumns {
			seen[col.Name] = true
		}
		seen[ExtraColumn] = c.Extra
	}
	for i, col := range c.Columns {
		if !columnRE.MatchString(col.Name) {
			at := fmt.Sprintf("columns[%d].name", i)
			return c.errorf(at, "use lower-case letters, digits and _, and a letter first", "%s: %q is no column name", at, col.Name)
		}
		for _, name := range []string{col.Name, col.As} {
			if name != "" && seen[name] {
				// By number: the name would lead to the first that has it.
				return c.errorf(fmt.Sprintf("columns[%d]", i), "every name stands for one column, those that land and those that the loader adds included",
					"columns[%s]: the name %s is taken", col.Name, name)
			}
			seen[name] = true
		}
		if err := c.validateColumn(col); err != nil {
			return err
		}
	}
	return nil
}

func (c *Contract) validateColumn(col Column) error {
	fail := func(key, try, format string, args ...any) error {
		at := "columns[" + col.Name + "]" + key
		return c.errorf(at, try, "%s: %s", at, fmt.Sprintf(format, args...))
	}
	kind := col.Type.Kind
	number := kind == Bigint || kind == Integer || kind == Double || kind == Decimal
	switch {
	case !col.PII.valid():
		return fail(".pii", "id_card, person_id, name, phone or text", "%q is no class of personal data", col.PII)
	case kind != Invalid && kind != Varchar && len(col.Accepted) > 0:
		return fail(".accepted", "make it a VARCHAR, or bound it by min and max", "the column is %s", col.Type)
	case kind != Invalid && kind != Varchar && col.Region:
		return fail(".region", "make it a VARCHAR", "a region code is text, and the column is %s", col.Type)
	case kind != Invalid && kind != Varchar && col.CreditCode:
		return fail(".credit_code", "make it a VARCHAR", "a credit code is text, and the column is %s", col.Type)
	case col.CreditCode && (col.Region || col.PII != NotPersonal || len(col.Accepted) > 0):
		return fail(".credit_code", "keep one of them", "a credit code is neither a region, a person nor one of a few values")
	case kind != Invalid && !number && (col.Min != nil || col.Max != nil):
		return fail(".min", "bound numbers only", "the column is %s", col.Type)
	case col.Min != nil && col.Max != nil && *col.Min > *col.Max:
		return fail(".min", "min and max are both allowed values", "no number is between %v and %v", *col.Min, *col.Max)
	case kind != Invalid && kind != Date && kind != Timestamp && col.NotAfterLoad:
		return fail(".not_after_load", "use it on a DATE or TIMESTAMP", "the column is %s", col.Type)
	case kind != Invalid && kind != Date && col.Month:
		return fail(".month", "make it a DATE", "a month lands as its first day, and the column is %s", col.Type)
	case kind != Invalid && kind != Varchar && kind != VarcharList && col.In != "":
		return fail(".in", "use it on texts", "the column is %s", col.Type)
	case kind != Invalid && kind != Varchar && col.Pattern != "":
		return fail(".pattern", "make it a VARCHAR, or bound it by min and max", "the column is %s", col.Type)
	case col.Pattern != "" && col.PII != NotPersonal:
		return fail(".pattern", "leave it out", "what is personal is checked by its class")
	case !validPattern(col.Pattern):
		return fail(".pattern", "see pkg.go.dev/regexp/syntax; quote it, as in \"[0-9]{4}\"", "%q is no regular expression", col.Pattern)
	case c.Layer() != "ods" && (col.Month || col.CreditCode):
		return fail("", "take month and credit_code out", "only what lands is read and checked so")
	case c.Layer() != "ods" && c.Layer() != "dim" && col.Pattern != "", c.Layer() != "dim" && col.In != "":
		return fail("", "take pattern and in out", "only what lands, and rules, are checked so")
	case c.Layer() != "ods" && col.PII.raw():
		return fail(".pii", "scrubbed, pseudonym or masked: what it is once landed", "no column of a derived table is %s", col.PII)
	case c.Layer() != "ods" && col.As != "":
		return fail(".as", "name the column so", "only what lands is renamed")
	case c.Layer() != "ods":
		return nil
	case kind == Invalid || col.Title == "":
		return fail("", "an ods table inherits from nothing: give both", "type and title are required")
	case kind == VarcharList || kind == DoubleList:
		return fail(".type", "land the list as VARCHAR and take it apart in a model", "a list does not land")
	case col.PII != NotPersonal && kind != Varchar:
		return fail(".type", "make it a VARCHAR", "a personal column lands as text, and this one is %s", col.Type)
	case col.PII == NotPersonal && col.As != "":
		return fail(".as", "name the column so", "only personal columns land under another name")
	case col.PII != NotPersonal && !col.PII.raw():
		return fail(".pii", "give the class before landing: id_card, person_id, name, phone or text", "%s is what a column is after landing", col.PII)
	case col.PII.Identity() && col.As == "":
		return fail(".pii", "e.g. as: person_key", "an identity lands as a pseudonym and needs a name of its own")
	}
	return nil
}

func validPattern(s string) bool {
	_, err := regexp.Compile(s)
	return err == nil
}

// names checks that a field names columns, each once.
func (c *Contract) names(field string, cols []string) error {
	known := make([]string, len(c.Columns))
	for i, col := range c.Columns {
		known[i] = col.Name
	}
	for i, name := range cols {
		at := fmt.Sprintf("%s[%d]", field, i)
		if !slices.Contains(known, name) {
			return c.errorf(at, didYouMean(name, known), "%s: no column %q", field, name)
		}
		if slices.Contains(cols[:i], name) {
			return c.errorf(at, "name it once", "%s: %q stands twice", field, name)
		}
	}
	return nil
}

func (c *Contract) validateReferences() error {
	if err := c.names("key", c.Key); err != nil {
		return err
	}
	for _, f := range []struct{ field, column string }{{"version", c.Version}, {"partition", c.Partition}} {
		if f.column == "" {
			continue
		}
		if err := c.names(f.field, []string{f.column}); err != nil {
			return err
		}
	}
	if col, ok := c.Column(c.Partition); ok && col.Type.Kind != Invalid {
		if err := c.validatePartitionType(); err != nil {
			return err
		}
	}
	for i, ch := range c.Checks {
		where := fmt.Sprintf("checks[%d]", i)
		if (len(ch.Unique) > 0) == (ch.Empty != "") {
			return c.errorf(where, "write two checks, or one with columns or a SELECT", "%s: give exactly one of unique, empty", where)
		}
		if err := c.names(where+".unique", ch.Unique); err != nil {
			return err
		}
	}
	for up, w := range c.Reads {
		if w.Days < 0 || w.Days > 28 || (w.Days > 0 && w.Before != 1) {
			return c.errorf("reads."+up, "e.g. {before: 1, days: 6}", "reads[%s]: days are the last days, up to 28, of the one month before", up)
		}
		if w.Before < 0 || w.After < 0 || (w.All && w.Before+w.After > 0) {
			return c.errorf("reads."+up, "e.g. {before: 1}, or {all: true}", "reads[%s]: before and after are months, 0 or more, and all stands alone", up)
		}
		if len(w.Same) > 0 && (w.All || w.Before+w.After+w.Spill+w.Days > 0 || Layer(up) != "ods") {
			return c.errorf("reads."+up, "e.g. {same: [source_system, record_id]}", "reads[%s]: same is for ods tables, and stands alone", up)
		}
	}
	return nil
}

// validateLanding checks what the loader rests on: every row has a key, and a
// month.
func (c *Contract) validateLanding() error {
	if r := c.Retention; r != nil {
		switch {
		case r.Months < 1:
			return c.errorf("retention.months", "a number of months, such as 36", "retention.months: %d is no time to keep rows", r.Months)
		case r.By != c.Partition:
			return c.errorf("retention.by", "write by: "+c.Partition, "retention.by: rows are deleted by the months of the partition, not of %q", r.By)
		case r.Reference == "":
			return c.errorf("retention.reference", "name the law, decree or decision", "retention.reference: it is not known who asks for the deletion")
		}
	}
	if err := c.validateNewest(); err != nil {
		return err
	}
	if len(c.Key) == 0 || c.Partition == "" {
		return c.errorf("table", "name in `key` the columns that tell rows apart and in `partition` a DATE or TIMESTAMP", "an ods table needs a key and a partition")
	}
	for _, name := range append(slices.Clone(c.Key), c.Partition) {
		col, _ := c.Column(name)
		where := "columns[" + name + "]"
		if !col.Required {
			return c.errorf(where, "add `required: true`", "%s: a column of the key or the partition is required", where)
		}
		if col.PII != NotPersonal && !col.PII.Identity() {
			return c.errorf(where, "take a column whose values stay apart once landed", "%s: a %s column tells no rows apart", where, col.PII)
		}
	}
	return nil
}

func didYouMean(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(known) == 0 {
		return "there are none"
	}
	return "there are " + strings.Join(slices.Sorted(slices.Values(known)), ", ")
}
