package pgwire

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	wire "github.com/jeroenrinzema/psql-wire"

	"zhicang/serve/pgsql"
)

// serverVersion is the PostgreSQL that clients are told they speak with: what
// they may ask of its catalogue and protocol follows from it.
const (
	serverVersion    = "15.0"
	serverVersionNum = "150000"
)

// settingBytes bounds what a session may keep under one name.
const settingBytes = 256

// A setting is a name that clients set or ask for.
type setting struct {
	name   string // as PostgreSQL spells it
	value  string // what it is when nobody has set it
	report bool   // drivers are told of changes
	fixed  bool   // it can be asked for and not set
	// check returns the value to keep, false for one that isn't possible. nil
	// takes anything that is not too long.
	check func(string) (string, bool)
	hint  string // what to set instead
}

// known settings, by name in lower case.
func knownSettings() map[string]setting {
	list := []setting{
		{name: "application_name", report: true},
		{name: "client_encoding", value: "UTF8", report: true, check: utf8Only},
		{name: "client_min_messages", value: "notice"},
		{name: "bytea_output", value: "hex"},
		{name: "datestyle", value: "ISO, MDY", report: true, check: isoOnly},
		{name: "default_table_access_method", value: "heap", fixed: true},
		{name: "default_tablespace", fixed: true},
		{name: "default_transaction_isolation", value: "read committed"},
		{name: "default_transaction_read_only", value: "on"},
		{name: "extra_float_digits", value: "1", check: integer},
		{name: "geqo", value: "on"},
		{name: "idle_in_transaction_session_timeout", value: "0", check: duration},
		{name: "intervalstyle", value: "postgres", report: true, check: exactly("postgres")},
		{name: "jit", value: "off"},
		{name: "lock_timeout", value: "0", check: duration},
		{name: "row_security", value: "on"},
		{name: "search_path", value: `"$user", public`},
		{name: "standard_conforming_strings", value: "on", report: true, check: exactly("on")},
		{name: "statement_timeout", check: duration},
		{name: "timezone", value: pgsql.Shanghai, report: true, check: zone, hint: "Asia/Shanghai, in which everything is computed, or UTC"},

		{name: "in_hot_standby", value: "off", report: true, fixed: true},
		{name: "integer_datetimes", value: "on", report: true, fixed: true},
		{name: "is_superuser", value: "off", report: true, fixed: true},
		{name: "lc_collate", value: "C.UTF-8", fixed: true},
		{name: "lc_ctype", value: "C.UTF-8", fixed: true},
		{name: "max_identifier_length", value: "63", fixed: true},
		{name: "max_index_keys", value: "32", fixed: true},
		{name: "server_encoding", value: "UTF8", report: true, fixed: true},
		{name: "server_version", value: serverVersion, report: true, fixed: true},
		{name: "server_version_num", value: serverVersionNum, fixed: true},
		{name: "session_authorization", report: true, fixed: true},
		{name: "transaction_isolation", value: "read committed"},
		{name: "transaction_read_only", value: "on", fixed: true},
	}
	m := make(map[string]setting, len(list))
	for _, s := range list {
		m[s.name] = s
	}
	return m
}

// spelled are the names that PostgreSQL reports with capitals.
func spelled(name string) string {
	switch name {
	case "datestyle":
		return "DateStyle"
	case "intervalstyle":
		return "IntervalStyle"
	case "timezone":
		return "TimeZone"
	}
	return name
}

// reported returns the settings that drivers are told of at start-up.
func reported() []string {
	var names []string
	for name, s := range knownSettings() {
		if s.report {
			names = append(names, spelled(name))
		}
	}
	slices.Sort(names)
	return names
}

func exactly(want string) func(string) (string, bool) {
	return func(v string) (string, bool) { return want, strings.EqualFold(v, want) || want == "on" && isTrue(v) }
}

func isTrue(v string) bool {
	switch strings.ToLower(v) {
	case "on", "true", "yes", "1", "t":
		return true
	}
	return false
}

func utf8Only(v string) (string, bool) {
	switch strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(v)) {
	case "utf8", "unicode":
		return "UTF8", true
	}
	return "", false
}

func isoOnly(v string) (string, bool) {
	for part := range strings.SplitSeq(strings.ToUpper(v), ",") {
		switch strings.TrimSpace(part) {
		case "ISO", "MDY", "DMY", "YMD":
		default:
			return "", false
		}
	}
	return "ISO, MDY", true
}

func integer(v string) (string, bool) {
	n, err := strconv.Atoi(v)
	return strconv.Itoa(n), err == nil && n >= -15 && n <= 3
}

