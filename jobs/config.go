// Package jobs says when things run: schedules with working days, what is done
// about runs that were missed, retries, and who is told when something changes.
// What a run is, it does not know: the command line hands it a function.
package jobs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"zhicang/models"
)

// Config is one entry of `schedules:`.
type Config struct {
	Name string `yaml:"name"`
	// Cron is five fields (minute hour day month weekday) in the site's zone,
	// or @daily, @hourly, @every 30m.
	Cron string `yaml:"cron"`
	// Sources are loaded; empty: all of them. Select names the tables that are
	// built; empty: all, and they are published.
	Sources []string `yaml:"sources"`
	Select  []string `yaml:"select"`
	// Days is all, workdays or holidays, by the official calendar with its
	// make-up workdays. Default: all.
	Days string `yaml:"days"`
	// CatchUp says what is done about runs that were missed while nothing was
	// there to run them: latest runs once, as of now; all runs every one, as of
	// its own day; none leaves them out. Default: latest.
	CatchUp string `yaml:"catch_up"`
	// Late is how far behind its time a run may start and not count as missed.
	// Default: 10m.
	Late time.Duration `yaml:"late"`
	// Timeout ends an attempt. Default: 6h.
	Timeout time.Duration `yaml:"timeout"`
	// Retries are further attempts after a failure. Default: 3.
	Retries *int `yaml:"retries"`
	// Backoff is the wait before the first retry; it doubles with each, up to
	// an hour. Default: 1m.
	Backoff time.Duration `yaml:"backoff"`
}

// Values of Days and CatchUp.
const (
	daysAll      = "all"
	daysWorkdays = "workdays"
	daysHolidays = "holidays"

	catchUpLatest = "latest"
	catchUpAll    = "all"
	catchUpNone   = "none"
)

const (
	defaultLate    = 10 * time.Minute
	defaultTimeout = 6 * time.Hour
	defaultRetries = 3
	defaultBackoff = time.Minute
	maxBackoff     = time.Hour
)

func (c Config) withDefaults() Config {
	c.Days = cmp.Or(c.Days, daysAll)
	c.CatchUp = cmp.Or(c.CatchUp, catchUpLatest)
	c.Late = cmp.Or(c.Late, defaultLate)
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.Backoff = cmp.Or(c.Backoff, defaultBackoff)
	if c.Retries == nil {
		n := defaultRetries
		c.Retries = &n
	}
	return c
}

// Problem is what is wrong with a setting, as a person would name it.
type Problem struct{ Key, Msg, Try string }

// Validate checks a schedule; nil is a good one.
func (c Config) Validate(sources []string) *Problem {
	c = c.withDefaults()
	oneOf := func(key, value string, accepted ...string) *Problem {
		if slices.Contains(accepted, value) {
			return nil
		}
		try := "write one of " + strings.Join(accepted, ", ")
		if near := models.Nearest(value, accepted); near != "" {
			try = fmt.Sprintf("did you mean %q?", near)
		}
		return &Problem{key, fmt.Sprintf("%q is none of %s", value, strings.Join(accepted, ", ")), try}
	}
	if c.Name == "" {
		return &Problem{"name", "is required", "name every schedule"}
	}
	if _, err := parse(c.Cron); err != nil {
		return &Problem{"cron", fmt.Sprintf("%q: %v", c.Cron, err), `write minute hour day month weekday, e.g. "30 2 * * *" for every night at half past two`}
	}
	if p := oneOf("days", c.Days, daysAll, daysWorkdays, daysHolidays); p != nil {
		return p
	}
	if p := oneOf("catch_up", c.CatchUp, catchUpLatest, catchUpAll, catchUpNone); p != nil {
		return p
	}
	for _, s := range c.Sources {
		if p := oneOf("sources", s, sources...); p != nil {
			return p
		}
	}
	for key, d := range map[string]time.Duration{"late": c.Late, "timeout": c.Timeout, "backoff": c.Backoff} {
		if d < time.Second {
			return &Problem{key, fmt.Sprintf("%s is too short", d), "write a duration such as 10m"}
		}
	}
	if *c.Retries < 0 {
		return &Problem{"retries", fmt.Sprintf("%d is no number of retries", *c.Retries), "0 for none"}
	}
	return nil
}

// parse reads a cron expression.
func parse(spec string) (cron.Schedule, error) {
	return cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor).Parse(spec)
}
