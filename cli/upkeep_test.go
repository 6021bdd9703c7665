package cli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// upkeep is what an operator does beside running, in an order in which each has
// something to do.
var upkeep = [][]string{
	{"quarantine", "replay"},
	{"compact"},
	{"retention", "--as-of", "2025-03-31"},
	{"backfill", "--from", "2025-01", "--to", "2025-02", "--yes"},
	{"run", "--as-of", "2025-03-31"},
}

// TestKilledUpkeepContinues kills each of the commands at random moments, calls it
// again, goes on with the others, and wants what is there when nobody disturbed
// any.
func TestKilledUpkeepContinues(t *testing.T) {
	if testing.Short() {
		t.Skip("a dozen kills take a minute; run without -short")
	}
	ready := upkeepSite(t)
	took := make([]time.Duration, len(upkeep))
	want := doUpkeep(t, ready, func(config string, k int) {
		start := time.Now()
		mustZhicang(t, append([]string{"-c", config}, upkeep[k]...)...)
		took[k] = time.Since(start)
	})
	rnd := rand.New(rand.NewPCG(4, 2025))
	killed := 0
	for k := range upkeep[:4] {
		for range 3 {
			got := doUpkeep(t, ready, func(config string, i int) {
				if i == k && killAfter(t, config, time.Duration(rnd.Int64N(int64(took[k])))+50*time.Millisecond, upkeep[k]...) {
					killed++
				}
				mustZhicang(t, append([]string{"-c", config}, upkeep[i]...)...)
			})
			if got != want {
				t.Fatalf("%s, killed: it ends with\n%s\nand undisturbed with\n%s", upkeep[k][0], got, want)
			}
		}
	}
	if killed == 0 {
		t.Fatal("nothing was killed before it ended")
	}
	t.Logf("%d commands killed; everything ended as undisturbed", killed)
}

// doUpkeep does everything in a copy of the site, and returns what is there then.
func doUpkeep(t *testing.T, ready string, do func(config string, k int)) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "site")
	if err := os.CopyFS(dir, os.DirFS(ready)); err != nil {
		t.Fatal(err)
	}
	keys, err := filepath.Glob(filepath.Join(dir, "keys", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range keys { // a copy is as readable as any file
		if err := os.Chmod(k, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(dir, "zhicang.yaml")
	for k := range upkeep {
		do(config, k)
	}
	return dumpLake(t, config) + dumpPublished(t, config)
}

// dumpLake lists the rows of the lake, what is held, and how much lies in the
// vault.
func dumpLake(t *testing.T, config string) string {
	t.Helper()
	var b strings.Builder
	e := &env{config: config, out: os.Stderr, err: os.Stderr, now: time.Now}
	err := e.use(t.Context(), e.writing("test"), func(a *app) error {
		rows, err := a.engine.Query(t.Context(), "SELECT batch_id, batch_row, opinion_id, channel, submitter_name, body FROM ods.congress_opinion ORDER BY 1, 2")
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var batch, row int64
			var text [4]string
			if err := rows.Scan(&batch, &row, &text[0], &text[1], &text[2], &text[3]); err != nil {
				return err
			}
			fmt.Fprintln(&b, batch, row, text)
		}
		sums, err := a.ledger.QuarantineSums(t.Context())
		if err != nil {
			return err
		}
		vault, err := a.openVault(t.Context())
		if err != nil {
			return err
		}
		fmt.Fprintln(&b, sums, vault.Len(), "records in the vault")
		return rows.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// upkeepSite is a site after its first run, with something held, several files a
// month, and rows that are too old.
func upkeepSite(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "zhicang.yaml")
	writeFile(t, config, `region: "331022"
site: ./site
sources:
  - name: messages
    type: files
    path: ./drop
    table: ods.congress_opinion
    columns: {opinion_id: 编号, submitter_id: 用户, submitter_name: 姓名, channel: 渠道, title: 主题, body: 内容, submitted_at: 时间}
`)
	for f := range 3 {
		var b strings.Builder
		b.WriteString("编号,用户,姓名,渠道,主题,内容,时间\n")
		for i := range 300 {
			channel := "网络问政"
			if i%7 == 0 {
				channel = "微信小程序"
			}
			fmt.Fprintf(&b, "%d-%d,u%d,赵%c明,%s,路灯不亮,赵%c明说健跳镇第%d盏路灯不亮了,2025-%02d-%02d\n", f, i, i%90, '一'+rune(i%90), channel, '一'+rune(i%90), i, 1+i%3, 1+i%28)
			if i%10 == 0 {
				fmt.Fprintf(&b, "old%d-%d,u%d,钱%c亮,网络问政,停水,花桥镇停水,2023-%02d-11\n", f, i, i, '一'+rune(i%90), 1+i%12)
			}
		}
		writeFile(t, filepath.Join(dir, "drop", fmt.Sprint(f, ".csv")), b.String())
	}
	contract, err := os.ReadFile("../models/congress/ods_opinion.yaml")
	if err != nil {
		t.Fatal(err)
	}
	retained := strings.Replace(string(contract), "partition: submitted_at", "retention: {months: 12, by: submitted_at, reference: 示例条例}\npartition: submitted_at", 1)
	writeFile(t, filepath.Join(dir, "site", "models", "congress", "ods_opinion.yaml"), retained)
	mustZhicang(t, "-c", config, "run", "--as-of", "2025-03-31")
	mended := strings.Replace(retained, "accepted: [浙里办,", "accepted: [微信小程序, 浙里办,", 1)
	writeFile(t, filepath.Join(dir, "site", "models", "congress", "ods_opinion.yaml"), mended)
	return dir
}

// killAfter starts a command as a process of its own and kills it (SIGKILL) after a
// while; false when it had ended by then.
func killAfter(t *testing.T, config string, after time.Duration, args ...string) bool {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), after)
	defer cancel()
	cmd := exec.CommandContext(ctx, exe, append([]string{"-c", config}, args...)...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if ctx.Err() == nil {
		t.Fatalf("%s: %v\n%s", args[0], err, out)
	}
	return true
}
