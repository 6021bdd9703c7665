package files

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// place is what a path in the config stands for: one file, or those below a
// folder that match a pattern.
type place struct {
	root  string   // the fixed folder, or, without a pattern, the file or folder itself
	parts []string // the segments of the pattern below root; empty without one
}

// newPlace splits a path into its fixed folder and its pattern. The error says
// what is wrong with the pattern.
func newPlace(name, base string) (place, error) {
	name = filepath.ToSlash(name)
	if !path.IsAbs(name) && !filepath.IsAbs(name) {
		name = path.Join(filepath.ToSlash(base), name)
	}
	name = path.Clean(name)
	segments := strings.Split(name, "/")
	fixed := len(segments)
	for i, s := range segments {
		if strings.ContainsAny(s, "*?[") {
			fixed = i
			break
		}
	}
	if fixed == len(segments) {
		return place{root: name}, nil
	}
	p := place{root: strings.Join(segments[:fixed], "/"), parts: segments[fixed:]}
	if p.root == "" && path.IsAbs(name) {
		p.root = "/"
	}
	for _, part := range p.parts {
		if _, err := path.Match(part, ""); err != nil {
			return place{}, fmt.Errorf("is no valid pattern at %q", part)
		}
	}
	return p, nil
}

type found struct {
	name string // relative to the root, with slashes
	info fs.FileInfo
	err  error // a folder that can't be looked into; info is nil
}

// list finds the files, sorted by name. Below a folder or a pattern only the
// readable ones count; a file that the path names itself always does. A folder
// that is not there is an error, an empty one is not.
func (p *place) list(ctx context.Context, readable func(name string) bool) ([]found, error) {
	info, err := os.Stat(filepath.FromSlash(p.root))
	if err != nil {
		return nil, err
	}
	if !info.IsDir() && len(p.parts) == 0 {
		return []found{{name: path.Base(p.root), info: info}}, nil
	}
	return p.walk(ctx, readable)
}

func (p *place) walk(ctx context.Context, readable func(name string) bool) ([]found, error) {
	var out []found
	root, parts := filepath.FromSlash(p.root), p.parts
	if len(parts) == 0 {
		parts = []string{"**"}
	}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			// One folder that can't be read does not hide the ones beside it.
			if d == nil || !d.IsDir() || name == root {
				return err
			}
			rel, relErr := filepath.Rel(root, name)
			out = append(out, found{name: filepath.ToSlash(rel) + "/", err: err})
			return relErr
		}
		if name != root && passedOver(d.Name()) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if !readable(rel) || !matchPath(parts, strings.Split(rel, "/")) {
			return nil
		}
		info, err := os.Stat(name) // through a link, unlike d.Info
		if err != nil || info.IsDir() {
			return nil // gone since, or a link into nowhere: nothing to read
		}
		out = append(out, found{name: rel, info: info})
		return nil
	})
	return out, err
}

// file is where a unit lies.
func (p *place) file(unit string) string {
	root := filepath.FromSlash(p.root)
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		return root
	}
	return filepath.Join(root, filepath.FromSlash(unit))
}

// passedOver says whether a file is a by-product that nobody meant to drop.
func passedOver(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~$") {
		return true
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".tmp", ".part", ".crdownload":
		return true
	}
	return false
}

// matchPath matches a path's segments against a pattern's; "**" stands for any
// number of them, none included.
func matchPath(pattern, segments []string) bool {
	if len(pattern) == 0 {
		return len(segments) == 0
	}
	if pattern[0] == "**" {
		for i := range len(segments) + 1 {
			if len(pattern) == 1 || matchPath(pattern[1:], segments[i:]) {
				return true
			}
		}
		return false
	}
	if len(segments) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], segments[0])
	return ok && err == nil && matchPath(pattern[1:], segments[1:])
}
