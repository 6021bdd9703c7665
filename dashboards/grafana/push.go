package grafana

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"zhicang/dashboards"
)

// A Datasource is how Grafana reaches `zhicang serve`.
type Datasource struct {
	UID      string // empty is DatasourceUID
	Address  string // host:port of the PostgreSQL door, as Grafana sees it
	User     string
	Password string
	TLS      string // disable, require, verify-ca or verify-full; empty is disable
}

// Database is what clients must call the database: there is one.
const Database = "zhicang"

func (d Datasource) body() obj {
	uid, tls := d.UID, d.TLS
	if uid == "" {
		uid = DatasourceUID
	}
	if tls == "" {
		tls = "disable"
	}
	return obj{
		"uid": uid, "name": DatasourceName, "type": datasourceType, "access": "proxy", "url": d.Address, "user": d.User,
		"jsonData": obj{
			"database": Database, "sslmode": tls, "maxOpenConns": 8, "maxIdleConns": 4, "connMaxLifetime": 14400,
			"postgresVersion": 1500, "timescaledb": false,
		},
		"secureJsonData": obj{"password": d.Password},
	}
}

// Push is what to bring to a Grafana.
type Push struct {
	Boards []*dashboards.Board
	Alerts []dashboards.Alert
	// Datasource is made, or set right, when its Address is given; otherwise
	// the one of its UID must be there.
	Datasource Datasource
}

// Pushed says what was brought there.
type Pushed struct {
	Version string   `json:"grafana"`
	Folders []string `json:"folders"`
	Boards  []string `json:"boards"` // addresses below Grafana's own
	Alerts  []string `json:"alerts"`
}

// Push brings data source, folders, boards and alert rules to the Grafana.
// Done twice it leaves what it left the first time. Boards are written whole:
// what somebody changed in them in Grafana is replaced, and stays in its list
// of versions.
func (c *Client) Push(ctx context.Context, p Push) (Pushed, error) {
	var done Pushed
	var health struct {
		Version string `json:"version"`
	}
	if err := c.do(ctx, "health", http.MethodGet, "/api/health", nil, &health); err != nil {
		return done, err
	}
	done.Version = health.Version
	uid, err := c.pushDatasource(ctx, p.Datasource)
	if err != nil {
		return done, err
	}
	folders, err := Folders(p.Boards)
	if err != nil {
		return done, err
	}
	uids := map[string]string{}
	for _, f := range folders {
		if err := c.pushFolder(ctx, f); err != nil {
			return done, err
		}
		uids[f.Domain] = f.UID
		done.Folders = append(done.Folders, f.Title)
	}
	for _, b := range p.Boards {
		at, err := c.pushBoard(ctx, b, uids[b.Domain], Options{Datasource: uid})
		if err != nil {
			return done, err
		}
		done.Boards = append(done.Boards, at)
	}
	for _, a := range p.Alerts {
		folder, ok := uids[a.Domain]
		if !ok {
			continue
		}
		if err := c.pushAlert(ctx, a, folder, uid); err != nil {
			return done, err
		}
		done.Alerts = append(done.Alerts, a.Title)
	}
	return done, nil
}

func (c *Client) pushDatasource(ctx context.Context, d Datasource) (uid string, err error) {
	body := d.body()
	uid = body["uid"].(string)
	at := "/api/datasources/uid/" + url.PathEscape(uid)
	there, err := c.exists(ctx, "data source "+uid, at, nil)
	switch {
	case err != nil:
		return uid, err
	case d.Address == "" && !there:
		return uid, &Error{Op: "data source " + uid, Msg: "is not there", Try: "say where Grafana finds zhicang serve: --pg host:port --pg-user name --pg-password-file file"}
	case d.Address == "":
		return uid, nil
	case there:
		return uid, c.do(ctx, "change data source "+uid, http.MethodPut, at, body, nil)
	}
	return uid, c.do(ctx, "add data source "+uid, http.MethodPost, "/api/datasources", body, nil)
}

func (c *Client) pushFolder(ctx context.Context, f Folder) error {
	at := "/api/folders/" + url.PathEscape(f.UID)
	var is struct {
		Title string `json:"title"`
	}
	there, err := c.exists(ctx, "folder "+f.Title, at, &is)
	if err != nil || there && is.Title == f.Title {
		return err
	}
	if there {
		return c.do(ctx, "rename folder "+f.Title, http.MethodPut, at, obj{"title": f.Title, "overwrite": true}, nil)
	}
	return c.do(ctx, "add folder "+f.Title, http.MethodPost, "/api/folders", obj{"uid": f.UID, "title": f.Title}, nil)
}

func (c *Client) pushBoard(ctx context.Context, b *dashboards.Board, folder string, opts Options) (at string, err error) {
	data, err := Render(b, opts)
	if err != nil {
		return "", err
	}
	var saved struct {
		URL string `json:"url"`
	}
	err = c.do(ctx, "board "+b.Title, http.MethodPost, "/api/dashboards/db", obj{
		"dashboard": json.RawMessage(data), "folderUid": folder, "overwrite": true, "message": "zhicang boards push",
	}, &saved)
	return saved.URL, err
}

func (c *Client) pushAlert(ctx context.Context, a dashboards.Alert, folder, datasource string) error {
	r := rule(a)
	query := r["data"].([]obj)[0]
	query["datasourceUid"] = datasource
	query["model"].(obj)["datasource"] = Options{Datasource: datasource}.datasource()
	r["folderUID"], r["ruleGroup"], r["orgID"] = folder, alertGroup, 1
	at := fmt.Sprintf("/api/v1/provisioning/alert-rules/%s", r["uid"])
	there, err := c.exists(ctx, "alert "+a.Title, at, nil)
	switch {
	case err != nil:
		return err
	case there:
		return c.do(ctx, "change alert "+a.Title, http.MethodPut, at, r, nil)
	}
	return c.do(ctx, "add alert "+a.Title, http.MethodPost, "/api/v1/provisioning/alert-rules", r, nil)
}
