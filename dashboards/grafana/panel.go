package grafana

import (
	"net/url"
	"strings"

	"github.com/grafana-tools/sdk"

	"zhicang/dashboards"
)

// obj is a piece of Grafana's JSON.
type obj = map[string]any

// pluginVersion is of the panels that the options below are written for. Where
// it is missing, Grafana takes some of them for old ones and rewrites them.
const pluginVersion = "12.2.0"

// drawPanel draws the i-th panel. Its number in Grafana is i+1.
func drawPanel(b *dashboards.Board, i int, opts Options) (*sdk.Panel, error) {
	p := &b.Panels[i]
	sql, err := dashboards.ForGrafana(p.SQL)
	if err != nil {
		return nil, err
	}
	d := &drawing{board: b, panel: p}
	kind, custom := d.draw()
	targets := []obj{target("A", sql, opts)}
	if p.Kind == dashboards.Line {
		targets = append(targets, target("B", d.whenEmpty(sql), opts))
	}
	custom["targets"] = targets
	custom["pluginVersion"] = pluginVersion
	custom["fieldConfig"] = obj{"defaults": d.defaults(), "overrides": d.overrides()}
	panel := &sdk.Panel{
		CommonPanel: sdk.CommonPanel{
			OfType: sdk.CustomType, Type: kind, ID: uint(i + 1), Title: p.Title, Datasource: opts.datasource(), Editable: true,
			Description: description(p),
		},
		CustomPanel: (*sdk.CustomPanel)(&custom),
	}
	panel.GridPos.X, panel.GridPos.Y, panel.GridPos.W, panel.GridPos.H = &p.Grid.X, &p.Grid.Y, &p.Grid.W, &p.Grid.H
	return panel, nil
}

// target is a query of a panel.
func target(ref, sql string, opts Options) obj {
	return obj{"refId": ref, "datasource": opts.datasource(), "format": "table", "rawQuery": true, "editorMode": "code", "rawSql": sql}
}

// description is the caption, a paragraph each: Grafana reads it as Markdown.
func description(p *dashboards.Panel) *string {
	if len(p.Explain) == 0 {
		return nil
	}
	return new(strings.Join(p.Explain, "\n\n"))
}

// A drawing turns one panel into the options of the Grafana panel that shows
// it best.
type drawing struct {
	board *dashboards.Board
	panel *dashboards.Panel
}

// draw returns the type of Grafana's panel and what is its own.
func (d *drawing) draw() (kind string, custom obj) {
	p := d.panel
	switch p.Kind {
	case dashboards.Stat:
		return "stat", obj{"options": obj{
			"reduceOptions": obj{"values": false, "calcs": []string{"lastNotNull"}, "fields": "/.*/"},
			"colorMode":     "value", "graphMode": "none", "textMode": "value_and_name", "text": obj{"titleSize": 14, "valueSize": 28}, "justifyMode": "center", "orientation": "auto", "wideLayout": false,
			"percentChangeColorMode": "standard", "showPercentChange": false,
		}}
	case dashboards.Line:
		return "xychart", obj{"options": obj{
			"mapping": "manual", "series": d.series(), "legend": legend("bottom"), "tooltip": obj{"mode": "single", "sort": "none"},
		}}
	case dashboards.Bar:
		return "barchart", obj{"options": d.bars()}
	case dashboards.Pie:
		return d.pie()
	case dashboards.Map:
		return "geomap", obj{"options": d.geomap()}
	case dashboards.Crosstab:
		return "table", obj{"options": tableOptions(), "transformations": []obj{{
			"id": "groupingToMatrix", "options": obj{"rowField": p.Columns[0].Name, "columnField": p.Columns[1].Name, "valueField": p.Columns[2].Name},
		}}}
	}
	return "table", obj{"options": tableOptions()}
}

// pie makes a field of each row: slices of one field that are equal would have
// one colour.
func (d *drawing) pie() (kind string, custom obj) {
	c := d.panel.Columns
	return "piechart", obj{
		"options": obj{
			"pieType": "donut", "displayLabels": []string{"percent"}, "sort": "none",
			"reduceOptions": obj{"values": false, "calcs": []string{"lastNotNull"}, "fields": ""},
			"legend":        obj{"displayMode": "table", "placement": "right", "showLegend": true, "values": []string{"value", "percent"}},
			"tooltip":       obj{"mode": "single", "sort": "none"},
		},
		"transformations": []obj{{"id": "rowsToFields", "options": obj{"mappings": []obj{
			{"fieldName": c[0].Name, "handlerKey": "field.name"},
			{"fieldName": c[1].Name, "handlerKey": "field.value"},
		}}}},
	}
}

