// Package files reads the files that departments drop: CSV, TSV, XLSX, JSON,
// JSON Lines and Parquet, one unit of ingest a file. What office programs do
// to tables (title rows, two-row headers, totals, dates as numbers, GB18030
// text) is understood here, so that the contract sees plain records.
package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"zhicang/ingest"
	"zhicang/ingest/record"
)

// A Source reads the files that one path stands for. Open makes one; it is
// safe for concurrent use.
type Source struct {
	name  string
	cfg   ingest.FilesConfig
	asked []string
	place place
}

var _ ingest.Source = (*Source)(nil)

// Open checks the settings of a `files` source and makes it. Fields are the
// wanted columns, under the names they have in the files; a relative path in
// the config starts from the folder base. Nothing is read yet.
func Open(cfg ingest.Config, fields []string, base string) (*Source, error) {
	s := &Source{name: cfg.Name, cfg: cfg.Files, asked: slices.Clone(fields)}
	f := cfg.Files
	if f.Path == "" {
		return nil, s.setting("path", "is empty", "name a file, a folder or a glob such as ./drop/**/*.xlsx")
	}
	if f.Format != "" && !slices.Contains(formats, f.Format) {
		return nil, s.setting("format", fmt.Sprintf("unknown %q", f.Format), "one of "+strings.Join(formats, ", "))
	}
	if f.HeaderRow < 0 {
		return nil, s.setting("header_row", "is negative", "rows count from 1; 0 looks for the header")
	}
	if f.Encoding != "" && f.Encoding != encodingUTF8 && f.Encoding != encodingGB18030 {
		return nil, s.setting("encoding", fmt.Sprintf("unknown %q", f.Encoding),
			"utf-8 or gb18030 (which holds GBK and GB2312); leave it out to have it found")
	}
	if _, err := filepath.Match(f.Sheet, ""); err != nil {
		return nil, s.setting("sheet", "is no valid pattern", "close every [ with a ]")
	}
	if len(fields) == 0 {
		return nil, s.setting("columns", "names no column", "map at least one: columns: {opinion_id: 留言编号}")
	}
	var err error
	if s.place, err = newPlace(f.Path, base); err != nil {
		return nil, s.setting("path", err.Error(), "close every [ with a ]")
	}
	return s, nil
}

func (s *Source) setting(key, problem, try string) error {
	return &ingest.Error{Source: s.name, Setting: key, Err: errors.New(problem), Try: try}
}

// Units lists the files by name. Those that office programs, browsers and
// half-done copies leave behind (~$…, dotfiles, *.tmp, *.part, *.crdownload)
// are not there; nor, below a folder or a glob, are those of an unknown ending
// unless the format is set.
func (s *Source) Units(ctx context.Context) ([]ingest.Unit, error) {
	found, err := s.place.list(ctx, func(name string) bool {
		return s.cfg.Format != "" || formatOf(name) != ""
	})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, s.at(ingest.Unit{Name: s.cfg.Path}, err) // as the config spells it
	}
	var units []ingest.Unit
	for _, f := range found {
		if f.err != nil {
			units = append(units, ingest.Unit{
				Name:   f.name,
				Digest: func(context.Context) (string, error) { return "", s.at(ingest.Unit{Name: f.name}, f.err) },
			})
			continue
		}
		units = append(units, ingest.Unit{
			Name: f.name, Stamp: stamp(f.info),
			Digest: func(ctx context.Context) (string, error) { return s.digest(ctx, f.name, stamp(f.info)) },
		})
	}
	return units, nil
}

// Read delivers the records of one file, from its beginning: a file that has
// changed is read as a whole, so the cursor is always empty.
func (s *Source) Read(
	ctx context.Context, u ingest.Unit, _ string, yield func(ingest.Batch) error,
) (ingest.Outcome, error) {
	return record.Deliver(ctx, yield, func(yield func(ingest.Batch) error) (ingest.Outcome, error) {
		return s.read(ctx, u, yield)
	}, func(err error) error { return s.at(u, err) })
}

