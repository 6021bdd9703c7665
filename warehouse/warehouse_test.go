package warehouse_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhicang/models"
	"zhicang/warehouse"
)

func openEngine(t *testing.T, path string) *warehouse.Engine {
	t.Helper()
	e, err := warehouse.Open(t.Context(), warehouse.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

type engine struct{ *warehouse.Engine }

func (e engine) QueryText(t *testing.T, text string) string {
	t.Helper()
	rows, err := e.Query(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s any
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprint(s))
	}
	return strings.Join(list, ",")
}

func contract(t *testing.T, file, text string) *models.Contract {
	t.Helper()
	c, err := models.ReadContract(file, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const ods = `table: ods.toy_event
title: 事件
grain: one row per event
key: [id]
partition: moment
columns:
  - {name: id, type: VARCHAR, required: true, title: 编号}
  - {name: moment, type: TIMESTAMP, required: true, title: 时间}
  - {name: later, type: BIGINT, title: 后来加的列}
`

// A file from before a column was added reads as NULL there, and a column that
// the contract dropped is not seen.
func TestLakeFilesOfOlderContracts(t *testing.T) {
	e := engine{openEngine(t, "")}
	c := contract(t, "toy/ods_event.yaml", ods)
	old := filepath.Join(t.TempDir(), "old's.parquet")
	load := "CAST(1 AS BIGINT) AS batch_id, CAST(1 AS BIGINT) AS batch_row, 'toy' AS source_system"
	if err := e.Exec(t.Context(), "COPY (SELECT 'a' AS id, TIMESTAMP '2025-01-05 08:00:00' AS moment, 7 AS dropped, "+load+") TO "+warehouse.Quote(old)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
	for _, files := range [][]string{nil, {old}} {
		if err := e.CreateLakeView(t.Context(), c, files); err != nil {
			t.Fatal(err)
		}
		want := ""
		if files != nil {
			want = "a|2025-01-05 08:00:00|-"
		}
		if got := e.QueryText(t, "SELECT id || '|' || CAST(moment AS VARCHAR) || '|' || coalesce(CAST(later AS VARCHAR), '-') FROM ods.toy_event"); got != want {
			t.Errorf("with %d files: %q, want %q", len(files), got, want)
		}
	}
	if got := e.QueryText(t, "SELECT count(*) FROM (DESCRIBE ods.toy_event)"); got != "7" {
		t.Errorf("the view has %s columns, want the contract's 3 and the loader's 4", got)
	}
}

func TestTransactionsAreAllOrNothing(t *testing.T) {
	e := engine{openEngine(t, "")}
	c := contract(t, "toy/ads_x.yaml", "table: ads.toy_x\ntitle: x\ngrain: one row\nopen: true\ncolumns:\n  - {name: n, type: BIGINT, title: n}\n")
	boom := errors.New("boom")
	err := e.InTx(t.Context(), func(tx *warehouse.Tx) error {
		if err := tx.CreateTable(t.Context(), c); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) {
		t.Fatalf("got %v", err)
	}
	if got := e.QueryText(t, "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'ads'"); got != "0" {
		t.Errorf("%s tables of a transaction that was rolled back", got)
	}
}

// Digests depend on the rows and on nothing else: not on their order.
func TestDigestsDoNotDependOnOrder(t *testing.T) {
	e := openEngine(t, "")
	c := contract(t, "toy/ads_x.yaml", "table: ads.toy_x\ntitle: x\ngrain: one row\nopen: true\ncolumns:\n  - {name: n, type: BIGINT, title: n}\n  - {name: s, type: VARCHAR, title: s}\n")
	digest := func(values string) string {
		var content string
		if err := e.InTx(t.Context(), func(tx *warehouse.Tx) error {
			if err := tx.CreateTable(t.Context(), c); err != nil {
				return err
			}
			if err := tx.Exec(t.Context(), "INSERT INTO ads.toy_x VALUES "+values); err != nil {
				return err
			}
			got, err := tx.Digests(t.Context(), c, warehouse.Span{})
			content = got[0].Content
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return content
	}
	one := digest("(1, 'a'), (2, NULL), (2, NULL)")
	if two := digest("(2, NULL), (1, 'a'), (2, NULL)"); one != two {
		t.Errorf("another order, another digest: %s, %s", one, two)
	}
	for _, other := range []string{"(1, 'a'), (2, NULL)", "(1, NULL), (2, 'a'), (2, NULL)", "(1, 'a'), (1, 'a'), (2, NULL)"} {
		if got := digest(other); got == one {
			t.Errorf("%s has the digest of other rows", other)
		}
	}
}

func TestPublishedFileIsLockedDown(t *testing.T) {
	dir := t.TempDir()
	e := openEngine(t, filepath.Join(dir, "warehouse.duckdb"))
	c := contract(t, "toy/ads_x.yaml", "table: ads.toy_x\ntitle: x\ngrain: one row\nopen: true\ncolumns:\n  - {name: n, type: BIGINT, title: n}\n")
	if err := e.InTx(t.Context(), func(tx *warehouse.Tx) error {
		if err := tx.CreateTable(t.Context(), c); err != nil {
			return err
		}
		return tx.Exec(t.Context(), "INSERT INTO ads.toy_x VALUES (42)")
	}); err != nil {
		t.Fatal(err)
	}
	shelf := warehouse.Shelf{Dir: filepath.Join(dir, "published")}
	if _, err := shelf.Current(); !errors.Is(err, warehouse.ErrNothingPublished) {
		t.Errorf("before the first publication: %v", err)
	}
	if err := os.MkdirAll(shelf.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	leftover := filepath.Join(shelf.Dir, "zhicang-00000001.duckdb.tmp")
	if err := os.WriteFile(leftover, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := e.Publish(t.Context(), shelf, "zhicang-00000001.duckdb", []*models.Contract{c}); err != nil {
		t.Fatal(err)
	}
	if err := shelf.Switch("zhicang-00000001.duckdb"); err != nil {
		t.Fatal(err)
	}
	path, err := shelf.Current()
	if err != nil {
		t.Fatal(err)
	}
	p, err := warehouse.OpenPublished(t.Context(), path, warehouse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	secret := filepath.Join(dir, "secret.csv")
	if err := os.WriteFile(secret, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, attack := range []string{
		"SELECT * FROM read_csv(" + warehouse.Quote(secret) + ")",
		"SELECT * FROM " + warehouse.Quote(secret),
		"ATTACH " + warehouse.Quote(filepath.Join(dir, "warehouse.duckdb")) + " AS w",
		"COPY ads.toy_x TO " + warehouse.Quote(filepath.Join(dir, "out.csv")),
		"SET enable_external_access = true",
		"INSERT INTO ads.toy_x VALUES (1)",
		"CREATE TABLE published0.ads.more AS SELECT 1 AS a",
		"SELECT * FROM glob('/*')",
	} {
		rows, err := p.Query(t.Context(), attack)
		if err == nil {
			for rows.Next() {
			}
			err = errors.Join(rows.Err(), rows.Close())
		}
		if err == nil {
			t.Errorf("%s was let through", attack)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "out.csv")); err == nil {
		t.Error("a file was written")
	}
}

func TestDamagedWarehouseSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := warehouse.Open(t.Context(), warehouse.Options{Path: path})
	var own *warehouse.Error
	if !errors.As(err, &own) || !strings.Contains(own.Hint(), "move it away and run again") {
		t.Errorf("got %v", err)
	}
}

// TestPublicationsFollowTheWarehouse changes months, shapes and tables between
// publications: what is carried over from the file before must be what a full
// copy would hold.
func TestPublicationsFollowTheWarehouse(t *testing.T) {
	dir := t.TempDir()
	e := openEngine(t, filepath.Join(dir, "warehouse.duckdb"))
	shelf := warehouse.Shelf{Dir: filepath.Join(dir, "published")}
	monthly := func(columns string) *models.Contract {
		return contract(t, "toy/ads_m.yaml", "table: ads.toy_m\ntitle: x\ngrain: one row\nopen: true\npartition: day\ncolumns:\n  - {name: day, type: DATE, title: d}\n"+columns)
	}
	whole := contract(t, "toy/ads_w.yaml", "table: ads.toy_w\ntitle: x\ngrain: one row\nopen: true\ncolumns:\n  - {name: n, type: BIGINT, title: n}\n")
	n := monthly("  - {name: n, type: BIGINT, title: n}\n")
	text := monthly("  - {name: n, type: VARCHAR, title: n}\n")
	put := func(c *models.Contract, month models.Month, rows string) {
		t.Helper()
		err := e.InTx(t.Context(), func(tx *warehouse.Tx) error {
			span := warehouse.Span{First: month, Last: month}
			if err := tx.Clear(t.Context(), c, span); err != nil {
				return err
			}
			if err := tx.Insert(t.Context(), c, span, rows); err != nil {
				return err
			}
			digests, err := tx.Digests(t.Context(), c, span)
			if err != nil {
				return err
			}
			st := digests[month]
			st.Table, st.Month = c.Table, month
			return tx.Remember(t.Context(), []warehouse.State{st})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	create := func(c *models.Contract) {
		t.Helper()
		if err := e.InTx(t.Context(), func(tx *warehouse.Tx) error {
			return errors.Join(tx.DropTable(t.Context(), c.Table), tx.CreateTable(t.Context(), c))
		}); err != nil {
			t.Fatal(err)
		}
	}
	jan, feb := models.MonthOf(2025, 1), models.MonthOf(2025, 2)
	id := 0
	published := func(tables ...*models.Contract) string {
		t.Helper()
		id++
		name := warehouse.FileName(int64(id))
		if err := errors.Join(e.Publish(t.Context(), shelf, name, tables), shelf.Switch(name)); err != nil {
			t.Fatal(err)
		}
		p, err := warehouse.OpenPublished(t.Context(), filepath.Join(shelf.Dir, name), warehouse.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		var all []string
		for _, c := range tables {
			rows, err := p.Query(t.Context(), "SELECT CAST(t AS VARCHAR) FROM "+c.Table+" AS t ORDER BY 1")
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var s string
				if err := rows.Scan(&s); err != nil {
					t.Fatal(err)
				}
				all = append(all, s)
			}
			if err := errors.Join(rows.Err(), rows.Close()); err != nil {
				t.Fatal(err)
			}
		}
		return strings.Join(all, " ")
	}
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}

	create(n)
	create(whole)
	put(n, jan, "SELECT DATE '2025-01-05' AS day, 1 AS n")
	put(n, feb, "SELECT DATE '2025-02-05' AS day, 2 AS n")
	put(whole, 0, "SELECT 7 AS n")
	check(published(n, whole), "{'day': 2025-01-05, 'n': 1} {'day': 2025-02-05, 'n': 2} {'n': 7}")
	put(n, feb, "SELECT DATE '2025-02-06' AS day, 3 AS n")
	check(published(n, whole), "{'day': 2025-01-05, 'n': 1} {'day': 2025-02-06, 'n': 3} {'n': 7}")
	put(whole, 0, "SELECT 8 AS n WHERE false")
	put(n, jan+2, "SELECT DATE '2025-03-01' AS day, 4 AS n")
	check(published(n, whole), "{'day': 2025-01-05, 'n': 1} {'day': 2025-02-06, 'n': 3} {'day': 2025-03-01, 'n': 4}")
	if err := e.InTx(t.Context(), func(tx *warehouse.Tx) error {
		return errors.Join(tx.Clear(t.Context(), n, warehouse.Span{First: jan, Last: jan}), tx.Forget(t.Context(), n.Table, jan))
	}); err != nil {
		t.Fatal(err)
	}
	check(published(n), "{'day': 2025-02-06, 'n': 3} {'day': 2025-03-01, 'n': 4}") // a month and a table less
	create(text)
	put(text, feb, "SELECT DATE '2025-02-06' AS day, 'drei' AS n")
	check(published(text), "{'day': 2025-02-06, 'n': drei}") // another shape

	// Rows that nobody remembers must not slip through, nor stop a publication.
	if err := e.Exec(t.Context(), "INSERT INTO ads.toy_m VALUES ('2025-02-07', 'vier')"); err != nil {
		t.Fatal(err)
	}
	check(published(text), "{'day': 2025-02-06, 'n': drei} {'day': 2025-02-07, 'n': vier}")
	// Neither does a file that can't be carried on.
	if err := os.WriteFile(filepath.Join(shelf.Dir, warehouse.FileName(int64(id+1))), []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	id++
	check(published(text), "{'day': 2025-02-06, 'n': drei} {'day': 2025-02-07, 'n': vier}")
}
