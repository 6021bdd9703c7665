package secret

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zhicang/models"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "token"), []byte("open sesame\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("ZHICANG_TEST_SECRET", "open sesame")
	for _, named := range []Text{"${ZHICANG_TEST_SECRET}", "file:token", Text("file:" + filepath.Join(dir, "token"))} {
		if got, err := named.Read(dir); got != "open sesame" || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	}
	for named, want := range map[Text]string{"${ZHICANG_NO_SUCH}": "no variable ZHICANG_NO_SUCH", "file:gone": "no such file"} {
		if _, err := named.Read(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if got, err := Text("").Read(dir); got != "" || err != nil {
		t.Errorf("no secret: %q, %v", got, err)
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	s := Text("file:where-it-is")
	data, err := json.Marshal(struct{ S Text }{s})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{fmt.Sprintf("%v %s %#v", s, s, s), string(data)} {
		if strings.Contains(shown, "where") || !strings.Contains(shown, masked) {
			t.Error(shown)
		}
	}
	var c struct {
		S Text `yaml:"s"`
	}
	err = models.DecodeYAML("c.yaml", []byte("s: hunter2\n"), &c)
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.HasPrefix(err.Error(), "c.yaml:1: a secret does not stand in the config itself") {
		t.Errorf("a secret in the clear: %v", err)
	}
}