func tableOptions() obj { return obj{"showHeader": true, "cellHeight": "sm"} }

func legend(placement string) obj {
	return obj{"displayMode": "list", "placement": placement, "showLegend": true, "calcs": []string{}}
}

// series draws each number over the first column. Grafana's time series panel
// would cut them at the board's time range; this one takes the range from the
// rows.
func (d *drawing) series() []obj {
	var list []obj
	x := obj{"matcher": byName(d.panel.Columns[0].Name)}
	for _, c := range d.panel.Columns[1:] {
		if !c.Hidden {
			list = append(list, series(0, x, c.Name, d.name(c)))
		}
	}
	return append(list, series(1, x, emptyColumn, d.panel.Empty))
}

// series is a line over x, from the frame of the n-th query.
func series(n int, x obj, y, name string) obj {
	return obj{"frame": obj{"matcher": obj{"id": "byIndex", "options": n}}, "x": x, "y": obj{"matcher": byName(y)}, "name": obj{"fixed": name}}
}

// emptyColumn is what the second query of a line chart returns.
const emptyColumn = "nothing"

// whenEmpty is a query with one row, of nothing, where sql has none: Grafana's
// XY chart shows the word Err where it has no series, and the legend of this
// one says why there is nothing to see.
func (d *drawing) whenEmpty(sql string) string {
	return "SELECT CAST(NULL AS TIMESTAMP) AS " + d.panel.Columns[0].Name + ", CAST(NULL AS DOUBLE PRECISION) AS " + emptyColumn +
		"\nWHERE NOT EXISTS (\n" + strings.TrimRight(strings.TrimSpace(sql), ";") + "\n)"
}

func (d *drawing) bars() obj {
	p := d.panel
	o := obj{
		"xField": p.Columns[0].Name, "orientation": "vertical", "stacking": "none", "showValue": "auto", "barWidth": 0.8, "groupWidth": 0.8,
		"fullHighlight": true, "text": obj{"valueSize": 12}, "xTickLabelRotation": 0, "xTickLabelMaxLength": 12, "xTickLabelSpacing": 100,
		"legend": legend("bottom"), "tooltip": obj{"mode": "multi", "sort": "none"},
	}
	if p.Horizontal {
		o["orientation"], o["showValue"], o["xTickLabelSpacing"] = "horizontal", "always", 0
	}
	if p.Stacked {
		o["stacking"] = "normal"
	}
	if len(p.Columns) == 2 {
		o["legend"] = obj{"showLegend": false, "displayMode": "hidden", "placement": "bottom", "calcs": []string{}}
	}
	return o
}

// blank is a transparent pixel in place of the tiles that Grafana would fetch
// from the internet.
const blank = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"

// geomap sets a marker at the centre of each place.
func (d *drawing) geomap() obj {
	c := d.panel.Columns
	return obj{
		"basemap":  obj{"type": "xyz", "name": "底图", "config": obj{"url": blank, "attribution": ""}},
		"view":     obj{"id": "fit", "allLayers": true, "lat": 29, "lon": 120, "zoom": 13, "padding": 20},
		"controls": obj{"showZoom": true, "mouseWheelZoom": false, "showAttribution": false, "showScale": true, "showDebug": false, "showMeasure": false},
		"tooltip":  obj{"mode": "details"},
		"layers": []obj{{
			"type": "markers", "name": d.panel.Title, "tooltip": true,
			"location": obj{"mode": "coords", "longitude": c[1].Name, "latitude": c[2].Name},
			"config": obj{"showLegend": false, "style": obj{
				"color": obj{"fixed": "blue"}, "opacity": 0.6,
				"size":       obj{"field": c[3].Name, "fixed": 8, "min": 6, "max": 32},
				"symbol":     obj{"mode": "fixed", "fixed": "img/icons/marker/circle.svg"},
				"text":       obj{"mode": "field", "field": c[0].Name, "fixed": ""},
				"textConfig": obj{"fontSize": 12, "offsetX": 0, "offsetY": 18, "textAlign": "center", "textBaseline": "middle"},
			}},
		}},
	}
}

