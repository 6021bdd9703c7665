package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"zhicang/demo"
	"zhicang/warehouse"
)

// chaos is a small county, what may be published of it, and the states from
// which trials begin.
type chaos struct {
	dir, config string
	api         *fickleAPI
	wire        *wire  // to the database; nil where there is none
	said        int64  // bytes that the database says in an undisturbed run
	whole       string // digest of what an undisturbed run publishes
	noAPI       string // the same without the API's records
	noDatabase  string // the same without the database's rows
	took        time.Duration
	states      []state
	cannot      map[string]bool // disturbances that this machine does not allow
	mounted     bool
	// moving is held while a trial itself moves the data folder: nobody reads
	// meanwhile.
	moving sync.Mutex
}

// A state is a data folder to begin from.
type state struct{ name, dir string }

func newChaos(t *testing.T) *chaos {
	t.Helper()
	c := &chaos{dir: t.TempDir(), api: &fickleAPI{}, cannot: map[string]bool{}}
	if _, err := demo.Write(t.Context(), c.dir, demo.Options{Seed: 3, Messages: 6000}); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(c.api)
	t.Cleanup(srv.Close)
	c.config = smallCounty(t, c.dir, srv.URL, c.openDesk(t))

	c.api.spoil(cutOff, 0)
	c.noAPI = c.without(t, "the API")
	if c.wire != nil {
		c.wire.spoil(0, c.wire.reset)
		c.noDatabase = c.without(t, "the database")
	}
	start := time.Now()
	if _, errs, code := c.run(t); code != 0 {
		t.Fatal(errs)
	}
	c.took = time.Since(start)
	c.said = c.mend()
	c.whole = c.published(t)
	if c.whole == c.noAPI || c.whole == c.noDatabase {
		t.Fatal("a source adds nothing: its failures would go unnoticed")
	}
	dropWarehouse(t, c.dir)
	c.keep(t, "a lake without a warehouse")
	wipe(t, c.dir)
	c.keep(t, "nothing")
	return c
}

// without runs while a source can't be read, keeps what that leaves as a state
// to begin from, and returns the digest of what it published.
func (c *chaos) without(t *testing.T, what string) string {
	t.Helper()
	if _, _, code := c.run(t); code == 0 {
		t.Fatalf("a run without %s says that all is well", what)
	}
	digest := c.published(t)
	c.keep(t, "a run without "+what)
	c.mend()
	wipe(t, c.dir)
	return digest
}

// mend makes every source whole again, and returns how many bytes the database
// has said since it was mended last.
func (c *chaos) mend() (said int64) {
	c.api.mend()
	if c.wire != nil {
		said = c.wire.mend()
	}
	return said
}

// smallCounty keeps two months of the drop folders, a small API, and the source
// of a database, if there is one.
func smallCounty(t *testing.T, dir, api, desk string) string {
	t.Helper()
	for _, pattern := range []string{"drop/*/2025年*", "drop/*/2025-*"} {
		files, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil || len(files) != 12 {
			t.Fatalf("%s: %d files, %v", pattern, len(files), err)
		}
		for _, f := range files[2:] {
			if err := os.Remove(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	config := filepath.Join(dir, "small.yaml")
	writeFile(t, config, `region: "339921"
site: ./site
sources:
  - name: portal
    type: files
    path: ./drop/网络问政/*.xlsx
    sheet: 留言
    table: ods.congress_opinion
    columns: {opinion_id: 留言编号, submitter_id: 留言用户, submitter_name: 姓名, title: 留言主题, submitted_at: 留言时间, body: 留言详情, likes: 点赞数, dislikes: 反对数}
    constants: {channel: 网络问政}
  - name: hotline
    type: files
    path: ./drop/12345热线/*.csv
    table: ods.congress_opinion
    columns: {opinion_id: 诉求编号, submitter_id: 诉求人身份证号, title: 诉求标题, body: 诉求内容, submitted_at: 受理时间, updated_at: 更新时间, region_code: 区划代码}
    constants: {channel: 热线电话}
  - name: station
    type: http
    url: `+api+`
    table: ods.congress_opinion
    paging: {type: page, param: page}
    items: items
    retries: 2
    columns: {opinion_id: id, submitter_id: who, title: title, body: text, submitted_at: at, region_code: region}
    constants: {channel: 联络站二维码}
`+desk)
	return config
}

func wipe(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
		t.Fatal(err)
	}
}

// dropWarehouse makes the next run build every table again from the lake.
func dropWarehouse(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"warehouse.duckdb", "warehouse.duckdb.wal"} {
		if err := os.Remove(filepath.Join(dir, "data", name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// keep copies the data folder as a state to begin from.
func (c *chaos) keep(t *testing.T, name string) {
	t.Helper()
	dir := filepath.Join(c.dir, "states", strconv.Itoa(len(c.states)))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"data", "keys"} {
		from := filepath.Join(c.dir, part)
		if _, err := os.Stat(from); err == nil {
			if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.states = append(c.states, state{name, dir})
}

func (c *chaos) restore(t *testing.T, i int) {
	t.Helper()
	for _, part := range []string{"data", "keys"} {
		to := filepath.Join(c.dir, part)
		if err := os.RemoveAll(to); err != nil {
			t.Fatal(err)
		}
		from := filepath.Join(c.states[i].dir, part)
		if _, err := os.Stat(from); err != nil {
			continue
		}
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	// CopyFS does not keep who may read what.
	keys, err := filepath.Glob(filepath.Join(c.dir, "keys", "*"))
	for _, k := range keys {
		err = errors.Join(err, os.Chmod(k, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (c *chaos) run(t *testing.T) (out, errs string, code int) {
	t.Helper()
	return zhicang(t, "-c", c.config, "run", "--as-of", "2025-02-28")
}

// process starts a run as a process of its own.
func (c *chaos) process(ctx context.Context, t *testing.T, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, exe, "-c", c.config, "run", "--as-of", "2025-02-28")
	cmd.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	return cmd
}

// published digests every row that readers can reach, but for those that tell
// of the runs themselves; "" when there is no publication.
func (c *chaos) published(t *testing.T) string {
	digest, err := publishedDigest(t.Context(), filepath.Join(c.dir, "data", "published"))
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

func publishedDigest(ctx context.Context, dir string) (string, error) {
	pub, err := warehouse.Shelf{Dir: dir}.Open(ctx, warehouse.Options{Threads: 1})
	if errors.Is(err, warehouse.ErrNothingPublished) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer pub.Close()
	rows, err := pub.Query(ctx, "SELECT DISTINCT table_name FROM dim.data_dictionary WHERE NOT starts_with(table_name, 'ads.platform_') AND table_name NOT IN ('dim.data_load', 'dim.publication') ORDER BY 1")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var parts []string
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return "", err
		}
		parts = append(parts, fmt.Sprintf("SELECT '%s' AS name, count(*) AS n, CAST(coalesce(sum(CAST(hash(t) AS HUGEINT)), 0) AS VARCHAR) AS digest FROM %s AS t", table, table))
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	var digest string
	all, err := pub.Query(ctx, "SELECT string_agg(concat(name, ' ', n, ' ', digest), '; ' ORDER BY name) FROM ("+strings.Join(parts, " UNION ALL ")+")")
	if err != nil {
		return "", err
	}
	defer all.Close()
	for all.Next() {
		if err := all.Scan(&digest); err != nil {
			return "", err
		}
	}
	return digest, all.Err()
}
