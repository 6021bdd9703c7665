package reader_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zhicang/serve/account"
	"zhicang/serve/reader"
)

// genQuery writes statements that the gate lets through, whose first column is
// the region of every row, or NULL. They try, in passing, to look past the
// filter: with conditions on other regions and with casts that fail on rows
// outside.
func genQuery(t *rapid.T) string {
	one := func(label string, options ...string) string { return rapid.SampledFrom(options).Draw(t, label) }
	condition := func(alias string) string {
		return strings.ReplaceAll(one("condition",
			"true", "X.people > 5", "X.region_code = '339921002'", "X.region_code LIKE '33%'", "X.region_code NOT LIKE '339921001%'", "X.title LIKE '%秘密%'",
			"X.region_code >= '000000' OR true", "X.title = '"+secretOfAnotherTown+"'", "X.people / nullif(X.people - 3, 0) >= 0",
			"CASE WHEN X.region_code = '339921002' THEN CAST(X.title AS INTEGER) ELSE 1 END = 1",
			"CASE WHEN X.title LIKE '南%' THEN 9223372036854775807 + X.people ELSE 1 END = 1",
			"TRY_CAST(X.title AS INTEGER) IS NULL", "X.day > DATE '2026-01-10'", "X.issue_id IN (SELECT issue_id FROM ads.congress_hot_issue WHERE people > 3)",
			"EXISTS (SELECT 1 FROM ads.congress_hot_issue e WHERE e.people = X.people AND e.region_code <> X.region_code)"), "X.", alias+".")
	}
	table := one("table", "ads.congress_hot_issue", "congress_hot_issue", `"ads"."congress_hot_issue"`)
	switch one("shape", "plain", "group", "join", "outer", "cte", "union", "window", "subquery", "recursive") {
	case "group":
		return fmt.Sprintf("SELECT a.region_code, count(*), max(a.title) FROM %s a WHERE %s GROUP BY a.region_code HAVING %s", table, condition("a"), one("having", "true", "count(*) > 3", "max(title) LIKE '%秘密%'"))
	case "join":
		return fmt.Sprintf("SELECT a.region_code, b.title FROM %s a JOIN ads.congress_hot_issue b ON a.people = b.people AND %s WHERE %s", table, condition("b"), condition("a"))
	case "outer":
		return fmt.Sprintf("SELECT b.region_code, a.region_name FROM dim.region a LEFT JOIN %s b ON a.region_code = b.region_code AND %s", table, condition("b"))
	case "cte":
		return fmt.Sprintf(`WITH "ads.congress_hot_issue" AS (SELECT * FROM %s), x AS (SELECT * FROM "ads.congress_hot_issue" y WHERE %s) SELECT region_code, title FROM x WHERE %s`, table, condition("y"), condition("x"))
	case "union":
		return fmt.Sprintf("SELECT region_code, title FROM %s a WHERE %s %s SELECT region_code, title FROM ads.congress_hot_issue b WHERE %s",
			table, condition("a"), one("operator", "UNION ALL", "UNION", "INTERSECT", "EXCEPT"), condition("b"))
	case "window":
		return fmt.Sprintf("SELECT region_code, lag(title) OVER (ORDER BY region_code, people), lead(region_code) OVER (ORDER BY region_code) FROM %s a WHERE %s QUALIFY row_number() OVER (ORDER BY people) < 100", table, condition("a"))
	case "subquery":
		return fmt.Sprintf("SELECT a.region_code, (SELECT max(b.title) FROM ads.congress_hot_issue b WHERE %s) FROM %s a ORDER BY 1 LIMIT 50", condition("b"), table)
	case "recursive":
		return fmt.Sprintf("WITH RECURSIVE t AS (SELECT region_code, title, people FROM %s a WHERE people = 1 UNION SELECT a.region_code, a.title, a.people FROM ads.congress_hot_issue a JOIN t ON a.people = t.people + 1 WHERE %s) SELECT region_code, title FROM t", table, condition("a"))
	}
	return fmt.Sprintf("SELECT region_code, title, people FROM %s a WHERE %s", table, condition("a"))
}

