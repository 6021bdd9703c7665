package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"

	"github.com/klauspost/compress/gzhttp"

	"zhicang/models"
)

//go:embed static
var static embed.FS

// charting holds the charting library where `make assets` has fetched it.
//
//go:embed assets/dist
var charting embed.FS

// files serves style sheets and scripts under a path that names their content,
// so that browsers keep them and never keep old ones.
type files struct {
	prefix string // such as /static/1f2e3d4c/
	charts bool   // the charting library is there
	http.Handler
}

func openFiles() (files, error) {
	own, err := fs.Sub(static, "static")
	if err != nil {
		return files{}, err
	}
	library, err := fs.Sub(charting, "assets/dist")
	if err != nil {
		return files{}, err
	}
	all := models.Overlay(own, library)
	version, err := digest(own, library)
	if err != nil {
		return files{}, err
	}
	f := files{prefix: "/static/" + version + "/"}
	_, err = fs.Stat(library, "echarts.min.js")
	f.charts = err == nil
	served := gzhttp.GzipHandler(http.StripPrefix(f.prefix, http.FileServerFS(all)))
	f.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path.Ext(r.URL.Path) {
		case ".js", ".css", ".svg":
		default: // no lists of folders
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		served.ServeHTTP(w, r)
	})
	return f, nil
}

// digest tells one build's files from another's.
func digest(folders ...fs.FS) (string, error) {
	sum := sha256.New()
	for _, folder := range folders {
		err := fs.WalkDir(folder, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := fs.ReadFile(folder, name)
			fmt.Fprintf(sum, "%s %d\n", name, len(data))
			sum.Write(data)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(sum.Sum(nil)[:6]), nil
}
