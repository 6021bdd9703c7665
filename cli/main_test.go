package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram makes the test binary behave as zhicang itself, for tests that
// need a process of their own.
const asProgram = "ZHICANG_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run(context.Background(), os.Args[1:], &env{in: os.Stdin, out: os.Stdout, err: os.Stderr, now: jumpingClock()}))
	}
	testscript.Main(m, map[string]func(){
		"zhicang": func() {
			os.Exit(Run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// TestScripts runs the commands as a person would, and holds what they print
// against what they should, above all when something is wrong.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true})
}

// zhicang runs one command in this process and returns what it printed.
func zhicang(t testing.TB, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(context.Background(), args, strings.NewReader(""), &out, &errs)
	return out.String(), errs.String(), code
}

// mustZhicang fails the test when the command does.
func mustZhicang(t testing.TB, args ...string) string {
	t.Helper()
	out, errs, code := zhicang(t, args...)
	if code != 0 {
		t.Fatalf("zhicang %s: exit %d\n%s%s", strings.Join(args, " "), code, out, errs)
	}
	return out
}

// csvRows asks the published file and returns the rows without the header.
func csvRows(t testing.TB, config, query string) [][]string {
	t.Helper()
	return parseCSV(t, mustZhicang(t, "-c", config, "query", "--format", "csv", query))
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var testDay = time.Date(2026, 1, 15, 7, 0, 0, 0, time.UTC)