// Whatever is asked, no account sees a row outside of its region, and no error
// tells of one. That an account of everything fails on a statement says nothing
// about one that does not have the row that it fails on: so an account's
// statement fails only by its own rows.
func TestNoRowOutsideOfTheScope(t *testing.T) {
	f := open(t, reader.Limits{})
	accounts := []account.Account{town, county, neighbour, {Name: "south", Domains: []string{"congress"}, Region: "339921002"}}
	var ran, failed int
	rapid.Check(t, func(rt *rapid.T) {
		acct := rapid.SampledFrom(accounts).Draw(rt, "account")
		sql := genQuery(rt)
		secret := !acct.Covers("339921002")
		rows, err := f.Query(t.Context(), acct, reader.Statement{SQL: sql, Purpose: "test"})
		if err != nil {
			failed++
			// Only the title of 339921002 is ever cast to a number, or added to.
			if secret || strings.Contains(err.Error(), secretOfAnotherTown) {
				rt.Fatalf("%s\nfails by rows of others: %v", sql, err)
			}
			return
		}
		defer rows.Close()
		ran++
		for rows.Next() {
			for i, v := range rows.Values() {
				text := fmt.Sprint(v)
				if i == 0 && v != nil && !acct.Covers(text) || secret && strings.Contains(text, secretOfAnotherTown) {
					rt.Fatalf("%s\n%s sees %v", sql, acct.Name, rows.Values())
				}
			}
		}
		if rows.Err() != nil {
			rt.Fatal(rows.Err())
		}
	})
	if ran == 0 || failed == 0 {
		t.Errorf("%d ran, %d failed: the statements try nothing", ran, failed)
	}
}

