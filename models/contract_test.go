package models

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// text is an error as the command line prints it.
func text(err error) string {
	var fe *FileError
	if !errors.As(err, &fe) {
		return fmt.Sprintf("no FileError: %v", err)
	}
	return fe.Error() + "\nTry: " + fe.Hint()
}

// good is a contract without fault. The broken ones below change one line.
const good = `table: ods.congress_opinion
title: 群众意见
grain: one row per opinion
key: [id]
version: updated_at
partition: at
columns:
  - {name: id, type: VARCHAR, required: true, title: 编号}
  - {name: person, type: VARCHAR, pii: id_card, as: person_key, title: 身份证号}
  - {name: money, type: "DECIMAL(18,2)", min: 0, max: 10, title: 金额}
  - {name: at, type: TIMESTAMP, required: true, title: 时间}
  - {name: updated_at, type: TIMESTAMP, title: 更新时间}
checks:
  - {unique: [id, updated_at]}
`

func TestContractErrors(t *testing.T) {
	const file = "congress/ods_opinion.yaml"
	if _, err := ReadContract(file, []byte(good)); err != nil {
		t.Fatal(err)
	}
	types := "the types are BIGINT, INTEGER, DOUBLE, DECIMAL(p,s), VARCHAR, BOOLEAN, DATE, TIMESTAMP, VARCHAR[], DOUBLE[]"
	for _, c := range []struct{ name, from, to, want string }{
		{"unknown key", "title: 群众意见", "titel: 群众意见", `:2: unknown key "titel"|did you mean "title"?`},
		{"unknown key of a column", "as: person_key", "az: person_key", `:9: unknown key "az"|did you mean "as"?`},
		{
			"unknown key like nothing", "unique: [id, updated_at]", "xyzxyzxyz: 1",
			`:14: unknown key "xyzxyzxyz"|there are empty, title, unique`,
		},
		{"key twice", "title: 群众意见", "table: 群众意见", ":2: the key stands on line 1 already|keep one"},
		{"number for a list", "key: [id]", "key: {a: 1}", ":4: a mapping stands where a list is expected|look at the keys of the level that the line stands on"},
		{"text for a number", "min: 0", "min: none", ":10: a text stands where a number is expected|look at the keys of the level that the line stands on"},
		{"list for a text", "title: 群众意见", "title: [群众]", ":2: a list stands where a text is expected|look at the keys of the level that the line stands on"},
		{"text for a mapping", "checks:", "reads: all\nchecks:", ":13: a text stands where a mapping is expected|look at the keys of the level that the line stands on"},
		{"wrong type", "id, type: VARCHAR", "id, type: TEXT", `:8: "TEXT" is no column type|` + types},
		{"wrong decimal", "DECIMAL(18,2)", "DECIMAL(2,18)", `:10: "DECIMAL(2,18)" is no DECIMAL(precision,scale) with 0 ≤ scale ≤ precision ≤ 38|` + types},
		{"broken YAML", "key: [id]", "key: [id", `:3: did not find expected ',' or ']'|look at the indentation, the brackets and the quotes around that line`},
		{"no table name", "ods.congress_opinion", "raw.opinion", `:1: table: "raw.opinion" is no table name|name it <layer>.<domain>_<name> with a layer of ods, dim, dwd, dws, ads`},
		{"another file", "ods.congress_opinion", "ods.congress_view", ":1: the file holds the contract of ods.congress_view|rename the file after the table: ods_congress_view.yaml"},
		{"another domain", "ods.congress_opinion", "ods.assist_opinion", ":1: the file holds the contract of ods.assist_opinion|rename the file after the table: ods_assist_opinion.yaml"},
		{"no title", "title: 群众意见", "formula: 群众意见", ":1: title and grain are required|say in `title` what a reader calls the table and in `grain` what one row stands for"},
		{"key of nothing", "key: [id]", "key: [idd]", `:4: key: no column "idd"|did you mean "id"?`},
		{"key twice", "key: [id]", "key: [id, id]", `:4: key: "id" stands twice|name it once`},
		{"partition of nothing", "partition: at", "partition: when_exactly", `:6: partition: no column "when_exactly"|there are at, id, money, person, updated_at`},
		{"version of nothing", "version: updated_at", "version: update_at", `:5: version: no column "update_at"|did you mean "updated_at"?`},
		{"unique of nothing", "unique: [id, updated_at]", "unique: [id, updatedat]", `:14: checks[0].unique: no column "updatedat"|did you mean "updated_at"?`},
		{"empty check", "unique: [id, updated_at]", "title: 什么", ":14: checks[0]: give exactly one of unique, empty|write two checks, or one with columns or a SELECT"},
		{"partition by text", "partition: at", "partition: id", ":6: partition: id is VARCHAR|partition by a DATE or TIMESTAMP column"},
		{"no partition", "partition: at\n", "", ":1: an ods table needs a key and a partition|name in `key` the columns that tell rows apart and in `partition` a DATE or TIMESTAMP"},
		{"optional partition", "type: TIMESTAMP, required: true", "type: TIMESTAMP", ":11: columns[at]: a column of the key or the partition is required|add `required: true`"},
		{"optional key", "type: VARCHAR, required: true", "type: VARCHAR", ":8: columns[id]: a column of the key or the partition is required|add `required: true`"},
		{
			"key of masks", "type: VARCHAR, required: true", "type: VARCHAR, pii: name, required: true",
			":8: columns[id]: a name column tells no rows apart|take a column whose values stay apart once landed",
		},
		{"no type", "id, type: VARCHAR,", "id,", ":8: columns[id]: type and title are required|an ods table inherits from nothing: give both"},
		{"no name", "name: money", "name: 金额", `:10: columns[2].name: "金额" is no column name|use lower-case letters, digits and _, and a letter first`},
		{"name twice", "name: money", "name: id", ":10: columns[id]: the name id is taken|every name stands for one column, those that land and those that the loader adds included"},
		{"name of another once landed", "name: money", "name: person_key", ":10: columns[person_key]: the name person_key is taken|every name stands for one column, those that land and those that the loader adds included"},
		{"name of the loader", "name: money", "name: batch_id", ":10: columns[batch_id]: the name batch_id is taken|every name stands for one column, those that land and those that the loader adds included"},
		{"identity without as", ", as: person_key", "", ":9: columns[person].pii: an identity lands as a pseudonym and needs a name of its own|e.g. as: person_key"},
		{"as without pii", "pii: id_card, ", "", ":9: columns[person].as: only personal columns land under another name|name the column so"},
		{"unknown pii", "pii: id_card", "pii: secret", `:9: columns[person].pii: "secret" is no class of personal data|id_card, person_id, name, phone or text`},
		{"landed pii", "pii: id_card", "pii: pseudonym", ":9: columns[person].pii: pseudonym is what a column is after landing|give the class before landing: id_card, person_id, name, phone or text"},
		{"personal number", "person, type: VARCHAR", "person, type: BIGINT", ":9: columns[person].type: a personal column lands as text, and this one is BIGINT|make it a VARCHAR"},
		{"accepted numbers", "min: 0, max: 10", "accepted: [1]", ":10: columns[money].accepted: the column is DECIMAL(18,2)|make it a VARCHAR, or bound it by min and max"},
		{"bounded text", "VARCHAR, required: true", "VARCHAR, required: true, min: 1", ":8: columns[id].min: the column is VARCHAR|bound numbers only"},
		{"no number fits", "min: 0", "min: 11", ":10: columns[money].min: no number is between 11 and 10|min and max are both allowed values"},
		{"region number", "min: 0, max: 10", "region: true", ":10: columns[money].region: a region code is text, and the column is DECIMAL(18,2)|make it a VARCHAR"},
		{"credit number", "min: 0, max: 10", "credit_code: true", ":10: columns[money].credit_code: a credit code is text, and the column is DECIMAL(18,2)|make it a VARCHAR"},
		{"credit code of a person", "pii: id_card", "credit_code: true, pii: id_card", ":9: columns[person].credit_code: a credit code is neither a region, a person nor one of a few values|keep one of them"},
		{"month of a moment", "type: TIMESTAMP, required: true", "type: TIMESTAMP, required: true, month: true", ":11: columns[at].month: a month lands as its first day, and the column is TIMESTAMP|make it a DATE"},
		{"pattern of numbers", "min: 0, max: 10", `pattern: "[0-9]"`, ":10: columns[money].pattern: the column is DECIMAL(18,2)|make it a VARCHAR, or bound it by min and max"},
		{"pattern of a person", "pii: id_card", `pattern: "[0-9]", pii: id_card`, ":9: columns[person].pattern: what is personal is checked by its class|leave it out"},
		{"no pattern", "VARCHAR, required: true", `VARCHAR, required: true, pattern: "[0-"`, `:8: columns[id].pattern: "[0-" is no regular expression|see pkg.go.dev/regexp/syntax; quote it, as in "[0-9]{4}"`},
		{"future number", "min: 0, max: 10", "not_after_load: true", ":10: columns[money].not_after_load: the column is DECIMAL(18,2)|use it on a DATE or TIMESTAMP"},
		{"list", "DECIMAL(18,2)\", min: 0, max: 10", "VARCHAR[]\"", ":10: columns[money].type: a list does not land|land the list as VARCHAR and take it apart in a model"},
		{"same of a derived table", "checks:", "reads: {dwd.x_y: {same: [id]}}\nchecks:", ":13: reads[dwd.x_y]: same is for ods tables, and stands alone|e.g. {same: [source_system, record_id]}"},
		{"reads nonsense", "checks:", "reads: {dwd.x_y: {before: -1}}\nchecks:", ":13: reads[dwd.x_y]: before and after are months, 0 or more, and all stands alone|e.g. {before: 1}, or {all: true}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			broken := strings.Replace(good, c.from, c.to, 1)
			if broken == good {
				t.Fatal("the test changes nothing")
			}
			_, err := ReadContract(file, []byte(broken))
			msg, try, _ := strings.Cut(c.want, "|")
			if diff := cmp.Diff(file+msg+"\nTry: "+try, text(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, c := range map[string]struct{ data, want string }{
		"empty file":    {"# nothing\n", file + ": the file is empty\nTry: write it, or delete the file"},
		"two documents": {good + "---\na: 1\n", file + ":15: holds more than one YAML document\nTry: keep one document a file"},
		"no columns":    {"table: ods.congress_opinion\ntitle: x\ngrain: x\ncolumns: []\n", file + ":4: columns: there are none\nTry: list at least one column"},
		"derived as":    {"table: dwd.x\ntitle: x\ngrain: x\ncolumns:\n- {name: a, as: b}\n", "dwd_x.yaml:5: columns[a].as: only what lands is renamed\nTry: name the column so"},
		"derived month": {
			"table: dwd.x\ntitle: x\ngrain: x\ncolumns:\n- {name: a, type: DATE, month: true}\n",
			"dwd_x.yaml:5: columns[a]: only what lands is read and checked so\nTry: take month and credit_code out",
		},
		"derived pii": {
			"table: dwd.x\ntitle: x\ngrain: x\ncolumns:\n- {name: a, pii: name}\n",
			"dwd_x.yaml:5: columns[a].pii: no column of a derived table is name\nTry: scrubbed, pseudonym or masked: what it is once landed",
		},
	} {
		name2 := file
		if strings.HasPrefix(c.want, "dwd_x") {
			name2 = "dwd_x.yaml"
		}
		if _, err := ReadContract(name2, []byte(c.data)); cmp.Diff(c.want, text(err)) != "" {
			t.Errorf("%s: %s", name, cmp.Diff(c.want, text(err)))
		}
	}
}

func TestSecretsAreNotQuoted(t *testing.T) {
	var v struct {
		Token int `yaml:"token"`
	}
	err := DecodeYAML("config.yaml", []byte("token: hunter2\n"), &v)
	if want := "config.yaml:1: a text stands where a whole number is expected\nTry: look at the keys of the level that the line stands on"; text(err) != want {
		t.Error(text(err))
	}
}

func TestLineOf(t *testing.T) {
	data := []byte("a: 1\nsources:\n  - name: x\n    table: y\n  - name: z\n")
	for path, want := range map[string]int{"sources[0].table": 4, "sources[1].table": 5, "sources[1].name": 5, "sources[7]": 2, "b": 0, "": 0} {
		if got := LineOf(data, path); got != want {
			t.Errorf("LineOf(%q) = %d, want %d", path, got, want)
		}
	}
	if LineOf([]byte("a: ["), "a") != 0 {
		t.Error("a broken document has no lines")
	}
}

func TestNearestLeavesItsCandidates(t *testing.T) {
	known := []string{"title", "grain", "key"}
	if got := Nearest("grian", known); got != "grain" {
		t.Error(got)
	}
	if got := Nearest("zzzzzz", known); got != "" {
		t.Error(got)
	}
	if diff := cmp.Diff([]string{"title", "grain", "key"}, known); diff != "" {
		t.Error(diff)
	}
}

func TestEmbedded(t *testing.T) {
	cat, err := Load(FS())
	if err != nil {
		t.Fatal(text(err))
	}
	for _, c := range cat.Contracts() {
		if c.Layer() == "" || len(c.Columns) == 0 {
			t.Errorf("%s is empty", c.Table)
		}
	}
	files, err := fs.Glob(FS(), "*/*.yaml")
	if err != nil || len(files) == 0 || len(files) != len(cat.Tables()) {
		t.Errorf("%d files, %d contracts, %v", len(files), len(cat.Tables()), err)
	}
	files, err = fs.Glob(FS(), "*/params/*.yaml")
	if err != nil || len(files) == 0 || len(cat.Parameters()) < len(files) {
		t.Errorf("%d files, %d parameters, %v", len(files), len(cat.Parameters()), err)
	}
}

const (
	orders = "table: dwd.x_order\ntitle: 订单\ngrain: x\ncolumns:\n- {name: id, type: BIGINT, title: 编号, formula: 口径一, unit: 个}\n- {name: who, type: VARCHAR, title: 谁, pii: pseudonym}\n"
	visits = "table: dwd.x_visit\ntitle: 来访\ngrain: x\ncolumns:\n- {name: id, type: VARCHAR, title: 号码}\n- {name: who, type: VARCHAR, title: 何人, pii: masked}\n"
)

func catalog(t *testing.T, texts ...string) *Catalog {
	t.Helper()
	fsys := fstest.MapFS{}
	for _, text := range texts {
		table, _, _ := strings.Cut(strings.TrimPrefix(text, "table: "), "\n")
		fsys["x/"+strings.ReplaceAll(table, ".", "_")+".yaml"] = &fstest.MapFile{Data: []byte(text)}
	}
	cat, err := Load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

func TestInherit(t *testing.T) {
	landed := strings.ReplaceAll(good, "congress", "x")
	derived := "table: dws.x_sum\ntitle: 汇总\ngrain: x\npartition: at\ncolumns:\n" +
		"- {name: id}\n- {name: person_key, title: 本人}\n- {name: money, type: DOUBLE}\n- {name: at}\n- {name: batch_id}\n"
	cat := catalog(t, landed, derived)
	if err := cat.Inherit([]string{"ods.x_opinion", "dws.x_sum"}, func(string) []string { return []string{"ods.x_opinion"} }); err != nil {
		t.Fatal(err)
	}
	c, _ := cat.Contract("dws.x_sum")
	want := []Column{
		{Name: "id", Type: Type{Kind: Varchar}, Title: "编号"},
		// Nothing made the class go away.
		{Name: "person_key", Type: Type{Kind: Varchar}, Title: "本人", PII: Pseudonym},
		{Name: "money", Type: Type{Kind: Double}, Title: "金额"},
		{Name: "at", Type: Type{Kind: Timestamp}, Title: "时间"},
		{Name: "batch_id", Type: Type{Kind: Bigint}, Title: "批次号"},
	}
	if diff := cmp.Diff(want, c.Columns); diff != "" {
		t.Error(diff)
	}
}

func TestInheritErrors(t *testing.T) {
	head := "table: dws.x_sum\ntitle: 汇总\ngrain: x\ncolumns:\n"
	for name, c := range map[string]struct{ derived, want string }{
		"two types": {
			head + "- {name: id}\n",
			"x/dws_x_sum.yaml:5: columns[id]: it is BIGINT in dwd.x_order and VARCHAR in dwd.x_visit\nTry: give the type that it has here",
		},
		"two classes": {
			head + "- {name: who}\n",
			"x/dws_x_sum.yaml:5: columns[who]: it is pseudonym in dwd.x_order and masked in dwd.x_visit\nTry: give the class that it has here",
		},
		"nothing": {
			head + "- {name: day, type: DATE, title: 日}\n- {name: total, type: BIGINT}\n",
			"x/dws_x_sum.yaml:6: columns[total]: no upstream table has a column of this name to inherit from\nTry: give type and title, or read it from a table that has it",
		},
		"partition by a number": {
			strings.Replace(head, "grain: x\n", "grain: x\npartition: id\n", 1) + "- {name: id, type: BIGINT}\n",
			"x/dws_x_sum.yaml:4: partition: id is BIGINT\nTry: partition by a DATE or TIMESTAMP column",
		},
		"two titles": {
			head + "- {name: id, type: VARCHAR}\n",
			"x/dws_x_sum.yaml:5: columns[id]: it is 编号 in dwd.x_order and 号码 in dwd.x_visit\nTry: give the title that it has here",
		},
		"said here": {head + "- {name: id, type: VARCHAR, title: 编号}\n- {name: who, pii: masked, title: 谁}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			cat, err := Load(fstest.MapFS{
				"x/dwd_x_order.yaml": {Data: []byte(orders)}, "x/dwd_x_visit.yaml": {Data: []byte(visits)}, "x/dws_x_sum.yaml": {Data: []byte(c.derived)},
			})
			if err == nil {
				err = cat.Inherit([]string{"dwd.x_order", "dwd.x_visit", "dws.x_sum"}, func(table string) []string {
					if table == "dws.x_sum" {
						return []string{"dwd.x_order", "dwd.x_visit"}
					}
					return nil
				})
			}
			if c.want == "" {
				if err != nil {
					t.Error(err)
				}
			} else if diff := cmp.Diff(c.want, text(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCatalogErrors(t *testing.T) {
	opinion := "table: dwd.x_y\ntitle: t\ngrain: g\n"
	tail := "columns:\n- {name: a, type: BIGINT, title: 甲}\n"
	parameter := "- parameter: x.a.b\n  title: 甲\n  values: [{value: 1, reference: \"[A]\"}]\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"unknown parameter": {
			map[string]string{"x/dwd_y.yaml": opinion + "parameters: [x.a.b, x.a.bb]\n" + tail, "x/params/p.yaml": parameter},
			"x/dwd_y.yaml:4: parameters: no parameter \"x.a.bb\"\nTry: did you mean \"x.a.b\"?",
		},
		"unknown table": {
			map[string]string{"x/dwd_y.yaml": opinion + "reads:\n  dwd.x_z: {all: true}\n" + tail},
			"x/dwd_y.yaml:5: reads: no table \"dwd.x_z\"\nTry: did you mean \"dwd.x_y\"?",
		},
		"table twice": {
			map[string]string{"x/dwd_y.yaml": opinion + tail, "x/dwd_x_y.yaml": opinion + tail},
			"x/dwd_y.yaml:1: dwd.x_y has a contract in x/dwd_x_y.yaml already\nTry: keep one",
		},
		"parameter twice": {
			map[string]string{"x/params/p.yaml": parameter, "x/params/q.yaml": "\n" + parameter},
			"x/params/q.yaml:2: parameter x.a.b stands in x/params/p.yaml already\nTry: keep one, with all its dated values",
		},
		"parameter of another domain": {
			map[string]string{"y/params/p.yaml": parameter},
			"y/params/p.yaml:1: parameter x.a.b does not start with y.\nTry: name it after its domain: y.<subject>.<name>",
		},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{}
			for file, text := range c.files {
				fsys[file] = &fstest.MapFile{Data: []byte(text)}
			}
			_, err := Load(fsys)
			if diff := cmp.Diff(c.want, text(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCatalogOrder(t *testing.T) {
	cat := catalog(t, visits, orders, strings.ReplaceAll(good, "congress", "x"))
	var got []string
	for _, c := range cat.Contracts() {
		got = append(got, c.Table)
	}
	if diff := cmp.Diff([]string{"ods.x_opinion", "dwd.x_order", "dwd.x_visit"}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzReadContract(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(orders))
	f.Add([]byte("columns: [~, {}]\nreads: {a: ~}\nchecks: [~]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ReadContract("congress/ods_opinion.yaml", data)
		var fe *FileError
		switch {
		case err == nil && c.Table != "ods.congress_opinion":
			t.Fatalf("accepted as %q", c.Table)
		case err != nil && (!errors.As(err, &fe) || fe.Try == "" || fe.Msg == ""):
			t.Fatalf("an error without file, words or hint: %v", err)
		}
		if list, err := ReadParameters("congress/params/x.yaml", data); err == nil {
			for _, p := range list {
				_, _ = p.On(day(t, "2021-08-16"))
			}
		}
	})
}