// defaults hold for every column of the panel.
func (d *drawing) defaults() obj {
	p := d.panel
	custom := obj{}
	switch p.Kind {
	case dashboards.Line:
		custom = obj{"show": "points+lines", "lineWidth": 2, "pointSize": obj{"fixed": 6}, "fillOpacity": 40, "axisPlacement": "auto", "axisSoftMin": 0, "scaleDistribution": obj{"type": "linear"}}
	case dashboards.Bar:
		custom = obj{"fillOpacity": 80, "lineWidth": 1, "gradientMode": "none", "axisPlacement": "auto", "axisBorderShow": false}
	case dashboards.Table, dashboards.WordCloud:
		custom = obj{"align": "auto", "minWidth": 70, "cellOptions": obj{"type": "auto", "wrapText": false}, "inspect": false}
	case dashboards.Crosstab:
		custom = obj{"align": "center", "minWidth": 60, "cellOptions": obj{"type": "color-background", "mode": "basic"}, "inspect": false}
	}
	m := obj{"custom": custom, "thresholds": thresholds(p.Thresholds), "color": obj{"mode": colorMode(p)}, "mappings": []any{}}
	if p.Empty != "" {
		m["noValue"] = p.Empty // of the whole panel; overrides say what an empty cell shows
	}
	if p.Decimals != nil {
		m["decimals"] = *p.Decimals
	}
	if p.Link != nil {
		m["links"] = []obj{d.link(p.Link)}
	}
	if p.Kind == dashboards.Pie { // its fields are called by the rows
		c := p.Columns[1]
		if unit := grafanaUnit(d.unit(c)); unit != "" {
			m["unit"] = unit
		}
		if c.Decimals != nil {
			m["decimals"] = *c.Decimals
		}
	}
	return m
}

func colorMode(p *dashboards.Panel) string {
	switch {
	case p.Kind == dashboards.Crosstab:
		return "continuous-blues"
	case p.Kind == dashboards.Stat || len(p.Thresholds) > 0:
		return "thresholds"
	case p.Kind == dashboards.Table || p.Kind == dashboards.WordCloud:
		return "fixed"
	}
	return "palette-classic"
}

// thresholds are Grafana's steps; without any, words and numbers stay in the
// colour of the text.
func thresholds(list []dashboards.Threshold) obj {
	steps := []obj{}
	for _, t := range list {
		step := obj{"color": t.Color, "value": nil}
		if t.From != nil {
			step["value"] = *t.From
		}
		steps = append(steps, step)
	}
	if len(steps) == 0 {
		steps = append(steps, obj{"color": "text", "value": nil})
	}
	return obj{"mode": "absolute", "steps": steps}
}

// missing is what stands for a value that there is not.
const missing = "—"

// blankText is seen as nothing, and is not taken for none.
const blankText = "\u2002"

// overrides say what holds for one column.
func (d *drawing) overrides() []obj {
	list := []obj{}
	switch d.panel.Kind {
	case dashboards.Crosstab:
		return d.crosstabOverrides()
	case dashboards.Pie:
		return list // its fields are called by the rows
	case dashboards.Line:
		list = append(list, obj{"matcher": byName(emptyColumn), "properties": []obj{{"id": "color", "value": obj{"mode": "fixed", "fixedColor": "text"}}}})
	}
	for i, c := range d.panel.Columns {
		var props []obj
		set := func(id string, value any) { props = append(props, obj{"id": id, "value": value}) }
		if d.panel.Kind == dashboards.Bar && i == 0 {
			set("noValue", blankText) // of ticks between the labels
		}
		if color := d.seriesColor(i); color != "" {
			set("color", obj{"mode": "fixed", "fixedColor": color})
		}
		set("displayName", d.name(c))
		if d.table() || d.panel.Kind == dashboards.Stat {
			set("noValue", missing)
		}
		if unit := grafanaUnit(d.unit(c)); unit != "" && !d.unitInName(c) {
			set("unit", unit)
		}
		if c.Decimals != nil {
			set("decimals", *c.Decimals)
		}
		if len(c.Marks) > 0 {
			set("mappings", mappings(c.Marks))
		}
		if c.Link != nil {
			set("links", []obj{d.link(c.Link)})
		}
		// Words stay in the colour of the text; thresholds are for numbers.
		if d.panel.Kind == dashboards.Stat && d.unit(c) == "" && len(c.Marks) == 0 {
			set("color", obj{"mode": "fixed", "fixedColor": "text"})
		}
		if d.table() {
			props = append(props, d.cell(i, c)...)
		}
		// Grafana can't load a panel with an override that has no properties.
		if len(props) > 0 {
			list = append(list, obj{"matcher": byName(c.Name), "properties": props})
		}
	}
	return list
}