// failing are expressions that fail where HIT holds, and only there.
var failing = []string{
	"CAST(CASE WHEN HIT THEN 'x' ELSE '1' END AS INTEGER) = 1",
	"CASE WHEN HIT THEN CAST(title AS INTEGER) ELSE 1 END = 1",
	"people + CASE WHEN HIT THEN 9223372036854775807 ELSE 0 END > -1",
	"-people - CASE WHEN HIT THEN 9223372036854775807 ELSE 0 END < 5",
	"(people + 2) * CASE WHEN HIT THEN 9223372036854775807 ELSE 1 END > -1",
	"abs(CASE WHEN HIT THEN -9223372036854775807 - 1 ELSE 1 END) > 0",
	"substr(title, CASE WHEN HIT THEN 9223372036854775807 ELSE 1 END) <> ''",
	"substring(title, 1, CASE WHEN HIT THEN 9223372036854775807 ELSE 1 END) <> ''",
	"left(title, CASE WHEN HIT THEN 9223372036854775807 ELSE 1 END) <> ''",
	"split_part(title, 'x', CASE WHEN HIT THEN 0 ELSE 1 END) <> ''",
	"date_trunc(CASE WHEN HIT THEN 'x' ELSE 'day' END, day) IS NOT NULL",
	"date_part(CASE WHEN HIT THEN 'x' ELSE 'year' END, day) > 0",
	"regexp_like('a', CASE WHEN HIT THEN '(' ELSE 'a' END)",
	"regexp_full_match('a', CASE WHEN HIT THEN '(' ELSE 'a' END)",
	"regexp_extract('a', CASE WHEN HIT THEN '(' ELSE 'a' END) = 'a'",
	"title LIKE CASE WHEN HIT THEN '%\\' ELSE '%' END ESCAPE '\\'",
	"chr(CASE WHEN HIT THEN -1 ELSE 65 END) = 'A'",
	"make_date(CASE WHEN HIT THEN 99999999 ELSE 2020 END, 1, 1) IS NOT NULL",
	"to_timestamp(CASE WHEN HIT THEN 1e300 ELSE 1 END) IS NOT NULL",
	"epoch_ms(CASE WHEN HIT THEN 9223372036854775807 ELSE 1 END) IS NOT NULL",
	"to_years(CASE WHEN HIT THEN 2147483647 ELSE 1 END) IS NOT NULL",
	"day + to_days(CASE WHEN HIT THEN 2147483647 ELSE 1 END) IS NOT NULL",
	"strptime(CASE WHEN HIT THEN 'x' ELSE '2020' END, '%Y') IS NOT NULL",
	"date_parse(CASE WHEN HIT THEN 'x' ELSE '2020-01-01' END, '%Y-%m-%d') IS NOT NULL",
	"ln(CASE WHEN HIT THEN -1 ELSE 1 END) = 0",
	"sqrt(CASE WHEN HIT THEN -1 ELSE 1 END) = 1",
	"acos(CASE WHEN HIT THEN 5 ELSE 1 END) = 0",
	"pow(10, CASE WHEN HIT THEN 1e10 ELSE 1 END) > 0",
	"(1 << CASE WHEN HIT THEN 100 ELSE 1 END) = 2",
	"unhex(CASE WHEN HIT THEN 'zz' ELSE '00' END) IS NOT NULL",
	"from_base64(CASE WHEN HIT THEN 'z' ELSE 'QQ==' END) IS NOT NULL",
	"decode(CASE WHEN HIT THEN from_hex('ff') ELSE from_hex('41') END) = 'A'",
	"hamming(CASE WHEN HIT THEN 'a' ELSE 'ab' END, 'ab') = 0",
	"json_extract(CASE WHEN HIT THEN '{' ELSE '{}' END, '$.a') IS NULL",
	"json_extract('{\"a\": 1}', CASE WHEN HIT THEN '$[' ELSE '$.a' END) IS NOT NULL",
	"slice([1], CASE WHEN HIT THEN 0 ELSE 1 END, 1) = [1]",
	"lcm(CASE WHEN HIT THEN 9223372036854775807 ELSE 2 END, 6) = 6",
	"round(people / 3.0, CASE WHEN HIT THEN 999999999 ELSE 1 END) >= 0",
	"time_bucket(CASE WHEN HIT THEN INTERVAL '0' DAY ELSE INTERVAL '1' DAY END, day) IS NOT NULL",
	"trunc(CASE WHEN HIT THEN 1e308 * 10 ELSE 1 END) > 0",
	"CAST(people AS TINYINT) + CASE WHEN HIT THEN CAST(people + 1000 AS TINYINT) ELSE CAST(0 AS TINYINT) END >= 0",
}

// An error tells nothing of a row that the account does not see: what fails on
// others' rows alone does not fail for it.
func TestErrorsOfOthersRows(t *testing.T) {
	f := empty(t, reader.Limits{})
	// Many rows: the engine tries its filters in turn, and changes the order.
	publish(t, f.shelf, f.cat, 1, fmt.Sprintf(`INSERT INTO ads.congress_hot_issue SELECT i, CASE WHEN i %% 16 = 0 THEN '339921001' ELSE '339921002' END,
		DATE '2026-01-01', CASE WHEN i %% 16 = 0 THEN '道路破损' ELSE '%s' END, i %% 50, 1 FROM range(250000) t(i)`, secretOfAnotherTown),
		"INSERT INTO dim.region SELECT region_code, region_code, region_code, 3, NULL, DATE '0001-01-01', DATE '9999-12-31', NULL, NULL FROM (SELECT DISTINCT region_code FROM ads.congress_hot_issue)")
	all := account.Account{Name: "congress", Domains: []string{"congress"}}
	shapes := []string{
		"SELECT count(*) FROM ads.congress_hot_issue WHERE EXPR",
		"SELECT count(*) FROM (SELECT EXPR AS e FROM ads.congress_hot_issue) WHERE e",
		"SELECT count(*) FROM dim.region r JOIN ads.congress_hot_issue i ON r.region_code = i.region_code AND EXPR",
		"SELECT issue_id FROM ads.congress_hot_issue WHERE EXPR ORDER BY people DESC LIMIT 3",
	}
	meant := 0
	for _, expr := range failing {
		for _, shape := range shapes {
			sql := strings.ReplaceAll(strings.ReplaceAll(shape, "EXPR", expr), "HIT", "starts_with(title, '南')")
			if _, err := f.ask(t.Context(), town, sql); err != nil {
				t.Errorf("%s\nfails by rows of others: %s %v", sql, reader.Code(err), err)
			}
			if _, err := f.ask(t.Context(), all, sql); err != nil {
				meant++
			}
		}
	}
	if meant < 2*len(failing) {
		t.Errorf("only %d of the statements fail for those who see all rows", meant)
	}
	t.Logf("%d of %d statements fail for those who see all rows, none for others", meant, len(failing)*len(shapes))
}

