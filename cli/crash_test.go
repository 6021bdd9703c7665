package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"zhicang/demo"
)

// crashes is how many random moments of a run are tried.
const crashes = 20

// TestKilledRunsContinue kills a run at random moments, runs again, and wants
// the rows of a run that nobody disturbed. What readers see must be whole
// after every kill.
func TestKilledRunsContinue(t *testing.T) {
	if testing.Short() {
		t.Skip("20 kills take a minute; run without -short")
	}
	dir := t.TempDir()
	if _, err := demo.Write(t.Context(), dir, demo.Options{Seed: 3, Messages: 6000}); err != nil {
		t.Fatal(err)
	}
	config := smallCounty(t, dir)
	start := time.Now()
	mustZhicang(t, "-c", config, "run", "--as-of", "2025-02-28")
	whole := time.Since(start)
	want := dumpPublished(t, config)

	rnd := rand.New(rand.NewPCG(20, 25))
	wipe(t, dir)
	killed, tries := 0, 0
	for killed < crashes {
		if tries++; tries > 10*crashes {
			t.Fatalf("only %d of %d runs could be killed before they ended", killed, tries)
		}
		if !killAfter(t, config, time.Duration(rnd.Int64N(int64(whole)))) {
			// It had ended: its rows must be right, and the next one starts over.
			expectPublished(t, config, want, "a run that was not killed")
			wipe(t, dir)
			continue
		}
		killed++
		if _, err := os.Stat(filepath.Join(dir, "data", "published", "CURRENT")); err == nil {
			expectPublished(t, config, want, fmt.Sprintf("kill %d: what readers see meanwhile", killed))
		}
		// Some kills hit a run that continues a killed one, some a first load,
		// some a rebuild of everything after the lake.
		switch killed % 4 {
		case 1:
			continue
		case 2:
			mustZhicang(t, "-c", config, "run", "--as-of", "2025-02-28")
			expectPublished(t, config, want, fmt.Sprintf("kill %d: the next run", killed))
			dropWarehouse(t, dir)
		default:
			mustZhicang(t, "-c", config, "run", "--as-of", "2025-02-28")
			expectPublished(t, config, want, fmt.Sprintf("kill %d: the next run", killed))
			wipe(t, dir)
		}
	}
	t.Logf("%d runs killed in %d tries; every next run published the rows of an undisturbed run", killed, tries)
}

func expectPublished(t *testing.T, config, want, what string) {
	t.Helper()
	if got := dumpPublished(t, config); got != want {
		t.Fatalf("%s: the published rows are not those of an undisturbed run", what)
	}
}

// smallCounty keeps two months of the drop folders and leaves the API out.
func smallCounty(t *testing.T, dir string) string {
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

// killAfter starts a run as a process of its own and kills it (SIGKILL) after
// a while; false when it had ended by then.
func killAfter(t *testing.T, config string, after time.Duration) bool {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, "-c", config, "run", "--as-of", "2025-02-28")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if ctx.Err() == nil {
		t.Fatal(fmt.Errorf("run: %w\n%s", err, out))
	}
	return true
}