// seriesColors are those of the built-in pages, in their order.
var seriesColors = []string{"#17548f", "#c97b1a", "#3f8f7a", "#8b5a9e", "#a3453b", "#5f7f2e", "#4f86c6", "#7d8791"}

// seriesColor is the colour of the i-th column where it is drawn as a series;
// empty where thresholds or the rows say it.
func (d *drawing) seriesColor(i int) string {
	p := d.panel
	if i == 0 || (p.Kind != dashboards.Bar && p.Kind != dashboards.Line) || len(p.Thresholds) > 0 {
		return ""
	}
	return seriesColors[(i-1)%len(seriesColors)]
}

func (d *drawing) table() bool {
	return d.panel.Kind == dashboards.Table || d.panel.Kind == dashboards.WordCloud
}

// gaugeWidth is how wide a column with bars is, in pixels.
const gaugeWidth = 145

// cell says how a column of a table is shown.
func (d *drawing) cell(i int, c dashboards.Column) []obj {
	var props []obj
	set := func(id string, value any) { props = append(props, obj{"id": id, "value": value}) }
	if c.Hidden {
		set("custom.hideFrom.viz", true)
	}
	if width := c.Width; width > 0 {
		set("custom.width", width)
	} else if c.Gauge {
		set("custom.width", gaugeWidth)
	}
	switch weight := d.panel.Kind == dashboards.WordCloud && i == 1; {
	case c.Gauge || weight:
		set("custom.cellOptions", obj{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"})
		set("color", obj{"mode": "fixed", "fixedColor": "blue"})
		set("min", 0)
		set("fieldMinMax", true)
	case len(c.Marks) > 0:
		set("custom.cellOptions", obj{"type": "color-text"})
		set("color", obj{"mode": "fixed", "fixedColor": "text"}) // of words without a mark
	}
	if c.Align != "" {
		set("custom.align", c.Align)
	}
	if d.panel.Kind == dashboards.Table && d.unit(c) == "" && c.Decimals == nil && c.Width >= 100 {
		set("custom.filterable", true)
	}
	if d.panel.Kind == dashboards.Table && d.unit(c) == "" && c.Width == 0 && c.Link == nil {
		set("custom.inspect", true) // long texts are cut off; this opens them
	}
	return props
}

// crosstabOverrides call the labels of the rows by their name and keep them
// plain.
func (d *drawing) crosstabOverrides() []obj {
	c := d.panel.Columns
	list := []obj{}
	for _, kind := range []string{"number", "string"} {
		props := []obj{{"id": "noValue", "value": missing}}
		if len(c[2].Marks) > 0 {
			props = append(props, obj{"id": "mappings", "value": mappings(c[2].Marks)}, obj{"id": "custom.cellOptions", "value": obj{"type": "color-text"}}, obj{"id": "color", "value": obj{"mode": "fixed", "fixedColor": "text"}})
		}
		list = append(list, obj{"matcher": obj{"id": "byType", "options": kind}, "properties": props})
	}
	return append(list, obj{"matcher": byName(c[0].Name + `\` + c[1].Name), "properties": []obj{
		{"id": "displayName", "value": c[0].Title},
		{"id": "custom.cellOptions", "value": obj{"type": "auto"}},
		{"id": "custom.align", "value": "left"},
		{"id": "custom.width", "value": labelWidth(d.panel.Grid)},
	}})
}

// labelWidth is how wide the labels of a cross table's rows are, in pixels.
func labelWidth(g dashboards.Grid) int {
	if g.W == 24 {
		return 230
	}
	return 170
}

func byName(name string) obj { return obj{"id": "byName", "options": name} }

// link is a data link: variables of this board that the other has as well are
// passed on, and values of the row.
func (d *drawing) link(l *dashboards.Link) obj {
	var params []string
	for _, name := range l.Passes {
		params = append(params, "${"+name+":queryparam}")
	}
	for _, name := range sortedKeys(l.Values) {
		params = append(params, "var-"+name+"=${__data.fields."+l.Values[name]+":percentencode}")
	}
	title := l.Title
	if title == "" {
		title = "查看"
	}
	return obj{"title": title, "url": "/d/" + url.PathEscape(l.Board) + "?" + strings.Join(params, "&"), "targetBlank": false}
}
