package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v3"

	"zhicang/dashboards"
)

// A File is one file of a provisioning folder.
type File struct {
	Name string // slashed, below the folder
	Data []byte
}

// Mount is where Grafana looks for provisioning files, unless it is told
// otherwise.
const Mount = "/etc/grafana/provisioning"

// Provision draws everything that a Grafana needs to show the boards, as the
// files that it reads at its start from the folder mount: the data source
// (address, account and password come from Grafana's environment), a folder of
// boards for each subject, the boards, the alert rules.
func Provision(boards []*dashboards.Board, alerts []dashboards.Alert, mount string) ([]File, error) {
	folders, err := Folders(boards)
	if err != nil {
		return nil, err
	}
	var files []File
	add := func(name string, v any) error {
		var out bytes.Buffer
		out.WriteString("# Written by zhicang boards export.\n")
		enc := yaml.NewEncoder(&out)
		enc.SetIndent(2)
		if err := enc.Encode(v); err != nil {
			return err
		}
		files = append(files, File{name, out.Bytes()})
		return nil
	}
	if err := add("datasources/zhicang.yaml", datasourceFile()); err != nil {
		return nil, err
	}
	if err := add("dashboards/zhicang.yaml", providerFile(folders, mount)); err != nil {
		return nil, err
	}
	if err := add("alerting/zhicang.yaml", alertFile(alerts, folders)); err != nil {
		return nil, err
	}
	for _, b := range boards {
		data, err := Render(b, Options{})
		if err != nil {
			return nil, err
		}
		files = append(files, File{path.Join("dashboards", b.Domain, b.UID+".json"), data})
	}
	return files, nil
}

// Write writes the files below a folder, which it makes. Boards that were
// exported before and are no more are deleted.
func Write(dir string, files []File) error {
	keep := map[string]bool{}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		keep[name] = true
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, f.Data, 0o644); err != nil {
			return err
		}
	}
	old, err := filepath.Glob(filepath.Join(dir, "dashboards", "*", "*.json"))
	if err != nil {
		return err
	}
	for _, name := range old {
		if keep[name] {
			continue
		}
		mine, err := drawnHere(name)
		if err == nil && mine {
			err = os.Remove(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// drawnHere reports whether a file is a board that was exported, and not one
// that somebody else keeps there.
func drawnHere(name string) (bool, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return false, err
	}
	var board struct {
		UID  string   `json:"uid"`
		Tags []string `json:"tags"`
	}
	if json.Unmarshal(data, &board) != nil {
		return false, nil // somebody else's
	}
	return slices.Contains(board.Tags, Tag) && board.UID+".json" == filepath.Base(name), nil
}

// A Folder is what the boards of a domain lie in.
type Folder struct {
	UID, Title, Domain string
}

// Folders lists the folders of the boards, by domain.
func Folders(boards []*dashboards.Board) ([]Folder, error) {
	var list []Folder
	for _, b := range boards {
		i := slices.IndexFunc(list, func(f Folder) bool { return f.Domain == b.Domain })
		if i < 0 {
			list = append(list, Folder{UID: "zhicang-" + b.Domain, Title: b.Folder, Domain: b.Domain})
			continue
		}
		if list[i].Title != b.Folder {
			return nil, fmt.Errorf("%s: the boards of a domain lie in one folder, and others of %s lie in %s", b.File, b.Domain, list[i].Title)
		}
	}
	return list, nil
}

func datasourceFile() any {
	ds := Datasource{Address: "$ZHICANG_PG", User: "$ZHICANG_USER", Password: "$ZHICANG_PASSWORD", TLS: "$ZHICANG_SSLMODE"}
	m := ds.body()
	m["editable"] = false
	return obj{"apiVersion": 1, "datasources": []obj{m}}
}

func providerFile(folders []Folder, mount string) any {
	var list []obj
	for _, f := range folders {
		list = append(list, obj{
			"name": f.UID, "type": "file", "folder": f.Title, "folderUid": f.UID, "disableDeletion": false, "allowUiUpdates": false,
			"updateIntervalSeconds": 60, "options": obj{"path": path.Join(mount, "dashboards", f.Domain)},
		})
	}
	return obj{"apiVersion": 1, "providers": list}
}

func alertFile(alerts []dashboards.Alert, folders []Folder) any {
	groups := []obj{}
	for _, f := range folders {
		rules := []obj{}
		for _, a := range alerts {
			if a.Domain == f.Domain {
				rules = append(rules, rule(a))
			}
		}
		if len(rules) > 0 {
			groups = append(groups, obj{"orgId": 1, "name": alertGroup, "folder": f.Title, "interval": "10m", "rules": rules})
		}
	}
	return obj{"apiVersion": 1, "groups": groups}
}

const alertGroup = "治仓"

// rule is an alert that asks A and is raised when the number is above 0.
func rule(a dashboards.Alert) obj {
	ds := Options{}.datasource()
	noData := "OK"
	if a.NoData == "alerting" {
		noData = "Alerting"
	}
	expr := obj{"type": "__expr__", "uid": "__expr__"}
	return obj{
		"uid": "zhicang-" + a.ID, "title": a.Title, "condition": "B", "for": "0s", "noDataState": noData, "execErrState": "Error",
		"annotations": obj{"summary": a.Summary}, "labels": obj{"app": Tag}, "isPaused": false,
		"data": []obj{
			{
				"refId": "A", "datasourceUid": DatasourceUID, "relativeTimeRange": obj{"from": 600, "to": 0},
				"model": obj{"refId": "A", "datasource": ds, "format": "table", "rawQuery": true, "editorMode": "code", "rawSql": a.SQL, "intervalMs": 1000, "maxDataPoints": 43200},
			},
			{
				"refId": "B", "datasourceUid": "__expr__", "relativeTimeRange": obj{"from": 0, "to": 0},
				"model": obj{
					"refId": "B", "type": "threshold", "expression": "A", "datasource": expr,
					"conditions": []obj{{"type": "query", "evaluator": obj{"type": "gt", "params": []float64{0}}}},
				},
			},
		},
	}
}
