// Package sql holds how each derived table is made: one SELECT a file, named
// <domain>/<layer>_<name>.sql after its table.
package sql

import (
	"embed"
	"io/fs"
)

//go:embed congress industry assist
var embedded embed.FS

// FS holds the models that come with the program.
func FS() fs.FS { return embedded }
