package dashboards

import (
	"embed"
	"io/fs"
)

//go:embed boards alerts
var embedded embed.FS

// FS holds the boards that come with the program: <domain>/<name>.yaml. A site
// lays its own over them with models.Overlay.
func FS() fs.FS { return below("boards") }

// AlertFS holds the alerts that come with the program: <domain>.yaml.
func AlertFS() fs.FS { return below("alerts") }

func below(dir string) fs.FS {
	sub, err := fs.Sub(embedded, dir)
	if err != nil {
		return embedded // the folder is a constant; cannot happen
	}
	return sub
}
