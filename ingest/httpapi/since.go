package httpapi

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"strconv"
	"time"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// since follows the largest value of a field, so that the next read asks for
// later ones only.
type since struct {
	cfg  ingest.SinceConfig
	now  time.Time
	from string // the value to ask with; empty: for everything
	max  string // the largest seen; at first the cursor
}

// clockSkew is how far ahead of our clock a record's time may be and still
// move the cursor. A record dated 2099 by a slip of the keyboard would
// otherwise hide all that follow until then.
const clockSkew = 24 * time.Hour

func newSince(cfg ingest.SinceConfig, cursor string, now time.Time) (*since, error) {
	if cfg.Field == "" {
		cursor = "" // of a time when the source was incremental
	}
	s := &since{cfg: cfg, now: now, from: cursor, max: cursor}
	if cfg.Lookback == 0 || cursor == "" {
		return s, nil
	}
	var ok bool
	if s.from, ok = lookBack(cursor, cfg.Lookback); !ok {
		return nil, &ingest.Error{
			Column: cfg.Field, Err: errors.New("since.lookback needs times, and the cursor is none"),
			Try: "leave since.lookback out, or take a field that holds the time of change",
		}
	}
	return s, nil
}

func (s *since) fields() []string {
	if s.cfg.Field == "" {
		return nil
	}
	return []string{s.cfg.Field}
}

// query is the base URL with the parameters that every request has.
func (s *since) query(base *url.URL, query map[string]string) *url.URL {
	u := with(base, query)
	if s.cfg.Param != "" && s.from != "" {
		u = with(u, map[string]string{s.cfg.Param: s.from})
	}
	return u
}

// see takes note of a record's value of the field.
func (s *since) see(values []json.RawMessage) {
	if len(values) == 0 {
		return
	}
	v := record.Text(values[0])
	if v == "" {
		return
	}
	if t, _, ok := parseTime(v); ok && t.After(s.now.Add(clockSkew)) {
		return
	}
	if s.max == "" || later(v, s.max) {
		s.max = v
	}
}

func (s *since) cursor() string { return s.max }

// later compares two values as times, else as numbers, else as text.
func later(a, b string) bool {
	if ta, _, ok := parseTime(a); ok {
		if tb, _, ok := parseTime(b); ok {
			return ta.After(tb)
		}
	}
	na, okA := new(big.Rat).SetString(a)
	nb, okB := new(big.Rat).SetString(b)
	if okA && okB {
		return na.Cmp(nb) > 0
	}
	return a > b
}

// layouts are the ways in which departments' systems write times. Those
// without a zone are Chinese standard time.
var layouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2006/01/02 15:04:05", "2006/1/2 15:04:05", "2006-01-02", "2006/01/02", "20060102150405",
}

func parseTime(s string) (t time.Time, layout string, ok bool) {
	china := time.FixedZone("", 8*3600)
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, china); err == nil {
			return t, layout, true
		}
	}
	return time.Time{}, "", false
}

// lookBack moves a time back, in the form in which it is written: one of the
// layouts, Unix seconds or Unix milliseconds.
func lookBack(value string, by time.Duration) (string, bool) {
	if t, layout, ok := parseTime(value); ok {
		return t.Add(-by).Format(layout), true
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		return "", false
	case len(value) == 10:
		return strconv.FormatInt(n-int64(by/time.Second), 10), true
	case len(value) == 13:
		return strconv.FormatInt(n-by.Milliseconds(), 10), true
	}
	return "", false
}
