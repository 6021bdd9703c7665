package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A backfill that was killed goes on where it stood, and another one does not
// begin over it unasked.
func TestKilledBackfillGoesOn(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "zhicang.yaml")
	writeFile(t, config, `region: "331022"
sources:
  - name: messages
    type: files
    path: ./drop
    table: ods.congress_opinion
    columns: {opinion_id: 编号, title: 主题, body: 内容, submitted_at: 时间}
`)
	writeFile(t, filepath.Join(dir, "drop", "a.csv"), "编号,主题,内容,时间\n1,路灯,健跳镇的路灯不亮了,2025-02-01\n2,路灯,健跳镇的路灯又不亮,2025-03-01\n")
	mustZhicang(t, "-c", config, "run", "--as-of", "2025-03-31") // run 1 built everything
	e := &env{config: config, out: os.Stderr, err: os.Stderr, now: time.Now}
	if err := e.use(t.Context(), e.openWithLedger, func(a *app) error {
		return a.ledger.SetFact(t.Context(), backfillNote, `{"from":"2025-02","to":"2025-02","run":1}`)
	}); err != nil {
		t.Fatal(err)
	}

	_, errs, code := zhicang(t, "-c", config, "backfill", "--from", "2025-03", "--to", "2025-03", "--yes")
	if code != exitFailed || !strings.Contains(errs, "another one is unfinished: --from 2025-02 --to 2025-02") || !strings.Contains(errs, "--restart") {
		t.Errorf("exit %d: %s", code, errs)
	}
	out := mustZhicang(t, "-c", config, "backfill", "--from", "2025-02", "--to", "2025-02", "--yes")
	if !strings.Contains(out, "the backfill that run 1 began goes on") || !strings.Contains(out, "nothing to build") {
		t.Error(out) // since run 1 everything was built already
	}
	out = mustZhicang(t, "-c", config, "backfill", "--from", "2025-02", "--to", "2025-02", "--yes")
	if strings.Contains(out, "goes on") || !strings.Contains(out, "dwd.congress_opinion") {
		t.Error(out) // it was finished: this one is new
	}
}