// zone takes the time zone that the engine computes in, by all its names, and
// UTC. In another one the days would be others than those that are answered.
func zone(v string) (string, bool) {
	switch strings.ToLower(v) {
	case "default", "asia/shanghai", "prc", "asia/chongqing", "asia/chungking", "asia/harbin":
		return pgsql.Shanghai, true
	case "utc", "etc/utc", "gmt", "etc/gmt", "etc/uct", "uct", "zulu", "etc/zulu", "universal", "etc/universal", "etc/greenwich", "greenwich", "gmt0", "etc/gmt0":
		return "UTC", true
	}
	return "", false
}

// duration reads what PostgreSQL takes for a time-out: milliseconds, or a
// number with a unit.
func duration(v string) (string, bool) {
	_, ok := parseDuration(v)
	return v, ok
}

func parseDuration(v string) (time.Duration, bool) {
	v = strings.TrimSpace(v)
	digits := strings.TrimRight(v, " usmindh")
	unit := map[string]time.Duration{
		"": time.Millisecond, "us": time.Microsecond, "ms": time.Millisecond, "s": time.Second,
		"min": time.Minute, "h": time.Hour, "d": 24 * time.Hour,
	}[strings.TrimSpace(v[len(digits):])]
	n, err := strconv.ParseInt(digits, 10, 32)
	if err != nil || n < 0 || unit == 0 {
		return 0, false
	}
	return time.Duration(n) * unit, true
}

// settings are what a session has set, by name in lower case.
type settings struct {
	set    map[string]string
	atOpen map[string]string // what start-up set, to which RESET goes back
}

func newSettings() settings { return settings{set: map[string]string{}, atOpen: map[string]string{}} }

// startup takes what the start-up packet sets, by name or in options. Names
// that are none of PostgreSQL's are left to the driver that sent them.
func (s *settings) startup(params wire.Parameters) *Error {
	given := map[string]string{}
	for name, value := range params {
		given[strings.ToLower(string(name))] = value
	}
	words := strings.Fields(given["options"])
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "-c" && i+1 < len(words):
			i++
			word = words[i]
		case strings.HasPrefix(word, "--"), strings.HasPrefix(word, "-c"):
			word = word[2:]
		default:
			return failf(stateBadValue, "options: %q is not understood", word)
		}
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return failf(stateBadValue, "options: %q is not understood", word)
		}
		given[strings.ToLower(strings.ReplaceAll(name, "-", "_"))] = value
	}
	known := knownSettings()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		k, ok := known[name]
		if !ok || k.fixed {
			continue
		}
		if e := s.put(name, given[name]); e != nil {
			return e
		}
	}
	s.atOpen = maps.Clone(s.set)
	return nil
}

// put sets a value that the setting allows.
func (s *settings) put(name, value string) *Error {
	k, ok := knownSettings()[strings.ToLower(name)]
	switch {
	case !ok:
		return failf(stateNoSetting, "unrecognized configuration parameter %q", name)
	case k.fixed:
		return failf("55P02", "parameter %q cannot be changed", name)
	case len(value) > settingBytes:
		return failf(stateTooMuch, "value for parameter %q is too long", name)
	}
	if k.check != nil {
		v, ok := k.check(value)
		if !ok {
			return &Error{State: stateBadValue, Message: fmt.Sprintf("invalid value for parameter %q: %q", spelled(k.name), value), Hint: k.hint}
		}
		value = v
	}
	s.set[k.name] = value
	return nil
}

// reset goes back to what start-up set; "" resets everything.
func (s *settings) reset(name string) {
	name = strings.ToLower(name)
	if name == "" {
		s.set = maps.Clone(s.atOpen)
		return
	}
	if v, ok := s.atOpen[name]; ok {
		s.set[name] = v
		return
	}
	delete(s.set, name)
}

// show returns the value that holds for a setting.
func (sn *session) show(name string) (string, bool) {
	name = strings.ToLower(name)
	k, ok := knownSettings()[name]
	if !ok {
		return "", false
	}
	switch name {
	case "session_authorization":
		return sn.account.Name, true
	case "statement_timeout":
		return strconv.FormatInt(sn.timeout().Milliseconds(), 10) + "ms", true
	}
	if v, ok := sn.settings.set[name]; ok {
		return v, true
	}
	return k.value, true
}

// timeout is how long a statement of the session may run: what it asked for,
// at most what the server allows.
func (sn *session) timeout() time.Duration {
	limit := sn.conn.server.limits.Statement
	if d, ok := parseDuration(sn.settings.set["statement_timeout"]); ok && d > 0 && d < limit {
		return d
	}
	return limit
}

// location is the time zone in which the session reads moments.
func (sn *session) location() *time.Location {
	name, _ := sn.show("timezone")
	if sn.zone != nil && sn.zone.String() == name {
		return sn.zone
	}
	l, err := time.LoadLocation(name)
	if err != nil {
		// A machine without a table of zones; China has had no other time since 1991.
		l = time.FixedZone(name, 8*3600)
	}
	sn.zone = l
	return l
}
