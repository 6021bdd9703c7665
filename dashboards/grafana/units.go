package grafana

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"zhicang/dashboards"
)

const suffix = "suffix: "

// grafanaUnit is Grafana's name of a unit. What it does not know is written
// behind the number.
func grafanaUnit(unit string) string {
	switch unit {
	case "":
		return ""
	case "比例":
		return "percentunit"
	case "%":
		return "percent"
	case "秒":
		return "s"
	case "毫秒":
		return "ms"
	case "字节":
		return "decbytes"
	}
	return suffix + unit
}

// unitInName reports whether a unit stands once in the column's name, for the
// whole column or axis, instead of behind each of its numbers.
func (d *drawing) unitInName(c dashboards.Column) bool {
	switch d.panel.Kind {
	case dashboards.Stat, dashboards.Pie, dashboards.Map, dashboards.Crosstab:
		return false
	}
	return strings.HasPrefix(grafanaUnit(d.unit(c)), suffix)
}

// unit is a column's own unit, or its panel's.
func (d *drawing) unit(c dashboards.Column) string { return cmp.Or(c.Unit, d.panel.Unit) }

// name is what a column is called.
func (d *drawing) name(c dashboards.Column) string {
	if d.unitInName(c) {
		return c.Title + "(" + d.unit(c) + ")"
	}
	return c.Title
}

// mappings colour words by how they begin.
func mappings(marks map[string]string) []obj {
	var list []obj
	for i, prefix := range sortedKeys(marks) {
		list = append(list, obj{"type": "regex", "options": obj{
			"pattern": "/^(" + prefix + ".*)$/", "result": obj{"color": marks[prefix], "index": i, "text": "$1"},
		}})
	}
	return list
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
