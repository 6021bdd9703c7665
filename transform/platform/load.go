package platform

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"zhicang/warehouse"
)

// loadRows say when each system last delivered something, to everyone who may
// read what is made of it. Several sources of one system are one: the archive
// that was loaded once is not late.
func (w *Writer) loadRows(ctx context.Context) ([][]any, error) {
	list, err := w.sourceReports(ctx)
	if err != nil {
		return nil, err
	}
	type key struct{ table, system string }
	type load struct {
		loaded, checked string
		state           string
	}
	loads := map[key]*load{}
	var order []key
	for _, r := range list {
		k := key{r.Table, r.Source} // a source that the config no longer names is its own system
		if i := slices.IndexFunc(w.Sources, func(s Source) bool { return s.Name == r.Source && s.Table == r.Table }); i >= 0 {
			k.system = cmp.Or(w.Sources[i].System, r.Source)
		}
		if loads[k] == nil {
			loads[k] = &load{}
			order = append(order, k)
		}
		l := loads[k]
		l.loaded, l.checked = max(l.loaded, r.Landing), max(l.checked, r.Checked)
		if state := w.sourceState(r); l.state == "" || slices.Index(worst, state) < slices.Index(worst, l.state) {
			l.state = state
		}
	}
	var rows [][]any
	for _, k := range order {
		l := loads[k]
		rows = append(rows, []any{k.table, k.system, w.moment(l.loaded), w.moment(l.checked), l.state})
	}
	return rows, nil
}

// worst are the states of sources; of several the first is the system's. One
// that is no longer used says nothing about the others.
var worst = []string{"失败", "从未到数", "正常", "停用"}

// currentRows say which publication readers read, and since when it is there.
func (w *Writer) currentRows(ctx context.Context) ([][]any, error) {
	current, err := w.Shelf.Current()
	if errors.Is(err, warehouse.ErrNothingPublished) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := w.Ledger.Publications(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range list {
		at, ok := w.moment(p.Created).(time.Time)
		if ok && warehouse.FileName(p.ID) == filepath.Base(current) {
			return [][]any{{p.ID, at}}, nil
		}
	}
	return nil, nil
}
