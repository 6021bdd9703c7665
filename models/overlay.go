package models

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
)

// Overlay is a file system in which the files of upper hide those of lower
// with the same name: a site's own contracts, parameters, SQL and boards laid
// over the embedded ones. A folder that both have holds the files of both.
func Overlay(upper, lower fs.FS) fs.FS { return overlay{upper, lower} }

type overlay struct{ upper, lower fs.FS }

// Open implements fs.FS.
func (o overlay) Open(name string) (fs.File, error) {
	f, err := o.upper.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.lower.Open(name)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil || !info.IsDir() {
		return f, err
	}
	entries, err := o.ReadDir(name)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &unionDir{File: f, name: name, rest: entries}, nil
}

// ReadDir implements fs.ReadDirFS: the union of both folders. A folder that is
// there and cannot be read is an error, so that a site's own files are never
// left out in silence.
func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	up, err := fs.ReadDir(o.upper, name)
	if errors.Is(err, fs.ErrNotExist) {
		return fs.ReadDir(o.lower, name)
	}
	if err != nil {
		return nil, err
	}
	// What is a file below, or not there, has nothing to add.
	if info, err := fs.Stat(o.lower, name); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return up, nil
	}
	low, err := fs.ReadDir(o.lower, name)
	if err != nil {
		return nil, err
	}
	all := slices.Concat(up, low)
	slices.SortStableFunc(all, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return slices.CompactFunc(all, func(a, b fs.DirEntry) bool { return a.Name() == b.Name() }), nil
}

// unionDir is an open folder of both file systems.
type unionDir struct {
	fs.File
	name string
	rest []fs.DirEntry
}

// Read implements fs.File.
func (d *unionDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: errors.New("is a directory")}
}

// ReadDir implements fs.ReadDirFile.
func (d *unionDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.rest) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.rest) {
		n = len(d.rest)
	}
	list := d.rest[:n:n]
	d.rest = d.rest[n:]
	return list, nil
}
