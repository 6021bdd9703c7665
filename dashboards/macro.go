package dashboards

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Span is the time range of Grafana's time picker.
type Span struct{ From, To time.Time }

// Macros that a board may use.
var macros = []string{
	"__time", "__timeEpoch", "__timeFilter", "__timeFrom", "__timeTo", "__timeGroup", "__timeGroupAlias",
	"__unixEpochFilter", "__unixEpochNanoFilter", "__unixEpochNanoFrom", "__unixEpochNanoTo", "__unixEpochGroup", "__unixEpochGroupAlias",
}

// macroArgs is how many arguments a macro takes, at least.
func macroArgs(name string) int {
	switch name {
	case "__timeFrom", "__timeTo", "__unixEpochNanoFrom", "__unixEpochNanoTo":
		return 0
	case "__timeGroup", "__timeGroupAlias", "__unixEpochGroup", "__unixEpochGroupAlias":
		return 2
	}
	return 1
}

// expandMacro writes what Grafana 12 sends to PostgreSQL for a macro
// (pkg/tsdb/grafana-postgresql-datasource/macros.go of grafana/grafana).
// followedBy is the character right after it: before a comma, $__timeGroup
// names its column, as it did before Grafana 5.3.
func expandMacro(name, arguments string, followedBy byte, span Span) (string, error) {
	args := strings.Split(arguments, ",")
	for i := range args {
		args[i] = strings.Trim(args[i], " ")
	}
	if !slices.Contains(macros, name) {
		return "", fmt.Errorf("no macro $%s in Grafana", name)
	}
	if n := macroArgs(name); len(args) < n || n > 0 && args[0] == "" {
		return "", fmt.Errorf("$%s takes %d arguments", name, n)
	}
	from, to := span.From.UTC(), span.To.UTC()
	day := func(t time.Time) string { return t.Format(time.RFC3339Nano) }
	switch name {
	case "__time":
		return args[0] + ` AS "time"`, nil
	case "__timeEpoch":
		return fmt.Sprintf(`extract(epoch from %s) as "time"`, args[0]), nil
	case "__timeFilter":
		return fmt.Sprintf("%s BETWEEN '%s' AND '%s'", args[0], day(from), day(to)), nil
	case "__timeFrom":
		return "'" + day(from) + "'", nil
	case "__timeTo":
		return "'" + day(to) + "'", nil
	case "__unixEpochFilter":
		return fmt.Sprintf("%s >= %d AND %s <= %d", args[0], from.Unix(), args[0], to.Unix()), nil
	case "__unixEpochNanoFilter":
		return fmt.Sprintf("%s >= %d AND %s <= %d", args[0], from.UnixNano(), args[0], to.UnixNano()), nil
	case "__unixEpochNanoFrom":
		return strconv.FormatInt(from.UnixNano(), 10), nil
	case "__unixEpochNanoTo":
		return strconv.FormatInt(to.UnixNano(), 10), nil
	}
	return expandGroup(name, args, followedBy)
}

// expandGroup expands the macros that put moments into buckets. A third
// argument, how to fill gaps, does not change the SQL.
func expandGroup(name string, args []string, followedBy byte) (string, error) {
	every, err := parseInterval(strings.Trim(args[1], "'"))
	if err != nil {
		return "", fmt.Errorf("$%s: %w", name, err)
	}
	format := "floor(extract(epoch from %s)/%v)*%v"
	if strings.HasPrefix(name, "__unixEpoch") {
		format = "floor((%s)/%v)*%v"
	}
	sql := fmt.Sprintf(format, args[0], every.Seconds(), every.Seconds())
	if strings.HasSuffix(name, "Alias") || name == "__timeGroup" && followedBy == ',' {
		sql += ` AS "time"`
	}
	return sql, nil
}

// parseInterval reads an interval as Grafana does: Go's durations, and d, w, M
// and y of 24 hours, 7 days, 30 days and 365 days.
func parseInterval(s string) (time.Duration, error) {
	days := map[string]int{"d": 1, "w": 7, "M": 30, "y": 365}
	if len(s) > 1 {
		if n, err := strconv.Atoi(s[:len(s)-1]); err == nil && days[s[len(s)-1:]] > 0 {
			return time.Duration(n*days[s[len(s)-1:]]) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("%q is no interval such as 5m, 1h, 1d", s)
	}
	return d, nil
}
