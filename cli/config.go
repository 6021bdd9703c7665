package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"zhicang/ingest"
	"zhicang/jobs"
	"zhicang/jobs/lineage"
	"zhicang/jobs/notice"
	"zhicang/models"
)

// Config is zhicang.yaml. Paths in it are relative to its folder.
type Config struct {
	// DataDir holds the lake, the vault, the warehouse, the ledger and the
	// published files.
	DataDir string `yaml:"data_dir"`
	// KeysDir holds the two keys. Keep it, and its backup, apart from the data.
	KeysDir string `yaml:"keys_dir"`
	// Timezone is the zone in which days and months are counted.
	Timezone string `yaml:"timezone"`
	// Region is the code of the site's own region; empty when it serves several.
	Region string `yaml:"region"`
	// Site is a folder laid over the embedded models/, sql/ and region table.
	Site string `yaml:"site"`
	// Sources are what is loaded, in this order.
	Sources []ingest.Config `yaml:"sources"`
	// Schedules are the runs that are made by themselves; Notices are where
	// people are told of changes.
	Schedules []jobs.Config   `yaml:"schedules"`
	Notices   []notice.Config `yaml:"notices"`
	// Lineage is where runs tell which tables they made of which; unset: nowhere.
	Lineage lineage.Config `yaml:"lineage"`
	Words   WordsConfig    `yaml:"words"`
	// CategoryModel is a file that `zhicang train` made; empty: the lexicon
	// that comes with the program tells categories by their words.
	CategoryModel string        `yaml:"category_model"`
	Publish       PublishConfig `yaml:"publish"`
	Engine        EngineConfig  `yaml:"engine"`
	Serve         ServeConfig   `yaml:"serve"`

	dir string // of the config file
}

// WordsConfig says what the site adds to the dictionaries.
type WordsConfig struct {
	// Accepted is the file of words that an analyst accepted, one a line.
	Accepted string `yaml:"accepted"`
}

// PublishConfig says how publications are kept.
type PublishConfig struct {
	Keep int `yaml:"keep"` // how many stay on the shelf for a rollback
}

// EngineConfig bounds what the analytical engine may use.
type EngineConfig struct {
	MemoryLimit string `yaml:"memory_limit"`
	Threads     int    `yaml:"threads"`
}

// DefaultConfig is what holds where the file says nothing.
func DefaultConfig() Config {
	return Config{
		DataDir:  "./data",
		KeysDir:  "./keys",
		Timezone: "Asia/Shanghai",
		Publish:  PublishConfig{Keep: 5},
		Serve:    DefaultServeConfig(),
	}
}

// ReadConfig reads and validates a config file.
func ReadConfig(path string) (Config, error) {
	c := DefaultConfig()
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, &models.FileError{File: path, Msg: "no such file", Try: "name the config with --config, or make a demo with `zhicang demo --dir demo-data`"}
	}
	if err != nil {
		return c, err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return c, err
	}
	c.dir = filepath.Dir(abs)
	if err := models.DecodeYAML(filepath.Base(path), data, &c); err != nil {
		return c, err
	}
	if err, at := c.Validate(); err != nil {
		err.File, err.Line = filepath.Base(path), models.LineOf(data, at)
		return c, err
	}
	if c.Site != "" {
		if info, err := os.Stat(c.path(c.Site)); err != nil || !info.IsDir() {
			return c, &models.FileError{File: filepath.Base(path), Line: models.LineOf(data, "site"), Msg: "site: there is no folder " + c.Site, Try: "make it, or leave the key out"}
		}
	}
	return c, nil
}

var memoryRE = regexp.MustCompile(`^\d+(\.\d+)? ?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$`)