// The same statement by two accounts gives each its own rows, also when it is
// remembered from the other.
func TestPlansAreNotShared(t *testing.T) {
	f := open(t, reader.Limits{})
	const sql = "SELECT DISTINCT region_code FROM ads.congress_hot_issue ORDER BY 1"
	for range 3 {
		for _, acct := range []account.Account{town, neighbour, everything} {
			got, err := f.ask(t.Context(), acct, sql)
			if err != nil {
				t.Fatal(err)
			}
			for _, code := range got {
				if !acct.Covers(code) {
					t.Errorf("%s sees %s", acct.Name, code)
				}
			}
		}
	}
}

func TestTablesOfAnAccount(t *testing.T) {
	f := open(t, reader.Limits{})
	for _, tt := range []struct {
		acct account.Account
		want string
	}{
		{everything, "ads.assist_risk_list ads.congress_hot_issue ads.congress_new_word ads.platform_run dim.data_age dim.data_dictionary dim.data_load dim.parameter dim.publication dim.region dim.region_ancestor dim.run"},
		{town, "ads.congress_hot_issue ads.congress_new_word dim.data_age dim.data_dictionary dim.data_load dim.parameter dim.publication dim.region dim.region_ancestor dim.run"},
		{account.Account{Name: "none"}, "dim.data_age dim.data_dictionary dim.data_load dim.parameter dim.publication dim.region dim.region_ancestor dim.run"},
	} {
		list, err := f.Tables(t.Context(), tt.acct)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, info := range list {
			names = append(names, info.Table)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.acct.Name, got, tt.want)
		}
	}
}

// FuzzStatement sends anything. What runs tells nothing of other regions or
// domains, whatever it is.
func FuzzStatement(f *testing.F) {
	for _, a := range attempts {
		if len(a.sql) < 2000 && !strings.Contains(a.code, "5") {
			f.Add(strings.ReplaceAll(a.sql, "FILE", "x.csv"))
		}
	}
	f.Add("SELECT region_code, count(*) FROM ads.congress_hot_issue GROUP BY 1")
	f.Add("WITH a AS (SELECT * FROM ads.congress_hot_issue) SELECT max(title) OVER (ORDER BY people) FROM a")
	fx := open(f, reader.Limits{StatementTimeout: fuzzTimeout, MemoryLimit: "256MB", MaxRows: 1000})
	f.Fuzz(func(t *testing.T, sql string) {
		rows, err := fx.ask(t.Context(), town, sql)
		if err != nil {
			if code := reader.Code(err); len(code) != 5 || code == "XX000" {
				t.Errorf("%q: %s %v", sql, code, err)
			}
			return
		}
		for _, r := range rows {
			if !strings.Contains(sql, "秘密") && strings.Contains(r, secretOfAnotherTown) || strings.Contains(r, "户3") {
				t.Errorf("%q gives %q", sql, r)
			}
		}
	})
}