// input is an open file and what readers of it need to know.
type input struct {
	ctx    context.Context
	file   *os.File
	size   int64
	cfg    ingest.FilesConfig
	asked  []string // what a batch has: the fields, and then perhaps the rest
	fields []string
	rest   bool // what is not among the fields is asked for as well
	yield  func(ingest.Batch) error
	whole  *digester // of the text that was opened last; nil: none
}

func (s *Source) read(ctx context.Context, u ingest.Unit, yield func(ingest.Batch) error) (ingest.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return ingest.Outcome{}, err
	}
	format := s.cfg.Format
	if format == "" {
		format = formatOf(u.Name)
	}
	f, err := os.Open(s.place.file(u.Name))
	if err != nil {
		return ingest.Outcome{}, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return ingest.Outcome{}, err
	}
	if u.Stamp != "" && stamp(before) != u.Stamp {
		return ingest.Outcome{}, errChanged
	}
	in := &input{ctx: ctx, file: f, size: before.Size(), cfg: s.cfg, asked: s.asked, yield: yield}
	in.fields, in.rest = record.Named(s.asked)
	out, err := in.read(format)
	// A file that was still being written is the likelier reason for whatever
	// else went wrong, so this is looked at first.
	if after, statErr := os.Stat(s.place.file(u.Name)); statErr != nil || stamp(after) != stamp(before) {
		return ingest.Outcome{}, errChanged
	}
	if in.whole != nil && in.whole.n == in.size {
		out.Digest = in.whole.sum()
	}
	return out, err
}

func (in *input) read(format string) (ingest.Outcome, error) {
	switch format {
	case formatCSV, formatTSV:
		return in.readCSV(format == formatTSV)
	case formatXLSX:
		return in.readXLSX()
	case formatJSON:
		return in.readJSON()
	case formatJSONL:
		return in.readJSONLines()
	case formatParquet:
		return in.readParquet()
	}
	return ingest.Outcome{}, &ingest.Error{
		Err: errors.New("its ending does not tell what it is"),
		Try: "set format: to one of " + strings.Join(formats, ", "),
	}
}

var errChanged = &ingest.Error{
	Err: errors.New("the file changed while it was being read"),
	Try: "copy to a temporary name and rename: a file must be whole when it appears under its own name",
}

// at completes an error with the source and the unit it came from.
func (s *Source) at(u ingest.Unit, err error) error {
	var known *ingest.Error
	if errors.As(err, &known) {
		e := *known
		e.Source, e.Unit = s.name, u.Name
		return &e
	}
	e := &ingest.Error{Source: s.name, Unit: u.Name, Err: err, Try: "check that the file can be opened and is whole"}
	var pathErr *fs.PathError // its path is the unit's, spelled with this machine's folders
	if errors.As(err, &pathErr) {
		e.Err = fmt.Errorf("%s: %w", pathErr.Op, pathErr.Err)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			e.Try = "check path: in the config, and that the share is mounted"
		case errors.Is(err, fs.ErrPermission):
			e.Try = "let the account that runs this read it"
		}
	}
	return e
}

// stamp tells a version of a file by its size, its modification time and the time
// of its last change.
func stamp(info fs.FileInfo) string {
	return fmt.Sprintf("%d-%s%s", info.Size(), info.ModTime().UTC().Format(time.RFC3339Nano), changed(info))
}

const (
	formatCSV     = "csv"
	formatTSV     = "tsv"
	formatXLSX    = "xlsx"
	formatJSON    = "json"
	formatJSONL   = "jsonl"
	formatParquet = "parquet"
)

var formats = []string{formatCSV, formatTSV, formatXLSX, formatJSON, formatJSONL, formatParquet}

// formatOf tells a file's format by its ending; empty if it does not tell. The
// endings of old workbooks count as XLSX, so that reading one explains what to
// do about it instead of passing it over in silence.
func formatOf(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".txt":
		return formatCSV
	case ".tsv", ".tab":
		return formatTSV
	case ".xlsx", ".xlsm", ".xls", ".et", ".xlsb":
		return formatXLSX
	case ".json":
		return formatJSON
	case ".jsonl", ".ndjson":
		return formatJSONL
	case ".parquet":
		return formatParquet
	}
	return ""
}
