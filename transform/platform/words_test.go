package platform

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/models"
)

// Every word of the ledger's that readers meet has one of theirs, and the
// contract lists it.
func TestWordsAreThoseOfTheContracts(t *testing.T) {
	cat, err := models.Load(models.FS())
	if err != nil {
		t.Fatal(err)
	}
	for column, words := range map[string]map[string]string{"ads.platform_run.kind": runKinds, "ads.platform_quarantine.rule": rules} {
		i := strings.LastIndexByte(column, '.')
		c, ok := cat.Contract(column[:i])
		if !ok {
			t.Fatalf("no contract of %s", column)
		}
		col, _ := c.Column(column[i+1:])
		if diff := cmp.Diff(slices.Sorted(maps.Values(words)), slices.Sorted(slices.Values(col.Accepted))); diff != "" {
			t.Errorf("%s (-words +contract):\n%s", column, diff)
		}
	}
}

// What the code writes into the ledger is what is put into words here.
func TestEveryWordIsKnown(t *testing.T) {
	for _, look := range []struct {
		files string
		re    *regexp.Regexp
		words map[string]string
	}{
		{"../../ingest/*.go", regexp.MustCompile(`rule: "(\w+)"|fault\{[\w.]+, "(\w+)"`), rules},
		{"../../cli/*.go", regexp.MustCompile(`(?:BeginRun|beginUpkeep)\(ctx, "(\w+)"`), runKinds},
	} {
		files, err := filepath.Glob(look.files)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", look.files, err)
		}
		found := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, m := range look.re.FindAllStringSubmatch(string(text), -1) {
				found++
				if w := m[1] + strings.Join(m[2:], ""); look.words[w] == "" {
					t.Errorf("%s: readers have no word for %q", filepath.Base(file), w)
				}
			}
		}
		if found < 2 {
			t.Errorf("%s: %d words found", look.files, found)
		}
	}
}
