package dashboards

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"zhicang/models"
)

// An Alert asks for one number, how much is wrong: more than none is told to
// somebody.
type Alert struct {
	ID      string `yaml:"alert"` // lower-case letters, digits, -
	Title   string `yaml:"title"`
	Summary string `yaml:"summary"` // what it means and what to do
	SQL     string `yaml:"sql"`
	// NoData is what no rows at all mean: ok (the default) or alerting.
	NoData string `yaml:"no_data"`
	// Domain is the name of the file: who reads it may read these tables.
	Domain string `yaml:"-"`
}

// LoadAlerts reads every <domain>.yaml, each a list of alerts.
func LoadAlerts(fsys fs.FS, cat *models.Catalog) ([]Alert, error) {
	files, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var all []Alert
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		var list []Alert
		if err := models.DecodeYAML(file, data, &list); err != nil {
			return nil, err
		}
		domain := strings.TrimSuffix(path.Base(file), ".yaml")
		l := &loader{file: file, data: data, catalog: cat, board: &Board{UID: "alerts", Domain: domain}}
		for i := range list {
			if err := l.alert(i, &list[i], all); err != nil {
				return nil, err
			}
			all = append(all, list[i])
		}
	}
	return all, nil
}

func (l *loader) alert(i int, a *Alert, before []Alert) error {
	at := fmt.Sprintf("[%d]", i)
	a.Domain = l.board.Domain
	switch {
	case !idRE.MatchString(a.ID) || slices.ContainsFunc(before, func(b Alert) bool { return b.ID == a.ID }):
		return l.fail(at+".alert", "lower-case letters, digits and -, each name once", "alert %q: no good name", a.ID)
	case a.Title == "" || a.Summary == "":
		return l.fail(at, "add `title:` and `summary:`", "alert %s: says neither what it is called nor what it means", a.ID)
	case !slices.Contains([]string{"", "ok", "alerting"}, a.NoData):
		return l.fail(at+".no_data", "ok or alerting", "alert %s: no_data: %q", a.ID, a.NoData)
	}
	_, err := l.checkSQL(at, "alert "+a.ID, a.SQL, nil)
	return err
}
