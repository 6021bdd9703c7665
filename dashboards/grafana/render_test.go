package grafana

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"zhicang/dashboards"
	"zhicang/models"
)

var update = flag.Bool("update", false, "write what is rendered into the golden files")

func catalog(t *testing.T) *models.Catalog {
	t.Helper()
	cat, err := models.Load(models.FS())
	if err != nil {
		t.Fatal(err)
	}
	return cat
}

// boards are those that come with the program.
func boards(t *testing.T) []*dashboards.Board {
	t.Helper()
	list, err := dashboards.Load(dashboards.FS(), catalog(t))
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// every is a board with every kind of panel and variable.
func every(t *testing.T) *dashboards.Board {
	t.Helper()
	data, err := os.ReadFile("testdata/every.yaml")
	if err != nil {
		t.Fatal(err)
	}
	list, err := dashboards.Load(fstest.MapFS{"congress/every.yaml": {Data: data}}, catalog(t))
	if err != nil {
		t.Fatal(err)
	}
	return list[0]
}

func TestRender(t *testing.T) {
	got, err := Render(every(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "every.json", got)
}

// TestRenderEmbedded holds every board that comes with the program against what
// Grafana needs of it.
func TestRenderEmbedded(t *testing.T) {
	for _, b := range boards(t) {
		t.Run(b.UID, func(t *testing.T) {
			data, err := Render(b, Options{Datasource: "other"})
			if err != nil {
				t.Fatal(err)
			}
			again, err := Render(b, Options{Datasource: "other"})
			if err != nil || !bytes.Equal(data, again) {
				t.Errorf("rendering twice differs: %v", err)
			}
			var got struct {
				UID    string
				Panels []struct {
					ID          int
					Title       string
					Type        string
					Datasource  struct{ UID string }
					GridPos     struct{ X, Y, W, H int }
					Targets     []struct{ RawSQL, Format string }
					FieldConfig struct{ Overrides []struct{ Properties []any } }
				}
			}
			if err := json.Unmarshal(data, &got); err != nil {
				t.Fatal(err)
			}
			if got.UID != b.UID || len(got.Panels) != len(b.Panels) {
				t.Fatalf("drew %d panels of board %q, want %d of %q", len(got.Panels), got.UID, len(b.Panels), b.UID)
			}
			for i, p := range got.Panels {
				if p.ID != i+1 || p.Title != b.Panels[i].Title || p.Datasource.UID != "other" || p.GridPos.W != b.Panels[i].Grid.W || p.GridPos.Y != b.Panels[i].Grid.Y {
					t.Errorf("panel %d: %+v", i, p)
				}
				for _, o := range p.FieldConfig.Overrides {
					if len(o.Properties) == 0 {
						t.Errorf("panel %s: an override without properties, which Grafana can't load", p.Title)
					}
				}
				queries := 1
				if p.Type == "xychart" { // shows the word Err where there is no series
					queries = 2
				}
				if len(p.Targets) != queries {
					t.Errorf("panel %s asks %d queries, want %d", p.Title, len(p.Targets), queries)
				}
				for _, target := range p.Targets {
					if strings.Contains(strings.ReplaceAll(target.RawSQL, ":sqlstring}", ""), "}") {
						t.Errorf("panel %s: a variable without :sqlstring in %+v", p.Title, target)
					}
				}
			}
		})
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got), rewrite with -update:\n%s", name, diff)
	}
}
