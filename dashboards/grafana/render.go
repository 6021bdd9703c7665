// Package grafana draws boards as Grafana dashboards, files them for
// provisioning and pushes them to a running Grafana.
package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"

	"github.com/grafana-tools/sdk"

	"zhicang/dashboards"
)

// What Grafana knows the data source by, unless Options say otherwise.
const (
	DatasourceUID  = "zhicang"
	DatasourceName = "治仓"
	datasourceType = "grafana-postgresql-datasource"
)

// Tag is on every board, for the menu that leads from one to another.
const Tag = "zhicang"

// schemaVersion is that of Grafana 12.2; newer ones migrate it when they load.
const schemaVersion = 41

// Options say where the boards will live.
type Options struct {
	// Datasource is the UID of the data source; empty is DatasourceUID.
	Datasource string
}

func (o Options) datasource() map[string]any {
	uid := o.Datasource
	if uid == "" {
		uid = DatasourceUID
	}
	return map[string]any{"type": datasourceType, "uid": uid}
}

// Render draws a board as Grafana's JSON. The same board gives the same bytes.
//
// The sdk knows the dashboards of 2022, so panels are custom maps, which it
// passes on whole, and what it drops of the board is laid over its JSON.
func Render(b *dashboards.Board, opts Options) ([]byte, error) {
	board := &sdk.Board{
		UID: b.UID, Title: b.Title, Tags: []string{Tag, b.Domain}, Timezone: "utc", Editable: false,
		SchemaVersion: schemaVersion, Links: []sdk.Link{menu()}, GraphTooltip: 1,
		Time: sdk.Time{From: "now-1y", To: "now"},
	}
	board.Annotations.List = []sdk.Annotation{}
	for i := range b.Panels {
		p, err := drawPanel(b, i, opts)
		if err != nil {
			return nil, fmt.Errorf("board %s, panel %s: %w", b.UID, b.Panels[i].Title, err)
		}
		board.Panels = append(board.Panels, p)
	}
	variables, err := drawVariables(b, opts)
	if err != nil {
		return nil, err
	}
	return overlay(board, map[string]any{
		"description": b.Description, "liveNow": false, "refresh": "", "weekStart": "monday", "preload": false,
		"templating": map[string]any{"list": variables},
		// Boards choose their periods themselves.
		"timepicker":           map[string]any{"hidden": true},
		"fiscalYearStartMonth": 0,
	})
}

// overlay is the sdk's JSON of a board with what it drops put back, without
// what only Grafana before 5 knew.
func overlay(board *sdk.Board, put map[string]any) ([]byte, error) {
	data, err := json.Marshal(board)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&m); err != nil {
		return nil, err
	}
	for _, old := range []string{"rows", "slug", "originalTitle", "hideControls", "sharedCrosshair", "style", "version"} {
		delete(m, old)
	}
	maps.Copy(m, put)
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// menu leads to the other boards.
func menu() sdk.Link {
	return sdk.Link{Title: "看板", Type: "dashboards", AsDropdown: new(true), Icon: new("external link"), IncludeVars: true, KeepTime: new(false), Tags: []string{Tag}, TargetBlank: new(false)}
}

// The ways in which Grafana asks a variable for its choices again.
const onDashboardLoad = 1

func drawVariables(b *dashboards.Board, opts Options) ([]map[string]any, error) {
	list := []map[string]any{}
	for _, v := range b.Variables {
		m := map[string]any{"name": v.Name, "label": v.Title, "hide": 0, "skipUrlSync": false}
		switch {
		case v.SQL != "":
			sql, err := dashboards.ForGrafana(v.SQL)
			if err != nil {
				return nil, fmt.Errorf("board %s, variable %s: %w", b.UID, v.Name, err)
			}
			maps.Copy(m, map[string]any{
				"type": "query", "datasource": opts.datasource(), "query": sql, "definition": sql, "refresh": onDashboardLoad,
				"sort": 0, "multi": false, "includeAll": false, "regex": "", "options": []any{}, "current": map[string]any{}, "allowCustomValue": false,
			})
			if v.Default != "" {
				m["current"] = choice(dashboards.Option{Text: v.Default, Value: v.Default})
			}
		case v.Kind == dashboards.TextVariable:
			maps.Copy(m, map[string]any{"type": "textbox", "query": v.Default, "current": choice(dashboards.Option{Text: v.Default, Value: v.Default}), "options": []any{}})
		default:
			maps.Copy(m, drawList(v))
		}
		list = append(list, m)
	}
	return list, nil
}

// drawList is a variable with fixed choices. Grafana writes them as one text,
// in which commas and colons part them.
func drawList(v dashboards.Variable) map[string]any {
	query, options := "", []any{}
	chosen := v.Options[0]
	for _, o := range v.Options {
		if o.Value == v.Default {
			chosen = o
		}
	}
	for i, o := range v.Options {
		if i > 0 {
			query += ","
		}
		query += o.Text + " : " + o.Value
		c := choice(o)
		c["selected"] = o == chosen
		options = append(options, c)
	}
	return map[string]any{
		"type": "custom", "query": query, "options": options, "current": choice(chosen), "multi": false, "includeAll": false, "allowCustomValue": false,
	}
}

func choice(o dashboards.Option) map[string]any {
	return map[string]any{"text": o.Text, "value": o.Value, "selected": true}
}