// Validate checks the whole config. The error names the field as a person
// would; at is its path in the file, such as sources[0].type.
func (c *Config) Validate() (err *models.FileError, at string) {
	fail := func(field, try, format string, args ...any) (*models.FileError, string) {
		return &models.FileError{Msg: field + ": " + fmt.Sprintf(format, args...), Try: try}, field
	}
	if c.DataDir == "" {
		return fail("data_dir", "name a folder", "is empty")
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		return fail("timezone", "write Asia/Shanghai", "%q is no time zone", c.Timezone)
	}
	if c.Engine.Threads < 0 {
		return fail("engine.threads", "0 for all processors", "%d is no number of threads", c.Engine.Threads)
	}
	if c.Engine.MemoryLimit != "" && !memoryRE.MatchString(c.Engine.MemoryLimit) {
		return fail("engine.memory_limit", "write it as 8GB or 800MB", "%q is no amount of memory", c.Engine.MemoryLimit)
	}
	if c.Publish.Keep < 1 {
		return fail("publish.keep", "keep at least 1", "%d publications leave nothing to read", c.Publish.Keep)
	}
	if field, try, msg, at := c.Serve.check(); msg != "" {
		err, _ := fail(field, try, "%s", msg)
		return err, at
	}
	seen := map[string]bool{}
	for i, s := range c.Sources {
		key, try, msg := checkSource(s, seen)
		seen[s.Name] = true
		if msg == "" {
			continue
		}
		named := fmt.Sprintf("sources[%d].%s", i, key)
		if s.Name != "" {
			named = fmt.Sprintf("sources[%s].%s", s.Name, key)
		}
		err, _ := fail(named, try, "%s", msg)
		return err, fmt.Sprintf("sources[%d].%s", i, key)
	}
	return c.validateJobs()
}

// validateJobs checks the schedules and the notices.
func (c *Config) validateJobs() (err *models.FileError, at string) {
	sources := make([]string, len(c.Sources))
	for i, s := range c.Sources {
		sources[i] = s.Name
	}
	fail := func(list string, i int, name, key, msg, try string) (*models.FileError, string) {
		return &models.FileError{Msg: fmt.Sprintf("%s[%s].%s: %s", list, cmp.Or(name, fmt.Sprint(i)), key, msg), Try: try}, fmt.Sprintf("%s[%d].%s", list, i, key)
	}
	seen := map[string]bool{}
	for i, s := range c.Schedules {
		if p := s.Validate(sources); p != nil {
			return fail("schedules", i, s.Name, p.Key, p.Msg, p.Try)
		}
		if seen[s.Name] {
			return fail("schedules", i, s.Name, "name", "is used twice", "give each schedule a name of its own")
		}
		seen[s.Name] = true
	}
	for i, n := range c.Notices {
		if key, msg, try := n.Validate(); msg != "" {
			return fail("notices", i, n.Name, key, msg, try)
		}
	}
	return nil, ""
}

// checkSource returns the key that is wrong, what to try and what is wrong;
// an empty msg is a good source.
func checkSource(s ingest.Config, seen map[string]bool) (key, try, msg string) {
	kinds := []string{"files", "http", ingest.TypeSQL}
	switch {
	case seen[s.Name]:
		return "name", "give each source a name of its own", "is used twice"
	case !slices.Contains(kinds, s.Type):
		try := "files, http or sqldb"
		if near := models.Nearest(s.Type, kinds); near != "" {
			try = fmt.Sprintf("did you mean %q?", near)
		}
		return "type", try, fmt.Sprintf("%q is no kind of source", s.Type)
	}
	var own *ingest.Error
	if err := s.Validate(); errors.As(err, &own) {
		key, msg, _ := strings.Cut(own.Err.Error(), ": ")
		return key, own.Try, msg
	}
	return "", "", ""
}

// path resolves a path of the config.
func (c *Config) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(c.dir, p)
}

func (c *Config) location() *time.Location {
	loc, err := time.LoadLocation(c.Timezone)
	if err != nil {
		return time.UTC // Validate has seen the zone; cannot happen
	}
	return loc
}
