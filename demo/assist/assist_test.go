package assist_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"zhicang/demo/assist"
	"zhicang/models/ident"
)

func write(t *testing.T, opts assist.Options) (string, *assist.Truth) {
	t.Helper()
	dir := t.TempDir()
	truth, err := assist.Write(t.Context(), dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return dir, truth
}

// digests sums up every file of text; workbooks hold the time of their making.
func digests(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".xlsx") {
			return err
		}
		data, err := os.ReadFile(path)
		sum := sha256.Sum256(data)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = hex.EncodeToString(sum[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	small := assist.Options{Seed: 7, Households: 600}
	a, _ := write(t, small)
	b, _ := write(t, small)
	if diff := cmp.Diff(digests(t, a), digests(t, b)); diff != "" {
		t.Errorf("same seed, other bytes:\n%s", diff)
	}
	small.Seed = 8
	c, _ := write(t, small)
	if cmp.Equal(digests(t, a), digests(t, c)) {
		t.Error("another seed, same bytes")
	}
}

func TestCountyAsShipped(t *testing.T) {
	t.Parallel()
	dir, truth := write(t, assist.Options{Seed: 1})
	if truth.People != 20_000 || truth.Households != 7_000 {
		t.Errorf("%d people in %d households, want 20000 in 7000", truth.People, truth.Households)
	}
	// Ids are those of nobody, right but for the planted ones, and distinct.
	data, err := os.ReadFile(filepath.Join(dir, "drop", "人社局", "收入", "2025年01月.csv"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, id := range regexp.MustCompile(`\d{17}[\dX]`).FindAllString(string(data), -1) {
		card, err := ident.ParseIDCard(id, time.Date(2025, 12, 31, 0, 0, 0, 0, time.UTC))
		if err != nil || card.Region != "339921" {
			t.Fatalf("an id: %v, region %s", err, card.Region)
		}
		seen[id] = true
	}
	if len(seen) < 9_000 {
		t.Errorf("%d earners", len(seen))
	}
	rules := map[string]int{}
	for _, f := range truth.Flags {
		rules[f.Rule]++
	}
	if len(rules) < 13 || len(truth.Near) < 15 || len(truth.Unknown) < 100 || len(truth.Broken) < 50 {
		t.Errorf("planted: %d rules, %d near, %d unknown, %d broken rows", len(rules), len(truth.Near), len(truth.Unknown), len(truth.Broken))
	}
}

func TestTooSmall(t *testing.T) {
	t.Parallel()
	if _, err := assist.Write(t.Context(), t.TempDir(), assist.Options{Households: 10}); err == nil || !strings.Contains(err.Error(), "want at least 500") {
		t.Errorf("10 households: %v", err)
	}
}
