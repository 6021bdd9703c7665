package grafana

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"zhicang/dashboards"
)

// TestLive pushes the boards to the Grafana at GRAFANA_URL (user:password in
// it, or GRAFANA_TOKEN) and asks every panel's query through it. Where
// ZHICANG_PG is set (with ZHICANG_USER and ZHICANG_PASSWORD), the data source
// is made as well.
func TestLive(t *testing.T) {
	address := os.Getenv("GRAFANA_URL")
	if address == "" {
		t.Skip("GRAFANA_URL is not set: no Grafana to push to")
	}
	c, err := NewClient(address, os.Getenv("GRAFANA_TOKEN"), &http.Client{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := dashboards.LoadAlerts(dashboards.AlertFS(), catalog(t))
	if err != nil {
		t.Fatal(err)
	}
	ds := Datasource{Address: os.Getenv("ZHICANG_PG"), User: os.Getenv("ZHICANG_USER"), Password: os.Getenv("ZHICANG_PASSWORD")}
	list := boards(t)
	done, err := c.Push(t.Context(), Push{Boards: list, Alerts: alerts, Datasource: ds})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("Grafana %s: %v", done.Version, done.Boards)
	checker := dashboards.Checker{Ask: c.ask, Now: time.Now, Slow: 5 * time.Second}
	for _, b := range list {
		for _, f := range checker.Check(t.Context(), b) {
			t.Logf("%-8s %5d ms %5d rows  %s %s", f.State, f.Millis, f.Rows, f.Board, f.Title)
			if f.State == dashboards.Failing {
				t.Errorf("%s, %s: %s", f.Board, f.Title, f.Error)
			}
		}
	}
	for _, a := range alerts {
		if answer, err := c.ask(t.Context(), a.SQL); err != nil || len(answer.Rows) != 1 || len(answer.Columns) != 1 {
			t.Errorf("alert %s: %+v, %v", a.Title, answer, err)
		}
	}
}

// ask sends a query the way a panel does.
func (c *Client) ask(ctx context.Context, sql string) (dashboards.Answer, error) {
	var answer struct {
		Results map[string]struct {
			Error  string
			Frames []struct {
				Schema struct{ Fields []struct{ Name string } }
				Data   struct{ Values [][]json.RawMessage }
			}
		}
	}
	err := c.do(ctx, "query", http.MethodPost, "/api/ds/query", obj{"from": "now-1y", "to": "now", "queries": []obj{{
		"refId": "A", "datasource": Options{}.datasource(), "format": "table", "rawSql": sql, "rawQuery": true, "intervalMs": 60000, "maxDataPoints": 1000,
	}}}, &answer)
	var out dashboards.Answer
	if err != nil {
		return out, err
	}
	res := answer.Results["A"]
	if res.Error != "" {
		return out, &Error{Op: "query", Msg: res.Error}
	}
	for _, f := range res.Frames {
		for i, field := range f.Schema.Fields {
			out.Columns = append(out.Columns, field.Name)
			for j, v := range f.Data.Values[i] {
				if i == 0 {
					out.Rows = append(out.Rows, nil)
				}
				var text string
				if json.Unmarshal(v, &text) != nil {
					text = string(v)
				}
				out.Rows[j] = append(out.Rows[j], text)
			}
		}
	}
	return out, nil
}
