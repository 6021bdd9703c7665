package cli

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"zhicang/dashboards"
)

// boardFiles are the files of the boards, read again when they change, so that
// a board that is mended or added needs no restart. What stands in their
// catalog, the contracts, is that of the start.
type boardFiles struct {
	app   *app
	show  func([]*dashboards.Board, []dashboards.Broken)
	every time.Duration // at most so often the files are looked at

	mu     sync.Mutex
	looked time.Time
	mark   string // of the files that are shown
}

// load reads the boards, and says which are no good.
func (f *boardFiles) load() ([]*dashboards.Board, []dashboards.Broken, error) {
	f.mark, f.looked = f.now(), time.Now()
	boards, broken, err := dashboards.LoadEach(f.app.boardFS(), f.app.catalog)
	for _, b := range broken {
		printError(f.app.err, b.Err)
	}
	return boards, broken, err
}

// follow shows the boards anew if their files have changed. Files that cannot be
// read leave those of before.
func (f *boardFiles) follow() {
	if !f.mu.TryLock() { // somebody is looking
		return
	}
	defer f.mu.Unlock()
	if f.app.cfg.Site == "" || time.Since(f.looked) < f.every {
		return
	}
	if f.looked = time.Now(); f.now() == f.mark {
		return
	}
	boards, broken, err := f.load()
	if err != nil {
		f.app.logger().Error("boards not read again", "err", err)
		return
	}
	f.show(boards, broken)
	f.app.logger().Info("boards read again", "boards", len(boards), "broken", len(broken))
}

// now tells the site's files of this moment from those of another.
func (f *boardFiles) now() string {
	if f.app.cfg.Site == "" {
		return ""
	}
	var mark strings.Builder
	site := os.DirFS(f.app.cfg.path(f.app.cfg.Site))
	names, _ := fs.Glob(site, "boards/*/*.yaml") // its only error is of the pattern
	for _, name := range names {
		if info, err := fs.Stat(site, name); err == nil {
			fmt.Fprintln(&mark, name, info.Size(), info.ModTime().UnixNano())
		}
	}
	return mark.String()
}
