package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"zhicang/secret"
)

// Config is one entry of `sources:`. Which of the type's own settings are
// allowed is checked by Validate; an unknown key never gets this far.
type Config struct {
	Name  string `yaml:"name"`
	Type  string `yaml:"type"`  // files, http, sqldb
	Table string `yaml:"table"` // the ods table that the records land in
	// System names the system that the records' ids come from, where several
	// sources deliver from one. Default: the source's own name.
	System    string            `yaml:"system"`
	Columns   map[string]string `yaml:"columns"`
	Constants map[string]string `yaml:"constants"`
	// MaxBadShare is the share of rows a unit may lose to quarantine before
	// the whole unit is refused, as a wrong mapping looks like. Default 0.5.
	MaxBadShare float64 `yaml:"max_bad_share"`
	// Freshness is what the source promises; people are told when it is late.
	Freshness Freshness `yaml:"freshness"`

	// Reconcile names what is added up on both sides of a load.
	Reconcile ReconcileConfig `yaml:"reconcile"`

	// Extra asks the source for the fields that nobody maps as well. The contract
	// of the table decides it, not the config.
	Extra bool `yaml:"-"`

	Files FilesConfig `yaml:",inline"`
	HTTP  HTTPConfig  `yaml:",inline"`
	SQL   SQLConfig   `yaml:",inline"`
}

// Fields lists the source's own names of the mapped columns, sorted, each once,
// and then ExtraField where the others are asked for too.
func (c Config) Fields() []string {
	fields := slices.Compact(slices.Sorted(maps.Values(c.Columns)))
	if c.Extra {
		fields = append(fields, ExtraField)
	}
	return fields
}

// reading digests everything that decides what a unit's records become.
func (c Config) reading() string {
	h := sha256.New()
	http := c.HTTP
	http.Auth, http.RateLimit, http.Timeout, http.Retries = AuthConfig{}, 0, 0, nil
	parts := []any{c.Table, c.SystemName(), c.Columns, c.Constants, c.Files, http}
	if c.Type == TypeSQL { // the others' digests are as they were before there were databases
		parts = append(parts, c.SQL.reading())
	}
	if c.Extra {
		parts = append(parts, ExtraField)
	}
	if err := json.NewEncoder(h).Encode(parts); err != nil {
		panic(err) // strings and numbers: cannot happen
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}

// SystemName is the system within which the records' ids are unique.
func (c Config) SystemName() string {
	if c.System != "" {
		return c.System
	}
	return c.Name
}

// Validate checks what all kinds of source have in common. The kinds check
// their own settings when they are opened.
func (c Config) Validate() error {
	fail := func(key, try, format string, args ...any) error {
		return &Error{Source: c.Name, Err: fmt.Errorf("%s: %s", key, fmt.Sprintf(format, args...)), Try: try}
	}
	switch {
	case c.Name == "":
		return fail("name", "name every source", "is required")
	case c.Table == "":
		return fail("table", "name the ods table that the records land in", "is required")
	case len(c.Columns) == 0:
		return fail("columns", "map the table's columns to the source's names", "is required")
	case c.MaxBadShare < 0 || c.MaxBadShare > 1:
		return fail("max_bad_share", "a share between 0 and 1", "%v is no share", c.MaxBadShare)
	}
	if problem := c.Freshness.Loaded.validate(); problem != "" {
		return fail("freshness.loaded", "write durations such as warn_after: 26h, error_after: 50h", "%s", problem)
	}
	if problem := c.Freshness.Data.validate(); problem != "" {
		return fail("freshness.data", "write durations such as warn_after: 72h, error_after: 240h", "%s", problem)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Columns)) {
		if c.Columns[name] == ExtraField {
			return fail("columns."+name, "say `extra: true` in the contract of "+c.Table+" instead", "%s is no field of a source", ExtraField)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Constants)) {
		if _, both := c.Columns[name]; both {
			return fail("constants."+name, "keep one", "the column is mapped already")
		}
	}
	return nil
}

