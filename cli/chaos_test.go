package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"zhicang/demo"
	"zhicang/warehouse"
)

// trials is how many disturbed runs TestChaos makes; ZHICANG_CHAOS_TRIALS
// changes it (`make chaos` makes 200). Every second one is killed.
const trials = 20

// jumpClock, when it is set, makes the clock of a process of this binary jump
// after some readings: "20 -36h".
const jumpClock = "ZHICANG_TEST_CLOCK"

func jumpingClock() func() time.Time {
	var after int64
	var by string
	if _, err := fmt.Sscan(os.Getenv(jumpClock), &after, &by); err != nil {
		return time.Now
	}
	jump, err := time.ParseDuration(by)
	if err != nil {
		return time.Now
	}
	var readings atomic.Int64
	return func() time.Time {
		if readings.Add(1) > after {
			return time.Now().Add(jump)
		}
		return time.Now()
	}
}

// TestChaos disturbs runs: kill -9, connections cut, answers half given, a full
// disk, a clock that jumps, two processes at once. After each, the next run must
// end with exactly the rows of an undisturbed run; and whatever readers open
// meanwhile must be whole.
func TestChaos(t *testing.T) {
	if testing.Short() {
		t.Skip("disturbing runs takes minutes; run without -short")
	}
	n := trials
	if s := os.Getenv("ZHICANG_CHAOS_TRIALS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	c := newChaos(t)
	done := map[string]int{}
	for i := range n {
		rnd := rand.New(rand.NewPCG(20, uint64(i)))
		kind := disturbances[0]
		if i%2 == 1 {
			kind = disturbances[1+i/2%(len(disturbances)-1)]
		}
		before := rnd.IntN(len(c.states))
		c.restore(t, before)
		watch := c.watch(t, before)
		hit := kind.disturb(t, c, rnd)
		watch()
		c.api.mend()
		if hit {
			done[kind.name]++
		}
		if _, errs, code := c.run(t); code != 0 {
			t.Fatalf("trial %d (%s from %s): the next run failed:\n%s", i, kind.name, c.states[before].name, errs)
		}
		if got := c.published(t); got != c.whole {
			t.Fatalf("trial %d (%s from %s): the next run published other rows than an undisturbed one", i, kind.name, c.states[before].name)
		}
		kind.undo(t, c)
	}
	t.Logf("%d trials; runs that were hit: %v", n, done)
	for _, k := range disturbances {
		if n >= trials && done[k.name] == 0 && !c.cannot[k.name] {
			t.Errorf("no run was hit by %q: nothing is proved about it", k.name)
		}
	}
}

// A disturbance of a run. It reports whether it hit: a run may end before.
type disturbance struct {
	name    string
	disturb func(t *testing.T, c *chaos, rnd *rand.Rand) bool
	after   func(t *testing.T, c *chaos)
}

func (d disturbance) undo(t *testing.T, c *chaos) {
	if d.after != nil {
		d.after(t, c)
	}
}

var disturbances = []disturbance{
	{name: "kill -9", disturb: kill},
	{name: "connection cut", disturb: func(t *testing.T, c *chaos, rnd *rand.Rand) bool { return c.spoil(t, rnd, cutOff) }},
	{name: "disk full", disturb: fillDisk, after: unmount},
	{name: "half an answer", disturb: func(t *testing.T, c *chaos, rnd *rand.Rand) bool { return c.spoil(t, rnd, halfAnswer) }},
	{name: "clock jump", disturb: jump},
	{name: "two processes", disturb: twoAtOnce},
}

// chaos is a small county, what may be published of it, and the states from
// which trials begin.
type chaos struct {
	dir, config string
	api         *fickleAPI
	whole       string // digest of what an undisturbed run publishes
	partly      string // the same without the API's records
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
	c.config = smallCounty(t, c.dir, srv.URL)

	c.api.spoil(cutOff, 0)
	if _, _, code := c.run(t); code == 0 {
		t.Fatal("a run without its API says that all is well")
	}
	c.partly = c.published(t)
	c.keep(t, "a run without the API")
	c.api.mend()
	wipe(t, c.dir)
	start := time.Now()
	if _, errs, code := c.run(t); code != 0 {
		t.Fatal(errs)
	}
	c.took = time.Since(start)
	c.whole = c.published(t)
	if c.whole == c.partly {
		t.Fatal("the API adds nothing: its failures would go unnoticed")
	}
	dropWarehouse(t, c.dir)
	c.keep(t, "a lake without a warehouse")
	wipe(t, c.dir)
	c.keep(t, "nothing")
	return c
}

// smallCounty keeps two months of the drop folders, and a small API.
func smallCounty(t *testing.T, dir, api string) string {
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
`)
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
	rows, err := pub.Query(ctx, "SELECT DISTINCT table_name FROM dim.data_dictionary WHERE NOT starts_with(table_name, 'ads.platform_') ORDER BY 1")
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

// watch reads what is published, over and over, until it is stopped: all of
// it must be there, as one of the runs would have published it.
func (c *chaos) watch(t *testing.T, before int) (stop func()) {
	t.Helper()
	dir := filepath.Join(c.dir, "data", "published")
	ended, wrong := make(chan struct{}), make(chan string, 1)
	go func() {
		defer close(wrong)
		for {
			select {
			case <-ended:
				return
			default:
			}
			c.moving.Lock()
			digest, err := publishedDigest(context.Background(), dir)
			c.moving.Unlock()
			// A reader that opens by name may come just after a switch, and
			// find that the file before is gone: it asks again.
			if errors.Is(err, os.ErrNotExist) {
				continue
			}
			if err != nil {
				wrong <- err.Error()
				return
			}
			if !slices.Contains([]string{"", c.partly, c.whole}, digest) {
				wrong <- "readers saw rows that no whole run publishes"
				return
			}
		}
	}()
	return func() {
		close(ended)
		for msg := range wrong {
			t.Fatalf("from %s: %s", c.states[before].name, msg)
		}
	}
}

// kill ends a run by SIGKILL at a random moment.
func kill(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rnd.Int64N(int64(c.took))))
	defer cancel()
	out, err := c.process(ctx, t).CombinedOutput()
	if err != nil && ctx.Err() == nil {
		t.Fatalf("run: %v\n%s", err, out)
	}
	return err != nil
}

// spoil makes the API fail from a random page on, for good or for a while.
func (c *chaos) spoil(t *testing.T, rnd *rand.Rand, how func(w http.ResponseWriter, body []byte)) bool {
	c.api.spoil(how, rnd.IntN(4))
	if rnd.IntN(2) == 0 {
		c.api.mendAfter(1 + rnd.IntN(2)) // retries get over it
	}
	c.run(t)
	return c.api.spoiled.Load() > 0
}

// jump makes the clock jump by up to half a year, to and fro.
func jump(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	by := time.Duration(rnd.IntN(2*180*24)-180*24) * time.Hour
	out, err := c.process(t.Context(), t, fmt.Sprintf("%s=%d %s", jumpClock, rnd.IntN(60), by)).CombinedOutput()
	if err != nil {
		t.Fatalf("a run whose clock jumps by %s: %v\n%s", by, err, out)
	}
	return true
}

// twoAtOnce starts a second run while the first is on. One of them may find
// that it is not alone, and must say so.
func twoAtOnce(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	type result struct {
		out []byte
		err error
	}
	first := make(chan result, 1)
	cmd := c.process(t.Context(), t)
	go func() {
		out, err := cmd.CombinedOutput()
		first <- result{out, err}
	}()
	time.Sleep(time.Duration(rnd.Int64N(int64(c.took)))) // a random moment is the disturbance itself
	out, err := c.process(t.Context(), t).CombinedOutput()
	one := <-first
	if one.err != nil && err != nil {
		t.Fatalf("two runs at once, and none was made:\n%s\n%s", one.out, out)
	}
	refused := false
	for _, r := range []result{one, {out, err}} {
		if r.err == nil {
			continue
		}
		refused = true
		if !strings.Contains(string(r.out), "is in use by process") {
			t.Fatalf("a second run says not who is there: %s", r.out)
		}
	}
	return refused
}

// fillDisk puts the data folder on a disk of its own that is too small.
func fillDisk(t *testing.T, c *chaos, rnd *rand.Rand) bool {
	c.moving.Lock()
	fits := c.mountSmall(t, rnd)
	c.moving.Unlock()
	if !fits {
		return false
	}
	_, errs, code := c.run(t)
	if err := syscall.Mount("tmpfs", filepath.Join(c.dir, "data"), "tmpfs", syscall.MS_REMOUNT, "size=1g"); err != nil {
		t.Fatal(err)
	}
	return code != 0 && errs != ""
}

// mountSmall moves the data folder to a disk of its own; false where this
// machine does not allow it.
func (c *chaos) mountSmall(t *testing.T, rnd *rand.Rand) bool {
	t.Helper()
	data := filepath.Join(c.dir, "data")
	aside := data + ".aside"
	if _, err := os.Stat(data); err == nil {
		if err := os.Rename(data, aside); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(data, 0o700); err != nil {
		t.Fatal(err)
	}
	used := int64(0)
	if err := filepath.Walk(aside, func(_ string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			used += info.Size()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	size := used + 256<<10 + rnd.Int64N(8<<20)
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Logf("no small disk can be mounted here (%v): a full disk is not tried", err)
		c.cannot["disk full"] = true
		if err := errors.Join(os.RemoveAll(data), renameBack(aside, data)); err != nil {
			t.Fatal(err)
		}
		return false
	}
	c.mounted = true
	t.Cleanup(func() { unmount(t, c) }) // also where the trial fails
	if _, err := os.Stat(aside); err == nil {
		if err := errors.Join(os.CopyFS(data, os.DirFS(aside)), os.RemoveAll(aside)); err != nil {
			t.Fatal(err)
		}
	}
	return true
}

func renameBack(from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return nil
	}
	return os.Rename(from, to)
}

func unmount(t *testing.T, c *chaos) {
	if !c.mounted {
		return
	}
	c.mounted = false
	if err := syscall.Unmount(filepath.Join(c.dir, "data"), 0); err != nil {
		t.Fatal(err)
	}
}

// fickleAPI serves records page by page, and fails as it is told to.
type fickleAPI struct {
	how     atomic.Pointer[func(http.ResponseWriter, []byte)]
	from    atomic.Int64 // page from which on it fails
	left    atomic.Int64 // failures until it is well again; 0: it stays
	spoiled atomic.Int64 // answers that were spoilt
}

func (a *fickleAPI) spoil(how func(http.ResponseWriter, []byte), from int) {
	a.from.Store(int64(from))
	a.left.Store(0)
	a.spoiled.Store(0)
	a.how.Store(&how)
}

func (a *fickleAPI) mendAfter(n int) { a.left.Store(int64(n)) }
func (a *fickleAPI) mend()           { a.how.Store(nil) }

// apiPages and apiSize are what there is to read.
const (
	apiPages = 4
	apiSize  = 50
)

func (a *fickleAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	page, err := strconv.Atoi(r.URL.Query().Get("page"))
	if err != nil || page < 1 {
		http.Error(w, "page", http.StatusBadRequest)
		return
	}
	items := []map[string]string{}
	for i := (page - 1) * apiSize; page <= apiPages && i < page*apiSize; i++ {
		items = append(items, map[string]string{
			"id": fmt.Sprintf("A%04d", i), "who": fmt.Sprintf("网友%d", i%90), "region": "339921100",
			"title": "路灯", "text": fmt.Sprintf("望溪街道第%d盏路灯不亮，晚上走路看不清", i%12),
			"at": time.Date(2025, 1, 1+i%50, 8, i%60, 0, 0, time.UTC).Format("2006-01-02 15:04:05"),
		})
	}
	body, err := json.Marshal(map[string]any{"items": items})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if how := a.how.Load(); how != nil && int64(page) > a.from.Load() {
		a.spoiled.Add(1)
		if a.left.Load() > 0 && a.left.Add(-1) == 0 {
			a.how.Store(nil)
		}
		(*how)(w, body)
		return
	}
	w.Write(body) // a reader that is gone is no concern of the API
}

// cutOff closes the connection in the middle of an answer.
func cutOff(w http.ResponseWriter, body []byte) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // the other side sees a reset
	}
	fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body[:len(body)/2])
}

// halfAnswer ends an answer as if it were whole, in the middle of a record.
func halfAnswer(w http.ResponseWriter, body []byte) {
	w.Write(body[:len(body)*2/3])
}
