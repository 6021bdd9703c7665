package industry

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/models/ident"
)

// digests reads every file that Write made.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(os.DirFS(dir), name)
		sums[name] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

func TestSameOptionsSameBytes(t *testing.T) {
	made := func(seed uint64) map[string]string {
		dir := t.TempDir()
		if _, err := Write(t.Context(), dir, Options{Seed: seed, Enterprises: minEnterprises}); err != nil {
			t.Fatal(err)
		}
		return digests(t, dir)
	}
	one, again, other := made(3), made(3), made(4)
	if diff := cmp.Diff(one, again); diff != "" {
		t.Error(diff)
	}
	if len(one) < 100 || cmp.Equal(one, other) {
		t.Errorf("%d files, and another seed makes the same", len(one))
	}
}

func TestCreditCodes(t *testing.T) {
	seen := map[string]bool{}
	for n := range 20_000 {
		code := creditCode(n)
		if err := ident.CheckCreditCode(code); err != nil || seen[code] || !strings.HasPrefix(code, "91339921MA") {
			t.Fatalf("number %d: %s, %v", n, code, err)
		}
		seen[code] = true
		if err := ident.CheckCreditCode(wrongCode(n)); err != ident.ErrCreditCheck {
			t.Fatalf("wrong code %d: %v", n, err)
		}
	}
}

// The truth tells of each enterprise one event at most, each within the months
// and none where the past is too short to tell.
func TestTruth(t *testing.T) {
	dir := t.TempDir()
	made, err := Write(t.Context(), dir, Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, TruthFile))
	if err != nil {
		t.Fatal(err)
	}
	var read Truth
	if err := json.Unmarshal(data, &read); err != nil {
		t.Fatal(err)
	}
	if read.Enterprises != DefaultEnterprises || len(read.Events) != len(made.Events) || read.First != "2023-01" || read.Last != "2025-12" {
		t.Errorf("%d enterprises, %d events, %s to %s", read.Enterprises, len(read.Events), read.First, read.Last)
	}
	kinds, codes := map[string]int{}, map[string]bool{}
	for _, e := range read.Events {
		kinds[e.Kind]++
		if codes[e.CreditCode] {
			t.Errorf("%s has two events", e.CreditCode)
		}
		codes[e.CreditCode] = true
		if e.From < "2024-03" || e.To > read.Last || e.From > e.To {
			if e.Kind != Unlisted {
				t.Errorf("%+v", e)
			}
		}
	}
	want := map[string]int{Fall: 40, Rise: 25, Divergence: 25, Missing: 40, WrongUnit: 50, Unlisted: 5}
	if diff := cmp.Diff(want, kinds); diff != "" {
		t.Error(diff)
	}
	for _, code := range append(read.Closed, read.New...) {
		if codes[code] {
			t.Errorf("%s closed or is new, and has an event", code)
		}
	}
	if len(read.Closed) != 60 || len(read.New) != 120 || len(read.Broken) == 0 || read.Totals != 36 {
		t.Errorf("%d closed, %d new, %d broken rows, %d totals", len(read.Closed), len(read.New), len(read.Broken), read.Totals)
	}
}