// FilesConfig are the settings of a `files` source.
type FilesConfig struct {
	// Path is a file, a folder (every readable file below it) or a glob with
	// **; relative to the folder of the config file.
	Path string `yaml:"path"`
	// Format is csv, tsv, xlsx, json, jsonl or parquet; empty: by the file's
	// ending.
	Format string `yaml:"format"`
	// Sheet is a worksheet's name, or a glob over names; empty: the first
	// sheet that has the mapped columns.
	Sheet string `yaml:"sheet"`
	// HeaderRow is the 1-based row of the column names; 0: found by looking
	// for the mapped names in the first rows.
	HeaderRow int `yaml:"header_row"`
	// Encoding is utf-8 or gb18030; empty: byte order mark, else strict
	// UTF-8, else GB18030.
	Encoding string `yaml:"encoding"`
	// Records is the dotted path of the array in a JSON document; empty: the
	// document is the array.
	Records string `yaml:"records"`
}

// HTTPConfig are the settings of an `http` source: a JSON API read page by
// page.
type HTTPConfig struct {
	URL     string            `yaml:"url"`
	Query   map[string]string `yaml:"query"`
	Headers map[string]string `yaml:"headers"`
	Auth    AuthConfig        `yaml:"auth"`
	Paging  PagingConfig      `yaml:"paging"`
	// Items is the dotted path of the array of records in a response; empty:
	// the response is the array.
	Items string `yaml:"items"`
	// Since makes the source incremental: the largest value of Field seen is
	// sent back as the query parameter Param, less Lookback.
	Since     SinceConfig   `yaml:"since"`
	Timeout   time.Duration `yaml:"timeout"`    // for one request; default 30s
	Retries   *int          `yaml:"retries"`    // further attempts after a failure; default 5
	RateLimit float64       `yaml:"rate_limit"` // requests a second; 0: no limit
}

// AuthConfig says how requests prove who asks. Secrets come from ${ENV}
// references in the config or from files, and are masked in every output.
type AuthConfig struct {
	Type   string `yaml:"type"`   // "", header, bearer, hmac
	Header string `yaml:"header"` // header: name; hmac: name of the signature's header (X-Signature)
	Token  Secret `yaml:"token"`  // header, bearer
	// hmac: KeyID goes into the header KeyHeader; the signature is
	// hex(HMAC-SHA256(Secret, method \n path?query \n timestamp)), with the
	// Unix timestamp in the header TimeHeader.
	KeyID      string `yaml:"key_id"`
	Secret     Secret `yaml:"secret"`
	KeyHeader  string `yaml:"key_header"`  // default X-Key-Id
	TimeHeader string `yaml:"time_header"` // default X-Timestamp
}

// PagingConfig says how to get from one page to the next.
type PagingConfig struct {
	Type       string `yaml:"type"`        // "" (a single response), page, offset, cursor, link
	Param      string `yaml:"param"`       // query parameter: page, offset, cursor
	SizeParam  string `yaml:"size_param"`  // query parameter of the page's size; empty: not sent
	Size       int    `yaml:"size"`        // records asked for a page; default 200
	First      *int   `yaml:"first"`       // number of the first page; default 1
	CursorPath string `yaml:"cursor_path"` // dotted path of the next cursor in a response
	// TotalPath is the dotted path of the number of all records in a response,
	// where the API tells it: reading ends when that many have come, and fewer
	// are an error. Empty: reading ends at an empty page.
	TotalPath string `yaml:"total_path"`
	// Hosts are further hosts that a next link may lead to; the credentials go
	// there too. Empty: only the host of URL.
	Hosts    []string `yaml:"hosts"`
	MaxPages int      `yaml:"max_pages"` // a bound against endless APIs; default 100,000
}

// SinceConfig makes an API source incremental.
type SinceConfig struct {
	Field    string        `yaml:"field"`
	Param    string        `yaml:"param"`
	Lookback time.Duration `yaml:"lookback"`
}

// Secret is a value that no output shows. In the config it stands as ${NAME} or
// file:PATH; ReadSecrets puts the secret itself in its place.
type Secret = secret.Text

// ReadSecrets replaces what names a secret by the secret itself. It is called
// when the source is opened, so that commands that load nothing need none.
// Paths are relative to base.
func (c *Config) ReadSecrets(base string) error {
	for _, s := range []*Secret{&c.HTTP.Auth.Token, &c.HTTP.Auth.Secret, &c.SQL.DSN.Password} {
		if !secret.Named(s.Reveal()) {
			continue
		}
		value, err := s.Read(base)
		if err != nil {
			return &Error{Source: c.Name, Err: fmt.Errorf("secret: %w", err), Try: "export the variable before the command, or write the secret into that file, readable by its owner alone"}
		}
		*s = Secret(value)
	}
	return nil
}
