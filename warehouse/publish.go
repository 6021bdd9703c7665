package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"zhicang/models"
)

// Shelf is the folder of published files. Each publication is a file of its
// own, never changed once it has its name; the file CURRENT names the one that
// readers open. Both are replaced by rename, so that a reader sees the old
// publication or the new one, and never half of either.
type Shelf struct {
	Dir string
}

const currentName = "CURRENT"

// ErrNothingPublished means that no publication has been made yet.
var ErrNothingPublished = errors.New("nothing has been published yet")

// FileName is the name of a publication's file.
func FileName(publication int64) string { return fmt.Sprintf("zhicang-%08d.duckdb", publication) }

// Current returns the path of the file that readers open.
func (s Shelf) Current() (string, error) {
	return s.pointed(currentName, publications, "current publication", "a published file",
		"zhicang publish, or write the name of a file in the folder published into it")
}

// pointed returns the path that a pointer on the shelf leads to, which must be
// that of a file whose name has a pattern; what and kind are words for messages.
func (s Shelf) pointed(pointer, pattern, what, kind, try string) (string, error) {
	data, err := os.ReadFile(filepath.Join(s.Dir, pointer))
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNothingPublished
	}
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	name := strings.TrimSpace(string(data))
	if !named(name, pattern) {
		return "", &Error{Err: fmt.Errorf("%s: %s does not name %s", what, pointer, kind), Try: try}
	}
	return filepath.Join(s.Dir, name), nil
}

// publications is the pattern of their files' names.
const publications = "zhicang-*.duckdb"

// named reports whether a name is that of a file on the shelf.
func named(name, pattern string) bool {
	ok, _ := filepath.Match(pattern, name)
	return ok && filepath.Base(name) == name
}

// Readable reports whether the current publication is there and opens.
func (s Shelf) Readable(ctx context.Context) bool {
	path, err := s.Current()
	if err != nil {
		return false
	}
	p, err := OpenPublished(ctx, path, Options{})
	if err != nil {
		return false
	}
	return p.Close() == nil
}

// Switch makes a publication the current one.
func (s Shelf) Switch(name string) error {
	if _, err := os.Stat(filepath.Join(s.Dir, name)); err != nil {
		return fmt.Errorf("switch publication: %w", err)
	}
	return replaceFile(filepath.Join(s.Dir, currentName), []byte(name+"\n"))
}

// Files lists the publications on the shelf, oldest first.
func (s Shelf) Files() ([]string, error) {
	entries, err := os.ReadDir(s.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if named(e.Name(), publications) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// Prune removes all but the newest keep publications, never the current one,
// and whatever an interrupted publication left behind. It returns the names
// that it removed.
func (s Shelf) Prune(keep int) ([]string, error) {
	current, err := s.Current()
	if err != nil {
		return nil, err
	}
	names, err := s.Files()
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, name := range names[:max(0, len(names)-keep)] {
		if name == filepath.Base(current) {
			continue
		}
		if err := os.Remove(filepath.Join(s.Dir, name)); err != nil {
			return gone, err
		}
		gone = append(gone, name)
	}
	leftovers, err := filepath.Glob(filepath.Join(s.Dir, "*.tmp*"))
	for _, path := range leftovers {
		err = errors.Join(err, os.Remove(path))
	}
	return gone, err
}

// Publish puts the tables into a new file of the given name on the shelf. It
// does not switch to it. The file begins as a copy of the newest one there,
// where that is possible.
func (e *Engine) Publish(ctx context.Context, s Shelf, name string, tables []*models.Contract) error {
	files, err := s.Files()
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if len(files) == 0 {
		return e.PublishWhole(ctx, s, name, tables)
	}
	err = s.place(name, func(tmp string) error {
		return e.refresh(ctx, filepath.Join(s.Dir, files[len(files)-1]), tmp, tables)
	})
	if err != nil && ctx.Err() == nil {
		return e.PublishWhole(ctx, s, name, tables)
	}
	return err
}

// PublishWhole is Publish by a full copy: the file holds nothing that an
// earlier one held, not even in its holes.
func (e *Engine) PublishWhole(ctx context.Context, s Shelf, name string, tables []*models.Contract) error {
	return s.place(name, func(tmp string) error { return e.copyTo(ctx, tmp, tables) })
}

// place makes a file under a temporary name, and gives it its own when it is
// whole.
func (s Shelf) place(name string, fill func(tmp string) error) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	tmp := filepath.Join(s.Dir, name+".tmp")
	if err := removeLeftovers(tmp); err != nil {
		return err
	}
	if err := fill(tmp); err != nil {
		return err
	}
	if err := syncPath(tmp); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(s.Dir, name)); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return syncPath(s.Dir)
}

func removeLeftovers(tmp string) error {
	for _, leftover := range []string{tmp, tmp + ".wal"} {
		if err := os.Remove(leftover); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return nil
}

// replaceFile writes a file so that it is there whole or not at all.
func replaceFile(path string, data []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, data, 0o600); err != nil {
		return err
	}
	if err := syncPath(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}

// syncPath forces a file or a folder to disk.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
