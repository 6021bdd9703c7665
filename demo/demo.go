// Package demo makes a fictional county: 云溪县 under 丽州市, of which nothing
// exists, and a year of its citizens' messages as departments would deliver
// them, with office files' troubles and broken rows among them. What was
// planted is written beside it as truth, so that tests and people can see
// whether the warehouse finds it.
//
// Same options, same bytes. All people are invented: their id numbers carry
// the region part 339921, which no county has, and right check characters;
// their phones the prefix 199000; their bank cards the prefix 629999.
package demo

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"text/template"

	"zhicang/demo/assist"
	"zhicang/demo/deputies"
	"zhicang/demo/industry"
	"zhicang/demo/yunxi"
)

// The defaults of Options, and the size of the flood.
const (
	DefaultMessages = 12_000
	DefaultYear     = 2025
	FloodMessages   = 50
	DefaultAPI      = "http://127.0.0.1:18339"
	DefaultHTTP     = "127.0.0.1:8080"
	DefaultPostgres = "127.0.0.1:5434"
	minMessages     = 6_000
)

// Options say what is made. The zero value is the demo as shipped.
type Options struct {
	Seed     uint64
	Messages int    // 6,000 to 1,000,000; 0: DefaultMessages
	Year     int    // 0: DefaultYear
	APIURL   string // base of the API in the config; empty: DefaultAPI
	HTTP     string // where the config serves the pages; empty: DefaultHTTP
	Postgres string // where it serves PostgreSQL clients; empty: DefaultPostgres
	// What other departments deliver as well: the deputies' office, those of
	// the children's wear trade, and of the people and households of 民政.
	Deputies, Industry, Assist bool
	// Households of the latter, 500 or more; 0: as package assist ships it.
	Households int
}

func (o Options) withDefaults() (Options, error) {
	if o.Messages == 0 {
		o.Messages = DefaultMessages
	}
	if o.Year == 0 {
		o.Year = DefaultYear
	}
	o.APIURL = cmp.Or(o.APIURL, DefaultAPI)
	o.HTTP = cmp.Or(o.HTTP, DefaultHTTP)
	o.Postgres = cmp.Or(o.Postgres, DefaultPostgres)
	if o.Messages < minMessages || o.Messages > 1_000_000 {
		return o, fmt.Errorf("demo: %d messages, want %d to 1000000: with fewer, the planted issues would be all there is", o.Messages, minMessages)
	}
	if o.Year < 1970 || o.Year > 2098 {
		return o, fmt.Errorf("demo: year %d, want 1970 to 2098", o.Year)
	}
	return o, nil
}

// A County is what Write made, or Open found.
type County struct {
	dir     string
	year    int
	book    *book
	items   []apiItem
	pending []message // of items, until closeAPI
	truth   Truth
	relief  *assist.Truth
	told    *witness
}

// Truth is what was planted.
func (c *County) Truth() *Truth { return &c.truth }

// Relief is what was planted among the people and households of 民政; nil for a
// county that Open found.
func (c *County) Relief() *assist.Truth { return c.relief }

//go:embed zhicang.yaml.tmpl
var configTemplate string

// Write makes the county under dir:
//
//	zhicang.yaml                 the config
//	site/region.csv              the county's regions, laid over the embedded ones
//	drop/网络问政/*.xlsx           the portal, a file a month
//	drop/12345热线/*.csv          the hotline, GB18030, a file a month
//	api/opinions.jsonl           what API serves
//	api/token                    the token it wants
//	accounts/                    the passwords of the accounts in the config
//	labelled.csv                 examples for train: 一级分类,text
//	truth.json                   what was planted (type Truth)
//	truth_messages.csv           what each good message is about
//	drop/代表名册 …               what package deputies makes, if asked for, and truth_deputies.json
//	drop/公安局 … 核对中心          what package assist makes, if asked for, and truth_assist.json
func Write(ctx context.Context, dir string, opts Options) (*County, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	b, err := loadBook()
	if err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	c := &County{dir: dir, year: opts.Year, book: b, told: newWitness()}
	c.truth.Seed, c.truth.Year, c.truth.Messages = opts.Seed, opts.Year, opts.Messages
	if err := c.write(ctx, opts); err != nil {
		return nil, fmt.Errorf("write demo county: %w", err)
	}
	c.told = nil
	return c, nil
}

