// Package platform writes the tables that tell how the house itself is: what
// ran, how the sources stand, what is held back, what was published. They come
// from the ledger and are written after every run, whatever became of it, into
// a file of their own: a run that failed publishes nothing, and must be seen
// all the more.
package platform

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zhicang/ledger"
	"zhicang/models"
	"zhicang/warehouse"
)

// Bounds of what the tables tell; the ledger keeps everything.
const (
	runs      = 1000
	stepsRuns = 50
)

// A Writer writes the platform's tables.
type Writer struct {
	Ledger   *ledger.Ledger
	Catalog  *models.Catalog
	Shelf    warehouse.Shelf
	Dir      string // data folder
	Location *time.Location
	Now      func() time.Time
	// Sources are those of the config.
	Sources []Source
	// Query asks the engine, for the newest day in the lake's files.
	Query func(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

// A Source is one that the config names.
type Source struct{ Name, Table, System string }

// Write writes all tables into a new file and switches readers to it.
func (w *Writer) Write(ctx context.Context) error {
	tables := []struct {
		name string
		rows func(context.Context) ([][]any, error)
	}{
		{"ads.platform_run", w.runRows},
		{"ads.platform_step", w.stepRows},
		{"ads.platform_source_health", w.sourceRows},
		{"ads.platform_quarantine", w.quarantineRows},
		{"ads.platform_publication", w.publicationRows},
		{"dim.data_load", w.loadRows},
		{"dim.publication", w.currentRows},
	}
	var filled []warehouse.Filled
	for _, t := range tables {
		c, ok := w.Catalog.Contract(t.name)
		if !ok {
			return fmt.Errorf("platform tables: %s has no contract", t.name)
		}
		rows, err := t.rows(ctx)
		if err != nil {
			return fmt.Errorf("platform tables: %s: %w", t.name, err)
		}
		filled = append(filled, warehouse.Filled{Contract: c, Rows: rows})
	}
	return w.Shelf.WritePlatform(ctx, filled)
}

// moment is one of the ledger's moments in the site's zone, as the tables hold
// it; nil for none.
func (w *Writer) moment(stamp string) any {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return nil
	}
	return w.naive(t)
}

// naive is the moment as a clock on the site's wall shows it.
func (w *Writer) naive(t time.Time) time.Time {
	t = t.In(w.Location)
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

func day(t time.Time) time.Time { return t.Truncate(24 * time.Hour) }

func asOf(s string) any {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return nil
	}
	return t
}

func orNil[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

func (w *Writer) runRows(ctx context.Context) ([][]any, error) {
	list, err := w.Ledger.RunReports(ctx, runs)
	if err != nil {
		return nil, err
	}
	results := map[string]string{"ok": "成功", "partial": "部分成功", "failed": "失败"}
	var rows [][]any
	for _, r := range list {
		var seconds any
		if start, ok := w.moment(r.Started).(time.Time); ok {
			if end, ok := w.moment(r.Finished).(time.Time); ok {
				seconds = end.Sub(start).Seconds()
			}
		}
		result := results[r.Result]
		if r.Finished == "" {
			// Only the process that holds the data folder writes these tables,
			// and it has finished its own run.
			result = "中断"
		}
		rows = append(rows, []any{
			r.ID, word(runKinds, r.Kind), asOf(r.AsOf), w.moment(r.Started), w.moment(r.Finished), seconds, result, orNil(r.Message),
			r.TablesBuilt, r.TablesFailed, r.SourcesFailed, r.Landed, r.Held, orNil(r.Publication),
		})
	}
	return rows, nil
}

func (w *Writer) stepRows(ctx context.Context) ([][]any, error) {
	list, err := w.Ledger.Runs(ctx, stepsRuns)
	if err != nil {
		return nil, err
	}
	kinds := map[string]string{"source": "来源", "table": "表", "publish": "发布"}
	states := map[string]string{"built": "完成", "skipped": "未变", "failed": "失败"}
	var rows [][]any
	for _, r := range list {
		steps, err := w.Ledger.Steps(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		for i, s := range steps {
			rows = append(rows, []any{
				r.ID, int64(i + 1), w.moment(r.Started), kinds[s.Kind], s.Subject, orNil(w.title(s.Subject)),
				states[s.State], orNil(inChinese(s.Reason)), s.Rows, s.Held, float64(s.Millis) / 1000,
			})
		}
	}
	return rows, nil
}

// title is what readers call a table; "" for what is none.
func (w *Writer) title(table string) string {
	if c, ok := w.Catalog.Contract(table); ok {
		return c.Title
	}
	return ""
}

// sourceReports are the ledger's, and those of sources that the config names
// and that never delivered anything.
func (w *Writer) sourceReports(ctx context.Context) ([]ledger.SourceReport, error) {
	list, err := w.Ledger.SourceReports(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range w.Sources {
		if slices.ContainsFunc(list, func(r ledger.SourceReport) bool { return r.Source == s.Name && r.Table == s.Table }) {
			continue
		}
		r := ledger.SourceReport{Source: s.Name, Table: s.Table}
		if r.State, r.Reason, err = w.Ledger.SourceState(ctx, s.Name); err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, nil
}

func (w *Writer) sourceRows(ctx context.Context) ([][]any, error) {
	list, err := w.sourceReports(ctx)
	if err != nil {
		return nil, err
	}
	today := day(w.naive(w.Now()))
	var rows [][]any
	for _, r := range list {
		newest, err := w.newestDay(ctx, r)
		if err != nil {
			return nil, err
		}
		if t, ok := newest.(time.Time); ok {
			if err := w.Ledger.SetFact(ctx, NewestDayFact(r.Source, r.Table), t.Format(time.DateOnly)); err != nil {
				return nil, err
			}
		}
		var share, quiet any
		if all := r.Landed + r.Held; all > 0 {
			share = float64(r.Held) / float64(all)
		}
		landing := w.moment(r.Landing)
		if t, ok := landing.(time.Time); ok {
			quiet = int64(today.Sub(day(t)).Hours() / 24)
		}
		rows = append(rows, []any{
			r.Source, r.Table, w.title(r.Table), r.Units, r.Batches, r.Landed, r.Held, share,
			landing, w.moment(r.Checked), quiet, newest, w.sourceState(r), orNil(r.Reason),
		})
	}
	return rows, nil
}

func (w *Writer) sourceState(r ledger.SourceReport) string {
	switch {
	case !slices.ContainsFunc(w.Sources, func(s Source) bool { return s.Name == r.Source && s.Table == r.Table }):
		return "停用"
	case r.State == "failed":
		return "失败"
	case r.Batches == 0:
		return "从未到数"
	}
	return "正常"
}

// NewestDayFact is the ledger's fact that holds the newest day in what a source
// delivered to a table.
func NewestDayFact(source, table string) string { return "newest_day:" + source + ":" + table }

// newestDay asks the lake's newest files for their newest day; nil when there
// is none.
func (w *Writer) newestDay(ctx context.Context, r ledger.SourceReport) (any, error) {
	c, ok := w.Catalog.Contract(r.Table)
	if !ok {
		return nil, nil
	}
	paths, err := w.Ledger.NewestFiles(ctx, r.Source, r.Table)
	if err != nil || len(paths) == 0 {
		return nil, err
	}
	var files []string
	for _, p := range paths {
		path := filepath.Join(w.Dir, filepath.FromSlash(p))
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, nil // the run says what is missing; these tables must be written all the same
		}
		files = append(files, warehouse.Quote(path))
	}
	rows, err := w.Query(ctx, fmt.Sprintf("SELECT CAST(max(%s) AS DATE) FROM read_parquet([%s], union_by_name = true, hive_partitioning = false)", warehouse.Ident(c.Partition), strings.Join(files, ", ")))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var newest sql.NullTime
	for rows.Next() {
		if err := rows.Scan(&newest); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil || !newest.Valid {
		return nil, err
	}
	return newest.Time, nil
}

func (w *Writer) quarantineRows(ctx context.Context) ([][]any, error) {
	list, err := w.Ledger.HeldByBatch(ctx)
	if err != nil {
		return nil, err
	}
	type key struct {
		day                                 time.Time
		source, table, column, rule, reason string
	}
	type sum struct{ rows, open int64 }
	sums := map[key]*sum{}
	var order []key
	for _, h := range list {
		on, ok := w.moment(h.Committed).(time.Time)
		if !ok {
			continue // the ledger writes no batch without its moment
		}
		k := key{day(on), h.Source, h.Table, h.Column, h.Rule, h.Reason}
		if sums[k] == nil {
			sums[k] = &sum{}
			order = append(order, k)
		}
		sums[k].rows += h.Rows
		sums[k].open += h.Open
	}
	var rows [][]any
	for _, k := range order {
		rows = append(rows, []any{
			k.day, k.source, k.table, w.title(k.table), k.column, w.columnTitle(k.table, k.column), word(rules, k.rule), k.reason,
			sums[k].rows, sums[k].open,
		})
	}
	return rows, nil
}

// columnTitle is what readers call a column. The ledger names it as its source
// does where it knows that name.
func (w *Writer) columnTitle(table, column string) string {
	if c, ok := w.Catalog.Contract(table); ok {
		if col, ok := c.Column(column); ok {
			return col.Title
		}
	}
	if column == "" {
		return "整行"
	}
	return column
}

func (w *Writer) publicationRows(ctx context.Context) ([][]any, error) {
	list, err := w.Ledger.Publications(ctx)
	if err != nil {
		return nil, err
	}
	current, err := w.Shelf.Current()
	if err != nil && !errors.Is(err, warehouse.ErrNothingPublished) {
		return nil, err
	}
	var rows [][]any
	for _, p := range list {
		state := "历史"
		name := warehouse.FileName(p.ID)
		switch {
		case name == filepath.Base(current):
			state = "当前"
		case p.State == ledger.Withdrawn:
			state = "已撤回"
		}
		var bytes any
		if info, err := os.Stat(filepath.Join(w.Shelf.Dir, name)); err == nil {
			bytes = info.Size()
		}
		rows = append(rows, []any{p.ID, p.Run, w.moment(p.Created), asOf(p.AsOf), state, bytes, p.Digest})
	}
	return rows, nil
}
