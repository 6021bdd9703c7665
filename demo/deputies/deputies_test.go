package deputies

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhicang/demo/yunxi"
)

// digest reads every file below a folder.
func digest(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		files[rel] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestWriteIsDeterministic(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, dir := range []string{a, b} {
		if _, err := Write(t.Context(), dir, Options{Seed: 7}); err != nil {
			t.Fatal(err)
		}
	}
	first, second := digest(t, a), digest(t, b)
	if len(first) < 13 {
		t.Fatalf("%d files were written", len(first))
	}
	for name, data := range first {
		if second[name] != data {
			t.Errorf("%s differs between two runs of one seed", name)
		}
	}
}

func TestIDsAreDistinctAndFictional(t *testing.T) {
	w := &world{r: rand.New(rand.NewPCG(1, 2))}
	seen := map[string]bool{}
	for n := range 100_000 {
		id := w.person(n).id
		if seen[id] || !strings.HasPrefix(id, yunxi.Code) || len(id) != 18 {
			t.Fatalf("id of person %d: seen before, or of a real county", n)
		}
		seen[id] = true
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Options{{Deputies: 10}, {LastYear: 1900}} {
		if _, err := Write(t.Context(), t.TempDir(), o); err == nil || !strings.Contains(err.Error(), "want") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