func (c *County) write(ctx context.Context, opts Options) error {
	if err := os.MkdirAll(c.dir, 0o755); err != nil {
		return err
	}
	y := generate(c.book, opts)
	var earlier [2][]message
	for i, size := range y.budget() {
		if err := ctx.Err(); err != nil {
			return err
		}
		month := i + 1
		var by [3][]message
		for _, m := range y.month(month, size) {
			by[m.from.channel] = append(by[m.from.channel], m)
			c.noteMessage(&m, month)
		}
		if err := c.writePortal(c.dir, month, by[web], earlier[web]); err != nil {
			return err
		}
		if err := c.writeHotline(c.dir, month, by[hotline], earlier[hotline]); err != nil {
			return err
		}
		if err := c.addOpinions(by[station]); err != nil {
			return err
		}
		earlier = [2][]message{web: twoGood(by[web]), hotline: twoGood(by[hotline])}
	}
	if err := c.closeAPI(c.dir); err != nil {
		return err
	}
	more := ""
	if opts.Deputies {
		if _, err := deputies.Write(ctx, c.dir, deputies.Options{Seed: opts.Seed, LastYear: opts.Year}); err != nil {
			return err
		}
		more += deputies.Sources()
	}
	if opts.Industry {
		if _, err := industry.Write(ctx, c.dir, industry.Options{Seed: opts.Seed, LastYear: opts.Year}); err != nil {
			return err
		}
		more += industry.Sources()
	}
	if opts.Assist {
		var err error
		if c.relief, err = assist.Write(ctx, c.dir, assist.Options{Seed: opts.Seed, Year: opts.Year, Households: opts.Households}); err != nil {
			return err
		}
		more += assist.Sources()
	}
	return errors.Join(
		c.writeConfig(opts, more),
		c.writeAccounts(),
		c.writeRegions(),
		c.writeLabelled(opts.Seed),
		c.writeTruth(),
	)
}

// twoGood picks the messages that the next month's file delivers once more.
func twoGood(messages []message) []message {
	var out []message
	for _, m := range messages {
		if m.broken == none && m.ordinary() && len(out) < 2 {
			out = append(out, m)
		}
	}
	return out
}

// Open finds a county that Write made, to serve its API again.
func Open(dir string) (*County, error) {
	c := &County{dir: dir}
	if err := readTruth(filepath.Join(dir, truthFile), &c.truth); err != nil {
		return nil, fmt.Errorf("open demo county: %w", err)
	}
	items, err := readItems(filepath.Join(dir, filepath.FromSlash(apiFile)))
	if err != nil {
		return nil, fmt.Errorf("open demo county: %w", err)
	}
	c.year, c.items = c.truth.Year, items
	return c, nil
}

// writeConfig writes the config; more are further entries of its sources.
func (c *County) writeConfig(opts Options, more string) error {
	t, err := template.New("zhicang.yaml").Option("missingkey=error").Parse(configTemplate)
	if err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(c.dir, "zhicang.yaml"))
	if err != nil {
		return err
	}
	err = t.Execute(f, map[string]string{
		"Region": yunxi.Code, "County": yunxi.Name, "API": opts.APIURL + APIPath, "Token": tokenFile,
		"PortalSheet": webSheet, "Portal": webFolder, "Hotline": hotlineFolder,
		"HTTP": opts.HTTP, "Postgres": opts.Postgres, "Accounts": accountsFolder, "Town": townCode,
	})
	if err == nil {
		_, err = f.WriteString(more)
	}
	return errors.Join(err, f.Close())
}

// The accounts that may read the county, and their passwords, which are no
// secret: the config opens its doors to this machine alone.
const (
	accountsFolder = "accounts"
	townCode       = yunxi.Code + "002" // 望溪街道
	Account        = "demo"
	Password       = "demo-of-yunxi"
)

func (c *County) writeAccounts() error {
	dir := filepath.Join(c.dir, accountsFolder)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(dir, Account), []byte(Password+"\n"), 0o600),
		os.WriteFile(filepath.Join(dir, "wangxi"), []byte("wangxi-of-yunxi\n"), 0o600),
	)
}
