package warehouse_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"zhicang/warehouse"
	"zhicang/warehouse/dialect"
)

// TestWhatATextReadsIsRemembered: an engine that is opened anew says of a text what
// the parser said, and a text that differs by a letter is another.
func TestWhatATextReadsIsRemembered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "warehouse.duckdb")
	texts := []string{
		"WITH a AS (SELECT x FROM ods.one) SELECT a.x FROM a JOIN dim.\"two\" AS b ON b.x = a.x",
		"WITH a AS (SELECT x FROM ods.one) SELECT a.y FROM a JOIN dim.\"two\" AS b ON b.x = a.x",
		"SELECT 1 AS one",
	}
	rename := func(ref dialect.TableRef) string { return "cut_" + ref.Name }
	read := func() (list []string) {
		e, err := warehouse.Open(t.Context(), warehouse.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		defer e.Close()
		for _, text := range texts {
			r, err := e.Reads(t.Context(), text)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, r.Rewrite(rename))
		}
		if got := (engine{e}).QueryText(t, "SELECT count(*) FROM meta.text_reads"); got != "3" {
			t.Errorf("%s texts are remembered, not 3", got)
		}
		if _, err := e.Reads(t.Context(), "SELECT FROM WHERE"); err == nil {
			t.Error("a text that is no SELECT was read")
		}
		return list
	}
	want := []string{
		"WITH a AS (SELECT x FROM cut_one) SELECT a.x FROM a JOIN cut_two AS b ON b.x = a.x",
		"WITH a AS (SELECT x FROM cut_one) SELECT a.y FROM a JOIN cut_two AS b ON b.x = a.x",
		"SELECT 1 AS one",
	}
	for _, when := range []string{"parsed", "remembered"} {
		if diff := cmp.Diff(want, read()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
}
