package privacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func testAudit(t testing.TB) (*AuditLog, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	at := time.Date(2026, 3, 5, 8, 0, 0, 0, time.UTC)
	return OpenAudit(path, func() time.Time { return at }), path
}

func addEntries(t testing.TB, l *AuditLog, n int) {
	t.Helper()
	for i := range n {
		if _, err := l.Append(context.Background(), Entry{Who: "li", Action: "reveal", Object: fmt.Sprint("p", i), Reason: "核实<低保>", Rows: 1}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAuditChain(t *testing.T) {
	l, path := testAudit(t)
	ctx := context.Background()
	if head, err := l.Verify(ctx); err != nil || head != (AuditHead{}) {
		t.Errorf("an empty log: %v %v", head, err)
	}
	addEntries(t, l, 3)
	line, err := l.Append(ctx, Entry{Who: "wang", Action: "export", Object: "ads.assist_risk_list", Reason: "会议", Rows: 12})
	if err != nil {
		t.Fatal(err)
	}
	if line.Seq != 4 || line.At.Hour() != 8 || line.Prev == "" || len(line.Hash) != 64 {
		t.Errorf("line %+v", line)
	}
	head, err := l.Verify(ctx)
	if err != nil || head != (AuditHead{4, line.Hash}) {
		t.Errorf("verify: %v %v", head, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := VerifyAudit(bytes.NewReader(data)); err != nil || got != head {
		t.Errorf("verify as text: %v %v", got, err)
	}
	for _, e := range []Entry{{Action: "a", Reason: "r"}, {Who: "w", Reason: "r"}, {Who: "w", Action: "a"}} {
		if _, err := l.Append(ctx, e); err == nil {
			t.Errorf("an entry without who, action or reason was taken: %+v", e)
		}
	}
}

func TestAuditNoticesAnyChange(t *testing.T) {
	l, path := testAudit(t)
	addEntries(t, l, 5)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		data := bytes.Clone(whole)
		at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
		data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		_, err := VerifyAudit(bytes.NewReader(data))
		var broken *AuditBreak
		want := int64(bytes.Count(whole[:at], []byte("\n")) + 1)
		if !errors.As(err, &broken) || broken.Line != want {
			t.Fatalf("byte %d, line %d: %v", at, want, err)
		}
	})
}

func TestAuditNoticesMissingLines(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		change func(lines []string) []string
		line   int64
	}{
		"first":    {func(l []string) []string { return l[1:] }, 1},
		"middle":   {func(l []string) []string { return append(l[:2:2], l[3:]...) }, 3},
		"last":     {func(l []string) []string { return l[:4] }, 5},
		"all":      {func(l []string) []string { return nil }, 1},
		"swapped":  {func(l []string) []string { l[1], l[2] = l[2], l[1]; return l }, 2},
		"repeated": {func(l []string) []string { return append(l, l[4]) }, 6},
	} {
		t.Run(name, func(t *testing.T) {
			l, path := testAudit(t)
			addEntries(t, l, 5)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.SplitAfter(strings.TrimSuffix(string(data), "\n"), "\n")
			lines[4] += "\n"
			if err := os.WriteFile(path, []byte(strings.Join(c.change(lines), "")), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = l.Verify(ctx)
			var broken *AuditBreak
			if !errors.As(err, &broken) || broken.Line != c.line {
				t.Errorf("got %v, want a break in line %d", err, c.line)
			}
		})
	}
}

func TestAuditRefusesToGoOnBehindACut(t *testing.T) {
	l, path := testAudit(t)
	addEntries(t, l, 3)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	if err := os.WriteFile(path, data[:cut], 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = l.Append(context.Background(), Entry{Who: "li", Action: "reveal", Reason: "r"})
	var e *Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint(), "evidence") {
		t.Errorf("got %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Verify(context.Background()); err == nil {
		t.Error("a log that is gone was verified")
	}
}

func TestAuditGoesOnAfterACrash(t *testing.T) {
	l, path := testAudit(t)
	addEntries(t, l, 2)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"seq":3,"at":"2026`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Verify(context.Background()); err == nil || !strings.Contains(err.Error(), "line 3: the line is cut short") {
		t.Errorf("half a line: %v", err)
	}
	addEntries(t, l, 1)
	if head, err := l.Verify(context.Background()); err != nil || head.Seq != 3 {
		t.Errorf("after going on: %v %v", head, err)
	}

	// A crash between the log and its head leaves the head one line behind.
	head, err := os.ReadFile(path + ".head")
	if err != nil {
		t.Fatal(err)
	}
	addEntries(t, l, 1)
	if err := os.WriteFile(path+".head", head, 0o600); err != nil {
		t.Fatal(err)
	}
	addEntries(t, l, 1)
	if head, err := l.Verify(context.Background()); err != nil || head.Seq != 5 {
		t.Errorf("after the head fell behind: %v %v", head, err)
	}
}

func TestAuditManyWriters(t *testing.T) {
	_, path := testAudit(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			// A log of its own, as another process would have.
			l := OpenAudit(path, func() time.Time { return time.Unix(0, 0) })
			for range 10 {
				if _, err := l.Append(context.Background(), Entry{Who: "li", Action: "reveal", Reason: "r"}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if head, err := OpenAudit(path, nil).Verify(context.Background()); err != nil || head.Seq != 40 {
		t.Errorf("%v %v", head, err)
	}
}

func TestAuditWaitsNoLongerThanItsContext(t *testing.T) {
	l, path := testAudit(t)
	held, err := lockFile(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := l.Append(ctx, Entry{Who: "li", Action: "reveal", Reason: "r"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
